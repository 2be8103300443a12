//! A walk over all routes of the server: each one that is not a read leaves an event, or stands in a list with a reason.
//!
//! The routes come from where the server has them: the table that the dashboard's router is made from, and the description
//! that comes with the API's.

use axum::http::StatusCode;
use model::role::Access;
use serde_json::{Value, json};
use server::actions::token::create::{CreateToken, Whose};

use crate::site::{PASSWORD, Site, Team};

/// Routes that are not reads and leave no event, each with the reason.
const WITHOUT_AN_EVENT: &[(&str, &str, &str)] = &[
    (
        "POST",
        "/data-plane/v1/workspaces/{id}/settings",
        "a data plane says at its start what it can do; nothing is kept of it",
    ),
    (
        "POST",
        "/data-plane/v1/namespaces/{namespace}/settings",
        "a data plane says at its start what it can do; nothing is kept of it",
    ),
    (
        "POST",
        "/destination/workspaces/{workspaceId}/accounts/{accountId}/token",
        "a data plane asks for what stands in its configuration; nothing changes",
    ),
    (
        "POST",
        "/dataplane/eventUploads",
        "it holds end users' data, which is kept in memory alone, and only while somebody looks",
    ),
    (
        "POST",
        "/dataplane/v2/eventUploads",
        "it holds end users' data, which is kept in memory alone, and only while somebody looks",
    ),
    (
        "POST",
        "/dataplane/eventDeliveryStatus",
        "it holds end users' data, which is kept in memory alone, and only while somebody looks",
    ),
    (
        "POST",
        "/dataplane/v2/eventDeliveryStatus",
        "it holds end users' data, which is kept in memory alone, and only while somebody looks",
    ),
    (
        "POST",
        "/dataplane/eventTransformStatus",
        "it holds end users' data, which is kept in memory alone, and only while somebody looks",
    ),
    (
        "POST",
        "/profile/email",
        "it sends a link; what it changes is recorded when the link is followed",
    ),
    (
        "POST",
        "/sign-in/passkey/options",
        "it asks what a passkey is to sign; who signs in with it is recorded",
    ),
    (
        "POST",
        "/profile/phone",
        "it sends a code; the number is recorded when the code comes back",
    ),
    (
        "POST",
        "/workspaces/{id}/open",
        "it only says which workspace the browser shows",
    ),
    (
        "POST",
        "/forgot",
        "it sends a link; what it changes is recorded when the link is followed",
    ),
    (
        "POST",
        "/transformations/tests/run",
        "it runs the tests of what is there; nothing changes",
    ),
    (
        "POST",
        "/transformations/libraries/test",
        "it runs the tests of what is there; nothing changes",
    ),
];

/// What a server without a transformer cannot do.
const WITHOUT_A_TRANSFORMER: &[&str] = &[
    "/transformations/tests/run",
    "/transformations/libraries/test",
];

/// Routes for what would have to be run, and is not: they say so, and nothing happens.
const NOT_RUN: &[&str] = &[
    "POST /v2/retl-sources/preview",
    "POST /v2/sources/{id}/start",
    "POST /v2/retl-connections/{id}/start",
    "POST /v2/retl-connections/{id}/stop",
    "PATCH /dataplane/workspaces/{id}/regulations/workerJobs/{jobId}",
];

/// Forms that need what only another step gives (a link, a code, a session): walked in `sessions`, `team` and `account`.
const ELSEWHERE: &[&str] = &[
    "/setup",
    "/sign-in/step",
    "/sign-in/step/options",
    "/sign-in/step/text",
    "/sign-in/passkey",
    "/invitation",
    "/reset",
    "/confirm-email",
    "/profile/app",
    "/profile/phone/confirm",
    "/profile/phone/change",
    "/profile/passkeys",
    "/profile/passkeys/options",
    "/profile/passkeys/{id}/rename",
    "/profile/factors/{id}/remove",
    "/profile/recovery-codes",
    "/profile/sessions/end",
    "/profile/sessions/{id}/end",
    "/profile/leave",
    "/settings/organization",
];

