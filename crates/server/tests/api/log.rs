//! The audit API: what an event looks like, filters, and pages.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Api, id, on_both, request, told, without_ids};

/// Some events of several kinds, a second apart.
fn some(api: &Api) -> (String, String) {
    let web = api.source("Web");
    api.clock.advance(1_000_000);
    let hook = api.destination("Hook");
    api.clock.advance(1_000_000);
    api.connection(&web, &hook);
    api.clock.advance(1_000_000);
    api.put(
        &format!("/v2/sources/{web}"),
        json!({ "name": "Site", "enabled": false }),
    )
    .ok();
    api.clock.advance(1_000_000);
    let viewer = api
        .member("Vera", Some(model::role::WorkspaceRole::Viewer))
        .token;
    api.ask(
        "DELETE",
        &format!("/v2/sources/{web}"),
        &viewer,
        &Value::Null,
    );
    let library = id(&api.code("libraries", "Lib", "a"));
    api.code("transformations", "One", "import a from 'lib';");
    api.delete(&format!("/libraries/{library}"));
    (web, hook)
}

fn page(api: &Api, query: &str) -> Value {
    api.ask(
        "GET",
        &format!("/v2/audit-logs?{query}"),
        &api.service,
        &Value::Null,
    )
    .ok()
}

fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(id).collect()
}

/// What an event has to be like.
type Holds = Box<dyn Fn(&Value) -> bool>;

