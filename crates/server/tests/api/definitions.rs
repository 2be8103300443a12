//! Definitions: what the deploy script sends and reads, what becomes secret, and settings that do not fit.

use axum::body::Body;
use insta::assert_snapshot;
use model::actor::{Actor, System};
use model::definition::{Kind, Origin};
use serde_json::{Value, json};
use server::actions::definition::Given;
use server::actions::definition::take_in::Over;
use server::actions::workspace::update::UpdateWorkspace;
use server::definitions::{Asks, Change, change};
use server::privacy;
use store::Guard;

use crate::support::{Answer, Api, both, id, local_origin, on_both};

/// A request with any header of authorization, or none.
fn with(api: &Api, method: &str, path: &str, authorization: Option<&str>, body: &Value) -> Answer {
    let mut request = crate::support::request(method, path, "x", Body::from(body.to_string()));
    request.headers_mut().remove("authorization");
    if let Some(value) = authorization {
        request
            .headers_mut()
            .insert("authorization", value.parse().expect("a header"));
    }
    api.send(request)
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let pair = format!("{user}:{password}");
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}

fn kettle(secret: &Value) -> Value {
    json!({
        "name": "KETTLE",
        "displayName": "Kettle",
        "config": { "transformAtV1": "processor", "secretKeys": secret },
        "configSchema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "required": ["steamUrl"],
            "properties": {
                "steamUrl": { "type": "string", "pattern": "(^env[.].+)|^https://.+$" },
                "litres": { "type": "number" }
            }
        },
        "uiConfig": [{ "title": "Connection", "fields": [{ "type": "textInput", "label": "Steam", "value": "steamUrl" }] }]
    })
}

/// What the public script does with one definition: it reads, compares where it was found, and posts.
fn deploy(api: &Api, read: Option<&str>, write: &str, file: &Value) -> (&'static str, u16) {
    let name = file["name"].as_str().expect("a name");
    let found = with(
        api,
        "GET",
        &format!("/destination-definitions/{name}"),
        read,
        &Value::Null,
    );
    let (action, path) = if found.status == 200 {
        let kept = found.json.as_object().expect("an object").clone();
        let extra = kept.keys().any(|key| file.get(key).is_none());
        assert!(extra, "the script stumbles where nothing is to be deleted");
        let same = file
            .as_object()
            .expect("an object")
            .iter()
            .all(|(key, value)| kept.get(key) == Some(value));
        if same {
            return ("N/A", 0);
        }
        ("update", format!("/destination-definitions/{name}"))
    } else {
        ("create", "/destination-definitions/".to_owned())
    };
    let answer = with(api, "POST", &path, Some(write), file);
    assert!(answer.json.is_object(), "the script reads the answer");
    (action, answer.status)
}

#[test]
fn the_deploy_script_works_with_a_token_as_password_or_as_user() {
    for api in both() {
        let write = basic("deploy", &api.admin);
        let list = with(&api, "GET", "/destination-definitions", None, &Value::Null);
        assert_eq!(
            (list.status, &list.json),
            (200, &json!([])),
            "nothing is told without a token"
        );
        let before = api.events().len();
        // It reads without a word of who it is.
        let file = kettle(&json!(["token"]));
        assert_eq!(deploy(&api, None, &write, &file), ("create", 201));
        assert_eq!(api.events().len(), before + 1);
        assert_eq!(deploy(&api, None, &write, &file), ("create", 200));
        assert_eq!(api.events().len(), before + 1, "nothing changed, no event");
        // With its password in .netrc it compares.
        let read = basic(&api.admin, "");
        assert_eq!(deploy(&api, Some(&read), &write, &file), ("N/A", 0));
        let file = kettle(&json!(["token", "steamUrl"]));
        assert_eq!(deploy(&api, Some(&read), &write, &file), ("update", 200));
        let told = api.events();
        let last = told.last().expect("an event");
        assert_eq!(
            (&last["targetType"], &last["action"], &last["targetName"]),
            (&json!("definition"), &json!("imported"), &json!("KETTLE"))
        );
        assert_eq!(last["changes"][0]["path"], "secretKeys");
        let list = with(
            &api,
            "GET",
            "/destination-definitions",
            Some(&read),
            &Value::Null,
        );
        let names: Vec<&Value> = list
            .json
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| &one["name"])
            .collect();
        assert!(names.contains(&&json!("KETTLE")) && names.contains(&&json!("WEBHOOK")));
        let projects = with(
            &api,
            "GET",
            "/wht-lib-project-definitions",
            None,
            &Value::Null,
        );
        assert_eq!((projects.status, &projects.json), (200, &json!([])));
        // Nobody else's.
        let stranger = api.stranger("Stan").token;
        let bearer = format!("Bearer {stranger}");
        let theirs = with(
            &api,
            "GET",
            "/destination-definitions/KETTLE",
            Some(&bearer),
            &Value::Null,
        );
        assert_eq!(theirs.status, 404);
        let wrong = with(
            &api,
            "GET",
            "/destination-definitions/KETTLE",
            Some("Bearer no"),
            &Value::Null,
        );
        assert_eq!(wrong.status, 401);
    }
}

