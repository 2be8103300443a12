//! What a data plane asks for: its workspace's configuration, and everything beside it.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use model::role::WorkspaceRole;
use serde_json::{Value, json};

use crate::support::{Answer, Api, id, on_both, without_ids};

/// A request as a data plane sends it: the token as the user, and no password.
pub(crate) fn basic(token: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{token}:")))
}

impl Api {
    /// Asks with headers.
    pub(crate) fn with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.send(request.body(body).expect("a request"))
    }

    /// A poll of the workspace's data plane.
    pub(crate) fn poll(&self) -> Answer {
        let shown = basic(&self.data_plane);
        let headers = [("authorization", shown.as_str())];
        self.with(
            "GET",
            "/workspaceConfig?fetchAll=true",
            &headers,
            &Value::Null,
        )
    }

    /// What a destination is now, in the data plane's words; it must be connected or be asked for by this.
    pub(crate) fn revision(&self, destination: &str) -> String {
        let id = destination.parse().expect("an id");
        let place = self.place();
        let found = self
            .store
            .read(move |rx| rx.destination(place.workspace, id));
        let found = found.expect("read").expect("a destination");
        found.revision.to_string()
    }

    fn publish(&self, versions: &Value) {
        self.post("/transformations/publish", versions.clone()).ok();
    }
}

/// Something that is done to a workspace.
type Change = Box<dyn Fn(&Api)>;

/// The configuration without what is another each time.
fn told(config: &Value) -> String {
    fn still(value: &mut Value) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    if ["createdAt", "updatedAt", "writeKey"].contains(&key.as_str()) {
                        *value = json!("...");
                    }
                    still(value);
                }
            }
            Value::Array(array) => array.iter_mut().for_each(still),
            _ => {}
        }
    }
    let mut config = config.clone();
    still(&mut config);
    without_ids(&serde_json::to_string_pretty(&config).expect("JSON"))
}

