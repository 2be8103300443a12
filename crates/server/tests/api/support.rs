//! An instance of one's own behind the router, and what tests ask of it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use model::actor::{Actor, Origin, System};
use model::clock::{ManualClock, Micros, SystemEntropy};
use model::id::{RequestId, UserId};
use model::interface::Interface;
use serde_json::{Value, json};
use server::actions::instance::set_up::{Made, SetUp};
use server::app::{App, Config};
use server::auth::secret;
use server::request::Place;
use store::testing::Postgres;
use store::{Guard, Location, Options, Publisher, Store, Upkeep};
use tokio::runtime::Runtime;
use tower::ServiceExt;

mod people;

/// 2026-11-18T09:46:40Z.
pub(crate) const START: Micros = Micros(1_795_000_000_000_000);

/// A set-up instance.
pub(crate) struct Api {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) made: Made,
    /// The personal token of the organization's Admin.
    pub(crate) admin: String,
    /// The organization's service token.
    pub(crate) service: String,
    /// The token of the workspace's data plane.
    pub(crate) data_plane: String,
    pub(crate) app: App,
    pub(crate) router: Router,
    pub(crate) runtime: Runtime,
    pub(crate) location: Location,
    // Removed last.
    pub(crate) folder: tempfile::TempDir,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

/// The status and the code of an answer.
pub(crate) fn status(answer: &Answer) -> (u16, String) {
    let code = answer.json["code"].as_str().unwrap_or_default();
    (answer.status, code.to_owned())
}

impl Answer {
    /// The body of an answer that must be one of success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{}: {}",
            self.status,
            self.json
        );
        self.json
    }

    /// A refusal in one line; it must have the shape that clients read.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        let kind = self.headers.get("content-type");
        assert_eq!(
            kind.and_then(|kind| kind.to_str().ok()),
            Some("application/problem+json"),
            "{}: {}",
            self.status,
            self.json
        );
        assert_eq!(self.json["status"], self.status);
        assert_eq!(self.json["detail"], self.json["message"]);
        let text = |name: &str| self.json[name].as_str().expect("a text").to_owned();
        format!(
            "{} {}: {}",
            self.status,
            text("code"),
            without_ids(&text("message"))
        )
    }
}

