//! `annals definitions import`: what it takes, what it leaves, and what it says.

#[path = "support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use store::testing::Postgres;
use support::annals;

const BINARY: &str = env!("CARGO_BIN_EXE_annals");

fn run(folder: &Path, database: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = annals(Path::new(BINARY), folder, database);
    command.args(arguments).output().expect("annals ends")
}

fn write(folder: &Path, path: &str, text: &str) {
    let file = folder.join("checkout/src/configurations").join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    std::fs::write(file, text).expect("written");
}

/// A checkout with three good definitions and four things that are broken.
fn checkout(folder: &Path) {
    let kettle =
        json!({ "name": "KETTLE", "displayName": "Kettle", "config": { "secretKeys": ["token"] } });
    write(
        folder,
        "destinations/toaster/accounts/toaster_oauth/db-config.json",
        r#"{"name":"DESTINATION_TOASTER_OAUTH","type":"toaster"}"#,
    );
    write(
        folder,
        "destinations/kettle/db-config.json",
        &kettle.to_string(),
    );
    write(
        folder,
        "destinations/kettle/ui-config.json",
        r#"{"uiConfig":[]}"#,
    );
    write(
        folder,
        "destinations/kettle/schema.json",
        r#"{"configSchema":{"type":"object"}}"#,
    );
    write(
        folder,
        "destinations/toaster/db-config.json",
        r#"{"name":"TOASTER","config":{}}"#,
    );
    write(
        folder,
        "destinations/toaster/schema.json",
        r##"{"configSchema":{"$ref":"#"}}"##,
    );
    write(
        folder,
        "destinations/broken/db-config.json",
        r#"{"name":"BRO"#,
    );
    write(
        folder,
        "destinations/nameless/db-config.json",
        r#"{"displayName":"x"}"#,
    );
    write(
        folder,
        "destinations/second/db-config.json",
        r#"{"name":"KETTLE"}"#,
    );
    write(folder, "destinations/empty/readme.md", "nothing");
    write(
        folder,
        "sources/pump/db-config.json",
        r#"{"name":"Pump","type":"cloud","options":{"a":1}}"#,
    );
}

fn set_up(folder: &Path, database: Option<&str>) {
    let mut init = annals(Path::new(BINARY), folder, database);
    let fixed = "init --organization Fernhill --workspace Production --name Ada --password-stdin --json --email ada@example.com";
    init.args(fixed.split(' '));
    let password = folder.join("password");
    std::fs::write(&password, "correct horse battery\n").expect("written");
    init.stdin(std::fs::File::open(&password).expect("opened"));
    assert!(init.output().expect("annals ends").status.success());
}

fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("one object")
}

#[test]
fn an_import_that_is_killed_has_taken_in_all_or_nothing() {
    const ALL: usize = 300;
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let place = tempfile::tempdir().expect("a folder");
        let (folder, database) = (place.path(), database.as_deref());
        set_up(folder, database);
        for number in 0..ALL {
            let path = format!("destinations/pot_{number}/db-config.json");
            let definition = json!({ "name": format!("POT_{number}"), "config": {} });
            write(folder, &path, &definition.to_string());
        }
        let checkout = folder.join("checkout");
        let mut child = annals(Path::new(BINARY), folder, database)
            .args(["definitions", "import"])
            .arg(&checkout)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("annals starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its errors")).lines();
        let read = format!("read {ALL} of {ALL} destinations");
        assert!(lines.any(|line| line.is_ok_and(|line| line == read)));
        child.kill().expect("killed");
        child.wait().expect("gone");
        // Whether it had committed by then or not: never a part of it.
        let path = checkout.to_str().expect("a path");
        let import = ["definitions", "import", path, "--json"];
        let again = said(&run(folder, database, &import));
        let created = again["created"].as_array().map_or(0, Vec::len);
        let unchanged = again["unchanged"].as_u64();
        assert!(
            matches!((created, unchanged), (ALL, Some(0)) | (0, Some(300))),
            "{created} {unchanged:?}"
        );
    }
}

#[test]
fn a_checkout_is_taken_in_and_what_is_broken_is_named() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let place = tempfile::tempdir().expect("a folder");
        let (folder, database) = (place.path(), database.as_deref());
        set_up(folder, database);
        checkout(folder);
        let path = folder.join("checkout");
        let path = path.to_str().expect("a path");

        let wrong = run(
            folder,
            database,
            &["definitions", "import", folder.to_str().expect("a path")],
        );
        assert_eq!(wrong.status.code(), Some(1));
        let text = String::from_utf8(wrong.stderr).expect("text");
        assert!(
            text.contains("is no checkout") && text.contains("nothing was changed"),
            "{text}"
        );

        let dry = said(&run(
            folder,
            database,
            &["definitions", "import", path, "--dry-run", "--json"],
        ));
        assert_eq!(
            (
                dry["dryRun"].as_bool(),
                dry["recorded"].as_array().map(Vec::len)
            ),
            (Some(true), Some(0))
        );
        let first = said(&run(
            folder,
            database,
            &["definitions", "import", path, "--json"],
        ));
        assert_eq!(first["created"], dry["created"]);
        assert_eq!(
            first["created"],
            json!([
                { "kind": "source", "name": "Pump" },
                { "kind": "destination", "name": "KETTLE" },
                { "kind": "destination", "name": "TOASTER" },
            ])
        );
        let left: Vec<&str> = first["left"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one["path"].as_str())
            .collect();
        assert_eq!(
            left,
            [
                "destinations/broken/db-config.json",
                "destinations/empty",
                "destinations/nameless",
                "destinations/second",
                "destinations/toaster/accounts/toaster_oauth",
                "destinations/toaster/schema.json",
            ]
        );
        assert_eq!(
            first["recorded"].as_array().map(Vec::len),
            Some(1),
            "one event"
        );

        let again = run(folder, database, &["definitions", "import", path]);
        let text = String::from_utf8(again.stdout).expect("text");
        assert!(
            text.ends_with("took in 0 definitions: 0 new, 0 changed; 3 were so already; left 6\n"),
            "{text}"
        );
        write(
            folder,
            "destinations/kettle/db-config.json",
            r#"{"name":"KETTLE","config":{"secretKeys":["token","steam"]}}"#,
        );
        let changed = said(&run(
            folder,
            database,
            &["definitions", "import", path, "--json"],
        ));
        assert_eq!(
            changed["changed"],
            json!([{ "kind": "destination", "name": "KETTLE" }])
        );
        assert_eq!(
            (
                changed["unchanged"].as_u64(),
                changed["recorded"].as_array().map(Vec::len)
            ),
            (Some(2), Some(1))
        );
    }
}
