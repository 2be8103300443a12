//! What pages say, and to whom.

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use serde_json::json;

use crate::site::{Browser, Site};

async fn made(site: &Site, noun: &str, name: &str, kind: &str) -> String {
    let body = json!({"name": name, "type": kind});
    let (_, made) = site.api("POST", &format!("/v2/{noun}s"), Some(body)).await;
    made[noun]["id"].as_str().expect("an id").to_owned()
}

async fn code(site: &Site, noun: &str, name: &str) -> String {
    let body = json!({"name": name, "language": "javascript", "code": "let a;"});
    let (_, made) = site.api("POST", &format!("/{noun}"), Some(body)).await;
    made["id"].as_str().expect("an id").to_owned()
}

async fn connect(site: &Site, source: &str, destination: &str) {
    let ends = json!({"sourceId": source, "destinationId": destination});
    let (status, answer) = site.api("POST", "/v2/connections", Some(ends)).await;
    assert!(status.is_success(), "{answer}");
}

async fn link(site: &Site, destination: &str, transformation: &str) {
    let path = format!("/v2/destinations/{destination}/transformation");
    let body = json!({"transformationId": transformation});
    let (status, answer) = site.api("PUT", &path, Some(body)).await;
    assert!(status.is_success(), "{answer}");
}

/// The page without what is around it.
async fn main_of(browser: &mut Browser<'_>, path: &str) -> String {
    let page = browser.get(path).await.body;
    page.split("<main").nth(1).expect("a main").to_owned()
}

#[tokio::test]
async fn the_last_change_names_what_was_changed_where_that_is_another_thing() {
    let (site, _) = Site::ready().await;
    let mask = code(&site, "transformations", "Mask").await;
    let shop = made(&site, "source", "Shop", "HTTP").await;
    let hook = made(&site, "destination", "Hook", "S3").await;
    link(&site, &hook, &mask).await;
    connect(&site, &shop, &hook).await;
    let mut browser = site.signed_in("ada@example.com").await;
    site.api("DELETE", &format!("/v2/destinations/{hook}"), None)
        .await;
    for (path, said) in [
        (
            format!("/transformations/{mask}"),
            "Deleted Transformation · Hook</a>",
        ),
        (
            "/transformations".to_owned(),
            "Deleted Transformation · Hook</a>",
        ),
        (format!("/sources/{shop}"), "Disconnect Source · Hook</a>"),
        ("/sources".to_owned(), "Disconnect Source · Hook</a>"),
    ] {
        let page = browser.get(&path).await.body;
        assert!(page.contains(said), "{path}: {page}");
        if path.contains(&mask) {
            let (before, _) = page.split_once(said).expect("said");
            let event = before.rsplit("href=\"").next().expect("a link");
            let event = event.split('"').next().expect("a link").to_owned();
            let page = browser.get(&event).await.body;
            assert!(
                page.contains("<h1>Deleted Transformation · Hook</h1>"),
                "{page}"
            );
        }
    }
    // Of what was changed itself, the action says enough.
    let lake = made(&site, "destination", "Lake", "S3").await;
    link(&site, &lake, &mask).await;
    let page = browser.get(&format!("/destinations/{lake}")).await.body;
    assert!(page.contains(">Added Transformation</a> by"), "{page}");
}

