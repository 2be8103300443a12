//! Codes by text message, up to the outbox; what leaves it is shown in the command line's tests, with a gateway.

use axum::http::StatusCode;
use model::actor::{Actor, System};
use model::clock::Micros;
use server::actions::factor::Proof;
use server::actions::factor::remove::RemoveFactor;
use server::actions::privacy::erase_person::ErasePerson;
use server::app::Config;
use server::mail::Mailer;
use server::sms::{Settings, Texter};
use store::{Letter, Upkeep, Way};

use crate::account::notices;
use crate::site::{Answer, Browser, Database, PASSWORD, Site, Team};
use crate::team::{actions, between};

const ADA: &str = "ada@example.com";
const NUMBER: &str = "+447400123456";
const MASKED: &str = "+44 ••••••••56";

async fn ready(database: Database) -> (Site, Team) {
    let mut site = Site::new(database, Config::default()).await;
    let team = site.set_up().await;
    let settings = Settings {
        url: Some("http://127.0.0.1:9/send".to_owned()),
        ..Settings::default()
    };
    let texter = Texter::new(&settings, None).expect("settings");
    let mailer = Mailer::new("smtp+plain://127.0.0.1:9", "annals@example.com", None);
    let app = site.app.clone().with_texter(texter);
    site.app = app.with_mailer(mailer.ok()).await.expect("kept");
    site.router = server::serve::router(&site.app);
    (site, team)
}

/// The messages that wait; taken, as if they had left.
async fn messages(site: &Site) -> Vec<Letter> {
    let due = site.app.read(|rx| rx.due_messages(Way::Sms, 100)).await;
    let mut letters = Vec::new();
    for message in due.expect("read") {
        letters.extend(message.letter);
        let taken = site.app.store.upkeep(Upkeep::ClaimMessage(message.id));
        assert_eq!(taken.await.expect("taken"), 1);
        let left = site.app.store.upkeep(Upkeep::Delivered(message.id));
        assert_eq!(left.await.expect("left"), 1);
    }
    letters
}

/// The code of the one message that waits.
async fn code(site: &Site, to: &str) -> String {
    let letters = messages(site).await;
    assert_eq!(letters.len(), 1, "one message");
    assert_eq!(letters[0].to, to);
    letters[0].text[..6].to_owned()
}

async fn send(browser: &mut Browser<'_>, number: &str) -> Answer {
    browser.get("/profile/phone").await;
    let fields = [("number", number), ("password", PASSWORD)];
    browser.post("/profile/phone", &fields).await
}

async fn add(site: &Site, browser: &mut Browser<'_>) -> Answer {
    let sent = send(browser, NUMBER).await;
    assert_eq!(sent.header("location"), "/profile/phone/confirm");
    let code = code(site, NUMBER).await;
    browser
        .post("/profile/phone/confirm", &[("code", &code)])
        .await
}

/// The password was right: a browser at the second step, to which a code was sent.
async fn at_the_step<'s>(site: &'s Site, number: &str) -> (Browser<'s>, String) {
    let mut browser = site.browser();
    browser.get("/sign-in").await;
    let fields = [("email", ADA), ("password", PASSWORD)];
    let answer = browser.post("/sign-in", &fields).await;
    assert!(answer.header("location").starts_with("/sign-in/step"));
    browser.get("/sign-in/step").await;
    let sent = browser
        .post("/sign-in/step/text", &[("next", "/sources")])
        .await;
    assert_eq!(sent.header("location"), "/sign-in/step?next=%2Fsources");
    let code = code(site, number).await;
    (browser, code)
}

async fn step(browser: &mut Browser<'_>, code: &str) -> StatusCode {
    let fields = [("code", code), ("next", "/sources")];
    browser.post("/sign-in/step", &fields).await.status
}

