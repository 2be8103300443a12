//! Workspaces, who may change a single thing, and what a token did.

use model::clock::Micros;
use model::role::WorkspaceRole;
use serde_json::{Value, json};
use store::Upkeep;

use crate::support::{Api, id, on_both, status, told};

#[test]
fn a_lock_is_opened_by_a_word_and_never_by_saying_nothing() {
    let said = on_both(|api| {
        let (web, lake) = (api.source("Web"), api.destination("Lake"));
        let mut said = Vec::new();
        for path in [
            format!("/v2/sources/{web}/access"),
            format!("/v2/destinations/{lake}/access"),
        ] {
            api.put(&path, json!({"people": []})).ok();
            let nothing = api.put(&path, json!({}));
            let left = api.get(&path).ok();
            let opened = api.put(&path, json!({"people": null})).ok();
            said.push(format!("{} {left} {opened}", nothing.problem()));
        }
        said.join("\n")
    });
    insta::assert_snapshot!(said, @r#"
    400 invalid_body: The body does not fit: missing field `people` at line 1 column 2 {"people":[]} {"people":null}
    400 invalid_body: The body does not fit: missing field `people` at line 1 column 2 {"people":[]} {"people":null}
    "#);
}

#[test]
fn what_runs_before_a_locked_destination_is_published_by_the_people_selected() {
    on_both(|api| {
        let lake = api.destination("Lake");
        let code = |text: &str| format!("import {{ f }} from 'maths';\n// {text}");
        let library = api.code("libraries", "Maths", "export const f = 1;");
        let mask = api.code("transformations", "Mask", &code("one"));
        let both = json!({"libraries": [{"versionId": library["versionId"]}], "transformations": [{"versionId": mask["versionId"]}]});
        api.post("/transformations/publish", both).ok();
        api.link(&lake, &id(&mask)).ok();
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Editor));
        let edsger = api.member("Edsger Dijkstra", Some(WorkspaceRole::Editor));
        let people = json!({"people": [grace.user.as_str()]});
        api.put(&format!("/v2/destinations/{lake}/access"), people)
            .ok();
        let ask = |token: &str, path: &str, body: Value| api.ask("POST", path, token, &body);
        let mask = format!("/transformations/{}", id(&mask));
        let library = format!("/libraries/{}", id(&library));
        let now = |path: &str| format!("{path}?publish=true");
        let later = |path: &str| format!("{path}?publish=false");
        let change = json!({"code": code("two")});
        let stored = ask(&edsger.token, &later(&mask), change).ok();
        let batch = json!({"transformations": [{"versionId": stored["versionId"]}]});
        let tries = [
            ask(&edsger.token, &now(&mask), json!({"code": code("three")})),
            ask(&edsger.token, "/transformations/publish", batch.clone()),
            ask(
                &edsger.token,
                &now(&library),
                json!({"code": "export const f = 2;"}),
            ),
        ];
        for refused in tries {
            assert_eq!(status(&refused), (403, "resource_locked".to_owned()));
        }
        let published = ask(&grace.token, "/transformations/publish", batch);
        assert_eq!(published.ok()["published"], true);
        api.put(
            &format!("/v2/destinations/{lake}/access"),
            json!({"people": null}),
        )
        .ok();
        ask(&edsger.token, &now(&mask), json!({"code": code("four")})).ok();
        String::new()
    });
}

