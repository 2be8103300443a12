//! `/v2/invitations`: who is asked to join the organization.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use indexmap::IndexMap;
use model::things::Invitation;
use serde::{Deserialize, Serialize};
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::members::{Roles, Seen, role, roles, seen};
use crate::actions::invitation::cancel::CancelInvitation;
use crate::app::App;
use crate::invite;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Path};

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    id: String,
    email: String,
    /// `admin` or `member`.
    role: &'static str,
    /// The role in each workspace where there is to be one, of those that the token that asks may see.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    workspaces: IndexMap<String, &'static str>,
    /// In how many others there is to be a role.
    other_workspaces: usize,
    /// `open`, `accepted`, `cancelled` or `expired`.
    state: &'static str,
    /// What became of the letter: `none` (there is no mail server), `waiting`, `sent` or `failed`.
    delivery: &'static str,
    created_at: String,
    expires_at: String,
    /// The link to hand over, once, where there is no mail server.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// Invitations, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invitations {
    invitations: Vec<InvitationView>,
}

/// People to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitations {
    /// Their e-mail addresses: 1 to 50.
    emails: Vec<String>,
    /// `admin` or `member`, which is the default.
    role: Option<String>,
    /// Roles in workspaces: `admin`, `editor`, `viewer` or `auditor`.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    workspaces: Roles,
}

impl InvitationView {
    fn new(one: Invitation, link: Option<String>, seen: &Seen) -> Self {
        let (workspaces, other_workspaces) = seen.roles(&one.workspaces);
        Self {
            id: one.id.to_string(),
            email: one.email,
            role: one.role.as_str(),
            workspaces,
            other_workspaces,
            state: one.state.as_str(),
            delivery: one.delivery.as_str(),
            created_at: one.created_at.rfc3339_millis(),
            expires_at: one.expires_at.rfc3339_millis(),
            link,
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(delete))
        .routes(routes!(resend))
}

/// The invitations of the organization.
#[utoipa::path(get, path = "/v2/invitations", tag = "Team", responses((status = 200, body = Invitations), (status = 404, body = Problem)))]
async fn list(State(app): State<App>, bearer: Bearer) -> Result<Json<Invitations>, Problem> {
    let invitations = app
        .read(move |rx| {
            let seen = seen(rx, &bearer)?;
            let all = rx.invitations(seen.organization)?.into_iter();
            let view = |one| InvitationView::new(one, None, &seen);
            Ok(all.map(view).collect())
        })
        .await?;
    Ok(Json(Invitations { invitations }))
}

/// Invite people by e-mail: all of them or nobody. For the organization's administrators.
#[utoipa::path(post, path = "/v2/invitations", tag = "Team", request_body = NewInvitations,
    responses((status = 201, body = Invitations), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 429, description = "Too many requests: `rate_limited`; or too many letters to one address within an hour: `too_many_letters`", body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewInvitations>,
) -> Result<(StatusCode, Json<Invitations>), Problem> {
    let mut workspaces = Vec::new();
    for (workspace, role) in roles(&new.workspaces)? {
        let unknown = "name a role for each workspace";
        let role = role.ok_or_else(|| Error::field("unknown_word", "workspaces", unknown))?;
        workspaces.push((workspace, role));
    }
    let wanted = invite::Wanted {
        emails: new.emails,
        role: role(new.role.as_deref().unwrap_or("member"))?,
        workspaces,
    };
    let organization = bearer.token.organization;
    let base = app.base(None);
    let (made, _) = invite::create(&app, &bearer.caller, organization, wanted, &base).await?;
    let invitations = made
        .into_iter()
        .map(|(one, link)| InvitationView::new(one, link, &Seen::all(organization)))
        .collect();
    Ok((StatusCode::CREATED, Json(Invitations { invitations })))
}

/// Send an invitation again, with another link, for 3 more days. For the organization's administrators.
#[utoipa::path(post, path = "/v2/invitations/{id}/resend", tag = "Team", params(("id" = String, Path)),
    responses((status = 200, body = InvitationView), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 429, description = "Too many requests: `rate_limited`; or too many letters to one address within an hour: `too_many_letters`", body = Problem)))]
async fn resend(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<InvitationView>, Problem> {
    let organization = bearer.token.organization;
    let id = answer::id(&id, "invitation")?;
    let base = app.base(None);
    let (one, link, _) = invite::resend(&app, &bearer.caller, organization, id, &base).await?;
    let seen = Seen::all(organization);
    Ok(Json(InvitationView::new(one, link, &seen)))
}

/// Withdraw an invitation: its link is dead. For the organization's administrators.
#[utoipa::path(delete, path = "/v2/invitations/{id}", tag = "Team", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = CancelInvitation {
        organization: bearer.token.organization,
        id: answer::id(&id, "invitation")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}
