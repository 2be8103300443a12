//! `/sources`: the sources of a workspace.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{LastChange, Leaf};

/// The list of sources.
#[derive(Clone, Debug, Template)]
#[template(path = "source/list.html")]
pub struct Sources {
    /// What surrounds the page.
    pub frame: Frame,
    /// Whether the person may create one.
    pub can_create: bool,
    /// The sources.
    pub rows: Vec<ResourceRow>,
    /// What stands around them.
    pub leaf: Leaf,
}

/// A source or destination in a list.
#[derive(Clone, Debug)]
pub struct ResourceRow {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is, as people call it: `JavaScript`.
    pub kind: String,
    /// Whether the workspace's definitions know what it is.
    pub known: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// How many destinations a source sends to, or how many sources a destination hears.
    pub connections: u64,
    /// Its newest event.
    pub last_change: Option<LastChange>,
}

impl ResourceRow {
    pub(super) fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    pub(super) fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}
