//! The page of a connection of reverse ETL.

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use serde_json::json;

use super::{Made, made, ready, synced};
use crate::site::Database;

/// No connection has it.
const NEVER: &str = "3FQwConn7Di3gRm3As1Ef8Ng5Qh";

#[tokio::test]
async fn a_connection_has_a_page_that_is_linked_where_it_is_listed_and_shows_no_secret() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, _, it) = ready(database).await;
        let mut body = synced(&it, "people");
        body["mappings"] = json!([{ "from": "mail", "to": "email" }]);
        body["constants"] = json!([{ "key": "origin", "value": "warehouse" }]);
        body["event"] = json!({ "type": "track", "name": "Seen" });
        body["externalId"] = json!("in-a-project");
        body["syncSettings"] = json!({ "own": 1 });
        body["destinationConfig"] = json!({ "headers": "needle-one", "batch": 7 });
        let id = made(&site, "/v2/retl-connections", body).await;
        let path = format!("/connections/{id}");
        let mut browser = site.signed_in("ada@example.com").await;
        for list in [
            format!("/sources/{}", it.source),
            format!("/destinations/{}", it.destination),
            format!("/destinations/{}/connections", it.destination),
        ] {
            let page = browser.get(&list).await.body;
            assert!(page.contains(&format!("href=\"{path}\"")), "{list}: {page}");
        }
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        for shown in [
            "<h1>Customers to Audiences</h1>",
            &format!("href=\"/sources/{}\"", it.source),
            &format!("href=\"/destinations/{}\"", it.destination),
            "Every 45 minutes",
            "user_id",
            "email",
            "origin",
            "people",
            "track, called Seen",
            "in-a-project",
            "&#34;own&#34;: 1",
            "&#34;batch&#34;: 7",
            "<code>headers</code>",
            &id,
        ] {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        assert!(!page.body.contains("needle-one"), "{}", page.body);
    }
}

#[tokio::test]
async fn its_tab_has_the_events_about_it_alone_and_they_lead_to_it() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, team, it) = ready(database).await;
        let one = made(&site, "/v2/retl-connections", synced(&it, "people")).await;
        let other = made(&site, "/v2/retl-connections", synced(&it, "shops")).await;
        let api = format!("/v2/retl-connections/{one}");
        site.api("PUT", &api, Some(json!({ "enabled": false })))
            .await;
        let event = site.log(team.organization).await;
        let event = &event.last().expect("an event").entry.id;
        let mut browser = site.signed_in("ada@example.com").await;
        for (id, events) in [(&one, 2), (&other, 1)] {
            let page = browser.get(&format!("/connections/{id}/audit-logs")).await;
            let rows = page.body.matches("<tr class=\"ev\"").count();
            assert_eq!(rows, events, "{}", page.body);
        }
        let page = browser.get(&format!("/settings/audit-logs/{event}")).await;
        let link = format!("<a href=\"/connections/{one}\">Customers to Audiences</a>");
        assert!(page.body.contains(&link), "{}", page.body);
        let page = browser.get(&format!("/connections/{one}")).await.body;
        assert!(page.contains("Updated Connection"), "{page}");
    }
}

#[tokio::test]
async fn a_deleted_connection_leads_to_its_log_and_one_that_never_was_nowhere() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, team, it) = ready(database).await;
        let id = made(&site, "/v2/retl-connections", synced(&it, "people")).await;
        let mut browser = site.signed_in("ada@example.com").await;
        site.api("DELETE", &format!("/v2/retl-sources/{}", it.source), None)
            .await;
        let log = format!("/connections/{id}/audit-logs");
        for tab in ["", "/settings", "/delete"] {
            let page = browser.get(&format!("/connections/{id}{tab}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{tab}");
            assert!(
                page.body.contains("This connection was deleted."),
                "{}",
                page.body
            );
            assert!(
                page.body.contains(&format!("href=\"{log}\"")),
                "{}",
                page.body
            );
        }
        let page = browser.get(&log).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            page.body.contains("<h1>Customers to Audiences</h1>"),
            "{}",
            page.body
        );
        assert_eq!(page.body.matches("<tr class=\"ev\"").count(), 2);
        // Who has its page open in another tab hears so, too.
        let before = site.log(team.organization).await.len();
        for form in ["", "/delete"] {
            let path = format!("/connections/{id}{form}");
            let late = browser.post(&path, &[("enabled", "false")]).await;
            assert_eq!(late.status, StatusCode::NOT_FOUND);
            assert!(late.body.contains("was deleted"), "{}", late.body);
        }
        assert_eq!(site.log(team.organization).await.len(), before);
        for id in [NEVER, "what-is-no-id"] {
            for tab in ["", "/settings", "/audit-logs", "/delete"] {
                let page = browser.get(&format!("/connections/{id}{tab}")).await;
                assert_eq!(page.status, StatusCode::NOT_FOUND, "{tab}");
                assert!(!page.body.contains("was deleted"), "{}", page.body);
            }
        }
    }
}

