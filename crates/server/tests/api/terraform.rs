//! The life of each type of source and destination as the Terraform provider leads it: created, read, read again to plan
//! without a difference, changed, imported, destroyed. What is sent is of our own making.

use axum::body::Body;
use axum::http::Request;
use model::definition::{Definitions, Kind};
use serde_json::{Value, json};

use crate::support::{Answer, Api, id};

const SOURCES: &str = "AMP Android Appcenter Auth0 Braze Cordova Customerio DotNet Extole Flutter GainsightPX Go HTTP Java \
    Javascript Looker Node PHP Python ReactNative Ruby Rust Segment Shopify Unity adjust android_kotlin appsflyer canny \
    close_crm cordial facebook_lead_ads formsort iOS ios_swift iterable mailjet mailmodo moengage monday olark ortto \
    pagerduty pipedream refiner revenuecat satismeter signl4 slack webhook";

const DESTINATIONS: &str = "ACTIVE_CAMPAIGN ADJ ADOBE_ANALYTICS AM ATTENTIVE_TAG BQ BQSTREAM BRAZE CUSTOMERIO \
    CUSTOMERIO_AUDIENCE FACEBOOK_CONVERSIONS FACEBOOK_PIXEL FIREBASE GA GA4 GCS GOOGLEADS GOOGLEPUBSUB GOOGLESHEETS GTM HS \
    HTTP INTERCOM ITERABLE KAFKA KINESIS LINKEDIN_ADS LINKEDIN_INSIGHT_TAG MARKETO MP POSTGRES POSTHOG QUALTRICS REDIS RS \
    S3 S3_DATALAKE SALESFORCE SENTRY SLACK SNOWFLAKE SNOWPIPE_STREAMING STATSIG TIKTOK_ADS VWO WEBHOOK ZENDESK";

/// Keys that clients write and no list may have, by type.
const WRITE_ONLY: &[(&str, &str)] = &[
    ("ACTIVE_CAMPAIGN", "apiKey eventKey"),
    ("ATTENTIVE_TAG", "apiKey"),
    ("BQ", "credentials"),
    ("BQSTREAM", "credentials"),
    ("BRAZE", "restApiKey"),
    ("CONFLUENT_CLOUD", "apiKey apiSecret"),
    ("CUSTOMERIO_AUDIENCE", "apiKey appApiKey"),
    ("FACEBOOK_CONVERSIONS", "accessToken"),
    ("GA4", "apiSecret"),
    ("GCS", "credentials"),
    ("GOOGLEPUBSUB", "credentials"),
    ("GOOGLESHEETS", "credentials"),
    ("HTTP", "apiKeyValue bearerToken password"),
    ("INTERCOM", "apiKey"),
    ("KAFKA", "password"),
    ("KINESIS", "accessKey accessKeyID"),
    ("MARKETO", "clientSecret"),
    (
        "POSTGRES",
        "accessKey accessKeyID accountKey credentials password sasToken secretAccessKey",
    ),
    ("REDIS", "caCertificate password"),
    ("RS", "accessKey accessKeyID password"),
    ("S3", "accessKey accessKeyID"),
    ("S3_DATALAKE", "accessKey accessKeyID"),
    ("SALESFORCE", "initialAccessToken password"),
    (
        "SNOWFLAKE",
        "accessKey accessKeyID accountKey credentials password privateKey privateKeyPassphrase sasToken",
    ),
    ("STATSIG", "secretKey"),
    ("TIKTOK_ADS", "accessToken"),
    ("ZENDESK", "apiToken"),
];

fn write_only(kind: &str) -> Vec<&'static str> {
    let found = WRITE_ONLY.iter().find(|(name, _)| *name == kind);
    found.map_or_else(Vec::new, |(_, keys)| keys.split(' ').collect())
}

/// Asks as the provider does: with its name, and a content type even where there is no body.
fn ask(api: &Api, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("user-agent", "terraform-provider-rudderstack/4.8.0")
        .header("authorization", format!("Bearer {}", api.admin));
    api.send(request.body(body).expect("a request"))
}

/// Whether `whole` has all of `part`, in the same order.
fn has(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|other| has(other, value))),
        (whole, part) => whole == part,
    }
}

/// Settings with all that has tripped someone: nested objects, empty strings, arrays in an order, unknown keys, secrets.
fn settings(kind: &str, round: u8) -> Value {
    let mut config = json!({
        "plain": format!("value {round}"), "empty": "", "number": round, "off": false,
        "useNativeSDK": { "web": true },
        "consentManagement": { "web": [
            { "provider": "oneTrust", "resolutionStrategy": "", "consents": [{ "consent": "b" }, { "consent": "a" }] },
        ] },
        "mapping": [{ "from": "z", "to": "" }, { "from": "a", "to": "b" }],
        "nobodyKnowsThisKey": { "deep": [1, "two", null] },
    });
    for key in write_only(kind) {
        config[key] = json!(format!("needle {key}"));
    }
    config
}

/// What is told of each of these things, once for all of them: each filter that was used is an event of its own.
fn assert_lived(api: &Api, lives: &[(&str, String)]) {
    api.index();
    let events = api.events();
    for (kind, thing) in lives {
        let told: Vec<String> = events
            .iter()
            .filter(|event| event["targetId"] == **thing)
            .map(|event| {
                assert!(!event.to_string().contains("needle"), "{kind}");
                let text = |key: &str| event[key].as_str().unwrap_or("-").to_owned();
                format!("{} {}", text("interface"), text("action"))
            })
            .collect();
        assert_eq!(told, LIFE, "{kind}");
    }
}

const LIFE: [&str; 4] = [
    "terraform created",
    "terraform updated_name",
    "terraform updated",
    "terraform deleted",
];

