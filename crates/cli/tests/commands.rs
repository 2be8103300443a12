//! The command line, and what a server does when it is stopped, killed or out of room.

#[path = "support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use server::auth::limits;
use store::testing::Postgres;
use store::{Store, Upkeep};
use support::{Server, annals, signed};

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
fn init_prints_exactly_six_fields_and_refuses_a_second_time() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let folder = tempfile::tempdir().expect("a folder");
        let output = init(
            folder.path(),
            database.as_deref(),
            "ada@example.com",
            PASSWORD,
        );
        assert!(output.status.success(), "{output:?}");
        let made: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        let mut fields: Vec<&String> = made.as_object().expect("an object").keys().collect();
        fields.sort();
        assert_eq!(
            fields,
            [
                "accessToken",
                "organizationId",
                "serviceToken",
                "userId",
                "workspaceId",
                "workspaceToken"
            ]
        );
        let again = refusal(&init(
            folder.path(),
            database.as_deref(),
            "ada@example.com",
            PASSWORD,
        ));
        assert!(
            again.starts_with("annals: this instance is set up already, as "),
            "{again}"
        );
    }
}

#[test]
fn another_organization_is_made_for_who_has_an_account() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let folder = tempfile::tempdir().expect("a folder");
        let run = |arguments: &[&str]| run(folder.path(), database.as_deref(), arguments, "");
        let first = init(
            folder.path(),
            database.as_deref(),
            "ada@example.com",
            PASSWORD,
        );
        assert!(first.status.success(), "{first:?}");
        let first: Value = serde_json::from_slice(&first.stdout).expect("JSON");
        let create = |owner: &str| {
            let fixed = [
                "organization",
                "create",
                "--name",
                "Meadow",
                "--workspace",
                "Try",
            ];
            run(&[&fixed[..], &["--json", "--owner", owner]].concat())
        };
        assert_eq!(
            refusal(&create("nobody@example.com")),
            "annals: there is no account with the e-mail nobody@example.com"
        );
        let output = create("Ada@Example.com");
        assert!(output.status.success(), "{output:?}");
        let made: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!(made["userId"], first["userId"]);
        let token = made["workspaceToken"].as_str().expect("a token");
        assert!(token.starts_with("annals_wst_"), "{made}");
        let id = made["organizationId"].as_str().expect("an id");
        let members = run(&["member", "list", "--json", "--organization", id]);
        let member: Value = serde_json::from_slice(&members.stdout).expect("one member");
        assert_eq!(member["organizationRole"], "admin");
        assert_eq!(
            refusal(&run(&["member", "list"])),
            "annals: there are several organizations; name one with --organization"
        );
    }
}

#[test]
fn what_cannot_set_an_instance_up_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = [
        refusal(&init(folder.path(), None, "ada@example.com", "short\n")),
        refusal(&init(
            folder.path(),
            None,
            "ada@example.com",
            "ada@example.com\n",
        )),
        refusal(&init(folder.path(), None, "ada@example.com", "")),
        refusal(&init(folder.path(), None, "ada", PASSWORD)),
        refusal(&run(
            folder.path(),
            None,
            &[
                "member",
                "add",
                "--email",
                "a@b",
                "--name",
                "A",
                "--role",
                "viewer",
                "--password-stdin",
            ],
            PASSWORD,
        )),
        refusal(&run(
            folder.path(),
            None,
            &[
                "migrate",
                "--keys",
                &folder.path().join("data/annals.keys").to_string_lossy(),
            ],
            "",
        )),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    annals: the password needs at least 12 characters
    annals: the password is one that many people use, or like one; take several words that have nothing to do with each other, or let a password manager make one
    annals: no password came on standard input
    annals: this is not an e-mail address
    annals: there is no organization yet; run `annals init` first
    annals: the key file must not be in the data folder: whoever gets one must not get the other
    ");
    assert!(
        init(folder.path(), None, "ada@example.com", PASSWORD)
            .status
            .success(),
        "none of that set it up"
    );
}

#[test]
fn a_member_is_added_with_a_role_and_once() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(
        init(folder.path(), None, "ada@example.com", PASSWORD)
            .status
            .success()
    );
    let add = |email: &str, role: &str, more: &[&str]| {
        let fixed = [
            "member",
            "add",
            "--name",
            "Mo",
            "--password-stdin",
            "--json",
            "--email",
            email,
            "--role",
            role,
        ];
        run(folder.path(), None, &[&fixed[..], more].concat(), PASSWORD)
    };
    for (role, organization, workspace) in [
        ("owner", "admin", None),
        ("admin", "member", Some("admin")),
        ("editor", "member", Some("editor")),
        ("viewer", "member", Some("viewer")),
        ("member", "member", None),
    ] {
        let output = add(&format!("{role}@example.com"), role, &[]);
        let made: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!(made["organizationRole"], organization);
        let roles: Vec<&str> = made["workspaceRoles"]
            .as_object()
            .expect("roles")
            .values()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(roles, Vec::from_iter(workspace));
    }
    let told = [
        refusal(&add("OWNER@example.com", "viewer", &[])),
        refusal(&add(
            "new@example.com",
            "viewer",
            &["--workspace", "0ujtsYcgvSTl8PAuAdqWYSMnLOv"],
        )),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    annals: nobody was added: this person is a member of the organization already
    annals: nobody was added: workspace not found
    ");
}

