//! The proof of an event on its page, and what the pages say of a log that is not signed.

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use serde_json::json;
use tlog::Receipt;

use crate::site::{Site, Team};

/// The newest event that a source was created.
async fn created(site: &Site, team: Team) -> String {
    let body = json!({ "name": "Web app", "type": "HTTP" });
    let (status, answer) = site.api("POST", "/v2/sources", Some(body)).await;
    assert!(status.is_success(), "{answer}");
    let log = site.log(team.organization).await;
    let found = log.iter().rfind(|event| event.entry.action == "created");
    found.expect("an event").entry.id.clone()
}

#[tokio::test]
async fn the_receipt_is_a_file_for_who_may_read_the_event() {
    let (site, team) = Site::ready().await;
    let event = created(&site, team).await;
    let path = format!("/settings/audit-logs/{event}/proof");
    let mut admin = site.signed_in("ada@example.com").await;
    let early = admin.get(&path).await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        early.body.contains("No checkpoint covers this event yet"),
        "{}",
        early.body
    );
    site.sign().await;
    let answer = admin.get(&path).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("content-disposition"),
        format!("attachment; filename=\"{event}.tlog-proof\"")
    );
    assert!(Receipt::parse(answer.body.as_bytes()).is_ok());
    assert_eq!(
        admin
            .get("/settings/audit-logs/nonsense/proof")
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    let none = "/settings/audit-logs/0ujtsYcgvSTl8PAuAdqWYSMnLOv/proof";
    assert_eq!(admin.get(none).await.status, StatusCode::NOT_FOUND);

    site.member(team, "vera@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let mut viewer = site.signed_in("vera@example.com").await;
    assert_eq!(viewer.get(&path).await.status, StatusCode::FORBIDDEN);
    let denied = site.log(team.organization).await.pop().expect("an event");
    assert_eq!(
        (denied.entry.action.as_str(), denied.entry.outcome.as_str()),
        ("viewed", "denied")
    );
}

/// Who reads one workspace only does not get the log's tiles, and the page does not make the browser ask for them.
#[tokio::test]
async fn the_panel_says_whether_the_reader_gets_the_tiles() {
    let (site, team) = Site::ready().await;
    let event = created(&site, team).await;
    site.sign().await;
    site.member(team, "wanda@example.com", Some(WorkspaceRole::Admin))
        .await;
    let path = format!("/settings/audit-logs/{event}");
    for (email, whole) in [("ada@example.com", "true"), ("wanda@example.com", "false")] {
        let page = site.signed_in(email).await.get(&path).await.body;
        assert!(
            page.contains(&format!("data-whole=\"{whole}\"")),
            "{email}: {page}"
        );
        assert!(page.contains("Download proof"), "{email}");
    }
}

#[tokio::test]
async fn the_pages_say_that_the_log_is_not_signed() {
    let (site, team) = Site::ready().await;
    let event = created(&site, team).await;
    let mut admin = site.signed_in("ada@example.com").await;
    let pages = [
        "/settings/audit-logs".to_owned(),
        format!("/settings/audit-logs/{event}"),
    ];
    for page in &pages {
        assert!(
            !admin
                .get(page)
                .await
                .body
                .contains("not signed at the moment"),
            "{page}"
        );
    }
    site.sign().await;
    let _ = created(&site, team).await;
    // Another process, with an empty guard, does not go on with a log that was signed before.
    site.sign().await;
    for page in &pages {
        let body = admin.get(page).await.body;
        assert!(
            body.contains("not signed at the moment") && body.contains("annals recover"),
            "{page}: {body}"
        );
    }
}

#[tokio::test]
async fn the_pages_say_that_nothing_can_be_signed() {
    let (site, team) = Site::ready().await;
    let event = created(&site, team).await;
    let mut admin = site.signed_in("ada@example.com").await;
    site.app.store.signing_panicked();
    for page in [
        "/settings/audit-logs".to_owned(),
        format!("/settings/audit-logs/{event}"),
    ] {
        let body = admin.get(&page).await.body;
        assert!(
            body.contains("not signed at the moment") && body.contains("The publisher panicked"),
            "{page}: {body}"
        );
    }
}
