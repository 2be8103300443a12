//! Reverse ETL as resources: sources and connections are kept, told and found again, and nothing pretends to run.

use insta::assert_snapshot;
use model::role::WorkspaceRole;
use serde_json::{Value, json};

use crate::support::{Api, Story, id, on_both, without_ids};

fn connection(source: &str, destination: &str) -> Value {
    json!({
        "sourceId": source, "destinationId": destination, "enabled": true,
        "schedule": { "type": "basic", "everyMinutes": 60 }, "syncBehaviour": "upsert",
        "identifiers": [{ "from": "email", "to": "user_id" }],
        "mappings": [{ "from": "name", "to": "first_name" }], "event": { "type": "identify" },
    })
}

#[test]
fn a_source_comes_back_as_the_clients_decode_it_and_is_told_as_a_source() {
    let story = on_both(|api| {
        let account = api.account("Warehouse");
        let mut story = Story::of(&api);
        let body = json!({
            "name": "Customers", "sourceType": "model", "sourceDefinitionName": "bigquery", "accountId": account,
            "enabled": true, "externalId": "",
            "config": { "primaryKey": "user_id", "sql": "select user_id from t", "unknown": "kept" },
        });
        let made = story.tell("create", api.post("/v2/retl-sources", body));
        let path = format!("/v2/retl-sources/{}", id(&made));
        assert_eq!(api.get(&path).ok(), made);
        let body = json!({
            "name": "Buyers", "enabled": false, "accountId": account,
            "config": { "primaryKey": "user_id", "sql": "select 1", "description": "v2" },
        });
        story.tell("change", api.put(&path, body.clone()));
        story.tell("the same again", api.put(&path, body));
        let external = format!("{path}/external-id");
        story.tell(
            "name it",
            api.put(&external, json!({ "externalId": "buyers" })),
        );
        story.tell("delete", api.delete(&path));
        assert_eq!(api.get(&path).status, 404, "GET after DELETE");
        without_ids(&made.to_string()) + "\n" + &story.end()
    });
    assert_snapshot!(story, @r#"
    {"id":"ID","externalId":"","name":"Customers","config":{"primaryKey":"user_id","sql":"select user_id from t","unknown":"kept"},"enabled":true,"sourceType":"model","sourceDefinitionName":"bigquery","accountId":"ID","workspaceId":"ID","createdAt":"2026-11-18T11:06:40.000Z","updatedAt":"2026-11-18T11:06:40.000Z"}
    create
        source.created Customers
          account: nothing -> "ID"
          config.primaryKey: nothing -> "user_id"
          config.sql: nothing -> "select user_id from t"
          config.unknown: redacted
          enabled: nothing -> true
          name: nothing -> "Customers"
          sourceDefinitionName: nothing -> "bigquery"
          sourceType: nothing -> "model"
    change
        source.updated_name Buyers
          name: "Customers" -> "Buyers"
        source.updated Buyers
          config.description: nothing -> "v2"
          config.sql: "select user_id from t" -> "select 1"
          config.unknown: redacted
          enabled: true -> false
    the same again
    name it
        source.updated Buyers
          externalId: nothing -> "buyers"
    delete
        source.deleted Buyers
          account: "ID" -> nothing
          config.description: "v2" -> nothing
          config.primaryKey: "user_id" -> nothing
          config.sql: "select 1" -> nothing
          enabled: false -> nothing
          externalId: "buyers" -> nothing
          name: "Buyers" -> nothing
          sourceDefinitionName: "bigquery" -> nothing
          sourceType: "model" -> nothing
    "#);
}

#[test]
fn a_connection_keeps_what_a_change_does_not_name_and_is_told_of_its_destination() {
    let story = on_both(|api| {
        let account = api.account("Warehouse");
        let (source, hook) = (api.model("Customers", &account), api.destination("Hook"));
        let mut story = Story::of(&api);
        let mut body = connection(&source, &hook);
        body["destinationConfig"] = json!({ "audienceId": "needle-one" });
        let made = story.tell("connect", api.post("/v2/retl-connections", body));
        let path = format!("/v2/retl-connections/{}", id(&made));
        assert_eq!(api.get(&path).ok(), made);
        let change = json!({
            "enabled": false, "schedule": { "type": "cron", "cronExpression": "30 13 * * *" },
            "mappings": [{ "from": "name", "to": "first_name" }, { "from": "phone", "to": "phone_number" }],
        });
        let changed = story.tell("change", api.put(&path, change.clone()));
        for kept in [
            "sourceId",
            "destinationId",
            "identifiers",
            "event",
            "syncBehaviour",
            "destinationConfig",
        ] {
            assert_eq!(changed[kept], made[kept], "{kept}");
        }
        story.tell("the same again", api.put(&path, change));
        let external = format!("{path}/external-id");
        story.tell(
            "name it",
            api.put(&external, json!({ "externalId": "both" })),
        );
        story.tell("disconnect", api.delete(&path));
        assert_eq!(api.get(&path).status, 404, "GET after DELETE");
        api.index();
        let events = serde_json::to_string(&api.events()).expect("text");
        assert!(
            !events.contains("needle-one"),
            "nobody said what is secret in there"
        );
        without_ids(&made.to_string()) + "\n" + &story.end()
    });
    assert_snapshot!(story, @r#"
    {"id":"ID","sourceId":"ID","destinationId":"ID","enabled":true,"schedule":{"type":"basic","everyMinutes":60},"syncBehaviour":"upsert","identifiers":[{"from":"email","to":"user_id"}],"mappings":[{"from":"name","to":"first_name"}],"event":{"type":"identify"},"destinationConfig":{"audienceId":"needle-one"},"syncSettings":{"syncLogsConfig":{"enabled":true,"logRetentionInDays":30,"snapshotsToRetain":5},"failedKeysConfig":{"enableFailedKeysRetry":true}},"workspaceId":"ID","createdAt":"2026-11-18T11:06:40.000Z","updatedAt":"2026-11-18T11:06:40.000Z"}
    connect
        destination.connected_source Hook ~ source Customers ~ connection Customers to Hook
          destinationConfig: redacted
          enabled: nothing -> true
          event.type: nothing -> "identify"
          identifiers.0.from: nothing -> "email"
          identifiers.0.to: nothing -> "user_id"
          mappings.0.from: nothing -> "name"
          mappings.0.to: nothing -> "first_name"
          schedule.everyMinutes: nothing -> 60
          schedule.type: nothing -> "basic"
          source: nothing -> "ID"
          syncBehaviour: nothing -> "upsert"
    change
        destination.updated_connection Hook ~ source Customers ~ connection Customers to Hook
          enabled: true -> false
          mappings.1.from: nothing -> "phone"
          mappings.1.to: nothing -> "phone_number"
          schedule.cronExpression: nothing -> "30 13 * * *"
          schedule.everyMinutes: 60 -> nothing
          schedule.type: "basic" -> "cron"
    the same again
    name it
        destination.updated_connection Hook ~ source Customers ~ connection Customers to Hook
          externalId: nothing -> "both"
    disconnect
        destination.disconnected_source Hook ~ source Customers ~ connection Customers to Hook
          destinationConfig: redacted
          enabled: false -> nothing
          event.type: "identify" -> nothing
          externalId: "both" -> nothing
          identifiers.0.from: "email" -> nothing
          identifiers.0.to: "user_id" -> nothing
          mappings.0.from: "name" -> nothing
          mappings.0.to: "first_name" -> nothing
          mappings.1.from: "phone" -> nothing
          mappings.1.to: "phone_number" -> nothing
          schedule.cronExpression: "30 13 * * *" -> nothing
          schedule.type: "cron" -> nothing
          source: "ID" -> nothing
          syncBehaviour: "upsert" -> nothing
    "#);
}

#[test]
fn what_was_not_sent_of_the_sync_settings_is_answered_as_it_would_be_run() {
    let told = on_both(|api| {
        let account = api.account("Warehouse");
        let (source, hook) = (api.model("Customers", &account), api.destination("Hook"));
        let mut body = connection(&source, &hook);
        body["mappings"] = json!([]);
        body["constants"] = json!([]);
        let made = api.post("/v2/retl-connections", body).ok();
        let path = format!("/v2/retl-connections/{}", id(&made));
        let change = json!({
            "schedule": { "type": "manual" },
            "mappings": [{ "from": "name", "to": "first_name" }],
            "syncSettings": { "syncLogsConfig": { "enabled": false, "own": [1] }, "failedKeysConfig": null },
        });
        let changed = api.put(&path, change).ok();
        let last = api.last();
        let emptied = json!({ "schedule": { "type": "manual" }, "mappings": [] });
        let emptied = api.put(&path, emptied).ok();
        assert_eq!(api.since(&last).len(), 1, "taking them away is a change");
        assert_eq!(api.get("/v2/retl-connections").ok()["data"][0], emptied);
        let told = |one: &Value| {
            format!(
                "{} mappings: {:?} constants: {:?}\n",
                one["syncSettings"],
                one.get("mappings").map(Value::to_string),
                one.get("constants").map(Value::to_string)
            )
        };
        told(&made) + &told(&changed) + &told(&emptied)
    });
    assert_snapshot!(told, @r#"
    {"syncLogsConfig":{"enabled":true,"logRetentionInDays":30,"snapshotsToRetain":5},"failedKeysConfig":{"enableFailedKeysRetry":true}} mappings: None constants: None
    {"syncLogsConfig":{"enabled":false,"own":[1],"logRetentionInDays":30,"snapshotsToRetain":5},"failedKeysConfig":null} mappings: Some("[{\"from\":\"name\",\"to\":\"first_name\"}]") constants: None
    {"syncLogsConfig":{"enabled":false,"own":[1],"logRetentionInDays":30,"snapshotsToRetain":5},"failedKeysConfig":null} mappings: None constants: None
    "#);
}

#[test]
fn deleting_an_end_first_disconnects_it_one_event_for_each() {
    let story = on_both(|api| {
        let account = api.account("Warehouse");
        let (source, other) = (
            api.model("Customers", &account),
            api.model("Orders", &account),
        );
        let (hook, lake) = (api.destination("Hook"), api.destination("Lake"));
        for (from, to) in [(&source, &hook), (&source, &lake), (&other, &lake)] {
            api.post("/v2/retl-connections", connection(from, to)).ok();
            api.clock.advance(1);
        }
        let mut story = Story::of(&api);
        story.tell(
            "delete a source",
            api.delete(&format!("/v2/retl-sources/{source}")),
        );
        story.tell(
            "delete a destination",
            api.delete(&format!("/v2/destinations/{lake}")),
        );
        let left = api.get("/v2/retl-connections").ok();
        assert_eq!(left, json!({ "data": [], "paging": { "total": 0 } }));
        let told = story.end();
        told.lines()
            .filter(|line| !line.contains(" -> "))
            .fold(String::new(), |told, line| told + line + "\n")
    });
    assert_snapshot!(story, @r"
    delete a source
        destination.disconnected_source Hook ~ source Customers ~ connection Customers to Hook
        destination.disconnected_source Lake ~ source Customers ~ connection Customers to Lake
        source.deleted Customers
    delete a destination
        destination.disconnected_source Lake ~ source Orders ~ connection Orders to Lake
        destination.deleted Lake
    ");
}

#[test]
fn what_a_source_or_connection_of_reverse_etl_cannot_be_is_refused_and_changes_nothing() {
    let told = on_both(|api| {
        let account = api.account("Warehouse");
        let (source, hook) = (api.model("Customers", &account), api.destination("Hook"));
        let made = id(&api
            .post("/v2/retl-connections", connection(&source, &hook))
            .ok());
        let before = (
            api.get("/v2/retl-sources").ok(),
            api.get("/v2/retl-connections").ok(),
        );
        let mut told = String::new();
        let model = json!({ "name": "A", "sourceType": "model", "sourceDefinitionName": "bigquery", "accountId": account, "config": { "sql": "s" } });
        for (key, value) in [
            ("sourceType", json!("audience")),
            ("sourceDefinitionName", json!("")),
            ("accountId", json!("")),
            ("accountId", json!(hook)),
            ("config", json!([])),
            ("config", json!({})),
            ("config", json!({ "sql": 1 })),
            ("sourceType", json!("table")),
        ] {
            let mut body = model.clone();
            body[key] = value.clone();
            let refused = api.post("/v2/retl-sources", body);
            told.push_str(&format!(
                "{key} {}: {}\n",
                without_ids(&value.to_string()),
                refused.problem()
            ));
        }
        let path = format!("/v2/retl-sources/{source}");
        told.push_str(&format!(
            "{}\n",
            api.put(&path, json!({ "sourceType": "table" })).problem()
        ));
        let whole = connection(&api.model("Orders", &account), &hook);
        for (key, value) in [
            ("sourceId", json!(hook)),
            ("destinationId", json!("x")),
            ("sourceId", json!(source)),
            ("schedule", Value::Null),
            ("schedule", json!({ "type": "hourly" })),
            ("schedule", json!({ "type": "basic" })),
            ("schedule", json!({ "type": "basic", "everyMinutes": 4 })),
            (
                "schedule",
                json!({ "type": "cron", "cronExpression": "61 * * * *" }),
            ),
            ("syncBehaviour", json!("merge")),
            ("identifiers", json!([])),
            ("identifiers", json!([{ "from": "a" }])),
            ("mappings", json!({})),
            ("constants", json!([{ "key": "a", "value": "b" }, 1])),
            ("event", json!({ "type": "page" })),
            (
                "event",
                json!({ "type": "track", "name": "a", "nameColumn": "b" }),
            ),
            ("cursorColumn", json!(1)),
            ("destinationConfig", json!("x")),
        ] {
            let mut body = whole.clone();
            body[key] = value.clone();
            let refused = api.post("/v2/retl-connections", body);
            told.push_str(&format!(
                "{key} {}: {}\n",
                without_ids(&value.to_string()),
                refused.problem()
            ));
        }
        let path = format!("/v2/retl-connections/{made}");
        for body in [
            json!({ "sourceId": hook }),
            json!({ "syncBehaviour": "mirror" }),
            json!({ "object": "person" }),
            json!({ "externalId": "x" }),
            json!({ "schedule": { "type": "basic", "everyMinutes": "60" } }),
        ] {
            told.push_str(&format!("{}\n", api.put(&path, body).problem()));
        }
        assert_eq!(api.get("/v2/retl-connections").ok(), before.1);
        assert_eq!(
            api.get(&format!("/v2/retl-sources/{source}")).ok(),
            before.0["data"][0]
        );
        told
    });
    assert_snapshot!(told, @r#"
    sourceType "audience": 400 unknown_source_type: sourceType must be model or table
    sourceDefinitionName "": 400 required: sourceDefinitionName must not be empty
    accountId "": 400 required: accountId must not be empty
    accountId "ID": 404 not_found: account not found
    config []: 400 config_not_an_object: config must be an object
    config {}: 400 required: config.sql must not be empty
    config {"sql":1}: 400 wrong_type: config.sql must be a string
    sourceType "table": 400 required: config.schema must not be empty
    400 type_cannot_change: sourceType of a source cannot change; it is model
    sourceId "ID": 404 not_found: source not found
    destinationId "x": 404 not_found: destination not found
    sourceId "ID": 409 already_connected: connection ID connects “Customers” to “Hook” already
    schedule null: 400 required: schedule is required
    schedule {"type":"hourly"}: 400 invalid: schedule.type must be basic, manual or cron
    schedule {"type":"basic"}: 400 invalid: a basic schedule needs everyMinutes, a whole number of minutes from 5 to 527040
    schedule {"type":"basic","everyMinutes":4}: 400 invalid: a basic schedule needs everyMinutes, a whole number of minutes from 5 to 527040
    schedule {"type":"cron","cronExpression":"61 * * * *"}: 400 invalid: a cron schedule needs cronExpression, with five fields: minute, hour, day of the month, month, day of the week
    syncBehaviour "merge": 400 invalid: syncBehaviour must be upsert, mirror or full
    identifiers []: 400 required: identifiers must not be empty
    identifiers [{"from":"a"}]: 400 invalid: identifiers[0] must have from and to, both strings
    mappings {}: 400 invalid: mappings must be an array
    constants [{"key":"a","value":"b"},1]: 400 invalid: constants[1] must have key and value, both strings
    event {"type":"page"}: 400 invalid: event.type must be identify or track
    event {"type":"track","name":"a","nameColumn":"b"}: 400 invalid: event.name and event.nameColumn exclude each other
    cursorColumn 1: 400 invalid: cursorColumn must be a string
    destinationConfig "x": 400 not_an_object: destinationConfig must be an object
    400 ends_cannot_change: the ends of a connection cannot change; delete it and connect the others
    400 cannot_change: syncBehaviour cannot change; delete the connection and make another
    400 cannot_change: object cannot change; delete the connection and make another
    400 external_id_not_here: an external id is set with PUT /v2/retl-connections/{id}/external-id
    400 invalid: a basic schedule needs everyMinutes, a whole number of minutes from 5 to 527040
    "#);
}

#[test]
fn lists_are_narrowed_and_pages_keep_what_they_were_narrowed_by() {
    let told = on_both(|api| {
        let account = api.account("Warehouse");
        let hook = api.destination("Hook");
        let mut last = String::new();
        for n in 0..3 {
            let mut body = json!({
                "name": format!("T{n}"), "sourceType": "table", "sourceDefinitionName": "postgres", "accountId": account,
                "config": { "schema": "public", "table": "t" },
            });
            if n > 0 {
                body["externalId"] = json!(format!("t{n}"));
            }
            last = id(&api.post("/v2/retl-sources", body).ok());
            let mut body = connection(&last, &hook);
            if n > 0 {
                body["externalId"] = json!(format!("c{n}"));
            }
            api.post("/v2/retl-connections", body).ok();
        }
        api.model("M", &account);
        let count = |path: &str| api.get(path).ok()["data"].as_array().map_or(0, Vec::len);
        assert_eq!(count("/v2/retl-sources"), 4);
        assert_eq!(count("/v2/retl-sources?sourceType=model"), 1);
        assert_eq!(
            count("/v2/retl-sources?sourceType=table&hasExternalId=true"),
            2
        );
        assert_eq!(count("/v2/retl-sources?hasExternalId=false"), 2);
        assert_eq!(api.get("/v2/retl-sources?sourceType=x").status, 400);
        assert_eq!(count(&format!("/v2/retl-connections?sourceId={last}")), 1);
        for nothing in ["zz", "2CHj1PJ61lv1NPyQtCiFi2KVX2y"] {
            assert_eq!(
                count(&format!("/v2/retl-connections?sourceId={nothing}")),
                0
            );
            assert_eq!(
                count(&format!("/v2/retl-connections?destinationId={nothing}")),
                0
            );
        }
        assert_eq!(count("/v2/retl-connections?hasExternalId=true"), 2);
        let mut next = format!(
            "/v2/retl-connections?page=1&pageSize=1&hasExternalId=true&destinationId={hook}"
        );
        let mut told = String::new();
        loop {
            let page = api.get(&next).ok();
            assert_eq!(page["data"].as_array().map(Vec::len), Some(1));
            told.push_str(&format!("{}\n", without_ids(&page["paging"].to_string())));
            match page["paging"]["next"].as_str() {
                Some(path) => path.clone_into(&mut next),
                None => break,
            }
        }
        let beyond = api.get("/v2/retl-connections?page=9&pageSize=100").ok();
        told + &beyond.to_string()
    });
    assert_snapshot!(told, @r#"
    {"total":2,"next":"/v2/retl-connections?page=2&pageSize=1&hasExternalId=true&destinationId=ID"}
    {"total":2}
    {"data":[],"paging":{"total":3}}
    "#);
}

#[test]
fn what_would_have_to_run_says_that_nothing_runs() {
    let api = Api::sqlite();
    let account = api.account("Warehouse");
    let (source, hook) = (api.model("Customers", &account), api.destination("Hook"));
    let made = id(&api
        .post("/v2/retl-connections", connection(&source, &hook))
        .ok());
    let web = api.source("Web");
    let events = api.events().len();
    let sql = json!({ "accountId": account, "limit": 10, "sql": "select 1" });
    for answer in [
        api.post("/v2/retl-sources/preview", sql),
        api.post(
            &format!("/v2/retl-connections/{made}/start"),
            json!({ "syncType": "full" }),
        ),
        api.post(&format!("/v2/retl-connections/{made}/stop"), json!({})),
        api.post(&format!("/v2/sources/{source}/start"), json!({})),
    ] {
        assert_eq!(
            answer.problem(),
            "501 not_run: Reverse ETL is kept here and not run: nothing was started."
        );
    }
    let syncs = api.get(&format!("/v2/retl-connections/{made}/syncs")).ok();
    assert_eq!(syncs, json!({ "syncs": [], "paging": { "total": 0 } }));
    for (nothing, what) in [
        (format!("/v2/retl-connections/{made}/syncs/one"), "sync"),
        (format!("/v2/sources/{source}/runs/one/status"), "run"),
        ("/v2/retl-sources/preview/x".to_owned(), "preview"),
    ] {
        let told = api.get(&nothing).problem();
        assert_eq!(told, format!("404 not_found: {what} not found"));
    }
    for nothing in [
        api.post("/v2/retl-connections/x/start", json!({})),
        api.get("/v2/retl-connections/x/syncs/one"),
        api.post(&format!("/v2/sources/{web}/start"), json!({})),
        api.get(&format!("/v2/sources/{web}/runs/one/status")),
    ] {
        let told = nothing.problem();
        assert!(told.starts_with("404 not_found: "), "{told}");
    }
    let nobody = api.ask("POST", "/v2/retl-sources/preview", "", &json!({}));
    assert_eq!(nobody.status, 401);
    assert_eq!(api.events().len(), events);
}

#[test]
fn what_is_secret_in_a_destination_is_secret_in_what_a_connection_sends_it() {
    for api in [Api::sqlite(), Api::postgres()] {
        let (account, hook) = (api.account("Warehouse"), api.destination("Hook"));
        let definition = json!({ "name": "KETTLE", "config": { "secretKeys": ["token"] } });
        api.post("/destination-definitions", definition).ok();
        let body = json!({ "name": "Kettle", "type": "KETTLE" });
        let kettle = id(&api.post("/v2/destinations", body).ok()["destination"]);
        let unknown = json!({ "name": "Unknown", "type": "NOBODY_KNOWS_IT" });
        let unknown = id(&api.post("/v2/destinations", unknown).ok()["destination"]);
        let source = api.model("Customers", &account);
        let viewer = api.member("Vera", Some(WorkspaceRole::Viewer)).token;
        let whole = json!({ "token": "needle-one", "audienceId": "a" });
        for (destination, listed) in [
            (&kettle, json!({ "audienceId": "a" })),
            (&unknown, json!({})),
        ] {
            let mut body = connection(&source, destination);
            body["destinationConfig"] = whole.clone();
            let made = api.post("/v2/retl-connections", body).ok();
            assert_eq!(made["destinationConfig"], whole, "who made it may edit it");
            let path = format!("/v2/retl-connections/{}", id(&made));
            assert_eq!(api.get(&path).ok()["destinationConfig"], whole);
            let list = format!("/v2/retl-connections?destinationId={destination}");
            assert_eq!(api.get(&list).ok()["data"][0]["destinationConfig"], listed);
            let seen = api.ask("GET", &path, &viewer, &Value::Null).ok();
            assert_eq!(seen["destinationConfig"], listed);
        }
        let plain = id(&api
            .post("/v2/retl-connections", connection(&source, &hook))
            .ok());
        let seen = api
            .get(&format!("/v2/retl-connections?destinationId={hook}"))
            .ok();
        assert_eq!(seen["data"][0]["id"], plain);
        assert_eq!(seen["data"][0].get("destinationConfig"), None);
    }
}