#[tokio::test]
async fn a_connection_is_disabled_and_deleted_from_its_page_and_from_the_list() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, team, it) = ready(database).await;
        let id = made(&site, "/v2/retl-connections", synced(&it, "people")).await;
        let (path, list) = (
            format!("/connections/{id}"),
            format!("/destinations/{}/connections", it.destination),
        );
        let mut browser = site.signed_in("ada@example.com").await;
        browser.get(&path).await;
        let own = [("form", "enabled"), ("enabled", "false")];
        let done = browser.post(&path, &own).await;
        assert_eq!(done.header("location"), path);
        let page = browser.get(&path).await.body;
        assert!(page.contains("Disabled.</b> Recorded as"), "{page}");
        let page = browser.get(&list).await.body;
        for there in [
            format!("action=\"{path}\""),
            format!("href=\"{path}/delete\""),
        ] {
            assert!(page.contains(&there), "{there}: {page}");
        }
        let done = browser.post(&path, &[("enabled", "true")]).await;
        assert_eq!(done.header("location"), list);
        assert!(browser.get(&list).await.body.contains("Enabled.</b>"));

        let delete = format!("{path}/delete");
        let page = browser.get(&delete).await.body;
        assert!(page.contains("Recorded as Disconnect Source"), "{page}");
        let wrong = browser.post(&delete, &[("confirm", "Customers")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let typed = [("confirm", "Customers to Audiences")];
        let gone = browser.post(&delete, &typed).await;
        assert_eq!(gone.header("location"), list, "{}", gone.body);
        let page = browser.get(&list).await.body;
        assert!(page.contains("No source is connected"), "{page}");
        let log = site.log(team.organization).await;
        let told: Vec<_> = log.iter().map(|event| &*event.entry.action).collect();
        let last = ["updated_connection"; 2].into_iter();
        let last: Vec<_> = last.chain(["disconnected_source"]).collect();
        assert!(told.ends_with(&last), "{told:?}");
    }
}

#[tokio::test]
async fn who_may_not_change_a_connection_reads_it_and_hears_why() {
    let (site, team, it) = ready(Database::Sqlite).await;
    let id = made(&site, "/v2/retl-connections", synced(&it, "people")).await;
    let path = format!("/connections/{id}");
    for (email, role) in [
        ("vera@example.com", WorkspaceRole::Viewer),
        ("ed@example.com", WorkspaceRole::Editor),
    ] {
        site.member(team, email, Some(role)).await;
    }
    let mut ed = site.signed_in("ed@example.com").await;
    assert_eq!(
        ed.get(&format!("{path}/settings")).await.status,
        StatusCode::OK
    );
    let lock = format!("/v2/destinations/{}/access", it.destination);
    let (status, answer) = site.api("PUT", &lock, Some(json!({ "people": [] }))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let mut vera = site.signed_in("vera@example.com").await;
    for (browser, why) in [
        (&mut ed, "Only people selected may change its destination."),
        (&mut vera, "Edit connections"),
    ] {
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        let inside = page.body.split("<main").nth(1).expect("a main");
        assert!(!inside.contains("Disable<"), "{inside}");
        assert!(!inside.contains("/settings\""), "{inside}");
        for tab in ["settings", "delete"] {
            let refused = browser.get(&format!("{path}/{tab}")).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{tab}");
            assert!(refused.body.contains(why), "{}", refused.body);
        }
        let settings = [("form", "settings"), ("settings", "[")];
        for fields in [&settings[..], &[("form", "enabled")]] {
            let before = site.log(team.organization).await;
            let refused = browser.post(&path, fields).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
            let log = site.log(team.organization).await;
            assert!(log.len() <= before.len() + 1, "nothing but the refusal");
        }
    }
    let denied = site.log(team.organization).await;
    let denied = denied
        .iter()
        .filter(|event| event.entry.outcome.as_str() == "denied");
    for event in denied {
        let related = &event.entry.related;
        assert!(
            related.iter().any(|one| one.id.as_deref() == Some(&*id)),
            "{related:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_of_a_stream_leads_to_where_it_is_shown() {
    let (site, _, Made { destination, .. }) = ready(Database::Sqlite).await;
    let body = json!({ "name": "Web shop", "type": "Javascript" });
    let (_, source) = site.api("POST", "/v2/sources", Some(body)).await;
    let body = json!({ "sourceId": source["source"]["id"], "destinationId": destination });
    let (_, answer) = site.api("POST", "/v2/connections", Some(body)).await;
    let id = answer["connection"]["id"].as_str().expect("an id");
    let mut browser = site.signed_in("ada@example.com").await;
    for tab in ["", "/settings", "/audit-logs", "/delete"] {
        let page = browser.get(&format!("/connections/{id}{tab}")).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{tab}");
        let list = format!("/destinations/{destination}/connections");
        assert_eq!(page.header("location"), list, "{tab}");
    }
}
