//! Single things that only people selected may change.

use model::role::WorkspaceRole;
use serde_json::{Value, json};

use crate::support::{Api, id, on_both, status};

#[test]
fn a_locked_thing_is_changed_only_by_people_selected() {
    let told = on_both(|api| {
        let source = api.source("Web");
        let grace = api.member("Grace Hopper", Some(WorkspaceRole::Editor));
        let edsger = api.member("Edsger Dijkstra", Some(WorkspaceRole::Editor));
        let before = api.events().len();
        let access = format!("/v2/sources/{source}/access");
        let rename = |token: &str, name: &str| {
            let path = format!("/v2/sources/{source}");
            status(&api.ask("PUT", &path, token, &json!({"name": name})))
        };
        let denied = (403, "permission_denied".to_owned());
        let lock = json!({"people": [grace.user.as_str()]});
        assert_eq!(
            status(&api.ask("PUT", &access, &grace.token, &lock)),
            denied
        );
        assert_eq!(api.get(&access).ok(), json!({"people": null}));
        assert_eq!(api.put(&access, lock.clone()).ok(), lock);
        assert_eq!(
            rename(&edsger.token, "B"),
            (403, "resource_locked".to_owned())
        );
        assert_eq!(rename(&grace.token, "C").0, 200);
        assert_eq!(
            rename(&api.admin, "D").0,
            200,
            "who holds the key is never locked out"
        );
        api.put(&access, json!({"people": []})).ok();
        assert_eq!(
            rename(&grace.token, "E"),
            (403, "resource_locked".to_owned())
        );
        let delete = api.ask(
            "DELETE",
            &format!("/v2/sources/{source}"),
            &grace.token,
            &Value::Null,
        );
        assert_eq!(status(&delete), (403, "resource_locked".to_owned()));
        api.put(&access, json!({"people": null})).ok();
        assert_eq!(rename(&edsger.token, "F").0, 200);
        assert_eq!(
            api.put(&access, json!({"people": ["2CHj1PJ61lv1NPyQtCiFi2KVX2y"]}))
                .status,
            404
        );
        // What is locked goes with its lock.
        api.put(&access, lock).ok();
        assert_eq!(api.delete(&format!("/v2/sources/{source}")).status, 204);
        api.told_since(before)
    });
    insta::assert_snapshot!(told);
}

#[test]
fn a_locked_destination_gets_no_source_and_no_transformation_from_others() {
    for api in [Api::sqlite(), Api::postgres()] {
        let (source, destination) = (api.source("Web"), api.destination("Lake"));
        let code = api.code("transformations", "Mask", "a");
        let edda = api.member("Edda", Some(WorkspaceRole::Editor)).token;
        let access = format!("/v2/destinations/{destination}/access");
        api.put(&access, json!({"people": []})).ok();
        let both = json!({"sourceId": source, "destinationId": destination});
        let link = json!({"transformationId": id(&code)});
        let transformation = format!("/v2/destinations/{destination}/transformation");
        let locked = (403, "resource_locked".to_owned());
        for (method, path, body) in [
            ("POST", "/v2/connections", &both),
            ("PUT", transformation.as_str(), &link),
        ] {
            assert_eq!(
                status(&api.ask(method, path, &edda, body)),
                locked,
                "{path}"
            );
        }
        // Nor is a source taken from it: neither alone, nor by deleting the source.
        let connection = api.connection(&source, &destination);
        let account = api.account("Warehouse");
        let model = api.model("Customers", &account);
        let synced = api.synced(&model, &destination);
        let paths = [
            format!("/v2/connections/{connection}"),
            format!("/v2/sources/{source}"),
            format!("/v2/retl-connections/{synced}"),
            format!("/v2/retl-sources/{model}"),
        ];
        for path in &paths {
            let answer = api.ask("DELETE", path, &edda, &Value::Null);
            assert_eq!(status(&answer), locked, "{path}");
        }
        api.put(&access, json!({"people": null})).ok();
        assert!(api.ask("PUT", &transformation, &edda, &link).status < 300);
        for path in [&paths[1], &paths[3]] {
            let answer = api.ask("DELETE", path, &edda, &Value::Null);
            assert_eq!(answer.status, 204, "{path}: {}", answer.json);
        }
    }
}
