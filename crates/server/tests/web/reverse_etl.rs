//! Accounts at other services, and reverse ETL, on pages.

mod connections;
mod settings;

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use serde_json::{Value, json};

use crate::site::{Database, Site, Team};

const SECRET: &str = r#"{"credentials": "needle-one"}"#;

async fn made(site: &Site, path: &str, body: Value) -> String {
    let (status, made) = site.api("POST", path, Some(body)).await;
    assert!(status.is_success(), "{path}: {made}");
    let id = made.get("id").or_else(|| made.pointer("/destination/id"));
    id.and_then(Value::as_str).expect("an id").to_owned()
}

fn model(account: &str) -> Value {
    json!({
        "name": "Customers", "sourceType": "model", "sourceDefinitionName": "bigquery", "accountId": account,
        "config": { "primaryKey": "id", "sql": "select id from customers" },
    })
}

/// What a connection of reverse ETL is between.
struct Made {
    account: String,
    source: String,
    destination: String,
}

async fn ready(database: Database) -> (Site, Team, Made) {
    let site = Site::new(database, server::app::Config::default()).await;
    let team = site.set_up().await;
    let body = json!({ "name": "Warehouse", "accountDefinitionName": "SOURCE_BIGQUERY" });
    let account = made(&site, "/v2/accounts", body).await;
    let source = made(&site, "/v2/retl-sources", model(&account)).await;
    let body = json!({ "name": "Audiences", "type": "WEBHOOK" });
    let destination = made(&site, "/v2/destinations", body).await;
    let made = Made {
        account,
        source,
        destination,
    };
    (site, team, made)
}

/// A connection of the two for this object of the destination.
fn synced(between: &Made, object: &str) -> Value {
    json!({
        "sourceId": between.source, "destinationId": between.destination, "object": object,
        "schedule": { "type": "basic", "everyMinutes": 45 },
        "syncBehaviour": "upsert", "identifiers": [{ "from": "id", "to": "user_id" }],
    })
}

#[tokio::test]
async fn all_that_is_wrong_with_an_account_is_said_at_once_and_that_its_secret_is_typed_again() {
    let site = Site::new(Database::Sqlite, server::app::Config::default()).await;
    site.set_up().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let empty = browser.post("/accounts", &[]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        empty.body.contains("Say what it is an account of.")
            && empty.body.contains("Name must not be empty."),
        "{}",
        empty.body
    );
    assert!(!empty.body.contains("Type it again"), "nothing was typed");
    let long = "x".repeat(101);
    let typed = [
        ("accountDefinitionName", &*long),
        ("name", "Warehouse"),
        ("secret", SECRET),
    ];
    let again = browser.post("/accounts", &typed).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("Type it again"), "{}", again.body);
    assert!(again.body.contains(&long), "what is no secret is not lost");

    let typed = [
        ("accountDefinitionName", "SOURCE_S3"),
        ("name", "Warehouse"),
    ];
    let made = browser.post("/accounts", &typed).await;
    let path = made.header("location").to_owned();
    let typed = [("name", ""), ("options", "["), ("secret", SECRET)];
    let again = browser.post(&path, &typed).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    for said in [
        "Name must not be empty.",
        "This is not JSON: look at line 1",
        "Type it again",
    ] {
        assert!(again.body.contains(said), "{said}: {}", again.body);
    }
}

#[tokio::test]
async fn an_account_is_added_changed_and_deleted_and_its_secret_is_on_no_page() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database, server::app::Config::default()).await;
        site.set_up().await;
        let mut browser = site.signed_in("ada@example.com").await;
        let typed = [
            ("accountDefinitionName", "SOURCE_BIGQUERY"),
            ("name", "Warehouse"),
            ("options", r#"{"projectId": "fernhill"}"#),
            ("secret", "{needle-one"),
        ];
        let wrong = browser.post("/accounts", &typed).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("This is not JSON: look at line 1"));
        assert!(wrong.body.contains("Type it again"), "{}", wrong.body);
        assert!(
            !wrong.body.contains("needle"),
            "what was typed is not said again"
        );

        let mut typed = typed;
        typed[3].1 = SECRET;
        let answer = browser.post("/accounts", &typed).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let path = answer.header("location").to_owned();
        let page = browser.get(&path).await.body;
        for shown in [
            "Created, entry ",
            "SOURCE_BIGQUERY",
            "fernhill",
            "Set, never shown",
        ] {
            assert!(page.contains(shown), "{shown}: {page}");
        }

        let renamed = [("name", "Lake house"), ("options", ""), ("secret", "")];
        browser.post(&path, &renamed).await;
        let pages = [
            path.clone(),
            format!("{path}/settings"),
            format!("{path}/audit-logs"),
            "/accounts".to_owned(),
            "/settings/audit-logs?type=account".to_owned(),
        ];
        for page in &pages {
            let body = browser.get(page).await.body;
            assert!(body.contains("Lake house"), "{page}: {body}");
            assert!(!body.contains("needle-one"), "{page}");
        }
        let page = browser.get(&path).await.body;
        assert!(
            page.contains("Set, never shown"),
            "an empty field keeps the secret"
        );

        // It goes where the box beside it is ticked, and no other is typed.
        let form = format!("{path}/settings");
        let settings = browser.get(&form).await.body;
        assert!(settings.contains("name=\"remove_secret\""), "{settings}");
        let mut gone = vec![renamed[0], renamed[1], ("remove_secret", "true")];
        gone.push(("secret", SECRET));
        let both = browser.post(&path, &gone).await;
        assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY);
        gone.pop();
        browser.post(&path, &gone).await;
        let page = browser.get(&path).await.body;
        assert!(!page.contains("Set, never shown"), "{page}");
        let settings = browser.get(&form).await.body;
        assert!(!settings.contains("remove_secret"), "{settings}");

        let id = path.trim_start_matches("/accounts/").to_owned();
        let source = made(&site, "/v2/retl-sources", model(&id)).await;
        let confirm = [("confirm", "Lake house")];
        let refused = browser.post(&format!("{path}/delete"), &confirm).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.body.contains("Customers"), "it says what uses it");
        // Before anything is asked.
        let kept = browser.get(&format!("{path}/delete")).await.body;
        assert!(
            kept.contains(&format!("href=\"/sources/{source}\"")) && !kept.contains("confirm"),
            "{kept}"
        );
        let page = browser.get(&path).await.body;
        assert!(page.contains(&format!("/sources/{source}")));
        site.api("DELETE", &format!("/v2/retl-sources/{source}"), None)
            .await;
        let gone = browser.post(&format!("{path}/delete"), &confirm).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
        let history = browser.get(&format!("{path}/audit-logs")).await.body;
        assert!(history.contains("<h1>Lake house</h1>"), "{history}");
    }
}

