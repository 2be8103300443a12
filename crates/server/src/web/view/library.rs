//! `/libraries/{id}`: code that transformations import. One page: its events are in the audit log of the workspace.

use askama::Template;

use super::filter::Filter;
use super::filters;
use super::frame::{Flash, Frame};
use super::transformation::{CodeHead, UsedBy, Version};
use super::when::When;

/// The page of a library.
#[derive(Clone, Debug, Template)]
#[template(path = "library/page.html")]
pub struct Library {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the page.
    pub head: CodeHead,
    /// The name under which transformations import it.
    pub import_name: String,
    /// The code of the newest version.
    pub code: String,
    /// Which version the code is.
    pub code_version: Option<String>,
    /// When it was created.
    pub created: When,
    /// When it was last written.
    pub updated: When,
    /// The versions, newest first.
    pub versions: Vec<Version>,
    /// The transformations that import it.
    pub used_by: Vec<UsedBy>,
}

impl Library {
    fn events_href(&self) -> String {
        Filter {
            target: self.head.id.clone(),
            ..Filter::default()
        }
        .href()
    }
}
