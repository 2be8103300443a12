//! Code is run by a transformer before it is published: a real server, and a peer that runs JavaScript, as processes.
//! The peer is `tests/transformer/peer.mjs`; it needs Node.js, as the browser tests do.

#[path = "support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use store::testing::Postgres;
use support::{Answer, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_annals");
const SECRET: &str = "what the host knows";

struct Peer {
    child: Child,
    url: String,
}

impl Peer {
    fn start() -> Self {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/transformer/peer.mjs"
        );
        let mut child = Command::new("node")
            .args(["--no-warnings", "--experimental-vm-modules", file])
            .env("CONFIG_BACKEND_HOSTED_SECRET", SECRET)
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let url = lines
            .find_map(|line| Some(line.ok()?.strip_prefix("listening on ")?.to_owned()))
            .expect("the peer says where it listens");
        Self { child, url }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server with a transformer, which asks it for code with the secret alone.
struct Both {
    server: Server,
    _peer: Peer,
}

impl Both {
    fn start(database: Option<&str>) -> Self {
        let peer = Peer::start();
        let (folder, made) = Server::start(Path::new(BINARY), database).kill();
        let further = [
            "--transformer-url",
            &peer.url,
            "--hosted-secret",
            SECRET,
            "--transformer-from",
            "192.0.2.0/24",
        ];
        let server = Server::serve_with(Path::new(BINARY), database, folder, made, &further);
        let mut told = server
            .agent
            .post(format!("{}/peer", peer.url))
            .send_json(json!({ "backend": server.url }))
            .expect("told");
        assert_eq!(told.status(), 200, "{:?}", told.body_mut().read_to_string());
        Self {
            server,
            _peer: peer,
        }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let token = self.server.given("accessToken");
        // A body that nobody reads may end the connection.
        let body = Some(body).filter(|body| !body.is_null());
        self.server
            .ask(method, path, token, "rudder-cli/0.24.0", body)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.ask("POST", path, body);
        let json = answer.json.expect("JSON");
        assert!(
            (200..300).contains(&answer.status),
            "{}: {json}",
            answer.status
        );
        json
    }

    fn code(&self, noun: &str, name: &str, code: &str) -> Value {
        let body = json!({ "name": name, "description": "", "code": code, "language": "javascript", "externalId": name });
        self.post(&format!("/{noun}?publish=false"), &body)
    }

    /// The events since there were `before`, as a person would tell them.
    fn told(&self, before: usize) -> String {
        let mut told = String::new();
        for event in &self.server.events("")[before..] {
            if event["action"] == "viewed" {
                continue;
            }
            let text = |name: &str| event[name].as_str().unwrap_or("-").to_owned();
            let _ = write!(
                told,
                "{}.{} {}",
                text("targetType"),
                text("action"),
                text("targetName")
            );
            if event["outcome"] != "success" {
                let _ = write!(told, " [{}: {}]", text("outcome"), text("code"));
            }
            if let Some(detail) = event.get("detail").filter(|detail| !detail.is_null()) {
                let _ = write!(told, " {}", without_ids(&detail.to_string()));
            }
            told.push('\n');
        }
        told
    }

    fn size(&self) -> usize {
        self.server.events("").len()
    }
}

fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() == 27 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    text.split_inclusive(|c: char| !c.is_ascii_alphanumeric())
        .map(|piece| {
            let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            if is_id(word) {
                piece.replacen(word, "ID", 1)
            } else {
                piece.to_owned()
            }
        })
        .collect()
}

const SHOUT: &str = "export function shout(text) { return text.toUpperCase(); }";
const ONE: &str = "import { shout } from \"utilsLibrary\";\n\nexport function transformEvent(event, metadata) {\n  if (event.drop) return null;\n  if (event.event === undefined) throw new Error('no event');\n  return { ...event, event: shout(event.event) };\n}\n";

fn publish(one: &Value, library: &Value, suite: &Value) -> Value {
    json!({ "transformations": [{ "versionId": one["versionId"], "testSuite": suite }], "libraries": [{ "versionId": library["versionId"] }] })
}

#[test]
fn what_passes_its_tests_is_published_and_what_fails_is_not_and_says_why() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let both = Both::start(database.as_deref());
        // Nobody has published the library: the peer gets its version nevertheless.
        let library = both.code("libraries", "Utils Library", SHOUT);
        let one = both.code("transformations", "Loud", ONE);
        let before = both.size();

        let good = json!({ "id": "1", "name": "shouts", "input": [{ "event": "a", "n": 1 }, { "drop": true }], "expectedOutput": [{ "n": 1.0, "event": "A" }] });
        let other = json!({ "id": "2", "name": "whispers", "description": "d", "input": [{ "event": "a" }], "expectedOutput": [{ "event": "a" }] });
        let throws = json!({ "id": "3", "name": "throws", "input": [{ "event": "a", "messageId": "m1" }, { "messageId": "m2" }] });
        let suite = json!([good, other, throws]);

        let answer = both.post(
            "/transformations/tests/run",
            &publish(&one, &library, &suite),
        );
        assert_eq!(answer["pass"], false);
        let failed = both.post("/transformations/publish", &publish(&one, &library, &suite));
        assert_eq!(failed["published"], false);
        assert_eq!(failed["validationOutput"], answer["validationOutput"]);
        let said = &failed["validationOutput"]["libraries"][0];
        assert_eq!(
            (&said["pass"], &said["handleName"], &said["externalId"]),
            (
                &json!(true),
                &json!("utilsLibrary"),
                &json!("Utils Library")
            )
        );
        let said = &failed["validationOutput"]["transformations"][0];
        assert_eq!(
            (&said["pass"], &said["testResult"]["status"]),
            (&json!(false), &json!("error"))
        );
        assert_eq!(
            (&said["versionId"], &said["imports"]),
            (&one["versionId"], &json!(["utilsLibrary"]))
        );
        // A client compares the item whole: what is wrong stands with its tests.
        assert_eq!(said["message"], json!(null));
        let results = &said["testResult"]["results"];
        assert_eq!(
            results[0],
            json!({ "id": "1", "name": "shouts", "status": "pass", "actualOutput": [{ "event": "A", "n": 1 }] })
        );
        assert_eq!(
            results[1],
            json!({ "id": "2", "name": "whispers", "description": "d", "status": "fail", "actualOutput": [{ "event": "A" }] })
        );
        assert_eq!(
            (
                &results[2]["status"],
                &results[2]["errors"][0]["eventIndex"]
            ),
            (&json!("error"), &json!(1))
        );
        assert_eq!(
            results[2]["errors"][0]["event"],
            json!({ "messageId": "m2" })
        );
        let now = both.post(
            "/transformations/publish",
            &publish(&one, &library, &json!([good])),
        );
        assert_eq!(now["published"], true);
        let said = &now["validationOutput"]["transformations"][0];
        assert_eq!(
            (&said["pass"], &said["testResult"]["status"]),
            (&json!(true), &json!("pass"))
        );
        assert!(said.get("message").is_none(), "{said}");
        let published = [
            "transformation_library.published Utils Library",
            "transformation.published Loud",
        ];
        let told = both.told(before);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines[0],
            "transformation.published Loud [failed: tests_failed]"
        );
        for (line, name) in lines[1..].iter().zip(published) {
            assert!(line.starts_with(name), "{told}");
            assert!(
                line.contains("passed: 1") && line.contains("utilsLibrary"),
                "{told}"
            );
        }
        assert_eq!(lines.len(), 3, "{told}");
    }
}

