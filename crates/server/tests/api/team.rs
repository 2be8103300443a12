//! Members, invitations and the organization.

use model::actor::{Actor, System};
use model::clock::Micros;
use model::role::WorkspaceRole;
use serde_json::{Value, json};
use server::actions::member::remove::RemoveMember;
use server::actions::organization::update::UpdateOrganization;

use crate::support::{Api, id, local_origin, on_both, status};

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
        api.told_since(before)
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
        api.told_since(before)
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
        api.told_since(before)
    });
    insta::assert_snapshot!(told);
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
        let events = api.told_since(before);
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
