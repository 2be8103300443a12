//! A key that somebody destroyed past Annals: what it sealed is refused with a code, and everything else is answered.

use serde_json::{Value, json};
use store::testing::Raw;

use crate::support::{Answer, Api, id, on_both};

/// An administrator of the database destroys a key of the organization, with the row of an erasure that nobody has made.
fn destroy(api: &Api, subject: &str) {
    let mut raw = Raw::open(&api.location);
    let organization = api.made.organization;
    let log = api.store.read(|rx| rx.organization_log(organization));
    let log = log.expect("a log").id;
    raw.must(&format!(
        "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('{subject}', '{log}', '{subject}', 1, 1, 0, 0)"
    ));
    raw.must(&format!(
        "UPDATE data_keys SET wrapped = NULL, erased_at = 1 WHERE subject = '{subject}' AND organization = '{organization}'"
    ));
}

/// A refusal's status and code.
fn code(answer: &Answer) -> String {
    let problem = answer.problem();
    let (code, _) = problem.split_once(':').expect("a code");
    code.to_owned()
}

#[test]
fn what_a_missing_key_sealed_is_refused_with_a_code_and_the_rest_is_answered() {
    let told = on_both(|api| {
        let source = api
            .post("/v2/sources", json!({ "name": "Web app", "type": "HTTP" }))
            .ok();
        let destination = json!({ "name": "Hook", "type": "WEBHOOK", "config": { "webhookUrl": "https://hook.example" } });
        let destination = api.post("/v2/destinations", destination).ok();
        destroy(&api, api.made.workspace.as_str());
        let size = api.events().len();
        let mut told = String::new();
        for (method, path, body) in [
            ("GET", "/v2/sources".to_owned(), Value::Null),
            (
                "GET",
                format!("/v2/sources/{}", id(&source["source"])),
                Value::Null,
            ),
            (
                "GET",
                format!("/v2/destinations/{}", id(&destination["destination"])),
                Value::Null,
            ),
            (
                "POST",
                "/v2/sources".to_owned(),
                json!({ "name": "Mobile app", "type": "HTTP" }),
            ),
        ] {
            let answer = api.ask(method, &path, &api.admin, &body);
            let path = crate::support::without_ids(&path);
            told += &format!("{method} {path}: {}\n", code(&answer));
        }
        told += &format!("the data plane: {}\n", code(&api.poll()));
        let events = api.events();
        assert_eq!(events.len(), size, "nothing was recorded");
        let made = events.last().expect("an event");
        told += &format!("the log: {}\n", made["hidden"]);
        told
    });
    insta::assert_snapshot!(told, @r#"
    GET /v2/sources: 409 key_missing
    GET /v2/sources/ID: 409 key_missing
    GET /v2/destinations/ID: 409 key_missing
    POST /v2/sources: 409 key_missing
    the data plane: 409 key_missing
    the log: {"changes":"missing","targetName":"missing"}
    "#);
}

#[test]
fn who_acts_although_the_key_is_missing_is_refused_and_nothing_changes() {
    let told = on_both(|api| {
        destroy(&api, api.made.user.as_str());
        let size = api.events().len();
        let answer = api.post("/v2/sources", json!({ "name": "Web app", "type": "HTTP" }));
        assert_eq!(api.events().len(), size, "nothing was recorded");
        let sources = api.get("/v2/sources").ok();
        format!(
            "{}\n{} sources",
            answer.problem(),
            sources["paging"]["total"]
        )
    });
    insta::assert_snapshot!(told, @"
    409 key_missing: A key that this is sealed with is gone from the database, and no entry of the log records that it was erased. Whoever runs this server has to restore its database from a backup. Nothing was changed.
    0 sources
    ");
}
