//! Members, invitations, tokens, the organization, and who may change a single thing.

use model::actor::{Actor, System};
use model::clock::Micros;
use model::id::UserId;
use model::role::WorkspaceRole;
use serde_json::{Value, json};
use server::actions::member::remove::RemoveMember;
use server::actions::organization::update::UpdateOrganization;

use crate::support::{Api, id, local_origin, on_both, told};

/// What was recorded since `before` events, as a person reads it.
fn since(api: &Api, before: usize) -> String {
    let events = api.events();
    let lines: Vec<String> = events[before..].iter().map(told).collect();
    crate::support::without_ids(&lines.join("\n"))
}

fn status(answer: &crate::support::Answer) -> (u16, String) {
    let code = answer.json["code"].as_str().unwrap_or_default();
    (answer.status, code.to_owned())
}

#[test]
fn people_are_invited_all_or_nobody() {
    let told = on_both(|api| {
        let before = api.events().len();
        let workspace = api.made.workspace.to_string();
        let answer = api.post(
            "/v2/invitations",
            json!({"emails": ["grace@example.com", "Edsger@Example.com"], "workspaces": {workspace: "editor"}}),
        );
        assert_eq!(answer.status, 201, "{}", answer.json);
        let made = answer.json["invitations"]
            .as_array()
            .expect("a list")
            .clone();
        assert_eq!(made.len(), 2);
        assert_eq!(made[0]["state"], "open");
        assert_eq!(made[0]["delivery"], "none", "there is no mail server");
        let link = made[0]["link"].as_str().expect("a link to hand over");
        assert!(link.contains("/invitation?token=annals_lnk_"));

        let all = api.get("/v2/invitations").ok();
        assert_eq!(all["invitations"].as_array().map(Vec::len), Some(2));
        assert!(!all.to_string().contains("annals_lnk_"), "shown once");

        // One of them cannot be: nobody is invited.
        for (emails, expected) in [
            (
                json!(["new@example.com", "grace@example.com"]),
                (409, "already_invited"),
            ),
            (
                json!(["new@example.com", "ada@example.com"]),
                (409, "already_a_member"),
            ),
            (json!(["new@example.com", "nobody"]), (400, "invalid_email")),
            (
                json!(["a@example.com\r\nBcc: eve@example.com"]),
                (400, "invalid_email"),
            ),
            (json!([]), (400, "how_many")),
        ] {
            let answer = api.post("/v2/invitations", json!({"emails": emails}));
            assert_eq!(
                status(&answer),
                (expected.0, expected.1.to_owned()),
                "{emails}"
            );
        }
        let all = api.get("/v2/invitations").ok();
        assert_eq!(all["invitations"].as_array().map(Vec::len), Some(2));

        // Of many it is said which one; who is named twice is invited once.
        let emails = json!(["new@example.com", "nobody"]);
        let answer = api.post("/v2/invitations", json!({"emails": emails}));
        assert!(answer.problem().contains("\u{201c}nobody\u{201d}"));
        let emails = json!(["new@example.com", " New@Example.com"]);
        let twice = api.post("/v2/invitations", json!({"emails": emails}));
        assert_eq!(twice.status, 201, "{}", twice.json);
        let twice = twice.json["invitations"].as_array().map(Vec::len);
        assert_eq!(twice, Some(1));

        let first = id(&made[0]);
        let again = api
            .post(&format!("/v2/invitations/{first}/resend"), json!({}))
            .ok();
        assert_ne!(again["link"], made[0]["link"], "the link before is dead");
        assert_eq!(api.delete(&format!("/v2/invitations/{first}")).status, 204);
        let gone = api.delete(&format!("/v2/invitations/{first}"));
        assert_eq!(status(&gone), (409, "invitation_over".to_owned()));
        // Withdrawn, so the address may be invited again.
        let again = api.post(
            "/v2/invitations",
            json!({"emails": ["grace@example.com"], "role": "admin"}),
        );
        assert_eq!(again.status, 201);
        since(&api, before)
    });
    insta::assert_snapshot!(told);
}

#[test]
fn an_invitation_ends_by_itself_after_three_days() {
    for api in [Api::sqlite(), Api::postgres()] {
        api.post("/v2/invitations", json!({"emails": ["grace@example.com"]}));
        api.clock.advance(3 * Micros::DAY - 1);
        api.expire();
        let state = |api: &Api| api.get("/v2/invitations").ok()["invitations"][0]["state"].clone();
        assert_eq!(state(&api), "open");
        api.clock.advance(1);
        api.expire();
        api.expire();
        assert_eq!(state(&api), "expired");
        let events = api.events();
        let expired: Vec<&Value> = events
            .iter()
            .filter(|event| event["action"] == "expired")
            .collect();
        assert_eq!(expired.len(), 1, "once");
        assert_eq!(expired[0]["actorName"], "system");
    }
}

