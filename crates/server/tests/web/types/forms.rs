//! The forms of types that come with an import: what they ask for, and what becomes of what is typed.

use axum::http::StatusCode;
use model::change::ChangeKind;
use serde_json::{Value, json};
use server::app::Config;

use super::sent;
use crate::lines::untouched;
use crate::site::{Browser, Database, Site};

fn kettle() -> Value {
    json!({
        "name": "KETTLE",
        "displayName": "Kettle",
        "config": { "secretKeys": ["key", "spouts.to"] },
        "configSchema": { "type": "object", "properties": { "litres": { "type": "string", "pattern": "^[0-9]+$" }, "native": { "type": "object" } } },
        "uiConfig": { "baseTemplate": [{ "sections": [{ "groups": [{ "fields": [
            { "type": "textInput", "label": "Key", "configKey": "key", "required": true, "secret": true },
            { "type": "textInput", "label": "Litres", "configKey": "litres", "placeholder": "e.g. 2" },
            { "type": "checkbox", "label": "Whistles", "configKey": "whistles" },
            { "type": "checkbox", "label": "Native", "configKey": "native" },
            { "type": "textInput", "label": "Place", "configKey": "place", "secret": true },
            { "type": "singleSelect", "label": "Colour", "configKey": "colour", "options": [{ "label": "Red", "value": "red" }] },
            { "type": "dynamicForm", "label": "Spouts", "configKey": "spouts" }
        ] }] }] }] }
    })
}

