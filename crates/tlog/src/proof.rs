//! Inclusion and consistency proofs: RFC 6962, sections 2.1.1 and 2.1.2.
//!
//! They are made in the order of the RFC's recursion and verified without it: the shape of the path
//! follows from the sizes alone, so its length is known before the first hash is looked at. Two sizes
//! may give the same shape, so a size counts only together with its root, as a checkpoint has them.

use crate::hash::{EMPTY_ROOT, Hash, node_hash};
use crate::tree::{Node, SourceError, range_root, split};

/// Why there is no such proof, or why it proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The log ends before the entry.
    #[error("a log of {size} entries has no entry {index}")]
    Index {
        /// The index that was asked for.
        index: u64,
        /// The size of the log, in entries.
        size: u64,
    },
    /// The older log is larger than the newer.
    #[error("a log of {new} entries cannot be what a log of {old} entries grew into")]
    Sizes {
        /// The size of the older log, in entries.
        old: u64,
        /// The size of the newer log, in entries.
        new: u64,
    },
    /// The proof has too few or too many hashes to be one for these sizes.
    #[error("the proof must have {expected} hashes, not {found}")]
    Length {
        /// How many hashes go with the sizes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The hashes do not lead to the older root.
    #[error("the proof does not lead to the older root")]
    OldRoot,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root")]
    Root,
}

/// PATH(index, D\[size\]) of RFC 6962, section 2.1.1: from the leaf's sibling up.
///
/// `hash_at` is asked for perfect subtrees of the log.
pub fn inclusion<E>(
    index: u64,
    size: u64,
    mut hash_at: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, SourceError<E>> {
    if index >= size {
        return Err(ProofError::Index { index, size }.into());
    }
    // From the root down, and turned round at the end, as the RFC's recursion returns.
    let (mut start, mut end, mut siblings) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            siblings.push((middle, end));
            end = middle;
        } else {
            siblings.push((start, middle));
            start = middle;
        }
    }
    roots(&siblings, &mut hash_at)
}

/// PROOF(old, D\[new\]) of RFC 6962, section 2.1.2.
///
/// Empty if the sizes are the same, or the older log is empty. `hash_at` is asked for perfect
/// subtrees of the newer log.
pub fn consistency<E>(
    old: u64,
    new: u64,
    mut hash_at: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, SourceError<E>> {
    if old > new {
        return Err(ProofError::Sizes { old, new }.into());
    }
    if old == 0 {
        return Ok(Vec::new());
    }
    let (mut start, mut end, mut siblings) = (0, new, Vec::new());
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            siblings.push((middle, end));
            end = middle;
        } else {
            siblings.push((start, middle));
            start = middle;
        }
    }
    // What is left is a subtree of both logs. If it starts at 0 it is the whole older one, and its
    // root is known (the `b` of SUBPROOF).
    if start != 0 {
        siblings.push((start, end));
    }
    roots(&siblings, &mut hash_at)
}

/// The roots of the ranges, last first.
fn roots<E>(
    ranges: &[(u64, u64)],
    hash_at: &mut impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, SourceError<E>> {
    let root = |&(start, end): &(u64, u64)| range_root(start, end, hash_at);
    let hashes: Result<_, E> = ranges.iter().rev().map(root).collect();
    hashes.map_err(SourceError::Source)
}

/// Verifies that `leaf` is entry `index` of the log of `size` entries with this root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Index { index, size });
    }
    let (inner, border) = shape(index, size - 1);
    check_length(path, inner + border)?;
    let (inner, border) = path.split_at(inner);
    let hash = climb(*leaf, inner, index);
    if border.iter().fold(hash, to_the_left) == *root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

/// Verifies that the log of `new` entries begins with the log of `old` entries.
///
/// Nothing is proved about a log that was empty: every log begins so.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Sizes { old, new });
    }
    if old == 0 {
        check_length(proof, 0)?;
        return if *old_root == EMPTY_ROOT {
            Ok(())
        } else {
            Err(ProofError::OldRoot)
        };
    }
    if old == new {
        check_length(proof, 0)?;
        return if old_root == new_root {
            Ok(())
        } else {
            Err(ProofError::Root)
        };
    }
    // The last perfect subtree of the older log is where both paths begin. Seen from its level, it
    // is an inclusion proof for that subtree in the newer log; its left neighbours alone make the
    // older root. If the subtree is the whole older log, the proof leaves it out.
    let level = old.trailing_zeros();
    let last = (old - 1) >> level;
    let (inner, border) = shape(last, (new - 1) >> level);
    let whole = old.is_power_of_two();
    check_length(proof, inner + border + usize::from(!whole))?;
    let (seed, path) = match proof.split_first() {
        Some((seed, path)) if !whole => (*seed, path),
        _ => (*old_root, proof),
    };
    let (inner, border) = path.split_at(inner);
    let on_the_left = bits(last).zip(inner).filter(|(bit, _)| *bit);
    let older = on_the_left.map(|(_, hash)| hash).fold(seed, to_the_left);
    if border.iter().fold(older, to_the_left) != *old_root {
        return Err(ProofError::OldRoot);
    }
    if border.iter().fold(climb(seed, inner, last), to_the_left) == *new_root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

/// How many hashes of the path lie below the point where the ways from the root to `index` and to
/// the last leaf part, and how many above, which all are left neighbours.
fn shape(index: u64, last: u64) -> (usize, usize) {
    let inner = u64::BITS - (index ^ last).leading_zeros();
    let above = index.checked_shr(inner).unwrap_or(0);
    (inner as usize, above.count_ones() as usize)
}

fn check_length(proof: &[Hash], expected: usize) -> Result<(), ProofError> {
    let found = proof.len();
    if found == expected {
        Ok(())
    } else {
        Err(ProofError::Length { expected, found })
    }
}

fn bits(index: u64) -> impl Iterator<Item = bool> {
    (0..u64::BITS).map(move |bit| index >> bit & 1 == 1)
}

/// Joins with the siblings on the way up: an odd index has its sibling on the left.
fn climb(hash: Hash, path: &[Hash], index: u64) -> Hash {
    bits(index).zip(path).fold(hash, |hash, (odd, sibling)| {
        if odd {
            node_hash(sibling, &hash)
        } else {
            node_hash(&hash, sibling)
        }
    })
}

fn to_the_left(hash: Hash, sibling: &Hash) -> Hash {
    node_hash(sibling, &hash)
}
