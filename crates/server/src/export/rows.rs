//! The rows that a query asks for: as JSON Lines with a proof for each, or as CSV for people who only want the rows.

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use model::catalogue::PRIVACY_ERASED;
use model::change;
use model::clock::Micros;
use model::id::OrganizationId;
use model::interface::Interface;
use model::part::PartName;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::{Disclosed, Error, Opened, Order, Query, Store};
use tlog::Hash;

use super::ahead::in_order;
use super::{ExportError, Fixed};

/// How many rows are read at once: so few that each slice is the work of one thread.
const SLICE: usize = 500;

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

/// The word that rows with proofs begin with.
pub const FORMAT: &str = "annals.events.v1";

/// The head line of a CSV.
pub fn head() -> String {
    format!("{}\r\n", COLUMNS.join(","))
}

/// Where rows go on; by default from the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    /// The place in the log from which on rows are still to be written.
    pub next: u64,
    /// How many rows were written before.
    pub written: u64,
}

/// Which form rows take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON Lines: a manifest, then each row with its proof.
    Proved,
    /// CSV with a head line.
    Csv,
}

/// Which rows are written, and how.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Which.
    pub query: &'a Query,
    /// The same in words, for the manifest.
    pub words: &'a Value,
    /// In which form.
    pub form: Form,
    /// Where an export goes on that was broken off.
    pub begun: Option<Begun>,
}

/// Writes the rows that are asked for, the oldest first, and tells how many after each slice. Blocks the thread.
///
/// # Errors
/// [`ExportError`].
pub fn rows(
    store: &Store,
    fixed: &Fixed,
    asked: &Asked<'_>,
    out: &mut impl Write,
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, ExportError> {
    let Asked {
        query,
        words,
        form,
        begun,
    } = *asked;
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
        _ if begun.is_some() => {}
        Form::Proved => {
            let manifest = Manifest {
                format: FORMAT,
                query: words,
                range: (0, fixed.log.size),
                count: total,
                checkpoint: &fixed.checkpoint.note,
                vkey: &fixed.log.vkey,
                erasures: erasures(store, fixed, &query)?,
            };
            serde_json::to_writer(&mut *out, &manifest).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        Form::Csv => out.write_all(head().as_bytes())?,
    }
    let begun = begun.unwrap_or_default();
    let reading = Reading {
        store,
        fixed,
        organization,
        query: &query,
        form,
    };
    let (mut next, mut written) = (Some(begun.next), begun.written);
    in_order(
        || reading.next_places(&mut next),
        |places, give| {
            // If nobody takes it, whoever wrote says why.
            let _ = give(reading.read(&places)?);
            Ok(())
        },
        |slice| {
            written += slice.write(out)?;
            progress(written, total);
            Ok(())
        },
    )?;
    Ok(written)
}

/// Reads rows, slice by slice.
struct Reading<'a> {
    store: &'a Store,
    fixed: &'a Fixed,
    organization: OrganizationId,
    query: &'a Query,
    form: Form,
}

impl Reading<'_> {
    /// The places of the next slice, and where the one after it begins: none where nothing is left, or could not be read.
    fn next_places(&self, next: &mut Option<u64>) -> Option<Result<Vec<u64>, ExportError>> {
        let places = self.places(next.take()?);
        if let Ok(places) = &places {
            *next = Some(places.last()? + 1);
        }
        Some(places.map_err(ExportError::from))
    }

    fn places(&self, next: u64) -> Result<Vec<u64>, Error> {
        self.store
            .read(|rx| rx.places_from(self.organization, self.query, next))
    }

    /// The rows at these places, read in one transaction.
    fn read(&self, places: &[u64]) -> Result<Slice, Error> {
        let members_of = self.query.members_of;
        self.store.read(|rx| {
            Ok(match self.form {
                Form::Csv => {
                    Slice::Lines(rx.opened_in(&self.fixed.log, places, members_of, csv)?)
                }
                Form::Proved => {
                    let rows = rx.disclosed_in(&self.fixed.log, places, members_of)?;
                    let size = self.fixed.checkpoint.size;
                    let paths = rx.inclusions(&self.fixed.log, places, size)?;
                    Slice::Proved(rows.into_iter().zip(paths).collect())
                }
            })
        })
    }
}