#[test]
fn what_a_member_is_changes_and_the_last_administrator_stays() {
    let told = on_both(|api| {
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Viewer));
        let path = format!("/v2/members/{}", grace.user);
        let workspace = api.made.workspace.to_string();
        let before = api.events().len();
        assert_eq!(
            api.ask(
                "POST",
                "/v2/sources",
                &grace.token,
                &json!({"name": "A", "type": "HTTP"})
            )
            .status,
            403
        );
        let made = api
            .put(&path, json!({"workspaces": {&workspace: "editor"}}))
            .ok();
        assert_eq!(made["workspaces"][&workspace], "editor");
        let same = api.events().len();
        api.put(&path, json!({"workspaces": {&workspace: "editor"}}))
            .ok();
        assert_eq!(
            api.events().len(),
            same,
            "nothing changed, nothing recorded"
        );
        let made = api.ask(
            "POST",
            "/v2/sources",
            &grace.token,
            &json!({"name": "A", "type": "HTTP"}),
        );
        assert_eq!(made.status, 201, "{}", made.json);

        let ada = format!("/v2/members/{}", api.made.user);
        for answer in [api.put(&ada, json!({"role": "member"})), api.delete(&ada)] {
            assert_eq!(status(&answer), (409, "last_admin".to_owned()));
        }
        api.put(
            &path,
            json!({"role": "admin", "workspaces": {&workspace: null}}),
        )
        .ok();
        let viewer = json!({"role": "member", "workspaces": {&workspace: "viewer"}});
        api.put(&ada, viewer).ok();
        // From here on Ada is no administrator any more.
        assert_eq!(api.put(&path, json!({"role": "member"})).status, 403);
        for wrong in [
            json!({"role": "owner"}),
            json!({"workspaces": {&workspace: "king"}}),
            json!({"permissions": []}),
        ] {
            assert_eq!(
                api.ask("PUT", &ada, &grace.token, &wrong).status,
                400,
                "{wrong}"
            );
        }
        let nowhere = json!({"workspaces": {"2CHj1PJ61lv1NPyQtCiFi2KVX2y": "admin"}});
        assert_eq!(api.ask("PUT", &ada, &grace.token, &nowhere).status, 404);
        api.ask("PUT", &ada, &grace.token, &json!({"role": "admin"}))
            .ok();
        since(&api, before)
    });
    insta::assert_snapshot!(told);
}

#[test]
fn who_is_removed_is_out_at_once_and_stays_in_the_history() {
    let told = on_both(|api| {
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Editor));
        let before = api.events().len();
        assert_eq!(
            api.ask("GET", "/v2/sources", &grace.token, &Value::Null)
                .status,
            200
        );
        assert_eq!(
            api.delete(&format!("/v2/members/{}", grace.user)).status,
            204
        );
        assert_eq!(
            api.ask("GET", "/v2/sources", &grace.token, &Value::Null)
                .status,
            401
        );
        assert_eq!(
            api.delete(&format!("/v2/members/{}", grace.user)).status,
            404
        );
        since(&api, before)
    });
    insta::assert_snapshot!(told);
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
        since(&api, before)
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
fn of_workspaces_in_which_who_asks_has_no_role_only_their_number_is_told() {
    for api in [Api::sqlite(), Api::postgres()] {
        let other = api.post("/v2/workspaces", json!({"name": "Staging"})).ok();
        let other = other["id"].as_str().expect("an id").to_owned();
        let workspace = api.made.workspace.to_string();
        let kim = api.member("Kim", Some(WorkspaceRole::Viewer));
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Editor));
        let path = format!("/v2/members/{}", grace.user);
        let both = json!({&workspace: "editor", &other: "admin"});
        let whole = api
            .put(&path, json!({"workspaces": {&other: "admin"}}))
            .ok();
        assert_eq!(
            (&whole["workspaces"], &whole["otherWorkspaces"]),
            (&both, &json!(0))
        );
        let invited = json!({"emails": ["edsger@example.com"], "workspaces": &both});
        let made = api.post("/v2/invitations", invited).ok();
        assert_eq!(made["invitations"][0]["workspaces"], both);

        let here = json!({&workspace: "editor"});
        for (token, roles, others) in [(&kim.token, &here, 1), (&api.admin, &both, 0)] {
            let get = |path: &str| api.ask("GET", path, token, &Value::Null).ok();
            let all = get("/v2/members");
            let all = all["members"].as_array().expect("a list");
            let one = all.iter().find(|one| one["name"] == "Grace Hopper");
            let invitations = get("/v2/invitations");
            for one in [
                one.expect("a member"),
                &get(&path),
                &invitations["invitations"][0],
            ] {
                assert_eq!(&one["workspaces"], roles, "{one}");
                assert_eq!(one["otherWorkspaces"], others, "{one}");
            }
        }
    }
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
        since(&api, before)
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

