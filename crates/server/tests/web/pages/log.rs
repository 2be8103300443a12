//! The pages of the log: who reads them, what they find, and what is taken out.

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use serde_json::json;
use server::app::Config;

use super::{last, source};
use crate::site::{Browser, Database, PASSWORD, Site};

#[tokio::test]
async fn on_postgresql_too_the_log_shows_what_was_done_and_pages_turn() {
    let site = Site::new(Database::Postgres, server::app::Config::default()).await;
    let team = site.set_up().await;
    let mut browser = site.signed_in("ada@example.com").await;
    for n in 0..52 {
        source(&mut browser, &format!("Source {n}")).await;
    }
    let path = source(&mut browser, "Shop").await;
    browser
        .post(
            &path,
            &[
                ("form", "settings"),
                ("name", "Web shop"),
                ("enabled", "true"),
            ],
        )
        .await;
    let gone = browser
        .post(&format!("{path}/delete"), &[("confirm", "Web shop")])
        .await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    assert_eq!(last(&site, team).await.0, "deleted");
    let rows = |body: &str| body.matches("<tr class=\"ev\"").count();
    let page = browser.get("/settings/audit-logs?type=source").await.body;
    assert_eq!(rows(&page), 50);
    let (_, rest) = page
        .split_once("rel=\"next\" href=\"")
        .expect("older events");
    let older = rest
        .split('"')
        .next()
        .expect("an address")
        .replace("&amp;", "&")
        .replace("&#38;", "&");
    let page = browser.get(&older).await.body;
    assert_eq!(rows(&page), 5, "55 events of sources in all");
    assert!(page.contains("rel=\"prev\""));
    let history = browser.get(&format!("{path}/audit-logs")).await.body;
    assert_eq!(rows(&history), 3);
    assert!(history.contains("<h1>Web shop</h1>"));
}

#[tokio::test]
async fn a_change_of_several_lines_is_told_line_by_line() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let code = |last: &str| format!("export const one = 1;\nexport const two = 2;\n{last}\n");
    let made =
        json!({"name": "Mask", "language": "javascript", "code": code("export const three = 3;")});
    let (_, made) = site.api("POST", "/transformations", Some(made)).await;
    let id = made["id"].as_str().expect("an id").to_owned();
    let change = json!({"code": code("export const four = 4;")});
    site.api("POST", &format!("/transformations/{id}"), Some(change))
        .await;
    let log = browser
        .get(&format!("/transformations/{id}/audit-logs"))
        .await
        .body;
    let event = log.split("/settings/audit-logs/").nth(1).expect("an event");
    let event: String = event
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let page = browser
        .get(&format!("/settings/audit-logs/{event}"))
        .await
        .body;
    for line in [
        "<td>&#32; export const two = 2;</td>",
        "<td>\u{2212} export const three = 3;</td>",
        "<td>+ export const four = 4;</td>",
    ] {
        let diff = page.split_once("class=\"diff\"").map(|(_, diff)| diff);
        assert!(page.contains(line), "{line}: {diff:?}");
    }
}

#[tokio::test]
async fn only_who_may_reads_the_log_and_an_attempt_is_in_it() {
    let (site, team) = Site::ready().await;
    site.member(team, "ed@example.com", Some(WorkspaceRole::Editor))
        .await;
    let mut editor = site.signed_in("ed@example.com").await;
    let event = site.log(team.organization).await[0].entry.id.clone();
    let path = source(&mut editor, "Shop").await;
    let page = editor.get(&path).await.body;
    assert!(
        page.contains("Created, entry "),
        "the editor hears that it was recorded"
    );
    assert!(
        !page.contains("/settings/audit-logs/"),
        "without a way that is closed"
    );
    let addresses = [
        "/settings/audit-logs".to_owned(),
        format!("/settings/audit-logs/{event}"),
        format!("{path}/audit-logs"),
    ];
    for address in addresses {
        assert_eq!(
            editor.get(&address).await.status,
            StatusCode::FORBIDDEN,
            "{address}"
        );
    }
    let said = last(&site, team).await;
    assert_eq!(
        said,
        (
            "viewed".to_owned(),
            "denied".to_owned(),
            Some("permission_denied".to_owned())
        )
    );

    site.member(team, "none@example.com", None).await;
    let mut nobody = site.browser();
    nobody.get("/sign-in").await;
    nobody
        .post(
            "/sign-in",
            &[("email", "none@example.com"), ("password", PASSWORD)],
        )
        .await;
    let page = nobody.get("/sources").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("No workspace is open to you"));
}

