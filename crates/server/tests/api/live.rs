//! What data planes tell of single events: only what somebody looks at is taken, it is in memory alone, and it goes.

use model::clock::Micros;
use serde_json::{Value, json};
use server::dataplane::live::{self, LiveEvent};
use store::{Upkeep, Watch, Watchable};

use crate::data_plane::basic;
use crate::support::{Answer, Api, id, on_both};

const MINUTE: i64 = 60 * Micros::SECOND;
/// Stands in everything that is sent, and must stand nowhere else.
const PRIVATE: &str = "edda@private.example.com";

impl Api {
    fn look(&self, kind: Watchable, thing: &str) {
        let watch = Watch {
            workspace: self.made.workspace,
            kind,
            thing: thing.to_owned(),
        };
        let watching = live::watch(&self.app, watch);
        self.runtime.block_on(watching).expect("watched");
    }

    /// What the server does by itself every quarter of a minute.
    fn tidy(&self) {
        let _ = self.store.upkeep(Upkeep::Expire).wait().expect("kept");
        self.runtime
            .block_on(live::tidy(&self.app))
            .expect("tidied");
    }

    fn tell(&self, path: &str, body: &Value) -> Answer {
        let shown = basic(&self.data_plane);
        self.with("POST", path, &[("authorization", &shown)], body)
    }

    /// What is kept, newest first, each in a line.
    fn kept(&self, thing: &str) -> Vec<String> {
        let line = |one: &LiveEvent| {
            let parts = one.parts.iter().map(|(name, json)| {
                let json = json.as_deref().unwrap_or("too long");
                format!("{name} {json}")
            });
            let about = one.about.iter().map(|_| "about another".to_owned());
            let parts: Vec<String> = about.chain(parts).collect();
            let parts = parts.join("; ").replace(PRIVATE, "PRIVATE");
            format!("{} {:?}: {}; {parts}", one.kind, one.name, one.word)
        };
        let (all, _) = self.app.live.of(self.made.workspace, thing);
        all.iter().map(|one| line(one)).collect()
    }
}

/// A source, a destination that it is connected to, and a published transformation before that.
struct Chain {
    source: String,
    key: String,
    destination: String,
    transformation: String,
}

fn chain(api: &Api) -> Chain {
    let made = api.post("/v2/sources", json!({"name": "Shop", "type": "HTTP"}));
    let made = made.ok()["source"].clone();
    let chain = Chain {
        source: id(&made),
        key: made["writeKey"].as_str().expect("a key").to_owned(),
        destination: api.destination("Hook"),
        transformation: {
            let code = "export function transformEvent(e) { return e; }";
            let one = api.code("transformations", "Mask", code);
            let version = json!({"transformations": [{"versionId": one["versionId"]}]});
            api.post("/transformations/publish", version).ok();
            id(&one)
        },
    };
    api.connection(&chain.source, &chain.destination);
    api.link(&chain.destination, &chain.transformation).ok();
    chain
}

fn events(key: &str) -> Value {
    json!({"version": "v2", key: [{"payload": {"type": "track", "event": "Bought", "userId": PRIVATE}, "receivedAt": "2026-11-18T09:46:40.123Z", "eventName": "Bought", "eventType": "track", "errorResponse": {}, "errorCode": 200}]})
}

fn deliveries(chain: &Chain, state: &str) -> Value {
    json!({"version": "v2", &chain.destination: [{"destinationId": chain.destination, "sourceId": chain.source, "payload": {"to": PRIVATE}, "attemptNum": 1, "jobState": state, "errorCode": "400", "errorResponse": {"why": "no"}, "sentAt": "2026-11-18T09:46:41.000Z", "eventName": "Bought", "eventType": "track"}]})
}

