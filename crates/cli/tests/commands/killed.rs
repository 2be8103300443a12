//! `annals export` that is killed at any moment goes on, and what comes of it is the whole log.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use store::testing::Postgres;

use super::{BINARY, PASSWORD, done};
use crate::support::{Server, annals, signed};

/// How many sources are made: six bundles of 256 entries, and a part of one.
const SOURCES: usize = 1_600;
const AT_ONCE: usize = 16;

fn fill(server: &Server) {
    std::thread::scope(|scope| {
        for worker in 0..AT_ONCE {
            scope.spawn(move || {
                for number in 0..SOURCES / AT_ONCE {
                    let body = json!({ "name": format!("{worker}-{number}"), "type": "HTTP" });
                    let token = server.given("accessToken");
                    let made = server.ask("POST", "/v2/sources", token, "test", Some(&body));
                    assert_eq!(made.status, 201, "{}", made.text);
                }
            });
        }
    });
    signed(server);
}

/// Begins an export, or goes on with it, and kills it as soon as `file` is there; whether it was killed before its end.
fn killed_at(mut export: std::process::Command, file: &Path) -> bool {
    let mut child = export
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("annals starts");
    while !file.exists() {
        if let Some(status) = child.try_wait().expect("it can be asked") {
            assert!(status.success(), "{status}");
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    child.kill().expect("killed, or ended");
    let _ = child.wait().expect("gone");
    true
}

#[test]
fn an_export_that_is_killed_again_and_again_is_whole_in_the_end() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let folder = server.folder.path().to_owned();
        let call =
            |arguments: &[&str], input: &str| done(&folder, database.as_deref(), arguments, input);
        let path = |name: &str| folder.join(name).display().to_string();
        fill(&server);
        // Somebody of whom the last bundles know something.
        let bob = ["--email", "bob@example.com", "--name", "Bob"];
        let role = ["--role", "editor", "--password-stdin"];
        call(&[&["member", "add"], &bob[..], &role].concat(), PASSWORD);
        signed(&server);
        call(&["export", "--output", &path("whole")], "");

        let mut killed = 0;
        for tile in ["entries/000", "0/000", "0/002", "entries/004"] {
            let mut export = annals(Path::new(BINARY), &folder, database.as_deref());
            export.args(["export", "--output", &path("killed")]);
            if killed > 0 {
                export.arg("--resume");
            }
            if killed == 2 {
                call(&["privacy", "erase", "bob@example.com", "--yes"], "");
                signed(&server);
            }
            killed += u32::from(killed_at(export, &folder.join("killed/tile").join(tile)));
            assert!(
                !folder.join("killed/checkpoint").exists(),
                "{tile}: too late"
            );
        }
        assert_eq!(killed, 4);
        call(&["export", "--output", &path("killed"), "--resume"], "");

        let vkey = std::fs::read_to_string(folder.join("killed/vkey")).expect("a key");
        let since = path("whole/checkpoint");
        let verify = ["verify", &path("killed"), "--key", vkey.trim(), "--json"];
        let said = call(&[&verify[..], &["--since", &since]].concat(), "");
        let said: Value = serde_json::from_slice(&said.stdout).expect("JSON");
        let count = |what: &str| said["counts"][what].as_u64().expect("a number");
        assert!(count("erased") > 0, "{said}");
        assert_eq!(count("withheld"), 0, "{said}");
        for tile in ["entries/000", "0/000", "entries/005", "0/005"] {
            let of = |name: &str| std::fs::read(folder.join(name).join("tile").join(tile));
            assert_eq!(of("whole").expect("there"), of("killed").expect("there"));
        }
        // What was said before the erasure was not said twice.
        let lines = |name: &str| {
            let file = folder.join(name).join("disclosures.jsonl");
            std::fs::read_to_string(file).expect("text")
        };
        let (whole, killed) = (lines("whole"), lines("killed"));
        let first = |text: &str| {
            text.lines()
                .take(SOURCES)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert!(first(&whole) == first(&killed), "other disclosures");
    }
}
