//! What must hold for whatever bytes come: nothing panics, and what is taken is written again as it was.

use model::canonical::{parse_canonical, to_canonical};
use model::entry::{Entry, View};
use model::part::{Disclosure, PartName};
use tlog::proof::{verify_consistency, verify_inclusion};
use tlog::tile::{entries, hashes, put_entry};
use tlog::{Checkpoint, Frontier, Hash, Note, Policy, Receipt, Tile, VerifierKey, leaf_hash};

/// The key of C2SP's example of a note (`signed-note`, "Verifier keys").
const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A signed note.
pub fn note(bytes: &[u8]) {
    let key = VerifierKey::parse(KEY).expect("a key");
    if let Ok(note) = Note::parse(bytes) {
        assert!(bytes.starts_with(note.text().as_bytes()));
        let _ = note.verify(std::slice::from_ref(&key));
        let _ = Policy::of_log(key).verify(&note);
    }
}

/// The text of a checkpoint.
pub fn checkpoint(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
}

/// A verifier key.
pub fn vkey(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(key) = VerifierKey::parse(text) {
        // The id may come in capitals, as Go reads it too; it is written in small letters.
        let again = key.to_string();
        assert!(again.eq_ignore_ascii_case(text));
        assert_eq!(VerifierKey::parse(&again), Ok(key));
    }
}

/// The path of a tile.
pub fn tile_path(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(tile) = Tile::parse(text) {
        assert_eq!(tile.to_string(), text);
        let _ = tile.first();
    }
}

/// An entry bundle and a tile of hashes.
pub fn bundle(bytes: &[u8]) {
    let read: Result<Vec<&[u8]>, _> = entries(bytes).collect();
    if let Ok(read) = read {
        let mut again = Vec::new();
        for entry in read {
            put_entry(&mut again, entry).expect("it was short enough");
        }
        assert_eq!(again, bytes);
    }
    if let Some(hashes) = hashes(bytes) {
        let again: Vec<u8> = hashes.flat_map(|hash| *hash.as_bytes()).collect();
        assert_eq!(again, bytes);
    }
}

/// The right edge of a log: its size in eight bytes, then its hashes.
pub fn frontier(bytes: &[u8]) {
    let Some((size, rest)) = bytes.split_first_chunk::<8>() else {
        return;
    };
    if let Ok(mut frontier) = Frontier::from_bytes(u64::from_be_bytes(*size), rest) {
        assert_eq!(frontier.to_bytes(), rest);
        let _ = frontier.root();
        let _ = frontier.push(leaf_hash(rest));
    }
}

/// A receipt.
pub fn receipt(bytes: &[u8]) {
    if let Ok(receipt) = Receipt::parse(bytes) {
        let again = Receipt::parse(&receipt.to_bytes()).expect("what is written is read");
        assert_eq!(again, receipt);
        let _ = receipt.verify(&leaf_hash(bytes));
    }
}

/// A policy.
pub fn policy(bytes: &[u8]) {
    if let Ok(policy) = Policy::parse(bytes)
        && let Ok(note) = Note::parse(bytes)
    {
        let _ = policy.verify(&note);
    }
}

/// Proofs of whatever shape: two numbers of eight bytes each, and hashes.
pub fn proof(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first_chunk::<8>() else {
        return;
    };
    let Some((second, rest)) = rest.split_first_chunk::<8>() else {
        return;
    };
    let (first, second) = (u64::from_be_bytes(*first), u64::from_be_bytes(*second));
    let path: Vec<Hash> = rest
        .as_chunks::<32>()
        .0
        .iter()
        .map(|hash| Hash::from_bytes(*hash))
        .collect();
    let [one, other, path @ ..] = path.as_slice() else {
        return;
    };
    let _ = verify_inclusion(one, first, second, path, other);
    let _ = verify_consistency(first, one, second, other, path);
}

/// Canonical JSON.
pub fn canonical(bytes: &[u8]) {
    if let Ok(value) = parse_canonical(bytes) {
        assert_eq!(to_canonical(&value).as_deref(), Ok(bytes));
        // Another reader takes it as well, and for the same.
        let other: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
        assert_eq!(to_canonical(&other).as_deref(), Ok(bytes));
    }
}

/// An entry.
pub fn entry(bytes: &[u8]) {
    let view = View::parse(bytes);
    match Entry::parse(bytes) {
        Ok(entry) => {
            assert_eq!(entry.to_bytes().as_deref(), Ok(bytes));
            let view = view.expect("the same reader");
            assert_eq!(view.sequence(), entry.sequence);
            for part in entry.part_names() {
                assert_eq!(view.subject_of(part), entry.subject_of(part));
            }
        }
        Err(error) => assert_eq!(view.err(), Some(error)),
    }
}

/// What opens a sealed part.
pub fn disclosure(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(part) = PartName::parse(text) {
        assert_eq!(part.to_string(), text);
    }
    let disclosure = Disclosure::from_string(text.to_owned());
    let opened = disclosure.open("an event", PartName::ACTOR);
    assert_eq!(
        disclosure.belongs("an event", PartName::ACTOR).is_ok(),
        opened.is_ok()
    );
}