#[test]
fn every_type_of_source_is_created_read_planned_changed_imported_and_destroyed() {
    for api in [Api::sqlite(), Api::postgres()] {
        let mut lives = Vec::new();
        for kind in SOURCES.split_whitespace() {
            let name = format!("tf-acc-{kind}");
            let body = json!({ "name": name, "type": kind, "enabled": true, "config": null });
            let made = ask(&api, "POST", "/v2/sources", &body).ok()["source"].clone();
            let path = format!("/v2/sources/{}", id(&made));
            let read = || ask(&api, "GET", &path, &Value::Null).ok()["source"].clone();
            assert_eq!(read(), made, "{kind}: nothing to plan after it was created");
            assert_eq!(
                (&made["type"], &made["enabled"]),
                (&json!(kind), &json!(true))
            );
            for needed in ["createdAt", "updatedAt", "writeKey"] {
                assert!(made[needed].is_string(), "{kind}: {needed}");
            }
            let body = json!({
                "name": format!("{name}-updated"), "type": kind, "enabled": false, "config": null,
                "geoEnrichmentEnabled": true, "transient": true,
            });
            let changed = ask(&api, "PUT", &path, &body).ok()["source"].clone();
            assert_eq!(
                (&changed["id"], &changed["writeKey"]),
                (&made["id"], &made["writeKey"])
            );
            assert_eq!(
                read(),
                changed,
                "{kind}: nothing to plan after it was changed"
            );
            assert_eq!(
                ask(&api, "DELETE", &path, &Value::Null).status,
                204,
                "{kind}"
            );
            lives.push((kind, id(&made)));
        }
        assert_lived(&api, &lives);
    }
}

#[test]
fn every_type_of_destination_is_created_read_planned_changed_imported_and_destroyed() {
    for api in [Api::sqlite(), Api::postgres()] {
        let mut lives = Vec::new();
        for kind in DESTINATIONS.split_whitespace().chain(["CONFLUENT_CLOUD"]) {
            let name = format!("tf-acc-{kind}");
            let config = settings(kind, 1);
            let body = json!({ "name": name, "type": kind, "enabled": true, "config": config });
            let made = ask(&api, "POST", "/v2/destinations", &body).ok()["destination"].clone();
            let path = format!("/v2/destinations/{}", id(&made));
            let read = || ask(&api, "GET", &path, &Value::Null).ok()["destination"].clone();
            assert_eq!(read(), made, "{kind}: nothing to plan after it was created");
            assert!(has(&made["config"], &config), "{kind}: {made}");
            for needed in ["createdAt", "updatedAt", "workspaceId"] {
                assert!(made[needed].is_string(), "{kind}: {needed}");
            }
            assert_eq!(made["version"], 1);

            let listed = ask(&api, "GET", "/v2/destinations", &Value::Null).ok();
            let listed = &listed["destinations"][0]["config"];
            for key in write_only(kind) {
                assert!(listed.get(key).is_none(), "{kind} {key}: {listed}");
            }
            if Definitions::own().find(Kind::Destination, kind).is_some() {
                let mut rest = config.clone();
                for key in write_only(kind) {
                    rest.as_object_mut().expect("an object").remove(key);
                }
                assert!(
                    has(listed, &rest),
                    "{kind}: a list has all but the secrets: {listed}"
                );
            }
            assert!(!listed.to_string().contains("needle"), "{kind}: {listed}");

            let config = settings(kind, 2);
            let body = json!({ "name": format!("{name}-updated"), "type": kind, "enabled": false, "config": config });
            let changed = ask(&api, "PUT", &path, &body).ok()["destination"].clone();
            assert_eq!(
                read(),
                changed,
                "{kind}: nothing to plan after it was changed"
            );
            let mut expected = config;
            if kind == "S3" {
                expected["enableSSE"] = json!(false);
            }
            assert_eq!(changed["config"], expected, "{kind}: replaced as sent");
            assert_eq!(
                ask(&api, "DELETE", &path, &Value::Null).status,
                204,
                "{kind}"
            );
            assert_eq!(ask(&api, "GET", &path, &Value::Null).status, 404, "{kind}");
            lives.push((kind, id(&made)));
        }
        assert_lived(&api, &lives);
    }
}

#[test]
fn a_pipeline_is_destroyed_in_the_provider_s_order_and_afterwards_its_connection_is_gone() {
    for api in [Api::sqlite(), Api::postgres()] {
        let (source, destination) = (api.source("Web"), api.destination("Hook"));
        let body = json!({ "sourceId": source, "destinationId": destination, "enabled": true });
        let made = ask(&api, "POST", "/v2/connections", &body).ok()["connection"].clone();
        let path = format!("/v2/connections/{}", id(&made));
        let read = ask(&api, "GET", &path, &Value::Null).ok()["connection"].clone();
        assert_eq!(read, made);
        let body = json!({ "sourceId": source, "destinationId": destination, "enabled": false });
        let changed = ask(&api, "PUT", &path, &body).ok()["connection"].clone();
        assert_eq!(changed["enabled"], false);
        assert_eq!(ask(&api, "DELETE", &path, &Value::Null).status, 204);
        assert!(ask(&api, "GET", &path, &Value::Null).status >= 400);
        for path in [
            format!("/v2/sources/{source}"),
            format!("/v2/destinations/{destination}"),
        ] {
            assert_eq!(ask(&api, "DELETE", &path, &Value::Null).status, 204);
        }
        let again = ask(
            &api,
            "DELETE",
            &format!("/v2/destinations/{destination}"),
            &Value::Null,
        );
        assert_eq!(again.status, 404, "the provider takes this for gone");
    }
}
