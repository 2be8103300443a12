//! Forms that are older than what they are about: what somebody else has changed since they were made stays.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::lines::untouched;
use crate::site::{Answer, Browser, Database, Site, Team};
use crate::team::{between, ready};
use model::role::WorkspaceRole;

/// The fields of the form with this action, as a browser sends them that nobody has touched.
fn fields(page: &Answer, action: &str) -> Vec<(String, String)> {
    let form = between(page, &format!("action=\"{action}\">"), "</form>");
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let mut fields = Vec::new();
    let mut select = None;
    for tag in form.split('<').filter_map(|rest| rest.split('>').next()) {
        let kind = attribute(tag, "type").unwrap_or_default();
        let is_sent = match tag.split(' ').next() {
            Some("select") => {
                select = attribute(tag, "name");
                false
            }
            Some("option") => tag.ends_with(" selected"),
            Some("input") => {
                select = None;
                kind == "hidden" || tag.ends_with(" checked")
            }
            _ => false,
        };
        let name = attribute(tag, "name").or_else(|| select.clone());
        if let (true, Some(name), Some(value)) = (is_sent, name, attribute(tag, "value")) {
            fields.push((name, value));
        }
    }
    fields.retain(|(name, _)| name != "csrf");
    fields
}

fn set(fields: &mut [(String, String)], name: &str, value: &str) {
    let field = fields.iter_mut().find(|(one, _)| one == name);
    value.clone_into(&mut field.expect("a field").1);
}

async fn send(browser: &mut Browser<'_>, path: &str, fields: &[(String, String)]) -> Answer {
    let fields = fields.iter().map(|(name, value)| (&**name, &**value));
    browser.post(path, &fields.collect::<Vec<_>>()).await
}

