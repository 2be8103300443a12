//! `/transformations`: the transformations of a workspace.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{LastChange, Leaf};

/// The list of transformations.
#[derive(Clone, Debug, Template)]
#[template(path = "transformation/list.html")]
pub struct Transformations {
    /// What surrounds the page.
    pub frame: Frame,
    /// Whether the person may create one.
    pub can_create: bool,
    /// The transformations.
    pub rows: Vec<CodeRow>,
    /// What is around them.
    pub leaf: Leaf,
}

/// A transformation or library in a list.
#[derive(Clone, Debug)]
pub struct CodeRow {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The language, as people call it: `JavaScript`.
    pub language: String,
    /// The published version, if one is.
    pub published: Option<String>,
    /// How many destinations (or transformations, for a library) use it.
    pub used: u64,
    /// Its newest event.
    pub last_change: Option<LastChange>,
}
