//! Our own definitions are whole and consistent, and defaults are laid under, never over.

use std::collections::HashSet;

use model::definition::{Definition, Definitions, FieldKind, Kind, Secrecy};
use serde_json::{Value, json};

fn destination(name: &str) -> &'static Definition {
    Definitions::own()
        .find(Kind::Destination, name)
        .expect("one of our own")
}

#[test]
fn our_own_set_has_these_types() {
    let names = |kind| {
        let all = Definitions::own().all(kind);
        all.iter()
            .map(|it| it.name.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    insta::assert_snapshot!(names(Kind::Source), @"Javascript HTTP Android android_kotlin Node Shopify webhook java dotnet php flutter cordova rust react_native python ios android javascript go node ruby unity swift kotlin AMP Cordova DotNet Flutter Go Java PHP Python ReactNative Ruby Rust Unity iOS ios_swift Appcenter Auth0 Braze Customerio Extole GainsightPX Looker Segment adjust appsflyer canny close_crm cordial facebook_lead_ads formsort iterable mailjet mailmodo moengage monday olark ortto pagerduty pipedream refiner revenuecat satismeter signl4 slack");
    insta::assert_snapshot!(names(Kind::Destination), @"WEBHOOK HTTP S3 POSTGRES KAFKA GA4 SNOWFLAKE SNOWPIPE_STREAMING BRAZE SLACK ACTIVE_CAMPAIGN ADJ ADOBE_ANALYTICS AM ATTENTIVE_TAG BQ BQSTREAM CONFLUENT_CLOUD CUSTOMERIO CUSTOMERIO_AUDIENCE FACEBOOK_CONVERSIONS FACEBOOK_PIXEL FIREBASE GA GCS GOOGLEADS GOOGLEPUBSUB GOOGLESHEETS GTM HS INTERCOM ITERABLE KINESIS LINKEDIN_ADS LINKEDIN_INSIGHT_TAG MARKETO MP POSTHOG QUALTRICS REDIS RS S3_DATALAKE SALESFORCE SENTRY STATSIG TIKTOK_ADS VWO ZENDESK");
}

#[test]
fn secret_keys_of_destinations_are_those_that_clients_write_and_never_read() {
    let keys: Vec<String> = Definitions::own()
        .all(Kind::Destination)
        .iter()
        .map(|it| {
            let secret = it.secret_keys.as_ref().expect("declared").join(" ");
            format!("{}: {secret} | {}", it.name, it.redact_keys.join(" "))
        })
        .collect();
    insta::assert_snapshot!(keys.join("\n"), @r"
    WEBHOOK: headers.to | webhookUrl
    HTTP: apiKeyValue bearerToken password | headers queryParams
    S3: accessKey accessKeyID | 
    POSTGRES: accessKey accessKeyID accountKey credentials password sasToken secretAccessKey | clientKey
    KAFKA: password | 
    GA4: apiSecret | 
    SNOWFLAKE: accessKey accessKeyID accountKey credentials password privateKey privateKeyPassphrase sasToken | 
    SNOWPIPE_STREAMING: privateKey privateKeyPassphrase | 
    BRAZE: restApiKey | 
    SLACK:  | webhookUrl
    ACTIVE_CAMPAIGN: apiKey eventKey | 
    ADJ:  | appToken
    ADOBE_ANALYTICS:  | 
    AM:  | apiKey apiSecret
    ATTENTIVE_TAG: apiKey | 
    BQ: credentials | 
    BQSTREAM: credentials | 
    CONFLUENT_CLOUD: apiKey apiSecret | 
    CUSTOMERIO:  | apiKey
    CUSTOMERIO_AUDIENCE: apiKey appApiKey | 
    FACEBOOK_CONVERSIONS: accessToken | 
    FACEBOOK_PIXEL:  | accessToken
    FIREBASE:  | 
    GA:  | 
    GCS: credentials | 
    GOOGLEADS:  | 
    GOOGLEPUBSUB: credentials | 
    GOOGLESHEETS: credentials | 
    GTM:  | 
    HS:  | accessToken apiKey
    INTERCOM: apiKey | 
    ITERABLE:  | apiKey
    KINESIS: accessKey accessKeyID | 
    LINKEDIN_ADS:  | 
    LINKEDIN_INSIGHT_TAG:  | 
    MARKETO: clientSecret | 
    MP:  | token apiSecret serviceAccountSecret
    POSTHOG:  | teamApiKey
    QUALTRICS:  | 
    REDIS: caCertificate password | 
    RS: accessKey accessKeyID password | 
    S3_DATALAKE: accessKey accessKeyID | 
    SALESFORCE: initialAccessToken password | 
    SENTRY:  | 
    STATSIG: secretKey | 
    TIKTOK_ADS: accessToken | 
    VWO:  | 
    ZENDESK: apiToken |
    ");
}

#[test]
fn sources_of_our_own_have_no_secrets_or_nobody_has_said() {
    for source in Definitions::own().all(Kind::Source) {
        let secrets = source.secret_keys.as_deref().unwrap_or_default();
        assert!(secrets.is_empty(), "{}", source.name);
    }
}

#[test]
fn names_are_found_in_their_exact_case_and_once() {
    let own = Definitions::own();
    for kind in [Kind::Source, Kind::Destination] {
        let names: HashSet<_> = own.all(kind).iter().map(|it| &it.name).collect();
        assert_eq!(names.len(), own.all(kind).len());
        for definition in own.all(kind) {
            assert_eq!(own.find(kind, &definition.name), Some(definition));
        }
    }
    assert_ne!(
        own.find(Kind::Source, "Android"),
        own.find(Kind::Source, "android")
    );
    assert_eq!(own.find(Kind::Destination, "webhook"), None);
    assert_eq!(own.find(Kind::Source, "WEBHOOK"), None);
}

#[test]
fn every_destination_has_a_form_whose_fields_agree_with_its_secrets() {
    for definition in Definitions::own().all(Kind::Destination) {
        let mut keys = HashSet::new();
        assert!(!definition.fields.is_empty(), "{}", definition.name);
        for field in &definition.fields {
            let at = format!("{} {}", definition.name, field.key);
            let secret = definition.secret_keys.iter().flatten();
            let hidden = secret
                .chain(&definition.redact_keys)
                .any(|key| *key == field.key);
            assert!(keys.insert(&field.key), "{at} twice");
            assert!(!field.label.is_empty() && !field.key.contains('.'), "{at}");
            let is_secret = matches!(field.kind, FieldKind::Secret | FieldKind::SecretLines);
            assert_eq!(is_secret, hidden, "{at}");
            // A certificate or a key in an input of one line would be broken by the next save.
            let help = field.help.as_deref().unwrap_or_default();
            let has_lines = help.starts_with("PEM")
                || matches!(&*field.key, "caCertificate" | "credentials" | "privateKey");
            assert_eq!(field.kind.has_lines(), has_lines, "{at}");
            assert_eq!(
                field.kind == FieldKind::Select,
                field.options.len() > 1,
                "{at}"
            );
        }
    }
}

#[test]
fn defaults_are_in_the_answers_until_the_first_change() {
    let answer = |name, config: &Value| destination(name).with_defaults(config, false).to_string();
    let empty = json!({});
    insta::assert_snapshot!(answer("HTTP", &empty), @r#"{"eventFilteringOption":"disable","isBatchingEnabled":false,"isDefaultMapping":true}"#);
    insta::assert_snapshot!(answer("KAFKA", &empty), @r#"{"saslType":"plain"}"#);
    insta::assert_snapshot!(answer("SLACK", &empty), @r#"{"incomingWebhooksType":"legacy"}"#);
    insta::assert_snapshot!(answer("S3", &empty), @r#"{"enableSSE":false}"#);
    insta::assert_snapshot!(answer("POSTGRES", &empty), @r#"{"allowUsersContextTraits":false,"underscoreDivideNumbers":false,"useSSH":false,"preferAppend":true,"skipTracksTable":false,"skipUsersTable":true}"#);
    for name in ["WEBHOOK", "GA4", "SNOWFLAKE", "BRAZE"] {
        assert_eq!(answer(name, &empty), "{}", "{name}");
    }
    for name in ["HTTP", "KAFKA", "SLACK", "POSTGRES"] {
        assert_eq!(
            destination(name).with_defaults(&empty, true),
            empty,
            "{name}"
        );
    }
    assert_eq!(
        destination("S3").with_defaults(&empty, true),
        json!({"enableSSE": false})
    );
}

#[test]
fn a_conditional_default_wants_exactly_its_value() {
    let has_it = |config: Value, changed| {
        let answer = destination("POSTGRES").with_defaults(&config, changed);
        answer.get("cleanupObjectStorageFiles") == Some(&json!(false))
    };
    assert!(has_it(json!({"useRudderStorage": false}), false));
    assert!(!has_it(json!({"useRudderStorage": true}), false));
    assert!(!has_it(json!({"useRudderStorage": "false"}), false));
    assert!(!has_it(json!({"useRudderStorage": null}), false));
    assert!(!has_it(json!({}), false));
    assert!(!has_it(json!({"useRudderStorage": false}), true));
}

#[test]
fn what_is_stored_wins_over_a_default() {
    let kafka = destination("KAFKA");
    for stored in [json!("sha512"), json!(""), json!(null), json!({"a": 1})] {
        let config = json!({"saslType": stored, "port": "9092"});
        assert_eq!(kafka.with_defaults(&config, false), config);
    }
    let config = json!({"enableSSE": true});
    assert_eq!(destination("S3").with_defaults(&config, true), config);
}

#[test]
fn no_configuration_counts_as_an_empty_one_and_what_is_none_stays() {
    let kafka = destination("KAFKA");
    assert_eq!(
        kafka.with_defaults(&json!(null), false),
        json!({"saslType": "plain"})
    );
    assert_eq!(kafka.with_defaults(&json!([1]), false), json!([1]));
}

#[test]
fn an_unknown_type_is_answered_with_what_it_may_have_meant() {
    let near = |kind, name| Definitions::own().near(kind, name).join(" ");
    insta::assert_snapshot!(near(Kind::Destination, "webhook"), @"WEBHOOK");
    insta::assert_snapshot!(near(Kind::Destination, "PostgreSQL"), @"POSTGRES");
    insta::assert_snapshot!(near(Kind::Destination, "Google Analytics"), @"GA GA4 ADOBE_ANALYTICS");
    insta::assert_snapshot!(near(Kind::Source, "JavaScript"), @"Javascript javascript");
    insta::assert_snapshot!(near(Kind::Source, "androyd"), @"Android android");
    assert_eq!(near(Kind::Destination, "something else altogether"), "");
    assert_eq!(near(Kind::Destination, ""), "");

    let named = |name: &str| Definition {
        name: name.into(),
        ..destination("GA4").clone()
    };
    let many = ["S3_A", "S3_B", "S3", "S3_AB", "S3_C"].map(named).to_vec();
    let set = Definitions::new(vec![], many);
    assert_eq!(
        set.near(Kind::Destination, "s3_a"),
        ["S3_A", "S3_AB", "S3_B"]
    );
}

#[test]
fn a_definition_that_does_not_speak_of_secrets_makes_nothing_known() {
    let slack = destination("SLACK");
    assert!(matches!(Secrecy::of(Some(slack)), Secrecy::Known(_)));
    assert!(matches!(Secrecy::of(None), Secrecy::Unknown));
    let silent: Definition =
        serde_json::from_value(json!({"name": "X", "displayName": "X"})).expect("enough");
    assert!(matches!(Secrecy::of(Some(&silent)), Secrecy::Unknown));
}
