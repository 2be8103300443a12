//! Many workspaces in one answer, for who shows the secret of the host.

use model::clock::Micros;
use serde_json::{Value, json};
use server::app::{App, Config};
use server::auth::hosted::HostedSecret;

use crate::data_plane::basic;
use crate::support::{Answer, Api, id, on_both};

const SECRET: &str = "a secret of the host";
const HOUR: i64 = 3600 * Micros::SECOND;

fn hosted(mut api: Api) -> Api {
    let config = Config {
        hosted_secret: HostedSecret::new(SECRET),
        ..Config::default()
    };
    api.app = App::new(api.store.clone(), config);
    api.router = server::serve::router(&api.app);
    api
}

impl Api {
    fn host(&self, path: &str) -> Answer {
        let shown = basic(SECRET);
        let headers = [("authorization", shown.as_str())];
        self.with("GET", path, &headers, &Value::Null)
    }

    /// Another workspace of the organization, which is empty.
    fn second(&self) -> String {
        let made = self.post("/v2/workspaces", json!({"name": "Staging"}));
        id(&made.ok())
    }
}

/// The newest moment that stands in an answer.
fn newest(answer: &Value) -> String {
    let all = answer.as_object().expect("an object").values();
    let moments = all.filter_map(|one| one["updatedAt"].as_str());
    moments.max().expect("a moment").to_owned()
}

#[test]
fn a_namespace_is_all_workspaces_of_an_organization_and_those_that_have_not_changed_are_null() {
    on_both(|api| {
        let api = hosted(api);
        let path = format!("/data-plane/v1/namespaces/{}/config", api.made.organization);
        let first = api.made.workspace.to_string();
        let second = api.second();
        api.source("Shop");
        let all = api.host(&path);
        assert_eq!(all.headers["content-type"], "application/json");
        let all = all.ok();
        assert_eq!(all.as_object().expect("an object").len(), 2);
        assert_eq!(all[&first], api.poll().ok(), "as each is given alone");
        assert_eq!(all[&second]["sources"], json!([]));

        // Long after, nothing is new.
        api.clock.advance(2 * HOUR);
        let seen = newest(&all);
        let after = format!("{path}?updatedAfter={seen}");
        let unchanged = api.host(&after);
        let etag = unchanged.headers["etag"]
            .to_str()
            .expect("a tag")
            .to_owned();
        assert_eq!(unchanged.ok(), json!({&first: null, &second: null}));
        let shown = basic(SECRET);
        let headers = [("authorization", shown.as_str()), ("if-none-match", &etag)];
        let again = api.with("GET", &after, &headers, &Value::Null);
        assert_eq!((again.status, again.bytes.len()), (304, 0));

        api.source("Till");
        let changed = api.host(&after).ok();
        assert_eq!(changed[&second], Value::Null);
        assert_eq!(changed[&first], api.poll().ok());
        assert!(newest(&changed) > seen);
        api.clock.advance(2 * HOUR);
        let after = format!("{path}?updatedAfter={}", newest(&changed));
        assert_eq!(api.host(&after).ok(), json!({&first: null, &second: null}));
        String::new()
    });
}