/// The first line of rows with proofs.
#[derive(Serialize)]
struct Manifest<'a> {
    format: &'static str,
    query: &'a Value,
    range: (u64, u64),
    count: u64,
    checkpoint: &'a str,
    vkey: &'a str,
    /// The entries that erase something, as rows: they tell a part that was erased from one that is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    erasures: Option<Vec<Box<RawValue>>>,
}

/// All erasures that the log records; none for who may not see all of the log.
fn erasures(
    store: &Store,
    fixed: &Fixed,
    query: &Query,
) -> Result<Option<Vec<Box<RawValue>>>, ExportError> {
    let Some(organization) = fixed.log.organization else {
        return Ok(None);
    };
    if query.members_of.is_some() {
        return Ok(None);
    }
    let query = &Query {
        action: Some(PRIVACY_ERASED.action.to_owned()),
        target_type: Some(PRIVACY_ERASED.target.as_str().to_owned()),
        order: Order::Oldest,
        limit: SLICE,
        until: Some(fixed.log.size),
        ..Query::default()
    };
    let reading = Reading {
        store,
        fixed,
        organization,
        query,
        form: Form::Proved,
    };
    let (mut all, mut next) = (Vec::new(), Some(0));
    while let Some(places) = reading.next_places(&mut next) {
        let places = places?;
        if let Slice::Proved(rows) = reading.read(&places)? {
            for (mut one, path) in rows {
                // What they say is for the rows, where it is asked for.
                one.disclosures.clear();
                let mut row = Vec::new();
                proved(&one, &path, &mut row)?;
                let row = String::from_utf8(row).map_err(io::Error::other)?;
                all.push(RawValue::from_string(row).map_err(io::Error::from)?);
            }
        }
    }
    Ok(Some(all))
}

/// Rows as they were read, in order: of a CSV each as its line.
enum Slice {
    Lines(Vec<Vec<u8>>),
    Proved(Vec<(Disclosed, Vec<Hash>)>),
}

impl Slice {
    /// Writes them, and gives how many there were.
    fn write(self, out: &mut impl Write) -> Result<u64, ExportError> {
        match self {
            Self::Lines(lines) => {
                lines.iter().try_for_each(|line| out.write_all(line))?;
                Ok(lines.len() as u64)
            }
            Self::Proved(rows) => {
                for (one, path) in &rows {
                    proved(one, path, out)?;
                    out.write_all(b"\n")?;
                }
                Ok(rows.len() as u64)
            }
        }
    }
}

/// A row with its proof.
fn proved(one: &Disclosed, path: &[Hash], out: &mut impl Write) -> io::Result<()> {
    // Entry and disclosures stand in the row byte for byte: they are JSON themselves, and hashed as they stand.
    write!(out, "{{\"index\":{},\"entry\":", one.sequence)?;
    out.write_all(&one.entry)?;
    out.write_all(b",\"disclosures\":[")?;
    for (number, opened) in one.disclosures.iter().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        out.write_all(opened.as_str().as_bytes())?;
    }
    let path: Vec<String> = path
        .iter()
        .map(|hash| BASE64_STANDARD.encode(hash.as_bytes()))
        .collect();
    write!(out, "],\"path\":{}}}", json!(path))
}

/// What a CSV has of the parts `actor`, `origin` and `target`, of each what it has.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Texts<'a> {
    #[serde(borrow, deserialize_with = "text")]
    name: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "text")]
    email: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "text")]
    ip: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "text")]
    interface: Cow<'a, str>,
}

