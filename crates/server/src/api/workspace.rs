//! `/v2/workspace`: the workspace that the token is for.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::role::Permission;
use model::things::Workspace;
use serde::Serialize;
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use crate::actions::workspace::rotate_token::RotateToken;
use crate::app::App;
use crate::auth::secret;
use crate::problem::Problem;
use crate::request::Bearer;

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceView {
    id: String,
    name: String,
    environment: String,
    status: &'static str,
    region: String,
    #[serde(rename = "dataPlaneURL", skip_serializing_if = "Option::is_none")]
    data_plane_url: Option<String>,
}

/// A workspace, wrapped as the clients expect.
#[derive(Debug, Serialize, ToSchema)]
pub struct OneWorkspace {
    workspace: WorkspaceView,
}

impl From<Workspace> for WorkspaceView {
    fn from(one: Workspace) -> Self {
        Self {
            id: one.id.to_string(),
            name: one.name,
            environment: one.environment,
            status: "ACTIVE",
            region: one.region,
            data_plane_url: one.data_plane_url,
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(rotate_token))
}

/// The workspace that the token is for.
#[utoipa::path(get, path = "/v2/workspace", tag = "Workspace", responses((status = 200, body = OneWorkspace), (status = 401, body = Problem)))]
async fn get(State(app): State<App>, bearer: Bearer) -> Result<Json<OneWorkspace>, Problem> {
    let place = bearer.place()?;
    let workspace = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            rx.workspace(place.workspace)?
                .ok_or(Error::NotFound("workspace"))
        })
        .await?;
    Ok(Json(OneWorkspace {
        workspace: workspace.into(),
    }))
}

/// A new token for the data planes of a workspace.
#[derive(Serialize, ToSchema)]
pub struct DataPlaneToken {
    /// The token. It is shown this once.
    token: String,
}

/// Gives the data planes of the workspace another token. The one before is good no more, at once: a data plane that runs goes
/// on with the configuration that it has, until it is given the new one.
#[utoipa::path(post, path = "/v2/workspace/token", tag = "Workspace", responses((status = 201, body = DataPlaneToken), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn rotate_token(
    State(app): State<App>,
    bearer: Bearer,
) -> Result<(StatusCode, Json<DataPlaneToken>), Problem> {
    let place = bearer.place()?;
    let token = secret::new(secret::Kind::Workspace, app.store.entropy());
    let action = RotateToken {
        place,
        token: token.clone(),
        password: None,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    let shown = DataPlaneToken {
        token: token.to_string(),
    };
    Ok((StatusCode::CREATED, Json(shown)))
}
