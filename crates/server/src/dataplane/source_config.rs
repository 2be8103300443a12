//! The configuration of one source, for the SDK in a browser or an app.
//!
//! The write key is no secret: it stands in every page that uses it. So what is told here is told to everybody, and holds no
//! secret, nothing that is redacted elsewhere and, where nobody has said what is secret, no text at all.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get as on_get, options as on_options};
use axum::{Json, Router};
use model::config::Matcher;
use model::definition::{CLOUD, Definition, Definitions, Kind, Secrecy};
use model::id::SourceId;
use model::things::{Destination, Source};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{DataPlane, Error, Result, Rx};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::platform::{self, Sender};
use super::prepared::{etag, matches};
use crate::app::App;
use crate::auth::basic;
use crate::problem::Problem;
use crate::request::Params;

/// How long an SDK may go on with what it has.
const A_MINUTE: HeaderValue = HeaderValue::from_static("public, max-age=60");

pub(super) fn routes() -> OpenApiRouter<App> {
    // SDKs ask with a slash at the end, and browsers ask first whether they may.
    let more: Router<App> = Router::new()
        .route("/sourceConfig/", on_get(source_config).options(may_ask))
        .route("/sourceConfig", on_options(may_ask));
    OpenApiRouter::new()
        .routes(routes!(source_config))
        .merge(OpenApiRouter::from(more))
}

/// Which source.
#[derive(Clone, Debug, Default, Deserialize)]
struct Which {
    #[serde(default, rename = "writeKey")]
    write_key: Option<String>,
}

fn for_any_site(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    // Without it the header below would keep a page of another site from reading the answer.
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    response
}

/// The answer to a browser that asks whether a page of another site may ask.
async fn may_ask() -> Response {
    let mut response = for_any_site(StatusCode::NO_CONTENT.into_response());
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, anonymousid, if-none-match",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The configuration of the source with this write key, for an SDK in a browser or an app: what it has to load and to send to
/// by itself. It holds no secrets. A source that is off says so. Mobile SDKs show the write key as the user of
/// `Authorization: Basic`.
#[utoipa::path(get, path = "/sourceConfig", tag = "Data plane", params(("writeKey" = Option<String>, Query, description = "The source's write key.")), security(()),
    responses((status = 200, description = "The source, as RudderStack's SDKs read it.", body = Value), (status = 304, description = "Nothing has changed."), (status = 400, body = Problem)))]
async fn source_config(
    State(app): State<App>,
    Params(which): Params<Which>,
    headers: HeaderMap,
) -> Response {
    let key = which
        .write_key
        .filter(|key| !key.is_empty())
        .or_else(|| basic::user(&headers).map(|key| key.to_string()));
    let found = match key {
        Some(key) => app.read(move |rx| found(rx, &key)).await,
        None => Ok(None),
    };
    for_any_site(match found {
        Ok(Some((of, source, told))) => {
            let tag = etag(&format!("{source}-{}", of.changed_at));
            let mut response = if matches(&headers, &tag) {
                StatusCode::NOT_MODIFIED.into_response()
            } else {
                Json(told).into_response()
            };
            let about = response.headers_mut();
            about.insert(header::ETAG, tag);
            about.insert(header::CACHE_CONTROL, A_MINUTE);
            // The key may have come in a header.
            about.insert(header::VARY, HeaderValue::from_static("authorization"));
            response
        }
        Ok(None) => {
            let message = "Invalid write key";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_write_key", message).into_response()
        }
        Err(error) => Problem::from(error).into_response(),
    })
}

fn found(rx: &mut Rx<'_>, key: &str) -> Result<Option<(DataPlane, SourceId, Value)>> {
    let Some((of, id)) = rx.data_plane_by_write_key(key)? else {
        return Ok(None);
    };
    let source = rx
        .source(of.workspace, id)?
        .ok_or(Error::NotFound("source"))?;
    let definitions = rx.definitions(of.organization)?;
    let mut destinations = Vec::new();
    if source.enabled {
        for connection in rx.connections_of_source(id)? {
            let one = rx.destination(of.workspace, connection.destination)?;
            if let Some(one) = one.filter(|one| one.enabled && connection.enabled) {
                destinations.push(one);
            }
        }
    }
    let told = told(of, &source, &destinations, &definitions);
    Ok(Some((of, id, told)))
}

