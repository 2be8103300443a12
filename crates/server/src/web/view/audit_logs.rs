//! `/settings/audit-logs`: who did what to what, when; newest first.

use askama::Template;

use super::event::{Day, Value, shown};
use super::filter::{Chip, Filter};
use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Choice, ChoiceGroup, Tab};
use super::when::city;

/// The page of the audit log.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/audit_logs.html")]
pub struct AuditLogs {
    /// What surrounds the page.
    pub frame: Frame,
    /// What was asked for.
    pub filter: Filter,
    /// What could not be understood in it, each a sentence; the rest is applied.
    pub problems: Vec<String>,
    /// The tabs, from [`Filter::tabs`].
    pub tabs: Vec<Tab>,
    /// The actions to choose from, by type; the current one selected.
    pub actions: Vec<ChoiceGroup>,
    /// The events, from [`super::event::by_day`]; a row with details is shown open.
    pub days: Vec<Day>,
    /// How many events there are with these filters, where that is known.
    pub total: Option<u64>,
    /// Why the log is not signed, if it is not.
    pub refused: Option<String>,
    /// Whether the reader may take the whole log out, and not only what is shown.
    pub can_export_all: bool,
    /// The name of the token that is asked for, where there is one.
    pub token_name: Option<String>,
    /// The id of the newest event shown, if there are newer ones.
    pub newer: Option<String>,
    /// The id of the oldest event shown, if there are older ones.
    pub older: Option<String>,
}

impl AuditLogs {
    /// The filters that are set; a token by its name.
    fn chips(&self) -> Vec<Chip> {
        let mut chips = self.filter.chips();
        for chip in &mut chips {
            if let (true, Some(name)) = (chip.name == "Token", &self.token_name) {
                chip.value.clone_from(name);
            }
        }
        chips
    }

    fn shown(&self) -> u64 {
        shown(&self.days)
    }

    fn zone_name(&self) -> String {
        self.frame
            .zone
            .as_deref()
            .map_or_else(|| "UTC".to_owned(), city)
    }

    fn outcomes(&self) -> Vec<Choice> {
        [
            ("", "Any"),
            ("success", "Success"),
            ("denied", "Denied"),
            ("failed", "Failed"),
        ]
        .map(|(value, label)| Choice::new(value, label, &self.filter.outcome))
        .into()
    }
}
