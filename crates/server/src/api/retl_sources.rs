//! `/v2/retl-sources`: sources of reverse ETL. They are kept; nothing reads them yet, and what would have to says so.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::role::Permission;
use model::things::{RetlKind, RetlSource};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Error;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{self, ExternalId};
use crate::actions::retl_source::create::CreateRetlSource;
use crate::actions::retl_source::delete::DeleteRetlSource;
use crate::actions::retl_source::set_external_id::SetExternalId;
use crate::actions::retl_source::update::UpdateRetlSource;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Params, Path};

/// A source of reverse ETL.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetlSourceView {
    id: String,
    external_id: String,
    name: String,
    #[schema(value_type = Object)]
    config: Value,
    enabled: bool,
    /// `model` or `table`.
    source_type: &'static str,
    source_definition_name: String,
    account_id: String,
    workspace_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<RetlSource> for RetlSourceView {
    fn from(one: RetlSource) -> Self {
        Self {
            id: one.id.to_string(),
            external_id: one.external_id.unwrap_or_default(),
            name: one.name,
            config: one.config.into_value(),
            enabled: one.enabled,
            source_type: one.kind.as_str(),
            source_definition_name: one.definition,
            account_id: one.account.to_string(),
            workspace_id: one.workspace.to_string(),
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.updated_at.rfc3339_millis(),
        }
    }
}

/// The sources of reverse ETL.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetlSources {
    data: Vec<RetlSourceView>,
}

/// Which sources of reverse ETL.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only those that read a `table`, or what a query gives (`model`).
    source_type: Option<String>,
    /// Only those with, or without, an id in a client's own project.
    has_external_id: Option<bool>,
}

/// A source to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewRetlSource {
    name: String,
    #[schema(value_type = Object)]
    config: Option<Value>,
    source_type: String,
    source_definition_name: String,
    account_id: String,
    #[serde(default = "answer::yes")]
    enabled: bool,
    /// Empty is none.
    external_id: Option<String>,
}

/// What a source is to be like. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetlSourceChange {
    name: Option<String>,
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    enabled: Option<bool>,
    account_id: Option<String>,
    /// It cannot change.
    source_type: Option<String>,
    /// It cannot change.
    source_definition_name: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(set_external_id))
        .routes(routes!(preview))
        .routes(routes!(previewed))
        .routes(routes!(start))
        .routes(routes!(run_status))
}

/// The sources of reverse ETL of the workspace, all of them, in the order in which they were created.
#[utoipa::path(get, path = "/v2/retl-sources", tag = "Reverse ETL", params(Which), responses((status = 200, body = RetlSources), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Params(which): Params<Which>,
) -> Result<Json<RetlSources>, Problem> {
    let place = bearer.place()?;
    let kind: Option<RetlKind> = match which.source_type.as_deref() {
        None | Some("") => None,
        Some(word) => Some(word.parse().map_err(|_| {
            let message = "sourceType must be model or table";
            Error::field("unknown_source_type", "sourceType", message)
        })?),
    };
    let sources = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            rx.retl_sources(place.workspace, kind, which.has_external_id)
        })
        .await?;
    Ok(Json(RetlSources {
        data: sources.into_iter().map(Into::into).collect(),
    }))
}

