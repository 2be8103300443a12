//! The own account: second factors, passwords, addresses, sessions, as a person in a browser does it.

mod factors;
mod letters;
mod limits;

use axum::http::StatusCode;
use model::actor::{Actor, Origin};
use model::clock::{Clock, Micros};
use model::id::RequestId;
use model::interface::Interface;
use server::app::Config;
use server::mail::Mailer;
use server::request::Caller;
use store::{Letter, Upkeep, Way};

use crate::site::{Browser, Database, PASSWORD, Site, Team};
use crate::team::{NEW, actions, between};

/// Sets an app up; gives its seed and the recovery codes.
pub async fn set_up_app(site: &Site, browser: &mut Browser<'_>) -> (String, Vec<String>) {
    let page = browser.get("/profile/app").await;
    let seed = between(&page, "<code id=\"seed\" class=\"wrap\">", "<").replace(' ', "");
    assert!(page.body.contains("<svg class=\"qr\""));
    let again = browser.get("/profile/app").await;
    assert!(
        again
            .body
            .contains(&page.body[page.body.find("seed").expect("it")..][..40]),
        "the same seed"
    );
    let wrong = browser
        .post(
            "/profile/app",
            &[("code", "000000"), ("password", PASSWORD)],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let code = code(site, &seed);
    let wrong = browser
        .post(
            "/profile/app",
            &[("code", &code), ("password", "not the password")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = browser
        .post("/profile/app", &[("code", &code), ("password", PASSWORD)])
        .await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let codes: Vec<String> = done
        .body
        .split("<li><code>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    (seed, codes)
}

/// The code that an app shows now.
fn code(site: &Site, seed: &str) -> String {
    let totp = totp_rs::Builder::new()
        .with_secret(totp_rs::Secret::try_from_base32(seed).expect("a seed"))
        .build()
        .expect("an app");
    let seconds = site.clock.now().0 / Micros::SECOND;
    totp.generate(seconds.unsigned_abs()).to_string()
}

/// Signs in up to the second step.
async fn first_step<'s>(site: &'s Site, email: &str) -> Browser<'s> {
    let mut browser = site.browser();
    browser.get("/sign-in").await;
    let fields = [
        ("email", email),
        ("password", PASSWORD),
        ("next", "/sources"),
    ];
    let answer = browser.post("/sign-in", &fields).await;
    assert_eq!(answer.header("location"), "/sign-in/step?next=%2Fsources");
    assert!(
        answer.cookie("annals_session").is_none(),
        "not signed in yet"
    );
    assert_eq!(browser.get("/sources").await.status, StatusCode::SEE_OTHER);
    browser.get("/sign-in/step?next=%2Fsources").await;
    browser
}

/// Whoever asks, from an address.
fn from(site: &Site, address: &str) -> Caller {
    let store = &site.app.store;
    let request = RequestId::new(store.clock(), store.entropy());
    let origin = Origin {
        ip: Some(address.parse().expect("an address")),
        ..Origin::local(request, Interface::Dashboard)
    };
    Caller {
        actor: Actor::Anonymous,
        origin,
    }
}

#[tokio::test]
async fn the_own_account_is_changed_and_other_sessions_end() {
    let (site, team) = Site::ready().await;
    let mut here = site.signed_in("ada@example.com").await;
    let mut there = site.signed_in("ada@example.com").await;
    let mut third = site.signed_in("ada@example.com").await;
    here.get("/profile").await;
    let named = here
        .post("/profile/name", &[("name", "Augusta King")])
        .await;
    assert_eq!(named.status, StatusCode::SEE_OTHER);
    let page = here.get("/profile").await;
    assert!(page.body.contains("Augusta King"));
    let ends: Vec<&str> = page.body.split("/profile/sessions/").skip(2).collect();
    let id = ends[0].split('/').next().expect("an id");
    let ended = here.post(&format!("/profile/sessions/{id}/end"), &[]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER, "{}", ended.body);
    let open = [there.get("/sources").await, third.get("/sources").await];
    let signed_in = open
        .iter()
        .filter(|page| page.status == StatusCode::OK)
        .count();
    assert_eq!(signed_in, 1, "one of the two ended");

    here.get("/profile").await;
    for (old, new, status) in [
        ("wrong password", NEW, 409),
        (PASSWORD, "short", 422),
        (PASSWORD, NEW, 303),
    ] {
        let fields = [("password", old), ("new_password", new)];
        assert_eq!(
            here.post("/profile/password", &fields)
                .await
                .status
                .as_u16(),
            status
        );
    }
    for other in [&mut there, &mut third] {
        assert_eq!(other.get("/sources").await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(
        here.get("/sources").await.status,
        StatusCode::OK,
        "this one stays"
    );
    let said = actions(&site, team).await;
    for one in [
        "user.updated_name",
        "user.session_revoked",
        "user.changed_password",
    ] {
        assert!(said.iter().any(|action| action == one), "{one}");
    }
    let log = format!("{:?}", site.log(team.organization).await);
    assert!(!log.contains("argon2"), "no hash is recorded");
}

/// A server with a mail server that never takes anything: letters stay in the outbox, where the test reads them.
async fn with_mail() -> (Site, Team) {
    with_mail_on(Database::Sqlite).await
}

async fn with_mail_on(database: Database) -> (Site, Team) {
    let config = Config {
        public_url: Some("http://annals.test".to_owned()),
        ..Config::default()
    };
    let mut site = Site::new(database, config).await;
    let mailer = Mailer::new("smtp+plain://127.0.0.1:9", "annals@example.com", None);
    let app = site.app.clone().with_mailer(mailer.ok()).await;
    site.app = app.expect("kept");
    site.router = server::serve::router(&site.app);
    let team = site.set_up().await;
    (site, team)
}

/// The path of the link in the newest letter, and to whom it goes; after all that was put off is done.
async fn letter(site: &Site) -> Option<(String, String)> {
    links(site).await.pop()
}

/// The paths of the links in all letters, the newest last, and to whom they go.
async fn links(site: &Site) -> Vec<(String, String)> {
    site.app.store.upkeep(Upkeep::Expire).await.expect("done");
    let messages = site
        .app
        .read(|rx| rx.due_messages(Way::Mail, 100))
        .await
        .expect("read");
    let letters = messages.into_iter().filter_map(|one| one.letter);
    // What only tells of something has no link.
    let of_letter = |letter: Letter| {
        let (_, rest) = letter.text.split_once("http://annals.test")?;
        let path = rest.split_whitespace().next().unwrap_or_default();
        Some((letter.to, path.to_owned()))
    };
    letters.filter_map(of_letter).collect()
}

/// The subjects of the letters that only tell, and to whom they go; sorted.
pub async fn notices(site: &Site) -> Vec<String> {
    let messages = site.app.read(|rx| rx.due_messages(Way::Mail, 100)).await;
    let letters = messages
        .expect("read")
        .into_iter()
        .filter_map(|one| one.letter);
    let mut notices: Vec<String> = letters
        .filter(|letter| !letter.text.contains("http"))
        .map(|letter| format!("{}: {}", letter.to, letter.subject))
        .collect();
    notices.sort();
    notices
}

#[tokio::test]
async fn who_has_no_role_in_any_workspace_still_has_an_account() {
    let (site, team) = with_mail().await;
    site.member(team, "grace@example.com", None).await;
    let mut grace = site.browser();
    grace.get("/sign-in").await;
    let fields = [
        ("email", "grace@example.com"),
        ("password", PASSWORD),
        ("next", "/"),
    ];
    grace.post("/sign-in", &fields).await;
    let closed = grace.get("/sources").await;
    assert_eq!(closed.status, StatusCode::FORBIDDEN);
    assert!(closed.body.contains("href=\"/profile\""), "{}", closed.body);
    let page = grace.get("/profile").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("No workspace is open to you."));

    let renamed = grace
        .post("/profile/name", &[("name", "Grace Hopper")])
        .await;
    assert_eq!(renamed.header("location"), "/profile", "{}", renamed.body);
    let page = grace.get("/profile").await;
    assert!(page.body.contains("Grace Hopper") && page.body.contains("Saved."));
    let weak = [("password", PASSWORD), ("new_password", "password1234")];
    let answer = grace.post("/profile/password", &weak).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("many people use"), "{}", answer.body);
    let good = [("password", PASSWORD), ("new_password", NEW)];
    assert_eq!(
        grace.post("/profile/password", &good).await.status,
        StatusCode::SEE_OTHER
    );
    grace.get("/profile").await;
    let fields = [("email", "hopper@example.com"), ("password", NEW)];
    let answer = grace.post("/profile/email", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let ended = grace.post("/profile/sessions/end", &[]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    grace.get("/profile").await;
    let out = grace.post("/sign-out", &[]).await;
    assert_eq!(out.header("location"), "/sign-in");
    assert_eq!(grace.get("/profile").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_leaves_says_which_organization() {
    let (site, team) = Site::ready().await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/profile").await;
    let before = site.log(team.organization).await.len();
    for other in ["2CHj1PJ61lv1NPyQtCiFi2KVX2y", "", "no id"] {
        let fields = [("confirm", "Analytical Engines"), ("organization", other)];
        let answer = ada.post("/profile/leave", &fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{other}");
    }
    assert_eq!(site.log(team.organization).await.len(), before);
}