#[test]
fn a_definition_that_is_broken_is_refused_and_changes_nothing() {
    let api = Api::sqlite();
    let before = api.state();
    let long = "x".repeat(101);
    let list = "/destination-definitions";
    for (path, body, code) in [
        (list, json!({}), "invalid_definition"),
        (list, json!({ "name": "" }), "invalid_name"),
        (list, json!({ "name": long }), "invalid_name"),
        (
            "/destination-definitions/KETTLE",
            json!({ "name": "TOASTER" }),
            "name_mismatch",
        ),
        (
            list,
            json!({ "name": "K", "config": { "secretKeys": "all" } }),
            "invalid_secret_keys",
        ),
        (
            list,
            json!({ "name": "K", "configSchema": { "$ref": "#" } }),
            "invalid_schema",
        ),
        (
            list,
            json!({ "name": "K", "configSchema": { "type": 7 } }),
            "invalid_schema",
        ),
    ] {
        let answer = api.post(path, body);
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (400, &json!(code)),
            "{}",
            answer.json
        );
    }
    assert_eq!(api.state(), before);
    assert_eq!(
        api.ask(
            "DELETE",
            "/destination-definitions/K",
            &api.admin,
            &json!({})
        )
        .status,
        404
    );
}

fn refuse(api: &Api, refuse: bool) {
    let action = UpdateWorkspace {
        place: api.place(),
        allow_unknown_types: None,
        name: None,
        seen_name: None,
        environment: None,
        refuse_invalid_config: Some(refuse),
    };
    let actor = Actor::System(System::CommandLine);
    let done = api
        .store
        .perform(actor, local_origin(&api.store), action)
        .wait();
    assert_eq!(done.expect("changed").entries.len(), 1);
}