/// Create a source of reverse ETL.
#[utoipa::path(post, path = "/v2/retl-sources", tag = "Reverse ETL", request_body = NewRetlSource,
    responses((status = 201, body = RetlSourceView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewRetlSource>,
) -> Result<(StatusCode, Json<RetlSourceView>), Problem> {
    let action = CreateRetlSource {
        place: bearer
            .place_for::<CreateRetlSource>(&app, TargetType::Source, None)
            .await?,
        name: new.name,
        kind: new.source_type,
        definition: new.source_definition_name,
        account: new.account_id,
        enabled: new.enabled,
        config: new.config,
        external_id: new.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok((StatusCode::CREATED, Json(made.output.into())))
}

/// A source of reverse ETL.
#[utoipa::path(get, path = "/v2/retl-sources/{id}", tag = "Reverse ETL", params(("id" = String, Path)),
    responses((status = 200, body = RetlSourceView), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<RetlSourceView>, Problem> {
    Ok(Json(one(&app, bearer, &id).await?.into()))
}

async fn one(app: &App, bearer: Bearer, id: &str) -> Result<RetlSource, Problem> {
    let place = bearer.place()?;
    let id = answer::id(id, "source")?;
    app.read(move |rx| {
        answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
        rx.retl_source(place.workspace, id)?
            .ok_or(Error::NotFound("source"))
    })
    .await
    .map_err(Into::into)
}

/// Change a source's name, account or settings.
#[utoipa::path(put, path = "/v2/retl-sources/{id}", tag = "Reverse ETL", params(("id" = String, Path)), request_body = RetlSourceChange,
    responses((status = 200, body = RetlSourceView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(change): Body<RetlSourceChange>,
) -> Result<Json<RetlSourceView>, Problem> {
    let action = UpdateRetlSource {
        place: bearer
            .place_for::<UpdateRetlSource>(&app, TargetType::Source, Some(&id))
            .await?,
        id: answer::id(&id, "source")?,
        name: change.name,
        kind: change.source_type,
        definition: change.source_definition_name,
        account: change.account_id,
        enabled: change.enabled,
        config: change.config,
        seen: None,
    };
    Ok(Json(
        app.perform(&bearer.caller, action).await?.output.into(),
    ))
}

/// Delete a source of reverse ETL. It is disconnected from its destinations first.
#[utoipa::path(delete, path = "/v2/retl-sources/{id}", tag = "Reverse ETL", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = DeleteRetlSource {
        place: bearer
            .place_for::<DeleteRetlSource>(&app, TargetType::Source, Some(&id))
            .await?,
        id: answer::id(&id, "source")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say what a client's own project calls the source. Once.
#[utoipa::path(put, path = "/v2/retl-sources/{id}/external-id", tag = "Reverse ETL", params(("id" = String, Path)), request_body = ExternalId,
    responses((status = 200, body = RetlSourceView), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_external_id(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<ExternalId>,
) -> Result<Json<RetlSourceView>, Problem> {
    let action = SetExternalId {
        place: bearer
            .place_for::<SetExternalId>(&app, TargetType::Source, Some(&id))
            .await?,
        id: answer::id(&id, "source")?,
        external_id: body.external_id,
    };
    Ok(Json(
        app.perform(&bearer.caller, action).await?.output.into(),
    ))
}

/// Look at rows of a warehouse: refused, since nothing is run.
#[utoipa::path(post, path = "/v2/retl-sources/preview", tag = "Reverse ETL",
    responses((status = 501, body = Problem), (status = 401, body = Problem)))]
async fn preview(State(app): State<App>, bearer: Bearer) -> Result<StatusCode, Problem> {
    may_look(&app, bearer).await?;
    Err(answer::not_run())
}

/// What such a look has shown: not found, since none was taken.
#[utoipa::path(get, path = "/v2/retl-sources/preview/{id}", tag = "Reverse ETL", params(("id" = String, Path)),
    responses((status = 404, body = Problem), (status = 401, body = Problem)))]
async fn previewed(
    State(app): State<App>,
    bearer: Bearer,
    Path(_id): Path<String>,
) -> Result<StatusCode, Problem> {
    may_look(&app, bearer).await?;
    Err(Error::NotFound("preview").into())
}

/// Sync all that reads a source, by its address of before there were connections: refused, since nothing is run.
#[utoipa::path(post, path = "/v2/sources/{id}/start", tag = "Reverse ETL", operation_id = "start_source", params(("id" = String, Path)),
    responses((status = 501, body = Problem), (status = 404, body = Problem)))]
async fn start(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    one(&app, bearer, &id).await?;
    Err(answer::not_run())
}

/// How a run of a source went: not found, since nothing is run.
#[utoipa::path(get, path = "/v2/sources/{id}/runs/{runId}/status", tag = "Reverse ETL", params(("id" = String, Path), ("runId" = String, Path)),
    responses((status = 404, body = Problem)))]
async fn run_status(
    State(app): State<App>,
    bearer: Bearer,
    Path((id, _run)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    one(&app, bearer, &id).await?;
    Err(Error::NotFound("run").into())
}

/// Refuses who may not look at the workspace.
async fn may_look(app: &App, bearer: Bearer) -> Result<(), Problem> {
    let place = bearer.place()?;
    app.read(move |rx| answer::look(rx, &bearer, place, Permission::ViewWorkspace))
        .await?;
    Ok(())
}
