//! `/health` where the database does not answer.

use serde_json::{Value, json};
use store::testing::{Durability, Postgres, Raw};

use crate::support::Api;

/// How the server is: the status of the answer, and what it says but for its version.
fn health(api: &Api) -> (u16, Value) {
    let mut answer = api.ask("GET", "/health", "", &Value::Null);
    let version = answer
        .json
        .as_object_mut()
        .and_then(|said| said.remove("version"));
    assert!(version.is_some(), "{}", answer.json);
    (answer.status, answer.json)
}

fn well() -> (u16, Value) {
    let publisher = json!({ "status": "off", "refused": [] });
    let said = json!({ "status": "ok", "setUp": true, "changes": { "status": "written" }, "publisher": publisher });
    (200, said)
}

/// The same of a server that cannot read, and has not tried to write.
fn unread() -> (u16, Value) {
    let (_, mut said) = well();
    said["status"] = json!("degraded");
    said["setUp"] = Value::Null;
    (503, said)
}

#[test]
fn health_is_503_while_the_database_cannot_be_read_and_passes_when_it_can() {
    for api in [Api::sqlite(), Api::postgres()] {
        assert_eq!(health(&api), well());
        let mut raw = Raw::open(&api.location);
        raw.must("ALTER TABLE instance RENAME TO elsewhere");
        assert_eq!(health(&api), unread());
        raw.must("ALTER TABLE elsewhere RENAME TO instance");
        assert_eq!(health(&api), well());
    }
}

#[test]
fn health_is_503_when_the_server_of_the_database_has_gone() {
    let cluster = Postgres::start(Durability::Off);
    let api = Api::in_database(cluster.fresh_database());
    assert_eq!(health(&api), well());
    drop(cluster);
    assert_eq!(health(&api), unread());
    let refused = api.post("/v2/sources", json!({ "name": "Web app", "type": "HTTP" }));
    assert_eq!(
        refused.problem(),
        "503 unavailable: The database cannot be reached. Nothing was changed."
    );
    let (status, said) = health(&api);
    assert_eq!((status, &said["status"]), (503, &json!("degraded")));
}