#[test]
fn settings_that_do_not_fit_are_taken_with_a_warning_or_refused_as_the_workspace_says() {
    for api in both() {
        api.post("/destination-definitions", kettle(&json!(["token"])))
            .ok();
        let new = |config: Value| json!({ "name": "A kettle", "type": "KETTLE", "config": config });
        let bad = json!({ "steamUrl": "ftp://hidden-value", "litres": "a lot", "more": 1 });
        let made = api.post("/v2/destinations", new(bad.clone()));
        assert_eq!(made.status, 201, "{}", made.json);
        let warned = json!({
            "config.litres": "has to be of the type number",
            "config.steamUrl": "does not have the form that is asked for: (^env[.].+)|^https://.+$",
        });
        assert_eq!(made.json["warnings"], warned);
        assert_eq!(
            made.json["destination"]["config"], bad,
            "and kept as it was sent"
        );
        let told = api.events();
        assert_eq!(
            told.last().expect("an event")["detail"],
            json!({ "warnings": warned })
        );
        let fits = api.post("/v2/destinations", new(json!({ "steamUrl": "env.STEAM" })));
        assert_eq!(fits.json.get("warnings"), None);
        let destination = id(&fits.json["destination"]);

        refuse(&api, true);
        let before = api.events().len();
        let refused = api.post("/v2/destinations", new(bad.clone()));
        assert_eq!(
            (refused.status, &refused.json["code"]),
            (400, &json!("config_invalid"))
        );
        assert_eq!(refused.json["details"], warned);
        let path = format!("/v2/destinations/{destination}");
        let refused = api.ask("PUT", &path, &api.admin, &json!({ "config": {} }));
        assert_eq!(
            refused.json["details"],
            json!({ "config.steamUrl": "is needed" })
        );
        assert!(!refused.json.to_string().contains("hidden-value"));
        assert_eq!(
            api.events().len(),
            before,
            "what does not validate is no event"
        );
        // What stands already may go on as it is.
        let renamed = api.ask("PUT", &path, &api.admin, &json!({ "name": "Renamed" }));
        assert_eq!(renamed.status, 200);
        refuse(&api, false);
        assert_eq!(
            api.ask("PUT", &path, &api.admin, &json!({ "config": {} }))
                .status,
            200
        );
    }
}

/// All that the log of the organization gives away, as an auditor would be handed it.
fn disclosed(api: &Api) -> String {
    let all = api.store.read(|rx| {
        let log = rx.organization_log(api.made.organization)?;
        rx.disclosed(&log, 0, log.size)
    });
    let mut text = String::new();
    for one in all.expect("read") {
        text.push_str(&String::from_utf8_lossy(&one.entry));
        for disclosure in one.disclosures {
            text.push_str(disclosure.as_str());
        }
    }
    text
}

#[test]
fn what_an_import_makes_secret_is_erased_from_earlier_events() {
    for api in both() {
        api.post("/destination-definitions", kettle(&json!(["token"])))
            .ok();
        let config = json!({ "steamUrl": "https://hidden-once", "litres": 2, "spouts": [{ "to": "spout-value" }], "token": "t" });
        let kept = json!({ "name": "A kettle", "type": "KETTLE", "config": config });
        let one = id(&api.post("/v2/destinations", kept.clone()).ok()["destination"]);
        let gone = id(&api.post("/v2/destinations", kept.clone()).ok()["destination"]);
        api.ask(
            "PUT",
            &format!("/v2/destinations/{one}"),
            &api.admin,
            &json!({ "config": { "steamUrl": "https://hidden-twice" } }),
        )
        .ok();
        let answer = api.ask(
            "DELETE",
            &format!("/v2/destinations/{gone}"),
            &api.admin,
            &json!({}),
        );
        assert_eq!(answer.status, 204);
        // Another type has a key of the same name, and an organization of its own has the same type.
        let other = json!({ "name": "A toaster", "type": "TOASTER", "config": { "steamUrl": 7 } });
        api.post("/v2/destinations", other).ok();
        let text = disclosed(&api);
        for word in ["hidden-once", "hidden-twice", "spout-value"] {
            assert!(text.contains(word), "{word}");
        }

        let folder = api.folder.path().join("guard");
        std::fs::create_dir_all(&folder).expect("a folder");
        let guard = Guard::new(folder);
        let asks = Asks {
            actor: Actor::System(System::CommandLine),
            origin: local_origin(&api.store),
            organization: api.made.organization,
        };
        let body = kettle(&json!(["token", "steamUrl", "spouts.to"]));
        let import = Change::TakeIn {
            origin: Origin::Imported,
            given: vec![Given::new(Kind::Destination, body).expect("a definition")],
            together: true,
            over: Over::Anything,
        };
        let before = api.events().len();
        let (taking, entries) = change(&api.store, Some(&guard), &asks, &import).expect("imported");
        assert_eq!(taking.changed, [(Kind::Destination, "KETTLE".to_owned())]);
        // Two creations, two changes of one setting (what it was and what it is), one deletion: two parts each but for the
        // change, where the array goes as well.
        assert_eq!(guard.erasures().expect("kept").len(), taking.erased);
        assert_eq!(
            entries
                .iter()
                .map(|(_, range)| range.end - range.start)
                .sum::<u64>(),
            2
        );
        let told = api.events();
        assert_eq!(told.len(), before + 2);
        assert_eq!(told[before]["action"], "imported");
        assert_eq!(
            (&told[before + 1]["targetType"], &told[before + 1]["action"]),
            (&json!("privacy"), &json!("erased"))
        );
        let named = told[before + 1]["facts"]["erased"]
            .as_array()
            .expect("parts")
            .len();
        assert_eq!(named, taking.erased);
        assert!(taking.erased >= 6, "{}", taking.erased);

        // Gone at once, before the job that rewrites the files has run; and still gone afterwards.
        for _ in 0..2 {
            let text = disclosed(&api);
            for word in ["hidden-once", "hidden-twice", "spout-value"] {
                assert!(!text.contains(word), "{word}");
            }
            assert!(text.contains("A toaster"), "the rest can be read");
            let text = json!(api.events()).to_string();
            assert!(!text.contains("hidden-once") && text.contains("erased"));
            privacy::remove(&api.store).expect("removed");
        }
        let all = api.store.read(|rx| rx.erasures()).expect("read");
        assert!(all.iter().all(|one| one.done));
        // Lists leave it out from now on, and what comes is redacted.
        let list = api
            .ask("GET", "/v2/destinations", &api.admin, &Value::Null)
            .json
            .to_string();
        assert!(!list.contains("hidden-twice"));
        // Doing it again finds nothing.
        let (again, entries) = change(&api.store, Some(&guard), &asks, &import).expect("imported");
        assert_eq!((again.unchanged, again.erased, entries.len()), (1, 0, 0));
    }
}

