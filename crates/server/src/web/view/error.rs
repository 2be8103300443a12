//! Errors: what happened, what is true now, what to do. One page for all of them.

use askama::Template;

use super::filters;
use super::frame::{Bare, Flash};

/// The page of an error.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/error.html")]
pub struct ErrorPage {
    /// What surrounds the page.
    pub bare: Bare,
    /// The status of the answer: 404.
    pub status: u16,
    /// What happened: `Nothing is here`.
    pub title: String,
    /// What is true now: `Nothing was changed.`
    pub state: String,
    /// What to do.
    pub advice: String,
    /// The event that the refusal left: label and number of the entry.
    pub recorded: Option<(String, u64)>,
    /// Where to go: label and address.
    pub link: Option<(String, String)>,
}

/// The page of a form that was not taken, because the session that it was made in has ended: it keeps what was typed.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/again.html")]
pub struct AgainPage {
    /// What surrounds the page; with its token the form is taken, once somebody is signed in.
    pub bare: Bare,
    /// Whether somebody is.
    pub is_signed_in: bool,
    /// Where the form goes.
    pub to: String,
    /// Its fields: name and value.
    pub fields: Vec<(String, String)>,
}

impl ErrorPage {
    fn sign(&self) -> &'static str {
        match self.status {
            401 | 403 => "hold",
            404 | 410 => "compass",
            400..=499 => "info",
            _ => "warn",
        }
    }
}
