//! What a data plane asks and says beside its configuration, with its token alone.

use model::role::WorkspaceRole;
use serde_json::{Value, json};

use crate::data_plane::basic;
use crate::support::{Api, id, on_both};

/// Every route of the data plane.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/workspaceConfig"),
    ("POST", "/data-plane/v1/workspaces/{w}/settings"),
    ("GET", "/dataplane/workspaces/{w}/regulations/suppressions"),
    ("GET", "/dataplane/workspaces/{w}/regulations/workerJobs"),
    (
        "PATCH",
        "/dataplane/workspaces/{w}/regulations/workerJobs/1",
    ),
    ("GET", "/workspaces/destinationHistory/{r}"),
];

#[test]
fn only_the_token_of_a_data_plane_opens_what_is_its_and_it_opens_nothing_else() {
    for api in [Api::sqlite(), Api::postgres()] {
        let others = [
            api.admin.clone(),
            api.service.clone(),
            api.member("Wanda", Some(WorkspaceRole::Admin)).token,
            api.reader("Rita").token,
            api.stranger("Stan").token,
            "annals_wst_x".to_owned(),
            String::new(),
        ];
        api.destination("Hook");
        let made = api.get("/v2/destinations").ok();
        let revision = api.revision(&id(&made["destinations"][0]));
        for (method, path) in ROUTES {
            let path = &path
                .replace("{w}", api.made.workspace.as_str())
                .replace("{r}", &revision);
            let body = if *method == "POST" {
                json!({"components": [{"name": "gateway", "features": ["a"]}]})
            } else {
                Value::Null
            };
            let ask = |header: &str| api.with(method, path, &[("authorization", header)], &body);
            for token in &others {
                for header in [basic(token), format!("Bearer {token}")] {
                    let answer = ask(&header);
                    assert_eq!(
                        answer.problem(),
                        "401 unauthorized: Unauthorized",
                        "{path} {header}"
                    );
                    let scheme = answer.headers["www-authenticate"].to_str().expect("a text");
                    assert!(scheme.starts_with("Basic"), "{scheme}");
                }
            }
            for header in [
                format!("Bearer {}", api.data_plane),
                "Basic ???".to_owned(),
                "Basic".to_owned(),
                format!("Basic {}", api.data_plane),
            ] {
                assert_eq!(ask(&header).status, 401, "{path} {header}");
            }
            assert_eq!(
                api.with(method, path, &[], &body).status,
                401,
                "{path} without a token"
            );
            let wanted = if *method == "PATCH" {
                404..405
            } else {
                200..300
            };
            let opened = ask(&basic(&api.data_plane)).status;
            assert!(wanted.contains(&opened), "{path}");
        }
        for path in [
            "/v2/sources",
            "/v2/workspace",
            "/v2/audit-logs",
            "/v2/tokens",
            "/transformations",
        ] {
            assert_eq!(
                api.ask("GET", path, &api.data_plane, &Value::Null).status,
                401,
                "{path}"
            );
            let shown = basic(&api.data_plane);
            assert_eq!(
                api.with("GET", path, &[("authorization", &shown)], &Value::Null)
                    .status,
                401,
                "{path}"
            );
        }
    }
}

#[test]
fn what_a_data_plane_says_and_asks_beside_is_answered() {
    on_both(|api| {
        let workspace = api.made.workspace.to_string();
        let shown = basic(&api.data_plane);
        let ask = |method: &str, path: &str, body: &Value| {
            api.with(method, path, &[("authorization", &shown)], body)
        };
        let settings = format!("/data-plane/v1/workspaces/{workspace}/settings");
        let components = json!({"components": [{"name": "gateway", "features": ["gzip-req-payload"]}, {"name": "destinations", "features": null}], "more": 1});
        let answer = ask("POST", &settings, &components);
        assert_eq!((answer.status, answer.bytes.len()), (204, 0));
        let regulations = format!("/dataplane/workspaces/{workspace}/regulations");
        let none = ask(
            "GET",
            &format!("{regulations}/suppressions?pageSize=100&pageToken="),
            &Value::Null,
        )
        .ok();
        assert_eq!(none, json!({"items": [], "token": "none"}));
        let none = ask("GET", &format!("{regulations}/workerJobs"), &Value::Null);
        assert_eq!((none.status, none.bytes.len()), (204, 0));
        let done = json!({"status": "complete"});
        let none = ask("PATCH", &format!("{regulations}/workerJobs/1"), &done);
        assert_eq!(
            none.problem(),
            "404 not_found: There is no such job: the deletion of a user's data cannot be asked for yet."
        );
        // Of another workspace it is not found, whatever it is.
        let other = "2CHj1PJ61lv1NPyQtCiFi2KVX2y";
        for path in [
            format!("/dataplane/workspaces/{other}/regulations/suppressions"),
            format!("/dataplane/workspaces/{other}/regulations/workerJobs"),
            format!("/workspaces/destinationHistory/{other}"),
            "/workspaces/destinationHistory/none".to_owned(),
        ] {
            assert_eq!(ask("GET", &path, &Value::Null).status, 404, "{path}");
        }
        assert_eq!(
            ask(
                "POST",
                &format!("/data-plane/v1/workspaces/{other}/settings"),
                &components
            )
            .status,
            404
        );
        String::new()
    });
}

