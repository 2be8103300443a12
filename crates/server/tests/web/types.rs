//! Types on pages: said by hand. The forms that come with an import are in `forms`.

mod forms;

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use serde_json::json;
use server::app::Config;

use crate::lines::untouched;
use crate::site::{Database, Site};

#[tokio::test]
async fn an_administrator_says_what_a_type_is_and_lets_go_of_it() {
    let (site, team) = Site::ready().await;
    let mut ada = site.signed_in("ada@example.com").await;
    let page = ada.get("/settings/types").await;
    assert!(page.body.contains("Define a type") && page.body.contains("Webhook"));
    // All that is hidden of it, not only what is secret.
    assert!(
        page.body.contains("headers.to, webhookUrl"),
        "{}",
        page.body
    );
    assert!(
        ada.get("/settings/types/one")
            .await
            .body
            .contains("Secret settings")
    );

    let wrong = [
        ("kind", "destination"),
        ("name", "KETTLE"),
        ("display_name", "Kettle"),
        ("secret_keys", "token"),
        ("schema", "{\"$ref\":\"#\"}"),
    ];
    let answer = ada.post("/settings/types", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("The schema refers to itself"),
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains("token"),
        "what was typed is still there"
    );
    let not_json = [wrong[0], wrong[1], wrong[2], ("schema", "{")];
    let answer = ada.post("/settings/types", &not_json).await;
    assert!(answer.body.contains("This is not JSON"), "{}", answer.body);

    let right = [
        wrong[0],
        wrong[1],
        wrong[2],
        ("secret_keys", "token\r\nspouts.to"),
    ];
    let answer = ada.post("/settings/types", &right).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let page = ada.get("/settings/types").await.body;
    assert!(
        page.contains("Kettle") && page.contains("token, spouts.to") && page.contains("By hand")
    );
    let log = site.log(team.organization).await;
    let event = log.last().expect("an event");
    assert_eq!(
        (
            event.entry.target.r#type.as_str(),
            event.entry.action.as_str()
        ),
        ("definition", "imported")
    );

    site.member(team, "grace@example.com", Some(WorkspaceRole::Admin))
        .await;
    let mut grace = site.signed_in("grace@example.com").await;
    assert!(
        !grace
            .get("/settings/types")
            .await
            .body
            .contains("Define a type")
    );
    let refused = grace.get("/settings/types/one").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let for_whom = "This page is for administrators of the organization.";
    assert!(refused.body.contains(for_whom), "{}", refused.body);
    assert_eq!(
        grace.post("/settings/types", &right).await.status,
        StatusCode::FORBIDDEN
    );

    let gone = [("kind", "destination"), ("name", "KETTLE")];
    assert_eq!(
        ada.post("/settings/types/delete", &gone).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        ada.post("/settings/types/delete", &gone).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(!ada.get("/settings/types").await.body.contains("KETTLE"));
}

/// The fields of a form as they were drawn, with some of them changed.
fn sent<'f>(
    drawn: &'f [(String, String)],
    changed: &[(&'f str, &'f str)],
) -> Vec<(&'f str, &'f str)> {
    let kept = drawn
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
    kept.chain(changed.iter().copied()).collect()
}

const TYPES: &str = "/settings/types";