/// Things to change, in a workspace that is set up.
pub struct Things {
    pub source: String,
    pub other_source: String,
    pub destination: String,
    pub connection: String,
    pub transformation: String,
    pub version: String,
    pub library: String,
    pub library_version: String,
    pub event: String,
    /// One of the workspace.
    pub seen: String,
    pub person: String,
    pub invitation: String,
    pub token: String,
    pub workspace: String,
    pub organization: String,
    pub shown: String,
    pub account: String,
    pub unused_account: String,
    pub retl_source: String,
    pub retl_connection: String,
}

async fn id(site: &Site, path: &str, body: Value, at: &str) -> String {
    let (status, made) = site.api("POST", path, Some(body)).await;
    assert!(status.is_success(), "{path}: {made}");
    let found = made.pointer(at).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{path}: {made}")).to_owned()
}

/// Someone who can be erased, and is signed in.
async fn grace(site: &Site, team: Team) -> String {
    site.member(team, "grace@example.com", None).await;
    let mut browser = site.browser();
    browser.get("/sign-in").await;
    let fields = [("email", "grace@example.com"), ("password", PASSWORD)];
    browser.post("/sign-in", &fields).await;
    site.user("grace@example.com").await.to_string()
}

pub async fn things(site: &Site, team: Team) -> Things {
    for kind in ["source", "destination"] {
        let kettle = json!({"name": "Kettle", "displayName": "Kettle"});
        id(site, &format!("/{kind}-definitions"), kettle, "/id").await;
    }
    let code = |name: &str| json!({"name": name, "code": "export const one = 1;", "language": "javascript"});
    let new = |kind: &str, name: &str| json!({"name": name, "type": kind});
    let source = id(site, "/v2/sources", new("HTTP", "One"), "/source/id").await;
    let other_source = id(site, "/v2/sources", new("HTTP", "Two"), "/source/id").await;
    let destination = id(
        site,
        "/v2/destinations",
        new("S3", "Lake"),
        "/destination/id",
    )
    .await;
    let both = json!({"sourceId": source, "destinationId": destination});
    let connection = id(site, "/v2/connections", both, "/connection/id").await;
    let account = |name: &str| json!({"name": name, "accountDefinitionName": "SOURCE_BIGQUERY", "secret": {"key": "s3cret"}});
    let unused_account = id(site, "/v2/accounts", account("Spare"), "/id").await;
    let account = id(site, "/v2/accounts", account("Warehouse"), "/id").await;
    let retl_source = id(site, "/v2/retl-sources", model(&account), "/id").await;
    let retl_connection = synced(&retl_source, &destination);
    let retl_connection = id(site, "/v2/retl-connections", retl_connection, "/id").await;
    let (_, made) = site
        .api("POST", "/transformations", Some(code("Mask")))
        .await;
    let text = |at: &str| made[at].as_str().expect("an id").to_owned();
    let (_, geo) = site.api("POST", "/libraries", Some(code("Geo"))).await;
    let of_geo = |at: &str| geo[at].as_str().expect("an id").to_owned();
    Things {
        transformation: text("id"),
        version: text("versionId"),
        library: of_geo("id"),
        library_version: of_geo("versionId"),
        person: grace(site, team).await,
        invitation: id(
            site,
            "/v2/invitations",
            json!({"emails": ["edsger@example.com"]}),
            "/invitations/0/id",
        )
        .await,
        token: id(site, "/v2/tokens", json!({"name": "laptop"}), "/id").await,
        workspace: {
            // Made later than the one that the pages show, which is the oldest.
            site.clock.advance(model::clock::Micros::SECOND);
            id(site, "/v2/workspaces", json!({"name": "Staging"}), "/id").await
        },
        shown: team.workspace.to_string(),
        organization: team.organization.to_string(),
        event: site.log(team.organization).await[0].entry.id.clone(),
        seen: {
            let log = site.log(team.organization).await;
            let own = Some(team.workspace.as_str());
            let mut all = log.iter();
            let one = all.find(|one| one.entry.workspace.as_deref() == own);
            one.expect("an event").entry.id.clone()
        },
        source,
        other_source,
        destination,
        connection,
        account,
        unused_account,
        retl_source,
        retl_connection,
    }
}

