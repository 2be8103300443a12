//! The own account: second factors, passwords, addresses, sessions, as a person in a browser does it.

use axum::http::StatusCode;
use model::actor::{Actor, Origin};
use model::clock::{Clock, Micros, SystemEntropy};
use model::id::RequestId;
use model::interface::Interface;
use model::role::{OrganizationRole, WorkspaceRole};
use server::actions::account::change_password::ChangePassword;
use server::actions::member::add::AddMember;
use server::actions::organization::update::UpdateOrganization;
use server::actions::privacy::erase_person::ErasePerson;
use server::app::Config;
use server::auth::limits;
use server::auth::password::hash;
use server::mail::Mailer;
use server::request::Caller;
use store::{Letter, Upkeep, Way};

use crate::site::{Answer, Browser, Database, PASSWORD, Site, Team};
use crate::team::{NEW, actions, between, invite_with, ready};

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

async fn a_second_factor(database: Database) {
    let (site, team) = ready(database).await;
    let mut ada = site.signed_in("ada@example.com").await;
    let (seed, codes) = set_up_app(&site, &mut ada).await;

    let mut browser = first_step(&site, "ada@example.com").await;
    let enrolled = code(&site, &seed);
    for wrong in [enrolled.as_str(), "000000", "", "0000-0000-0000"] {
        let fields = [("code", wrong), ("next", "/sources")];
        let answer = browser.post("/sign-in/step", &fields).await;
        assert_eq!(
            answer.status,
            StatusCode::UNAUTHORIZED,
            "{wrong}: a code is good once"
        );
    }
    site.clock.advance(30 * Micros::SECOND);
    let next = code(&site, &seed);
    let fields = [("code", next.as_str()), ("next", "/sources")];
    let answer = browser.post("/sign-in/step", &fields).await;
    assert_eq!(answer.header("location"), "/sources", "{}", answer.body);
    assert_eq!(browser.get("/sources").await.status, StatusCode::OK);

    // The same code opens nothing a second time; a recovery code does, once.
    let mut second = first_step(&site, "ada@example.com").await;
    assert_eq!(
        second.post("/sign-in/step", &fields).await.status,
        StatusCode::UNAUTHORIZED
    );
    let typed = codes[3].to_uppercase().replace('-', " ");
    let recovery = [("code", typed.as_str()), ("next", "https://evil.example")];
    assert_eq!(
        second
            .post("/sign-in/step", &recovery)
            .await
            .header("location"),
        "/"
    );
    let mut third = first_step(&site, "ada@example.com").await;
    assert_eq!(
        third.post("/sign-in/step", &recovery).await.status,
        StatusCode::UNAUTHORIZED
    );
    let page = browser.get("/profile").await;
    assert!(page.body.contains("9 of 10 left"));

    // New codes: the old ones are dead.
    let answer = browser
        .post("/profile/recovery-codes", &[("proof", PASSWORD)])
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let old = [("code", codes[4].as_str())];
    assert_eq!(
        third.post("/sign-in/step", &old).await.status,
        StatusCode::UNAUTHORIZED
    );

    // Turning it off asks once more.
    let page = browser.get("/profile").await;
    let id = between(&page, "/profile/factors/", "/").to_owned();
    let path = format!("/profile/factors/{id}/remove");
    assert_eq!(
        browser.post(&path, &[("proof", "wrong")]).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        browser.post(&path, &[("proof", PASSWORD)]).await.status,
        StatusCode::SEE_OTHER
    );
    site.signed_in("ada@example.com").await;

    let said = actions(&site, team).await;
    let count = |one: &str| said.iter().filter(|action| *action == one).count();
    assert_eq!(
        count("user.enabled_mfa"),
        2,
        "one of them refused: the wrong password"
    );
    assert_eq!(count("user.disabled_mfa"), 2, "one of them refused");
    assert_eq!(count("user.recovery_codes_regenerated"), 2);
    assert!(count("user.sign_in_failed") >= 1);
    let log = format!("{:?}", site.log(team.organization).await);
    assert!(
        !log.contains(&seed) && !log.contains(&codes[3]),
        "no secret is recorded"
    );
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_and_turned_off_on_sqlite() {
    a_second_factor(Database::Sqlite).await;
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_and_turned_off_on_postgresql() {
    a_second_factor(Database::Postgres).await;
}

#[tokio::test]
async fn who_lacks_the_required_factor_is_led_to_set_it_up() {
    let (site, team) = Site::ready().await;
    site.member(team, "grace@example.com", Some(WorkspaceRole::Editor))
        .await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/settings/tokens").await;
    let require = [("rule", "mfa"), ("requires_mfa", "true")];
    let refused = ada.post("/settings/organization", &require).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    set_up_app(&site, &mut ada).await;
    ada.get("/settings/tokens").await;
    let done = ada.post("/settings/organization", &require).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);

    let mut grace = site.browser();
    grace.get("/sign-in").await;
    grace
        .post(
            "/sign-in",
            &[("email", "grace@example.com"), ("password", PASSWORD)],
        )
        .await;
    for path in ["/sources", "/settings/team", "/profile"] {
        assert_eq!(
            grace.get(path).await.header("location"),
            "/profile/app",
            "{path}"
        );
    }
    // No page of a factor is a dead end: who cannot set one up signs out.
    for path in ["/profile/app", "/profile/passkeys/new", "/profile/phone"] {
        let page = grace.get(path).await.body;
        assert!(page.contains("requires a second factor"), "{path}");
        assert!(!page.contains("href=\"/profile\""), "{path}");
        assert!(page.contains("action=\"/sign-out\""), "{path}");
    }
    let out = grace.post("/sign-out", &[]).await;
    assert_eq!(out.header("location"), "/sign-in", "{}", out.body);
    grace.get("/sign-in").await;
    let again = [("email", "grace@example.com"), ("password", PASSWORD)];
    grace.post("/sign-in", &again).await;
    grace.get("/profile/app").await;
    set_up_app(&site, &mut grace).await;
    assert_eq!(grace.get("/sources").await.status, StatusCode::OK);
    // It cannot be taken away again.
    let page = grace.get("/profile").await;
    let path = format!(
        "/profile/factors/{}/remove",
        between(&page, "/profile/factors/", "/")
    );
    let refused = grace.post(&path, &[("proof", PASSWORD)]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("requires a second factor"));
    let said = actions(&site, team).await;
    assert!(said.iter().any(|one| one == "organization.required_mfa"));
}

#[tokio::test]
async fn who_belongs_to_two_organizations_is_led_to_the_factor_that_one_requires() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, team) = ready(database).await;
        let other = site.another("ada@example.com").await;
        let require = |on: bool| UpdateOrganization {
            id: other.organization,
            name: None,
            seen_name: None,
            requires_mfa: Some(on),
            public_hashes: None,
        };
        site.perform(require(true)).await;

        let mut ada = site.signed_in("ada@example.com").await;
        let says = "An organization of yours requires a second factor";
        let page = ada.get("/sources").await;
        assert_eq!(page.status, StatusCode::OK, "the other one is open");
        assert!(page.body.contains(says), "{}", page.body);
        let page = ada.get("/workspaces").await;
        assert!(page.body.contains("Elsewhere"), "{}", page.body);
        let path = format!("/workspaces/{}/open", other.workspace);
        let led = ada.post(&path, &[]).await;
        assert_eq!(led.header("location"), "/profile/app");
        set_up_app(&site, &mut ada).await;
        ada.get("/workspaces").await;
        let opened = ada.post(&path, &[]).await;
        assert_eq!(opened.header("location"), "/sources");
        let page = ada.get("/settings/workspace").await;
        assert!(page.body.contains("<h1>Elsewhere</h1>"), "{}", page.body);
        assert!(!page.body.contains(says));

        // Where it is recorded: its making in the instance's log and its own, all else in its own.
        let own = actions(&site, other).await;
        assert_eq!(
            own[..3],
            [
                "organization.created",
                "workspace.created",
                "user.added_to_organization"
            ]
        );
        let read = |rx: &mut store::Rx<'_>| {
            let log = rx.instance()?.log;
            let log = rx.log(log)?.expect("the instance's log");
            rx.disclosed(&log, 0, log.size)
        };
        let instance = site.app.read(read).await.expect("read");
        let text = |one: &store::Disclosed| String::from_utf8_lossy(&one.entry).into_owned();
        let is_made = |one: &&store::Disclosed| {
            text(one).contains("organization") && text(one).contains(other.organization.as_str())
        };
        assert_eq!(instance.iter().filter(is_made).count(), 1);
        let first = actions(&site, team).await;
        let created = first.iter().filter(|one| *one == "workspace.created");
        assert_eq!(created.count(), 1, "nothing of it in another one's");
    }
}

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

