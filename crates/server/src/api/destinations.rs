//! `/v2/destinations`, and the transformation before each.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::config::Matcher;
use model::definition::{Definitions, Kind, Secrecy};
use model::id::DestinationId;
use model::role::Permission;
use model::things::{Destination, TransformationLink};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Error, Rx};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{self, ExternalId};
use super::paging::{PageOf, Paging};
use crate::actions::destination::create::CreateDestination;
use crate::actions::destination::delete::DeleteDestination;
use crate::actions::destination::put_transformation::PutTransformation;
use crate::actions::destination::set_external_id::SetExternalId;
use crate::actions::destination::take_transformation::TakeTransformation;
use crate::actions::destination::update::UpdateDestination;
use crate::actions::input;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Params, Path};

/// A destination. Its secrets are only in the answer about it alone, and only for those who may edit it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    name: String,
    r#type: String,
    version: i64,
    enabled: bool,
    #[schema(value_type = Object)]
    config: Value,
    workspace_id: String,
    /// What is before it.
    transformation: Option<IdOnly>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// The id of something.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdOnly {
    id: String,
}

/// What of its settings an answer has.
#[derive(Clone, Copy)]
enum Settings {
    /// All of them.
    Whole,
    /// None that is secret.
    Listed,
    /// None that pages and events leave out either.
    ForAnyone,
}

impl DestinationView {
    fn new(rx: &mut Rx<'_>, one: Destination, settings: Settings) -> Result<Self, Error> {
        let link = rx.link(one.id)?;
        let definitions = rx.definitions_of(one.workspace)?;
        Ok(Self::with(&definitions, one, link, settings))
    }

    fn with(
        definitions: &Definitions,
        one: Destination,
        link: Option<TransformationLink>,
        settings: Settings,
    ) -> Self {
        let definition = definitions.find(Kind::Destination, &one.kind);
        let config = definition.map_or_else(
            || Value::clone(&one.config),
            |known| known.with_defaults(&one.config, one.changed),
        );
        let matcher = || Matcher::new(Secrecy::of(definition));
        let config = match settings {
            Settings::Whole => config,
            Settings::Listed => matcher().for_list(&config),
            Settings::ForAnyone => matcher().for_anyone(&config),
        };
        Self {
            id: one.id.to_string(),
            external_id: one.external_id,
            name: one.name,
            r#type: one.kind,
            version: one.version,
            enabled: one.enabled,
            config,
            workspace_id: one.workspace.to_string(),
            transformation: link.map(|link| IdOnly {
                id: link.transformation.to_string(),
            }),
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.updated_at.rfc3339_millis(),
        }
    }
}

/// A destination, wrapped as the clients expect.
#[derive(Debug, Serialize, ToSchema)]
pub struct OneDestination {
    destination: DestinationView,
    /// What of its settings does not fulfil the schema of its type, by where; in the answer to a change.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    warnings: Map<String, Value>,
}

impl OneDestination {
    /// The answer to a change.
    fn changed(rx: &mut Rx<'_>, one: Destination) -> Result<Self, Error> {
        let definitions = rx.definitions_of(one.workspace)?;
        let faults = input::faults(&definitions, (Kind::Destination, &one.kind), &one.config);
        Ok(Self {
            warnings: input::warnings(faults),
            destination: DestinationView::new(rx, one, Settings::Whole)?,
        })
    }
}

/// A page of destinations.
#[derive(Debug, Serialize, ToSchema)]
pub struct Destinations {
    destinations: Vec<DestinationView>,
    paging: Paging,
}

/// A destination to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewDestination {
    external_id: Option<String>,
    name: String,
    r#type: String,
    version: Option<i64>,
    #[serde(default = "answer::yes")]
    enabled: bool,
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
}

/// What a destination is to be like. `config` is replaced as a whole; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DestinationChange {
    name: Option<String>,
    /// It cannot change.
    r#type: Option<String>,
    version: Option<i64>,
    enabled: Option<bool>,
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
}

/// What is before a destination.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkView {
    destination_id: String,
    transformation_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<TransformationLink> for LinkView {
    fn from(link: TransformationLink) -> Self {
        Self {
            destination_id: link.destination.to_string(),
            transformation_id: link.transformation.to_string(),
            created_at: link.created_at.rfc3339_millis(),
            updated_at: link.updated_at.rfc3339_millis(),
        }
    }
}

/// What is to be before a destination.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewLink {
    transformation_id: String,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(set_external_id))
        .routes(routes!(
            get_transformation,
            put_transformation,
            take_transformation
        ))
}

/// The destinations of the workspace, in the order in which they were created, without their secrets; for who may not edit them,
/// without what pages leave out either.
#[utoipa::path(get, path = "/v2/destinations", tag = "Destinations", params(PageOf), responses((status = 200, body = Destinations), (status = 401, body = Problem)))]
async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<PageOf>,
) -> Result<Json<Destinations>, Problem> {
    let place = bearer.place()?;
    let (after, limit, has) = (wanted.start()?, wanted.limit()?, wanted.has_external_id);
    let (page, destinations) = app
        .read(move |rx| {
            let may_edit = answer::look(rx, &bearer, place, Permission::EditDestinations)?;
            let settings = if may_edit {
                Settings::Listed
            } else {
                Settings::ForAnyone
            };
            let mut page = rx.destinations(place.workspace, after.as_ref(), limit, has)?;
            let items = std::mem::take(&mut page.items);
            let ids: Vec<DestinationId> = items.iter().map(|one| one.id).collect();
            let mut links = rx.links(&ids)?;
            let definitions = rx.definitions_of(place.workspace)?;
            let views = items
                .into_iter()
                .map(|one| {
                    let link = links.remove(&one.id);
                    DestinationView::with(&definitions, one, link, settings)
                })
                .collect();
            Ok((page, views))
        })
        .await?;
    Ok(Json(Destinations {
        destinations,
        paging: wanted.paging("/v2/destinations", &page),
    }))
}

