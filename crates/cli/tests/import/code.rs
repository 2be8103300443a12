//! Code that is fetched from the control plane that a workspace comes from, and what it is called.

use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

use super::{BINARY, HOSTED, Instance, destination, file, source};
use crate::support::Server;

#[test]
fn code_is_fetched_from_where_it_is_and_without_it_its_destination_comes_disabled() {
    let first = Instance::new(None);
    let (folder, made) = (first.folder, first.made);
    let further = [
        "--hosted-secret",
        HOSTED,
        "--transformer-from",
        "192.0.2.0/24",
    ];
    let there = Server::serve_with(Path::new(BINARY), None, folder, made, &further);
    let new = |path: &str, body: Value| {
        let answer = there.ask(
            "POST",
            path,
            there.given("accessToken"),
            "test",
            Some(&body),
        );
        answer.json.expect("JSON")
    };
    let library = new(
        "/libraries?publish=true",
        json!({ "name": "Utils", "code": "export const f = 1;" }),
    );
    let mask = new(
        "/transformations?publish=true",
        json!({ "name": "Mask", "code": "import { f } from 'utils';\nexport const transformEvent = (event) => event;" }),
    );
    let mut hook = destination("d1", "Hook");
    hook["transformations"] = json!([{ "versionId": mask["versionId"] }]);
    let config = json!({ "workspaceId": "w", "sources": [source(1, &[hook])], "libraries": [{ "versionId": library["versionId"] }] });

    let here = Instance::new(None);
    let path = here.write(&config.to_string());
    let dry = here.imported(&[&path, "--dry-run"]);
    assert_eq!(dry["destinations"][0]["enabled"], false);
    assert_eq!(dry["left"].as_array().map(Vec::len), Some(3), "{dry}");

    let said = here.refused(&[&path, "--code-from", &there.url]);
    assert!(said.ends_with("refuses the token"), "{said}");
    let token = here.folder.path().join("token");
    std::fs::write(&token, HOSTED).expect("written");
    let token = token.to_str().expect("a path");
    let made = here.imported(&[
        &path,
        "--code-from",
        &there.url,
        "--token-file",
        token,
        "--new",
        "Brought",
    ]);
    assert_eq!(made["left"], json!([]));
    let names: Vec<&Value> = made["code"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["Mask", "Utils"]);
    assert_eq!(made["destinations"][0]["enabled"], true);
    assert!(
        made["workspaceToken"]
            .as_str()
            .is_some_and(|token| token.starts_with("annals_wst_"))
    );
    let server = here.serve();
    let created = server
        .events("")
        .iter()
        .filter(|one| one["action"] == "created" && one["targetType"] == "workspace")
        .count();
    assert_eq!(created, 2, "the first, and the new one");
}

/// A control plane that answers every question with the same.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let asked = BufReader::new(&stream).lines().map_while(Result::ok);
            asked.take_while(|line| !line.is_empty()).for_each(drop);
            let length = answer.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
            );
        }
    });
    url
}

#[test]
fn code_that_is_fetched_without_its_name_is_refused() {
    let here = Instance::new(None);
    let config = json!({ "workspaceId": "w", "sources": [], "libraries": [{ "versionId": "l1" }] });
    let path = here.write(&config.to_string());
    for answer in [
        r#"{"code":"export const f = 1;"}"#,
        r#"{"code":"export const f = 1;","name":""}"#,
    ] {
        let url = answering(answer);
        let said = here.refused(&[&path, "--dry-run", "--code-from", &url]);
        assert_eq!(
            said.replace(&url, "URL"),
            "annals: the code of library version l1 cannot be had: URL gives code without a name"
        );
    }
}

#[test]
fn what_a_terminal_would_obey_is_written_out() {
    let here = Instance::new(None);
    let name = "n\u{0}\u{202e}x\u{1b}[31m";
    let written = r"n\u0000\u202ex\u001b[31m";
    let mut wrong = file();
    wrong["sources"][0]["name"] = json!(name);
    let said = here.refused(&[&here.write(&wrong.to_string())]);
    assert!(said.contains(written), "{said:?}");
    let mut left = file();
    left["sources"][0]["name"] = json!(format!("{name}\r\u{e0001}"));
    left["sources"][0]["deleted"] = json!(true);
    let path = here.write(&left.to_string());
    let said = here.import(&[&path, "--dry-run"]).stdout;
    let said = String::from_utf8(said).expect("text");
    let line =
        format!("left: source \u{201c}{written}\\u000d\\udb40\\udc01\u{201d}, which is deleted\n");
    assert!(said.contains(&line), "{said:?}");
    // A program reads the same as in the file.
    let said = here.imported(&[&path, "--dry-run"]);
    let line = format!("source \u{201c}{name}\r\u{e0001}\u{201d}, which is deleted");
    let lines = said["left"].as_array().expect("a list");
    assert!(lines.contains(&json!(line)), "{said}");
}