#[test]
fn an_auditor_reads_everything_and_changes_nothing() {
    for api in [Api::sqlite(), Api::postgres()] {
        let source = api.source("Web");
        let ida = api.member("Ida Rhodes", Some(WorkspaceRole::Auditor)).token;
        for path in ["/v2/sources", "/v2/audit-logs", "/v2/members"] {
            assert_eq!(
                api.ask("GET", path, &ida, &Value::Null).status,
                200,
                "{path}"
            );
        }
        let change = api.ask(
            "PUT",
            &format!("/v2/sources/{source}"),
            &ida,
            &json!({"name": "X"}),
        );
        assert_eq!(status(&change), (403, "permission_denied".to_owned()));
    }
}

#[test]
fn a_locked_thing_is_changed_only_by_people_selected() {
    let told = on_both(|api| {
        let source = api.source("Web");
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Editor));
        let edsger = api.member("Edsger Dijkstra", Some(WorkspaceRole::Editor));
        let before = api.events().len();
        let access = format!("/v2/sources/{source}/access");
        let rename = |token: &str, name: &str| {
            let path = format!("/v2/sources/{source}");
            status(&api.ask("PUT", &path, token, &json!({"name": name})))
        };
        let denied = (403, "permission_denied".to_owned());
        let lock = json!({"people": [grace.user.as_str()]});
        assert_eq!(
            status(&api.ask("PUT", &access, &grace.token, &lock)),
            denied
        );
        assert_eq!(api.get(&access).ok(), json!({"people": null}));
        assert_eq!(api.put(&access, lock.clone()).ok(), lock);
        assert_eq!(
            rename(&edsger.token, "B"),
            (403, "resource_locked".to_owned())
        );
        assert_eq!(rename(&grace.token, "C").0, 200);
        assert_eq!(
            rename(&api.admin, "D").0,
            200,
            "who holds the key is never locked out"
        );
        api.put(&access, json!({"people": []})).ok();
        assert_eq!(
            rename(&grace.token, "E"),
            (403, "resource_locked".to_owned())
        );
        let delete = api.ask(
            "DELETE",
            &format!("/v2/sources/{source}"),
            &grace.token,
            &Value::Null,
        );
        assert_eq!(status(&delete), (403, "resource_locked".to_owned()));
        api.put(&access, json!({"people": null})).ok();
        assert_eq!(rename(&edsger.token, "F").0, 200);
        assert_eq!(
            api.put(&access, json!({"people": ["2CHj1PJ61lv1NPyQtCiFi2KVX2y"]}))
                .status,
            404
        );
        // What is locked goes with its lock.
        api.put(&access, lock).ok();
        assert_eq!(api.delete(&format!("/v2/sources/{source}")).status, 204);
        since(&api, before)
    });
    insta::assert_snapshot!(told);
}

#[test]
fn an_organization_that_requires_a_second_factor_is_closed_to_who_has_none() {
    for api in [Api::sqlite(), Api::postgres()] {
        let grace = api
            .member("Grace Hopper", Some(WorkspaceRole::Editor))
            .token;
        let own = api.put("/v2/organization", json!({"requiresMfa": true}));
        assert_eq!(status(&own), (409, "no_factor_yet".to_owned()));
        let renamed = api.put("/v2/organization", json!({"name": "Engines"})).ok();
        assert_eq!(renamed["name"], "Engines");
        let require = |on: bool| {
            let action = UpdateOrganization {
                id: api.made.organization,
                name: None,
                seen_name: None,
                requires_mfa: Some(on),
                public_hashes: None,
            };
            let actor = Actor::System(System::CommandLine);
            let done = api
                .store
                .perform(actor, local_origin(&api.store), action)
                .wait();
            let _ = done.expect("done");
        };
        require(true);
        let new = json!({"name": "A", "type": "HTTP"});
        for token in [&grace, &api.admin] {
            let answer = api.ask("POST", "/v2/sources", token, &new);
            assert_eq!(status(&answer), (403, "second_factor_required".to_owned()));
            // What is asked for is not missing: who asks hears what is.
            for path in [
                "/v2/sources",
                "/v2/destinations",
                "/transformations",
                "/v2/workspace",
                "/v2/workspaces",
                "/v2/members",
                "/v2/invitations",
                "/v2/organization",
                "/v2/tokens",
                "/v2/privacy/erasures",
                "/v2/audit-logs",
                "/source-definitions/HTTP",
            ] {
                let answer = api.ask("GET", path, token, &Value::Null);
                let expected = (403, "second_factor_required".to_owned());
                assert_eq!(status(&answer), expected, "{path}");
            }
        }
        require(false);
        assert_eq!(api.ask("POST", "/v2/sources", &grace, &new).status, 201);
        let told = api.events();
        let names: Vec<&str> = told
            .iter()
            .filter_map(|event| event["action"].as_str())
            .collect();
        for one in ["required_mfa", "stopped_requiring_mfa", "updated"] {
            assert!(names.contains(&one), "{one}: {names:?}");
        }
    }
}

