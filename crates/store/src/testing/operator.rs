//! Whoever owns the database, and edits a log past Annals. The triggers that refuse it are dropped first.

use std::fmt::Write as _;

use super::raw::Raw;
use crate::Location;

/// An owner of a database who changes the log of its only organization.
pub struct Operator {
    raw: Raw,
    /// The place of the log's first entry among all entries.
    first_place: i64,
}

/// All of a log that the owner of a database can put back.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The entries, each with its sealed parts.
    pub rows: Vec<(Vec<u8>, Vec<u8>)>,
    frontier: Vec<u8>,
}

const LOG: &str = "organization_id IS NOT NULL";

impl Operator {
    /// Connects, and drops every trigger that stands in the way.
    pub fn over(location: &Location) -> Self {
        let mut raw = Raw::open(location);
        match &raw {
            Raw::Sqlite(_) => {
                let triggers = raw.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'");
                for trigger in triggers {
                    raw.must(&format!("DROP TRIGGER {}", trigger[0].text()));
                }
            }
            Raw::Postgres(_) => {
                for table in ["entries", "logs", "checkpoints"] {
                    raw.must(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"));
                }
            }
        }
        let first_place = raw.number(&format!("SELECT first_place FROM logs WHERE {LOG}"));
        Self { raw, first_place }
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        match self.raw {
            Raw::Sqlite(_) => format!("X'{hex}'"),
            Raw::Postgres(_) => format!("'\\x{hex}'::bytea"),
        }
    }

    /// All of the log.
    pub fn keep(&mut self) -> Kept {
        let first = self.first_place;
        let rows = self.raw.rows(&format!(
            "SELECT entry, parts FROM entries WHERE place >= {first} AND place < {first} + 1099511627776 ORDER BY place"
        ));
        let frontier = self
            .raw
            .rows(&format!("SELECT frontier FROM logs WHERE {LOG}"));
        Kept {
            rows: rows
                .iter()
                .map(|row| (row[0].blob().to_vec(), row[1].blob().to_vec()))
                .collect(),
            frontier: frontier[0][0].blob().to_vec(),
        }
    }

    /// Puts all of the log back as it was.
    pub fn put_back(&mut self, kept: &Kept) {
        let (first, size) = (self.first_place, kept.rows.len());
        let mut sql = format!(
            "BEGIN; DELETE FROM entries WHERE place >= {first} AND place < {first} + 1099511627776;"
        );
        for (place, (entry, parts)) in (first..).zip(&kept.rows) {
            let (entry, parts) = (self.bytes(entry), self.bytes(parts));
            let _ = write!(
                sql,
                "INSERT INTO entries (place, entry, parts) VALUES ({place}, {entry}, {parts});"
            );
        }
        let frontier = self.bytes(&kept.frontier);
        let _ = write!(
            sql,
            "UPDATE logs SET size = {size}, frontier = {frontier} WHERE {LOG}; COMMIT;"
        );
        self.raw.must(&sql);
    }

    /// Writes other bytes in place of an entry.
    pub fn update(&mut self, index: usize, entry: &[u8]) {
        let (place, entry) = (self.place(index), self.bytes(entry));
        self.raw.must(&format!(
            "UPDATE entries SET entry = {entry} WHERE place = {place}"
        ));
    }

    /// Writes other sealed parts beside an entry.
    pub fn update_parts(&mut self, index: usize, parts: &[u8]) {
        let (place, parts) = (self.place(index), self.bytes(parts));
        self.raw.must(&format!(
            "UPDATE entries SET parts = {parts} WHERE place = {place}"
        ));
    }

    /// Takes an entry away, and leaves a gap.
    pub fn delete(&mut self, index: usize) {
        let place = self.place(index);
        self.raw
            .must(&format!("DELETE FROM entries WHERE place = {place}"));
    }

    /// Moves all entries from one on by so many places.
    pub fn shift(&mut self, from: usize, by: i64) {
        let (first, place) = (self.first_place, self.place(from));
        // There and back below zero, so that no two are at one place on the way.
        self.raw.must(&format!(
            "UPDATE entries SET place = -place - 1 WHERE place >= {place} AND place < {first} + 1099511627776; \
             UPDATE entries SET place = -place - 1 + {by} WHERE place < 0;"
        ));
    }

    /// Writes an entry where there is none.
    pub fn insert(&mut self, index: usize, entry: &[u8], parts: &[u8]) {
        let (place, entry, parts) = (self.place(index), self.bytes(entry), self.bytes(parts));
        self.raw.must(&format!(
            "INSERT INTO entries (place, entry, parts) VALUES ({place}, {entry}, {parts})"
        ));
    }

    /// The newest checkpoint, as it was signed, and the verifier key; for whoever only looks.
    pub fn checkpoint_of(location: &Location) -> (String, String) {
        let rows = Raw::open(location).rows(&format!(
            "SELECT c.note, l.vkey FROM logs l JOIN checkpoints c ON c.log_id = l.id WHERE l.{LOG}"
        ));
        (rows[0][0].text().to_owned(), rows[0][1].text().to_owned())
    }

    /// A tile of hashes that the database keeps.
    pub fn tile(&mut self, level: u8, number: u64) -> Option<Vec<u8>> {
        let rows = self.raw.rows(&format!(
            "SELECT t.hashes FROM logs l JOIN tiles t ON t.log_id = l.id \
             WHERE l.{LOG} AND t.level = {level} AND t.number = {number}"
        ));
        rows.first().map(|row| row[0].blob().to_vec())
    }

    /// Writes other hashes in place of a tile that the database keeps.
    pub fn update_tile(&mut self, level: u8, number: u64, hashes: &[u8]) {
        let hashes = self.bytes(hashes);
        self.raw.must(&format!(
            "UPDATE tiles SET hashes = {hashes} WHERE level = {level} AND number = {number} \
             AND log_id = (SELECT id FROM logs WHERE {LOG})"
        ));
    }

    fn place(&self, index: usize) -> i64 {
        let index = i64::try_from(index).expect("a small index");
        self.first_place + index
    }
}
