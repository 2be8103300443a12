//! What is kept for each platform reaches each source as its own, in every shape of the configuration.

use serde_json::{Value, json};

use crate::data_plane::basic;
use crate::support::{Api, both, id};

fn consent(name: &str) -> Value {
    json!([{ "provider": "oneTrust", "resolutionStrategy": "", "consents": [{ "consent": name }] }])
}

/// A destination with settings for each platform, and sources of two of them and of none; gives the ids of the sources.
fn made(api: &Api) -> [String; 3] {
    let config = json!({
        "measurementId": "G-1", "apiSecret": "s3cret",
        "useNativeSDK": { "web": true, "ios": true }, "connectionMode": { "web": "hybrid", "cloud": "cloud", "ios": "device" },
        "consentManagement": { "web": consent("C1"), "cloud": consent("C2") },
    });
    let sent = json!({ "name": "Analytics", "type": "GA4", "config": config });
    let destination = api.post("/v2/destinations", sent).ok()["destination"].take();
    // It is answered as it was sent: only who delivers gets a part.
    assert_eq!(
        destination["config"]["useNativeSDK"],
        config["useNativeSDK"]
    );
    let source = |path: &str, kind: &str| {
        let made = api.post(path, json!({ "name": kind, "type": kind })).ok();
        // One kind of answer has it inside, the other is it.
        let made = id(made.get("source").unwrap_or(&made));
        api.connection(&made, &id(&destination));
        made
    };
    [
        source("/v2/sources", "Javascript"),
        source("/v2/event-stream-sources", "ios"),
        source("/v2/sources", "HTTP"),
    ]
}

fn of<'v>(config: &'v Value, source: &str) -> &'v Value {
    let all = config["sources"].as_array().expect("a list");
    all.iter()
        .find(|one| one["id"] == source)
        .expect("the source")
}

#[test]
fn a_data_plane_gets_what_is_kept_for_the_platform_of_each_source() {
    for api in both() {
        let [web, phone, server] = made(&api);
        let config = api.poll().ok();
        let there = |source: &str| of(&config, source)["destinations"][0].clone();
        let plain = |source: &str| {
            let config = there(source)["config"].clone();
            assert_eq!(config["apiSecret"], "s3cret");
            [
                config["useNativeSDK"].clone(),
                config["connectionMode"].clone(),
                config["consentManagement"].clone(),
                config["oneTrustCookieCategories"].clone(),
            ]
        };
        let category = |name: &str| json!([{ "oneTrustCookieCategory": name }]);
        assert_eq!(
            plain(&web),
            [json!(true), json!("hybrid"), consent("C1"), category("C1")]
        );
        assert_eq!(
            plain(&phone),
            [json!(true), json!("device"), json!(null), json!(null)]
        );
        assert_eq!(
            plain(&server),
            [json!(null), json!("cloud"), consent("C2"), category("C2")]
        );
        // Where the SDK sends by itself the data plane does not send again.
        for (source, is_processed) in [(&web, true), (&phone, false), (&server, true)] {
            assert_eq!(there(source)["isProcessorEnabled"], is_processed);
            let connections = config["connections"].as_object().expect("an object");
            let link = connections
                .values()
                .find(|link| link["sourceId"] == **source);
            assert_eq!(
                link.expect("a connection")["processorEnabled"],
                is_processed
            );
        }
        // What other clients have a word of their own for has one name here, and each type says what it runs on.
        let kinds: Vec<_> = [&web, &phone, &server]
            .map(|source| {
                let known = &of(&config, source)["sourceDefinition"];
                (known["name"].clone(), known["type"].clone())
            })
            .into();
        let wanted = [("Javascript", "web"), ("iOS", "ios"), ("HTTP", "cloud")];
        assert_eq!(kinds, wanted.map(|(name, word)| (json!(name), json!(word))));
    }
}

