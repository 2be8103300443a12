//! `annals verify` against logs that were made for it, whole and attacked: each attack has one verdict.

use std::path::{Path, PathBuf};
use std::process::Command;

use model::entry::{Entry, EntryActor, EntryTarget, Outcome};
use model::part::{Disclosure, PartKey, PartName};
use serde_json::{Value, json};
use server::export::layout::{Folder, Layout};
use tempfile::TempDir;
use tlog::tile::{entries, put_entry};
use tlog::{Checkpoint, Frontier, Hash, KeyKind, KeyName, Receipt, SigningKey, leaf_hash, proof};

const ORIGIN: &str = "annals.test/0ujtsYcgvSTl8PAuAdqWYSMnLOv";
const WORD: [&str; 6] = [
    "verified",
    "unable",
    "not_authentic",
    "tampered",
    "mismatch",
    "incomplete",
];

fn key(seed: u8) -> SigningKey {
    named(ORIGIN, KeyKind::Note, seed)
}

fn named(name: &str, kind: KeyKind, seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyName::parse(name).expect("a name"), kind, &[seed; 32]).expect("a key")
}

/// An event, and what opens its parts.
fn event(index: u64) -> (Vec<u8>, Vec<Disclosure>) {
    event_of(index, "updated", "source", None)
}

fn event_of(
    index: u64,
    action: &str,
    target: &str,
    facts: Option<Value>,
) -> (Vec<u8>, Vec<Disclosure>) {
    let id = format!("{index:0>27}");
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&index.to_le_bytes());
    let k = PartKey::new(seed);
    let made = [
        (
            PartName::ACTOR,
            json!({ "name": format!("Person {}", index % 7), "email": "ada@example.com" }),
        ),
        (
            PartName::ORIGIN,
            json!({ "ip": "203.0.113.7", "interface": "api" }),
        ),
        (
            PartName::TARGET,
            json!({ "name": format!("Thing {index}") }),
        ),
    ]
    .map(|(part, value)| (part, Disclosure::make(&k, &id, part, &value)));
    let entry = Entry {
        action: action.to_owned(),
        actor: EntryActor {
            id: Some(format!("person-{}", index % 7)),
            r#type: "user".to_owned(),
            token: None,
            session: None,
            on_behalf_of: None,
        },
        at: 1_795_000_000_000_000 + index.cast_signed(),
        changes: Vec::new(),
        code: None,
        facts,
        id,
        imported: None,
        organization: None,
        outcome: Outcome::Success,
        parts: made
            .iter()
            .map(|(part, one)| (part.to_string(), one.commitment()))
            .collect(),
        related: Vec::new(),
        request: "request".to_owned(),
        sequence: index,
        subjects: [].into(),
        target: EntryTarget {
            id: Some("thing".to_owned()),
            r#type: target.to_owned(),
        },
        workspace: None,
    };
    (
        entry.to_bytes().expect("an entry"),
        made.map(|(_, one)| one).into(),
    )
}

/// A log that was made of these events.
struct Made {
    folder: TempDir,
    leaves: Vec<Hash>,
}

impl Made {
    fn new(size: u64) -> Self {
        Self::of((0..size).map(event))
    }

