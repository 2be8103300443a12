//! Transformations and libraries, as people write, publish and delete them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::site::{HOSTILE, Site};

async fn code(site: &Site, path: &str) -> Value {
    let (_, made) = site.api("GET", path, None).await;
    made
}

#[tokio::test]
async fn code_is_written_as_it_was_typed_and_published_if_it_compiles() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let page = browser.get("/transformations/new").await;
    assert!(page.body.contains("transformEvent"), "{}", page.body);
    let text = "// \"quoted\" </textarea> & é\r\nexport function transformEvent(event) {\r\n\treturn event;\r\n}";
    let fields = |doing: &'static str, code: &'static str| {
        [
            ("do", doing),
            ("name", "Mask"),
            ("description", "d"),
            ("language", "javascript"),
            ("code", code),
        ]
    };
    let made = browser
        .post("/transformations", &fields("save", text))
        .await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let path = made.header("location").to_owned();
    let now = code(&site, &path).await;
    assert_eq!(
        now["code"],
        json!(text.replace("\r\n", "\n")),
        "lines end as they do in code"
    );
    assert_eq!(now["isPublished"], false);
    let edit = browser.get(&format!("{path}/code")).await;
    assert!(
        edit.body.contains("&#60;/textarea&#62;") || edit.body.contains("&lt;/textarea&gt;"),
        "{}",
        edit.body
    );

    // The same again is no new version.
    browser
        .post(&format!("{path}/code"), &fields("save", text))
        .await;
    assert_eq!(code(&site, &path).await["versionId"], now["versionId"]);

    let refused = browser
        .post(
            &format!("{path}/code"),
            &fields("publish", "let a;\nlet a;"),
        )
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .body
            .contains("Line 2, column 5: Identifier `a` has already been declared."),
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("let a;\nlet a;"),
        "what was typed is not lost"
    );
    assert_eq!(code(&site, &path).await["versionId"], now["versionId"]);
    // As a draft it may be broken; its version is then not published either.
    browser
        .post(&format!("{path}/code"), &fields("save", "let a;\nlet a;"))
        .await;
    let draft = code(&site, &path).await;
    let version = draft["versionId"].as_str().expect("an id").to_owned();
    let refused = browser
        .post(&format!("{path}/publish"), &[("version", &version)])
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.body.contains("already been declared"),
        "{}",
        refused.body
    );
    let first = now["versionId"].as_str().expect("an id").to_owned();
    let done = browser
        .post(&format!("{path}/publish"), &[("version", &first)])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);

    // What is newer is published from where one looks first, and it is said that it was.
    let page = browser.get(&path).await;
    assert!(
        page.body.contains("<b>Published.</b> Recorded as"),
        "{}",
        page.body
    );
    assert_eq!(hidden(&page.body, "version"), version);
    assert!(page.body.contains("Publish version 2"), "{}", page.body);

    let page = browser.get(&format!("{path}/versions/{version}")).await;
    assert!(
        page.body.contains("Changes since version 1") && page.body.contains("+ let a;"),
        "{}",
        page.body
    );
    let page = browser.get(&format!("{path}/versions/{first}")).await;
    assert!(
        page.body.contains("Published") && !page.body.contains("Changes since"),
        "{}",
        page.body
    );
    let page = browser.get(&format!("{path}/versions")).await;
    assert!(page.body.contains(&format!("{path}/versions/{version}")));
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_draft_is_not_saved_over_one_that_its_writer_has_not_seen() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let fields = |name: &'static str, code: &'static str| {
        [("name", name), ("language", "javascript"), ("code", code)]
    };
    for root in ["/transformations", "/libraries"] {
        let made = browser.post(root, &fields("Mask", "let a;")).await;
        let path = made.header("location").to_owned();
        let form = format!("{path}/code");
        let seen = hidden(&browser.get(&form).await.body, "made_from");
        let send = async |browser: &mut crate::site::Browser<'_>, seen: &str, name, code| {
            let mut all = vec![("do", "save"), ("made_from", seen)];
            all.extend(fields(name, code));
            browser.post(&form, &all).await
        };

        // Two tabs: one is saved, and the other knows nothing of it.
        let first = send(&mut browser, &seen, "Mask", "let b;").await;
        assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
        let now = code(&site, &path).await;
        for (name, typed) in [("Mask", "let c;"), ("Renamed", "let a;")] {
            let second = send(&mut browser, &seen, name, typed).await;
            assert_eq!(second.status, StatusCode::CONFLICT, "{}", second.body);
            let version = now["versionId"].as_str().expect("an id");
            for part in [
                "was changed meanwhile, by you.",
                typed,
                &format!("value=\"{name}\""),
                &format!("href=\"{path}/versions/{version}\""),
            ] {
                assert!(second.body.contains(part), "{part}: {}", second.body);
            }
            assert_eq!(code(&site, &path).await, now);
        }
        let mut all = vec![("do", "publish"), ("made_from", &*seen)];
        all.extend(fields("Mask", "let a;\nlet a;"));
        let broken = browser.post(&form, &all).await;
        assert_eq!(broken.status, StatusCode::CONFLICT, "{}", broken.body);
        // What is refused for another reason still knows what it was made from.
        let unnamed = send(&mut browser, version_of(&now), "", "let b;").await;
        assert_eq!(unnamed.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(hidden(&unnamed.body, "made_from"), version_of(&now));
        // The same form twice overwrites nothing.
        let twice = send(&mut browser, &seen, "Mask", "let b;").await;
        assert_eq!(twice.status, StatusCode::SEE_OTHER, "{}", twice.body);
        // Who was told of the other's draft may save over it.
        let told = send(&mut browser, &seen, "Mask", "let c;").await;
        let again = hidden(&told.body, "made_from");
        let last = send(&mut browser, &again, "Mask", "let c;").await;
        assert_eq!(last.status, StatusCode::SEE_OTHER, "{}", last.body);
        assert_eq!(code(&site, &path).await["code"], "let c;");
    }
}

