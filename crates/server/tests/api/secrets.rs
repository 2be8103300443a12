//! A secret's change is told, its value never; a redacted value stays in lists only, for who may edit.

use insta::assert_snapshot;
use model::role::WorkspaceRole;
use serde_json::{Value, json};

use crate::support::{Api, Story, id, on_both};

const NEEDLES: [&str; 4] = ["needle-one", "needle-two", "needle-three", "needle-four"];

#[track_caller]
fn assert_hides(what: &str, answer: &Value) {
    for needle in NEEDLES {
        assert!(
            !answer.to_string().contains(needle),
            "{needle} is in {what}"
        );
    }
}

#[test]
fn a_secret_s_value_is_in_no_event_and_its_change_is() {
    let story = on_both(|api| {
        let mut story = Story::of(&api);
        let config = |one: &str, two: &str| json!({ "webhookMethod": "POST", "headers": [{ "from": "X-Key", "to": one }, { "from": "X-More", "to": two }] });
        let body =
            json!({ "name": "Hook", "type": "WEBHOOK", "config": config(NEEDLES[0], NEEDLES[1]) });
        let made = story.tell("create", api.post("/v2/destinations", body));
        let path = format!("/v2/destinations/{}", id(&made["destination"]));
        let body = json!({ "config": config(NEEDLES[0], NEEDLES[2]) });
        story.tell("change one secret", api.put(&path, body));
        story.tell("remove all", api.put(&path, json!({ "config": {} })));
        let body =
            json!({ "config": { "password": "p", "a": { "headers": [{ "to": NEEDLES[3] }] } } });
        story.tell("deeper", api.put(&path, body));
        story.tell("delete", api.delete(&path));
        api.index();
        for filters in ["", "&target_type=destination", "&order=desc"] {
            for event in api.events_with(&api.admin, filters) {
                assert_hides("an event", &event);
            }
        }
        story.end()
    });
    assert_snapshot!(story, @r#"
    create
        destination.created Hook
          config.headers.0.from: nothing -> "X-Key"
          config.headers.0.to: redacted
          config.headers.1.from: nothing -> "X-More"
          config.headers.1.to: redacted
          config.webhookMethod: nothing -> "POST"
          enabled: nothing -> true
          name: nothing -> "Hook"
          type: nothing -> "WEBHOOK"
          version: nothing -> 1
    change one secret
        destination.updated Hook
          config.headers.1.to: redacted
    remove all
        destination.updated Hook
          config: nothing -> {}
          config.headers.0.from: "X-Key" -> nothing
          config.headers.0.to: redacted
          config.headers.1.from: "X-More" -> nothing
          config.headers.1.to: redacted
          config.webhookMethod: "POST" -> nothing
    deeper
        destination.updated Hook
          config.a.headers.0.to: redacted
          config.password: nothing -> "p"
    delete
        destination.deleted Hook
          config.a.headers.0.to: redacted
          config.password: "p" -> nothing
          enabled: true -> nothing
          name: "Hook" -> nothing
          type: "WEBHOOK" -> nothing
          version: 1 -> nothing
    "#);
}

#[test]
fn every_string_of_an_unknown_type_is_secret() {
    let story = on_both(|api| {
        let mut story = Story::of(&api);
        let config = json!({ "key": NEEDLES[0], "on": true, "many": [NEEDLES[1], 7], "deep": { "er": NEEDLES[2], "n": 1 } });
        let body = json!({ "name": "New", "type": "NOT_KNOWN_YET", "config": config });
        let made = story.tell("create", api.post("/v2/destinations", body));
        assert_eq!(made["destination"]["config"], config);
        let listed = api.get("/v2/destinations").ok();
        assert_hides("the list", &listed);
        story.end() + &listed["destinations"][0]["config"].to_string()
    });
    assert_snapshot!(story, @r#"
    create
        destination.created New
          config.deep.er: redacted
          config.deep.n: nothing -> 1
          config.key: redacted
          config.many: redacted
          config.on: nothing -> true
          enabled: nothing -> true
          name: nothing -> "New"
          type: nothing -> "NOT_KNOWN_YET"
          version: nothing -> 1
    {"on":true,"many":[7],"deep":{"n":1}}
    "#);
}

#[test]
fn a_redacted_url_is_in_lists_but_in_no_event() {
    for kind in ["WEBHOOK", "SLACK"] {
        let story = on_both(|api| {
            let mut story = Story::of(&api);
            let body = json!({ "name": "Hook", "type": kind, "config": { "webhookUrl": "https://hooks.example/needle-one" } });
            let made = story.tell("create", api.post("/v2/destinations", body));
            let path = format!("/v2/destinations/{}", id(&made["destination"]));
            let body = json!({ "config": { "webhookUrl": "https://hooks.example/needle-two" } });
            story.tell("change", api.put(&path, body));
            let listed = api.get("/v2/destinations").ok();
            assert_eq!(
                listed["destinations"][0]["config"]["webhookUrl"],
                "https://hooks.example/needle-two"
            );
            let viewer = api.member("Vera", Some(WorkspaceRole::Viewer)).token;
            for token in [viewer, api.reader("Rita").token] {
                for path in ["/v2/destinations", &path] {
                    let seen = api.ask("GET", path, &token, &Value::Null).ok();
                    assert_hides("an answer to who may not edit it", &seen);
                }
            }
            story.end()
        });
        for needle in NEEDLES {
            assert!(!story.contains(needle), "{needle} is in {story}");
        }
        let story = story.replace(kind, "KIND");
        insta::allow_duplicates! { assert_snapshot!(story, @r#"
        create
            destination.created Hook
              config.webhookUrl: redacted
              enabled: nothing -> true
              name: nothing -> "Hook"
              type: nothing -> "KIND"
              version: nothing -> 1
        change
            destination.updated Hook
              config.webhookUrl: redacted
        "#); }
    }
}

#[test]
fn a_write_key_is_secret_and_shown_only_to_who_may_edit() {
    let api = Api::sqlite();
    let web = api.source("Web");
    let key = api.get(&format!("/v2/sources/{web}")).ok()["source"]["writeKey"].clone();
    let key = key.as_str().expect("a write key");
    assert!(
        !api.events()
            .iter()
            .any(|event| event.to_string().contains(key))
    );
    let viewer = api.member("Vera", Some(WorkspaceRole::Viewer));
    for token in [viewer.token, api.reader("Rita").token] {
        for path in ["/v2/sources".to_owned(), format!("/v2/sources/{web}")] {
            let seen = api.ask("GET", &path, &token, &Value::Null).ok();
            assert!(!seen.to_string().contains(key), "{path}");
        }
    }
}

#[test]
fn what_is_secret_in_a_sources_settings_is_in_no_list_and_for_nobody_who_may_not_edit_it() {
    for api in [Api::sqlite(), Api::postgres()] {
        let body = json!({ "name": "Cloud", "type": "NOT_KNOWN_YET", "config": { "token": "needle-one", "n": 7 } });
        let made = api.post("/v2/sources", body).ok();
        let path = format!("/v2/sources/{}", id(&made["source"]));
        assert_eq!(
            api.get(&path).ok()["source"]["config"],
            json!({ "token": "needle-one", "n": 7 })
        );
        let viewer = api.member("Vera", Some(WorkspaceRole::Viewer));
        let shown = json!({ "n": 7 });
        assert_eq!(api.get("/v2/sources").ok()["sources"][0]["config"], shown);
        for token in [&viewer.token, &api.reader("Rita").token] {
            let one = api.ask("GET", &path, token, &Value::Null).ok();
            let list = api.ask("GET", "/v2/sources", token, &Value::Null).ok();
            assert_eq!(
                (&one["source"]["config"], &list["sources"][0]["config"]),
                (&shown, &shown)
            );
        }
    }
}

/// What each of our own types keeps out of lists.
const WRITE_ONLY: &[(&str, &[&str])] = &[
    ("HTTP", &["apiKeyValue", "bearerToken", "password"]),
    ("S3", &["accessKey", "accessKeyID"]),
    (
        "POSTGRES",
        &[
            "accessKey",
            "accessKeyID",
            "accountKey",
            "credentials",
            "password",
            "sasToken",
            "secretAccessKey",
        ],
    ),
    ("KAFKA", &["password"]),
    ("GA4", &["apiSecret"]),
    (
        "SNOWFLAKE",
        &[
            "accessKey",
            "accessKeyID",
            "accountKey",
            "credentials",
            "password",
            "privateKey",
            "privateKeyPassphrase",
            "sasToken",
        ],
    ),
    ("BRAZE", &["restApiKey"]),
];

#[test]
fn write_only_keys_are_in_the_answer_about_one_destination_and_only_for_who_may_edit_it() {
    let api = Api::sqlite();
    let reader = api.reader("Rita").token;
    let viewer = api.member("Vera", Some(WorkspaceRole::Viewer)).token;
    let editor = api
        .member("Edda", Some(model::role::WorkspaceRole::Editor))
        .token;
    for (kind, keys) in WRITE_ONLY {
        let mut config = json!({ "plain": "seen", "deep": [{ "plain": "seen" }] });
        for key in *keys {
            config[*key] = json!("needle-one");
            config["deep"][0][*key] = json!("needle-two");
        }
        let body = json!({ "name": kind, "type": kind, "config": config });
        let made = api.post("/v2/destinations", body).ok();
        let path = format!("/v2/destinations/{}", id(&made["destination"]));
        for token in [&api.admin, &editor] {
            let one = api.ask("GET", &path, token, &Value::Null).ok();
            for (key, value) in config.as_object().expect("an object") {
                assert_eq!(one["destination"]["config"][key], *value, "{kind} {key}");
            }
        }
        for (path, token) in [
            (path.as_str(), &reader),
            (&path, &viewer),
            ("/v2/destinations", &api.admin),
        ] {
            let seen = api.ask("GET", path, token, &Value::Null).ok();
            assert_hides(path, &seen);
            assert!(seen.to_string().contains(r#""plain":"seen""#));
        }
        api.delete(&path).ok();
    }
}
