//! The tab Live events of a source, a destination or a transformation.

use askama::Template;

use super::destination::DestinationHead;
use super::filters;
use super::frame::{Flash, Frame};
use super::parts::Choice;
use super::source::SourceHead;
use super::transformation::CodeHead;
use super::when::When;

/// What is shown of what somebody looks at.
#[derive(Clone, Debug)]
pub struct LiveList {
    /// The address of the page, without filters.
    pub path: String,
    /// The address of the page, with its filters.
    pub here: String,
    /// What it is: `source`.
    pub noun: &'static str,
    /// Whether it is in use, so that something can come.
    pub in_use: bool,
    /// The events, newest first.
    pub rows: Vec<LiveRow>,
    /// The number of the newest event that the process has taken, of whatever thing.
    pub newest: u64,
    /// The kinds of events to choose from.
    pub kinds: Vec<Choice>,
    /// How they went, to choose from.
    pub outcomes: Vec<Choice>,
    /// What the name has to contain.
    pub name: String,
    /// Whether a filter is set.
    pub is_filtered: bool,
}

/// One event.
#[derive(Clone, Debug)]
pub struct LiveRow {
    /// Its number in this process.
    pub number: u64,
    /// When the data plane told it.
    pub when: When,
    /// `track`, `identify`, ...
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// The colour of the word: `ok`, `bad` or none.
    pub tone: &'static str,
    /// How it went.
    pub word: String,
    /// What else it is about: a word, the name and its page.
    pub about: Option<(&'static str, String, Option<String>)>,
    /// The event itself, and what became of it.
    pub parts: Vec<LivePart>,
}

/// A part of an event: what it is and the JSON, unless that is too long.
#[derive(Clone, Debug)]
pub struct LivePart {
    /// `Event`, `Sent`, ...
    pub name: &'static str,
    /// The JSON.
    pub json: Option<String>,
}

/// The tab of a source.
#[derive(Clone, Debug, Template)]
#[template(path = "source/live.html")]
pub struct SourceLive {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: SourceHead,
    /// What is shown.
    pub live: LiveList,
}

/// The tab of a destination.
#[derive(Clone, Debug, Template)]
#[template(path = "destination/live.html")]
pub struct DestinationLive {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: DestinationHead,
    /// What is shown.
    pub live: LiveList,
}

/// The tab of a transformation.
#[derive(Clone, Debug, Template)]
#[template(path = "transformation/live.html")]
pub struct TransformationLive {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: CodeHead,
    /// What is shown.
    pub live: LiveList,
}