#[test]
fn a_definition_in_use_stays_unless_our_own_set_takes_its_place() {
    let told = on_both(|api| {
        for (list, name) in [
            ("source", "Kettle"),
            ("source", "well"),
            ("destination", "KETTLE"),
            ("destination", "WEBHOOK"),
        ] {
            let body = json!({ "name": name, "config": { "secretKeys": ["token"] } });
            api.post(&format!("/{list}-definitions"), body).ok();
        }
        let new = |noun: &str, kind: &str| {
            let made = api.post(
                &format!("/v2/{noun}s"),
                json!({ "name": format!("My {kind}"), "type": kind }),
            );
            format!("/v2/{noun}s/{}", id(&made.ok()[noun]))
        };
        let mut things = vec![new("source", "Kettle")];
        for _ in 0..2 {
            things.push(new("destination", "KETTLE"));
        }
        new("destination", "WEBHOOK");
        let body = json!({
            "name": "Deep", "sourceType": "model", "sourceDefinitionName": "well", "accountId": api.account("A"),
            "config": { "primaryKey": "id", "sql": "select 1" },
        });
        let deep = id(&api.post("/v2/retl-sources", body).ok());
        things.push(format!("/v2/retl-sources/{deep}"));
        let used = [
            "/source-definitions/Kettle",
            "/source-definitions/well",
            "/destination-definitions/KETTLE",
        ];
        let mut told = used.map(|path| api.delete(path).problem()).join("\n");
        let events = api.events();
        let last = events.last().expect("an event");
        told = format!("{told}\n{}", crate::support::told(last));
        assert_eq!(api.delete("/destination-definitions/WEBHOOK").status, 204);
        for path in things {
            assert_eq!(api.delete(&path).status, 204);
        }
        for path in used {
            assert_eq!(api.delete(path).status, 204, "{path}");
        }
        told
    });
    assert_snapshot!(told, @r"
    409 definition_in_use: the definition “Kettle” is in use by source “My Kettle”
    409 definition_in_use: the definition “well” is in use by source “Deep”
    409 definition_in_use: the definition “KETTLE” is in use by destination “My KETTLE” and 1 more
    definition.deleted KETTLE [failed: definition_in_use]
    ");
}
