//! Entries, tiles and the root: what was changed, taken away or put in is found where it is.

use server::export::layout::{Folder, Layout};

use super::{Made, Verified, event, event_of};

#[test]
fn a_whole_log_is_verified_at_every_size() {
    for size in [0, 1, 2, 255, 256, 257, 600] {
        Made::new(size).verify(&[]).is_verified();
    }
}

#[test]
fn a_log_of_three_levels_is_verified() {
    for size in [65_535, 65_536, 65_537] {
        let made =
            Made::of((0..size).map(|index| (format!("entry {index}").into_bytes(), Vec::new())));
        let verified = made.verify(&[]);
        verified.is_verified();
        assert_eq!(verified.said["counts"]["entries"], size);
    }
}

#[test]
fn one_byte_of_an_entry_is_found() {
    for (size, path, entry) in [
        (600, "tile/entries/001", 259),
        (600, "tile/entries/002.p/88", 515),
        (1, "tile/entries/000.p/1", 0),
    ] {
        let made = Made::new(size);
        made.rebundle(path, |all| {
            let nth = usize::try_from(entry % 256).expect("small");
            let last = all[nth].len() - 3;
            all[nth][last] ^= 1;
        });
        made.verify(&[]).is(3, &format!("entry {entry}"));
    }
}

#[test]
fn one_byte_of_a_tile_is_found_at_every_level() {
    let made =
        Made::of((0..66_000_u64).map(|index| (format!("entry {index}").into_bytes(), Vec::new())));
    for tile in [
        "tile/0/000",
        "tile/0/200",
        "tile/0/257.p/208",
        "tile/1/000",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
    ] {
        made.edit(tile, |bytes| bytes[17] ^= 1);
        made.verify(&[]).is(3, tile);
        made.edit(tile, |bytes| bytes[17] ^= 1);
    }
    made.verify(&[]).is_verified();
}

#[test]
fn entries_that_were_deleted_inserted_swapped_or_doubled_are_found() {
    let attack = |change: fn(&mut Vec<Vec<u8>>), code, place: &str| {
        let made = Made::new(600);
        made.rebundle("tile/entries/001", change);
        made.verify(&[]).is(code, place);
    };
    attack(|all| all.swap(3, 9), 3, "entry 259");
    attack(|all| all[4] = all[3].clone(), 3, "entry 260");
    attack(
        |all| {
            all.remove(3);
        },
        3,
        "entry 259",
    );
    attack(|all| drop(all.pop()), 5, "entry 511");
    attack(|all| all.insert(3, b"{}".to_vec()), 3, "entry 259");
    attack(|all| all.push(b"{}".to_vec()), 3, "tile/entries/001");
    attack(
        |all| {
            all.insert(3, b"{}".to_vec());
            all.pop();
        },
        3,
        "entry 259",
    );
}

#[test]
fn a_bundle_or_tile_of_another_length_is_named_where_it_first_differs() {
    let attack = |path: &str, change: fn(&mut Vec<u8>), code, place: &str| {
        let made = Made::new(600);
        made.edit(path, change);
        made.verify(&[]).is(code, place);
    };
    let bundle = "tile/entries/001";
    attack(bundle, |bytes| bytes[0] ^= 1, 3, "entry 256");
    attack(bundle, |bytes| bytes[1] ^= 1, 3, "entry 256");
    attack(bundle, |bytes| bytes.push(0), 3, bundle);
    attack(bundle, |bytes| bytes.truncate(700), 5, "entry 257");
    for tile in ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"] {
        attack(tile, |bytes| bytes.extend([0; 32]), 3, tile);
        attack(tile, |bytes| bytes.push(0), 3, tile);
        attack(tile, |bytes| drop(bytes.drain(..32)), 3, tile);
        attack(tile, |bytes| bytes.truncate(bytes.len() - 1), 5, tile);
    }
    // What was changed in an earlier bundle, although well-formed, comes first.
    let made = Made::new(600);
    made.edit("tile/entries/000", |bytes| bytes[40] ^= 1);
    for (path, change) in [
        (bundle, (|bytes| drop(bytes.drain(..9))) as fn(&mut Vec<u8>)),
        ("tile/1/000.p/2", |bytes| bytes.extend([0; 32])),
        ("tile/1/000.p/2", |bytes| bytes.truncate(32)),
    ] {
        let kept = std::fs::read(made.path(path)).expect("there");
        made.edit(path, change);
        made.verify(&[]).is(3, "entry 0");
        std::fs::write(made.path(path), kept).expect("written");
    }
}

