//! The proof of an append-only log. This crate reads no file, opens no connection, knows no clock and
//! no randomness, and never looks inside an entry: bytes come in, hashes go out.
//!
//! It holds what every writer and every verifier must agree on to the bit:
//!
//! - [`hash`]: leaf and node hashes of RFC 6962, section 2.1;
//! - [`frontier`]: the right edge of the tree, enough to append and to know the root;
//! - [`tree`] and [`proof`]: roots, inclusion and consistency proofs, sections 2.1.1 and 2.1.2;
//! - [`tile`]: tiles and entry bundles, as in C2SP `tlog-tiles`;
//! - [`note`], [`checkpoint`]: what a log signs, as in C2SP `signed-note`, `tlog-checkpoint` and, for
//!   witnesses, `tlog-cosignature` v1;
//! - [`receipt`], [`policy`]: the proof of one entry, and whom a verifier believes, as in C2SP
//!   `tlog-proof` and `tlog-policy`.

pub mod checkpoint;
mod cosignature;
pub mod frontier;
pub mod hash;
pub mod note;
pub mod policy;
pub mod proof;
pub mod receipt;
pub mod tile;
pub mod tree;

pub use checkpoint::Checkpoint;
pub use frontier::{Frontier, FrontierError};
pub use hash::{EMPTY_ROOT, Hash, leaf_hash, node_hash};
pub use note::{KeyKind, KeyName, KeyNameError, Note, SigningKey, VerifierKey};
pub use policy::Policy;
pub use receipt::Receipt;
pub use tile::Tile;