/// Words of pages are taken as they stand there, and what is no role is told the roles that there are.
#[test]
fn a_role_is_typed_as_pages_write_it_or_with_small_letters() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = init(folder.path(), None, "ada@example.com", PASSWORD);
    assert!(made.status.success());
    let run = |arguments: &[&str]| run(folder.path(), None, arguments, PASSWORD);
    let mo = ["--email", "mo@example.com", "--role"];
    let add = ["member", "add", "--name", "Mo", "--password-stdin"];
    let added = run(&[&add[..], &mo, &["Editor"]].concat());
    assert!(added.status.success(), "{added:?}");
    let change = |role: &str| run(&[&["member", "change"], &mo[..], &[role]].concat());
    for (role, said) in [("AUDITOR", "is auditor now"), ("Owner", "is owner now")] {
        let changed = String::from_utf8(change(role).stdout).expect("text");
        assert!(changed.contains(said), "{changed}");
    }
    let wrong = [
        change("boss"),
        run(&[&add[..], &mo, &["boss"]].concat()),
        run(&["token", "create", "--name", "ci", "--role", "owner"]),
    ];
    let first = |output: &Output| {
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        said.lines().next().expect("a line").to_owned()
    };
    insta::assert_snapshot!(wrong.each_ref().map(first).join("\n"), @r"
    error: invalid value 'boss' for '--role <ROLE>': it is Owner (Admin of the organization), Admin, Editor, Viewer, Auditor (in a workspace) or none
    error: invalid value 'boss' for '--role <ROLE>': it is Owner (Admin of the organization), Admin, Editor, Viewer, Auditor (in a workspace) or member
    error: invalid value 'owner' for '--role <ROLE>': it is one of Admin, Editor, Viewer, Auditor
    ");
}

/// What each kind of token may, and whom it is not made for.
#[test]
fn a_token_is_a_persons_the_organizations_or_a_services_with_a_role() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = init(folder.path(), None, "ada@example.com", PASSWORD);
    assert!(made.status.success());
    let run = |arguments: &[&str]| run(folder.path(), None, arguments, PASSWORD);
    let create = |more: &[&str]| {
        let fixed = ["token", "create", "--json", "--name", "ci"];
        run(&[&fixed[..], more].concat())
    };
    for (more, prefix, access) in [
        (
            &["--owner", "ada@example.com"][..],
            "annals_pat_",
            "read_write",
        ),
        (
            &["--owner", "ada@example.com", "--read-only"],
            "annals_pat_",
            "read",
        ),
        (&["--role", "Viewer"], "annals_sat_", "read_write"),
        (&["--role", "editor", "--read-only"], "annals_sat_", "read"),
        (&[], "annals_sat_", "read"),
    ] {
        let output = create(more);
        let made: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!(made["access"], access, "{more:?}");
        let token = made["token"].as_str().expect("a token");
        assert!(token.starts_with(prefix), "{more:?}: {token}");
    }
    let add = [
        "member",
        "add",
        "--name",
        "Mo",
        "--email",
        "mo@example.com",
        "--role",
        "member",
        "--password-stdin",
    ];
    assert!(run(&add).status.success());
    assert_eq!(
        refusal(&create(&["--owner", "mo@example.com"])),
        "annals: no token was made: this person has no role in the workspace"
    );
}

