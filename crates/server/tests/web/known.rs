//! What pages tell of people and workspaces that an event names by their ids alone: what these are called now.

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use serde_json::json;
use server::actions::privacy::erase_person::ErasePerson;

use crate::site::{Browser, Database, Site, Team};
use crate::team::{between, ready};

/// The page of the newest event of an action.
async fn event_page(site: &Site, team: Team, browser: &mut Browser<'_>, action: &str) -> String {
    let log = site.log(team.organization).await.into_iter();
    let event = log.rev().find(|event| event.entry.action == action);
    let id = event.expect("an event").entry.id;
    let page = browser.get(&format!("/settings/audit-logs/{id}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page.body
}

/// Another workspace, of which a member of the first becomes an Editor; its id.
async fn staging(site: &Site, team: Team, ada: &mut Browser<'_>, email: &str) -> String {
    ada.get("/workspaces").await;
    ada.post("/workspaces", &[("name", "Staging")]).await;
    let page = ada.get("/settings/workspace").await;
    let staging = between(&page, "id=\"workspace-id\">", "<").to_owned();
    ada.post(&format!("/workspaces/{}/open", team.workspace), &[])
        .await;
    ada.get("/settings/team").await;
    let elsewhere = format!("workspace.{staging}");
    let fields = [
        ("role", "member"),
        ("workspace_role", "auditor"),
        (elsewhere.as_str(), "editor"),
    ];
    let path = format!("/settings/team/{}", site.user(email).await);
    let saved = ada.post(&path, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    staging
}

/// What a row says of a person: the name of now, and the id.
fn told(name: &str, id: &str) -> String {
    format!("<bdi>{name}</bdi> <code class=\"sub\">{id}</code>")
}

async fn named(database: Database) {
    let (site, team) = ready(database).await;
    for email in ["grace@example.com", "edsger@example.com"] {
        site.member(team, email, Some(WorkspaceRole::Editor)).await;
    }
    let mut ada = site.signed_in("ada@example.com").await;
    let staging = staging(&site, team, &mut ada, "grace@example.com").await;
    let page = event_page(&site, team, &mut ada, "changed_permission").await;
    for (id, name) in [
        (team.workspace.to_string(), "Production"),
        (staging, "Staging"),
    ] {
        let row = format!("workspaces.{id}<br><span class=\"sub\" dir=\"auto\">{name}</span>");
        assert!(page.contains(&row), "{row}: {page}");
    }

    ada.get("/sources/new").await;
    let made = ada
        .post("/sources", &[("type", "HTTP"), ("name", "Web")])
        .await;
    let access = format!("{}/access", made.header("location"));
    let edsger = site.user("edsger@example.com").await;
    let who = [("who", "selected"), ("people", edsger.as_str())];
    ada.post(&access, &who).await;
    let page = event_page(&site, team, &mut ada, "resource_locked").await;
    let row = told("Member edsger@example.com", edsger.as_str());
    assert!(page.contains(&row), "{page}");
    // The answer of the API beside it stays what it is.
    assert!(page.contains(&format!("&#34;{edsger}&#34;")), "{page}");
    // In the list the row that is open says the same.
    let log = site.log(team.organization).await.into_iter();
    let event = log.rev().find(|one| one.entry.action == "resource_locked");
    let open = event.expect("an event").entry.id;
    let page = ada
        .get(&format!("/settings/audit-logs?open={open}"))
        .await
        .body;
    assert!(page.contains(&row), "{page}");

    site.perform(ErasePerson {
        organization: Some(team.organization),
        user: edsger,
        basis: "request",
    })
    .await;
    let page = event_page(&site, team, &mut ada, "resource_locked").await;
    let tail = &edsger.as_str()[edsger.as_str().len() - 6..];
    let row = told(&format!("Erased person \u{2026}{tail}"), edsger.as_str());
    assert!(page.contains(&row), "{page}");
}

#[tokio::test]
async fn what_an_event_tells_by_ids_is_shown_with_the_names_of_now_on_sqlite() {
    named(Database::Sqlite).await;
}

#[tokio::test]
async fn what_an_event_tells_by_ids_is_shown_with_the_names_of_now_on_postgresql() {
    named(Database::Postgres).await;
}

#[tokio::test]
async fn the_administrator_of_one_workspace_reads_that_something_is_withheld() {
    let (site, team) = ready(Database::Sqlite).await;
    site.member(team, "grace@example.com", Some(WorkspaceRole::Viewer))
        .await;
    site.member(team, "wanda@example.com", Some(WorkspaceRole::Admin))
        .await;
    let mut ada = site.signed_in("ada@example.com").await;
    let staging = staging(&site, team, &mut ada, "grace@example.com").await;
    let mut wanda = site.signed_in("wanda@example.com").await;
    let list = "/settings/audit-logs?action=user.changed_permission";
    let page = wanda.get(list).await.body;
    let said = "Production viewer \u{2192} auditor \u{b7} roles in other workspaces withheld";
    assert!(page.contains(said), "{page}");
    assert!(!page.contains("Staging"), "{page}");
    let page = event_page(&site, team, &mut wanda, "changed_permission").await;
    let row = between_rows(&page, "Roles in other workspaces");
    assert!(row.contains("Withheld from your role"), "{row}");
    assert!(
        !page.contains(&staging) && !page.contains("Staging"),
        "{page}"
    );
    let page = event_page(&site, team, &mut ada, "changed_permission").await;
    assert!(
        page.contains(&staging) && !page.contains("Withheld"),
        "{page}"
    );
}

/// The row of a table that begins so.
fn between_rows<'p>(page: &'p str, head: &str) -> &'p str {
    let head = format!("<th scope=\"row\">{head}");
    let (_, rest) = page.split_once(&head).expect("a row");
    rest.split("</tr>").next().unwrap_or_default()
}

async fn inviter(database: Database) {
    let (site, team) = ready(database).await;
    site.member(team, "grace@example.com", Some(WorkspaceRole::Viewer))
        .await;
    let id = site.user("grace@example.com").await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/settings/team").await;
    let roles = [("role", "admin"), ("workspace_role", "viewer")];
    ada.post(&format!("/settings/team/{id}"), &roles).await;
    let mut grace = site.signed_in("grace@example.com").await;
    crate::team::invite_with(&mut grace, "edsger@example.com").await;
    let by = |page: &str| {
        let head = "edsger<wbr>@example<wbr>.com</th>";
        let (_, rest) = page.split_once(head).expect("a row");
        rest.split("</tr>").next().unwrap_or_default().to_owned()
    };
    let page = ada.get("/settings/team").await.body;
    assert!(by(&page).contains("Member grace@example.com"), "{page}");

    // The account is still one of another organization.
    site.another("grace@example.com").await;
    site.perform(ErasePerson {
        organization: Some(team.organization),
        user: id,
        basis: "request",
    })
    .await;
    let page = ada.get("/settings/team").await.body;
    let tail = &id.as_str()[id.as_str().len() - 6..];
    let row = by(&page);
    assert!(
        row.contains(&format!("Erased person \u{2026}{tail}")),
        "{row}"
    );
    assert!(!page.contains("Member grace@example.com"), "{page}");
}

#[tokio::test]
async fn who_invited_is_not_named_once_erased_here_on_sqlite() {
    inviter(Database::Sqlite).await;
}

#[tokio::test]
async fn who_invited_is_not_named_once_erased_here_on_postgresql() {
    inviter(Database::Postgres).await;
}

async fn workspaces(database: Database) {
    let site = Site::new(database, server::app::Config::default()).await;
    site.set_up().await;
    let mut ada = site.signed_in("ada@example.com").await;
    let new = [("name", "Production"), ("environment", "DEVELOPMENT")];
    ada.get("/workspaces").await;
    let refused = ada.post("/workspaces", &new).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused
            .body
            .contains("There is a workspace \u{201c}Production\u{201d} already."),
        "{}",
        refused.body
    );
    let made = json!({ "name": " Production " });
    let (status, answer) = site.api("POST", "/v2/workspaces", Some(made)).await;
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    assert_eq!(answer["code"], "name_taken");
}

#[tokio::test]
async fn two_workspaces_of_an_organization_have_two_names_on_sqlite() {
    workspaces(Database::Sqlite).await;
}

#[tokio::test]
async fn two_workspaces_of_an_organization_have_two_names_on_postgresql() {
    workspaces(Database::Postgres).await;
}
