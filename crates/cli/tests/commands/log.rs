//! The log: exported, verified, erased from, recovered, and its keys.

use std::path::Path;

use serde_json::{Value, json};
use store::testing::Postgres;

use super::{BINARY, PASSWORD, done, refusal, run};
use crate::support::{Server, signed};

/// The whole way of an auditor: export, verify, erase, export again, verify against what was known; and a restored backup.
#[test]
fn a_log_is_exported_verified_erased_from_and_recovered() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let body = json!({ "name": "Web app", "type": "HTTP" });
        assert_eq!(
            server
                .ask(
                    "POST",
                    "/v2/sources",
                    server.given("accessToken"),
                    "test",
                    Some(&body)
                )
                .status,
            201
        );
        let folder = server.folder.path().to_owned();
        let call =
            |arguments: &[&str], input: &str| run(&folder, database.as_deref(), arguments, input);
        let done = |arguments: &[&str]| {
            let output = call(arguments, "");
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8(output.stdout).expect("text")
        };
        let added = call(
            &[
                "member",
                "add",
                "--email",
                "bob@example.com",
                "--name",
                "Bob",
                "--role",
                "editor",
                "--password-stdin",
            ],
            PASSWORD,
        );
        assert!(added.status.success(), "{added:?}");
        let path = |name: &str| folder.join(name).display().to_string();
        signed(&server);
        done(&["export", "--output", &path("full")]);
        let vkey = std::fs::read_to_string(folder.join("full/vkey")).expect("a key");
        let vkey = vkey.trim();
        done(&["verify", &path("full"), "--key", vkey]);
        let exported = || {
            server
                .events("&target_type=audit_log&action=exported")
                .len()
        };
        let before = exported();
        let again = call(&["export", "--output", &path("full")], "");
        assert!(refusal(&again).contains("not empty"), "{again:?}");
        for (to, format) in [("nowhere/rows.csv", "csv"), ("full/vkey", "events")] {
            let output = call(&["export", "--output", &path(to), "--format", format], "");
            assert!(refusal(&output).contains("cannot make"), "{output:?}");
        }
        assert_eq!(exported(), before, "what could not begin is none");

        let refused = call(&["privacy", "erase", "bob@example.com"], "no\n");
        assert!(
            refusal(&refused).contains("nothing was erased"),
            "{refused:?}"
        );
        let erased: Value = serde_json::from_str(&done(&[
            "privacy",
            "erase",
            "bob@example.com",
            "--yes",
            "--json",
        ]))
        .expect("JSON");
        assert_eq!(erased["erased"], true);
        assert!(
            refusal(&call(&["privacy", "erase", "ada@example.com", "--yes"], ""))
                .contains("only Admin")
        );
        signed(&server);
        done(&["export", "--output", &path("later.tar.zst")]);
        let since = path("full/checkpoint");
        let said: Value = serde_json::from_str(&done(&[
            "verify",
            &path("later.tar.zst"),
            "--key",
            vkey,
            "--since",
            &since,
            "--json",
        ]))
        .expect("JSON");
        assert!(
            said["counts"]["erased"]
                .as_u64()
                .is_some_and(|count| count > 0),
            "{said}"
        );
        done(&[
            "export",
            "--format",
            "events",
            "--action",
            "created",
            "--output",
            &path("events.jsonl"),
        ]);
        done(&["verify", &path("events.jsonl"), "--key", vkey]);
        // What was erased of a row is told from what is withheld, by the entry that erased it.
        let of_bob = path("of-bob.jsonl");
        let bob = ["--format", "events", "--target-type", "user"];
        done(&[&["export", "--output", &of_bob][..], &bob].concat());
        let said: Value =
            serde_json::from_str(&done(&["verify", &of_bob, "--key", vkey, "--json"]))
                .expect("JSON");
        assert!(
            said["counts"]["erased"]
                .as_u64()
                .is_some_and(|count| count > 0),
            "{said}"
        );
        assert_eq!(said["counts"]["withheld"], 0, "{said}");
        assert!(
            !said["notChecked"].to_string().contains("were erased"),
            "{said}"
        );
        // What was broken off in the middle of a row goes on after the last whole one, at the checkpoint that it was begun at.
        let rows = |format: &str, file: &str, more: &[&str]| {
            let fixed = ["export", "--format", format, "--output", file];
            call(&[&fixed[..], more].concat(), "")
        };
        let created = ["--action", "created"];
        let table = rows("csv", &path("events.csv"), &created);
        assert!(table.status.success(), "{table:?}");
        signed(&server);
        for (format, file) in [
            ("events", path("events.jsonl")),
            ("csv", path("events.csv")),
        ] {
            let whole = std::fs::read(&file).expect("there");
            for left in [whole.len() * 2 / 3, whole.len() - 1, whole.len()] {
                std::fs::write(&file, &whole[..left]).expect("written");
                let resumed = rows(format, &file, &["--resume", "--action", "created"]);
                assert!(resumed.status.success(), "{resumed:?}");
                assert_eq!(std::fs::read(&file).expect("there"), whole, "{format}");
            }
        }
        let other = rows("events", &path("events.jsonl"), &["--resume"]);
        assert!(refusal(&other).contains("other filters"), "{other:?}");
        for (format, file) in [
            ("events", path("events.jsonl")),
            ("csv", path("events.csv")),
        ] {
            let whole = std::fs::read(&file).expect("there");
            let held = std::fs::File::open(&file).expect("there");
            held.lock().expect("locked");
            let busy = rows(format, &file, &["--resume", "--action", "created"]);
            assert!(
                refusal(&busy).contains("another export is writing"),
                "{busy:?}"
            );
            assert_eq!(std::fs::read(&file).expect("there"), whole, "{format}");
        }
        let none = rows("csv", &path("none.csv"), &["--resume"]);
        assert!(refusal(&none).contains("cannot go on"), "{none:?}");
        let another = rows("csv", &path("events.jsonl"), &["--resume"]);
        assert!(refusal(&another).contains("head line"), "{another:?}");
        let stream = rows("csv", "-", &["--resume"]);
        assert!(
            refusal(&stream).contains("cannot be gone on with"),
            "{stream:?}"
        );
        let csv = done(&["export", "--format", "csv", "--output", "-"]);
        assert!(
            csv.starts_with("sequence,time,") && csv.contains(",created,source,Web app,"),
            "{csv}"
        );

        // Every log is signed: there is nothing to recover. With another guard, the database counts as behind.
        assert!(done(&["recover"]).contains("nothing to recover"));
        let other = path("another guard");
        let told = call(&["recover", "--guard", &other], "");
        assert!(
            !told.status.success()
                && String::from_utf8_lossy(&told.stdout).contains("is not signed"),
            "{told:?}"
        );
        let rotated = done(&["rotate-key", "--json"]);
        let rotated: Value = serde_json::from_str(&rotated).expect("JSON");
        assert_eq!(rotated["before"], vkey);
        signed(&server);
        done(&["export", "--output", &path("rotated")]);
        for key in [vkey, rotated["vkey"].as_str().expect("a key")] {
            done(&[
                "verify",
                &path("rotated"),
                "--key",
                key,
                "--since",
                &path("rotated/checkpoint"),
            ]);
        }
    }
}