    fn of(events: impl IntoIterator<Item = (Vec<u8>, Vec<Disclosure>)>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut layout = Layout::new(Folder::create(folder.path()).expect("empty"));
        let mut leaves = Vec::new();
        for (entry, disclosures) in events {
            layout.push(&entry, &disclosures).expect("written");
            leaves.push(leaf_hash(&entry));
        }
        let note = note(&[key(1)], ORIGIN, layout.size(), layout.root());
        layout
            .finish(&note, &key(1).verifier().to_string())
            .expect("written");
        Self { folder, leaves }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn edit(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(self.path(path)).expect("there");
        change(&mut bytes);
        std::fs::write(self.path(path), bytes).expect("written");
    }

    fn edit_text(&self, path: &str, change: impl FnOnce(&str) -> String) {
        self.edit(path, |bytes| {
            *bytes = change(str::from_utf8(bytes).expect("text")).into_bytes();
        });
    }

    /// Changes the list of entries of a bundle.
    fn rebundle(&self, path: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
        self.edit(path, |bytes| {
            let mut all: Vec<Vec<u8>> = entries(bytes)
                .map(|one| one.expect("whole").to_vec())
                .collect();
            change(&mut all);
            bytes.clear();
            for entry in &all {
                put_entry(bytes, entry).expect("short");
            }
        });
    }

    fn root(&self, size: usize) -> Hash {
        let mut edge = Frontier::new();
        for leaf in &self.leaves[..size] {
            edge.push(*leaf).expect("room");
        }
        edge.root()
    }

    fn checkpoint(&self, keys: &[SigningKey], size: usize) -> String {
        note(keys, ORIGIN, size as u64, self.root(size))
    }

    fn verify(&self, more: &[&str]) -> Verified {
        verify(
            self.folder.path(),
            &[&["--key", &key(1).verifier().to_string()], more].concat(),
        )
    }
}

fn note(keys: &[SigningKey], origin: &str, size: u64, root: Hash) -> String {
    let text = Checkpoint {
        origin: origin.to_owned(),
        size,
        root,
        extensions: Vec::new(),
    }
    .to_string();
    let lines: String = keys
        .iter()
        .map(|key| key.sign(&text, 1_795_000_000))
        .collect();
    format!("{text}\n{lines}")
}

/// What the command said.
struct Verified {
    code: i32,
    said: Value,
}

impl Verified {
    /// The verdict, and where the first finding is.
    #[track_caller]
    fn is(&self, code: i32, place: &str) {
        let first = &self.said["findings"][0];
        let found = (self.code, first["where"].as_str().unwrap_or_default());
        assert_eq!(found, (code, place), "{}", self.said);
        let word = WORD[usize::try_from(code).expect("small")];
        assert_eq!(
            (&self.said["verdict"], &self.said["exitCode"]),
            (&json!(word), &json!(code))
        );
    }