#[tokio::test]
async fn the_address_of_what_was_deleted_leads_who_may_to_its_log() {
    let (site, team) = Site::ready().await;
    site.member(team, "ed@example.com", Some(WorkspaceRole::Editor))
        .await;
    let mut editor = site.signed_in("ed@example.com").await;
    let mut admin = site.signed_in("ada@example.com").await;
    let account = json!({"name": "BQ", "accountDefinitionName": "SOURCE_BIGQUERY"});
    let (_, account) = site.api("POST", "/v2/accounts", Some(account)).await;
    let account = account["account"]["id"].as_str().or(account["id"].as_str());
    let gone = [
        ("sources", made(&site, "source", "Shop", "HTTP").await),
        (
            "destinations",
            made(&site, "destination", "Hook", "S3").await,
        ),
        (
            "transformations",
            code(&site, "transformations", "Mask").await,
        ),
        ("libraries", code(&site, "libraries", "Utils").await),
        ("accounts", account.expect("an id").to_owned()),
    ];
    for (folder, id) in gone {
        let path = format!("/{folder}/{id}");
        let api = match folder {
            "transformations" | "libraries" => path.clone(),
            _ => format!("/v2{path}"),
        };
        let (status, answer) = site.api("DELETE", &api, None).await;
        assert!(status.is_success(), "{answer}");
        let log = match folder {
            "libraries" => format!("/settings/audit-logs?target={id}"),
            _ => format!("{path}/audit-logs"),
        };
        let page = admin.get(&path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{folder}");
        let button = format!("href=\"{log}\">Find in the log</a>");
        assert!(page.body.contains(&button), "{folder}: {}", page.body);
        assert!(page.body.contains("was deleted. The log still knows it."));
        assert_eq!(admin.get(&log).await.status, StatusCode::OK);
        // Who may not read the log hears the same of it as of what never was.
        let page = editor.get(&path).await;
        let unknown = format!("/{folder}/0ujtsYcgvSTl8PAuAdqWYSMnLOv");
        let never = editor.get(&unknown).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        let told = |body: &str| body.split("<main").nth(1).map(str::to_owned);
        let without_id = |body: &str| {
            let told = told(body).expect("a main");
            told.split("<code>").next().map(str::to_owned)
        };
        assert!(!page.body.contains("Find in the log"), "{}", page.body);
        assert_eq!(
            without_id(&page.body).map(|it| it.len()),
            without_id(&never.body).map(|it| it.len())
        );
        // Nor is a thing of another kind taken for it.
        let other = if folder == "sources" {
            "accounts"
        } else {
            "sources"
        };
        let never = admin.get(&format!("/{other}/{id}")).await;
        assert!(!never.body.contains("Find in the log"), "{folder}");
        let never = admin.get(&unknown).await;
        assert!(!never.body.contains("Find in the log"), "{folder}");
    }
}

#[tokio::test]
async fn the_dialog_says_what_the_page_says_before_something_is_deleted() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let hook = made(&site, "destination", "Hook", "S3").await;
    let shop = made(&site, "source", "Shop", "HTTP").await;
    let (settings, delete) = ("configuration", "delete");
    let said = async |browser: &mut Browser<'_>, path: &str, of: &str| {
        let page = browser.get(&format!("{path}/{of}")).await.body;
        let place = if of == "delete" {
            "<form class=\"card\""
        } else {
            "<dialog class=\"dialog\" id=\"delete\""
        };
        let (_, rest) = page.split_once(place).expect("the question");
        let (_, rest) = rest.split_once("<p class=\"quiet\">").expect("what goes");
        let (said, _) = rest.split_once("<div class=\"field\">").expect("the field");
        (said.trim().to_owned(), page)
    };
    let path = format!("/destinations/{hook}");
    let (dialog, page) = said(&mut browser, &path, settings).await;
    assert_eq!(
        dialog,
        "The destination goes for good. Recorded as Deleted; its history stays in the audit log.</p>"
    );
    assert!(
        page.contains("<p class=\"hint\">Its history stays in the audit log.</p>"),
        "{page}"
    );
    assert_eq!(dialog, said(&mut browser, &path, delete).await.0);

    let other = made(&site, "source", "Other", "HTTP").await;
    for source in [&shop, &other] {
        connect(&site, source, &hook).await;
    }
    let mask = code(&site, "transformations", "Mask").await;
    link(&site, &hook, &mask).await;
    let (dialog, page) = said(&mut browser, &path, settings).await;
    assert_eq!(dialog, said(&mut browser, &path, delete).await.0);
    for part in [
        "Recorded as Disconnect Source, Deleted Transformation, Deleted;",
        "<li>Its 2 sources are disconnected first.</li><li>Its transformation is taken away first.</li>",
    ] {
        assert!(dialog.contains(part), "{part}: {dialog}");
    }
    let hint = "<p class=\"hint\">Its 2 sources are disconnected first. Its transformation is taken away first. Its history";
    assert!(page.contains(hint), "{page}");
    let path = format!("/sources/{shop}");
    let (dialog, _) = said(&mut browser, &path, "settings").await;
    assert!(
        dialog.contains("Its connection is removed first."),
        "{dialog}"
    );
    assert_eq!(dialog, said(&mut browser, &path, delete).await.0);
}