/// Create a destination.
#[utoipa::path(post, path = "/v2/destinations", tag = "Destinations", request_body = NewDestination,
    responses((status = 201, body = OneDestination), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewDestination>,
) -> Result<(StatusCode, Json<OneDestination>), Problem> {
    let action = CreateDestination {
        place: bearer
            .place_for::<CreateDestination>(&app, TargetType::Destination, None)
            .await?,
        name: new.name,
        kind: new.r#type,
        version: new.version.unwrap_or(1),
        enabled: new.enabled,
        config: new.config,
        external_id: new.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    let answer = app
        .read(move |rx| OneDestination::changed(rx, made.output))
        .await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// A destination, with its secrets for those who may edit it; for others as their list has it.
#[utoipa::path(get, path = "/v2/destinations/{id}", tag = "Destinations", params(("id" = String, Path)),
    responses((status = 200, body = OneDestination), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<OneDestination>, Problem> {
    let place = bearer.place()?;
    let id = answer::id(&id, "destination")?;
    let destination = app
        .read(move |rx| {
            let may_edit = answer::look(rx, &bearer, place, Permission::EditDestinations)?;
            let one = rx
                .destination(place.workspace, id)?
                .ok_or(Error::NotFound("destination"))?;
            let settings = if may_edit {
                Settings::Whole
            } else {
                Settings::ForAnyone
            };
            DestinationView::new(rx, Arc::unwrap_or_clone(one), settings)
        })
        .await?;
    Ok(Json(OneDestination {
        destination,
        warnings: Map::new(),
    }))
}

/// Change a destination's name or settings.
#[utoipa::path(put, path = "/v2/destinations/{id}", tag = "Destinations", params(("id" = String, Path)), request_body = DestinationChange,
    responses((status = 200, body = OneDestination), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(change): Body<DestinationChange>,
) -> Result<Json<OneDestination>, Problem> {
    let action = UpdateDestination {
        place: bearer
            .place_for::<UpdateDestination>(&app, TargetType::Destination, Some(&id))
            .await?,
        id: answer::id(&id, "destination")?,
        name: change.name,
        kind: change.r#type,
        version: change.version,
        enabled: change.enabled,
        config: change.config,
        revision: None,
    };
    let made = app.perform(&bearer.caller, action).await?;
    let answer = app
        .read(move |rx| OneDestination::changed(rx, made.output))
        .await?;
    Ok(Json(answer))
}

/// Delete a destination. Its sources are disconnected and its transformation is taken away first.
#[utoipa::path(delete, path = "/v2/destinations/{id}", tag = "Destinations", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = DeleteDestination {
        place: bearer
            .place_for::<DeleteDestination>(&app, TargetType::Destination, Some(&id))
            .await?,
        id: answer::id(&id, "destination")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say what a client's own project calls the destination. Once.
#[utoipa::path(put, path = "/v2/destinations/{id}/external-id", tag = "Destinations", params(("id" = String, Path)), request_body = ExternalId,
    responses((status = 200, body = OneDestination), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_external_id(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<ExternalId>,
) -> Result<Json<OneDestination>, Problem> {
    let action = SetExternalId {
        place: bearer
            .place_for::<SetExternalId>(&app, TargetType::Destination, Some(&id))
            .await?,
        id: answer::id(&id, "destination")?,
        external_id: body.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    let answer = app
        .read(move |rx| OneDestination::changed(rx, made.output))
        .await?;
    Ok(Json(answer))
}

/// What is before the destination.
#[utoipa::path(get, path = "/v2/destinations/{id}/transformation", tag = "Destinations", params(("id" = String, Path)),
    responses((status = 200, body = LinkView), (status = 404, body = Problem)))]
async fn get_transformation(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<LinkView>, Problem> {
    let place = bearer.place()?;
    let id = answer::id(&id, "destination")?;
    let link = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            rx.destination(place.workspace, id)?
                .ok_or(Error::NotFound("destination"))?;
            rx.link(id)?
                .ok_or(Error::NotFound("transformation of the destination"))
        })
        .await?;
    Ok(Json(link.into()))
}

/// Put a transformation before the destination, in the place of another if there is one.
#[utoipa::path(put, path = "/v2/destinations/{id}/transformation", tag = "Destinations", params(("id" = String, Path)), request_body = NewLink,
    responses((status = 200, body = LinkView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn put_transformation(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<NewLink>,
) -> Result<Json<LinkView>, Problem> {
    let action = PutTransformation {
        place: bearer
            .place_for::<PutTransformation>(&app, TargetType::Destination, Some(&id))
            .await?,
        destination: answer::id(&id, "destination")?,
        transformation: answer::id(&body.transformation_id, "transformation")?,
    };
    Ok(Json(
        app.perform(&bearer.caller, action).await?.output.into(),
    ))
}

/// Take the transformation before the destination away. The answer is what was taken: rudder-cli reads one.
#[utoipa::path(delete, path = "/v2/destinations/{id}/transformation", tag = "Destinations", params(("id" = String, Path)),
    responses((status = 200, body = LinkView), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn take_transformation(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<LinkView>, Problem> {
    let action = TakeTransformation {
        place: bearer
            .place_for::<TakeTransformation>(&app, TargetType::Destination, Some(&id))
            .await?,
        destination: answer::id(&id, "destination")?,
    };
    Ok(Json(
        app.perform(&bearer.caller, action).await?.output.into(),
    ))
}
