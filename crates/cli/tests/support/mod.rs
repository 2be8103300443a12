//! A server of one's own: `annals init` and `annals serve` in a folder that goes when it is dropped.

#![expect(
    dead_code,
    unreachable_pub,
    reason = "each test binary, and the example, uses a part of this"
)]

pub mod replay;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

/// A set-up instance whose server runs.
pub struct Server {
    pub folder: tempfile::TempDir,
    pub url: String,
    pub made: Value,
    pub agent: ureq::Agent,
    child: Child,
}

/// An answer: its status and, where it has one, its JSON.
pub struct Answer {
    pub status: u16,
    pub json: Option<Value>,
    pub text: String,
}

/// `annals` with its places in a folder.
pub fn annals(binary: &Path, folder: &Path, database: Option<&str>) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ANNALS_"))
    {
        command.env_remove(name);
    }
    command
        .env("ANNALS_KEYS", folder.join("keys/annals.keys"))
        .env("ANNALS_GUARD", folder.join("guard"))
        .env("HOME", folder);
    match database {
        Some(url) => command.env("ANNALS_DATABASE", url),
        None => command.env("ANNALS_DATA", folder.join("data")),
    };
    command
}

/// `annals init`, which reads the password from a pipe.
pub fn init(binary: &Path, folder: &Path, database: Option<&str>) -> Command {
    let mut init = annals(binary, folder, database);
    init.args(["init", "--organization", "Fernhill"])
        .args(["--workspace", "Production", "--name", "Ada Lovelace"])
        .args(["--email", "ada@example.com", "--password-stdin", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    init
}

impl Server {
    /// Sets an instance up and serves it.
    pub fn start(binary: &Path, database: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut init = init(binary, folder.path(), database)
            .spawn()
            .expect("annals init starts");
        init.stdin
            .take()
            .expect("its input")
            .write_all(b"correct horse battery\n")
            .expect("a password");
        let output = init.wait_with_output().expect("annals init ends");
        assert!(output.status.success(), "annals init fails");
        let made = serde_json::from_slice(&output.stdout).expect("one JSON object");
        Self::serve(binary, database, folder, made)
    }

    /// Serves an instance that is set up in `folder`.
    pub fn serve(
        binary: &Path,
        database: Option<&str>,
        folder: tempfile::TempDir,
        made: Value,
    ) -> Self {
        Self::serve_with(binary, database, folder, made, &[])
    }

    /// The same, with further arguments.
    pub fn serve_with(
        binary: &Path,
        database: Option<&str>,
        folder: tempfile::TempDir,
        made: Value,
        further: &[&str],
    ) -> Self {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.path().join("annals.log"))
            .expect("a log");
        let mut command = annals(binary, folder.path(), database);
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(further)
            .stderr(log);
        Self::run(command, folder, made)
    }

    /// What a command serves that was prepared elsewhere.
    pub fn run(mut command: Command, folder: tempfile::TempDir, made: Value) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("annals serve starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let url = lines
            .find_map(|line| Some(line.ok()?.strip_prefix("listening on ")?.to_owned()))
            .expect("annals serve says where it listens");
        let agent = ureq::Agent::new_with_config(
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build(),
        );
        Self {
            folder,
            url,
            made,
            agent,
            child,
        }
    }

    /// The number of the server's process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// What the server says on standard error, where the command gave it a pipe.
    pub fn errors(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("standard error is a pipe")
    }

    /// Waits until the server has ended by itself, and gives how, with the folder.
    pub fn ended(mut self) -> (ExitStatus, tempfile::TempDir, Value) {
        let status = self.child.wait().expect("it ends");
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        (status, folder, self.made.clone())
    }

    /// Stops the server at once, as a power cut would, and gives the folder.
    pub fn kill(mut self) -> (tempfile::TempDir, Value) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        (folder, self.made.clone())
    }

    /// One of what `annals init` gave.
    pub fn given(&self, name: &str) -> &str {
        self.made[name].as_str().expect("a text")
    }

    /// Sends a request with a token.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        user_agent: &str,
        body: Option<&Value>,
    ) -> Answer {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("user-agent", user_agent)
            .body(body.map(Value::to_string).unwrap_or_default())
            .expect("a request");
        let mut answer = self.agent.run(request).expect("an answer");
        let text = answer.body_mut().read_to_string().expect("a body");
        Answer {
            status: answer.status().as_u16(),
            json: serde_json::from_str(&text).ok(),
            text,
        }
    }

    /// The names of all sources, in the order of the alphabet.
    pub fn sources(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut path = "/v2/sources?per_page=500".to_owned();
        loop {
            let page = self.ask("GET", &path, self.given("accessToken"), "test", None);
            let page = page.json.expect("a page");
            let sources = page["sources"].as_array().expect("sources");
            names.extend(
                sources
                    .iter()
                    .map(|one| one["name"].as_str().expect("a name").to_owned()),
            );
            match page["paging"]["next"].as_str() {
                Some(next) => next.clone_into(&mut path),
                None => break,
            }
        }
        names.sort_unstable();
        names
    }

    /// All events of the log, oldest first, through all pages.
    pub fn events(&self, filters: &str) -> Vec<Value> {
        let mut events = Vec::new();
        let mut path = format!("/v2/audit-logs?per_page=100{filters}");
        loop {
            let page = self.ask("GET", &path, self.given("serviceToken"), "test", None);
            let page = page.json.expect("a page");
            events.extend(page["data"].as_array().expect("events").iter().cloned());
            match page["paging"]["next"].as_str() {
                Some(next) => next.clone_into(&mut path),
                None => return events,
            }
        }
    }
}

/// Waits until all that is recorded is signed: the receipt of the newest event waits for it.
pub fn signed(server: &Server) {
    let newest = server.ask(
        "GET",
        "/v2/audit-logs?order=desc&per_page=1",
        server.given("serviceToken"),
        "test",
        None,
    );
    let id = newest.json.expect("JSON")["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let proof = server.ask(
        "GET",
        &format!("/v2/audit-logs/{id}/proof"),
        server.given("serviceToken"),
        "test",
        None,
    );
    assert_eq!(proof.status, 200);
}

/// Waits until it is so, for half a minute at most.
#[track_caller]
pub fn wait_for(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..300 {
        if is() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what} did not come");
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
