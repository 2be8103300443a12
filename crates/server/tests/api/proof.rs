//! The log as verifiers read it: checkpoint, tiles, bundles and receipts, checked with nothing of the store.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use server::app::{App, Config};
use sha2::{Digest, Sha256};
use store::{Guard, Publisher};
use tlog::tile::{Tiler, entries, hashes};
use tlog::{Checkpoint, Hash, Note, Receipt, Tile, VerifierKey, leaf_hash};

use crate::support::{Answer, Api, id};

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
}

/// The organization's log: its id and its verifier key.
fn log(api: &Api) -> (String, VerifierKey) {
    let log = api
        .store
        .read(|rx| rx.organization_log(api.made.organization))
        .expect("a log");
    (
        log.id.to_string(),
        VerifierKey::parse(&log.vkey).expect("a key"),
    )
}

fn get(api: &Api, path: &str) -> Answer {
    api.ask("GET", path, &api.service, &Value::Null)
}

fn checkpoint(api: &Api) -> Checkpoint {
    let (log, key) = log(api);
    let answer = get(api, &format!("/logs/{log}/checkpoint"));
    assert_eq!(
        (answer.status, header(&answer, "content-type")),
        (200, Some("text/plain; charset=utf-8"))
    );
    assert_eq!(header(&answer, "cache-control"), Some("no-cache"));
    let note = Note::parse(&answer.bytes).expect("a note");
    note.verify(&[key]).expect("signed");
    Checkpoint::parse(note.text()).expect("a checkpoint")
}

#[test]
fn a_verifier_finds_the_whole_log_under_its_address() {
    for api in [Api::sqlite(), Api::postgres()] {
        for number in 0..270 {
            api.source(&format!("Web app {number}"));
        }
        // Who reads is recorded; then what has been read is signed.
        let (log, _) = log(&api);
        let _ = get(&api, &format!("/logs/{log}/checkpoint"));
        api.sign();
        let signed = checkpoint(&api);
        assert!(signed.size > 270);
        let mut tiler = Tiler::new();
        for tile in Tile::of_entries(signed.size) {
            let answer = get(&api, &format!("/logs/{log}/{tile}"));
            assert_eq!(
                (answer.status, header(&answer, "content-type")),
                (200, Some("application/octet-stream"))
            );
            assert_eq!(
                header(&answer, "cache-control"),
                Some("private, max-age=31536000, immutable")
            );
            for entry in entries(&answer.bytes) {
                let leaf = leaf_hash(entry.expect("whole"));
                let served = |tile: Tile, expected: &[Hash]| -> Result<(), ()> {
                    let answer = get(&api, &format!("/logs/{log}/{tile}"));
                    let found: Vec<Hash> = hashes(&answer.bytes).expect("hashes").collect();
                    assert_eq!(found, expected, "{tile}");
                    Ok(())
                };
                tiler.push(leaf, served).expect("served");
            }
        }
        assert_eq!((tiler.size(), tiler.root()), (signed.size, signed.root));
        for (tile, expected) in tiler.partial() {
            let answer = get(&api, &format!("/logs/{log}/{tile}"));
            assert_eq!(
                hashes(&answer.bytes).expect("hashes").collect::<Vec<_>>(),
                expected,
                "{tile}"
            );
        }
    }
}

#[test]
fn what_is_not_signed_is_not_there() {
    let api = Api::sqlite();
    let (log, _) = log(&api);
    let problem = |path: &str| get(&api, &format!("/logs/{log}/{path}")).problem();
    assert_eq!(problem("checkpoint"), "404 not_found: checkpoint not found");
    assert_eq!(problem("tile/0/000.p/1"), "404 not_found: tile not found");
    api.sign();
    let size = checkpoint(&api).size;
    api.source("Web app");
    assert_eq!(
        problem(&format!("tile/0/000.p/{}", size + 1)),
        "404 not_found: tile not found"
    );
    assert_eq!(
        problem(&format!("tile/entries/000.p/{}", size + 1)),
        "404 not_found: tile not found"
    );
    assert_eq!(
        get(&api, &format!("/logs/{log}/tile/entries/000.p/{size}")).status,
        200
    );
    for none in [
        "tile/0/0",
        "tile/0/000.p/0",
        "tile/x/000",
        "tile/0/001",
        "tile/1/000.p/1",
    ] {
        assert_eq!(problem(none), "404 not_found: tile not found", "{none}");
    }
}