/// The path of the link that comes after so many have, which must be for this address: nobody waits for such a letter to be
/// written.
async fn next_link(site: &Site, sent: usize, email: &str) -> String {
    for _ in 0..500 {
        let all = links(site).await;
        if all.len() > sent {
            let (to, link) = all.into_iter().next_back().expect("one at least");
            assert_eq!(to, email);
            return link;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no letter to {email}");
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
async fn a_letter_tells_of_what_happens_to_the_account_and_leads_nowhere() {
    let (site, _) = with_mail().await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/profile").await;
    let token = [("name", "laptop"), ("access", "read"), ("days", "30")];
    assert_eq!(
        ada.post("/profile/tokens", &token).await.status,
        StatusCode::OK
    );
    ada.get("/profile").await;
    let fields = [("email", "augusta@example.com"), ("password", PASSWORD)];
    ada.post("/profile/email", &fields).await;
    let (_, link) = letter(&site).await.expect("a letter");
    ada.get(&link).await;
    ada.get("/confirm-email").await;
    ada.post("/confirm-email", &[]).await;
    ada.get("/profile").await;
    let fields = [("password", PASSWORD), ("new_password", NEW)];
    let done = ada.post("/profile/password", &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert_eq!(
        notices(&site).await,
        [
            "ada@example.com: An access token was made for your Annals account",
            "ada@example.com: Another e-mail address was asked for your Annals account",
            "ada@example.com: Your e-mail address for Annals was changed",
            "augusta@example.com: Your password for Annals was changed",
        ],
        "to the address of before"
    );
    // A refused change is told to nobody.
    let count = notices(&site).await.len();
    ada.get("/profile").await;
    ada.post("/profile/password", &fields).await;
    assert_eq!(notices(&site).await.len(), count);
}

#[tokio::test]
async fn a_letter_tells_of_what_happens_to_the_second_factor() {
    let (site, _) = with_mail().await;
    let mut ada = site.signed_in("ada@example.com").await;
    set_up_app(&site, &mut ada).await;
    ada.get("/profile").await;
    let fields = [("proof", PASSWORD)];
    ada.post("/profile/recovery-codes", &fields).await;
    let page = ada.get("/profile").await;
    let id = between(&page, "/profile/factors/", "/").to_owned();
    let path = format!("/profile/factors/{id}/remove");
    ada.post(&path, &[("proof", "wrong")]).await;
    ada.post(&path, &fields).await;
    assert_eq!(
        notices(&site).await,
        [
            "ada@example.com: A second factor was added to your Annals account",
            "ada@example.com: A second factor was removed from your Annals account",
            "ada@example.com: Your recovery codes for Annals were changed",
        ],
        "and nothing of what was refused"
    );
}

async fn a_letter_that_waits(database: Database) {
    let (site, team) = with_mail_on(database).await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/settings/team").await;
    for email in ["zoe@example.com", "kit@example.com"] {
        let fields = [("emails", email), ("role", "member")];
        let page = ada.post("/settings/invitations", &fields).await;
        assert!(page.status.is_success() || page.status.is_redirection());
    }
    let subjects = async || {
        let due = site.app.read(|rx| rx.due_messages(Way::Mail, 100)).await;
        let due = due.expect("read").into_iter();
        let letters = due.filter_map(|message| message.letter);
        let mut all: Vec<_> = letters
            .filter(|letter| letter.subject.contains("invites"))
            .inspect(|letter| assert!(!letter.text.contains(store::BY), "{}", letter.text))
            .map(|letter| format!("{}: {}", letter.to, letter.subject))
            .collect();
        all.sort();
        all.join("\n")
    };
    assert_eq!(
        subjects().await,
        "kit@example.com: Ada Lovelace invites you to Analytical Engines\n\
         zoe@example.com: Ada Lovelace invites you to Analytical Engines"
    );
    // Another one stays, and Ada is erased.
    site.perform(AddMember {
        organization: team.organization,
        name: "Grace".to_owned(),
        email: "grace@example.com".to_owned(),
        password: hash("a long other password", &SystemEntropy).expect("hashed"),
        role: OrganizationRole::Admin,
        workspaces: Vec::new(),
    })
    .await;
    let found = site
        .app
        .read(|rx| rx.user_by_email("ada@example.com"))
        .await;
    let (ada, _) = found.expect("read").expect("her");
    site.perform(ErasePerson {
        organization: Some(team.organization),
        user: ada.id,
        basis: "request",
    })
    .await;
    assert_eq!(
        subjects().await,
        "kit@example.com: Somebody invites you to Analytical Engines\n\
         zoe@example.com: Somebody invites you to Analytical Engines"
    );
}

#[tokio::test]
async fn a_letter_that_waits_names_nobody_who_was_erased_on_sqlite() {
    a_letter_that_waits(Database::Sqlite).await;
}

#[tokio::test]
async fn a_letter_that_waits_names_nobody_who_was_erased_on_postgresql() {
    a_letter_that_waits(Database::Postgres).await;
}

#[tokio::test]
async fn without_a_mail_server_no_letter_waits() {
    let (site, _) = Site::ready().await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/profile").await;
    let fields = [("password", PASSWORD), ("new_password", NEW)];
    let done = ada.post("/profile/password", &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(notices(&site).await.is_empty());
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
async fn who_has_no_role_in_any_workspace_turns_the_second_factor_off_and_leaves() {
    let (site, team) = Site::ready().await;
    site.member(team, "grace@example.com", None).await;
    let mut grace = site.browser();
    grace.get("/sign-in").await;
    let fields = [("email", "grace@example.com"), ("password", PASSWORD)];
    grace.post("/sign-in", &fields).await;
    set_up_app(&site, &mut grace).await;
    let page = grace.get("/profile").await;
    assert!(page.body.contains("10 of 10 left"), "{}", page.body);
    let proof = [("proof", PASSWORD)];
    let codes = grace.post("/profile/recovery-codes", &proof).await;
    assert!(codes.body.contains("Your recovery codes"), "{}", codes.body);
    let page = grace.get("/profile").await;
    let path = between(&page, "/profile/factors/", "/");
    let path = format!("/profile/factors/{path}/remove");
    let wrong = grace.post(&path, &[("proof", "not the password")]).await;
    assert_eq!(wrong.status, StatusCode::CONFLICT, "{}", wrong.body);
    let off = grace.post(&path, &proof).await;
    assert_eq!(off.header("location"), "/profile", "{}", off.body);

    let page = grace.get("/profile").await;
    let organization = between(&page, "name=\"organization\" value=\"", "\"");
    let organization = ("organization", organization);
    let wrong = [("confirm", "no"), organization];
    let wrong = grace.post("/profile/leave", &wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.body.contains("id=\"confirm-error\""),
        "{}",
        wrong.body
    );
    let right = [("confirm", "Analytical Engines"), organization];
    let left = grace.post("/profile/leave", &right).await;
    assert_eq!(left.header("location"), "/sign-in", "{}", left.body);
    assert_eq!(grace.get("/profile").await.status, StatusCode::SEE_OTHER);
    let said = actions(&site, team).await;
    for one in ["user.disabled_mfa", "user.left_organization"] {
        assert!(said.iter().any(|said| said == one), "{one}: {said:?}");
    }
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

#[tokio::test]
async fn who_forgot_the_password_sets_another_one_once_and_nobody_learns_who_has_an_account() {
    let (site, team) = with_mail().await;
    let mut old = site.signed_in("ada@example.com").await;
    let mut browser = site.browser();
    let mut said = Vec::new();
    for email in ["nobody@example.com", "ada@example.com"] {
        browser.get("/forgot").await;
        let answer = browser.post("/forgot", &[("email", email)]).await;
        said.push((answer.status, answer.body));
    }
    assert_eq!(
        said[0].1.split("</main>").next(),
        said[1].1.split("</main>").next()
    );
    let (to, link) = letter(&site).await.expect("a letter");
    assert_eq!(to, "ada@example.com");
    let count = site
        .app
        .read(|rx| rx.due_messages(Way::Mail, 100))
        .await
        .expect("read")
        .len();
    assert_eq!(count, 1, "nobody gets no letter");

    assert_eq!(browser.get(&link).await.header("location"), "/reset");
    assert_eq!(browser.get("/reset").await.status, StatusCode::OK);
    for weak in ["short", "adalovelace1", "ada@example.com"] {
        let weak = browser.post("/reset", &[("password", weak)]).await;
        assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let done = browser.post("/reset", &[("password", NEW)]).await;
    assert_eq!(done.header("location"), "/sign-in", "{}", done.body);
    assert_eq!(
        old.get("/sources").await.status,
        StatusCode::SEE_OTHER,
        "all sessions end"
    );
    let mut again = site.browser();
    again.get(&link).await;
    assert_eq!(
        again.get("/reset").await.status,
        StatusCode::FORBIDDEN,
        "once"
    );
    again.get("/sign-in").await;
    let fields = [("email", "ada@example.com"), ("password", NEW)];
    assert_eq!(
        again.post("/sign-in", &fields).await.status,
        StatusCode::SEE_OTHER
    );
    assert!(
        actions(&site, team)
            .await
            .iter()
            .any(|one| one == "user.reset_password")
    );

    // A link that is too old is dead.
    browser.get("/forgot").await;
    browser
        .post("/forgot", &[("email", "ada@example.com")])
        .await;
    let (_, link) = letter(&site).await.expect("a letter");
    site.clock.advance(3601 * Micros::SECOND);
    browser.get(&link).await;
    assert_eq!(browser.get("/reset").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_address_changes_when_its_own_letter_is_followed() {
    let (site, team) = with_mail().await;
    site.member(team, "grace@example.com", None).await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/profile").await;
    for (email, password, status) in [
        ("augusta@example.com", "wrong password", 422),
        ("nobody", PASSWORD, 422),
        ("augusta@example.com", PASSWORD, 200),
    ] {
        let fields = [("email", email), ("password", password)];
        assert_eq!(
            ada.post("/profile/email", &fields).await.status.as_u16(),
            status,
            "{email}"
        );
    }
    assert!(
        ada.get("/profile").await.body.contains("ada@example.com"),
        "not yet"
    );
    let log = site.log(team.organization).await;
    let wrong: Vec<_> = log
        .iter()
        .filter(|event| event.entry.action == "updated_email")
        .map(|event| event.entry.code.as_deref())
        .collect();
    assert_eq!(wrong, [Some("wrong_password")], "the one that was refused");
    let (to, link) = letter(&site).await.expect("a letter");
    assert_eq!(to, "augusta@example.com");
    let mut phone = site.browser();
    assert_eq!(phone.get(&link).await.header("location"), "/confirm-email");
    assert!(
        phone
            .get("/confirm-email")
            .await
            .body
            .contains("augusta@example.com")
    );
    let done = phone.post("/confirm-email", &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    phone.get(&link).await;
    assert_eq!(
        phone.get("/confirm-email").await.status,
        StatusCode::FORBIDDEN,
        "once"
    );
    site.signed_in("augusta@example.com").await;

    // Another account's address cannot be taken.
    site.clock.advance(Micros::SECOND);
    ada.get("/profile").await;
    let fields = [("email", "Grace@example.com"), ("password", PASSWORD)];
    ada.post("/profile/email", &fields).await;
    let (_, link) = letter(&site).await.expect("a letter");
    phone.get(&link).await;
    phone.get("/confirm-email").await;
    assert_eq!(
        phone.post("/confirm-email", &[]).await.status,
        StatusCode::CONFLICT
    );
    assert!(
        actions(&site, team)
            .await
            .iter()
            .any(|one| one == "user.updated_email")
    );
}

#[tokio::test]
async fn whoever_confirms_an_address_without_a_session_hears_that_it_has_changed() {
    let (site, _) = with_mail().await;
    let mut ada = site.signed_in("ada@example.com").await;
    let mut phone = site.browser();
    for (email, browser, lands) in [
        ("augusta@example.com", &mut phone, "/sign-in"),
        ("king@example.com", &mut ada, "/profile"),
    ] {
        let mut asks = site
            .signed_in(if lands == "/profile" {
                "augusta@example.com"
            } else {
                "ada@example.com"
            })
            .await;
        asks.get("/profile").await;
        let fields = [("email", email), ("password", PASSWORD)];
        asks.post("/profile/email", &fields).await;
        let (_, link) = letter(&site).await.expect("a letter");
        assert_eq!(follow(browser, &link).await, StatusCode::OK);
        let done = browser.post("/confirm-email", &[]).await;
        assert_eq!(done.header("location"), lands, "{}", done.body);
        let page = browser.get(lands).await;
        assert!(page.body.contains("Address changed"), "{}", page.body);
        site.clock.advance(Micros::SECOND);
    }
    assert!(
        !phone.get("/sign-in").await.body.contains("Address changed"),
        "said once"
    );
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

#[tokio::test]
async fn recovery_codes_that_are_loaded_again_are_not_made_a_second_time() {
    let (site, team) = Site::ready().await;
    let mut ada = site.signed_in("ada@example.com").await;
    set_up_app(&site, &mut ada).await;
    let page = ada.get("/profile").await;
    let form = between(&page, "action=\"/profile/recovery-codes\">", "</form>");
    let (_, once) = form.split_once("name=\"once\" value=\"").expect("a number");
    let once = once.split('"').next().expect("a number").to_owned();
    let path = "/profile/recovery-codes";
    let wrong = [("once", &*once), ("proof", "not the password")];
    assert_eq!(ada.post(path, &wrong).await.status, StatusCode::CONFLICT);
    let fields = [("once", &*once), ("proof", PASSWORD)];
    let made = ada.post(path, &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let before = actions(&site, team).await;
    let again = ada.post(path, &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("sent before"), "{}", again.body);
    assert_eq!(actions(&site, team).await, before);
    let codes = made.body.split("<li><code>").nth(1).expect("a code");
    let code = codes.split('<').next().expect("a code").to_owned();
    site.clock.advance(60 * Micros::SECOND);
    let mut browser = first_step(&site, "ada@example.com").await;
    let opened = browser.post("/sign-in/step", &[("code", &code)]).await;
    assert_eq!(
        opened.status,
        StatusCode::SEE_OTHER,
        "it still opens: {}",
        opened.body
    );
}

#[tokio::test]
async fn the_same_address_is_no_change_and_other_capitals_are_told_to_nobody() {
    let (site, team) = with_mail().await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/profile").await;
    let fields = [("email", " ada@example.com "), ("password", PASSWORD)];
    let same = ada.post("/profile/email", &fields).await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        same.body.contains("This is your address already."),
        "{}",
        same.body
    );
    assert!(letter(&site).await.is_none() && notices(&site).await.is_empty());

    let fields = [("email", "Ada@Example.com"), ("password", PASSWORD)];
    ada.post("/profile/email", &fields).await;
    let (_, link) = letter(&site).await.expect("a letter");
    ada.get(&link).await;
    ada.get("/confirm-email").await;
    ada.post("/confirm-email", &[]).await;
    let said = actions(&site, team).await;
    assert_eq!(said.last().map(String::as_str), Some("user.updated_email"));
    let told = notices(&site).await;
    let changed = "ada@example.com: Your e-mail address for Annals was changed".to_owned();
    assert!(
        !told.contains(&changed),
        "it still opens the account: {told:?}"
    );
    site.signed_in("ada@example.com").await;
}

/// Follows a link in a letter; gives what its page answers.
async fn follow(browser: &mut Browser<'_>, link: &str) -> StatusCode {
    let page = browser.get(link).await.header("location").to_owned();
    browser.get(&page).await.status
}

async fn links_end(database: Database) {
    let (site, team) = with_mail_on(database).await;
    let mut ada = site.signed_in("ada@example.com").await;
    let mut other = site.browser();
    // Who knew the password of before waits with a link to another address.
    let waits = async |ada: &mut Browser<'_>, email: &str, password: &str| {
        let sent = links(&site).await.len();
        site.clock.advance(Micros::SECOND);
        ada.get("/profile").await;
        let fields = [("email", email), ("password", password)];
        let asked = ada.post("/profile/email", &fields).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
        next_link(&site, sent, email).await
    };
    let forgotten = async |browser: &mut Browser<'_>, email: &str| {
        let sent = links(&site).await.len();
        site.clock.advance(Micros::SECOND);
        browser.get("/forgot").await;
        browser.post("/forgot", &[("email", email)]).await;
        next_link(&site, sent, email).await
    };

    // A changed password.
    let link = waits(&mut ada, "mallory@example.com", PASSWORD).await;
    ada.get("/profile").await;
    let fields = [("password", PASSWORD), ("new_password", NEW)];
    ada.post("/profile/password", &fields).await;
    assert_eq!(follow(&mut other, &link).await, StatusCode::FORBIDDEN);

    // One that the command line sets.
    let link = waits(&mut ada, "mallory@example.com", NEW).await;
    let user = site.user("ada@example.com").await;
    site.perform(ChangePassword {
        user,
        checked: None,
        password: hash(PASSWORD, &SystemEntropy).expect("hashed"),
    })
    .await;
    assert_eq!(follow(&mut other, &link).await, StatusCode::FORBIDDEN);

    // One that was set by a letter.
    let mut ada = site.signed_in("ada@example.com").await;
    let link = waits(&mut ada, "mallory@example.com", PASSWORD).await;
    let reset = forgotten(&mut other, "ada@example.com").await;
    assert_eq!(follow(&mut other, &reset).await, StatusCode::OK);
    other.post("/reset", &[("password", NEW)]).await;
    assert_eq!(follow(&mut other, &link).await, StatusCode::FORBIDDEN);

    // A changed address: neither the mailbox of before, nor another link to an address, takes the account.
    let mut ada = site.browser();
    ada.get("/sign-in").await;
    let fields = [("email", "ada@example.com"), ("password", NEW)];
    ada.post("/sign-in", &fields).await;
    let reset = forgotten(&mut other, "ada@example.com").await;
    let link = waits(&mut ada, "mallory@example.com", NEW).await;
    let confirm = waits(&mut ada, "augusta@example.com", NEW).await;
    assert_eq!(follow(&mut ada, &confirm).await, StatusCode::OK);
    let done = ada.post("/confirm-email", &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    for link in [reset, link] {
        assert_eq!(follow(&mut other, &link).await, StatusCode::FORBIDDEN);
    }
    let emails = actions(&site, team).await;
    let changed = emails.iter().filter(|one| *one == "user.updated_email");
    assert_eq!(changed.count(), 1);
}

#[tokio::test]
async fn another_password_or_address_ends_the_links_of_before_on_sqlite() {
    links_end(Database::Sqlite).await;
}

#[tokio::test]
async fn another_password_or_address_ends_the_links_of_before_on_postgresql() {
    links_end(Database::Postgres).await;
}

#[tokio::test]
async fn links_in_letters_never_lead_where_the_host_header_says() {
    let (site, _) = with_mail().await;
    let mut browser = site.browser();
    browser.host = "evil.example";
    browser.get("/forgot").await;
    let asked = browser
        .post("/forgot", &[("email", "ada@example.com")])
        .await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    // Found by the public address that it begins with.
    let (_, link) = letter(&site).await.expect("a letter");
    assert!(link.starts_with("/reset?token="));
}

/// Two browsers send the same at once; gives how many of the answers lead on.
async fn at_once(pair: &mut [Browser<'_>; 2], path: &str, fields: &[(&str, &str)]) -> usize {
    let [one, other] = pair;
    let (one, other) = tokio::join!(one.post(path, fields), other.post(path, fields));
    let answers = [one, other];
    let leads_on = |answer: &&Answer| {
        answer.status == StatusCode::SEE_OTHER && answer.header("location") == "/"
    };
    answers.iter().filter(leads_on).count()
}

async fn once_for_two(database: Database) {
    let (site, team) = ready(database).await;
    let mut ada = site.signed_in("ada@example.com").await;
    let (seed, codes) = set_up_app(&site, &mut ada).await;
    site.clock.advance(60 * Micros::SECOND);
    let code = code(&site, &seed);
    for typed in [&code, &codes[0]] {
        let mut pair = [
            first_step(&site, "ada@example.com").await,
            first_step(&site, "ada@example.com").await,
        ];
        let fields = [("code", typed.as_str()), ("next", "/")];
        assert_eq!(
            at_once(&mut pair, "/sign-in/step", &fields).await,
            1,
            "{typed}"
        );
    }

    let link = invite_with(&mut ada, "grace@example.com").await;
    let mut pair = [site.browser(), site.browser()];
    for browser in &mut pair {
        browser.get(&link).await;
        browser.get("/invitation").await;
    }
    let fields = [("name", "Grace Hopper"), ("password", NEW)];
    assert_eq!(at_once(&mut pair, "/invitation", &fields).await, 1);
    let said = actions(&site, team).await;
    let joined = said.iter().filter(|one| *one == "user_invitation.accepted");
    assert_eq!(joined.count(), 1);
}

#[tokio::test]
async fn a_code_and_a_link_are_good_once_for_two_at_once_on_sqlite() {
    once_for_two(Database::Sqlite).await;
}

#[tokio::test]
async fn a_code_and_a_link_are_good_once_for_two_at_once_on_postgresql() {
    once_for_two(Database::Postgres).await;
}
