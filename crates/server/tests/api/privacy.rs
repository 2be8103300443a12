//! Erasing a person: what goes, what stays, and that nothing of it is left in any file.

use model::actor::{Actor, System};
use model::id::{EventId, UserId};
use model::part::PartName;
use model::role::{OrganizationRole, WorkspaceRole};
use model::things::Member;
use serde_json::{Value, json};
use server::actions::member::add::AddMember;
use server::actions::privacy::erase_part::ErasePart;
use server::actions::privacy::erase_person::ErasePerson;
use server::export::Fixed;
use server::privacy::{self, Erase};
use store::testing::Raw;
use store::{Error, Guard, Location, Upkeep};
use tlog::{Checkpoint, Note, Receipt, leaf_hash};

use crate::support::{Api, both, id, local_origin, told};

/// A person whose name, e-mail and address occur nowhere else.
pub(crate) const NAME: &str = "Quintessa Vyrwhistle";
pub(crate) const ADDRESS: &str = "198.51.100.213";

pub(crate) fn guard(api: &Api) -> Guard {
    let folder = api.folder.path().join("guard");
    std::fs::create_dir_all(&folder).expect("a folder");
    Guard::new(folder)
}

pub(crate) fn person(api: &Api, user: UserId, everywhere: bool) -> Erase {
    Erase::Person(ErasePerson {
        organization: (!everywhere).then_some(api.made.organization),
        user,
        basis: "request",
    })
}

pub(crate) fn erase(api: &Api, what: &Erase) -> store::Result<store::Recorded<()>> {
    let actor = Actor::System(System::CommandLine);
    let done = privacy::erase(
        &api.store,
        Some(&guard(api)),
        actor,
        local_origin(&api.store),
        what,
    );
    privacy::remove(&api.store).expect("removed");
    done
}

/// Someone who has done something.
pub(crate) fn busy(api: &Api) -> (UserId, String) {
    let one = api.member(NAME, Some(WorkspaceRole::Editor));
    let mut request = crate::support::request(
        "POST",
        "/v2/sources",
        &one.token,
        axum::body::Body::from(r#"{"name":"Web app","type":"HTTP"}"#),
    );
    let socket: std::net::SocketAddr = format!("{ADDRESS}:4711").parse().expect("an address");
    request
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(socket));
    request.headers_mut().insert(
        "user-agent",
        "Vyrwhistle-Browser/9".parse().expect("a header"),
    );
    assert_eq!(api.send(request).status, 201);
    (one.user, one.token)
}

#[test]
fn an_erased_person_is_gone_and_every_proof_stays() {
    for api in both() {
        let (user, token) = busy(&api);
        let before = api.events();
        let event = before.last().expect("an event");
        assert_eq!(event["actorName"], NAME);
        api.sign();
        let proof = format!("/v2/audit-logs/{}/proof", id(event));
        let old = Receipt::parse(&api.ask("GET", &proof, &api.service, &Value::Null).bytes)
            .expect("a receipt");
        let done = erase(&api, &person(&api, user, false)).expect("erased");
        assert_eq!(done.entries.len(), 1);

        let after = api.events();
        let erased = after.last().expect("an event");
        assert_eq!(
            (
                &erased["action"],
                &erased["targetType"],
                &erased["targetId"]
            ),
            (&json!("erased"), &json!("privacy"), &json!(user))
        );
        assert_eq!(
            erased["facts"],
            json!({ "subject": user, "events": 2, "basis": "request" })
        );
        let again = after
            .iter()
            .find(|one| one["id"] == event["id"])
            .expect("it is still there");
        // What cannot be shown is absent, and `hidden` says so of each, and of nothing else.
        let gone = ["actorEmail", "actorName", "interface", "ip", "userAgent"];
        let hidden: Value = gone
            .iter()
            .map(|name| ((*name).to_owned(), json!("erased")))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert_eq!(again["hidden"], hidden);
        for name in gone {
            assert!(event.get(name).is_some(), "{name} was there");
            assert!(again.get(name).is_none(), "{name} is gone");
        }
        assert!(event.get("hidden").is_none(), "nothing was hidden before");
        assert_eq!(
            again["targetName"], "Web app",
            "what is not about the person stays"
        );

        assert_eq!(
            api.ask("GET", "/v2/sources", &token, &Value::Null).status,
            401
        );
        assert_eq!(api.store.read(|rx| rx.user(user)).expect("read"), None);
        api.sign();
        let new = Receipt::parse(&api.ask("GET", &proof, &api.service, &Value::Null).bytes)
            .expect("a receipt");
        let extra = |receipt: &Receipt| -> Value {
            serde_json::from_slice(receipt.extra.as_deref().expect("extra")).expect("JSON")
        };
        assert_eq!(
            extra(&old)["entry"],
            extra(&new)["entry"],
            "the entry is as it was"
        );
        let count = |receipt: &Receipt| {
            extra(receipt)["disclosures"]
                .as_array()
                .expect("a list")
                .len()
        };
        assert_eq!(count(&old), count(&new) + 2);
        for receipt in [old, new] {
            let entry = extra(&receipt)["entry"].as_str().expect("text").to_owned();
            receipt
                .verify(&leaf_hash(entry.as_bytes()))
                .expect("it still proves");
        }
    }
}

