//! The forms of a source and of a connection of reverse ETL.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Made, made, ready, synced};
use crate::site::{Answer, Browser, Database, Site};
use crate::team::between;

/// When what a form shows was last changed, as the form says it.
fn seen(page: &Answer) -> String {
    between(page, "name=\"seen\" value=\"", "\"").to_owned()
}

async fn now(site: &Site, path: &str) -> Value {
    let (status, now) = site.api("GET", path, None).await;
    assert_eq!(status, StatusCode::OK, "{now}");
    now
}

/// Sends the form of a connection with this schedule, and with this typed as JSON.
async fn send(
    browser: &mut Browser<'_>,
    path: &str,
    (seen, schedule): (&str, [&str; 3]),
    json: &str,
) -> Answer {
    let [kind, minutes, cron] = schedule;
    let fields = [
        ("form", "settings"),
        ("seen", seen),
        ("enabled", "true"),
        ("schedule.type", kind),
        ("schedule.everyMinutes", minutes),
        ("schedule.cronExpression", cron),
        ("settings", json),
    ];
    browser.post(path, &fields).await
}

#[tokio::test]
async fn a_connection_is_changed_in_its_form_and_what_is_left_out_stays() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, team, it) = ready(database).await;
        let mut body = synced(&it, "people");
        body["schedule"]["own"] = json!(true);
        body["mappings"] = json!([{ "from": "mail", "to": "email" }]);
        let id = made(&site, "/v2/retl-connections", body).await;
        let (path, api) = (
            format!("/connections/{id}"),
            format!("/v2/retl-connections/{id}"),
        );
        let mut browser = site.signed_in("ada@example.com").await;
        let page = browser.get(&format!("{path}/settings")).await;
        let moment = seen(&page);
        assert!(page.body.contains("value=\"45\""), "{}", page.body);
        assert!(page.body.contains("&#34;mappings&#34;"), "{}", page.body);
        let before = site.log(team.organization).await.len();
        let same = r#"{"identifiers": [{"from": "id", "to": "user_id"}], "syncSettings": null}"#;
        let saved = send(&mut browser, &path, (&moment, ["basic", "45", ""]), same).await;
        assert_eq!(saved.header("location"), path, "{}", saved.body);
        let page = browser.get(&path).await.body;
        assert!(page.contains("Nothing changed, so nothing was recorded."));
        assert_eq!(site.log(team.organization).await.len(), before);
        assert_eq!(now(&site, &api).await["schedule"]["own"], true);

        let typed = r#"{"mappings": [], "constants": [{"key": "origin", "value": "x"}]}"#;
        let cron = (&*moment, ["cron", "45", " 30 13 * * * "]);
        let saved = send(&mut browser, &path, cron, typed).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let page = browser.get(&path).await.body;
        assert!(page.contains("Saved.</b> Recorded as"), "{page}");
        let is = now(&site, &api).await;
        assert_eq!(
            (
                &is["schedule"],
                &is["mappings"],
                &is["constants"],
                &is["identifiers"]
            ),
            (
                &json!({ "type": "cron", "cronExpression": "30 13 * * *" }),
                &Value::Null,
                &json!([{ "key": "origin", "value": "x" }]),
                &json!([{ "from": "id", "to": "user_id" }]),
            )
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_connection_is_said_at_its_field_and_nothing_is_lost() {
    let (site, team, it) = ready(Database::Sqlite).await;
    let id = made(&site, "/v2/retl-connections", synced(&it, "people")).await;
    let path = format!("/connections/{id}");
    let mut browser = site.signed_in("ada@example.com").await;
    let moment = seen(&browser.get(&format!("{path}/settings")).await);
    let before = site.log(team.organization).await.len();
    let minutes = (
        "schedule.everyMinutes",
        "A basic schedule needs everyMinutes",
    );
    let fine = ["manual", "", ""];
    for (schedule, json, said) in [
        (["basic", "4", ""], "{}", &[minutes][..]),
        (["basic", "soon", ""], "{}", &[minutes]),
        (
            ["basic", "soon", ""],
            "{needle",
            &[minutes, ("settings", "This is not JSON")],
        ),
        (
            ["cron", "", "needle"],
            "{}",
            &[("schedule.cronExpression", "A cron schedule needs")],
        ),
        (
            ["x", "", ""],
            "{}",
            &[("schedule.type", "Schedule.type must be")],
        ),
        (
            fine,
            "[]",
            &[("settings", "This has to be one JSON object")],
        ),
        (
            fine,
            r#"{"mappings": [{"from": "needle"}]}"#,
            &[("settings", "Mappings[0] must have from and to")],
        ),
        (
            fine,
            r#"{"identifiers": []}"#,
            &[("settings", "Identifiers must not be empty")],
        ),
        (
            fine,
            r#"{"syncBehaviour": "full"}"#,
            &[("settings", "SyncBehaviour cannot change")],
        ),
        (
            fine,
            r#"{"mapping": []}"#,
            &[("settings", "is no setting of a connection")],
        ),
        (
            fine,
            r#"{"schedule": {}}"#,
            &[("settings", "has fields above")],
        ),
    ] {
        let wrong = send(&mut browser, &path, (&moment, schedule), json).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{json}");
        for (field, message) in said {
            let at = between(&wrong, &format!("id=\"{field}-error\""), "</span>");
            assert!(at.contains(message), "{json}: {at}");
        }
        let typed = json.replace('"', "&#34;");
        assert!(
            wrong.body.contains(&format!("\n{typed}</textarea>")),
            "{}",
            wrong.body
        );
        for typed in &schedule[1..] {
            assert!(
                wrong.body.contains(&format!("value=\"{typed}\"")),
                "{typed}"
            );
        }
    }
    assert_eq!(site.log(team.organization).await.len(), before);
}

#[tokio::test]
async fn a_connection_that_changed_meanwhile_is_not_written_over() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, team, it) = ready(database).await;
        let id = made(&site, "/v2/retl-connections", synced(&it, "people")).await;
        let (path, api) = (
            format!("/connections/{id}"),
            format!("/v2/retl-connections/{id}"),
        );
        let mut browser = site.signed_in("ada@example.com").await;
        let stale = seen(&browser.get(&format!("{path}/settings")).await);
        let other = json!({ "mappings": [{ "from": "mail", "to": "email" }] });
        site.api("PUT", &api, Some(other)).await;
        let typed = r#"{"mappings": []}"#;
        let schedule = ["basic", "60", ""];
        let refused = send(&mut browser, &path, (&stale, schedule), typed).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
        for said in [
            "It was changed meanwhile, by you; look at it again.",
            "What saving would change now",
            "schedule.everyMinutes",
            "mappings",
            "value=\"60\"",
        ] {
            assert!(refused.body.contains(said), "{said}: {}", refused.body);
        }
        let log = site.log(team.organization).await;
        let code = log.last().expect("an event").entry.code.clone();
        assert_eq!(code.as_deref(), Some("changed_meanwhile"));
        let again = (&*seen(&refused), schedule);
        let saved = send(&mut browser, &path, again, typed).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        assert_eq!(now(&site, &api).await["schedule"]["everyMinutes"], 60);
    }
}