fn model(account: &str) -> Value {
    json!({"name": "Customers", "sourceType": "model", "sourceDefinitionName": "bigquery", "accountId": account, "config": {"sql": "select 1"}})
}

fn synced(source: &str, destination: &str) -> Value {
    let identifiers = json!([{"from": "id", "to": "user_id"}]);
    json!({"sourceId": source, "destinationId": destination, "schedule": {"type": "manual"}, "syncBehaviour": "full", "identifiers": identifiers})
}

/// The address and what is sent there.
#[expect(clippy::match_same_arms, reason = "a table: one line a route")]
fn request(route: &str, things: &Things) -> Option<(String, Value)> {
    let external = json!({"externalId": "in-a-project"});
    let code = json!({"name": "Other", "code": "export const two = 2;", "language": "javascript"});
    let (_, path) = route.split_once(' ')?;
    let (name, body) = match route {
        "POST /v2/sources" | "POST /v2/event-stream-sources" => (
            "",
            json!({"name": "New", "type": "HTTP", "externalId": "new"}),
        ),
        "PUT /v2/sources/{id}" => (&*things.source, json!({"name": "Renamed"})),
        "PUT /v2/event-stream-sources/{id}" => (&*things.source, json!({"name": "Renamed"})),
        "DELETE /v2/sources/{id}" | "DELETE /v2/event-stream-sources/{id}" => {
            (&*things.source, Value::Null)
        }
        "PUT /v2/sources/{id}/external-id" | "PUT /v2/event-stream-sources/{id}/external-id" => {
            (&*things.source, external)
        }
        "POST /v2/destinations" => ("", json!({"name": "New", "type": "S3"})),
        "PUT /v2/destinations/{id}" => (&*things.destination, json!({"name": "Renamed"})),
        "DELETE /v2/destinations/{id}" => (&*things.destination, Value::Null),
        "PUT /v2/destinations/{id}/external-id" => (&*things.destination, external),
        "PUT /v2/destinations/{id}/transformation" => (
            &*things.destination,
            json!({"transformationId": things.transformation}),
        ),
        "DELETE /v2/destinations/{id}/transformation" => (&*things.destination, Value::Null),
        "POST /v2/connections" => (
            "",
            json!({"sourceId": things.other_source, "destinationId": things.destination}),
        ),
        "PUT /v2/connections/{id}" => (&*things.connection, json!({"enabled": false})),
        "DELETE /v2/connections/{id}" => (&*things.connection, Value::Null),
        "PUT /v2/connections/{id}/external-id" => (&*things.connection, external),
        "POST /v2/accounts" => (
            "",
            json!({"name": "New", "accountDefinitionName": "SOURCE_S3"}),
        ),
        "PUT /v2/accounts/{id}" => (&*things.account, json!({"name": "Renamed"})),
        "DELETE /v2/accounts/{id}" => (&*things.unused_account, Value::Null),
        "PUT /v2/accounts/{id}/external-id" => (&*things.account, external),
        "POST /v2/retl-sources" => ("", model(&things.account)),
        "PUT /v2/retl-sources/{id}" => (&*things.retl_source, json!({"name": "Renamed"})),
        "DELETE /v2/retl-sources/{id}" => (&*things.retl_source, Value::Null),
        "PUT /v2/retl-sources/{id}/external-id" => (&*things.retl_source, external),
        "POST /v2/retl-connections" => ("", {
            let mut another = synced(&things.retl_source, &things.destination);
            another["object"] = json!("another");
            another
        }),
        "PUT /v2/retl-connections/{id}" => (&*things.retl_connection, json!({"enabled": false})),
        "DELETE /v2/retl-connections/{id}" => (&*things.retl_connection, Value::Null),
        "PUT /v2/retl-connections/{id}/external-id" => (&*things.retl_connection, external),
        "POST /v2/audit-logs/exports" => ("", json!({"format": "csv"})),
        "PUT /v2/members/{id}" => (&*things.person, json!({"role": "admin"})),
        "DELETE /v2/members/{id}/sessions" | "DELETE /v2/members/{id}" => {
            (&*things.person, Value::Null)
        }
        "POST /v2/invitations" => ("", json!({"emails": ["new@example.com"]})),
        "POST /v2/invitations/{id}/resend" | "DELETE /v2/invitations/{id}" => {
            (&*things.invitation, Value::Null)
        }
        "POST /v2/tokens" => ("", json!({"name": "new"})),
        "POST /v2/workspace/token" => ("", Value::Null),
        "POST /data-plane/v1/workspaces/{id}/settings" => {
            (&*things.shown, json!({"components": []}))
        }
        "POST /data-plane/v1/namespaces/{namespace}/settings" => ("", json!({"components": []})),
        "POST /destination/workspaces/{workspaceId}/accounts/{accountId}/token" => {
            ("", json!({"hasExpired": true}))
        }
        "POST /dataplane/eventUploads"
        | "POST /dataplane/v2/eventUploads"
        | "POST /dataplane/eventDeliveryStatus"
        | "POST /dataplane/v2/eventDeliveryStatus" => ("", json!({"version": "v2"})),
        "POST /dataplane/eventTransformStatus" => ("", json!({"payload": []})),
        "DELETE /v2/tokens/{id}" => (&*things.token, Value::Null),
        "POST /v2/tokens/find" => ("", json!({"token": "laptop"})),
        "POST /v2/workspaces" => ("", json!({"name": "New"})),
        "PUT /v2/workspaces/{id}" => (&*things.shown, json!({"name": "Renamed"})),
        "DELETE /v2/workspaces/{id}" => (&*things.workspace, Value::Null),
        "PUT /v2/organization" => ("", json!({"name": "Renamed"})),
        "POST /source-definitions"
        | "POST /source-definitions/"
        | "POST /source-definitions/{name}"
        | "POST /destination-definitions"
        | "POST /destination-definitions/"
        | "POST /destination-definitions/{name}" => {
            ("", json!({"name": "Kettle", "displayName": "Other"}))
        }
        "DELETE /source-definitions/{name}" | "DELETE /destination-definitions/{name}" => {
            ("", Value::Null)
        }
        "PUT /v2/sources/{id}/access" => (&*things.source, json!({"people": []})),
        "PUT /v2/destinations/{id}/access" => (&*things.destination, json!({"people": []})),
        "POST /v2/privacy/erasures" => ("", json!({"eventId": things.event, "part": "origin"})),
        "POST /transformations" | "POST /libraries" => ("", code),
        "POST /transformations/publish"
        | "POST /transformations/libraries/publish"
        | "POST /libraries/publish"
        | "POST /transformations/tests/run"
        | "POST /transformations/libraries/test" => (
            "",
            json!({"transformations": [{"versionId": things.version}]}),
        ),
        "POST /transformations/{id}" => (
            &*things.transformation,
            json!({"code": "export const three = 3;"}),
        ),
        "DELETE /transformations/{id}" => (&*things.transformation, Value::Null),
        "PUT /transformations/{id}/external-id" => (&*things.transformation, external),
        "POST /libraries/{id}" => (&*things.library, json!({"code": "export const three = 3;"})),
        "DELETE /libraries/{id}" => (&*things.library, Value::Null),
        "PUT /libraries/{id}/external-id" => (&*things.library, external),
        _ => return None,
    };
    let path = path
        .replace("{id}", name)
        .replace("{name}", "Kettle")
        .replace("{namespace}", &things.organization)
        .replace("{workspaceId}", &things.shown)
        .replace("{accountId}", &things.account);
    Some((path, body))
}