/// Adds a person as the command line does.
fn add(api: &Api, email: &str) -> store::Result<Member> {
    let action = AddMember {
        organization: api.made.organization,
        name: NAME.to_owned(),
        email: email.to_owned(),
        password: "no password".to_owned(),
        role: OrganizationRole::Member,
        workspaces: Vec::new(),
    };
    let actor = Actor::System(System::CommandLine);
    let done = api.store.perform(actor, local_origin(&api.store), action);
    done.wait().map(|done| done.output)
}

#[test]
fn who_was_invited_and_is_added_is_one_person_and_is_erased_as_one() {
    for api in both() {
        let email = "vyrwhistle@example.com";
        let invite = || {
            let made = api.post("/v2/invitations", json!({"emails": [email]})).ok();
            made["invitations"][0].clone()
        };
        let invited = invite();
        let before = api.last();
        let member = add(&api, "Vyrwhistle@Example.com").expect("added");
        let told: Vec<_> = api.since(&before).iter().map(told).collect();
        insta::allow_duplicates! {
            insta::assert_snapshot!(crate::support::without_ids(&told.join("\n")), @r#"
            user_invitation.cancelled vyrwhistle@example.com
              state: "open" -> "cancelled"
            user.added_to_organization Quintessa Vyrwhistle
              email: nothing -> "Vyrwhistle@Example.com"
              name: nothing -> "Quintessa Vyrwhistle"
              role: nothing -> "member"
            "#);
        }
        let all = api.get("/v2/invitations").ok();
        assert_eq!(all["invitations"][0]["id"], invited["id"]);
        assert_eq!(all["invitations"][0]["state"], "cancelled");

        let user = member.user.id;
        let _ = erase(&api, &person(&api, user, true)).expect("erased");
        assert_eq!(api.get("/v2/invitations").ok()["invitations"], json!([]));
        let events = serde_json::to_string(&api.events()).expect("JSON");
        assert!(!events.to_lowercase().contains("vyrwhistle"), "{events}");
        // The address is free for somebody else.
        invite();
        assert_ne!(add(&api, email).expect("added").user.id, user);
    }
}

#[test]
fn one_value_is_erased_alone() {
    for api in both() {
        let source = api.source("Web app");
        api.put(
            &format!("/v2/sources/{source}"),
            json!({ "name": "Quintessa's own", "enabled": false }),
        )
        .ok();
        let events = api.events();
        let renamed = events
            .iter()
            .find(|one| one["action"] == "updated_name")
            .expect("an event");
        let event: EventId = id(renamed).parse().expect("an id");
        let one = |part| {
            Erase::Part(ErasePart {
                organization: api.made.organization,
                event,
                part,
            })
        };
        let part = PartName::change(0).expect("a part");
        let done = erase(&api, &one(part)).expect("erased");
        assert_eq!(done.entries.len(), 1);
        let events = api.events();
        let again = events
            .iter()
            .find(|one| one["id"] == renamed["id"])
            .expect("there");
        assert_eq!(
            (&again["changes"], &again["hidden"]["changes"]),
            (&json!([]), &json!("erased"))
        );
        assert_eq!(again["actorName"], "Ada Lovelace");
        let erased = events.last().expect("an event");
        assert_eq!(
            erased["facts"],
            json!({ "erased": [{ "event": event, "part": "changes/0" }] })
        );
        assert!(
            erase(&api, &one(part))
                .expect("nothing to do")
                .entries
                .is_empty()
        );
        let none = erase(&api, &one(PartName::DETAIL));
        assert!(matches!(none, Err(Error::NotFound("part"))));
    }
}

#[test]
fn the_last_admin_is_not_erased() {
    for api in both() {
        for everywhere in [false, true] {
            let refused = erase(&api, &person(&api, api.made.user, everywhere));
            assert!(
                matches!(
                    refused,
                    Err(Error::Failed {
                        code: "last_admin",
                        ..
                    })
                ),
                "{refused:?}"
            );
        }
        assert_eq!(guard(&api).erasures().expect("read"), []);
        assert_eq!(api.get("/v2/sources").status, 200);
    }
}

#[test]
fn a_restored_backup_is_erased_again() {
    for api in both() {
        let (user, _) = busy(&api);
        // A guard that knows of an erasure which the database, being from before, does not.
        let kept = store::Kept::Person {
            organization: Some(api.made.organization),
            subject: user,
        };
        guard(&api).keep_erasure(&kept).expect("kept");
        assert_eq!(privacy::again(&api.store, &guard(&api)).expect("done"), 1);
        assert_eq!(api.store.read(|rx| rx.user(user)).expect("read"), None);
        let erased = api.events().pop().expect("an event");
        assert_eq!(
            (&erased["facts"]["basis"], &erased["actorType"]),
            (&json!("restored"), &json!("system"))
        );
        assert_eq!(privacy::again(&api.store, &guard(&api)).expect("done"), 0);
    }
}

#[test]
fn what_one_process_erased_every_guard_comes_to_know() {
    let api = Api::sqlite();
    let (user, _) = busy(&api);
    let _ = erase(&api, &person(&api, user, false)).expect("erased");
    let other = api.folder.path().join("other guard");
    std::fs::create_dir_all(&other).expect("a folder");
    let other = Guard::new(other);
    privacy::again(&api.store, &other).expect("done");
    assert_eq!(
        other.erasures().expect("read"),
        guard(&api).erasures().expect("read")
    );
}

/// A refused attempt of an erased person is closed later, as a series: then nothing is said of the person any more.
#[test]
fn an_open_series_of_refusals_of_an_erased_person_is_closed() {
    for api in both() {
        let viewer = api.member(NAME, Some(WorkspaceRole::Viewer));
        for _ in 0..3 {
            let body = json!({ "name": "No", "type": "HTTP" });
            assert_eq!(
                api.ask("POST", "/v2/sources", &viewer.token, &body).status,
                403
            );
        }
        let _ = erase(&api, &person(&api, viewer.user, false)).expect("erased");
        api.clock.advance(3600 * 1_000_000);
        api.store
            .upkeep(Upkeep::CloseRefusals)
            .wait()
            .expect("closed");
        let last = api.events().pop().expect("an event");
        assert_eq!(
            (
                &last["outcome"],
                &last["facts"]["count"],
                &last["actorName"]
            ),
            (&json!("denied"), &json!(3), &Value::Null)
        );
    }
}

#[test]
fn a_checkpoint_from_before_an_erasure_is_one_of_the_same_log() {
    let api = Api::sqlite();
    let (user, _) = busy(&api);
    api.sign();
    let log = || {
        api.store
            .read(|rx| rx.organization_log(api.made.organization))
            .expect("a log")
    };
    let old = log().checkpoint.expect("signed");
    let _ = erase(&api, &person(&api, user, true)).expect("erased");
    api.sign();
    let new = log().checkpoint.clone().expect("signed");
    let proof = api
        .store
        .read(|rx| rx.consistency(&log(), old.size, new.size))
        .expect("a proof");
    tlog::proof::verify_consistency(old.size, &old.root, new.size, &new.root, &proof)
        .expect("consistent");
    let note = Note::parse(new.note.as_bytes()).expect("a note");
    assert_eq!(
        Checkpoint::parse(note.text()).expect("a checkpoint").size,
        new.size
    );
}

#[test]
fn an_administrator_erases_over_the_api_and_sees_how_far_it_is() {
    for api in both() {
        let (user, _) = busy(&api);
        let answer = api.post("/v2/privacy/erasures", json!({ "userId": user }));
        assert_eq!(answer.status, 202, "{}", answer.json);
        assert!(answer.headers.contains_key("annals-sequence"));
        let erasure = answer.json;
        let path = format!("/v2/privacy/erasures/{}", id(&erasure));
        for _ in 0..200 {
            if api.get(&path).ok()["done"] == true {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let seen = api.get(&path).ok();
        assert_eq!(
            (&seen["done"], &seen["userId"]),
            (&json!(true), &json!(user))
        );
        assert_eq!(seen["lookedThrough"], seen["entries"]);
        assert_eq!(
            api.get("/v2/privacy/erasures").ok()["erasures"],
            json!([seen])
        );
        let last = api.post("/v2/privacy/erasures", json!({ "userId": api.made.user }));
        assert!(
            last.problem().starts_with("409 last_admin"),
            "{}",
            last.json
        );
        for (body, code) in [
            (json!({}), "400 invalid_body"),
            (
                json!({ "userId": user, "part": "actor" }),
                "400 invalid_body",
            ),
            (json!({ "userId": "x" }), "404 not_found"),
            (
                json!({ "userId": user, "basis": "whim" }),
                "400 unknown_word",
            ),
            (
                json!({ "eventId": "0ujtsYcgvSTl8PAuAdqWYSMnLOv", "part": "actor" }),
                "404 not_found",
            ),
            (
                json!({ "eventId": "0ujtsYcgvSTl8PAuAdqWYSMnLOv", "part": "secret" }),
                "400 unknown_word",
            ),
        ] {
            assert!(
                api.post("/v2/privacy/erasures", body)
                    .problem()
                    .starts_with(code)
            );
        }
    }
}

/// A backup from when the erased person was the only Admin: the server starts, and says so in its log.
#[test]
fn what_cannot_be_erased_again_yet_stops_nothing_else() {
    let api = Api::sqlite();
    let (user, _) = busy(&api);
    for subject in [api.made.user, user] {
        let kept = store::Kept::Person {
            organization: Some(api.made.organization),
            subject,
        };
        guard(&api).keep_erasure(&kept).expect("kept");
    }
    assert_eq!(privacy::again(&api.store, &guard(&api)).expect("done"), 1);
    assert_eq!(api.store.read(|rx| rx.user(user)).expect("read"), None);
    assert_eq!(
        guard(&api).erasures().expect("read").len(),
        2,
        "it stays on the list"
    );
}

/// Whoever owns the database destroys a person's key past Annals: what it sealed is gone, and nobody is told that it was erased.
#[test]
fn what_is_gone_without_an_erasure_is_missing_and_not_erased() {
    for api in both() {
        let (user, _) = busy(&api);
        let made = |why: &str| {
            let events = api.events();
            let made = events
                .iter()
                .find(|one| one["actorId"] == user.as_str() && one["targetType"] == "source")
                .expect("an event");
            assert!(made["actorName"].is_null(), "{made}");
            for what in ["actorName", "actorEmail", "ip", "userAgent"] {
                assert_eq!(made["hidden"][what], why, "{made}");
            }
            assert!(made["hidden"]["targetName"].is_null(), "{made}");
        };
        let mut raw = Raw::open(&api.location);
        raw.must(match api.location {
            Location::Sqlite { .. } => "DROP TRIGGER data_keys_only_go",
            Location::Postgres(_) => "ALTER TABLE data_keys DISABLE TRIGGER data_keys_guard_rows",
        });
        raw.must(&format!(
            "UPDATE data_keys SET wrapped = NULL, erased_at = 1 WHERE subject = '{user}' AND organization = '{}'",
            api.made.organization
        ));
        made("missing");
        while api.store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
        made("missing");
        // A row that only says so is no entry of the log.
        let log = api
            .store
            .read(|rx| rx.organization_log(api.made.organization));
        let log = log.expect("a log").id;
        raw.must(&format!(
            "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('2CHj1PJ61lv1NPyQtCiFi2KVX2y', '{log}', '{user}', 1, 1, 1, 1)"
        ));
        made("missing");
        // Nor has the server erase anybody for it.
        assert_eq!(privacy::again(&api.store, &guard(&api)).expect("read"), 0);
        assert_eq!(guard(&api).erasures().expect("read"), []);
        // The person is still a member, and can be erased for real.
        let _ = erase(&api, &person(&api, user, false)).expect("erased");
        made("erased");
        while api.store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
        made("erased");
    }
}

/// What is gone is said to be erased by an entry that is in the export.
#[test]
fn an_export_waits_for_the_checkpoint_that_covers_an_erasure() {
    for api in both() {
        let (user, _) = busy(&api);
        api.sign();
        let of = Some(api.made.organization);
        let before = Fixed::of(&api.store, of).expect("signed");
        assert_eq!(before.unsigned_erasure, None);
        let done = erase(&api, &person(&api, user, false)).expect("erased");
        let entry = done.entries[0].1.start;
        let store = api.store.clone();
        let (begun, begins) = std::sync::mpsc::channel();
        let export = std::thread::spawn(move || {
            begun.send(()).expect("somebody waits");
            Fixed::of(&store, of).expect("signed")
        });
        begins.recv().expect("it begins");
        api.sign();
        let fixed = export.join().expect("no panic");
        assert_eq!(fixed.unsigned_erasure, None);
        assert!(fixed.checkpoint.size > entry, "{fixed:?}");
    }
}

/// Where nothing signs it, the export is not held up for ever, and it is known that it cannot say so.
#[test]
fn an_erasure_that_nobody_signs_does_not_hold_up_an_export_for_ever() {
    let api = Api::sqlite();
    let (user, _) = busy(&api);
    api.sign();
    let done = erase(&api, &person(&api, user, false)).expect("erased");
    let fixed = Fixed::of(&api.store, Some(api.made.organization)).expect("signed");
    assert_eq!(fixed.unsigned_erasure, Some(done.entries[0].1.start));
}
