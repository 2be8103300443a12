//! Tiles and bundles: their paths, which there are, and what is in them, against the standard's
//! facts and an independent implementation.

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;
use tlog::tile::{self, BundleError, Kind, Tiler};
use tlog::tree::{Node, root};
use tlog::{EMPTY_ROOT, Frontier, Hash, Tile, leaf_hash};

fn path(kind: Kind, index: u64, width: u16) -> String {
    Tile { kind, index, width }.to_string()
}

/// The standard's own example, 1234067, and the places where a group of digits begins.
#[test]
fn an_index_is_written_in_groups_of_three_digits() {
    for (index, written) in [
        (0, "000"),
        (1, "001"),
        (67, "067"),
        (273, "273"),
        (999, "999"),
        (1000, "x001/000"),
        (12_345, "x012/345"),
        (1_234_067, "x001/x234/067"),
    ] {
        assert_eq!(
            path(Kind::Hashes(0), index, 256),
            format!("tile/0/{written}")
        );
        assert_eq!(
            path(Kind::Entries, index, 3),
            format!("tile/entries/{written}.p/3")
        );
    }
}

#[test]
fn a_path_has_one_spelling() {
    for bad in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/+1",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0//000",
        "tile/0/a00",
        "tile/0/٠٠٠",
        "tile/data/000",
        "tile/entries",
        "tile/Entries/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/../000",
        "tile/0/000%2ep/1",
    ] {
        assert!(Tile::parse(bad).is_err(), "{bad:?} was read");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(level in 0_u8..=63, entries: bool, index in 0..u64::MAX / 256, width in 1_u16..=256) {
        let kind = if entries { Kind::Entries } else { Kind::Hashes(level) };
        let tile = Tile { kind, index, width };
        prop_assert_eq!(Tile::parse(&tile.to_string()), Ok(tile));
    }

    #[test]
    fn reading_a_path_never_panics(path in "(tile/)?[0-9a-z/x.p+]{0,40}") {
        if let Ok(tile) = Tile::parse(&path) {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn reading_a_bundle_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let read: Vec<_> = tile::entries(&bytes).collect();
        let mut again = Vec::new();
        for entry in read.iter().flatten() {
            tile::put_entry(&mut again, entry).expect("it was short enough before");
        }
        prop_assert!(bytes.starts_with(&again));
        prop_assert_eq!(read.iter().all(Result::is_ok), again == bytes);
    }

    /// Every hash that the tree can ask for is in the tile that it is said to be in.
    #[test]
    fn a_node_is_found_in_its_tile(size in 1_u64..70_000, level in 0_u8..17, at in 0.0_f64..1.0) {
        let count = size >> level;
        prop_assume!(count > 0);
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]
        let index = (count as f64 * at) as u64;
        let node = Node { level, index };
        let (tile, first, width) = Tile::of_node(node, size).expect("it is inside");
        prop_assert!(Tile::of_hashes(size).any(|one| one == tile), "{tile} is not there");
        let tile_level = match tile.kind { Kind::Hashes(level) => level, Kind::Entries => 99 };
        prop_assert_eq!(tile_level, level / 8);
        prop_assert_eq!((tile.first() + first as u64) << (8 * tile_level), index << level);
        prop_assert_eq!(width, 1 << (level % 8));
        prop_assert!(first + width <= usize::from(tile.width));
        prop_assert_eq!(Tile::of_node(Node { level, index: count }, size), None);
    }
}

#[test]
fn a_node_outside_of_any_log_is_in_no_tile() {
    for node in [
        Node {
            level: 63,
            index: u64::MAX,
        },
        Node {
            level: 7,
            index: u64::MAX,
        },
        Node {
            level: 0,
            index: u64::MAX,
        },
        Node {
            level: 200,
            index: 0,
        },
    ] {
        assert_eq!(Tile::of_node(node, u64::MAX), None, "{node:?}");
    }
}

/// Sizes 256 and 70,000 are the standard's examples ("Partial Tiles").
#[test]
fn a_log_has_the_tiles_that_the_standard_counts() {
    let expected: [(u64, &[&str], &str); 4] = [
        (1, &["tile/0/000.p/1"], "tile/entries/000.p/1"),
        (256, &["tile/0/000", "tile/1/000.p/1"], "tile/entries/000"),
        (
            257,
            &["tile/0/001.p/1", "tile/1/000.p/1"],
            "tile/entries/001.p/1",
        ),
        (
            70_000,
            &[
                "tile/0/273.p/112",
                "tile/1/000",
                "tile/1/001.p/17",
                "tile/2/000.p/1",
            ],
            "tile/entries/273.p/112",
        ),
    ];
    for (size, some, last) in expected {
        let all: Vec<_> = Tile::of_hashes(size).map(|tile| tile.to_string()).collect();
        for tile in some {
            assert!(
                all.iter().any(|one| one == tile),
                "{size}: {tile} is not in {all:?}"
            );
        }
        assert_eq!(
            Tile::of_entries(size)
                .last()
                .map(|tile| tile.to_string())
                .as_deref(),
            Some(last)
        );
    }
    assert_eq!(Tile::of_hashes(70_000).count(), 274 + 2 + 1);
    assert_eq!(
        Tile::of_hashes(65_536)
            .map(|tile| tile.to_string())
            .last()
            .as_deref(),
        Some("tile/2/000.p/1")
    );
    assert_eq!(Tile::of_hashes(0).count() + Tile::of_entries(0).count(), 0);
    assert_eq!(Tile::of_hashes(u64::MAX).take(3).count(), 3);
}

/// Everything that the tiles of a log of this size hold, and its root by them.
fn tiled(leaves: &[Hash]) -> (BTreeMap<Tile, Vec<Hash>>, Hash) {
    tiled_by(1, leaves)
}

