//! `/sources/new`: the form for a new source.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{ChoiceGroup, Errors, Field, Input};

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
    /// Whether a type that is not in the list was chosen there.
    pub is_another: bool,
    /// A type that is not in the list, as it was sent.
    pub other_type: String,
    /// The name, as it was sent.
    pub name: String,
    /// Whether it is to be enabled at once.
    pub enabled: bool,
    /// The settings of the chosen type, once it is chosen, where it asks for some.
    pub settings: Option<NewSettings>,
    /// What is wrong with what was sent; a field of the settings has its own.
    pub errors: Errors,
}

impl SourceNew {
    fn has_errors(&self) -> bool {
        let mut fields = self.settings.iter().flat_map(|settings| &settings.fields);
        // What is told above the form already is not told twice.
        self.frame.flash.is_none()
            && (!self.errors.is_empty() || fields.any(|field| field.error.is_some()))
    }
}

/// The settings of a new source of a type that asks for some.
#[derive(Clone, Debug)]
pub struct NewSettings {
    /// The chosen type, as it is stored.
    pub type_name: String,
    /// The chosen type, as people call it.
    pub kind: String,
    /// The fields that its definition names.
    pub fields: Vec<Field>,
    /// All other settings as a JSON object; empty for none.
    pub json: String,
}