#[tokio::test]
async fn reading_the_log_is_recorded_once_for_its_filters() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let viewed = async |site: &Site| {
        let log = site.log(team.organization).await;
        log.iter()
            .filter(|event| event.entry.action == "viewed")
            .count()
    };
    for _ in 0..3 {
        browser.get("/settings/audit-logs").await;
    }
    assert_eq!(viewed(&site).await, 1);
    browser
        .get("/settings/audit-logs?type=source&zone=utc")
        .await;
    browser.get("/settings/audit-logs?type=source&open=x").await;
    assert_eq!(viewed(&site).await, 2);
}

#[tokio::test]
async fn an_export_of_the_page_has_the_days_of_its_zone() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    site.sign().await;
    // It is 18 November at 10:40 in UTC, and the day after there.
    browser.set_cookie("annals_tz", "Pacific/Kiritimati");
    let export = async |browser: &mut Browser<'_>, query: &str| {
        let sent = [("format", "csv"), ("query", query)];
        browser
            .post("/settings/audit-logs/export", &sent)
            .await
            .body
    };
    let rows = |text: &str| {
        assert!(text.starts_with("sequence,"), "{text}");
        text.lines().count() - 1
    };
    let day = "from=2026-11-18&to=2026-11-18";
    let in_utc = format!("{day}&zone=utc");
    let page = browser.get(&format!("/settings/audit-logs?{in_utc}")).await;
    let kept = format!("value=\"{}\"", in_utc.replace('&', "&#38;"));
    assert!(page.body.contains(&kept), "{}", page.body);
    assert!(rows(&export(&mut browser, &in_utc).await) > 3);
    assert_eq!(rows(&export(&mut browser, day).await), 0);
    // The first line of rows with proofs says from when until when.
    let sent = [("format", "events"), ("query", &*in_utc)];
    let events = browser.post("/settings/audit-logs/export", &sent).await;
    let first: serde_json::Value =
        serde_json::from_str(events.body.lines().next().expect("a line")).expect("JSON");
    let times = ["created_after", "created_before"].map(|name| &first["query"][name]);
    assert_eq!(
        times,
        ["2026-11-17T23:59:59.999999Z", "2026-11-19T00:00:00.000000Z"]
    );
    // What is not understood is no export of everything.
    let odd = export(&mut browser, "outcome=odd").await;
    assert!(odd.contains("There is no outcome"), "{odd}");
}

#[tokio::test]
async fn an_address_that_names_an_event_leads_to_it_however_many_have_come() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    source(&mut browser, "First of all").await;
    let page = browser
        .get("/settings/audit-logs?action=source.created")
        .await;
    let id = page.body.split("/settings/audit-logs/").nth(1);
    let id: String = id
        .expect("an event")
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    for number in 0..60 {
        source(&mut browser, &format!("Shop {number}")).await;
    }
    let rows = |body: &str| body.matches("<tr class=\"ev\"").count();
    let newest = browser
        .get("/settings/audit-logs?action=source.created")
        .await
        .body;
    assert!(!newest.contains("First of all"));
    let at = browser
        .get(&format!(
            "/settings/audit-logs?action=source.created&open={id}"
        ))
        .await
        .body;
    assert!(at.contains("First of all"), "{at}");
    assert!(at.contains("newer_than="), "there are newer ones");
    assert!(rows(&at) >= 1);
    // One that the filters leave out is not shown all the same.
    let other = browser
        .get(&format!(
            "/settings/audit-logs?action=source.deleted&open={id}"
        ))
        .await
        .body;
    assert_eq!(rows(&other), 0);
}