fn transformed(chain: &Chain) -> Value {
    let one = |after: Value, error: bool| json!({"transformationId": chain.transformation, "sourceId": chain.source, "destinationId": chain.destination, "eventBefore": {"eventName": "Bought", "eventType": "track", "receivedAt": "2026-11-18T09:46:40.123Z", "payload": {"userId": PRIVATE}}, "eventsAfter": after, "error": error});
    json!({"payload": [
        one(json!({"receivedAt": "2026-11-18T09:46:41.000Z", "isDropped": false, "error": "", "statusCode": 200, "payload": [{"eventName": "Bought", "eventType": "track", "payload": {"userId": "x"}}]}), false),
        one(json!({"isDropped": true, "error": "", "statusCode": 298, "payload": null}), false),
        one(json!({"isDropped": false, "error": "TypeError: no", "statusCode": 400, "payload": []}), true),
    ]})
}

/// What the configuration says of the switches: of the source, the destination and the transformation.
fn switches(config: &Value) -> [Value; 3] {
    let source = &config["sources"][0];
    let destination = &source["destinations"][0];
    [
        source["config"]["eventUpload"].clone(),
        destination["config"]["eventDelivery"].clone(),
        destination["transformations"][0]["config"]["eventTransform"].clone(),
    ]
}

#[test]
fn a_switch_is_on_in_the_next_answer_of_every_process_while_somebody_looks() {
    on_both(|api| {
        let chain = chain(&api);
        let off = api.poll();
        assert_eq!(switches(&off.json), [Value::Null, Value::Null, Value::Null]);
        let last = api.last();

        api.look(Watchable::Source, &chain.source);
        let on = api.poll();
        assert_eq!(switches(&on.json), [json!(true), Value::Null, Value::Null]);
        assert!(on.json["updatedAt"].as_str() > off.json["updatedAt"].as_str());
        api.look(Watchable::Destination, &chain.destination);
        api.look(Watchable::Transformation, &chain.transformation);
        let all = api.poll();
        assert_eq!(switches(&all.json), [json!(true), json!(true), json!(true)]);

        // Looking on changes nothing that a data plane would load again, in whichever process it is asked.
        let there = api.another_process();
        for _ in 0..3 {
            api.clock.advance(2 * MINUTE);
            api.look(Watchable::Source, &chain.source);
            there.look(Watchable::Destination, &chain.destination);
            api.look(Watchable::Transformation, &chain.transformation);
            api.tidy();
            there.tidy();
            for answer in [api.poll(), there.poll()] {
                assert_eq!(answer.headers["etag"], all.headers["etag"]);
                assert_eq!(answer.json["updatedAt"], all.json["updatedAt"]);
            }
        }
        api.clock.advance(4 * MINUTE);
        api.look(Watchable::Source, &chain.source);
        api.clock.advance(2 * MINUTE);
        there.tidy();
        for answer in [api.poll(), there.poll()] {
            assert_eq!(
                switches(&answer.json),
                [json!(true), Value::Null, Value::Null]
            );
        }
        api.clock.advance(6 * MINUTE);
        api.tidy();
        let end = there.poll();
        assert_eq!(switches(&end.json), [Value::Null, Value::Null, Value::Null]);
        assert!(end.json["updatedAt"].as_str() > all.json["updatedAt"].as_str());
        assert_eq!(api.since(&last).len(), 0, "looking is no event");
        String::new()
    });
}

#[test]
fn a_switch_that_came_with_the_settings_is_not_the_one_that_holds() {
    on_both(|api| {
        let config = json!({"eventUpload": true, "kept": 1.50});
        let made = json!({"name": "Brought over", "type": "HTTP", "config": config});
        let source = id(&api.post("/v2/sources", made).ok()["source"]);
        let told = api.poll().ok()["sources"][0]["config"].clone();
        assert_eq!(told, json!({"kept": 1.5}));
        let path = format!("/v2/sources/{source}");
        assert_eq!(
            api.get(&path).ok()["source"]["config"],
            config,
            "it is kept as it was sent"
        );
        api.look(Watchable::Source, &source);
        let told = api.poll().ok()["sources"][0]["config"].clone();
        assert_eq!(told, json!({"kept": 1.5, "eventUpload": true}));
        String::new()
    });
}

