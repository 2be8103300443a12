//! `/libraries`: what transformations import.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::things::CodeKind;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    CodeChange, CodeView, Count, NewCode, Publishing, all, change, make, name_it, one, one_version,
    remove, versions_of,
};
use crate::api::answer::ExternalId;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Params, Path};

/// All libraries of the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct Libraries {
    libraries: Vec<CodeView>,
}

/// Versions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LibraryVersions {
    #[serde(rename = "libraryVersions")]
    versions: Vec<CodeView>,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(set_external_id))
        .routes(routes!(versions))
        .routes(routes!(version))
}

const KIND: CodeKind = CodeKind::Library;

/// All libraries of the workspace.
#[utoipa::path(get, path = "/libraries", tag = "Libraries", responses((status = 200, body = Libraries)))]
async fn list(State(app): State<App>, bearer: Bearer) -> Result<Json<Libraries>, Problem> {
    Ok(Json(Libraries {
        libraries: all(&app, bearer, KIND).await?,
    }))
}

/// Create a library, with its first version.
#[utoipa::path(post, path = "/libraries", tag = "Libraries", params(Publishing), request_body = NewCode,
    responses((status = 201, body = CodeView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Params(publishing): Params<Publishing>,
    Body(new): Body<NewCode>,
) -> Result<(StatusCode, Json<CodeView>), Problem> {
    make(&app, bearer, KIND, publishing, new).await
}

/// A library.
#[utoipa::path(get, path = "/libraries/{id}", tag = "Libraries", params(("id" = String, Path)),
    responses((status = 200, body = CodeView), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<CodeView>, Problem> {
    one(&app, bearer, KIND, &id).await
}

/// Change a library: a new version.
#[utoipa::path(post, path = "/libraries/{id}", tag = "Libraries", params(("id" = String, Path), Publishing), request_body = CodeChange,
    responses((status = 200, body = CodeView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Params(publishing): Params<Publishing>,
    Body(body): Body<CodeChange>,
) -> Result<Json<CodeView>, Problem> {
    change(&app, bearer, KIND, &id, publishing, body).await
}

/// Delete a library that no transformation imports. Its versions stay.
#[utoipa::path(delete, path = "/libraries/{id}", tag = "Libraries", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    remove(&app, bearer, KIND, &id).await
}

/// Say what a client's own project calls the library. Once.
#[utoipa::path(put, path = "/libraries/{id}/external-id", tag = "Libraries", params(("id" = String, Path)), request_body = ExternalId,
    responses((status = 200, body = CodeView), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_external_id(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<ExternalId>,
) -> Result<Json<CodeView>, Problem> {
    name_it(&app, bearer, KIND, &id, body).await
}

/// The versions of a library, newest first where nothing else is asked for.
#[utoipa::path(get, path = "/libraries/{id}/versions", tag = "Libraries", params(("id" = String, Path), Count),
    responses((status = 200, body = LibraryVersions), (status = 404, body = Problem)))]
async fn versions(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Params(count): Params<Count>,
) -> Result<Json<LibraryVersions>, Problem> {
    Ok(Json(LibraryVersions {
        versions: versions_of(&app, bearer, KIND, &id, count).await?,
    }))
}

/// One version of a library, which may have been deleted since.
#[utoipa::path(get, path = "/libraries/{id}/versions/{version}", tag = "Libraries", params(("id" = String, Path), ("version" = String, Path)),
    responses((status = 200, body = CodeView), (status = 404, body = Problem)))]
async fn version(
    State(app): State<App>,
    bearer: Bearer,
    Path((id, version)): Path<(String, String)>,
) -> Result<Json<CodeView>, Problem> {
    one_version(&app, bearer, KIND, &id, &version).await
}
