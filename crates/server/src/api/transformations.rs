//! `/transformations` and `/libraries`: code in versions.

pub mod by_version_id;
pub mod libraries;
pub mod publish;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::code;
use model::role::Permission;
use model::things::{CodeKind, Transformation, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Error, Rx};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{self, ExternalId};
use crate::actions::transformation::create::CreateTransformation;
use crate::actions::transformation::delete::DeleteTransformation;
use crate::actions::transformation::set_external_id::SetExternalId;
use crate::actions::transformation::update::UpdateTransformation;
use crate::app::App;
use crate::problem::Problem;
use crate::publishing;
use crate::request::{Bearer, Body, Params, Path};
use crate::transformer::suite::Test;
use crate::transformer::trial::Candidate;

/// A transformation or a library, in its current version or, at a version's address, in that one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodeView {
    id: String,
    version_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    name: String,
    description: String,
    code: String,
    /// Always "1".
    code_version: &'static str,
    language: String,
    /// What a transformation imports.
    #[serde(skip_serializing_if = "Option::is_none")]
    imports: Option<Vec<String>>,
    /// What a library is imported as.
    #[serde(skip_serializing_if = "Option::is_none")]
    import_name: Option<String>,
    /// The destinations that a transformation is before.
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<Vec<String>>,
    is_published: bool,
    workspace_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl CodeView {
    fn new(rx: &mut Rx<'_>, one: Transformation) -> Result<Self, Error> {
        let is_transformation = one.kind == CodeKind::Transformation;
        let destinations = if is_transformation {
            Some(
                rx.links_of(one.id)?
                    .iter()
                    .map(|link| link.destination.to_string())
                    .collect(),
            )
        } else {
            None
        };
        Ok(Self {
            id: one.id.to_string(),
            version_id: one.version.to_string(),
            external_id: one.external_id,
            description: one.description,
            code_version: "1",
            imports: is_transformation.then(|| code::imports(&one.language, &one.code)),
            import_name: (!is_transformation).then(|| code::import_name(&one.name)),
            destinations,
            is_published: one.published == Some(one.version),
            name: one.name,
            code: one.code,
            language: one.language,
            workspace_id: one.workspace.to_string(),
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.updated_at.rfc3339_millis(),
        })
    }

    fn of_version(rx: &mut Rx<'_>, one: Version) -> Result<Self, Error> {
        let now = rx.transformation(one.workspace, one.kind, one.transformation)?;
        let is_transformation = one.kind == CodeKind::Transformation;
        Ok(Self {
            id: one.transformation.to_string(),
            version_id: one.id.to_string(),
            is_published: now
                .as_ref()
                .is_some_and(|now| now.published == Some(one.id)),
            external_id: now.and_then(|now| now.external_id),
            description: one.description,
            code_version: "1",
            imports: is_transformation.then(|| code::imports(&one.language, &one.code)),
            import_name: (!is_transformation).then(|| code::import_name(&one.name)),
            destinations: None,
            name: one.name,
            code: one.code,
            language: one.language,
            workspace_id: one.workspace.to_string(),
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.created_at.rfc3339_millis(),
        })
    }
}

/// All transformations of the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct Transformations {
    transformations: Vec<CodeView>,
}

/// Versions, in the order that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransformationVersions {
    #[serde(rename = "TransformationVersions")]
    versions: Vec<CodeView>,
}

/// A transformation or library to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewCode {
    name: String,
    #[serde(default)]
    description: String,
    code: String,
    #[serde(default = "javascript")]
    language: String,
    external_id: Option<String>,
    /// The destinations that a transformation is to be before, in the place of what is before them.
    destination_ids: Option<Vec<String>>,
    /// Events to run a transformation on before it is published at once; without any, these are sample events.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
}

fn javascript() -> String {
    "javascript".to_owned()
}

/// What a transformation or library is to be like. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CodeChange {
    name: Option<String>,
    description: Option<String>,
    code: Option<String>,
    /// It cannot change, but from one word for Python to the other.
    language: Option<String>,
    /// Events to run a transformation on before it is published at once; without any, these are sample events.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
}

/// The tests that are in the events of a body.
fn tests(events: Vec<Value>) -> Vec<Test> {
    if events.is_empty() {
        return Vec::new();
    }
    vec![Test::of("events", events)]
}

/// Whether to publish at once.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Publishing {
    /// Whether the new version becomes the published one.
    publish: Option<bool>,
}

/// Which versions.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Count {
    /// How many at most, 1 to 500; 100 where it is not given.
    count: Option<u32>,
    /// Which come first, and so are in a count: the newest (`desc`) where it is not given.
    #[serde(default)]
    #[param(inline, required = false)]
    order_by: Order,
}

