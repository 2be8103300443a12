//! An export as the body of an answer: made on a thread of its own, no faster than it is taken.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use store::{Error, Query, Store};
use tokio::sync::mpsc;

use super::archive::Archive;
use super::layout::Layout;
use super::rows::{self, Form};
use super::{ExportError, Fixed, NOT_SIGNED, full};

/// How many bytes go at once.
const CHUNK: usize = 64 << 10;
/// How many chunks wait to be taken.
const WAITING: usize = 8;

/// What is taken out.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// The whole log.
    Full,
    /// The rows of a query, and the query in words.
    Rows(Form, Box<Query>, Value, Option<Begun>),
}

/// An export of rows that broke off, as whoever goes on with it says it.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The place of the last row that came whole; none where none did.
    pub after: Option<u64>,
    /// The checkpoint that rows with proofs were begun at.
    pub checkpoint: Option<String>,
}

impl Wanted {
    /// The word for the record.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Rows(Form::Proved, ..) => "events",
            Self::Rows(Form::Csv, ..) => "csv",
        }
    }

    const fn file(&self) -> (&'static str, &'static str) {
        match self {
            Self::Full => ("tar.zst", "application/zstd"),
            Self::Rows(Form::Proved, ..) => ("jsonl", "application/jsonl"),
            Self::Rows(Form::Csv, ..) => ("csv", "text/csv; charset=utf-8"),
        }
    }
}

/// The end that writes.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    chunk: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::take(&mut self.chunk));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "whoever asked is gone");
        self.sender.blocking_send(Ok(chunk)).map_err(gone)
    }
}

fn write(
    store: &Store,
    fixed: &Fixed,
    wanted: &Wanted,
    mut out: Chunks,
) -> Result<(), ExportError> {
    match wanted {
        Wanted::Full => {
            let layout = Layout::new(Archive::new(out)?);
            let (archive, taken) = full(store, fixed, layout, true, |_| {})?;
            if !taken.is_signed {
                tracing::error!(log = %fixed.log.id, "{NOT_SIGNED}");
            }
            out = archive.finish()?;
        }
        Wanted::Rows(form, query, words, begun) => {
            let begun = begun.as_ref().map(|begun| rows::Begun {
                next: begun.after.map_or(0, |last| last.saturating_add(1)),
                written: 0,
            });
            let asked = rows::Asked {
                query,
                words,
                form: *form,
                begun,
            };
            rows::rows(store, fixed, &asked, &mut out, |_, _| {})?;
        }
    }
    Ok(out.flush()?)
}

/// Sends what is written; where that fails or panics, that it broke off: what only stops would be taken for the whole.
fn send(
    sender: &mpsc::Sender<io::Result<Bytes>>,
    write: impl FnOnce(Chunks) -> Result<(), ExportError>,
) {
    let chunks = Chunks {
        sender: sender.clone(),
        chunk: Vec::new(),
    };
    let written = catch_unwind(AssertUnwindSafe(|| write(chunks)));
    let panicked = |_| Err(Error::Internal("an export panicked".to_owned()).into());
    if let Err(error) = written.unwrap_or_else(panicked) {
        tracing::warn!(%error, "an export broke off");
        // If nobody is there to hear of it, nobody has to.
        let _ = sender.blocking_send(Err(io::Error::other("the export broke off")));
    }
}

/// The answer that brings an export. If it fails on the way, the answer breaks off in place of ending.
pub fn answer(store: Arc<Store>, fixed: Fixed, wanted: Wanted) -> Response {
    let (sender, receiver) = mpsc::channel(WAITING);
    let (extension, kind) = wanted.file();
    let name = format!(
        "audit-log-{}-{}.{extension}",
        fixed.log.id, fixed.checkpoint.size
    );
    tokio::task::spawn_blocking(move || {
        send(&sender, |chunks| write(&store, &fixed, &wanted, chunks));
    });
    let chunks = futures_util::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_that_panics_breaks_off_and_does_not_end() {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        send(&sender, |mut chunks| {
            chunks.write_all(b"a row")?;
            chunks.flush()?;
            panic!("a panic")
        });
        drop(sender);
        let row = receiver.blocking_recv().expect("a chunk");
        assert_eq!(row.expect("whole"), "a row");
        assert!(receiver.blocking_recv().is_some_and(|end| end.is_err()));
    }
}
