//! A row of the audit log, and the details that it opens to.

use super::parts::{Actor, Target};
use super::when::When;
use crate::schema::Faults;
use crate::web::lines::{Line, difference};

/// A text that keeps its direction to itself beside others in a line: between FSI and PDI of Unicode.
pub fn apart(text: String) -> String {
    if text.is_ascii() {
        return text;
    }
    format!("\u{2068}{text}\u{2069}")
}

/// One event, as a row.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// The id of the event.
    pub id: String,
    /// The number of its entry in the log.
    pub entry: u64,
    /// Who.
    pub actor: Actor,
    /// What, as the catalogue labels it: `Connect Source`.
    pub label: String,
    /// What, as the API names it: `destination.connected_source`.
    pub event_type: String,
    /// What changed, in at most one line: `bufferMinutes 15 → 5`.
    pub summary: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// To what; on the page of a thing, what else it concerns.
    pub target: Target,
    /// When.
    pub when: When,
    /// Shown under the row when it is open.
    pub details: Option<Details>,
}

impl EventRow {
    /// The page of the event.
    pub fn href(&self) -> String {
        format!("/settings/audit-logs/{}", self.id)
    }

    /// What was done to what: `Deleted Transformation · Warehouse`.
    pub fn heading(&self) -> String {
        format!("{} · {}", self.label, apart(self.target.name.clone()))
    }

    /// The word for an attempt that changed nothing.
    pub fn refusal(&self) -> Option<&'static str> {
        match self.outcome {
            Outcome::Success => None,
            Outcome::Denied(_) => Some("Denied"),
            Outcome::Failed(_) => Some("Failed"),
        }
    }

    /// The second line under the action: why it was refused, or what changed.
    pub fn second_line(&self) -> &str {
        match &self.outcome {
            Outcome::Success => self.summary.as_deref().unwrap_or_default(),
            Outcome::Denied(why) | Outcome::Failed(why) => why,
        }
    }

    /// Where all events of the same actor are.
    pub fn by_actor(&self) -> Option<String> {
        (!self.actor.id.is_empty()).then(|| {
            super::filter::Filter {
                actor: self.actor.id.clone(),
                ..Default::default()
            }
            .href()
        })
    }

    /// Where all events on the same target are.
    pub fn on_target(&self) -> Option<String> {
        (!self.target.id.is_empty()).then(|| {
            super::filter::Filter {
                target: self.target.id.clone(),
                ..Default::default()
            }
            .href()
        })
    }
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was done.
    Success,
    /// The actor may not; why: `Needs the Admin role`.
    Denied(String),
    /// It may be done, but something else stood in the way; what.
    Failed(String),
}

/// Everything else about an event.
#[derive(Clone, Debug)]
pub struct Details {
    /// What changed, field by field.
    pub changes: Vec<Change>,
    /// Why, as the actor said.
    pub reason: Option<String>,
    /// Through which door: `Dashboard`, `API`, `Terraform`, `Command line`.
    pub interface: Value,
    /// From which address.
    pub address: Value,
    /// With which program.
    pub user_agent: Value,
    /// The id of the request, which several events can share.
    pub request_id: String,
    /// What the client itself called the request.
    pub client_request: Option<String>,
    /// What was warned of, by where.
    pub warnings: Faults,
    /// What else the event says of itself: names and values.
    pub more: Vec<(String, String)>,
}

/// One field that changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// The path: `config.role`.
    pub path: String,
    /// What the workspace is called now whose id is in the path.
    pub name: Option<String>,
    /// What it was.
    pub before: Value,
    /// What it became.
    pub after: Value,
}

impl Change {
    /// Which lines are others, where the values are texts of several lines.
    pub fn lines(&self) -> Option<Vec<Line>> {
        const fn text(value: &Value) -> Option<&str> {
            match value {
                Value::Text(text) => Some(text.as_str()),
                Value::NotSet => Some(""),
                _ => None,
            }
        }
        let (before, after) = (text(&self.before)?, text(&self.after)?);
        let has_lines = before.contains('\n') || after.contains('\n');
        has_lines.then(|| difference(before, after))
    }

