//! Tokens of people and services, on the pages where they are made and ended.

use axum::http::StatusCode;
use model::role::{Access, OrganizationRole, WorkspaceRole};
use server::actions::member::change::{ChangeMember, Seen};
use server::actions::member::remove::RemoveMember;
use server::actions::token::create::{CreateToken, Whose};
use server::auth::secret;

use super::{actions, between, event_page, ready};
use crate::site::{Answer, Browser, Database, Site};

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
