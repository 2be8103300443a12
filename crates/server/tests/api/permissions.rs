//! Every route that changes something, by everyone who may try.

use model::role::WorkspaceRole;
use serde_json::{Value, json};

use crate::support::{Api, id};

/// Method, path, body; `{s}`, `{d}`, `{c}`, `{t}`, `{l}`, `{v}` are the ids of a fixture's things.
const ROUTES: &[(&str, &str, &str)] = &[
    ("POST", "/v2/sources", r#"{"name":"New","type":"HTTP"}"#),
    ("PUT", "/v2/sources/{s}", r#"{"name":"New"}"#),
    (
        "PUT",
        "/v2/sources/{s}/external-id",
        r#"{"externalId":"{s}"}"#,
    ),
    ("DELETE", "/v2/sources/{s}", ""),
    (
        "POST",
        "/v2/event-stream-sources",
        r#"{"name":"New","type":"java"}"#,
    ),
    ("PUT", "/v2/event-stream-sources/{s}", r#"{"name":"New"}"#),
    (
        "PUT",
        "/v2/event-stream-sources/{s}/external-id",
        r#"{"externalId":"{s}"}"#,
    ),
    ("DELETE", "/v2/event-stream-sources/{s}", ""),
    ("POST", "/v2/destinations", r#"{"name":"New","type":"S3"}"#),
    ("PUT", "/v2/destinations/{d}", r#"{"name":"New"}"#),
    (
        "PUT",
        "/v2/destinations/{d}/external-id",
        r#"{"externalId":"{d}"}"#,
    ),
    ("DELETE", "/v2/destinations/{d}", ""),
    (
        "PUT",
        "/v2/destinations/{d}/transformation",
        r#"{"transformationId":"{t}"}"#,
    ),
    ("DELETE", "/v2/destinations/{e}/transformation", ""),
    (
        "POST",
        "/v2/connections",
        r#"{"sourceId":"{s}","destinationId":"{e}"}"#,
    ),
    ("PUT", "/v2/connections/{c}", r#"{"enabled":false}"#),
    (
        "PUT",
        "/v2/connections/{c}/external-id",
        r#"{"externalId":"{c}"}"#,
    ),
    ("DELETE", "/v2/connections/{c}", ""),
    ("POST", "/transformations", r#"{"name":"New","code":"a"}"#),
    ("POST", "/transformations/{t}", r#"{"code":"b"}"#),
    (
        "PUT",
        "/transformations/{t}/external-id",
        r#"{"externalId":"{t}"}"#,
    ),
    ("DELETE", "/transformations/{t}", ""),
    (
        "POST",
        "/transformations/publish",
        r#"{"transformations":[{"versionId":"{v}"}]}"#,
    ),
    (
        "POST",
        "/transformations/libraries/publish",
        r#"{"transformations":[{"versionId":"{v}"}]}"#,
    ),
    (
        "POST",
        "/libraries/publish",
        r#"{"transformations":[{"versionId":"{v}"}]}"#,
    ),
    ("POST", "/libraries", r#"{"name":"New {n}","code":"a"}"#),
    ("POST", "/libraries/{l}", r#"{"code":"b"}"#),
    (
        "PUT",
        "/libraries/{l}/external-id",
        r#"{"externalId":"{l}"}"#,
    ),
    ("DELETE", "/libraries/{l}", ""),
    (
        "POST",
        "/v2/accounts",
        r#"{"name":"New","accountDefinitionName":"SOURCE_S3"}"#,
    ),
    ("PUT", "/v2/accounts/{a}", r#"{"name":"New"}"#),
    (
        "PUT",
        "/v2/accounts/{a}/external-id",
        r#"{"externalId":"{a}"}"#,
    ),
    ("DELETE", "/v2/accounts/{b}", ""),
    (
        "POST",
        "/v2/retl-sources",
        r#"{"name":"New","sourceType":"model","sourceDefinitionName":"s3","accountId":"{a}","config":{"sql":"s"}}"#,
    ),
    ("PUT", "/v2/retl-sources/{r}", r#"{"name":"New"}"#),
    (
        "PUT",
        "/v2/retl-sources/{r}/external-id",
        r#"{"externalId":"{r}"}"#,
    ),
    ("DELETE", "/v2/retl-sources/{r}", ""),
    (
        "POST",
        "/v2/retl-connections",
        r#"{"sourceId":"{r}","destinationId":"{e}","schedule":{"type":"manual"},"syncBehaviour":"full","identifiers":[{"from":"a","to":"b"}]}"#,
    ),
    ("PUT", "/v2/retl-connections/{x}", r#"{"enabled":false}"#),
    (
        "PUT",
        "/v2/retl-connections/{x}/external-id",
        r#"{"externalId":"{x}"}"#,
    ),
    ("DELETE", "/v2/retl-connections/{x}", ""),
];

/// The name of the organization's own token, which belongs to no workspace.
const SERVICE: &str = "Set-up, audit log";

/// Names in paths and bodies, and what they stand for: things of their own, so that each success has something to change.
#[expect(
    clippy::many_single_char_names,
    reason = "one letter for each thing of a table"
)]
fn fixture(api: &Api, number: usize) -> Vec<(&'static str, String)> {
    let (s, d, e) = (api.source("S"), api.destination("D"), api.destination("E"));
    let c = api.connection(&s, &d);
    let (t, used) = (
        api.code("transformations", "T", "a"),
        api.code("transformations", "U", "a"),
    );
    let l = api.code("libraries", &format!("L{number}"), "a");
    api.link(&e, &id(&used)).ok();
    let (a, b) = (api.account("A"), api.account("B"));
    let r = api.model("R", &a);
    let x = api.synced(&r, &d);
    let v = t["versionId"].as_str().expect("an id").to_owned();
    vec![
        ("{s}", s),
        ("{d}", d),
        ("{e}", e),
        ("{c}", c),
        ("{t}", id(&t)),
        ("{v}", v),
        ("{l}", id(&l)),
        ("{a}", a),
        ("{b}", b),
        ("{r}", r),
        ("{x}", x),
        ("{n}", number.to_string()),
    ]
}

/// What only the organization's Admin may do, and whether its service token may.
const ADMIN_ROUTES: &[(&str, &str, &str, bool)] = &[
    (
        "POST",
        "/v2/audit-logs/exports",
        r#"{"format":"full"}"#,
        true,
    ),
    ("POST", "/v2/privacy/erasures", r#"{"userId":"{u}"}"#, false),
    ("PUT", "/v2/members/{u}", r#"{"role":"admin"}"#, false),
    ("DELETE", "/v2/members/{u}", "{}", false),
    (
        "POST",
        "/v2/invitations",
        r#"{"emails":["new@example.com"]}"#,
        false,
    ),
    ("POST", "/v2/invitations/{i}/resend", "{}", false),
    ("DELETE", "/v2/invitations/{i}", "{}", false),
    ("PUT", "/v2/organization", r#"{"name":"New"}"#, false),
    ("POST", "/source-definitions", r#"{"name":"Kettle"}"#, false),
    (
        "POST",
        "/source-definitions/",
        r#"{"name":"Kettle","a":1}"#,
        false,
    ),
    ("POST", "/source-definitions/Kettle", r#"{"a":2}"#, false),
    ("DELETE", "/source-definitions/Kettle", "{}", false),
    (
        "POST",
        "/destination-definitions",
        r#"{"name":"KETTLE"}"#,
        false,
    ),
    (
        "POST",
        "/destination-definitions/",
        r#"{"name":"KETTLE","a":1}"#,
        false,
    ),
    (
        "POST",
        "/destination-definitions/KETTLE",
        r#"{"a":2}"#,
        false,
    ),
    ("DELETE", "/destination-definitions/KETTLE", "{}", false),
];

/// What has rules of its own; `team`, and `no_verdict` for tests, walk them by everyone who may try.
const OWN_ROUTES: &[(&str, &str)] = &[
    ("POST", "/v2/tokens"),
    ("POST", "/v2/tokens/find"),
    ("DELETE", "/v2/tokens/{id}"),
    ("POST", "/v2/workspaces"),
    ("PUT", "/v2/workspaces/{id}"),
    ("DELETE", "/v2/workspaces/{id}"),
    ("POST", "/transformations/tests/run"),
    ("POST", "/transformations/libraries/test"),
    ("PUT", "/v2/sources/{id}/access"),
    ("PUT", "/v2/destinations/{id}/access"),
    // For a workspace's Admin, and for its data plane: `data_plane` walks them.
    ("POST", "/v2/workspace/token"),
    ("POST", "/data-plane/v1/workspaces/{id}/settings"),
    (
        "PATCH",
        "/dataplane/workspaces/{id}/regulations/workerJobs/{id}",
    ),
    (
        "POST",
        "/destination/workspaces/{workspaceId}/accounts/{accountId}/token",
    ),
    // Only who has signed in has sessions: `web/team` ends them.
    ("DELETE", "/v2/members/{id}/sessions"),
    // For its data plane: `live` walks them.
    ("POST", "/dataplane/eventUploads"),
    ("POST", "/dataplane/v2/eventUploads"),
    ("POST", "/dataplane/eventDeliveryStatus"),
    ("POST", "/dataplane/v2/eventDeliveryStatus"),
    ("POST", "/dataplane/eventTransformStatus"),
    // For who shows the secret of the host: `namespaces` walks it.
    ("POST", "/data-plane/v1/namespaces/{namespace}/settings"),
    // Nothing is run: `retl` says so.
    ("POST", "/v2/retl-sources/preview"),
    ("POST", "/v2/sources/{id}/start"),
    ("POST", "/v2/retl-connections/{id}/start"),
    ("POST", "/v2/retl-connections/{id}/stop"),
];

#[test]
fn what_is_for_the_organizations_admin_is_refused_to_everyone_else() {
    for api in [Api::sqlite(), Api::postgres()] {
        let stranger = api.stranger("Stan").token;
        for (place, (method, path, body, service)) in ADMIN_ROUTES.iter().enumerate() {
            let number = format!("{place} {}", method.len());
            let user = api.member(&format!("Una {number}"), None).user;
            let invited =
                json!({"emails": [format!("una{}@example.com", number.replace(' ', "-"))]});
            let invited = api.post("/v2/invitations", invited).ok();
            let invitation = id(&invited["invitations"][0]);
            let body: Value =
                serde_json::from_str(&body.replace("{u}", user.as_str())).expect("JSON");
            let path = &path
                .replace("{u}", user.as_str())
                .replace("{i}", &invitation);
            api.sign();
            let send = |token: &str| api.ask(method, path, token, &body);
            for role in [
                None,
                Some(WorkspaceRole::Viewer),
                Some(WorkspaceRole::Editor),
                Some(WorkspaceRole::Auditor),
                Some(WorkspaceRole::Admin),
            ] {
                let name = format!("Robin {role:?} {number}");
                let one = api.member(&name, role);
                let answer = send(&one.token);
                assert_eq!(
                    (answer.status, &answer.json["code"]),
                    (403, &json!("permission_denied")),
                    "{path}"
                );
                let told = api.events();
                let last = told.last().expect("an event");
                assert_eq!(
                    (&last["actorName"], &last["outcome"]),
                    (&json!(name), &json!("denied")),
                    "{path}"
                );
            }
            assert_eq!(send("").status, 401);
            if path.ends_with("erasures") {
                assert_eq!(send(&stranger).status, 404);
            }
            if *service {
                assert_eq!(send(&api.service).status, 200);
            } else {
                assert_eq!(send(&api.service).status, 403);
            }
            assert!((200..300).contains(&send(&api.admin).status), "{path}");
            assert!(
                api.events()
                    .last()
                    .is_some_and(|one| one["outcome"] == "success"),
                "{method} {path}: {:?}",
                api.events().last()
            );
        }
    }
}

fn filled(text: &str, things: &[(&'static str, String)]) -> String {
    things.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    })
}

#[test]
fn the_table_has_every_route_that_changes_something() {
    let description: Value =
        serde_json::from_str(&server::api::openapi_json().expect("a description")).expect("JSON");
    let mut described = Vec::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for method in methods
            .as_object()
            .expect("methods")
            .keys()
            .filter(|method| ["post", "put", "patch", "delete"].contains(&method.as_str()))
        {
            described.push(format!("{} {}", method.to_uppercase(), shape(path)));
        }
    }
    let mut tested: Vec<String> = ROUTES
        .iter()
        .map(|(method, path, _)| format!("{method} {}", shape(path)))
        .chain(
            ADMIN_ROUTES
                .iter()
                .map(|(method, path, ..)| format!("{method} {}", shape(path))),
        )
        .chain(
            OWN_ROUTES
                .iter()
                .map(|(method, path)| format!("{method} {}", shape(path))),
        )
        .collect();
    described.sort();
    tested.sort();
    assert_eq!(described, tested);
}

fn shape(path: &str) -> String {
    path.split('/')
        .map(|part| match part {
            // A definition is named by its type.
            "Kettle" | "KETTLE" => "_",
            part if part.starts_with('{') => "_",
            part => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn who_may_change_something_may_and_everyone_else_is_refused_and_changes_nothing() {
    for api in [Api::sqlite(), Api::postgres()] {
        let role = |name: &str, role| api.member(name, role).token;
        let refused = [
            (
                "viewer",
                role("Vera", Some(WorkspaceRole::Viewer)),
                403,
                "permission_denied",
            ),
            (
                "read-only token",
                api.reader("Rita").token,
                403,
                "read_only_token",
            ),
            ("member without a role", role("Mo", None), 404, "not_found"),
            ("service token", api.service.clone(), 403, "no_workspace"),
            ("no token", String::new(), 401, "unauthorized"),
            (
                "a token that is none",
                "annals_pat_x".to_owned(),
                401,
                "unauthorized",
            ),
        ];
        let allowed = [
            ("Admin of the organization", api.admin.clone()),
            (
                "Admin of the workspace",
                role("Wanda", Some(WorkspaceRole::Admin)),
            ),
            ("Editor", role("Edda", Some(WorkspaceRole::Editor))),
        ];
        let stranger = api.stranger("Stan").token;
        for (number, (method, path, body)) in ROUTES.iter().enumerate() {
            let things = fixture(&api, number);
            let send = |token: &str, things: &[(&'static str, String)]| {
                let body = filled(body, things);
                let body = if body.is_empty() {
                    Value::Null
                } else {
                    serde_json::from_str(&body).expect("JSON")
                };
                api.ask(method, &filled(path, things), token, &body)
            };
            // Beyond the time in which refusals that are alike become one.
            api.clock.advance(11 * 60 * 1_000_000);
            let before = api.state();
            let seen = api.last();
            for (who, token, status, code) in &refused {
                let answer = send(token, &things);
                assert_eq!(
                    (answer.status, &answer.json["code"]),
                    (*status, &json!(code)),
                    "{who}: {method} {path}"
                );
            }
            // Another organization's token finds nothing of ours; what it creates is its own.
            let creates = *method == "POST" && !path.contains('{') && !body.contains("Id\"");
            assert_eq!(
                send(&stranger, &things).status,
                if creates { 201 } else { 404 },
                "{method} {path}"
            );

            let after = api.state();
            assert_eq!(
                before["things"], after["things"],
                "{method} {path} was refused and changed something"
            );
            let told: Vec<(String, String)> = api
                .since(&seen)
                .iter()
                .map(|event| {
                    (
                        event["actorName"].as_str().unwrap_or("-").to_owned(),
                        format!(
                            "{}: {}",
                            event["outcome"].as_str().unwrap_or("-"),
                            event["code"].as_str().unwrap_or("-")
                        ),
                    )
                })
                .collect();
            let denied = |name: &str, code: &str| (name.to_owned(), format!("denied: {code}"));
            assert_eq!(
                told,
                [
                    denied("Vera", "permission_denied"),
                    denied("Rita", "read_only_token"),
                    denied(SERVICE, "no_workspace"),
                ],
                "{method} {path}"
            );

            for (n, (who, token)) in allowed.iter().enumerate() {
                let things = fixture(&api, 1000 + number * 10 + n);
                let seen = api.last();
                let answer = send(token, &things);
                assert!(
                    (200..300).contains(&answer.status),
                    "{who}: {method} {path}: {}",
                    answer.json
                );
                let events = api.since(&seen);
                assert!(!events.is_empty(), "{who}: {method} {path} is recorded");
                assert!(events.iter().all(|event| event["outcome"] == "success"));
            }
        }
    }
}

#[test]
fn who_may_look_may_and_nobody_else_sees_anything() {
    for api in [Api::sqlite(), Api::postgres()] {
        looks(&api);
    }
}

fn looks(api: &Api) {
    let things = fixture(api, 0);
    let viewer = api.member("Vera", Some(WorkspaceRole::Viewer)).token;
    let (reader, nobody) = (api.reader("Rita").token, api.member("Mo", None).token);
    let stranger = api.stranger("Stan").token;
    for (path, is_list) in [
        ("/v2/workspace", true),
        ("/v2/sources", true),
        ("/v2/event-stream-sources", true),
        ("/v2/destinations", true),
        ("/v2/connections", true),
        ("/transformations", true),
        ("/libraries", true),
        ("/v2/catalog/events", true),
        ("/v2/accounts", true),
        ("/v2/retl-sources", true),
        ("/v2/data-graphs", true),
        ("/v2/catalog/tracking-plans", true),
        ("/v2/sources/{s}", false),
        ("/v2/destinations/{d}", false),
        ("/v2/destinations/{e}/transformation", false),
        ("/v2/connections/{c}", false),
        ("/transformations/{t}", false),
        ("/transformations/{t}/versions", false),
        ("/transformations/{t}/versions/{v}", false),
        ("/libraries/{l}", false),
        ("/libraries/{l}/versions", false),
        ("/v2/retl-connections", true),
        ("/v2/accounts/{a}", false),
        ("/v2/retl-sources/{r}", false),
        ("/v2/retl-connections/{x}", false),
        ("/v2/retl-connections/{x}/syncs", false),
    ] {
        let path = filled(path, &things);
        let status = |token: &str| api.ask("GET", &path, token, &Value::Null).status;
        assert_eq!(
            [&api.admin, &viewer, &reader].map(|token| status(token)),
            [200; 3],
            "{path}"
        );
        assert_eq!(
            (status(&nobody), status(&api.service), status("")),
            (404, 403, 401),
            "{path}"
        );
        assert_eq!(status(&stranger), if is_list { 200 } else { 404 }, "{path}");
    }
    for path in ["/v2/sources", "/v2/destinations", "/v2/connections"] {
        let seen = api.ask("GET", path, &stranger, &Value::Null).ok();
        assert_eq!(seen["paging"], json!({ "total": 0 }), "{path}");
    }
}

#[test]
fn a_token_ends_at_its_time() {
    let api = Api::sqlite();
    let token = api.for_a_time("Tim", 1_000_000).token;
    assert_eq!(
        api.ask("GET", "/v2/sources", &token, &Value::Null).status,
        200
    );
    api.clock.advance(1_000_000);
    assert_eq!(
        api.ask("GET", "/v2/sources", &token, &Value::Null).status,
        401
    );
    assert_eq!(
        api.ask("DELETE", "/v2/sources/x", &token, &Value::Null)
            .status,
        401
    );
}