/// The same, where so many leaves come at once, as long as there are so many: one or 256.
fn tiled_by(at_once: usize, leaves: &[Hash]) -> (BTreeMap<Tile, Vec<Hash>>, Hash) {
    let (mut tiles, mut tiler) = (BTreeMap::new(), Tiler::new());
    let mut keep = |tile, hashes: &[Hash]| -> Result<(), Infallible> {
        assert!(
            tiles.insert(tile, hashes.to_vec()).is_none(),
            "{tile} came twice"
        );
        Ok(())
    };
    for some in leaves.chunks(at_once) {
        if some.len() == 256 {
            let Ok(()) = tiler.push_full(some, tile::perfect_root(some), &mut keep);
        } else {
            for leaf in some {
                let Ok(()) = tiler.push(*leaf, &mut keep);
            }
        }
    }
    assert_eq!(tiler.size(), leaves.len() as u64);
    for (tile, hashes) in tiler.partial() {
        assert!(
            tiles.insert(tile, hashes.to_vec()).is_none(),
            "{tile} came twice"
        );
    }
    (tiles, tiler.root())
}

fn leaves(size: u64) -> Vec<Hash> {
    (0..size)
        .map(|index| leaf_hash(&index.to_be_bytes()))
        .collect()
}

const SIZES: [u64; 12] = [
    0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 131_072,
];

#[test]
fn the_tiles_made_are_those_that_a_log_of_that_size_has() {
    for size in SIZES {
        let (tiles, _) = tiled(&leaves(size));
        let mut expected: Vec<_> = Tile::of_hashes(size).collect();
        expected.sort();
        assert_eq!(
            tiles.keys().copied().collect::<Vec<_>>(),
            expected,
            "{size}"
        );
        assert!(
            tiles
                .iter()
                .all(|(tile, hashes)| hashes.len() == usize::from(tile.width))
        );
    }
}

#[test]
fn leaves_that_come_a_tile_at_once_give_the_same_tiles() {
    for size in SIZES {
        let leaves = leaves(size);
        assert!(tiled_by(256, &leaves) == tiled(&leaves), "{size}");
    }
}

#[test]
fn tiles_frontier_and_tree_agree_on_the_root() {
    for size in SIZES {
        let (tiles, by_tiler) = tiled(&leaves(size));
        let mut frontier = Frontier::new();
        for leaf in leaves(size) {
            frontier.push(leaf).expect("room");
        }
        let by_tree = root(size, |node| -> Result<Hash, Infallible> {
            let (tile, first, width) = Tile::of_node(node, size).expect("inside");
            Ok(tile::perfect_root(&tiles[&tile][first..first + width]))
        });
        assert_eq!(Ok(frontier.root()), by_tree, "{size}");
        assert_eq!(frontier.root(), by_tiler, "{size}");
    }
    assert_eq!(Tiler::new().root(), EMPTY_ROOT);
}

/// The same tiles, made by the crate `tlog_tiles` from the hashes that it stores.
#[test]
fn another_implementation_makes_the_same_tiles() {
    struct Stored(Vec<tlog_tiles::Hash>);
    impl tlog_tiles::HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
            let at = |index: &u64| self.0[usize::try_from(*index).expect("small")];
            Ok(indexes.iter().map(at).collect())
        }
    }
    let size = 66_000_u64;
    let mut stored = Stored(Vec::new());
    for index in 0..size {
        let more = tlog_tiles::stored_hashes(index, &index.to_be_bytes(), &stored);
        stored.0.extend(more.expect("hashes"));
    }
    let (tiles, root) = tiled(&leaves(size));
    assert_eq!(
        tlog_tiles::tree_hash(size, &stored).expect("root").0,
        *root.as_bytes()
    );
    let theirs = tlog_tiles::Tile::new_tiles(8, 0, size);
    let mut met = 0;
    for their in theirs {
        let tile = Tile {
            kind: Kind::Hashes(their.level()),
            index: their.level_index(),
            width: u16::try_from(their.width()).expect("at most 256"),
        };
        let bytes: Vec<u8> = tiles[&tile]
            .iter()
            .flat_map(|hash| *hash.as_bytes())
            .collect();
        assert_eq!(their.read_data(&stored).expect("data"), bytes, "{tile}");
        met += 1;
    }
    assert_eq!(met, tiles.len());
}

#[test]
fn a_tile_of_broken_hashes_is_none() {
    assert_eq!(tile::hashes(&[7; 64]).map(|hashes| hashes.len()), Some(2));
    assert!(tile::hashes(&[7; 63]).is_none());
}

#[test]
fn an_entry_has_at_most_65535_bytes() {
    let mut bundle = Vec::new();
    tile::put_entry(&mut bundle, &vec![1; 65_535]).expect("it fits");
    tile::put_entry(&mut bundle, b"").expect("an empty entry is one");
    let before = bundle.clone();
    assert_eq!(
        tile::put_entry(&mut bundle, &vec![1; 65_536]),
        Err(BundleError::TooLong(65_536))
    );
    assert_eq!(bundle, before);
    let lengths: Result<Vec<_>, _> = tile::entries(&bundle)
        .map(|entry| entry.map(<[u8]>::len))
        .collect();
    assert_eq!(lengths, Ok(vec![65_535, 0]));
}

#[test]
fn a_bundle_that_ends_early_says_where() {
    let bundle = [&[0, 1, b'a', 0, 2, b'b'][..]].concat();
    let read: Vec<_> = tile::entries(&bundle).collect();
    assert_eq!(read, [Ok(&b"a"[..]), Err(BundleError::Cut(1))]);
    assert_eq!(
        tile::entries(&[0]).collect::<Vec<_>>(),
        [Err(BundleError::Cut(0))]
    );
}
