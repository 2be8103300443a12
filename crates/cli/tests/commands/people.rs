//! Members, tokens, and who is locked out.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use server::auth::limits;
use store::testing::Postgres;
use store::{Store, Upkeep};

use super::{BINARY, PASSWORD, init, refusal, run};
use crate::support::Server;

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
