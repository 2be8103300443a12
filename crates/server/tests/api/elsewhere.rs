//! What the administrator of one workspace reads of people's roles in others: nothing, however the log is read.

use model::part::Disclosure;
use model::role::WorkspaceRole;
use serde_json::{Value, json};
use tlog::{Receipt, leaf_hash};

use crate::support::{Answer, Api, id};

/// The newest event of this action, as a token reads it.
fn newest(api: &Api, token: &str, action: &str) -> Value {
    let path = format!("/v2/audit-logs?order=desc&per_page=1&action={action}");
    let page = api.ask("GET", &path, token, &Value::Null).ok();
    page["data"][0].clone()
}

/// The paths that an event says were changed.
fn paths(event: &Value) -> Vec<&str> {
    let changes = event["changes"].as_array().expect("changes").iter();
    changes
        .map(|one| one["path"].as_str().expect("a path"))
        .collect()
}

fn text(answer: Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.json);
    String::from_utf8(answer.bytes).expect("text")
}

#[test]
fn what_people_are_in_other_workspaces_is_withheld_from_the_administrator_of_one() {
    for api in [Api::sqlite(), Api::postgres()] {
        let other = id(&api.post("/v2/workspaces", json!({"name": "Staging"})).ok());
        let here = api.made.workspace.to_string();
        let wanda = api.member("Wanda", Some(WorkspaceRole::Admin)).token;
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Viewer)).user;
        let roles = json!({"workspaces": {&here: "auditor", &other: "editor"}});
        api.put(&format!("/v2/members/{grace}"), roles).ok();
        let (own, others) = (format!("workspaces.{here}"), format!("workspaces.{other}"));
        let mut both = [own.as_str(), others.as_str()];
        both.sort_unstable();

        // Beyond the index, and found through it.
        for indexed in [false, true] {
            if indexed {
                api.index();
            }
            let seen = newest(&api, &wanda, "changed_permission");
            assert_eq!(paths(&seen), [own.as_str()], "{seen}");
            assert_eq!(seen["hidden"], json!({"changes": "withheld"}));
            let whole = newest(&api, &api.service, "changed_permission");
            assert_eq!(paths(&whole), both, "{whole}");
            assert_eq!(whole.get("hidden"), None);
        }
        let event = id(&newest(&api, &wanda, "changed_permission"));
        let path = format!("/v2/audit-logs/{event}");
        let one = api.ask("GET", &path, &wanda, &Value::Null).ok();
        assert_eq!(paths(&one), [own.as_str()], "{one}");

        // What is handed out is proved all the same, part by part.
        api.sign();
        let receipt = |token: &str| {
            let answer = api.ask("GET", &format!("{path}/proof"), token, &Value::Null);
            let receipt = Receipt::parse(text(answer).as_bytes()).expect("a receipt");
            let extra = receipt.extra.as_deref().expect("extra");
            let extra: Value = serde_json::from_slice(extra).expect("JSON");
            let entry = extra["entry"].as_str().expect("an entry").to_owned();
            receipt
                .verify(&leaf_hash(entry.as_bytes()))
                .expect("proved");
            (entry, extra["disclosures"].clone())
        };
        let (entry, opened) = receipt(&wanda);
        let (same, all) = receipt(&api.service);
        assert_eq!(entry, same);
        assert!(!opened.to_string().contains(&other), "{opened}");
        let (opened, all) = (
            opened.as_array().expect("a list"),
            all.as_array().expect("a list"),
        );
        assert_eq!(opened.len() + 1, all.len());
        for one in opened {
            let one = Disclosure::from_string(one.as_str().expect("a text").to_owned());
            assert!(entry.contains(&one.commitment()), "{}", one.as_str());
        }

        // Nor is it in what is taken out.
        for format in ["events", "csv"] {
            let wanted = json!({"format": format, "filters": {"target": grace}});
            let export =
                |token: &str| text(api.ask("POST", "/v2/audit-logs/exports", token, &wanted));
            let rows = export(&wanda);
            assert!(rows.contains(&others.replace(&other, &here)), "{rows}");
            assert!(!rows.contains(&other), "{rows}");
            assert!(export(&api.service).contains(&others));
        }
    }
}

#[test]
fn an_invitation_and_a_removal_do_not_tell_of_other_workspaces_either() {
    for api in [Api::sqlite(), Api::postgres()] {
        let other = id(&api.post("/v2/workspaces", json!({"name": "Staging"})).ok());
        let here = api.made.workspace.to_string();
        let wanda = api.member("Wanda", Some(WorkspaceRole::Admin)).token;
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Viewer)).user;
        // Of what has no workspace an administrator of one reads what its members did.
        let both = json!({&here: "viewer", &other: "editor"});
        let first = format!("/v2/members/{}", api.made.user);
        api.put(&first, json!({"workspaces": {&here: "editor"}}))
            .ok();
        let invited = json!({"emails": ["edsger@example.com"], "workspaces": &both});
        api.post("/v2/invitations", invited).ok();
        let seen = newest(&api, &wanda, "created");
        assert_eq!(seen["targetType"], "user_invitation", "{seen}");
        assert!(!seen.to_string().contains(&other), "{seen}");
        assert!(seen.to_string().contains(&format!("workspaces.{here}")));
        let path = format!("/v2/members/{grace}");
        api.put(&path, json!({"workspaces": both})).ok();
        api.delete(&path).ok();
        let seen = newest(&api, &wanda, "removed_from_organization");
        assert!(!seen.to_string().contains(&other), "{seen}");
        assert_eq!(seen["hidden"]["changes"], "withheld");
    }
}