#[test]
fn a_data_plane_gets_all_that_delivers_an_event_secrets_included() {
    let said = on_both(|api| {
        let source = api
            .post(
                "/v2/sources",
                json!({"name": "Shop", "type": "HTTP", "config": {"eventUpload": true}}),
            )
            .ok();
        let source = id(&source["source"]);
        let config = json!({"webhookUrl": "http://hook.internal/in", "webhookMethod": "POST", "headers": [{"from": "x-key", "to": "s3cret"}], "odd": {"ünknown": [1.50, null, ""]}});
        let made = json!({"name": "Hook", "type": "WEBHOOK", "config": config});
        let destination = id(&api.post("/v2/destinations", made).ok()["destination"]);
        api.connection(&source, &destination);
        let mask = api.code(
            "transformations",
            "Mask",
            "export function transformEvent(e) { return e; }",
        );
        let geo = api.code("libraries", "Geo", "export const one = 1;");
        api.link(&destination, &id(&mask)).ok();
        let before = api.poll().ok();
        assert_eq!(before["libraries"], json!([]), "nothing is published yet");
        assert_eq!(
            before["sources"][0]["destinations"][0]["transformations"],
            json!([])
        );
        api.publish(&json!({"transformations": [{"versionId": mask["versionId"]}], "libraries": [{"versionId": geo["versionId"]}]}));

        let answer = api.poll();
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["cache-control"], "private, no-cache");
        let config = answer.ok();
        assert_eq!(config["workspaceId"], api.made.workspace.as_str());
        assert_eq!(
            config["libraries"],
            json!([{"versionId": geo["versionId"]}])
        );
        let sent = &config["sources"][0];
        assert_eq!(sent["workspaceId"], api.made.workspace.as_str());
        let there = &sent["destinations"][0];
        assert_eq!(there["transformations"][0]["versionId"], mask["versionId"]);
        assert_eq!(there["isProcessorEnabled"], true);
        told(&config)
    });
    insta::assert_snapshot!(said, @r#"
    {
      "enableMetrics": false,
      "workspaceId": "ID",
      "updatedAt": "...",
      "sources": [
        {
          "id": "ID",
          "name": "Shop",
          "writeKey": "...",
          "enabled": true,
          "workspaceId": "ID",
          "config": {},
          "transient": false,
          "geoEnrichment": {
            "enabled": false
          },
          "sourceDefinitionId": "HTTP",
          "deleted": false,
          "createdAt": "...",
          "updatedAt": "...",
          "sourceDefinition": {
            "id": "HTTP",
            "name": "HTTP",
            "displayName": "HTTP API",
            "type": "cloud"
          },
          "dgSourceTrackingPlanConfig": null,
          "destinations": [
            {
              "id": "ID",
              "name": "Hook",
              "enabled": true,
              "workspaceId": "ID",
              "config": {
                "webhookUrl": "http://hook.internal/in",
                "webhookMethod": "POST",
                "headers": [
                  {
                    "from": "x-key",
                    "to": "s3cret"
                  }
                ],
                "odd": {
                  "ünknown": [
                    1.5,
                    null,
                    ""
                  ]
                }
              },
              "secretConfig": {},
              "revisionId": "ID",
              "version": 1,
              "isConnectionEnabled": true,
              "isProcessorEnabled": true,
              "deleted": false,
              "createdAt": "...",
              "updatedAt": "...",
              "transformations": [
                {
                  "id": "ID",
                  "versionId": "ID",
                  "config": {},
                  "language": "javascript"
                }
              ],
              "destinationDefinitionId": "WEBHOOK",
              "destinationDefinition": {
                "id": "WEBHOOK",
                "name": "WEBHOOK",
                "displayName": "Webhook",
                "config": {}
              },
              "liveEventsConfig": {}
            }
          ]
        }
      ],
      "libraries": [
        {
          "versionId": "ID"
        }
      ],
      "flags": {
        "url": "",
        "services": {
          "warehouse": false,
          "rudderstack-processor": false
        }
      },
      "settings": {
        "dataRetention": {
          "disableReportingPii": false,
          "useSelfStorage": false,
          "storageBucket": {
            "type": "S3",
            "config": {}
          },
          "storagePreferences": {
            "procErrors": false,
            "gatewayDumps": false,
            "procErrorDumps": false,
            "routerDumps": false,
            "batchRouterDumps": false
          },
          "retentionPeriod": "default"
        },
        "eventAuditEnabled": false
      },
      "credentials": {},
      "connections": {
        "ID": {
          "sourceId": "ID",
          "destinationId": "ID",
          "enabled": true,
          "config": {},
          "processorEnabled": true
        }
      },
      "accounts": {},
      "accountDefinitions": {},
      "eventReplays": {}
    }
    "#);
}

#[test]
fn what_is_off_is_sent_as_off() {
    on_both(|api| {
        let later = |made: String| {
            api.clock.advance(1);
            made
        };
        let (on, off) = (later(api.source("On")), api.source("Off"));
        let (hook, other) = (api.destination("Hook"), api.destination("Other"));
        let link = later(api.connection(&on, &hook));
        api.connection(&on, &other);
        api.put(&format!("/v2/sources/{off}"), json!({"enabled": false}))
            .ok();
        let flags = |config: &Value| {
            let of = |one: &Value| {
                json!([
                    one["name"],
                    one["enabled"],
                    one["isConnectionEnabled"],
                    one["isProcessorEnabled"]
                ])
            };
            let source = &config["sources"][0];
            let all: Vec<Value> = source["destinations"]
                .as_array()
                .expect("a list")
                .iter()
                .map(of)
                .collect();
            json!([config["sources"][1]["enabled"], all])
        };
        assert_eq!(
            flags(&api.poll().ok()),
            json!([
                false,
                [["Hook", true, true, true], ["Other", true, true, true]]
            ])
        );
        api.put(
            &format!("/v2/connections/{link}"),
            json!({"enabled": false}),
        )
        .ok();
        api.put(
            &format!("/v2/destinations/{other}"),
            json!({"enabled": false}),
        )
        .ok();
        assert_eq!(
            flags(&api.poll().ok()),
            json!([
                false,
                [["Hook", false, false, true], ["Other", false, true, true]]
            ])
        );
        String::new()
    });
}

