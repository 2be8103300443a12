//! `/destinations/new`: first the type, then name and settings.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{ChoiceGroup, Errors, Field, Input};

/// The first step for a new destination: `/destinations/new` without a type.
#[derive(Clone, Debug, Template)]
#[template(path = "destination/new_type.html")]
pub struct DestinationNewType {
    /// What surrounds the page.
    pub frame: Frame,
    /// The types that the workspace knows, by category; the chosen one selected.
    pub types: Vec<ChoiceGroup>,
    /// Whether the workspace allows types that it does not know.
    pub allow_unknown: bool,
    /// Whether a type that is not in the list was chosen there.
    pub is_another: bool,
    /// A type that is not in the list, as it was sent.
    pub other_type: String,
    /// What is wrong with what was sent.
    pub errors: Errors,
}

/// The second step for a new destination: `/destinations/new?type=...`.
#[derive(Clone, Debug, Template)]
#[template(path = "destination/new.html")]
pub struct DestinationNew {
    /// What surrounds the page.
    pub frame: Frame,
    /// The chosen type, as it is stored: `SNOWFLAKE`.
    pub type_name: String,
    /// The chosen type, as people call it: `Snowflake`.
    pub kind: String,
    /// Whether the workspace's definitions know it.
    pub known: bool,
    /// The name, as it was sent.
    pub name: String,
    /// Whether it is to be enabled at once.
    pub enabled: bool,
    /// The fields that its definition names.
    pub fields: Vec<Field>,
    /// All other settings as a JSON object; empty for none.
    pub json: String,
    /// What is wrong with what was sent: `name` and `json`; a field has its own.
    pub errors: Errors,
}

impl DestinationNew {
    fn has_errors(&self) -> bool {
        // What is told above the form already is not told twice.
        self.frame.flash.is_none()
            && (!self.errors.is_empty() || self.fields.iter().any(|field| field.error.is_some()))
    }
}
