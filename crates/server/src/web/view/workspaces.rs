//! `/workspaces`: those that are open to the person.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Choice, Errors};

/// The workspaces.
#[derive(Clone, Debug, Template)]
#[template(path = "workspace/list.html")]
pub struct Workspaces {
    /// What surrounds the page.
    pub frame: Frame,
    /// The workspaces, by organization.
    pub rows: Vec<Row>,
    /// Whether the person may make one.
    pub can_create: bool,
    /// The name as it was sent.
    pub name: String,
    /// What a new one may be for.
    pub environments: Vec<Choice>,
    /// What is wrong with what was sent: `name`.
    pub errors: Errors,
}

/// A workspace.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for, as a word.
    pub environment: String,
    /// The name of its organization.
    pub organization: String,
    /// What the person is there, as a word.
    pub role: &'static str,
    /// Whether it is the one that is shown.
    pub is_shown: bool,
    /// Whether the person may delete it.
    pub can_delete: bool,
}

impl Row {
    pub(super) fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    pub(super) fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}