    /// Whether both sides say the same thing about what is not shown, so that one cell says it for both.
    pub fn is_one(&self) -> bool {
        matches!(
            (&self.before, &self.after),
            (Value::Redacted, Value::Redacted)
                | (Value::Withheld, Value::Withheld)
                | (Value::Erased(_), Value::Erased(_))
                | (Value::Missing, Value::Missing)
        )
    }
}

/// A value, or why there is none to see.
#[derive(Clone, Debug)]
pub enum Value {
    /// The value, as text.
    Text(String),
    /// People, recorded by their ids.
    People(Vec<Person>),
    /// The field had no value.
    NotSet,
    /// A secret: the log never held it.
    Redacted,
    /// Too large to be kept in the log; its size, and the SHA-256 in hexadecimal.
    Large {
        /// The size in bytes.
        bytes: u64,
        /// The SHA-256 in hexadecimal.
        sha256: String,
    },
    /// Personal data that was erased later, by this entry.
    Erased(u64),
    /// It is gone, and no entry says that it was erased.
    Missing,
    /// It exists, and the reader's role may not see it.
    Withheld,
}

/// A person of whom the id was recorded.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id.
    pub id: String,
    /// What the person is called now, where that can be said.
    pub name: Option<String>,
}

/// The events of one day in the reader's zone.
#[derive(Clone, Debug)]
pub struct Day {
    /// `Today`, `Friday`, `12 November`.
    pub name: String,
    /// `Monday 23 November 2026`.
    pub full: String,
    /// Its rows, in the order given.
    pub rows: Vec<EventRow>,
}

/// Puts rows under the heads of their days, in the order given; a day that comes again gets another head.
pub fn by_day(rows: Vec<EventRow>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for row in rows {
        match days.last_mut() {
            Some(day) if day.full == row.when.day => day.rows.push(row),
            _ => days.push(Day {
                name: row.when.day_name.clone(),
                full: row.when.day.clone(),
                rows: vec![row],
            }),
        }
    }
    days
}

/// The tab Audit Logs on the page of a thing: User, Action, Concerns, When.
#[derive(Clone, Debug)]
pub struct ResourceLog {
    /// Its events, newest first.
    pub days: Vec<Day>,
    /// How many there are in all, where that is known.
    pub total: Option<u64>,
    /// The same events in the audit log of the workspace.
    pub all_href: String,
    /// The same as the query of an export.
    pub query: String,
    /// This page, with no row open.
    pub href: String,
    /// Newer events.
    pub newer_href: Option<String>,
    /// Older events.
    pub older_href: Option<String>,
}

impl ResourceLog {
    /// How many events are shown.
    pub fn shown(&self) -> u64 {
        shown(&self.days)
    }

    /// This page with one row open; with none where no id is given.
    pub fn opened(&self, id: &str) -> String {
        if id.is_empty() {
            return self.href.clone();
        }
        let sign = if self.href.contains('?') { '&' } else { '?' };
        format!("{}{sign}open={id}", self.href)
    }
}

pub(super) fn shown(days: &[Day]) -> u64 {
    days.iter().map(|day| day.rows.len() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::{Change, Value, by_day};
    use crate::web::view::samples;

    #[test]
    fn rows_stand_under_the_heads_of_their_days() {
        let days = by_day(samples::rows());
        let heads: Vec<_> = days
            .iter()
            .map(|day| (day.name.as_str(), day.rows.len()))
            .collect();
        assert_eq!(
            heads,
            [
                ("Today", 6),
                ("Yesterday", 2),
                ("12 November", 1),
                ("11 March 2024", 1)
            ]
        );
    }

    #[test]
    fn a_secret_that_changed_is_one_cell_and_a_new_one_is_two() {
        let change = |before, after| Change {
            path: "password".to_owned(),
            name: None,
            before,
            after,
        };
        assert!(change(Value::Redacted, Value::Redacted).is_one());
        assert!(!change(Value::NotSet, Value::Redacted).is_one());
    }
}
