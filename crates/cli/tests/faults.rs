//! A server that is told to stop while it is at work, and one whose disk is full: what was acknowledged is there, and
//! nothing is half.

#[path = "support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use store::Location;
use store::testing::{Postgres, Raw};
use support::{Server, annals, init};

const BINARY: &str = env!("CARGO_BIN_EXE_annals");

/// The sources are those of the log, and all that was acknowledged is among them; the log has no gap.
#[track_caller]
fn compare(server: &Server, acknowledged: &[String]) {
    let events = server.events("");
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event["sequence"], place, "no gap");
    }
    let mut recorded: Vec<&str> = events
        .iter()
        .filter(|event| event["targetType"] == "source" && event["action"] == "created")
        .filter_map(|event| event["targetName"].as_str())
        .collect();
    recorded.sort_unstable();
    let there = server.sources();
    assert_eq!(
        recorded, there,
        "no change without event, no event without change"
    );
    for name in acknowledged {
        assert!(there.contains(name), "{name} was acknowledged");
    }
}

fn create(server: &Server, name: &str) -> (u16, Value) {
    let body = json!({ "name": name, "type": "HTTP" });
    let token = server.given("accessToken");
    let answer = server.ask("POST", "/v2/sources", token, "test", Some(&body));
    (answer.status, answer.json.expect("JSON"))
}

#[test]
fn a_server_that_is_told_to_stop_answers_what_is_under_way_and_ends() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let (folder, made) = Server::start(Path::new(BINARY), database.as_deref()).kill();
        let mut command = annals(Path::new(BINARY), folder.path(), database.as_deref());
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped());
        let mut server = Server::run(command, folder, made);
        let mut errors = BufReader::new(server.errors()).lines();
        let (url, token) = (server.url.clone(), server.given("accessToken").to_owned());

        // A request whose body has not come yet; that it is under way is known by the answer that it may come.
        let body = r#"{"name":"slow","type":"HTTP"}"#;
        let mut socket = TcpStream::connect(url.trim_start_matches("http://")).expect("connected");
        let head = format!(
            "POST /v2/sources HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).expect("sent");
        let mut go_on = [0; 12];
        socket.read_exact(&mut go_on).expect("an answer");
        assert_eq!(&go_on, b"HTTP/1.1 100");

        let acknowledged = Mutex::new(vec!["slow".to_owned()]);
        std::thread::scope(|scope| {
            let (served, has_served) = std::sync::mpsc::channel();
            for worker in 0..16 {
                let (url, token, served) = (url.clone(), token.clone(), served.clone());
                let acknowledged = &acknowledged;
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
            for _ in 0..50 {
                has_served.recv().expect("an answer");
            }
            let stop = Command::new("kill")
                .arg(server.process().to_string())
                .status();
            assert!(stop.expect("kill").success());
            assert!(
                errors.any(|line| line.is_ok_and(|line| line.contains("stopping"))),
                "it says that it stops"
            );
            // Only now the rest of the slow request; its change is done, and answered.
            socket.write_all(body.as_bytes()).expect("sent");
            let mut answer = String::new();
            socket.read_to_string(&mut answer).expect("an answer");
            assert!(answer.contains("HTTP/1.1 201"), "{answer}");
            assert!(answer.contains("annals-sequence"), "{answer}");
        });
        let (status, folder, made) = server.ended();
        assert!(status.success(), "{status}");
        assert!(
            TcpStream::connect(url.trim_start_matches("http://")).is_err(),
            "nobody listens there any more"
        );
        let server = Server::serve(Path::new(BINARY), database.as_deref(), folder, made);
        compare(&server, &acknowledged.into_inner().expect("no panic"));
    }
}

/// How large a file of the server may become, in bytes.
fn let_files_grow_to(server: &Server, limit: &str) {
    let done = Command::new("prlimit")
        .arg(format!("--pid={}", server.process()))
        .arg(format!("--fsize={limit}:unlimited"))
        .status();
    assert!(done.expect("prlimit").success());
}