#[test]
fn a_data_plane_may_say_null_of_its_components() {
    on_both(|api| {
        let path = format!("/data-plane/v1/workspaces/{}/settings", api.made.workspace);
        let shown = basic(&api.data_plane);
        let shown = [("authorization", shown.as_str())];
        let said = api.with("POST", &path, &shown, &json!({"components": null}));
        assert_eq!(said.status, 204, "{:?}", said.json);
        String::new()
    });
}

#[test]
fn every_revision_of_a_destination_is_kept_for_a_month_and_goes_with_it() {
    on_both(|api| {
        let shown = basic(&api.data_plane);
        let at = |revision: &str| {
            let path = format!("/workspaces/destinationHistory/{revision}");
            let answer = api.with("GET", &path, &[("authorization", &shown)], &Value::Null);
            (answer.status == 200).then(|| answer.json["config"]["webhookUrl"].clone())
        };
        let hook = api.destination("Hook");
        let set = |url: &str| {
            api.put(
                &format!("/v2/destinations/{hook}"),
                json!({"config": {"webhookUrl": url}}),
            )
            .ok();
            api.revision(&hook)
        };
        let first = set("https://one.example.com");
        let second = set("https://two.example.com");
        assert_eq!(at(&first), Some(json!("https://one.example.com")));
        assert_eq!(at(&second), Some(json!("https://two.example.com")));
        let day = 86_400 * 1_000_000;
        api.clock.advance(31 * day);
        let third = set("https://three.example.com");
        assert_eq!(at(&first), None, "replaced more than a month ago");
        assert_eq!(
            at(&second),
            Some(json!("https://two.example.com")),
            "replaced just now"
        );
        api.delete(&format!("/v2/destinations/{hook}")).ok();
        assert_eq!(
            (at(&second), at(&third)),
            (None, None),
            "its secrets have gone"
        );
        String::new()
    });
}

#[test]
fn a_rotated_token_ends_the_one_before_at_once_and_is_told_without_it() {
    on_both(|api| {
        assert_eq!(api.poll().status, 200);
        for token in [
            api.member("Edda", Some(WorkspaceRole::Editor)).token,
            api.reader("Rita").token,
            api.service.clone(),
        ] {
            let refused = api.ask("POST", "/v2/workspace/token", &token, &Value::Null);
            assert_eq!(refused.status, 403);
        }
        assert_eq!(api.poll().status, 200, "whoever is refused changes nothing");
        let admin = api.member("Wanda", Some(WorkspaceRole::Admin)).token;
        let last = api.last();
        let made = api.ask("POST", "/v2/workspace/token", &admin, &Value::Null);
        assert_eq!(made.status, 201);
        let token = made.json["token"].as_str().expect("a token").to_owned();
        assert!(token.starts_with("annals_wst_"));
        assert_eq!(api.poll().status, 401, "the old one");
        let shown = basic(&token);
        let headers = [("authorization", shown.as_str())];
        assert_eq!(
            api.with("GET", "/workspaceConfig", &headers, &Value::Null)
                .status,
            200
        );
        let events = api.since(&last);
        assert_eq!(events.len(), 1);
        let told = crate::support::told(&events[0]);
        assert_eq!(
            told,
            "workspace.rotated_token Production\n  dataPlaneToken: redacted"
        );
        assert!(!events[0].to_string().contains(&token));
        String::new()
    });
}
