//! Access tokens: how they are made, and how they end.

use model::clock::Micros;
use model::id::UserId;
use model::role::WorkspaceRole;
use serde_json::{Value, json};

use crate::support::{Api, id, on_both, status};

fn made(api: &Api, role: &str) -> (String, String) {
    let workspace = api.get("/v2/workspaces").ok()["workspaces"][0]["id"].clone();
    let wanted = json!({"name": role, "kind": "service", "workspaceId": workspace, "role": role});
    let new = api.post("/v2/tokens", wanted).ok();
    let token = new["token"].as_str().expect("shown once").to_owned();
    (id(&new), token)
}

#[test]
fn a_service_ends_its_own_token_and_no_other() {
    on_both(|api| {
        let (viewer, token) = made(&api, "viewer");
        let (editor, _) = made(&api, "editor");
        let delete = |id: &str| {
            let path = format!("/v2/tokens/{id}");
            api.ask("DELETE", &path, &token, &Value::Null).status
        };
        assert_eq!(delete(&editor), 403);
        assert_eq!(delete(&viewer), 204);
        assert_eq!(delete(&viewer), 401, "it has ended");
        let events = api.events();
        let last = &events[events.len() - 1]["action"];
        assert!(last.to_string().contains("deleted"), "{last}");
        String::new()
    });
}

#[test]
fn a_persons_tokens_end_with_the_role_in_their_workspace() {
    let told = on_both(|api| {
        let other = api.post("/v2/workspaces", json!({"name": "Staging"})).ok();
        let other = other["id"].as_str().expect("an id").to_owned();
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Editor));
        let path = format!("/v2/members/{}", grace.user);
        let workspace = api.made.workspace.to_string();
        let roles = |roles: Value| api.put(&path, json!({ "workspaces": roles })).ok();
        let asked_with = |token: &str| api.ask("GET", "/v2/sources", token, &Value::Null).status;
        let asked = || asked_with(&grace.token);
        // One of a person without a role, as earlier versions left it, does not come alive with one.
        let kim = api.member("Kim", None);
        let viewer = json!({"workspaces": {&workspace: "viewer"}});
        api.put(&format!("/v2/members/{}", kim.user), viewer).ok();
        assert_eq!(asked_with(&kim.token), 401);
        let before = api.events().len();
        roles(json!({&other: "editor"}));
        roles(json!({&workspace: "viewer"}));
        assert_eq!(asked(), 200, "another role");
        roles(json!({&other: null}));
        assert_eq!(asked(), 200, "the role in another workspace");
        let admin = json!({"role": "admin", "workspaces": {&workspace: null}});
        api.put(&path, admin).ok();
        assert_eq!(asked(), 200, "an Admin has a role in every workspace");
        api.put(&path, json!({"role": "member"})).ok();
        assert_eq!(asked(), 401);
        roles(json!({&workspace: "editor"}));
        assert_eq!(asked(), 401, "it does not come alive again");
        let events = api.events();
        let ended = events.iter().filter(|one| one["action"] == "deleted");
        let reasons: Vec<&Value> = ended.map(|one| &one["detail"]).collect();
        assert_eq!(reasons, [&json!({"reason": "role_ended"}); 2]);
        api.told_since(before)
    });
    insta::assert_snapshot!(told, @r#"
    user.changed_permission Grace Hopper
      workspaces.ID: nothing -> "editor"
    user.changed_permission Grace Hopper
      workspaces.ID: "editor" -> "viewer"
    user.changed_permission Grace Hopper
      workspaces.ID: "editor" -> nothing
    user.changed_permission Grace Hopper
      role: "member" -> "admin"
      workspaces.ID: "viewer" -> nothing
    access_token.deleted test
      access: "read_write" -> nothing
      name: "test" -> nothing
      owner: "ID" -> nothing
    user.changed_permission Grace Hopper
      role: "admin" -> "member"
    user.changed_permission Grace Hopper
      workspaces.ID: nothing -> "editor"
    "#);
}

#[test]
fn a_token_can_always_end_itself() {
    for api in [Api::sqlite(), Api::postgres()] {
        let end = |token: &str, id: &str| {
            let path = format!("/v2/tokens/{id}");
            status(&api.ask("DELETE", &path, token, &Value::Null))
        };
        let of = |user: UserId| {
            let all = api.get("/v2/tokens").ok();
            let all = all["tokens"].as_array().expect("a list");
            let one = all.iter().find(|one| one["ownerId"] == user.as_str());
            id(one.expect("a token"))
        };
        // Of who has lost the role in its workspace, before that ended it.
        let grace = api.member("Grace Hopper", None);
        let token = of(grace.user);
        assert_eq!(end(&grace.token, &token).0, 204);
        assert_eq!(end(&grace.token, &token).0, 401);
        // One that may only read ends itself, and no other.
        let kim = api.reader("Kim");
        let new = json!({"name": "laptop", "access": "read"});
        let made = api.post("/v2/tokens", new).ok();
        let reader = made["token"].as_str().expect("shown once");
        let admins = of(api.made.user);
        let read_only = (403, "read_only_token".to_owned());
        assert_eq!(end(&kim.token, &admins), read_only);
        let all = api.get("/v2/tokens").ok();
        let others = all["tokens"].as_array().expect("a list").iter();
        let set_up = others.clone().find(|one| one["name"] == "Set-up");
        assert_eq!(end(reader, &id(set_up.expect("the first"))), read_only);
        assert_eq!(end(reader, &id(&made)).0, 204);
        assert_eq!(end(&kim.token, &of(kim.user)).0, 204);
    }
}

