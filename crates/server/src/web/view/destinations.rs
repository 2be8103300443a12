//! `/destinations`: the destinations of a workspace.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::Leaf;
use super::sources::ResourceRow;

/// The list of destinations.
#[derive(Clone, Debug, Template)]
#[template(path = "destination/list.html")]
pub struct Destinations {
    /// What surrounds the page.
    pub frame: Frame,
    /// Whether the person may create one.
    pub can_create: bool,
    /// The destinations.
    pub rows: Vec<ResourceRow>,
    /// What stands around them.
    pub leaf: Leaf,
}
