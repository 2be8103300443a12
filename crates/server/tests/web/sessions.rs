//! Set-up, sign-in, sessions, and forms that come from elsewhere.

use axum::http::StatusCode;
use metrics_exporter_prometheus::PrometheusBuilder;
use model::clock::Micros;
use model::role::WorkspaceRole;
use server::app::Config;
use store::Upkeep;

use crate::site::{Database, PASSWORD, Site};

const SET_UP: [(&str, &str); 5] = [
    ("organization", "Fernhill Market"),
    ("workspace", "Production"),
    ("name", "Ines Okafor-Lund"),
    ("email", "ines@fernhill.example"),
    ("password", "a long walk by the sea"),
];

async fn set_up_and_sign_in(database: Database) {
    let site = Site::new(database, Config::default()).await;
    let mut browser = site.browser();
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(browser.get("/setup").await.status, StatusCode::FORBIDDEN);

    let token = site.link().await;
    let opened = browser.get(&format!("/setup?token={token}")).await;
    assert_eq!(
        (opened.status, opened.header("location")),
        (StatusCode::SEE_OTHER, "/setup")
    );
    assert_eq!(opened.header("referrer-policy"), "no-referrer");
    let form = browser.get("/setup").await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(
        !form.body.contains(&token),
        "the link's secret is on no page"
    );

    let mut weak = SET_UP;
    weak[4].1 = "short";
    let answer = browser.post("/setup", &weak).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("at least 12 characters"));

    for own in [SET_UP[2].1, SET_UP[3].1] {
        weak[4].1 = own;
        let answer = browser.post("/setup", &weak).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{own}");
    }

    let done = browser.post("/setup", &SET_UP).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    for secret in ["annals_pat_", "annals_sat_", "annals_wst_"] {
        assert!(done.body.contains(secret), "{secret}");
    }
    assert_eq!(done.header("cache-control"), "no-store");
    assert_eq!(
        browser.get("/sources").await.status,
        StatusCode::OK,
        "signed in"
    );

    // The link is used up.
    let mut other = site.browser();
    other.get(&format!("/setup?token={token}")).await;
    assert_eq!(other.get("/setup").await.status, StatusCode::CONFLICT);

    let out = browser.post("/sign-out", &[]).await;
    assert_eq!(out.header("location"), "/sign-in");
    assert!(browser.cookie("annals_session").is_none());
    let away = browser.get("/sources").await;
    assert_eq!(away.header("location"), "/sign-in?next=%2Fsources");
}

#[tokio::test]
async fn a_link_sets_up_once_and_signs_in_on_sqlite() {
    set_up_and_sign_in(Database::Sqlite).await;
}

#[tokio::test]
async fn a_link_sets_up_once_and_signs_in_on_postgresql() {
    set_up_and_sign_in(Database::Postgres).await;
}

#[tokio::test]
async fn a_session_is_a_new_one_with_every_sign_in_and_ends_with_sign_out() {
    let (site, team) = Site::ready().await;
    let mut browser = site.browser();
    browser.set_cookie("annals_session", "annals_ses_planted");
    browser.get("/sign-in").await;
    let fields = [
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("next", "/settings/team"),
    ];
    let answer = browser.post("/sign-in", &fields).await;
    assert_eq!(answer.header("location"), "/settings/team");
    let cookie = answer.cookie("annals_session").expect("a session");
    assert!(!cookie.contains("planted"));
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1209600"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure"),
        "without TLS the browser would drop it"
    );
    let first = browser
        .cookie("annals_session")
        .map(str::to_owned)
        .expect("a session");

    browser.get("/sources").await;
    browser.post("/sign-out", &[]).await;
    browser.set_cookie("annals_session", &first);
    let stolen = browser.get("/sources").await;
    assert_eq!(
        stolen.status,
        StatusCode::SEE_OTHER,
        "the session is over, not only its cookie"
    );

    let said: Vec<String> = site
        .log(team.organization)
        .await
        .into_iter()
        .map(|event| event.entry.action)
        .collect();
    assert_eq!(said[said.len() - 2..], ["signed_in", "signed_out"]);
}