#[test]
fn who_belongs_to_no_organization_gets_another_password_at_the_command_line() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let folder = tempfile::tempdir().expect("a folder");
        let database = database.as_deref();
        let run = |arguments: &[&str], input: &str| run(folder.path(), database, arguments, input);
        let first = init(folder.path(), database, "ada@example.com", PASSWORD);
        let first: Value = serde_json::from_slice(&first.stdout).expect("JSON");
        let here = first["organizationId"].as_str().expect("an id");
        let grace = ["--email", "grace@example.com"];
        let of_grace = |words: &[&'static str]| [words, &grace].concat();
        let add = [
            "member",
            "add",
            "--name",
            " Grace ",
            "--role",
            "member",
            "--password-stdin",
        ];
        let added = run(&of_grace(&add), PASSWORD);
        let said = String::from_utf8_lossy(&added.stdout);
        assert!(said.starts_with("added Grace ("), "{said}");
        assert!(run(&of_grace(&["member", "remove"]), "").status.success());
        let create = [
            "organization",
            "create",
            "--name",
            "Meadow",
            "--workspace",
            "Try",
            "--owner",
            "ada@example.com",
        ];
        assert!(run(&create, "").status.success());

        let set = ["member", "password", "--password-stdin"];
        let new = "another long password\n";
        let done = run(&of_grace(&set), new);
        assert!(done.status.success(), "{done:?}");
        assert!(
            run(&of_grace(&["member", "reset-mfa"]), "")
                .status
                .success()
        );
        let told = [
            refusal(&run(
                &[&set[..], &["--email", "nobody@example.com"]].concat(),
                new,
            )),
            refusal(&run(
                &[&of_grace(&set)[..], &["--organization", here]].concat(),
                new,
            )),
        ];
        insta::allow_duplicates! {
            insta::assert_snapshot!(told.join("\n"), @r"
            annals: there is no account with the e-mail nobody@example.com
            annals: grace@example.com is no member of the organization
            ");
        }
    }
}

#[test]
fn what_the_command_line_cannot_do_as_it_was_asked_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| run(folder.path(), None, arguments, PASSWORD);
    let first = init(folder.path(), None, "ada@example.com", PASSWORD);
    let first: Value = serde_json::from_slice(&first.stdout).expect("JSON");
    let workspace = first["workspaceId"].as_str().expect("an id");
    let none = ["--organization", "2CHj1PJ61lv1NPyQtCiFi2KVX2y"];
    let add = [
        "member",
        "add",
        "--email",
        "grace@example.com",
        "--name",
        "Grace",
        "--role",
        "member",
        "--password-stdin",
        "--workspace",
        workspace,
    ];
    let told = [
        refusal(&run(&[&["member", "list"][..], &none].concat())),
        refusal(&run(&[&["token", "list"][..], &none].concat())),
        refusal(&run(&add)),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    annals: there is no organization with the id 2CHj1PJ61lv1NPyQtCiFi2KVX2y
    annals: there is no organization with the id 2CHj1PJ61lv1NPyQtCiFi2KVX2y
    annals: a member has no role in a workspace: leave --workspace out, or say which role it is
    ");
    let nothing = run(&["organization", "update"]);
    assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
    let said = String::from_utf8_lossy(&nothing.stderr);
    assert!(said.contains("--require-mfa"), "{said}");
}

#[test]
fn a_list_says_where_each_role_is_and_what_each_token_is_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| run(folder.path(), None, arguments, PASSWORD);
    init(folder.path(), None, "ada@example.com", PASSWORD);
    for arguments in [
        &[
            "member",
            "add",
            "--email",
            "grace@example.com",
            "--name",
            "Grace",
            "--role",
            "editor",
            "--password-stdin",
        ][..],
        &[
            "token",
            "create",
            "--name",
            "laptop",
            "--owner",
            "grace@example.com",
        ],
        &[
            "token",
            "create",
            "--name",
            "ci",
            "--role",
            "viewer",
            "--read-only",
        ],
        &["token", "create", "--name", "siem", "--read-only"],
    ] {
        let output = run(arguments);
        assert!(output.status.success(), "{output:?}");
    }
    let listed = |noun: &str| {
        let output = run(&[noun, "list"]);
        let text = String::from_utf8(output.stdout).expect("text");
        // Without the ids.
        let mut lines: Vec<String> = text.lines().map(|line| line[27..].to_owned()).collect();
        lines.sort();
        lines.join("\n")
    };
    let said = format!("{}\n{}", listed("member"), listed("token"));
    insta::assert_snapshot!(said, @r"
    Admin                        Ada <ada@example.com>
    Member  Editor of Production Grace <grace@example.com>
    personal read_write never ends  ada@example.com in Production  Set-up
    personal read_write never ends  grace@example.com in Production  laptop
    service  read       never ends  Viewer of Production  ci
    service  read       never ends  reader of the audit log  Set-up, audit log
    service  read       never ends  reader of the audit log  siem
    ");
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
fn the_first_start_prints_a_link_to_set_up_and_a_later_one_of_a_set_up_instance_none() {
    for set_up in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        if set_up {
            assert!(
                init(folder.path(), None, "ada@example.com", PASSWORD)
                    .status
                    .success()
            );
        }
        let mut child = annals(Path::new(BINARY), folder.path(), None)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let first = lines.next().expect("a line").expect("text");
        let url = first
            .strip_prefix("listening on ")
            .expect("where it listens")
            .to_owned();
        // A port that is taken is one plain sentence.
        let taken = run(folder.path(), None, &["migrate"], "");
        assert!(taken.status.success());
        let address = url.trim_start_matches("http://");
        let second = tempfile::tempdir().expect("a folder");
        let told = refusal(&run(
            second.path(),
            None,
            &["serve", "--listen", address],
            "",
        ));
        assert!(
            told.starts_with(&format!("annals: cannot listen at {address}")),
            "{told}"
        );

        let stop = std::process::Command::new("kill")
            .arg(child.id().to_string())
            .status();
        assert!(stop.expect("kill").success());
        assert!(
            child.wait().expect("it ends").success(),
            "SIGTERM ends it well"
        );
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        let links = rest
            .iter()
            .filter(|line| line.starts_with(&format!("set up: {url}/setup?token=annals_set_")))
            .count();
        assert_eq!(links, usize::from(!set_up), "{rest:?}");
    }
}

