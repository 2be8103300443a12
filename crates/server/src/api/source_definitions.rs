//! `/source-definitions`: what is known of the types of sources.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::definition::Kind;
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::definitions::{self, Reader};
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Path};

const KIND: Kind = Kind::Source;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(create_at_slash))
        .routes(routes!(get, update, delete))
}

/// What is known of the types of sources. Without a token, an empty list.
#[utoipa::path(get, path = "/source-definitions", tag = "Definitions", operation_id = "list_source_definitions", responses((status = 200, body = Vec<Object>)))]
async fn list(State(app): State<App>, reader: Reader) -> Result<Json<Vec<Value>>, Problem> {
    definitions::all(app, reader, KIND).await
}

/// Take in a definition of a type of source, in place of the one of its name.
#[utoipa::path(post, path = "/source-definitions", tag = "Definitions", operation_id = "create_source_definition", request_body = Object,
    responses((status = 200, body = Object), (status = 201, body = Object), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn create(
    State(app): State<App>,
    who: Bearer,
    Body(body): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    definitions::put(app, who, (KIND, None), body).await
}

/// The same, as the deploy script writes the address.
#[utoipa::path(post, path = "/source-definitions/", tag = "Definitions", operation_id = "create_source_definition_at_slash", request_body = Object,
    responses((status = 200, body = Object), (status = 201, body = Object), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn create_at_slash(
    State(app): State<App>,
    who: Bearer,
    Body(body): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    definitions::put(app, who, (KIND, None), body).await
}

/// What is known of one type of source.
#[utoipa::path(get, path = "/source-definitions/{name}", tag = "Definitions", operation_id = "get_source_definition", params(("name" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    reader: Reader,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    definitions::one(app, reader, KIND, name).await
}

/// Take in the definition of this type of source.
#[utoipa::path(post, path = "/source-definitions/{name}", tag = "Definitions", operation_id = "update_source_definition", params(("name" = String, Path)), request_body = Object,
    responses((status = 200, body = Object), (status = 201, body = Object), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn update(
    State(app): State<App>,
    who: Bearer,
    Path(name): Path<String>,
    Body(body): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    definitions::put(app, who, (KIND, Some(name)), body).await
}

/// Let go of a definition that was taken in; our own of that name holds again, where there is one.
#[utoipa::path(delete, path = "/source-definitions/{name}", tag = "Definitions", operation_id = "delete_source_definition", params(("name" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    who: Bearer,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    definitions::drop_one(app, who, KIND, name).await
}
