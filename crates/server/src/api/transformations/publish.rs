//! `/transformations/publish`: versions become the published ones, all of them or none.

use axum::Json;
use axum::extract::State;
use model::code;
use model::id::VersionId;
use model::things::{Transformation, Version};
use serde::{Deserialize, Serialize};
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::actions::transformation::NOT_TESTED;
use crate::actions::transformation::publish::Publish;
use crate::api::answer;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body};

/// Versions to publish. Tests that come with them are not run: no transformer is configured.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ToPublish {
    #[serde(default)]
    transformations: Vec<OneVersion>,
    #[serde(default)]
    libraries: Vec<OneVersion>,
}

/// A version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneVersion {
    version_id: String,
}

/// What was published.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Published {
    published: bool,
    validation_output: Validation,
}

/// What is said of each version.
#[derive(Debug, Serialize, ToSchema)]
pub struct Validation {
    libraries: Vec<LibraryResult>,
    transformations: Vec<TransformationResult>,
}

/// What is said of a library.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LibraryResult {
    id: String,
    external_id: String,
    name: String,
    handle_name: String,
    version_id: String,
    pass: bool,
    message: &'static str,
}

/// What is said of a transformation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransformationResult {
    id: String,
    external_id: String,
    name: String,
    version_id: String,
    imports: Vec<String>,
    pass: bool,
    message: &'static str,
    test_result: TestResult,
}

/// The tests that were run: none.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestResult {
    status: &'static str,
    #[schema(value_type = Vec<Object>)]
    results: Vec<serde_json::Value>,
}

impl From<(Transformation, Version)> for LibraryResult {
    fn from((one, version): (Transformation, Version)) -> Self {
        Self {
            id: one.id.to_string(),
            external_id: one.external_id.unwrap_or_default(),
            handle_name: code::import_name(&version.name),
            name: version.name,
            version_id: version.id.to_string(),
            pass: true,
            message: NOT_TESTED,
        }
    }
}

impl From<(Transformation, Version)> for TransformationResult {
    fn from((one, version): (Transformation, Version)) -> Self {
        Self {
            id: one.id.to_string(),
            external_id: one.external_id.unwrap_or_default(),
            name: version.name,
            version_id: version.id.to_string(),
            imports: code::imports(&version.language, &version.code),
            pass: true,
            message: NOT_TESTED,
            test_result: TestResult {
                status: "pass",
                results: Vec::new(),
            },
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(publish))
}

/// Publish versions of transformations and libraries: all of them, or none.
#[utoipa::path(post, path = "/transformations/publish", tag = "Transformations", request_body = ToPublish,
    responses((status = 200, body = Published), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn publish(
    State(app): State<App>,
    bearer: Bearer,
    Body(body): Body<ToPublish>,
) -> Result<Json<Published>, Problem> {
    let ids = |versions: &[OneVersion]| -> Result<Vec<VersionId>, Error> {
        versions
            .iter()
            .map(|one| answer::id(&one.version_id, "version"))
            .collect()
    };
    let action = Publish {
        place: bearer.place()?,
        transformations: ids(&body.transformations)?,
        libraries: ids(&body.libraries)?,
    };
    let made = app.perform(&bearer.caller, action).await?;
    let (libraries, transformations): (Vec<_>, Vec<_>) = made
        .output
        .into_iter()
        .partition(|(one, _)| one.kind == model::things::CodeKind::Library);
    Ok(Json(Published {
        published: true,
        validation_output: Validation {
            libraries: libraries.into_iter().map(Into::into).collect(),
            transformations: transformations.into_iter().map(Into::into).collect(),
        },
    }))
}
