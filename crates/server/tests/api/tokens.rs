//! Access tokens that end themselves.

use serde_json::{Value, json};

use crate::support::{Api, id, on_both};

fn made(api: &Api, role: &str) -> (String, String) {
    let workspace = api.get("/v2/workspaces").ok()["workspaces"][0]["id"].clone();
    let wanted = json!({"name": role, "kind": "service", "workspaceId": workspace, "role": role});
    let new = api.post("/v2/tokens", wanted).ok();
    let token = new["token"].as_str().expect("shown once").to_owned();
    (id(&new), token)
}

#[test]
fn a_service_ends_its_own_token_and_no_other() {
    on_both(|api| {
        let (viewer, token) = made(&api, "viewer");
        let (editor, _) = made(&api, "editor");
        let delete = |id: &str| {
            let path = format!("/v2/tokens/{id}");
            api.ask("DELETE", &path, &token, &Value::Null).status
        };
        assert_eq!(delete(&editor), 403);
        assert_eq!(delete(&viewer), 204);
        assert_eq!(delete(&viewer), 401, "it has ended");
        let events = api.events();
        let last = &events[events.len() - 1]["action"];
        assert!(last.to_string().contains("deleted"), "{last}");
        String::new()
    });
}