/// What is wrong at which field, in a page.
fn errors(page: &str) -> Vec<(String, String)> {
    let parts = page.split("<span class=\"error-text\" id=\"").skip(1);
    parts
        .map(|part| {
            let (id, rest) = part.split_once('"').expect("an id");
            let (_, rest) = rest.split_once("</svg>").expect("a sign");
            (
                id.to_owned(),
                rest.split('<').next().expect("a text").to_owned(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_type_that_was_not_chosen_or_chosen_twice_is_said_at_its_field() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let page = browser.get("/destinations/new").await;
    assert_eq!(
        (page.status, errors(&page.body)),
        (StatusCode::OK, Vec::new())
    );
    let (_, list) = page.body.split_once("<select").expect("a list");
    let (_, first) = list.split_once("<option").expect("an option");
    assert!(
        first.starts_with(" value=\"\">Choose a type</option>"),
        "{first}"
    );
    let twice = "A type is chosen in the list as well. Empty this field, or choose \u{201c}Another type\u{201d} there.";
    let one = |field: &str, said: &str| vec![(format!("{field}-error"), said.to_owned())];
    for (listed, typed, said) in [
        ("", "", one("type", "Choose a type.")),
        (
            " ",
            " ",
            one("other_type", "Write which, or choose one from the list."),
        ),
        ("HTTP", "Other", one("other_type", twice)),
    ] {
        let query = serde_urlencoded::to_string([("type", listed), ("other_type", typed)]);
        let page = browser
            .get(&format!("/destinations/new?{}", query.expect("a query")))
            .await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(errors(&page.body), said);
        let fields = [("type", listed), ("other_type", typed), ("name", "One")];
        let page = browser.post("/sources", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(errors(&page.body), said);
        assert!(page.body.contains(&format!(
            "id=\"other_type\" name=\"other_type\" value=\"{typed}\""
        )));
    }
    // What was typed is what is wrong, where it was taken.
    let long = "x".repeat(101);
    let fields = [("type", " "), ("other_type", &*long), ("name", "One")];
    let page = browser.post("/sources", &fields).await;
    assert_eq!(errors(&page.body)[0].0, "other_type-error", "{}", page.body);
    let page = browser
        .get(&format!("/destinations/new?type=+&other_type={long}"))
        .await;
    assert_eq!(errors(&page.body)[0].0, "other_type-error", "{}", page.body);
    for listed in ["", " "] {
        let fields = [
            ("type", listed),
            ("other_type", " Kettle "),
            ("name", "One"),
        ];
        let made = browser.post("/sources", &fields).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let (_, made) = site
            .api("GET", &format!("/v2{}", made.header("location")), None)
            .await;
        assert_eq!(made["source"]["type"], "Kettle");
    }
}

#[tokio::test]
async fn types_of_one_name_stand_under_different_headings() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let page = browser.get("/sources/new").await.body;
    let heading = |option: &str| {
        let (before, _) = page
            .split_once(option)
            .unwrap_or_else(|| panic!("no {option}"));
        let group = before.rsplit("<optgroup label=\"").next().expect("a group");
        group.split('"').next().expect("a heading").to_owned()
    };
    let own = "<option value=\"Javascript\">JavaScript</option>";
    let theirs = "<option value=\"javascript\">JavaScript (javascript)</option>";
    assert_eq!(heading(own), "Event streams");
    assert_eq!(heading(theirs), "In the words of rudder-cli");
}

#[tokio::test]
async fn a_filter_that_there_is_not_finds_nothing_and_says_so() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let page = browser
        .get("/settings/audit-logs?target_type=destination&outcome=success")
        .await
        .body;
    assert!(
        page.contains("There is no filter \u{201c}target_type\u{201d}."),
        "{page}"
    );
    assert!(!page.contains("<tr class=\"ev\""), "{page}");
    // Nor is everything exported then.
    let query = [
        ("query", "target_type=destination&outcome=success"),
        ("format", "csv"),
    ];
    let page = browser
        .post("/settings/audit-logs/export", &query)
        .await
        .body;
    assert!(page.contains("There is no filter"), "{page}");
    assert!(
        page.contains("value=\"outcome=success&amp;target_type=destination\"")
            || page.contains("outcome=success&#38;target_type=destination"),
        "{page}"
    );
    let page = browser
        .get("/settings/audit-logs?target_type=&outcome=success")
        .await
        .body;
    assert!(page.contains("<tr class=\"ev\""), "nothing was asked for");
}

#[tokio::test]
async fn nobody_is_told_of_what_is_not_for_them() {
    let (site, team) = Site::ready().await;
    let hook = made(&site, "destination", "Hook", "S3").await;
    made(&site, "source", "Shop", "HTTP").await;
    site.member(team, "vera@example.com", Some(WorkspaceRole::Viewer))
        .await;
    site.member(team, "ed@example.com", Some(WorkspaceRole::Editor))
        .await;
    let mut admin = site.signed_in("ada@example.com").await;
    let mut viewer = site.signed_in("vera@example.com").await;
    let mut editor = site.signed_in("ed@example.com").await;
    code(&site, "transformations", "Mask").await;
    for path in ["/sources", "/destinations", "/transformations"] {
        let page = main_of(&mut viewer, path).await;
        assert!(
            !page.contains("Last change") && !page.contains("Not shown"),
            "{page}"
        );
        assert!(main_of(&mut admin, path).await.contains("Last change"));
    }
    let path = format!("/destinations/{hook}/connections");
    assert!(main_of(&mut admin, &path).await.contains("Connect one"));
    assert!(!main_of(&mut viewer, &path).await.contains("Connect one"));
    assert!(
        !main_of(&mut viewer, "/libraries")
            .await
            .contains("Create one")
    );
    let path = "/settings/workspace";
    assert!(
        main_of(&mut admin, path)
            .await
            .contains("delete one that is empty")
    );
    assert!(
        !main_of(&mut editor, path)
            .await
            .contains("delete one that is empty")
    );
}

#[tokio::test]
async fn an_empty_text_is_told_from_none() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let mask = code(&site, "transformations", "Mask").await;
    let body = json!({"description": "words"});
    site.api("POST", &format!("/transformations/{mask}"), Some(body))
        .await;
    let log = browser
        .get(&format!("/transformations/{mask}/audit-logs"))
        .await
        .body;
    let (_, event) = log
        .split_once("href=\"/settings/audit-logs/")
        .expect("an event");
    let event = event.split('"').next().expect("an id");
    let page = browser
        .get(&format!("/settings/audit-logs/{event}"))
        .await
        .body;
    let cells = "<td class=\"\"><span class=\"none\">empty text</span></td><td class=\"now\"><bdi>words</bdi></td>";
    assert!(page.contains(cells), "{page}");
    // Who and when stand before all else of it, whatever the width of the window.
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(place("<dt>Who</dt>") < place("id=\"changes\""));
}

#[tokio::test]
async fn what_has_one_name_is_told_apart_where_it_is_chosen() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let hook = made(&site, "destination", "Hook", "S3").await;
    let one = made(&site, "source", "Shop", "HTTP").await;
    let two = made(&site, "source", "Shop", "HTTP").await;
    made(&site, "source", "Shop", "Go").await;
    let page = browser
        .get(&format!("/destinations/{hook}/connections"))
        .await
        .body;
    for label in [
        format!(">Shop · HTTP API · …{}</option>", &one[21..]),
        format!(">Shop · HTTP API · …{}</option>", &two[21..]),
        ">Shop · Go</option>".to_owned(),
    ] {
        assert!(page.contains(&label), "{label}: {page}");
    }
}

#[tokio::test]
async fn a_page_makes_names_without_blanks_around_them_and_leaves_those_of_others() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    for (path, field) in [("/sources", "HTTP"), ("/destinations", "S3")] {
        let fields = [
            ("type", field),
            ("name", "  Trim me "),
            ("config.bucketName", "b"),
        ];
        let made = browser.post(path, &fields).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let page = browser.get(made.header("location")).await.body;
        assert!(page.contains("<h1>Trim me</h1>"), "{page}");
    }
    let shop = made(&site, "source", " Shop ", "HTTP").await;
    let before = site.log(team.organization).await.len();
    let fields = [
        ("form", "settings"),
        ("name", " Shop "),
        ("enabled", "true"),
    ];
    let path = format!("/sources/{shop}");
    browser.post(&path, &fields).await;
    assert_eq!(
        site.log(team.organization).await.len(),
        before,
        "saved as it was drawn"
    );
    let fields = [
        ("form", "settings"),
        ("name", " Shops "),
        ("enabled", "true"),
    ];
    browser.post(&path, &fields).await;
    let (_, now) = site.api("GET", &format!("/v2{path}"), None).await;
    assert_eq!(now["source"]["name"], "Shops");
}

