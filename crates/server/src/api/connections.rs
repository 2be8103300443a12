//! `/v2/connections`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::role::Permission;
use model::things::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{self, ExternalId};
use super::paging::{PageOf, Paging};
use crate::actions::connection::create::CreateConnection;
use crate::actions::connection::delete::DeleteConnection;
use crate::actions::connection::set_external_id::SetExternalId;
use crate::actions::connection::update::UpdateConnection;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Params, Path};

/// A connection from a source to a destination.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    source_id: String,
    destination_id: String,
    enabled: bool,
    workspace_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Connection> for ConnectionView {
    fn from(one: Connection) -> Self {
        Self {
            id: one.id.to_string(),
            external_id: one.external_id,
            source_id: one.source.to_string(),
            destination_id: one.destination.to_string(),
            enabled: one.enabled,
            workspace_id: one.workspace.to_string(),
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.updated_at.rfc3339_millis(),
        }
    }
}

/// A connection, wrapped as the clients expect.
#[derive(Debug, Serialize, ToSchema)]
pub struct OneConnection {
    connection: ConnectionView,
}

/// A page of connections.
#[derive(Debug, Serialize, ToSchema)]
pub struct Connections {
    connections: Vec<ConnectionView>,
    paging: Paging,
}

/// A connection to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewConnection {
    external_id: Option<String>,
    source_id: String,
    destination_id: String,
    #[serde(default = "answer::yes")]
    enabled: bool,
}

/// What a connection is to be like. Its ends cannot change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionChange {
    source_id: Option<String>,
    destination_id: Option<String>,
    enabled: Option<bool>,
    /// Refused: an external id is set at its own address.
    #[schema(value_type = Option<String>)]
    external_id: Option<Value>,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(set_external_id))
}

/// The connections of the workspace, in the order in which they were made.
#[utoipa::path(get, path = "/v2/connections", tag = "Connections", params(PageOf), responses((status = 200, body = Connections), (status = 401, body = Problem)))]
async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<PageOf>,
) -> Result<Json<Connections>, Problem> {
    let place = bearer.place()?;
    let (after, limit, has) = (wanted.start()?, wanted.limit()?, wanted.has_external_id);
    let page = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            rx.connections(place.workspace, after.as_ref(), limit, has)
        })
        .await?;
    let paging = wanted.paging("/v2/connections", &page);
    Ok(Json(Connections {
        connections: page.items.into_iter().map(Into::into).collect(),
        paging,
    }))
}

/// Connect a source to a destination.
#[utoipa::path(post, path = "/v2/connections", tag = "Connections", request_body = NewConnection,
    responses((status = 201, body = OneConnection), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewConnection>,
) -> Result<(StatusCode, Json<OneConnection>), Problem> {
    let action = CreateConnection {
        place: bearer
            .place_for::<CreateConnection>(&app, TargetType::Destination, None)
            .await?,
        source: answer::id(&new.source_id, "source")?,
        destination: answer::id(&new.destination_id, "destination")?,
        enabled: new.enabled,
        external_id: new.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok((
        StatusCode::CREATED,
        Json(OneConnection {
            connection: made.output.into(),
        }),
    ))
}

/// A connection.
#[utoipa::path(get, path = "/v2/connections/{id}", tag = "Connections", params(("id" = String, Path)),
    responses((status = 200, body = OneConnection), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<OneConnection>, Problem> {
    let place = bearer.place()?;
    let id = answer::id(&id, "connection")?;
    let connection = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            rx.connection(place.workspace, id)?
                .ok_or(Error::NotFound("connection"))
        })
        .await?;
    Ok(Json(OneConnection {
        connection: connection.into(),
    }))
}

/// Enable or disable a connection.
#[utoipa::path(put, path = "/v2/connections/{id}", tag = "Connections", params(("id" = String, Path)), request_body = ConnectionChange,
    responses((status = 200, body = OneConnection), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(change): Body<ConnectionChange>,
) -> Result<Json<OneConnection>, Problem> {
    if change.external_id.is_some() {
        let message = "an external id is set with PUT /v2/connections/{id}/external-id";
        return Err(Error::field("external_id_not_here", "externalId", message).into());
    }
    let action = UpdateConnection {
        place: bearer
            .place_for::<UpdateConnection>(&app, TargetType::Destination, None)
            .await?,
        id: answer::id(&id, "connection")?,
        source: change
            .source_id
            .map(|id| answer::id(&id, "source"))
            .transpose()?,
        destination: change
            .destination_id
            .map(|id| answer::id(&id, "destination"))
            .transpose()?,
        enabled: change.enabled,
    };
    Ok(Json(OneConnection {
        connection: app.perform(&bearer.caller, action).await?.output.into(),
    }))
}

/// Disconnect the source from the destination.
#[utoipa::path(delete, path = "/v2/connections/{id}", tag = "Connections", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = DeleteConnection {
        place: bearer
            .place_for::<DeleteConnection>(&app, TargetType::Destination, None)
            .await?,
        id: answer::id(&id, "connection")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say what a client's own project calls the connection. Once.
#[utoipa::path(put, path = "/v2/connections/{id}/external-id", tag = "Connections", params(("id" = String, Path)), request_body = ExternalId,
    responses((status = 200, body = OneConnection), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_external_id(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<ExternalId>,
) -> Result<Json<OneConnection>, Problem> {
    let action = SetExternalId {
        place: bearer
            .place_for::<SetExternalId>(&app, TargetType::Destination, None)
            .await?,
        id: answer::id(&id, "connection")?,
        external_id: body.external_id,
    };
    Ok(Json(OneConnection {
        connection: app.perform(&bearer.caller, action).await?.output.into(),
    }))
}