fn told(
    of: DataPlane,
    source: &Source,
    all: &[Arc<Destination>],
    definitions: &Definitions,
) -> Value {
    let (type_name, of_source) = definitions.known_as(Kind::Source, &source.kind);
    let platform = of_source.map_or(CLOUD, Definition::sdk);
    let destinations: Vec<Value> = all
        .iter()
        .filter_map(|one| {
            let known = definitions.find(Kind::Destination, &one.kind);
            destination(one, known, platform)
        })
        .collect();
    let mut config = Matcher::new(Secrecy::of(of_source)).for_anyone(&source.config);
    let statistics = json!({ "statsCollection": { "errors": { "enabled": false }, "metrics": { "enabled": false } } });
    lay_under(&mut config, statistics);
    let updated_at = of.updated_at().rfc3339_millis();
    json!({
        "source": {
            "id": source.id,
            "name": source.name,
            "writeKey": source.write_key,
            "enabled": source.enabled,
            "workspaceId": source.workspace,
            "config": config,
            "connections": [],
            "sourceDefinition": {
                "name": type_name,
                "displayName": of_source.map_or(type_name, |known| known.display_name.as_str()),
                "type": platform,
            },
            "destinations": destinations,
            "dataplanes": {},
            "createdAt": source.created_at.rfc3339_millis(),
            "updatedAt": source.updated_at.rfc3339_millis(),
        },
        "updatedAt": updated_at,
    })
}

/// Puts what is missing into a value. Where an object is to be, and none is, there is nothing.
fn lay_under(value: &mut Value, under: Value) {
    match (value, under) {
        (Value::Object(members), Value::Object(under)) => {
            for (key, under) in under {
                lay_under(members.entry(key).or_insert(Value::Null), under);
            }
        }
        (value, under) if value.is_null() || under.is_object() => *value = under,
        _ => {}
    }
}

/// A destination that SDKs on this platform send to by themselves, and what it is for them.
fn destination(one: &Destination, known: Option<&Definition>, platform: &str) -> Option<Value> {
    let mut all = known.map_or_else(
        || Value::clone(&one.config),
        |known| known.with_defaults(&one.config, one.changed),
    );
    let settings = all.as_object_mut()?;
    if !Sender::of(settings, known, platform).is_in_device() {
        return None;
    }
    platform::settle(settings, known, platform);
    let mut config = Matcher::new(Secrecy::of(known)).for_anyone(&all);
    // A type can say by itself which settings its SDK is given, and which it is not.
    let taken = known.and_then(|known| known.taken.as_ref());
    let listed = |name: &str| taken.and_then(|taken| taken.config.get(name)?.as_array());
    let names = |list: &[Value], key: &str| list.iter().any(|one| one.as_str() == Some(key));
    let (included, excluded) = (listed("includeKeys"), listed("excludeKeys"));
    // What its SDK cannot do without is in every browser, whatever the log and the pages may say of it.
    let handed = |key: &str| match (included, known) {
        (Some(list), _) => names(list, key),
        (None, Some(known)) => known.sdk_keys.iter().any(|one| one == key),
        (None, None) => false,
    };
    if let Some(members) = config.as_object_mut() {
        for (key, value) in all.as_object().into_iter().flatten() {
            if value.is_string() && handed(key) {
                members.insert(key.clone(), value.clone());
            }
        }
        members.retain(|key, _| {
            included.is_none_or(|list| names(list, key))
                && !excluded.is_some_and(|list| names(list, key))
        });
    }
    let updated_at = one.updated_at.rfc3339_millis();
    // The SDKs for Kotlin and Swift read no answer without the id of the type.
    let type_id = taken.map_or(one.kind.as_str(), |taken| taken.id.as_str());
    Some(json!({
        "id": one.id,
        "name": one.name,
        "enabled": true,
        "config": config,
        "updatedAt": updated_at,
        "shouldApplyDeviceModeTransformation": false,
        "propagateEventsUntransformedOnError": false,
        "destinationDefinitionId": type_id,
        "destinationDefinition": {
            "name": one.kind,
            "displayName": known.map_or(one.kind.as_str(), |known| known.display_name.as_str()),
            "updatedAt": updated_at,
        },
    }))
}
