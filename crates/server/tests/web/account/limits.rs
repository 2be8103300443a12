//! How often may be tried.

use axum::http::StatusCode;
use model::clock::Micros;
use model::role::WorkspaceRole;
use server::auth::limits;

use super::{code, first_step, from, letter, links, set_up_app, with_mail};
use crate::site::{Browser, Database, PASSWORD, Site};
use crate::team::{NEW, actions, between, ready};

#[tokio::test]
async fn sign_ins_are_limited_for_one_address_and_account_alike_for_who_does_not_exist() {
    let (site, team) = Site::ready().await;
    for email in ["ada@example.com", "nobody@example.com"] {
        let mut browser = site.browser();
        browser.get("/sign-in").await;
        let fields = [("email", email), ("password", "not the password")];
        let mut said = Vec::new();
        for _ in 0..12 {
            said.push(browser.post("/sign-in", &fields).await.status.as_u16());
        }
        assert_eq!(said, [[401; 10].as_slice(), &[429; 2]].concat(), "{email}");
        // The right password does not get in either, until the time is over.
        let right = [("email", email), ("password", PASSWORD)];
        let answer = browser.post("/sign-in", &right).await;
        assert_eq!(answer.status.as_u16(), 429);
        assert_eq!(answer.header("retry-after"), "900");
        let others = answer.header("ratelimit-remaining");
        assert_eq!(others, "", "that of all requests says nothing here");
    }
    site.clock.advance(901 * Micros::SECOND);
    site.signed_in("ada@example.com").await;
    let failed = actions(&site, team).await;
    assert!(failed.iter().any(|one| one == "user.sign_in_failed"));
}

#[tokio::test]
async fn the_addresses_of_one_host_count_as_one() {
    let (site, _) = Site::ready().await;
    let may = async |address: &str| {
        let caller = from(&site, address);
        let tried = limits::may_try(&site.app, "sign-in", "ada@example.com", &caller).await;
        tried.expect("counted")
    };
    for number in 0..10 {
        assert!(may(&format!("2001:db8:2:2::{number}")).await);
    }
    assert!(!may("2001:db8:2:2:9::1").await, "one more of the same /64");
    assert!(may("2001:db8:2:3::1").await, "another one");
}

async fn what_succeeds_uses_up_nothing(database: Database) {
    let (site, _) = ready(database).await;
    let tried = async |email: &str, address: &str| {
        let caller = from(&site, address);
        let tried = limits::may_try(&site.app, "sign-in", email, &caller).await;
        tried.expect("counted")
    };
    let signed_in = async |email: &str, address: &str| {
        let may = tried(email, address).await;
        let caller = from(&site, address);
        let done = limits::succeeded(&site.app, "sign-in", email, &caller).await;
        done.expect("counted");
        may
    };
    // Many people behind one address, and one person behind many.
    for number in 0..150 {
        let email = format!("person.{number}@example.com");
        assert!(signed_in(&email, "192.0.2.1").await, "{number}");
        let address = format!("198.51.100.{number}");
        assert!(signed_in("ada@example.com", &address).await, "{number}");
    }
    // Who signs in gets that one try back, and none of those with others' addresses.
    for number in 0..99 {
        assert!(tried(&format!("guessed.{number}@example.com"), "203.0.113.9").await);
    }
    assert!(signed_in("eve@example.com", "203.0.113.9").await);
    assert!(tried("guessed.99@example.com", "203.0.113.9").await);
    assert!(!tried("guessed.100@example.com", "203.0.113.9").await);
    assert!(!signed_in("eve@example.com", "203.0.113.9").await);
    assert!(!tried("guessed.101@example.com", "203.0.113.9").await);

    // So it is with passkeys.
    for number in 0..150 {
        let caller = from(&site, "192.0.2.7");
        let wait = limits::wait_to_ask(&site.app, "passkey", &caller).await;
        assert_eq!(wait.expect("counted"), None, "{number}");
        let done = limits::answered(&site.app, "passkey", &caller).await;
        done.expect("counted");
    }
}

#[tokio::test]
async fn signing_in_uses_up_no_tries_of_the_account_or_the_address_on_sqlite() {
    what_succeeds_uses_up_nothing(Database::Sqlite).await;
}

#[tokio::test]
async fn signing_in_uses_up_no_tries_of_the_account_or_the_address_on_postgresql() {
    what_succeeds_uses_up_nothing(Database::Postgres).await;
}

