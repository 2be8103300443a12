//! Tiles and entry bundles: C2SP `tlog-tiles`.
//!
//! A tile is up to 256 neighbouring hashes of one level out of eight; an entry bundle holds the
//! entries under a tile of level 0. [`Tile`] is the name of either, as it stands in a path.

use std::fmt;

use crate::frontier::Frontier;
use crate::hash::{EMPTY_ROOT, Hash, node_hash};
use crate::tree::Node;

/// The width of a full tile, in hashes (`tlog-tiles`, "Merkle Tree").
pub const FULL: u16 = 256;

/// The height of a full tile, in levels of the tree: 256 is 2 to the 8th.
const HEIGHT: u8 = 8;

/// What a tile holds, as the second element of its path says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The entries themselves, in a bundle.
    Entries,
    /// Hashes of the tile level given, 0 to 63: each is the root of 256^level entries.
    Hashes(u8),
}

/// The name of a tile or an entry bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Which one of its level, from the left, from 0.
    pub index: u64,
    /// How many hashes or entries it holds: 1 to 256, less than [`FULL`] in a partial tile.
    pub width: u16,
}

/// A path that names no tile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not the path of a tile or an entry bundle")]
pub struct TilePathError;

impl Tile {
    /// The place of the first hash or entry among those of its level.
    pub const fn first(&self) -> u64 {
        self.index * FULL as u64
    }

    /// Whether nothing can be added to it any more.
    pub const fn is_full(&self) -> bool {
        self.width == FULL
    }

    /// Reads `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`; every tile has exactly one path.
    pub fn parse(path: &str) -> Result<Self, TilePathError> {
        let rest = path.strip_prefix("tile/").ok_or(TilePathError)?;
        let (kind, rest) = rest.split_once('/').ok_or(TilePathError)?;
        let kind = match kind {
            "entries" => Kind::Entries,
            level => Kind::Hashes(number(level, 63)?.to_le_bytes()[0]),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, number(width, 255)?),
            None => (rest, u64::from(FULL)),
        };
        let index = index.split('/').try_fold(String::new(), |digits, group| {
            let group = group.strip_prefix('x').unwrap_or(group);
            let three = group.len() == 3 && group.bytes().all(|digit| digit.is_ascii_digit());
            three.then(|| digits + group).ok_or(TilePathError)
        });
        let tile = Self {
            kind,
            index: index?.parse().map_err(|_| TilePathError)?,
            width: u16::try_from(width).map_err(|_| TilePathError)?,
        };
        let counted = tile.width > 0 && tile.index < u64::MAX / u64::from(FULL);
        // One spelling only: whatever this does not write, it does not read.
        if counted && tile.to_string() == path {
            Ok(tile)
        } else {
            Err(TilePathError)
        }
    }

    /// Every tile of hashes of a log of `size` entries, the lowest level first.
    pub fn of_hashes(size: u64) -> impl Iterator<Item = Self> {
        let last = size.checked_ilog2().unwrap_or(0).to_le_bytes()[0] / HEIGHT;
        (0..=last).flat_map(move |level| {
            tiles(
                Kind::Hashes(level),
                size >> (u32::from(level) * u32::from(HEIGHT)),
            )
        })
    }

    /// Every entry bundle of a log of `size` entries.
    pub fn of_entries(size: u64) -> impl Iterator<Item = Self> {
        tiles(Kind::Entries, size)
    }

    /// The tile that holds what is under a node in a log of `size` entries, at its widest, and the
    /// first of the node's hashes in it with their number.
    ///
    /// Nothing if the node is not a perfect subtree of such a log.
    pub fn of_node(node: Node, size: u64) -> Option<(Self, usize, usize)> {
        let level = node.level / HEIGHT;
        let below = node.level % HEIGHT;
        let hashes = size.checked_shr(u32::from(level) * u32::from(HEIGHT))?;
        let end = node.index.checked_add(1)?.checked_mul(1 << below)?;
        let first = node.index << below;
        let tile = Self {
            kind: Kind::Hashes(level),
            index: first / u64::from(FULL),
            width: FULL,
        };
        let width = u16::try_from((hashes.checked_sub(tile.first())?).min(u64::from(FULL))).ok()?;
        let inside = usize::try_from(first - tile.first()).ok()?;
        (end <= hashes).then_some((Self { width, ..tile }, inside, 1 << below))
    }
}

/// The tiles over so many hashes or entries of one level: the full ones, then the partial one.
fn tiles(kind: Kind, count: u64) -> impl Iterator<Item = Tile> {
    (0..count.div_ceil(u64::from(FULL))).map(move |index| Tile {
        kind,
        index,
        width: u16::try_from(count - index * u64::from(FULL)).map_or(FULL, |left| left.min(FULL)),
    })
}

/// A decimal number of at most three digits without a leading zero.
fn number(text: &str, most: u64) -> Result<u64, TilePathError> {
    let plain = text == "0" || !text.starts_with(['0', '+']);
    let number = text.parse().ok().filter(|number| *number <= most && plain);
    number.ok_or(TilePathError)
}

/// The path under the log's prefix: `tile/<L>/<N>[.p/<W>]`, the index in groups of three digits.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Entries => f.write_str("tile/entries")?,
            Kind::Hashes(level) => write!(f, "tile/{level}")?,
        }
        let digits = self.index.to_string();
        let groups = digits.len().div_ceil(3);
        let digits = format!("{digits:0>width$}", width = groups * 3);
        for group in 0..groups {
            let x = if group + 1 < groups { "x" } else { "" };
            write!(f, "/{x}{}", &digits[group * 3..group * 3 + 3])?;
        }
        if self.is_full() {
            return Ok(());
        }
        write!(f, ".p/{}", self.width)
    }
}

