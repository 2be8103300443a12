//! `/sources/new`: the form for a new source.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{ChoiceGroup, Errors};

/// The form for a new source.
#[derive(Clone, Debug, Template)]
#[template(path = "source/new.html")]
pub struct SourceNew {
    /// What surrounds the page.
    pub frame: Frame,
    /// The types that the workspace knows, by category; the chosen one selected.
    pub types: Vec<ChoiceGroup>,
    /// Whether the workspace allows types that it does not know.
    pub allow_unknown: bool,
    /// A type that is not in the list, as it was sent.
    pub other_type: String,
    /// The name, as it was sent.
    pub name: String,
    /// Whether it is to be enabled at once.
    pub enabled: bool,
    /// What is wrong with what was sent.
    pub errors: Errors,
}
