//! The configuration of many workspaces in one answer, for data planes that serve all of an organization.
//!
//! A namespace is an organization, by its id. Who asks shows the secret of the host (`--hosted-secret`), which opens all of
//! them; see `docs/decisions/0011-namespaces.md`.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use model::clock::Micros;
use model::id::OrganizationId;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{DataPlane, Error, Result};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::door::{OfWorkspace, is_hosted, unknown};
use super::prepared::{Shape, Written, compressed, etag, matches, unchanged, wants_gzip};
use super::reports::Settings;
use super::shape::v2::Catalogue;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Body, Params, Path};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(namespace_config))
        .routes(routes!(namespace_settings))
        .routes(routes!(namespace_suppressions))
        .routes(routes!(namespace_worker_jobs))
        .routes(routes!(workspace_config_v2))
        .routes(routes!(configuration_v2))
        .routes(routes!(workspace_ids))
}

/// For how long, in milliseconds, a workspace is sent once more after a change. Two changes at nearly the same time may be seen
/// in another order than that of their moments: by processes whose clocks differ, or while one is still being committed.
const AGAIN: i64 = 60_000;
/// For how long a workspace is sent again that changed shortly before the newest one: a data plane knows only the newest moment,
/// and may have been away while the other came.
const AWAY: i64 = 3_600_000;

/// A data plane that has shown the secret of the host, and the namespace that it asks for.
struct Hosted(OrganizationId);

impl FromRequestParts<App> for Hosted {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &App,
    ) -> std::result::Result<Self, Response> {
        if !is_hosted(parts, app) {
            return Err(unknown());
        }
        let Path(namespace) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let none = || Problem::from(Error::NotFound("namespace")).into_response();
        let id: OrganizationId = namespace.parse().map_err(|_| none())?;
        let found = app.read(move |rx| rx.organization(id)).await;
        match found {
            Ok(Some(_)) => Ok(Self(id)),
            Ok(None) => Err(none()),
            Err(error) => Err(Problem::from(error).into_response()),
        }
    }
}

/// What a data plane has already.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Known {
    /// The newest `updatedAt` that it has seen. A workspace that has not changed since is given as null.
    #[serde(rename = "updatedAfter")]
    updated_after: Option<String>,
}

/// The same, and whether the secrets of accounts are wanted.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct KnownV2 {
    /// The newest `updatedAt` that it has seen. A workspace that has not changed since is given as null.
    #[serde(rename = "updatedAfter")]
    updated_after: Option<String>,
    /// `embed` or `omit`: whether accounts have their secrets. Without it they have none.
    secrets: Option<String>,
}

fn after(text: Option<&str>) -> std::result::Result<Option<i64>, Problem> {
    let parse = |text: &str| {
        let message = "it must be a moment as RFC 3339 writes it, such as 2026-11-23T10:00:00.123Z";
        text.parse::<Timestamp>()
            .map(|at| at.as_millisecond())
            .map_err(|_| Problem::from(Error::field("invalid_field", "updatedAfter", message)))
    };
    text.filter(|text| !text.is_empty()).map(parse).transpose()
}

fn shape_v2(secrets: Option<&str>) -> std::result::Result<Shape, Problem> {
    match secrets {
        None | Some("" | "omit") => Ok(Shape::V2 { secrets: false }),
        Some("embed") => Ok(Shape::V2 { secrets: true }),
        Some(_) => {
            let message = "it must be embed or omit";
            Err(Error::field("invalid_field", "secrets", message).into())
        }
    }
}

/// Whether a workspace that changed at `at` has to be sent to who has seen what is as new as `after`.
fn is_new(at: i64, after: Option<i64>, now: i64) -> bool {
    let Some(after) = after else { return true };
    at > after || now - at < AGAIN || (at != after && at > after - AGAIN && now - at < AWAY)
}

/// Workspaces, each with its answer or null.
struct Asked {
    of: Vec<(DataPlane, bool)>,
    shape: Shape,
}