#[test]
fn a_change_is_in_the_very_next_answer_and_nothing_else_changes_it() {
    on_both(|api| {
        let (source, other) = (api.source("Shop"), api.source("Other"));
        let (hook, spare) = (api.destination("Hook"), api.destination("Spare"));
        let link = api.connection(&source, &hook);
        let mask = id(&api.code("transformations", "Mask", "a"));
        let geo = api.code("libraries", "Geo", "a");
        let put =
            |path: String, body: Value| move |api: &Api| drop(api.put(&path, body.clone()).ok());
        let delete = |path: String| move |api: &Api| drop(api.delete(&path).ok());
        let changes: Vec<(&str, Change)> = vec![
            (
                "a name",
                Box::new(put(
                    format!("/v2/sources/{source}"),
                    json!({"name": "Store"}),
                )),
            ),
            (
                "settings",
                Box::new(put(
                    format!("/v2/destinations/{hook}"),
                    json!({"config": {"webhookUrl": "x"}}),
                )),
            ),
            (
                "a switch",
                Box::new(put(
                    format!("/v2/connections/{link}"),
                    json!({"enabled": false}),
                )),
            ),
            (
                "a link",
                Box::new(put(
                    format!("/v2/destinations/{hook}/transformation"),
                    json!({"transformationId": mask}),
                )),
            ),
            (
                "a library",
                Box::new(move |api| {
                    api.publish(&json!({"libraries": [{"versionId": geo["versionId"]}]}));
                }),
            ),
            (
                "no link",
                Box::new(delete(format!("/v2/destinations/{hook}/transformation"))),
            ),
            ("a new source", Box::new(|api| drop(api.source("New")))),
            (
                "no connection",
                Box::new(delete(format!("/v2/connections/{link}"))),
            ),
            (
                "no destination",
                Box::new(delete(format!("/v2/destinations/{spare}"))),
            ),
            (
                "no source",
                Box::new(delete(format!("/v2/sources/{other}"))),
            ),
        ];
        let text =
            |answer: &Answer, name: &str| answer.headers[name].to_str().expect("a text").to_owned();
        let mut last = api.poll();
        for (what, change) in changes {
            // The clock stands still: the moment grows all the same.
            change(&api);
            let next = api.poll();
            assert_ne!(next.bytes, last.bytes, "{what}");
            assert_ne!(text(&next, "etag"), text(&last, "etag"), "{what}");
            let at = |answer: &Answer| {
                answer.json["updatedAt"]
                    .as_str()
                    .expect("a moment")
                    .to_owned()
            };
            assert!(
                at(&next) > at(&last),
                "{what}: {} after {}",
                at(&next),
                at(&last)
            );
            last = next;
        }
        // Not what no data plane can see.
        api.events();
        let workspace = format!("/v2/workspaces/{}", api.made.workspace);
        for refuse in [true, false] {
            api.put(&workspace, json!({ "refuseInvalidConfig": refuse }))
                .ok();
        }
        let draft = id(&api.code("transformations", "Draft", "a"));
        let path = format!("/transformations/{draft}?publish=false");
        api.post(&path, json!({ "code": "b" })).ok();
        api.post("/v2/tokens", json!({"name": "laptop"})).ok();
        api.put(&format!("/v2/sources/{source}"), json!({"name": "Store"}))
            .ok();
        assert_eq!(
            api.put(&format!("/v2/sources/{source}"), json!({"name": ""}))
                .status,
            400
        );
        api.clock.advance(3_600_000_000);
        let same = api.poll();
        assert_eq!(same.bytes, last.bytes);
        let (shown, tag) = (basic(&api.data_plane), text(&last, "etag"));
        let unchanged = api.with(
            "GET",
            "/workspaceConfig",
            &[("authorization", &shown), ("if-none-match", &tag)],
            &Value::Null,
        );
        assert_eq!((unchanged.status, unchanged.bytes.len()), (304, 0));
        String::new()
    });
}