/// The order of versions, by when they were made.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Oldest first.
    Asc,
    /// Newest first.
    #[default]
    Desc,
}

impl Count {
    fn limit(self) -> Result<u32, Error> {
        match self.count.unwrap_or(100) {
            count @ 1..=500 => Ok(count),
            _ => Err(Error::field(
                "out_of_range",
                "count",
                "count must be 1 to 500",
            )),
        }
    }
}

// What both kinds of code do alike; their routes differ in paths and in the names of lists.

async fn all(app: &App, bearer: Bearer, kind: CodeKind) -> Result<Vec<CodeView>, Problem> {
    let place = bearer.place()?;
    Ok(app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            let found = crate::actions::transformation::all(rx, place, kind)?;
            found
                .into_iter()
                .map(|one| CodeView::new(rx, one))
                .collect()
        })
        .await?)
}

async fn one(
    app: &App,
    bearer: Bearer,
    kind: CodeKind,
    id: &str,
) -> Result<Json<CodeView>, Problem> {
    let place = bearer.place()?;
    let id = answer::id(id, kind.as_str())?;
    let view = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            let one = rx
                .transformation(place.workspace, kind, id)?
                .ok_or(Error::NotFound(kind.as_str()))?;
            CodeView::new(rx, one)
        })
        .await?;
    Ok(Json(view))
}

async fn make(
    app: &App,
    bearer: Bearer,
    kind: CodeKind,
    publishing: Publishing,
    new: NewCode,
) -> Result<(StatusCode, Json<CodeView>), Problem> {
    let place = bearer
        .place_for::<CreateTransformation>(app, kind.target(), None)
        .await?;
    let destinations = new.destination_ids.unwrap_or_default();
    let destinations = destinations
        .iter()
        .map(|id| answer::id(id, "destination"))
        .collect::<Result<Vec<_>, _>>()?;
    let publish = if publishing.publish.unwrap_or(false) {
        let candidate = Candidate {
            kind,
            id: None,
            external_id: new.external_id.clone(),
            name: new.name.clone(),
            version: None,
            language: new.language.clone(),
            code: new.code.clone(),
            tests: tests(new.events),
        };
        Some(publishing::of_new(app, &bearer.caller, place, candidate).await?)
    } else {
        None
    };
    let action = CreateTransformation {
        place,
        kind,
        name: new.name,
        description: new.description,
        language: new.language,
        code: new.code,
        publish,
        external_id: new.external_id,
        destinations,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok((
        StatusCode::CREATED,
        Json(app.read(move |rx| CodeView::new(rx, made.output)).await?),
    ))
}

async fn change(
    app: &App,
    bearer: Bearer,
    kind: CodeKind,
    id: &str,
    publishing: Publishing,
    change: CodeChange,
) -> Result<Json<CodeView>, Problem> {
    let place = bearer
        .place_for::<UpdateTransformation>(app, kind.target(), Some(id))
        .await?;
    let id = answer::id(id, kind.as_str())?;
    let publish = if publishing.publish.unwrap_or(false) {
        let (name, code) = (change.name.clone(), change.code.clone());
        let tests = tests(change.events);
        let found =
            publishing::of_change(app, &bearer.caller, place, (kind, id), (name, code), tests);
        Some(found.await?)
    } else {
        None
    };
    let action = UpdateTransformation {
        place,
        kind,
        id,
        name: change.name,
        description: change.description,
        language: change.language,
        code: change.code,
        publish,
        seen: None,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok(Json(
        app.read(move |rx| CodeView::new(rx, made.output)).await?,
    ))
}

async fn remove(
    app: &App,
    bearer: Bearer,
    kind: CodeKind,
    id: &str,
) -> Result<StatusCode, Problem> {
    let action = DeleteTransformation {
        place: bearer
            .place_for::<DeleteTransformation>(app, kind.target(), Some(id))
            .await?,
        kind,
        id: answer::id(id, kind.as_str())?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn name_it(
    app: &App,
    bearer: Bearer,
    kind: CodeKind,
    id: &str,
    body: ExternalId,
) -> Result<Json<CodeView>, Problem> {
    let action = SetExternalId {
        place: bearer
            .place_for::<SetExternalId>(app, kind.target(), Some(id))
            .await?,
        kind,
        id: answer::id(id, kind.as_str())?,
        external_id: body.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok(Json(
        app.read(move |rx| CodeView::new(rx, made.output)).await?,
    ))
}

async fn versions_of(
    app: &App,
    bearer: Bearer,
    kind: CodeKind,
    id: &str,
    count: Count,
) -> Result<Vec<CodeView>, Problem> {
    let place = bearer.place()?;
    let id = answer::id(id, kind.as_str())?;
    let limit = count.limit()?;
    Ok(app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            rx.transformation(place.workspace, kind, id)?
                .ok_or(Error::NotFound(kind.as_str()))?;
            let versions = match count.order_by {
                Order::Asc => rx.versions_from_the_first(id, limit),
                Order::Desc => rx.versions(id, None, limit),
            }?;
            versions
                .into_iter()
                .map(|one| CodeView::of_version(rx, one))
                .collect()
        })
        .await?)
}

async fn one_version(
    app: &App,
    bearer: Bearer,
    kind: CodeKind,
    id: &str,
    version: &str,
) -> Result<Json<CodeView>, Problem> {
    let place = bearer.place()?;
    let id: model::id::TransformationId = answer::id(id, kind.as_str())?;
    let version = answer::id(version, "version")?;
    let view = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            let found = rx
                .version(place.workspace, kind, version)?
                .filter(|found| found.transformation == id);
            CodeView::of_version(rx, found.ok_or(Error::NotFound("version"))?)
        })
        .await?;
    Ok(Json(view))
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(set_external_id))
        .routes(routes!(versions))
        .routes(routes!(version))
        .merge(publish::routes())
        .merge(by_version_id::routes())
        .merge(libraries::routes())
}

