//! Whoever owns the database edits the log, with the triggers out of the way: `annals verify` finds it in what `annals export`
//! takes out, and in an export that was made some other way.

#[path = "support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use server::export::layout::{Folder, Layout};
use store::Location;
use store::testing::{Operator, Postgres};
use support::{Server, annals};
use tlog::tile::{hashes, perfect_root};
use tlog::{Checkpoint, Hash, leaf_hash};

const BINARY: &str = env!("CARGO_BIN_EXE_annals");
/// More than a bundle, so that the database keeps a full tile of hashes.
const CHANGES: usize = 270;

/// A signed log, its server stopped, and whoever owns its database.
struct Scene {
    home: tempfile::TempDir,
    made: Value,
    database: Option<String>,
    operator: Operator,
    vkey: String,
    /// The newest checkpoint, and an older one.
    checkpoint: String,
    older: String,
}

impl Scene {
    fn new(database: Option<String>) -> Self {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let token = server.given("accessToken").to_owned();
        let body = json!({ "name": "Web app", "type": "HTTP" });
        let made = server.ask("POST", "/v2/sources", &token, "test", Some(&body));
        let made = made.json.expect("a source");
        let id = made["source"]["id"].as_str().expect("an id").to_owned();
        let location = match &database {
            Some(url) => Location::Postgres(url.clone()),
            None => Location::Sqlite {
                file: server.folder.path().join("data/annals.db"),
                max_pages: None,
            },
        };
        let change = |number| {
            let body = json!({ "name": format!("Web app {number}") });
            let path = format!("/v2/sources/{id}");
            let done = server.ask("PUT", &path, &token, "test", Some(&body));
            assert_eq!(done.status, 200);
        };
        (0..20).for_each(change);
        support::signed(&server);
        let (older, vkey) = Operator::checkpoint_of(&location);
        (20..CHANGES).for_each(change);
        support::signed(&server);
        let mut operator = Operator::over(&location);
        support::wait_for("the full tile", || operator.tile(1, 0).is_some());
        // Nothing else appends while the rows are edited.
        let (home, made) = server.kill();
        let (checkpoint, _) = Operator::checkpoint_of(&location);
        Self {
            home,
            made,
            database,
            operator,
            vkey,
            checkpoint,
            older,
        }
    }

    fn annals(&self, arguments: &[&str]) -> Output {
        let home = self.home.path();
        let mut command = annals(Path::new(BINARY), home, self.database.as_deref());
        command.args(arguments).output().expect("annals runs")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// `annals export` takes the log out as it stands, so that the verdict on it says what was done; and it says itself what it
    /// has seen of it.
    #[track_caller]
    fn exports(&self, name: &str, more: &[&str], said: Option<&str>, found: (i32, &str)) {
        let out = self.path(name);
        let output = ["export", "--output", &out.display().to_string()];
        let output = self.annals(&[&output[..], more].concat());
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.success(), said.is_none(), "{name}: {told}");
        assert!(told.contains(said.unwrap_or("exported")), "{name}: {told}");
        let verdict = self.verdict(&out, &[]);
        let fits = verdict.0 == found.0 && verdict.1.starts_with(found.1);
        assert!(fits, "{name}: {verdict:?}");
    }