fn version_of(now: &Value) -> &str {
    now["versionId"].as_str().expect("an id")
}

#[tokio::test]
async fn what_is_used_is_not_deleted_and_the_page_says_where() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let new = |name: &'static str, code: &'static str| {
        [("name", name), ("language", "javascript"), ("code", code)]
    };
    let library = browser
        .post("/libraries", &new("Utils", "export const f = 1;"))
        .await
        .header("location")
        .to_owned();
    let user = browser
        .post(
            "/transformations",
            &new("Mask", "import { f } from 'utils';"),
        )
        .await
        .header("location")
        .to_owned();
    let asked = browser.get(&format!("{library}/delete")).await;
    assert!(
        asked.body.contains("It is in use")
            && asked.body.contains(&format!("href=\"{user}\">Mask")),
        "{}",
        asked.body
    );
    assert!(!asked.body.contains("name=\"confirm\""), "no form");
    let refused = browser
        .post(&format!("{library}/delete"), &[("confirm", "Utils")])
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.body.contains("It is in use by transformation")
            && refused.body.contains(&format!("href=\"{user}\">Mask")),
        "the page again: {}",
        refused.body
    );
    let lake = json!({"name": "Lake", "type": "S3"});
    let (_, lake) = site.api("POST", "/v2/destinations", Some(lake)).await;
    let lake = lake["destination"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let link = format!("/v2/destinations/{lake}/transformation");
    let id = user.rsplit('/').next().expect("an id");
    let body = Some(json!({"transformationId": id}));
    site.api("PUT", &link, body).await;
    let asked = browser.get(&format!("{user}/delete")).await;
    let where_to = format!("href=\"/destinations/{lake}/transformation\">Lake");
    assert!(asked.body.contains(&where_to), "{}", asked.body);
    assert!(!asked.body.contains("name=\"confirm\""), "no form");
    site.api("DELETE", &link, None).await;
    let wrong = browser
        .post(&format!("{user}/delete"), &[("confirm", "Musk")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for (path, name) in [(user, "Mask"), (library, "Utils")] {
        let gone = browser
            .post(&format!("{path}/delete"), &[("confirm", name)])
            .await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    }
}

#[tokio::test]
async fn who_may_only_look_is_offered_no_form() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let hostile = [
        ("name", HOSTILE),
        ("language", "javascript"),
        ("code", HOSTILE),
    ];
    let path = browser
        .post("/transformations", &hostile)
        .await
        .header("location")
        .to_owned();
    let role = Some(model::role::WorkspaceRole::Viewer);
    site.member(team, "grace@example.com", role).await;
    let mut viewer = site.signed_in("grace@example.com").await;
    for form in [
        format!("{path}/code"),
        format!("{path}/delete"),
        "/transformations/new".to_owned(),
        "/libraries/new".to_owned(),
    ] {
        assert_eq!(
            viewer.get(&form).await.status,
            StatusCode::FORBIDDEN,
            "{form}"
        );
    }
    let page = viewer.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        !page.body.contains("Edit code") && !page.body.contains("Delete…"),
        "{}",
        page.body
    );
    let before = code(&site, &path).await;
    let refused = viewer
        .post(
            &format!("{path}/code"),
            &[("do", "publish"), ("name", "x"), ("code", "y")],
        )
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(code(&site, &path).await, before);
    let other = viewer
        .get("/transformations/0ujtsYcgvSTl8PAuAdqWYSMnLOv/code")
        .await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
    assert_eq!(
        browser
            .get("/transformations/0ujtsYcgvSTl8PAuAdqWYSMnLOv/code")
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}
