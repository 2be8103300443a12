//! How often something secret may be tried, and that nobody keeps others out by it.

use axum::http::StatusCode;
use model::actor::{Actor, Origin};
use model::clock::Micros;
use model::id::RequestId;
use model::interface::Interface;
use server::actions::session::sign_in::{Shown, SignIn};
use server::auth::limits::{self, Text};
use server::request::Caller;
use store::{Error, Upkeep};

use crate::site::{Database, PASSWORD, Site, Team};
use crate::team::ready;

const ADA: &str = "ada@example.com";

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

async fn one_address_keeps_nobody_out(database: Database) {
    let (site, _) = ready(database).await;
    let user = site.user(ADA).await;
    let tried = async |kind: &str, address: &str| {
        let caller = from(&site, address);
        let wait = if kind == "step" {
            limits::wait_to_step(&site.app, user, &caller).await
        } else {
            limits::wait_to_try(&site.app, kind, ADA, &caller).await
        };
        wait.expect("counted")
    };
    for kind in ["sign-in", "forgot", "step"] {
        for number in 0..150 {
            let may = tried(kind, "192.0.2.1").await.is_none();
            assert_eq!(may, number < 10, "{kind} {number}");
        }
        // Ten more may come from another address, and so again.
        for address in ["198.51.100.1", "198.51.100.2"] {
            for number in 0..10 {
                assert_eq!(tried(kind, address).await, None, "{kind} {number}");
            }
        }
    }
    // From everywhere together an account has an end all the same.
    assert!(tried("step", "198.51.100.3").await.is_some());
    assert_eq!(tried("sign-in", "198.51.100.3").await, None);
    // An address that has none left takes none from anybody.
    let caller = from(&site, "203.0.113.1");
    for number in 0..300 {
        let email = format!("guessed.{}@example.com", number % 100);
        let wait = limits::wait_to_try(&site.app, "sign-in", &email, &caller).await;
        assert_eq!(wait.expect("counted").is_none(), number < 100, "{number}");
    }
    let since = Micros(0);
    let counted = site
        .app
        .read(move |rx| rx.attempts("sign-in account\nguessed.5@example.com", since));
    assert_eq!(counted.await.expect("read"), 1);
}

#[tokio::test]
async fn one_address_keeps_nobody_out_on_sqlite() {
    one_address_keeps_nobody_out(Database::Sqlite).await;
}

#[tokio::test]
async fn one_address_keeps_nobody_out_on_postgresql() {
    one_address_keeps_nobody_out(Database::Postgres).await;
}

#[tokio::test]
async fn wrong_passwords_from_one_address_leave_others_their_tries_and_say_how_long_to_wait() {
    let (site, _) = Site::ready().await;
    let mut browser = site.browser();
    browser.get("/sign-in").await;
    let fields = [("email", ADA), ("password", "not the password")];
    for number in 0..120 {
        let status = browser.post("/sign-in", &fields).await.status.as_u16();
        assert_eq!(status, if number < 10 { 401 } else { 429 }, "{number}");
    }
    let caller = from(&site, "198.51.100.1");
    let wait = limits::wait_to_try(&site.app, "sign-in", ADA, &caller).await;
    assert_eq!(wait.expect("counted"), None);

    site.clock.advance(601 * Micros::SECOND);
    let refused = browser.post("/sign-in", &fields).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), "299");
    assert!(refused.body.contains("Wait 5 minutes"), "{}", refused.body);
    site.clock.advance(299 * Micros::SECOND);
    let right = [("email", ADA), ("password", PASSWORD)];
    let done = browser.post("/sign-in", &right).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
}

#[tokio::test]
async fn a_stranger_who_asks_for_a_number_keeps_no_sign_in_code_from_its_owner() {
    const NUMBER: &str = "+447400123456";
    let (site, team) = Site::ready().await;
    site.member(team, "eve@example.com", None).await;
    let (ada, eve) = (site.user(ADA).await, site.user("eve@example.com").await);
    let send = async |text, user, address: &str| {
        let caller = from(&site, address);
        let wait = limits::wait_to_send(&site.app, text, user, NUMBER, &caller).await;
        wait.expect("counted").is_none()
    };
    for number in 0..7 {
        assert_eq!(send(Text::Confirm, eve, "192.0.2.1").await, number < 5);
    }
    for number in 0..7 {
        assert_eq!(send(Text::SignIn, ada, "198.51.100.1").await, number < 5);
    }
}

/// The addresses of the failed sign-ins, and the counts of what is told at the end of a series.
async fn failed(site: &Site, team: Team) -> Vec<String> {
    let events = site.log(team.organization).await.into_iter();
    let failed = events.filter(|one| one.entry.action == "sign_in_failed");
    let said = failed.map(|one| {
        let count = one.entry.facts.as_ref().map(|facts| facts["count"].clone());
        let text = format!("{one:?}");
        let ip = text.split("192.0.2.").nth(1).map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits
        });
        format!("{ip:?} {count:?}")
    });
    said.collect()
}

async fn addresses_are_told(database: Database) {
    let (site, team) = ready(database).await;
    let (user, _) = site
        .app
        .read(|rx| rx.user_by_email(ADA))
        .await
        .expect("read")
        .expect("her");
    let fails = async |number: u8| {
        let action = SignIn {
            user: user.clone(),
            shown: Shown::Password(None),
            session: [number; 32],
        };
        let caller = from(&site, &format!("192.0.2.{number}"));
        let done = site.app.perform(&caller, action).await;
        assert!(matches!(done, Err(Error::Failed { .. })), "{number}");
    };
    for number in [1, 2, 1, 3, 1] {
        fails(number).await;
    }
    let told = failed(&site, team).await;
    let mut first: Vec<_> = [1, 2, 3].map(|one| format!("Some(\"{one}\") None")).into();
    assert_eq!(told, first);
    site.clock.advance(601 * Micros::SECOND);
    let closed = site.app.store.upkeep(Upkeep::CloseRefusals).await;
    assert_eq!(closed.expect("closed"), 3);
    first.push("None Some(Number(3))".to_owned());
    assert_eq!(failed(&site, team).await, first);

    // However many addresses there are, it is as much as one actor may leave.
    for number in 0..150 {
        fails(number).await;
    }
    assert_eq!(failed(&site, team).await.len(), 4 + 60);
    site.clock.advance(61 * Micros::SECOND);
    let closed = site.app.store.upkeep(Upkeep::CloseRefusals).await;
    assert_eq!(closed.expect("closed"), 1);
    let log = site.log(team.organization).await;
    let summary = log.last().expect("an event");
    assert_eq!(summary.entry.action, "refusals_summarized");
    let target = &summary.entry.target;
    assert_eq!(target.r#type, "user");
    assert_eq!(target.id, Some(user.id.to_string()));
    let facts = summary.entry.facts.as_ref().expect("a count");
    assert_eq!(facts["count"], 90);
}

#[tokio::test]
async fn each_address_that_fails_to_sign_in_is_told_on_sqlite() {
    addresses_are_told(Database::Sqlite).await;
}

#[tokio::test]
async fn each_address_that_fails_to_sign_in_is_told_on_postgresql() {
    addresses_are_told(Database::Postgres).await;
}