    /// `annals export` cannot take the log out, and what it leaves does not verify.
    #[track_caller]
    fn refuses_to_export(&self, name: &str, more: &[&str], why: &str) {
        let out = self.path(name);
        let output = ["export", "--output", &out.display().to_string()];
        let output = self.annals(&[&output[..], more].concat());
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(why), "{name}: {said}");
        if out.exists() {
            let verdict = self.verdict(&out, &[]);
            assert_eq!(verdict, (5, "checkpoint".to_owned()), "{name}");
        }
    }

    /// An export of what stands in the rows, made by someone else's program: `tiles` takes the tiles of hashes that the
    /// database keeps.
    fn taken_out(&mut self, name: &str, checkpoint: &str, tiles: bool) -> PathBuf {
        let folder = self.path(name);
        let text = checkpoint.split("\n\n").next().expect("a text");
        let signed = Checkpoint::parse(&format!("{text}\n")).expect("a checkpoint");
        let mut layout = Layout::new(Folder::create(&folder).expect("empty"));
        let rows = self.operator.keep().rows;
        for (entry, _) in rows
            .iter()
            .take(usize::try_from(signed.size).expect("small"))
        {
            layout.push(entry, &[]).expect("written");
        }
        layout.finish(checkpoint, &self.vkey).expect("written");
        if tiles {
            let tile = self.operator.tile(0, 0).expect("a full tile is kept");
            std::fs::write(folder.join("tile/0/000"), tile).expect("written");
        }
        folder
    }

    /// The verdict on a folder, and where the first finding is.
    fn verdict(&self, folder: &Path, more: &[&str]) -> (i32, String) {
        let folder = folder.display().to_string();
        let fixed = ["verify", "--json", &folder, "--key", &self.vkey];
        let output = self.annals(&[&fixed[..], more].concat());
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let place = said["findings"][0]["where"].as_str().unwrap_or_default();
        (output.status.code().expect("a code"), place.to_owned())
    }
}

