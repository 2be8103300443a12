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
    /// The event as the API gives it, indented.
    pub json: String,
}

impl EventPage {
    fn zone_name(&self) -> String {
        self.frame
            .zone
            .as_deref()
            .map_or_else(|| "UTC".to_owned(), city)
    }
}
