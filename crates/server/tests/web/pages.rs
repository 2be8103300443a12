//! What people do on pages, and what they may not.

mod log;
mod rights;

use axum::http::{Request, StatusCode, header};
use model::role::WorkspaceRole;
use serde_json::json;

use crate::site::{Browser, HOSTILE, Site, Team};

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