impl Api {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Sqlite {
            file: folder.path().join("annals.db"),
            max_pages: None,
        };
        Self::at(folder, location)
    }

    pub(crate) fn postgres() -> Self {
        Self::in_database(Postgres::shared().fresh_database())
    }

    /// In a database of PostgreSQL, of whatever cluster.
    pub(crate) fn in_database(url: String) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::at(folder, Location::Postgres(url))
    }

    fn at(folder: tempfile::TempDir, location: Location) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let options = Options {
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            ..Options::new(location.clone(), folder.path().join("annals.keys"))
        };
        let store = Arc::new(Store::open(options).expect("a store"));
        let new = |kind| secret::new(kind, store.entropy());
        let (admin, service) = (new(secret::Kind::Personal), new(secret::Kind::Service));
        let data_plane = new(secret::Kind::Workspace);
        let action = SetUp {
            link: None,
            instance: "annals.test".to_owned(),
            organization: "Fernhill".to_owned(),
            workspace: "Production".to_owned(),
            name: "Ada Lovelace".to_owned(),
            email: "ada@example.com".to_owned(),
            password: "no password".to_owned(),
            access_token: secret::hash(&admin),
            service_token: secret::hash(&service),
            workspace_token: data_plane.clone(),
        };
        let made = store
            .perform(
                Actor::System(System::CommandLine),
                local_origin(&store),
                action,
            )
            .wait()
            .expect("set up")
            .output;
        let app = App::new(store.clone(), Config::default());
        Self {
            router: server::serve::router(&app),
            app,
            store,
            clock,
            made,
            admin: admin.to_string(),
            service: service.to_string(),
            data_plane: data_plane.to_string(),
            runtime: Runtime::new().expect("a runtime"),
            location,
            folder,
        }
    }

    /// Another process over the same database.
    pub(crate) fn another_process(&self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options {
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            ..Options::new(
                self.location.clone(),
                self.folder.path().join("annals.keys"),
            )
        };
        let store = Arc::new(Store::open(options).expect("a store"));
        let app = App::new(store.clone(), Config::default());
        Self {
            router: server::serve::router(&app),
            app,
            store,
            clock: self.clock.clone(),
            made: self.made,
            admin: self.admin.clone(),
            service: self.service.clone(),
            data_plane: self.data_plane.clone(),
            runtime: Runtime::new().expect("a runtime"),
            location: self.location.clone(),
            folder,
        }
    }

    pub(crate) const fn place(&self) -> Place {
        Place {
            organization: self.made.organization,
            workspace: self.made.workspace,
        }
    }

    /// Sends a request as it is.
    pub(crate) fn send(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(async {
            let response = self
                .router
                .clone()
                .oneshot(request)
                .await
                .expect("an answer");
            let (parts, body) = response.into_parts();
            let bytes = axum::body::to_bytes(body, usize::MAX)
                .await
                .expect("a body");
            Answer {
                status: parts.status.as_u16(),
                json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
                headers: parts.headers,
                bytes: bytes.to_vec(),
            }
        })
    }

    /// Sends a request with a token (an empty one is not sent); `null` is no body.
    pub(crate) fn ask(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.send(request(method, path, token, body))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &self.admin, &Value::Null)
    }

    #[expect(clippy::needless_pass_by_value, reason = "bodies are written in place")]
    pub(crate) fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, &self.admin, &body)
    }

    #[expect(clippy::needless_pass_by_value, reason = "bodies are written in place")]
    pub(crate) fn put(&self, path: &str, body: Value) -> Answer {
        self.ask("PUT", path, &self.admin, &body)
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &self.admin, &Value::Null)
    }

    pub(crate) fn source(&self, name: &str) -> String {
        let body = json!({ "name": name, "type": "Javascript" });
        id(&self.post("/v2/sources", body).ok()["source"])
    }

    pub(crate) fn destination(&self, name: &str) -> String {
        let body = json!({ "name": name, "type": "WEBHOOK" });
        id(&self.post("/v2/destinations", body).ok()["destination"])
    }

    pub(crate) fn connection(&self, source: &str, destination: &str) -> String {
        let body = json!({ "sourceId": source, "destinationId": destination });
        id(&self.post("/v2/connections", body).ok()["connection"])
    }

    pub(crate) fn account(&self, name: &str) -> String {
        let body = json!({ "name": name, "accountDefinitionName": "SOURCE_BIGQUERY", "secret": { "credentials": "s3cret" } });
        id(&self.post("/v2/accounts", body).ok())
    }

    /// A source of reverse ETL that reads what a query gives.
    pub(crate) fn model(&self, name: &str, account: &str) -> String {
        let body = json!({
            "name": name, "sourceType": "model", "sourceDefinitionName": "bigquery", "accountId": account,
            "config": { "primaryKey": "id", "sql": "select 1 as id" },
        });
        id(&self.post("/v2/retl-sources", body).ok())
    }

    /// A connection of reverse ETL.
    pub(crate) fn synced(&self, source: &str, destination: &str) -> String {
        let body = json!({
            "sourceId": source, "destinationId": destination, "schedule": { "type": "manual" },
            "syncBehaviour": "full", "identifiers": [{ "from": "id", "to": "user_id" }],
        });
        id(&self.post("/v2/retl-connections", body).ok())
    }

    /// A transformation or library; `noun` is the path.
    pub(crate) fn code(&self, noun: &str, name: &str, code: &str) -> Value {
        let body = json!({ "name": name, "code": code, "language": "javascript" });
        self.post(&format!("/{noun}"), body).ok()
    }

    pub(crate) fn link(&self, destination: &str, transformation: &str) -> Answer {
        self.put(
            &format!("/v2/destinations/{destination}/transformation"),
            json!({ "transformationId": transformation }),
        )
    }

    /// All events but readings of the log, oldest first.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.events_with(&self.service, "")
    }

    pub(crate) fn events_with(&self, token: &str, filters: &str) -> Vec<Value> {
        let mut path = format!("/v2/audit-logs?per_page=100{filters}");
        let mut events = Vec::new();
        loop {
            let page = self.ask("GET", &path, token, &Value::Null).ok();
            events.extend(page["data"].as_array().expect("events").iter().cloned());
            match page["paging"]["next"].as_str() {
                Some(next) => next.clone_into(&mut path),
                None => break,
            }
        }
        events.retain(|event| event["action"] != "viewed");
        events
    }

    /// The id of the newest event.
    pub(crate) fn last(&self) -> String {
        self.index();
        let path = "/v2/audit-logs?per_page=1&order=desc";
        let page = self.ask("GET", path, &self.service, &Value::Null).ok();
        id(&page["data"][0])
    }

    /// The e-mail of an account.
    pub(crate) fn email(&self, user: UserId) -> String {
        let account = self.store.read(|rx| rx.user(user)).expect("read");
        account.expect("there").email
    }

    /// What was recorded after so many events, as a person reads it, without ids.
    pub(crate) fn told_since(&self, before: usize) -> String {
        let events = self.events();
        let lines: Vec<String> = events[before..].iter().map(told).collect();
        without_ids(&lines.join("\n"))
    }

    /// The events after one, but readings of the log.
    pub(crate) fn since(&self, last: &str) -> Vec<Value> {
        self.events_with(&self.service, &format!("&after_cursor={last}"))
    }

    /// How many events there are, readings of the log aside.
    pub(crate) fn count(&self) -> u64 {
        self.index();
        let total = |query: &str| {
            let path = format!("/v2/audit-logs?per_page=1{query}");
            let page = self.ask("GET", &path, &self.service, &Value::Null).ok();
            page["paging"]["total"].as_u64().expect("a number")
        };
        // Both readings are recorded before they are counted.
        let _ = (total(""), total("&action=viewed"));
        total("") - total("&action=viewed")
    }

    /// Signs all logs, as the server's own job does four times a second.
    pub(crate) fn sign(&self) {
        let folder = self.folder.path().join("guard");
        std::fs::create_dir_all(&folder).expect("a folder");
        let guard = Guard::new(folder);
        let signed = Publisher::new(self.store.clone(), guard).round();
        signed.expect("a round");
    }

    /// Takes everything into the index, as the server's own job does from time to time.
    /// What reaches its time ends, as the server's own job does it.
    pub(crate) fn expire(&self) {
        self.runtime
            .block_on(server::serve::expire(&self.app))
            .expect("ended");
    }

    pub(crate) fn index(&self) {
        while self.store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
    }

    /// All that can be seen of the workspace, and how long the log is: for tests that nothing has changed.
    pub(crate) fn state(&self) -> Value {
        let lists = [
            "/v2/sources",
            "/v2/destinations",
            "/v2/connections",
            "/transformations",
            "/libraries",
            "/v2/accounts",
            "/v2/retl-sources",
            "/v2/retl-connections",
        ];
        let things: Vec<Value> = lists.iter().map(|path| self.get(path).ok()).collect();
        json!({ "things": things, "events": self.count() })
    }
}