    #[track_caller]
    fn is_verified(&self) {
        self.is(0, "");
    }
}

fn verify(what: &Path, more: &[&str]) -> Verified {
    let output = Command::new(env!("CARGO_BIN_EXE_annals"))
        .args(["verify", "--json"])
        .arg(what)
        .args(more)
        .output()
        .expect("it runs");
    Verified {
        code: output.status.code().expect("a code"),
        said: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
    }
}

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
fn another_checkpoint_is_not_believed() {
    let made = Made::new(300);
    let put = |note: &str| std::fs::write(made.path("checkpoint"), note).expect("written");
    put(&made.checkpoint(&[key(2)], 300));
    made.verify(&[]).is(2, "checkpoint");
    put(&note(&[key(1)], "annals.test/another", 300, made.root(300)));
    made.verify(&[]).is(2, "checkpoint");
    put(&note(
        &[named("annals.test/another", KeyKind::Note, 1)],
        "annals.test/another",
        300,
        made.root(300),
    ));
    made.verify(&[]).is(2, "checkpoint");
    put(&made
        .checkpoint(&[key(1)], 300)
        .replace("\n300\n", "\n299\n"));
    made.verify(&[]).is(2, "checkpoint");
    put("nonsense");
    made.verify(&[]).is(2, "checkpoint");
    // An older one is that of a smaller log: what was disclosed of the rest gives it away, or who holds a newer one.
    let newer = made.path("newer");
    std::fs::write(&newer, made.checkpoint(&[key(1)], 300)).expect("written");
    put(&made.checkpoint(&[key(1)], 256));
    made.verify(&[]).is(4, "disclosures.jsonl line 257");
    std::fs::remove_file(made.path("disclosures.jsonl")).expect("removed");
    made.verify(&[]).is_verified();
    let since = newer.to_str().expect("a path");
    made.verify(&["--since", since]).is(5, "checkpoint");
    put(&note(&[key(1)], ORIGIN, 301, made.root(300)));
    made.verify(&[]).is(5, "tile/entries/001.p/45");
}

#[test]
fn a_log_that_was_rewritten_with_the_right_key_is_a_fork() {
    let (kept, other) = (
        Made::new(300),
        Made::of((0..400).map(|index| {
            if index == 7 {
                event_of(7, "deleted", "source", None)
            } else {
                event(index)
            }
        })),
    );
    other.verify(&[]).is_verified();
    let since = kept.path("checkpoint");
    let since = since.to_str().expect("a path");
    other.verify(&["--since", since]).is(3, "entries 0 to 299");
    Made::new(400).verify(&["--since", since]).is_verified();
    Made::new(300).verify(&["--since", since]).is_verified();
    // What is not signed by the log's key is nothing to hold on to.
    std::fs::write(kept.path("checkpoint"), kept.checkpoint(&[key(9)], 300)).expect("written");
    other.verify(&["--since", since]).is(2, "--since");
}

#[test]
fn a_disclosure_that_was_changed_moved_or_doubled_is_a_mismatch() {
    let attack = |change: fn(&str) -> String, place: &str| {
        let made = Made::new(300);
        made.edit_text("disclosures.jsonl", change);
        made.verify(&[]).is(4, place);
    };
    attack(|text| text.replacen("Thing 41", "Thing 42", 1), "41");
    attack(
        |text| text.replacen("\"sequence\":41,", "\"sequence\":42,", 1),
        "disclosures.jsonl line 43",
    );
    attack(
        |text| text.replacen("{\"sequence\":9,", "{\"sequence\":8,", 1),
        "disclosures.jsonl line 10",
    );
    attack(
        |text| {
            text.lines()
                .chain(text.lines().last())
                .flat_map(|line| [line, "\n"])
                .collect()
        },
        "disclosures.jsonl line 301",
    );
    attack(
        |text| format!("{text}{{\"sequence\":300,\"disclosures\":[\"x\"]}}\n"),
        "disclosures.jsonl line 301",
    );
    attack(
        |text| text.replacen("{\"sequence\":3,", "{\"sequence\":3;", 1),
        "disclosures.jsonl line 4",
    );
    attack(
        |text| {
            let first = text.lines().next().expect("a line");
            let one = first
                .split("[\"")
                .nth(1)
                .and_then(|rest| rest.split("\",\"[").next())
                .expect("a disclosure");
            text.replacen(
                "\"disclosures\":[",
                &format!("\"disclosures\":[\"{one}\","),
                1,
            )
        },
        "0",
    );
}

#[test]
fn a_part_without_disclosure_is_withheld_unless_an_entry_erased_it() {
    let without = |index: u64| index % 7 == 3;
    let made = |erased: bool| {
        Made::of((0..100).map(move |index| {
            let facts = json!({ "subject": "person-3", "events": 14, "basis": "request" });
            if index == 99 && erased {
                return event_of(99, "erased", "privacy", Some(facts));
            }
            let (entry, mut disclosures) = event(index);
            if without(index) {
                disclosures.drain(..2);
            }
            (entry, disclosures)
        }))
    };
    let counts = |made: Made| {
        let verified = made.verify(&[]);
        verified.is_verified();
        let count = |name: &str| verified.said["counts"][name].as_u64().expect("a number");
        (count("disclosed"), count("erased"), count("withheld"))
    };
    assert_eq!(counts(made(false)), (272, 0, 28));
    assert_eq!(counts(made(true)), (272, 28, 0));
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

#[test]
fn witnesses_are_counted_and_tell_the_age() {
    let made = Made::new(10);
    let witness = |seed| {
        named(
            &format!("witness.example/{seed}"),
            KeyKind::Cosignature,
            seed,
        )
    };
    let policy = format!(
        "log {}\nwitness a {}\nwitness b {}\ngroup both all a b\nquorum both\n",
        key(1).verifier(),
        witness(11).verifier(),
        witness(12).verifier()
    );
    let file = made.path("policy");
    std::fs::write(&file, policy).expect("written");
    let file = file.to_str().expect("a path").to_owned();
    let verify = |more: &[&str]| super_verify(&made, &file, more);
    verify(&[]).is(2, "checkpoint");
    std::fs::write(
        made.path("checkpoint"),
        made.checkpoint(&[key(1), witness(11)], 10),
    )
    .expect("written");
    verify(&[]).is(2, "checkpoint");
    std::fs::write(
        made.path("checkpoint"),
        made.checkpoint(&[key(1), witness(11), witness(12)], 10),
    )
    .expect("written");
    verify(&[]).is_verified();
    verify(&["--max-age", "36500d"]).is_verified();
    verify(&["--max-age", "1s"]).is(5, "checkpoint");
    Made::new(10)
        .verify(&["--max-age", "1d"])
        .is(5, "checkpoint");
}

fn super_verify(made: &Made, policy: &str, more: &[&str]) -> Verified {
    verify(made.folder.path(), &[&["--policy", policy], more].concat())
}

/// A receipt of entry 41 of 300.
fn receipt(made: &Made) -> Receipt {
    let (entry, disclosures) = event(41);
    let opened: Vec<&str> = disclosures.iter().map(Disclosure::as_str).collect();
    let extra = json!({ "disclosures": opened, "entry": String::from_utf8(entry).expect("text") });
    let path = proof::inclusion(41, 300, |node| -> Result<Hash, std::convert::Infallible> {
        let width = 1 << node.level;
        let first = usize::try_from(node.index << node.level).expect("small");
        Ok(tlog::tile::perfect_root(&made.leaves[first..first + width]))
    });
    Receipt {
        extra: Some(extra.to_string().into_bytes()),
        index: 41,
        path: path.expect("a path"),
        checkpoint: made.checkpoint(&[key(1)], 300).into_bytes(),
    }
}

#[test]
fn a_receipt_is_verified_alone() {
    let made = Made::new(300);
    let good = receipt(&made);
    let file = made.folder.path().join("41.tlog-proof");
    let check = |receipt: &Receipt, more: &[&str]| {
        std::fs::write(&file, receipt.to_bytes()).expect("written");
        verify(
            &file,
            &[&["--key", &key(1).verifier().to_string()], more].concat(),
        )
    };
    check(&good, &[]).is_verified();
    check(
        &Receipt {
            index: 42,
            ..good.clone()
        },
        &[],
    )
    .is(3, "entry 42");
    let text = |from: &str, to: &str| {
        let extra = String::from_utf8(good.extra.clone().expect("extra")).expect("text");
        assert!(extra.contains(from), "{extra}");
        Some(extra.replace(from, to).into_bytes())
    };
    check(
        &Receipt {
            extra: text("updated", "deleted"),
            ..good.clone()
        },
        &[],
    )
    .is(3, "entry 41");
    check(
        &Receipt {
            extra: text("Thing 41", "Thing 42"),
            ..good.clone()
        },
        &[],
    )
    .is(4, "41");
    check(
        &Receipt {
            checkpoint: made.checkpoint(&[key(2)], 300).into_bytes(),
            ..good.clone()
        },
        &[],
    )
    .is(2, "checkpoint");
    let bare = Receipt {
        extra: None,
        ..good.clone()
    };
    assert_eq!(check(&bare, &[]).code, 1);
    let entry = made.folder.path().join("entry");
    std::fs::write(&entry, event(41).0).expect("written");
    check(&bare, &["--entry", entry.to_str().expect("a path")]).is_verified();
    // What the receipt carries must be the same.
    let other = Receipt {
        extra: text("updated", "deleted"),
        ..good.clone()
    };
    check(&other, &["--entry", entry.to_str().expect("a path")]).is(4, "receipt");
    // A receipt is something to hold on to as well.
    std::fs::write(&file, good.to_bytes()).expect("written");
    Made::new(400)
        .verify(&["--since", file.to_str().expect("a path")])
        .is_verified();
}

/// A filtered export of some entries.
fn rows(made: &Made, wanted: &[u64]) -> Vec<String> {
    std::iter::once(manifest(made, wanted.len()).to_string())
        .chain(wanted.iter().map(|index| row(made, *index, event(*index))))
        .collect()
}

fn manifest(made: &Made, count: usize) -> Value {
    let size = made.leaves.len();
    json!({
        "format": "annals.events.v1", "query": { "action": "updated" }, "range": [0, size], "count": count,
        "checkpoint": made.checkpoint(&[key(1)], size), "vkey": key(1).verifier().to_string(),
    })
}

/// A row with its proof.
fn row(made: &Made, index: u64, (entry, disclosures): (Vec<u8>, Vec<Disclosure>)) -> String {
    use base64::Engine;
    let opened: Vec<&str> = disclosures.iter().map(Disclosure::as_str).collect();
    let path = proof::inclusion(
        index,
        made.leaves.len() as u64,
        |node| -> Result<Hash, std::convert::Infallible> {
            let first = usize::try_from(node.index << node.level).expect("small");
            Ok(tlog::tile::perfect_root(
                &made.leaves[first..first + (1 << node.level)],
            ))
        },
    );
    let path: Vec<String> = path
        .expect("a path")
        .iter()
        .map(|hash| base64::prelude::BASE64_STANDARD.encode(hash.as_bytes()))
        .collect();
    format!(
        "{{\"index\":{index},\"entry\":{},\"disclosures\":[{}],\"path\":{}}}",
        String::from_utf8(entry).expect("text"),
        opened.join(","),
        json!(path)
    )
}

#[test]
fn a_filtered_export_tells_what_was_erased_from_what_is_withheld() {
    let facts = json!({ "subject": "person-3", "events": 6, "basis": "request" });
    let events = |index: u64| match index {
        7 => event_of(7, "erased", "privacy", Some(facts.clone())),
        _ => event(index),
    };
    let made = Made::of((0..9).map(events));
    let file = made.folder.path().join("events.jsonl");
    let bare = |index: u64| row(&made, index, (events(index).0, Vec::new()));
    // Of 3 the person's parts are gone; of 4 nothing is disclosed.
    let of_three = events(3).1.split_off(2);
    let rows = [row(&made, 3, (events(3).0, of_three)), bare(4)];
    let check = |erasures: Option<&[String]>, rows: &[String]| {
        let mut first = manifest(&made, rows.len()).to_string();
        if let Some(erasures) = erasures {
            first.truncate(first.len() - 1);
            first += &format!(",\"erasures\":[{}]}}", erasures.join(","));
        }
        let lines: Vec<&str> = std::iter::once(first.as_str())
            .chain(rows.iter().map(String::as_str))
            .collect();
        std::fs::write(&file, lines.join("\n") + "\n").expect("written");
        verify(&file, &["--key", &key(1).verifier().to_string()])
    };
    let counts = |done: &Verified| {
        let count = |name: &str| done.said["counts"][name].clone();
        ["disclosed", "erased", "withheld"].map(count)
    };
    let open = |done: &Verified| done.said["notChecked"].to_string().contains("were erased");

    let done = check(Some(&[bare(7)]), &rows);
    done.is_verified();
    assert_eq!(counts(&done), [json!(1), json!(2), json!(3)]);
    let erased = ["actor", "origin"].map(|part| json!({ "entry": 3, "part": part, "erasedBy": 7 }));
    assert_eq!(done.said["erased"], json!(erased));
    assert!(open(&done), "something is withheld");
    // With all that was not erased disclosed, nothing is left open.
    let whole = [rows[0].clone(), row(&made, 4, events(4))];
    assert!(!open(&check(Some(&[bare(7)]), &whole)));
    // Without the erasure, what it erased looks withheld.
    for erasures in [None, Some(&[][..])] {
        let done = check(erasures, &rows);
        done.is_verified();
        assert_eq!(counts(&done), [json!(1), json!(0), json!(5)]);
        assert!(open(&done));
    }
    // What is no erasure, or none of this log, is none.
    check(Some(&[bare(6)]), &rows).is(3, "entry 6");
    let forged = bare(7).replace("person-3", "person-4");
    check(Some(&[forged]), &rows).is(3, "entry 7");
    let moved = bare(7).replace("\"index\":7", "\"index\":5");
    check(Some(&[moved]), &rows).is(3, "entry 5");
}

#[test]
fn an_export_of_all_entries_has_no_gap() {
    let made = Made::new(5);
    let file = made.folder.path().join("events.jsonl");
    let check = |indexes: &[u64], change: &dyn Fn(&mut Value)| {
        let mut first = manifest(&made, indexes.len());
        first["query"] = json!({});
        first["erasures"] = json!([]);
        change(&mut first);
        let lines: Vec<String> = std::iter::once(first.to_string())
            .chain(
                indexes
                    .iter()
                    .map(|index| row(&made, *index, event(*index))),
            )
            .collect();
        std::fs::write(&file, lines.join("\n") + "\n").expect("written");
        verify(&file, &["--key", &key(1).verifier().to_string()])
    };
    let as_it_is = |_: &mut Value| {};
    let open = |done: &Verified| {
        done.said["notChecked"]
            .to_string()
            .contains("answered in full")
    };

    let done = check(&[0, 1, 2, 3, 4], &as_it_is);
    done.is_verified();
    assert!(!open(&done), "{:?}", done.said);
    assert!(
        done.said["checked"]
            .to_string()
            .contains("all entries of the log from 0 to before 5")
    );
    check(&[0, 1, 3, 4], &as_it_is).is(5, "entry 2");
    check(&[1, 2, 3, 4], &as_it_is).is(5, "entry 0");
    check(&[0, 1, 2], &as_it_is).is(5, "entry 3");
    check(&[], &as_it_is).is(5, "entry 0");
    // A filter that is not set is none.
    let unset = |first: &mut Value| first["query"] = json!({ "actor": null });
    check(&[0, 2, 3, 4], &unset).is(5, "entry 1");
    // Who asked for some, or may not see all, gets some.
    for some in [
        &(|first: &mut Value| first["query"] = json!({ "action": "created" }))
            as &dyn Fn(&mut Value),
        &(|first: &mut Value| first["erasures"] = Value::Null),
    ] {
        let done = check(&[0, 2], some);
        done.is_verified();
        assert!(open(&done));
    }
    // A range that the log does not have, and rows out of it.
    for range in [json!([4, 1]), json!([0, 6])] {
        let other = |first: &mut Value| first["range"] = range.clone();
        check(&[0, 1, 2, 3, 4], &other).is(3, "line 1");
    }
    // Of all entries the range is all of the log.
    for (range, indexes, missing) in [
        (json!([0, 3]), vec![0, 1, 2], "entry 3"),
        (json!([1, 5]), vec![1, 2, 3, 4], "entry 0"),
        (json!([5, 5]), vec![], "entry 0"),
    ] {
        let other = |first: &mut Value| first["range"] = range.clone();
        check(&indexes, &other).is(5, missing);
    }
    let fewer = |first: &mut Value| {
        first["range"] = json!([1, 4]);
        first["query"] = json!({ "action": "created" });
    };
    check(&[1, 3], &fewer).is_verified();
    check(&[0, 1], &fewer).is(3, "line 2");
    check(&[3, 4], &fewer).is(3, "line 3");
    // Cut off within the first line.
    let whole = std::fs::read(&file).expect("read");
    std::fs::write(&file, &whole[..60]).expect("written");
    verify(&file, &["--key", &key(1).verifier().to_string()]).is(5, "line 1");
}

#[test]
fn the_rows_of_a_filtered_export_are_verified_one_by_one() {
    let made = Made::new(300);
    let good = rows(&made, &[3, 41, 299]);
    let file = made.folder.path().join("events.jsonl");
    let check = |lines: &[String]| {
        std::fs::write(
            &file,
            lines
                .iter()
                .flat_map(|line| [line.as_str(), "\n"])
                .collect::<String>(),
        )
        .expect("written");
        verify(&file, &["--key", &key(1).verifier().to_string()])
    };
    let verified = check(&good);
    verified.is_verified();
    let open = verified.said["notChecked"].to_string();
    assert!(open.contains("whether parts that are not disclosed were erased"));
    let with = |line: usize, from: &str, to: &str| {
        let mut lines = good.clone();
        assert!(lines[line].contains(from), "{}", lines[line]);
        lines[line] = lines[line].replace(from, to);
        lines
    };
    check(&with(2, "updated", "deleted")).is(3, "entry 41");
    check(&with(2, "\"index\":41", "\"index\":42")).is(3, "entry 42");
    check(&with(2, "Thing 41", "Thing 42")).is(4, "41");
    check(&with(2, "\"index\":41,", "\"index\":41,\"more\":1,")).is(3, "line 3");
    check(&with(0, "\"count\":3", "\"count\":2")).is(3, "rows");
    check(&good[..3]).is(5, "rows");
    check(&[&good[..2], &good[3..], &good[2..3]].concat()).is(3, "line 4");
    check(&[&good[..3], &good[2..]].concat()).is(3, "line 4");
    check(&with(0, "annals.events.v1", "annals.events.v2")).is(1, &file.to_string_lossy());
    std::fs::write(
        &file,
        format!("{}\n{}\n{}", good[0], good[1], &good[2][..40]),
    )
    .expect("written");
    verify(&file, &["--key", &key(1).verifier().to_string()]).is(5, "line 3");
}

#[test]
fn what_cannot_be_checked_says_so_with_1() {
    let made = Made::new(3);
    for (what, more) in [
        ("/nowhere", &["--key", "x"][..]),
        (
            "/nowhere",
            &[
                "--key",
                "annals.test/0ujtsYcgvSTl8PAuAdqWYSMnLOv+00000000+AAAA",
            ],
        ),
        (made.folder.path().to_str().expect("a path"), &[]),
        (
            made.folder.path().to_str().expect("a path"),
            &["--nonsense"],
        ),
        (
            made.folder.path().to_str().expect("a path"),
            &["--policy", "/nowhere"],
        ),
        (
            made.path("README.txt").to_str().expect("a path"),
            &["--key", &key(1).verifier().to_string()],
        ),
    ] {
        assert_eq!(verify(Path::new(what), more).code, 1, "{what} {more:?}");
    }
}

/// Runs a program that shares no code with Annals over a log, if the machine has it.
fn outsider(program: &str, arguments: &[&str], made: &Made) -> Option<bool> {
    let folder = std::fs::canonicalize(made.folder.path()).expect("there");
    let output = Command::new(program)
        .args(arguments)
        .arg(&folder)
        .arg(key(1).verifier().to_string())
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/go"))
        .env("GOFLAGS", "-mod=mod")
        .output();
    if output.is_err() {
        eprintln!("skipped: {program} is not installed here");
    }
    output.ok().map(|output| output.status.success())
}

#[test]
fn programs_that_share_no_code_with_ours_agree() {
    let made = Made::new(700);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verify.py");
    // Go fetches its module once; where it cannot, there is nothing to run.
    let can_run = |go: &&str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/go");
        let fetched = Command::new(go)
            .args(["mod", "download"])
            .current_dir(folder)
            .output();
        fetched.is_ok_and(|fetched| fetched.status.success())
    };
    let go = ["/usr/local/go/bin/go", "go"].into_iter().find(can_run);
    let programs = [
        ("python3", vec![script]),
        (go.unwrap_or("no go"), vec!["run", "."]),
    ];
    let judged = |wanted: bool| {
        for (program, arguments) in &programs {
            if let Some(said) = outsider(program, arguments, &made) {
                assert_eq!(said, wanted, "{program}");
            }
        }
    };
    judged(true);
    made.rebundle("tile/entries/001", |all| all[3][40] ^= 1);
    judged(false);
    made.rebundle("tile/entries/001", |all| all[3][40] ^= 1);
    made.edit("tile/1/000.p/2", |bytes| bytes[3] ^= 1);
    // The script looks at the entries and the tiles over them; Go's code at all tiles.
    if let Some(said) = outsider(programs[1].0, &programs[1].1, &made) {
        assert!(!said);
    }
    made.edit("tile/1/000.p/2", |bytes| bytes[3] ^= 1);
    std::fs::write(made.path("checkpoint"), made.checkpoint(&[key(2)], 700)).expect("written");
    judged(false);
}

#[test]
fn bytes_that_are_no_text_are_a_finding_and_no_failure() {
    let made = Made::new(300);
    made.edit("disclosures.jsonl", |bytes| bytes[30] = 0xff);
    made.verify(&[]).is(4, "disclosures.jsonl line 1");
    let file = made.folder.path().join("events.jsonl");
    let lines = rows(&made, &[3, 41]).join("\n") + "\n";
    let mut bytes = lines.into_bytes();
    let at = bytes.len() - 400;
    bytes[at] = 0xff;
    std::fs::write(&file, bytes).expect("written");
    verify(&file, &["--key", &key(1).verifier().to_string()]).is(3, "line 3");
}

#[test]
fn an_erasure_reaches_what_was_recorded_before_it() {
    let made = Made::of((0..20).map(|index| {
        let facts = json!({ "subject": "person-3", "events": 1, "basis": "request" });
        let (entry, mut opened) = match index {
            5 => event_of(5, "erased", "privacy", Some(facts)),
            _ => event(index),
        };
        if index % 7 == 3 {
            opened.drain(..2);
        }
        (entry, opened)
    }));
    let verified = made.verify(&[]);
    verified.is_verified();
    let counts = &verified.said["counts"];
    // Entry 3 is before the erasure; 10 and 17 are after it.
    let erased = ["actor", "origin"].map(|part| json!({ "entry": 3, "part": part, "erasedBy": 5 }));
    assert_eq!(verified.said["erased"], json!(erased));
    assert_eq!(
        (&counts["erased"], &counts["withheld"]),
        (&json!(2), &json!(4))
    );
}

/// An archive of a log, with more in it.
fn archive(made: &Made, more: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> PathBuf {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all("", made.folder.path()).expect("read");
    more(&mut tar);
    let bytes = zstd::encode_all(&tar.into_inner().expect("whole")[..], 3).expect("compressed");
    let file = made.folder.path().with_extension("tar.zst");
    std::fs::write(&file, bytes).expect("written");
    file
}

#[test]
fn an_archive_is_verified_and_leads_nowhere_else() {
    let key = key(1).verifier().to_string();
    let good = archive(&Made::new(300), |_| {});
    verify(&good, &["--key", &key]).is_verified();
    let linked = archive(&Made::new(300), |tar| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "tile/entries/x001", "/etc")
            .expect("added");
    });
    assert_eq!(verify(&linked, &["--key", &key]).code, 1);
    for file in [good, linked] {
        let _ = std::fs::remove_file(file);
    }
}

