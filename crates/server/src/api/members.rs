//! `/v2/members`: who belongs to the organization.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use indexmap::IndexMap;
use model::id::{OrganizationId, UserId, WorkspaceId};
use model::role::{OrganizationRole, Permission, WorkspaceRole};
use model::things::Member;
use serde::{Deserialize, Serialize};
use store::{Error, Result as StoreResult, Rx};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use crate::actions::member::change::{ChangeMember, Seen};
use crate::actions::member::end_sessions::EndSessions;
use crate::actions::member::remove::RemoveMember;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Path};

/// Workspace id and role there; `null` takes the role away.
pub(super) type Roles = IndexMap<String, Option<String>>;

/// A member of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    id: String,
    name: String,
    email: String,
    /// `admin` or `member`.
    #[schema(example = "member")]
    role: &'static str,
    /// The role in each workspace where there is one: `admin`, `editor`, `viewer` or `auditor`.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    workspaces: IndexMap<String, &'static str>,
}

/// All members, by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Members {
    members: Vec<MemberView>,
}

/// What a member is to be. What is not given stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MemberChange {
    /// `admin` or `member`.
    role: Option<String>,
    /// Roles in workspaces; `null` takes a role away.
    #[schema(value_type = std::collections::BTreeMap<String, Option<String>>)]
    workspaces: Roles,
}

impl From<Member> for MemberView {
    fn from(one: Member) -> Self {
        Self {
            id: one.user.id.to_string(),
            name: one.user.name,
            email: one.user.email,
            role: one.role.as_str(),
            workspaces: shown(&one.workspaces),
        }
    }
}

/// Roles as they are sent.
pub(super) fn shown(roles: &[(WorkspaceId, WorkspaceRole)]) -> IndexMap<String, &'static str> {
    let roles = roles.iter();
    roles
        .map(|(id, role)| (id.to_string(), role.as_str()))
        .collect()
}

/// The word of a role in the organization.
pub(super) fn role(word: &str) -> StoreResult<OrganizationRole> {
    let unknown = "role must be admin or member";
    word.parse()
        .map_err(|_| Error::field("unknown_word", "role", unknown))
}

/// The word of a role in a workspace.
pub(super) fn workspace_role(word: &str) -> StoreResult<WorkspaceRole> {
    let unknown = "the role in a workspace must be admin, editor, viewer or auditor";
    word.parse()
        .map_err(|_| Error::field("unknown_word", "workspaces", unknown))
}

pub(super) fn roles(given: &Roles) -> StoreResult<Vec<(WorkspaceId, Option<WorkspaceRole>)>> {
    given
        .iter()
        .map(|(id, word)| {
            let role = word.as_deref().map(workspace_role).transpose()?;
            Ok((answer::id(id, "workspace")?, role))
        })
        .collect()
}

/// Refuses who may not see the members.
pub(super) fn look(rx: &mut Rx<'_>, bearer: &Bearer) -> StoreResult<OrganizationId> {
    let organization = bearer.token.organization;
    let acting = rx.acting(bearer.caller.actor)?;
    if !acting.may_with_factor(
        rx,
        Permission::ViewMembers,
        organization,
        bearer.token.workspace,
    )? {
        return Err(Error::NotFound("member"));
    }
    Ok(organization)
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, update, delete))
        .routes(routes!(end_sessions))
}

/// The members of the organization.
#[utoipa::path(get, path = "/v2/members", tag = "Team", responses((status = 200, body = Members), (status = 404, body = Problem)))]
async fn list(State(app): State<App>, bearer: Bearer) -> Result<Json<Members>, Problem> {
    let all = app
        .read(move |rx| {
            let organization = look(rx, &bearer)?;
            rx.members(organization)
        })
        .await?;
    Ok(Json(Members {
        members: all.into_iter().map(Into::into).collect(),
    }))
}

/// A member.
#[utoipa::path(get, path = "/v2/members/{id}", tag = "Team", params(("id" = String, Path)), responses((status = 200, body = MemberView), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<MemberView>, Problem> {
    let user: UserId = answer::id(&id, "member")?;
    let one = app
        .read(move |rx| {
            let organization = look(rx, &bearer)?;
            rx.member(organization, user)?
                .ok_or(Error::NotFound("member"))
        })
        .await?;
    Ok(Json(one.into()))
}

/// Change what a member is. For the organization's administrators.
#[utoipa::path(put, path = "/v2/members/{id}", tag = "Team", params(("id" = String, Path)), request_body = MemberChange,
    responses((status = 200, body = MemberView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(change): Body<MemberChange>,
) -> Result<Json<MemberView>, Problem> {
    let action = ChangeMember {
        organization: bearer.token.organization,
        user: answer::id(&id, "member")?,
        role: change.role.as_deref().map(role).transpose()?,
        workspaces: roles(&change.workspaces)?,
        seen: Seen::default(),
    };
    let done = app.perform(&bearer.caller, action).await?;
    Ok(Json(done.output.into()))
}

/// Remove a member: sessions and tokens end at once. For the organization's administrators.
#[utoipa::path(delete, path = "/v2/members/{id}", tag = "Team", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = RemoveMember {
        organization: bearer.token.organization,
        user: answer::id(&id, "member")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions of a member. For the organization's administrators.
#[utoipa::path(delete, path = "/v2/members/{id}/sessions", tag = "Team", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn end_sessions(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = EndSessions {
        organization: bearer.token.organization,
        user: answer::id(&id, "member")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}
