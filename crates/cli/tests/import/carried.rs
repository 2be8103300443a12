//! What comes over is answered again as it was, and says no secret.

use std::path::Path;

use serde_json::{Value, json};

use super::{BINARY, Instance, asked, destination, get, polled, source};
use crate::support::{Server, annals};

fn consents(provider: &str, consent: &str) -> Value {
    json!([{ "provider": provider, "resolutionStrategy": "", "consents": [{ "consent": consent }] }])
}

fn post(server: &Server, path: &str, body: &Value) -> Value {
    let token = server.given("accessToken");
    let answer = server.ask("POST", path, token, "test", Some(body));
    assert!(answer.status < 300, "{path}: {:?}", answer.json);
    answer.json.expect("JSON")
}

/// A polled configuration without what is another in each workspace: ids are names, and moments and revisions are left out.
fn still(config: &Value) -> Value {
    fn leave(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for key in ["createdAt", "updatedAt", "revisionId"] {
                    members.remove(key);
                }
                members.values_mut().for_each(leave);
            }
            Value::Array(elements) => {
                elements.iter_mut().for_each(leave);
                elements.sort_by_key(|one| one["name"].to_string());
            }
            _ => {}
        }
    }
    let mut text = config.to_string();
    let sources = config["sources"].as_array().expect("a list");
    let below = sources
        .iter()
        .flat_map(|one| one["destinations"].as_array().expect("a list"));
    for one in sources.iter().chain(below) {
        let (id, name) = (one["id"].as_str(), one["name"].as_str());
        text = text.replace(id.expect("an id"), name.expect("a name"));
    }
    let workspace = config["workspaceId"].as_str().expect("an id");
    let mut config: Value =
        serde_json::from_str(&text.replace(workspace, "workspace")).expect("JSON");
    leave(&mut config);
    let links = config["connections"].as_object().expect("an object");
    let mut links: Vec<String> = links.values().map(ToString::to_string).collect();
    links.sort();
    config["connections"] = json!(links);
    config
}

#[test]
fn what_is_answered_to_a_data_plane_comes_over_to_be_answered_again() {
    let both = Instance::both().into_iter().zip(Instance::both());
    for (there, here) in both {
        let there = there.serve();
        let source = |name: &str, kind: &str| {
            let made = post(
                &there,
                "/v2/sources",
                &json!({ "name": name, "type": kind }),
            );
            made["source"]["id"].clone()
        };
        let (web, server) = (source("Site", "Javascript"), source("Server", "HTTP"));
        let shared = json!({
            "webhookUrl": "https://example.com", "webhookMethod": "POST",
            "consentManagement": { "web": consents("oneTrust", "C1"), "cloud": consents("ketch", "ads") },
        });
        let of_web = json!({
            "measurementId": "G-1", "useNativeSDK": { "web": true }, "connectionMode": { "web": "hybrid" },
            "consentManagement": { "web": consents("oneTrust", "C1") },
        });
        let plain = json!({ "webhookUrl": "https://example.com" });
        let all = [
            (
                "Shared",
                "WEBHOOK",
                true,
                &shared,
                &[(&web, true), (&server, true)][..],
            ),
            (
                "Off there",
                "WEBHOOK",
                true,
                &plain,
                &[(&web, true), (&server, false)],
            ),
            (
                "Off",
                "WEBHOOK",
                false,
                &plain,
                &[(&web, true), (&server, false)],
            ),
            (
                "Off everywhere",
                "WEBHOOK",
                true,
                &plain,
                &[(&server, false)],
            ),
            ("Of the web", "GA4", true, &of_web, &[(&web, true)]),
        ];
        for (name, kind, enabled, config, links) in all {
            let sent = json!({ "name": name, "type": kind, "enabled": enabled, "config": config });
            let id = post(&there, "/v2/destinations", &sent)["destination"]["id"].take();
            for (source, enabled) in links {
                let link = json!({ "sourceId": source, "destinationId": id, "enabled": enabled });
                post(&there, "/v2/connections", &link);
            }
        }
        let told = polled(&there, there.given("workspaceToken"));
        let path = here.write(&told.to_string());
        let made = here.imported(&[&path, "--new", "Brought"]);
        assert_eq!(made["left"], json!([]));
        let here = here.serve();
        let token = made["workspaceToken"].as_str().expect("a token");
        let again = polled(&here, token);
        assert_eq!(still(&again), still(&told));
        // The second shape has the settings whole: it is these that came over, and not what one source was told of them.
        let whole = asked(&here, token, "/data-plane/v2/workspaceConfig?secrets=embed");
        let whole = &whole["workspaces"][made["workspaceId"].as_str().expect("an id")];
        let brought = whole["destinations"].as_object().expect("an object");
        assert_eq!(brought.len(), all.len());
        for (name, _, enabled, config, _) in all {
            let one = brought.values().find(|one| one["name"] == name);
            let one = one.expect("it came over");
            assert_eq!(
                (&one["enabled"], &one["config"]),
                (&json!(enabled), config),
                "{name}"
            );
        }
    }
}

#[test]
fn what_is_secret_where_it_comes_from_is_in_no_event() {
    for instance in Instance::both() {
        let mut hook = destination("d1", "Hook");
        hook["config"] = json!({ "webhookUrl": "https://example.com" });
        hook["secretConfig"] = json!({ "tok": { "a": ["a very secret text"], "b": 4_815_162 }, "headers": [{ "to": "a very secret key" }] });
        let mut own = destination("d2", "Analytics");
        own["destinationDefinition"]["name"] = json!("GA4");
        own["config"] = json!({ "measurementId": "G-1" });
        own["secretConfig"] = json!({ "apiSecret": "a very secret text" });
        let mut unknown = own.clone();
        unknown["id"] = json!("d3");
        unknown["destinationDefinition"]["name"] = json!("KETTLE");
        let file = json!({ "sources": [source(1, &[own, unknown, hook])] });
        let path = instance.write(&file.to_string());
        for (dry, nothing) in [
            (&["--dry-run"][..], "nothing would be imported"),
            (&[], "nothing was imported"),
        ] {
            let said = instance.refused(&[&[&*path, "--new", "Brought"], dry].concat());
            let wanted = "destination \u{201c}Hook\u{201d}: the file keeps \u{201c}tok.a\u{201d}, \u{201c}tok.b\u{201d} secret, and the definition \
                of WEBHOOK here does not; import one first that has it in its secretKeys (annals definitions import)";
            assert_eq!(said, format!("annals: {nothing}: {wanted}"));
        }
        let definition = json!({ "name": "WEBHOOK", "displayName": "Webhook", "config": { "secretKeys": ["tok"] } });
        let folder = instance.folder.path().join("types/destinations/webhook");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("db-config.json"), definition.to_string()).expect("written");
        let told = annals(
            Path::new(BINARY),
            instance.folder.path(),
            instance.database.as_deref(),
        )
        .args(["definitions", "import"])
        .arg(instance.folder.path().join("types"))
        .output()
        .expect("annals runs");
        assert!(told.status.success(), "{told:?}");
        instance.imported(&[&path]);
        let server = instance.serve();
        let events = server.events("");
        let came = events
            .iter()
            .filter(|one| one["targetType"] == "destination" && one["action"] == "created");
        assert_eq!(came.count(), 3);
        let list = get(&server, "/v2/destinations");
        assert_eq!(list["destinations"].as_array().map(Vec::len), Some(3));
        for told in [json!(events), list] {
            let told = told.to_string();
            assert!(!told.contains("a very secret") && !told.contains("4815162"));
        }
    }
}
