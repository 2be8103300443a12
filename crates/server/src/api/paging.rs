//! Pages of lists, in the form that the clients follow: `paging.next` is a path, absent on the last page.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use store::{After, Error, Listing, Result};
use utoipa::{IntoParams, ToSchema};

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageOf {
    /// Where the page starts: taken from `paging.next`.
    pub after: Option<String>,
    /// How many at most, 1 to 500; 100 where it is not given.
    pub per_page: Option<u32>,
    /// Only those with, or without, an id in a client's own project.
    #[serde(rename = "hasExternalId")]
    pub has_external_id: Option<bool>,
}

/// What is said of the pages of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Paging {
    /// How many there are in all.
    pub total: u64,
    /// The path of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl PageOf {
    /// Where the page starts.
    pub fn start(&self) -> Result<Option<After>> {
        let parse = |text: &String| {
            text.parse()
                .map_err(|_| Error::field("invalid_cursor", "after", "this is no place in a list"))
        };
        self.after.as_ref().map(parse).transpose()
    }

    /// How many at most.
    pub fn limit(&self) -> Result<u32> {
        match self.per_page.unwrap_or(100) {
            limit @ 1..=500 => Ok(limit),
            _ => Err(Error::field(
                "out_of_range",
                "per_page",
                "per_page must be 1 to 500",
            )),
        }
    }

    /// What is said of this page of the list at `path`.
    pub fn paging<T>(&self, path: &str, page: &Listing<T>) -> Paging {
        let next = page.next.as_ref().map(|after| {
            let mut next = format!("{path}?after={after}");
            if let Some(limit) = self.per_page {
                let _ = write!(next, "&per_page={limit}");
            }
            if let Some(has) = self.has_external_id {
                let _ = write!(next, "&hasExternalId={has}");
            }
            next
        });
        Paging {
            total: page.total,
            next,
        }
    }
}