/// What an attack does to the rows; where `verify` finds it with the tiles that the database keeps, and without them; and
/// what becomes of an export.
type Attack = (
    &'static str,
    fn(&mut Operator, &[(Vec<u8>, Vec<u8>)]),
    (i32, &'static str),
    (i32, &'static str),
    Export,
);

/// What becomes of an export of a log that was edited.
enum Export {
    /// It takes it out as it stands, with the tiles that the database keeps.
    AsItStands,
    /// The same, and it says that the hashes do not lead to what was signed.
    NotSigned,
    /// It cannot, and says this.
    Refused(&'static str),
}

const NOT_SIGNED: &str = "not the log that was signed";
const ATTACKS: [Attack; 8] = [
    (
        "update",
        |operator, rows| operator.update(30, &denied(&rows[30].0)),
        (3, "entry 30"),
        (3, "checkpoint"),
        Export::AsItStands,
    ),
    (
        "update, and the tile that the database keeps with it",
        |operator, rows| {
            let other = denied(&rows[30].0);
            operator.update(30, &other);
            let mut tile = operator.tile(0, 0).expect("a full tile is kept");
            tile[30 * 32..31 * 32].copy_from_slice(leaf_hash(&other).as_bytes());
            operator.update_tile(0, 0, &tile);
        },
        (3, "checkpoint"),
        (3, "checkpoint"),
        Export::NotSigned,
    ),
    (
        "update after the last full tile",
        |operator, rows| operator.update(260, &denied(&rows[260].0)),
        (3, "checkpoint"),
        (3, "checkpoint"),
        Export::NotSigned,
    ),
    (
        "swap",
        |operator, rows| {
            operator.update(30, &rows[40].0);
            operator.update_parts(30, &rows[40].1);
            operator.update(40, &rows[30].0);
            operator.update_parts(40, &rows[30].1);
        },
        (3, "entry 30"),
        (3, "checkpoint"),
        Export::AsItStands,
    ),
    (
        "duplicate",
        |operator, rows| {
            operator.update(31, &rows[30].0);
            operator.update_parts(31, &rows[30].1);
        },
        (3, "entry 31"),
        (3, "checkpoint"),
        Export::AsItStands,
    ),
    (
        "insert",
        |operator, rows| {
            operator.shift(30, 1);
            operator.insert(30, &rows[29].0, &rows[29].1);
        },
        // All that comes after is moved, the last and partial tile with it: no tile leads to what was signed.
        (3, "tile/0/000"),
        (3, "checkpoint"),
        // Already the event of the export finds its place taken.
        Export::Refused("the database refused"),
    ),
    // The first that stands in another's place is named, though the end is missing as well.
    (
        "delete and close the gap",
        |operator, _| {
            operator.delete(30);
            operator.shift(31, -1);
        },
        (3, "entry 30"),
        (3, "entry 30"),
        Export::Refused("only"),
    ),
    (
        "delete the newest",
        |operator, rows| operator.delete(rows.len() - 1),
        (5, "tile/entries/001.p/"),
        (5, "tile/entries/001.p/"),
        Export::Refused("only"),
    ),
];

/// The same entry, with another outcome.
fn denied(entry: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(entry.to_vec()).expect("text");
    let other = text.replace("\"outcome\":\"success\"", "\"outcome\":\"denied\"");
    assert_ne!(other, text);
    other.into_bytes()
}

#[test]
fn what_the_owner_of_the_database_does_to_the_log_is_found() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let mut scene = Scene::new(database);
        let newest = scene.checkpoint.clone();
        let whole = scene.taken_out("whole", &newest, true);
        assert_eq!(scene.verdict(&whole, &[]), (0, String::new()));
        let kept = scene.operator.keep();
        let kept_tile = scene.operator.tile(0, 0).expect("a full tile is kept");
        for (name, attack, with_tiles, without, export) in ATTACKS {
            attack(&mut scene.operator, &kept.rows);
            for (tiles, (code, place)) in [(true, with_tiles), (false, without)] {
                let folder = scene.taken_out(&format!("{name}, {tiles}"), &newest, tiles);
                let found = scene.verdict(&folder, &[]);
                assert!(
                    found.0 == code && found.1.starts_with(place),
                    "{name}, with tiles {tiles}: {found:?}"
                );
            }
            let bare = format!("{name}, bare");
            for (name, more) in [(name, &[][..]), (&bare, &["--no-disclosures"])] {
                match export {
                    Export::AsItStands => scene.exports(name, more, None, with_tiles),
                    Export::NotSigned => scene.exports(name, more, Some(NOT_SIGNED), with_tiles),
                    Export::Refused(why) => scene.refuses_to_export(name, more, why),
                }
            }
            scene.operator.put_back(&kept);
            scene.operator.update_tile(0, 0, &kept_tile);
        }
        let output = scene.annals(&[
            "export",
            "--output",
            &scene.path("again").display().to_string(),
        ]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(
            scene.verdict(&scene.path("again"), &[]),
            (0, String::new()),
            "what was put back is the log that was signed"
        );
    }
}

/// An older checkpoint, of which the database has the entries, is authentic: only who knows the newer one sees that the end
/// is missing.
#[test]
fn the_newest_events_that_were_dropped_with_their_checkpoint_are_missed_by_who_knew_it() {
    let mut scene = Scene::new(None);
    let (newest, older) = (scene.checkpoint.clone(), scene.older.clone());
    std::fs::write(scene.path("known"), &newest).expect("written");
    let cut = scene.taken_out("cut", &older, false);
    assert_eq!(scene.verdict(&cut, &[]), (0, String::new()));
    let known = scene.path("known").display().to_string();
    let since = ["--since", known.as_str()];
    assert_eq!(scene.verdict(&cut, &since), (5, "checkpoint".to_owned()));
}

/// The parts of an event are encrypted for it: beside another they do not open, and no export hands them out.
#[test]
fn sealed_parts_that_were_moved_to_another_event_do_not_open() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let mut scene = Scene::new(database);
        let kept = scene.operator.keep();
        scene.operator.update_parts(30, &kept.rows[31].1);
        scene.refuses_to_export("moved", &[], "the sealed parts of event");
        // The entries are those that were signed.
        let output = scene.annals(&[
            "export",
            "--no-disclosures",
            "--output",
            &scene.path("bare").display().to_string(),
        ]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(scene.verdict(&scene.path("bare"), &[]), (0, String::new()));
    }
}

/// One byte of what is sealed beside an event, wherever it is: that event is named, and nothing is handed out.
#[test]
fn one_byte_of_a_sealed_part_is_found() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let mut scene = Scene::new(database);
        let kept = scene.operator.keep();
        let whole = &kept.rows[30].1;
        for (name, at) in [
            ("first", 0),
            ("middle", whole.len() / 2),
            ("last", whole.len() - 1),
        ] {
            let mut other = whole.clone();
            other[at] ^= 1;
            scene.operator.update_parts(30, &other);
            scene.refuses_to_export(name, &[], "event");
        }
        scene.operator.update_parts(30, whole);
    }
}