#[test]
fn an_archive_that_was_cut_anywhere_is_incomplete() {
    let key = key(1).verifier().to_string();
    let check = |file: &Path| verify(file, &["--key", &key]);
    let packed = archive(&Made::new(300), |_| {});
    let whole = std::fs::read(&packed).expect("there");
    for length in (0..whole.len())
        .step_by(whole.len() / 9)
        .chain([1, 3, 4, whole.len() - 1])
    {
        std::fs::write(&packed, &whole[..length]).expect("written");
        let verified = check(&packed);
        assert_eq!(verified.code, 5, "{length}: {}", verified.said);
    }
    // The last file that is whole is named, also where the cut is between two files.
    let (one, other) = (vec![b'x'; 600], vec![b'y'; 600]);
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in [("one", &one), ("other", &other)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, path, &bytes[..])
            .expect("added");
    }
    let whole = tar.into_inner().expect("whole");
    let plain = packed.with_extension("tar");
    for (length, place) in [
        (0, "archive"),
        (512 + 599, "archive"),
        (512 + 600, "one"),
        (512 + 1024, "one"),
        (2 * (512 + 1024), "other"),
    ] {
        std::fs::write(&plain, &whole[..length]).expect("written");
        check(&plain).is(5, place);
    }
    for file in [packed, plain] {
        let _ = std::fs::remove_file(file);
    }
}

