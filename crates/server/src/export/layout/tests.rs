//! Going on with a folder, wherever it was broken off.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;

/// Two bundles that are full, and a part of a third.
const ENTRIES: u64 = 600;

fn entry(sequence: u64) -> Vec<u8> {
    format!("{{\"sequence\":{sequence}}}").into_bytes()
}

/// Pushes what is missing, and ends the export.
fn end(mut layout: Layout<Folder>) {
    for sequence in layout.size()..ENTRIES {
        let line = format!("{{\"sequence\":{sequence},\"disclosures\":[\"{sequence}\"]}}\n");
        layout
            .sink
            .disclosures(line.into_bytes())
            .expect("a line is written");
        layout.push(&entry(sequence), &[]).expect("it is written");
    }
    let _ = layout.finish("a checkpoint", "a key").expect("it ends");
}

fn export(root: &Path) {
    end(Layout::new(Folder::create(root).expect("a folder")));
}

/// Every file below a folder, by its path.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(root).expect("a folder") {
        let path = file.expect("a file").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).expect("it can be read");
            assert_eq!(found.insert(path, bytes), None);
        }
    }
    found
}

/// In a whole export whose checkpoint is gone, does something, goes on, and asserts that everything is as it was, and that
/// the export went on after so many entries.
fn broken_off(what: impl FnOnce(&Path), kept: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    export(root);
    let before = files(root);
    std::fs::remove_file(root.join("checkpoint")).expect("it was there");
    what(root);
    let layout = Layout::resume(root).expect("it can go on");
    assert_eq!(layout.size(), kept);
    end(layout);
    assert!(files(root) == before, "another export came of it");
}

fn cut(file: &Path, to: u64) {
    let file = OpenOptions::new().write(true).open(file);
    file.and_then(|file| file.set_len(to)).expect("it is cut");
}

#[test]
fn an_export_that_lacks_only_its_checkpoint_goes_on() {
    broken_off(|_| {}, 512);
}

#[test]
fn a_bundle_that_was_broken_off_is_written_again() {
    let size = |root: &Path| root.join("tile/entries/001").metadata().map(|of| of.len());
    // Within an entry, and between two.
    broken_off(|root| cut(&root.join("tile/entries/001"), 777), 256);
    broken_off(
        |root| {
            let last = 2 + entry(511).len() as u64;
            let size = size(root).expect("it is there");
            cut(&root.join("tile/entries/001"), size - last);
        },
        256,
    );
    broken_off(|root| cut(&root.join("tile/entries/000"), 0), 0);
}

#[test]
fn a_bundle_whose_tile_was_broken_off_or_not_begun_is_written_again() {
    broken_off(|root| cut(&root.join("tile/0/001"), 33), 256);
    broken_off(
        |root| std::fs::remove_file(root.join("tile/0/000")).expect("it was there"),
        0,
    );
}

#[test]
fn a_bundle_that_was_written_ahead_of_what_is_said_of_it_is_written_again() {
    broken_off(
        |root| {
            std::fs::remove_file(root.join("tile/0/001")).expect("it was there");
            let file = root.join(DISCLOSURES);
            let lines = std::fs::read_to_string(&file).expect("text");
            let said: usize = lines.lines().take(300).map(|line| line.len() + 1).sum();
            cut(&file, said as u64 + 7);
        },
        256,
    );
}

#[test]
fn disclosures_of_what_is_written_again_are_not_said_twice() {
    broken_off(
        |root| {
            std::fs::remove_file(root.join("tile/entries/001")).expect("it was there");
            let file = root.join(DISCLOSURES);
            let size = file.metadata().expect("it is there").len();
            cut(&file, size - 5);
        },
        256,
    );
}

#[test]
fn a_checkpoint_in_its_draft_is_no_finished_export() {
    broken_off(
        |root| {
            // The draft that a broken-off export leaves is written over, and has its last name in the end.
            std::fs::write(root.join("checkpoint.part"), "a check").expect("it is written");
        },
        512,
    );
}

#[test]
fn a_finished_export_is_not_gone_on_with() {
    let folder = tempfile::tempdir().expect("a folder");
    export(folder.path());
    let before = files(folder.path());
    assert!(Layout::resume(folder.path()).is_err());
    assert!(files(folder.path()) == before);
}

#[test]
fn what_another_export_is_writing_into_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut one = Layout::new(Folder::create(folder.path()).expect("a folder"));
    for sequence in 0..300 {
        one.push(&entry(sequence), &[]).expect("it is written");
    }
    let before = files(folder.path());
    let other = Layout::resume(folder.path()).err().expect("refused");
    assert_eq!(other.kind(), ErrorKind::ResourceBusy);
    assert!(files(folder.path()) == before);
    drop(one);
    end(Layout::resume(folder.path()).expect("the first is gone"));
}

