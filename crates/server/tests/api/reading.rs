//! Who may read the audit log, and that reading it is recorded.

use model::role::WorkspaceRole;
use serde_json::{Value, json};

use crate::support::{Api, id, on_both, told};

fn views(api: &Api) -> Vec<Value> {
    let path = "/v2/audit-logs?action=viewed&per_page=100";
    let page = api.ask("GET", path, &api.service, &Value::Null).ok();
    page["data"].as_array().expect("events").clone()
}

fn read(api: &Api, token: &str, query: &str) -> u16 {
    api.ask(
        "GET",
        &format!("/v2/audit-logs{query}"),
        token,
        &Value::Null,
    )
    .status
}

#[test]
fn reading_is_recorded_once_for_a_token_a_day_and_its_filters_without_times_and_cursor() {
    for api in [Api::sqlite(), Api::postgres()] {
        let first = views(&api).len();
        assert_eq!(first, 1, "the reading of readings itself");
        let last = id(&views(&api)[0]);
        for query in [
            "",
            "?per_page=7",
            "?order=desc",
            "?created_after=2026-01-01T00:00:00Z",
            "?created_before=2027-01-01T00:00:00Z",
            &format!("?after_cursor={last}"),
        ] {
            assert_eq!(read(&api, &api.admin, query), 200);
        }
        assert_eq!(views(&api).len(), first + 1, "one reading");
        read(&api, &api.admin, "?action=created");
        read(&api, &api.admin, "?action=created&order=desc");
        assert_eq!(views(&api).len(), first + 2, "another filter");
        let told = views(&api).pop().expect("one");
        assert_eq!(
            (&told["actorName"], &told["targetType"], &told["detail"]),
            (
                &json!("Ada Lovelace"),
                &json!("audit_log"),
                &json!({ "action": "created" })
            )
        );
        assert_eq!(
            told.get("workspaceId"),
            None,
            "the whole organization's log was read"
        );
        read(
            &api,
            &api.admin,
            &format!("?workspace_id={}", api.made.workspace),
        );
        assert_eq!(
            views(&api).pop().expect("one")["workspaceId"],
            api.made.workspace.to_string()
        );
        let so_far = views(&api).len();
        api.clock.advance(24 * 3600 * 1_000_000);
        read(&api, &api.admin, "");
        read(&api, &api.admin, "");
        assert_eq!(
            views(&api).len(),
            so_far + 2,
            "the next day again, by both tokens"
        );
    }
}

#[test]
fn a_refused_query_is_no_reading() {
    let api = Api::sqlite();
    views(&api);
    assert_eq!(read(&api, &api.admin, "?per_page=0"), 400);
    assert_eq!(
        read(
            &api,
            &api.admin,
            "?workspace_id=0ujtsYcgvSTl8PAuAdqWYSMnLOv"
        ),
        404
    );
    assert_eq!(views(&api).len(), 1);
}

#[test]
fn who_may_not_read_gets_a_403_that_is_recorded_once() {
    for api in [Api::sqlite(), Api::postgres()] {
        for (name, role) in [
            ("Edda", Some(WorkspaceRole::Editor)),
            ("Vera", Some(WorkspaceRole::Viewer)),
        ] {
            let token = api.member(name, role).token;
            let before = api.events().len();
            for _ in 0..3 {
                let refused = api.ask("GET", "/v2/audit-logs", &token, &Value::Null);
                assert_eq!(
                    refused.problem(),
                    "403 permission_denied: you lack the permission \u{201c}Read the audit log\u{201d}"
                );
            }
            let denied: Vec<Value> = views(&api)
                .into_iter()
                .filter(|event| event["actorName"] == name)
                .collect();
            assert_eq!(denied.len(), 1, "{name}");
            assert_eq!(
                told(&denied[0]),
                "audit_log.viewed Audit log [denied: permission_denied]"
            );
            assert_eq!(api.events().len(), before);
        }
        assert_eq!(read(&api, &api.member("Mo", None).token, ""), 404);
        assert_eq!((read(&api, "", ""), read(&api, "x", "")), (401, 401));
    }
}