/// The key was changed while no server ran that would sign with the new one: an export says by which key it can be checked.
#[test]
fn an_export_holds_the_key_that_has_signed_its_checkpoint() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        signed(&server);
        let (home, _) = server.kill();
        let folder = home.path().to_owned();
        let call = |arguments: &[&str]| {
            let output = run(&folder, database.as_deref(), arguments, "");
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            output
        };
        let said = |arguments: &[&str]| -> Value {
            let output = call(&[&["export", "--json", "--output"], arguments].concat());
            serde_json::from_slice(&output.stderr).expect("JSON")
        };
        let path = |name: &str| folder.join(name).display().to_string();
        let rows = path("rows.jsonl");
        let before = said(&[&rows, "--format", "events"])["vkey"].clone();
        let rotated = call(&["rotate-key", "--json"]);
        let rotated: Value = serde_json::from_slice(&rotated.stdout).expect("JSON");
        assert_eq!(rotated["before"], before);
        let old = before.as_str().expect("a key");
        let whole = path("whole");
        for out in [
            said(&[&whole]),
            said(&[&rows, "--format", "events", "--resume"]),
        ] {
            assert_eq!(out["vkey"], before, "{out}");
            call(&[
                "verify",
                out["output"].as_str().expect("a path"),
                "--key",
                old,
            ]);
        }
        let kept = std::fs::read_to_string(folder.join("whole/vkey")).expect("a key");
        assert_eq!(kept.trim(), old);
        // The next checkpoint is signed with both, and an export holds the newer.
        call(&["recover"]);
        assert_eq!(said(&[&path("both")])["vkey"], rotated["vkey"]);
    }
}