#[tokio::test]
async fn filters_find_and_say_what_they_do_not_understand() {
    let (site, team) = Site::ready().await;
    site.member(team, "ed@example.com", Some(WorkspaceRole::Editor))
        .await;
    let mut editor = site.signed_in("ed@example.com").await;
    source(&mut editor, "Shop").await;
    let mut browser = site.signed_in("ada@example.com").await;
    browser.set_cookie("annals_tz", "Asia/Kolkata");
    let rows = |body: &str| body.matches("<tr class=\"ev\"").count();
    let page = browser
        .get("/settings/audit-logs?actor=ed@example.com&action=source.created")
        .await
        .body;
    assert_eq!(rows(&page), 1, "{page}");
    let page = browser
        .get("/settings/audit-logs?actor=who@example.com&action=a.b&outcome=odd&from=x&type=odd")
        .await
        .body;
    for said in [
        "Nobody here has the e-mail",
        "There is no action",
        "There is no outcome",
        "has to be a day",
        "There is no tab",
    ] {
        assert!(page.contains(said), "{said}");
    }
    // The log was made on 18 November 2026 at 10:40 in UTC.
    for (query, some) in [
        ("from=2026-11-18&to=2026-11-18", true),
        ("from=2026-11-19", false),
        ("to=2026-11-17", false),
    ] {
        let page = browser
            .get(&format!("/settings/audit-logs?type=source&{query}"))
            .await
            .body;
        assert_eq!(rows(&page) > 0, some, "{query}");
    }
    let odd = browser
        .get("/settings/audit-logs?older_than=nonsense")
        .await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn events_are_found_by_names_of_people_and_things_also_of_those_that_are_gone() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database, Config::default()).await;
        let team = site.set_up().await;
        site.member(team, "ed@example.com", Some(WorkspaceRole::Editor))
            .await;
        let mut editor = site.signed_in("ed@example.com").await;
        let shop = source(&mut editor, "Web shop").await;
        source(&mut editor, "Web site").await;
        source(&mut editor, "Warehouse").await;
        let gone = editor
            .post(&format!("{shop}/delete"), &[("confirm", "Web shop")])
            .await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
        let mut browser = site.signed_in("ada@example.com").await;
        for (query, events) in [
            ("type=source&actor=MEMBER+ed", 4),
            ("type=source&actor=lovelace", 0),
            ("type=source&actor=nobody+here", 0),
            ("type=source&target=web", 3),
            ("type=source&target=WEB+SHOP", 2),
            ("type=source&target=warehouse", 1),
            ("type=source&target=warehouse&actor=member", 1),
            ("type=team&target=lovelace", 1),
            ("target=there+is+no+such+thing", 0),
        ] {
            let page = browser
                .get(&format!("/settings/audit-logs?{query}"))
                .await
                .body;
            assert_eq!(page.matches("<tr class=\"ev\"").count(), events, "{query}");
        }
        // What was typed is not recorded, but whom it found is.
        let log = site.log(team.organization).await;
        let viewed = log.iter().filter(|event| event.entry.action == "viewed");
        let told: Vec<_> = viewed.map(|event| format!("{:?}", event.detail)).collect();
        let ed = site.user("ed@example.com").await.to_string();
        assert!(told.iter().any(|one| one.contains(&ed)), "{told:?}");
        assert!(
            !told
                .iter()
                .any(|one| one.to_lowercase().contains("lovelace")),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn a_row_of_a_things_own_tab_opens_in_place_and_its_events_are_exported_from_there() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let path = source(&mut browser, "Shop").await;
    let log = site.log(team.organization).await;
    let event = &log.last().expect("an event").entry.id;
    let tab = format!("{path}/audit-logs");
    let closed = browser.get(&tab).await.body;
    let open = format!("{tab}?open={event}");
    assert!(
        closed.contains(&format!("href=\"{open}#e-{event}\"")),
        "{closed}"
    );
    assert!(!closed.contains("class=\"more\""));
    let opened = browser.get(&open).await.body;
    assert!(opened.contains(&format!("<tr class=\"more\" role=\"row\" id=\"x-{event}\"")));
    assert!(
        opened.contains(&format!("href=\"{tab}#e-{event}\"")),
        "it closes"
    );
    site.sign().await;
    let id = path.strip_prefix("/sources/").expect("an id");
    let query = format!("target={id}");
    assert!(opened.contains(&format!("name=\"query\" value=\"{query}\"")));
    let sent = [("format", "csv"), ("query", &*query)];
    let csv = browser
        .post("/settings/audit-logs/export", &sent)
        .await
        .body;
    assert_eq!(csv.lines().count(), 2, "{csv}");
}