#[tokio::test]
async fn a_source_of_reverse_etl_is_renamed_and_reads_something_else_with_another_account() {
    for database in [Database::Sqlite, Database::Postgres] {
        let (site, team, Made { source, .. }) = ready(database).await;
        let body = json!({ "name": "Lake", "accountDefinitionName": "SOURCE_BIGQUERY" });
        let lake = made(&site, "/v2/accounts", body).await;
        let (path, api) = (
            format!("/sources/{source}"),
            format!("/v2/retl-sources/{source}"),
        );
        let mut browser = site.signed_in("ada@example.com").await;
        let page = browser.get(&format!("{path}/settings")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let stale = seen(&page);
        let fields = |seen: &str, name: &str, config: &str| {
            [
                ("form", "settings"),
                ("seen", seen),
                ("name", name),
                ("enabled", "true"),
                ("accountId", &lake),
                ("config", config),
            ]
            .map(|(name, value)| (name, value.to_owned()))
        };
        let post = async |browser: &mut Browser<'_>, fields: [(&str, String); 6]| {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| (*name, &**value))
                .collect();
            browser.post(&path, &fields).await
        };
        let before = site.log(team.organization).await.len();
        for (name, config, said) in [
            (
                " ",
                "{",
                &["Name must not be empty.", "This is not JSON"][..],
            ),
            ("Buyers", "{}", &["Config.sql must not be empty."]),
            ("Buyers", "[]", &["onfig must be "]),
            ("Buyers", "null", &["This has to be one JSON object"]),
        ] {
            let wrong = post(&mut browser, fields(&stale, name, config)).await;
            assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{config}");
            for said in said {
                assert!(wrong.body.contains(said), "{said}: {}", wrong.body);
            }
            assert!(wrong.body.contains(&format!("\n{config}</textarea>")));
            let chosen = format!("value=\"{lake}\" selected");
            assert!(wrong.body.contains(&chosen), "{}", wrong.body);
        }
        assert_eq!(site.log(team.organization).await.len(), before);

        let config = r#"{"sql": "select 2", "own": true}"#;
        site.api("PUT", &api, Some(json!({ "name": "Clients" })))
            .await;
        let refused = post(&mut browser, fields(&stale, "Buyers", config)).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
        for said in [
            "It was changed meanwhile, by you; look at it again.",
            "What saving would change now",
            "Clients",
            "Buyers",
        ] {
            assert!(refused.body.contains(said), "{said}: {}", refused.body);
        }
        let saved = post(&mut browser, fields(&seen(&refused), "Buyers", config)).await;
        assert_eq!(saved.header("location"), path, "{}", saved.body);
        let page = browser.get(&path).await.body;
        assert!(
            page.contains("Updated Name, entry") && page.contains("Updated, entry"),
            "{page}"
        );
        let is = now(&site, &api).await;
        assert_eq!(
            (&is["name"], &is["accountId"], &is["config"]),
            (
                &json!("Buyers"),
                &json!(lake),
                &json!({ "sql": "select 2", "own": true })
            )
        );
    }
}