#[test]
fn what_came_with_the_settings_is_no_switch_in_the_second_shape_or_in_a_revision() {
    on_both(|api| {
        let config = json!({"eventUpload": true, "kept": 1});
        let made = json!({"name": "Brought over", "type": "HTTP", "config": config});
        let source = id(&api.post("/v2/sources", made).ok()["source"]);
        let config = json!({"eventDelivery": true, "kept": 1});
        let made = json!({"name": "Brought over", "type": "OWN", "config": config});
        let destination = id(&api.post("/v2/destinations", made).ok()["destination"]);
        let ask = |path: &str| {
            let shown = basic(&api.data_plane);
            let headers = [("authorization", shown.as_str())];
            api.with("GET", path, &headers, &Value::Null).ok()
        };
        let told = || {
            let all = ask("/data-plane/v2/workspaceConfig");
            let one = &all["workspaces"][api.made.workspace.as_str()];
            let of = |thing: &Value| json!([thing["config"], thing["liveEventsConfig"]]);
            let keys = &all["destinationDefinitions"]["OWN"]["config"]["destConfig"];
            json!([
                of(&one["sources"][&source]),
                of(&one["destinations"][&destination]),
                keys["defaultConfig"],
                one["destinations"][&destination]["revisionId"],
            ])
        };
        let kept = json!({"kept": 1});
        let revision = told()[3].clone();
        assert_eq!(told(), json!([[kept, {}], [kept, {}], ["kept"], revision]));
        let path = format!(
            "/workspaces/destinationHistory/{}",
            revision.as_str().expect("an id")
        );
        assert_eq!(ask(&path)["config"], kept);
        api.look(Watchable::Source, &source);
        api.look(Watchable::Destination, &destination);
        let (upload, delivery) = (json!({"eventUpload": true}), json!({"eventDelivery": true}));
        let told = told();
        assert_eq!(
            told,
            json!([[kept, upload], [kept, delivery], ["kept"], revision])
        );
        String::new()
    });
}

