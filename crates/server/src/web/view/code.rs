//! The form for code, and one version of it: of transformations and of libraries alike.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Choice, Errors};
use super::when::When;
use crate::web::lines::Line;

/// Which of the two a page is about.
#[derive(Clone, Debug)]
pub struct Noun {
    /// What it is called: `transformation`.
    pub word: &'static str,
    /// What the list is called: `Transformations`.
    pub list: &'static str,
    /// The address of the list.
    pub root: &'static str,
}

impl Noun {
    fn is_transformation(&self) -> bool {
        self.word == "transformation"
    }
}

/// How one test ended.
#[derive(Clone, Debug)]
pub struct TestSeen {
    /// Its name.
    pub name: String,
    /// Whether it passed.
    pub pass: bool,
    /// What went wrong.
    pub errors: Vec<String>,
    /// What came out, as JSON.
    pub output: String,
}

/// The version that a form was made from.
#[derive(Clone, Debug)]
pub struct MadeFrom {
    /// Its id, which the form carries.
    pub version: String,
    /// Its page.
    pub address: String,
    /// Whether it was made while the form was being filled in.
    pub is_news: bool,
    /// Who made it then, as far as that may be told: `you`, or a name.
    pub by: Option<String>,
}

/// The form for new code, or for other code.
#[derive(Clone, Debug, Template)]
#[template(path = "code/form.html")]
pub struct CodeForm {
    /// What surrounds the page.
    pub frame: Frame,
    /// Which of the two.
    pub noun: Noun,
    /// The thing: its address and name; nothing for a new one.
    pub of: Option<(String, String)>,
    /// The name, as it was sent.
    pub name: String,
    /// The description.
    pub description: String,
    /// The languages; of what there is, only its own.
    pub languages: Vec<Choice>,
    /// The code.
    pub code: String,
    /// The events to run it on, as JSON.
    pub events: String,
    /// Whether there is a transformer.
    pub can_run: bool,
    /// How the tests ended that were run.
    pub tests: Vec<TestSeen>,
    /// What it was made from; nothing for a new one.
    pub made_from: Option<MadeFrom>,
    /// What is wrong with what was sent.
    pub errors: Errors,
}

impl CodeForm {
    fn action(&self) -> String {
        match &self.of {
            Some((address, _)) => format!("{address}/code"),
            None => self.noun.root.to_owned(),
        }
    }

    fn back(&self) -> &str {
        self.of
            .as_ref()
            .map_or(self.noun.root, |(address, _)| address)
    }

    fn title(&self) -> String {
        match &self.of {
            Some((_, name)) => format!("Edit {name}"),
            None => format!("New {}", self.noun.word),
        }
    }
}

/// One version, and what is other in it than in the one before.
#[derive(Clone, Debug, Template)]
#[template(path = "code/version.html")]
pub struct CodeVersion {
    /// What surrounds the page.
    pub frame: Frame,
    /// Which of the two.
    pub noun: Noun,
    /// The address of what it is of.
    pub address: String,
    /// Its name now.
    pub name: String,
    /// The version's id.
    pub id: String,
    /// Its number.
    pub number: i64,
    /// Whether it is published.
    pub published: bool,
    /// When it was made.
    pub when: When,
    /// The language, as people call it.
    pub language: String,
    /// The code.
    pub code: String,
    /// The lines that are other than in the version before, if there is one.
    pub lines: Option<Vec<Line>>,
    /// Whether the person may publish it.
    pub can_edit: bool,
}