/// A text; what is none is as good as nothing.
fn text<'de: 'a, 'a, D: Deserializer<'de>>(value: D) -> Result<Cow<'a, str>, D::Error> {
    let value = <&'de RawValue>::deserialize(value)?.get();
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    Ok(match quoted {
        None => Cow::default(),
        Some(plain) if !plain.contains('\\') => plain.into(),
        Some(_) => Cow::Owned(serde_json::from_str(value).map_err(D::Error::custom)?),
    })
}

/// The line of an event. What cannot be shown is empty.
fn csv(event: &Opened<'_>) -> Result<Vec<u8>, Error> {
    let read = |part| -> Result<Texts<'_>, Error> {
        let value = event.part(part).map(serde_json::from_str).transpose();
        let value = value.map_err(|_| {
            let id = event.entry.id();
            Error::Internal(format!("part {part} of event {id} cannot be read"))
        })?;
        Ok(value.unwrap_or_default())
    };
    let entry = event.entry;
    let (who, whence, what) = (
        read(PartName::ACTOR)?,
        read(PartName::ORIGIN)?,
        read(PartName::TARGET)?,
    );
    let mut changes = String::new();
    for text in event.changes().filter_map(change::texts_of_part).flatten() {
        changes.push(if changes.is_empty() { '[' } else { ',' });
        changes.push_str(text);
    }
    if !changes.is_empty() {
        changes.push(']');
    }
    let (sequence, time) = (entry.sequence().to_string(), Micros(entry.at()).rfc3339());
    let cells: [&str; COLUMNS.len()] = [
        &sequence,
        &time,
        &who.name,
        &who.email,
        entry.actor_type(),
        entry.actor_id().unwrap_or_default(),
        entry.action(),
        entry.target_type(),
        &what.name,
        entry.target_id().unwrap_or_default(),
        entry.outcome().as_str(),
        entry.code().unwrap_or_default(),
        &whence.ip,
        Interface::of_word(&whence.interface).map_or("", Interface::word),
        &changes,
        entry.workspace().unwrap_or_default(),
        entry.id(),
    ];
    let mut line = String::with_capacity(320 + changes.len());
    for (number, cell) in cells.into_iter().enumerate() {
        if number > 0 {
            line.push(',');
        }
        put_cell(&mut line, cell);
    }
    line.push_str("\r\n");
    Ok(line.into_bytes())
}

/// A cell of RFC 4180. What a spreadsheet would take for a formula is kept from being one by an apostrophe.
fn put_cell(line: &mut String, cell: &str) {
    let is_special = |byte| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    let quoted = cell.bytes().any(is_special);
    if quoted {
        line.push('"');
    }
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        line.push('\'');
    }
    if quoted {
        for piece in cell.split_inclusive('"') {
            line.push_str(piece);
            if piece.ends_with('"') {
                line.push('"');
            }
        }
        line.push('"');
    } else {
        line.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_as_far_as_it_holds_texts() {
        let read = |json| serde_json::from_str::<Texts<'_>>(json).expect("a part");
        for (json, name, email) in [
            (
                r#"{"name":"Ada","email":"a@example.com"}"#,
                "Ada",
                "a@example.com",
            ),
            (
                r#"{"email":"a","name":"\u0041 \"\\ \ud83d\ude00","token":"t"}"#,
                "A \"\\ 😀",
                "a",
            ),
            (r#"{"name":null,"email":["a"]}"#, "", ""),
            (r#"{"name":{"email":"a"}}"#, "", ""),
            ("{}", "", ""),
        ] {
            let who = read(json);
            assert_eq!((&*who.name, &*who.email), (name, email), "{json}");
        }
        assert!(serde_json::from_str::<Texts<'_>>(r#"{"name":"\ud83d"}"#).is_err());
    }

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
            ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
        ] {
            let mut line = String::new();
            put_cell(&mut line, cell);
            assert_eq!(line, written);
        }
    }
}
