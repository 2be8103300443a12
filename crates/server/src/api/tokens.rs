//! `/v2/tokens`: personal tokens, and those of services.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::clock::Micros;
use model::role::{Access, Permission};
use model::things::Token;
use serde::{Deserialize, Serialize};
use store::{Error, Result as StoreResult};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::members::workspace_role;
use super::{answer, audit_logs};
use crate::actions::token::create::{CreateToken, Whose};
use crate::actions::token::delete::DeleteToken;
use crate::app::App;
use crate::audit;
use crate::auth::secret::{self, Kind};
use crate::problem::Problem;
use crate::request::{Bearer, Body, Path};

/// An access token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    id: String,
    name: String,
    /// `personal` or `service`.
    kind: &'static str,
    /// Whose it is; absent for a service's.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_id: Option<String>,
    /// The workspace that it is for; absent for one of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<String>,
    /// `read` or `read_write`.
    access: &'static str,
    /// What a service's token is in its workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// To the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// The token itself: shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Tokens, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    tokens: Vec<TokenView>,
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// Its name.
    name: String,
    /// `personal` (the default) or `service`.
    kind: Option<String>,
    /// `read` or `read_write` (the default); a service's token of the organization only reads.
    access: Option<String>,
    /// The workspace; for a personal token the default is that of the token that asks. A personal token makes none for another workspace.
    /// It reaches what is in its workspace and, where its owner administers the organization, what belongs to the organization as a whole:
    /// members, invitations, tokens, definitions and the whole audit log, but no other workspace's things.
    workspace_id: Option<String>,
    /// For a service's token in a workspace: `admin`, `editor`, `viewer` or `auditor`.
    role: Option<String>,
    /// How many days it lasts, 1 to 3650; for ever where it is not given.
    expires_in_days: Option<i64>,
}

impl TokenView {
    fn new(one: Token, used_at: Option<Micros>, shown: Option<String>) -> Self {
        Self {
            id: one.id.to_string(),
            name: one.name,
            kind: if one.owner.is_some() {
                "personal"
            } else {
                "service"
            },
            owner_id: one.owner.map(|id| id.to_string()),
            workspace_id: one.workspace.map(|id| id.to_string()),
            access: one.access.as_str(),
            role: one.role.map(|role| role.as_str()),
            created_at: one.created_at.rfc3339_millis(),
            expires_at: one.expires_at.map(Micros::rfc3339_millis),
            last_used_at: used_at.map(Micros::rfc3339_millis),
            token: shown,
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find))
        .routes(routes!(delete))
}

/// The word of what a token may do.
pub(crate) fn access(word: &str) -> StoreResult<Access> {
    let unknown = "access must be read or read_write";
    word.parse()
        .map_err(|_| Error::field("unknown_word", "access", unknown))
}

fn whose(bearer: &Bearer, new: &NewToken) -> StoreResult<Whose> {
    let workspace = new
        .workspace_id
        .as_deref()
        .map(|id| answer::id(id, "workspace"))
        .transpose()?;
    match (
        new.kind.as_deref().unwrap_or("personal"),
        workspace,
        &new.role,
    ) {
        ("personal", workspace, None) => {
            let own = workspace.or(bearer.token.workspace);
            let own = own.ok_or_else(|| {
                Error::field("required", "workspaceId", "workspaceId must be given")
            })?;
            Ok(Whose::Personal(own, None))
        }
        ("service", None, None) => Ok(Whose::Organization),
        ("service", Some(workspace), Some(role)) => {
            Ok(Whose::Workspace(workspace, workspace_role(role)?))
        }
        ("service", ..) => Err(Error::field(
            "required",
            "role",
            "a service's token has both workspaceId and role, or neither",
        )),
        ("personal", ..) => Err(Error::field(
            "not_for_this",
            "role",
            "a personal token has its owner's role",
        )),
        _ => Err(Error::field(
            "unknown_word",
            "kind",
            "kind must be personal or service",
        )),
    }
}

/// The tokens of the organization that one may see: one's own and, for its administrators, all.
#[utoipa::path(get, path = "/v2/tokens", tag = "Tokens", responses((status = 200, body = Tokens), (status = 401, body = Problem)))]
async fn list(State(app): State<App>, bearer: Bearer) -> Result<Json<Tokens>, Problem> {
    let organization = bearer.token.organization;
    let tokens = app
        .read(move |rx| {
            let acting = rx.acting(bearer.caller.actor)?;
            // A token that only reads is an administrator's as well; a service's is nobody's, and reads the log alone.
            let all = acting.may_with_factor(rx, Permission::ReadAuditLog, organization, None)?
                && acting.user.is_some();
            let mut tokens = rx.tokens(organization)?;
            tokens
                .retain(|(token, _)| all || (token.owner.is_some() && token.owner == acting.user));
            Ok(tokens)
        })
        .await?;
    let tokens = tokens
        .into_iter()
        .map(|(token, used_at)| TokenView::new(token, used_at, None))
        .collect();
    Ok(Json(Tokens { tokens }))
}

/// Make a token. It is shown once, in this answer.
#[utoipa::path(post, path = "/v2/tokens", tag = "Tokens", request_body = NewToken,
    responses((status = 201, body = TokenView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<TokenView>), Problem> {
    let whose = whose(&bearer, &new)?;
    let kind = match whose {
        Whose::Personal(..) => Kind::Personal,
        Whose::Organization | Whose::Workspace(..) => Kind::Service,
    };
    let access = match new.access.as_deref().map(access).transpose()? {
        Some(access) => {
            whose.may_have(access)?;
            access
        }
        None => Access::ReadWrite,
    };
    let secret = secret::new(kind, app.store.entropy());
    let action = CreateToken {
        organization: bearer.token.organization,
        whose,
        name: new.name,
        access,
        days: new.expires_in_days,
        hash: secret::hash(&secret),
    };
    let made = app.perform(&bearer.caller, action).await?.output;
    let view = TokenView::new(made, None, Some(secret.to_string()));
    Ok((StatusCode::CREATED, Json(view)))
}

/// Delete a token: it ends at once. The one that asks, others of one's own, or as an administrator anyone's.
#[utoipa::path(delete, path = "/v2/tokens/{id}", tag = "Tokens", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = DeleteToken {
        organization: bearer.token.organization,
        id: answer::id(&id, "token")?,
        by: Some(bearer.caller.actor),
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is known of a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sought {
    /// Its id, its name, or the token itself.
    token: String,
}

/// A token that is, or was.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundTokenView {
    /// Its id: what `token` of `/v2/audit-logs` takes.
    id: String,
    /// Its name, unless it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// The tokens that were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundTokens {
    tokens: Vec<FoundTokenView>,
}

/// Find a token by its id, its name, or the token itself, also one that has ended: to ask what it did. For who may read the
/// audit log; recorded as reading it.
#[utoipa::path(post, path = "/v2/tokens/find", tag = "Tokens", request_body = Sought,
    responses((status = 200, body = FoundTokens), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn find(
    State(app): State<App>,
    bearer: Bearer,
    Body(sought): Body<Sought>,
) -> Result<Json<FoundTokens>, Problem> {
    let reach = audit_logs::reach(&bearer, None)?;
    let found = audit::find_tokens(&app, &bearer.caller, reach, sought.token).await?;
    let view = |one: audit::FoundToken| FoundTokenView {
        id: one.id.to_string(),
        name: one.name,
    };
    Ok(Json(FoundTokens {
        tokens: found.into_iter().map(view).collect(),
    }))
}