#[test]
fn who_loses_the_role_or_the_membership_is_selected_no_more() {
    let said = on_both(|api| {
        let (web, lake) = (api.source("Web"), api.destination("Lake"));
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Editor)).user;
        let edsger = api
            .member("Edsger Dijkstra", Some(WorkspaceRole::Editor))
            .user;
        let paths = [
            format!("/v2/sources/{web}/access"),
            format!("/v2/destinations/{lake}/access"),
        ];
        let both = json!({"people": [grace.as_str(), edsger.as_str()]});
        for path in &paths {
            api.put(path, both.clone()).ok();
        }
        let before = api.events().len();
        let roles = |role: &str| json!({"workspaces": {api.made.workspace.as_str(): role}});
        let path = format!("/v2/members/{grace}");
        // An administrator may change it anyway, and whoever edits again is still selected.
        api.put(&path, roles("admin")).ok();
        api.put(&path, roles("editor")).ok();
        assert_eq!(
            api.get(&paths[0]).ok()["people"].as_array().map(Vec::len),
            Some(2)
        );
        api.put(&path, roles("viewer")).ok();
        assert_eq!(
            api.get(&paths[0]).ok(),
            json!({"people": [edsger.as_str()]})
        );
        assert_eq!(api.delete(&format!("/v2/members/{edsger}")).status, 204);
        for path in &paths {
            assert_eq!(api.get(path).ok(), json!({"people": []}), "it stays locked");
        }
        let lines = api.told_since(before);
        let events: Vec<&str> = lines
            .lines()
            .filter(|line| !line.starts_with(' '))
            .collect();
        let mut events: Vec<String> = events.iter().map(|line| (*line).to_owned()).collect();
        // The things stand in the order of their ids, which are random.
        events[2..4].sort();
        let at = events.len() - 3;
        events[at..at + 2].sort();
        events.join("\n")
    });
    insta::assert_snapshot!(said, @r"
    user.changed_permission Grace Hopper
    user.changed_permission Grace Hopper
    permission.deleted_user_permissions Lake ~ destination Lake ~ user -
    permission.deleted_user_permissions Web ~ source Web ~ user -
    user.changed_permission Grace Hopper
    access_token.deleted test
    permission.deleted_user_permissions Lake ~ destination Lake ~ user -
    permission.deleted_user_permissions Web ~ source Web ~ user -
    user.removed_from_organization Edsger Dijkstra
    ");
}

#[test]
fn a_workspace_is_made_renamed_and_deleted_when_it_is_empty() {
    let said = on_both(|api| {
        let before = api.events().len();
        let new = json!({"name": "Staging", "environment": "DEVELOPMENT"});
        let made = api.post("/v2/workspaces", new).ok();
        let staging = id(&made);
        assert_eq!(made["environment"], "DEVELOPMENT");
        let own = format!("/v2/workspaces/{}", api.made.workspace);
        api.put(&own, json!({"name": "Live", "allowUnknownTypes": false}))
            .ok();
        let names = |api: &Api, token: &str| -> Vec<Value> {
            let all = api.ask("GET", "/v2/workspaces", token, &Value::Null).ok();
            let all = all["workspaces"].as_array().cloned().unwrap_or_default();
            all.into_iter().map(|one| one["name"].clone()).collect()
        };
        assert_eq!(names(&api, &api.admin), ["Live", "Staging"]);
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Admin));
        assert_eq!(names(&api, &grace.token), ["Live"]);
        let path = format!("/v2/workspaces/{staging}");
        assert_eq!(
            api.ask("GET", &path, &grace.token, &Value::Null).status,
            404
        );
        assert_eq!(api.get(&path).ok()["name"], "Staging");
        for (body, code) in [
            (json!({"name": ""}), "invalid_name"),
            (json!({"name": "X", "environment": "TEST"}), "unknown_word"),
        ] {
            let answer = api.post("/v2/workspaces", body);
            assert_eq!(status(&answer).0, 400, "{code}");
        }

        // Roles and tokens in it go with it, each as an event.
        let roles = json!({"workspaces": {staging.as_str(): "editor"}});
        api.put(&format!("/v2/members/{}", grace.user), roles).ok();
        let token = api.editor_of("deploy", &staging);
        let source = json!({"name": "Web", "type": "HTTP"});
        let source = api.ask("POST", "/v2/sources", &token, &source).ok();
        // A token of one workspace neither changes nor deletes another one, whoever has it.
        let renamed = api.put(&path, json!({"name": "Gone"}));
        assert_eq!((renamed.status, api.delete(&path).status), (404, 404));
        let admin = api.admin_of(&staging);
        let delete = || api.ask("DELETE", &path, &admin, &Value::Null);
        assert_eq!(
            delete().problem(),
            "409 workspace_not_empty: the workspace still has 1 source"
        );
        let gone = format!("/v2/sources/{}", id(&source["source"]));
        assert_eq!(api.ask("DELETE", &gone, &token, &Value::Null).status, 204);
        assert_eq!(
            status(&api.ask("DELETE", &path, &grace.token, &Value::Null)),
            (403, "permission_denied".to_owned())
        );
        assert_eq!(delete().status, 204);
        assert_eq!(api.get(&path).status, 404);
        assert_eq!(
            api.ask("GET", "/v2/sources", &token, &Value::Null).status,
            401
        );
        assert_eq!(
            status(&api.delete(&own)),
            (409, "last_workspace".to_owned())
        );
        let stranger = api.stranger("Stan").token;
        assert_eq!(api.ask("GET", &own, &stranger, &Value::Null).status, 404);
        assert_eq!(api.ask("DELETE", &own, &stranger, &Value::Null).status, 404);
        let lines = api.told_since(before);
        let of_workspace = |line: &&str| line.starts_with("workspace.") || line.contains("deploy");
        let lines: Vec<&str> = lines.lines().filter(of_workspace).collect();

        // Versions of code are never deleted, and neither is the workspace that they were made in.
        let made = api.post("/v2/workspaces", json!({"name": "Code"})).ok();
        let path = format!("/v2/workspaces/{}", id(&made));
        let token = api.editor_of("coder", &id(&made));
        let code = json!({"name": "Mask", "code": "a"});
        let code = api.ask("POST", "/transformations", &token, &code).ok();
        let gone = format!("/transformations/{}", id(&code));
        assert!(api.ask("DELETE", &gone, &token, &Value::Null).status < 300);
        let admin = api.admin_of(&id(&made));
        assert_eq!(
            status(&api.ask("DELETE", &path, &admin, &Value::Null)),
            (409, "workspace_not_empty".to_owned())
        );
        lines.join("\n")
    });
    insta::assert_snapshot!(said, @r#"
    workspace.created Staging
    workspace.updated_name Live
    workspace.updated Live
    access_token.created deploy
      name: nothing -> "deploy"
    workspace.deleted Staging [failed: workspace_not_empty]
    workspace.deleted Staging [denied: permission_denied]
    access_token.deleted deploy
      name: "deploy" -> nothing
    workspace.deleted Staging
    workspace.deleted Live [failed: last_workspace]
    "#);
}