/// The attacker makes the tiles anew as well, and has not the key: only the root tells.
#[test]
fn entries_and_tiles_that_were_made_anew_are_found_by_the_root() {
    let made = Made::new(600);
    let other = Made::of((0..600).map(|index| {
        if index == 300 {
            event_of(300, "deleted", "source", None)
        } else {
            event(index)
        }
    }));
    let kept = std::fs::read(made.path("checkpoint")).expect("there");
    std::fs::write(other.path("checkpoint"), &kept).expect("written");
    other.verify(&[]).is(3, "checkpoint");
    // With one tile forgotten, that is the one that is named.
    std::fs::copy(made.path("tile/1/000.p/2"), other.path("tile/1/000.p/2")).expect("copied");
    other.verify(&[]).is(3, "tile/0/001");
}

#[test]
fn a_log_that_was_cut_is_incomplete() {
    let made = Made::new(600);
    let old = Made::new(500);
    let since = made.folder.path().join("kept");
    std::fs::copy(made.path("checkpoint"), &since).expect("copied");
    let since = since.to_str().expect("a path");
    old.verify(&[]).is_verified();
    old.verify(&["--since", since]).is(5, "checkpoint");
    for (gone, place) in [
        ("tile/entries/002.p/88", "tile/entries/002.p/88"),
        ("tile/entries/000", "tile/entries/000"),
        ("tile/0/001", "tile/0/001"),
        ("tile/1/000.p/2", "tile/1/000.p/2"),
        ("checkpoint", "checkpoint"),
    ] {
        let made = Made::new(600);
        std::fs::remove_file(made.path(gone)).expect("removed");
        made.verify(&[]).is(5, place);
    }
    let made = Made::new(600);
    made.edit("tile/entries/002.p/88", |bytes| {
        bytes.truncate(bytes.len() - 5);
    });
    made.verify(&[]).is(5, "entry 599");
    let made = Made::new(600);
    made.edit("tile/0/001", |bytes| bytes.truncate(bytes.len() - 32));
    made.verify(&[]).is(5, "tile/0/001");
}

#[test]
fn a_full_tile_stands_for_a_partial_one() {
    let (small, large) = (Made::new(300), Made::new(512));
    for (from, gone) in [
        ("tile/entries/001", "tile/entries/001.p/44"),
        ("tile/0/001", "tile/0/001.p/44"),
    ] {
        std::fs::remove_file(small.path(gone)).expect("removed");
        std::fs::copy(large.path(from), small.path(from)).expect("copied");
    }
    small.verify(&[]).is_verified();
}

#[test]
fn a_clock_that_goes_back_is_noted_only() {
    let made = Made::of((0..10).map(|index| {
        let (entry, opened) = event(index);
        let text = String::from_utf8(entry).expect("text");
        (text.replace("000005Z", "000000Z").into_bytes(), opened)
    }));
    let verified = made.verify(&[]);
    verified.is_verified();
    assert!(
        verified.said["notes"]
            .to_string()
            .contains("clock went back before entry 5"),
        "{}",
        verified.said
    );
}

#[test]
fn entries_that_are_no_events_are_counted_and_not_called_checked() {
    const FORM: &str = "what entries say is in the one form that it has";
    let said = |verified: &Verified, list: &str| verified.said[list].to_string();
    assert!(said(&Made::new(20).verify(&[]), "checked").contains(FORM));
    let made = Made::of((0..20).map(|index| {
        let (entry, opened) = event(index);
        let text = String::from_utf8(entry).expect("text");
        match index {
            // Not canonical, and with a member that an event has not.
            5 => (text.replacen('{', "{ ", 1).into_bytes(), Vec::new()),
            6 => (
                text.replace("\"v\":1", "\"v\":1,\"x\":1").into_bytes(),
                Vec::new(),
            ),
            _ => (text.into_bytes(), opened),
        }
    }));
    let foreign =
        Made::of((0..600).map(|index| (format!("entry {index}").into_bytes(), Vec::new())));
    for (verified, count) in [
        (made.verify(&[]), "2 of 20"),
        (foreign.verify(&["--content"]), "600 of 600"),
    ] {
        verified.is_verified();
        assert!(!said(&verified, "checked").contains(FORM));
        assert!(said(&verified, "notChecked").contains(count));
        let number = &verified.said["counts"]["noEvents"];
        assert!(count.starts_with(&number.to_string()));
    }
}

#[test]
fn the_longest_entry_is_verified() {
    Made::of([(vec![b'x'; 65_535], Vec::new())])
        .verify(&[])
        .is_verified();
    let folder = tempfile::tempdir().expect("a folder");
    let mut layout = Layout::new(Folder::create(folder.path()).expect("empty"));
    assert!(layout.push(&vec![b'x'; 65_536], &[]).is_err());
    assert_eq!(layout.size(), 0);
}