/// A bundle of these entries, with hashes that are known.
fn portion(entries: impl Iterator<Item = Vec<u8>>, leaves: Vec<Hash>, root: Hash) -> Portion {
    let mut bundle = Vec::new();
    for entry in entries {
        put_entry(&mut bundle, &entry).expect("it fits");
    }
    Portion::new(bundle, Vec::new(), Some((leaves, root))).expect("a bundle")
}

/// The tile of a log of one bundle, as [`Layout::take`] writes it.
fn tile_of(portion: Portion) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut layout = Layout::new(Folder::create(folder.path()).expect("it is empty"));
    layout.take(portion).expect("it is written");
    let _ = layout.finish("a checkpoint", "a key").expect("it ends");
    std::fs::read(folder.path().join("tile/0/000")).expect("a tile")
}

#[test]
fn hashes_that_are_known_are_taken_as_they_are_and_not_made_again() {
    let leaves: Vec<Hash> = (0..256).map(|one| leaf_hash(&entry(one))).collect();
    let root = perfect_root(&leaves);
    let other = (1..257).map(entry);
    assert_eq!(
        tile_of(portion(other, leaves.clone(), root)),
        bytes(&leaves)
    );
}

#[test]
fn only_full_bundles_are_written_ahead_and_only_where_they_may_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut layout = Layout::new(Folder::create(folder.path()).expect("it is empty"));
    let bundles = layout.bundles();
    let at = |index: u64, count: u64| {
        let entries = (index * 256..index * 256 + count).map(entry);
        portion(entries, Vec::new(), EMPTY_ROOT)
    };
    let file = |name: &str| folder.path().join("tile/entries").join(name);
    let second = at(1, 256).ahead_into(bundles.as_ref(), 1).expect("ahead");
    assert!(file("001").exists() && !file("000").exists());
    let third = at(2, 88)
        .ahead_into(bundles.as_ref(), 2)
        .expect("not ahead");
    let first = at(0, 256).ahead_into(None, 0).expect("not ahead");
    assert!(!file("000").exists() && !file("002").exists());
    for portion in [first, second, third] {
        layout.take(portion).expect("it is written");
    }
    let _ = layout.finish("a checkpoint", "a key").expect("it ends");
    let other = tempfile::tempdir().expect("a folder");
    let mut pushed = Layout::new(Folder::create(other.path()).expect("it is empty"));
    for sequence in 0..ENTRIES {
        pushed.push(&entry(sequence), &[]).expect("it is written");
    }
    let _ = pushed.finish("a checkpoint", "a key").expect("it ends");
    let named = |root: &Path| -> Vec<_> {
        let below =
            |(path, bytes): (PathBuf, _)| (path.strip_prefix(root).map(PathBuf::from), bytes);
        files(root).into_iter().map(below).collect()
    };
    assert!(
        named(folder.path()) == named(other.path()),
        "another export"
    );
}

#[test]
fn hashes_that_do_not_lead_to_the_tile_above_are_made_of_the_entries() {
    let leaves: Vec<Hash> = (0..256).map(|one| leaf_hash(&entry(one))).collect();
    let root = perfect_root(&leaves);
    let mut wrong = leaves.clone();
    wrong[7] = leaf_hash(b"another");
    for (kept, above) in [
        (wrong, root),
        (leaves[..255].to_vec(), root),
        (leaves.clone(), leaves[0]),
    ] {
        let made = tile_of(portion((0..256).map(entry), kept, above));
        assert_eq!(made, bytes(&leaves));
    }
}

#[test]
fn a_bundle_that_is_not_full_is_hashed_whatever_is_known() {
    let leaves: Vec<Hash> = (0..256).map(|one| leaf_hash(&entry(one))).collect();
    let root = perfect_root(&leaves);
    let folder = tempfile::tempdir().expect("a folder");
    let mut layout = Layout::new(Folder::create(folder.path()).expect("it is empty"));
    let few = portion((0..255).map(entry), leaves.clone(), root);
    layout.take(few).expect("it is written");
    assert_eq!(layout.size(), 255);
    let _ = layout.finish("a checkpoint", "a key").expect("it ends");
    let tile = std::fs::read(folder.path().join("tile/0/000.p/255")).expect("a tile");
    assert_eq!(tile, bytes(&leaves[..255]));
}
