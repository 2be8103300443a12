//! Who may come in: a data plane with the token of its workspace.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::id::WorkspaceId;
use store::{DataPlane, Error};

use crate::app::App;
use crate::auth::{basic, secret};
use crate::problem::Problem;

/// How a data plane would have to sign in.
const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"annals\"");

/// A data plane that has shown the token of its workspace.
#[derive(Clone, Copy, Debug)]
pub struct OfWorkspace(pub DataPlane);

/// A data plane of one workspace, or one that serves all of them and has shown the secret of the host.
#[derive(Clone, Copy, Debug)]
pub struct OfSome(Option<DataPlane>);

impl OfSome {
    /// Whether this workspace is its to ask for.
    pub fn serves(self, workspace: WorkspaceId) -> bool {
        self.0.is_none_or(|of| of.workspace == workspace)
    }
}

impl FromRequestParts<App> for OfSome {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if is_hosted(parts, app) {
            return Ok(Self(None));
        }
        let OfWorkspace(of) = OfWorkspace::from_request_parts(parts, app).await?;
        Ok(Self(Some(of)))
    }
}

/// Whether a data plane shows the secret of the host.
pub(super) fn is_hosted(parts: &Parts, app: &App) -> bool {
    let secret = app.config.hosted_secret.as_ref();
    let is_shown = secret.is_some_and(|secret| secret.is_shown(&parts.headers));
    if is_shown {
        app.limiter.is_right(&parts.headers);
    }
    is_shown
}

/// The answer to who is not known.
pub(super) fn unknown() -> Response {
    let mut response = Problem::from(Error::Unauthenticated).into_response();
    let headers = response.headers_mut();
    headers.insert(header::WWW_AUTHENTICATE, BASIC);
    response
}

impl FromRequestParts<App> for OfWorkspace {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let token = basic::user(&parts.headers).ok_or_else(unknown)?;
        let hash = secret::hash(&token);
        let found = app
            .read(move |rx| rx.data_plane_by_token(&hash))
            .await
            .map_err(|error| Problem::from(error).into_response())?;
        let found = found.ok_or_else(unknown)?;
        app.limiter.is_right(&parts.headers);
        Ok(Self(found))
    }
}