/// Rows stand under the checkpoint that they began with: it covers no erasure from after it.
#[test]
fn rows_that_are_gone_on_with_say_that_something_was_erased_since() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let folder = server.folder.path().to_owned();
        let call =
            |arguments: &[&str], input: &str| done(&folder, database.as_deref(), arguments, input);
        let bob = ["--email", "bob@example.com", "--name", "Bob"];
        let role = ["--role", "editor", "--password-stdin"];
        call(&[&["member", "add"], &bob[..], &role].concat(), PASSWORD);
        signed(&server);
        let path = |name: &str| folder.join(name).display().to_string();
        let erased_since = |arguments: &[&str]| {
            let fixed = ["export", "--json", "--format", "events", "--output"];
            let output = call(&[&fixed[..], arguments].concat(), "");
            let said: Value = serde_json::from_slice(&output.stderr).expect("JSON");
            said["unsignedErasure"].is_u64()
        };
        assert!(!erased_since(&[&path("rows")]));
        call(&["privacy", "erase", "bob@example.com", "--yes"], "");
        signed(&server);
        assert!(erased_since(&[&path("rows"), "--resume"]));
        assert!(!erased_since(&[&path("new rows")]));
    }
}

/// What is of no organization is in the log of the instance, which whoever runs the server takes out.
#[test]
fn the_log_of_the_instance_is_exported_and_verified() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let folder = server.folder.path().to_owned();
        let call = |arguments: &[&str]| run(&folder, database.as_deref(), arguments, "");
        let done = |arguments: &[&str]| {
            let output = call(arguments);
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            output
        };
        let path = |name: &str| folder.join(name).display().to_string();
        let export = |name: &str| -> Value {
            let out = path(name);
            let output = done(&["export", "--instance", "--json", "--output", &out]);
            serde_json::from_slice(&output.stderr).expect("JSON")
        };
        let rotated = done(&["rotate-key", "--instance", "--json"]);
        let rotated: Value = serde_json::from_slice(&rotated.stdout).expect("JSON");
        done(&["recover"]);
        let first = export("first");
        assert_eq!(first["log"], rotated["log"]);
        done(&["recover"]);
        let second = export("second");
        let sizes = [&first, &second].map(|one| one["size"].as_u64().expect("a size"));
        assert_eq!(sizes[1], sizes[0] + 1, "the export is an event of this log");
        for key in ["vkey", "before"] {
            let key = rotated[key].as_str().expect("a key");
            let since = path("first/checkpoint");
            done(&["verify", &path("second"), "--key", key, "--since", &since]);
        }
        let told = std::fs::read(
            folder
                .join("second/tile/entries/000.p")
                .join(sizes[1].to_string()),
        );
        let told = String::from_utf8_lossy(&told.expect("a bundle")).into_owned();
        assert!(
            told.contains(r#""action":"rotated""#) && told.contains(r#""action":"exported""#),
            "{told}"
        );
        assert_eq!(server.events("&action=exported"), Vec::<Value>::new());
        let rows = call(&["export", "--instance", "--format", "csv", "--output", "-"]);
        assert!(refusal(&rows).contains("whole"), "{rows:?}");
    }
}

