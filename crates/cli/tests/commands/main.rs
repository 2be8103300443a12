//! The command line, and what a server does when it is stopped, killed or out of room.

mod killed;
mod log;
mod people;
mod set_up;
#[path = "../support/mod.rs"]
mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::json;
use store::testing::Postgres;
use support::{Server, annals};

const BINARY: &str = env!("CARGO_BIN_EXE_annals");

const PASSWORD: &str = "correct horse battery\n";

fn run(folder: &Path, database: Option<&str>, arguments: &[&str], input: &str) -> Output {
    let mut child = annals(Path::new(BINARY), folder, database)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("annals starts");
    // It may end without reading.
    let _ = child
        .stdin
        .take()
        .expect("its input")
        .write_all(input.as_bytes());
    child.wait_with_output().expect("annals ends")
}

/// Runs what must not fail.
#[track_caller]
fn done(folder: &Path, database: Option<&str>, arguments: &[&str], input: &str) -> Output {
    let output = run(folder, database, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output
}

fn init(folder: &Path, database: Option<&str>, email: &str, password: &str) -> Output {
    let fixed = [
        "init",
        "--organization",
        "Fernhill",
        "--workspace",
        "Production",
        "--name",
        "Ada",
        "--password-stdin",
        "--json",
        "--email",
    ];
    run(folder, database, &[&fixed[..], &[email]].concat(), password)
}

/// What it says when it fails: one sentence on standard error, and nothing on standard output.
#[track_caller]
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).expect("text");
    assert_eq!(text.lines().count(), 1, "one sentence: {text}");
    text.trim_end().to_owned()
}

#[test]
fn the_checked_in_description_is_that_of_the_code() {
    let output = run(Path::new("/"), None, &["openapi"], "");
    let now = String::from_utf8(output.stdout).expect("text");
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json"))
        .expect("openapi.json");
    assert!(
        now == kept,
        "openapi.json is old; make it anew: cargo run -p annals -- openapi > openapi.json"
    );
}

#[test]
fn a_database_that_cannot_be_reached_is_told_without_its_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = refusal(&run(
        folder.path(),
        Some("postgres://ada:needle@127.0.0.1:1/annals"),
        &["migrate"],
        "",
    ));
    assert!(!told.contains("needle"), "{told}");
}

#[test]
fn a_key_file_that_does_not_fit_is_refused() {
    let (one, two) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    for folder in [&one, &two] {
        assert!(
            init(folder.path(), None, "ada@example.com", PASSWORD)
                .status
                .success()
        );
    }
    let keys = "keys/annals.keys";
    std::fs::copy(two.path().join(keys), one.path().join(keys)).expect("copied");
    let told = refusal(&run(one.path(), None, &["migrate"], ""));
    assert!(told.contains("key"), "{told}");
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_with_its_event_and_no_gap() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let (acknowledged, served) = (
            std::sync::Mutex::new(Vec::new()),
            std::sync::mpsc::channel(),
        );
        let (folder, made) = std::thread::scope(|scope| {
            let (url, token) = (server.url.clone(), server.given("accessToken").to_owned());
            for worker in 0..16 {
                let (url, token, acknowledged, served) =
                    (url.clone(), token.clone(), &acknowledged, served.0.clone());
                scope.spawn(move || {
                    for n in 0.. {
                        let name = format!("{worker}-{n}");
                        let body = json!({ "name": name, "type": "HTTP" }).to_string();
                        let request = ureq::post(format!("{url}/v2/sources"))
                            .header("authorization", format!("Bearer {token}"));
                        match request.send(&body) {
                            Ok(answer) if answer.status() == 201 => {
                                acknowledged.lock().expect("no panic").push(name);
                            }
                            _ => return,
                        }
                        let _ = served.send(());
                    }
                });
            }
            // In the middle of it: after a hundred, while the others are under way.
            for _ in 0..100 {
                served.1.recv().expect("an answer");
            }
            server.kill()
        });
        let server = Server::serve(Path::new(BINARY), database.as_deref(), folder, made);
        let events = server.events("");
        for (place, event) in events.iter().enumerate() {
            assert_eq!(event["sequence"], place, "no gap");
        }
        let mut recorded: Vec<&str> = events
            .iter()
            .filter(|event| event["targetType"] == "source")
            .filter_map(|event| event["targetName"].as_str())
            .collect();
        let there = server.sources();
        recorded.sort_unstable();
        assert_eq!(
            recorded, there,
            "no change without event, no event without change"
        );
        for name in acknowledged.into_inner().expect("no panic") {
            assert!(there.contains(&name), "{name} was acknowledged");
        }
    }
}

#[test]
fn a_body_that_stops_half_way_is_told_so_and_changes_nothing() {
    let server = Server::start(Path::new(BINARY), None);
    let before = server.events("").len();
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut socket = TcpStream::connect(address).expect("connected");
    let token = server.given("accessToken");
    let head = format!(
        "POST /v2/sources HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: 1000\r\n\r\n{{\"name\":"
    );
    socket.write_all(head.as_bytes()).expect("sent");
    socket
        .shutdown(std::net::Shutdown::Write)
        .expect("half closed");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains(r#""code":"incomplete_body""#), "{answer}");
    assert_eq!(server.events("").len(), before);
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set_and_addresses_may_be_short() {
    let (folder, made) = Server::start(Path::new(BINARY), None).kill();
    let mut command = annals(Path::new(BINARY), folder.path(), None);
    command
        .args([
            "serve",
            "--listen",
            "localhost:0",
            "--trusted-proxy",
            "10.0.0.1",
        ])
        .env("ANNALS_PUBLIC_URL", "")
        .env("ANNALS_METRICS_FROM", "")
        .env("ANNALS_NO_MIGRATE", "1")
        .stderr(Stdio::null());
    let server = Server::run(command, folder, made);
    let health = server.ask("GET", "/health", "", "test", None);
    assert_eq!(health.status, 200);

    let (folder, _) = server.kill();
    for (arguments, said) in [
        (["--listen", ":80"], "an address and a port are wanted"),
        (["--trusted-proxy", "here"], "or one address, is wanted"),
        (["--log", "=="], "invalid filter directive"),
    ] {
        let output = annals(Path::new(BINARY), folder.path(), None)
            .arg("serve")
            .args(arguments)
            .output()
            .expect("it ends");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(said), "{errors}");
    }
}

#[test]
fn output_that_cannot_be_written_is_one_sentence_and_no_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let full = || std::fs::File::options().write(true).open("/dev/full");
    let names = ["--organization", "O", "--workspace", "W", "--name", "N"];
    let rest = ["--email", "n@example.com", "--password-stdin", "--json"];
    let mut init = annals(Path::new(BINARY), folder.path(), None)
        .arg("init")
        .args(names)
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(full().expect("a full device"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = init.stdin.take().expect("its input");
    write!(input, "{PASSWORD}").expect("a password");
    drop(input);
    let output = init.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("annals token create"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    let output = annals(Path::new(BINARY), folder.path(), None)
        .arg("openapi")
        .stdout(full().expect("a full device"))
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}
