//! `/v2/sources`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::definition::Kind;
use model::role::Permission;
use model::things::Source;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Error, Rx};
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

/// A source.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    name: String,
    r#type: String,
    /// Only for those who may edit sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    write_key: Option<String>,
    enabled: bool,
    #[schema(value_type = Object)]
    config: Value,
    geo_enrichment_enabled: bool,
    transient: bool,
    workspace_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl SourceView {
    fn new(one: Source, may_edit: bool) -> Self {
        Self {
            id: one.id.to_string(),
            external_id: one.external_id,
            name: one.name,
            r#type: one.kind,
            write_key: may_edit.then_some(one.write_key),
            enabled: one.enabled,
            config: one.config.into_value(),
            geo_enrichment_enabled: one.geo_enrichment,
            transient: one.transient,
            workspace_id: one.workspace.to_string(),
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.updated_at.rfc3339_millis(),
        }
    }

    /// Without what is secret in its settings; for who may not edit it, without what pages leave out either.
    fn without_secrets(rx: &mut Rx<'_>, one: Source, may_edit: bool) -> Result<Self, Error> {
        let matcher = rx.matcher(one.workspace, Kind::Source, &one.kind)?;
        let config = if may_edit {
            matcher.for_list(&one.config)
        } else {
            matcher.for_anyone(&one.config)
        };
        Ok(Self {
            config,
            ..Self::new(one, may_edit)
        })
    }
}

/// A source, wrapped as the clients expect.
#[derive(Debug, Serialize, ToSchema)]
pub struct OneSource {
    source: SourceView,
}

/// A page of sources.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sources {
    sources: Vec<SourceView>,
    paging: Paging,
}

/// A source to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewSource {
    name: String,
    r#type: String,
    #[serde(default = "answer::yes")]
    enabled: bool,
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    geo_enrichment_enabled: Option<bool>,
    transient: Option<bool>,
    external_id: Option<String>,
}

/// What a source is to be like. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceChange {
    name: Option<String>,
    /// It cannot change.
    r#type: Option<String>,
    enabled: Option<bool>,
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    geo_enrichment_enabled: Option<bool>,
    transient: Option<bool>,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(set_external_id))
}

/// The sources of the workspace, in the order in which they were created, without what is secret in their settings.
#[utoipa::path(get, path = "/v2/sources", tag = "Sources", params(PageOf), responses((status = 200, body = Sources), (status = 401, body = Problem)))]
async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<PageOf>,
) -> Result<Json<Sources>, Problem> {
    let place = bearer.place()?;
    let (after, limit, has) = (wanted.start()?, wanted.limit()?, wanted.has_external_id);
    let (page, sources) = app
        .read(move |rx| {
            let may_edit = answer::look(rx, &bearer, place, Permission::EditSources)?;
            let mut page = rx.sources(place.workspace, after.as_ref(), limit, has)?;
            let views = std::mem::take(&mut page.items)
                .into_iter()
                .map(|one| SourceView::without_secrets(rx, one, may_edit))
                .collect::<Result<Vec<_>, _>>()?;
            Ok((page, views))
        })
        .await?;
    let paging = wanted.paging("/v2/sources", &page);
    Ok(Json(Sources { sources, paging }))
}

/// Create a source.
#[utoipa::path(post, path = "/v2/sources", tag = "Sources", request_body = NewSource,
    responses((status = 201, body = OneSource), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewSource>,
) -> Result<(StatusCode, Json<OneSource>), Problem> {
    let action = CreateSource {
        place: bearer
            .place_for::<CreateSource>(&app, TargetType::Source, None)
            .await?,
        name: new.name,
        kind: new.r#type,
        enabled: new.enabled,
        config: new.config,
        geo_enrichment: new.geo_enrichment_enabled.unwrap_or(false),
        transient: new.transient.unwrap_or(false),
        external_id: new.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok((
        StatusCode::CREATED,
        Json(OneSource {
            source: SourceView::new(made.output, true),
        }),
    ))
}

/// A source; what is secret in its settings is for those who may edit it.
#[utoipa::path(get, path = "/v2/sources/{id}", tag = "Sources", params(("id" = String, Path)),
    responses((status = 200, body = OneSource), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<OneSource>, Problem> {
    let place = bearer.place()?;
    let id = answer::id(&id, "source")?;
    let source = app
        .read(move |rx| {
            let may_edit = answer::look(rx, &bearer, place, Permission::EditSources)?;
            let source = rx
                .source(place.workspace, id)?
                .map(Arc::unwrap_or_clone)
                .ok_or(Error::NotFound("source"))?;
            if may_edit {
                Ok(SourceView::new(source, true))
            } else {
                SourceView::without_secrets(rx, source, false)
            }
        })
        .await?;
    Ok(Json(OneSource { source }))
}

/// Change a source's name or settings.
#[utoipa::path(put, path = "/v2/sources/{id}", tag = "Sources", params(("id" = String, Path)), request_body = SourceChange,
    responses((status = 200, body = OneSource), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(change): Body<SourceChange>,
) -> Result<Json<OneSource>, Problem> {
    let action = UpdateSource {
        place: bearer
            .place_for::<UpdateSource>(&app, TargetType::Source, Some(&id))
            .await?,
        id: answer::id(&id, "source")?,
        name: change.name,
        kind: change.r#type,
        enabled: change.enabled,
        config: change.config,
        geo_enrichment: change.geo_enrichment_enabled,
        transient: change.transient,
        seen: None,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok(Json(OneSource {
        source: SourceView::new(made.output, true),
    }))
}

/// Delete a source. It is disconnected from its destinations first.
#[utoipa::path(delete, path = "/v2/sources/{id}", tag = "Sources", params(("id" = String, Path)),
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
#[utoipa::path(put, path = "/v2/sources/{id}/external-id", tag = "Sources", params(("id" = String, Path)), request_body = ExternalId,
    responses((status = 200, body = OneSource), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_external_id(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<ExternalId>,
) -> Result<Json<OneSource>, Problem> {
    let action = SetExternalId {
        place: bearer
            .place_for::<SetExternalId>(&app, TargetType::Source, Some(&id))
            .await?,
        id: answer::id(&id, "source")?,
        external_id: body.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok(Json(OneSource {
        source: SourceView::new(made.output, true),
    }))
}
