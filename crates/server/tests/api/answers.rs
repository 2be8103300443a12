//! What unmodified clients need of the answers.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Api, id, on_both, without_ids};

fn keys(one: &Value) -> String {
    let keys: Vec<&str> = one
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.join(" ")
}

#[test]
fn the_description_says_of_each_operation_what_it_may_answer_whatever_it_does() {
    let description = server::api::openapi_json().expect("a description");
    let description: Value = serde_json::from_str(&description).expect("JSON");
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let answers = &operation["responses"];
            let own = operation.get("security");
            // An empty one is an operation that nothing has to be shown to.
            let is_open = own.is_some_and(|own| *own == json!([{}]));
            let mut statuses = vec!["429"];
            statuses.extend((!is_open).then_some("401"));
            statuses.extend(own.is_none().then_some("403"));
            for status in statuses {
                let schema = &answers[status]["content"]["application/json"]["schema"];
                let expected = json!("#/components/schemas/Problem");
                assert_eq!(schema["$ref"], expected, "{method} {path}: {status}");
            }
        }
    }
}

#[test]
fn single_things_are_wrapped_where_clients_unwrap_them_and_bare_elsewhere() {
    let api = Api::sqlite();
    let body = json!({ "name": "Web", "type": "Javascript", "externalId": "web" });
    let source = api.post("/v2/sources", body).ok();
    let (web, hook) = (id(&source["source"]), api.destination("Hook"));
    let destination = api.get(&format!("/v2/destinations/{hook}")).ok();
    let connection = api
        .get(&format!("/v2/connections/{}", api.connection(&web, &hook)))
        .ok();
    let stream = api.get("/v2/event-stream-sources").ok();
    let one = api.code("transformations", "One", "a");
    let library = api.code("libraries", "Utils Library", "b");
    let link = api.link(&hook, &id(&one)).ok();
    let lines = [
        keys(&source),
        keys(&source["source"]),
        keys(&destination),
        keys(&destination["destination"]),
        keys(&connection),
        keys(&connection["connection"]),
        keys(&stream),
        keys(&stream["data"][0]),
        keys(&api.get("/v2/workspace").ok()),
        keys(&api.get("/v2/workspace").ok()["workspace"]),
        keys(&one),
        keys(&library),
        keys(&link),
    ];
    assert_snapshot!(lines.join("\n"), @r"
    source
    id externalId name type writeKey enabled config geoEnrichmentEnabled transient workspaceId createdAt updatedAt
    destination
    id name type version enabled config workspaceId transformation createdAt updatedAt
    connection
    id sourceId destinationId enabled workspaceId createdAt updatedAt
    data paging
    id externalId name type enabled workspaceId trackingPlan createdAt updatedAt
    workspace
    id name environment status region
    id versionId name description code codeVersion language imports destinations isPublished workspaceId createdAt updatedAt
    id versionId name description code codeVersion language importName isPublished workspaceId createdAt updatedAt
    destinationId transformationId createdAt updatedAt
    ");
}

#[test]
fn creating_answers_201_deleting_204_and_afterwards_there_is_nothing() {
    let api = Api::sqlite();
    let (web, hook) = (api.source("Web"), api.destination("Hook"));
    let both = api.connection(&web, &hook);
    let one = id(&api.code("transformations", "One", "a"));
    let body = json!({ "name": "Other", "type": "Javascript" });
    assert_eq!(api.post("/v2/sources", body).status, 201);
    for path in [
        format!("/v2/connections/{both}"),
        format!("/v2/sources/{web}"),
        format!("/v2/destinations/{hook}"),
        format!("/transformations/{one}"),
    ] {
        assert_eq!(api.get(&path).status, 200, "{path}");
        assert_eq!(api.delete(&path).status, 204, "{path}");
        assert_eq!(api.get(&path).status, 404, "{path}");
        assert_eq!(api.delete(&path).status, 404, "{path}");
    }
}

#[test]
fn moments_are_in_rfc_3339_with_milliseconds() {
    let api = Api::sqlite();
    let web = api.source("Web");
    api.clock.advance(1_500_000);
    let path = format!("/v2/sources/{web}");
    let source = api.put(&path, json!({ "name": "Site" })).ok()["source"].clone();
    assert_eq!(source["createdAt"], "2026-11-18T11:06:40.000Z");
    assert_eq!(source["updatedAt"], "2026-11-18T11:06:41.500Z");
}

#[test]
fn settings_come_back_as_they_were_sent() {
    let config = json!({
        "z": "", "a": null, "useNativeSDK": { "web": true }, "n": 1.50, "big": 12_345_678_901_234_567_890_u64,
        "consentManagement": { "web": [{ "provider": "oneTrust", "resolutionStrategy": "", "consents": [{ "consent": "b" }, { "consent": "a" }] }] },
        "headers": [{ "from": "é", "to": "\u{1F600}" }], "empty": [], "none": {}, "false": false,
    });
    let told = on_both(|api| {
        let body = json!({ "name": "Hook", "type": "WEBHOOK", "enabled": true, "config": config });
        let made = api.post("/v2/destinations", body).ok();
        let path = format!("/v2/destinations/{}", id(&made["destination"]));
        let read = api.get(&path).ok()["destination"]["config"].clone();
        assert_eq!(made["destination"]["config"], read);
        let body = json!({ "name": "Src", "type": "HTTP", "config": config });
        assert_eq!(
            api.post("/v2/sources", body).ok()["source"]["config"],
            config
        );
        read.to_string()
    });
    assert_eq!(told, config.to_string(), "the order of keys as well");
}

#[test]
fn pages_keep_the_other_parameters_and_the_last_has_no_next() {
    let told = on_both(|api| {
        let (web, hook) = (api.source("Web"), api.destination("Hook"));
        api.connection(&web, &hook);
        for n in 0..5 {
            let body =
                json!({ "name": format!("S{n}"), "type": "HTTP", "externalId": format!("s{n}") });
            let source = id(&api.post("/v2/sources", body).ok()["source"]);
            let body = json!({ "name": format!("D{n}"), "type": "WEBHOOK", "externalId": format!("d{n}") });
            let destination = id(&api.post("/v2/destinations", body).ok()["destination"]);
            let body = json!({ "sourceId": source, "destinationId": destination, "externalId": format!("c{n}") });
            api.post("/v2/connections", body).ok();
        }
        let mut told = String::new();
        for (path, list) in [
            ("/v2/sources", "sources"),
            ("/v2/destinations", "destinations"),
            ("/v2/connections", "connections"),
            ("/v2/event-stream-sources", "data"),
        ] {
            for (filter, count) in [
                ("", 6),
                ("&hasExternalId=true", 5),
                ("&hasExternalId=false", 1),
            ] {
                let mut next = format!("{path}?per_page=2{filter}");
                let mut seen = Vec::new();
                loop {
                    let page = api.get(&next).ok();
                    assert_eq!(page["paging"]["total"], count, "{next}");
                    seen.extend(page[list].as_array().expect("a list").iter().map(id));
                    let Some(path) = page["paging"]["next"].as_str() else {
                        assert_eq!(keys(&page["paging"]), "total");
                        break;
                    };
                    assert!(path.contains(filter), "{path} keeps {filter}");
                    next = path.to_owned();
                    told = without_ids(path);
                }
                assert_eq!(seen.len(), count, "{path} {filter}");
                seen.sort();
                seen.dedup();
                assert_eq!(seen.len(), count, "each once");
            }
        }
        assert_eq!(
            api.get("/v2/sources?per_page=6").ok()["paging"],
            json!({ "total": 6 })
        );
        told.split("after=").next().unwrap_or_default().to_owned()
    });
    assert_eq!(told, "/v2/event-stream-sources?");
}

/// Type, what is sent, and what the answers have besides until it changes.
fn defaults() -> Vec<(&'static str, Value, Value)> {
    let postgres = json!({ "allowUsersContextTraits": false, "underscoreDivideNumbers": false, "useSSH": false, "preferAppend": true, "skipTracksTable": false, "skipUsersTable": true });
    let mut own_storage = postgres.clone();
    own_storage["cleanupObjectStorageFiles"] = json!(false);
    vec![
        (
            "HTTP",
            json!({}),
            json!({ "eventFilteringOption": "disable", "isBatchingEnabled": false, "isDefaultMapping": true }),
        ),
        ("KAFKA", json!({}), json!({ "saslType": "plain" })),
        (
            "SLACK",
            json!({}),
            json!({ "incomingWebhooksType": "legacy" }),
        ),
        ("POSTGRES", json!({ "useRudderStorage": true }), postgres),
        (
            "POSTGRES",
            json!({ "useRudderStorage": false }),
            own_storage,
        ),
        (
            "ATTENTIVE_TAG",
            json!({}),
            json!({ "enableNewIdentifyFlow": false }),
        ),
        (
            "BQ",
            json!({}),
            json!({
                "allowUsersContextTraits": false, "cleanupObjectStorageFiles": false, "partitionColumn": "_PARTITIONTIME",
                "partitionType": "day", "skipTracksTable": false, "skipUsersTable": true, "skipViews": false,
                "underscoreDivideNumbers": false,
            }),
        ),
        (
            "INTERCOM",
            json!({}),
            json!({ "eventFilteringOption": "disable" }),
        ),
        ("KINESIS", json!({}), json!({ "useMessageId": false })),
        (
            "RS",
            json!({ "useRudderStorage": true }),
            json!({ "preferAppend": true, "useSSH": false, "skipTracksTable": false, "skipUsersTable": true }),
        ),
        (
            "RS",
            json!({ "useRudderStorage": false }),
            json!({ "preferAppend": true, "useSSH": false, "skipTracksTable": false, "skipUsersTable": true, "cleanupObjectStorageFiles": false }),
        ),
        (
            "S3_DATALAKE",
            json!({}),
            json!({
                "allowUsersContextTraits": false, "cleanupObjectStorageFiles": false, "underscoreDivideNumbers": false,
                "skipTracksTable": false, "skipUsersTable": true,
            }),
        ),
        ("WEBHOOK", json!({}), json!({})),
        ("GA4", json!({}), json!({})),
        ("BRAZE", json!({}), json!({})),
        ("SNOWFLAKE", json!({}), json!({})),
    ]
}

#[test]
fn defaults_are_laid_under_settings_until_the_first_change_and_are_never_in_an_event() {
    let api = Api::sqlite();
    for (kind, sent, besides) in defaults() {
        let body = json!({ "name": kind, "type": kind, "config": sent });
        let made = api.post("/v2/destinations", body.clone()).ok();
        let path = format!("/v2/destinations/{}", id(&made["destination"]));
        let mut whole = besides.as_object().expect("an object").clone();
        whole.extend(sent.as_object().expect("an object").clone());
        let shown = |path: &str| api.get(path).ok()["destination"]["config"].clone();
        assert_eq!(shown(&path), Value::Object(whole.clone()), "{kind}");
        let events = api.events().len();
        api.put(&path, body).ok();
        assert_eq!(
            api.events().len(),
            events,
            "what is the same is no change: {kind}"
        );
        assert_eq!(
            shown(&path),
            Value::Object(whole),
            "nor is it the first change: {kind}"
        );
        api.put(&path, json!({ "enabled": false })).ok();
        assert_eq!(shown(&path), sent, "{kind}");
        let told = api.events_with(&api.admin, "&target_type=destination");
        for key in besides.as_object().expect("an object").keys() {
            assert!(
                !told.iter().any(|event| event.to_string().contains(key)),
                "{key}"
            );
        }
    }
}

#[test]
fn a_stored_value_wins_over_a_default_and_s3_always_says_enable_sse() {
    let api = Api::sqlite();
    let body = json!({ "name": "Bus", "type": "KAFKA", "config": { "saslType": "sha512" } });
    let made = api.post("/v2/destinations", body).ok();
    assert_eq!(
        made["destination"]["config"],
        json!({ "saslType": "sha512" })
    );
    let body = json!({ "name": "Lake", "type": "S3", "config": { "bucketName": "b" } });
    let made = api.post("/v2/destinations", body).ok();
    let path = format!("/v2/destinations/{}", id(&made["destination"]));
    assert_eq!(made["destination"]["config"]["enableSSE"], false);
    let put = api
        .put(&path, json!({ "config": { "bucketName": "c" } }))
        .ok();
    assert_eq!(
        put["destination"]["config"],
        json!({ "enableSSE": false, "bucketName": "c" })
    );
    let put = api
        .put(&path, json!({ "config": { "enableSSE": true } }))
        .ok();
    assert_eq!(put["destination"]["config"], json!({ "enableSSE": true }));
}

#[test]
fn an_external_id_is_set_once_and_belongs_to_one() {
    let told = on_both(|api| {
        let (web, hook) = (api.source("Web"), api.destination("Hook"));
        let both = api.connection(&web, &hook);
        let one = id(&api.code("transformations", "One", "a"));
        let library = id(&api.code("libraries", "Lib", "a"));
        let (web2, hook2) = (api.source("Web 2"), api.destination("Hook 2"));
        let both2 = api.connection(&web2, &hook2);
        let one2 = id(&api.code("transformations", "Two", "a"));
        let library2 = id(&api.code("libraries", "Lib 2", "a"));
        let mut told = String::new();
        for (path, first, second) in [
            ("/v2/sources", &web, &web2),
            ("/v2/destinations", &hook, &hook2),
            ("/v2/connections", &both, &both2),
            ("/transformations", &one, &one2),
            ("/libraries", &library, &library2),
        ] {
            let set = |id: &str, to: &str| {
                api.put(
                    &format!("{path}/{id}/external-id"),
                    json!({ "externalId": to }),
                )
            };
            set(first, "mine").ok();
            set(first, "mine").ok();
            for refused in [set(first, "other"), set(second, "mine"), set(second, "")] {
                told.push_str(&format!("{path} {}\n", refused.problem()));
            }
            set(second, "yours").ok();
        }
        let body = json!({ "name": "Web 3", "type": "HTTP", "externalId": "mine" });
        told.push_str(&api.post("/v2/sources", body).problem());
        told
    });
    assert_snapshot!(told, @r"
    /v2/sources 409 external_id_set: the external id is set already, to “mine”
    /v2/sources 409 external_id_taken: source ID has this external id
    /v2/sources 400 required: externalId must not be empty
    /v2/destinations 409 external_id_set: the external id is set already, to “mine”
    /v2/destinations 409 external_id_taken: destination ID has this external id
    /v2/destinations 400 required: externalId must not be empty
    /v2/connections 409 external_id_set: the external id is set already, to “mine”
    /v2/connections 409 external_id_taken: connection ID has this external id
    /v2/connections 400 required: externalId must not be empty
    /transformations 409 external_id_set: the external id is set already, to “mine”
    /transformations 409 external_id_taken: transformation ID has this external id
    /transformations 400 required: externalId must not be empty
    /libraries 409 external_id_set: the external id is set already, to “mine”
    /libraries 409 external_id_taken: library ID has this external id
    /libraries 400 required: externalId must not be empty
    409 external_id_taken: source ID has this external id
    ");
}

#[test]
fn an_empty_external_id_is_none() {
    let api = Api::sqlite();
    let body = json!({ "name": "Web", "type": "HTTP", "externalId": "" });
    let source = api.post("/v2/sources", body).ok()["source"].clone();
    assert_eq!(source.get("externalId"), None);
    assert_eq!(
        api.get("/v2/sources?hasExternalId=true").ok()["paging"]["total"],
        0
    );
}

#[test]
fn a_connection_keeps_its_ends_and_takes_no_external_id_in_a_change() {
    let told = on_both(|api| {
        let (web, hook) = (api.source("Web"), api.destination("Hook"));
        let (shop, mail) = (api.source("Shop"), api.destination("Mail"));
        let path = format!("/v2/connections/{}", api.connection(&web, &hook));
        let again = json!({ "sourceId": web, "destinationId": hook });
        [
            api.put(&path, json!({ "externalId": "mine" })),
            api.put(&path, json!({ "sourceId": shop })),
            api.put(&path, json!({ "destinationId": mail, "enabled": false })),
            api.post("/v2/connections", again),
        ]
        .map(|refused| refused.problem())
        .join("\n")
    });
    assert_snapshot!(told, @r"
    400 external_id_not_here: an external id is set with PUT /v2/connections/{id}/external-id
    400 ends_cannot_change: the ends of a connection cannot change; delete it and connect the others
    400 ends_cannot_change: the ends of a connection cannot change; delete it and connect the others
    409 already_connected: connection ID connects “Web” to “Hook” already
    ");
}

#[test]
fn what_is_not_kept_yet_has_honest_empty_lists() {
    let api = Api::sqlite();
    let mut told = String::new();
    for path in [
        "/v2/catalog/events?hasExternalId=true",
        "/v2/catalog/properties?hasExternalId=true",
        "/v2/catalog/custom-types?hasExternalId=true",
        "/v2/catalog/categories?hasExternalId=true",
        "/v2/catalog/tracking-plans?hasExternalId=true",
        "/v2/data-graphs?hasExternalId=true&page=1&pageSize=100",
        "/v2/retl-sources?hasExternalId=true&sourceType=model",
        "/v2/retl-connections?hasExternalId=true",
        "/v2/accounts?hasExternalId=true",
        "/transformations",
        "/libraries",
        "/v2/event-stream-sources",
    ] {
        told.push_str(&format!("{path} {}\n", api.get(path).ok()));
    }
    assert_snapshot!(told, @r#"
    /v2/catalog/events?hasExternalId=true {"data":[],"total":0,"currentPage":1,"pageSize":50}
    /v2/catalog/properties?hasExternalId=true {"data":[],"total":0,"currentPage":1,"pageSize":50}
    /v2/catalog/custom-types?hasExternalId=true {"data":[],"total":0,"currentPage":1,"pageSize":50}
    /v2/catalog/categories?hasExternalId=true {"data":[],"total":0,"currentPage":1,"pageSize":50}
    /v2/catalog/tracking-plans?hasExternalId=true {"trackingPlans":[]}
    /v2/data-graphs?hasExternalId=true&page=1&pageSize=100 {"data":[],"paging":{"total":0}}
    /v2/retl-sources?hasExternalId=true&sourceType=model {"data":[]}
    /v2/retl-connections?hasExternalId=true {"data":[],"paging":{"total":0}}
    /v2/accounts?hasExternalId=true {"data":[],"paging":{"total":0}}
    /transformations {"transformations":[]}
    /libraries {"libraries":[]}
    /v2/event-stream-sources {"data":[],"paging":{"total":0}}
    "#);
}

#[test]
fn a_refusal_is_an_object_with_message_and_code_and_says_which_field() {
    let api = Api::sqlite();
    let refused = api.post("/v2/sources", json!({ "name": "", "type": "HTTP" }));
    assert_snapshot!(refused.json, @r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"name must not be empty","message":"name must not be empty","code":"required","details":{"name":"name must not be empty"}}"#);
    let refused = api.ask("GET", "/v2/sources", "annals_pat_wrong", &Value::Null);
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    assert_snapshot!(refused.json, @r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Unauthorized","message":"Unauthorized","code":"unauthorized"}"#);
}
