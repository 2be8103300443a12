//! The rows that a query asks for: as JSON Lines with a proof for each, or as CSV for people who only want the rows.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use model::clock::Micros;
use serde_json::{Value, json};
use store::{Disclosed, Error, Event, Order, Query, Store};

use super::{ExportError, Fixed};

/// How many rows are read at once.
const SLICE: usize = 200;

/// The columns of the CSV.
const COLUMNS: [&str; 17] = [
    "sequence",
    "time",
    "actor_name",
    "actor_email",
    "actor_type",
    "actor_id",
    "action",
    "target_type",
    "target_name",
    "target_id",
    "outcome",
    "code",
    "ip",
    "interface",
    "changes",
    "workspace_id",
    "id",
];

/// Which form rows take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON Lines: a manifest, then each row with its proof.
    Proved,
    /// CSV with a head line.
    Csv,
}

/// Writes the rows of a query, the oldest first, and tells how many after each slice. Blocks the thread.
///
/// # Errors
/// [`ExportError`].
pub fn rows(
    store: &Store,
    fixed: &Fixed,
    query: &Query,
    words: &Value,
    form: Form,
    out: &mut impl Write,
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, ExportError> {
    let organization = fixed
        .log
        .organization
        .ok_or(Error::NotFound("organization"))?;
    let query = Query {
        order: Order::Oldest,
        limit: SLICE,
        until: Some(fixed.log.size),
        ..query.clone()
    };
    let total = store.read(|rx| rx.count_events(organization, &query))?;
    match form {
        Form::Proved => {
            let manifest = json!({
                "format": "annals.events.v1",
                "query": words,
                "range": [0, fixed.log.size],
                "count": total,
                "checkpoint": fixed.checkpoint.note,
                "vkey": fixed.log.vkey,
            });
            writeln!(out, "{manifest}")?;
        }
        Form::Csv => writeln!(out, "{}\r", COLUMNS.join(","))?,
    }
    let (mut written, mut next) = (0, 0);
    loop {
        let events = store.read(|rx| rx.events_from(organization, &query, next))?;
        let Some(last) = events.last() else {
            return Ok(written);
        };
        next = last.entry.sequence + 1;
        for event in &events {
            match form {
                Form::Proved => proved(store, fixed, event.entry.sequence, out)?,
                Form::Csv => csv(event, out)?,
            }
            written += 1;
        }
        progress(written, total);
    }
}

fn proved(
    store: &Store,
    fixed: &Fixed,
    index: u64,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    let (disclosed, path) = store.read(|rx| {
        let disclosed = rx
            .disclosed(&fixed.log, index, 1)?
            .pop()
            .ok_or(Error::NotFound("event"))?;
        Ok((
            disclosed,
            rx.inclusion(&fixed.log, index, fixed.checkpoint.size)?,
        ))
    })?;
    let Disclosed {
        entry, disclosures, ..
    } = disclosed;
    // Entry and disclosures stand in the row byte for byte: they are JSON themselves, and hashed as they stand.
    let opened: Vec<&str> = disclosures
        .iter()
        .map(model::part::Disclosure::as_str)
        .collect();
    let path: Vec<String> = path
        .iter()
        .map(|hash| BASE64_STANDARD.encode(hash.as_bytes()))
        .collect();
    write!(out, "{{\"index\":{index},\"entry\":")?;
    out.write_all(&entry)?;
    writeln!(
        out,
        ",\"disclosures\":[{}],\"path\":{}}}",
        opened.join(","),
        json!(path)
    )?;
    Ok(())
}

fn csv(event: &Event, out: &mut impl Write) -> Result<(), ExportError> {
    let entry = &event.entry;
    let changes = event.changes.iter().map(model::change::Change::to_json);
    let changes = if event.changes.is_empty() {
        String::new()
    } else {
        changes.collect::<Value>().to_string()
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let cells = [
        entry.sequence.to_string(),
        Micros(entry.at).rfc3339(),
        text(&event.actor_name),
        text(&event.actor_email),
        entry.actor.r#type.clone(),
        text(&entry.actor.id),
        entry.action.clone(),
        entry.target.r#type.clone(),
        text(&event.target_name),
        text(&entry.target.id),
        entry.outcome.as_str().to_owned(),
        text(&entry.code),
        text(&event.ip),
        event
            .interface
            .map(|one| one.word().to_owned())
            .unwrap_or_default(),
        changes,
        text(&entry.workspace),
        entry.id.clone(),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    writeln!(out, "{}\r", cells.join(","))?;
    Ok(())
}

/// A cell of RFC 4180. What a spreadsheet would take for a formula is kept from being one by an apostrophe.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_and_never_a_formula() {
        for (cell, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-1", "'-1"),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
