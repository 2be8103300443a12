//! `/settings/types`: what is known of types, and the form that says more.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::Errors;
use super::when::When;

/// One type.
#[derive(Clone, Debug)]
pub struct TypeRow {
    /// `source` or `destination`.
    pub kind: &'static str,
    /// The same, as people call it.
    pub label: &'static str,
    /// The type on the wire.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// Where the definition comes from.
    pub from: &'static str,
    /// Which settings are secret, in a few words.
    pub secrets: String,
    /// Whether settings are compared with a schema.
    pub has_schema: bool,
    /// Whether a form was imported.
    pub has_form: bool,
    /// When it last changed; nothing for one of our own set.
    pub changed: Option<When>,
    /// The query of its page.
    pub query: String,
}

/// All types that the organization knows.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/types.html")]
pub struct Types {
    /// What surrounds the page.
    pub frame: Frame,
    /// Whether the person may say more.
    pub can_edit: bool,
    /// The types.
    pub rows: Vec<TypeRow>,
}

/// What is known of one type, to be changed.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/type.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something that the page shows or not"
)]
pub struct TypeForm {
    /// What surrounds the page.
    pub frame: Frame,
    /// Whether no definition describes it yet.
    pub is_new: bool,
    /// Whether the organization has taken it in, so that it can let go of it.
    pub is_taken: bool,
    /// Whether it is a type of source.
    pub is_source: bool,
    /// The type on the wire.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// Whether every text is secret.
    pub all_secret: bool,
    /// The secret settings, one in each line.
    pub secret_keys: String,
    /// The schema, as JSON.
    pub schema: String,
    /// What is wrong with what was sent: `name`, `secret_keys`, `schema`.
    pub errors: Errors,
}
