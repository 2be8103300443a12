//! Invitations, members and tokens, as a person in a browser does it.

use axum::http::StatusCode;
use model::clock::Micros;
use model::role::{Access, OrganizationRole, WorkspaceRole};
use server::actions::account::confirm_email::{Asked, ConfirmEmail, EMAIL};
use server::actions::member::change::{ChangeMember, Seen};
use server::actions::member::remove::RemoveMember;
use server::actions::privacy::erase_person::ErasePerson;
use server::actions::token::create::{CreateToken, Whose};
use server::app::Config;
use server::auth::secret;
use store::{NewChallenge, Upkeep};

use crate::site::{Answer, Browser, Database, PASSWORD, Site, Team};

pub const NEW: &str = "another long password";

/// The text between two others on a page.
pub fn between<'p>(page: &'p Answer, before: &str, after: &str) -> &'p str {
    let (_, rest) = page
        .body
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before} in {}", page.body));
    rest.split(after).next().unwrap_or_default()
}

pub async fn actions(site: &Site, team: Team) -> Vec<String> {
    let log = site.log(team.organization).await;
    let name =
        |event: store::Event| format!("{}.{}", event.entry.target.r#type, event.entry.action);
    log.into_iter().map(name).collect()
}

pub async fn ready(database: Database) -> (Site, Team) {
    let site = Site::new(database, Config::default()).await;
    let team = site.set_up().await;
    (site, team)
}

async fn invite(site: &Site, email: &str) -> String {
    let mut ada = site.signed_in("ada@example.com").await;
    invite_with(&mut ada, email).await
}

pub async fn invite_with(ada: &mut Browser<'_>, email: &str) -> String {
    ada.get("/settings/team").await;
    let fields = [
        ("emails", email),
        ("role", "member"),
        ("workspace_role", "editor"),
    ];
    let page = ada.post("/settings/invitations", &fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let link = between(&page, "class=\"wrap\">", "<");
    let (base, path) = link.split_at(link.find("/invitation").expect("a link"));
    assert_eq!(base, "http://annals.test", "where the inviter is");
    path.to_owned()
}

async fn invited_joins(database: Database) {
    let (site, team) = ready(database).await;
    let link = invite(&site, "grace@example.com").await;
    let mut grace = site.browser();
    let opened = grace.get(&link).await;
    assert_eq!(opened.header("location"), "/invitation");
    assert_eq!(opened.header("referrer-policy"), "no-referrer");
    let page = grace.get("/invitation").await;
    assert!(page.body.contains("Join Analytical Engines"));
    assert!(
        !page.body.contains("annals_lnk_"),
        "the secret is on no page"
    );
    let weak = grace
        .post("/invitation", &[("name", "Grace"), ("password", "short")])
        .await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [
        ("name", "Grace Hopper"),
        ("password", NEW),
        ("role", "admin"),
    ];
    let done = grace.post("/invitation", &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert_eq!(
        grace.get("/sources").await.status,
        StatusCode::OK,
        "signed in"
    );
    let page = grace.get("/settings/team").await;
    assert!(
        !page.body.contains("Invite people"),
        "an Editor, whatever was sent"
    );

    // The link is used up.
    let mut eve = site.browser();
    eve.get(&link).await;
    assert_eq!(eve.get("/invitation").await.status, StatusCode::FORBIDDEN);
    let said = actions(&site, team).await;
    for one in [
        "user_invitation.created",
        "user_invitation.accepted",
        "user.added_to_organization",
    ] {
        assert!(said.iter().any(|action| action == one), "{one}");
    }
    let log = site.log(team.organization).await;
    let accepted = log
        .iter()
        .find(|event| event.entry.action == "accepted")
        .expect("one");
    let told = format!("{accepted:?}");
    assert!(told.contains("Grace Hopper"), "who accepted: {told}");
}

#[tokio::test]
async fn who_is_invited_joins_with_a_new_account_on_sqlite() {
    invited_joins(Database::Sqlite).await;
}

#[tokio::test]
async fn who_is_invited_joins_with_a_new_account_on_postgresql() {
    invited_joins(Database::Postgres).await;
}

#[tokio::test]
async fn an_account_joins_only_signed_in_and_only_its_own() {
    let (site, team) = Site::ready().await;
    site.member(team, "grace@example.com", None).await;
    // Grace leaves, and is invited again: the account is there.
    let mut grace = site.signed_in("grace@example.com").await;
    let mut ada = site.signed_in("ada@example.com").await;
    let id = site.user("grace@example.com").await;
    ada.get("/settings/team").await;
    let path = format!("/settings/team/{id}/remove");
    assert_eq!(ada.get(&path).await.status, StatusCode::OK);
    let wrong = ada.post(&path, &[("confirm", "someone")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let gone = ada.post(&path, &[("confirm", "grace@example.com")]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    assert_eq!(
        grace.get("/sources").await.header("location"),
        "/sign-in?next=%2Fsources"
    );
    let link = invite(&site, "Grace@example.com").await;

    let mut browser = site.browser();
    browser.get(&link).await;
    let page = browser.get("/invitation").await;
    assert!(page.body.contains("Sign in to join"), "{}", page.body);
    let taken = browser
        .post("/invitation", &[("name", "Eve"), ("password", NEW)])
        .await;
    assert_eq!(taken.header("location"), "/sign-in?next=%2Finvitation");

    // Another account that is signed in gets nothing.
    let mut other = site.signed_in("ada@example.com").await;
    other.get(&link).await;
    assert!(
        other
            .get("/invitation")
            .await
            .body
            .contains("You are signed in as ada@example.com")
    );
    assert_ne!(other.post("/invitation", &[]).await.header("location"), "/");

    browser.get("/sign-in").await;
    browser
        .post(
            "/sign-in",
            &[("email", "grace@example.com"), ("password", PASSWORD)],
        )
        .await;
    browser.get("/invitation").await;
    assert_eq!(
        browser.post("/invitation", &[]).await.header("location"),
        "/"
    );
    assert_eq!(browser.get("/sources").await.status, StatusCode::OK);
}

async fn invited_lands(database: Database) {
    let (site, team) = ready(database).await;
    site.member(team, "grace@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let made = site.another("ada@example.com").await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.post(&format!("/workspaces/{}/open", made.workspace), &[])
        .await;
    let link = invite_with(&mut ada, "grace@example.com").await;

    let mut grace = site.signed_in("grace@example.com").await;
    grace.get(&link).await;
    grace.get("/invitation").await;
    let joined = grace.post("/invitation", &[]).await;
    assert_eq!(joined.header("location"), "/", "{}", joined.body);
    let page = grace.get("/settings/workspace").await;
    assert!(page.body.contains("<h1>Elsewhere</h1>"), "{}", page.body);
    assert!(page.body.contains("Joined"), "{}", page.body);
}

#[tokio::test]
async fn who_joins_with_an_account_is_in_what_the_invitation_was_to_on_sqlite() {
    invited_lands(Database::Sqlite).await;
}

#[tokio::test]
async fn who_joins_with_an_account_is_in_what_the_invitation_was_to_on_postgresql() {
    invited_lands(Database::Postgres).await;
}

async fn invited_moves(database: Database) {
    let (site, team) = ready(database).await;
    site.member(team, "grace@example.com", None).await;
    let grace = site.user("grace@example.com").await;
    site.perform(RemoveMember {
        organization: team.organization,
        user: grace,
    })
    .await;
    let link = invite(&site, "grace@example.com").await;
    // The account gets another address before the invitation is opened.
    let hash = site.app.store.entropy().bytes::<32>();
    let checked = site.app.read(move |rx| rx.password_of(grace)).await;
    let asked = Asked {
        email: "hopper@example.com".to_owned(),
        checked: checked.expect("read").expect("a password"),
    };
    let challenge = NewChallenge {
        hash,
        kind: EMAIL,
        user: Some(grace),
        payload: asked.payload().expect("written").into(),
        lasts: Micros::DAY,
    };
    let kept = Upkeep::Challenge(Box::new((challenge, None)));
    site.app.store.upkeep(kept).await.expect("kept");
    site.perform(ConfirmEmail {
        user: grace,
        hash: Some(hash),
    })
    .await;

    let mut browser = site.browser();
    browser.get(&link).await;
    let page = browser.get("/invitation").await;
    assert!(page.body.contains("Sign in to join"), "{}", page.body);
    let fields = [("name", "Eve"), ("password", NEW)];
    let taken = browser.post("/invitation", &fields).await;
    assert_eq!(taken.header("location"), "/sign-in?next=%2Finvitation");
    let mut browser = site.signed_in("hopper@example.com").await;
    browser.get(&link).await;
    let page = browser.get("/invitation").await;
    assert!(!page.body.contains("You are signed in as"), "{}", page.body);
    let joined = browser.post("/invitation", &[]).await;
    assert_eq!(joined.header("location"), "/", "{}", joined.body);

    // Whoever is invited by the address of before from now on is somebody else.
    let link = invite(&site, "grace@example.com").await;
    let mut other = site.browser();
    other.get(&link).await;
    other.get("/invitation").await;
    let fields = [("name", "Grace Murray"), ("password", NEW)];
    let joined = other.post("/invitation", &fields).await;
    assert_eq!(joined.header("location"), "/", "{}", joined.body);
    assert_ne!(site.user("grace@example.com").await, grace);
}

#[tokio::test]
async fn an_invitation_is_for_the_account_it_was_made_for_whatever_its_address_on_sqlite() {
    invited_moves(Database::Sqlite).await;
}

#[tokio::test]
async fn an_invitation_is_for_the_account_it_was_made_for_whatever_its_address_on_postgresql() {
    invited_moves(Database::Postgres).await;
}

#[tokio::test]
async fn tokens_of_people_and_services_are_made_in_the_browser_and_shown_once() {
    let (site, _) = Site::ready().await;
    let mut ada = site.signed_in("ada@example.com").await;
    for (path, sign) in [
        ("/profile/tokens", "annals_pat_"),
        ("/settings/tokens", "annals_sat_"),
    ] {
        ada.get("/profile").await;
        let fields = [
            ("name", "laptop"),
            ("access", "read"),
            ("days", "30"),
            ("role", "viewer"),
        ];
        let page = ada.post(path, &fields).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let token = between(&page, "<code id=\"new-token\" class=\"wrap\">", "<").to_owned();
        assert!(token.starts_with(sign), "{token}");
        let list = ada
            .get(
                path.strip_suffix("/tokens")
                    .filter(|p| *p == "/profile")
                    .unwrap_or(path),
            )
            .await;
        assert!(list.body.contains("laptop") && !list.body.contains(&token));
        // Nothing goes by one click: the button leads to a question, which says what it is about.
        let form = format!("action=\"{path}/");
        assert!(!list.body.contains(&form), "{}", list.body);
        let (link, _) = list
            .body
            .split_once("/delete\" aria-label=\"Delete token laptop\"")
            .expect("a link");
        let id = link.rsplit('/').next().expect("an id");
        let asked = ada.get(&format!("{path}/{id}/delete")).await;
        for part in [
            "Delete the token laptop?",
            "Last used</dt><dd>Never",
            "is refused at once",
            &format!("action=\"{path}/{id}/delete\""),
        ] {
            assert!(asked.body.contains(part), "{part}: {}", asked.body);
        }
        let done = ada.post(&format!("{path}/{id}/delete"), &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        let bad = ada.post(path, &[("name", ""), ("days", "x")]).await;
        assert!(bad.status.is_client_error());
    }
}

#[tokio::test]
async fn a_token_says_for_which_of_several_workspaces_it_is() {
    let (site, team) = Site::ready().await;
    let mut ada = site.signed_in("ada@example.com").await;
    let make = async |ada: &mut Browser<'_>, name: &str| {
        ada.get("/profile").await;
        for path in ["/profile/tokens", "/settings/tokens"] {
            let fields = [("name", name), ("access", "read"), ("role", "viewer")];
            ada.post(path, &fields).await;
        }
    };
    make(&mut ada, "of the first").await;
    let row =
        |page: &Answer, name: &str| between(page, &format!("<b>{name}</b>"), "</tr>").to_owned();
    for path in ["/profile", "/settings/tokens"] {
        let page = ada.get(path).await;
        assert!(!row(&page, "of the first").contains("Production"), "{path}");
    }
    let fields = [("name", "Staging"), ("environment", "DEVELOPMENT")];
    ada.post("/workspaces", &fields).await;
    make(&mut ada, "of the second").await;
    for path in ["/profile", "/settings/tokens"] {
        let page = ada.get(path).await;
        for (name, workspace) in [("of the first", "Production"), ("of the second", "Staging")] {
            let row = row(&page, name);
            assert!(
                row.contains(&format!("{workspace} · made")),
                "{path}: {row}"
            );
        }
    }
    let (_, tokens) = site.api("GET", "/v2/tokens", None).await;
    let mut tokens = tokens["tokens"].as_array().expect("a list").iter();
    let second = tokens.find(|one| one["name"] == "of the second" && one["kind"] == "service");
    let id = second.expect("a token")["id"].as_str().expect("an id");
    let asked = ada.get(&format!("/settings/tokens/{id}/delete")).await;
    assert!(
        asked.body.contains("<dt>Workspace</dt><dd>Staging</dd>"),
        "{}",
        asked.body
    );

    // The way to a token's events is for who may read them.
    for (role, reads) in [
        (WorkspaceRole::Viewer, false),
        (WorkspaceRole::Auditor, true),
    ] {
        let email = format!("{}@example.com", role.as_str());
        site.member(team, &email, Some(role)).await;
        let mut browser = site.signed_in(&email).await;
        browser.get("/profile").await;
        let fields = [("name", "mine"), ("access", "read")];
        browser.post("/profile/tokens", &fields).await;
        let page = browser.get("/profile").await;
        assert!(page.body.contains("Delete token mine"), "{}", page.body);
        assert_eq!(page.body.contains("Events of token mine"), reads);
    }
}

#[tokio::test]
async fn an_answer_with_a_token_that_is_loaded_again_makes_no_second_one() {
    let (site, team) = Site::ready().await;
    let mut ada = site.signed_in("ada@example.com").await;
    for (page, path) in [
        ("/profile", "/profile/tokens"),
        ("/settings/tokens", "/settings/tokens"),
    ] {
        let form = ada.get(page).await;
        let once = between(&form, "name=\"once\" value=\"", "\"").to_owned();
        let send = async |ada: &mut Browser<'_>, name: &str| {
            let fields = [("once", &*once), ("name", name), ("days", "30")];
            ada.post(path, &fields).await
        };
        let unnamed = send(&mut ada, "").await;
        assert_eq!(unnamed.status, StatusCode::UNPROCESSABLE_ENTITY);
        let made = send(&mut ada, "laptop").await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.body);
        let token = between(&made, "<code id=\"new-token\" class=\"wrap\">", "<");
        let before = actions(&site, team).await;
        let again = send(&mut ada, "laptop").await;
        assert_eq!(again.status, StatusCode::CONFLICT);
        assert!(
            again.body.contains("The token was made already.") && !again.body.contains(token),
            "{}",
            again.body
        );
        assert_eq!(actions(&site, team).await, before);
        // The page that says so has a form for another one.
        let next = between(&again, "name=\"once\" value=\"", "\"");
        let fields = [("once", next), ("name", "desktop"), ("days", "30")];
        let other = ada.post(path, &fields).await;
        assert_eq!(other.status, StatusCode::OK, "{}", other.body);
    }
}

#[tokio::test]
async fn an_answer_with_a_link_that_is_loaded_again_makes_no_other_link() {
    let (site, team) = ready(Database::Sqlite).await;
    invite(&site, "edsger@example.com").await;
    let mut ada = site.signed_in("ada@example.com").await;
    let page = ada.get("/settings/team").await;
    let form = between(&page, "/resend\">", "</form>").to_owned();
    let (_, once) = form.split_once("name=\"once\" value=\"").expect("a number");
    let once = once.split('"').next().expect("a number");
    let id = between(&page, "action=\"/settings/invitations/", "/resend").to_owned();
    let path = format!("/settings/invitations/{id}/resend");
    let sent = ada.post(&path, &[("once", once)]).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.body);
    let link = between(&sent, "class=\"wrap\">", "<");
    let before = actions(&site, team).await;
    let again = ada.post(&path, &[("once", once)]).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
    assert!(again.body.contains("sent before"), "{}", again.body);
    assert_eq!(actions(&site, team).await, before);
    // The link that was shown still opens.
    let (_, path) = link.split_at(link.find("/invitation").expect("a link"));
    let mut edsger = site.browser();
    edsger.get(path).await;
    assert_eq!(edsger.get("/invitation").await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_leaves_is_out() {
    let (site, team) = Site::ready().await;
    site.member(team, "grace@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let mut grace = site.signed_in("grace@example.com").await;
    let page = grace.get("/profile").await;
    let organization = between(&page, "name=\"organization\" value=\"", "\"");
    let organization = ("organization", organization);
    let wrong = [("confirm", "no"), organization];
    let wrong = grace.post("/profile/leave", &wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = [("confirm", "Analytical Engines"), organization];
    let left = grace.post("/profile/leave", &right).await;
    assert_eq!(left.header("location"), "/sign-in");
    assert_eq!(grace.get("/sources").await.status, StatusCode::SEE_OTHER);
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/profile").await;
    let last = ada.post("/profile/leave", &right).await;
    assert_eq!(
        last.status,
        StatusCode::CONFLICT,
        "the last administrator stays"
    );
    let said = actions(&site, team).await;
    assert!(said.iter().any(|one| one == "user.left_organization"));
}

async fn who_is_easy_to_break_in_on_is_seen(database: Database) {
    let (site, team) = ready(database).await;
    let grace = "grace@example.com";
    site.member(team, grace, Some(WorkspaceRole::Editor)).await;
    let mut ada = site.signed_in("ada@example.com").await;
    // The account is older than the membership, which is what counts.
    ada.get("/settings/team").await;
    let id = site.user(grace).await;
    let gone = [("confirm", grace)];
    ada.post(&format!("/settings/team/{id}/remove"), &gone)
        .await;
    site.clock.advance(40 * 60 * Micros::SECOND);
    site.member(team, grace, Some(WorkspaceRole::Editor)).await;
    let now = || site.app.store.clock().now().timestamp();
    let joined = now();
    let row = |page: &Answer| between(page, "<b>Member grace@example.com</b>", "</tr>").to_owned();
    let seen = row(&ada.get("/settings/team").await);
    assert!(
        seen.contains(&format!("data-label=\"Since\"><time datetime=\"{joined}\"")),
        "{seen}"
    );
    assert!(seen.contains("Not known"), "not signed in yet: {seen}");

    site.clock.advance(60 * Micros::SECOND);
    let _browser = site.signed_in(grace).await;
    let signed_in = now();
    let page = ada.get("/settings/team").await;
    assert!(
        page.body
            .contains("<b>2 members have no second factor.</b>")
    );
    let seen = row(&page);
    assert!(seen.contains(">Off<"), "{seen}");
    assert!(
        seen.contains(&format!(
            "data-label=\"Last seen\"><time datetime=\"{signed_in}\""
        )),
        "{seen}"
    );
    crate::account::set_up_app(&site, &mut ada).await;
    let page = ada.get("/settings/team").await;
    assert!(page.body.contains("<b>1 member has no second factor.</b>"));
    assert!(between(&page, "<span class=\"two\"><b>Ada Lovelace</b>", "</tr>").contains(">On<"));

    // An Editor can do nothing about it, and is not told.
    let mut other = site.signed_in(grace).await;
    let page = other.get("/settings/team").await.body;
    for one in [
        "Second factor",
        "Last seen",
        "no second factor",
        "End sessions",
    ] {
        assert!(!page.contains(one), "{one}");
    }
}

#[tokio::test]
async fn administrators_see_who_has_no_second_factor_and_when_each_was_last_seen_on_sqlite() {
    who_is_easy_to_break_in_on_is_seen(Database::Sqlite).await;
}

#[tokio::test]
async fn administrators_see_who_has_no_second_factor_and_when_each_was_last_seen_on_postgresql() {
    who_is_easy_to_break_in_on_is_seen(Database::Postgres).await;
}

#[tokio::test]
async fn an_administrator_ends_all_sessions_of_a_member_and_keeps_the_own() {
    let (site, team) = ready(Database::Sqlite).await;
    let address = "grace@example.com";
    site.member(team, address, Some(WorkspaceRole::Editor))
        .await;
    let grace = site.user("grace@example.com").await;
    let mut browsers = [site.signed_in(address).await, site.signed_in(address).await];
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/settings/team").await;
    let path = format!("/settings/team/{grace}/sessions/end");
    let ended = ada.post(&path, &[]).await;
    assert_eq!(ended.header("location"), "/settings/team", "{}", ended.body);
    for browser in &mut browsers {
        let page = browser.get("/sources").await;
        assert!(page.header("location").starts_with("/sign-in"));
    }
    let revoked = async || {
        let said = actions(&site, team).await;
        let mut said = said.iter().rev();
        said.by_ref()
            .take_while(|one| *one == "user.session_revoked")
            .count()
    };
    assert_eq!(revoked().await, 2, "an event for each");

    // Nothing is left to end; and the API does the same.
    assert!(ada.get("/settings/team").await.body.contains("Ended"));
    ada.post(&path, &[]).await;
    let page = ada.get("/settings/team").await;
    assert!(page.body.contains("Nothing changed"), "{}", page.body);
    let mut browser = site.signed_in(address).await;
    let route = format!("/v2/members/{grace}/sessions");
    let (status, _) = site.api("DELETE", &route, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(revoked().await, 1);
    let page = browser.get("/sources").await;
    assert!(page.header("location").starts_with("/sign-in"));

    // One's own go but for the one that acts.
    let mut other = site.signed_in("ada@example.com").await;
    let own = site.user("ada@example.com").await;
    ada.get("/settings/team").await;
    ada.post(&format!("/settings/team/{own}/sessions/end"), &[])
        .await;
    assert_eq!(ada.get("/sources").await.status, StatusCode::OK);
    assert_eq!(other.get("/sources").await.status, StatusCode::SEE_OTHER);
}

/// The events of an action in one of the logs, newest first: who acted by which address, and what changed.
async fn told(site: &Site, team: Team, action: &str) -> Vec<String> {
    let log = site.log(team.organization).await.into_iter().rev();
    let of = log.filter(|event| event.entry.action == action);
    let line = |event: store::Event| {
        let mut paths: Vec<_> = event.changes.iter().map(|one| one.path.as_str()).collect();
        paths.sort_unstable();
        format!(
            "{} {:?} {:?} {:?}: {} ({})",
            event.entry.actor.r#type,
            event.actor_name,
            event.actor_email,
            event.user_agent,
            event.target_name.unwrap_or_default(),
            paths.join(", ")
        )
    };
    of.map(line).collect()
}

/// The page of the newest event of an action.
async fn event_page(site: &Site, team: Team, browser: &mut Browser<'_>, action: &str) -> Answer {
    let log = site.log(team.organization).await.into_iter();
    let event = log.rev().find(|event| event.entry.action == action);
    let id = event.expect("an event").entry.id;
    browser.get(&format!("/settings/audit-logs/{id}")).await
}

/// What an organization is told of a session that another one has ended.
const ENDED_ELSEWHERE: &str = "system Some(\"another organization\") None None: Member grace@example.com (session, signedInAt)";

async fn ended_everywhere(database: Database) {
    let (site, team) = ready(database).await;
    let address = "grace@example.com";
    site.member(team, address, Some(WorkspaceRole::Editor))
        .await;
    let grace = site.user(address).await;
    let other = site.another(address).await;
    let here = "user Some(\"Ada Lovelace\") Some(\"ada@example.com\") None: Member grace@example.com (session, signedInAt)";
    let there = ENDED_ELSEWHERE;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/settings/team").await;

    let mut browsers = [site.signed_in(address).await, site.signed_in(address).await];
    let path = format!("/settings/team/{grace}/sessions/end");
    ada.post(&path, &[]).await;
    assert_eq!(told(&site, team, "session_revoked").await, [here; 2]);
    assert_eq!(told(&site, other, "session_revoked").await, [there; 2]);
    let page = ada.get("/settings/team").await;
    assert!(page.body.contains("Session Revoked"), "{}", page.body);
    for browser in &mut browsers {
        assert_eq!(browser.get("/sources").await.status, StatusCode::SEE_OTHER);
    }
    // Where nothing of the kind is allowed, it is refused there, and others hear nothing.
    site.member(team, "kim@example.com", Some(WorkspaceRole::Admin))
        .await;
    let mut kim = site.signed_in("kim@example.com").await;
    kim.get("/settings/team").await;
    let refused = kim.post(&path, &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(told(&site, team, "session_revoked").await.len(), 3);
    assert_eq!(told(&site, other, "session_revoked").await.len(), 2);

    // Who is removed is out everywhere; that it was a removal concerns one organization.
    site.signed_in(address).await;
    let path = format!("/settings/team/{grace}/remove");
    ada.get(&path).await;
    let gone = ada.post(&path, &[("confirm", address)]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    assert_eq!(told(&site, team, "session_revoked").await[0], here);
    assert_eq!(told(&site, other, "session_revoked").await[0], there);
    assert_eq!(
        told(&site, team, "removed_from_organization").await.len(),
        1
    );
    assert!(
        told(&site, other, "removed_from_organization")
            .await
            .is_empty()
    );
    let organization = other.organization;
    let former = site.app.read(move |rx| rx.former_members(organization));
    assert!(
        former.await.expect("read").is_empty(),
        "nobody is known by that"
    );
    let mut grace = site.signed_in(address).await;
    let page = event_page(&site, other, &mut grace, "session_revoked").await;
    assert!(page.body.contains("Another organization"), "{}", page.body);
    let page = event_page(&site, other, &mut grace, "created").await;
    assert!(!page.body.contains("Another organization"));
}

#[tokio::test]
async fn sessions_that_an_administrator_ends_are_told_in_all_of_the_persons_organizations_on_sqlite()
 {
    ended_everywhere(Database::Sqlite).await;
}

#[tokio::test]
async fn sessions_that_an_administrator_ends_are_told_in_all_of_the_persons_organizations_on_postgresql()
 {
    ended_everywhere(Database::Postgres).await;
}

async fn erased_here(database: Database) {
    let (site, team) = ready(database).await;
    let address = "grace@example.com";
    let role = Some(WorkspaceRole::Editor);
    site.member(team, address, role).await;
    let path = format!("/settings/team/{}/erase", site.user(address).await);
    let other = site.another(address).await;
    let mut browser = site.signed_in(address).await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get(&path).await;
    let fields = [("confirm", address), ("basis", "request")];
    let done = ada.post(&path, &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = browser.get("/sources").await;
    assert!(page.header("location").starts_with("/sign-in"));
    // Where the person still is, it is told as any other end of a session, and not that it was an erasure.
    let there = told(&site, other, "session_revoked").await;
    assert_eq!(there, [ENDED_ELSEWHERE]);
    assert!(told(&site, other, "erased").await.is_empty());
    assert_eq!(told(&site, team, "erased").await.len(), 1);
    assert!(told(&site, team, "session_revoked").await.is_empty());
}

#[tokio::test]
async fn sessions_that_end_with_an_erasure_are_told_where_the_person_still_is_on_sqlite() {
    erased_here(Database::Sqlite).await;
}

#[tokio::test]
async fn sessions_that_end_with_an_erasure_are_told_where_the_person_still_is_on_postgresql() {
    erased_here(Database::Postgres).await;
}

async fn former_erased(database: Database) {
    let (site, team) = ready(database).await;
    let address = "grace@example.com";
    site.member(team, address, None).await;
    let user = site.user(address).await;
    let other = site.another(address).await;
    let organization = team.organization;
    site.perform(RemoveMember { organization, user }).await;
    let mut browser = site.signed_in(address).await;
    site.perform(ErasePerson {
        organization: Some(organization),
        user,
        basis: "request",
    })
    .await;
    assert_eq!(browser.get("/sources").await.status, StatusCode::OK);
    assert!(told(&site, other, "session_revoked").await.is_empty());
}

#[tokio::test]
async fn an_organization_that_a_person_has_left_ends_no_sessions_by_an_erasure_on_sqlite() {
    former_erased(Database::Sqlite).await;
}

#[tokio::test]
async fn an_organization_that_a_person_has_left_ends_no_sessions_by_an_erasure_on_postgresql() {
    former_erased(Database::Postgres).await;
}

#[tokio::test]
async fn the_page_of_a_token_that_ended_says_why() {
    let (site, team) = Site::ready().await;
    let address = "grace@example.com";
    site.member(team, address, Some(WorkspaceRole::Editor))
        .await;
    let (organization, user) = (team.organization, site.user(address).await);
    let mut ada = site.signed_in("ada@example.com").await;
    let token = async |name: &str| {
        site.perform(CreateToken {
            organization,
            whose: Whose::Personal(team.workspace, Some(user)),
            name: name.to_owned(),
            access: Access::Read,
            days: None,
            hash: secret::hash(name),
        })
        .await
    };
    token("laptop").await;
    site.perform(ChangeMember {
        organization,
        user,
        role: Some(OrganizationRole::Admin),
        workspaces: vec![(team.workspace, None)],
        seen: Seen::default(),
    })
    .await;
    site.perform(ChangeMember {
        organization,
        user,
        role: Some(OrganizationRole::Member),
        workspaces: Vec::new(),
        seen: Seen::default(),
    })
    .await;
    let page = event_page(&site, team, &mut ada, "deleted").await;
    let why = "Its owner&#39;s role in the workspace has ended";
    assert_eq!(between(&page, "<dt>Reason</dt><dd>", "<"), why);
    let log = ada.get("/settings/audit-logs").await;
    assert!(log.body.contains(why), "{}", log.body);

    site.perform(ChangeMember {
        organization,
        user,
        role: None,
        workspaces: vec![(team.workspace, Some(WorkspaceRole::Viewer))],
        seen: Seen::default(),
    })
    .await;
    token("desktop").await;
    site.perform(RemoveMember { organization, user }).await;
    let page = event_page(&site, team, &mut ada, "deleted").await;
    let why = "Its owner&#39;s membership has ended";
    assert_eq!(between(&page, "<dt>Reason</dt><dd>", "<"), why);
}

async fn left(database: Database) {
    let (site, team) = ready(database).await;
    let address = "grace@example.com";
    site.member(team, address, Some(WorkspaceRole::Editor))
        .await;
    let other = site.another(address).await;
    let mut grace = site.signed_in(address).await;
    let organization = team.organization.to_string();
    let fields = [
        ("organization", organization.as_str()),
        ("confirm", "Analytical Engines"),
    ];
    grace.get("/profile").await;
    let gone = grace.post("/profile/leave", &fields).await;
    assert_eq!(gone.header("location"), "/sign-in", "{}", gone.body);
    let other = site.log(other.organization).await;
    let last = other.last().expect("an event");
    assert_eq!(last.entry.action, "session_revoked");
    assert_eq!(last.actor_email.as_deref(), Some(address), "by oneself");
    let here = actions(&site, team).await;
    assert!(here.ends_with(&[
        "user.left_organization".to_owned(),
        "user.session_revoked".to_owned()
    ]));
}

#[tokio::test]
async fn who_leaves_is_told_of_in_the_other_organizations_by_the_sessions_that_end_on_sqlite() {
    left(Database::Sqlite).await;
}

#[tokio::test]
async fn who_leaves_is_told_of_in_the_other_organizations_by_the_sessions_that_end_on_postgresql() {
    left(Database::Postgres).await;
}

#[tokio::test]
async fn an_invitation_says_that_it_is_for_another_workspace() {
    let (site, _) = ready(Database::Sqlite).await;
    invite(&site, "edsger@example.com").await;
    let mut ada = site.signed_in("ada@example.com").await;
    let row = |page: &Answer| between(page, "data-label=\"Role\">", "</td>").to_owned();
    assert_eq!(row(&ada.get("/settings/team").await), "Editor");
    ada.get("/workspaces").await;
    let fields = [("name", "Staging"), ("environment", "DEVELOPMENT")];
    ada.post("/workspaces", &fields).await;
    let page = ada.get("/settings/team").await;
    assert_eq!(row(&page), "Role in 1 other workspace");
}

#[tokio::test]
async fn an_invitation_says_who_invites() {
    let (site, _) = ready(Database::Sqlite).await;
    invite(&site, "edsger@example.com").await;
    let mut ada = site.signed_in("ada@example.com").await;
    let page = ada.get("/settings/team").await;
    assert_eq!(
        between(&page, "data-label=\"Invited by\">", "<"),
        "Ada Lovelace"
    );
}

/// What is chosen in the select with this id.
fn chosen<'p>(page: &'p Answer, id: &str) -> &'p str {
    let select = between(
        page,
        &format!("<select class=\"in\" id=\"{id}\""),
        "</select>",
    );
    let mut options = select.split("<option value=\"").skip(1);
    let one = options.find(|one| {
        one.split('>')
            .next()
            .is_some_and(|tag| tag.ends_with(" selected"))
    });
    one.and_then(|one| one.split('"').next())
        .unwrap_or_default()
}

#[tokio::test]
async fn what_was_chosen_in_a_form_that_is_wrong_stays_chosen() {
    let (site, team) = ready(Database::Sqlite).await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/workspaces").await;
    let fields = [("name", "Staging"), ("environment", "DEVELOPMENT")];
    ada.post("/workspaces", &fields).await;
    ada.get("/settings/team").await;
    let elsewhere = format!("workspace.{}", team.workspace);
    let fields = [
        ("emails", "nobody"),
        ("role", "admin"),
        ("workspace_role", "auditor"),
        (&*elsewhere, "editor"),
    ];
    let page = ada.post("/settings/invitations", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(chosen(&page, "role"), "admin");
    assert_eq!(chosen(&page, "workspace_role"), "auditor");
    assert_eq!(
        chosen(&page, &format!("invite-{}", team.workspace)),
        "editor"
    );
    // A form that nobody has sent has what most people want.
    let page = ada.get("/settings/team").await;
    assert_eq!(chosen(&page, "role"), "member");
    assert_eq!(chosen(&page, "workspace_role"), "viewer");

    for path in ["/profile/tokens", "/settings/tokens"] {
        let fields = [
            ("name", " "),
            ("role", "editor"),
            ("access", "read_write"),
            ("days", "365"),
        ];
        let page = ada.post(path, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert_eq!(chosen(&page, "access"), "read_write", "{path}");
        assert_eq!(chosen(&page, "days"), "365", "{path}");
        if path == "/settings/tokens" {
            assert_eq!(chosen(&page, "role"), "editor");
        }
    }
    // One that reads the audit log writes nothing.
    let fields = [("name", "ci"), ("role", ""), ("access", "read_write")];
    let page = ada.post("/settings/tokens", &fields).await;
    assert!(page.status.is_client_error());
    assert_eq!(chosen(&page, "access"), "read_write");
    assert!(page.body.contains("value=\"ci\""), "{}", page.body);
    let page = ada.get("/settings/tokens").await;
    assert_eq!(chosen(&page, "days"), "90");
}

#[tokio::test]
async fn a_message_leaves_the_address_that_it_begins_with_as_it_is() {
    let (site, _) = ready(Database::Sqlite).await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/settings/team").await;
    let fields = [("emails", "ada@example.com"), ("role", "member")];
    let page = ada.post("/settings/invitations", &fields).await;
    let said = "ada@example.com is a member of the organization already.";
    assert!(page.body.contains(said), "{}", page.body);
}

#[tokio::test]
async fn an_administrator_renames_the_organization() {
    let (site, team) = ready(Database::Sqlite).await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/settings/tokens").await;
    let rename = async |ada: &mut Browser<'_>, name: &str| {
        let fields = [("rule", "name"), ("organization_name", name)];
        ada.post("/settings/organization", &fields).await
    };
    let wrong = rename(&mut ada, " ").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("id=\"organization_name-error\""));
    let long = "Engines ".repeat(100);
    let wrong = rename(&mut ada, long.trim()).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let typed = format!("value=\"{}\"", long.trim());
    assert!(wrong.body.contains(&typed), "what was typed is not lost");
    let done = rename(&mut ada, "Difference Engines").await;
    assert_eq!(done.header("location"), "/settings/tokens", "{}", done.body);
    let page = ada.get("/settings/tokens").await.body;
    assert!(page.contains("Recorded as Updated"), "{page}");
    assert!(page.contains("value=\"Difference Engines\""), "{page}");
    let said = actions(&site, team).await;
    assert_eq!(said.last().expect("an event"), "organization.updated");
}

#[tokio::test]
async fn roles_in_several_workspaces_are_given_on_one_page_and_each_workspace_is_opened() {
    let (site, team) = ready(Database::Sqlite).await;
    site.member(team, "grace@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/workspaces").await;
    let wrong = ada.post("/workspaces", &[("name", " ")]).await;
    assert_eq!(
        wrong.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        wrong.body
    );
    let fields = [("name", "Staging"), ("environment", "DEVELOPMENT")];
    let made = ada.post("/workspaces", &fields).await;
    assert_eq!(made.header("location"), "/settings/workspace");
    let page = ada.get("/settings/workspace").await;
    assert!(
        page.body.contains("<h1>Staging</h1>"),
        "it is shown at once"
    );
    let staging = between(&page, "id=\"workspace-id\">", "<").to_owned();

    // In the other workspace this one is among the others.
    ada.get("/workspaces").await;
    let opened = ada
        .post(&format!("/workspaces/{}/open", team.workspace), &[])
        .await;
    assert_eq!(opened.header("location"), "/sources");
    let page = ada.get("/settings/team").await;
    let grace = site.user("grace@example.com").await.to_string();
    assert!(page.body.contains(&format!("name=\"workspace.{staging}\"")));
    let elsewhere = format!("workspace.{staging}");
    let fields = [
        ("role", "member"),
        ("workspace_role", "auditor"),
        (elsewhere.as_str(), "editor"),
    ];
    let saved = ada.post(&format!("/settings/team/{grace}"), &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);

    // The record tells the workspaces by their names.
    let page = ada
        .get("/settings/audit-logs?action=user.changed_permission")
        .await;
    for said in ["Production viewer → auditor", "Staging not set → editor"] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }

    let mut browser = site.signed_in("grace@example.com").await;
    let page = browser.get("/workspaces").await;
    assert!(page.body.contains("Staging") && page.body.contains("Auditor"));
    assert!(!page.body.contains("New workspace"), "for administrators");
    browser
        .post(&format!("/workspaces/{staging}/open"), &[])
        .await;
    assert_eq!(browser.get("/sources/new").await.status, StatusCode::OK);
    let none = "2CHj1PJ61lv1NPyQtCiFi2KVX2y";
    let nowhere = browser.post(&format!("/workspaces/{none}/open"), &[]).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);

    // What is in a workspace, and that it is the last one, stands in the way.
    let web = [("type", "HTTP"), ("name", "Web")];
    let made = ada.post("/sources", &web).await;
    let source = made.header("location").to_owned();
    let path = format!("/workspaces/{}/delete", team.workspace);
    let page = ada.get(&path).await;
    assert!(
        page.body.contains("<a href=\"/sources\">1 source</a>")
            && !page.body.contains("name=\"confirm\""),
        "{}",
        page.body
    );
    let kept = ada.post(&path, &[("confirm", "Production")]).await;
    assert_eq!(kept.status, StatusCode::CONFLICT);
    assert!(
        kept.body.contains("The workspace still has 1 source.")
            && kept.body.contains("<a href=\"/sources\">1 source</a>"),
        "{}",
        kept.body
    );
    ada.post(&format!("{source}/delete"), &[("confirm", "Web")])
        .await;

    // Renamed, and deleted when it is empty.
    ada.get("/settings/workspace").await;
    let fields = [
        ("name", "Live"),
        ("environment", "PRODUCTION"),
        ("allow_unknown_types", "true"),
    ];
    let done = ada.post("/settings/workspace", &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = ada.get(&format!("/workspaces/{staging}/delete")).await;
    assert!(
        page.body.contains("One person loses a role."),
        "{}",
        page.body
    );
    let path = format!("/workspaces/{staging}/delete");
    let wrong = ada.post(&path, &[("confirm", "x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let gone = ada.post(&path, &[("confirm", "Staging")]).await;
    assert_eq!(gone.header("location"), "/workspaces", "{}", gone.body);
    let page = browser.get("/sources").await;
    assert_eq!(page.status, StatusCode::OK, "the one that is left is shown");
    let last = format!("/workspaces/{}/delete", team.workspace);
    let last = ada.get(&last).await;
    assert!(last.body.contains("the only workspace"), "{}", last.body);
    let said = actions(&site, team).await;
    for one in [
        "workspace.created",
        "workspace.updated_name",
        "workspace.deleted",
    ] {
        assert!(said.iter().any(|action| action == one), "{one}");
    }
}

#[tokio::test]
async fn a_source_is_locked_on_its_page_and_only_who_is_selected_changes_it() {
    let (site, team) = ready(Database::Sqlite).await;
    for email in ["grace@example.com", "edsger@example.com"] {
        site.member(team, email, Some(WorkspaceRole::Editor)).await;
    }
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/sources/new").await;
    let made = ada
        .post("/sources", &[("type", "HTTP"), ("name", "Web")])
        .await;
    let source = made.header("location").to_owned();
    let path = format!("{source}/access");
    let page = ada.get(&path).await;
    assert!(page.body.contains("Who may change this source"));
    let grace = site.user("grace@example.com").await.to_string();
    let fields = [("who", "selected"), ("people", grace.as_str())];
    let done = ada.post(&path, &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert!(ada.get(&path).await.body.contains("Locked"));

    for (email, expected) in [
        ("grace@example.com", StatusCode::SEE_OTHER),
        ("edsger@example.com", StatusCode::FORBIDDEN),
    ] {
        let mut browser = site.signed_in(email).await;
        let page = browser.get(&path).await;
        assert!(
            page.body
                .contains("Only people selected, and administrators.")
        );
        browser.get("/sources/new").await;
        let fields = [("form", "enabled"), ("enabled", "true")];
        let answer = browser.post(&source, &fields).await;
        assert_eq!(answer.status, expected, "{email}: {}", answer.body);
        let answer = browser.post(&path, &[("who", "anyone")]).await;
        assert_eq!(
            answer.status,
            StatusCode::FORBIDDEN,
            "{email} is no administrator"
        );
    }
    ada.get(&path).await;
    ada.post(&path, &[("who", "anyone")]).await;
    let said = actions(&site, team).await;
    let count = |event: &str| said.iter().filter(|one| *one == event).count();
    let locks = count("permission.resource_locked");
    assert_eq!(locks, 1 + 2, "locked, and refused to two");
    assert_eq!(count("permission.resource_access_updated"), 1, "opened");
}

#[tokio::test]
async fn a_token_that_was_found_somewhere_is_shown_by_what_it_did_and_comes_into_no_address() {
    let (site, team) = ready(Database::Sqlite).await;
    let (_, made) = site
        .api(
            "POST",
            "/v2/tokens",
            Some(serde_json::json!({"name": "laptop"})),
        )
        .await;
    let (id, secret) = (
        made["id"].as_str().expect("an id").to_owned(),
        made["token"].as_str().expect("a token").to_owned(),
    );
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/settings/audit-logs").await;
    for known in [secret.as_str(), "laptop", id.as_str()] {
        let answer = ada
            .post("/settings/audit-logs/token", &[("token", known)])
            .await;
        let to = format!("/settings/audit-logs?token={id}");
        assert_eq!(answer.header("location"), to, "{known}");
    }
    let page = ada.get(&format!("/settings/audit-logs?token={id}")).await;
    assert!(page.body.contains("<i>Token:</i> laptop"), "{}", page.body);
    // Even one that someone has put into the address by hand goes from it at once.
    let answer = ada
        .get(&format!("/settings/audit-logs?target={secret}"))
        .await;
    assert_eq!(
        answer.header("location"),
        format!("/settings/audit-logs?token={id}")
    );
    let answer = ada
        .post("/settings/audit-logs/token", &[("token", "no such")])
        .await;
    assert!(
        answer.body.contains("There is no such token here"),
        "{}",
        answer.body
    );
    let log = format!("{:?}", site.log(team.organization).await);
    assert!(!log.contains(&secret), "the secret is recorded");
}

async fn erasure_of_invited(database: Database) {
    let (site, team) = ready(database).await;
    // Grace has an account, in an organization that is another's.
    site.member(team, "grace@example.com", None).await;
    let other = site.another("grace@example.com").await;
    site.member(other, "heir@example.com", None).await;
    let mut pages = Vec::new();
    let mut ada = site.signed_in("ada@example.com").await;
    for email in ["heir@example.com", "none@example.com"] {
        invite_with(&mut ada, email).await;
        while site.app.store.upkeep(Upkeep::Index).await.expect("kept") > 0 {}
        let page = ada.get("/settings/team").await;
        let (before, _) = page
            .body
            .split_once(&format!("aria-label=\"Erase {email}\""))
            .expect("a link");
        let id = before.rsplit("href=\"").next().expect("a link");
        let path = id.split('"').next().expect("an address").to_owned();
        let page = ada.get(&path).await;
        assert!(
            page.body.contains("in 1 event of the audit log"),
            "{}",
            page.body
        );
        let question = between(&page, "<form class=\"card\"", "</form>");
        let question = question.replace(email, "ADDRESS").replace(&path, "PATH");
        pages.push(question.replace(&ada.csrf, "CSRF"));
    }
    assert_eq!(
        pages[0], pages[1],
        "whether there is an account is not told"
    );
    assert!(pages[0].contains("If the person belongs to no other organization"));
}

#[tokio::test]
async fn the_question_before_an_erasure_does_not_tell_who_has_an_account_on_sqlite() {
    erasure_of_invited(Database::Sqlite).await;
}

#[tokio::test]
async fn the_question_before_an_erasure_does_not_tell_who_has_an_account_on_postgresql() {
    erasure_of_invited(Database::Postgres).await;
}

#[tokio::test]
async fn who_has_left_is_erased_only_after_the_address_was_typed() {
    let (site, team) = Site::ready().await;
    site.member(team, "kim@example.com", None).await;
    let kim = site.user("kim@example.com").await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.post(
        &format!("/settings/team/{kim}/remove"),
        &[("confirm", "kim@example.com")],
    )
    .await;
    let path = format!("/settings/team/{kim}/erase");
    // Who was invited is erased from the row of the invitation, as long as there is no member to be.
    site.api(
        "POST",
        "/v2/invitations",
        Some(serde_json::json!({ "emails": ["erin@example.com"] })),
    )
    .await;
    let team_page = ada.get("/settings/team").await;
    assert!(
        team_page
            .body
            .contains("aria-label=\"Erase erin@example.com\"")
    );
    // Who has left is led to from the team as well; who is asked back, from the invitation alone.
    let ways = |page: &str| page.matches(&path).count();
    assert!(team_page.body.contains("No longer members"));
    assert_eq!(ways(&team_page.body), 1, "{}", team_page.body);
    let page = ada.get(&path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("kim@example.com"));
    assert!(page.body.contains("Member kim@example.com"));
    // Of who is invited and no member, the page tells the address alone, whatever account has it.
    let again = serde_json::json!({ "emails": ["kim@example.com"] });
    site.api("POST", "/v2/invitations", Some(again)).await;
    let page = ada.get(&path).await;
    assert!(page.body.contains("kim@example.com"));
    assert!(!page.body.contains("Member kim"), "{}", page.body);
    let team_page = ada.get("/settings/team").await.body;
    assert!(!team_page.contains("No longer members"));
    assert_eq!(ways(&team_page), 0, "the account is not named: {team_page}");
    assert!(team_page.contains("aria-label=\"Erase kim@example.com\""));
    let wrong = [("confirm", "wrong"), ("basis", "request")];
    assert_eq!(
        ada.post(&path, &wrong).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        ada.get(&path).await.status,
        StatusCode::OK,
        "nothing was erased"
    );
    let right = [("confirm", "kim@example.com"), ("basis", "request")];
    assert_eq!(ada.post(&path, &right).await.status, StatusCode::SEE_OTHER);
    assert_eq!(ways(&ada.get("/settings/team").await.body), 0);
    assert_eq!(ada.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.post(&path, &right).await.status, StatusCode::NOT_FOUND);
}
