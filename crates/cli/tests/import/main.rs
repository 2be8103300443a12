//! A workspace is brought over from an exported configuration: all of it, as events of one request, or nothing.

mod carried;
mod code;
#[path = "../support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use store::testing::Postgres;
use support::{Server, annals};

const BINARY: &str = env!("CARGO_BIN_EXE_annals");
const HOSTED: &str = "what the host knows";

fn destination(id: &str, name: &str) -> Value {
    json!({
        "id": id, "name": name, "enabled": true, "workspaceId": "w", "isConnectionEnabled": true, "isProcessorEnabled": true,
        "config": { "webhookUrl": "https://example.com", "webhookMethod": "POST", "headers": [{ "from": "x-key", "to": "a very secret key" }] },
        "transformations": [], "destinationDefinition": { "name": "WEBHOOK", "displayName": "Webhook", "config": {} },
    })
}

fn source(number: usize, destinations: &[Value]) -> Value {
    json!({
        "id": format!("s{number}"), "name": format!("Source {number}"), "writeKey": format!("key-{number}"), "enabled": true,
        "workspaceId": "w", "config": { "eventUpload": true }, "sourceDefinition": { "name": "Javascript" }, "destinations": destinations,
    })
}

fn file() -> Value {
    let mut hook = destination("d1", "Hook");
    hook["config"]["rudderAccountId"] = json!("a");
    hook["config"]["rudderDeleteAccountId"] = json!("of nobody");
    hook["transformations"] = json!([{ "id": "t", "versionId": "v1", "name": "Mask", "code": "import { f } from 'utils';", "language": "javascript" }]);
    json!({
        "workspaceId": "w", "updatedAt": "2026-01-01T00:00:00.000Z", "enableMetrics": false,
        "libraries": [{ "versionId": "l1", "name": "Utils", "code": "export const f = 1;" }],
        "sources": [source(1, &[hook.clone(), destination("d2", "Other")]), source(2, &[hook])],
        "accounts": { "a": { "id": "a", "accountDefinitionName": "hook_oauth", "options": { "user": "u" }, "secret": { "token": "a very secret token" } } },
        "credentials": { "c": { "key": "k" } },
    })
}

/// An instance that is set up and not served.
struct Instance {
    folder: tempfile::TempDir,
    made: Value,
    database: Option<String>,
}

impl Instance {
    fn new(database: Option<String>) -> Self {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        Self::of(server, database)
    }

    /// The instance of a server, which is stopped.
    fn of(server: Server, database: Option<String>) -> Self {
        let (folder, made) = server.kill();
        Self {
            folder,
            made,
            database,
        }
    }

    fn both() -> [Self; 2] {
        [
            Self::new(None),
            Self::new(Some(Postgres::shared().fresh_database())),
        ]
    }

    fn write(&self, text: &str) -> String {
        let file = self.folder.path().join("workspaceConfig.json");
        std::fs::write(&file, text).expect("written");
        file.to_str().expect("a path").to_owned()
    }

