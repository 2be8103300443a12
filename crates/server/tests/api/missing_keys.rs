//! A key that somebody destroyed past Annals: what it sealed is refused with a code, and everything else is answered.

use model::actor::{Actor, System};
use serde_json::{Value, json};
use server::actions::log::rotate_key::RotateLogKey;
use store::testing::Raw;
use store::{Error, Letter, Upkeep};

use crate::privacy::{busy, erase, person as whole};
use crate::support::{Answer, Api, both, id, local_origin, on_both};

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

/// Nobody of that name is a user yet: the invitation says that something was sealed.
#[test]
fn the_keys_of_somebody_who_is_invited_are_not_made_anew() {
    for api in both() {
        let organization = api.made.organization;
        let _ = api.invites(organization, "tom@example.com");
        while api.store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
        let mut raw = Raw::open(&api.location);
        let row = raw.rows("SELECT id, user_id FROM invitations").remove(0);
        let (invitation, user) = (row[0].text().to_owned(), row[1].text().to_owned());
        let keys = "SELECT count(*) FROM data_keys";

        Raw::open(&api.location).delete_key(organization.as_str(), &user);
        let (size, count) = (api.events().len(), raw.rows(keys));
        let refused = api.delete(&format!("/v2/invitations/{invitation}"));
        assert_eq!(code(&refused), "409 key_missing");
        assert_eq!((api.events().len(), raw.rows(keys)), (size, count));

        Raw::open(&api.location).delete_key("instance", &user);
        let count = raw.rows(keys);
        let letter = Letter {
            to: "tom@example.com".to_owned(),
            subject: "News".to_owned(),
            text: "There are some.".to_owned(),
            by: None,
        };
        let to = user.parse().expect("an id");
        let told = Upkeep::Tell(Box::new((to, letter)));
        let refused = api.store.upkeep(told).wait();
        assert!(matches!(refused, Err(Error::KeyMissing)), "{refused:?}");
        assert_eq!(raw.rows(keys), count);
    }
}

#[test]
fn the_key_of_the_instance_itself_is_not_made_anew() {
    for api in both() {
        let log = api.store.read(|rx| rx.instance_log()).expect("a log");
        let rotate = || {
            let (actor, origin) = (Actor::System(System::CommandLine), local_origin(&api.store));
            let log = api.store.read(|rx| rx.instance_log()).expect("a log");
            let action = RotateLogKey {
                log: log.id,
                organization: None,
                leaked_to: None,
            };
            api.store.perform(actor, origin, action).wait().map(|_| ())
        };
        Raw::open(&api.location).delete_key("instance", "instance");
        let refused = rotate();
        assert!(matches!(refused, Err(Error::KeyMissing)), "{refused:?}");
        let now = api.store.read(|rx| rx.instance_log()).expect("a log");
        assert_eq!(now.size, log.size);
        let keys = "SELECT count(*) FROM data_keys WHERE subject = 'instance'";
        let mut raw = Raw::open(&api.location);
        assert_eq!(raw.rows(keys)[0][0].int(), 0);
    }
}

/// The organization that the person has left is asked for by what its log says of the person, not by the key alone.
#[test]
fn an_organization_whose_key_of_a_former_member_is_gone_records_the_erasure() {
    for api in both() {
        let (user, _) = busy(&api);
        assert_eq!(api.delete(&format!("/v2/members/{user}")).status, 204);
        while api.store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
        Raw::open(&api.location).delete_key(api.made.organization.as_str(), user.as_str());
        let done = erase(&api, &whole(&api, user, true)).expect("erased");
        assert_eq!(done.entries.len(), 1, "in the organization's log: {done:?}");
        let events = api.events();
        assert_eq!(events.last().expect("an event")["action"], "erased");
        let is_gone = |event: &&Value| event["hidden"].to_string().contains("erased");
        assert!(events.iter().filter(is_gone).count() > 0);
        let missing = |event: &&Value| event["hidden"].to_string().contains("missing");
        assert_eq!(events.iter().find(missing), None);
    }
}

/// What only a row of the database says is no erasure.
#[test]
fn an_erasure_that_no_entry_records_is_not_listed() {
    for api in both() {
        destroy(&api, api.made.user.as_str());
        let listed = api.get("/v2/privacy/erasures").ok();
        assert_eq!(listed["erasures"], json!([]));
    }
}
