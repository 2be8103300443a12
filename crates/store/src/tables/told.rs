//! What events have told of the settings of sources and destinations, and how some of it is taken back when a definition
//! makes more of it secret.

use std::collections::HashMap;

use model::catalogue::TargetType;
use model::change::{self, Change, ChangeKind};
use model::definition::Kind;
use model::entry::Entry;
use model::id::EventId;
use model::part::PartName;
use serde_json::{Value, json};

use crate::action::Changed;
use crate::db::params;
use crate::error::{Error, Result};
use crate::seal::{self, Read, Stored};
use crate::tables::erasures::Erased;
use crate::tree::Log;
use crate::tx::{Rx, Tx};

/// How many parts one `privacy.erased` may name.
const NAMED: usize = 500;

/// One part of one event of a log, and what it says of settings.
#[derive(Clone, Debug)]
pub struct ToldSettings {
    /// The event.
    pub event: EventId,
    /// Its index in the log.
    pub sequence: u64,
    /// The part.
    pub part: PartName,
    /// Whose settings.
    pub kind: Kind,
    /// The type of the source or destination.
    pub r#type: String,
    /// What the part says.
    pub changes: Vec<Change>,
}

/// Which type each source and destination has, as far as the events that were looked at say so.
pub type Types = HashMap<String, String>;

fn kind_of(entry: &Entry) -> Option<Kind> {
    match TargetType::from_word(&entry.target.r#type)? {
        TargetType::Source => Some(Kind::Source),
        TargetType::Destination => Some(Kind::Destination),
        _ => None,
    }
}

/// The type of the thing, where the event creates or deletes it and so tells all of it.
fn type_in(changes: &[Change]) -> Option<String> {
    let told = changes.iter().find(|change| change.path == "type")?;
    match &told.kind {
        ChangeKind::Value { before, after } => {
            let value = after.as_ref().or(before.as_ref())?;
            value.as_str().map(str::to_owned)
        }
        _ => None,
    }
}

impl Rx<'_> {
    /// What the events of a log from `first` on, at most `most`, tell of settings. `types` is carried from one call to the
    /// next, from the log's beginning: things that are gone are known by it alone.
    pub fn told_settings(
        &mut self,
        log: &Log,
        (first, most): (u64, u64),
        types: &mut Types,
    ) -> Result<Vec<ToldSettings>> {
        let end = first.saturating_add(most).min(log.size);
        let rows = self.conn.query(
            "SELECT entry, parts FROM entries WHERE place >= $1 AND place < $2 ORDER BY place",
            params![log.place(first), log.place(end)],
        )?;
        let organization = log.organization.map(|id| id.to_string());
        let stored = rows
            .iter()
            .zip(first..)
            .map(|(row, sequence)| {
                Ok(Stored {
                    sequence,
                    entry: row.blob(0)?,
                    parts: row.blob(1)?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let opened = seal::open_all(
            self,
            log.id,
            organization.as_deref(),
            &stored,
            |one, parts| {
                let entry = Entry::parse(one.row.entry)
                    .map_err(|error| Error::Internal(format!("an entry: {error}")))?;
                if kind_of(&entry).is_none() {
                    return Ok(None);
                }
                let all: Vec<(PartName, Vec<Change>)> = parts
                    .iter()
                    .filter_map(|(part, read)| match read {
                        Read::Whole(opened) if part.change_index().is_some() => {
                            let changes = opened.value().and_then(change::from_part);
                            Some((*part, changes.unwrap_or_default()))
                        }
                        _ => None,
                    })
                    .collect();
                Ok(Some((entry, all)))
            },
        )?;
        let mut told = Vec::new();
        for (entry, all) in opened.into_iter().flatten() {
            let (Some(kind), Some(id)) = (kind_of(&entry), entry.target.id.clone()) else {
                continue;
            };
            let said = all.iter().find_map(|(_, changes)| type_in(changes));
            let name = match (said, types.get(&id)) {
                (Some(name), _) => Some(name),
                (None, Some(known)) => Some(known.clone()),
                (None, None) => self.type_of(kind, &id)?,
            };
            let Some(name) = name else { continue };
            types.insert(id, name.clone());
            let event: EventId = entry
                .id
                .parse()
                .map_err(|_| Error::Internal("the id of an event".to_owned()))?;
            for (part, changes) in all {
                if changes
                    .iter()
                    .any(|change| change.path.starts_with("config"))
                {
                    told.push(ToldSettings {
                        event,
                        sequence: entry.sequence,
                        part,
                        kind,
                        r#type: name.clone(),
                        changes,
                    });
                }
            }
        }
        Ok(told)
    }

    fn type_of(&mut self, kind: Kind, id: &str) -> Result<Option<String>> {
        let sql = match kind {
            Kind::Source => "SELECT kind FROM sources WHERE id = $1",
            Kind::Destination => "SELECT kind FROM destinations WHERE id = $1",
        };
        let row = self.conn.query_one(sql, params![id])?;
        Ok(row.map(|row| row.text(0).map(str::to_owned)).transpose()?)
    }
}

impl Tx<'_> {
    /// Erases parts of events: they are gone from the rows when this commits, and the job that follows every erasure
    /// rewrites the files. Gives, for each event that is to record it, the row and what it names.
    pub fn erase_parts(
        &mut self,
        log: &Log,
        parts: &[(EventId, u64, PartName)],
    ) -> Result<Vec<(Changed, Value)>> {
        let mut left = Vec::with_capacity(parts.len());
        for one in parts {
            if !self.is_part_erased(log.id, one.0, one.2)? {
                left.push(*one);
            }
        }
        let mut recorded = Vec::new();
        for some in left.chunks(NAMED) {
            let named: Vec<Value> = some
                .iter()
                .map(|(event, _, part)| json!({ "event": event, "part": part.to_string() }))
                .collect();
            let mut changed: Option<Changed> = None;
            for (event, sequence, part) in some {
                let erased = Erased::Part {
                    event: *event,
                    part: *part,
                };
                changed = Some(self.insert_erasure_of_one(log, erased, *sequence, changed)?);
            }
            let Some(changed) = changed else { continue };
            for (_, sequence, part) in some {
                let row = self.conn.query_one(
                    "SELECT parts FROM entries WHERE place = $1",
                    params![log.place(*sequence)],
                )?;
                let row = row.ok_or(Error::NotFound("event"))?;
                let parts = seal::without(row.blob(0)?, |one| one == *part)
                    .ok_or_else(|| Error::Internal("sealed parts cannot be read".to_owned()))?;
                self.write_part(
                    "UPDATE entries SET parts = $2 WHERE place = $1",
                    params![log.place(*sequence), &parts],
                    &changed,
                )?;
            }
            recorded.push((changed, json!({ "erased": named })));
        }
        Ok(recorded)
    }
}
