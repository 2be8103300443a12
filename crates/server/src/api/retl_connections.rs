//! `/v2/retl-connections`: connections of reverse ETL. They are kept; nothing syncs them yet, and what would have to says so.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::definition::Kind;
use model::id::{ConnectionId, DestinationId, SourceId};
use model::role::Permission;
use model::things::RetlConnection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Error, Listing, Rx};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{self, ExternalId};
use super::paging::{PageOf, Paging};
use crate::actions::retl_connection::create::CreateRetlConnection;
use crate::actions::retl_connection::delete::DeleteRetlConnection;
use crate::actions::retl_connection::set_external_id::SetExternalId;
use crate::actions::retl_connection::settings::FIELDS;
use crate::actions::retl_connection::update::UpdateRetlConnection;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Params, Path};

/// A connection of reverse ETL. What was not sent when it was made is not there, but for `syncSettings`, of which what was
/// not sent is as it would be run; empty `mappings` and `constants` are not there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetlConnectionView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    source_id: String,
    destination_id: String,
    enabled: bool,
    #[serde(flatten)]
    #[schema(value_type = RetlSettings)]
    settings: Value,
    workspace_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// When and how a connection of reverse ETL is synced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RetlSettings {
    /// `{"type": "basic", "everyMinutes"}`, `{"type": "cron", "cronExpression"}` or `{"type": "manual"}`.
    #[schema(value_type = Option<Object>)]
    schedule: Option<Value>,
    #[schema(value_type = Option<Object>)]
    sync_settings: Option<Value>,
    /// `upsert`, `mirror` or `full`. It cannot change.
    #[schema(value_type = Option<String>)]
    sync_behaviour: Option<Value>,
    /// `{"from", "to"}` for each.
    #[schema(value_type = Option<Vec<Object>>)]
    identifiers: Option<Value>,
    /// `{"from", "to"}` for each.
    #[schema(value_type = Option<Vec<Object>>)]
    mappings: Option<Value>,
    /// `{"type", "name"?, "nameColumn"?}`. It cannot change.
    #[schema(value_type = Option<Object>)]
    event: Option<Value>,
    /// `{"key", "value"}` for each.
    #[schema(value_type = Option<Vec<Object>>)]
    constants: Option<Value>,
    /// It cannot change.
    #[schema(value_type = Option<String>)]
    cursor_column: Option<Value>,
    /// It cannot change.
    #[schema(value_type = Option<String>)]
    object: Option<Value>,
    /// Kept as it is. It cannot change.
    #[schema(value_type = Option<Object>)]
    destination_config: Option<Value>,
}

impl RetlSettings {
    /// What was sent; `null` is nothing.
    fn sent(self) -> Map<String, Value> {
        let values = [
            self.schedule,
            self.sync_settings,
            self.sync_behaviour,
            self.identifiers,
            self.mappings,
            self.event,
            self.constants,
            self.cursor_column,
            self.object,
            self.destination_config,
        ];
        FIELDS
            .iter()
            .zip(values)
            .filter_map(|(field, value)| Some(((*field).to_owned(), value?)))
            .collect()
    }
}

impl RetlConnectionView {
    fn new(one: RetlConnection) -> Self {
        Self {
            id: one.id.to_string(),
            external_id: one.external_id,
            source_id: one.source.to_string(),
            destination_id: one.destination.to_string(),
            enabled: one.enabled,
            settings: answered(one.settings),
            workspace_id: one.workspace.to_string(),
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.updated_at.rfc3339_millis(),
        }
    }

    /// Without what is secret in settings of the destination.
    fn without_secrets(rx: &mut Rx<'_>, mut one: RetlConnection) -> Result<Self, Error> {
        if let Some(config) = one.settings.get_mut("destinationConfig")
            && let Some(to) = rx.destination(one.workspace, one.destination)?
        {
            let matcher = rx.matcher(one.workspace, Kind::Destination, &to.kind)?;
            *config = matcher.for_list(config);
        }
        Ok(Self::new(one))
    }
}

/// Settings as the clients know them from RudderStack's own service: with its defaults for what was not sent of
/// `syncSettings`, and without lists that are empty.
fn answered(mut settings: Value) -> Value {
    if let Some(fields) = settings.as_object_mut() {
        fields.retain(|name, value| {
            !matches!(name.as_str(), "mappings" | "constants") || *value != json!([])
        });
        let sync = fields
            .entry("syncSettings")
            .or_insert_with(|| Value::Object(Map::new()));
        let defaults = json!({
            "syncLogsConfig": { "enabled": true, "logRetentionInDays": 30, "snapshotsToRetain": 5 },
            "failedKeysConfig": { "enableFailedKeysRetry": true },
        });
        fill_in(sync, defaults);
    }
    settings
}

