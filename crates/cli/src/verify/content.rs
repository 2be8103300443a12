//! What entries say, and what was disclosed of their sealed parts.

use std::io::BufRead;
use std::sync::Arc;

use anyhow::{Context, Result};
use model::entry::{Entry, View};
use model::erasures::Erasures;
use model::part::{Disclosure, PartName};
use serde::Deserialize;
use tlog::{Tile, tile};

use super::report::{Erased, Report};

/// What an entry that erases says.
const NEEDLE: &[u8] = b"\"type\":\"privacy\"";
/// The longest line of disclosures: 67 parts, of which one may be as large as a request.
const LONGEST: u64 = 64 << 20;

/// Takes in what the entries of a bundle erase, if any does.
pub(crate) fn erasures_of(bundle: &[u8], first: u64, erasures: &mut Erasures) {
    // Most bundles have no erasure, which shows without reading their entries.
    if memchr::memmem::find(bundle, NEEDLE).is_none() {
        return;
    }
    for (entry, index) in tile::entries(bundle).zip(first..) {
        if let Ok(entry) = entry {
            let _ = take_erasure(entry, index, erasures);
        }
    }
}

/// Takes in what an entry erases, and tells whether it is one that erases.
pub(crate) fn take_erasure(bytes: &[u8], index: u64, erasures: &mut Erasures) -> bool {
    Entry::parse(bytes).is_ok_and(|entry| erasures.take(&entry, index))
}

/// A line of `disclosures.jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sequence: u64,
    disclosures: Vec<String>,
}

/// The disclosures of a log, line by line, in step with its entries.
pub(crate) struct Disclosures<R> {
    lines: R,
    number: u64,
    /// The line that is read.
    text: Vec<u8>,
    next: Option<Line>,
    last: Option<u64>,
}

impl<R: BufRead> Disclosures<R> {
    pub(crate) fn new(lines: R) -> Self {
        Self {
            lines,
            number: 0,
            text: Vec::new(),
            next: None,
            last: None,
        }
    }

    /// What was disclosed of entry `index`; entries must be asked for in order.
    pub(crate) fn of(&mut self, index: u64, report: &mut Report) -> Result<Vec<Disclosure>> {
        let mut all = Vec::new();
        loop {
            if self.next.is_none() {
                self.next = self.read(report)?;
            }
            let Some(line) = &self.next else {
                return Ok(all);
            };
            if line.sequence > index {
                return Ok(all);
            }
            let Some(line) = self.next.take() else {
                return Ok(all);
            };
            let place = format!("disclosures.jsonl line {}", self.number);
            if line.sequence < index || self.last == Some(line.sequence) {
                report.mismatch(
                    &place,
                    format!("{place} is about entry {} again or out of order: lines must ascend, so it was added or moved", line.sequence),
                );
                continue;
            }
            self.last = Some(line.sequence);
            all.extend(line.disclosures.into_iter().map(Disclosure::from_string));
        }
    }

    /// Whatever is left is about entries that are not there.
    pub(crate) fn finish(mut self, size: u64, report: &mut Report) -> Result<()> {
        while let Some(line) = match self.next.take() {
            Some(line) => Some(line),
            None => self.read(report)?,
        } {
            let place = format!("disclosures.jsonl line {}", self.number);
            report.mismatch(
                &place,
                format!("{place} is about entry {}, but the log has {size} entries: it was added or moved", line.sequence),
            );
        }
        Ok(())
    }

    fn read(&mut self, report: &mut Report) -> Result<Option<Line>> {
        loop {
            self.text.clear();
            self.number += 1;
            let mut limited = std::io::Read::take(&mut self.lines, LONGEST);
            let length = limited
                .read_until(b'\n', &mut self.text)
                .with_context(|| format!("cannot read disclosures.jsonl line {}", self.number))?;
            if length == 0 {
                return Ok(None);
            }
            if let Ok(line) = serde_json::from_slice(&self.text) {
                return Ok(Some(line));
            }
            let place = format!("disclosures.jsonl line {}", self.number);
            let message =
                format!("{place} is not in the form of a disclosure: it was changed or cut off");
            report.mismatch(&place, message);
        }
    }
}

