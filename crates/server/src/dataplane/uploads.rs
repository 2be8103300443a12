//! What data planes tell of single events while somebody looks: what came in, what transformations made of it, and how it was
//! delivered. See [`super::live`] for what becomes of it.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use serde_json::{Map, Value, json};
use store::{Error, Watched};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::door::OfWorkspace;
use super::live::{LiveEvent, Outcome};
use crate::app::App;
use crate::problem::Problem;
use crate::request::AsItCame;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(events_v2))
        .routes(routes!(deliveries))
        .routes(routes!(deliveries_v2))
        .routes(routes!(transformed))
        .layer(DefaultBodyLimit::max(UPLOAD_LIMIT))
}

/// How many bytes a body may have here, 32 MiB: a data plane tells of 32 events at once, each with what came of it.
const UPLOAD_LIMIT: usize = 32 << 20;

/// Events that came in, by the write key of their source. Those of a source that nobody looks at are not kept.
#[utoipa::path(post, path = "/dataplane/v2/eventUploads", tag = "Data plane", security(("workspace_token" = [])), request_body = Value,
    responses((status = 200, body = Value), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn events_v2(
    State(app): State<App>,
    of: OfWorkspace,
    AsItCame(told): AsItCame,
) -> Result<Json<Value>, Problem> {
    take(&app, of, by_thing(&told, event)?, By::WriteKey).await
}

/// The same, as older data planes tell it: the events themselves.
#[utoipa::path(post, path = "/dataplane/eventUploads", tag = "Data plane", security(("workspace_token" = [])), request_body = Value,
    responses((status = 200, body = Value), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn events(
    State(app): State<App>,
    of: OfWorkspace,
    AsItCame(told): AsItCame,
) -> Result<Json<Value>, Problem> {
    take(&app, of, by_thing(&told, event)?, By::WriteKey).await
}

/// How events were delivered, by the id of their destination. Those of a destination that nobody looks at are not kept.
#[utoipa::path(post, path = "/dataplane/v2/eventDeliveryStatus", tag = "Data plane", security(("workspace_token" = [])), request_body = Value,
    responses((status = 200, body = Value), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn deliveries_v2(
    State(app): State<App>,
    of: OfWorkspace,
    AsItCame(told): AsItCame,
) -> Result<Json<Value>, Problem> {
    take(&app, of, by_thing(&told, delivery)?, By::Id).await
}

/// The same, as older data planes tell it.
#[utoipa::path(post, path = "/dataplane/eventDeliveryStatus", tag = "Data plane", security(("workspace_token" = [])), request_body = Value,
    responses((status = 200, body = Value), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn deliveries(
    State(app): State<App>,
    of: OfWorkspace,
    AsItCame(told): AsItCame,
) -> Result<Json<Value>, Problem> {
    take(&app, of, by_thing(&told, delivery)?, By::Id).await
}

/// What transformations made of events. Those of a transformation that nobody looks at are not kept.
#[utoipa::path(post, path = "/dataplane/eventTransformStatus", tag = "Data plane", security(("workspace_token" = [])), request_body = Value,
    responses((status = 200, body = Value), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn transformed(
    State(app): State<App>,
    of: OfWorkspace,
    AsItCame(told): AsItCame,
) -> Result<Json<Value>, Problem> {
    let all = object(&told, "the body")?;
    let list = array(all.get("payload").unwrap_or(&Value::Null), "payload")?;
    let told = list
        .iter()
        .map(|one| {
            let one = object(one, "payload")?;
            let id = text(one, "transformationId").to_owned();
            Ok((id, transformation(one)?))
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    take(&app, of, told, By::Id).await
}

/// What stands in the place of a thing.
#[derive(Clone, Copy)]
enum By {
    WriteKey,
    Id,
}

impl By {
    /// The thing that is meant, if it is one of the workspace and somebody looks at it.
    fn find<'a>(self, watched: &'a Watched, name: &str) -> Option<&'a str> {
        match self {
            Self::Id => watched.things.get(name).map(String::as_str),
            Self::WriteKey => {
                let mut keys = watched.write_keys.iter();
                keys.find(|(key, _)| key == name)
                    .map(|(_, thing)| thing.as_str())
            }
        }
    }
}

async fn take(
    app: &App,
    OfWorkspace(of): OfWorkspace,
    told: Vec<(String, LiveEvent)>,
    by: By,
) -> Result<Json<Value>, Problem> {
    let watched = app.read(move |rx| rx.watched(of.workspace)).await?;
    let now = app.store.clock().now();
    for (name, event) in told {
        if let Some(thing) = by.find(&watched, &name) {
            app.live.put(of.workspace, thing, event, now);
        }
    }
    Ok(Json(json!({})))
}

fn wrong(field: &str, message: &str) -> Problem {
    Error::field("invalid_field", field, message).into()
}

fn object<'a>(value: &'a Value, field: &str) -> Result<&'a Map<String, Value>, Problem> {
    value
        .as_object()
        .ok_or_else(|| wrong(field, "it must be an object"))
}

fn array<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>, Problem> {
    value
        .as_array()
        .ok_or_else(|| wrong(field, "it must be a list"))
}

fn text<'a>(of: &'a Map<String, Value>, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A code, which some send as a number and some as text.
fn code(of: &Map<String, Value>) -> Option<u64> {
    let code = of.get("errorCode")?;
    code.as_u64().or_else(|| code.as_str()?.parse().ok())
}

/// What was told of things, each by its name: `{"<name>": [...], "version": "v2"}`.
fn by_thing(
    told: &Value,
    read: fn(&Map<String, Value>) -> LiveEvent,
) -> Result<Vec<(String, LiveEvent)>, Problem> {
    let mut all = Vec::new();
    for (name, list) in object(told, "the body")? {
        if name == "version" {
            continue;
        }
        // Names are not repeated in an answer: a write key is nobody else's.
        for one in array(list, "events")? {
            all.push((name.clone(), read(object(one, "events")?)));
        }
    }
    Ok(all)
}

/// An answer that says something.
fn answer(of: &Map<String, Value>) -> &Value {
    let said = of.get("errorResponse").unwrap_or(&Value::Null);
    match said {
        Value::Object(members) if members.is_empty() => &Value::Null,
        Value::String(text) if text.is_empty() => &Value::Null,
        said => said,
    }
}

/// An event that came in: the event in `payload` or, as older data planes have it, the event itself.
fn event(one: &Map<String, Value>) -> LiveEvent {
    let (kind, name, payload) = match one.get("payload") {
        Some(payload) => (
            text(one, "eventType"),
            text(one, "eventName"),
            payload.clone(),
        ),
        None => (
            text(one, "type"),
            text(one, "event"),
            Value::Object(one.clone()),
        ),
    };
    let (outcome, word) = match code(one) {
        Some(code @ 400..) => (Outcome::Bad, format!("Refused, {code}")),
        _ => (Outcome::Fine, "Received".to_owned()),
    };
    LiveEvent::new(kind, name)
        .went(outcome, &word)
        .part("Event", &payload)
        .part("Answer", answer(one))
}

/// How an event was delivered.
fn delivery(one: &Map<String, Value>) -> LiveEvent {
    let state = text(one, "jobState");
    let (outcome, mut word) = match state {
        "succeeded" => (Outcome::Fine, "Delivered".to_owned()),
        "failed" => (Outcome::Open, "Failed, tried again".to_owned()),
        "aborted" => (Outcome::Bad, "Given up".to_owned()),
        other => (Outcome::Open, other.to_owned()),
    };
    if let Some(code) = code(one).filter(|code| *code > 0) {
        word = format!("{word}, {code}");
    }
    LiveEvent::new(text(one, "eventType"), text(one, "eventName"))
        .went(outcome, &word)
        .about(one.get("sourceId").and_then(Value::as_str))
        .part("Sent", one.get("payload").unwrap_or(&Value::Null))
        .part("Answer", answer(one))
}

/// What a transformation made of an event.
fn transformation(one: &Map<String, Value>) -> Result<LiveEvent, Problem> {
    let none = Map::new();
    let part = |name: &str| match one.get(name) {
        None | Some(Value::Null) => Ok(&none),
        Some(value) => object(value, name),
    };
    let (before, after) = (part("eventBefore")?, part("eventsAfter")?);
    let is_true = |of: &Map<String, Value>, name: &str| of.get(name) == Some(&Value::Bool(true));
    let made = after.get("payload").and_then(Value::as_array);
    let made: Vec<&Value> = made
        .into_iter()
        .flatten()
        .map(|one| one.get("payload").unwrap_or(one))
        .collect();
    let (outcome, word) = if is_true(one, "error") {
        (Outcome::Bad, "Error".to_owned())
    } else if is_true(after, "isDropped") {
        (Outcome::Open, "Dropped".to_owned())
    } else {
        let word = match made.len() {
            0 | 1 => "Transformed".to_owned(),
            many => format!("Made into {many}"),
        };
        (Outcome::Fine, word)
    };
    let after_all = if made.is_empty() {
        Value::Null
    } else {
        json!(made)
    };
    let error = match text(after, "error") {
        "" => Value::Null,
        error => json!(error),
    };
    Ok(
        LiveEvent::new(text(before, "eventType"), text(before, "eventName"))
            .went(outcome, &word)
            .about(one.get("destinationId").and_then(Value::as_str))
            .part("Before", before.get("payload").unwrap_or(&Value::Null))
            .part("After", &after_all)
            .part("Error", &error),
    )
}
