//! Entries with what opens their sealed parts, as an auditor is handed them.

use model::part::Disclosure;

use crate::db::params;
use crate::error::{Error, Result};
use crate::seal::{self, Read};
use crate::tree::Log;
use crate::tx::Rx;

/// An entry, and the disclosures of those of its parts that can be opened.
#[derive(Clone, Debug)]
pub struct Disclosed {
    /// Its index in the log.
    pub sequence: u64,
    /// The leaf.
    pub entry: Vec<u8>,
    /// In the order in which the parts were sealed. What was erased has none.
    pub disclosures: Vec<Disclosure>,
}

impl Rx<'_> {
    /// The entries of a log from `first` on, at most `most`, with their disclosures.
    ///
    /// # Errors
    /// [`Error::Internal`] when one is missing, or a part does not open although its key is there.
    pub fn disclosed(&mut self, log: &Log, first: u64, most: u64) -> Result<Vec<Disclosed>> {
        let end = first.saturating_add(most).min(log.size);
        let rows = self.conn.query(
            "SELECT entry, parts FROM entries WHERE place >= $1 AND place < $2 ORDER BY place",
            params![log.place(first), log.place(end)],
        )?;
        if rows.len() as u64 != end.saturating_sub(first) {
            return Err(Error::Internal(format!(
                "entries from {first} on are missing"
            )));
        }
        let organization = log.organization.map(|id| id.to_string());
        let mut disclosed = Vec::with_capacity(rows.len());
        for (row, sequence) in rows.iter().zip(first..) {
            let bytes = row.blob(0)?;
            let entry = model::entry::Entry::parse(bytes)
                .map_err(|error| Error::Internal(format!("entry {sequence}: {error}")))?;
            let parts = seal::open(self, log.id, organization.as_deref(), &entry, row.blob(1)?)?;
            let disclosures = parts.iter().filter_map(|(part, read)| match read {
                Read::Whole(opened) => opened.disclosure(&entry.id, *part),
                Read::Erased => None,
            });
            disclosed.push(Disclosed {
                sequence,
                disclosures: disclosures.collect(),
                entry: bytes.to_vec(),
            });
        }
        Ok(disclosed)
    }
}
