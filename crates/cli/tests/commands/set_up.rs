//! How an instance is set up, at the command line and by the link that the first start prints.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use store::testing::Postgres;

use super::{BINARY, PASSWORD, init, refusal, run};
use crate::support::annals;

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
