//! `/v2/organization`: what holds for the whole organization; and who may change a single source or destination.

use axum::Json;
use axum::extract::State;
use model::catalogue::TargetType;
use model::id::UserId;
use model::role::Permission;
use model::things::Organization;
use serde::{Deserialize, Serialize};
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{answer, members};
use crate::actions::access::update::{UpdateAccess, What};
use crate::actions::organization::update::UpdateOrganization;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Path};

/// The organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationView {
    id: String,
    name: String,
    /// Whether members need a second factor.
    requires_mfa: bool,
    /// Whether anyone may read the checkpoint of its log and the hashes over its entries, without a token.
    public_hashes: bool,
}

/// What the organization is to be like. What is not given stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganizationChange {
    /// Its name.
    name: Option<String>,
    /// Whether members need a second factor.
    requires_mfa: Option<bool>,
    /// Whether anyone may read the checkpoint of its log and the hashes over its entries, without a token. They tell how many
    /// events there are, and nothing of what is in them.
    public_hashes: Option<bool>,
}

/// Who may change a source or destination.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessView {
    /// The ids of the people selected; `null` for anyone with edit rights.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    people: Option<Vec<String>>,
}

impl From<Organization> for OrganizationView {
    fn from(one: Organization) -> Self {
        Self {
            id: one.id.to_string(),
            name: one.name,
            requires_mfa: one.requires_mfa,
            public_hashes: one.public_hashes,
        }
    }
}

impl From<Option<Vec<UserId>>> for AccessView {
    fn from(people: Option<Vec<UserId>>) -> Self {
        let ids = |people: Vec<UserId>| people.iter().map(ToString::to_string).collect();
        Self {
            people: people.map(ids),
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get, update))
        .routes(routes!(source_access, update_source_access))
        .routes(routes!(destination_access, update_destination_access))
}

/// The organization that the token is for.
#[utoipa::path(get, path = "/v2/organization", tag = "Team", responses((status = 200, body = OrganizationView), (status = 404, body = Problem)))]
async fn get(State(app): State<App>, bearer: Bearer) -> Result<Json<OrganizationView>, Problem> {
    let one = app
        .read(move |rx| {
            let id = members::look(rx, &bearer)?;
            rx.organization(id)?.ok_or(Error::NotFound("organization"))
        })
        .await?;
    Ok(Json(one.into()))
}

/// Change what holds for the whole organization. For its administrators.
#[utoipa::path(put, path = "/v2/organization", tag = "Team", request_body = OrganizationChange,
    responses((status = 200, body = OrganizationView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Body(change): Body<OrganizationChange>,
) -> Result<Json<OrganizationView>, Problem> {
    let action = UpdateOrganization {
        id: bearer.token.organization,
        name: change.name,
        seen_name: None,
        requires_mfa: change.requires_mfa,
        public_hashes: change.public_hashes,
    };
    let done = app.perform(&bearer.caller, action).await?;
    Ok(Json(done.output.into()))
}

async fn look(app: &App, bearer: Bearer, what: What) -> Result<Json<AccessView>, Problem> {
    let place = bearer.place()?;
    let people = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            let id = match what {
                What::Source(id) => rx
                    .source(place.workspace, id)?
                    .map(|one| one.id.to_string()),
                What::Destination(id) => rx
                    .destination(place.workspace, id)?
                    .map(|one| one.id.to_string()),
            };
            rx.selected(&id.ok_or(Error::NotFound("resource"))?)
        })
        .await?;
    Ok(Json(people.into()))
}

async fn change(
    app: &App,
    bearer: &Bearer,
    what: What,
    access: AccessView,
) -> Result<Json<AccessView>, Problem> {
    let people = access.people.map(|people| {
        people
            .iter()
            .map(|id| answer::id::<UserId>(id, "member"))
            .collect::<Result<Vec<_>, _>>()
    });
    let id = match what {
        What::Source(id) => id.to_string(),
        What::Destination(id) => id.to_string(),
    };
    let action = UpdateAccess {
        place: bearer
            .place_for::<UpdateAccess>(app, TargetType::Permission, Some(&id))
            .await?,
        what,
        people: people.transpose()?,
        seen: None,
    };
    let done = app.perform(&bearer.caller, action).await?;
    Ok(Json(done.output.people.into()))
}

/// Who may change a source.
#[utoipa::path(get, path = "/v2/sources/{id}/access", tag = "Sources", params(("id" = String, Path)), responses((status = 200, body = AccessView), (status = 404, body = Problem)))]
async fn source_access(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<AccessView>, Problem> {
    let id = answer::id(&id, "source")?;
    look(&app, bearer, What::Source(id)).await
}

/// Say who may change a source: anyone with edit rights, or only people selected. For the workspace's administrators.
#[utoipa::path(put, path = "/v2/sources/{id}/access", tag = "Sources", params(("id" = String, Path)), request_body = AccessView,
    responses((status = 200, body = AccessView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update_source_access(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(access): Body<AccessView>,
) -> Result<Json<AccessView>, Problem> {
    let id = answer::id(&id, "source")?;
    change(&app, &bearer, What::Source(id), access).await
}

/// Who may change a destination.
#[utoipa::path(get, path = "/v2/destinations/{id}/access", tag = "Destinations", params(("id" = String, Path)), responses((status = 200, body = AccessView), (status = 404, body = Problem)))]
async fn destination_access(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<AccessView>, Problem> {
    let id = answer::id(&id, "destination")?;
    look(&app, bearer, What::Destination(id)).await
}

/// Say who may change a destination: anyone with edit rights, or only people selected. For the workspace's administrators.
#[utoipa::path(put, path = "/v2/destinations/{id}/access", tag = "Destinations", params(("id" = String, Path)), request_body = AccessView,
    responses((status = 200, body = AccessView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update_destination_access(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(access): Body<AccessView>,
) -> Result<Json<AccessView>, Problem> {
    let id = answer::id(&id, "destination")?;
    change(&app, &bearer, What::Destination(id), access).await
}