#[cfg(unix)]
#[test]
fn disclosures_that_cannot_be_read_are_not_none() {
    let made = Made::new(3);
    let file = made.path("disclosures.jsonl");
    std::fs::remove_file(&file).expect("removed");
    made.verify(&[]).is_verified();
    std::os::unix::fs::symlink("/nowhere", &file).expect("linked");
    assert_eq!(made.verify(&[]).code, 1);
}

#[test]
fn a_log_whose_key_has_another_name_is_verified_with_its_origin() {
    let made = Made::new(3);
    let other = "log.example/other";
    let signed = |origin| note(&[key(1)], origin, 3, made.root(3));
    std::fs::write(made.path("checkpoint"), signed(other)).expect("written");
    made.verify(&[]).is(2, "checkpoint");
    made.verify(&["--origin", ORIGIN]).is(2, "checkpoint");
    made.verify(&["--origin", other]).is_verified();
    let since = made.path("checkpoint");
    let since = since.to_str().expect("a path");
    made.verify(&["--origin", other, "--since", since])
        .is_verified();
}

/// A server says the same of a log that there is not, and of one that is not for who asks: neither is a log that lacks something.
#[test]
fn an_address_without_a_log_is_nothing_that_could_be_checked() {
    let made = Made::new(3);
    std::fs::remove_file(made.path("checkpoint")).expect("removed");
    let address = served(&made, "identity");
    let output = Command::new(env!("CARGO_BIN_EXE_annals"))
        .args(["verify", &address, "--key", &key(1).verifier().to_string()])
        .output()
        .expect("annals starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("or it is not for this token"), "{said}");
}

/// Serves a log, all but the checkpoint in this encoding, and gives its address.
fn served(made: &Made, encoding: &'static str) -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let folder = made.folder.path().to_owned();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head: Vec<String> = BufReader::new(&stream)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let path = head[0].split(' ').nth(1).expect("a path");
            let answer = match std::fs::read(folder.join(&path[1..])) {
                Err(_) => b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n".to_vec(),
                Ok(bytes) => {
                    let (bytes, head) = if path == "/checkpoint" {
                        (bytes, String::new())
                    } else {
                        (packed(&bytes), format!("content-encoding: {encoding}\r\n"))
                    };
                    let length = bytes.len();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\n{head}connection: close\r\ncontent-length: {length}\r\n\r\n"
                    );
                    [head.into_bytes(), bytes].concat()
                }
            };
            // Who asked may have gone.
            let _ = stream.write_all(&answer);
        }
    });
    address
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast())
        .read_to_end(&mut packed)
        .expect("packed");
    packed
}

#[test]
fn a_log_that_is_served_packed_is_unpacked_or_said_to_be() {
    let made = Made::new(300);
    let check = |encoding| {
        verify(
            Path::new(&served(&made, encoding)),
            &["--key", &key(1).verifier().to_string()],
        )
    };
    check("gzip").is_verified();
    let verified = check("br");
    let why = verified.said["findings"][0]["message"].to_string();
    assert_eq!(verified.code, 1);
    assert!(why.contains("packs it as \\\"br\\\""), "{why}");
}