#[test]
fn a_log_is_for_its_organizations_administrators() {
    let api = Api::sqlite();
    api.sign();
    let (log, _) = log(&api);
    let path = format!("/logs/{log}/tile/entries/000.p/1");
    let status = |token: &str, path: &str| api.ask("GET", path, token, &Value::Null).status;
    assert_eq!(status(&api.service, &path), 200);
    assert_eq!(status(&api.admin, &path), 200);
    assert_eq!(status("", &path), 401);
    let viewer = api
        .member("Vera", Some(model::role::WorkspaceRole::Viewer))
        .token;
    assert_eq!(status(&viewer, &path), 403);
    let newest = get(&api, "/v2/audit-logs?order=desc&per_page=5").ok();
    let newest = newest["data"].as_array().expect("events");
    let denied = newest
        .iter()
        .any(|one| one["action"] == "viewed" && one["outcome"] == "denied");
    assert!(denied, "{newest:?}");
}

/// Whoever watches that a log only grows needs no token, where its organization says so. What happened is for nobody else.
#[test]
fn the_hashes_of_a_log_are_for_anyone_where_its_organization_says_so() {
    for api in [Api::sqlite(), Api::postgres()] {
        api.source("Web app");
        api.sign();
        let (log, key) = log(&api);
        let anyone = |path: &str| api.ask("GET", &format!("/logs/{log}/{path}"), "", &Value::Null);
        let all = ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"];
        assert_eq!(all.map(|path| anyone(path).status), [401, 401, 401]);
        let set = |on: bool| {
            let body = json!({ "publicHashes": on });
            api.put("/v2/organization", body).ok()
        };
        assert_eq!(set(true)["publicHashes"], true);
        let told = api.events().pop().expect("an event");
        assert_eq!(
            (&told["action"], &told["targetType"], &told["changes"]),
            (
                &json!("updated"),
                &json!("organization"),
                &json!([{ "path": "publicHashes", "after": true }])
            )
        );
        let before = api.events().len();
        let answers = all.map(anyone);
        assert_eq!(answers.each_ref().map(|one| one.status), [200, 200, 401]);
        let note = Note::parse(&answers[0].bytes).expect("a note");
        note.verify(&[key]).expect("signed");
        assert_eq!(header(&answers[0], "cache-control"), Some("no-cache"));
        assert_eq!(
            header(&answers[1], "cache-control"),
            Some("public, max-age=31536000, immutable")
        );
        assert_eq!(answers[1].bytes.len(), 32);
        // A token that is none does not stand in the way of what needs none, and opens nothing.
        let wrong = |path: &str| {
            let path = format!("/logs/{log}/{path}");
            api.ask("GET", &path, "annals_sat_wrong", &Value::Null)
                .status
        };
        assert_eq!(all.map(wrong), [200, 200, 401]);
        assert_eq!(anyone("tile/0/nonsense").status, 401);
        assert_eq!(anyone("tile/0/009").status, 404);
        assert_eq!(
            api.events().len(),
            before,
            "nothing of what happened was read"
        );
        // Of another organization, and of the instance, nothing.
        let instance = api.store.read(|rx| rx.instance()).expect("an instance").log;
        let path = format!("/logs/{instance}/checkpoint");
        assert_eq!(api.ask("GET", &path, "", &Value::Null).status, 401);
        set(false);
        assert_eq!(all.map(|path| anyone(path).status), [401, 401, 401]);
    }
}