impl Asked {
    fn new(app: &App, all: Vec<DataPlane>, after: Option<i64>, shape: Shape) -> Self {
        let now = app.store.clock().now();
        let of = all
            .into_iter()
            .map(|one| (one, is_new(one.changed_at, after, millis(now))))
            .collect();
        Self { of, shape }
    }

    /// The state of all of it.
    fn state(&self, of: &str) -> String {
        use std::fmt::Write as _;
        let mut state = format!("{of}-{:?}", self.shape);
        for (one, is_new) in &self.of {
            let _ = write!(state, "-{}.{}.{is_new}", one.workspace, one.changed_at);
        }
        state
    }

    async fn answer(&self, app: &App, headers: &HeaderMap, of: &str) -> Result<Response> {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(self.state(of).as_bytes());
        let tag = etag(&BASE64_URL_SAFE_NO_PAD.encode(&digest[..12]));
        if matches(headers, &tag) {
            return Ok(unchanged(&tag));
        }
        let mut body = Vec::new();
        if matches!(self.shape, Shape::V2 { .. }) {
            body.extend_from_slice(br#"{"version":2,"workspaces":"#);
        }
        let mut catalogue = Catalogue::default();
        let mut separator = b'{';
        for (one, is_new) in &self.of {
            body.push(separator);
            separator = b',';
            body.extend_from_slice(format!("\"{}\":", one.workspace).as_bytes());
            // What is known of types is told of all, whichever have changed.
            if *is_new || matches!(self.shape, Shape::V2 { .. }) {
                let prepared = app.prepared.of(app, *one, self.shape).await?;
                catalogue.add(&prepared.catalogue);
                if *is_new {
                    body.extend_from_slice(&prepared.body);
                    continue;
                }
            }
            body.extend_from_slice(b"null");
        }
        if separator == b'{' {
            body.push(separator);
        }
        body.push(b'}');
        if matches!(self.shape, Shape::V2 { .. }) {
            let written = catalogue.written();
            let written = written.map_err(|error| {
                Error::Internal(format!("writing what is known of types: {error}"))
            })?;
            body.push(b',');
            body.extend_from_slice(written.as_bytes());
            body.push(b'}');
        }
        let written = if wants_gzip(headers) {
            let work = tokio::task::spawn_blocking(move || compressed(&body));
            let failed = |_| Error::Internal("compressing a configuration panicked".to_owned());
            Written::Gzip(work.await.map_err(failed)?)
        } else {
            Written::Plain(body.into())
        };
        Ok(written.answer(&tag))
    }
}

const fn millis(at: Micros) -> i64 {
    at.0.div_euclid(1000)
}

async fn of_namespace(
    app: &App,
    headers: &HeaderMap,
    namespace: OrganizationId,
    after: Option<i64>,
    shape: Shape,
) -> std::result::Result<Response, Problem> {
    let all = app.read(move |rx| rx.data_planes_of(namespace)).await?;
    let asked = Asked::new(app, all, after, shape);
    Ok(asked.answer(app, headers, namespace.as_str()).await?)
}

/// The configurations of all workspaces of an organization, secrets included, as `/workspaceConfig` gives each; null for one
/// that has not changed.
#[utoipa::path(get, path = "/data-plane/v1/namespaces/{namespace}/config", tag = "Data plane", params(Known), security(("hosted_secret" = [])),
    responses((status = 200, body = Value), (status = 304, description = "Nothing has changed."), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn namespace_config(
    State(app): State<App>,
    Hosted(namespace): Hosted,
    Params(known): Params<Known>,
    headers: HeaderMap,
) -> std::result::Result<Response, Problem> {
    let after = after(known.updated_after.as_deref())?;
    of_namespace(&app, &headers, namespace, after, Shape::V1).await
}

/// The same in the second shape, with what is known of types beside the workspaces.
#[utoipa::path(get, path = "/configuration/v2/namespaces/{namespace}", tag = "Data plane", params(KnownV2), security(("hosted_secret" = [])),
    responses((status = 200, body = Value), (status = 304, description = "Nothing has changed."), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn configuration_v2(
    State(app): State<App>,
    Hosted(namespace): Hosted,
    Params(known): Params<KnownV2>,
    headers: HeaderMap,
) -> std::result::Result<Response, Problem> {
    let after = after(known.updated_after.as_deref())?;
    let shape = shape_v2(known.secrets.as_deref())?;
    of_namespace(&app, &headers, namespace, after, shape).await
}

/// The configuration of the workspace whose token is shown, in the second shape.
#[utoipa::path(get, path = "/data-plane/v2/workspaceConfig", tag = "Data plane", params(KnownV2), security(("workspace_token" = [])),
    responses((status = 200, body = Value), (status = 304, description = "Nothing has changed."), (status = 400, body = Problem), (status = 401, body = Problem)))]
async fn workspace_config_v2(
    State(app): State<App>,
    OfWorkspace(of): OfWorkspace,
    Params(known): Params<KnownV2>,
    headers: HeaderMap,
) -> std::result::Result<Response, Problem> {
    let after = after(known.updated_after.as_deref())?;
    let shape = shape_v2(known.secrets.as_deref())?;
    let asked = Asked::new(&app, vec![of], after, shape);
    Ok(asked.answer(&app, &headers, of.workspace.as_str()).await?)
}

/// The ids of the workspaces of an organization.
#[utoipa::path(get, path = "/configuration/v2/namespaces/{namespace}/workspace-ids", tag = "Data plane", security(("hosted_secret" = [])),
    responses((status = 200, body = Value), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn workspace_ids(
    State(app): State<App>,
    Hosted(namespace): Hosted,
) -> std::result::Result<Json<Value>, Problem> {
    let all = app.read(move |rx| rx.data_planes_of(namespace)).await?;
    let ids: Vec<_> = all.iter().map(|one| one.workspace).collect();
    Ok(Json(json!({ "data": ids })))
}

/// A data plane of many workspaces says at its start what it can do. Nothing hangs on it here, and nothing is kept.
#[utoipa::path(post, path = "/data-plane/v1/namespaces/{namespace}/settings", tag = "Data plane", security(("hosted_secret" = [])), request_body = Settings,
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn namespace_settings(
    Hosted(namespace): Hosted,
    Body(settings): Body<Settings>,
) -> StatusCode {
    settings.note(namespace.as_str());
    StatusCode::NO_CONTENT
}

/// The users whose events are to be dropped: there are none, because suppressions cannot be asked for yet.
#[utoipa::path(get, path = "/dataplane/namespaces/{namespace}/regulations/suppressions", tag = "Data plane", security(("hosted_secret" = [])),
    responses((status = 200, body = Value), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn namespace_suppressions(_: Hosted) -> Json<Value> {
    super::reports::no_suppressions()
}

/// The next deletion of a user's data to be done: there is none, because none can be asked for yet.
#[utoipa::path(get, path = "/dataplane/namespaces/{namespace}/regulations/workerJobs", tag = "Data plane", security(("hosted_secret" = [])),
    responses((status = 204), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn namespace_worker_jobs(_: Hosted) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_is_sent_again_as_long_as_it_may_not_have_been_seen() {
        const LATER: i64 = 10 * AWAY;
        // Who has seen nothing, or something older.
        assert!(is_new(1000, None, LATER));
        assert!(is_new(1001, Some(1000), LATER));
        // The newest was seen, and so was what is far older.
        assert!(!is_new(1000, Some(1000), LATER));
        assert!(!is_new(1000, Some(1000 + AGAIN), LATER));
        // What changed at nearly the same time may have come later than the newest.
        assert!(is_new(1000, Some(1001), 1000 + AWAY - 1));
        assert!(!is_new(1000, Some(1001), 1000 + AWAY));
        // The newest may share its moment with another.
        assert!(is_new(1000, Some(1000), 1000 + AGAIN - 1));
        assert!(!is_new(1000, Some(1000), 1000 + AGAIN));
    }
}