/// Of a server that listens at all addresses, the link is for the machine that it is printed on.
#[test]
fn the_link_to_set_up_leads_to_this_machine_where_all_addresses_are_listened_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = annals(Path::new(BINARY), folder.path(), None)
        .args(["serve", "--listen", "0.0.0.0:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    let (listening, link) = (line(), line());
    child.kill().expect("killed");
    child.wait().expect("gone");
    let port = listening.strip_prefix("listening on http://0.0.0.0:");
    let port = port.unwrap_or_else(|| panic!("{listening}"));
    let near = format!("set up: http://127.0.0.1:{port}/setup?token=annals_set_");
    assert!(link.starts_with(&near), "{link}");
}

/// The whole way of an auditor: export, verify, erase, export again, verify against what was known; and a restored backup.
#[test]
fn a_log_is_exported_verified_erased_from_and_recovered() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let body = json!({ "name": "Web app", "type": "HTTP" });
        assert_eq!(
            server
                .ask(
                    "POST",
                    "/v2/sources",
                    server.given("accessToken"),
                    "test",
                    Some(&body)
                )
                .status,
            201
        );
        let folder = server.folder.path().to_owned();
        let call =
            |arguments: &[&str], input: &str| run(&folder, database.as_deref(), arguments, input);
        let done = |arguments: &[&str]| {
            let output = call(arguments, "");
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8(output.stdout).expect("text")
        };
        let added = call(
            &[
                "member",
                "add",
                "--email",
                "bob@example.com",
                "--name",
                "Bob",
                "--role",
                "editor",
                "--password-stdin",
            ],
            PASSWORD,
        );
        assert!(added.status.success(), "{added:?}");
        let path = |name: &str| folder.join(name).display().to_string();
        signed(&server);
        done(&["export", "--output", &path("full")]);
        let vkey = std::fs::read_to_string(folder.join("full/vkey")).expect("a key");
        let vkey = vkey.trim();
        done(&["verify", &path("full"), "--key", vkey]);
        let exported = || {
            server
                .events("&target_type=audit_log&action=exported")
                .len()
        };
        let before = exported();
        let again = call(&["export", "--output", &path("full")], "");
        assert!(refusal(&again).contains("not empty"), "{again:?}");
        for (to, format) in [("nowhere/rows.csv", "csv"), ("full/vkey", "events")] {
            let output = call(&["export", "--output", &path(to), "--format", format], "");
            assert!(refusal(&output).contains("cannot make"), "{output:?}");
        }
        assert_eq!(exported(), before, "what could not begin is none");

        let refused = call(&["privacy", "erase", "bob@example.com"], "no\n");
        assert!(
            refusal(&refused).contains("nothing was erased"),
            "{refused:?}"
        );
        let erased: Value = serde_json::from_str(&done(&[
            "privacy",
            "erase",
            "bob@example.com",
            "--yes",
            "--json",
        ]))
        .expect("JSON");
        assert_eq!(erased["erased"], true);
        assert!(
            refusal(&call(&["privacy", "erase", "ada@example.com", "--yes"], ""))
                .contains("only Admin")
        );
        signed(&server);
        done(&["export", "--output", &path("later.tar.zst")]);
        let since = path("full/checkpoint");
        let said: Value = serde_json::from_str(&done(&[
            "verify",
            &path("later.tar.zst"),
            "--key",
            vkey,
            "--since",
            &since,
            "--json",
        ]))
        .expect("JSON");
        assert!(
            said["counts"]["erased"]
                .as_u64()
                .is_some_and(|count| count > 0),
            "{said}"
        );
        done(&[
            "export",
            "--format",
            "events",
            "--action",
            "created",
            "--output",
            &path("events.jsonl"),
        ]);
        done(&["verify", &path("events.jsonl"), "--key", vkey]);
        // What was erased of a row is told from what is withheld, by the entry that erased it.
        let of_bob = path("of-bob.jsonl");
        let bob = ["--format", "events", "--target-type", "user"];
        done(&[&["export", "--output", &of_bob][..], &bob].concat());
        let said: Value =
            serde_json::from_str(&done(&["verify", &of_bob, "--key", vkey, "--json"]))
                .expect("JSON");
        assert!(
            said["counts"]["erased"]
                .as_u64()
                .is_some_and(|count| count > 0),
            "{said}"
        );
        assert_eq!(said["counts"]["withheld"], 0, "{said}");
        assert!(
            !said["notChecked"].to_string().contains("were erased"),
            "{said}"
        );
        // What was broken off in the middle of a row goes on after the last whole one, at the checkpoint that it was begun at.
        let rows = |format: &str, file: &str, more: &[&str]| {
            let fixed = ["export", "--format", format, "--output", file];
            call(&[&fixed[..], more].concat(), "")
        };
        let created = ["--action", "created"];
        let table = rows("csv", &path("events.csv"), &created);
        assert!(table.status.success(), "{table:?}");
        signed(&server);
        for (format, file) in [
            ("events", path("events.jsonl")),
            ("csv", path("events.csv")),
        ] {
            let whole = std::fs::read(&file).expect("there");
            for left in [whole.len() * 2 / 3, whole.len() - 1, whole.len()] {
                std::fs::write(&file, &whole[..left]).expect("written");
                let resumed = rows(format, &file, &["--resume", "--action", "created"]);
                assert!(resumed.status.success(), "{resumed:?}");
                assert_eq!(std::fs::read(&file).expect("there"), whole, "{format}");
            }
        }
        let other = rows("events", &path("events.jsonl"), &["--resume"]);
        assert!(refusal(&other).contains("other filters"), "{other:?}");
        let none = rows("csv", &path("none.csv"), &["--resume"]);
        assert!(refusal(&none).contains("cannot go on"), "{none:?}");
        let another = rows("csv", &path("events.jsonl"), &["--resume"]);
        assert!(refusal(&another).contains("head line"), "{another:?}");
        let stream = rows("csv", "-", &["--resume"]);
        assert!(
            refusal(&stream).contains("cannot be gone on with"),
            "{stream:?}"
        );
        let csv = done(&["export", "--format", "csv", "--output", "-"]);
        assert!(
            csv.starts_with("sequence,time,") && csv.contains(",created,source,Web app,"),
            "{csv}"
        );

        // Every log is signed: there is nothing to recover. With another guard, the database counts as behind.
        assert!(done(&["recover"]).contains("nothing to recover"));
        let other = path("another guard");
        let told = call(&["recover", "--guard", &other], "");
        assert!(
            !told.status.success()
                && String::from_utf8_lossy(&told.stdout).contains("is not signed"),
            "{told:?}"
        );
        let rotated = done(&["rotate-key", "--json"]);
        let rotated: Value = serde_json::from_str(&rotated).expect("JSON");
        assert_eq!(rotated["before"], vkey);
        signed(&server);
        done(&["export", "--output", &path("rotated")]);
        for key in [vkey, rotated["vkey"].as_str().expect("a key")] {
            done(&[
                "verify",
                &path("rotated"),
                "--key",
                key,
                "--since",
                &path("rotated/checkpoint"),
            ]);
        }
    }
}