async fn a_phone(database: Database) {
    let (site, team) = ready(database).await;
    let mut ada = site.signed_in(ADA).await;
    for (number, password, words) in [
        ("07400 123456", PASSWORD, "Begin with + and the country"),
        ("+44 9098 790123", PASSWORD, "not a number that text"),
        (NUMBER, "not the password", "The password is wrong"),
    ] {
        ada.get("/profile/phone").await;
        let fields = [("number", number), ("password", password)];
        let wrong = ada.post("/profile/phone", &fields).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains(words), "{words}: {}", wrong.body);
    }
    assert!(messages(&site).await.is_empty());

    // The number is confirmed by the code that went to it, typed as people do.
    let sent = send(&mut ada, "+44 (0)7400-123456").await;
    assert_eq!(sent.header("location"), "/profile/phone/confirm");
    let page = ada.get("/profile/phone/confirm").await;
    assert!(page.body.contains(MASKED) && page.body.contains("on its way"));
    let right = code(&site, NUMBER).await;
    let page = ada.get("/profile/phone/confirm").await;
    assert!(page.body.contains("A code was sent"), "{}", page.body);
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    let answer = ada.post("/profile/phone/confirm", &[("code", wrong)]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let typed = format!(" {} {} ", &right[..3], &right[3..]);
    let codes = ada
        .post("/profile/phone/confirm", &[("code", &typed)])
        .await;
    assert!(codes.body.contains("Your recovery codes"), "{}", codes.body);
    let page = ada.get("/profile").await;
    assert!(page.body.contains(MASKED) && !page.body.contains(NUMBER));

    // It is the second step; a code is good once, in the browser for which it was sent, and for ten minutes.
    let (mut browser, right) = at_the_step(&site, NUMBER).await;
    let page = browser.get("/sign-in/step").await;
    assert!(
        page.body.contains("A code was sent to +44"),
        "{}",
        page.body
    );
    let mut thief = site.browser();
    thief.get("/sign-in").await;
    thief
        .post("/sign-in", &[("email", ADA), ("password", PASSWORD)])
        .await;
    thief.get("/sign-in/step").await;
    assert_eq!(step(&mut thief, &right).await, StatusCode::UNAUTHORIZED);
    let stolen = browser.cookie("annals_code").expect("a cookie").to_owned();
    browser.set_cookie("annals_session", "annals_ses_chosen-by-someone-else");
    assert_eq!(step(&mut browser, &right).await, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/sources").await.status, StatusCode::OK);
    assert_ne!(
        browser.cookie("annals_session"),
        Some("annals_ses_chosen-by-someone-else")
    );
    thief.set_cookie("annals_code", &stolen);
    assert_eq!(step(&mut thief, &right).await, StatusCode::UNAUTHORIZED);
    let (mut late, right) = at_the_step(&site, NUMBER).await;
    site.clock.advance(599 * Micros::SECOND);
    // The first step has run out at the same time; it is begun again with the same code at hand.
    let kept = late.cookie("annals_code").expect("a cookie").to_owned();
    late.get("/sign-in").await;
    late.post("/sign-in", &[("email", ADA), ("password", PASSWORD)])
        .await;
    late.set_cookie("annals_code", &kept);
    late.get("/sign-in/step").await;
    site.clock.advance(2 * Micros::SECOND);
    assert_eq!(step(&mut late, &right).await, StatusCode::UNAUTHORIZED);

    // Another number takes its place: codes that are on their way to the old one open nothing.
    let other = "+12025550143";
    let (mut waiting, old) = at_the_step(&site, NUMBER).await;
    site.clock.advance(3601 * Micros::SECOND);
    let mut ada = {
        let (mut browser, right) = at_the_step(&site, NUMBER).await;
        assert_eq!(step(&mut browser, &right).await, StatusCode::SEE_OTHER);
        browser
    };
    let (mut also_waiting, also_old) = at_the_step(&site, NUMBER).await;
    assert_eq!(
        step(&mut waiting, &old).await,
        StatusCode::SEE_OTHER,
        "too late: begin again"
    );
    let same = send(&mut ada, NUMBER).await;
    assert!(same.body.contains("your number already"), "{}", same.body);
    let sent = send(&mut ada, other).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let right = code(&site, other).await;
    ada.get("/profile/phone/confirm").await;
    let changed = ada.post("/profile/phone/change", &[("code", &right)]).await;
    assert_eq!(changed.header("location"), "/profile", "{}", changed.body);
    assert_eq!(
        step(&mut also_waiting, &also_old).await,
        StatusCode::UNAUTHORIZED
    );

    // And goes.
    let page = ada.get("/profile").await;
    let id = between(&page, "/profile/factors/", "/").to_owned();
    let path = format!("/profile/factors/{id}/remove");
    assert_eq!(
        ada.post(&path, &[("proof", "wrong")]).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        ada.post(&path, &[("proof", PASSWORD)]).await.status,
        StatusCode::SEE_OTHER
    );
    site.signed_in(ADA).await;
    assert_eq!(
        notices(&site).await,
        [
            "ada@example.com: A second factor was added to your Annals account",
            "ada@example.com: A second factor was removed from your Annals account",
            "ada@example.com: Your phone number for Annals was changed",
        ]
    );

    let log = site.log(team.organization).await;
    let of = |action: &str| {
        let all = log.iter().filter(|event| event.entry.action == action);
        all.map(|event| event.entry.outcome.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("enabled_mfa"), ["failed", "success"]);
    assert_eq!(of("updated_phone_number"), ["success"]);
    assert_eq!(of("disabled_mfa"), ["failed", "success"]);
    let changed = log
        .iter()
        .find(|event| event.entry.action == "updated_phone_number");
    let changed = format!("{:?}", changed.expect("it").changes);
    assert!(
        changed.contains("phoneNumber") && changed.contains("Redacted"),
        "{changed}"
    );
    let all = format!("{log:?}");
    for secret in [NUMBER, other] {
        assert!(!all.contains(secret), "{secret} is recorded");
    }
    assert!(all.contains("password, text message"));
}

#[tokio::test]
async fn a_phone_is_confirmed_asked_for_changed_and_turned_off_on_sqlite() {
    a_phone(Database::Sqlite).await;
}

#[tokio::test]
async fn a_phone_is_confirmed_asked_for_changed_and_turned_off_on_postgresql() {
    a_phone(Database::Postgres).await;
}

#[tokio::test]
async fn messages_are_limited_by_person_number_and_address() {
    let (site, team) = ready(Database::Sqlite).await;
    let mut ada = site.signed_in(ADA).await;
    for _ in 0..5 {
        assert_eq!(send(&mut ada, NUMBER).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(
        send(&mut ada, "+12025550143").await.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the person"
    );
    site.member(team, "grace@example.com", None).await;
    let mut grace = site.browser();
    grace.get("/sign-in").await;
    let fields = [("email", "grace@example.com"), ("password", PASSWORD)];
    grace.post("/sign-in", &fields).await;
    assert_eq!(
        send(&mut grace, NUMBER).await.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the number"
    );
    site.clock.advance(3601 * Micros::SECOND);
    assert_eq!(send(&mut grace, NUMBER).await.status, StatusCode::SEE_OTHER);
    assert_eq!(messages(&site).await.len(), 1, "what ran out is not sent");
}

#[tokio::test]
async fn codes_of_messages_are_limited_as_well() {
    let (site, _) = ready(Database::Sqlite).await;
    let mut ada = site.signed_in(ADA).await;
    add(&site, &mut ada).await;
    let (mut browser, right) = at_the_step(&site, NUMBER).await;
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    for _ in 0..10 {
        assert_eq!(step(&mut browser, wrong).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        step(&mut browser, &right).await,
        StatusCode::TOO_MANY_REQUESTS
    );
}

#[tokio::test]
async fn a_number_that_is_refused_is_said_to_be() {
    let (site, _) = ready(Database::Sqlite).await;
    let mut ada = site.signed_in(ADA).await;
    send(&mut ada, NUMBER).await;
    let due = site.app.read(|rx| rx.due_messages(Way::Sms, 10)).await;
    let id = due.expect("read")[0].id;
    site.app
        .store
        .upkeep(Upkeep::GiveUp(id))
        .await
        .expect("given up");
    let page = ada.get("/profile/phone/confirm").await;
    assert!(
        page.body
            .contains("The message to +44 ••••••••56 could not be delivered"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn without_a_gateway_the_page_says_so() {
    let (site, _) = Site::ready().await;
    let mut ada = site.signed_in(ADA).await;
    let page = ada.get("/profile/phone").await;
    assert!(page.body.contains("cannot send text messages"));
    let page = ada.get("/profile").await;
    assert!(!page.body.contains("Add a phone"));
}

async fn ends(database: Database) {
    let (site, team) = ready(database).await;
    let mut browser = site.signed_in(ADA).await;
    crate::account::set_up_app(&site, &mut browser).await;
    add(&site, &mut browser).await;
    let user = site.user(ADA).await;

    // The command line takes every kind away, one event for each.
    let factors = site.app.read(move |rx| rx.factors(user)).await;
    for factor in factors.expect("read") {
        site.perform(RemoveFactor {
            user,
            id: factor.id,
            proof: Proof::Password(None),
        })
        .await;
    }
    let said = actions(&site, team).await;
    assert_eq!(
        said[said.len() - 2..],
        ["user.disabled_mfa", "user.disabled_mfa"]
    );
    let left = site.app.read(move |rx| rx.recovery_codes_left(user)).await;
    assert_eq!(left.expect("read"), 0);

    // An erasure takes all that is left of them, and what is on its way.
    let grace = "grace@example.com";
    site.member(team, grace, None).await;
    let mut browser = site.browser();
    browser.get("/sign-in").await;
    let fields = [("email", grace), ("password", PASSWORD)];
    browser.post("/sign-in", &fields).await;
    crate::account::set_up_app(&site, &mut browser).await;
    add(&site, &mut browser).await;
    send(&mut browser, "+12025550143").await;
    let user = site.user(grace).await;
    let factors = site.app.read(move |rx| rx.factors(user)).await;
    assert_eq!(factors.expect("read").len(), 2);
    let store = site.app.store.clone();
    let erased = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().expect("a folder");
        let guard = store::Guard::new(folder.path());
        let what = server::privacy::Erase::Person(ErasePerson {
            organization: None,
            user,
            basis: "request",
        });
        let origin = model::actor::Origin::local(
            model::id::RequestId::new(store.clock(), store.entropy()),
            model::interface::Interface::CommandLine,
        );
        let actor = Actor::System(System::CommandLine);
        server::privacy::erase(&store, Some(&guard), actor, origin, &what).map(drop)
    });
    erased.await.expect("it ran").expect("erased");
    let (factors, codes, due) = site
        .app
        .read(move |rx| {
            Ok((
                rx.factors(user)?,
                rx.recovery_codes_left(user)?,
                rx.due_messages(Way::Sms, 10)?,
            ))
        })
        .await
        .expect("read");
    assert!(factors.is_empty() && codes == 0);
    assert!(due.iter().all(|one| one.letter.is_none()));
}

#[tokio::test]
async fn every_factor_ends_with_its_person_on_sqlite() {
    ends(Database::Sqlite).await;
}

#[tokio::test]
async fn every_factor_ends_with_its_person_on_postgresql() {
    ends(Database::Postgres).await;
}
