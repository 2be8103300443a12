//! `/v2/workspaces`: the workspaces of the organization.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::id::WorkspaceId;
use model::role::OrganizationRole;
use model::things::Workspace;
use serde::{Deserialize, Serialize};
use store::{Error, Rx};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{answer, members};
use crate::actions::workspace::create::CreateWorkspace;
use crate::actions::workspace::delete::DeleteWorkspace;
use crate::actions::workspace::update::UpdateWorkspace;
use crate::actions::workspace::{Environment, found};
use crate::app::App;
use crate::auth::secret::{self, Kind};
use crate::problem::Problem;
use crate::request::{Bearer, Body, Path, Place};

/// A workspace of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceOfOrganization {
    id: String,
    name: String,
    /// `PRODUCTION` or `DEVELOPMENT`.
    environment: String,
    region: String,
    /// Whether sources and destinations of types without a definition are accepted.
    allow_unknown_types: bool,
    /// Whether settings that do not fulfil the schema of their type are refused.
    refuse_invalid_config: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// The workspaces.
#[derive(Debug, Serialize, ToSchema)]
pub struct Workspaces {
    workspaces: Vec<WorkspaceOfOrganization>,
}

/// A workspace to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkspace {
    /// Its name.
    name: String,
    /// `PRODUCTION`, where it is not given, or `DEVELOPMENT`.
    environment: Option<String>,
}

/// What a workspace is to be like. What is not given stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkspaceChange {
    /// Its name.
    name: Option<String>,
    /// `PRODUCTION` or `DEVELOPMENT`.
    environment: Option<String>,
    /// Whether sources and destinations of types without a definition are accepted.
    allow_unknown_types: Option<bool>,
    /// Whether settings that do not fulfil the schema of their type are refused.
    refuse_invalid_config: Option<bool>,
}

impl From<Workspace> for WorkspaceOfOrganization {
    fn from(one: Workspace) -> Self {
        Self {
            id: one.id.to_string(),
            name: one.name,
            environment: one.environment,
            region: one.region,
            allow_unknown_types: one.allow_unknown_types,
            refuse_invalid_config: one.refuse_invalid_config,
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.updated_at.rfc3339_millis(),
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
}

fn environment(word: Option<&String>) -> store::Result<Option<Environment>> {
    word.map(|word| word.parse()).transpose()
}

/// Whether whoever has the token knows of a workspace: its owner by a role there, a service by the token's own.
fn is_open(rx: &mut Rx<'_>, bearer: &Bearer, id: WorkspaceId) -> Result<bool, Error> {
    let Some(user) = bearer.token.owner else {
        return Ok(bearer.token.workspace == Some(id));
    };
    let roles = rx.roles_of(user, bearer.token.organization, id)?;
    Ok(matches!(
        roles,
        Some((OrganizationRole::Admin, _) | (OrganizationRole::Member, Some(_)))
    ))
}

/// The workspaces of the organization, by name: all of them for its administrators, else those in which the token's owner has a role.
#[utoipa::path(get, path = "/v2/workspaces", tag = "Workspace", responses((status = 200, body = Workspaces), (status = 404, body = Problem)))]
async fn list(State(app): State<App>, bearer: Bearer) -> Result<Json<Workspaces>, Problem> {
    let workspaces = app
        .read(move |rx| {
            let organization = members::look(rx, &bearer)?;
            let mut open: Vec<WorkspaceOfOrganization> = Vec::new();
            for one in rx.workspaces(organization)? {
                if is_open(rx, &bearer, one.id)? {
                    open.push(one.into());
                }
            }
            open.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(open)
        })
        .await?;
    Ok(Json(Workspaces { workspaces }))
}

/// Make a workspace. For the organization's administrators.
#[utoipa::path(post, path = "/v2/workspaces", tag = "Workspace", request_body = NewWorkspace,
    responses((status = 201, body = WorkspaceOfOrganization), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewWorkspace>,
) -> Result<(StatusCode, Json<WorkspaceOfOrganization>), Problem> {
    let action = CreateWorkspace {
        organization: bearer.token.organization,
        name: new.name,
        environment: environment(new.environment.as_ref())?.unwrap_or_default(),
        token: secret::new(Kind::Workspace, app.store.entropy()),
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok((StatusCode::CREATED, Json(made.output.into())))
}

/// A workspace.
#[utoipa::path(get, path = "/v2/workspaces/{id}", tag = "Workspace", params(("id" = String, Path)),
    responses((status = 200, body = WorkspaceOfOrganization), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<WorkspaceOfOrganization>, Problem> {
    let id: WorkspaceId = answer::id(&id, "workspace")?;
    let one = app
        .read(move |rx| {
            let organization = members::look(rx, &bearer)?;
            let one = found(rx, organization, id)?;
            if is_open(rx, &bearer, id)? {
                Ok(one)
            } else {
                Err(Error::NotFound("workspace"))
            }
        })
        .await?;
    Ok(Json(one.into()))
}

/// Rename a workspace, or change its settings. For its administrators, with a token of this workspace.
#[utoipa::path(put, path = "/v2/workspaces/{id}", tag = "Workspace", params(("id" = String, Path)), request_body = WorkspaceChange,
    responses((status = 200, body = WorkspaceOfOrganization), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(change): Body<WorkspaceChange>,
) -> Result<Json<WorkspaceOfOrganization>, Problem> {
    let action = UpdateWorkspace {
        place: Place {
            organization: bearer.token.organization,
            workspace: answer::id(&id, "workspace")?,
        },
        name: change.name,
        seen_name: None,
        environment: environment(change.environment.as_ref())?,
        allow_unknown_types: change.allow_unknown_types,
        refuse_invalid_config: change.refuse_invalid_config,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok(Json(made.output.into()))
}

/// Delete a workspace that has nothing in it any more. Its tokens and the roles in it end, and so do invitations to a role in it
/// alone. For the organization's administrators, with a token of this workspace.
#[utoipa::path(delete, path = "/v2/workspaces/{id}", tag = "Workspace", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = DeleteWorkspace {
        organization: bearer.token.organization,
        id: answer::id(&id, "workspace")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}