/// The hashes of a tile, given its bytes: nothing if they are not whole hashes.
pub fn hashes(bytes: &[u8]) -> Option<impl ExactSizeIterator<Item = Hash>> {
    let (hashes, rest) = bytes.as_chunks::<{ Hash::LENGTH }>();
    rest.is_empty()
        .then(|| hashes.iter().copied().map(Hash::from_bytes))
}

/// The root of neighbouring hashes of one level, whose number is a power of two.
pub fn perfect_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => EMPTY_ROOT,
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            node_hash(&perfect_root(left), &perfect_root(right))
        }
    }
}

/// Makes the tiles of a log out of its leaves, one leaf after another, and its root at any time.
///
/// It holds less than one tile of each level: at most 64 KiB for any log that a machine can hold.
#[derive(Clone, Debug, Default)]
pub struct Tiler {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Tiler {
    /// For a log with no entries.
    pub const fn new() -> Self {
        Self {
            size: 0,
            levels: Vec::new(),
        }
    }

    /// How many leaves have come: 0 to `u64::MAX`.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next leaf's hash, and gives each tile that it makes full, the lowest level first.
    pub fn push<E>(
        &mut self,
        leaf: Hash,
        full: impl FnMut(Tile, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.size += 1;
        self.add(0, leaf, full)
    }

    /// Takes the next 256 leaves, whose root is `root`, where the leaves so far fill their tiles: as [`Tiler::push`] of each,
    /// without hashing them again.
    ///
    /// # Panics
    /// When there are not 256, or the leaves so far do not fill their tiles.
    pub fn push_full<E>(
        &mut self,
        leaves: &[Hash],
        root: Hash,
        mut full: impl FnMut(Tile, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        assert_eq!(leaves.len(), usize::from(FULL), "a full tile");
        assert!(self.size.is_multiple_of(u64::from(FULL)), "at its place");
        let tile = Tile {
            kind: Kind::Hashes(0),
            index: self.size / u64::from(FULL),
            width: FULL,
        };
        full(tile, leaves)?;
        self.size += u64::from(FULL);
        if self.levels.is_empty() {
            self.levels.push(Vec::with_capacity(usize::from(FULL)));
        }
        self.add(1, root, full)
    }

    fn add<E>(
        &mut self,
        mut level: u8,
        mut hash: Hash,
        mut full: impl FnMut(Tile, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::with_capacity(usize::from(FULL)));
            }
            let hashes = &mut self.levels[at];
            hashes.push(hash);
            if hashes.len() < usize::from(FULL) {
                return Ok(());
            }
            let span = u32::from(HEIGHT) * (u32::from(level) + 1);
            let tile = Tile {
                kind: Kind::Hashes(level),
                index: (self.size >> span) - 1,
                width: FULL,
            };
            full(tile, hashes)?;
            hash = perfect_root(hashes);
            hashes.clear();
            level += 1;
        }
    }

    /// The partial tiles at the right edge, the lowest level first.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        self.levels
            .iter()
            .zip(0_u8..)
            .filter(|(hashes, _)| !hashes.is_empty())
            .map(|(hashes, level)| {
                let span = u32::from(HEIGHT) * (u32::from(level) + 1);
                let tile = Tile {
                    kind: Kind::Hashes(level),
                    index: self.size.checked_shr(span).unwrap_or(0),
                    width: u16::try_from(hashes.len()).unwrap_or(FULL),
                };
                (tile, hashes.as_slice())
            })
    }

    /// The root of all leaves that have come.
    ///
    /// What is to the right of a level's hashes is smaller than any of them, so the recursion of
    /// RFC 6962, section 2.1, treats it as one more of them.
    pub fn root(&self) -> Hash {
        let mut right = None;
        for hashes in &self.levels {
            let mut edge = Frontier::new();
            for hash in hashes.iter().copied().chain(right) {
                // At most 257 hashes: it cannot be full.
                let _: Result<_, _> = edge.push(hash);
            }
            right = (edge.size() > 0).then(|| edge.root());
        }
        right.unwrap_or(EMPTY_ROOT)
    }
}

/// Why bytes are not an entry bundle, or an entry cannot be in one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The bundle ends inside of an entry or its length.
    #[error("the bundle ends in the middle of its entry {0}")]
    Cut(usize),
    /// The entry is longer than two bytes can say.
    #[error("an entry may have at most 65535 bytes, not {0}")]
    TooLong(usize),
}

/// Adds an entry to a bundle: its length in two bytes, big-endian, then its bytes
/// (`tlog-tiles`, "Log entries").
pub fn put_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle, in order. After an error comes nothing more.
pub fn entries(bundle: &[u8]) -> impl Iterator<Item = Result<&[u8], BundleError>> {
    let (mut rest, mut count) = (bundle, 0);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let split = rest.split_first_chunk::<2>().and_then(|(length, after)| {
            after.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        });
        let Some((entry, after)) = split else {
            rest = &[];
            return Some(Err(BundleError::Cut(count)));
        };
        rest = after;
        count += 1;
        Some(Ok(entry))
    })
}
