//! What a data plane asks for: its workspace's configuration, and everything beside it.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
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
