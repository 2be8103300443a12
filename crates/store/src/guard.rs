//! The guard: what a process remembers outside of the database, so that a restored backup cannot make it forget.
//!
//! For each log the newest checkpoint that this process signed or saw, in a file named after the log. The folder is not
//! in the data folder: whoever restores the data does not restore it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use model::id::LogId;

use crate::error::{Error, Result};

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
            Err(error) => Err(broken(&self.file(log), &error)),
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

    fn replace(&self, file: &Path, bytes: &[u8]) -> Result<()> {
        let draft = file.with_extension(format!("new-{}", std::process::id()));
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut draft| {
                draft.write_all(bytes)?;
                draft.sync_all()
            })
            .and_then(|()| std::fs::rename(&draft, file))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        written.map_err(|error| broken(file, &error))
    }
}

fn broken(file: &Path, error: &std::io::Error) -> Error {
    Error::Instance(format!("the guard file {}: {error}", file.display()))
}
