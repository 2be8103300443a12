//! `/settings/audit-logs/{id}`: one event, with everything that is known about it.

use askama::Template;

use super::event::{Details, EventRow, Outcome, Value};
use super::filters;
use super::frame::{Flash, Frame};
use super::parts::Target;
use super::when::city;

/// The page of one event.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/event.html")]
pub struct EventPage {
    /// What surrounds the page.
    pub frame: Frame,
    /// The event; its own `details` are not looked at.
    pub row: EventRow,
    /// Everything else about it.
    pub details: Details,
    /// Other things that it concerns.
    pub related: Vec<Target>,
    /// What is known of its proof.
    pub proof: Proof,
    /// The event as the API gives it, indented.
    pub json: String,
}

/// What the panel of the proof begins with.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The id of the log.
    pub log: String,
    /// The first line of its checkpoints.
    pub origin: String,
    /// The key that signs it now.
    pub vkey: String,
    /// The size of the newest checkpoint, if it covers the event.
    pub signed: Option<u64>,
    /// Whether the reader may read the whole log, and with it its tiles.
    pub whole: bool,
    /// The parts that are gone although no entry erases them, with spaces between.
    pub missing: String,
    /// Why the log is not signed, if it is not.
    pub refused: Option<String>,
}

impl Proof {
    /// What is checked, step by step: a name for the script, and what a person reads.
    const STEPS: [(&'static str, &'static str); 5] = [
        ("leaf", "The entry is what was committed"),
        ("path", "The entry is in the log"),
        ("sign", "The checkpoint is signed by the log\u{2019}s key"),
        ("parts", "What is shown is what was recorded"),
        ("since", "The log grew out of what this browser has seen"),
    ];
}

impl EventPage {
    fn zone_name(&self) -> String {
        self.frame
            .zone
            .as_deref()
            .map_or_else(|| "UTC".to_owned(), city)
    }
}