/// Adds what is not there, at any depth. What is there stays, whatever it is.
fn fill_in(value: &mut Value, defaults: Value) {
    let (Value::Object(fields), Value::Object(defaults)) = (value, defaults) else {
        return;
    };
    for (name, default) in defaults {
        match fields.get_mut(&name) {
            Some(value) => fill_in(value, default),
            None => drop(fields.insert(name, default)),
        }
    }
}

/// A page of connections of reverse ETL.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetlConnections {
    data: Vec<RetlConnectionView>,
    paging: Paging,
}

/// Which connections of reverse ETL.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only those of this source.
    source_id: Option<String>,
    /// Only those to this destination.
    destination_id: Option<String>,
}

/// A connection to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewRetlConnection {
    external_id: Option<String>,
    source_id: String,
    destination_id: String,
    #[serde(default = "answer::yes")]
    enabled: bool,
    #[serde(flatten)]
    settings: RetlSettings,
}

/// What a connection is to be like. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetlConnectionChange {
    /// It cannot change.
    source_id: Option<String>,
    /// It cannot change.
    destination_id: Option<String>,
    enabled: Option<bool>,
    /// Refused: an external id is set at its own address.
    #[schema(value_type = Option<String>)]
    external_id: Option<Value>,
    #[serde(flatten)]
    settings: RetlSettings,
}

/// Runs of a connection: there are none.
#[derive(Debug, Serialize, ToSchema)]
pub struct Syncs {
    #[schema(value_type = Vec<Object>)]
    syncs: Vec<Value>,
    paging: Paging,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(set_external_id))
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(syncs))
        .routes(routes!(sync))
}

/// The connections of reverse ETL of the workspace, in the order in which they were made, without secrets of their
/// destinations.
#[utoipa::path(get, path = "/v2/retl-connections", tag = "Reverse ETL", params(Which, PageOf), responses((status = 200, body = RetlConnections), (status = 401, body = Problem)))]
async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Params(which): Params<Which>,
    Params(wanted): Params<PageOf>,
) -> Result<Json<RetlConnections>, Problem> {
    let place = bearer.place()?;
    let (after, limit, has) = (wanted.start()?, wanted.limit()?, wanted.has_external_id);
    let source = narrowed(which.source_id.as_deref(), "source");
    let destination = narrowed(which.destination_id.as_deref(), "destination");
    // What is no id is the id of nothing, and nothing is connected.
    let ends: Option<(Option<SourceId>, Option<DestinationId>)> = source.ok().zip(destination.ok());
    let (page, data) = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            let Some(ends) = ends else {
                let none = Listing {
                    items: Vec::new(),
                    total: 0,
                    next: None,
                };
                return Ok((none, Vec::new()));
            };
            let mut page =
                rx.retl_connections(place.workspace, ends, after.as_ref(), limit, has)?;
            let views = std::mem::take(&mut page.items)
                .into_iter()
                .map(|one| RetlConnectionView::without_secrets(rx, one))
                .collect::<Result<Vec<_>, _>>()?;
            Ok((page, views))
        })
        .await?;
    let (source, destination) = ends.unwrap_or_default();
    let further = [
        ("sourceId", source.as_ref().map(SourceId::as_str)),
        (
            "destinationId",
            destination.as_ref().map(DestinationId::as_str),
        ),
    ];
    let paging = wanted.paging_with("/v2/retl-connections", &page, &further);
    Ok(Json(RetlConnections { data, paging }))
}

/// The id that a list is narrowed by; an empty one is none.
fn narrowed<T: std::str::FromStr>(
    id: Option<&str>,
    what: &'static str,
) -> Result<Option<T>, Problem> {
    match id {
        None | Some("") => Ok(None),
        Some(id) => Ok(Some(answer::id(id, what)?)),
    }
}

