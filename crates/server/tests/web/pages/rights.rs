//! What each sees of a thing, and what is offered only to who may do it.

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use serde_json::json;

use super::{last, source};
use crate::site::{Browser, Site};

#[tokio::test]
async fn who_is_not_selected_for_a_locked_thing_reads_it_and_hears_why() {
    let (site, team) = Site::ready().await;
    site.member(team, "ed@example.com", Some(WorkspaceRole::Editor))
        .await;
    let mut ada = site.signed_in("ada@example.com").await;
    let mut ed = site.signed_in("ed@example.com").await;
    let fields = [
        ("type", "S3"),
        ("name", "Lake"),
        ("config.bucketName", "one"),
    ];
    let answer = ada.post("/destinations", &fields).await;
    let destination = answer.header("location").to_owned();
    let source = source(&mut ada, "Shop").await;
    let connect = format!("{destination}/connections");
    assert!(ed.get(&connect).await.body.contains(">Shop \u{b7} "));
    for path in [source.clone(), destination.clone()] {
        assert_eq!(
            ed.get(&format!("{path}/delete")).await.status,
            StatusCode::OK
        );
        let tab = if path.starts_with("/sources") {
            "settings"
        } else {
            "configuration"
        };
        let buttons = async |browser: &mut Browser<'_>| {
            let mut all = 0;
            for page in [path.clone(), format!("{path}/{tab}")] {
                let page = browser.get(&page).await.body;
                all += page.matches(&format!("action=\"{path}")).count();
            }
            all
        };
        let before = buttons(&mut ed).await;
        assert!(before >= 2, "{path}: {before}");
        let who = [("who", "selected")];
        let locked = ada.post(&format!("{path}/access"), &who).await;
        assert_eq!(locked.status, StatusCode::SEE_OTHER, "{}", locked.body);
        assert_eq!(buttons(&mut ed).await, 0, "{path}");
        let asked = ed.get(&format!("{path}/delete")).await;
        assert_eq!(asked.status, StatusCode::FORBIDDEN);
        assert!(asked.body.contains("Only people selected may change this"));
        if path == source {
            // Nor is it offered where it would be connected.
            let page = ed.get(&connect).await.body;
            assert!(!page.contains(">Shop \u{b7} "), "{page}");
            assert!(
                page.contains("A source that only people selected"),
                "{page}"
            );
            assert!(ada.get(&connect).await.body.contains(">Shop \u{b7} "));
        }
        let page = ed.get(&path).await.body;
        assert!(
            page.contains("only people selected may change this"),
            "{page}"
        );
        assert_eq!(buttons(&mut ada).await, before, "who may say who may");
        // What was refused has changed nothing, and is not the last change.
        let fields = [("form", "enabled"), ("enabled", "true")];
        let refused = ed.post(&path, &fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        for page in [path.as_str(), path.rsplit_once('/').expect("a list").0] {
            let page = ada.get(page).await.body;
            assert!(!page.contains("Member ed@example.com"), "{page}");
        }
        assert!(ada.get(&path).await.body.contains("Locked"));
    }
    // What is connected to something locked goes with it no more than it is cut off.
    let id = source.rsplit('/').next().expect("an id");
    ada.get(&connect).await;
    let connected = ada.post(&connect, &[("source_id", id)]).await;
    assert_eq!(
        connected.status,
        StatusCode::SEE_OTHER,
        "{}",
        connected.body
    );
    ada.post(&format!("{destination}/access"), &[("who", "anyone")])
        .await;
    let asked = ed.get(&format!("{destination}/delete")).await;
    assert_eq!(asked.status, StatusCode::FORBIDDEN);
    assert!(
        asked.body.contains("a source that only people selected"),
        "{}",
        asked.body
    );
}

