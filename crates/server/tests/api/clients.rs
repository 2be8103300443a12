//! What clients rely on, line by line, as far as no other test says it.

use axum::body::Body;
use axum::http::Request;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Api, id, on_both, without_ids};

#[test]
fn pages_are_counted_too_and_one_beyond_the_end_is_empty() {
    let told = on_both(|api| {
        for n in 0..5 {
            let body =
                json!({ "name": format!("S{n}"), "type": "HTTP", "externalId": format!("s{n}") });
            api.post("/v2/sources", body).ok();
        }
        let mut told = String::new();
        let mut seen = Vec::new();
        let mut next = Some("/v2/sources?page=1&per_page=2&hasExternalId=true".to_owned());
        while let Some(path) = next {
            let page = api.get(&path).ok();
            seen.extend(page["sources"].as_array().expect("a list").iter().map(id));
            told.push_str(&format!("{}\n", page["paging"]));
            next = page["paging"]["next"].as_str().map(str::to_owned);
        }
        assert_eq!(seen.len(), 5);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 5, "each once");
        for path in [
            "/v2/sources?page=4&pageSize=2",
            "/v2/destinations?page=1000000",
            "/v2/accounts?page=18446744073709551615",
            "/v2/connections?page=2",
            "/v2/event-stream-sources?page=9",
            "/v2/sources?page=0",
            "/v2/catalog/events?page=0",
            "/v2/sources?page=-1",
            "/v2/sources?pageSize=0",
            "/v2/sources?per_page=501",
        ] {
            let answer = api.get(path);
            let what = if answer.status == 200 {
                answer.json.to_string()
            } else {
                answer.problem()
            };
            told.push_str(&format!("{path} {what}\n"));
        }
        told
    });
    assert_snapshot!(told, @r#"
    {"total":5,"next":"/v2/sources?page=2&per_page=2&hasExternalId=true"}
    {"total":5,"next":"/v2/sources?page=3&per_page=2&hasExternalId=true"}
    {"total":5}
    /v2/sources?page=4&pageSize=2 {"sources":[],"paging":{"total":5}}
    /v2/destinations?page=1000000 {"destinations":[],"paging":{"total":0}}
    /v2/accounts?page=18446744073709551615 {"data":[],"paging":{"total":0}}
    /v2/connections?page=2 {"connections":[],"paging":{"total":0}}
    /v2/event-stream-sources?page=9 {"data":[],"paging":{"total":5}}
    /v2/sources?page=0 400 out_of_range: page must be 1 or more
    /v2/catalog/events?page=0 400 out_of_range: page must be 1 or more
    /v2/sources?page=-1 400 invalid_query: The query does not fit: `page` must be a whole number
    /v2/sources?pageSize=0 400 out_of_range: pageSize must be 1 to 500
    /v2/sources?per_page=501 400 out_of_range: per_page must be 1 to 500
    "#);
}

#[test]
fn what_no_type_says_is_kept_of_types_that_nobody_has_defined() {
    let api = Api::sqlite();
    for kind in [
        "java",
        "dotnet",
        "php",
        "flutter",
        "cordova",
        "rust",
        "react_native",
        "python",
        "ios",
        "android",
        "javascript",
        "go",
        "node",
        "ruby",
        "unity",
        "swift",
        "kotlin",
    ] {
        let body = json!({ "externalId": format!("the-{kind}"), "name": kind, "type": kind, "enabled": true });
        let made = api.post("/v2/event-stream-sources", body).ok();
        assert_eq!(
            (&made["type"], &made["externalId"]),
            (&json!(kind), &json!(format!("the-{kind}")))
        );
        let path = format!("/v2/event-stream-sources/{}", id(&made));
        let changed = api
            .put(&path, json!({ "name": "Renamed", "enabled": false }))
            .ok();
        assert_eq!(
            changed["externalId"], made["externalId"],
            "a change without it does not clear it"
        );
        assert_eq!(changed["type"], kind);
    }
    let page = api.get("/v2/event-stream-sources").ok();
    assert_eq!(page["data"].as_array().map(Vec::len), Some(17));
    assert!(
        page["data"][0]["trackingPlan"].is_null() && page["data"][0]["workspaceId"].is_string()
    );
}

#[test]
fn a_change_without_an_external_id_does_not_clear_it_anywhere() {
    let api = Api::sqlite();
    let body = json!({ "name": "Web", "type": "HTTP", "externalId": "e" });
    let source = id(&api.post("/v2/sources", body).ok()["source"]);
    let body =
        json!({ "name": "Lake", "type": "S3", "version": 1, "config": {}, "externalId": "e" });
    let destination = id(&api.post("/v2/destinations", body).ok()["destination"]);
    let body = json!({ "sourceId": source, "destinationId": destination, "externalId": "e" });
    let connection = id(&api.post("/v2/connections", body).ok()["connection"]);
    let body = json!({ "name": "A", "accountDefinitionName": "SOURCE_S3", "externalId": "e" });
    let account = id(&api.post("/v2/accounts", body).ok());
    let body = json!({ "name": "T", "description": "", "code": "a", "language": "javascript", "externalId": "e" });
    let code = id(&api.post("/transformations?publish=false", body).ok());
    for (method, path, body, at) in [
        (
            "PUT",
            format!("/v2/sources/{source}"),
            json!({ "name": "B" }),
            "/source/externalId",
        ),
        (
            "PUT",
            format!("/v2/destinations/{destination}"),
            json!({ "name": "B", "type": "S3", "version": 1, "enabled": true, "config": {} }),
            "/destination/externalId",
        ),
        (
            "PUT",
            format!("/v2/connections/{connection}"),
            json!({ "enabled": false }),
            "/connection/externalId",
        ),
        (
            "PUT",
            format!("/v2/accounts/{account}"),
            json!({ "name": "B" }),
            "/externalId",
        ),
        (
            "POST",
            format!("/transformations/{code}?publish=false"),
            json!({ "name": "T", "description": "", "code": "b", "language": "javascript" }),
            "/externalId",
        ),
    ] {
        let answer = api.ask(method, &path, &api.admin, &body).ok();
        assert_eq!(answer.pointer(at), Some(&json!("e")), "{path}: {answer}");
    }
}