#[tokio::test]
async fn a_session_ends_after_a_day_without_use() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    site.clock.advance(20 * 3_600 * Micros::SECOND);
    assert_eq!(browser.get("/sources").await.status, StatusCode::OK);
    // Its use is noted beside the answer: what is asked of the store next comes after it. So the day begins anew.
    site.app.store.upkeep(Upkeep::Expire).await.expect("done");
    site.clock.advance(20 * 3_600 * Micros::SECOND);
    assert_eq!(browser.get("/sources").await.status, StatusCode::OK);
    site.app.store.upkeep(Upkeep::Expire).await.expect("done");
    site.clock.advance(25 * 3_600 * Micros::SECOND);
    assert_eq!(browser.get("/sources").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn over_tls_cookies_are_for_tls_and_for_this_host_alone() {
    let config = Config {
        public_url: Some("https://annals.example.com".to_owned()),
        ..Config::default()
    };
    let site = Site::new(Database::Sqlite, config).await;
    site.set_up().await;
    let mut browser = site.browser();
    let page = browser.get("/sign-in").await;
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    let answer = browser.post("/sign-in", &fields).await;
    let cookie = answer.cookie("__Host-annals_session").expect("a session");
    assert!(cookie.contains("Secure") && cookie.contains("Path=/") && !cookie.contains("Domain"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let (site, team) = Site::ready().await;
    let mut browser = site.browser();
    browser.get("/sign-in").await;
    let mut said = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let fields = [
            ("email", email),
            ("password", "not the password"),
            ("next", "/"),
        ];
        let answer = browser.post("/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.cookie("annals_session").is_none());
        let body = answer.body.replace(email, "");
        said.push(body.split("<footer>").next().unwrap_or_default().to_owned());
    }
    assert!(said[0].contains("The e-mail or the password is wrong."));
    assert_eq!(said[0], said[1]);
    let log = site.log(team.organization).await;
    let failed: Vec<_> = log
        .iter()
        .filter(|event| event.entry.action == "sign_in_failed")
        .collect();
    assert_eq!(failed.len(), 1, "for the account that exists");
    assert_eq!(failed[0].entry.code.as_deref(), Some("wrong_password"));
}

#[tokio::test]
async fn an_account_that_there_is_not_costs_as_much_work_as_a_wrong_password() {
    let recorder = PrometheusBuilder::new().build_recorder();
    // Of this thread alone, which is where this test answers its requests.
    let _guard = metrics::set_default_local_recorder(&recorder);
    let checked = || {
        let told = recorder.handle().render();
        let line = told
            .lines()
            .find(|line| line.starts_with("annals_passwords_checked_total "));
        line.map_or(0, |line| {
            let count = line.rsplit(' ').next().expect("a number");
            count.parse::<u64>().expect("a number")
        })
    };
    let (site, _) = Site::ready().await;
    let mut browser = site.browser();
    browser.get("/sign-in").await;
    for email in ["ada@example.com", "nobody@example.com", "", "x"] {
        let before = (checked(), site.transactions());
        let fields = [("email", email), ("password", "not the password")];
        let answer = browser.post("/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(checked() - before.0, 1, "{email:?}");
        // One counts the try, one writes down how it ended: the answer waits for both.
        assert_eq!(site.transactions() - before.1, 2, "{email:?}");
    }
}

#[tokio::test]
async fn after_signing_in_nobody_is_sent_to_another_site() {
    let (site, _) = Site::ready().await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "evil",
    ] {
        let mut browser = site.browser();
        browser.get("/sign-in").await;
        let fields = [
            ("email", "ada@example.com"),
            ("password", PASSWORD),
            ("next", next),
        ];
        let answer = browser.post("/sign-in", &fields).await;
        assert_eq!(answer.header("location"), "/", "{next:?}");
    }
    let mut browser = site.browser();
    let page = browser.get("/sign-in?next=//evil.example").await;
    assert!(!page.body.contains("evil.example"));
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let before = site.log(team.organization).await.len();
    let token = browser.csrf.clone();
    let fields = |csrf| [("csrf", csrf), ("type", "HTTP"), ("name", "x")];
    let tries: [(&str, &[(&str, &str)]); 5] = [
        ("", &[]),
        ("not-the-token", &[]),
        (&token, &[("sec-fetch-site", "cross-site")]),
        (&token, &[("sec-fetch-site", "same-site")]),
        (&token, &[("origin", "https://evil.example")]),
    ];
    for (csrf, headers) in tries {
        let answer = browser.post_raw("/sources", &fields(csrf), headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{csrf} {headers:?}");
        assert!(
            answer.body.contains("Nothing was changed."),
            "{}",
            answer.body
        );
    }
    // The token of someone else's session is none of this one.
    site.member(team, "eve@example.com", Some(WorkspaceRole::Editor))
        .await;
    let theirs = site.signed_in("eve@example.com").await.csrf;
    assert_eq!(
        browser
            .post_raw("/sources", &fields(&theirs), &[])
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    // For who is not signed in, the token belongs to a cookie.
    let mut stranger = site.browser();
    let answer = stranger
        .post_raw(
            "/sign-in",
            &[
                ("csrf", &token),
                ("email", "ada@example.com"),
                ("password", PASSWORD),
            ],
            &[],
        )
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let log = site.log(team.organization).await;
    assert!(
        log[before..]
            .iter()
            .all(|event| event.entry.action != "created")
    );

    let same = [
        ("sec-fetch-site", "same-origin"),
        ("origin", "http://annals.test"),
    ];
    let answer = browser.post_raw("/sources", &fields(&token), &same).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_was_typed_when_a_session_ended_is_kept_and_can_be_sent_after_signing_in() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let before = site.log(team.organization).await.len();
    let typed = [
        ("type", "HTTP"),
        ("name", "Billing <events>"),
        ("current_password", "not to be kept"),
        ("proof", "not to be kept"),
        ("token", "not to be kept"),
    ];
    site.clock.advance(25 * 3_600 * Micros::SECOND);
    let answer = browser.post("/sources", &typed).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let holds = |answer: &crate::site::Answer| {
        assert!(
            answer
                .body
                .contains("<form class=\"row\" method=\"post\" action=\"/sources\">")
        );
        assert!(
            answer
                .body
                .contains("name=\"name\" value=\"Billing &#60;events&#62;\"")
        );
        assert!(!answer.body.contains("not to be kept"));
    };
    holds(&answer);
    // In another tab.
    let other = site.signed_in("ada@example.com").await;
    let session = other.cookie("annals_session").expect("a session");
    browser.set_cookie("annals_session", session);
    let kept = &typed[..2];
    // The page still says which workspace the form was made in.
    let answer = browser.post("/sources", kept).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    holds(&answer);
    let csrf = format!("name=\"csrf\" value=\"{}\"", other.csrf);
    assert!(answer.body.contains(&csrf));
    let created = |log: Vec<store::Event>| {
        log[before..]
            .iter()
            .filter(|one| one.entry.action == "created")
            .count()
    };
    assert_eq!(created(site.log(team.organization).await), 0);
    let fields = [kept[0], kept[1], ("csrf", &*other.csrf)];
    let answer = browser.post_raw("/sources", &fields, &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(created(site.log(team.organization).await), 1);
    // What a transformation runs is kept, and a code that proves who somebody is is not.
    browser.set_cookie("annals_session", "annals_ses_over");
    let typed = [("name", "Mask"), ("code", "typed code")];
    let answer = browser.post("/transformations", &typed).await;
    assert!(
        answer.body.contains("name=\"code\" value=\"typed code\""),
        "{}",
        answer.body
    );
    let typed = [("name", "Ada"), ("code", "typed code")];
    let answer = browser.post("/profile/name", &typed).await;
    assert!(!answer.body.contains("typed code"), "{}", answer.body);
    // Where nothing was typed, there is nothing to keep.
    browser.set_cookie("annals_session", "annals_ses_over");
    let answer = browser.post("/sign-out", &[]).await;
    assert_eq!(answer.header("location"), "/sign-in");
}
