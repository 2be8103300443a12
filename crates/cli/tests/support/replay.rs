//! Replays what a client sent, request by request, and checks that the answers have what the client was answered then.
//!
//! A line of a recording is `{method, path, query?, userAgent, request?, status, answer?}`. The ids in paths and bodies are
//! those of the recorded answers; they are mapped to ours as they come.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::{Server, annals, signed};

/// What is not compared: it depends on when and where, not on what the client sent.
const VOLATILE: [&str; 6] = [
    "createdAt",
    "updatedAt",
    "writeKey",
    "pageSize",
    "currentPage",
    "total",
];

/// What a replay says.
#[derive(Default)]
pub struct Outcome {
    pub requests: usize,
    /// What is not as the client needs it, in words.
    pub faults: Vec<String>,
    /// `interface type.action name` for each change, as it should stand in the log.
    pub expected: Vec<String>,
}

#[derive(Default)]
struct State {
    /// Recorded ids and keys, to ours.
    ids: HashMap<String, String>,
    /// The last recorded state of each thing, by recorded id.
    things: HashMap<String, Value>,
}

fn is_id(text: &str) -> bool {
    text.len() == 27 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl State {
    fn ours(&self, text: &str) -> String {
        text.split('/')
            .map(|part| self.ids.get(part).map_or(part, String::as_str))
            .collect::<Vec<_>>()
            .join("/")
    }

    fn translate(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                Value::String(self.ids.get(text).cloned().unwrap_or_else(|| text.clone()))
            }
            Value::Array(all) => all.iter().map(|one| self.translate(one)).collect(),
            Value::Object(all) => Value::Object(
                all.iter()
                    .map(|(key, one)| (key.clone(), self.translate(one)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// Whether `got` has all that `recorded` has; learns ids on the way.
    fn compare(&mut self, recorded: &Value, got: &Value, path: &str, faults: &mut Vec<String>) {
        match (recorded, got) {
            (Value::Object(recorded), Value::Object(got)) => {
                for (key, value) in recorded {
                    let path = format!("{path}.{key}");
                    match got.get(key) {
                        None => faults.push(format!("{path} is missing")),
                        Some(got) if VOLATILE.contains(&key.as_str()) => {
                            if std::mem::discriminant(value) != std::mem::discriminant(got) {
                                faults.push(format!("{path} is of another type: {got}"));
                            }
                        }
                        Some(got) => self.compare(value, got, &path, faults),
                    }
                }
            }
            (Value::Array(recorded), Value::Array(got)) => {
                if recorded.len() != got.len() {
                    faults.push(format!(
                        "{path} has {} elements in place of {}",
                        got.len(),
                        recorded.len()
                    ));
                }
                // A list's order is the server's: things are matched by the id that their creation was answered with.
                for (index, one) in recorded.iter().enumerate() {
                    let known = one
                        .get("id")
                        .and_then(Value::as_str)
                        .and_then(|id| self.ids.get(id));
                    let match_of = match known {
                        Some(id) => got.iter().find(|other| other["id"] == **id),
                        None => got.get(index),
                    };
                    match match_of.cloned() {
                        Some(other) => {
                            self.compare(one, &other, &format!("{path}[{index}]"), faults);
                        }
                        None => faults.push(format!("{path}[{index}] is missing")),
                    }
                }
            }
            (Value::String(recorded), Value::String(got)) if is_id(recorded) => {
                let known = self
                    .ids
                    .entry(recorded.clone())
                    .or_insert_with(|| got.clone());
                if known != got {
                    faults.push(format!("{path} is {got} in place of {known}"));
                }
            }
            (recorded, got) if recorded == got => {}
            (recorded, got) => faults.push(format!("{path} is {got} in place of {recorded}")),
        }
    }

    /// The events that a request should have given.
    fn changes(&mut self, line: &Value) -> Vec<String> {
        let method = line["method"].as_str().unwrap_or_default();
        let path = line["path"].as_str().unwrap_or_default();
        let mut parts = path
            .trim_start_matches('/')
            .split('/')
            .filter(|part| *part != "v2");
        let (Some(noun), id) = (parts.next(), parts.next()) else {
            return Vec::new();
        };
        let answer = line["answer"].as_object().and_then(|answer| {
            let inner = ["source", "destination", "connection"]
                .iter()
                .find_map(|key| answer.get(*key));
            Some(inner.cloned().unwrap_or_else(|| line["answer"].clone()))
                .filter(|one| one.get("id").is_some())
        });
        let kind = match noun {
            "sources" | "event-stream-sources" => "source",
            "destinations" => "destination",
            "connections" => "connection",
            "transformations" if id == Some("publish") => return self.published(line),
            "transformations" => "transformation",
            "libraries" => "transformation_library",
            _ => return Vec::new(),
        };
        let name = |one: &Value| one["name"].as_str().unwrap_or_default().to_owned();
        let mut events = Vec::new();
        let is_code = kind.starts_with("transformation");
        match (method, answer) {
            ("POST", Some(now)) if is_code && id.is_some() => {
                let id = now["id"].as_str().unwrap_or_default().to_owned();
                if self
                    .things
                    .get(&id)
                    .is_none_or(|before| before["versionId"] != now["versionId"])
                {
                    events.push(format!("{kind}.updated {}", name(&now)));
                }
                self.things.insert(id, now);
            }
            ("POST", Some(now)) => {
                if kind == "connection" {
                    let to = self
                        .things
                        .get(now["destinationId"].as_str().unwrap_or_default());
                    events.push(format!(
                        "destination.connected_source {}",
                        to.map(name).unwrap_or_default()
                    ));
                } else {
                    events.push(format!("{kind}.created {}", name(&now)));
                }
                self.things
                    .insert(now["id"].as_str().unwrap_or_default().to_owned(), now);
            }
            ("PUT", Some(now)) => {
                let id = now["id"].as_str().unwrap_or_default().to_owned();
                let before = self.things.get(&id).cloned().unwrap_or_default();
                let rest = |one: &Value| {
                    let mut one = one.clone();
                    if let Some(members) = one.as_object_mut() {
                        members.retain(|key, _| !["name", "updatedAt"].contains(&key.as_str()));
                    }
                    one
                };
                if name(&before) != name(&now) {
                    events.push(format!("{kind}.updated_name {}", name(&now)));
                }
                if rest(&before) != rest(&now) {
                    events.push(format!("{kind}.updated {}", name(&now)));
                }
                self.things.insert(id, now);
            }
            ("DELETE", _) => {
                let Some(gone) = id.and_then(|id| self.things.remove(id)) else {
                    return Vec::new();
                };
                if kind == "connection" {
                    let to = self
                        .things
                        .get(gone["destinationId"].as_str().unwrap_or_default());
                    events.push(format!(
                        "destination.disconnected_source {}",
                        to.map(name).unwrap_or_default()
                    ));
                } else {
                    events.push(format!("{kind}.deleted {}", name(&gone)));
                }
            }
            _ => {}
        }
        events
    }
}

impl State {
    /// Publishing gives an event for each library, then for each transformation.
    fn published(&self, line: &Value) -> Vec<String> {
        let mut events = Vec::new();
        for (list, kind) in [
            ("libraries", "transformation_library"),
            ("transformations", "transformation"),
        ] {
            for one in line["request"][list].as_array().into_iter().flatten() {
                let named = self
                    .things
                    .values()
                    .find(|thing| thing["versionId"] == one["versionId"]);
                let name = named
                    .and_then(|thing| thing["name"].as_str())
                    .unwrap_or_default();
                events.push(format!("{kind}.published {name}"));
            }
        }
        events
    }
}

/// Replays a recording with the personal token of a server.
pub fn replay(server: &Server, recording: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let mut state = State::default();
    for (number, line) in recording
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let method = line["method"].as_str().expect("a method");
        let recorded_path = line["path"].as_str().expect("a path");
        let mut path = state.ours(recorded_path);
        if let Some(query) = line["query"].as_str() {
            path = format!("{path}?{query}");
        }
        let user_agent = line["userAgent"].as_str().unwrap_or("replay");
        let body = line
            .get("request")
            .filter(|body| !body.is_null())
            .map(|body| state.translate(body));
        let answer = server.ask(
            method,
            &path,
            server.given("accessToken"),
            user_agent,
            body.as_ref(),
        );
        outcome.requests += 1;
        let place = format!("line {}: {method} {recorded_path}", number + 1);
        let status = line["status"].as_u64().unwrap_or_default();
        if u64::from(answer.status) != status {
            outcome.faults.push(format!(
                "{place}: status {} in place of {status}: {:?}",
                answer.status, answer.json
            ));
            continue;
        }
        if (200..300).contains(&status) {
            let mut faults = Vec::new();
            if let (Some(recorded), Some(got)) = (line.get("answer"), &answer.json) {
                if recorded_path == "/v2/workspace" {
                    // Which workspace it is, is ours to say; that it says so, is the client's to need.
                    for key in ["id", "name", "environment", "status", "region"] {
                        if !got["workspace"][key].is_string() {
                            faults.push(format!("workspace.{key} is no text"));
                        }
                    }
                } else {
                    state.compare(recorded, got, "answer", &mut faults);
                }
            } else if line.get("answer").is_some() {
                faults.push("there is no JSON in the answer".to_owned());
            }
            outcome
                .faults
                .extend(faults.into_iter().map(|fault| format!("{place}: {fault}")));
            let interface = if user_agent.starts_with("terraform-provider") {
                "terraform"
            } else if user_agent.starts_with("rudder-cli") {
                "command_line"
            } else {
                "api"
            };
            outcome.expected.extend(
                state
                    .changes(&line)
                    .into_iter()
                    .map(|event| format!("{interface} {event}")),
            );
        } else if answer.json.as_ref().is_none_or(|json| !json.is_object()) {
            outcome
                .faults
                .push(format!("{place}: an error that is no JSON object"));
        }
    }
    outcome
}

/// Takes the whole log out and checks it offline, with all that it discloses; gives what was found, which should be nothing.
pub fn unproven(server: &Server, binary: &Path, database: Option<&str>) -> Vec<String> {
    signed(server);
    let folder = server.folder.path();
    let export = folder.join("export");
    let run = |words: &[&str]| {
        let mut command = annals(binary, folder, database);
        let output = command.args(words).arg(&export).output();
        let output = output.expect("annals starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then(|| format!("{}: {said}", words[0]))
    };
    let mut found: Vec<String> = run(&["export", "--output"]).into_iter().collect();
    let vkey = std::fs::read_to_string(export.join("vkey")).unwrap_or_default();
    found.extend(run(&["verify", "--key", vkey.trim()]));
    found
}

/// The changes that stand in the log, in order, as [`Outcome::expected`] has them.
pub fn recorded(server: &Server) -> Vec<String> {
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or("-").to_owned();
    server
        .events("")
        .iter()
        .filter(|event| {
            matches!(
                event["targetType"].as_str(),
                Some("source" | "destination" | "transformation" | "transformation_library")
            )
        })
        .map(|event| {
            let actor = (text(event, "actorName"), text(event, "actorEmail"));
            assert_eq!(
                actor,
                ("Ada Lovelace".to_owned(), "ada@example.com".to_owned()),
                "the token's owner acts"
            );
            format!(
                "{} {}.{} {}",
                text(event, "interface"),
                text(event, "targetType"),
                text(event, "action"),
                text(event, "targetName")
            )
        })
        .collect()
}