#[test]
fn what_has_no_external_id_does_not_look_as_if_it_had_one() {
    let api = Api::sqlite();
    let (source, destination) = (api.source("Web"), api.destination("Hook"));
    api.connection(&source, &destination);
    api.account("A");
    api.code("transformations", "T", "a");
    api.code("libraries", "L", "a");
    for (path, list) in [
        ("/v2/sources", "sources"),
        ("/v2/event-stream-sources", "data"),
        ("/v2/destinations", "destinations"),
        ("/v2/connections", "connections"),
        ("/v2/accounts", "data"),
        ("/transformations", "transformations"),
        ("/libraries", "libraries"),
    ] {
        let one = api.get(path).ok()[list][0].clone();
        let external = one.get("externalId").and_then(Value::as_str);
        assert!(external.is_none_or(str::is_empty), "{path}: {one}");
    }
}

#[test]
fn the_word_of_a_client_s_own_user_agent_is_told_with_what_it_did() {
    let told = on_both(|api| {
        let mut told = String::new();
        for agent in [
            "terraform-provider-rudderstack/4.8.0",
            "rudder-api-go/1.0.0",
            "rudder-cli/0.24.0",
        ] {
            let body = json!({ "name": agent, "type": "HTTP" }).to_string();
            let request = Request::builder()
                .method("POST")
                .uri("/v2/sources")
                .header("content-type", "application/json")
                .header("user-agent", agent)
                .header("authorization", format!("Bearer {}", api.admin));
            api.send(request.body(Body::from(body)).expect("a request"))
                .ok();
            let event = api.events().pop().expect("an event");
            told.push_str(&format!("{} {}\n", event["userAgent"], event["interface"]));
        }
        told
    });
    assert_snapshot!(told, @r#"
    "terraform-provider-rudderstack/4.8.0" "terraform"
    "rudder-api-go/1.0.0" "api"
    "rudder-cli/0.24.0" "command_line"
    "#);
}

#[test]
fn taking_a_transformation_away_answers_with_what_was_taken_for_clients_that_read_it() {
    let api = Api::sqlite();
    let hook = api.destination("Hook");
    let one = id(&api.code("transformations", "One", "a"));
    let put = api.link(&hook, &one).ok();
    let path = format!("/v2/destinations/{hook}/transformation");
    assert_eq!(api.get(&path).ok(), put);
    let listed = api.get("/v2/destinations").ok();
    assert_eq!(listed["destinations"][0]["transformation"]["id"], one);
    let taken = api.delete(&path);
    assert_eq!((taken.status, taken.json), (200, put));
    assert_eq!(api.get(&path).status, 404);
    let listed = api.get("/v2/destinations").ok();
    assert!(listed["destinations"][0]["transformation"].is_null());
}

#[test]
fn every_refusal_is_an_object_that_the_clients_can_print() {
    let told = on_both(|api| {
        let viewer = api
            .member("Vera", Some(model::role::WorkspaceRole::Viewer))
            .token;
        let (source, destination) = (api.source("Web"), api.destination("Hook"));
        let both = json!({ "sourceId": source, "destinationId": destination });
        api.post("/v2/connections", both.clone()).ok();
        let mut told = String::new();
        for answer in [
            api.ask("GET", "/v2/workspace", "annals_pat_none", &Value::Null),
            api.ask("GET", "/v2/workspace", "", &Value::Null),
            api.ask(
                "POST",
                "/v2/sources",
                &viewer,
                &json!({ "name": "A", "type": "HTTP" }),
            ),
            api.post("/v2/sources", json!({ "name": "", "type": "HTTP" })),
            api.post("/v2/connections", both),
            api.get("/v2/destinations/000000000000000000000000000"),
            api.get("/v2/no-such-thing"),
            api.ask("PATCH", "/v2/sources", &api.admin, &Value::Null),
        ] {
            let line = answer.problem();
            for member in ["message", "code"] {
                assert!(answer.json[member].is_string(), "{line}");
            }
            if let Some(details) = answer.json.get("details") {
                assert!(
                    details
                        .as_object()
                        .expect("an object")
                        .values()
                        .all(Value::is_string)
                );
            }
            assert!(
                !answer.json["message"]
                    .as_str()
                    .unwrap_or_default()
                    .contains("not enabled for your account")
            );
            told.push_str(&format!("{}\n", without_ids(&line)));
        }
        told
    });
    assert_snapshot!(told, @r"
    401 unauthorized: Unauthorized
    401 unauthorized: Unauthorized
    403 permission_denied: you lack the permission “Edit sources”
    400 required: name must not be empty
    409 already_connected: connection ID connects “Web” to “Hook” already
    404 not_found: destination not found
    404 not_found: There is nothing at this address.
    405 method_not_allowed: This address does not take this method.
    ");
}