#[test]
fn an_event_says_who_did_what_to_what_when_from_where_and_how_it_ended() {
    let shown = on_both(|api| {
        let mut asked = request(
            "POST",
            "/v2/sources",
            &api.admin,
            json!({ "name": "Web", "type": "HTTP" }).to_string().into(),
        );
        asked.headers_mut().insert(
            "user-agent",
            axum::http::HeaderValue::from_static("terraform-provider-rudderstack/4.8.0"),
        );
        let socket: std::net::SocketAddr = "203.0.113.9:4711".parse().expect("an address");
        asked
            .extensions_mut()
            .insert(axum::extract::ConnectInfo(socket));
        api.send(asked).ok();
        let event = api.events().pop().expect("an event");
        let text = serde_json::to_string_pretty(&event).expect("JSON");
        assert_eq!(event["workspaceId"], api.made.workspace.to_string());
        assert_eq!(event["organizationId"], api.made.organization.to_string());
        assert_eq!(event["actorId"], api.made.user.to_string());
        assert_eq!(
            api.get(&format!("/v2/audit-logs/{}", id(&event))).ok(),
            event
        );
        without_ids(&text)
    });
    assert_snapshot!(shown, @r#"
    {
      "id": "ID",
      "sequence": 5,
      "actorId": "ID",
      "actorType": "user",
      "actorName": "Ada Lovelace",
      "actorEmail": "ada@example.com",
      "tokenId": "ID",
      "tokenName": "Set-up",
      "targetId": "ID",
      "targetType": "source",
      "targetName": "Web",
      "action": "created",
      "outcome": "success",
      "changes": [
        {
          "path": "config",
          "after": {}
        },
        {
          "path": "enabled",
          "after": true
        },
        {
          "path": "geoEnrichmentEnabled",
          "after": false
        },
        {
          "path": "name",
          "after": "Web"
        },
        {
          "path": "transient",
          "after": false
        },
        {
          "path": "type",
          "after": "HTTP"
        },
        {
          "path": "writeKey",
          "redacted": true
        }
      ],
      "ip": "203.0.113.9",
      "interface": "terraform",
      "userAgent": "terraform-provider-rudderstack/4.8.0",
      "requestId": "ID",
      "createdAt": "2026-11-18T11:06:40.000000Z",
      "workspaceId": "ID",
      "organizationId": "ID"
    }
    "#);
}

#[test]
fn set_up_is_recorded_by_the_command_line() {
    let told = on_both(|api| {
        let events = api.events();
        assert!(events.iter().all(|event| event["actorType"] == "system" && event["interface"] == "command_line"));
        events.iter().map(told).collect::<Vec<_>>().join("\n")
    });
    assert_snapshot!(told, @r#"
    organization.created Fernhill
      name: nothing -> "Fernhill"
    workspace.created Production
      allowUnknownTypes: nothing -> true
      environment: nothing -> "PRODUCTION"
      name: nothing -> "Production"
      refuseInvalidConfig: nothing -> false
      region: nothing -> "US"
    user.added_to_organization Ada Lovelace
      email: nothing -> "ada@example.com"
      name: nothing -> "Ada Lovelace"
      role: nothing -> "admin"
    access_token.created Set-up
      access: nothing -> "read_write"
      name: nothing -> "Set-up"
      owner: nothing -> "ID"
    access_token.created Set-up, audit log
      access: nothing -> "read"
      name: nothing -> "Set-up, audit log"
    "#);
}

#[test]
fn filters_give_what_the_whole_log_has_of_it_indexed_or_not() {
    for api in [Api::sqlite(), Api::postgres()] {
        let (web, hook) = some(&api);
        let moment = api
            .events()
            .iter()
            .find(|event| event["action"] == "connected_source")
            .expect("one")["createdAt"]
            .clone();
        let moment = moment.as_str().expect("a text").to_owned();
        let admin = api.made.user.to_string();
        let workspace = api.made.workspace.to_string();
        let is = |name: &'static str, value: &str| -> Holds {
            let value = value.to_owned();
            Box::new(move |event| event[name] == value)
        };
        let concerns = |thing: &str| -> Holds {
            let thing = thing.to_owned();
            Box::new(move |event| {
                event["targetId"] == thing
                    || event["related"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .any(|one| one["id"] == thing)
            })
        };
        let time = |after: bool, moment: &str| -> Holds {
            let moment = moment.to_owned();
            Box::new(move |event| {
                let at = event["createdAt"].as_str().unwrap_or_default();
                if after {
                    at > moment.as_str()
                } else {
                    at < moment.as_str()
                }
            })
        };
        let filters: Vec<(String, Holds)> = vec![
            (format!("actor={admin}"), is("actorId", &admin)),
            ("action=created".to_owned(), is("action", "created")),
            ("action=exported".to_owned(), Box::new(|_| false)),
            (format!("target={web}"), concerns(&web)),
            (format!("target={hook}"), concerns(&hook)),
            ("target_type=source".to_owned(), is("targetType", "source")),
            ("outcome=denied".to_owned(), is("outcome", "denied")),
            ("outcome=failed".to_owned(), is("outcome", "failed")),
            (format!("created_after={moment}"), time(true, &moment)),
            (format!("created_before={moment}"), time(false, &moment)),
            (
                format!("workspace_id={workspace}"),
                Box::new(move |event| event.get("workspaceId").is_none_or(|own| *own == workspace)),
            ),
        ];
        // Each reading is recorded once, before it counts: after this round, reading changes nothing.
        for (filter, _) in &filters {
            page(&api, filter);
        }
        page(&api, "");
        for indexed in [false, true] {
            if indexed {
                api.index();
            }
            for (n, (filter, holds)) in filters.iter().enumerate() {
                let all = page(&api, "")["data"].as_array().expect("events").clone();
                let expected: Vec<&Value> = all.iter().filter(|event| holds(event)).collect();
                let got = page(&api, filter);
                assert_eq!(got["paging"]["total"], expected.len(), "{filter}");
                assert_eq!(
                    got["data"]
                        .as_array()
                        .expect("events")
                        .iter()
                        .collect::<Vec<_>>(),
                    expected,
                    "{filter}"
                );
                let (second, also) = &filters[(n + 1) % filters.len()];
                if second.split('=').next() != filter.split('=').next() {
                    let before = page(&api, &format!("{filter}&{second}"));
                    let count = page(&api, "")["data"]
                        .as_array()
                        .expect("events")
                        .iter()
                        .filter(|event| holds(event) && also(event))
                        .count();
                    let again = page(&api, &format!("{filter}&{second}"));
                    assert_eq!(
                        again["paging"]["total"], count,
                        "{filter}&{second}: {before}"
                    );
                }
            }
        }
    }
}

#[test]
fn pages_follow_one_another_in_either_order_with_an_exact_total_and_keep_the_filters() {
    for api in [Api::sqlite(), Api::postgres()] {
        some(&api);
        for indexed in [false, true] {
            if indexed {
                api.index();
            }
            let workspace = api.made.workspace;
            for filter in [
                String::new(),
                "&action=created".to_owned(),
                format!("&workspace_id={workspace}"),
                "&created_after=2026-11-18T11%3A06%3A41Z".to_owned(),
            ] {
                page(&api, &filter);
                let whole = page(&api, &filter);
                let expected = ids(whole["data"].as_array().expect("events"));
                assert_eq!(
                    whole["paging"],
                    json!({ "total": expected.len() }),
                    "no next: {filter}"
                );
                for order in ["", "&order=asc", "&order=desc"] {
                    let mut next = format!("/v2/audit-logs?per_page=3{order}{filter}");
                    let mut seen = Vec::new();
                    loop {
                        let page = api.ask("GET", &next, &api.service, &Value::Null).ok();
                        assert_eq!(page["paging"]["total"], expected.len(), "{next}");
                        seen.extend(ids(page["data"].as_array().expect("events")));
                        let Some(path) = page["paging"]["next"].as_str() else {
                            break;
                        };
                        assert!(
                            path.contains("per_page=3") && path.contains(order),
                            "{path}"
                        );
                        assert!(path.contains(&filter), "{path} keeps {filter}");
                        next = path.to_owned();
                    }
                    if order == "&order=desc" {
                        seen.reverse();
                    }
                    assert_eq!(seen, expected, "{order}{filter}");
                }
            }
        }
    }
}

/// Sources and destinations may have some megabytes of settings, and an event tells what each of them was and is.
#[test]
fn a_page_of_large_events_is_shorter_and_the_next_goes_on() {
    for api in [Api::sqlite(), Api::postgres()] {
        let settings = |version: &str| -> Value {
            let value = version.repeat(7_000);
            let all = (0..60).map(|n| (format!("setting{n}"), json!(value)));
            Value::Object(all.collect())
        };
        let body = json!({ "name": "Large", "type": "WEBHOOK", "config": settings("0") });
        let large = id(&api.post("/v2/destinations", body).ok()["destination"]);
        for version in 1..12 {
            let config = settings(&format!("{version:x}"));
            let body = json!({ "name": "Large", "type": "WEBHOOK", "config": config });
            let _ = api.put(&format!("/v2/destinations/{large}"), body).ok();
        }
        for indexed in [false, true] {
            if indexed {
                api.index();
            }
            for order in ["asc", "desc"] {
                let first = format!("/v2/audit-logs?target={large}&order={order}");
                let (mut next, mut seen, mut pages) = (Some(first), Vec::new(), 0);
                while let Some(path) = next {
                    let page = api.ask("GET", &path, &api.service, &Value::Null);
                    assert!(page.bytes.len() < 10 << 20, "{}", page.bytes.len());
                    let page = page.ok();
                    assert_eq!(page["paging"]["total"], 12);
                    seen.extend(ids(page["data"].as_array().expect("events")));
                    next = page["paging"]["next"].as_str().map(str::to_owned);
                    pages += 1;
                }
                seen.sort();
                seen.dedup();
                assert_eq!(
                    (seen.len(), pages > 1),
                    (12, true),
                    "{order}, {pages} pages"
                );
            }
        }
        // Exports have all of them: rows, and the whole log.
        api.sign();
        let export = |body: Value| {
            let export = api.ask("POST", "/v2/audit-logs/exports", &api.service, &body);
            export.bytes
        };
        let csv = export(json!({ "format": "csv", "filters": { "target": large } }));
        assert_eq!(String::from_utf8(csv).expect("text").lines().count(), 13);
        let rows = export(json!({ "format": "events", "filters": { "target": large } }));
        assert_eq!(String::from_utf8(rows).expect("text").lines().count(), 13);
        let full = export(json!({ "format": "full" }));
        assert!(full.len() > 10_000);
    }
}

#[test]
fn an_event_that_is_added_while_someone_pages_is_on_a_later_page() {
    let api = Api::sqlite();
    some(&api);
    page(&api, "");
    let first = page(&api, "per_page=5");
    api.source("Late");
    let mut next = first["paging"]["next"].as_str().expect("more").to_owned();
    let mut last = Value::Null;
    loop {
        let page = api.ask("GET", &next, &api.service, &Value::Null).ok();
        last = page["data"]
            .as_array()
            .and_then(|events| events.last())
            .cloned()
            .unwrap_or(last);
        let Some(path) = page["paging"]["next"].as_str() else {
            break;
        };
        next = path.to_owned();
    }
    assert_eq!(last["targetName"], "Late");
}

#[test]
fn queries_that_cannot_be_are_refused() {
    let told = on_both(|api| {
        let stranger = api.stranger("Stan").token;
        let theirs = api.events_with(&stranger, "")[0]["id"].clone();
        let theirs = theirs.as_str().expect("an id");
        let before = api.events().len();
        let mut told = String::new();
        for query in [
            "per_page=0",
            "per_page=101",
            "per_page=x",
            "per_page=-1",
            "order=up",
            "outcome=lost",
            "created_after=yesterday",
            "created_before=2026-11-23",
            "created_after=2026-11-23T10:00:00",
            "created_after=2026-11-23T10:00:00+01:00",
            "after_cursor=x",
            "after_cursor=0ujtsYcgvSTl8PAuAdqWYSMnLOv",
            &format!("after_cursor={theirs}"),
            "unheard_of=1",
            "per_page=1&per_page=2",
            "workspace_id=x",
            "workspace_id=0ujtsYcgvSTl8PAuAdqWYSMnLOv",
            "type=source",
        ] {
            let path = format!("/v2/audit-logs?{query}");
            let refused = api.ask("GET", &path, &api.service, &Value::Null);
            told.push_str(&format!(
                "{}\n    {}\n",
                without_ids(query),
                refused.problem()
            ));
        }
        assert_eq!(api.events().len(), before);
        for bound in [
            "per_page=1",
            "per_page=100",
            "created_after=2026-11-23T10%3A00%3A00.123%2B01%3A00",
        ] {
            page(&api, bound);
        }
        told
    });
    assert_snapshot!(told, @r"
    per_page=0
        400 out_of_range: per_page must be 1 to 100
    per_page=101
        400 out_of_range: per_page must be 1 to 100
    per_page=x
        400 invalid_query: The query does not fit: `per_page` must be a whole number
    per_page=-1
        400 invalid_query: The query does not fit: `per_page` must be a whole number
    order=up
        400 unknown_word: order must be asc or desc
    outcome=lost
        400 unknown_word: outcome must be success, denied or failed
    created_after=yesterday
        400 invalid_time: created_after must be a moment such as 2026-11-23T10:00:00Z
    created_before=2026-11-23
        400 invalid_time: created_before must be a moment such as 2026-11-23T10:00:00Z
    created_after=2026-11-23T10:00:00
        400 invalid_time: created_after must be a moment such as 2026-11-23T10:00:00Z
    created_after=2026-11-23T10:00:00+01:00
        400 invalid_time: created_after must be a moment such as 2026-11-23T10:00:00Z; in an address, a + is written %2B
    after_cursor=x
        400 unknown_cursor: there is no such event in this log to go on after
    after_cursor=ID
        400 unknown_cursor: there is no such event in this log to go on after
    after_cursor=ID
        400 unknown_cursor: there is no such event in this log to go on after
    unheard_of=1
        400 invalid_query: The query does not fit: unheard_of: unknown field `unheard_of`, expected one of `per_page`, `workspace_id`, `created_after`, `created_before`, `after_cursor`, `actor`, `action`, `target`, `token`, `target_type`, `outcome`, `order`
    per_page=1&per_page=2
        400 invalid_query: The query does not fit: duplicate field `per_page`
    workspace_id=x
        404 not_found: workspace not found
    workspace_id=ID
        404 not_found: workspace not found
    type=source
        400 invalid_query: The query does not fit: type: unknown field `type`, expected one of `per_page`, `workspace_id`, `created_after`, `created_before`, `after_cursor`, `actor`, `action`, `target`, `token`, `target_type`, `outcome`, `order`
    ");
}