/// The key was changed while no server ran that would sign with the new one: an export says by which key it can be checked.
#[test]
fn an_export_holds_the_key_that_has_signed_its_checkpoint() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        signed(&server);
        let (home, _) = server.kill();
        let folder = home.path().to_owned();
        let call = |arguments: &[&str]| {
            let output = run(&folder, database.as_deref(), arguments, "");
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            output
        };
        let said = |arguments: &[&str]| -> Value {
            let output = call(&[&["export", "--json", "--output"], arguments].concat());
            serde_json::from_slice(&output.stderr).expect("JSON")
        };
        let path = |name: &str| folder.join(name).display().to_string();
        let rows = path("rows.jsonl");
        let before = said(&[&rows, "--format", "events"])["vkey"].clone();
        let rotated = call(&["rotate-key", "--json"]);
        let rotated: Value = serde_json::from_slice(&rotated.stdout).expect("JSON");
        assert_eq!(rotated["before"], before);
        let old = before.as_str().expect("a key");
        let whole = path("whole");
        for out in [
            said(&[&whole]),
            said(&[&rows, "--format", "events", "--resume"]),
        ] {
            assert_eq!(out["vkey"], before, "{out}");
            call(&[
                "verify",
                out["output"].as_str().expect("a path"),
                "--key",
                old,
            ]);
        }
        let kept = std::fs::read_to_string(folder.join("whole/vkey")).expect("a key");
        assert_eq!(kept.trim(), old);
        // The next checkpoint is signed with both, and an export holds the newer.
        call(&["recover"]);
        assert_eq!(said(&[&path("both")])["vkey"], rotated["vkey"]);
    }
}