/// Who reads one workspace's log takes that out, and no more; the whole log, with its proof, is for the organization's
/// administrators.
#[test]
fn who_reads_a_workspaces_log_exports_what_they_may_read() {
    use model::role::WorkspaceRole;
    for api in [Api::sqlite(), Api::postgres()] {
        api.source("Web app");
        // What is told of another workspace holds its id.
        let elsewhere = id(&api.post("/v2/workspaces", json!({ "name": "Shop" })).ok());
        let auditor = api.member("Vera", Some(WorkspaceRole::Auditor)).token;
        let editor = api.member("Eddie", Some(WorkspaceRole::Editor)).token;
        api.sign();
        let export =
            |token: &str, body: &Value| api.ask("POST", "/v2/audit-logs/exports", token, body);
        let listed = api
            .ask("GET", "/v2/audit-logs", &auditor, &Value::Null)
            .ok();
        let listed: Vec<u64> = listed["data"]
            .as_array()
            .expect("events")
            .iter()
            .map(|one| one["sequence"].as_u64().expect("a number"))
            .collect();
        api.sign();
        let rows = export(&auditor, &json!({ "format": "events" }));
        assert_eq!(rows.status, 200);
        let text = String::from_utf8(rows.bytes).expect("text");
        let mut lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let manifest = lines.next().expect("a manifest");
        let taken: Vec<u64> = lines
            .map(|row| row["index"].as_u64().expect("a number"))
            .collect();
        assert_eq!(
            (&manifest["query"], &manifest["count"]),
            (
                &json!({ "workspace_id": api.made.workspace }),
                &json!(taken.len())
            )
        );
        assert!(taken.starts_with(&listed), "{taken:?} {listed:?}");
        assert!(
            !text.contains(&elsewhere),
            "what is of another workspace stays there"
        );
        assert_eq!(manifest.get("erasures"), None, "nor who was erased where");
        let told = api.events().pop().expect("an event");
        assert_eq!(
            (
                &told["action"],
                &told["workspaceId"],
                &told["detail"]["kind"]
            ),
            (
                &json!("exported"),
                &json!(api.made.workspace),
                &json!("events")
            )
        );
        assert_eq!(export(&auditor, &json!({ "format": "csv" })).status, 200);
        assert_eq!(export(&auditor, &json!({ "format": "full" })).status, 403);
        let other = json!({ "format": "csv", "filters": { "workspace_id": elsewhere } });
        assert_eq!(export(&auditor, &other).status, 404);
        assert_eq!(export(&editor, &json!({ "format": "csv" })).status, 403);
        // The service of the organization takes out all of it.
        let all = export(&api.service, &json!({ "format": "events" }));
        let all = String::from_utf8(all.bytes).expect("text");
        assert!(all.contains(&elsewhere));
        let manifest = all.lines().next().expect("a manifest");
        let manifest: Value = serde_json::from_str(manifest).expect("JSON");
        assert_eq!(manifest["erasures"], json!([]));
    }
}

#[test]
fn the_log_of_the_instance_and_logs_that_are_none_are_not_there() {
    let api = Api::sqlite();
    api.sign();
    let instance = api.store.read(|rx| rx.instance()).expect("an instance").log;
    for id in [instance.as_str(), "nonsense", "0ujtsYcgvSTl8PAuAdqWYSMnLOv"] {
        assert_eq!(
            get(&api, &format!("/logs/{id}/checkpoint")).problem(),
            "404 not_found: log not found"
        );
    }
}

#[test]
fn a_change_is_answered_with_its_places_in_the_log() {
    let api = Api::sqlite();
    let (log, _) = log(&api);
    let source = api.source("Web app");
    let last = api.events().last().expect("an event")["sequence"]
        .as_u64()
        .expect("a number");
    let change = json!({ "name": "Shop", "enabled": false });
    let both = api.put(&format!("/v2/sources/{source}"), change.clone());
    let viewed = 1; // by the service token, between the two
    let (first, end) = (last + viewed + 1, last + viewed + 2);
    assert_eq!(
        header(&both, "annals-sequence"),
        Some(&*format!("{log}={first}-{end}"))
    );
    assert_eq!(
        header(
            &api.put(&format!("/v2/sources/{source}"), change),
            "annals-sequence"
        ),
        None,
        "nothing changed"
    );
    assert_eq!(header(&api.get("/v2/sources"), "annals-sequence"), None);
}

