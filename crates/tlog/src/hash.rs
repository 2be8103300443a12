//! The two hashes of a log: RFC 6962, section 2.1.
//!
//! The first byte keeps leaves and nodes apart, so that no entry can be passed off as a piece of the
//! tree, nor a piece of the tree as an entry.

use std::fmt;

use sha2::{Digest, Sha256};

/// What is hashed before a leaf's bytes (RFC 6962, section 2.1).
const LEAF_PREFIX: [u8; 1] = [0x00];

/// What is hashed before the two halves of a node (RFC 6962, section 2.1).
const NODE_PREFIX: [u8; 1] = [0x01];

/// The root of a log with no entries: SHA-256 of nothing (RFC 6962, section 2.1).
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// A SHA-256 hash of a leaf, a node or a whole tree: 32 bytes.
///
/// Hashes are public, so comparing two of them need not be constant in time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Hash::LENGTH]);

impl Hash {
    /// The length of a hash in bytes.
    pub const LENGTH: usize = 32;

    /// Takes 32 bytes as a hash.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

/// Lower-case hexadecimal, 64 characters.
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The hash of one entry: SHA-256(0x00 || entry) (RFC 6962, section 2.1).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut sha = Sha256::new();
    sha.update(LEAF_PREFIX);
    sha.update(entry);
    Hash(sha.finalize().into())
}

/// The hash over two neighbours: SHA-256(0x01 || left || right) (RFC 6962, section 2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut sha = Sha256::new();
    sha.update(NODE_PREFIX);
    sha.update(left.0);
    sha.update(right.0);
    Hash(sha.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        let nothing: [u8; 32] = Sha256::digest([]).into();
        assert_eq!(EMPTY_ROOT, Hash::from_bytes(nothing));
    }

    #[test]
    fn debug_prints_hexadecimal() {
        let text = format!("{EMPTY_ROOT:?}");
        assert!(
            text.starts_with("e3b0c442") && text.ends_with("7852b855"),
            "{text}"
        );
        assert_eq!(text.len(), 64);
    }

    #[test]
    fn an_entry_that_looks_like_a_node_has_another_hash() {
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        let halves = [left.as_bytes().as_slice(), right.as_bytes()].concat();
        assert_ne!(leaf_hash(&halves), node_hash(&left, &right));
    }

    #[test]
    fn the_order_of_neighbours_counts() {
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        assert_ne!(node_hash(&left, &right), node_hash(&right, &left));
    }
}