/// Connect a source of reverse ETL to a destination.
#[utoipa::path(post, path = "/v2/retl-connections", tag = "Reverse ETL", request_body = NewRetlConnection,
    responses((status = 201, body = RetlConnectionView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewRetlConnection>,
) -> Result<(StatusCode, Json<RetlConnectionView>), Problem> {
    let action = CreateRetlConnection {
        place: bearer
            .place_for::<CreateRetlConnection>(&app, TargetType::Destination, None)
            .await?,
        source: answer::id(&new.source_id, "source")?,
        destination: answer::id(&new.destination_id, "destination")?,
        enabled: new.enabled,
        settings: new.settings.sent(),
        external_id: new.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok((
        StatusCode::CREATED,
        Json(RetlConnectionView::new(made.output)),
    ))
}

/// A connection of reverse ETL, with secrets of its destination for those who may edit it.
#[utoipa::path(get, path = "/v2/retl-connections/{id}", tag = "Reverse ETL", params(("id" = String, Path)),
    responses((status = 200, body = RetlConnectionView), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<RetlConnectionView>, Problem> {
    let place = bearer.place()?;
    let id: ConnectionId = answer::id(&id, "connection")?;
    let view = app
        .read(move |rx| {
            let may_edit = answer::look(rx, &bearer, place, Permission::EditConnections)?;
            let one = rx
                .retl_connection(place.workspace, id)?
                .ok_or(Error::NotFound("connection"))?;
            if may_edit {
                Ok(RetlConnectionView::new(one))
            } else {
                RetlConnectionView::without_secrets(rx, one)
            }
        })
        .await?;
    Ok(Json(view))
}

async fn one(app: &App, bearer: Bearer, id: &str) -> Result<RetlConnection, Problem> {
    let place = bearer.place()?;
    let id: ConnectionId = answer::id(id, "connection")?;
    app.read(move |rx| {
        answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
        rx.retl_connection(place.workspace, id)?
            .ok_or(Error::NotFound("connection"))
    })
    .await
    .map_err(Into::into)
}

/// Change when and how a connection is synced.
#[utoipa::path(put, path = "/v2/retl-connections/{id}", tag = "Reverse ETL", params(("id" = String, Path)), request_body = RetlConnectionChange,
    responses((status = 200, body = RetlConnectionView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(change): Body<RetlConnectionChange>,
) -> Result<Json<RetlConnectionView>, Problem> {
    if change.external_id.is_some() {
        let message = "an external id is set with PUT /v2/retl-connections/{id}/external-id";
        return Err(Error::field("external_id_not_here", "externalId", message).into());
    }
    let action = UpdateRetlConnection {
        place: bearer
            .place_for::<UpdateRetlConnection>(&app, TargetType::Destination, None)
            .await?,
        id: answer::id(&id, "connection")?,
        source: narrowed(change.source_id.as_deref(), "source")?,
        destination: narrowed(change.destination_id.as_deref(), "destination")?,
        enabled: change.enabled,
        settings: change.settings.sent(),
        seen: None,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok(Json(RetlConnectionView::new(made.output)))
}

/// Disconnect the source from the destination.
#[utoipa::path(delete, path = "/v2/retl-connections/{id}", tag = "Reverse ETL", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = DeleteRetlConnection {
        place: bearer
            .place_for::<DeleteRetlConnection>(&app, TargetType::Destination, None)
            .await?,
        id: answer::id(&id, "connection")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say what a client's own project calls the connection. Once.
#[utoipa::path(put, path = "/v2/retl-connections/{id}/external-id", tag = "Reverse ETL", params(("id" = String, Path)), request_body = ExternalId,
    responses((status = 200, body = RetlConnectionView), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_external_id(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<ExternalId>,
) -> Result<Json<RetlConnectionView>, Problem> {
    let action = SetExternalId {
        place: bearer
            .place_for::<SetExternalId>(&app, TargetType::Destination, None)
            .await?,
        id: answer::id(&id, "connection")?,
        external_id: body.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok(Json(RetlConnectionView::new(made.output)))
}

/// Sync a connection now: refused, since nothing is run.
#[utoipa::path(post, path = "/v2/retl-connections/{id}/start", tag = "Reverse ETL", params(("id" = String, Path)),
    responses((status = 501, body = Problem), (status = 404, body = Problem)))]
async fn start(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    one(&app, bearer, &id).await?;
    Err(answer::not_run())
}

/// Stop syncing a connection: refused, since nothing is run.
#[utoipa::path(post, path = "/v2/retl-connections/{id}/stop", tag = "Reverse ETL", params(("id" = String, Path)),
    responses((status = 501, body = Problem), (status = 404, body = Problem)))]
async fn stop(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    one(&app, bearer, &id).await?;
    Err(answer::not_run())
}

/// The runs of a connection: none, since nothing is run.
#[utoipa::path(get, path = "/v2/retl-connections/{id}/syncs", tag = "Reverse ETL", params(("id" = String, Path)),
    responses((status = 200, body = Syncs), (status = 404, body = Problem)))]
async fn syncs(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<Syncs>, Problem> {
    one(&app, bearer, &id).await?;
    Ok(Json(Syncs {
        syncs: Vec::new(),
        paging: Paging {
            total: 0,
            next: None,
        },
    }))
}

/// A run of a connection: not found, since nothing is run.
#[utoipa::path(get, path = "/v2/retl-connections/{id}/syncs/{syncId}", tag = "Reverse ETL", params(("id" = String, Path), ("syncId" = String, Path)),
    responses((status = 404, body = Problem)))]
async fn sync(
    State(app): State<App>,
    bearer: Bearer,
    Path((id, _sync)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    one(&app, bearer, &id).await?;
    Err(Error::NotFound("sync").into())
}
