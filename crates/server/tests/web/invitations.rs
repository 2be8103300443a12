//! Invitations: how many letters go, what is said of one that has ended, and what the team's page tells of people.

use axum::http::StatusCode;
use model::clock::Micros;
use model::role::WorkspaceRole;
use server::actions::invitation::accept::AcceptInvitation;
use server::app::Config;
use server::auth::secret;
use server::mail::Mailer;
use server::request::Caller;
use store::{Error, Way};

use crate::site::{Database, PASSWORD, Site, Team};
use crate::team::{NEW, between, invite_with, ready};

const ADA: &str = "ada@example.com";
const FIELDS: [(&str, &str); 3] = [
    ("emails", "grace@example.com"),
    ("role", "member"),
    ("workspace_role", "editor"),
];

async fn with_mail(database: Database) -> (Site, Team) {
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

async fn letters(site: &Site) -> usize {
    let due = site.app.read(|rx| rx.due_messages(Way::Mail, 100)).await;
    due.expect("read").len()
}

async fn letters_are_limited(database: Database) {
    let (site, team) = with_mail(database).await;
    let mut ada = site.signed_in(ADA).await;
    ada.get("/settings/team").await;
    let done = ada.post("/settings/invitations", &FIELDS).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let id = site
        .app
        .read(move |rx| rx.invitations(team.organization))
        .await
        .expect("read")[0]
        .id;
    let api = format!("/v2/invitations/{id}/resend");
    let page = format!("/settings/invitations/{id}/resend");
    // Who may not invite uses up nothing.
    site.member(team, "vic@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let mut vic = site.signed_in("vic@example.com").await;
    for _ in 0..6 {
        let denied = vic.post(&page, &[]).await;
        assert_eq!(denied.status, StatusCode::FORBIDDEN);
    }
    for _ in 0..2 {
        assert_eq!(site.api("POST", &api, None).await.0, StatusCode::OK);
        let sent = ada.post(&page, &[]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    }
    let after = letters(&site).await;
    site.clock.advance(100 * Micros::SECOND);
    let (status, problem) = site.api("POST", &api, None).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(problem["code"], "too_many_letters");
    let refused = ada.post(&page, &[]).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), "3500");
    assert!(refused.body.contains("Too many letters"));
    assert_eq!(letters(&site).await, after);
    // Withdrawing it and inviting anew is no way around.
    let cancelled = site
        .api("DELETE", &format!("/v2/invitations/{id}"), None)
        .await;
    assert_eq!(cancelled.0, StatusCode::NO_CONTENT);
    let refused = ada.post("/settings/invitations", &FIELDS).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    site.clock.advance(3501 * Micros::SECOND);
    let done = ada.post("/settings/invitations", &FIELDS).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
}

#[tokio::test]
async fn letters_that_invite_are_limited_on_sqlite() {
    letters_are_limited(Database::Sqlite).await;
}

#[tokio::test]
async fn letters_that_invite_are_limited_on_postgresql() {
    letters_are_limited(Database::Postgres).await;
}

#[tokio::test]
async fn a_form_that_invites_counts_once() {
    let (site, _) = Site::ready().await;
    let mut ada = site.signed_in(ADA).await;
    let page = ada.get("/settings/team").await;
    let (_, form) = page
        .body
        .split_once("action=\"/settings/invitations\"")
        .expect("the form");
    let once = form
        .split("name=\"once\" value=\"")
        .nth(1)
        .expect("a number");
    let once = once.split('"').next().expect("its end");
    let wrong = [("emails", "nobody"), ("role", "member"), ("once", once)];
    let refused = ada.post("/settings/invitations", &wrong).await;
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.body);
    let mut fields = FIELDS.to_vec();
    fields.push(("once", once));
    let first = ada.post("/settings/invitations", &fields).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    assert!(first.body.contains("shown only now"));
    let second = ada.post("/settings/invitations", &fields).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.body.contains("They were invited already."));
    assert!(!second.body.contains("Nobody was invited</"));
}