async fn size(site: &Site, team: Team) -> usize {
    site.log(team.organization).await.len()
}

fn excused(method: &str, path: &str) -> bool {
    WITHOUT_AN_EVENT
        .iter()
        .any(|(m, p, _)| *m == method && *p == path)
}

#[tokio::test]
async fn every_route_of_the_api_that_is_no_read_leaves_an_event() {
    let description = serde_json::to_value(server::api::openapi()).expect("JSON");
    let mut walked = 0;
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_uppercase();
            if !["POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) {
                continue;
            }
            let route = format!("{method} {path}");
            if NOT_RUN.contains(&&*route) {
                continue;
            }
            let (site, team) = Site::ready().await;
            let things = things(&site, team).await;
            site.sign().await;
            if route == "DELETE /v2/destinations/{id}/transformation" {
                let put = request("PUT /v2/destinations/{id}/transformation", &things);
                let (path, body) = put.expect("known");
                site.api("PUT", &path, Some(body)).await;
            }
            if route == "DELETE /v2/workspaces/{id}" {
                let ada = site.app.read(|rx| rx.user_by_email("ada@example.com"));
                let ada = ada.await.expect("read").expect("her").0.id;
                let workspace = things.workspace.parse().expect("an id");
                let token = CreateToken {
                    organization: team.organization,
                    whose: Whose::Personal(workspace, Some(ada)),
                    name: "of it".to_owned(),
                    access: Access::ReadWrite,
                    days: None,
                    hash: server::auth::secret::hash("pat-of-it"),
                };
                site.perform(token).await;
            }
            let (address, body) = request(&route, &things).unwrap_or_else(|| {
                panic!(
                    "{route} is new: say here how it is asked, so that it is seen to leave an event"
                )
            });
            let before = size(&site, team).await;
            let (status, answer) = site
                .api(&method, &address, Some(body).filter(|body| !body.is_null()))
                .await;
            if WITHOUT_A_TRANSFORMER.contains(&path.as_str()) {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{route}: {answer}");
            } else {
                assert!(status.is_success(), "{route}: {status} {answer}");
            }
            let left = size(&site, team).await - before;
            assert_eq!(
                left == 0,
                excused(&method, path),
                "{route} left {left} events"
            );
            walked += 1;
        }
    }
    assert!(walked >= 25, "{walked}");
}