    fn import(&self, arguments: &[&str]) -> Output {
        annals(
            Path::new(BINARY),
            self.folder.path(),
            self.database.as_deref(),
        )
        .args(["import", "workspace"])
        .args(arguments)
        .output()
        .expect("annals runs")
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.import(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let text = String::from_utf8(output.stderr).expect("text");
        let last = text.lines().last().unwrap_or_default();
        last.replace(self.folder.path().to_str().expect("a path"), "FOLDER")
    }

    #[track_caller]
    fn imported(&self, arguments: &[&str]) -> Value {
        let output = self.import(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }

    fn serve(self) -> Server {
        Server::serve(
            Path::new(BINARY),
            self.database.as_deref(),
            self.folder,
            self.made,
        )
    }
}

/// The configuration as a data plane reads it.
fn polled(server: &Server, token: &str) -> Value {
    asked(server, token, "/workspaceConfig?fetchAll=true")
}

/// What a data plane is answered.
fn asked(server: &Server, token: &str, path: &str) -> Value {
    let pair = BASE64_STANDARD.encode(format!("{token}:"));
    let url = format!("{}{path}", server.url);
    let mut answer = ureq::get(url)
        .header("authorization", format!("Basic {pair}"))
        .call()
        .expect("an answer");
    let text = answer.body_mut().read_to_string().expect("a body");
    serde_json::from_str(&text).expect("JSON")
}

fn get(server: &Server, path: &str) -> Value {
    let answer = server.ask("GET", path, server.given("accessToken"), "test", None);
    assert_eq!(answer.status, 200, "{path}: {:?}", answer.json);
    answer.json.expect("JSON")
}

#[test]
fn a_workspace_comes_over_whole_as_events_of_one_request() {
    for instance in Instance::both() {
        let path = instance.write(&file().to_string());
        let dry = instance.imported(&[&path, "--dry-run"]);
        assert_eq!(
            (&dry["dryRun"], &dry["connections"]),
            (&json!(true), &json!(3))
        );
        assert_eq!(dry["sources"][0]["id"], Value::Null);
        assert_eq!(dry["left"], json!(["1 credentials"]));
        let made = instance.imported(&[&path]);
        assert!(
            made.get("workspaceToken").is_none(),
            "the workspace had one"
        );
        let refused = instance.refused(&[&path]);
        assert_eq!(
            refused,
            "annals: nothing was imported: workspace \u{201c}Production\u{201d} is not empty; import into a new one with --new"
        );
        let refused = instance.refused(&[&path, "--new", "Second"]);
        assert_eq!(
            refused,
            "annals: nothing was imported: the write key of source \u{201c}Source 1\u{201d} is in use here already"
        );

        let server = instance.serve();
        // They came over at one moment, so that the list may have them in any order.
        let mut sources = get(&server, "/v2/sources")["sources"].take();
        let sources = sources.as_array_mut().expect("a list");
        sources.sort_by_key(|one| one["writeKey"].to_string());
        let keys: Vec<&Value> = sources.iter().map(|one| &one["writeKey"]).collect();
        assert_eq!(keys, ["key-1", "key-2"]);
        assert_eq!(sources[0]["config"], json!({ "eventUpload": true }));
        let id = made["destinations"][0]["id"].as_str().expect("an id");
        let hook = get(&server, &format!("/v2/destinations/{id}"))["destination"].clone();
        assert_eq!(hook["config"]["headers"][0]["to"], "a very secret key");
        assert_eq!(hook["transformation"]["id"], made["code"][0]["id"]);
        // It signs in with the account that came with it; what names nothing in the file stays as it is.
        let account = &made["accounts"][0]["id"];
        assert_eq!(&hook["config"]["rudderAccountId"], account);
        assert_eq!(hook["config"]["rudderDeleteAccountId"], "of nobody");
        let account = get(
            &server,
            &format!("/v2/accounts/{}", account.as_str().expect("an id")),
        );
        assert_eq!(account["options"], json!({ "user": "u" }));
        let token = server.given("workspaceToken");
        let polled = polled(&server, token);
        let sent = &polled["accounts"][account["id"].as_str().expect("an id")];
        assert_eq!(sent["secret"]["token"], "a very secret token");
        assert_eq!(
            get(&server, "/v2/connections")["connections"]
                .as_array()
                .map(Vec::len),
            Some(3)
        );
        for path in ["/transformations", "/libraries"] {
            let list = get(&server, path);
            let all = list
                .as_object()
                .and_then(|all| all.values().next())
                .expect("a list");
            assert_eq!(all[0]["isPublished"], true, "{path}");
        }
        let events = server.events("");
        assert!(!json!(events).to_string().contains("a very secret"));
        let imported = events
            .iter()
            .find(|one| one["targetType"] == "source")
            .expect("an event");
        assert!(
            imported["userAgent"]
                .as_str()
                .is_some_and(|agent| agent.starts_with("annals ")),
            "{imported}"
        );
        let request = imported["requestId"].clone();
        let all: Vec<String> = events
            .iter()
            .filter(|one| one["requestId"] == request)
            .map(|one| {
                format!(
                    "{}.{} {}",
                    one["targetType"].as_str().unwrap_or(""),
                    one["action"].as_str().unwrap_or(""),
                    one["targetName"].as_str().unwrap_or("")
                )
            })
            .collect();
        assert_eq!(
            all,
            [
                "account.created hook_oauth",
                "transformation.created Mask",
                "transformation.published Mask",
                "transformation_library.created Utils",
                "transformation_library.published Utils",
                "source.created Source 1",
                "source.created Source 2",
                "destination.created Hook",
                "destination.connected_transformation Hook",
                "destination.created Other",
                "destination.connected_source Hook",
                "destination.connected_source Other",
                "destination.connected_source Hook",
            ]
        );
        assert_eq!(imported["detail"], json!({ "importedFrom": "s1" }));
    }
}

#[test]
fn a_file_that_is_not_as_it_must_be_changes_nothing() {
    for instance in Instance::both() {
        let whole = file().to_string();
        let path = instance.write(&whole[..whole.len() / 2]);
        let said = instance.refused(&[&path]);
        assert!(said.starts_with("annals: FOLDER/workspaceConfig.json is not taken: this is no whole JSON file: it ends too early"), "{said}");
        let mut twice = file();
        twice["sources"][1]["writeKey"] = json!("key-1");
        let path = instance.write(&twice.to_string());
        let said = instance.refused(&[&path]);
        assert_eq!(
            said,
            "annals: FOLDER/workspaceConfig.json is not taken: sources[0] and sources[1] have the same write key"
        );
        // Only the last thing is wrong: what came before it is not there either.
        let mut last = file();
        last["sources"][1]["name"] = json!("n".repeat(256));
        let path = instance.write(&last.to_string());
        for dry in [&["--dry-run"][..], &[]] {
            let said = instance.refused(&[&[&*path], dry].concat());
            assert!(
                said.ends_with("name may have 255 characters at most"),
                "{said}"
            );
        }
        let output = instance.import(&[&path]);
        let text = String::from_utf8(output.stderr).expect("text");
        assert!(!text.contains("writing"), "{text}");
        // Numbers that no data plane could read again.
        let whole = file().to_string();
        for (text, number, place) in [
            (r#"{"user":"u"}"#, r#"{"user":[1e400]}"#, "options.user.0"),
            (
                r#"{"token":"a very secret token"}"#,
                r#"{"token":-1e999}"#,
                "secret.token",
            ),
            (r#""config":{"#, r#""config":{"a":1e400,"#, "config.a"),
        ] {
            assert!(whole.contains(text), "{whole}");
            let path = instance.write(&whole.replacen(text, number, 1));
            let said = instance.refused(&[&path]);
            let wrong = format!(
                "{place} is a number beyond 1.7976931348623157e308, which data planes cannot read"
            );
            assert!(said.ends_with(&wrong), "{said}");
        }
        let said = instance.refused(&["/nowhere/at/all.json"]);
        assert_eq!(
            said,
            "annals: cannot read /nowhere/at/all.json: No such file or directory (os error 2)"
        );
        let server = instance.serve();
        assert_eq!(get(&server, "/v2/sources")["sources"], json!([]));
        assert_eq!(get(&server, "/libraries")["libraries"], json!([]));
    }
}

#[test]
fn settings_that_do_not_fit_their_type_are_refused_where_the_workspace_says_so_and_else_warned_of()
{
    for instance in Instance::both() {
        let definition = json!({ "name": "WEBHOOK", "displayName": "Webhook", "config": {} });
        let schema = json!({ "configSchema": { "type": "object", "properties": { "webhookMethod": { "enum": ["GET"] } } } });
        let folder = instance.folder.path().join("types/destinations/webhook");
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, content) in [("db-config.json", definition), ("schema.json", schema)] {
            std::fs::write(folder.join(name), content.to_string()).expect("written");
        }
        let path = instance.write(&file().to_string());
        let database = instance.database.clone();
        let server = instance.serve();
        let at = format!("/v2/workspaces/{}", server.given("workspaceId"));
        let told = annals(Path::new(BINARY), server.folder.path(), database.as_deref())
            .args(["definitions", "import"])
            .arg(server.folder.path().join("types"))
            .output()
            .expect("annals runs");
        assert!(told.status.success(), "{told:?}");
        let refuse = json!({ "refuseInvalidConfig": true });
        let token = server.given("accessToken").to_owned();
        let answer = server.ask("PUT", &at, &token, "test", Some(&refuse));
        assert_eq!(answer.status, 200);
        let instance = Instance::of(server, database);
        let said = instance.refused(&[&path]);
        assert!(
            said.contains("destination \u{201c}Hook\u{201d}: the settings do not fit the type WEBHOOK: config.webhookMethod"),
            "{said}"
        );
        // A new workspace takes them, as each new one does; its events say what does not fit.
        instance.imported(&[&path, "--new", "Taken"]);
        let server = instance.serve();
        let events = server.events("&action=created&target_type=destination");
        assert_eq!(events.len(), 2);
        for event in events {
            let warnings = &event["detail"]["warnings"];
            assert!(warnings["config.webhookMethod"].is_string(), "{event}");
        }
    }
}

#[test]
fn lists_of_what_was_imported_are_in_the_order_of_the_file() {
    for instance in Instance::both() {
        let hooks: Vec<Value> = (0..9)
            .map(|n| destination(&format!("d{n}"), &format!("D {n}")))
            .collect();
        let sources: Vec<Value> = (0..9).map(|n| source(n, &hooks[n..=n])).collect();
        // One thing is counted as one.
        let one = json!({ "workspaceId": "w", "sources": sources[..1] });
        let path = instance.write(&one.to_string());
        let output = instance.import(&[&path, "--dry-run"]);
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.ends_with("would import 1 connection\n"), "{text}");
        let file = json!({ "workspaceId": "w", "sources": sources });
        let path = instance.write(&file.to_string());
        instance.imported(&[&path]);
        let server = instance.serve();
        for (list, name) in [("sources", "Source"), ("destinations", "D")] {
            let all = get(&server, &format!("/v2/{list}"));
            let all = all[list].as_array().expect("a list").iter();
            let names: Vec<_> = all.filter_map(|one| one["name"].as_str()).collect();
            let in_order: Vec<_> = (0..9).map(|n| format!("{name} {n}")).collect();
            assert_eq!(names, in_order);
        }
    }
}

#[test]
fn an_import_that_is_killed_leaves_nothing() {
    for instance in Instance::both() {
        let destinations: Vec<Value> = (0..50)
            .map(|n| destination(&format!("d{n}"), &format!("D {n}")))
            .collect();
        let sources: Vec<Value> = (0..400)
            .map(|n| source(n, &destinations[n % 50..=n % 50]))
            .collect();
        let path = instance.write(&json!({ "workspaceId": "w", "sources": sources }).to_string());
        let mut child = annals(
            Path::new(BINARY),
            instance.folder.path(),
            instance.database.as_deref(),
        )
        .args(["import", "workspace", &path])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("annals starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its errors")).lines();
        let writing = lines.find_map(|line| line.ok().filter(|line| line.starts_with("writing")));
        assert_eq!(writing.as_deref(), Some("writing 850 things"));
        child.kill().expect("killed");
        child.wait().expect("gone");
        // Whether it had committed by then or not: never a part of it.
        let again = instance.import(&[&path]);
        let server = instance.serve();
        let total = |path: &str| {
            get(&server, path)["paging"]["total"]
                .as_u64()
                .expect("a number")
        };
        assert_eq!(
            (
                total("/v2/sources"),
                total("/v2/destinations"),
                total("/v2/connections")
            ),
            (400, 50, 400),
            "{again:?}"
        );
    }
}