/// What is of no organization is in the log of the instance, which whoever runs the server takes out.
#[test]
fn the_log_of_the_instance_is_exported_and_verified() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let folder = server.folder.path().to_owned();
        let call = |arguments: &[&str]| run(&folder, database.as_deref(), arguments, "");
        let done = |arguments: &[&str]| {
            let output = call(arguments);
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            output
        };
        let path = |name: &str| folder.join(name).display().to_string();
        let export = |name: &str| -> Value {
            let out = path(name);
            let output = done(&["export", "--instance", "--json", "--output", &out]);
            serde_json::from_slice(&output.stderr).expect("JSON")
        };
        let rotated = done(&["rotate-key", "--instance", "--json"]);
        let rotated: Value = serde_json::from_slice(&rotated.stdout).expect("JSON");
        done(&["recover"]);
        let first = export("first");
        assert_eq!(first["log"], rotated["log"]);
        done(&["recover"]);
        let second = export("second");
        let sizes = [&first, &second].map(|one| one["size"].as_u64().expect("a size"));
        assert_eq!(sizes[1], sizes[0] + 1, "the export is an event of this log");
        for key in ["vkey", "before"] {
            let key = rotated[key].as_str().expect("a key");
            let since = path("first/checkpoint");
            done(&["verify", &path("second"), "--key", key, "--since", &since]);
        }
        let told = std::fs::read(
            folder
                .join("second/tile/entries/000.p")
                .join(sizes[1].to_string()),
        );
        let told = String::from_utf8_lossy(&told.expect("a bundle")).into_owned();
        assert!(
            told.contains(r#""action":"rotated""#) && told.contains(r#""action":"exported""#),
            "{told}"
        );
        assert_eq!(server.events("&action=exported"), Vec::<Value>::new());
        let rows = call(&["export", "--instance", "--format", "csv", "--output", "-"]);
        assert!(refusal(&rows).contains("whole"), "{rows:?}");
    }
}

/// The key file was stolen. Every log gets a key from a new seed, while the server runs; what the old key signs counts for
/// nothing, and the log is still the one that it was.
#[test]
fn after_a_leak_every_log_has_a_key_from_a_new_seed() {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = Server::start(Path::new(BINARY), database.as_deref());
        let folder = server.folder.path().to_owned();
        let call = |arguments: &[&str]| run(&folder, database.as_deref(), arguments, "");
        let done = |arguments: &[&str]| {
            let output = call(arguments);
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8(output.stdout).expect("text")
        };
        let path = |name: &str| folder.join(name).display().to_string();
        signed(&server);
        done(&["export", "--output", &path("before")]);
        let old = std::fs::read_to_string(folder.join("before/vkey")).expect("a key");
        let old = old.trim();
        let stolen = folder.join("stolen.keys");
        std::fs::copy(folder.join("keys/annals.keys"), &stolen).expect("copied");

        let said: Value =
            serde_json::from_str(&done(&["rotate-key", "--leaked", "--json"])).expect("JSON");
        let rotated = said["rotated"].as_array().expect("logs");
        assert_eq!(
            rotated.len(),
            2,
            "the organization's log and the instance's: {said}"
        );
        let of_organization = rotated
            .iter()
            .find(|one| one["before"] == old)
            .expect("the log");
        let new = of_organization["vkey"].as_str().expect("a key");
        signed(&server);
        let events = server.events("&action=rotated");
        let told = events.last().expect("an event");
        assert_eq!(
            (&told["facts"], &told["detail"]),
            (
                &json!({ "generation": 2, "vkey": new }),
                &json!({ "reason": "leaked" })
            )
        );

        done(&["export", "--output", &path("after")]);
        let (after, since) = (path("after"), path("before/checkpoint"));
        let code = |arguments: &[&str]| {
            let output = call(&[&["verify", &after], arguments].concat());
            output.status.code().expect("a code")
        };
        assert_eq!(code(&["--key", new]), 0);
        assert_eq!(
            code(&["--key", new, "--since", &since, "--since-key", old]),
            0
        );
        assert_eq!(
            code(&["--key", new, "--since", &since]),
            2,
            "it was signed with the old key"
        );
        let without = call(&["verify", &after, "--key", new, "--since", &since]);
        let without = String::from_utf8(without.stdout).expect("text");
        assert!(without.contains("with --since-key"), "{without}");
        assert_eq!(code(&["--key", old]), 2, "the old key signs no more");
        let other = old.replacen('/', "/x", 1);
        assert_eq!(
            code(&["--key", new, "--since", &since, "--since-key", &other]),
            1
        );

        // A key by plan, from now on, is from the new seed too, and both sign for a while.
        let again: Value = serde_json::from_str(&done(&["rotate-key", "--json"])).expect("JSON");
        signed(&server);
        done(&["export", "--output", &path("again")]);
        for key in [new, again["vkey"].as_str().expect("a key")] {
            done(&["verify", &path("again"), "--key", key]);
        }
        // The file that was stolen does not fit any more, and nobody goes on with it by mistake.
        let stolen = stolen.display().to_string();
        let refused = call(&["rotate-key", "--keys", &stolen]);
        assert!(
            refusal(&refused).contains("copy the newer file"),
            "{refused:?}"
        );
        // And once more.
        let more: Value =
            serde_json::from_str(&done(&["rotate-key", "--leaked", "--json"])).expect("JSON");
        assert_ne!(more["seed"], said["seed"]);
        assert_eq!(more["rotated"].as_array().expect("logs").len(), 2);
        signed(&server);
        done(&["export", "--output", &path("more")]);
        let newest = more["rotated"]
            .as_array()
            .expect("logs")
            .iter()
            .find(|one| one["organization"] != Value::Null)
            .expect("the log");
        done(&[
            "verify",
            &path("more"),
            "--key",
            newest["vkey"].as_str().expect("a key"),
        ]);
    }
}

