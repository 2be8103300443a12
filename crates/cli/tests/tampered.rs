//! Whoever owns the database edits the log, with the triggers out of the way: `annals export` takes no such log out, and
//! `annals verify` finds it in an export that was made some other way.

#[path = "support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use server::export::layout::{Folder, Layout};
use store::Location;
use store::testing::{Operator, Postgres};
use support::{Server, annals};
use tlog::Checkpoint;

const BINARY: &str = env!("CARGO_BIN_EXE_annals");
/// More than a bundle.
const CHANGES: usize = 270;

/// A signed log, its server stopped, and whoever owns its database.
struct Scene {
    home: tempfile::TempDir,
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
        // Nothing else appends while the rows are edited.
        let (home, _) = server.kill();
        let (checkpoint, _) = Operator::checkpoint_of(&location);
        Self {
            home,
            database,
            operator: Operator::over(&location),
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

    /// `annals export` takes no log out that is not the one that was signed, and what it leaves does not verify.
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

    /// An export of what stands in the rows, made by someone else's program.
    fn taken_out(&mut self, name: &str, checkpoint: &str) -> PathBuf {
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

/// An older checkpoint, of which the database has the entries, is authentic: only who knows the newer one sees that the end
/// is missing.
#[test]
fn the_newest_events_that_were_dropped_with_their_checkpoint_are_missed_by_who_knew_it() {
    let mut scene = Scene::new(None);
    let (newest, older) = (scene.checkpoint.clone(), scene.older.clone());
    std::fs::write(scene.path("known"), &newest).expect("written");
    let cut = scene.taken_out("cut", &older);
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
