//! `/source-definitions` and `/destination-definitions`: what is known of types, as the public deploy script reads and posts
//! it.
//!
//! The script sends a user's name and a password with what it posts, and nothing with what it reads. Either of the two may
//! be the token. Without a token nothing is told: an empty list, and no definition of any name, which the script takes for a
//! new one; posting one that is there already lays it over the other, and changes nothing where it says the same. So the
//! script works as it is; one that is to compare first finds its password in `.netrc`.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use model::definition::{Definition, Kind, Origin};
use model::role::Permission;
use serde_json::{Map, Value, json};
use store::{Error, Rx};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::actions::definition::Given;
use crate::actions::definition::take_in::Over;
use crate::app::App;
use crate::definitions::{Change, change_for};
use crate::problem::Problem;
use crate::request::Bearer;

/// Who reads, if anyone says so.
#[derive(Clone, Debug)]
pub struct Reader(Option<Bearer>);

impl FromRequestParts<App> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        Bearer::from_request_parts(parts, app)
            .await
            .map(|who| Self(Some(who)))
    }
}

/// A definition as it was given, with what the script must find besides: its comparison stumbles where all members are in
/// its own files.
fn view(known: &Definition) -> Value {
    let Some(taken) = &known.taken else {
        return json!({
            "name": known.name,
            "displayName": known.display_name,
            "category": known.category,
            "config": { "secretKeys": known.secret_keys },
            "origin": "own",
        });
    };
    let mut members = match serde_json::from_str(taken.body()) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    for (key, value) in [
        ("id", json!(taken.id)),
        ("origin", json!(taken.origin.as_str())),
        ("createdAt", json!(taken.created_at.rfc3339_millis())),
        ("updatedAt", json!(taken.updated_at.rfc3339_millis())),
    ] {
        members.insert(key.to_owned(), value);
    }
    Value::Object(members)
}

/// Refuses who may not look into a workspace of the organization.
fn look(rx: &mut Rx<'_>, bearer: &Bearer) -> Result<(), Error> {
    let acting = rx.acting(bearer.caller.actor)?;
    let (organization, workspace) = (bearer.token.organization, bearer.token.workspace);
    let may = acting.may_with_factor(rx, Permission::ViewWorkspace, organization, workspace)?;
    may.then_some(()).ok_or(Error::NotFound("definition"))
}

pub(super) async fn all(app: App, reader: Reader, kind: Kind) -> Result<Json<Vec<Value>>, Problem> {
    let Some(bearer) = reader.0 else {
        return Ok(Json(Vec::new()));
    };
    let views = app
        .read(move |rx| {
            look(rx, &bearer)?;
            let definitions = rx.definitions(bearer.token.organization)?;
            Ok(definitions.all(kind).iter().map(view).collect())
        })
        .await?;
    Ok(Json(views))
}

pub(super) async fn one(
    app: App,
    reader: Reader,
    kind: Kind,
    name: String,
) -> Result<Json<Value>, Problem> {
    let Some(bearer) = reader.0 else {
        return Err(Error::NotFound("definition").into());
    };
    let view = app
        .read(move |rx| {
            look(rx, &bearer)?;
            let definitions = rx.definitions(bearer.token.organization)?;
            definitions
                .find(kind, &name)
                .map(view)
                .ok_or(Error::NotFound("definition"))
        })
        .await?;
    Ok(Json(view))
}

pub(super) async fn put(
    app: App,
    bearer: Bearer,
    (kind, name): (Kind, Option<String>),
    mut body: Map<String, Value>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    // What our own answers add is no part of a definition.
    for key in ["id", "origin", "createdAt", "updatedAt"] {
        body.shift_remove(key);
    }
    if let Some(name) = &name {
        let said = body.entry("name").or_insert_with(|| json!(name));
        if said != name {
            let message = format!("the name in the body has to be the one in the address, {name}");
            return Err(Error::field("name_mismatch", "name", message).into());
        }
    }
    let given = Given::new(kind, Value::Object(body))?;
    let (organization, name) = (bearer.token.organization, given.name.clone());
    let what = Change::TakeIn {
        origin: Origin::Posted,
        given: vec![given],
        together: false,
        over: Over::Anything,
    };
    let (taking, _) = change_for(&app, &bearer.caller, organization, what).await?;
    let view = app
        .read(move |rx| {
            let definitions = rx.definitions(organization)?;
            definitions
                .find(kind, &name)
                .map(view)
                .ok_or(Error::NotFound("definition"))
        })
        .await?;
    let status = if taking.created.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(view)))
}

pub(super) async fn drop_one(
    app: App,
    bearer: Bearer,
    kind: Kind,
    name: String,
) -> Result<StatusCode, Problem> {
    let what = Change::Delete { kind, name };
    change_for(&app, &bearer.caller, bearer.token.organization, what).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the deploy script reads besides, and stops without: none are kept.
#[utoipa::path(get, path = "/wht-lib-project-definitions", tag = "Not kept yet", responses((status = 200, body = Vec<Object>)))]
async fn projects() -> Json<Vec<Value>> {
    Json(Vec::new())
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(projects))
}
