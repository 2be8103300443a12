//! The proof of one entry, to keep: C2SP `tlog-proof`.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::checkpoint::{Checkpoint, CheckpointError, decimal, hash};
use crate::hash::Hash;
use crate::note::{Note, NoteError};
use crate::proof::{ProofError, verify_inclusion};

/// The first line (`tlog-proof`, "Format").
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The longest path there is: one hash for each bit of a size.
const LONGEST_PATH: usize = 64;

/// An entry's index, its inclusion path and the checkpoint that the path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Data of the application. No signature covers it: it is to be checked against what is signed.
    pub extra: Option<Vec<u8>>,
    /// The entry's index in the log.
    pub index: u64,
    /// From the leaf's sibling up to the child of the root.
    pub path: Vec<Hash>,
    /// The checkpoint: a signed note, as the log gave it.
    pub checkpoint: Vec<u8>,
}

/// Why a file is not a receipt, or proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is not in the form of `tlog-proof`.
    #[error("this is not a c2sp.org/tlog-proof@v1 file: {0}")]
    Form(&'static str),
    /// Its checkpoint is not a note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Its note is not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Its path does not lead from the entry to the root.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl Receipt {
    /// Takes a `.tlog-proof` file apart (`tlog-proof`, "Format").
    pub fn parse(file: &[u8]) -> Result<Self, ReceiptError> {
        let form = ReceiptError::Form;
        let at = file.windows(2).position(|pair| pair == b"\n\n");
        let at = at.ok_or(form("it has no empty line before a checkpoint"))?;
        let head = str::from_utf8(&file[..at]).map_err(|_| form("it is not UTF-8"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(form("its first line is another"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.and_then(|line| line.strip_prefix("extra "));
        let extra = extra.map(|line| STANDARD.decode(line)).transpose();
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let path: Option<Vec<_>> = lines.map(hash).collect();
        let path = path.ok_or(form("a line of its path is not 32 bytes of base64"))?;
        if path.len() > LONGEST_PATH {
            return Err(form("its path is too long"));
        }
        Ok(Self {
            extra: extra.map_err(|_| form("its extra data is not base64"))?,
            index: index.and_then(decimal).ok_or(form("it has no index"))?,
            path,
            checkpoint: file[at + 2..].to_vec(),
        })
    }

    /// The checkpoint's note and what it says, neither of them verified.
    pub fn checkpoint(&self) -> Result<(Note<'_>, Checkpoint), ReceiptError> {
        let note = Note::parse(&self.checkpoint)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok((note, checkpoint))
    }

    /// Verifies that the path leads from this leaf to the root of the checkpoint.
    ///
    /// Whether the checkpoint is to be trusted, [`Note::verify`] tells.
    pub fn verify(&self, leaf: &Hash) -> Result<Checkpoint, ReceiptError> {
        let (_, checkpoint) = self.checkpoint()?;
        let Checkpoint { size, root, .. } = &checkpoint;
        verify_inclusion(leaf, self.index, *size, &self.path, root)?;
        Ok(checkpoint)
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            head += &format!("extra {}\n", STANDARD.encode(extra));
        }
        head += &format!("index {}\n", self.index);
        for hash in &self.path {
            head += &format!("{}\n", STANDARD.encode(hash.as_bytes()));
        }
        [head.as_bytes(), b"\n", &self.checkpoint].concat()
    }
}