pub(crate) fn local_origin(store: &Store) -> Origin {
    Origin::local(
        RequestId::new(store.clock(), store.entropy()),
        Interface::CommandLine,
    )
}

pub(crate) fn request(method: &str, path: &str, token: &str, body: Body) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("user-agent", "test/1");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(body).expect("a request")
}

/// The id of a thing.
#[track_caller]
pub(crate) fn id(thing: &Value) -> String {
    thing["id"].as_str().expect("an id").to_owned()
}

/// The text with `ID` in the place of each id.
pub(crate) fn without_ids(text: &str) -> String {
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

/// An event as a person would tell it.
pub(crate) fn told(event: &Value) -> String {
    use std::fmt::Write as _;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut told = format!(
        "{}.{} {}",
        text(&event["targetType"]),
        text(&event["action"]),
        text(&event["targetName"])
    );
    for one in event["related"].as_array().into_iter().flatten() {
        let _ = write!(told, " ~ {} {}", text(&one["type"]), text(&one["name"]));
    }
    if event["outcome"] != "success" {
        let _ = write!(
            told,
            " [{}: {}]",
            text(&event["outcome"]),
            text(&event["code"])
        );
    }
    for change in event["changes"].as_array().expect("changes") {
        let path = text(&change["path"]);
        let side = |name: &str| {
            let value = change.get(name);
            value.map_or_else(
                || "nothing".to_owned(),
                |value| without_ids(&value.to_string()),
            )
        };
        let _ = if change["redacted"] == true {
            write!(told, "\n  {path}: redacted")
        } else {
            write!(told, "\n  {path}: {} -> {}", side("before"), side("after"))
        };
    }
    told
}

/// One on each database.
pub(crate) fn both() -> [Api; 2] {
    [Api::sqlite(), Api::postgres()]
}

/// What a test says on each database; it must be the same.
#[track_caller]
pub(crate) fn on_both(test: impl Fn(Api) -> String) -> String {
    let [sqlite, postgres] = both().map(test);
    assert_eq!(sqlite, postgres, "SQLite and PostgreSQL differ");
    sqlite
}

/// What a series of requests leaves in the log.
pub(crate) struct Story<'a> {
    api: &'a Api,
    seen: usize,
    text: String,
}

impl<'a> Story<'a> {
    /// Begins now; what was before is not told.
    pub(crate) fn of(api: &'a Api) -> Self {
        Self {
            api,
            seen: api.events().len(),
            text: String::new(),
        }
    }

    /// Tells the events of the request that was just answered: all of them are of that one request.
    #[track_caller]
    pub(crate) fn tell(&mut self, what: &str, answer: Answer) -> Value {
        let request = answer.headers["x-request-id"].clone();
        let events = self.api.events();
        self.text.push_str(&format!("{what}\n"));
        for event in &events[self.seen..] {
            assert_eq!(
                event["requestId"],
                request.to_str().expect("a text"),
                "{what}"
            );
            assert_eq!(event["actorName"], "Ada Lovelace");
            for line in told(event).lines() {
                self.text.push_str(&format!("    {line}\n"));
            }
        }
        self.seen = events.len();
        answer.ok()
    }

    pub(crate) fn end(self) -> String {
        self.text
    }
}