/// The address of a form, and its fields.
#[expect(clippy::match_same_arms, reason = "a table: one line a route")]
pub fn form(path: &str, things: &Things) -> Option<(String, Vec<(&'static str, String)>)> {
    let text = str::to_owned;
    let (name, fields) = match path {
        "/sign-in" => (
            "",
            vec![
                ("email", text("ada@example.com")),
                ("password", text(PASSWORD)),
            ],
        ),
        "/sign-out" => ("", vec![]),
        "/sources" => ("", vec![("type", text("HTTP")), ("name", text("New"))]),
        "/sources/{id}" => (
            &*things.source,
            vec![("form", text("enabled")), ("enabled", text("false"))],
        ),
        "/sources/{id}/delete" => (&*things.source, vec![("confirm", text("One"))]),
        "/destinations" => (
            "",
            vec![
                ("type", text("S3")),
                ("name", text("New")),
                ("config.bucketName", text("b")),
            ],
        ),
        "/destinations/{id}" => (
            &*things.destination,
            vec![("form", text("enabled")), ("enabled", text("false"))],
        ),
        "/destinations/{id}/delete" => (&*things.destination, vec![("confirm", text("Lake"))]),
        "/destinations/{id}/connections" => (
            &*things.destination,
            vec![("source_id", things.other_source.clone())],
        ),
        "/destinations/{id}/transformation" => (
            &*things.destination,
            vec![("transformation_id", things.transformation.clone())],
        ),
        "/destinations/{id}/transformation/delete" => (&*things.destination, vec![]),
        "/transformations" | "/libraries" => (
            "",
            vec![
                ("do", text("publish")),
                ("name", text("New")),
                ("language", text("javascript")),
                ("code", text("export const four = 4;\r\n")),
            ],
        ),
        "/transformations/{id}/code" => (
            &*things.transformation,
            vec![
                ("do", text("publish")),
                ("name", text("Mask")),
                ("code", text("export const five = 5;")),
            ],
        ),
        "/libraries/{id}/code" => (
            &*things.library,
            vec![
                ("name", text("Geo")),
                ("code", text("export const five = 5;")),
            ],
        ),
        "/transformations/{id}/publish" => (
            &*things.transformation,
            vec![("version", things.version.clone())],
        ),
        "/libraries/{id}/publish" => (
            &*things.library,
            vec![("version", things.library_version.clone())],
        ),
        "/transformations/{id}/delete" => {
            (&*things.transformation, vec![("confirm", text("Mask"))])
        }
        "/libraries/{id}/delete" => (&*things.library, vec![("confirm", text("Geo"))]),
        "/connections/{id}" => (&*things.connection, vec![("enabled", text("false"))]),
        "/connections/{id}/delete" => (&*things.connection, vec![]),
        "/accounts" => (
            "",
            vec![
                ("accountDefinitionName", text("SOURCE_S3")),
                ("name", text("New")),
                ("secret", text(r#"{"accessKey": "s3cret"}"#)),
            ],
        ),
        "/accounts/{id}" => (&*things.account, vec![("name", text("Renamed"))]),
        "/accounts/{id}/delete" => (&*things.unused_account, vec![("confirm", text("Spare"))]),
        "/settings/workspace" => ("", vec![]),
        "/settings/workspace/token" => ("", vec![("password", text(PASSWORD))]),
        "/sources/{id}/access" => (&*things.source, vec![("who", text("selected"))]),
        "/destinations/{id}/access" => (&*things.destination, vec![("who", text("selected"))]),
        "/workspaces" => (
            "",
            vec![("name", text("New")), ("environment", text("DEVELOPMENT"))],
        ),
        "/workspaces/{id}/open" => (&*things.workspace, vec![]),
        "/workspaces/{id}/delete" => (&*things.workspace, vec![("confirm", text("Staging"))]),
        "/settings/audit-logs/token" => ("", vec![("token", text("laptop"))]),
        "/settings/audit-logs/export" => ("", vec![("format", text("csv"))]),
        "/settings/team/{id}" => (
            &*things.person,
            vec![
                ("role", text("member")),
                ("workspace_role", text("auditor")),
            ],
        ),
        "/settings/team/{id}/remove" => (
            &*things.person,
            vec![("confirm", text("grace@example.com"))],
        ),
        "/settings/team/{id}/sessions/end" => (&*things.person, vec![]),
        "/settings/invitations" => (
            "",
            vec![
                ("emails", text("new@example.com")),
                ("role", text("member")),
                ("workspace_role", text("none")),
            ],
        ),
        "/settings/invitations/{id}/resend" | "/settings/invitations/{id}/cancel" => {
            (&*things.invitation, vec![])
        }
        "/settings/types" => (
            "",
            vec![
                ("kind", text("source")),
                ("name", text("Other kettle")),
                ("display_name", text("Other")),
            ],
        ),
        "/settings/types/delete" => ("", vec![("kind", text("source")), ("name", text("Kettle"))]),
        "/settings/tokens" | "/profile/tokens" => ("", vec![("name", text("new"))]),
        "/settings/tokens/{id}/delete" | "/profile/tokens/{id}/delete" => (&*things.token, vec![]),
        "/profile/name" => ("", vec![("name", text("Augusta King"))]),
        "/profile/password" => (
            "",
            vec![
                ("password", text(PASSWORD)),
                ("new_password", text("another long password")),
            ],
        ),
        "/sign-in/passkey/options" => ("", vec![]),
        "/profile/phone" => (
            "",
            vec![
                ("number", text("+447400123456")),
                ("password", text(PASSWORD)),
            ],
        ),
        "/profile/email" | "/forgot" => ("", vec![("email", text("new@example.com"))]),
        "/settings/team/{id}/erase" => (
            &*things.person,
            vec![
                ("confirm", text("grace@example.com")),
                ("basis", text("request")),
            ],
        ),
        _ => return None,
    };
    Some((path.replace("{id}", name), fields))
}

#[tokio::test]
async fn every_form_leaves_an_event_of_its_action_and_wants_its_token() {
    for route in server::web::table() {
        if route.method == "GET" {
            assert!(route.events.is_empty(), "{} is a read", route.path);
            continue;
        }
        let (site, team) = Site::ready().await;
        let things = things(&site, team).await;
        site.sign().await;
        if ELSEWHERE.contains(&route.path) {
            assert!(
                !route.events.is_empty()
                    || ["options", "text"]
                        .iter()
                        .any(|end| route.path.ends_with(end))
            );
            continue;
        }
        if route.path == "/destinations/{id}/transformation/delete" {
            let put = request("PUT /v2/destinations/{id}/transformation", &things);
            let (path, body) = put.expect("known");
            site.api("PUT", &path, Some(body)).await;
        }
        let (address, fields) = form(route.path, &things).unwrap_or_else(|| {
            panic!(
                "{} is new: say here what is sent, so that it is seen to leave an event",
                route.path
            )
        });
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let mut browser = site.signed_in("ada@example.com").await;
        if ["/sign-in", "/sign-in/passkey/options", "/forgot"].contains(&route.path) {
            browser = site.browser();
            browser.get("/sign-in").await;
        }
        let before = size(&site, team).await;
        let refused = browser.post_raw(&address, &fields, &[]).await;
        assert_eq!(
            refused.status,
            StatusCode::FORBIDDEN,
            "{} without its token",
            route.path
        );
        assert_eq!(
            size(&site, team).await,
            before,
            "{} without its token",
            route.path
        );

        let answer = browser.post(&address, &fields).await;
        let expected = match route.path {
            // The answer is the export itself, or shows once what is handed over.
            "/settings/audit-logs/export"
            | "/settings/invitations"
            | "/settings/invitations/{id}/resend"
            | "/settings/tokens"
            | "/settings/workspace/token"
            | "/profile/tokens"
            // Nobody sends text messages.
            | "/profile/phone"
            | "/sign-in/passkey/options"
            | "/forgot" => StatusCode::OK,
            // There is no mail server.
            "/profile/email" => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::SEE_OTHER,
        };
        assert_eq!(answer.status, expected, "{}: {}", route.path, answer.body);
        let log = site.log(team.organization).await;
        let left = &log[before..];
        assert_eq!(
            left.is_empty(),
            excused("POST", route.path),
            "{}",
            route.path
        );
        for event in left {
            let name = format!("{}.{}", event.entry.target.r#type, event.entry.action);
            assert!(
                route.events.iter().any(|one| one.to_string() == name),
                "{} left {name}, which its action does not name",
                route.path
            );
        }
    }
}

#[test]
fn every_excuse_is_for_a_route_that_there_is() {
    let description = serde_json::to_value(server::api::openapi()).expect("JSON");
    let pages = server::web::table();
    for (method, path, reason) in WITHOUT_AN_EVENT {
        let of_api = description["paths"][*path]
            .get(method.to_lowercase())
            .is_some();
        let of_pages = pages
            .iter()
            .any(|route| route.method == *method && route.path == *path);
        assert!(of_api || of_pages, "{method} {path} is no route ({reason})");
    }
}