#[test]
fn the_second_shape_has_things_by_their_ids_and_types_beside_the_workspaces() {
    on_both(|api| {
        let api = hosted(api);
        let first = api.made.workspace.to_string();
        let second = api.second();
        let source = api.source("Shop");
        let made = json!({"name": "Hook", "type": "WEBHOOK", "config": {"webhookUrl": "http://hook/in", "odd": true}});
        let destination = id(&api.post("/v2/destinations", made).ok()["destination"]);
        let connection = api.connection(&source, &destination);
        let secret = json!({"accessKey": "s3cret"});
        let account = json!({"name": "A", "accountDefinitionName": "SOURCE_S3", "options": {"a": 1}, "secret": secret});
        let account = id(&api.post("/v2/accounts", account).ok());
        let code = api.code("transformations", "Mask", "export const one = 1;");
        let published = json!({"transformations": [{"versionId": code["versionId"]}]});
        api.post("/transformations/publish", published).ok();
        api.link(&destination, &id(&code)).ok();

        let path = format!("/configuration/v2/namespaces/{}", api.made.organization);
        let all = api.host(&path).ok();
        assert_eq!(all["version"], 2);
        let ids = api.host(&format!("{path}/workspace-ids")).ok();
        let mut expected = [first.clone(), second.clone()];
        expected.sort();
        assert_eq!(ids, json!({"data": expected}));
        let one = &all["workspaces"][&first];
        assert_eq!(
            one["sources"][&source]["sourceDefinitionName"],
            "Javascript"
        );
        assert_eq!(one["sources"][&source]["liveEventsConfig"], json!({}));
        let there = &one["destinations"][&destination];
        assert_eq!(there["config"]["webhookUrl"], "http://hook/in");
        assert_eq!(there["transformationIds"], json!([id(&code)]));
        assert_eq!(
            one["transformations"][id(&code)]["versionId"],
            code["versionId"]
        );
        assert_eq!(
            one["connections"][&connection]["processorEnabled"],
            json!(true)
        );
        let lists = &all["destinationDefinitions"]["WEBHOOK"]["config"]["destConfig"];
        let keys = lists["defaultConfig"].as_array().expect("a list");
        for key in ["webhookUrl", "odd"] {
            assert!(keys.contains(&json!(key)), "{keys:?}");
        }
        assert_eq!(all["sourceDefinitions"]["Javascript"]["name"], "Javascript");
        assert_eq!(all["workspaces"][&second]["sources"], json!({}));

        // Secrets of accounts only for who asks for them.
        let secret_of =
            |answer: &Value| answer["workspaces"][&first]["accounts"][&account]["secret"].clone();
        assert_eq!(secret_of(&all), Value::Null);
        assert_eq!(
            secret_of(&api.host(&format!("{path}?secrets=omit")).ok()),
            Value::Null
        );
        assert_eq!(
            secret_of(&api.host(&format!("{path}?secrets=embed")).ok()),
            secret
        );

        // A connection that is off is one that the processor leaves out.
        let off = json!({"enabled": false});
        api.put(&format!("/v2/connections/{connection}"), off).ok();
        let one = api.host(&path).ok()["workspaces"][&first].clone();
        assert_eq!(
            one["connections"][&connection]["processorEnabled"],
            json!(false)
        );

        // What is known of types is told although nothing has changed.
        api.clock.advance(2 * HOUR);
        let seen = newest(&api.host(&path).ok()["workspaces"]);
        let unchanged = api.host(&format!("{path}?updatedAfter={seen}")).ok();
        assert_eq!(
            unchanged["workspaces"],
            json!({&first: null, &second: null})
        );
        assert_eq!(
            unchanged["destinationDefinitions"],
            all["destinationDefinitions"]
        );

        // The data plane of one workspace gets that one.
        let shown = basic(&api.data_plane);
        let headers = [("authorization", shown.as_str())];
        let own = api
            .with(
                "GET",
                "/data-plane/v2/workspaceConfig?secrets=embed",
                &headers,
                &Value::Null,
            )
            .ok();
        assert_eq!(own["workspaces"].as_object().expect("an object").len(), 1);
        assert_eq!(secret_of(&own), secret);
        String::new()
    });
}

/// Whoever reads a dot as a way into an object finds what is there, and nothing else is put in its place.
#[test]
fn a_setting_with_a_dot_in_its_name_is_sent_as_it_was_written_in_both_shapes() {
    on_both(|api| {
        let config = json!({
            "a.b": 1, "a": { "b": 2, "c.d": [{ "e.f": null }] }, "headers.to": "x", "useNativeSDK.web": true,
            "useNativeSDK": { "web": false }, ".": "", "é.": {},
        });
        let made = json!({ "name": "Odd", "type": "ODD_ONE", "config": config });
        let made = id(&api.post("/v2/destinations", made).ok()["destination"]);
        api.connection(&api.source("Shop"), &made);
        let seen = api.get(&format!("/v2/destinations/{made}")).ok();
        assert_eq!(seen["destination"]["config"], config);
        // What is kept for each platform is the value of the source's own; all else is as it was sent.
        let mut of_web = config.clone();
        of_web["useNativeSDK"] = json!(false);
        let first = api.poll().ok();
        assert_eq!(first["sources"][0]["destinations"][0]["config"], of_web);
        let shown = basic(&api.data_plane);
        let headers = [("authorization", shown.as_str())];
        let path = "/data-plane/v2/workspaceConfig?secrets=embed";
        let second = api.with("GET", path, &headers, &Value::Null).ok();
        let workspace = &second["workspaces"][api.made.workspace.to_string()];
        assert_eq!(workspace["destinations"][&made]["config"], config);
        let lists = &second["destinationDefinitions"]["ODD_ONE"]["config"]["destConfig"];
        assert_eq!(
            lists,
            &json!({
                "defaultConfig": [".", "a", "a.b", "headers.to", "useNativeSDK.web", "é."],
                "web": ["useNativeSDK"],
            })
        );
        String::new()
    });
}