#[test]
fn what_no_data_plane_is_told_of_is_no_change_of_its_configuration() {
    on_both(|api| {
        let (account, hook) = (api.account("Warehouse"), api.destination("Hook"));
        let link = api.connection(&api.source("Shop"), &hook);
        let before = api.poll();
        let model = api.model("Customers", &account);
        let path = format!("/v2/retl-sources/{model}");
        api.put(&path, json!({"name": "People"})).ok();
        let synced = api.synced(&model, &hook);
        let path = format!("/v2/retl-connections/{synced}");
        api.put(&path, json!({"enabled": false})).ok();
        for thing in [
            format!("accounts/{account}"),
            format!("connections/{link}"),
            format!("retl-sources/{model}"),
            format!("retl-connections/{synced}"),
        ] {
            let path = format!("/v2/{thing}/external-id");
            api.put(&path, json!({"externalId": "mine"})).ok();
        }
        api.delete(&format!("/v2/retl-connections/{synced}")).ok();
        api.delete(&format!("/v2/retl-sources/{model}")).ok();
        let after = api.poll();
        assert_eq!(after.headers["etag"], before.headers["etag"]);
        assert_eq!(after.bytes, before.bytes);
        // What else changes of the same things is told.
        let path = format!("/v2/accounts/{account}");
        api.put(&path, json!({"name": "Store"})).ok();
        assert_ne!(api.poll().headers["etag"], before.headers["etag"]);
        String::new()
    });
}

#[test]
fn another_process_s_change_is_in_the_very_next_answer() {
    on_both(|api| {
        let other = api.another_process();
        assert_eq!(other.poll().ok()["sources"], json!([]));
        for number in 1..4 {
            api.source(&format!("Source {number}"));
            let seen = other.poll().ok()["sources"].as_array().map(Vec::len);
            assert_eq!(seen, Some(number));
        }
        String::new()
    });
}

#[test]
fn an_answer_is_compressed_for_whoever_takes_it_so() {
    let api = Api::sqlite();
    for number in 0..20 {
        api.source(&format!("Source {number}"));
    }
    let shown = basic(&api.data_plane);
    let ask = |taken: &str| {
        api.with(
            "GET",
            "/workspaceConfig",
            &[("authorization", &shown), ("accept-encoding", taken)],
            &Value::Null,
        )
    };
    let plain = api.poll();
    for taken in ["identity", "gzip;q=0", "br", "gzip;q=0.0, br"] {
        let answer = ask(taken);
        assert!(!answer.headers.contains_key("content-encoding"), "{taken}");
        assert_eq!(answer.bytes, plain.bytes, "{taken}");
    }
    for taken in ["gzip", "br, GZIP;q=0.5"] {
        let answer = ask(taken);
        assert_eq!(answer.headers["content-encoding"], "gzip", "{taken}");
        assert!(answer.bytes.len() * 3 < plain.bytes.len());
        let mut text = Vec::new();
        std::io::Read::read_to_end(
            &mut flate2::read::GzDecoder::new(&answer.bytes[..]),
            &mut text,
        )
        .expect("gzip");
        assert_eq!(text, plain.bytes, "{taken}");
    }
}

/// Every route of the data plane.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/workspaceConfig"),
    ("POST", "/data-plane/v1/workspaces/{w}/settings"),
    ("GET", "/dataplane/workspaces/{w}/regulations/suppressions"),
    ("GET", "/dataplane/workspaces/{w}/regulations/workerJobs"),
    (
        "PATCH",
        "/dataplane/workspaces/{w}/regulations/workerJobs/1",
    ),
    ("GET", "/workspaces/destinationHistory/{r}"),
];

