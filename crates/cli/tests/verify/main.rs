//! `annals verify` against logs that were made for it, whole and attacked: each attack has one verdict.

mod carried;
mod entries;
mod parts;
mod rows;

use std::path::{Path, PathBuf};
use std::process::Command;

use model::entry::{Entry, EntryActor, EntryTarget, Outcome};
use model::part::{Disclosure, PartKey, PartName};
use serde_json::{Value, json};
use server::export::layout::{Folder, Layout};
use tempfile::TempDir;
use tlog::tile::{entries, put_entry};
use tlog::{Checkpoint, Frontier, Hash, KeyKind, KeyName, SigningKey, leaf_hash, proof};

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