#[tokio::test]
async fn an_imported_form_asks_for_settings_and_never_shows_a_secret() {
    let (site, _) = Site::ready().await;
    let (status, answer) = site
        .api("POST", "/destination-definitions", Some(kettle()))
        .await;
    assert!(status.is_success(), "{answer}");
    let mut ada = site.signed_in("ada@example.com").await;
    let page = ada.get("/destinations/new?type=KETTLE").await.body;
    for label in [
        "Key",
        "Litres",
        "Whistles",
        "Colour",
        "Spouts",
        "For example 2",
    ] {
        assert!(page.contains(label), "{label}");
    }
    let fields = [
        ("type", "KETTLE"),
        ("name", "A kettle"),
        ("config.key", "hidden-key"),
        ("config.litres", "2"),
        ("config.whistles", "true"),
        ("config.native", r#"{"web":true}"#),
        ("config.place", "on the shelf"),
        ("config.colour", "red"),
        ("config.spouts", r#"[{"from":"left","to":"hidden-spout"}]"#),
    ];
    let answer = ada.post("/destinations", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let path = answer.header("location").to_owned();
    let (_, made) = site.api("GET", &format!("/v2{path}"), None).await;
    let config = json!({ "key": "hidden-key", "litres": "2", "whistles": true, "native": { "web": true }, "place": "on the shelf", "colour": "red", "spouts": [{ "from": "left", "to": "hidden-spout" }] });
    assert_eq!(made["destination"]["config"], config);

    let page = ada.get(&format!("{path}/configuration")).await.body;
    assert!(
        !page.contains("hidden-key") && !page.contains("hidden-spout"),
        "{page}"
    );
    assert!(page.contains("left") && page.contains("Set. Leave empty to keep it."));
    // What stands in the log is not said to be secret, whatever the form calls it.
    assert!(page.contains("value=\"on the shelf\""), "{page}");
    // What is sent back as it was shown keeps what was not shown.
    let again = [
        ("form", "settings"),
        ("name", "A kettle"),
        ("enabled", "true"),
        ("config.key", ""),
        ("config.litres", "3"),
        ("config.whistles", "true"),
        ("config.native", r#"{"web":true}"#),
        ("config.place", "on the shelf"),
        ("config.colour", "red"),
        ("config.spouts", r#"[{"from":"left"}]"#),
    ];
    let answer = ada.post(&path, &again).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let (_, made) = site.api("GET", &format!("/v2{path}"), None).await;
    assert_eq!(made["destination"]["config"]["key"], "hidden-key");
    assert_eq!(made["destination"]["config"]["spouts"], config["spouts"]);
    assert_eq!(made["destination"]["config"]["litres"], "3");

    // Where the workspace refuses what does not fit, the form says which field it is.
    ada.post(
        "/settings/workspace",
        &[
            ("allow_unknown_types", "true"),
            ("refuse_invalid_config", "true"),
        ],
    )
    .await;
    let mut bad = again;
    bad[4] = ("config.litres", "a lot");
    let answer = ada.post(&path, &bad).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("config.litres-error"),
        "{}",
        answer.body
    );
    bad[4] = ("config.litres", "3");
    bad[7] = ("config.spouts", "[");
    let answer = ada.post(&path, &bad).await;
    assert!(answer.body.contains("This is not JSON"), "{}", answer.body);
}

/// A type as the public integrations have them: with platforms, conditions, defaults and forms that texts must have.
fn pot() -> Value {
    let when = |name: &str, value: Value| json!({ "name": name, "selectedValue": value });
    json!({
        "name": "POT",
        "displayName": "Pot",
        "config": {
            "secretKeys": ["password", "privateKey"],
            "supportedConnectionModes": { "web": ["cloud", "device"], "ios": ["cloud"] },
            "destConfig": {
                "defaultConfig": ["account"],
                "web": ["useNativeSDK", "connectionMode"],
                "ios": ["connectionMode"],
            },
        },
        "configSchema": { "type": "object", "properties": {
            "useNativeSDK": { "type": "object", "properties": { "web": { "type": "boolean" } } },
        } },
        "uiConfig": [
            { "title": "Credentials", "fields": [
                { "type": "textInput", "label": "Account", "value": "account", "required": true, "regex": "^[a-z]+$", "regexErrorMessage": "Invalid Account" },
                { "type": "checkbox", "label": "Key pair", "value": "keyPair", "default": false },
                { "type": "textInput", "label": "Password", "value": "password", "required": true, "secret": true, "preRequisiteField": when("keyPair", json!(false)) },
                { "type": "textareaInput", "label": "Private key", "value": "privateKey", "required": true, "secret": true, "regex": "BEGIN KEY", "preRequisiteField": when("keyPair", json!(true)) },
            ] },
            { "title": "Storage", "fields": [
                { "type": "singleSelect", "label": "Cloud", "value": "cloud", "options": [{ "name": "A", "value": "a" }, { "name": "B", "value": "b" }], "defaultOption": { "name": "A", "value": "a" } },
                { "type": "textInput", "label": "Bucket", "value": "store", "required": true, "preRequisiteField": when("cloud", json!("a")) },
                { "type": "textInput", "label": "Container", "value": "store", "regex": "^c", "preRequisiteField": when("cloud", json!("b")) },
                { "type": "checkbox", "label": "Encrypt", "value": "encrypt", "default": true, "preRequisiteField": when("cloud", json!("a")) },
                { "type": "textInput", "label": "Later", "value": "later", "preRequisites": { "fields": [{ "configKey": "connectionModes.cloud", "value": true }] } },
            ] },
            { "title": "SDK", "fields": [
                { "type": "checkbox", "label": "Device mode", "value": "useNativeSDK" },
            ] },
        ],
    })
}

/// Sends the settings of a destination, and gives what is stored then, or the page that says what is wrong.
async fn saved(
    site: &Site,
    browser: &mut Browser<'_>,
    path: &str,
    fields: &[(&str, &str)],
) -> Result<Value, String> {
    let mut all = vec![("form", "settings"), ("name", "A pot"), ("enabled", "true")];
    all.extend(fields);
    let answer = browser.post(path, &all).await;
    if answer.status != StatusCode::SEE_OTHER {
        return Err(answer.body);
    }
    let (_, made) = site.api("GET", &format!("/v2{path}"), None).await;
    Ok(made["destination"]["config"].clone())
}

#[tokio::test]
async fn a_form_has_fields_for_platforms_and_asks_for_what_its_conditions_say() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database, Config::default()).await;
        site.set_up().await;
        let (status, answer) = site
            .api("POST", "/destination-definitions", Some(pot()))
            .await;
        assert!(status.is_success(), "{answer}");
        let mut ada = site.signed_in("ada@example.com").await;

        // A new one begins with the defaults, below the titles of the form.
        let page = ada.get("/destinations/new?type=POT").await.body;
        for part in [
            "<h3>Credentials</h3>",
            "<h3>Platform web</h3>",
            "<h3>Platform ios</h3>",
            "name=\"config.connectionMode.ios\"",
            "<option value=\"a\" selected>A</option>",
            "name=\"config.encrypt\" value=\"true\" checked",
            "title=\"Invalid Account\"",
            "data-when=\"[[[&#34;config.keyPair&#34;,&#34;true&#34;]]]\"",
            "name=\"config.store~2\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        // What cannot be told, as a mode of the original's own page, is always asked for.
        assert_eq!(page.matches("data-when").count(), 5, "{page}");

        let new = |account: &'static str| {
            vec![
                ("type", "POT"),
                ("name", "A pot"),
                ("config.account", account),
                ("config.password", "hidden-password"),
                ("config.cloud", "a"),
                ("config.store", "bucket"),
                ("config.connectionMode.ios", "cloud"),
                ("config.useNativeSDK.web", "true"),
            ]
        };
        let refused = ada.post("/destinations", &new("Not this")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.body.contains("Invalid Account."),
            "{}",
            refused.body
        );
        let made = ada.post("/destinations", &new("env.ACCOUNT")).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let path = made.header("location").to_owned();
        let (_, made) = site.api("GET", &format!("/v2{path}"), None).await;
        let config = json!({
            "account": "env.ACCOUNT", "keyPair": false, "password": "hidden-password", "cloud": "a", "store": "bucket",
            "encrypt": false, "connectionMode": { "ios": "cloud" }, "useNativeSDK": { "web": true },
        });
        assert_eq!(made["destination"]["config"], config);

        // What the form knows nothing of, and what another has set in a form of its own, comes back as it was.
        let mut odd = config.clone();
        odd["account"] = json!("NOT THE FORM");
        odd["unknown"] = json!({ "deep": [1, { "x": null }] });
        odd["connectionMode"] = json!({ "ios": "cloud", "shopify": "cloud" });
        odd["useNativeSDK"] = json!({ "web": true, "amp": {} });
        odd["privateKey"] = json!("BEGIN KEY hidden-key");
        odd["later"] = json!("kept");
        odd["keyPair"] = json!(null);
        let (status, answer) = site
            .api("PUT", &format!("/v2{path}"), Some(json!({ "config": odd })))
            .await;
        assert!(status.is_success(), "{answer}");
        let page = ada.get(&format!("{path}/configuration")).await.body;
        assert!(!page.contains("hidden-"), "{page}");
        let sent = untouched(&page, &path);
        let sent: Vec<(&str, &str)> = sent
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| name.starts_with("config.") || *name == "json")
            .collect();
        // Nothing was touched, and nothing changed, with a script that does not send what is hidden and without.
        let hidden = ["config.privateKey", "config.store~2"];
        let shown: Vec<_> = sent
            .iter()
            .copied()
            .filter(|(name, _)| !hidden.contains(name))
            .collect();
        for fields in [&sent, &shown] {
            assert_eq!(saved(&site, &mut ada, &path, fields).await, Ok(odd.clone()));
        }

        // What is hidden keeps what is stored, and is not needed; what is shown is.
        let with = |changes: &[(&'static str, &'static str)]| {
            let mut fields = shown.clone();
            for (name, value) in changes {
                fields.retain(|(known, _)| known != name);
                fields.push((name, value));
            }
            fields
        };
        let fields = with(&[
            ("config.keyPair", "true"),
            ("config.cloud", "b"),
            ("config.store~2", "container"),
        ]);
        let mut fields: Vec<_> = fields
            .into_iter()
            .filter(|(name, _)| {
                !["config.password", "config.store", "config.encrypt"].contains(name)
            })
            .collect();
        let with_bucket = odd.clone();
        odd["keyPair"] = json!(true);
        odd["cloud"] = json!("b");
        odd["store"] = json!("container");
        assert_eq!(
            saved(&site, &mut ada, &path, &fields).await,
            Ok(odd.clone())
        );
        // What the other field of a setting took is new to the one that is shown now.
        let mut taken_along = fields.clone();
        taken_along.retain(|(name, _)| *name != "config.store~2" && *name != "config.cloud");
        taken_along.extend([("config.cloud", "b"), ("config.store~2", "bucket")]);
        let (status, answer) = site
            .api(
                "PUT",
                &format!("/v2{path}"),
                Some(json!({ "config": with_bucket })),
            )
            .await;
        assert!(status.is_success(), "{answer}");
        let wrong = saved(&site, &mut ada, &path, &taken_along)
            .await
            .expect_err("refused");
        assert!(wrong.contains("config.store~2-error"), "{wrong}");
        let odd = Some(json!({ "config": odd }));
        let (status, answer) = site.api("PUT", &format!("/v2{path}"), odd).await;
        assert!(status.is_success(), "{answer}");
        fields.push(("config.privateKey", "no key"));
        let wrong = saved(&site, &mut ada, &path, &fields)
            .await
            .expect_err("refused");
        assert!(wrong.contains("config.privateKey-error"), "{wrong}");
        // A field that was hidden when it was sent is drawn with what is stored.
        assert!(
            wrong.contains("name=\"config.store\" value=\"container\""),
            "{wrong}"
        );
        fields.pop();
        fields.retain(|(name, _)| *name != "config.store~2");
        fields.push(("config.store~2", "no container"));
        let wrong = saved(&site, &mut ada, &path, &fields)
            .await
            .expect_err("refused");
        assert!(wrong.contains("config.store~2-error"), "{wrong}");
        let empty = with(&[("config.cloud", "a"), ("config.store", "")]);
        let wrong = saved(&site, &mut ada, &path, &empty)
            .await
            .expect_err("refused");
        assert!(wrong.contains("Bucket is needed."), "{wrong}");
        // A setting is set in one place.
        let twice = with(&[("json", r#"{"connectionMode":{"ios":"device"}}"#)]);
        let wrong = saved(&site, &mut ada, &path, &twice)
            .await
            .expect_err("refused");
        assert!(
            wrong.contains("\u{201c}connectionMode.ios\u{201d} has a field above."),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn settings_that_do_not_fit_are_told_after_a_save_on_the_page_and_on_the_event() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database, Config::default()).await;
        let team = site.set_up().await;
        for path in ["/destination-definitions", "/source-definitions"] {
            let (status, answer) = site.api("POST", path, Some(kettle())).await;
            assert!(status.is_success(), "{answer}");
        }
        let mut ada = site.signed_in("ada@example.com").await;
        let told = "<code>config.litres</code> does not have the form that is asked for: ^[0-9]+$";
        for (list, tab) in [("/destinations", "configuration"), ("/sources", "settings")] {
            let fields = [
                ("type", "KETTLE"),
                ("settings", "true"),
                ("name", "A kettle"),
                ("config.key", "hidden-key"),
                ("config.litres", "a lot"),
            ];
            let answer = ada.post(list, &fields).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
            let path = answer.header("location").to_owned();
            let event = site.log(team.organization).await.pop().expect("an event");
            // It is told on the page that one lands on, and for as long as the settings are so.
            for page in [path.clone(), format!("{path}/{tab}")] {
                let page = ada.get(&page).await.body;
                assert!(
                    page.contains(told) && !page.contains("a lot</code>"),
                    "{page}"
                );
            }
            let event = event.entry.id;
            for page in [
                format!("/settings/audit-logs/{event}"),
                format!("{path}/audit-logs?open={event}"),
            ] {
                let page = ada.get(&page).await.body;
                assert!(
                    page.contains("Taken with a warning.") && page.contains(told),
                    "{page}"
                );
            }
            let seen = match tab {
                "settings" => {
                    let page = ada.get(&format!("{path}/settings")).await.body;
                    let (_, rest) = page.split_once("name=\"seen\" value=\"").expect("a moment");
                    rest.split('"').next().expect("its end").to_owned()
                }
                _ => String::new(),
            };
            let mut mended = vec![
                ("form", "settings"),
                ("name", "A kettle"),
                ("config.litres", "2"),
            ];
            if !seen.is_empty() {
                mended.push(("seen", &seen));
            }
            let answer = ada.post(&path, &mended).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
            let page = ada.get(&path).await.body;
            assert!(!page.contains("do not fit the type"), "{page}");
        }
    }
}

#[tokio::test]
async fn a_source_whose_type_asks_for_settings_is_asked_for_them() {
    let (site, _) = Site::ready().await;
    let mut spring = kettle();
    spring["name"] = json!("Spring");
    spring["displayName"] = json!("Spring water");
    let (status, answer) = site.api("POST", "/source-definitions", Some(spring)).await;
    assert!(status.is_success(), "{answer}");
    let mut ada = site.signed_in("ada@example.com").await;

    // A first answer asks for the settings, with the name that was given, and makes nothing.
    let first = [
        ("type", "Spring"),
        ("name", "A spring"),
        ("enabled", "true"),
    ];
    let asked = ada.post("/sources", &first).await;
    assert_eq!(asked.status, StatusCode::OK);
    for part in ["Spring water", "A spring", "Litres", "Configuration"] {
        assert!(asked.body.contains(part), "{part}");
    }
    assert!(!asked.body.contains("aria-invalid"), "{}", asked.body);
    let (_, all) = site.api("GET", "/v2/sources", None).await;
    assert_eq!(all["sources"], json!([]));

    let mut fields = vec![
        ("type", "Spring"),
        ("settings", "true"),
        ("name", "A spring"),
        ("enabled", "true"),
        ("config.key", ""),
        ("config.litres", "2"),
    ];
    let answer = ada.post("/sources", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Key is needed."), "{}", answer.body);
    fields[4].1 = "hidden-key";
    let answer = ada.post("/sources", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let path = answer.header("location").to_owned();
    let (_, made) = site.api("GET", &format!("/v2{path}"), None).await;
    let config = json!({ "key": "hidden-key", "litres": "2" });
    assert_eq!(made["source"]["config"], config);

    // Its settings are drawn without the secret, and what is sent back keeps it.
    let page = ada.get(&format!("{path}/settings")).await.body;
    assert!(!page.contains("hidden-key"), "{page}");
    let (_, rest) = page.split_once("name=\"seen\" value=\"").expect("a moment");
    let seen = rest.split('"').next().expect("its end").to_owned();
    let again = [
        ("form", "settings"),
        ("seen", &*seen),
        ("name", "A spring"),
        ("enabled", "true"),
        ("config.key", ""),
        ("config.litres", "3"),
        ("json", r#"{ "depth": { "metres": 4 } }"#),
    ];
    let answer = ada.post(&path, &again).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let config = json!({ "depth": { "metres": 4 }, "key": "hidden-key", "litres": "3" });
    let (_, made) = site.api("GET", &format!("/v2{path}"), None).await;
    assert_eq!(made["source"]["config"], config);

    // What was drawn before that change is not laid over it.
    let answer = ada.post(&path, &again).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer
            .body
            .contains("It was changed meanwhile, by you; look at it again.")
    );
    let (_, made) = site.api("GET", &format!("/v2{path}"), None).await;
    assert_eq!(made["source"]["config"], config);
}

/// A type whose one secret is not needed, and whose settings have a schema.
fn jug() -> Value {
    json!({
        "name": "JUG", "displayName": "Jug",
        "config": { "secretKeys": ["lid", "hidden"] },
        "configSchema": { "type": "object", "properties": {
            "deep": { "type": "object", "properties": { "litres": { "type": "number", "maximum": 3 } } },
            "spouts": { "type": "array", "items": { "type": "object", "properties": { "to": { "type": "string", "maxLength": 3 } } } },
        } },
        "uiConfig": [{ "title": "All", "fields": [
            { "type": "textInput", "label": "Lid", "value": "lid", "secret": true },
            { "type": "dynamicForm", "label": "Spouts", "value": "spouts" },
        ] }],
    })
}

async fn removal(database: Database) {
    let site = Site::new(database, Config::default()).await;
    let team = site.set_up().await;
    site.api("POST", "/destination-definitions", Some(jug()))
        .await;
    let made = json!({ "name": "A pot", "type": "JUG", "config": { "lid": "needle" } });
    let (_, made) = site.api("POST", "/v2/destinations", Some(made)).await;
    let path = format!(
        "/destinations/{}",
        made["destination"]["id"].as_str().expect("an id")
    );
    let mut ada = site.signed_in("ada@example.com").await;
    let page = ada.get(&format!("{path}/configuration")).await.body;
    assert!(page.contains("name=\"remove.config.lid\""), "{page}");
    let empty = [("config.lid", "")];
    let kept = saved(&site, &mut ada, &path, &empty).await;
    assert_eq!(kept, Ok(json!({ "lid": "needle" })));
    let both = [("config.lid", "new"), ("remove.config.lid", "true")];
    let wrong = saved(&site, &mut ada, &path, &both)
        .await
        .expect_err("refused");
    assert!(wrong.contains("Do one of the two."), "{wrong}");
    let gone = [("config.lid", ""), ("remove.config.lid", "true")];
    assert_eq!(saved(&site, &mut ada, &path, &gone).await, Ok(json!({})));
    let event = site.log(team.organization).await.pop().expect("an event");
    let mut changes = event.changes.iter();
    let change = changes.find(|change| change.path == "config.lid");
    assert_eq!(change.expect("a change").kind, ChangeKind::Redacted);
    let page = ada.get(&format!("{path}/configuration")).await.body;
    assert!(!page.contains("remove.config.lid"), "{page}");
}

#[tokio::test]
async fn a_stored_secret_that_is_not_needed_goes_where_its_box_is_ticked_on_sqlite() {
    removal(Database::Sqlite).await;
}

#[tokio::test]
async fn a_stored_secret_that_is_not_needed_goes_where_its_box_is_ticked_on_postgresql() {
    removal(Database::Postgres).await;
}

#[tokio::test]
async fn what_is_wrong_with_settings_is_said_where_they_are_and_above_them_once() {
    let (site, _) = Site::ready().await;
    for path in ["/destination-definitions", "/source-definitions"] {
        site.api("POST", path, Some(jug())).await;
    }
    let mut ada = site.signed_in("ada@example.com").await;
    let strict = [
        ("allow_unknown_types", "true"),
        ("refuse_invalid_config", "true"),
    ];
    ada.get("/settings/workspace").await;
    ada.post("/settings/workspace", &strict).await;
    for (list, noun, tab) in [
        ("/destinations", "destination", "configuration"),
        ("/sources", "source", "settings"),
    ] {
        let made = json!({ "name": "A pot", "type": "JUG" });
        let (_, made) = site.api("POST", &format!("/v2{list}"), Some(made)).await;
        let id = made[noun]["id"].as_str().expect("an id");
        let path = format!("{list}/{id}");
        let page = ada.get(&format!("{path}/{tab}")).await.body;
        let drawn = untouched(&page, &path);
        let wrong = [
            ("json", r#"{ "deep": { "litres": 4 } }"#),
            ("config.spouts", r#"[{ "to": "four" }]"#),
        ];
        let refused = ada.post(&path, &sent(&drawn, &wrong)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.body.matches("note--bad").count(), 1);
        for said in [
            "config.deep.litres may be 3 at most.",
            "id=\"json-error\"",
            "id=\"config.spouts-error\"",
        ] {
            assert!(refused.body.contains(said), "{said}: {}", refused.body);
        }
        let large = [("json", r#"{ "a": 1e400 }"#)];
        let refused = ada.post(&path, &sent(&drawn, &large)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.body.contains("json-error")
                && refused.body.contains("config.a is a number beyond"),
            "{}",
            refused.body
        );
        assert_eq!(refused.body.matches("note--bad").count(), 1);
    }
}
