//! What people do on pages, and what they may not.

use axum::http::{Request, StatusCode, header};
use model::role::WorkspaceRole;
use serde_json::json;
use server::app::Config;

use crate::site::{Browser, Database, HOSTILE, PASSWORD, Site, Team};

async fn last(site: &Site, team: Team) -> (String, String, Option<String>) {
    let log = site.log(team.organization).await;
    let event = log.last().expect("an event");
    (
        event.entry.action.clone(),
        event.entry.outcome.as_str().to_owned(),
        event.entry.code.clone(),
    )
}

async fn source(browser: &mut Browser<'_>, name: &str) -> String {
    let answer = browser
        .post(
            "/sources",
            &[("type", "HTTP"), ("name", name), ("enabled", "true")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.header("location").to_owned()
}

#[tokio::test]
async fn a_change_says_once_what_was_recorded_and_nothing_says_so_too() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let path = source(&mut browser, "Shop").await;
    let page = browser.get(&path).await;
    assert!(
        page.body.contains("Created.</b> Recorded as"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Created, entry "));
    assert!(
        !browser.get(&path).await.body.contains("Recorded as"),
        "once"
    );

    let same = [("form", "settings"), ("name", "Shop"), ("enabled", "true")];
    browser.post(&path, &same).await;
    assert!(
        browser
            .get(&path)
            .await
            .body
            .contains("Nothing changed, so nothing was recorded.")
    );

    let both = [("form", "settings"), ("name", "Web shop"), ("enabled", "")];
    browser.post(&path, &both).await;
    let page = browser.get(&path).await.body;
    assert!(
        page.contains("Updated Name, entry") && page.contains("Updated, entry"),
        "{page}"
    );
}

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
async fn a_made_up_flash_shows_nothing_of_others() {
    let (site, team) = Site::ready().await;
    site.member(team, "vera@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let mut browser = site.signed_in("vera@example.com").await;
    for value in [
        "saved.0.6",
        "saved.0.99999999999",
        "saved.x.y",
        "<b>.1.2",
        "saved",
        ".",
    ] {
        browser.set_cookie("annals_flash", value);
        let page = browser.get("/sources").await;
        assert_eq!(page.status, StatusCode::OK, "{value}");
        assert!(!page.body.contains("note--ok"), "{value}");
    }
}

#[tokio::test]
async fn a_form_that_is_wrong_comes_back_with_what_was_sent() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let before = site.log(team.organization).await.len();
    let answer = browser
        .post("/sources", &[("type", "HTTP"), ("name", "  ")])
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("id=\"name-error\""), "{}", answer.body);
    assert!(answer.body.contains("value=\"HTTP\" selected"));

    let answer = browser
        .post(
            "/destinations",
            &[
                ("type", "SNOWFLAKE"),
                ("name", "W"),
                ("config.account", "ab1"),
            ],
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Database is needed."));
    assert!(answer.body.contains("value=\"ab1\""));

    browser.post("/settings/workspace", &[]).await;
    let answer = browser
        .post("/sources", &[("other_type", "Htpp"), ("name", "x")])
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Near it: HTTP"), "{}", answer.body);
    assert_eq!(
        site.log(team.organization).await.len(),
        before + 1,
        "only the workspace changed"
    );
}

#[tokio::test]
async fn a_form_that_comes_back_says_which_secret_has_to_be_typed_again() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let new = |password: &'static str| {
        [
            ("type", "SNOWFLAKE"),
            ("name", "W"),
            ("config.account", "ab1"),
            ("config.password", password),
        ]
    };
    let said = "id=\"config.password-error\"";
    let again = browser.post("/destinations", &new("k3y-typed")).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("Type it again"), "{}", again.body);
    assert!(again.body.contains(said) && !again.body.contains("k3y-typed"));
    let again = browser.post("/destinations", &new("")).await;
    assert!(!again.body.contains("Type it again"), "nothing was typed");

    // Where one is stored, a new one would otherwise be taken for kept.
    let config = json!({"webhookUrl": "https://hooks.example.com/k3y-one"});
    let body = json!({"name": "Hook", "type": "WEBHOOK", "config": config});
    let (_, made) = site.api("POST", "/v2/destinations", Some(body)).await;
    let id = made["destination"]["id"].as_str().expect("an id");
    let fields = [
        ("form", "settings"),
        ("name", " "),
        ("config.webhookUrl", "https://hooks.example.com/k3y-two"),
    ];
    let path = format!("/destinations/{id}");
    let again = browser.post(&path, &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("Type it again"), "{}", again.body);
    assert!(!again.body.contains("k3y-two"));
}