/// A tile that the database keeps is only a short cut. An export does not take it where it does not lead to what was signed, also
/// where the tile above was made to fit; a verifier that reads the running server finds the tile; and what is signed next does not
/// stand on it.
#[test]
fn one_byte_of_a_tile_in_the_database_is_found() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let mut scene = Scene::new(database);
        let mut tile = scene.operator.tile(0, 0).expect("a full tile is kept");
        tile[40] ^= 1;
        scene.operator.update_tile(0, 0, &tile);
        let above = scene.operator.tile(1, 0).expect("it is kept");
        let leaves: Vec<Hash> = hashes(&tile).expect("hashes").collect();
        let fitting = perfect_root(&leaves).as_bytes().to_vec();
        for (name, one, other) in [
            ("out", &tile[..], &above[..]),
            ("out, fitting", &tile, &fitting),
            ("out, cut off", &tile[..3200], &above),
            ("out, another above", &tile, &tile[..32]),
        ] {
            scene.operator.update_tile(0, 0, one);
            scene.operator.update_tile(1, 0, other);
            scene.exports(name, &[], None, (0, ""));
        }
        scene.operator.update_tile(0, 0, &tile);
        scene.operator.update_tile(1, 0, &above);
        let Scene {
            home,
            database,
            vkey,
            made,
            ..
        } = scene;
        let server = Server::serve(Path::new(BINARY), database.as_deref(), home, made);
        let (log, _) = vkey
            .split_once('+')
            .and_then(|(origin, rest)| Some((origin.rsplit_once('/')?.1, rest)))
            .expect("an origin");
        let url = format!("{}/logs/{log}", server.url);
        let output = annals(Path::new(BINARY), server.folder.path(), database.as_deref())
            .args(["verify", "--json", &url, "--key", &vkey])
            .env("ANNALS_TOKEN", server.given("serviceToken"))
            .output()
            .expect("annals runs");
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(
            (output.status.code(), &said["findings"][0]["where"]),
            (Some(3), &json!("tile/0/000")),
            "{said}"
        );
    }
}

/// Parts that are gone without an erasure in the log are withheld: nobody can make it look like an erasure.
#[test]
fn parts_that_were_taken_away_without_an_erasure_do_not_pass_for_erased() {
    let mut scene = Scene::new(None);
    scene.operator.update_parts(30, &[]);
    let out = scene.path("taken").display().to_string();
    let output = scene.annals(&["export", "--output", &out]);
    assert!(output.status.success(), "{output:?}");
    let output = scene.annals(&["verify", "--json", &out, "--key", &scene.vkey]);
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0), "{said}");
    let counts = &said["counts"];
    assert!(
        counts["withheld"].as_u64().is_some_and(|count| count >= 3),
        "{said}"
    );
    assert_eq!(counts["erased"], 0, "{said}");
}

/// An entry is gone: the log is named with what is wrong and what helps, and is not gone on with.
#[test]
fn a_log_that_cannot_be_read_is_named_by_recover() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let mut scene = Scene::new(database);
        let kept = scene.operator.keep();
        scene.operator.delete(kept.rows.len() - 2);
        let looked = scene.annals(&["recover", "--json"]);
        let said: Value = serde_json::from_slice(&looked.stdout).expect("JSON");
        let refused = said["refused"].as_array().expect("a list");
        assert_eq!(
            (looked.status.code(), refused.len()),
            (Some(1), 1),
            "{said}"
        );
        assert_eq!(refused[0]["code"], "unreadable", "{said}");
        let accepted = scene.annals(&["recover", "--accept-database"]);
        let said = String::from_utf8_lossy(&accepted.stdout);
        assert_eq!(accepted.status.code(), Some(1), "{said}");
        assert!(
            said.contains("only a backup that has them helps") && said.contains("does not go on"),
            "{said}"
        );
        scene.operator.put_back(&kept);
        let looked = scene.annals(&["recover"]);
        let said = String::from_utf8_lossy(&looked.stdout);
        assert!(said.contains("nothing to recover"), "{said}");
    }
}
