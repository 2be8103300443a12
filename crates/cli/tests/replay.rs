//! What clients send gets the answers that they need, and the audit log then has exactly their changes, in order, and proves itself. The
//! recordings are of our own making; `cargo run --example replay -- FILE...` replays others.

mod support;

use std::path::Path;

use store::testing::Postgres;
use support::{Server, replay};

fn replays(recording: &str, database: Option<&str>) -> Server {
    let binary = Path::new(env!("CARGO_BIN_EXE_annals"));
    let server = Server::start(binary, database);
    let outcome = replay::replay(&server, recording);
    assert_eq!(outcome.faults, Vec::<String>::new());
    assert_eq!(replay::recorded(&server), outcome.expected);
    assert!(
        outcome.expected.len() > 5,
        "a replay that changes nothing shows nothing"
    );
    assert_eq!(
        replay::unproven(&server, binary, database),
        Vec::<String>::new()
    );
    server
}

fn on_both(recording: &str) {
    for database in [None, Some(Postgres::shared().fresh_database())] {
        let server = replays(recording, database.as_deref());
        let told = serde_json::to_string(&server.events("")).expect("text");
        assert!(!told.contains("s3cret"), "no secret reaches an event");
    }
}

#[test]
fn what_the_terraform_provider_sends() {
    on_both(include_str!("recordings/terraform-like.jsonl"));
}

#[test]
fn what_rudder_cli_sends() {
    on_both(include_str!("recordings/rudder-cli-like.jsonl"));
}