#[tokio::test]
async fn secrets_stay_when_they_are_left_empty_and_are_never_shown() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let config = json!({
        "webhookUrl": "https://hooks.example.com/k3y-one",
        "webhookMethod": "POST",
        "headers": [{"from": "X-One", "to": "s3cret-one"}, {"from": "X-Two", "to": "s3cret-two"}],
        "batch": 5,
    });
    let body = json!({"name": "Hook", "type": "WEBHOOK", "config": config});
    let (_, made) = site.api("POST", "/v2/destinations", Some(body)).await;
    let id = made["destination"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/destinations/{id}");
    for page in ["", "/configuration", "/audit-logs"] {
        let page = browser.get(&format!("{path}{page}")).await;
        assert_eq!(page.status, StatusCode::OK);
        for secret in ["k3y-one", "s3cret"] {
            assert!(!page.body.contains(secret), "{secret}");
        }
    }
    // The first header goes, the second keeps its secret, and the number changes.
    let rest = r#"{"headers": [{"from": "X-Two"}], "batch": 6}"#;
    let fields = [
        ("form", "settings"),
        ("name", "Hook"),
        ("enabled", "true"),
        ("config.webhookUrl", ""),
        ("config.webhookMethod", "PUT"),
        ("json", rest),
    ];
    assert_eq!(
        browser.post(&path, &fields).await.status,
        StatusCode::SEE_OTHER
    );
    let (_, now) = site.api("GET", &format!("/v2{path}"), None).await;
    let expected = json!({
        "webhookUrl": "https://hooks.example.com/k3y-one",
        "webhookMethod": "PUT",
        "headers": [{"from": "X-Two", "to": "s3cret-two"}],
        "batch": 6,
    });
    assert_eq!(now["destination"]["config"], expected);

    // What was sent again as it is shown changes nothing.
    let before = site.log(team.organization).await.len();
    let same = [
        ("form", "settings"),
        ("name", "Hook"),
        ("enabled", "true"),
        ("config.webhookUrl", ""),
        ("config.webhookMethod", "PUT"),
        ("json", rest),
    ];
    browser.post(&path, &same).await;
    assert_eq!(site.log(team.organization).await.len(), before);
}

#[tokio::test]
async fn settings_that_changed_meanwhile_are_not_written_over() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let fields = [
        ("type", "S3"),
        ("name", "Lake"),
        ("config.bucketName", "one"),
    ];
    let path = browser
        .post("/destinations", &fields)
        .await
        .header("location")
        .to_owned();
    let page = browser.get(&format!("{path}/configuration")).await.body;
    let (_, rest) = page
        .split_once("name=\"revision\" value=\"")
        .expect("a revision");
    let revision = rest.split('"').next().expect("a revision");
    let body = json!({"config": {"bucketName": "two"}});
    site.api("PUT", &format!("/v2{path}"), Some(body)).await;
    let fields = [
        ("form", "settings"),
        ("revision", revision),
        ("name", "Lake"),
        ("config.bucketName", "three"),
    ];
    let answer = browser.post(&path, &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer
            .body
            .contains("It was changed meanwhile, by you; look at it again."),
        "{}",
        answer.body
    );
    assert_eq!(
        last(&site, team).await.2.as_deref(),
        Some("changed_meanwhile")
    );
    let (_, now) = site.api("GET", &format!("/v2{path}"), None).await;
    assert_eq!(now["destination"]["config"]["bucketName"], "two");
    // What saving again would do to the other's change is told before it is done.
    let cell = |side: &str, text: &str| format!("<td class=\"{side}\"><bdi>{text}</bdi></td>");
    for said in [
        "What saving would change now",
        "config.bucketName",
        &cell("was", "two"),
        &cell("now", "three"),
    ] {
        assert!(answer.body.contains(said), "{said}: {}", answer.body);
    }
    assert!(
        !answer.body.contains(&cell("was", "Lake")),
        "and nothing else"
    );
}

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
async fn what_cannot_be_read_of_an_address_is_a_page_too() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    for address in [
        "/settings/audit-logs?type=source&type=mfa",
        "/sources/%FF",
        "/sources?after=x&after=y",
    ] {
        let page = browser.get(address).await;
        assert!(page.status.is_client_error(), "{address}");
        assert!(page.body.contains("<h1>"), "{address}: {}", page.body);
    }
}

