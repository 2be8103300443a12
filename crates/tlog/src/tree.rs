//! Places in the tree, and the root of any part of it: RFC 6962, section 2.1.

use crate::hash::{EMPTY_ROOT, Hash, node_hash};
use crate::proof::ProofError;

/// The place of a perfect subtree: the leaves `index << level` up to `(index + 1) << level`.
///
/// Level 0 are the leaves; a log of at most `u64::MAX` entries has levels 0 to 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// The height above the leaves, 0 to 63.
    pub level: u8,
    /// Which one of its level, from the left, from 0.
    pub index: u64,
}

/// Why a hash, a root or a proof could not be had from stored hashes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError<E> {
    /// A log of that size has no such thing.
    #[error(transparent)]
    Range(#[from] ProofError),
    /// The source itself failed.
    #[error("the source of hashes failed")]
    Source(#[source] E),
}

/// The root of the first `size` entries, MTH(D\[0:size\]) of RFC 6962, section 2.1.
///
/// `hash_at` is asked for perfect subtrees inside of the log only, at most 64 of them.
pub fn root<E>(size: u64, mut hash_at: impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    match size {
        0 => Ok(EMPTY_ROOT),
        _ => range_root(0, size, &mut hash_at),
    }
}

/// MTH(D\[start:end\]) for a range that the recursion of RFC 6962, section 2.1, can meet: not empty,
/// and starting at a multiple of the smallest power of two that is not less than its length.
pub(crate) fn range_root<E>(
    start: u64,
    end: u64,
    hash_at: &mut impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Hash, E> {
    let length = end - start;
    if length.is_power_of_two() {
        let level = length.ilog2();
        return hash_at(Node {
            level: level.to_le_bytes()[0], // at most 63
            index: start >> level,
        });
    }
    let middle = start + split(length);
    let left = range_root(start, middle, hash_at)?;
    let right = range_root(middle, end, hash_at)?;
    Ok(node_hash(&left, &right))
}

/// The largest power of two less than `length`, which must be at least 2 (RFC 6962, section 2.1).
pub(crate) fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}
