//! Sessions and people that end: by an administrator, by leaving, by an erasure; and who is told.

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use server::actions::member::remove::RemoveMember;
use server::actions::privacy::erase_person::ErasePerson;
use store::Upkeep;

use super::{actions, between, event_page, invite_with, left, ready, told};
use crate::site::{Database, Site};

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
async fn who_leaves_is_told_of_in_the_other_organizations_by_the_sessions_that_end_on_sqlite() {
    left(Database::Sqlite).await;
}

#[tokio::test]
async fn who_leaves_is_told_of_in_the_other_organizations_by_the_sessions_that_end_on_postgresql() {
    left(Database::Postgres).await;
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