#[test]
fn the_second_shape_says_which_settings_are_kept_for_each_platform() {
    for api in both() {
        let [web, phone, _] = made(&api);
        let shown = basic(&api.data_plane);
        let headers = [("authorization", shown.as_str())];
        let config = api.with(
            "GET",
            "/data-plane/v2/workspaceConfig?secrets=embed",
            &headers,
            &Value::Null,
        );
        let config = config.ok();
        let listed = &config["destinationDefinitions"]["GA4"]["config"]["destConfig"];
        assert_eq!(
            listed["web"],
            json!(["connectionMode", "consentManagement", "useNativeSDK"])
        );
        assert_eq!(listed["ios"], json!(["connectionMode", "useNativeSDK"]));
        assert_eq!(
            listed["cloud"],
            json!(["connectionMode", "consentManagement"])
        );
        let common = listed["defaultConfig"].as_array().expect("a list");
        assert!(common.contains(&json!("apiSecret")) && !common.contains(&json!("useNativeSDK")));
        let workspace = &config["workspaces"][api.made.workspace.as_str()];
        assert_eq!(workspace["sources"][&phone]["sourceDefinitionName"], "iOS");
        assert_eq!(config["sourceDefinitions"]["iOS"]["type"], "ios");
        let links = workspace["connections"].as_object().expect("an object");
        let is_processed = |source: &str| {
            let link = links.values().find(|link| link["sourceId"] == source);
            link.expect("a connection")["processorEnabled"].clone()
        };
        assert_eq!(
            (is_processed(&web), is_processed(&phone)),
            (json!(true), json!(false))
        );
    }
}

#[test]
fn an_sdk_gets_what_is_kept_for_its_platform() {
    for api in both() {
        let [web, _, server] = made(&api);
        let config = api.poll().ok();
        let told = |source: &str| {
            let key = of(&config, source)["writeKey"].as_str().expect("a key");
            api.with(
                "GET",
                &format!("/sourceConfig?writeKey={key}"),
                &[],
                &Value::Null,
            )
            .ok()["source"]
                .clone()
        };
        let there = &told(&web)["destinations"][0]["config"];
        assert_eq!(there["connectionMode"], "hybrid");
        assert_eq!(there["useNativeSDK"], true);
        assert_eq!(there["consentManagement"], consent("C1"));
        assert!(there.get("apiSecret").is_none());
        assert_eq!(told(&server)["destinations"], json!([]));
    }
}

#[test]
fn an_sdk_gets_what_an_imported_type_names_for_it() {
    for api in both() {
        let kind = json!({
            "name": "KETTLE", "displayName": "Kettle",
            "config": {
                "includeKeys": ["apiKey", "litres", "spouts"], "secretKeys": ["apiKey", "apiSecret", "spouts.to"],
                "supportedSourceTypes": ["web"], "supportedConnectionModes": { "web": ["cloud", "device"] },
            },
        });
        assert_eq!(api.post("/destination-definitions/", kind).status, 201);
        let config = json!({
            "apiKey": "write-only", "apiSecret": "s3cret", "litres": 2, "hidden": "other",
            "spouts": [{ "from": "left", "to": "s3cret" }], "connectionMode": { "web": "device" },
        });
        let sent = json!({ "name": "Kettle", "type": "KETTLE", "config": config });
        let destination = api.post("/v2/destinations", sent).ok();
        let source = json!({ "name": "Site", "type": "Javascript" });
        let source = api.post("/v2/sources", source).ok()["source"].take();
        api.connection(&id(&source), &id(&destination["destination"]));
        let key = source["writeKey"].as_str().expect("a key");
        let told = api.with(
            "GET",
            &format!("/sourceConfig?writeKey={key}"),
            &[],
            &Value::Null,
        );
        let wanted = json!({ "apiKey": "write-only", "litres": 2, "spouts": [{ "from": "left" }] });
        assert_eq!(told.ok()["source"]["destinations"][0]["config"], wanted);
    }
}

#[test]
fn a_cli_reads_sources_in_its_own_words() {
    for api in both() {
        let _ = made(&api);
        let list = api.get("/v2/event-stream-sources").ok();
        let mut kinds: Vec<_> = list["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["type"].clone())
            .collect();
        kinds.sort_by_key(Value::to_string);
        assert_eq!(kinds, [json!("HTTP"), json!("ios"), json!("javascript")]);
    }
}