/// The key file was stolen. Every log gets a key from a new seed, while the server runs; what the old key signs counts for
/// nothing, and the log is still the one that it was.
#[test]
fn after_a_leak_every_log_has_a_key_from_a_new_seed() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let folder = server.folder.path().to_owned();
        let call = |arguments: &[&str]| run(&folder, database.as_deref(), arguments, "");
        let done = |arguments: &[&str]| {
            let output = call(arguments);
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8(output.stdout).expect("text")
        };
        let path = |name: &str| folder.join(name).display().to_string();
        signed(&server);
        done(&["export", "--output", &path("before")]);
        let old = std::fs::read_to_string(folder.join("before/vkey")).expect("a key");
        let old = old.trim();
        let stolen = folder.join("stolen.keys");
        std::fs::copy(folder.join("keys/annals.keys"), &stolen).expect("copied");

        let said: Value =
            serde_json::from_str(&done(&["rotate-key", "--leaked", "--json"])).expect("JSON");
        let rotated = said["rotated"].as_array().expect("logs");
        assert_eq!(
            rotated.len(),
            2,
            "the organization's log and the instance's: {said}"
        );
        let of_organization = rotated
            .iter()
            .find(|one| one["before"] == old)
            .expect("the log");
        let new = of_organization["vkey"].as_str().expect("a key");
        signed(&server);
        let events = server.events("&action=rotated");
        let told = events.last().expect("an event");
        assert_eq!(
            (&told["facts"], &told["detail"]),
            (
                &json!({ "generation": 2, "vkey": new }),
                &json!({ "reason": "leaked" })
            )
        );

        done(&["export", "--output", &path("after")]);
        let (after, since) = (path("after"), path("before/checkpoint"));
        let code = |arguments: &[&str]| {
            let output = call(&[&["verify", &after], arguments].concat());
            output.status.code().expect("a code")
        };
        assert_eq!(code(&["--key", new]), 0);
        assert_eq!(
            code(&["--key", new, "--since", &since, "--since-key", old]),
            0
        );
        assert_eq!(
            code(&["--key", new, "--since", &since]),
            2,
            "it was signed with the old key"
        );
        let without = call(&["verify", &after, "--key", new, "--since", &since]);
        let without = String::from_utf8(without.stdout).expect("text");
        assert!(without.contains("with --since-key"), "{without}");
        assert_eq!(code(&["--key", old]), 2, "the old key signs no more");
        let other = old.replacen('/', "/x", 1);
        assert_eq!(
            code(&["--key", new, "--since", &since, "--since-key", &other]),
            1
        );

        // A key by plan, from now on, is from the new seed too, and both sign for a while.
        let again: Value = serde_json::from_str(&done(&["rotate-key", "--json"])).expect("JSON");
        signed(&server);
        done(&["export", "--output", &path("again")]);
        for key in [new, again["vkey"].as_str().expect("a key")] {
            done(&["verify", &path("again"), "--key", key]);
        }
        // The file that was stolen does not fit any more, and nobody goes on with it by mistake.
        let stolen = stolen.display().to_string();
        let refused = call(&["rotate-key", "--keys", &stolen]);
        assert!(
            refusal(&refused).contains("copy the newer file"),
            "{refused:?}"
        );
        // And once more.
        let more: Value =
            serde_json::from_str(&done(&["rotate-key", "--leaked", "--json"])).expect("JSON");
        assert_ne!(more["seed"], said["seed"]);
        assert_eq!(more["rotated"].as_array().expect("logs").len(), 2);
        signed(&server);
        done(&["export", "--output", &path("more")]);
        let newest = more["rotated"]
            .as_array()
            .expect("logs")
            .iter()
            .find(|one| one["organization"] != Value::Null)
            .expect("the log");
        done(&[
            "verify",
            &path("more"),
            "--key",
            newest["vkey"].as_str().expect("a key"),
        ]);
    }
}
