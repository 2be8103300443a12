//! `/setup`: the first organization, workspace and person; then what is shown only once.

use askama::Template;

use super::filters;
use super::frame::{Bare, Flash};
use super::parts::Errors;

/// The form of the first run, opened by the one-time link.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/setup.html")]
pub struct Setup {
    /// What surrounds the page.
    pub bare: Bare,
    /// The name of the organization, as it was sent.
    pub organization: String,
    /// The name of the workspace, as it was sent.
    pub workspace: String,
    /// The person's name, as it was sent.
    pub name: String,
    /// The person's e-mail address, as it was sent.
    pub email: String,
    /// The least number of characters of a password.
    pub password_min: u8,
    /// What is wrong with what was sent.
    pub errors: Errors,
}

/// The secrets that set-up made, shown once.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/setup_done.html")]
pub struct SetupDone {
    /// What surrounds the page.
    pub bare: Bare,
    /// The name of the organization.
    pub organization: String,
    /// The name of the workspace.
    pub workspace: String,
    /// The secrets, in order: personal access token, service token, workspace token.
    pub secrets: Vec<Secret>,
    /// Where the key file is on the server.
    pub key_path: String,
}

/// A secret that is shown once.
#[derive(Clone, Debug)]
pub struct Secret {
    /// A word for `id` attributes, unique on the page: `service-token`.
    pub id: String,
    /// What it is: `Service token`.
    pub label: String,
    /// What it is for, one sentence.
    pub purpose: String,
    /// The secret itself.
    pub value: String,
}
