//! What pages say of what somebody destroyed past Annals.

use axum::http::StatusCode;
use serde_json::json;
use store::testing::Raw;

use crate::site::{Site, Team};

/// An administrator of the database destroys a key of the organization, with the row of an erasure that nobody has made.
async fn destroy(site: &Site, team: Team, subject: &str) -> Raw {
    let organization = team.organization;
    let log = site
        .app
        .read(move |rx| rx.organization_log(organization))
        .await
        .expect("a log")
        .id;
    let mut raw = site.raw();
    raw.must(&format!(
        "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('{subject}', '{log}', '{subject}', 1, 1, 0, 0)"
    ));
    raw.must(&format!(
        "UPDATE data_keys SET wrapped = NULL, erased_at = 1 WHERE subject = '{subject}' AND organization = '{organization}'"
    ));
    raw
}

#[tokio::test]
async fn pages_say_what_cannot_be_read_and_the_others_answer() {
    let (site, team) = Site::ready().await;
    let made = |path: &'static str, body| {
        let site = &site;
        async move {
            let (status, made) = site.api("POST", path, Some(body)).await;
            assert!(status.is_success(), "{made}");
            let made = made.as_object().expect("an object");
            let one = made.values().find_map(|one| one["id"].as_str());
            one.or(made.get("id").and_then(|id| id.as_str()))
                .expect("an id")
                .to_owned()
        }
    };
    let source = json!({ "name": "Web app", "type": "HTTP" });
    let source = made("/v2/sources", source).await;
    let destination = json!({ "name": "Hook", "type": "WEBHOOK", "config": { "webhookUrl": "https://hook.example" } });
    let destination = made("/v2/destinations", destination).await;
    let mut ada = site.signed_in("ada@example.com").await;
    let _ = destroy(&site, team, team.workspace.as_str()).await;
    for (path, shows) in [
        ("/sources", "Web app"),
        ("/destinations", "Hook"),
        ("/accounts", "Accounts"),
        ("/settings/team", "Ada Lovelace"),
        ("/settings/workspace", "Production"),
    ] {
        let page = ada.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        assert!(page.body.contains(shows), "{path}: {}", page.body);
    }
    for path in [
        format!("/sources/{source}"),
        format!("/destinations/{destination}"),
        // That somebody read the workspace's log could not be recorded.
        "/settings/audit-logs".to_owned(),
    ] {
        let page = ada.get(&path).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{path}: {}", page.body);
        assert!(
            page.body.contains("cannot be read or recorded"),
            "{}",
            page.body
        );
        assert!(page.body.contains("no entry of the log"), "{}", page.body);
    }
}

#[tokio::test]
async fn an_event_says_that_its_door_is_missing_or_erased_as_it_does_of_the_rest() {
    let (site, team) = Site::ready().await;
    let body = json!({ "name": "Web app", "type": "HTTP" });
    let (status, answer) = site.api("POST", "/v2/sources", Some(body)).await;
    assert!(status.is_success(), "{answer}");
    let log = site.log(team.organization).await;
    let found = log.iter().rfind(|event| event.entry.action == "created");
    let event = found.expect("an event").entry.clone();
    let path = format!("/settings/audit-logs/{}", event.id);
    site.member(
        team,
        "vera@example.com",
        Some(model::role::WorkspaceRole::Admin),
    )
    .await;
    site.sign().await;
    let mut vera = site.signed_in("vera@example.com").await;
    let via = |page: &str| {
        let after = page.split_once("<dt>Via</dt>").expect("a row").1;
        after.split_once("</div>").expect("its end").0.to_owned()
    };
    let page = vera.get(&path).await;
    assert!(via(&page.body).contains("API"), "{}", page.body);
    assert!(page.body.contains("data-missing=\"\""), "{}", page.body);

    let actor = event.actor.id.expect("an actor");
    let _ = destroy(&site, team, &actor).await;
    let page = vera.get(&path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(
        via(&page.body).contains("Missing: no entry erased it"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("data-missing=\"actor origin\""),
        "{}",
        page.body
    );
}