#[test]
fn only_what_somebody_looks_at_is_kept_and_only_as_long() {
    let said = on_both(|api| {
        let chain = chain(&api);
        let tell = || {
            for (path, body) in [
                ("/dataplane/v2/eventUploads", events(&chain.key)),
                (
                    "/dataplane/v2/eventDeliveryStatus",
                    deliveries(&chain, "aborted"),
                ),
                ("/dataplane/eventTransformStatus", transformed(&chain)),
            ] {
                let answer = api.tell(path, &body);
                assert_eq!((answer.status, answer.json), (200, json!({})), "{path}");
            }
        };
        let all = || {
            let things = [&chain.source, &chain.destination, &chain.transformation];
            things.map(|thing| api.kept(thing)).concat()
        };
        tell();
        assert!(all().is_empty(), "nobody looks");
        api.look(Watchable::Source, &chain.source);
        tell();
        assert_eq!(all().len(), 1, "only at the source");
        api.look(Watchable::Destination, &chain.destination);
        api.look(Watchable::Transformation, &chain.transformation);
        let count = api.count();
        tell();
        // As older data planes say it.
        let old = json!({&chain.key: [{"type": "identify", "userId": PRIVATE, "receivedAt": "2026-11-18T09:46:40.123Z"}]});
        api.tell("/dataplane/eventUploads", &old).ok();
        let failed = deliveries(&chain, "failed");
        api.tell("/dataplane/eventDeliveryStatus", &failed).ok();
        let said = all().join("\n");
        assert_eq!(api.count(), count, "it is no event");

        // Of whoever it is, it is in no file: neither in the clear nor to be found by the process.
        if let store::Location::Sqlite { .. } = api.location {
            for file in std::fs::read_dir(api.folder.path()).expect("the folder") {
                let path = file.expect("a file").path();
                let bytes = std::fs::read(&path).unwrap_or_default();
                let is_in = bytes
                    .windows(PRIVATE.len())
                    .any(|part| part == PRIVATE.as_bytes());
                assert!(!is_in, "{}", path.display());
            }
        }
        api.clock.advance(4 * MINUTE);
        api.look(Watchable::Source, &chain.source);
        api.clock.advance(2 * MINUTE);
        api.tidy();
        assert!(!api.kept(&chain.source).is_empty());
        assert_eq!(all().len(), api.kept(&chain.source).len());
        api.clock.advance(6 * MINUTE);
        api.tidy();
        assert!(all().is_empty());
        tell();
        assert!(all().is_empty(), "nobody looks any more");
        said
    });
    insta::assert_snapshot!(said, @r#"
    identify "": Received; Event {"type":"identify","userId":"PRIVATE","receivedAt":"2026-11-18T09:46:40.123Z"}
    track "Bought": Received; Event {"type":"track","event":"Bought","userId":"PRIVATE"}
    track "Bought": Received; Event {"type":"track","event":"Bought","userId":"PRIVATE"}
    track "Bought": Failed, tried again, 400; about another; Sent {"to":"PRIVATE"}; Answer {"why":"no"}
    track "Bought": Given up, 400; about another; Sent {"to":"PRIVATE"}; Answer {"why":"no"}
    track "Bought": Error; about another; Before {"userId":"PRIVATE"}; Error "TypeError: no"
    track "Bought": Dropped; about another; Before {"userId":"PRIVATE"}
    track "Bought": Transformed; about another; Before {"userId":"PRIVATE"}; After [{"userId":"x"}]
    "#);
}

#[test]
fn a_data_plane_tells_only_of_its_own_workspace() {
    on_both(|api| {
        let chain = chain(&api);
        api.look(Watchable::Source, &chain.source);
        api.look(Watchable::Destination, &chain.destination);
        let made = api.post("/v2/workspaces", json!({"name": "Staging"})).ok();
        let other = made["id"].as_str().expect("an id").parse().expect("an id");
        // Its data plane gets a token of its own.
        let token =
            server::auth::secret::new(server::auth::secret::Kind::Workspace, api.store.entropy());
        let action = server::actions::workspace::rotate_token::RotateToken {
            place: server::request::Place {
                organization: api.made.organization,
                workspace: other,
            },
            token: token.clone(),
            password: None,
        };
        let origin = crate::support::local_origin(&api.store);
        let actor = model::actor::Actor::System(model::actor::System::CommandLine);
        let _ = api
            .store
            .perform(actor, origin, action)
            .wait()
            .expect("rotated");
        let shown = basic(&token);
        let headers = [("authorization", shown.as_str())];
        for (path, body) in [
            ("/dataplane/v2/eventUploads", events(&chain.key)),
            (
                "/dataplane/v2/eventDeliveryStatus",
                deliveries(&chain, "succeeded"),
            ),
        ] {
            assert_eq!(api.with("POST", path, &headers, &body).status, 200);
        }
        assert!(api.kept(&chain.source).is_empty());
        assert!(api.kept(&chain.destination).is_empty());
        // Nor does any other token open it.
        for shown in [basic(&api.admin), format!("Bearer {}", api.admin)] {
            let answer = api.with(
                "POST",
                "/dataplane/v2/eventUploads",
                &[("authorization", &shown)],
                &events(&chain.key),
            );
            assert_eq!(answer.status, 401);
        }
        String::new()
    });
}

#[test]
fn what_does_not_fit_is_refused_whole_and_what_is_too_long_is_not_kept() {
    let said = on_both(|api| {
        let chain = chain(&api);
        api.look(Watchable::Source, &chain.source);
        api.look(Watchable::Transformation, &chain.transformation);
        let mut said = Vec::new();
        let right = events(&chain.key)[&chain.key][0].clone();
        for body in [
            json!({&chain.key: right}),
            json!({&chain.key: [right, "an event"]}),
            json!({&chain.key: [right], "another": null}),
        ] {
            let answer = api.tell("/dataplane/v2/eventUploads", &body);
            said.push(answer.problem());
        }
        for body in [
            json!({}),
            json!({"payload": {}}),
            json!({"payload": [1]}),
            json!({"payload": [{"transformationId": chain.transformation, "eventBefore": "text"}]}),
        ] {
            let answer = api.tell("/dataplane/eventTransformStatus", &body);
            said.push(answer.problem());
        }
        assert!(api.kept(&chain.source).is_empty());
        assert!(api.kept(&chain.transformation).is_empty());

        let long = "x".repeat(70_000);
        let long = json!({&chain.key: [{"payload": {"long": long}, "eventName": long, "eventType": "track"}]});
        api.tell("/dataplane/v2/eventUploads", &long).ok();
        let kept = api.kept(&chain.source);
        assert_eq!(kept.len(), 1);
        assert!(kept[0].len() < 400, "{}", kept[0].len());
        assert!(kept[0].ends_with("; Event too long"), "{}", kept[0]);
        // A data plane tells of many at once, each as large as a request.
        let of = |bytes: usize| json!({&chain.key: [{"payload": "x".repeat(bytes)}]});
        let large = of(31 << 20);
        api.tell("/dataplane/v2/eventUploads", &large).ok();
        let larger = of(32 << 20);
        let refused = api.tell("/dataplane/v2/eventUploads", &larger);
        said.push(refused.problem());
        said.join("\n")
    });
    insta::assert_snapshot!(said, @r"
    400 invalid_field: it must be a list
    400 invalid_field: it must be an object
    400 invalid_field: it must be a list
    400 invalid_field: it must be a list
    400 invalid_field: it must be a list
    400 invalid_field: it must be an object
    400 invalid_field: it must be an object
    413 body_too_large: The body is too large; most requests may have 4194304 bytes at most.
    ");
}

#[test]
fn the_secret_of_an_account_is_given_as_it_is_kept_and_not_renewed() {
    let said = on_both(|api| {
        let secret = json!({"accessToken": "s3cret", "refreshToken": "r"});
        let made = json!({"name": "Salesforce", "accountDefinitionName": "DESTINATION_SALESFORCE", "options": {}, "secret": secret});
        let account = id(&api.post("/v2/accounts", made).ok());
        let workspace = api.made.workspace.to_string();
        let path = format!("/destination/workspaces/{workspace}/accounts/{account}/token");
        let first = api.tell(&path, &json!({"hasExpired": true, "expiredSecret": null}));
        assert_eq!(first.ok(), json!({"secret": secret}));
        let other = json!({"hasExpired": true, "expiredSecret": {"accessToken": "older"}});
        assert_eq!(api.tell(&path, &other).ok(), json!({"secret": secret}));
        let same = json!({"hasExpired": true, "expiredSecret": secret});
        let refused = api.tell(&path, &same);
        assert_eq!(refused.status, 501);
        assert!(!refused.json.to_string().contains("s3cret"));
        let bare = json!({"name": "New", "accountDefinitionName": "DESTINATION_SALESFORCE", "options": {}, "secret": {}});
        let bare = id(&api.post("/v2/accounts", bare).ok());
        let none = format!("/destination/workspaces/{workspace}/accounts/{bare}/token");
        let none = api.tell(&none, &json!({"hasExpired": true, "expiredSecret": {}}));
        assert_eq!(none.status, 501);
        assert_eq!(
            none.json["body"]["message"],
            "the account has no secret: give it one"
        );
        let nowhere = "2CHj1PJ61lv1NPyQtCiFi2KVX2y";
        for path in [
            format!("/destination/workspaces/{nowhere}/accounts/{account}/token"),
            format!("/destination/workspaces/{workspace}/accounts/{nowhere}/token"),
        ] {
            assert_eq!(api.tell(&path, &json!({})).status, 404, "{path}");
        }
        let with_a_token = api.ask("POST", &path, &api.admin, &json!({}));
        assert_eq!(with_a_token.status, 401);
        refused.json.to_string()
    });
    insta::assert_snapshot!(said, @r#"{"body":{"code":"ref_token_invalid_response","message":"the secret of the account has expired, and Annals does not renew it: give the account a new one"}}"#);
}
