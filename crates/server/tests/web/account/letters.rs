//! Letters: what they tell, and the links in them.

use axum::http::StatusCode;
use model::clock::{Micros, SystemEntropy};
use model::role::OrganizationRole;
use server::actions::account::change_password::ChangePassword;
use server::actions::member::add::AddMember;
use server::actions::privacy::erase_person::ErasePerson;
use server::auth::password::hash;
use store::Way;

use super::{code, first_step, letter, links, notices, set_up_app, with_mail, with_mail_on};
use crate::site::{Answer, Browser, Database, PASSWORD, Site};
use crate::team::{NEW, actions, between, invite_with, ready};

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

async fn the_form_of_one_link(database: Database) {
    let (site, team) = ready(database).await;
    let mut ada = site.signed_in("ada@example.com").await;
    let (one, two) = (
        invite_with(&mut ada, "olga@example.com").await,
        invite_with(&mut ada, "kit@example.com").await,
    );
    let grace = "grace@example.com";
    site.member(team, grace, None).await;
    let mut tabs = site.browser();
    tabs.get(&one).await;
    let page = tabs.get("/invitation").await;
    assert!(page.body.contains("olga@example.com"), "{}", page.body);
    // In another tab, whose page is not looked at by this one.
    tabs.get(&two).await;
    let fields = [("name", "Olga"), ("password", NEW)];
    let refused = tabs.post("/invitation", &fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(refused.body.contains("Another link was opened"));
    for email in ["olga@example.com", "kit@example.com"] {
        let found = site.app.read(move |rx| rx.user_by_email(email)).await;
        assert!(found.expect("read").is_none(), "{email}");
    }
    // The link that is meant, once more.
    tabs.get(&one).await;
    tabs.get("/invitation").await;
    let joined = tabs.post("/invitation", &fields).await;
    assert_eq!(joined.status, StatusCode::SEE_OTHER, "{}", joined.body);
    let found = site
        .app
        .read(|rx| rx.user_by_email("olga@example.com"))
        .await;
    assert!(found.expect("read").is_some());
}

#[tokio::test]
async fn the_form_of_one_link_does_not_act_with_another() {
    the_form_of_one_link(Database::Sqlite).await;
    the_form_of_one_link(Database::Postgres).await;
}