#[tokio::test]
async fn a_viewer_sees_no_controls_and_is_refused_on_record() {
    let (site, team) = Site::ready().await;
    let mut admin = site.signed_in("ada@example.com").await;
    let path = source(&mut admin, "Shop").await;
    site.member(team, "vera@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let mut viewer = site.signed_in("vera@example.com").await;
    let page = viewer.get(&path).await.body;
    for control in ["Disable", "Write key", "/audit-logs\">"] {
        let inside = page.split("<main").nth(1).expect("a main");
        assert!(!inside.contains(control), "{control}");
    }
    for (path, fields) in [
        (
            path.clone(),
            vec![("form", "enabled"), ("enabled", "false")],
        ),
        (format!("{path}/delete"), vec![("confirm", "not the name")]),
        ("/sources".to_owned(), vec![("type", "HTTP"), ("name", "x")]),
        (
            "/destinations".to_owned(),
            vec![("type", "SNOWFLAKE"), ("name", "x")],
        ),
        ("/settings/workspace".to_owned(), vec![]),
    ] {
        let before = site.log(team.organization).await.len();
        let answer = viewer.post(&path, &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(answer.body.contains("You may not do this"), "{path}");
        let log = site.log(team.organization).await;
        assert_eq!(log.len(), before + 1, "{path}");
        assert_eq!(last(&site, team).await.1, "denied", "{path}");
    }
}

#[tokio::test]
async fn who_may_look_reads_the_settings_of_a_source_and_a_destination_and_no_secret() {
    let (site, team) = Site::ready().await;
    let mut admin = site.signed_in("ada@example.com").await;
    let shop = source(&mut admin, "Shop").await;
    let config = json!({
        "webhookUrl": "https://hooks.example.com/k3y-one",
        "webhookMethod": "POST",
        "headers": [{"from": "X-One", "to": "s3cret-one"}],
        "batch": 5,
    });
    let body = json!({"name": "Hook", "type": "WEBHOOK", "config": config});
    let (_, made) = site.api("POST", "/v2/destinations", Some(body)).await;
    let hook = made["destination"]["id"].as_str().expect("an id");
    for (email, role) in [
        ("vera@example.com", WorkspaceRole::Viewer),
        ("otto@example.com", WorkspaceRole::Auditor),
    ] {
        site.member(team, email, Some(role)).await;
        let mut reader = site.signed_in(email).await;
        for (address, tab, shown) in [
            (
                format!("/destinations/{hook}/configuration"),
                "Configuration",
                ["POST", "X-One"],
            ),
            (
                format!("{shop}/settings"),
                "Settings",
                ["Geo enrichment", "Shop"],
            ),
        ] {
            let page = reader.get(&address).await;
            assert_eq!(page.status, StatusCode::OK, "{email}: {address}");
            let inside = page.body.split("<main").nth(1).expect("a main");
            let tab = format!("<a href=\"{address}\" aria-current=\"page\">{tab}</a>");
            for one in [tab.as_str(), shown[0], shown[1]] {
                assert!(inside.contains(one), "{email}: {address}: {one}");
            }
            for one in ["k3y-one", "s3cret", "<form", "<input", "savebar", "Delete"] {
                assert!(!inside.contains(one), "{email}: {address}: {one}");
            }
        }
    }
}

#[tokio::test]
async fn no_tab_leads_to_a_page_that_is_refused() {
    let (site, team) = Site::ready().await;
    for (email, role, (tokens, log)) in [
        ("wanda@example.com", WorkspaceRole::Admin, (false, true)),
        ("edda@example.com", WorkspaceRole::Editor, (false, false)),
        ("vera@example.com", WorkspaceRole::Viewer, (false, false)),
        ("otto@example.com", WorkspaceRole::Auditor, (false, true)),
    ] {
        site.member(team, email, Some(role)).await;
        let page = site.signed_in(email).await.get("/settings/team").await.body;
        let drawn = |path: &str| page.contains(&format!("href=\"{path}\""));
        let seen = (drawn("/settings/tokens"), drawn("/settings/audit-logs"));
        assert_eq!(seen, (tokens, log), "{email}");
    }
    let mut admin = site.signed_in("ada@example.com").await;
    let page = admin.get("/settings/team").await.body;
    assert!(page.contains("href=\"/settings/tokens\""));
}

#[tokio::test]
async fn another_organization_s_things_are_not_there() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let stranger = "2CHj1PJ61lv1NPyQtCiFi2KVX2y";
    for address in [
        "/sources/{id}",
        "/sources/{id}/settings",
        "/sources/{id}/audit-logs",
        "/destinations/{id}",
        "/destinations/{id}/audit-logs",
        "/transformations/{id}",
        "/libraries/{id}",
        "/settings/audit-logs/{id}",
        "/sources/not-an-id",
    ] {
        let page = browser.get(&address.replace("{id}", stranger)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{address}");
    }
}

#[tokio::test]
async fn nothing_is_offered_that_a_lock_of_what_is_connected_would_refuse() {
    let (site, team) = Site::ready().await;
    site.member(team, "ed@example.com", Some(WorkspaceRole::Editor))
        .await;
    let mut ada = site.signed_in("ada@example.com").await;
    let mut ed = site.signed_in("ed@example.com").await;
    let fields = [
        ("type", "S3"),
        ("name", "Lake"),
        ("config.bucketName", "one"),
    ];
    let answer = ada.post("/destinations", &fields).await;
    let destination = answer.header("location").to_owned();
    let source = source(&mut ada, "Shop").await;
    let id = source.rsplit('/').next().expect("an id");
    let connections = format!("{destination}/connections");
    ada.get(&connections).await;
    ada.post(&connections, &[("source_id", id)]).await;
    for (locked, other, tab, noun) in [
        (&source, &destination, "configuration", "source"),
        (&destination, &source, "settings", "destination"),
    ] {
        let (page, delete) = (format!("{other}/{tab}"), format!("{other}/delete"));
        let offered = ed.get(&page).await.body;
        // The link, and the form of the dialog.
        assert_eq!(offered.matches(&format!("\"{delete}\"")).count(), 2);
        let access = format!("{locked}/access");
        ada.post(&access, &[("who", "selected")]).await;
        let kept = ed.get(&page).await.body;
        assert!(!kept.contains(&delete), "{kept}");
        let why = format!("It is connected to a {noun} that only people selected may change.");
        assert!(kept.contains(&why), "{kept}");
        // The rest of it may be changed all the same.
        assert!(kept.contains(&format!("action=\"{other}\"")), "{kept}");
        // What was typed to confirm makes no difference to who may not.
        let answer = ed.post(&delete, &[("confirm", "x")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(ada.get(&page).await.body.contains(&delete));
        let seen = ed.get(&connections).await.body;
        assert!(!seen.contains("action=\"/connections/"), "{seen}");
        let says = seen.contains("Only people selected may change the source");
        assert_eq!(says, noun == "source");
        let all = ada.get(&connections).await.body;
        assert_eq!(all.matches("action=\"/connections/").count(), 2);
        ada.post(&access, &[("who", "anyone")]).await;
    }
}