#[tokio::test]
async fn of_an_unknown_type_every_text_is_a_secret() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let fields = [
        ("type", "CUSTOM"),
        ("name", "Own"),
        (
            "json",
            r#"{"host": "s3cret.example", "port": 5, "deep": {"key": "s3cret-key", "on": true}}"#,
        ),
    ];
    let path = browser
        .post("/destinations", &fields)
        .await
        .header("location")
        .to_owned();
    let page = browser.get(&format!("{path}/configuration")).await.body;
    assert!(!page.contains("s3cret"));
    assert!(
        page.contains("<code>deep.key</code>") && page.contains("<code>host</code>"),
        "{page}"
    );
    let fields = [
        ("form", "settings"),
        ("name", "Own"),
        ("json", r#"{"port": 6, "deep": {"on": false}}"#),
    ];
    browser.post(&path, &fields).await;
    let (_, now) = site.api("GET", &format!("/v2{path}"), None).await;
    let expected =
        json!({"host": "s3cret.example", "port": 6, "deep": {"key": "s3cret-key", "on": false}});
    assert_eq!(now["destination"]["config"], expected);
}

#[tokio::test]
async fn deleting_wants_the_name_and_names_what_goes_with_it() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let path = source(&mut browser, "Shop").await;
    let wrong = browser
        .post(&format!("{path}/delete"), &[("confirm", "shop")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("This is not the name."));
    let gone = browser
        .post(&format!("{path}/delete"), &[("confirm", "Shop")])
        .await;
    assert_eq!(gone.header("location"), "/sources");
    assert_eq!(last(&site, team).await.0, "deleted");
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
    let history = browser.get(&format!("{path}/audit-logs")).await;
    assert_eq!(history.status, StatusCode::OK);
    assert!(
        history.body.contains("<h1>Shop</h1>"),
        "what was deleted keeps its history"
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

#[tokio::test]
async fn a_hostile_name_is_only_text() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let path = source(&mut browser, HOSTILE).await;
    let fields = [
        ("form", "settings"),
        ("name", "<img src=x onerror=alert(1)>"),
    ];
    browser.post(&path, &fields).await;
    for address in [
        "/sources".to_owned(),
        path.clone(),
        format!("{path}/settings"),
        format!("{path}/delete"),
        format!("{path}/audit-logs"),
        "/settings/audit-logs".to_owned(),
        format!("/settings/audit-logs?actor={}", "%3Cscript%3Ealert(1)"),
    ] {
        let page = browser.get(&address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}");
        assert!(
            !page.body.contains("<script>alert") && !page.body.contains("<img"),
            "{address}"
        );
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn an_address_that_both_have_is_a_page_for_browsers_and_the_api_for_programs() {
    let (site, _) = Site::ready().await;
    let body = json!({"name": "Mask", "code": "export function transformEvent(e) { return e; }", "language": "javascript"});
    let (_, made) = site
        .api("POST", "/transformations?publish=true", Some(body))
        .await;
    let id = made["id"].as_str().expect("an id");
    let mut browser = site.signed_in("ada@example.com").await;
    for address in [
        "/transformations".to_owned(),
        format!("/transformations/{id}"),
        format!("/transformations/{id}/versions"),
        "/libraries".to_owned(),
    ] {
        let page = browser.get(&address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}");
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{address}"
        );
        let (status, json) = site.api("GET", &address, None).await;
        assert!(status == StatusCode::OK && json.is_object(), "{address}");
        let request = Request::builder()
            .uri(&address)
            .body(axum::body::Body::empty());
        let answer = site.send(request.expect("a request")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{address}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let page = browser.get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("Nothing is here"));
    for path in ["/v2/nowhere", "/nowhere"] {
        let (status, json) = site.api("GET", path, None).await;
        assert_eq!(
            (status, json["code"].as_str()),
            (StatusCode::NOT_FOUND, Some("not_found"))
        );
    }
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
async fn assets_may_be_kept_under_the_hash_of_their_content() {
    let (site, _) = Site::ready().await;
    let mut browser = site.browser();
    let page = browser.get("/sign-in").await.body;
    let (_, rest) = page
        .split_once("href=\"/assets/annals.css")
        .expect("a style sheet");
    let version = rest.split('"').next().expect("a version");
    let kept = browser.get(&format!("/assets/annals.css{version}")).await;
    assert_eq!(
        kept.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(
        kept.header(header::CONTENT_TYPE.as_str()),
        "text/css; charset=utf-8"
    );
    assert_eq!(
        browser
            .get("/assets/annals.css?v=0")
            .await
            .header("cache-control"),
        "no-cache"
    );
    assert_eq!(
        browser.get("/assets/../Cargo.toml").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_list_says_how_many_of_how_many_and_leads_on_and_back() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    for n in 0..101 {
        source(&mut browser, &format!("Till {n:03}")).await;
    }
    let page = browser.get("/sources").await.body;
    let of = r#"<span class="num">100</span> of <span class="num">101</span>"#;
    assert!(page.contains(of), "{page}");
    assert!(!page.contains("First page"));
    assert!(page.contains("Created</a>"), "each with its last change");
    let (_, next) = page.split_once(r#"rel="next" href=""#).expect("more");
    let next = next.split('"').next().expect("an address").to_owned();
    let page = browser.get(&next).await.body;
    assert_eq!(page.matches(r#"<a class="main""#).count(), 1, "{page}");
    assert!(page.contains(r#"href="/sources">First page</a>"#), "{page}");
}

#[tokio::test]
async fn a_list_is_searched_by_name_and_says_what_nothing_is_called() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    for name in ["Web shop", "Tills"] {
        source(&mut browser, name).await;
    }
    let kafka = [
        ("type", "WEBHOOK"),
        ("name", "Shop & more"),
        ("config.webhookUrl", "https://example.com"),
        ("config.webhookMethod", "POST"),
    ];
    let made = browser.post("/destinations", &kafka).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);

    let page = browser.get("/sources?q=SHOP").await.body;
    assert!(page.contains("Web shop") && !page.contains("Tills"));
    assert!(page.contains(r#"name="q" value="SHOP""#), "{page}");
    let page = browser.get("/destinations?q=p+%26+m").await.body;
    assert!(page.contains("Shop &#38; more"), "{page}");
    let code = "import { hide } from \"masks\";\nexport function transformEvent(event) { return hide(event); }";
    let made =
        json!({ "name": "Mask all", "language": "javascript", "code": code, "description": "" });
    let (status, _) = site.api("POST", "/transformations", Some(made)).await;
    assert!(status.is_success());
    let made = json!({ "name": "masks", "language": "javascript", "code": "export const hide = (one) => one;", "description": "" });
    let (status, _) = site.api("POST", "/libraries", Some(made)).await;
    assert!(status.is_success());
    let made = json!({ "name": "Masked warehouse", "accountDefinitionName": "SOURCE_BIGQUERY", "secret": { "credentials": "s3cret" } });
    let (status, _) = site.api("POST", "/v2/accounts", Some(made)).await;
    assert!(status.is_success());
    for (list, label, used) in [
        ("transformations", "Destinations", 0),
        ("libraries", "Transformations", 1),
        ("accounts", "Used by", 0),
    ] {
        let page = browser.get(&format!("/{list}?q=MASK")).await.body;
        assert_eq!(page.matches(r#"<a class="main""#).count(), 1, "{page}");
        let used = format!(r#"data-label="{label}" class="num">{used}</td>"#);
        assert!(page.contains(&used), "{used}: {page}");
        assert!(page.contains("Created</a>"), "with its last change: {page}");
    }
    let late = "9000000000000000-2CHj1PJ61lv1NPyQtCiFi2KVX2y";
    for list in [
        "sources",
        "destinations",
        "transformations",
        "libraries",
        "accounts",
    ] {
        let page = browser.get(&format!("/{list}?q=%3Cb%3E")).await.body;
        assert!(page.contains("is called so"), "{page}");
        assert!(page.contains("“&#60;b&#62;”"), "{page}");
        assert!(!page.contains(" yet"), "there are some");
        let page = browser.get(&format!("/{list}?after={late}")).await.body;
        assert!(page.contains("Nothing is on this page"), "{page}");
        assert!(
            page.contains(&format!(r#"href="/{list}">First page</a>"#)),
            "{page}"
        );
        assert!(!page.contains(" yet"), "there are some");
    }
}
