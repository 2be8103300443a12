//! `/settings/workspace`.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Choice, Errors, LastChange};
use super::when::When;

/// The settings of the workspace.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/workspace.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of their own, each shown in its own place"
)]
pub struct WorkspaceSettings {
    /// What surrounds the page.
    pub frame: Frame,
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The environment, as people call it: `Production`.
    pub environment: String,
    /// The region: `EU`.
    pub region: String,
    /// When it was created.
    pub created: When,
    /// Whether the person may change it.
    pub can_edit: bool,
    /// Whether types are allowed that no definition describes.
    pub allow_unknown_types: bool,
    /// Whether settings that do not fit the schema of their type are refused.
    pub refuse_invalid_config: bool,
    /// The name in the form.
    pub form_name: String,
    /// The environments to choose from.
    pub environments: Vec<Choice>,
    /// What the form was made of.
    pub seen: Seen,
    /// What is wrong with what was sent: `name`.
    pub errors: Errors,
    /// Its newest event.
    pub last_change: Option<LastChange>,
    /// Whether the person may make and delete workspaces.
    pub edits_workspaces: bool,
}

/// What is said of the settings that a form was made of, so that only what somebody changes of them is changed.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The name.
    pub name: String,
    /// The environment.
    pub environment: String,
    /// Whether types are allowed that no definition describes.
    pub allow_unknown_types: String,
    /// Whether settings that do not fit are refused.
    pub refuse_invalid_config: String,
}

/// `/settings/workspace/token`: the question before the data plane's token is replaced, and the new one.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/token.html")]
pub struct DataPlaneToken {
    /// What surrounds the page.
    pub frame: Frame,
    /// The new token, once it is made.
    pub shown: Option<String>,
    /// The number of the form, good once.
    pub once: String,
    /// What is wrong with what was sent: `password`.
    pub errors: Errors,
}
