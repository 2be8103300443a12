//! Entries with what opens their sealed parts, as an auditor is handed them.

use model::entry::View;
use model::id::WorkspaceId;
use model::part::{Disclosure, PartName};

use crate::db::params;
use crate::error::{Error, Result};
use crate::seal::{self, Read, Stored};
use crate::search::{fitting, in_order, withhold};
use crate::tree::Log;
use crate::tx::Rx;

/// An entry, and the disclosures of those of its parts that can be opened.
#[derive(Clone, Debug)]
pub struct Disclosed {
    /// Its index in the log.
    pub sequence: u64,
    /// The leaf.
    pub entry: Vec<u8>,
    /// In the order in which the parts were sealed. What is gone has none.
    pub disclosures: Vec<Disclosure>,
}

/// An event to be written out as a row: its entry, and its parts as far as they open.
pub struct Opened<'a> {
    /// What is in clear.
    pub entry: &'a View<'a>,
    parts: &'a [(PartName, Read)],
}

impl Opened<'_> {
    /// The value of a part, as JSON; none where it cannot be read.
    pub fn part(&self, name: PartName) -> Option<&str> {
        let (_, read) = self.parts.iter().find(|(part, _)| *part == name)?;
        match read {
            Read::Whole(opened) => opened.value_text(),
            Read::Gone | Read::Withheld => None,
        }
    }

    /// The values of the parts `changes/<n>` that can be read, as JSON, in the order of the entry.
    pub fn changes(&self) -> impl Iterator<Item = &str> {
        let parts = self.entry.commitments().map(|(part, _)| part);
        let changes = parts.filter(|part| part.change_index().is_some());
        changes.filter_map(|part| self.part(part))
    }
}

impl Rx<'_> {
    /// The entries of a log from `first` on, at most `most`, with their disclosures; no more than are opened at once
    /// ([`MOST_BYTES`](crate::MOST_BYTES)), but one at least, if there is one.
    ///
    /// # Errors
    /// [`Error::Internal`] when one is missing, or a part does not open although its key is there.
    pub fn disclosed(&mut self, log: &Log, first: u64, most: u64) -> Result<Vec<Disclosed>> {
        self.disclosed_as(log, first, most, |one| one)
    }

    /// As [`Rx::disclosed`], with what `make` makes of each, which may be done on two threads.
    ///
    /// # Errors
    /// As there.
    pub fn disclosed_as<T: Send>(
        &mut self,
        log: &Log,
        first: u64,
        most: u64,
        make: impl Fn(Disclosed) -> T + Sync,
    ) -> Result<Vec<T>> {
        let mut end = first.saturating_add(most).min(log.size);
        let sizes = self.conn.query(
            "SELECT CAST(length(parts) AS BIGINT) FROM entries WHERE place >= $1 AND place < $2 ORDER BY place",
            params![log.place(first), log.place(end)],
        )?;
        let sizes: std::result::Result<Vec<u64>, _> = sizes.iter().map(|row| row.size(0)).collect();
        let sizes = sizes?;
        // Where one is missing, all are asked for, and that is said.
        if sizes.len() as u64 == end.saturating_sub(first) {
            end = first + fitting(sizes.into_iter()) as u64;
        }
        // One piece of memory for all rows: entry, parts, entry, parts, ...
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        self.conn.each(
            "SELECT entry, parts FROM entries WHERE place >= $1 AND place < $2 ORDER BY place",
            params![log.place(first), log.place(end)],
            &mut |row| {
                for column in row {
                    bytes.extend_from_slice(column);
                    ends.push(bytes.len());
                }
            },
        )?;
        if ends.len() as u64 != end.saturating_sub(first) * 2 {
            return Err(Error::Internal(format!(
                "of the entries {first} to {end} only {} are there",
                ends.len() / 2
            )));
        }
        let starts = std::iter::once(0).chain(ends.iter().skip(1).step_by(2).copied());
        let rows = starts.zip(ends.as_chunks::<2>().0).zip(first..);
        let rows: Vec<Stored<'_>> = rows
            .map(|((start, [middle, end]), sequence)| Stored {
                sequence,
                entry: &bytes[start..*middle],
                parts: &bytes[*middle..*end],
            })
            .collect();
        self.disclose(log, &rows, None, make)
    }

    /// The entries at these places of a log, with their disclosures, in order. For an administrator of one workspace those of
    /// what people are in others are withheld.
    ///
    /// # Errors
    /// As [`Rx::disclosed`].
    pub fn disclosed_in(
        &mut self,
        log: &Log,
        places: &[u64],
        members_of: Option<WorkspaceId>,
    ) -> Result<Vec<Disclosed>> {
        let sequences: Vec<i64> = places.iter().map(|one| one.cast_signed()).collect();
        let rows = self.stored(log.place(0), &sequences)?;
        self.disclose(log, &in_order(&rows, &sequences)?, members_of, |one| one)
    }

    /// The events at these places of a log, in order, as what `make` makes of each, which may be done on two threads. For an
    /// administrator of one workspace what people are in others is withheld.
    ///
    /// # Errors
    /// As [`Rx::disclosed`], and those of `make`.
    pub fn opened_in<T: Send>(
        &mut self,
        log: &Log,
        places: &[u64],
        members_of: Option<WorkspaceId>,
        make: impl Fn(&Opened<'_>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let sequences: Vec<i64> = places.iter().map(|one| one.cast_signed()).collect();
        let rows = self.stored(log.place(0), &sequences)?;
        let organization = log.organization.map(|id| id.to_string());
        seal::open_all(
            self,
            log.id,
            organization.as_deref(),
            &in_order(&rows, &sequences)?,
            |row, mut parts| {
                withhold(members_of, row.entry.target_type(), &mut parts);
                make(&Opened {
                    entry: &row.entry,
                    parts: &parts,
                })
            },
        )
    }

    /// Rows of a log from `first` on, at most `most`: each an entry and its sealed parts.
    pub(crate) fn rows(
        &mut self,
        log: &Log,
        first: u64,
        most: u64,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let end = first.saturating_add(most).min(log.size);
        let mut rows = Vec::new();
        self.conn.each(
            "SELECT entry, parts FROM entries WHERE place >= $1 AND place < $2 ORDER BY place",
            params![log.place(first), log.place(end)],
            &mut |row| {
                if let [entry, parts] = row {
                    rows.push((entry.to_vec(), parts.to_vec()));
                }
            },
        )?;
        Ok(rows)
    }

    fn disclose<T: Send>(
        &mut self,
        log: &Log,
        rows: &[Stored<'_>],
        members_of: Option<WorkspaceId>,
        make: impl Fn(Disclosed) -> T + Sync,
    ) -> Result<Vec<T>> {
        let organization = log.organization.map(|id| id.to_string());
        seal::open_all(
            self,
            log.id,
            organization.as_deref(),
            rows,
            |row, mut parts| {
                withhold(members_of, row.entry.target_type(), &mut parts);
                let opened = parts.iter().filter_map(|(part, read)| match read {
                    Read::Whole(opened) => opened.disclosure(row.entry.id(), *part),
                    Read::Gone | Read::Withheld => None,
                });
                Ok(make(Disclosed {
                    sequence: row.row.sequence,
                    disclosures: opened.collect(),
                    entry: row.row.entry.to_vec(),
                }))
            },
        )
    }
}
