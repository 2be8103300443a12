//! What data planes ask of the accounts that their destinations sign in with: a token that is good now.
//!
//! Annals keeps what it was given and signs in nowhere, so it has no newer token than that.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::door::OfSome;
use crate::api::answer;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Body, Path};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(account_token))
}

/// What a data plane has.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenWanted {
    /// Whether the secret that it has is not taken any more; so it is, where this is not given.
    #[serde(default)]
    has_expired: Option<bool>,
    /// The secret that is not taken any more; nothing where it has none yet.
    #[serde(default)]
    expired_secret: Option<Value>,
}

/// The secret of an account, as it is kept. Where it is the one that has expired there is no other: Annals does not sign in at
/// other services, so someone has to give the account a new one.
#[utoipa::path(post, path = "/destination/workspaces/{workspaceId}/accounts/{accountId}/token", tag = "Data plane", security(("workspace_token" = [])), request_body = TokenWanted,
    responses((status = 200, body = Value), (status = 401, body = Problem), (status = 404, body = Problem), (status = 501, description = "There is no newer one; `body.code` says so in the data plane's words.", body = Value)))]
async fn account_token(
    State(app): State<App>,
    of: OfSome,
    Path((workspace, account)): Path<(String, String)>,
    Body(wanted): Body<TokenWanted>,
) -> Result<Response, Problem> {
    let workspace = answer::id(&workspace, "workspace")?;
    if !of.serves(workspace) {
        return Err(Error::NotFound("workspace").into());
    }
    let id = answer::id(&account, "account")?;
    let found = app.read(move |rx| rx.account(workspace, id)).await?;
    let secret = found.ok_or(Error::NotFound("account"))?.secret;
    let has_none = secret.as_object().is_some_and(Map::is_empty);
    let has_expired =
        wanted.has_expired.unwrap_or(true) && wanted.expired_secret.as_ref() == Some(&secret);
    if has_none || has_expired {
        let message = if has_none {
            "the account has no secret: give it one"
        } else {
            "the secret of the account has expired, and Annals does not renew it: give the account a new one"
        };
        let said = json!({ "body": { "code": "ref_token_invalid_response", "message": message } });
        return Ok((StatusCode::NOT_IMPLEMENTED, Json(said)).into_response());
    }
    Ok(Json(json!({ "secret": secret })).into_response())
}