#[tokio::test]
async fn who_may_only_look_has_no_forms_for_accounts() {
    let (site, team) = Site::ready().await;
    let body = json!({ "name": "Warehouse", "accountDefinitionName": "SOURCE_BIGQUERY" });
    let id = made(&site, "/v2/accounts", body).await;
    site.member(team, "vera@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let mut vera = site.signed_in("vera@example.com").await;
    let page = vera.get(&format!("/accounts/{id}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("Settings of"));
    for path in [
        "/accounts/new".to_owned(),
        format!("/accounts/{id}/settings"),
        format!("/accounts/{id}/delete"),
    ] {
        assert_eq!(
            vera.get(&path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let refused = vera
        .post(&format!("/accounts/{id}"), &[("name", "Mine")])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sources_of_reverse_etl_are_in_the_list_and_have_a_page_and_a_history() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, _, it) = ready(database).await;
        let (source, destination) = (&it.source, &it.destination);
        let mut browser = site.signed_in("ada@example.com").await;
        let stream = json!({ "name": "Web shop", "type": "Javascript" });
        site.api("POST", "/v2/sources", Some(stream)).await;
        made(&site, "/v2/retl-connections", synced(&it, "")).await;

        let list = browser.get("/sources").await.body;
        for shown in ["Web shop", "Customers", "Reverse ETL, model of bigquery"] {
            assert!(list.contains(shown), "{shown}: {list}");
        }
        let path = format!("/sources/{source}");
        let page = browser.get(&path).await.body;
        for shown in [
            "select id from customers",
            "Every 45 minutes",
            "Audiences",
            &format!("/accounts/{}", it.account),
        ] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        let other = browser
            .get(&format!("/destinations/{destination}/connections"))
            .await
            .body;
        assert!(other.contains("Every 45 minutes"), "{other}");

        let disable = [("form", "enabled"), ("enabled", "false")];
        browser.post(&path, &disable).await;
        assert!(browser.get(&path).await.body.contains("Disabled"));
        let wrong = browser
            .post(&format!("{path}/delete"), &[("confirm", "Else")])
            .await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("Its connection is removed first."));
        let gone = browser
            .post(&format!("{path}/delete"), &[("confirm", "Customers")])
            .await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER);
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
        let history = browser.get(&format!("{path}/audit-logs")).await.body;
        assert!(history.contains("<h1>Customers</h1>"), "{history}");
        assert_eq!(history.matches("<tr class=\"ev\"").count(), 5);
    }
}

#[tokio::test]
async fn a_tab_that_a_source_of_reverse_etl_does_not_have_leads_to_its_page() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, _, Made { source, .. }) = ready(database).await;
        let mut browser = site.signed_in("ada@example.com").await;
        for tab in ["live", "access"] {
            let page = browser.get(&format!("/sources/{source}/{tab}")).await;
            assert_eq!(page.status, StatusCode::SEE_OTHER, "{tab}: {}", page.body);
            assert_eq!(page.header("location"), format!("/sources/{source}"));
        }
        let path = format!("/sources/{source}");
        site.api("DELETE", &format!("/v2/retl-sources/{source}"), None)
            .await;
        for tab in ["", "/live", "/access", "/settings"] {
            let page = browser.get(&format!("{path}{tab}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{tab}");
            assert!(page.body.contains("This source was deleted."), "{tab}");
        }
    }
}