/// Checks what an entry says, and what was disclosed of it. `last` is the time of the entry before; what the log erases is asked
/// for only where something is closed.
pub(crate) fn entry<'e>(
    bytes: &[u8],
    index: u64,
    disclosures: &[Disclosure],
    erasures: &impl Fn() -> &'e Erasures,
    last: &mut Option<i64>,
    report: &mut Report,
) {
    let entry = match View::parse(bytes) {
        Ok(entry) => entry,
        Err(error) => {
            if !disclosures.is_empty() {
                report.mismatch(index, format!("entry {index} is no event of Annals ({error}), so what was disclosed of it cannot be checked"));
            }
            report.no_events.push((index, error.to_string()));
            return;
        }
    };
    if entry.sequence() != index {
        report.misplaced = Some(report.misplaced.map_or(index, |first| first.min(index)));
        report.mismatch(
            index,
            format!(
                "entry {index} says that it is entry {}: it was written by a faulty program",
                entry.sequence()
            ),
        );
    }
    if last.is_some_and(|last| entry.at() < last) {
        report.clocks.push(index);
    }
    *last = Some(entry.at());
    let parts: Vec<(PartName, &str)> = entry.commitments().collect();
    let mut open = vec![true; parts.len()];
    for disclosure in disclosures {
        let commitment = disclosure.commitment_bytes();
        match parts
            .iter()
            .position(|(_, one)| one.as_bytes() == commitment)
        {
            Some(at) if !std::mem::replace(&mut open[at], false) => {
                let part = parts[at].0;
                report.mismatch(
                    index,
                    format!("part {part} of entry {index} is disclosed twice"),
                );
            }
            Some(at) => match disclosure.belongs(entry.id(), parts[at].0) {
                Ok(()) => report.disclosed += 1,
                Err(error) => report.mismatch(
                    index,
                    format!(
                        "what was disclosed of part {} of entry {index} is not its: {error}",
                        parts[at].0
                    ),
                ),
            },
            None => {
                let said = parts
                    .iter()
                    .position(|(part, _)| disclosure.belongs(entry.id(), *part).is_ok());
                let what = said.map_or_else(
                    || "something".to_owned(),
                    |at| format!("part {}", parts[at].0),
                );
                if let Some(at) = said {
                    open[at] = false;
                }
                report.mismatch(index, format!("{what} that was disclosed of entry {index} is not what was recorded: it was changed, or belongs to another event"));
            }
        }
    }
    for ((part, _), _) in parts.iter().zip(&open).filter(|(_, open)| **open) {
        match erasures().of(entry.id(), entry.sequence(), entry.subject_of(*part), *part) {
            Some(by) => report.erased.push(Erased {
                entry: index,
                part: *part,
                by,
            }),
            None => report.withheld += 1,
        }
    }
}

/// A bundle that is to be looked into: which entries, their bytes, and what was disclosed of those of which anything was.
pub(crate) struct Bundle {
    pub(crate) tile: Tile,
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) opened: Vec<(u64, Vec<Disclosure>)>,
    /// The time of the entry before the first.
    pub(crate) last: Option<i64>,
}

impl Bundle {
    /// Looks into its entries. Bundles may be looked into in any order.
    pub(crate) fn look<'e>(self, erasures: &impl Fn() -> &'e Erasures, report: &mut Report) {
        let (mut last, mut opened) = (self.last, self.opened.into_iter().peekable());
        for (bytes, index) in of(self.tile, &self.bytes) {
            let of_it = opened.next_if(|(of, _)| *of == index);
            let of_it = of_it.map(|(_, opened)| opened).unwrap_or_default();
            entry(bytes, index, &of_it, erasures, &mut last, report);
        }
    }
}

/// The entries of a bundle, as many as the tile is wide, with their indexes.
fn of(tile: Tile, bundle: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    let entries = tile::entries(bundle)
        .take(usize::from(tile.width))
        .flatten();
    entries.zip(tile.first()..)
}

/// Hands out bundles in order, each with its disclosures.
pub(crate) struct Hand<R> {
    pub(crate) disclosures: Option<Disclosures<R>>,
    pub(crate) last: Option<i64>,
}

impl<R: BufRead> Hand<R> {
    pub(crate) fn out(
        &mut self,
        tile: Tile,
        bytes: Arc<Vec<u8>>,
        report: &mut Report,
    ) -> Result<Bundle> {
        let mut opened = Vec::new();
        if let Some(disclosures) = &mut self.disclosures {
            for index in (tile.first()..).take(usize::from(tile.width)) {
                let of_it = disclosures.of(index, report)?;
                if !of_it.is_empty() {
                    opened.push((index, of_it));
                }
            }
        }
        let last = self.last;
        let newest = of(tile, &bytes)
            .last()
            .and_then(|(bytes, _)| View::parse(bytes).ok());
        self.last = newest.map(|entry| entry.at()).or(last);
        Ok(Bundle {
            tile,
            bytes,
            opened,
            last,
        })
    }
}