/// The store of a server's folder, beside the server.
fn beside(folder: &Path) -> Store {
    let location = store::Location::Sqlite {
        file: folder.join("data/annals.db"),
        max_pages: None,
    };
    let keys = folder.join("keys/annals.keys");
    Store::open(store::Options::new(location, keys)).expect("a store")
}

/// How many of the counts of somebody's tries are beyond what they may be.
fn kept_out(folder: &Path, email: &str) -> usize {
    let store = beside(folder);
    let found = store.read(|rx| rx.user_by_email(email));
    let (user, _) = found.expect("read").expect("somebody");
    let over = |what: &String| {
        let one_more = Upkeep::Attempt(vec![(what.clone(), 1)], 900_000_000);
        store.upkeep(one_more).wait().expect("counted") > 0
    };
    limits::of_everyone(&user)
        .iter()
        .filter(|one| over(one))
        .count()
}

/// Tries until somebody is kept out.
fn keep_out(folder: &Path, email: &str) {
    kept_out(folder, email);
    assert_eq!(kept_out(folder, email), 3);
}

#[test]
fn who_is_locked_out_is_helped_at_the_command_line_and_each_step_is_recorded() {
    let server = Server::start(Path::new(BINARY), None);
    let folder = server.folder.path();
    let run = |arguments: &[&str], input: &str| run(folder, None, arguments, input);
    let done = |arguments: &[&str], input: &str| {
        let output = run(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let grace = ["--email", "grace@example.com"];
    let of_grace = |words: &[&'static str]| [words, &grace].concat();
    let add = [
        "member",
        "add",
        "--name",
        "Grace",
        "--role",
        "auditor",
        "--password-stdin",
    ];
    done(&of_grace(&add), PASSWORD);
    done(&of_grace(&["member", "change", "--role", "editor"]), "");
    // A role in one workspace says nothing of the organization.
    let here = server.given("workspaceId").to_owned();
    let in_one = |words: &[&'static str]| {
        let words: Vec<String> = of_grace(words).into_iter().map(str::to_owned).collect();
        [words, vec!["--workspace".to_owned(), here.clone()]].concat()
    };
    let texts =
        |all: &[String]| -> Output { run(&all.iter().map(String::as_str).collect::<Vec<_>>(), "") };
    done(&of_grace(&["member", "change", "--role", "owner"]), "");
    let said = texts(&in_one(&["member", "change", "--role", "viewer"]));
    let said = String::from_utf8(said.stdout).expect("text");
    assert!(said.contains("Admin of the organization still"), "{said}");
    let refused = texts(&in_one(&["member", "change", "--role", "owner"]));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && said.contains("leave --workspace out"),
        "{said}"
    );
    let listed = done(&["member", "list"], "");
    assert!(
        listed
            .lines()
            .any(|line| line.contains("Grace") && line.contains("Admin")),
        "{listed}"
    );
    done(&of_grace(&["member", "change", "--role", "editor"]), "");
    let listed = done(&["member", "list", "--json"], "");
    let roles: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let one = roles
        .iter()
        .find(|one| one["name"] == "Grace")
        .expect("her");
    assert!(
        one["workspaceRoles"].to_string().contains("editor"),
        "{one}"
    );

    let made = done(
        &[
            "token", "create", "--name", "ci", "--role", "editor", "--days", "30",
        ],
        "",
    );
    let token = made.trim();
    assert!(token.starts_with("annals_sat_"), "{made}");
    let new = serde_json::json!({"name": "A", "type": "HTTP"});
    let answer = server.ask("POST", "/v2/sources", token, "test", Some(&new));
    assert_eq!(answer.status, 201, "{:?}", answer.json);
    let listed = done(&["token", "list"], "");
    assert!(!listed.contains(token), "shown once");
    let line = listed
        .lines()
        .find(|line| line.ends_with("  ci"))
        .expect("it");
    let id = line.split_whitespace().next().expect("its id");
    done(&["token", "delete", id], "");
    // It has ended; what it did is still found: by its id, its name, or the token itself, which is on no command line.
    for (named, stdin) in [(id, ""), ("ci", ""), ("--stdin", token)] {
        let did = done(&["token", "events", named], stdin);
        assert!(did.contains("source.created"), "{named}: {did}");
        assert!(!did.contains("access_token."), "what was done to it: {did}");
    }
    let answer = server.ask("POST", "/v2/sources", token, "test", Some(&new));
    assert_eq!(answer.status, 401);

    let alone = ["token", "create", "--name", "x", "--workspace", &here];
    assert_eq!(
        refusal(&run(&alone, "")),
        "annals: a token of a workspace needs --role, or --owner if it is to be a person's; without --workspace it is one of the whole organization"
    );
    // A mistyped folder stays none.
    let elsewhere = folder.join("nowhere").display().to_string();
    let mistyped = refusal(&run(&["member", "list", "--data", &elsewhere], ""));
    assert!(mistyped.contains("there is no database"), "{mistyped}");
    assert!(!folder.join("nowhere").exists());

    let made = done(&["token", "rotate-workspace"], "");
    assert!(made.starts_with("annals_wst_"), "{made}");
    let unknown = [
        "token",
        "rotate-workspace",
        "--workspace",
        "2CHj1PJ61lv1NPyQtCiFi2KVX2y",
    ];
    assert_eq!(
        refusal(&run(&unknown, "")),
        "annals: the token was not replaced: workspace not found"
    );

    done(
        &of_grace(&["member", "password", "--password-stdin"]),
        "another long password\n",
    );
    // Who tried her password until nobody could sign in with it keeps her out no longer.
    keep_out(folder, "grace@example.com");
    done(&of_grace(&["member", "reset-mfa"]), "");
    assert_eq!(kept_out(folder, "grace@example.com"), 0);
    let own = run(
        &of_grace(&["member", "password", "--password-stdin"]),
        "grace@example.com\n",
    );
    assert!(refusal(&own).contains("the password is"), "{own:?}");
    done(&["organization", "update", "--require-mfa", "true"], "");
    done(&["organization", "update", "--require-mfa", "false"], "");
    done(&of_grace(&["member", "remove"]), "");
    let told = [
        refusal(&run(&of_grace(&["member", "remove"]), "")),
        refusal(&run(
            &[
                "member",
                "change",
                "--email",
                "ada@example.com",
                "--role",
                "viewer",
            ],
            "",
        )),
        refusal(&run(
            &[
                "member",
                "password",
                "--email",
                "ada@example.com",
                "--password-stdin",
            ],
            "short\n",
        )),
        refusal(&run(&of_grace(&add), "grace@example.com\n")),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    annals: grace@example.com is no member of the organization
    annals: nothing was changed: this person is the only Admin of the organization; make another one first
    annals: the password needs at least 12 characters
    annals: the password is one that many people use, or like one; take several words that have nothing to do with each other, or let a password manager make one
    ");

    let events = server.events("");
    let names: Vec<String> = events
        .iter()
        .map(|event| format!("{}.{}", event["targetType"], event["action"]).replace('"', ""))
        .collect();
    for one in [
        "user.added_to_organization",
        "user.changed_permission",
        "access_token.created",
        "access_token.deleted",
        "workspace.rotated_token",
        "user.changed_password",
        "organization.required_mfa",
        "organization.stopped_requiring_mfa",
        "user.removed_from_organization",
    ] {
        assert!(names.iter().any(|name| name == one), "{one}: {names:?}");
    }
    let removed = events
        .iter()
        .find(|event| event["action"] == "removed_from_organization")
        .expect("it");
    assert_eq!(removed["actorName"], "system, command line");
    let program = removed["userAgent"].as_str().expect("a text");
    assert!(
        program.starts_with("annals ") && program.contains(", as "),
        "{program}"
    );
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