#[tokio::test]
async fn another_password_lets_in_who_was_kept_out_by_the_tries_of_others() {
    let (site, _) = with_mail().await;
    let (user, _) = site
        .app
        .read(|rx| rx.user_by_email("ada@example.com"))
        .await
        .expect("read")
        .expect("her");
    let may = async |address: &str| {
        let caller = from(&site, address);
        let tried = limits::may_try(&site.app, "sign-in", "ada@example.com", &caller).await;
        let stepped = limits::wait_to_step(&site.app, user.id, &caller).await;
        (tried.expect("counted"), stepped.expect("counted").is_none())
    };
    for number in 0..100 {
        may(&format!("192.0.2.{number}")).await;
    }
    assert_eq!(may("198.51.100.7").await, (false, false));
    let mut browser = site.browser();
    browser.get("/forgot").await;
    browser
        .post("/forgot", &[("email", "ada@example.com")])
        .await;
    let (_, link) = letter(&site).await.expect("a letter");
    assert_eq!(browser.get(&link).await.header("location"), "/reset");
    browser.get("/reset").await;
    let done = browser.post("/reset", &[("password", NEW)]).await;
    assert_eq!(done.header("location"), "/sign-in", "{}", done.body);
    assert_eq!(may("198.51.100.8").await, (true, true));
}

#[tokio::test]
async fn a_password_that_looks_like_a_recovery_code_is_the_password() {
    const MADE: &str = "kX9vq2LmW7pZ";
    let (site, _) = Site::ready().await;
    let mut ada = site.signed_in("ada@example.com").await;
    set_up_app(&site, &mut ada).await;
    ada.get("/profile").await;
    let fields = [("password", PASSWORD), ("new_password", MADE)];
    let changed = ada.post("/profile/password", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.body);
    let page = ada.get("/profile").await;
    let id = between(&page, "/profile/factors/", "/remove");
    let remove = format!("/profile/factors/{id}/remove");
    for (proof, status) in [("kX9vq2LmW7pA", 409), (MADE, 303)] {
        let answer = ada.post(&remove, &[("proof", proof)]).await;
        assert_eq!(answer.status.as_u16(), status, "{proof}: {}", answer.body);
    }
}

#[tokio::test]
async fn codes_are_limited_as_well() {
    let (site, _) = Site::ready().await;
    let mut ada = site.signed_in("ada@example.com").await;
    let (seed, _) = set_up_app(&site, &mut ada).await;
    site.clock.advance(60 * Micros::SECOND);
    let mut browser = first_step(&site, "ada@example.com").await;
    for _ in 0..10 {
        let answer = browser.post("/sign-in/step", &[("code", "000000")]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let right = code(&site, &seed);
    let answer = browser.post("/sign-in/step", &[("code", &right)]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    // Who only knows the password keeps nobody from changing that, and not from proving it in a session.
    let new = [
        ("password", PASSWORD),
        ("new_password", "another difference engine"),
    ];
    let changed = ada.post("/profile/password", &new).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.body);
}

#[tokio::test]
async fn letters_to_confirm_an_address_are_limited_for_the_person_and_the_address() {
    let (site, team) = with_mail().await;
    site.member(team, "grace@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/profile").await;
    let ask = async |browser: &mut Browser<'_>, email: &str| {
        let fields = [("email", email), ("password", PASSWORD)];
        browser.post("/profile/email", &fields).await
    };
    for number in 0..5 {
        let email = format!("ada.{number}@example.com");
        assert_eq!(ask(&mut ada, &email).await.status, StatusCode::OK);
    }
    let sent = links(&site).await.len();
    let refused = ask(&mut ada, "ada.5@example.com").await;
    assert_eq!(
        refused.status,
        StatusCode::TOO_MANY_REQUESTS,
        "{}",
        refused.body
    );
    assert_eq!(refused.header("retry-after"), "3600");
    assert_eq!(links(&site).await.len(), sent);
    // Another person is not concerned, unless it is the same mailbox that gets the letters.
    let mut grace = site.signed_in("grace@example.com").await;
    grace.get("/profile").await;
    for number in 0..4 {
        assert_eq!(
            ask(&mut grace, "ada.0@example.com").await.status,
            StatusCode::OK,
            "{number}"
        );
    }
    let refused = ask(&mut grace, "Ada.0@example.com").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    site.clock.advance(3601 * Micros::SECOND);
    ada.get("/profile").await;
    assert_eq!(
        ask(&mut ada, "ada.5@example.com").await.status,
        StatusCode::OK
    );
}