async fn ended(database: Database) {
    let (site, team) = ready(database).await;
    let mut ada = site.signed_in(ADA).await;
    invite_with(&mut ada, "grace@example.com").await;
    let id = site
        .app
        .read(move |rx| rx.invitations(team.organization))
        .await
        .expect("read")[0]
        .id;
    // Its time is over, and nobody has written that down yet.
    site.clock.advance(4 * Micros::DAY);
    let (status, problem) = site
        .api("POST", &format!("/v2/invitations/{id}/resend"), None)
        .await;
    assert_eq!(status, StatusCode::OK, "{problem}");
    let link = problem["link"].as_str().expect("a link").to_owned();
    let token = link.split("token=").nth(1).expect("its secret").to_owned();
    let accept = async |name: &str| {
        let action = AcceptInvitation {
            hash: secret::hash(&token),
            account: Some((name.to_owned(), "a hash".to_owned())),
        };
        let caller = Caller {
            actor: model::actor::Actor::Anonymous,
            origin: model::actor::Origin::local(
                model::id::RequestId::new(site.app.store.clock(), site.app.store.entropy()),
                model::interface::Interface::Dashboard,
            ),
        };
        site.app.perform(&caller, action).await.map(|_| ())
    };
    accept("Grace").await.expect("accepted");
    let size = async || {
        let read = site.app.read(|rx| {
            let log = rx.instance()?.log;
            Ok(rx.log(log)?.expect("the instance's log").size)
        });
        read.await.expect("read")
    };
    let before = size().await;
    let late = accept("Somebody").await;
    assert!(
        matches!(late, Err(Error::NotFound("invitation"))),
        "{late:?}"
    );
    assert_eq!(size().await, before, "nothing was recorded");
}

#[tokio::test]
async fn an_invitation_that_has_ended_is_sent_again_or_not_found_on_sqlite() {
    ended(Database::Sqlite).await;
}

#[tokio::test]
async fn an_invitation_that_has_ended_is_sent_again_or_not_found_on_postgresql() {
    ended(Database::Postgres).await;
}

#[tokio::test]
async fn the_page_of_the_team_names_no_account_of_who_was_invited_and_erases_by_the_invitation() {
    let (site, team) = Site::ready().await;
    site.member(team, "eve@example.com", None).await;
    site.another("eve@example.com").await;
    let mut ada = site.signed_in(ADA).await;
    invite_with(&mut ada, "grace@example.com").await;
    let invited = site
        .app
        .read(move |rx| rx.invitations(team.organization))
        .await
        .expect("read")
        .remove(0);
    let page = ada.get("/settings/team").await;
    assert!(!page.body.contains(invited.user.as_str()));
    let path = format!("/settings/team/{}/erase", invited.id);
    assert!(page.body.contains(&path));
    let page = ada.get(&path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(!page.body.contains(invited.user.as_str()));
    let fields = [("confirm", "grace@example.com"), ("basis", "request")];
    let done = ada.post(&path, &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let user = invited.user;
    let erased = site
        .app
        .read(move |rx| rx.is_erased(Some(team.organization), user));
    assert!(erased.await.expect("read"));
}

#[tokio::test]
async fn a_second_factor_is_shown_only_to_who_reads_that_persons_sign_ins() {
    let (site, team) = Site::ready().await;
    site.member(team, "audrey@example.com", Some(WorkspaceRole::Auditor))
        .await;
    site.member(team, "kim@example.com", None).await;
    let mut audrey = site.signed_in("audrey@example.com").await;
    let page = audrey.get("/settings/team").await;
    let kim = page
        .body
        .split("<tr ")
        .find(|row| row.contains("kim@"))
        .expect("a row");
    assert_eq!(kim.matches("Not shown").count(), 2, "{kim}");
    assert!(page.body.contains("2 members have"), "Ada and Audrey");
    let mut ada = site.signed_in(ADA).await;
    let page = ada.get("/settings/team").await;
    assert!(!page.body.contains("Not shown"));
    assert!(page.body.contains("3 members have"));
}

#[tokio::test]
async fn each_organization_that_one_is_in_can_be_left_from_the_profile() {
    let (site, team) = Site::ready().await;
    site.member(team, "eve@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let other = site.another("eve@example.com").await;
    let mut eve = site.signed_in("eve@example.com").await;
    let page = eve.get("/profile").await;
    for id in [team.organization, other.organization] {
        let field = format!("name=\"organization\" value=\"{id}\"");
        assert_eq!(page.body.matches(&field).count(), 1, "{id}");
    }
    assert!(page.body.contains("Leave Difference Engines"));
    let _ = between(&page, "Leave Analytical Engines", "<");
}

async fn sessions_are_told(database: Database) {
    let (site, team) = ready(database).await;
    let mut here = site.signed_in(ADA).await;
    site.signed_in(ADA).await;
    site.signed_in(ADA).await;
    here.get("/profile").await;
    let fields = [("password", PASSWORD), ("new_password", NEW)];
    let done = here.post("/profile/password", &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let said = crate::team::actions(&site, team).await;
    let end: Vec<_> = said.iter().rev().take(3).map(String::as_str).collect();
    assert_eq!(
        end,
        [
            "user.session_revoked",
            "user.session_revoked",
            "user.changed_password"
        ]
    );
}

#[tokio::test]
async fn each_session_that_ends_with_the_password_is_told_on_sqlite() {
    sessions_are_told(Database::Sqlite).await;
}

#[tokio::test]
async fn each_session_that_ends_with_the_password_is_told_on_postgresql() {
    sessions_are_told(Database::Postgres).await;
}
