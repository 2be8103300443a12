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
use crate::actions::member::change::{self, ChangeMember};
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
    /// The role in each workspace where there is one, of those that the token that asks may see; an administrator's sees all of the
    /// organization: `admin`, `editor`, `viewer` or `auditor`.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    workspaces: IndexMap<String, &'static str>,
    /// In how many others there is a role.
    other_workspaces: usize,
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

impl MemberView {
    fn new(one: Member, seen: &Seen) -> Self {
        let (workspaces, other_workspaces) = seen.roles(&one.workspaces);
        Self {
            id: one.user.id.to_string(),
            name: one.user.name,
            email: one.user.email,
            role: one.role.as_str(),
            workspaces,
            other_workspaces,
        }
    }
}

/// Who asks about the team, and of which of its workspaces.
pub(super) struct Seen {
    pub(super) organization: OrganizationId,
    /// None for who sees them all.
    workspaces: Option<Vec<WorkspaceId>>,
}

impl Seen {
    /// All of them: for who administers the organization.
    pub(super) const fn all(organization: OrganizationId) -> Self {
        Self {
            organization,
            workspaces: None,
        }
    }

    /// Those roles of somebody that are seen, as they are sent, and how many more there are.
    pub(super) fn roles(
        &self,
        roles: &[(WorkspaceId, WorkspaceRole)],
    ) -> (IndexMap<String, &'static str>, usize) {
        let seen = roles.iter().filter(|(id, _)| {
            let seen = self.workspaces.as_ref();
            seen.is_none_or(|seen| seen.contains(id))
        });
        let seen: IndexMap<_, _> = seen
            .map(|(id, role)| (id.to_string(), role.as_str()))
            .collect();
        let others = roles.len() - seen.len();
        (seen, others)
    }
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

/// The same, with what is seen of the roles of others.
pub(super) fn seen(rx: &mut Rx<'_>, bearer: &Bearer) -> StoreResult<Seen> {
    let organization = look(rx, bearer)?;
    let acting = rx.acting(bearer.caller.actor)?;
    // Who reads the whole log reads of all roles there.
    if acting.may(rx, Permission::ReadAuditLog, organization, None)? {
        return Ok(Seen::all(organization));
    }
    let mut known = Vec::new();
    for workspace in rx.workspaces(organization)? {
        let id = workspace.id;
        if acting.may(rx, Permission::ViewWorkspace, organization, Some(id))? {
            known.push(id);
        }
    }
    Ok(Seen {
        organization,
        workspaces: Some(known),
    })
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
    let members = app
        .read(move |rx| {
            let seen = seen(rx, &bearer)?;
            let all = rx.members(seen.organization)?.into_iter();
            Ok(all.map(|one| MemberView::new(one, &seen)).collect())
        })
        .await?;
    Ok(Json(Members { members }))
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
            let seen = seen(rx, &bearer)?;
            let one = rx.member(seen.organization, user)?;
            let one = one.ok_or(Error::NotFound("member"))?;
            Ok(MemberView::new(one, &seen))
        })
        .await?;
    Ok(Json(one))
}

/// Change what a member is. For the organization's administrators.
#[utoipa::path(put, path = "/v2/members/{id}", tag = "Team", params(("id" = String, Path)), request_body = MemberChange,
    responses((status = 200, body = MemberView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(sent): Body<MemberChange>,
) -> Result<Json<MemberView>, Problem> {
    let action = ChangeMember {
        organization: bearer.token.organization,
        user: answer::id(&id, "member")?,
        role: sent.role.as_deref().map(role).transpose()?,
        workspaces: roles(&sent.workspaces)?,
        seen: change::Seen::default(),
    };
    let done = app.perform(&bearer.caller, action).await?;
    let seen = Seen::all(bearer.token.organization);
    Ok(Json(MemberView::new(done.output, &seen)))
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
