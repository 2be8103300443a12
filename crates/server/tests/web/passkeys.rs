//! Passkeys, with an authenticator that can lie.

use axum::http::StatusCode;
use model::clock::Micros;
use model::role::WorkspaceRole;
use model::things::FactorKind;
use serde_json::Value;
use server::actions::factor::Proof;
use server::actions::factor::remove::RemoveFactor;
use server::app::Config;
use store::Event;

use crate::authenticator::Passkey;
use crate::site::{Answer, Browser, Database, PASSWORD, Site, Team};
use crate::team::{actions, between};

const ADA: &str = "ada@example.com";
const SESSION: &str = "__Host-annals_session";

async fn ready(database: Database) -> (Site, Team) {
    let config = Config {
        public_url: Some("https://annals.test".to_owned()),
        ..Config::default()
    };
    let site = Site::new(database, config).await;
    let team = site.set_up().await;
    (site, team)
}

async fn options(browser: &mut Browser<'_>, path: &str, fields: &[(&str, &str)]) -> Value {
    let answer = browser.post(path, fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

async fn options_to_add(browser: &mut Browser<'_>, name: &str) -> Value {
    browser.get("/profile/passkeys/new").await;
    let fields = [("name", name), ("password", PASSWORD)];
    options(browser, "/profile/passkeys/options", &fields).await
}

/// Adds a passkey; gives it with the answer.
async fn add(browser: &mut Browser<'_>, name: &str) -> (Passkey, Answer) {
    let options = options_to_add(browser, name).await;
    let mut passkey = Passkey::new(&format!("credential of {name}"));
    let credential = passkey.create(&options);
    let fields = [("credential", credential.as_str())];
    let answer = browser.post("/profile/passkeys", &fields).await;
    (passkey, answer)
}

/// What a browser is asked to sign that is not signed in.
async fn asked(browser: &mut Browser<'_>) -> Value {
    browser.get("/sign-in").await;
    options(browser, "/sign-in/passkey/options", &[]).await
}

async fn send(browser: &mut Browser<'_>, credential: &str) -> Answer {
    let fields = [("credential", credential), ("next", "/sources")];
    browser.post("/sign-in/passkey", &fields).await
}

/// The password was right: a browser at the second step.
async fn first_step<'s>(site: &'s Site, email: &str) -> Browser<'s> {
    let mut browser = site.browser();
    browser.get("/sign-in").await;
    let fields = [("email", email), ("password", PASSWORD)];
    let answer = browser.post("/sign-in", &fields).await;
    assert!(answer.header("location").starts_with("/sign-in/step"));
    browser
}

fn of(log: &[Event], action: &str) -> Vec<Event> {
    let all = log.iter().filter(|event| event.entry.action == action);
    all.cloned().collect()
}

/// What an event says that a session began with.
fn with(event: &Event) -> String {
    format!("{:?}", event.changes)
}

