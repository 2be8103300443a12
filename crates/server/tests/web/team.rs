//! Invitations, members and tokens, as a person in a browser does it.

mod ended;
mod invitations;
mod tokens;

use axum::http::StatusCode;
use model::clock::Micros;
use model::role::WorkspaceRole;
use server::app::Config;

use crate::site::{Answer, Browser, Database, Site, Team};

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
