//! `/v2/accounts`: what clients need of it, what is told of it, and that its secret is nowhere.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Story, id, on_both, without_ids};

const NEEDLES: [&str; 2] = ["needle-one", "needle-two"];

fn bigquery(name: &str) -> Value {
    json!({
        "accountDefinitionName": "SOURCE_BIGQUERY", "name": name, "externalId": "prod-bq",
        "options": { "projectId": "fernhill", "location": "US" }, "secret": { "credentials": NEEDLES[0] },
    })
}

#[test]
fn an_account_comes_back_without_its_secret_and_its_definition_is_read_from_its_name() {
    let told = on_both(|api| {
        let made = api.post("/v2/accounts", bigquery("Warehouse")).ok();
        let path = format!("/v2/accounts/{}", id(&made));
        assert_eq!(api.get(&path).ok(), made);
        let page = api.get("/v2/accounts").ok();
        assert_eq!(page["data"], json!([made]));
        let mut told = without_ids(&made.to_string());
        for definition in ["DESTINATION_OPENAI_ADS_API_KEY", "SOURCE_", "Salesforce"] {
            let body = json!({ "accountDefinitionName": definition, "name": "Other" });
            let made = api.post("/v2/accounts", body).ok();
            assert_eq!(made["options"], json!({}), "nothing is an empty object");
            told.push_str(&format!("\n{}", made["definition"]));
        }
        for needle in NEEDLES {
            assert!(!api.get("/v2/accounts").ok().to_string().contains(needle));
        }
        told
    });
    assert_snapshot!(told, @r#"
    {"id":"ID","externalId":"prod-bq","name":"Warehouse","definition":{"name":"SOURCE_BIGQUERY","type":"bigquery","category":"source"},"options":{"projectId":"fernhill","location":"US"},"workspaceId":"ID","createdAt":"2026-11-18T11:06:40.000Z","updatedAt":"2026-11-18T11:06:40.000Z"}
    {"name":"DESTINATION_OPENAI_ADS_API_KEY","type":"openai_ads_api_key","category":"destination"}
    {"name":"SOURCE_","type":"source_","category":""}
    {"name":"Salesforce","type":"salesforce","category":""}
    "#);
}

#[test]
fn a_change_replaces_all_of_an_account_and_the_secret_is_told_as_redacted() {
    let story = on_both(|api| {
        let mut story = Story::of(&api);
        let made = story.tell("add", api.post("/v2/accounts", bigquery("Warehouse")));
        let path = format!("/v2/accounts/{}", id(&made));
        let same = json!({
            "name": "Warehouse", "options": { "projectId": "fernhill", "location": "US" },
            "secret": { "credentials": NEEDLES[0] },
        });
        story.tell("the same again", api.put(&path, same.clone()));
        let mut other = same.clone();
        other["secret"]["credentials"] = json!(NEEDLES[1]);
        story.tell("another secret", api.put(&path, other));
        let body = json!({ "name": "Renamed", "options": { "projectId": "fernhill" } });
        story.tell("another name, less else", api.put(&path, body));
        let deleted = api.delete(&path);
        assert_eq!(deleted.status, 204);
        story.tell("delete", deleted);
        assert_eq!(api.get(&path).status, 404);
        api.index();
        for event in api.events() {
            for needle in NEEDLES {
                assert!(!event.to_string().contains(needle));
            }
        }
        let of_accounts = api.events_with(&api.admin, "&target_type=account");
        assert_eq!(of_accounts.len(), 4);
        story.end()
    });
    assert_snapshot!(story, @r#"
    add
        account.created Warehouse
          accountDefinitionName: nothing -> "SOURCE_BIGQUERY"
          externalId: nothing -> "prod-bq"
          name: nothing -> "Warehouse"
          options.location: nothing -> "US"
          options.projectId: nothing -> "fernhill"
          secret: redacted
    the same again
    another secret
        account.updated Warehouse
          secret: redacted
    another name, less else
        account.updated Renamed
          name: "Warehouse" -> "Renamed"
          options.location: "US" -> nothing
          secret: redacted
    delete
        account.deleted Renamed
          accountDefinitionName: "SOURCE_BIGQUERY" -> nothing
          externalId: "prod-bq" -> nothing
          name: "Renamed" -> nothing
          options.projectId: "fernhill" -> nothing
          secret: redacted
    "#);
}

#[test]
fn what_an_account_cannot_be_is_refused_and_changes_nothing() {
    let told = on_both(|api| {
        let made = api.post("/v2/accounts", bigquery("Warehouse")).ok();
        let path = format!("/v2/accounts/{}", id(&made));
        let before = api.get("/v2/accounts").ok();
        let mut told = String::new();
        for body in [
            json!({ "name": "A" }),
            json!({ "accountDefinitionName": "", "name": "A" }),
            json!({ "accountDefinitionName": "X", "name": "" }),
            json!({ "accountDefinitionName": "X", "name": "A", "options": [] }),
            json!({ "accountDefinitionName": "X", "name": "A", "secret": "s3cret" }),
            json!({ "accountDefinitionName": "X", "name": "A", "externalId": "prod-bq" }),
        ] {
            told.push_str(&format!("{}\n", api.post("/v2/accounts", body).problem()));
        }
        for body in [
            json!({}),
            json!({ "name": "A", "options": 1 }),
            json!({ "name": "A", "secret": [] }),
        ] {
            told.push_str(&format!("{}\n", api.put(&path, body).problem()));
        }
        let external = format!("{path}/external-id");
        let refused = api.put(&external, json!({ "externalId": "other" }));
        told.push_str(&refused.problem());
        assert_eq!(
            api.put(&external, json!({ "externalId": "prod-bq" }))
                .status,
            200
        );
        assert_eq!(api.get("/v2/accounts").ok(), before);
        told
    });
    assert_snapshot!(told, @r"
    400 invalid_body: The body does not fit: missing field `accountDefinitionName` at line 1 column 12
    400 required: accountDefinitionName must not be empty
    400 required: name must not be empty
    400 not_an_object: options must be an object
    400 not_an_object: secret must be an object
    409 external_id_taken: account ID has this external id
    400 invalid_body: The body does not fit: missing field `name` at line 1 column 2
    400 not_an_object: options must be an object
    400 not_an_object: secret must be an object
    409 external_id_set: the external id is set already, to “prod-bq”
    ");
}

#[test]
fn an_account_in_use_stays_and_the_refusal_names_what_uses_it() {
    let told = on_both(|api| {
        let account = id(&api.post("/v2/accounts", bigquery("Warehouse")).ok());
        let other = bigquery("Other");
        let other =
            json!({ "accountDefinitionName": other["accountDefinitionName"], "name": "Other" });
        let other = id(&api.post("/v2/accounts", other).ok());
        let source = api.model("Customers", &account);
        let path = format!("/v2/accounts/{account}");
        let refused = api.delete(&path);
        assert_eq!(api.get(&path).status, 200);
        let events = api.events();
        let last = events.last().expect("an event");
        let told = format!(
            "{}\n{} {} {}",
            refused.problem(),
            last["targetType"],
            last["outcome"],
            last["code"]
        );
        let change = json!({ "accountId": other });
        api.put(&format!("/v2/retl-sources/{source}"), change).ok();
        assert_eq!(api.delete(&path).status, 204);
        told
    });
    assert_snapshot!(told, @r#"
    409 account_in_use: account “Warehouse” can't be removed because it is being used by source “Customers”
    "account" "failed" "account_in_use"
    "#);
}

#[test]
fn an_account_that_a_destination_signs_in_with_stays() {
    let told = on_both(|api| {
        let account = id(&api.post("/v2/accounts", bigquery("Warehouse")).ok());
        let account_path = format!("/v2/accounts/{account}");
        api.model("Customers", &account);
        let mut told = String::new();
        for key in ["rudderAccountId", "rudderDeleteAccountId"] {
            let body = json!({ "name": key, "type": "WEBHOOK", "config": { key: account } });
            let made = api.post("/v2/destinations", body).ok();
            told.push_str(&format!("{}\n", api.delete(&account_path).problem()));
            let source = &api.get("/v2/retl-sources").ok()["data"][0];
            if source.is_object() {
                let path = format!("/v2/retl-sources/{}", id(source));
                assert_eq!(api.delete(&path).status, 204);
                told.push_str(&format!("{}\n", api.delete(&account_path).problem()));
            }
            let destination = format!("/v2/destinations/{}", id(&made["destination"]));
            assert_eq!(api.delete(&destination).status, 204);
        }
        assert_eq!(api.delete(&account_path).status, 204);
        told
    });
    assert_snapshot!(told, @r"
    409 account_in_use: account “Warehouse” can't be removed because it is being used by source “Customers”, destination “rudderAccountId”
    409 account_in_use: account “Warehouse” can't be removed because it is being used by destination “rudderAccountId”
    409 account_in_use: account “Warehouse” can't be removed because it is being used by destination “rudderDeleteAccountId”
    ");
}