#[tokio::test]
async fn who_changed_it_meanwhile_is_told_to_who_may_know() {
    let (site, team) = Site::ready().await;
    site.member(team, "ed@example.com", Some(WorkspaceRole::Editor))
        .await;
    let mut admin = site.signed_in("ada@example.com").await;
    let mut editor = site.signed_in("ed@example.com").await;
    let hook = made(&site, "destination", "Hook", "S3").await;
    let path = format!("/destinations/{hook}");
    let page = admin.get(&format!("{path}/configuration")).await.body;
    let (_, rest) = page
        .split_once("name=\"revision\" value=\"")
        .expect("a revision");
    let revision = rest.split('"').next().expect("its end").to_owned();
    let fields = |bucket: &'static str| {
        [
            ("form", "settings"),
            ("revision", &*revision),
            ("name", "Hook"),
            ("enabled", "true"),
            ("config.bucketName", bucket),
        ]
    };
    editor.post(&path, &fields("one")).await;
    // What is connected since is no change of the settings.
    let shop = made(&site, "source", "Shop", "HTTP").await;
    connect(&site, &shop, &hook).await;
    let refused = admin.post(&path, &fields("two")).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let by = "It was changed meanwhile, by Member ed@example.com; look at it again.";
    assert!(refused.body.contains(by), "{}", refused.body);
    let refused = editor.post(&path, &fields("three")).await.body;
    assert!(
        refused.contains("It was changed meanwhile, by you; look at it again."),
        "{refused}"
    );
    let now = admin.get(&format!("{path}/configuration")).await.body;
    let (_, rest) = now
        .split_once("name=\"revision\" value=\"")
        .expect("a revision");
    let revision = rest.split('"').next().expect("its end");
    let mut last = fields("four");
    last[1].1 = revision;
    admin.post(&path, &last).await;
    let refused = editor.post(&path, &fields("five")).await.body;
    assert!(
        refused.contains("This destination was changed meanwhile; look at it again."),
        "{refused}"
    );
}

#[tokio::test]
async fn the_profile_belongs_to_the_person_and_not_to_the_settings() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let page = browser.get("/profile").await.body;
    assert!(
        page.contains("href=\"/profile\" aria-current=\"page\""),
        "{page}"
    );
    assert!(
        !page.contains("href=\"/settings/workspace\" aria-current"),
        "{page}"
    );
    assert!(page.contains("Current password") && !page.contains("Password of now"));
}