const KIND: CodeKind = CodeKind::Transformation;

/// All transformations of the workspace.
#[utoipa::path(get, path = "/transformations", tag = "Transformations", responses((status = 200, body = Transformations)))]
async fn list(State(app): State<App>, bearer: Bearer) -> Result<Json<Transformations>, Problem> {
    Ok(Json(Transformations {
        transformations: all(&app, bearer, KIND).await?,
    }))
}

/// Create a transformation, with its first version.
#[utoipa::path(post, path = "/transformations", tag = "Transformations", params(Publishing), request_body = NewCode,
    responses((status = 201, body = CodeView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Params(publishing): Params<Publishing>,
    Body(new): Body<NewCode>,
) -> Result<(StatusCode, Json<CodeView>), Problem> {
    make(&app, bearer, KIND, publishing, new).await
}

/// A transformation.
#[utoipa::path(get, path = "/transformations/{id}", tag = "Transformations", params(("id" = String, Path)),
    responses((status = 200, body = CodeView), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<CodeView>, Problem> {
    one(&app, bearer, KIND, &id).await
}

/// Change a transformation: a new version.
#[utoipa::path(post, path = "/transformations/{id}", tag = "Transformations", params(("id" = String, Path), Publishing), request_body = CodeChange,
    responses((status = 200, body = CodeView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Params(publishing): Params<Publishing>,
    Body(body): Body<CodeChange>,
) -> Result<Json<CodeView>, Problem> {
    change(&app, bearer, KIND, &id, publishing, body).await
}

/// Delete a transformation that is before no destination. Its versions stay.
#[utoipa::path(delete, path = "/transformations/{id}", tag = "Transformations", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    remove(&app, bearer, KIND, &id).await
}

/// Say what a client's own project calls the transformation. Once.
#[utoipa::path(put, path = "/transformations/{id}/external-id", tag = "Transformations", params(("id" = String, Path)), request_body = ExternalId,
    responses((status = 200, body = CodeView), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_external_id(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<ExternalId>,
) -> Result<Json<CodeView>, Problem> {
    name_it(&app, bearer, KIND, &id, body).await
}

/// The versions of a transformation, newest first where nothing else is asked for.
#[utoipa::path(get, path = "/transformations/{id}/versions", tag = "Transformations", params(("id" = String, Path), Count),
    responses((status = 200, body = TransformationVersions), (status = 404, body = Problem)))]
async fn versions(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Params(count): Params<Count>,
) -> Result<Json<TransformationVersions>, Problem> {
    Ok(Json(TransformationVersions {
        versions: versions_of(&app, bearer, KIND, &id, count).await?,
    }))
}

/// One version of a transformation, which may have been deleted since.
#[utoipa::path(get, path = "/transformations/{id}/versions/{version}", tag = "Transformations", params(("id" = String, Path), ("version" = String, Path)),
    responses((status = 200, body = CodeView), (status = 404, body = Problem)))]
async fn version(
    State(app): State<App>,
    bearer: Bearer,
    Path((id, version)): Path<(String, String)>,
) -> Result<Json<CodeView>, Problem> {
    one_version(&app, bearer, KIND, &id, &version).await
}