#[test]
fn the_readme_s_command_shows_who_made_the_source() {
    const README: &str = include_str!("../../../../README.md");
    let between = |before: &str, after: &str| {
        let (_, rest) = README.split_once(before).expect("its beginning");
        rest.split_once(after).expect("its end").0
    };
    let said = on_both(|api| {
        let body = between("-d '", "'");
        let body = serde_json::from_str(body).expect("JSON");
        assert_eq!(api.post("/v2/sources", body).status, 201);
        let path = between("curl \"http://127.0.0.1:8080/v2/audit-logs", "\"");
        let page = api.ask(
            "GET",
            &format!("/v2/audit-logs{path}"),
            &api.service,
            &Value::Null,
        );
        let page = page.ok();
        let event = &page["data"][0];
        let fields = [
            "actorName",
            "actorEmail",
            "action",
            "targetType",
            "targetName",
            "outcome",
        ];
        let fields = fields.map(|name| format!("\"{name}\": {}", event[name]));
        for field in &fields {
            assert!(README.contains(field), "{field}");
        }
        assert!(README.contains(&format!("\"total\": {}", page["paging"]["total"])));
        assert!(page["paging"]["next"].is_null(), "{page}");
        fields.join(" ")
    });
    insta::assert_snapshot!(said, @r#""actorName": "Ada Lovelace" "actorEmail": "ada@example.com" "action": "created" "targetType": "source" "targetName": "Web shop" "outcome": "success""#);
}

#[test]
fn a_service_token_reads_the_log_and_nothing_else() {
    let api = Api::sqlite();
    let event = id(&api.events()[0]);
    assert_eq!(read(&api, &api.service, ""), 200);
    assert_eq!(read(&api, &api.service, &format!("/{event}")), 200);
    assert_eq!(
        read(
            &api,
            &api.service,
            &format!("?workspace_id={}", api.made.workspace)
        ),
        200
    );
    for path in [
        "/v2/workspace",
        "/v2/sources",
        "/transformations",
        "/v2/catalog/events",
    ] {
        let refused = api.ask("GET", path, &api.service, &Value::Null);
        assert_eq!(refused.status, 403, "{path}");
    }
    let view = &views(&api)[0];
    assert_eq!(
        (&view["actorType"], &view["actorName"]),
        (&json!("service"), &json!("Set-up, audit log"))
    );
}

#[test]
fn an_admin_of_the_workspace_sees_its_events_and_of_the_rest_only_those_of_its_members() {
    for api in [Api::sqlite(), Api::postgres()] {
        let wanda = api.member("Wanda", Some(WorkspaceRole::Admin));
        let outsider = api.member("Mo", None);
        api.source("Web");
        let whole = api.events_with(&api.admin, "");
        for indexed in [false, true] {
            if indexed {
                api.index();
            }
            for filters in [
                String::new(),
                format!("&workspace_id={}", api.made.workspace),
            ] {
                let seen = api.events_with(&wanda.token, &filters);
                let about = |user: &str| seen.iter().any(|event| event["targetId"] == user);
                assert!(seen.iter().any(|event| event["targetName"] == "Web"));
                assert!(about(wanda.user.as_str()), "a member of the workspace");
                assert!(!about(outsider.user.as_str()), "no member of the workspace");
                assert!(
                    !seen
                        .iter()
                        .any(|event| event["targetType"] == "organization")
                );
                assert!(seen.len() < whole.len());
                let path = format!("/v2/audit-logs?per_page=1{filters}");
                let total =
                    api.ask("GET", &path, &wanda.token, &Value::Null).ok()["paging"]["total"]
                        .clone();
                let viewed = seen.len()
                    + api
                        .ask(
                            "GET",
                            &format!("/v2/audit-logs?action=viewed{filters}"),
                            &wanda.token,
                            &Value::Null,
                        )
                        .ok()["paging"]["total"]
                        .as_u64()
                        .and_then(|n| usize::try_from(n).ok())
                        .expect("a number");
                assert!(
                    total == viewed || total == viewed - 1,
                    "{total} and {viewed}: the second reading adds one"
                );
            }
            for event in &whole {
                let visible = api
                    .events_with(&wanda.token, "")
                    .iter()
                    .any(|seen| seen["id"] == event["id"]);
                let status = read(&api, &wanda.token, &format!("/{}", id(event)));
                assert_eq!(status, if visible { 200 } else { 404 }, "{event}");
            }
        }
    }
}

#[test]
fn another_organization_sees_its_own_log_and_nothing_of_ours() {
    for api in [Api::sqlite(), Api::postgres()] {
        let ours = api.events();
        let stranger = api.stranger("Stan").token;
        let seen = api.events_with(&stranger, "");
        assert!(
            seen.iter()
                .all(|event| event["organizationId"] != api.made.organization.to_string())
        );
        assert_eq!(
            seen.iter()
                .map(|event| event["sequence"].as_u64())
                .collect::<Vec<_>>(),
            (0..4).map(Some).collect::<Vec<_>>()
        );
        assert_eq!(
            read(
                &api,
                &stranger,
                &format!("?workspace_id={}", api.made.workspace)
            ),
            404
        );
        for event in &ours {
            assert_eq!(read(&api, &stranger, &format!("/{}", id(event))), 404);
        }
        assert_eq!(api.events().len(), ours.len(), "and left no trace in ours");
    }
}