async fn renamed(database: Database) {
    let (site, team) = ready(database).await;
    let mut ada = site.signed_in(ADA).await;
    let (mut laptop, _) = add(&mut ada, "Laptop").await;
    let page = ada.get("/profile").await;
    let path = format!(
        "/profile/passkeys/{}/rename",
        between(&page, "/profile/passkeys/", "/rename")
            .rsplit('/')
            .next()
            .expect("an id")
    );
    let answer = ada.post(&path, &[("name", " Blue key ")]).await;
    assert_eq!(answer.header("location"), "/profile", "{}", answer.body);
    let page = ada.get("/profile").await;
    assert!(page.body.contains("Passkey: Blue key"), "{}", page.body);
    assert!(!page.body.contains("Laptop"));
    // Nothing changes: no event.
    ada.post(&path, &[("name", "Blue key")]).await;
    let empty = ada.post(&path, &[("name", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.body.contains("The passkey was not renamed"));
    // Nobody finds the passkey of another person.
    site.member(team, "grace@example.com", Some(WorkspaceRole::Admin))
        .await;
    let mut grace = site.signed_in("grace@example.com").await;
    grace.get("/profile").await;
    let refused = grace.post(&path, &[("name", "Mine")]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);

    let log = site.log(team.organization).await;
    let [event] = &of(&log, "passkey_renamed")[..] else {
        panic!("one event: {log:?}");
    };
    assert_eq!(event.target_name.as_deref(), Some("Ada Lovelace"));
    let told = with(event);
    assert!(
        told.contains("Laptop") && told.contains("Blue key") && event.changes.len() == 1,
        "{told}"
    );
    // It signs in as before.
    let mut browser = site.browser();
    let credential = laptop.get(&asked(&mut browser).await);
    let answer = send(&mut browser, &credential).await;
    assert_eq!(answer.header("location"), "/sources", "{}", answer.body);
}

#[tokio::test]
async fn a_passkey_gets_another_name_and_signs_in_as_before_on_sqlite() {
    renamed(Database::Sqlite).await;
}

#[tokio::test]
async fn a_passkey_gets_another_name_and_signs_in_as_before_on_postgresql() {
    renamed(Database::Postgres).await;
}

async fn a_passkey(database: Database) {
    let (site, team) = ready(database).await;
    let mut ada = site.signed_in(ADA).await;
    let mut elsewhere = site.signed_in(ADA).await;
    let page = ada.get("/profile").await;
    assert!(page.body.contains("Add a passkey"));

    // The password first.
    ada.get("/profile/passkeys/new").await;
    let fields = [("name", "Laptop"), ("password", "not the password")];
    let wrong = ada.post("/profile/passkeys/options", &fields).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.body.contains("\"field\":\"password\""),
        "{}",
        wrong.body
    );

    let options = options_to_add(&mut ada, "Laptop").await;
    assert_eq!(options["rp"]["id"], "annals.test");
    let selection = &options["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "required");
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(options["attestation"], "none");
    let mut laptop = Passkey::new("credential of the laptop");
    let credential = laptop.create(&options);
    let codes = ada
        .post("/profile/passkeys", &[("credential", &credential)])
        .await;
    assert_eq!(codes.status, StatusCode::OK, "{}", codes.body);
    assert!(codes.body.contains("Your recovery codes"));
    assert_eq!(
        elsewhere.get("/sources").await.status,
        StatusCode::SEE_OTHER,
        "a session that began without the factor has ended"
    );
    let page = ada.get("/profile").await;
    assert!(page.body.contains("Passkey: Laptop"));
    let said = "Removing it is recorded as Passkey Removed and Disabled MFA.";
    assert!(page.body.contains(said), "{}", page.body);
    assert!(page.body.contains("not used yet"));

    // Alone, it is both factors.
    let mut browser = site.browser();
    browser.set_cookie(SESSION, "annals_ses_chosen-by-someone-else");
    let options = asked(&mut browser).await;
    assert_eq!(options["allowCredentials"], Value::Array(Vec::new()));
    assert_eq!(options["userVerification"], "required");
    let credential = laptop.get(&options);
    let answer = send(&mut browser, &credential).await;
    assert_eq!(answer.header("location"), "/sources", "{}", answer.body);
    assert_eq!(browser.get("/sources").await.status, StatusCode::OK);
    assert_ne!(
        browser.cookie(SESSION),
        Some("annals_ses_chosen-by-someone-else")
    );

    // After the password, it is the second one.
    let mut browser = first_step(&site, ADA).await;
    let page = browser.get("/sign-in/step").await;
    assert!(page.body.contains("Use your passkey"));
    let options = self::options(&mut browser, "/sign-in/step/options", &[]).await;
    assert_eq!(
        options["allowCredentials"].as_array().map(Vec::len),
        Some(1)
    );
    let credential = laptop.get(&options);
    let fields = [("credential", credential.as_str()), ("next", "/sources")];
    let answer = browser.post("/sign-in/step", &fields).await;
    assert_eq!(answer.header("location"), "/sources", "{}", answer.body);
    let page = browser.get("/profile").await;
    assert!(!page.body.contains("not used yet"));

    // A second one, which the first does not become again; then both go.
    let options = options_to_add(&mut browser, "Key").await;
    assert_eq!(
        options["excludeCredentials"].as_array().map(Vec::len),
        Some(1)
    );
    let again = laptop.create(&options);
    let known = browser
        .post("/profile/passkeys", &[("credential", &again)])
        .await;
    assert_eq!(known.status, StatusCode::CONFLICT, "{}", known.body);
    let (_, added) = add(&mut browser, "Key").await;
    assert_eq!(added.header("location"), "/profile", "{}", added.body);
    for proof in ["wrong", PASSWORD, PASSWORD] {
        let page = browser.get("/profile").await;
        let id = between(&page, "/profile/factors/", "/").to_owned();
        let path = format!("/profile/factors/{id}/remove");
        let answer = browser.post(&path, &[("proof", proof)]).await;
        let expected = if proof == PASSWORD {
            StatusCode::SEE_OTHER
        } else {
            StatusCode::CONFLICT
        };
        assert_eq!(answer.status, expected, "{}", answer.body);
    }
    site.signed_in(ADA).await;
    let mut browser = site.browser();
    let credential = laptop.get(&asked(&mut browser).await);
    let gone = send(&mut browser, &credential).await;
    assert_eq!(gone.status, StatusCode::UNAUTHORIZED);
    assert!(gone.body.contains("not known here"));

    let log = site.log(team.organization).await;
    let outcomes = |action| {
        let all = of(&log, action);
        all.iter()
            .map(|one| one.entry.outcome.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        outcomes("passkey_added"),
        ["failed", "success", "failed", "success"]
    );
    assert_eq!(outcomes("enabled_mfa"), ["success"], "with the first");
    assert_eq!(outcomes("passkey_removed"), ["success", "success"]);
    assert_eq!(
        outcomes("disabled_mfa"),
        ["failed", "success"],
        "refused once, and with the last"
    );
    assert_eq!(outcomes("recovery_codes_regenerated"), ["success"]);
    let how: Vec<String> = of(&log, "signed_in").iter().map(with).collect();
    assert!(how[0].contains("\"password\""), "{how:?}");
    assert!(how[2].contains("\"passkey\""), "{how:?}");
    assert!(how[3].contains("\"password, passkey\""), "{how:?}");
    let all = format!("{log:?}");
    assert!(!all.contains("credential of") && all.contains("Laptop"));
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_after_the_password_until_it_is_removed_on_sqlite() {
    a_passkey(Database::Sqlite).await;
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_after_the_password_until_it_is_removed_on_postgresql() {
    a_passkey(Database::Postgres).await;
}

/// What a passkey, or the page that asks it, does not say as it is.
type Lie = fn(&mut Passkey, &mut Value);

async fn lies(database: Database) {
    let (site, team) = ready(database).await;
    let mut ada = site.signed_in(ADA).await;
    let (mut passkey, added) = add(&mut ada, "Laptop").await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.body);

    // The same answer opens nothing a second time.
    let mut browser = site.browser();
    let credential = passkey.get(&asked(&mut browser).await);
    let cookies = browser.cookies.clone();
    assert_eq!(
        send(&mut browser, &credential).await.status,
        StatusCode::SEE_OTHER
    );
    let mut thief = site.browser();
    thief.cookies.clone_from(&cookies);
    thief.set_cookie(SESSION, "");
    thief.csrf.clone_from(&browser.csrf);
    thief.get("/sign-in").await;
    assert_eq!(
        send(&mut thief, &credential).await.status,
        StatusCode::UNAUTHORIZED,
        "replayed"
    );

    // What was asked is good once, also when the answer was wrong.
    let mut browser = site.browser();
    let question = asked(&mut browser).await;
    passkey.verifies = false;
    let unverified = passkey.get(&question);
    assert_eq!(
        send(&mut browser, &unverified).await.status,
        StatusCode::UNAUTHORIZED,
        "the person was not verified"
    );
    passkey.verifies = true;
    let right = passkey.get(&question);
    assert_eq!(
        send(&mut browser, &right).await.status,
        StatusCode::UNAUTHORIZED,
        "asked once, answered once"
    );

    let cases: [(&str, Lie); 6] = [
        ("another site", |passkey, _| {
            "https://evil.test".clone_into(&mut passkey.origin);
        }),
        ("without TLS", |passkey, _| {
            "http://annals.test".clone_into(&mut passkey.origin);
        }),
        ("a host below", |passkey, _| {
            "https://evil.annals.test".clone_into(&mut passkey.origin);
        }),
        ("signed for another host", |passkey, _| {
            "evil.test".clone_into(&mut passkey.host);
        }),
        ("another challenge", |_, asked| {
            asked["challenge"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
        }),
        ("another person", |passkey, _| {
            "M0ZRdEZhYzE".clone_into(&mut passkey.handle);
        }),
    ];
    for (what, lie) in cases {
        let (origin, host, handle) = (
            passkey.origin.clone(),
            passkey.host.clone(),
            passkey.handle.clone(),
        );
        let mut browser = site.browser();
        let mut question = asked(&mut browser).await;
        lie(&mut passkey, &mut question);
        let credential = passkey.get(&question);
        let answer = send(&mut browser, &credential).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(
            browser.get("/sources").await.status,
            StatusCode::SEE_OTHER,
            "{what}"
        );
        (passkey.origin, passkey.host, passkey.handle) = (origin, host, handle);
    }
    for nonsense in ["", "{}", "[", "null"] {
        let mut browser = site.browser();
        asked(&mut browser).await;
        let answer = send(&mut browser, nonsense).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{nonsense}");
    }

    // Too late.
    let mut browser = site.browser();
    let credential = passkey.get(&asked(&mut browser).await);
    site.clock.advance(301 * Micros::SECOND);
    assert_eq!(
        send(&mut browser, &credential).await.status,
        StatusCode::UNAUTHORIZED
    );

    // It still signs in; and a copy of it, whose counter is behind, does not.
    let mut browser = site.browser();
    let credential = passkey.get(&asked(&mut browser).await);
    assert_eq!(
        send(&mut browser, &credential).await.status,
        StatusCode::SEE_OTHER
    );
    passkey.counter -= 2;
    let mut browser = site.browser();
    let credential = passkey.get(&asked(&mut browser).await);
    let copied = send(&mut browser, &credential).await;
    assert_eq!(copied.status, StatusCode::UNAUTHORIZED);
    assert!(copied.body.contains("may be a copy of it"));

    let log = site.log(team.organization).await;
    let codes: Vec<String> = of(&log, "sign_in_failed")
        .iter()
        .filter_map(|event| event.entry.code.clone())
        .collect();
    assert!(
        codes.iter().any(|code| code == "wrong_passkey"),
        "{codes:?}"
    );
    assert!(
        codes.iter().any(|code| code == "passkey_copied"),
        "{codes:?}"
    );
}

#[tokio::test]
async fn a_passkey_that_lies_opens_nothing_on_sqlite() {
    lies(Database::Sqlite).await;
}

#[tokio::test]
async fn a_passkey_that_lies_opens_nothing_on_postgresql() {
    lies(Database::Postgres).await;
}

#[tokio::test]
async fn a_passkey_is_nobodys_but_its_owners() {
    let (site, team) = ready(Database::Sqlite).await;
    let grace = "grace@example.com";
    site.member(team, grace, Some(WorkspaceRole::Editor)).await;
    let mut ada = site.signed_in(ADA).await;
    let (mut of_ada, _) = add(&mut ada, "Laptop").await;
    let mut other = site.signed_in(grace).await;
    let (mut of_grace, added) = add(&mut other, "Key").await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.body);

    // Ada's passkey is no second step of Grace, nor does what was asked of one browser answer another.
    let mut browser = first_step(&site, grace).await;
    browser.get("/sign-in/step").await;
    let question = options(&mut browser, "/sign-in/step/options", &[]).await;
    let credential = of_ada.get(&question);
    let answer = browser
        .post("/sign-in/step", &[("credential", &credential)])
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);

    // What was asked of anyone is no second step either.
    let mut browser = first_step(&site, grace).await;
    browser.get("/sign-in/step").await;
    let question = options(&mut browser, "/sign-in/passkey/options", &[]).await;
    let credential = of_grace.get(&question);
    let answer = browser
        .post("/sign-in/step", &[("credential", &credential)])
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);

    // Nor is what Grace is asked to sign in with an answer to what a new passkey is to sign.
    let mut page = site.browser();
    let question = asked(&mut page).await;
    let credential = of_grace.get(&question);
    let answer = page
        .post("/sign-in/passkey", &[("credential", &credential)])
        .await;
    assert_eq!(answer.header("location"), "/");
    page.get("/profile/passkeys/new").await;
    let late = page
        .post("/profile/passkeys", &[("credential", &credential)])
        .await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);

    // The right one, in the second step, after all that.
    let mut browser = first_step(&site, grace).await;
    browser.get("/sign-in/step").await;
    let question = options(&mut browser, "/sign-in/step/options", &[]).await;
    let credential = of_grace.get(&question);
    let step = browser.cookies.clone();
    let answer = browser
        .post("/sign-in/step", &[("credential", &credential)])
        .await;
    assert_eq!(answer.header("location"), "/", "{}", answer.body);

    // The first step is answered: its secret leads nowhere any more.
    let mut again = site.browser();
    again.cookies = step;
    let page = again.get("/sign-in/step").await;
    assert_eq!(page.header("location"), "/sign-in");
}

#[tokio::test]
async fn a_passkey_is_the_second_factor_that_an_organization_requires() {
    let (site, team) = ready(Database::Sqlite).await;
    let grace = "grace@example.com";
    site.member(team, grace, Some(WorkspaceRole::Editor)).await;
    let mut ada = site.signed_in(ADA).await;
    add(&mut ada, "Laptop").await;
    ada.get("/settings/tokens").await;
    let require = [("rule", "mfa"), ("requires_mfa", "true")];
    let done = ada.post("/settings/organization", &require).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);

    let mut grace = site.browser();
    grace.get("/sign-in").await;
    let fields = [("email", "grace@example.com"), ("password", PASSWORD)];
    grace.post("/sign-in", &fields).await;
    assert_eq!(
        grace.get("/sources").await.header("location"),
        "/profile/app"
    );
    let page = grace.get("/profile/app").await;
    assert!(page.body.contains("/profile/passkeys/new"));
    let page = grace.get("/profile/passkeys/new").await;
    assert!(page.body.contains("requires a second factor"));
    add(&mut grace, "Phone").await;
    assert_eq!(grace.get("/sources").await.status, StatusCode::OK);

    // The command line takes every kind away, also where one is required.
    let (user, factors) = site
        .app
        .read(|rx| {
            let found = rx.user_by_email("grace@example.com")?;
            let user = found.expect("a member").0.id;
            Ok((user, rx.factors(user)?))
        })
        .await
        .expect("read");
    assert_eq!(factors[0].kind, FactorKind::Passkey);
    site.perform(RemoveFactor {
        user,
        id: factors[0].id,
        proof: Proof::Password(None),
    })
    .await;
    assert_eq!(
        grace.get("/sources").await.header("location"),
        "/profile/app"
    );
    let said = actions(&site, team).await;
    assert_eq!(
        said[said.len() - 2..],
        ["user.passkey_removed", "user.disabled_mfa"]
    );
}