#[test]
fn a_receipt_proves_its_event_without_the_server() {
    for api in [Api::sqlite(), Api::postgres()] {
        api.source("Web app \u{2013} \"Zürich\"");
        let event = id(api.events().last().expect("an event"));
        api.sign();
        let answer = get(&api, &format!("/v2/audit-logs/{event}/proof"));
        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(
            header(&answer, "content-disposition"),
            Some(&*format!("attachment; filename=\"{event}.tlog-proof\""))
        );
        let receipt = Receipt::parse(&answer.bytes).expect("a receipt");
        let (note, _) = receipt.checkpoint().expect("a note");
        note.verify(&[log(&api).1]).expect("signed");
        let extra: Value =
            serde_json::from_slice(receipt.extra.as_deref().expect("extra")).expect("JSON");
        let entry = extra["entry"].as_str().expect("an entry");
        receipt
            .verify(&leaf_hash(entry.as_bytes()))
            .expect("proved");
        let entry = model::entry::Entry::parse(entry.as_bytes()).expect("an entry");
        assert_eq!(
            (entry.id.as_str(), entry.sequence),
            (event.as_str(), receipt.index)
        );
        let commitments: Vec<&String> = entry.parts.values().chain(&entry.changes).collect();
        let disclosures = extra["disclosures"].as_array().expect("a list");
        assert_eq!(disclosures.len(), commitments.len());
        for disclosure in disclosures {
            let text = disclosure.as_str().expect("a text");
            let hash = Sha256::digest(format!("annals.part.v1\n{text}"));
            let commitment = URL_SAFE_NO_PAD.encode(hash);
            assert!(commitments.contains(&&commitment), "{text}");
        }
        assert!(
            disclosures
                .iter()
                .any(|one| one.as_str().is_some_and(|one| one.contains("Zürich")))
        );
    }
}

#[test]
fn a_receipt_of_an_event_that_is_not_signed_says_so() {
    let api = Api::sqlite();
    let event = api.last();
    let answer = get(&api, &format!("/v2/audit-logs/{event}/proof"));
    assert_eq!(
        answer.problem(),
        "503 not_signed: No checkpoint covers this event yet. Try again in a second, or see /health."
    );
    assert_eq!(
        get(&api, "/v2/audit-logs/0ujtsYcgvSTl8PAuAdqWYSMnLOv/proof").problem(),
        "404 not_found: event not found"
    );
}

#[test]
fn health_says_that_a_log_is_not_signed_and_why() {
    let api = Api::sqlite();
    api.sign();
    let health = |path: &str| get(&api, path).ok();
    assert_eq!(health("/health")["status"], "ok");
    api.source("Web app");
    let empty = api.folder.path().join("another guard");
    std::fs::create_dir_all(&empty).expect("a folder");
    let mut publisher = Publisher::new(api.store.clone(), Guard::new(empty));
    publisher.round().expect("a round");
    let said = health("/health");
    assert_eq!(said["status"], "degraded");
    let refused = said["publisher"]["refused"].as_array().expect("a list");
    assert!(
        refused
            .iter()
            .any(|one| one["log"] == log(&api).0 && one["code"] == "unguarded"),
        "{said}"
    );
}

