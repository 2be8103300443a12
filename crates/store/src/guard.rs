//! The guard: what a process remembers outside of the database, so that a restored backup cannot make it forget.
//!
//! For each log the newest checkpoint that this process signed or saw, in a file named after the log. The folder is not
//! in the data folder: whoever restores the data does not restore it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use model::id::{EventId, LogId, OrganizationId, UserId};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The list of erasures.
const ERASURES: &str = "erasures.jsonl";
/// The file that is locked while another is replaced.
const LOCK: &str = "lock";

/// An erasure as the guard keeps it: enough to do it again in a restored backup, and nothing about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Kept {
    /// Of a person.
    Person {
        /// In which organization; none for the account and everywhere.
        organization: Option<OrganizationId>,
        /// Whom.
        subject: UserId,
    },
    /// Of one part of one event.
    Part {
        /// In which organization.
        organization: OrganizationId,
        /// The event.
        event: EventId,
        /// The name of the part.
        part: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cancelled: bool,
    what: Kept,
}

/// A folder outside of the database.
#[derive(Clone, Debug)]
pub struct Guard {
    folder: PathBuf,
}

impl Guard {
    /// The guard in a folder, which must exist.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn file(&self, log: LogId) -> PathBuf {
        self.folder.join(format!("{log}.checkpoint"))
    }

    /// The newest checkpoint that was kept of a log: a signed note.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn load(&self, log: LogId) -> Result<Option<Vec<u8>>> {
        match std::fs::read(self.file(log)) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(broken(&self.file(log), error)),
        }
    }

    /// Keeps a checkpoint in place of the one before. When this returns, it outlives a loss of power; if the machine stops
    /// here, either the one or the other is there, whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, log: LogId, note: &str) -> Result<()> {
        self.replace(&self.file(log), note.as_bytes())
    }

    /// The erasures that were kept.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn erasures(&self) -> Result<Vec<Kept>> {
        let file = self.folder.join(ERASURES);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(broken(&file, error)),
        };
        let mut kept: Vec<Kept> = Vec::new();
        for line in text.lines() {
            // A line that was cut off when the machine stopped was not synced: its erasure has not happened.
            let Ok(line) = serde_json::from_str::<Line>(line) else {
                continue;
            };
            kept.retain(|one| *one != line.what);
            if !line.cancelled {
                kept.push(line.what);
            }
        }
        Ok(kept)
    }

    /// Keeps an erasure, before it is done. When this returns, it outlives a loss of power.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_erasure(&self, what: &Kept) -> Result<()> {
        self.keep_erasures(std::slice::from_ref(what))
    }

    /// Keeps several, at once.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep_erasures(&self, all: &[Kept]) -> Result<()> {
        self.append(all, false)
    }

    /// An erasure that was kept was refused.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn cancel_erasure(&self, what: &Kept) -> Result<()> {
        self.cancel_erasures(std::slice::from_ref(what))
    }

    /// Several were.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn cancel_erasures(&self, all: &[Kept]) -> Result<()> {
        self.append(all, true)
    }

    fn append(&self, all: &[Kept], cancelled: bool) -> Result<()> {
        if all.is_empty() {
            return Ok(());
        }
        let file = self.folder.join(ERASURES);
        let mut text = String::new();
        for what in all {
            let what = what.clone();
            let line = serde_json::to_string(&Line { cancelled, what })
                .map_err(|error| Error::Internal(error.to_string()))?;
            // After a line that was cut off, a new one begins.
            text.push_str(&format!("\n{line}\n"));
        }
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&file)
            .and_then(|mut list| {
                list.write_all(text.as_bytes())?;
                list.sync_all()
            })
            .and_then(|()| File::open(&self.folder)?.sync_all());
        written.map_err(|error| broken(&file, error))
    }

    fn replace(&self, file: &Path, bytes: &[u8]) -> Result<()> {
        let open = |path: &Path, truncate| {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(truncate);
            options.mode(0o600).open(path)
        };
        let replace = || {
            // Processes that share a guard may be in containers of their own, where each has the same number: so the draft's
            // name cannot tell them apart, and one waits for the other.
            let lock = open(&self.folder.join(LOCK), false)?;
            lock.lock()?;
            let draft = file.with_extension("new");
            let mut drafted = open(&draft, true)?;
            drafted.write_all(bytes)?;
            drafted.sync_all()?;
            std::fs::rename(&draft, file)?;
            File::open(&self.folder)?.sync_all()
        };
        replace().map_err(|error| broken(file, error))
    }
}

fn broken(file: &Path, error: std::io::Error) -> Error {
    let file = file.to_owned();
    Error::Guard { file, error }
}

#[cfg(test)]
mod tests {
    use model::clock::{SystemClock, SystemEntropy};

    use super::*;
    use crate::testing::temp_dir;

    #[test]
    fn two_who_share_a_guard_never_leave_half_a_checkpoint() {
        let folder = temp_dir();
        let log = LogId::new(&SystemClock, &SystemEntropy);
        let notes = ["short\n".to_owned(), "a longer one\n".repeat(500)];
        std::thread::scope(|threads| {
            for note in &notes {
                let guard = Guard::new(folder.path());
                threads.spawn(move || {
                    for _ in 0..100 {
                        guard.save(log, note).expect("kept");
                    }
                });
            }
            let guard = Guard::new(folder.path());
            for _ in 0..1000 {
                let Some(note) = guard.load(log).expect("read") else {
                    continue;
                };
                assert!(notes.iter().any(|one| one.as_bytes() == note));
            }
        });
    }
}