/// Whether `/metrics` has this line.
fn metric(server: &Server, line: &str) -> bool {
    let told = server.ask("GET", "/metrics", "", "test", None).text;
    told.lines().any(|one| one == line)
}

#[test]
fn a_server_whose_files_may_not_grow_says_so_loses_nothing_and_goes_on_when_they_may() {
    let (folder, made) = Server::start(Path::new(BINARY), None).kill();
    let mut command = annals(Path::new(BINARY), folder.path(), None);
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::null());
    let server = Server::run(command, folder, made);
    let mut acknowledged = Vec::new();
    for round in 0..2 {
        let largest = std::fs::read_dir(server.folder.path().join("data"))
            .expect("the data folder")
            .filter_map(|file| file.ok()?.metadata().ok())
            .map(|file| file.len())
            .max()
            .expect("a file");
        let_files_grow_to(&server, &(largest + 300_000).to_string());
        let mut refused = 0;
        for n in 0..2_000 {
            let name = format!("{round}-{n}-{}", "n".repeat(200));
            match create(&server, &name) {
                (201, _) => acknowledged.push(name),
                (503, problem) => {
                    assert_eq!(
                        (&problem["code"], &problem["message"]),
                        (
                            &json!("no_room"),
                            &json!("There is no room left. Nothing was changed.")
                        )
                    );
                    refused += 1;
                    if refused == 3 {
                        break;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(refused, 3, "it was full");
        // Who only looks is answered all the time.
        assert_eq!(server.sources().len(), acknowledged.len());
        let health = server.ask("GET", "/health", "", "test", None);
        assert_eq!(health.status, 200, "{:?}", health.json);
        let health = health.json.expect("JSON");
        assert_eq!(
            (
                &health["status"],
                &health["changes"]["status"],
                &health["changes"]["failing"]["message"]
            ),
            (
                &json!("degraded"),
                &json!("failing"),
                &json!("the database has no room left")
            )
        );
        assert!(metric(&server, "annals_changes_written 0"));

        let_files_grow_to(&server, "unlimited");
        // Whoever waits for it hears so without a change.
        let is_well = |_| {
            std::thread::sleep(Duration::from_millis(100));
            metric(&server, "annals_changes_written 1")
        };
        assert!((0..300).any(is_well), "changes are never written again");
        let name = format!("{round} there is room again");
        let (status, problem) = create(&server, &name);
        assert_eq!(status, 201, "{problem}");
        acknowledged.push(name);
    }
    compare(&server, &acknowledged);
    // The same after a stop and a start.
    let stop = Command::new("kill")
        .arg(server.process().to_string())
        .status();
    assert!(stop.expect("kill").success());
    let (status, folder, made) = server.ended();
    assert!(status.success(), "{status}");
    let server = Server::serve(Path::new(BINARY), None, folder, made);
    assert_eq!(server.sources().len(), acknowledged.len());
    compare(&server, &acknowledged);
}

/// `annals init`, begun.
fn begin_to_set_up(folder: &Path, database: Option<&str>) -> std::process::Child {
    let mut init = init(Path::new(BINARY), folder, database)
        .stderr(Stdio::piped())
        .spawn()
        .expect("annals init starts");
    let mut input = init.stdin.take().expect("its input");
    // Who is killed before has read nothing.
    let _ = input.write_all(b"correct horse battery\n");
    init
}

#[test]
fn a_set_up_that_is_killed_has_done_all_or_nothing() {
    for database in [None, Some(Postgres::shared())] {
        // How long it takes here, so that some are killed while it writes.
        let folder = tempfile::tempdir().expect("a folder");
        let url = database.map(Postgres::fresh_database);
        let began = std::time::Instant::now();
        let whole = begin_to_set_up(folder.path(), url.as_deref());
        let whole = whole.wait_with_output().expect("it ends");
        assert!(whole.status.success());
        let takes = began.elapsed();
        let (mut done, mut undone) = (0, 0);
        for step in 0..10_u32 {
            let folder = tempfile::tempdir().expect("a folder");
            let url = database.map(Postgres::fresh_database);
            let mut killed = begin_to_set_up(folder.path(), url.as_deref());
            std::thread::sleep(takes * (step + 1) / 10);
            killed.kill().expect("it can be killed");
            killed.wait().expect("it has ended");
            let again = begin_to_set_up(folder.path(), url.as_deref());
            let again = again.wait_with_output().expect("it ends");
            if again.status.success() {
                undone += 1;
                let made = serde_json::from_slice(&again.stdout).expect("one JSON object");
                let server = Server::serve(Path::new(BINARY), url.as_deref(), folder, made);
                compare(&server, &[]);
                continue;
            }
            done += 1;
            let said = String::from_utf8_lossy(&again.stderr);
            assert!(said.contains("is set up already"), "{said}");
            // All of it is there: the administrator, with an organization and a workspace that a token can be made for.
            let token = annals(Path::new(BINARY), folder.path(), url.as_deref())
                .args([
                    "token",
                    "create",
                    "--name",
                    "After",
                    "--owner",
                    "ada@example.com",
                    "--json",
                ])
                .output()
                .expect("annals token starts");
            let said = String::from_utf8_lossy(&token.stderr);
            assert!(token.status.success(), "{said}");
        }
        assert!(undone > 0, "{done} done, {undone} not");
    }
}

#[test]
fn a_command_whose_files_may_not_grow_says_so_and_changes_nothing() {
    let (folder, made) = Server::start(Path::new(BINARY), None).kill();
    let add = |program: &str, before: &[&str]| {
        let mut command = annals(Path::new(program), folder.path(), None)
            .args(before)
            .args([
                "member",
                "add",
                "--email",
                "grace@example.com",
                "--name",
                "Grace Hopper",
            ])
            .args(["--role", "viewer", "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut input = command.stdin.take().expect("its input");
        input
            .write_all(b"a compiler for all\n")
            .expect("a password");
        drop(input);
        command.wait_with_output().expect("it ends")
    };
    let full = add("prlimit", &["--fsize=4096", BINARY]);
    let said = String::from_utf8_lossy(&full.stderr);
    assert_eq!(full.status.code(), Some(1), "{said}");
    assert!(said.contains("no room left"), "{said}");
    let done = add(BINARY, &[]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "nothing was half there: {said}");
    let server = Server::serve(Path::new(BINARY), None, folder, made);
    compare(&server, &[]);
}

/// Asks a server how it is until it says so.
#[track_caller]
fn until_publisher_is(server: &Server, status: &str) -> Value {
    for _ in 0..300 {
        let health = server.ask("GET", "/health", "", "test", None).json;
        let publisher = health.expect("JSON")["publisher"].clone();
        if publisher["status"] == status {
            return publisher;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the publisher is never {status}");
}

#[test]
fn that_signing_gets_no_answer_is_said_and_passes_when_it_does() {
    let server = Server::start(Path::new(BINARY), None);
    let (status, _) = create(&server, "first");
    assert_eq!(status, 201);
    let guard = server.folder.path().join("guard");
    let file = (0..300)
        .find_map(|_| {
            std::thread::sleep(Duration::from_millis(100));
            let files = std::fs::read_dir(&guard).ok()?.filter_map(Result::ok);
            files
                .map(|file| file.path())
                .find(|file| file.extension().is_some_and(|it| it == "checkpoint"))
        })
        .expect("a guarded checkpoint");
    let _ = until_publisher_is(&server, "signing");
    let (folder, made) = server.kill();

    // A file that gives nothing and does not end, as on a disk that hangs.
    let kept = std::fs::read(&file).expect("a checkpoint");
    std::fs::remove_file(&file).expect("it goes");
    let made_pipe = Command::new("mkfifo").arg(&file).status();
    assert!(made_pipe.expect("mkfifo").success());
    let server = Server::serve(Path::new(BINARY), None, folder, made);
    let said = until_publisher_is(&server, "failing");
    let message = said["failing"]["message"].as_str().expect("a message");
    assert!(message.contains("takes longer than it may"), "{message}");
    let (status, _) = create(&server, "second");
    assert_eq!(status, 201, "changes go on");

    let pipe = guard.join("pipe");
    std::fs::rename(&file, &pipe).expect("out of the way");
    std::fs::write(&file, kept).expect("as it was");
    std::fs::write(&pipe, "").expect("the reader gets its end");
    let _ = until_publisher_is(&server, "signing");
}

/// Which process holds the lock on a file, as the kernel has it.
fn holder(file: &Path) -> Option<u32> {
    let inode = std::fs::metadata(file).ok()?.ino();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_it = words.get(1) == Some(&"FLOCK")
            && words.get(5)?.rsplit(':').next()?.parse() == Ok(inode);
        is_it.then(|| words.get(4)?.parse().ok()).flatten()
    })
}

/// Who holds the lock beside a database when the file was written anew and its write-ahead log is still to be emptied; nobody
/// where the command ends before that is seen.
fn writes_anew(database: &Path, command: &mut Child) -> Option<u32> {
    let length = |file: &Path| std::fs::metadata(file).map_or(0, |file| file.len());
    let beside = |end: &str| PathBuf::from(format!("{}{end}", database.display()));
    let (log, lock) = (beside("-wal"), beside("-scrub"));
    let (whole, mut is_emptied) = (length(database), false);
    while command.try_wait().expect("a state").is_none() {
        let Some(holder) = holder(&lock) else {
            continue;
        };
        is_emptied |= length(&log) == 0;
        if is_emptied && length(&log) > whole / 10 * 9 {
            return Some(holder);
        }
    }
    None
}

#[test]
fn who_is_killed_while_the_file_is_written_anew_holds_up_nobody() {
    let mut server = Server::start(Path::new(BINARY), None);
    let note = "n".repeat(60_000);
    for n in 0..50 {
        let body = json!({ "name": format!("{n}"), "type": "HTTP", "config": { "note": note } });
        let token = server.given("accessToken");
        let answer = server.ask("POST", "/v2/sources", token, "test", Some(&body));
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let database = server.folder.path().join("data/annals.db");
    let location = Location::Sqlite {
        file: database.clone(),
        max_pages: None,
    };
    let left = || {
        let left = "SELECT count(*) FROM erasures WHERE rewritten = 0";
        Raw::open(&location).number(left)
    };
    let erase = |server: &Server, n: u32| {
        let email = format!("quintessa{n}@example.com");
        let mut add = annals(Path::new(BINARY), server.folder.path(), None);
        add.args(["member", "add", "--email", &email, "--name", "Quintessa"])
            .args(["--role", "viewer", "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        let mut add = add.spawn().expect("it starts");
        let mut input = add.stdin.take().expect("its input");
        input
            .write_all(b"a compiler for all\n")
            .expect("a password");
        drop(input);
        assert!(add.wait().expect("it ends").success());
        annals(Path::new(BINARY), server.folder.path(), None)
            .args(["privacy", "erase", &email, "--yes"])
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts")
    };
    let mut caught = false;
    for n in 0..20 {
        let mut command = erase(&server, n);
        let Some(holder) = writes_anew(&database, &mut command) else {
            continue;
        };
        let is_command = holder == command.id();
        if is_command {
            command.kill().expect("killed");
            command.wait().expect("gone");
            caught = left() > 0;
            // The server does it, without being told.
            let is_done = |_| {
                std::thread::sleep(Duration::from_millis(100));
                left() == 0
            };
            assert!((0..600).any(is_done), "the server never goes on with it");
        } else {
            let (folder, made) = server.kill();
            caught = left() > 0;
            assert!(command.wait().expect("it ends").success());
            assert_eq!(left(), 0);
            server = Server::serve(Path::new(BINARY), None, folder, made);
        }
        if caught {
            break;
        }
    }
    assert!(caught, "nobody was killed at the right moment");
    let whole = Raw::open(&location).rows("PRAGMA integrity_check");
    assert_eq!(whole[0][0].text(), "ok");
    compare(&server, &[]);
    // Nor does the lock of who was killed stay.
    assert!(erase(&server, 99).wait().expect("it ends").success());
    assert_eq!(left(), 0);
}
