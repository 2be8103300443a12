//! `/sign-in`.

use askama::Template;

use super::filters;
use super::frame::{Bare, Flash};

/// The form for signing in.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/sign_in.html")]
pub struct SignIn {
    /// What surrounds the page.
    pub bare: Bare,
    /// The name of the organization, if the server knows only one.
    pub organization: Option<String>,
    /// The address under which the person came.
    pub host: String,
    /// The e-mail address, as it was sent.
    pub email: String,
    /// Where to go afterwards, a path of this server.
    pub next: String,
    /// Why it did not work; the same words whatever was wrong.
    pub error: Option<String>,
    /// Whether passkeys work here.
    pub has_passkeys: bool,
}