#[test]
fn only_the_token_of_a_data_plane_opens_what_is_its_and_it_opens_nothing_else() {
    for api in [Api::sqlite(), Api::postgres()] {
        let others = [
            api.admin.clone(),
            api.service.clone(),
            api.member("Wanda", Some(WorkspaceRole::Admin)).token,
            api.reader("Rita").token,
            api.stranger("Stan").token,
            "annals_wst_x".to_owned(),
            String::new(),
        ];
        api.destination("Hook");
        let made = api.get("/v2/destinations").ok();
        let revision = api.revision(&id(&made["destinations"][0]));
        for (method, path) in ROUTES {
            let path = &path
                .replace("{w}", api.made.workspace.as_str())
                .replace("{r}", &revision);
            let body = if *method == "POST" {
                json!({"components": [{"name": "gateway", "features": ["a"]}]})
            } else {
                Value::Null
            };
            let ask = |header: &str| api.with(method, path, &[("authorization", header)], &body);
            for token in &others {
                for header in [basic(token), format!("Bearer {token}")] {
                    let answer = ask(&header);
                    assert_eq!(
                        answer.problem(),
                        "401 unauthorized: Unauthorized",
                        "{path} {header}"
                    );
                    let scheme = answer.headers["www-authenticate"].to_str().expect("a text");
                    assert!(scheme.starts_with("Basic"), "{scheme}");
                }
            }
            for header in [
                format!("Bearer {}", api.data_plane),
                "Basic ???".to_owned(),
                "Basic".to_owned(),
                format!("Basic {}", api.data_plane),
            ] {
                assert_eq!(ask(&header).status, 401, "{path} {header}");
            }
            assert_eq!(
                api.with(method, path, &[], &body).status,
                401,
                "{path} without a token"
            );
            let wanted = if *method == "PATCH" {
                404..405
            } else {
                200..300
            };
            let opened = ask(&basic(&api.data_plane)).status;
            assert!(wanted.contains(&opened), "{path}");
        }
        for path in [
            "/v2/sources",
            "/v2/workspace",
            "/v2/audit-logs",
            "/v2/tokens",
            "/transformations",
        ] {
            assert_eq!(
                api.ask("GET", path, &api.data_plane, &Value::Null).status,
                401,
                "{path}"
            );
            let shown = basic(&api.data_plane);
            assert_eq!(
                api.with("GET", path, &[("authorization", &shown)], &Value::Null)
                    .status,
                401,
                "{path}"
            );
        }
    }
}

#[test]
fn what_a_data_plane_says_and_asks_beside_is_answered() {
    on_both(|api| {
        let workspace = api.made.workspace.to_string();
        let shown = basic(&api.data_plane);
        let ask = |method: &str, path: &str, body: &Value| {
            api.with(method, path, &[("authorization", &shown)], body)
        };
        let settings = format!("/data-plane/v1/workspaces/{workspace}/settings");
        let components = json!({"components": [{"name": "gateway", "features": ["gzip-req-payload"]}, {"name": "destinations", "features": null}], "more": 1});
        let answer = ask("POST", &settings, &components);
        assert_eq!((answer.status, answer.bytes.len()), (204, 0));
        let regulations = format!("/dataplane/workspaces/{workspace}/regulations");
        let none = ask(
            "GET",
            &format!("{regulations}/suppressions?pageSize=100&pageToken="),
            &Value::Null,
        )
        .ok();
        assert_eq!(none, json!({"items": [], "token": "none"}));
        let none = ask("GET", &format!("{regulations}/workerJobs"), &Value::Null);
        assert_eq!((none.status, none.bytes.len()), (204, 0));
        let done = json!({"status": "complete"});
        let none = ask("PATCH", &format!("{regulations}/workerJobs/1"), &done);
        assert_eq!(
            none.problem(),
            "404 not_found: There is no such job: the deletion of a user's data cannot be asked for yet."
        );
        // Of another workspace it is not found, whatever it is.
        let other = "2CHj1PJ61lv1NPyQtCiFi2KVX2y";
        for path in [
            format!("/dataplane/workspaces/{other}/regulations/suppressions"),
            format!("/dataplane/workspaces/{other}/regulations/workerJobs"),
            format!("/workspaces/destinationHistory/{other}"),
            "/workspaces/destinationHistory/none".to_owned(),
        ] {
            assert_eq!(ask("GET", &path, &Value::Null).status, 404, "{path}");
        }
        assert_eq!(
            ask(
                "POST",
                &format!("/data-plane/v1/workspaces/{other}/settings"),
                &components
            )
            .status,
            404
        );
        String::new()
    });
}