#[tokio::test]
async fn where_browsers_have_no_passkeys_the_page_says_so() {
    let none = [
        (
            Some("http://annals.test"),
            "annals.test",
            "only where there is TLS",
        ),
        (None, "annals.test", "only at http://localhost."),
        (None, "127.0.0.1:8080", "only at http://localhost:8080."),
    ];
    for (public, host, words) in none {
        let config = Config {
            public_url: public.map(str::to_owned),
            ..Config::default()
        };
        let site = Site::new(Database::Sqlite, config).await;
        site.set_up().await;
        let mut ada = site.signed_in(ADA).await;
        ada.host = host;
        let page = ada.get("/profile/passkeys/new").await;
        assert!(page.body.contains(words), "{host}: {}", page.body);
        assert!(!page.body.contains("data-passkey"), "{host}");
        let mut browser = site.browser();
        browser.host = host;
        let page = browser.get("/sign-in").await;
        assert!(!page.body.contains("passkey"), "{host}");
    }
    let (site, _) = Site::ready().await;
    let mut ada = site.signed_in(ADA).await;
    ada.host = "localhost:8080";
    let question = options_to_add(&mut ada, "Laptop").await;
    assert_eq!(question["rp"]["id"], "localhost");
    let mut passkey = Passkey::new("local");
    passkey.host = "localhost".to_owned();
    passkey.origin = "http://localhost:8080".to_owned();
    let credential = passkey.create(&question);
    let added = ada
        .post("/profile/passkeys", &[("credential", &credential)])
        .await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.body);
}
