//! What an SDK gets of its source.

use serde_json::{Value, json};

use crate::data_plane::basic;
use crate::support::{id, on_both};

#[test]
fn an_sdk_gets_what_it_needs_and_no_secret() {
    on_both(|api| {
        let ask = |path: &str| {
            api.with(
                "GET",
                path,
                &[("origin", "https://shop.example.com")],
                &Value::Null,
            )
        };
        let made = json!({"name": "Shop", "type": "Javascript", "config": {"track": true}});
        let made = api.post("/v2/sources", made).ok();
        let (source, key) = (
            id(&made["source"]),
            made["source"]["writeKey"]
                .as_str()
                .expect("a key")
                .to_owned(),
        );
        let destination = |body: Value| {
            let made = api.post("/v2/destinations", body).ok();
            let made = id(&made["destination"]);
            api.connection(&source, &made);
            made
        };
        destination(
            json!({"name": "Cloud", "type": "WEBHOOK", "config": {"webhookUrl": "https://hook.example.com/k3y-of-the-hook"}}),
        );
        let device = destination(
            json!({"name": "Device", "type": "S3", "config": {"bucketName": "b", "accessKey": "s3cret", "nested": [{"accessKeyID": "s3cret"}], "connectionMode": {"web": "device"}}}),
        );
        destination(
            json!({"name": "Unknown", "type": "NOBODY_KNOWS", "config": {"apiKey": "s3cret", "rate": 3, "useNativeSDK": {"web": true}}}),
        );
        destination(
            json!({"name": "Amplitude", "type": "AM", "config": {"apiKey": "write-only", "apiSecret": "s3cret", "connectionMode": {"web": "device"}}}),
        );
        destination(
            json!({"name": "App", "type": "S3", "config": {"bucketName": "b", "useNativeSDK": {"ios": true}}}),
        );
        let answer = ask(&format!(
            "/sourceConfig/?p=npm&v=3&build=modern&writeKey={key}&lockIntegrationsVersion=false"
        ));
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert!(
            !text.contains("s3cret") && !text.contains("k3y-of-the-hook"),
            "{text}"
        );
        let told = answer.ok();
        let source_told = &told["source"];
        assert_eq!(
            (&source_told["writeKey"], &source_told["enabled"]),
            (&json!(key), &json!(true))
        );
        assert_eq!(
            source_told["config"]["statsCollection"]["errors"]["enabled"],
            false
        );
        let list = source_told["destinations"].as_array().expect("a list");
        for one in list {
            assert_eq!(
                one["destinationDefinitionId"],
                one["destinationDefinition"]["name"]
            );
        }
        let mut sent: Vec<Value> = list
            .iter()
            .map(|one| json!([one["name"], one["config"]]))
            .collect();
        sent.sort_by_key(Value::to_string);
        let expected = json!([
            ["Amplitude", {"apiKey": "write-only", "connectionMode": "device"}],
            ["Device", {"bucketName": "b", "nested": [{}], "connectionMode": "device", "enableSSE": false}],
            ["Unknown", {"rate": 3, "useNativeSDK": true}],
        ]);
        assert_eq!(json!(sent), expected);
        assert_eq!(
            sent.len(),
            3,
            "what a server delivers to is none of a browser's business: {sent:?}"
        );

        // A mobile SDK shows the key in a header; a browser asks first.
        let mobile = api.with(
            "GET",
            "/sourceConfig",
            &[("authorization", &basic(&key))],
            &Value::Null,
        );
        assert_eq!(mobile.ok()["source"]["id"], source.as_str());
        let may = api.with(
            "OPTIONS",
            "/sourceConfig/",
            &[
                ("origin", "https://shop.example.com"),
                ("access-control-request-headers", "authorization"),
            ],
            &Value::Null,
        );
        assert_eq!(
            (
                may.status,
                may.headers["access-control-allow-headers"]
                    .to_str()
                    .expect("text")
                    .contains("authorization")
            ),
            (204, true)
        );

        for path in [
            "/sourceConfig/?writeKey=none",
            "/sourceConfig",
            "/sourceConfig/?writeKey=",
        ] {
            let refused = ask(path);
            assert_eq!(
                refused.problem(),
                "400 invalid_write_key: Invalid write key",
                "{path}"
            );
            assert_eq!(refused.headers["access-control-allow-origin"], "*");
        }
        api.put(
            &format!("/v2/destinations/{device}"),
            json!({"enabled": false}),
        )
        .ok();
        let names = |told: &Value| told["source"]["destinations"].as_array().map(Vec::len);
        assert_eq!(
            names(&ask(&format!("/sourceConfig/?writeKey={key}")).ok()),
            Some(2)
        );
        api.put(&format!("/v2/sources/{source}"), json!({"enabled": false}))
            .ok();
        let off = ask(&format!("/sourceConfig/?writeKey={key}")).ok();
        assert_eq!(
            (&off["source"]["enabled"], names(&off)),
            (&json!(false), Some(0))
        );
        String::new()
    });
}

#[test]
fn a_tag_of_one_source_is_not_the_tag_of_another() {
    on_both(|api| {
        let key = |name: &str| {
            let made = api.post("/v2/sources", json!({"name": name, "type": "Android"}));
            let key = &made.ok()["source"]["writeKey"];
            basic(key.as_str().expect("a key"))
        };
        let (one, other) = (key("One"), key("Other"));
        let ask = |key: &str, tag: &str| {
            let shown = [("authorization", key), ("if-none-match", tag)];
            api.with("GET", "/sourceConfig/?p=android", &shown, &Value::Null)
        };
        let first = ask(&one, "none");
        assert_eq!(first.status, 200);
        let tag = first.headers["etag"].to_str().expect("a tag");
        assert_eq!(ask(&one, tag).status, 304);
        let told = ask(&other, tag).ok();
        assert_eq!(told["source"]["name"], "Other");
        String::new()
    });
}

#[test]
fn an_sdk_gets_whole_settings_of_statistics_whatever_the_source_has_of_them() {
    on_both(|api| {
        let (on, off) = (json!({"enabled": true}), json!({"enabled": false}));
        let none = json!({"errors": off, "metrics": off});
        for (own, told) in [
            (json!({"errors": on}), json!({"errors": on, "metrics": off})),
            (
                json!({"errors": {"provider": "rs"}, "metrics": null, "more": 1}),
                json!({"errors": {"enabled": false, "provider": "rs"}, "metrics": off, "more": 1}),
            ),
            (json!({"metrics": 7}), none.clone()),
            (json!(null), none.clone()),
            (json!("x"), none),
        ] {
            let config = json!({"statsCollection": own});
            let made = json!({"name": "Shop", "type": "Javascript", "config": config});
            let made = api.post("/v2/sources", made).ok();
            let key = made["source"]["writeKey"].as_str().expect("a key");
            let answer = api.get(&format!("/sourceConfig?writeKey={key}")).ok();
            assert_eq!(answer["source"]["config"]["statsCollection"], told, "{own}");
        }
        String::new()
    });
}
