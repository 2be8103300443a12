//! The page that asks before something is deleted or taken apart. The dialog on the thing's own page asks the same.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::Errors;

/// A question with one form.
#[derive(Clone, Debug, Template)]
#[template(path = "delete.html")]
pub struct Delete {
    /// What surrounds the page.
    pub frame: Frame,
    /// What is asked.
    pub question: Question,
    /// What is wrong with what was sent: `confirm`.
    pub errors: Errors,
}

/// What is asked before something is deleted.
#[derive(Clone, Debug)]
pub struct Question {
    /// What kind of thing: `source`.
    pub noun: String,
    /// Its name, which has to be typed.
    pub name: String,
    /// Where the form is sent.
    pub action: String,
    /// Where Cancel leads, and the breadcrumb.
    pub back: String,
    /// The list that it is in, for the breadcrumb: label and address.
    pub list: (String, String),
    /// What goes with it, each a sentence: `3 connections are removed first.`
    pub consequences: Vec<String>,
    /// The labels under which it will be recorded: `Deleted`.
    pub recorded_as: Vec<String>,
}