#[test]
fn only_the_secret_of_the_host_opens_a_namespace() {
    let said = on_both(|api| {
        let organization = api.made.organization;
        let paths = [
            format!("/data-plane/v1/namespaces/{organization}/config"),
            format!("/configuration/v2/namespaces/{organization}"),
            format!("/configuration/v2/namespaces/{organization}/workspace-ids"),
            format!("/dataplane/namespaces/{organization}/regulations/suppressions"),
            format!("/dataplane/namespaces/{organization}/regulations/workerJobs"),
        ];
        // Where none is configured, nothing does.
        for path in &paths {
            assert_eq!(api.host(path).status, 401, "{path}");
        }
        let api = hosted(api);
        for path in &paths {
            let has_body = !path.ends_with("workerJobs");
            let wanted = if has_body { 200 } else { 204 };
            assert_eq!(api.host(path).status, wanted, "{path}");
            for shown in [
                basic(&api.data_plane),
                basic("another secret of the host"),
                format!("Bearer {}", api.admin),
            ] {
                let headers = [("authorization", shown.as_str())];
                let answer = api.with("GET", path, &headers, &Value::Null);
                assert_eq!(answer.status, 401, "{path}");
            }
            for other in ["2CHj1PJ61lv1NPyQtCiFi2KVX2y", "none"] {
                let path = path.replace(organization.as_str(), other);
                assert_eq!(api.host(&path).status, 404, "{path}");
            }
        }
        let shown = basic(SECRET);
        let headers = [("authorization", shown.as_str())];
        let settings = format!("/data-plane/v1/namespaces/{organization}/settings");
        let components = json!({"components": []});
        let answer = api.with("POST", &settings, &headers, &components);
        assert_eq!((answer.status, answer.bytes.len()), (204, 0));
        // It opens nothing else.
        let poll = api.with("GET", "/workspaceConfig", &headers, &Value::Null);
        assert_eq!(poll.status, 401);
        [
            format!("{}?updatedAfter=yesterday", paths[0]),
            format!("{}?secrets=all", paths[1]),
        ]
        .map(|path| api.host(&path).problem())
        .join("\n")
    });
    insta::assert_snapshot!(said, @r"
    400 invalid_field: it must be a moment as RFC 3339 writes it, such as 2026-11-23T10:00:00.123Z
    400 invalid_field: it must be embed or omit
    ");
}

/// What a data plane of many workspaces asks of a single one, it asks with the same secret.
#[test]
fn who_shows_the_secret_gets_revisions_and_secrets_of_accounts_of_every_workspace() {
    on_both(|api| {
        let api = hosted(api);
        let hook = api.destination("Hook");
        let revision = format!("/workspaces/destinationHistory/{}", api.revision(&hook));
        let secret = json!({ "key": "s3cret" });
        let account =
            json!({ "name": "A", "accountDefinitionName": "SOURCE_S3", "secret": secret });
        let account = id(&api.post("/v2/accounts", account).ok());
        let path = format!(
            "/destination/workspaces/{}/accounts/{account}/token",
            api.made.workspace
        );
        let token = |shown: &str, body: &Value| {
            let shown = basic(shown);
            api.with("POST", &path, &[("authorization", &shown)], body)
        };
        assert_eq!(api.host(&revision).ok()["id"], hook.as_str());
        let expired = json!({ "hasExpired": true, "expiredSecret": secret });
        let wanted = json!({ "hasExpired": false, "expiredSecret": secret });
        for shown in [SECRET, &*api.data_plane] {
            assert_eq!(token(shown, &wanted).ok()["secret"], secret);
            assert_eq!(token(shown, &expired).status, 501);
        }
        // Another secret opens neither, and the secret opens what is there alone.
        assert_eq!(token("another secret of a host", &wanted).status, 401);
        let other = path.replace(api.made.workspace.as_str(), &api.second());
        let shown = basic(SECRET);
        let other = api.with("POST", &other, &[("authorization", &shown)], &wanted);
        assert_eq!(other.status, 404);
        String::new()
    });
}

/// RudderStack's action for transformations shows its token as a password.
#[test]
fn a_token_is_taken_as_the_password_of_basic_authentication() {
    on_both(|api| {
        use base64::Engine as _;
        let get = |pair: &str| {
            let shown = base64::engine::general_purpose::STANDARD.encode(pair);
            let shown = format!("Basic {shown}");
            let headers = [("authorization", shown.as_str())];
            api.with("GET", "/transformations", &headers, &Value::Null)
                .status
        };
        assert_eq!(get(&format!("ada@example.com:{}", api.admin)), 200);
        assert_eq!(get(&format!(":{}", api.admin)), 200);
        assert_eq!(get("ada@example.com:annals_pat_of_nobody"), 401);
        String::new()
    });
}