#[test]
fn a_library_with_a_wrong_syntax_is_not_published_and_one_that_throws_later_is() {
    let both = Both::start(None);
    let wrong = both.code("libraries", "Wrong", "export function f() {");
    let late = both.code(
        "libraries",
        "Late",
        "export function f() { throw new Error('late'); }",
    );
    let body = |one: &Value| json!({ "libraries": [{ "versionId": one["versionId"] }] });
    let answer = both.post("/libraries/publish", &body(&wrong));
    let said = &answer["validationOutput"]["libraries"][0];
    assert_eq!(
        (&answer["published"], &said["pass"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(said["handleName"], "wrong");
    assert!(
        said["message"]
            .as_str()
            .expect("a text")
            .contains("SyntaxError"),
        "{said}"
    );
    assert_eq!(
        both.post("/transformations/libraries/publish", &body(&late))["published"],
        true
    );
}

#[test]
fn what_is_published_as_it_is_written_is_tested_before_it_is_written() {
    let both = Both::start(None);
    let path = "/transformations?publish=true";
    let new = |name: &str, code: &str, events: Value| json!({ "name": name, "code": code, "language": "javascript", "events": events });
    let before = both.size();
    // A transformer would not find it either.
    let refused = both.ask("POST", path, &new("One", ONE, json!([])));
    assert_eq!(refused.status, 400);
    let said = refused.json.expect("a problem");
    assert_eq!(said["code"], "library_not_here");
    let throws = "export function transformEvent(event) { return event.a.b; }";
    let refused = both.ask("POST", path, &new("One", throws, json!([])));
    assert_eq!(refused.status, 409);
    let said = refused.json.expect("a problem");
    assert_eq!(said["code"], "tests_failed");
    let list = both
        .ask("GET", "/transformations", &Value::Null)
        .json
        .expect("a list");
    assert_eq!(list["transformations"], json!([]), "nothing was written");

    let library = json!({ "name": "Utils Library", "code": SHOUT, "language": "javascript" });
    both.post("/libraries?publish=true", &library);
    let refused = both.ask("POST", path, &new("One", ONE, json!([{ "type": "page" }])));
    assert_eq!(refused.status, 409, "it throws on this event");
    let made = both.post(path, &new("One", ONE, json!([{ "event": "a" }])));
    assert_eq!(made["isPublished"], true);
    let path = format!(
        "/transformations/{}?publish=true",
        made["id"].as_str().expect("an id")
    );
    let refused = both.ask("POST", &path, &json!({ "code": "export const none = 1;" }));
    assert_eq!(refused.status, 409);
    let done = both.post(
        &path,
        &json!({ "code": "export function transformBatch(events) { return events; }" }),
    );
    assert_eq!(done["isPublished"], true);
    let told = both.told(before);
    let lines: Vec<&str> = told
        .lines()
        .map(|line| line.split(" {").next().unwrap_or_default())
        .collect();
    // What is refused twice in the same way within ten minutes is one event.
    assert_eq!(
        lines,
        [
            "transformation.created One [failed: tests_failed]",
            "transformation_library.created Utils Library",
            "transformation_library.published Utils Library",
            "transformation.created One",
            "transformation.published One",
            "transformation.updated One [failed: tests_failed]",
            "transformation.updated One",
            "transformation.published One",
        ]
    );
}

#[test]
fn older_clients_hear_of_tests_in_their_own_words() {
    let both = Both::start(None);
    let good = both.code(
        "transformations",
        "Good",
        "export function transformEvent(event) { return { a: event.a + 1 }; }",
    );
    let bad = both.code(
        "transformations",
        "Bad",
        "export function transformEvent(event) { return nothing; }",
    );
    let one =
        |version: &Value| json!({ "versionId": version["versionId"], "testInput": [{ "a": 1 }] });
    let answer = both.post(
        "/transformations/libraries/test",
        &json!({ "transformations": [one(&good), one(&bad)] }),
    );
    let result = &answer["result"];
    assert_eq!(
        result["successTestResults"][0]["transformerVersionID"],
        good["versionId"]
    );
    assert_eq!(
        result["successTestResults"][0]["result"]["output"]["transformedEvents"],
        json!([{ "a": 2 }])
    );
    assert_eq!(result["failedTestResults"][0]["name"], "Bad");
    assert_eq!(result["failedTestResults"][0]["id"], bad["id"]);
}
