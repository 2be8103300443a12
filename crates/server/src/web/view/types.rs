//! `/settings/types`: what is known of types, and the form that says more.

use askama::Template;

use super::event::{Change, Value};
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

/// Which settings of a type are secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// Every text: nobody has said which.
    All,
    /// Those that are listed.
    Listed,
    /// None.
    Nothing,
}

impl Secret {
    /// All choices, with the words in the form.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::All, "all"),
        (Self::Listed, "listed"),
        (Self::Nothing, "none"),
    ];

    /// What people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::All => "Every text",
            Self::Listed => "Only those listed below",
            Self::Nothing => "Nothing",
        }
    }

    /// What follows from the choice.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::All => "What holds where nobody has said anything.",
            Self::Listed => {
                "All other settings are shown to whoever may look, and written to the log."
            }
            Self::Nothing => {
                "All settings, also those stored already, are shown to whoever may look, and written to the log."
            }
        }
    }
}

/// What is known of one type, to be changed.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/type.html")]
pub struct TypeForm {
    /// What surrounds the page.
    pub frame: Frame,
    /// What the form is drawn from; none where no definition describes the type yet.
    pub seen: Option<String>,
    /// Whether there is a type of the name that a new one was to have.
    pub exists: bool,
    /// The query of the type's page.
    pub query: String,
    /// What saving would change of what another has saved meanwhile.
    pub differs: Vec<Change>,
    /// Whether the organization has taken it in, so that it can let go of it.
    pub is_taken: bool,
    /// Whether it is a type of source.
    pub is_source: bool,
    /// The type on the wire.
    pub name: String,
    /// What people read.
    pub display_name: String,
    /// Which settings are secret.
    pub secret: Secret,
    /// The secret settings, one in each line.
    pub secret_keys: String,
    /// The schema, as JSON.
    pub schema: String,
    /// What is wrong with what was sent: `name`, `secret_keys`, `schema`.
    pub errors: Errors,
}
