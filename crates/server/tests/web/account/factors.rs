//! Second factors and recovery codes.

use axum::http::StatusCode;
use model::clock::Micros;
use model::role::WorkspaceRole;
use server::actions::organization::update::UpdateOrganization;

use super::{code, first_step, set_up_app};
use crate::site::{Database, PASSWORD, Site};
use crate::team::{actions, between, ready};

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
