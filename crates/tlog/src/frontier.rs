//! The right edge of a log: all that is needed to append to it and to know its root.
//!
//! A log of `size` entries is a row of perfect subtrees, one for each 1 in the binary form of `size`,
//! the largest on the left (the split of RFC 6962, section 2.1, taken all the way down). Their roots
//! are the frontier: at most 64 hashes, however long the log is.

use crate::hash::{EMPTY_ROOT, Hash, leaf_hash, node_hash};

/// The roots of the perfect subtrees at the right edge of a log, largest first, and the log's size.
///
/// The number of roots is always the number of ones in the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

/// Why a frontier cannot be read or grown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontierError {
    /// The log already has `u64::MAX` entries. Nothing was changed.
    #[error("the log is full: it holds as many entries as a 64-bit size can count")]
    Full,
    /// The stored bytes are not the hashes that a log of this size has.
    #[error("a log of {size} entries has a frontier of {expected} bytes, not {found}")]
    Length {
        /// The size that the frontier is said to have, in entries.
        size: u64,
        /// The length that goes with that size, in bytes.
        expected: usize,
        /// The length that was found, in bytes.
        found: usize,
    },
}

impl Frontier {
    /// The frontier of a log with no entries.
    pub const fn new() -> Self {
        Self {
            size: 0,
            roots: Vec::new(),
        }
    }

    /// How many entries the log has: 0 to `u64::MAX`.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends an entry that is already hashed (see [`leaf_hash`]) and returns its index.
    ///
    /// Fails with [`FrontierError::Full`] at `u64::MAX` entries, and then leaves the log as it was.
    pub fn push(&mut self, leaf: Hash) -> Result<u64, FrontierError> {
        let index = self.size;
        let size = index.checked_add(1).ok_or(FrontierError::Full)?;
        // Adding one carries through the trailing ones of the size; each carry joins two subtrees of
        // the same height, exactly as each carry joins two digits.
        let kept = self.roots.len() - index.trailing_ones() as usize;
        let root = self
            .roots
            .drain(kept..)
            .rev()
            .fold(leaf, |right, left| node_hash(&left, &right));
        self.roots.push(root);
        self.size = size;
        Ok(index)
    }

    /// Appends an entry, given its bytes, and returns its index.
    ///
    /// Fails with [`FrontierError::Full`] at `u64::MAX` entries, and then leaves the log as it was.
    pub fn append(&mut self, entry: &[u8]) -> Result<u64, FrontierError> {
        self.push(leaf_hash(entry))
    }

    /// The root of the whole log: MTH of RFC 6962, section 2.1.
    pub fn root(&self) -> Hash {
        self.roots
            .iter()
            .copied()
            .rev()
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or(EMPTY_ROOT)
    }

    /// The hashes one after another, largest subtree first: 32 bytes for each 1 in the size.
    ///
    /// The size is not in the bytes; it is kept beside them, where it can be compared.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots
            .iter()
            .flat_map(Hash::as_bytes)
            .copied()
            .collect()
    }

    /// Takes back what [`Frontier::to_bytes`] gave for a log of `size` entries.
    ///
    /// Fails with [`FrontierError::Length`] if the number of hashes does not go with the size. That is
    /// all that can be seen here: whether they are the right hashes, only a trusted root can tell.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, FrontierError> {
        let expected = size.count_ones() as usize * Hash::LENGTH;
        let (hashes, rest) = bytes.as_chunks::<{ Hash::LENGTH }>();
        if bytes.len() != expected || !rest.is_empty() {
            return Err(FrontierError::Length {
                size,
                expected,
                found: bytes.len(),
            });
        }
        Ok(Self {
            size,
            roots: hashes.iter().copied().map(Hash::from_bytes).collect(),
        })
    }
}
