//! What a data plane asks and says beside its configuration.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::door::{OfSome, OfWorkspace};
use super::shape;
use crate::api::answer;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Body, Path, list};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(settings))
        .routes(routes!(suppressions))
        .routes(routes!(worker_jobs))
        .routes(routes!(worker_job))
        .routes(routes!(destination_history))
}

/// The workspace in the path must be the one whose token is shown.
fn own(of: OfWorkspace, workspace: &str) -> Result<(), Problem> {
    if of.0.workspace.as_str() == workspace {
        Ok(())
    } else {
        Err(Error::NotFound("workspace").into())
    }
}

/// What a data plane is made of.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Settings {
    /// Its parts and what they can do.
    #[serde(default, deserialize_with = "list")]
    components: Vec<Component>,
}

impl Settings {
    /// Says it in the log, for whoever looks why a data plane does not come.
    pub(super) fn note(&self, of: &str) {
        for one in &self.components {
            tracing::debug!(of, component = %one.name, features = one.features.as_ref().map_or(0, Vec::len), "a data plane has started");
        }
    }
}

/// A part of a data plane.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Component {
    /// Its name.
    name: String,
    /// What it can do.
    features: Option<Vec<String>>,
}

/// A data plane says at its start what it can do. Nothing hangs on it here, and nothing is kept.
#[utoipa::path(post, path = "/data-plane/v1/workspaces/{id}/settings", tag = "Data plane", security(("workspace_token" = [])), request_body = Settings,
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn settings(
    of: OfWorkspace,
    Path(id): Path<String>,
    Body(settings): Body<Settings>,
) -> Result<StatusCode, Problem> {
    own(of, &id)?;
    settings.note(&id);
    Ok(StatusCode::NO_CONTENT)
}

/// The users whose events are to be dropped: there are none, because suppressions cannot be asked for yet.
#[utoipa::path(get, path = "/dataplane/workspaces/{id}/regulations/suppressions", tag = "Data plane", security(("workspace_token" = [])),
    responses((status = 200, body = Value), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn suppressions(of: OfWorkspace, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    own(of, &id)?;
    Ok(no_suppressions())
}

/// The token says how far one has read, and must not be empty.
pub(super) fn no_suppressions() -> Json<Value> {
    Json(json!({ "items": [], "token": "none" }))
}

/// The next deletion of a user's data to be done: there is none, because none can be asked for yet.
#[utoipa::path(get, path = "/dataplane/workspaces/{id}/regulations/workerJobs", tag = "Data plane", security(("workspace_token" = [])),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn worker_jobs(of: OfWorkspace, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    own(of, &id)?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a deletion went. There is none that anyone was given.
#[utoipa::path(patch, path = "/dataplane/workspaces/{id}/regulations/workerJobs/{jobId}", tag = "Data plane", security(("workspace_token" = [])),
    responses((status = 401, body = Problem), (status = 404, body = Problem)))]
async fn worker_job(
    of: OfWorkspace,
    Path((id, _job)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    own(of, &id)?;
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is no such job: the deletion of a user's data cannot be asked for yet.",
    ))
}

/// What a destination was at a revision, secrets included: for what a data plane took under it and still has to deliver. A
/// revision is kept for 30 days after another took its place, and goes with its destination.
#[utoipa::path(get, path = "/workspaces/destinationHistory/{revisionId}", tag = "Data plane", security(("workspace_token" = [])),
    responses((status = 200, body = Value), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn destination_history(
    State(app): State<App>,
    of: OfSome,
    Path(revision): Path<String>,
) -> Result<Response, Problem> {
    let revision = answer::id(&revision, "revision")?;
    let body = app
        .read(move |rx| {
            let found = rx.destination_at(revision)?;
            let (workspace, one) = found
                .filter(|(workspace, _)| of.serves(*workspace))
                .ok_or(Error::NotFound("revision"))?;
            let organization = rx.organization_of(workspace)?;
            let definitions = rx.definitions(organization.ok_or(Error::NotFound("workspace"))?)?;
            shape::revision(workspace, &one, &definitions)
        })
        .await?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], body).into_response())
}
