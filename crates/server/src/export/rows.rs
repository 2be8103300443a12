//! The rows that a query asks for: as JSON Lines with a proof for each, or as CSV for people who only want the rows.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use model::catalogue::PRIVACY_ERASED;
use model::clock::Micros;
use model::id::OrganizationId;
use model::interface::Interface;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::{Disclosed, Error, Event, Order, Query, Store};
use tlog::Hash;

use super::{ExportError, Fixed};

/// How many rows are read at once: so few that each slice is the work of one thread.
const SLICE: usize = 250;
/// How many threads read and open slices.
const READERS: usize = 2;
/// How many slices are begun, or wait to be written, besides those.
const WAITING: usize = 2;

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
        next: Mutex::new(Some(begun.next)),
    };
    let mut written = begun.written;
    in_order(
        |order| reading.slice(order),
        |slice: Slice| {
            written += slice.write(out)?;
            progress(written, total);
            Ok(())
        },
    )?;
    Ok(written)
}

/// Has slices read by several threads, as long as `read` says that there may be another, while `write` takes what was read
/// before, in order. A thread that panics ends it with an error.
fn in_order<T: Send>(
    read: impl Fn(&Slices<T>) -> bool + Sync,
    mut write: impl FnMut(T) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    std::thread::scope(|threads| {
        let (order, slices) = sync_channel(WAITING);
        // Reading and opening go on while what was read before is written.
        let readers = [(); READERS].map(|()| {
            let (order, read) = (order.clone(), &read);
            threads.spawn(move || while read(&order) {})
        });
        drop(order);
        let panicked = || Error::Internal("reading the events panicked".to_owned());
        let mut write = |slices: Receiver<Receiver<Result<T, Error>>>| {
            for slice in slices {
                let slice: Result<T, Error> = slice.recv().map_err(|_| panicked())?;
                write(slice?)?;
            }
            Ok(())
        };
        let written = write(slices);
        let ends = readers.map(|reader| reader.join().map_err(|_| panicked()));
        ends.into_iter().collect::<Result<(), Error>>()?;
        written
    })
}

/// Slices on their way to whoever writes them: each comes through a channel of its own, and these are in the order of the log.
type Slices<T> = SyncSender<Receiver<Result<T, Error>>>;

/// Reads rows, slice by slice, on several threads.
struct Reading<'a> {
    store: &'a Store,
    fixed: &'a Fixed,
    organization: OrganizationId,
    query: &'a Query,
    form: Form,
    /// The place from which on nobody reads yet; none where there is nothing more to read.
    next: Mutex<Option<u64>>,
}

impl Reading<'_> {
    /// Reads the next slice, and says whether there may be another.
    fn slice(&self, order: &Slices<Slice>) -> bool {
        let (sender, receiver) = sync_channel(1);
        let places = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let places = next.map(|next| self.places(next)).transpose();
            *next = match &places {
                Ok(Some(places)) => places.last().map(|last| last + 1),
                Ok(None) | Err(_) => None,
            };
            if let Ok(places) = &places
                && places.as_ref().is_none_or(Vec::is_empty)
            {
                return false;
            }
            // Whoever wrote has ended, and says why.
            if order.send(receiver).is_err() {
                return false;
            }
            places.map(Option::unwrap_or_default)
        };
        let slice = places.and_then(|places| self.read(&places));
        let is_read = slice.is_ok();
        sender.send(slice).is_ok() && is_read
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
                Form::Csv => Slice::Lines(rx.events_in(
                    self.organization,
                    places,
                    members_of,
                    |event| csv(&event).into_bytes(),
                )?),
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
        next: Mutex::default(),
    };
    let (mut all, mut next) = (Vec::new(), 0);
    loop {
        let places = reading.places(next)?;
        let Some(last) = places.last() else {
            return Ok(Some(all));
        };
        next = last + 1;
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

/// The line of an event.
fn csv(event: &Event) -> String {
    let entry = &event.entry;
    let text = Option::<&str>::unwrap_or_default;
    let changes = if event.changes.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&event.changes).expect("changes are written to memory")
    };
    let (sequence, time) = (entry.sequence.to_string(), Micros(entry.at).rfc3339());
    let cells: [&str; COLUMNS.len()] = [
        &sequence,
        &time,
        text(event.actor_name.as_deref()),
        text(event.actor_email.as_deref()),
        &entry.actor.r#type,
        text(entry.actor.id.as_deref()),
        &entry.action,
        &entry.target.r#type,
        text(event.target_name.as_deref()),
        text(entry.target.id.as_deref()),
        entry.outcome.as_str(),
        text(entry.code.as_deref()),
        text(event.ip.as_deref()),
        event.interface.map(Interface::word).unwrap_or_default(),
        &changes,
        text(entry.workspace.as_deref()),
        &entry.id,
    ];
    let mut line = String::with_capacity(256 + changes.len());
    for (number, cell) in cells.into_iter().enumerate() {
        if number > 0 {
            line.push(',');
        }
        put_cell(&mut line, cell);
    }
    line.push_str("\r\n");
    line
}

/// A cell of RFC 4180. What a spreadsheet would take for a formula is kept from being one by an apostrophe.
fn put_cell(line: &mut String, cell: &str) {
    let quoted = cell.contains(['"', ',', '\n', '\r']);
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Reads 20 numbers, each a slice; the thread that comes to the fifth panics, before it says that it reads it or after.
    fn read_until_a_panic(is_said: bool) -> (Result<(), ExportError>, Vec<usize>) {
        let (next, mut written) = (AtomicUsize::new(0), Vec::new());
        let done = in_order(
            |order| {
                let number = next.fetch_add(1, Ordering::Relaxed);
                assert!(number != 5 || is_said, "a panic");
                let (sender, receiver) = sync_channel(1);
                let is_wanted = number < 20 && order.send(receiver).is_ok();
                assert!(number != 5, "a panic");
                is_wanted && sender.send(Ok(number)).is_ok()
            },
            |number| {
                written.push(number);
                Ok(())
            },
        );
        (done, written)
    }

    #[test]
    fn a_reader_that_panics_ends_an_export_with_an_error() {
        for is_said in [true, false] {
            let (done, _) = read_until_a_panic(is_said);
            let error = done.expect_err("it cannot be whole").to_string();
            assert!(error.contains("panicked"), "{error}");
        }
    }

    #[test]
    fn an_export_that_cannot_be_written_ends_its_readers() {
        let end = |()| Err(ExportError::Changed);
        let done = in_order(
            |order| {
                let (sender, receiver) = sync_channel(1);
                order.send(receiver).is_ok() && sender.send(Ok(())).is_ok()
            },
            end,
        );
        assert!(matches!(done, Err(ExportError::Changed)), "{done:?}");
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