/// What a token did, as its events tell it.
fn did(api: &Api, token: &str) -> Vec<String> {
    api.index();
    let events = api.events_with(&api.service, &format!("&token={token}"));
    let name = |event: &Value| {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        format!("{}.{}", text("targetType"), text("action"))
    };
    events.iter().map(name).collect()
}

#[test]
fn everything_that_a_token_did_is_found_by_its_id_its_name_or_itself_even_when_it_has_ended() {
    for api in [Api::sqlite(), Api::postgres()] {
        let make = |name: &str| {
            let made = api.post("/v2/tokens", json!({"name": name})).ok();
            let secret = made["token"].as_str().expect("a token").to_owned();
            (id(&made), secret)
        };
        let (laptop, secret) = make("laptop");
        let (other, _) = make("other");
        let new = json!({"name": "Web", "type": "HTTP"});
        let source = api.ask("POST", "/v2/sources", &secret, &new).ok();
        let path = format!("/v2/sources/{}", id(&source["source"]));
        let expected = ["source.created", "source.deleted"];
        // Before the index has reached it, and afterwards.
        let found = api.events_with(&api.service, &format!("&token={laptop}"));
        assert_eq!(found.len(), 1);
        api.ask("DELETE", &path, &secret, &Value::Null);
        for _ in 0..2 {
            assert_eq!(did(&api, &laptop), expected);
            assert_eq!(did(&api, "laptop"), expected);
            assert!(did(&api, &other).is_empty(), "making it is not what it did");
            for known in [&laptop, "laptop", &secret] {
                let found = api
                    .ask(
                        "POST",
                        "/v2/tokens/find",
                        &api.service,
                        &json!({"token": known}),
                    )
                    .ok();
                assert_eq!(id(&found["tokens"][0]), laptop, "{known}");
                assert_eq!(found["tokens"].as_array().map(Vec::len), Some(1));
            }
            // The second round asks for a token that has ended.
            api.delete(&format!("/v2/tokens/{laptop}"));
        }

        // A token itself is taken in no address, and is in no record.
        for name in ["token", "target", "actor"] {
            let path = format!("/v2/audit-logs?{name}={secret}");
            let answer = api.ask("GET", &path, &api.service, &Value::Null);
            assert_eq!(status(&answer), (400, "secret_in_address".to_owned()));
        }
        let all = json!(api.events_with(&api.service, "")).to_string();
        assert!(!all.contains(&secret));

        // Nobody finds a token of another organization, and not everyone may look.
        let stranger = api.stranger("Stan").token;
        let ask =
            |token: &str| api.ask("POST", "/v2/tokens/find", token, &json!({"token": secret}));
        assert_eq!(ask(&stranger).ok(), json!({"tokens": []}));
        let viewer = api.member("Vera", Some(WorkspaceRole::Viewer)).token;
        assert_eq!(status(&ask(&viewer)), (403, "permission_denied".to_owned()));
    }
}