#[test]
fn health_says_since_when_nothing_can_be_signed_and_why() {
    let mut api = Api::sqlite();
    let config = Config {
        guard: Some(api.folder.path().join("guard")),
        ..Config::default()
    };
    api.router = server::serve::router(&App::new(api.store.clone(), config));
    let health = || get(&api, "/health").ok();
    let gone = api.folder.path().join("moved away");
    let mut publisher = Publisher::new(api.store.clone(), Guard::new(&gone));
    assert!(publisher.round().is_err());
    let said = health();
    assert_eq!(said["status"], "degraded");
    let publisher = &said["publisher"];
    assert_eq!(publisher["refused"], json!([]), "nobody changed anything");
    assert_eq!(publisher["status"], "failing");
    assert_eq!(
        publisher["failing"]["message"],
        "the guard folder cannot be read or written: No such file or directory (os error 2)"
    );
    assert!(publisher["failing"]["since"].is_string(), "{said}");
    api.sign();
    assert_eq!(health()["status"], "ok");
    assert_eq!(health()["publisher"].get("failing"), None);

    api.store.signing_panicked();
    assert_eq!(health()["publisher"]["status"], "failing");
    api.sign();
    assert_eq!(health()["publisher"]["status"], "signing");
}

#[test]
fn an_export_streams_and_is_recorded() {
    for api in [Api::sqlite(), Api::postgres()] {
        for number in 0..5 {
            api.source(&format!("Web app {number}"));
        }
        api.sign();
        let export = |body: Value| api.ask("POST", "/v2/audit-logs/exports", &api.service, &body);
        let csv = export(json!({ "format": "csv", "filters": { "target_type": "source" } }));
        assert_eq!(
            (csv.status, header(&csv, "content-type")),
            (200, Some("text/csv; charset=utf-8"))
        );
        let text = String::from_utf8(csv.bytes).expect("text");
        assert_eq!(text.lines().count(), 6);
        assert!(text.starts_with("sequence,time,actor_name,"), "{text}");
        let last = api.events().pop().expect("an event");
        assert_eq!(
            (&last["action"], &last["detail"]["kind"]),
            (&json!("exported"), &json!("csv"))
        );
        assert_eq!(
            last["detail"]["filters"],
            json!({ "target_type": "source" })
        );
        let rows = export(json!({ "format": "events", "filters": { "target_type": "source" } }));
        let text = String::from_utf8(rows.bytes).expect("text");
        let manifest: Value =
            serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        assert_eq!(
            (&manifest["format"], &manifest["count"]),
            (&json!("annals.events.v1"), &json!(5))
        );
        assert_eq!(text.lines().count(), 6);
        // What broke off goes on after its last whole row, at the checkpoint that it was begun at.
        let lines: Vec<&str> = text.lines().collect();
        let third: Value = serde_json::from_str(lines[3]).expect("JSON");
        api.source("Too late");
        api.sign();
        let filters = json!({ "target_type": "source" });
        let begun = json!({ "after": third["index"], "checkpoint": manifest["checkpoint"] });
        let rest = export(json!({ "format": "events", "filters": filters, "begun": begun }));
        let rest = String::from_utf8(rest.bytes).expect("text");
        assert_eq!(rest.lines().collect::<Vec<_>>(), lines[4..]);
        let csv =
            json!({ "format": "csv", "filters": filters, "begun": { "after": third["index"] } });
        let rest = String::from_utf8(export(csv).bytes).expect("text");
        assert_eq!(rest.lines().count(), 3, "two, and one that came since");
        let full = export(json!({ "format": "full" }));
        assert_eq!(header(&full, "content-type"), Some("application/zstd"));
        assert_eq!(full.bytes[..4], [0x28, 0xb5, 0x2f, 0xfd]);
        for (body, code) in [
            (json!({}), "400 invalid_body"),
            (json!({ "format": "xml" }), "400 unknown_word"),
            (
                json!({ "format": "full", "filters": { "actor": "x" } }),
                "400 unexpected_filter",
            ),
            (
                json!({ "format": "csv", "filters": { "per_page": 3 } }),
                "400 unexpected_filter",
            ),
            (
                json!({ "format": "full", "begun": { "after": 3 } }),
                "400 unexpected_filter",
            ),
            (
                json!({ "format": "events", "begun": { "after": 3 } }),
                "400 invalid_body",
            ),
            (
                json!({ "format": "events", "begun": { "after": 3, "checkpoint": "of nothing" } }),
                "400 unknown_checkpoint",
            ),
        ] {
            assert!(export(body).problem().starts_with(code));
        }
    }
}