#[test]
fn a_data_plane_may_say_null_of_its_components() {
    on_both(|api| {
        let path = format!("/data-plane/v1/workspaces/{}/settings", api.made.workspace);
        let shown = basic(&api.data_plane);
        let shown = [("authorization", shown.as_str())];
        let said = api.with("POST", &path, &shown, &json!({"components": null}));
        assert_eq!(said.status, 204, "{:?}", said.json);
        String::new()
    });
}

#[test]
fn every_revision_of_a_destination_is_kept_for_a_month_and_goes_with_it() {
    on_both(|api| {
        let shown = basic(&api.data_plane);
        let at = |revision: &str| {
            let path = format!("/workspaces/destinationHistory/{revision}");
            let answer = api.with("GET", &path, &[("authorization", &shown)], &Value::Null);
            (answer.status == 200).then(|| answer.json["config"]["webhookUrl"].clone())
        };
        let hook = api.destination("Hook");
        let set = |url: &str| {
            api.put(
                &format!("/v2/destinations/{hook}"),
                json!({"config": {"webhookUrl": url}}),
            )
            .ok();
            api.revision(&hook)
        };
        let first = set("https://one.example.com");
        let second = set("https://two.example.com");
        assert_eq!(at(&first), Some(json!("https://one.example.com")));
        assert_eq!(at(&second), Some(json!("https://two.example.com")));
        let day = 86_400 * 1_000_000;
        api.clock.advance(31 * day);
        let third = set("https://three.example.com");
        assert_eq!(at(&first), None, "replaced more than a month ago");
        assert_eq!(
            at(&second),
            Some(json!("https://two.example.com")),
            "replaced just now"
        );
        api.delete(&format!("/v2/destinations/{hook}")).ok();
        assert_eq!(
            (at(&second), at(&third)),
            (None, None),
            "its secrets have gone"
        );
        String::new()
    });
}

#[test]
fn a_rotated_token_ends_the_one_before_at_once_and_is_told_without_it() {
    on_both(|api| {
        assert_eq!(api.poll().status, 200);
        for token in [
            api.member("Edda", Some(WorkspaceRole::Editor)).token,
            api.reader("Rita").token,
            api.service.clone(),
        ] {
            let refused = api.ask("POST", "/v2/workspace/token", &token, &Value::Null);
            assert_eq!(refused.status, 403);
        }
        assert_eq!(api.poll().status, 200, "whoever is refused changes nothing");
        let admin = api.member("Wanda", Some(WorkspaceRole::Admin)).token;
        let last = api.last();
        let made = api.ask("POST", "/v2/workspace/token", &admin, &Value::Null);
        assert_eq!(made.status, 201);
        let token = made.json["token"].as_str().expect("a token").to_owned();
        assert!(token.starts_with("annals_wst_"));
        assert_eq!(api.poll().status, 401, "the old one");
        let shown = basic(&token);
        let headers = [("authorization", shown.as_str())];
        assert_eq!(
            api.with("GET", "/workspaceConfig", &headers, &Value::Null)
                .status,
            200
        );
        let events = api.since(&last);
        assert_eq!(events.len(), 1);
        let told = crate::support::told(&events[0]);
        assert_eq!(
            told,
            "workspace.rotated_token Production\n  dataPlaneToken: redacted"
        );
        assert!(!events[0].to_string().contains(&token));
        String::new()
    });
}

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
            json!({"name": "Cloud", "type": "WEBHOOK", "config": {"webhookUrl": "https://hook.example.com/k3y"}}),
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
        assert!(!text.contains("s3cret") && !text.contains("k3y"), "{text}");
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
