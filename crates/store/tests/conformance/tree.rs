//! The tree of a log: its tiles and proofs, whether its tiles are kept already or not.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use store::{Log, Store, Upkeep};
use tlog::proof::{verify_consistency, verify_inclusion};
use tlog::tile::{Kind as TileKind, Tiler, entries};
use tlog::{Frontier, Hash, Tile, leaf_hash};

use crate::support::{Kind, Place, on_both, team};

/// A log of `size` entries of a few bytes each, put past the store, and the log's leaves.
fn planted(place: &Place, size: u64) -> (Arc<Store>, Log, Vec<Hash>) {
    let store = Arc::new(place.open());
    let team = team(&store, "Fernhill");
    let read = || {
        store
            .read(|rx| rx.organization_log(team.organization))
            .expect("a log")
    };
    let log = read();
    let first = store.read(|rx| rx.entries(&log, 0, 100)).expect("entries");
    let mut raw = place.raw();
    let values = match place.kind {
        Kind::Sqlite => format!(
            "WITH RECURSIVE n (i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {size}) \
             INSERT INTO entries SELECT (SELECT first_place FROM logs WHERE id = '{0}') + i, CAST('entry ' || i AS BLOB), x'' FROM n",
            log.id
        ),
        Kind::Postgres => format!(
            "INSERT INTO entries SELECT (SELECT first_place FROM logs WHERE id = '{0}') + i, convert_to('entry ' || i, 'UTF8'), ''::bytea \
             FROM generate_series(4, {size} - 1) i",
            log.id
        ),
    };
    raw.must(&values);
    let mut edge = Frontier::new();
    let mut leaves: Vec<Hash> = first.iter().map(|entry| leaf_hash(entry)).collect();
    leaves.extend((4..size).map(|index| leaf_hash(format!("entry {index}").as_bytes())));
    for leaf in &leaves {
        edge.push(*leaf).expect("room");
    }
    let frontier = crate::publish::bytes(place, &edge.to_bytes());
    raw.must(&format!(
        "UPDATE logs SET size = {size}, frontier = {frontier} WHERE id = '{}'",
        log.id
    ));
    let log = read();
    assert_eq!(log.size, size);
    (store, log, leaves)
}

/// Every tile that a log of these leaves has.
fn tiles(leaves: &[Hash]) -> BTreeMap<Tile, Vec<Hash>> {
    let (mut tiles, mut tiler) = (BTreeMap::new(), Tiler::new());
    for leaf in leaves {
        let keep = |tile, hashes: &[Hash]| -> Result<(), Infallible> {
            tiles.insert(tile, hashes.to_vec());
            Ok(())
        };
        let Ok(()) = tiler.push(*leaf, keep);
    }
    tiles.extend(
        tiler
            .partial()
            .map(|(tile, hashes)| (tile, hashes.to_vec())),
    );
    tiles
}

#[test]
fn every_tile_is_there_whether_it_is_kept_or_not() {
    on_both(|place| {
        let (store, log, leaves) = planted(&place, 66_100);
        let expected = tiles(&leaves);
        let some = |tile: &Tile| {
            tile.kind != TileKind::Hashes(0) || tile.index.is_multiple_of(97) || tile.index > 255
        };
        let same = |when: &str| {
            for (tile, hashes) in expected.iter().filter(|(tile, _)| some(tile)) {
                let read = store.read(|rx| rx.tile_hashes(&log, *tile)).expect("read");
                assert_eq!(read.as_ref(), Some(hashes), "{tile} {when}");
            }
        };
        same("before any is kept");
        for _ in 0..10 {
            assert!(store.upkeep(Upkeep::KeepTiles).wait().expect("kept") > 0);
        }
        same("with some kept");
        while store.upkeep(Upkeep::KeepTiles).wait().expect("kept") > 0 {}
        same("with all kept");
        let mut raw = place.raw();
        let full = "SELECT CAST(count(*) AS BIGINT) FROM tiles WHERE level = ";
        assert_eq!(raw.number(&format!("{full} 0")), 258);
        assert_eq!(raw.number(&format!("{full} 1")), 2);
        assert_eq!(raw.number(&format!("{full} 2")), 1);
    });
}

#[test]
fn a_log_has_no_other_tiles() {
    on_both(|place| {
        let (store, log, _) = planted(&place, 300);
        let hashes = |level, index, width| {
            let tile = Tile {
                kind: TileKind::Hashes(level),
                index,
                width,
            };
            store
                .read(|rx| rx.tile_hashes(&log, tile))
                .expect("read")
                .is_some()
        };
        assert!(hashes(0, 1, 44) && hashes(0, 1, 1) && hashes(1, 0, 1));
        assert!(!hashes(0, 1, 45) && !hashes(0, 1, 256) && !hashes(0, 2, 1));
        assert!(!hashes(1, 0, 2) && !hashes(2, 0, 1) && !hashes(63, 0, 1));
        let bundle = |index, width| {
            let tile = Tile {
                kind: TileKind::Entries,
                index,
                width,
            };
            store.read(|rx| rx.bundle(&log, tile)).expect("read")
        };
        let last = bundle(1, 44).expect("there");
        let last: Result<Vec<_>, _> = entries(&last).collect();
        let last = last.expect("whole");
        assert_eq!((last.len(), last[43]), (44, &b"entry 299"[..]));
        assert!(bundle(1, 45).is_none() && bundle(2, 1).is_none());
    });
}

#[test]
fn proofs_lead_to_the_root() {
    on_both(|place| {
        let (store, log, leaves) = planted(&place, 66_100);
        while store.upkeep(Upkeep::KeepTiles).wait().expect("kept") > 0 {}
        let root = |size: usize| {
            let mut edge = Frontier::new();
            for leaf in &leaves[..size] {
                edge.push(*leaf).expect("room");
            }
            edge.root()
        };
        for (index, size) in [
            (0, 1),
            (0, 66_100),
            (255, 256),
            (65_535, 65_537),
            (66_099, 66_100),
            (3, 66_000),
        ] {
            let path = store
                .read(|rx| rx.inclusion(&log, index, size))
                .expect("a path");
            let place = usize::try_from(index).expect("small");
            let whole = root(usize::try_from(size).expect("small"));
            assert_eq!(
                verify_inclusion(&leaves[place], index, size, &path, &whole),
                Ok(()),
                "{index} in {size}"
            );
        }
        for (old, new) in [
            (1, 66_100),
            (256, 257),
            (65_536, 66_100),
            (65_535, 65_537),
            (66_100, 66_100),
        ] {
            let proof = store
                .read(|rx| rx.consistency(&log, old, new))
                .expect("a proof");
            let (older, newer) = (
                root(usize::try_from(old).expect("small")),
                root(usize::try_from(new).expect("small")),
            );
            assert_eq!(
                verify_consistency(old, &older, new, &newer, &proof),
                Ok(()),
                "{old} in {new}"
            );
        }
        assert!(store.read(|rx| rx.inclusion(&log, 66_100, 66_100)).is_err());
    });
}