#[test]
fn a_log_is_signed_with_its_next_key_and_for_a_while_with_the_one_before() {
    use server::actions::log::rotate_key::RotateLogKey;
    for api in [Api::sqlite(), Api::postgres()] {
        let found = || {
            api.store
                .read(|rx| rx.organization_log(api.made.organization))
                .expect("a log")
        };
        api.sign();
        let old = VerifierKey::parse(&found().vkey).expect("a key");
        let action = RotateLogKey {
            log: found().id,
            organization: found().organization,
            leaked_to: None,
        };
        let rotated = api.store.perform(
            model::actor::Actor::System(model::actor::System::CommandLine),
            crate::support::local_origin(&api.store),
            action,
        );
        let vkey = rotated.wait().expect("rotated").output;
        let new = VerifierKey::parse(&vkey).expect("a key");
        assert_ne!(old, new);
        assert_eq!(found().vkey, vkey);
        let told = api.events().pop().expect("an event");
        assert_eq!(told["facts"], json!({ "generation": 2, "vkey": vkey }));
        let signed_by = |key: &VerifierKey| {
            let note = found().checkpoint.expect("signed").note;
            Note::parse(note.as_bytes())
                .expect("a note")
                .verify(std::slice::from_ref(key))
                .is_ok()
        };
        api.sign();
        assert_eq!((signed_by(&old), signed_by(&new)), (true, true));
        api.clock.advance(31 * 86_400 * 1_000_000);
        api.source("Web app");
        api.sign();
        assert_eq!((signed_by(&old), signed_by(&new)), (false, true));
    }
}

#[test]
fn each_key_that_was_replaced_signs_as_well_for_thirty_days() {
    use server::actions::log::rotate_key::RotateLogKey;
    for api in [Api::sqlite(), Api::postgres()] {
        let found = || {
            api.store
                .read(|rx| rx.organization_log(api.made.organization))
                .expect("a log")
        };
        let rotate = || {
            let action = RotateLogKey {
                log: found().id,
                organization: found().organization,
                leaked_to: None,
            };
            let rotated = api.store.perform(
                model::actor::Actor::System(model::actor::System::CommandLine),
                crate::support::local_origin(&api.store),
                action,
            );
            rotated.wait().map(|done| done.output)
        };
        let signers = |keys: &[String]| -> Vec<bool> {
            api.source("Web app");
            api.sign();
            let note = found().checkpoint.expect("signed").note;
            let note = Note::parse(note.as_bytes()).expect("a note");
            let signs = |key: &String| {
                let key = VerifierKey::parse(key).expect("a key");
                note.verify(&[key]).is_ok()
            };
            keys.iter().map(signs).collect()
        };
        let day = 86_400 * 1_000_000;
        let mut keys = vec![found().vkey];
        for days in [0, 10, 10] {
            api.clock.advance(days * day + 1_500_000);
            keys.push(rotate().expect("rotated"));
        }
        // The second key came at once, and the others ten days apart.
        assert_eq!(signers(&keys), [true, true, true, true]);
        api.clock.advance(10 * day);
        assert_eq!(signers(&keys), [false, true, true, true]);
        api.clock.advance(10 * day);
        assert_eq!(signers(&keys), [false, false, true, true]);
        api.clock.advance(10 * day);
        assert_eq!(signers(&keys), [false, false, false, true]);
        // A note with more signatures than every reader takes would be of use to nobody.
        for _ in 0..7 {
            keys.push(rotate().expect("rotated"));
        }
        let refused = rotate().expect_err("refused").to_string();
        assert!(refused.contains("8 keys already"), "{refused}");
        assert_eq!(signers(&keys[3..]), [true; 8]);
    }
}