#[test]
fn an_invitation_loses_the_role_in_a_workspace_that_goes_and_ends_where_it_was_for_nothing_else() {
    let said = on_both(|api| {
        let staging = id(&api.post("/v2/workspaces", json!({"name": "Staging"})).ok());
        let own = api.made.workspace.to_string();
        for (who, role, workspaces) in [
            ("admin", "admin", json!({&*staging: "editor"})),
            (
                "both",
                "member",
                json!({&*staging: "editor", &*own: "viewer"}),
            ),
            ("none", "member", json!({})),
            ("there", "member", json!({&*staging: "editor"})),
        ] {
            let email = format!("{who}@example.com");
            let body = json!({"emails": [email], "role": role, "workspaces": workspaces});
            api.post("/v2/invitations", body).ok();
        }
        let before = api.events().len();
        let admin = api.admin_of(&staging);
        let path = format!("/v2/workspaces/{staging}");
        assert_eq!(api.ask("DELETE", &path, &admin, &Value::Null).status, 204);
        let all = api.get("/v2/invitations").ok();
        let mut all: Vec<String> = all["invitations"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| {
                let text = format!("{} {} {}", one["email"], one["state"], one["workspaces"]);
                text.replace(&own, "OWN")
            })
            .collect();
        all.sort();
        let events = since(&api, before);
        let events = events.lines().filter(|line| !line.starts_with(' '));
        all.extend(events.map(str::to_owned));
        all.join("\n")
    });
    insta::assert_snapshot!(said, @r#"
    "admin@example.com" "open" {}
    "both@example.com" "open" {"OWN":"viewer"}
    "none@example.com" "open" {}
    "there@example.com" "cancelled" {}
    access_token.created elsewhere
    access_token.deleted elsewhere
    user_invitation.cancelled there@example.com
    workspace.deleted Staging
    "#);
}

#[test]
fn a_locked_destination_gets_no_source_and_no_transformation_from_others() {
    for api in [Api::sqlite(), Api::postgres()] {
        let (source, destination) = (api.source("Web"), api.destination("Lake"));
        let code = api.code("transformations", "Mask", "a");
        let edda = api.member("Edda", Some(WorkspaceRole::Editor)).token;
        let access = format!("/v2/destinations/{destination}/access");
        api.put(&access, json!({"people": []})).ok();
        let both = json!({"sourceId": source, "destinationId": destination});
        let link = json!({"transformationId": id(&code)});
        let transformation = format!("/v2/destinations/{destination}/transformation");
        let locked = (403, "resource_locked".to_owned());
        for (method, path, body) in [
            ("POST", "/v2/connections", &both),
            ("PUT", transformation.as_str(), &link),
        ] {
            assert_eq!(
                status(&api.ask(method, path, &edda, body)),
                locked,
                "{path}"
            );
        }
        // Nor is a source taken from it: neither alone, nor by deleting the source.
        let connection = api.connection(&source, &destination);
        let account = api.account("Warehouse");
        let model = api.model("Customers", &account);
        let synced = api.synced(&model, &destination);
        let paths = [
            format!("/v2/connections/{connection}"),
            format!("/v2/sources/{source}"),
            format!("/v2/retl-connections/{synced}"),
            format!("/v2/retl-sources/{model}"),
        ];
        for path in &paths {
            let answer = api.ask("DELETE", path, &edda, &Value::Null);
            assert_eq!(status(&answer), locked, "{path}");
        }
        api.put(&access, json!({"people": null})).ok();
        assert!(api.ask("PUT", &transformation, &edda, &link).status < 300);
        for path in [&paths[1], &paths[3]] {
            let answer = api.ask("DELETE", path, &edda, &Value::Null);
            assert_eq!(answer.status, 204, "{path}: {}", answer.json);
        }
    }
}

#[test]
fn of_two_last_administrators_who_remove_each_other_at_once_one_stays() {
    for api in [Api::sqlite(), Api::postgres()] {
        let grace = api.member("Grace Hopper", None).user;
        api.put(&format!("/v2/members/{grace}"), json!({"role": "admin"}))
            .ok();
        let actor = Actor::System(System::CommandLine);
        let done: Vec<bool> = [grace, api.made.user]
            .map(|user| {
                let action = RemoveMember {
                    organization: api.made.organization,
                    user,
                };
                api.store.perform(actor, local_origin(&api.store), action)
            })
            .into_iter()
            .map(|one| one.wait().is_ok())
            .collect();
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
    }
}