async fn put(site: &Site, path: &str, body: Value) -> Value {
    let (status, answer) = site.api("PUT", path, Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

async fn roles(database: Database) {
    let (site, team) = ready(database).await;
    let Team { workspace, .. } = team;
    site.member(team, "grace@example.com", Some(WorkspaceRole::Editor))
        .await;
    let grace = site.user("grace@example.com").await.to_string();
    let mut ada = site.signed_in("ada@example.com").await;
    let made = [("name", "Staging"), ("environment", "DEVELOPMENT")];
    ada.post("/workspaces", &made).await;
    let page = ada.get("/settings/workspace").await;
    let staging = between(&page, "id=\"workspace-id\">", "<").to_owned();
    ada.post(&format!("/workspaces/{workspace}/open"), &[])
        .await;

    let member = format!("/v2/members/{grace}");
    put(&site, &member, json!({"workspaces": {&*staging: "admin"}})).await;
    let path = format!("/settings/team/{grace}");
    let page = ada.get("/settings/team").await;
    let mut stale = fields(&page, &path);
    let elsewhere = format!("workspace.{staging}");
    assert!(
        stale.contains(&(elsewhere.clone(), "admin".to_owned())),
        "{stale:?}"
    );

    // Another administrator takes a role away that the form still shows; something else is changed with the form.
    put(&site, &member, json!({"workspaces": {&*staging: null}})).await;
    set(&mut stale, "workspace_role", "viewer");
    let saved = send(&mut ada, &path, &stale).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let (_, now) = site.api("GET", &member, None).await;
    assert_eq!(now["workspaces"], json!({workspace.as_str(): "viewer"}));

    // The same role was changed meanwhile: nothing is.
    let page = ada.get("/settings/team").await;
    let mut stale = fields(&page, &path);
    put(
        &site,
        &member,
        json!({"workspaces": {workspace.as_str(): "auditor"}}),
    )
    .await;
    set(&mut stale, "workspace_role", "admin");
    set(&mut stale, &elsewhere, "editor");
    let refused = send(&mut ada, &path, &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused
            .body
            .contains("Someone else changed this role meanwhile"),
        "{}",
        refused.body
    );
    let (_, now) = site.api("GET", &member, None).await;
    assert_eq!(now["workspaces"], json!({workspace.as_str(): "auditor"}));
    // The form that says so is made of what is now.
    let mut again = fields(&refused, &path);
    set(&mut again, "workspace_role", "admin");
    let saved = send(&mut ada, &path, &again).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);

    let page = ada.get("/settings/team").await;
    let mut stale = fields(&page, &path);
    put(&site, &member, json!({"role": "admin"})).await;
    set(&mut stale, "workspace_role", "viewer");
    send(&mut ada, &path, &stale).await;
    let (_, now) = site.api("GET", &member, None).await;
    assert_eq!(now["role"], "admin", "given meanwhile");
    assert_eq!(now["workspaces"], json!({workspace.as_str(): "viewer"}));
}

#[tokio::test]
async fn a_stale_form_changes_only_the_roles_that_were_changed_in_it_on_sqlite() {
    roles(Database::Sqlite).await;
}

#[tokio::test]
async fn a_stale_form_changes_only_the_roles_that_were_changed_in_it_on_postgresql() {
    roles(Database::Postgres).await;
}

async fn settings(database: Database) {
    let (site, Team { workspace, .. }) = ready(database).await;
    let mut ada = site.signed_in("ada@example.com").await;
    let (path, api) = ("/settings/workspace", format!("/v2/workspaces/{workspace}"));
    let page = ada.get(path).await;
    let mut stale = fields(&page, path);
    // Another one refuses what does not fit, and says that it is for trying; the form changes the name alone.
    let meanwhile = json!({"refuseInvalidConfig": true, "environment": "DEVELOPMENT"});
    put(&site, &api, meanwhile).await;
    stale.push(("name".to_owned(), "Live".to_owned()));
    let saved = send(&mut ada, path, &stale).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let (_, now) = site.api("GET", &api, None).await;
    assert_eq!(
        (
            &now["name"],
            &now["environment"],
            &now["refuseInvalidConfig"]
        ),
        (&json!("Live"), &json!("DEVELOPMENT"), &json!(true)),
    );

    // A box that is not ticked any more is a change; the same name twice is none; another name for what was renamed is refused.
    let page = ada.get(path).await;
    let mut stale = fields(&page, path);
    stale.retain(|(name, _)| name != "allow_unknown_types");
    put(&site, &api, json!({"name": "Shop"})).await;
    stale.push(("name".to_owned(), "Live".to_owned()));
    send(&mut ada, path, &stale).await;
    let (_, now) = site.api("GET", &api, None).await;
    assert_eq!(
        (&now["name"], &now["allowUnknownTypes"]),
        (&json!("Shop"), &json!(false)),
    );
    stale.retain(|(name, _)| name != "name");
    stale.push(("name".to_owned(), "Store".to_owned()));
    let refused = send(&mut ada, path, &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(refused.body.contains("meanwhile"), "{}", refused.body);
    assert!(
        refused.body.contains("name=\"seen.name\" value=\"Shop\""),
        "{}",
        refused.body
    );
    let (_, now) = site.api("GET", &api, None).await;
    assert_eq!(now["name"], "Shop");

    // So it is with what holds for the whole organization.
    let (tokens, path) = ("/settings/tokens", "/settings/organization");
    let page = ada.get(tokens).await;
    put(
        &site,
        "/v2/organization",
        json!({"name": "Engines", "publicHashes": true}),
    )
    .await;
    let form = |id: &str| {
        let form = between(&page, &format!("id=\"{id}\""), "</form>");
        let hidden = form.split("<input type=\"hidden\" name=\"").skip(2);
        let pair = |one: &str| {
            let (name, rest) = one.split_once("\" value=\"").expect("a value");
            (
                name.to_owned(),
                rest.split('"').next().unwrap_or_default().to_owned(),
            )
        };
        hidden.map(pair).collect::<Vec<_>>()
    };
    let mut stale = form("name-form");
    let name = (
        "organization_name".to_owned(),
        "Analytical Engines".to_owned(),
    );
    stale.push(name);
    send(&mut ada, path, &stale).await;
    send(&mut ada, path, &form("hashes-form")).await;
    let (_, now) = site.api("GET", "/v2/organization", None).await;
    assert_eq!(
        (&now["name"], &now["publicHashes"]),
        (&json!("Engines"), &json!(true))
    );
    set(&mut stale, "organization_name", "Difference Engines");
    let refused = send(&mut ada, path, &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let (_, now) = site.api("GET", "/v2/organization", None).await;
    assert_eq!(now["name"], "Engines");
}

#[tokio::test]
async fn a_stale_form_changes_only_the_settings_that_were_changed_in_it_on_sqlite() {
    settings(Database::Sqlite).await;
}

#[tokio::test]
async fn a_stale_form_changes_only_the_settings_that_were_changed_in_it_on_postgresql() {
    settings(Database::Postgres).await;
}

async fn access(database: Database) {
    let (site, team) = ready(database).await;
    let mut people = Vec::new();
    for email in ["grace@example.com", "edsger@example.com", "kim@example.com"] {
        site.member(team, email, Some(WorkspaceRole::Editor)).await;
        people.push(site.user(email).await.to_string());
    }
    let [grace, edsger, kim] = &people[..] else {
        panic!("three people");
    };
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/sources/new").await;
    let made = [("type", "HTTP"), ("name", "Web")];
    let source = ada
        .post("/sources", &made)
        .await
        .header("location")
        .to_owned();
    let (path, api) = (format!("{source}/access"), format!("/v2{source}/access"));
    let selected = async || {
        let (_, now) = site.api("GET", &api, None).await;
        now["people"].clone()
    };
    let sorted = |people: &[&String]| {
        let mut people = people.to_vec();
        people.sort_unstable();
        json!(people)
    };

    put(&site, &api, json!({"people": [grace, edsger]})).await;
    let page = ada.get(&path).await;
    let mut stale = fields(&page, &path);
    put(&site, &api, json!({"people": [edsger]})).await;
    stale.push(("people".to_owned(), kim.clone()));
    let saved = send(&mut ada, &path, &stale).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    assert_eq!(
        selected().await,
        sorted(&[edsger, kim]),
        "Grace was taken off"
    );

    let page = ada.get(&path).await;
    let mut stale = fields(&page, &path);
    put(&site, &api, json!({"people": [edsger, kim, grace]})).await;
    stale.retain(|(name, value)| name != "people" || value != kim);
    send(&mut ada, &path, &stale).await;
    assert_eq!(
        selected().await,
        sorted(&[edsger, grace]),
        "Kim was taken off here"
    );

    // Whether it is locked at all is one thing: where it was changed meanwhile, it is looked at again.
    let page = ada.get(&path).await;
    let mut stale = fields(&page, &path);
    put(&site, &api, json!({"people": [edsger]})).await;
    set(&mut stale, "who", "anyone");
    let refused = send(&mut ada, &path, &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("meanwhile"), "{}", refused.body);
    assert_eq!(selected().await, sorted(&[edsger]));
    let mut again = fields(&refused, &path);
    assert!(
        !again.contains(&("people".to_owned(), grace.clone())),
        "{again:?}"
    );
    set(&mut again, "who", "anyone");
    send(&mut ada, &path, &again).await;
    assert_eq!(selected().await, Value::Null);

    let page = ada.get(&path).await;
    let untouched = fields(&page, &path);
    put(&site, &api, json!({"people": [kim]})).await;
    send(&mut ada, &path, &untouched).await;
    assert_eq!(selected().await, sorted(&[kim]), "nothing was changed here");
}

#[tokio::test]
async fn a_stale_form_selects_and_takes_off_only_who_was_changed_in_it_on_sqlite() {
    access(Database::Sqlite).await;
}

#[tokio::test]
async fn a_stale_form_selects_and_takes_off_only_who_was_changed_in_it_on_postgresql() {
    access(Database::Postgres).await;
}

async fn accounts(database: Database) {
    let (site, _) = ready(database).await;
    let made = json!({
        "name": "Warehouse", "accountDefinitionName": "SOURCE_S3", "options": { "bucket": "b" }, "secret": { "key": "k" },
    });
    let (_, made) = site.api("POST", "/v2/accounts", Some(made)).await;
    let path = format!("/accounts/{}", made["id"].as_str().expect("an id"));
    let name = async || {
        let (_, now) = site.api("GET", &format!("/v2{path}"), None).await;
        now["name"].clone()
    };
    let mut ada = site.signed_in("ada@example.com").await;
    let form = format!("{path}/settings");
    let mut stale = untouched(&ada.get(&form).await.body, &path);
    let mut renamed = stale.clone();
    set(&mut renamed, "name", "Lake");
    let saved = send(&mut ada, &path, &renamed).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);

    set(&mut stale, "options", "{\"bucket\": \"c\"}");
    let refused = send(&mut ada, &path, &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    for said in [
        "It was changed meanwhile, by you; look at it again.",
        "What saving would change now",
    ] {
        assert!(refused.body.contains(said), "{said}: {}", refused.body);
    }
    assert_eq!(name().await, "Lake");
    // The form that says so is made of what is now.
    let again = untouched(&refused.body, &path);
    let saved = send(&mut ada, &path, &again).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    assert_eq!(name().await, "Warehouse");
}

#[tokio::test]
async fn a_stale_form_of_an_account_does_not_undo_what_another_has_changed_on_sqlite() {
    accounts(Database::Sqlite).await;
}

#[tokio::test]
async fn a_stale_form_of_an_account_does_not_undo_what_another_has_changed_on_postgresql() {
    accounts(Database::Postgres).await;
}

#[tokio::test]
async fn a_form_is_not_taken_in_another_workspace_that_was_opened_since() {
    let (site, team) = ready(Database::Sqlite).await;
    site.member(team, "grace@example.com", None).await;
    let grace = site.user("grace@example.com").await;
    let mut ada = site.signed_in("ada@example.com").await;
    ada.get("/workspaces").await;
    ada.post("/workspaces", &[("name", "Staging")]).await;
    let page = ada.get("/settings/workspace").await;
    let staging = between(&page, "id=\"workspace-id\">", "<").to_owned();
    let here = format!("/workspaces/{}/open", team.workspace);
    ada.post(&here, &[]).await;
    let path = format!("/settings/team/{grace}");
    let mut sent = fields(&ada.get("/settings/team").await, &path);
    set(&mut sent, "workspace_role", "admin");
    let made_here = ada.csrf.clone();

    // In another tab.
    ada.post(&format!("/workspaces/{staging}/open"), &[]).await;
    ada.get("/sources").await;
    ada.csrf.clone_from(&made_here);
    let emails = [
        ("emails", "edsger@example.com"),
        ("role", "member"),
        ("workspace_role", "admin"),
    ];
    let invite = ada.post("/settings/invitations", &emails).await;
    ada.csrf.clone_from(&made_here);
    let refused = send(&mut ada, &path, &sent).await;
    for answer in [&invite, &refused] {
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert!(answer.body.contains("Another workspace is open now"));
        assert!(answer.body.contains("Nothing was changed."));
    }
    let (_, member) = site.api("GET", &format!("/v2/members/{grace}"), None).await;
    assert_eq!(member["workspaces"], json!({}), "{member}");
    let (_, all) = site.api("GET", "/v2/invitations", None).await;
    assert_eq!(all["invitations"], json!([]), "{all}");

    // The way back is open, and the account is the same everywhere.
    ada.csrf.clone_from(&made_here);
    let named = ada.post("/profile/name", &[("name", "Ada King")]).await;
    assert_eq!(named.status, StatusCode::SEE_OTHER, "{}", named.body);
    let opened = ada.post(&here, &[]).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
    let done = send(&mut ada, &path, &sent).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let (_, member) = site.api("GET", &format!("/v2/members/{grace}"), None).await;
    let own = team.workspace.to_string();
    assert_eq!(member["workspaces"], json!({ own: "admin" }), "{member}");
}
