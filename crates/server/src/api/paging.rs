//! Pages of lists, in the form that the clients follow: `paging.next` is a path, absent on the last page.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use store::{After, Error, Listing, Result};
use utoipa::{IntoParams, ToSchema};

/// How many are on a page where nobody says.
const USUAL: u32 = 100;

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageOf {
    /// Where the page starts: taken from `paging.next`.
    pub after: Option<String>,
    /// How many at most, 1 to 500; 100 where it is not given.
    pub per_page: Option<u32>,
    /// The number of the page, from 1, in place of `after`. One beyond the last is empty.
    pub page: Option<u64>,
    /// The same as `per_page`, for clients that count pages.
    #[serde(rename = "pageSize")]
    pub page_size: Option<u32>,
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

/// The number of a page, from 1.
pub fn number(page: Option<u64>) -> Result<Option<u64>> {
    match page {
        Some(0) => Err(Error::field(
            "out_of_range",
            "page",
            "page must be 1 or more",
        )),
        page => Ok(page),
    }
}

impl PageOf {
    /// Where the page starts.
    pub fn start(&self) -> Result<Option<After>> {
        let parse = |text: &String| {
            text.parse()
                .map_err(|_| Error::field("invalid_cursor", "after", "this is no place in a list"))
        };
        match (&self.after, self.page) {
            (Some(after), _) => parse(after).map(Some),
            (None, Some(_)) => {
                let page = number(self.page)?.unwrap_or(1);
                let before = (page - 1).saturating_mul(u64::from(self.limit()?));
                Ok(Some(After::Count(before)))
            }
            (None, None) => Ok(None),
        }
    }

    /// How many at most.
    pub fn limit(&self) -> Result<u32> {
        let (field, limit) = match (self.per_page, self.page_size) {
            (None, Some(size)) => ("pageSize", size),
            (given, _) => ("per_page", given.unwrap_or(USUAL)),
        };
        match limit {
            1..=500 => Ok(limit),
            _ => Err(Error::field(
                "out_of_range",
                field,
                format!("{field} must be 1 to 500"),
            )),
        }
    }

    /// What is said of this page of the list at `path`.
    pub fn paging<T>(&self, path: &str, page: &Listing<T>) -> Paging {
        self.paging_with(path, page, &[])
    }

    /// The same, where the list was narrowed by further parameters, which the next page keeps.
    pub fn paging_with<T>(
        &self,
        path: &str,
        page: &Listing<T>,
        further: &[(&str, Option<&str>)],
    ) -> Paging {
        let next = page.next.as_ref().map(|after| {
            let mut next = match (after, self.page) {
                (After::Count(_), Some(page)) => format!("{path}?page={}", page + 1),
                _ => format!("{path}?after={after}"),
            };
            if let Some(limit) = self.per_page {
                let _ = write!(next, "&per_page={limit}");
            }
            if let Some(size) = self.page_size {
                let _ = write!(next, "&pageSize={size}");
            }
            if let Some(has) = self.has_external_id {
                let _ = write!(next, "&hasExternalId={has}");
            }
            for (name, value) in further {
                if let Some(value) = value {
                    let _ = write!(next, "&{name}={value}");
                }
            }
            next
        });
        Paging {
            total: page.total,
            next,
        }
    }
}