#[test]
fn tokens_are_made_shown_once_and_end() {
    let told = on_both(|api| {
        // A personal token belongs to one workspace.
        let other = api.post("/v2/workspaces", json!({"name": "Staging"})).ok();
        let other = other["id"].as_str().expect("an id").to_owned();
        for wrong in [
            json!({"name": "x", "workspaceId": other}),
            json!({"name": "x", "kind": "service", "workspaceId": other, "role": "admin"}),
        ] {
            let answer = api.post("/v2/tokens", wrong);
            assert_eq!(status(&answer), (404, "not_found".to_owned()));
        }
        let workspace = api.made.workspace.to_string();
        let before = api.events().len();
        let new = |token: &str, body: Value| api.ask("POST", "/v2/tokens", token, &body);
        let made = new(
            &api.admin,
            json!({"name": "laptop", "access": "read", "expiresInDays": 30}),
        )
        .ok();
        let reader = made["token"].as_str().expect("shown once").to_owned();
        assert!(reader.starts_with("annals_pat_"));
        assert_eq!(
            api.ask("GET", "/v2/sources", &reader, &Value::Null).status,
            200
        );
        let write = api.ask(
            "POST",
            "/v2/sources",
            &reader,
            &json!({"name": "A", "type": "HTTP"}),
        );
        assert_eq!(status(&write), (403, "read_only_token".to_owned()));
        assert_eq!(
            new(&reader, json!({"name": "more"})).status,
            403,
            "a token that reads makes none"
        );
        let list = api.get("/v2/tokens").ok();
        assert!(!list.to_string().contains(&reader));

        // A service with a role in the workspace, and one of the organization.
        let editor = new(&api.admin, json!({"name": "terraform", "kind": "service", "workspaceId": workspace, "role": "editor"})).ok();
        let editor = editor["token"].as_str().expect("shown once").to_owned();
        assert!(editor.starts_with("annals_sat_"));
        let source = api.ask(
            "POST",
            "/v2/sources",
            &editor,
            &json!({"name": "A", "type": "HTTP"}),
        );
        assert_eq!(source.status, 201, "{}", source.json);
        assert_eq!(
            new(&editor, json!({"name": "x"})).status,
            403,
            "a service has no personal tokens"
        );
        assert_eq!(
            new(&editor, json!({"name": "x", "kind": "service"})).status,
            403
        );
        let auditor = new(&api.admin, json!({"name": "siem", "kind": "service"})).ok();
        assert_eq!(auditor["access"], "read");

        for (wrong, code) in [
            (json!({"name": ""}), "required"),
            (json!({"name": "x", "expiresInDays": 0}), "out_of_range"),
            (json!({"name": "x", "kind": "robot"}), "unknown_word"),
            (json!({"name": "x", "access": "all"}), "unknown_word"),
            (json!({"name": "x", "role": "admin"}), "not_for_this"),
            (
                json!({"name": "x", "kind": "service", "role": "admin"}),
                "required",
            ),
            (
                json!({"name": "x", "kind": "service", "access": "read_write"}),
                "not_for_this",
            ),
            (
                json!({"name": "x", "hash": "00", "ownerId": "me"}),
                "invalid_body",
            ),
        ] {
            let answer = new(&api.admin, wrong.clone());
            assert_eq!(status(&answer), (400, code.to_owned()), "{wrong}");
        }

        // What a token makes does not outlive it.
        let short = new(&api.admin, json!({"name": "short", "expiresInDays": 1})).ok();
        let short = short["token"].as_str().expect("shown once").to_owned();
        assert_eq!(
            status(&new(&short, json!({"name": "long", "expiresInDays": 2}))).1,
            "outlives_its_maker"
        );
        api.clock.advance(1);
        let child = new(&short, json!({"name": "child"})).ok();
        assert!(child["expiresAt"].is_string());

        let laptop = id(&made);
        assert_eq!(api.delete(&format!("/v2/tokens/{laptop}")).status, 204);
        assert_eq!(
            api.ask("GET", "/v2/sources", &reader, &Value::Null).status,
            401
        );
        api.clock.advance(Micros::DAY);
        assert_eq!(
            api.ask("GET", "/v2/sources", &short, &Value::Null).status,
            401
        );
        api.expire();
        api.told_since(before)
    });
    insta::assert_snapshot!(told);
}

#[test]
fn nobody_deletes_or_sees_the_tokens_of_others_but_an_administrator() {
    for api in [Api::sqlite(), Api::postgres()] {
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Admin));
        let edsger = api.member("Edsger Dijkstra", Some(WorkspaceRole::Viewer));
        let tokens = |token: &str| {
            let list = api.ask("GET", "/v2/tokens", token, &Value::Null).ok();
            list["tokens"].as_array().expect("a list").clone()
        };
        let of_grace = tokens(&grace.token);
        assert_eq!(of_grace.len(), 1);
        let path = format!("/v2/tokens/{}", id(&of_grace[0]));
        assert_eq!(
            api.ask("DELETE", &path, &edsger.token, &Value::Null).status,
            403
        );
        assert!(tokens(&api.admin).len() >= 4);
        let reader = api.reader("Ida Rhodes").token;
        assert!(tokens(&reader).len() >= 4, "an administrator's, too");
        assert!(tokens(&api.service).is_empty(), "it reads the log alone");
        let stranger = api.stranger("Stan").token;
        assert_eq!(
            api.ask("DELETE", &path, &stranger, &Value::Null).status,
            404
        );
        assert_eq!(
            api.ask("DELETE", &path, &grace.token, &Value::Null).status,
            204
        );
        assert_eq!(
            api.ask("GET", "/v2/tokens", &grace.token, &Value::Null)
                .status,
            401
        );
    }
}
