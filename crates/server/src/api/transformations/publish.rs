//! `/transformations/publish` and `/transformations/tests/run`: versions become the published ones, all of them or none,
//! after their tests; or only their tests are run. The other addresses are older ones of the same.

use axum::Json;
use axum::extract::State;
use model::catalogue::TargetType;
use model::id::VersionId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::actions::transformation::publish::Publish;
use crate::api::answer;
use crate::app::App;
use crate::problem::Problem;
use crate::publishing::{self, Batch};
use crate::request::{Bearer, Body, list};
use crate::transformer::result::{Status, Validation};
use crate::transformer::suite::Test;
use crate::transformer::trial::Trial;

/// Versions, with their tests.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Versions {
    #[serde(default, deserialize_with = "list")]
    transformations: Vec<TestedVersion>,
    #[serde(default, deserialize_with = "list")]
    libraries: Vec<OneVersion>,
}

/// A version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneVersion {
    version_id: String,
}

/// A version of a transformation, with its tests. Without any it is run on sample events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestedVersion {
    version_id: String,
    #[serde(default, deserialize_with = "list")]
    test_suite: Vec<Test>,
    /// Events to run it on, as older clients send them.
    #[serde(default, deserialize_with = "list")]
    #[schema(value_type = Vec<Object>)]
    test_input: Vec<Value>,
}

impl TryFrom<Versions> for Batch {
    type Error = Error;

    fn try_from(versions: Versions) -> Result<Self, Error> {
        let id = |text: &str| -> Result<VersionId, Error> { answer::id(text, "version") };
        let mut batch = Self::default();
        for one in versions.transformations {
            let mut tests = one.test_suite;
            if !one.test_input.is_empty() {
                tests.push(Test::of("test-input", one.test_input));
            }
            batch.transformations.push((id(&one.version_id)?, tests));
        }
        for one in versions.libraries {
            batch.libraries.push(id(&one.version_id)?);
        }
        Ok(batch)
    }
}

/// Whether versions were published, and what was found of each.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub struct Published {
    published: bool,
    /// Why nothing was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    validation_output: Validation,
}

/// How tests ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tested {
    pass: bool,
    /// What does not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    validation_output: Validation,
}

/// How tests ended, for older clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct OldTested {
    #[schema(value_type = Object)]
    result: Value,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(publish))
        .routes(routes!(publish_libraries))
        .routes(routes!(publish_both))
        .routes(routes!(run))
        .routes(routes!(run_both))
}

async fn published(
    app: &App,
    bearer: &Bearer,
    versions: Versions,
) -> Result<Json<Published>, Problem> {
    let place = bearer
        .place_for::<Publish>(app, TargetType::Transformation, None)
        .await?;
    let outcome = publishing::publish(app, &bearer.caller, place, versions.try_into()?).await?;
    Ok(Json(Published {
        published: outcome.published.is_some(),
        message: outcome.refusal,
        validation_output: outcome.validation,
    }))
}

async fn tested(app: &App, bearer: &Bearer, versions: Versions) -> Result<Trial, Problem> {
    let place = bearer.place()?;
    Ok(publishing::test(app, &bearer.caller, place, versions.try_into()?).await?)
}

/// Publish versions of transformations and libraries: all of them, or none. With a transformer, their tests are run first;
/// without one, JavaScript must compile.
#[utoipa::path(post, path = "/transformations/publish", tag = "Transformations", request_body = Versions,
    responses((status = 200, body = Published), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 502, body = Problem), (status = 503, body = Problem), (status = 504, body = Problem)))]
async fn publish(
    State(app): State<App>,
    bearer: Bearer,
    Body(body): Body<Versions>,
) -> Result<Json<Published>, Problem> {
    published(&app, &bearer, body).await
}

/// The same.
#[utoipa::path(post, path = "/libraries/publish", tag = "Libraries", request_body = Versions,
    responses((status = 200, body = Published), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn publish_libraries(
    State(app): State<App>,
    bearer: Bearer,
    Body(body): Body<Versions>,
) -> Result<Json<Published>, Problem> {
    published(&app, &bearer, body).await
}

/// The same.
#[utoipa::path(post, path = "/transformations/libraries/publish", tag = "Transformations", request_body = Versions,
    responses((status = 200, body = Published), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn publish_both(
    State(app): State<App>,
    bearer: Bearer,
    Body(body): Body<Versions>,
) -> Result<Json<Published>, Problem> {
    published(&app, &bearer, body).await
}

/// Run the tests of versions, published or not. It needs a transformer, and changes nothing.
#[utoipa::path(post, path = "/transformations/tests/run", tag = "Transformations", request_body = Versions,
    responses((status = 200, body = Tested), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 502, body = Problem), (status = 503, body = Problem), (status = 504, body = Problem)))]
async fn run(
    State(app): State<App>,
    bearer: Bearer,
    Body(body): Body<Versions>,
) -> Result<Json<Tested>, Problem> {
    let trial = tested(&app, &bearer, body).await?;
    Ok(Json(Tested {
        pass: trial.pass(),
        message: trial.verdict.refusal().map(|(_, why)| why.to_owned()),
        validation_output: trial.validation,
    }))
}

/// The same, in the words of older clients.
#[utoipa::path(post, path = "/transformations/libraries/test", tag = "Transformations", request_body = Versions,
    responses((status = 200, body = OldTested), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 502, body = Problem), (status = 503, body = Problem), (status = 504, body = Problem)))]
async fn run_both(
    State(app): State<App>,
    bearer: Bearer,
    Body(body): Body<Versions>,
) -> Result<Json<OldTested>, Problem> {
    let Validation {
        libraries,
        transformations,
    } = tested(&app, &bearer, body).await?.validation;
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for one in transformations {
        let passed = one.test_result.status == Status::Pass;
        if passed {
            let results = &one.test_result.results;
            let events: Vec<&Value> = results.iter().flat_map(|one| &one.actual_output).collect();
            let output = json!({ "output": { "transformedEvents": events } });
            good.push(json!({ "transformerVersionID": one.version_id, "result": output }));
        } else {
            let result = json!(one.test_result);
            bad.push(json!({ "id": one.id, "name": one.name, "result": result }));
        }
    }
    for one in libraries.into_iter().filter(|one| !one.pass) {
        let result = json!({ "message": one.message });
        bad.push(json!({ "id": one.id, "name": one.name, "result": result }));
    }
    let result = json!({ "successTestResults": good, "failedTestResults": bad });
    Ok(Json(OldTested { result }))
}