#[test]
fn a_locked_source_is_neither_connected_nor_cut_off_by_who_is_not_selected() {
    for api in [Api::sqlite(), Api::postgres()] {
        let ines = api.member("Ines Selected", Some(WorkspaceRole::Editor));
        let eddy = api.member("Eddy Editor", Some(WorkspaceRole::Editor));
        let source = api.source("Web");
        let (hook, other) = (api.destination("Hook"), api.destination("Other"));
        let path = format!("/v2/connections/{}", api.connection(&source, &hook));
        let access = format!("/v2/sources/{source}/access");
        // Only who could change it can be selected.
        for role in [
            Some(WorkspaceRole::Viewer),
            Some(WorkspaceRole::Auditor),
            None,
        ] {
            let one = api.member(&format!("One {role:?}"), role);
            let refused = api.put(&access, json!({ "people": [one.user] })).problem();
            assert!(refused.starts_with("400 lacks_permission"), "{refused}");
        }
        api.put(&access, json!({ "people": [ines.user] })).ok();
        let to_other = json!({ "sourceId": source, "destinationId": other, "enabled": true });
        let cut = json!({ "sourceId": source, "destinationId": hook, "enabled": false });
        // Each is refused as the event that it would have been.
        for (method, path, body, expected) in [
            ("POST", "/v2/connections", &to_other, "connected_source"),
            ("PUT", &*path, &cut, "updated_connection"),
            ("DELETE", &*path, &Value::Null, "disconnected_source"),
        ] {
            let refused = api.ask(method, path, &eddy.token, body).problem();
            assert_eq!(
                refused, "403 resource_locked: only people selected may change this source",
                "{method} {path}"
            );
            let event = api.events().pop().expect("an event");
            let to = if method == "POST" { &other } else { &hook };
            assert_eq!(
                (&event["targetType"], &event["action"], &event["targetId"]),
                (&json!("destination"), &json!(expected), &json!(to)),
            );
            assert_eq!(event["related"][0]["id"], json!(source));
        }
        // So is the end of a series, which has the destination's name.
        api.ask("POST", "/v2/connections", &eddy.token, &to_other);
        api.clock.advance(600 * Micros::SECOND);
        let closed = api.store.upkeep(Upkeep::CloseRefusals).wait();
        assert!(closed.expect("closed") > 0);
        let end = api.events().pop().expect("an event");
        assert_eq!(
            told(&end),
            "destination.connected_source Other [denied: resource_locked]"
        );
        assert_eq!(end["targetId"], json!(other));
        assert_eq!(
            api.ask("POST", "/v2/connections", &ines.token, &to_other)
                .status,
            201
        );
        assert_eq!(
            api.ask("DELETE", &path, &ines.token, &Value::Null).status,
            204
        );
    }
}

#[test]
fn a_destination_is_not_deleted_by_who_may_not_cut_off_a_source_of_it() {
    for api in [Api::sqlite(), Api::postgres()] {
        let eddy = api.member("Eddy Editor", Some(WorkspaceRole::Editor));
        let (source, hook) = (api.source("Web"), api.destination("Hook"));
        let connection = format!("/v2/connections/{}", api.connection(&source, &hook));
        let access = format!("/v2/sources/{source}/access");
        api.put(&access, json!({ "people": [] })).ok();
        let path = format!("/v2/destinations/{hook}");
        let delete = || api.ask("DELETE", &path, &eddy.token, &Value::Null);
        assert_eq!(
            status(&delete()),
            (403, "resource_locked".to_owned()),
            "as for the connection alone"
        );
        let event = api.events().pop().expect("an event");
        assert_eq!(
            told(&event),
            "destination.deleted Hook ~ source Web [denied: resource_locked]"
        );
        assert_eq!(api.get(&connection).status, 200);
        // What it no longer hears keeps it from nothing.
        assert_eq!(api.delete(&connection).status, 204);
        assert_eq!(delete().status, 204);
    }
}
