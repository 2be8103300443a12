//! Invitations: who makes them, what they say, and who joins with one.

use axum::http::StatusCode;
use model::clock::Micros;
use model::role::WorkspaceRole;
use server::actions::account::confirm_email::{Asked, ConfirmEmail, EMAIL};
use server::actions::member::remove::RemoveMember;
use store::{NewChallenge, Upkeep};

use super::{NEW, actions, between, invite_with, ready};
use crate::site::{Answer, Database, PASSWORD, Site};

async fn invite(site: &Site, email: &str) -> String {
    let mut ada = site.signed_in("ada@example.com").await;
    invite_with(&mut ada, email).await
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
