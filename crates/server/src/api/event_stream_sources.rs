//! `/v2/event-stream-sources`: the same sources, in the form that rudder-cli reads.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::definition::Definitions;
use model::role::Permission;
use model::things::Source;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{self, ExternalId};
use super::paging::{PageOf, Paging};
use crate::actions::source::create::CreateSource;
use crate::actions::source::delete::DeleteSource;
use crate::actions::source::set_external_id::SetExternalId;
use crate::actions::source::update::UpdateSource;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Params, Path};

/// A source of an event stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventStreamSource {
    id: String,
    external_id: String,
    name: String,
    r#type: String,
    enabled: bool,
    workspace_id: String,
    /// Tracking plans are not kept yet: always `null`.
    #[schema(value_type = Option<Object>)]
    tracking_plan: Option<serde_json::Value>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Source> for EventStreamSource {
    fn from(one: Source) -> Self {
        Self {
            id: one.id.to_string(),
            external_id: one.external_id.unwrap_or_default(),
            name: one.name,
            r#type: Definitions::own().word_for(&one.kind).to_owned(),
            enabled: one.enabled,
            workspace_id: one.workspace.to_string(),
            tracking_plan: None,
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.updated_at.rfc3339_millis(),
        }
    }
}

/// A page of sources.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventStreamSources {
    data: Vec<EventStreamSource>,
    paging: Paging,
}

/// A source to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewEventStreamSource {
    external_id: Option<String>,
    name: String,
    r#type: String,
    #[serde(default = "answer::yes")]
    enabled: bool,
}

/// What a source is to be like. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EventStreamSourceChange {
    name: Option<String>,
    enabled: Option<bool>,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, delete))
        .routes(routes!(set_external_id))
}

/// The sources of the workspace.
#[utoipa::path(get, path = "/v2/event-stream-sources", tag = "Sources", params(PageOf), responses((status = 200, body = EventStreamSources)))]
async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<PageOf>,
) -> Result<Json<EventStreamSources>, Problem> {
    let place = bearer.place()?;
    let (after, limit, has) = (wanted.start()?, wanted.limit()?, wanted.has_external_id);
    let page = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            rx.sources(place.workspace, after.as_ref(), limit, has)
        })
        .await?;
    let paging = wanted.paging("/v2/event-stream-sources", &page);
    Ok(Json(EventStreamSources {
        data: page.items.into_iter().map(Into::into).collect(),
        paging,
    }))
}

/// Create a source.
#[utoipa::path(post, path = "/v2/event-stream-sources", tag = "Sources", request_body = NewEventStreamSource,
    responses((status = 201, body = EventStreamSource), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewEventStreamSource>,
) -> Result<(StatusCode, Json<EventStreamSource>), Problem> {
    let action = CreateSource {
        place: bearer
            .place_for::<CreateSource>(&app, TargetType::Source, None)
            .await?,
        name: new.name,
        kind: new.r#type,
        enabled: new.enabled,
        config: None,
        geo_enrichment: false,
        transient: false,
        external_id: new.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok((StatusCode::CREATED, Json(made.output.into())))
}

/// Change a source's name, or whether it is enabled.
#[utoipa::path(put, path = "/v2/event-stream-sources/{id}", tag = "Sources", params(("id" = String, Path)), request_body = EventStreamSourceChange,
    responses((status = 200, body = EventStreamSource), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(change): Body<EventStreamSourceChange>,
) -> Result<Json<EventStreamSource>, Problem> {
    let action = UpdateSource {
        place: bearer
            .place_for::<UpdateSource>(&app, TargetType::Source, Some(&id))
            .await?,
        id: answer::id(&id, "source")?,
        name: change.name,
        kind: None,
        enabled: change.enabled,
        config: None,
        geo_enrichment: None,
        transient: None,
        seen: None,
    };
    Ok(Json(
        app.perform(&bearer.caller, action).await?.output.into(),
    ))
}

/// Delete a source. It is disconnected from its destinations first.
#[utoipa::path(delete, path = "/v2/event-stream-sources/{id}", tag = "Sources", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = DeleteSource {
        place: bearer
            .place_for::<DeleteSource>(&app, TargetType::Source, Some(&id))
            .await?,
        id: answer::id(&id, "source")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say what a client's own project calls the source. Once.
#[utoipa::path(put, path = "/v2/event-stream-sources/{id}/external-id", tag = "Sources", params(("id" = String, Path)), request_body = ExternalId,
    responses((status = 200, body = EventStreamSource), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_external_id(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<ExternalId>,
) -> Result<Json<EventStreamSource>, Problem> {
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
