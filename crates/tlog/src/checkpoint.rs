//! A log's size and root, as they are signed: C2SP `tlog-checkpoint`.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::hash::Hash;

/// The text of a checkpoint: which log, how many entries, which root.
///
/// It says nothing about who signed it: a checkpoint is to be trusted only if its note was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's identity; for a log of ours the name of its key.
    pub origin: String,
    /// How many entries the log has.
    pub size: u64,
    /// The root of that many entries.
    pub root: Hash,
    /// More lines, whose meaning is the log's own; none in a log of ours.
    pub extensions: Vec<String>,
}

/// Why a text is not a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It has fewer than three lines, an empty one, or no newline at its end.
    #[error("a checkpoint is at least three lines: origin, size and root, none empty")]
    Lines,
    /// The second line is not a size.
    #[error("the size is not a decimal number without leading zeros")]
    Size,
    /// The third line is not a root.
    #[error("the root is not 32 bytes of base64")]
    Root,
}

impl Checkpoint {
    /// Reads a note's text (`tlog-checkpoint`, "Note text").
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let text = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?;
        let mut lines = text.split('\n').map(str::to_owned);
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        let extensions: Vec<_> = lines.collect();
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Lines);
        }
        Ok(Self {
            origin,
            size: decimal(&size).ok_or(CheckpointError::Size)?,
            root: hash(&root).ok_or(CheckpointError::Root)?,
            extensions,
        })
    }
}

/// The text, each line with its newline.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A decimal number with no leading zeros, unless it is 0.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|digit| digit.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// A hash in base64, with padding.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    let bytes = STANDARD.decode(text).ok()?;
    bytes.try_into().ok().map(Hash::from_bytes)
}
