//! The configuration of a workspace, for its data planes.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::door::OfWorkspace;
use super::prepared::Shape;
use crate::app::App;
use crate::problem::Problem;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(workspace_config))
}

/// The configuration of the workspace whose token is shown, secrets included. A change is in the very next answer; with
/// `If-None-Match` there is none (304) while nothing has changed.
#[utoipa::path(get, path = "/workspaceConfig", tag = "Data plane", params(("fetchAll" = Option<String>, Query, description = "Everything is given, whatever it says.")), security(("workspace_token" = [])),
    responses((status = 200, description = "The configuration, as rudder-server reads it.", body = serde_json::Value), (status = 304, description = "Nothing has changed."), (status = 401, body = Problem)))]
async fn workspace_config(
    State(app): State<App>,
    OfWorkspace(of): OfWorkspace,
    headers: HeaderMap,
) -> Response {
    match app.prepared.of(&app, of, Shape::V1).await {
        Ok(prepared) => prepared.answer(&headers),
        Err(error) => Problem::from(error).into_response(),
    }
}
