//! `/transformation/getByVersionId`, `/transformationLibrary/getByVersionId`: the code that transformers ask for. They
//! keep what they get for as long as they run, and a version never changes. `/rudderstackTransformationLibraries`: what
//! they ask for that is not here.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::code;
use model::things::{CodeKind, Version};
use serde::{Deserialize, Serialize};
use store::Error;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::answer;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Params, Path, sure_address};

/// How long the answer may be kept: a version never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// One version, as transformers want it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct Code {
    id: String,
    version_id: String,
    name: String,
    description: String,
    code: String,
    /// Always "1": a text, which is what makes a transformer take the code for a module.
    code_version: &'static str,
    language: String,
    /// What a transformation imports.
    #[serde(skip_serializing_if = "Option::is_none")]
    imports: Option<Vec<String>>,
    /// What a library is imported as.
    #[serde(skip_serializing_if = "Option::is_none")]
    handle_name: Option<String>,
    workspace_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Version> for Code {
    fn from(version: Version) -> Self {
        let is_library = version.kind == CodeKind::Library;
        let created_at = version.created_at.rfc3339_millis();
        Self {
            id: version.transformation.to_string(),
            version_id: version.id.to_string(),
            code_version: "1",
            imports: (!is_library).then(|| code::imports(&version.language, &version.code)),
            handle_name: is_library.then(|| code::import_name(&version.name)),
            name: version.name,
            description: version.description,
            code: version.code,
            language: code::for_transformers(&version.language).to_owned(),
            workspace_id: version.workspace.to_string(),
            updated_at: created_at.clone(),
            created_at,
        }
    }
}

/// Which version.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Which {
    /// The version's id.
    version_id: String,
}

/// Who asks may have the code of every workspace: it shows the hosted secret, or is where transformers are.
#[derive(Clone, Copy, Debug)]
pub struct Transformer;

impl FromRequestParts<App> for Transformer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let config = &app.config;
        let shows_it = config
            .hosted_secret
            .is_some_and(|secret| secret.is_shown(&parts.headers));
        let is_near = || {
            let address = sure_address(parts, config);
            address.is_some_and(|from| {
                config
                    .transformer_from
                    .iter()
                    .any(|net| net.contains(&from))
            })
        };
        if shows_it || is_near() {
            return Ok(Self);
        }
        let mut refused = Problem::from(Error::Unauthenticated).into_response();
        let scheme = HeaderValue::from_static("Basic realm=\"annals\"");
        refused
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
        Err(refused)
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(transformation))
        .routes(routes!(library))
        .routes(routes!(hosted_library))
}

async fn version(app: &App, kind: CodeKind, which: &Which) -> Result<Response, Problem> {
    let id = answer::id(&which.version_id, "version")?;
    let found = app
        .read(move |rx| {
            rx.version_anywhere(kind, id)?
                .ok_or(Error::NotFound("version"))
        })
        .await?;
    let mut response = Json(Code::from(found)).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, FOR_EVER);
    Ok(response)
}

/// One version of a transformation, published or not, for a transformer.
#[utoipa::path(get, path = "/transformation/getByVersionId", tag = "Transformer", params(Which), security((), ("hosted_secret" = [])),
    responses((status = 200, body = Code), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn transformation(
    State(app): State<App>,
    _: Transformer,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    version(&app, CodeKind::Transformation, &which).await
}

/// One version of a library, published or not, for a transformer.
#[utoipa::path(get, path = "/transformationLibrary/getByVersionId", tag = "Transformer", params(Which), security((), ("hosted_secret" = [])),
    responses((status = 200, body = Code), (status = 401, body = Problem), (status = 404, body = Problem)))]
async fn library(
    State(app): State<App>,
    _: Transformer,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    version(&app, CodeKind::Library, &which).await
}

/// A library that RudderStack's own service hosts (`@rs/name/v1`). None is here, and what imports one is not published.
#[utoipa::path(get, path = "/rudderstackTransformationLibraries/{name}", tag = "Transformer",
    params(("name" = String, Path), ("version" = Option<String>, Query)), security((), ("hosted_secret" = [])),
    responses((status = 401, body = Problem), (status = 404, body = Problem)))]
async fn hosted_library(_: Transformer, Path(name): Path<String>) -> Problem {
    let message = format!(
        "the library {name} is hosted by RudderStack's own service; this server does not have it"
    );
    Problem::new(StatusCode::NOT_FOUND, "not_found", message)
}
