//! `/v2/workspace`: the workspace that the token is for.

use axum::Json;
use axum::extract::State;
use model::role::Permission;
use model::things::Workspace;
use serde::Serialize;
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use crate::app::App;
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
    OpenApiRouter::new().routes(routes!(get))
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
