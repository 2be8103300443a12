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

/// What to do where [`Question::kept`] says that the person may not.
pub const ASK_FOR_IT: &str =
    "Ask an administrator of the workspace to select you, or to delete it.";

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
    /// Why the person who looks may not delete it: then there is nothing to press.
    pub kept: Option<String>,
    /// What goes with it, each a sentence: `3 connections are removed first.`
    pub consequences: Vec<String>,
    /// The labels under which it will be recorded: `Deleted`.
    pub recorded_as: Vec<String>,
}

/// The page instead of the question, where something is in the way: there is no form on it.
#[derive(Clone, Debug, Template)]
#[template(path = "kept.html")]
pub struct Kept {
    /// What surrounds the page.
    pub frame: Frame,
    /// The name of what stays.
    pub name: String,
    /// Where the way back leads, and the breadcrumb.
    pub back: String,
    /// The list that it is in, for the breadcrumb: label and address.
    pub list: (String, String),
    /// Why it stays, and what to do first.
    pub because: String,
    /// What is in the way.
    pub obstacles: Vec<Obstacle>,
}

/// One thing that is in the way.
#[derive(Clone, Debug)]
pub struct Obstacle {
    /// What it is.
    pub text: String,
    /// The page where it can be taken out of the way, if there is one.
    pub href: Option<String>,
}
