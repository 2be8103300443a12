//! `/libraries`: the libraries of a workspace.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::Leaf;
use super::transformations::CodeRow;

/// The list of libraries.
#[derive(Clone, Debug, Template)]
#[template(path = "library/list.html")]
pub struct Libraries {
    /// What surrounds the page.
    pub frame: Frame,
    /// Whether the person may create one.
    pub can_create: bool,
    /// The libraries.
    pub rows: Vec<CodeRow>,
    /// What is around them.
    pub leaf: Leaf,
}
