//! Input that cannot be: refused with a reason, and nothing has changed.

use axum::body::Body;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, Api, id, on_both, request};

const NO_ID: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";

fn raw(api: &Api, method: &str, path: &str, body: impl Into<Body>) -> Answer {
    api.send(request(method, path, &api.admin, body.into()))
}

fn nested(depth: usize) -> String {
    format!("{}0{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
}

#[test]
fn bodies_that_cannot_be_are_refused_with_a_reason() {
    let told = on_both(|api| {
        let (web, hook) = (api.source("Web"), api.destination("Hook"));
        let before = api.state();
        let source = format!("/v2/sources/{web}");
        let bodies = [
            ("POST", "/v2/sources", String::new()),
            ("POST", "/v2/sources", "{".to_owned()),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"a","type":"HTTP"} and more"#.to_owned(),
            ),
            ("POST", "/v2/sources", "null".to_owned()),
            ("POST", "/v2/sources", "[]".to_owned()),
            (
                "POST",
                "/v2/sources",
                r#" ["Web app","HTTP",true,{},null,null,null]"#.to_owned(),
            ),
            ("POST", "/v2/sources", r#"{"type":"HTTP"}"#.to_owned()),
            ("POST", "/v2/sources", r#"{"name":"a"}"#.to_owned()),
            (
                "POST",
                "/v2/sources",
                r#"{"name":7,"type":"HTTP"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"a","type":"HTTP","enabled":"yes"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"a","name":"b","type":"HTTP"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"\ud800","type":"HTTP"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"  ","type":"HTTP"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"a\u0000b","type":"HTTP"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"a\u202eb","type":"HTTP"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"a\u200bb","type":"HTTP"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"\u200d","type":"HTTP"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/sources",
                format!(r#"{{"name":"{}","type":"HTTP"}}"#, "é".repeat(256)),
            ),
            (
                "POST",
                "/v2/sources",
                format!(r#"{{"name":"a","type":"{}"}}"#, "T".repeat(101)),
            ),
            (
                "POST",
                "/v2/sources",
                format!(
                    r#"{{"name":"a","type":"HTTP","externalId":"{}"}}"#,
                    "x".repeat(256)
                ),
            ),
            (
                "POST",
                "/v2/sources",
                r#"{"name":"a","type":"HTTP","config":[]}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/destinations",
                r#"{"name":"a","type":"S3","config":"text"}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/destinations",
                r#"{"name":"a","type":"S3","version":1.5}"#.to_owned(),
            ),
            (
                "POST",
                "/v2/destinations",
                format!(r#"{{"name":"a","type":"S3","config":{}}}"#, nested(65)),
            ),
            (
                "POST",
                "/v2/destinations",
                format!(r#"{{"name":"a","type":"S3","config":{}}}"#, nested(100_000)),
            ),
            ("PUT", source.as_str(), r#"{"type":"HTTP"}"#.to_owned()),
            ("PUT", source.as_str(), r#"{"name":""}"#.to_owned()),
            ("PUT", source.as_str(), r#"{"config":7}"#.to_owned()),
            ("PUT", &format!("{source}/external-id"), "{}".to_owned()),
        ];
        let mut told = String::new();
        for (method, path, body) in bodies {
            let short: String = body.chars().take(60).collect();
            let refused = raw(&api, method, path, body);
            let path = path.replace(&web, "ID");
            told.push_str(&format!(
                "{method} {path} {short}\n    {}\n",
                refused.problem()
            ));
        }
        let ends = json!({ "sourceId": web, "destinationId": NO_ID });
        for body in [ends, json!({ "sourceId": "x", "destinationId": hook })] {
            told.push_str(&format!(
                "{}\n",
                api.post("/v2/connections", body).problem()
            ));
        }
        assert_eq!(api.state(), before, "nothing changed");
        told
    });
    assert_snapshot!(told, @r#"
    POST /v2/sources 
        400 malformed_json: The body is not JSON: EOF while parsing a value at line 1 column 0
    POST /v2/sources {
        400 malformed_json: The body is not JSON: EOF while parsing an object at line 1 column 1
    POST /v2/sources {"name":"a","type":"HTTP"} and more
        400 malformed_json: The body is not JSON: trailing characters at line 1 column 28
    POST /v2/sources null
        400 invalid_body: The body does not fit: expected an object, found null at line 1 column 4
    POST /v2/sources []
        400 invalid_body: The body must be a JSON object, not an array.
    POST /v2/sources  ["Web app","HTTP",true,{},null,null,null]
        400 invalid_body: The body must be a JSON object, not an array.
    POST /v2/sources {"type":"HTTP"}
        400 invalid_body: The body does not fit: missing field `name` at line 1 column 15
    POST /v2/sources {"name":"a"}
        400 invalid_body: The body does not fit: missing field `type` at line 1 column 12
    POST /v2/sources {"name":7,"type":"HTTP"}
        400 invalid_body: The body does not fit: name: expected a string, found a number at line 1 column 9
    POST /v2/sources {"name":"a","type":"HTTP","enabled":"yes"}
        400 invalid_body: The body does not fit: enabled: expected a boolean, found a string at line 1 column 41
    POST /v2/sources {"name":"a","name":"b","type":"HTTP"}
        400 invalid_body: The body does not fit: duplicate field `name` at line 1 column 18
    POST /v2/sources {"name":"\ud800","type":"HTTP"}
        400 malformed_json: The body is not JSON: unexpected end of hex escape at line 1 column 16
    POST /v2/sources {"name":"  ","type":"HTTP"}
        400 required: name must not be empty
    POST /v2/sources {"name":"a\u0000b","type":"HTTP"}
        400 control_character: name must not have control characters
    POST /v2/sources {"name":"a\u202eb","type":"HTTP"}
        400 invisible_character: name must not have U+202E, which is invisible or turns text around
    POST /v2/sources {"name":"a\u200bb","type":"HTTP"}
        400 invisible_character: name must not have U+200B, which is invisible or turns text around
    POST /v2/sources {"name":"\u200d","type":"HTTP"}
        400 required: name must not be empty
    POST /v2/sources {"name":"ééééééééééééééééééééééééééééééééééééééééééééééééééé
        400 too_long: name may have 255 characters at most
    POST /v2/sources {"name":"a","type":"TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT
        400 too_long: type may have 100 characters at most
    POST /v2/sources {"name":"a","type":"HTTP","externalId":"xxxxxxxxxxxxxxxxxxxx
        400 too_long: externalId may have 255 characters at most
    POST /v2/sources {"name":"a","type":"HTTP","config":[]}
        400 config_not_an_object: config must be an object
    POST /v2/destinations {"name":"a","type":"S3","config":"text"}
        400 config_not_an_object: config must be an object
    POST /v2/destinations {"name":"a","type":"S3","version":1.5}
        400 invalid_body: The body does not fit: version: expected a whole number, found a number at line 1 column 37
    POST /v2/destinations {"name":"a","type":"S3","config":{"a":{"a":{"a":{"a":{"a":{"
        400 too_deep: config may be nested 64 levels at most
    POST /v2/destinations {"name":"a","type":"S3","config":{"a":{"a":{"a":{"a":{"a":{"
        400 too_deep: The body is nested too deeply: at most 127 levels.
    PUT /v2/sources/ID {"type":"HTTP"}
        400 type_cannot_change: the type of a source cannot change; it is Javascript
    PUT /v2/sources/ID {"name":""}
        400 required: name must not be empty
    PUT /v2/sources/ID {"config":7}
        400 config_not_an_object: config must be an object
    PUT /v2/sources/ID/external-id {}
        400 invalid_body: The body does not fit: missing field `externalId` at line 1 column 2
    404 not_found: destination not found
    404 not_found: source not found
    "#);
}

#[test]
fn a_body_that_is_not_utf_8_or_too_large_is_refused() {
    let api = Api::sqlite();
    let before = api.state();
    let refused = raw(
        &api,
        "POST",
        "/v2/sources",
        b"{\"name\":\"\xff\",\"type\":\"HTTP\"}".to_vec(),
    );
    assert_eq!(refused.json["code"], "malformed_json");
    let large = format!(
        r#"{{"name":"a","type":"HTTP","config":{{"a":"{}"}}}}"#,
        "x".repeat(10 * 1024 * 1024)
    );
    let refused = raw(&api, "POST", "/v2/sources", large);
    assert_snapshot!(refused.problem(), @"413 body_too_large: The body is too large; most requests may have 4194304 bytes at most.");
    assert_eq!(api.state(), before);
    // What is just small enough is taken.
    let config = json!({ "a": "x".repeat(4 * 1024 * 1024 - 200) });
    let made = api
        .post(
            "/v2/sources",
            json!({ "name": "Big", "type": "HTTP", "config": config }),
        )
        .ok();
    assert_eq!(made["source"]["config"], config);
}

#[test]
fn unknown_members_are_ignored_at_the_top_and_kept_in_settings() {
    let api = Api::sqlite();
    let body = json!({ "name": "Hook", "type": "WEBHOOK", "id": "mine", "workspaceId": NO_ID, "unheardOf": { "a": 1 }, "config": { "unheardOf": { "a": 1 } } });
    let made = api.post("/v2/destinations", body).ok()["destination"].clone();
    assert_ne!(made["id"], "mine");
    assert_eq!(made.get("unheardOf"), None);
    assert_eq!(made["workspaceId"], api.made.workspace.to_string());
    assert_eq!(made["config"], json!({ "unheardOf": { "a": 1 } }));
    let path = format!("/v2/destinations/{}", id(&made));
    let before = api.events().len();
    api.put(
        &path,
        json!({ "unheardOf": 2, "createdAt": "2001-01-01T00:00:00Z" }),
    )
    .ok();
    assert_eq!(api.events().len(), before);
}

#[test]
fn the_deepest_settings_that_are_taken_come_back() {
    let told = on_both(|api| {
        let config: Value = serde_json::from_str(&nested(64)).expect("JSON");
        let body = json!({ "name": "Deep", "type": "S3", "config": config });
        let made = api.post("/v2/destinations", body).ok();
        let path = format!("/v2/destinations/{}", id(&made["destination"]));
        let mut whole = config.clone();
        whole["enableSSE"] = json!(false);
        assert_eq!(api.get(&path).ok()["destination"]["config"], whole);
        api.put(&path, json!({ "config": {} })).ok();
        api.events().len().to_string()
    });
    assert_eq!(told, "7", "five of the set-up");
}

#[test]
fn a_null_character_anywhere_in_settings_is_kept_or_refused_but_breaks_nothing() {
    let told = on_both(|api| {
        let body =
            json!({ "name": "Nul", "type": "HTTP", "config": { "a": "x\u{0}y", "k\u{0}": 1 } });
        let answer = api.post("/v2/destinations", body);
        if answer.status == 201 {
            let made = answer.ok();
            let path = format!("/v2/destinations/{}", id(&made["destination"]));
            return api.get(&path).ok()["destination"]["config"]["a"].to_string();
        }
        answer.problem()
    });
    assert_eq!(told, r#""x\u0000y""#);
}

#[test]
fn ids_that_are_unknown_malformed_or_another_organization_s_are_not_found() {
    for api in [Api::sqlite(), Api::postgres()] {
        let stranger = api.stranger("Stan").token;
        let ask = |path: &str, body: Value| api.ask("POST", path, &stranger, &body).ok();
        let theirs = id(&ask("/v2/sources", json!({ "name": "Theirs", "type": "HTTP" }))["source"]);
        let before = api.state();
        let long = "x".repeat(5000);
        for wrong in [
            NO_ID,
            "1",
            "..",
            "%00",
            "%2e%2e",
            "%ff",
            "' OR 1=1 --",
            &theirs,
            &long,
        ] {
            let wrong = wrong.replace(' ', "%20").replace('\'', "%27");
            for path in [
                "/v2/sources",
                "/v2/destinations",
                "/v2/connections",
                "/transformations",
                "/libraries",
                "/v2/event-stream-sources",
                "/v2/accounts",
                "/v2/retl-sources",
                "/v2/retl-connections",
                "/v2/audit-logs",
            ] {
                let path = format!("{path}/{wrong}");
                for (method, body) in [
                    ("GET", Value::Null),
                    ("PUT", json!({ "name": "a" })),
                    ("DELETE", Value::Null),
                ] {
                    let refused = api.ask(method, &path, &api.admin, &body);
                    assert!(
                        [400, 404, 405].contains(&refused.status),
                        "{method} {path}: {}",
                        refused.status
                    );
                    let _ = refused.problem();
                }
            }
        }
        assert_eq!(api.state(), before);
        let path = format!("/v2/sources/{theirs}");
        assert_eq!(
            api.ask("GET", &path, &stranger, &Value::Null).ok()["source"]["name"],
            "Theirs"
        );
    }
}

#[test]
fn what_is_no_route_no_method_or_no_parameter_is_refused_as_a_problem() {
    let api = Api::sqlite();
    let before = api.state();
    let mut told = String::new();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/v2"),
        ("GET", "/v2/nothing"),
        ("GET", "/v2/sources/"),
        ("GET", "//v2/sources"),
        ("PATCH", "/v2/sources"),
        ("DELETE", "/v2/sources"),
        ("PUT", "/v2/workspace"),
        ("TRACE", "/v2/sources"),
        ("POST", "/health"),
        ("GET", "/v2/sources?per_page=0"),
        ("GET", "/v2/sources?per_page=501"),
        ("GET", "/v2/sources?per_page=x"),
        ("GET", "/v2/sources?hasExternalId=maybe"),
        ("GET", "/v2/sources?after=nowhere"),
        ("GET", "/v2/sources?after=%ff"),
        ("GET", "/transformations?publish=maybe"),
        ("POST", "/transformations?publish=maybe"),
    ] {
        let body = if method == "POST" {
            json!({ "name": "a", "code": "a" })
        } else {
            Value::Null
        };
        let answer = api.ask(method, path, &api.admin, &body);
        if answer.status == 200 {
            told.push_str(&format!("{method} {path}\n    200\n"));
        } else {
            told.push_str(&format!("{method} {path}\n    {}\n", answer.problem()));
        }
    }
    assert_eq!(api.state(), before);
    assert_snapshot!(told, @r"
    GET /
        404 not_found: There is nothing at this address.
    GET /v2
        404 not_found: There is nothing at this address.
    GET /v2/nothing
        404 not_found: There is nothing at this address.
    GET /v2/sources/
        404 not_found: There is nothing at this address.
    GET //v2/sources
        404 not_found: There is nothing at this address.
    PATCH /v2/sources
        405 method_not_allowed: This address does not take this method.
    DELETE /v2/sources
        405 method_not_allowed: This address does not take this method.
    PUT /v2/workspace
        405 method_not_allowed: This address does not take this method.
    TRACE /v2/sources
        405 method_not_allowed: This address does not take this method.
    POST /health
        405 method_not_allowed: This address does not take this method.
    GET /v2/sources?per_page=0
        400 out_of_range: per_page must be 1 to 500
    GET /v2/sources?per_page=501
        400 out_of_range: per_page must be 1 to 500
    GET /v2/sources?per_page=x
        400 invalid_query: The query does not fit: `per_page` must be a whole number
    GET /v2/sources?hasExternalId=maybe
        400 invalid_query: The query does not fit: hasExternalId: provided string was not `true` or `false`
    GET /v2/sources?after=nowhere
        400 invalid_cursor: this is no place in a list
    GET /v2/sources?after=%ff
        400 invalid_cursor: this is no place in a list
    GET /transformations?publish=maybe
        200
    POST /transformations?publish=maybe
        400 invalid_query: The query does not fit: publish: provided string was not `true` or `false`
    ");
}

#[test]
fn an_authorization_that_is_none_is_refused_alike() {
    let api = Api::sqlite();
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer \u{e9}",
        &api.admin,
        "Bearer a b",
        &format!("Bearer {}x", api.admin),
    ] {
        let mut request = request("GET", "/v2/workspace", "", Body::empty());
        if let Ok(value) = axum::http::HeaderValue::from_bytes(header.as_bytes()) {
            request.headers_mut().insert("authorization", value);
        }
        assert_eq!(
            api.send(request).problem(),
            "401 unauthorized: Unauthorized",
            "{header}"
        );
    }
    assert_eq!(
        api.ask("POST", "/v2/sources", "x", &json!(7)).status,
        401,
        "who asks comes before what"
    );
}

#[test]
fn where_unknown_types_are_not_allowed_the_refusal_lists_near_names() {
    use model::actor::{Actor, System};
    let told = on_both(|api| {
        let action = server::actions::workspace::update::UpdateWorkspace {
            place: api.place(),
            name: None,
            seen_name: None,
            environment: None,
            allow_unknown_types: Some(false),
            refuse_invalid_config: None,
        };
        let origin = crate::support::local_origin(&api.store);
        let done = api
            .store
            .perform(Actor::System(System::CommandLine), origin, action)
            .wait();
        let _ = done.expect("changed");
        let before = api.state();
        let try_type = |path: &str, kind: &str| {
            api.post(path, json!({ "name": "a", "type": kind }))
                .problem()
        };
        let told = [
            try_type("/v2/destinations", "POSTGRESS"),
            try_type("/v2/destinations", "s3"),
            try_type("/v2/sources", "JavaScript"),
            try_type("/v2/sources", "zzz"),
        ];
        assert_eq!(api.state(), before);
        told.join("\n")
    });
    assert_snapshot!(told, @r"
    400 unknown_type: there is no type “POSTGRESS”, and this workspace allows no unknown ones. Near it: POSTGRES.
    400 unknown_type: there is no type “s3”, and this workspace allows no unknown ones. Near it: S3.
    400 unknown_type: there is no type “JavaScript”, and this workspace allows no unknown ones. Near it: Javascript, javascript.
    400 unknown_type: there is no type “zzz”, and this workspace allows no unknown ones.
    ");
}

#[test]
fn a_number_that_no_data_plane_can_read_is_refused_with_its_place() {
    let told = on_both(|api| {
        let account = api.account("Warehouse");
        let (source, hook) = (api.model("Customers", &account), api.destination("Hook"));
        let web = format!("/v2/sources/{}", api.source("Web"));
        let made = format!("/v2/retl-connections/{}", api.synced(&source, &hook));
        let before = api.state();
        let new = |kind: &str, config: &str| {
            format!(r#"{{"name":"a","type":"{kind}","config":{config}}}"#)
        };
        let new_account = |name: &str| {
            format!(r#"{{"accountDefinitionName":"X","name":"a","{name}":{{"a":1e999}}}}"#)
        };
        let synced = |what: &str| {
            format!(
                r#"{{"sourceId":"{source}","destinationId":"{hook}","syncBehaviour":"full","identifiers":[{{"from":"a","to":"b"}}],{what}}}"#
            )
        };
        let bodies = [
            ("POST", "/v2/sources", new("HTTP", r#"{"a":1e400}"#)),
            (
                "POST",
                "/v2/destinations",
                new("WEBHOOK", r#"{"a":[{"b":0},{"b":[-1E999]}]}"#),
            ),
            ("PUT", &*web, r#"{"config":{"a":{"b":1e309}}}"#.to_owned()),
            ("POST", "/v2/accounts", new_account("options")),
            ("POST", "/v2/accounts", new_account("secret")),
            (
                "POST",
                "/v2/retl-sources",
                format!(
                    r#"{{"name":"A","sourceType":"model","sourceDefinitionName":"bigquery","accountId":"{account}","config":{{"sql":"s","a":1e400}}}}"#
                ),
            ),
            (
                "POST",
                "/v2/retl-connections",
                synced(r#""schedule":{"type":"manual","a":1e400}"#),
            ),
            (
                "POST",
                "/v2/retl-connections",
                synced(r#""schedule":{"type":"manual"},"destinationConfig":{"a":1e400}"#),
            ),
            (
                "PUT",
                &*made,
                r#"{"schedule":{"type":"manual","a":[1e400]}}"#.to_owned(),
            ),
            (
                "POST",
                "/destination-definitions",
                r#"{"name":"K","config":{"a":1e400}}"#.to_owned(),
            ),
        ];
        let mut told = String::new();
        for (method, path, body) in bodies {
            let refused = raw(&api, method, path, body);
            told.push_str(&format!("{}\n", refused.problem()));
            let details = refused.json["details"].as_object().expect("the place");
            assert!(
                details
                    .iter()
                    .all(|(at, said)| said.as_str().is_some_and(|said| said.starts_with(at)))
            );
        }
        assert_eq!(api.state(), before);
        let fits = new(
            "HTTP",
            r#"{"a":1.7976931348623157e308,"b":1e-999,"c":123456789012345678901234567890}"#,
        );
        assert_eq!(raw(&api, "POST", "/v2/sources", fits).status, 201);
        told
    });
    assert_snapshot!(told, @r"
    400 number_too_large: config.a is a number beyond 1.7976931348623157e308, which data planes cannot read
    400 number_too_large: config.a.1.b.0 is a number beyond 1.7976931348623157e308, which data planes cannot read
    400 number_too_large: config.a.b is a number beyond 1.7976931348623157e308, which data planes cannot read
    400 number_too_large: options.a is a number beyond 1.7976931348623157e308, which data planes cannot read
    400 number_too_large: secret.a is a number beyond 1.7976931348623157e308, which data planes cannot read
    400 number_too_large: config.a is a number beyond 1.7976931348623157e308, which data planes cannot read
    400 number_too_large: schedule.a is a number beyond 1.7976931348623157e308, which data planes cannot read
    400 number_too_large: destinationConfig.a is a number beyond 1.7976931348623157e308, which data planes cannot read
    400 number_too_large: schedule.a.0 is a number beyond 1.7976931348623157e308, which data planes cannot read
    400 number_too_large: definition.config.a is a number beyond 1.7976931348623157e308, which data planes cannot read
    ");
}

#[test]
fn every_route_that_takes_a_body_says_that_it_may_not_fit() {
    let description = serde_json::to_value(server::api::openapi()).expect("JSON");
    let mut silent = Vec::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, route) in methods.as_object().expect("methods") {
            // What a data plane sends is of its own protocol.
            if route["tags"][0] == "Data plane" {
                continue;
            }
            if route.get("requestBody").is_some() && route["responses"].get("400").is_none() {
                silent.push(format!("{method} {path}"));
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn the_version_of_a_type_is_counted_from_one() {
    let told = on_both(|api| {
        let path = format!("/v2/destinations/{}", api.destination("Hook"));
        let events = api.events().len();
        let new = |version: i64| json!({ "name": "Lake", "type": "S3", "version": version });
        let told = [
            api.post("/v2/destinations", new(0)),
            api.post("/v2/destinations", new(i64::MIN)),
            api.put(&path, json!({ "version": 0 })),
        ]
        .map(|refused| format!("{} {}", refused.problem(), refused.json["details"]))
        .join("\n");
        assert_eq!(api.events().len(), events);
        assert_eq!(api.get(&path).ok()["destination"]["version"], 1);
        told
    });
    assert_snapshot!(told, @r#"
    400 out_of_range: version must be 1 or more {"version":"version must be 1 or more"}
    400 out_of_range: version must be 1 or more {"version":"version must be 1 or more"}
    400 out_of_range: version must be 1 or more {"version":"version must be 1 or more"}
    "#);
}