#[tokio::test]
async fn what_is_secret_of_a_type_stays_so_until_somebody_says_otherwise() {
    let (site, _) = Site::ready().await;
    let made =
        json!({ "name": "One", "type": "MY_OWN", "config": { "key": "hidden", "place": "shelf" } });
    let (status, answer) = site.api("POST", "/v2/destinations", Some(made)).await;
    assert!(status.is_success(), "{answer}");
    let listed = async || {
        let (_, all) = site.api("GET", "/v2/destinations", None).await;
        all["destinations"][0]["config"].clone()
    };
    let mut ada = site.signed_in("ada@example.com").await;
    let one = "/settings/types/one?kind=destination&name=MY_OWN";
    let new = untouched(&ada.get(one).await.body, TYPES);
    let saved = ada.post(TYPES, &sent(&new, &[])).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    assert_eq!(listed().await, json!({}), "every text is still secret");

    // To list none, or one where all or none are to be secret, says two things at once.
    let drawn = untouched(&ada.get(one).await.body, TYPES);
    for wrong in [
        [("secret", "listed"), ("secret_keys", " ")],
        [("secret", "all"), ("secret_keys", "key")],
        [("secret", "none"), ("secret_keys", "key")],
    ] {
        let refused = ada.post(TYPES, &sent(&drawn, &wrong)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.body.contains("secret_keys-error"),
            "{}",
            refused.body
        );
    }
    assert_eq!(listed().await, json!({}));
    // What is no path would hide nothing.
    for wrong in [
        "x..y",
        ".x",
        "x.",
        "key place",
        "config.key",
        "rows.0.key",
        "rows[].key",
        "$.key",
    ] {
        let keys = [("secret", "listed"), ("secret_keys", wrong)];
        let refused = ada.post(TYPES, &sent(&drawn, &keys)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        let said = format!("\u{201c}{wrong}\u{201d} is no path.");
        assert!(refused.body.contains(&said), "{}", refused.body);
    }
    // What is in use stays, and it is said where.
    let gone = [("kind", "destination"), ("name", "MY_OWN")];
    let kept = ada.post("/settings/types/delete", &gone).await;
    assert_eq!(kept.status, StatusCode::CONFLICT);
    assert!(
        kept.body
            .contains("in use by destination \u{201c}One\u{201d}")
            && kept.body.contains("href=\"/settings/types\""),
        "{}",
        kept.body
    );
    ada.post(TYPES, &sent(&drawn, &[("secret", "none")])).await;
    assert_eq!(listed().await, json!({ "key": "hidden", "place": "shelf" }));
    let page = ada.get(one).await.body;
    assert!(page.contains("value=\"none\" checked"), "{page}");
}

async fn taken_names(database: Database) {
    let site = Site::new(database, Config::default()).await;
    let team = site.set_up().await;
    let posted = json!({ "name": "MY_OWN", "config": { "secretKeys": ["key"] }, "configSchema": { "type": "object" } });
    let (status, answer) = site
        .api("POST", "/destination-definitions", Some(posted))
        .await;
    assert!(status.is_success(), "{answer}");
    let mut ada = site.signed_in("ada@example.com").await;
    let drawn = untouched(&ada.get("/settings/types/one").await.body, TYPES);
    let events = site.log(team.organization).await.len();
    for name in ["MY_OWN", "WEBHOOK"] {
        let new = [("name", name), ("secret", "none")];
        let refused = ada.post(TYPES, &sent(&drawn, &new)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let link = format!("href=\"/settings/types/one?kind=destination&#38;name={name}\"");
        let said = format!("There is a type \u{201c}{name}\u{201d} already.");
        assert!(
            refused.body.contains("name-error")
                && refused.body.contains(&said)
                && refused.body.contains(&link),
            "{}",
            refused.body
        );
        // What is refused is still a form for something new, and still refused.
        let again = untouched(&refused.body, TYPES);
        let refused = ada.post(TYPES, &sent(&again, &[])).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(site.log(team.organization).await.len(), events);

    // Of two at once, one is too late.
    let mut other = site.signed_in("ada@example.com").await;
    let theirs = untouched(&other.get("/settings/types/one").await.body, TYPES);
    let (mine, theirs) = (
        sent(&drawn, &[("name", "TWICE"), ("secret", "none")]),
        sent(&theirs, &[("name", "TWICE")]),
    );
    let (mine, theirs) = tokio::join!(ada.post(TYPES, &mine), other.post(TYPES, &theirs));
    let mut statuses = [mine.status, theirs.status];
    statuses.sort_unstable();
    assert_eq!(
        statuses,
        [StatusCode::SEE_OTHER, StatusCode::UNPROCESSABLE_ENTITY]
    );
}

#[tokio::test]
async fn a_new_type_does_not_replace_one_of_its_name_on_sqlite() {
    taken_names(Database::Sqlite).await;
}

#[tokio::test]
async fn a_new_type_does_not_replace_one_of_its_name_on_postgresql() {
    taken_names(Database::Postgres).await;
}

async fn stale(database: Database) {
    let site = Site::new(database, Config::default()).await;
    site.set_up().await;
    let mut ada = site.signed_in("ada@example.com").await;
    for name in ["MY_OWN", "WEBHOOK"] {
        let one = format!("/settings/types/one?kind=destination&name={name}");
        if name == "MY_OWN" {
            let new = untouched(&ada.get(&one).await.body, TYPES);
            let first = [("secret", "listed"), ("secret_keys", "key")];
            ada.post(TYPES, &sent(&new, &first)).await;
        }
        let known = async || {
            let path = format!("/destination-definitions/{name}");
            let (_, known) = site.api("GET", &path, None).await;
            known["config"]["secretKeys"].clone()
        };
        let drawn = untouched(&ada.get(&one).await.body, TYPES);
        let other = [
            ("secret", "listed"),
            ("secret_keys", "key\r\nheaders.to\r\ntoken"),
        ];
        let saved = ada.post(TYPES, &sent(&drawn, &other)).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let refused = ada
            .post(TYPES, &sent(&drawn, &[("display_name", "Mine")]))
            .await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
        assert!(
            refused
                .body
                .contains("This type was changed meanwhile; look at it again.")
        );
        // What would be plain again is told before it is saved.
        assert!(
            refused.body.contains("What saving would change now")
                && refused.body.contains("config.secretKeys"),
            "{}",
            refused.body
        );
        assert_eq!(known().await, json!(["key", "headers.to", "token"]));
        // Who sends what is there already changes nothing.
        let same = ada.post(TYPES, &sent(&drawn, &other)).await;
        assert_eq!(same.status, StatusCode::SEE_OTHER, "{}", same.body);
        // The form that says so is made of what is now.
        let again = untouched(&refused.body, TYPES);
        let saved = ada.post(TYPES, &sent(&again, &[])).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        assert_ne!(known().await, json!(["key", "headers.to", "token"]));
    }
}

#[tokio::test]
async fn a_stale_form_of_a_type_does_not_undo_what_another_has_said_on_sqlite() {
    stale(Database::Sqlite).await;
}

#[tokio::test]
async fn a_stale_form_of_a_type_does_not_undo_what_another_has_said_on_postgresql() {
    stale(Database::Postgres).await;
}

async fn unknown(database: Database) {
    let site = Site::new(database, Config::default()).await;
    let team = site.set_up().await;
    let mut ada = site.signed_in("ada@example.com").await;
    for list in ["/v2/sources", "/v2/destinations"] {
        for (kind, said) in [("MY_OWN", Some("unknown")), ("HTTP", None)] {
            if list == "/v2/destinations" && kind == "HTTP" {
                continue;
            }
            let made = json!({ "name": "One", "type": kind });
            let (status, answer) = site.api("POST", list, Some(made)).await;
            assert!(status.is_success(), "{answer}");
            let event = site.log(team.organization).await.pop().expect("an event");
            let detail = event.detail.as_ref();
            assert_eq!(detail.and_then(|detail| detail["type"].as_str()), said);
            // What an event says of itself is a row of its page.
            let page = ada
                .get(&format!("/settings/audit-logs/{}", event.entry.id))
                .await
                .body;
            let row = "<dt>type</dt><dd dir=\"auto\">unknown</dd>";
            assert_eq!(page.contains(row), said.is_some(), "{page}");
        }
    }
}

#[tokio::test]
async fn the_event_of_something_new_says_that_its_type_is_unknown_on_sqlite() {
    unknown(Database::Sqlite).await;
}

#[tokio::test]
async fn the_event_of_something_new_says_that_its_type_is_unknown_on_postgresql() {
    unknown(Database::Postgres).await;
}
