//! What rudder-cli's `apply` reads besides: kinds of things that are not kept yet. Their lists are honestly empty.

use axum::Json;
use axum::extract::State;
use model::role::Permission;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::paging::{self, Paging};
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Params};

/// An empty list of the catalogue.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CatalogPage {
    #[schema(value_type = Vec<Object>)]
    data: Vec<Value>,
    total: u64,
    current_page: u64,
    page_size: u64,
}

/// An empty list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Empty {
    #[schema(value_type = Vec<Object>)]
    data: Vec<Value>,
    paging: Paging,
}

/// An empty list of tracking plans.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrackingPlans {
    #[schema(value_type = Vec<Object>)]
    tracking_plans: Vec<Value>,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(properties))
        .routes(routes!(custom_types))
        .routes(routes!(categories))
        .routes(routes!(tracking_plans))
        .routes(routes!(data_graphs))
}

async fn look(app: &App, bearer: Bearer) -> Result<(), Problem> {
    let place = bearer.place()?;
    app.read(move |rx| answer::look(rx, &bearer, place, Permission::ViewWorkspace))
        .await?;
    Ok(())
}

/// Which page of a catalogue's list.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CatalogPageOf {
    /// The number of the page, from 1.
    page: Option<u64>,
}

async fn page(
    app: &App,
    bearer: Bearer,
    wanted: CatalogPageOf,
) -> Result<Json<CatalogPage>, Problem> {
    look(app, bearer).await?;
    Ok(Json(CatalogPage {
        current_page: paging::number(wanted.page)?.unwrap_or(1),
        page_size: 50,
        ..CatalogPage::default()
    }))
}

async fn empty(app: &App, bearer: Bearer) -> Result<Json<Empty>, Problem> {
    look(app, bearer).await?;
    Ok(Json(Empty {
        data: Vec::new(),
        paging: Paging {
            total: 0,
            next: None,
        },
    }))
}

/// Events of the data catalogue: none are kept yet.
#[utoipa::path(get, path = "/v2/catalog/events", tag = "Not kept yet", params(CatalogPageOf), responses((status = 200, body = CatalogPage)))]
async fn events(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<CatalogPageOf>,
) -> Result<Json<CatalogPage>, Problem> {
    page(&app, bearer, wanted).await
}

/// Properties of the data catalogue: none are kept yet.
#[utoipa::path(get, path = "/v2/catalog/properties", tag = "Not kept yet", params(CatalogPageOf), responses((status = 200, body = CatalogPage)))]
async fn properties(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<CatalogPageOf>,
) -> Result<Json<CatalogPage>, Problem> {
    page(&app, bearer, wanted).await
}

/// Custom types of the data catalogue: none are kept yet.
#[utoipa::path(get, path = "/v2/catalog/custom-types", tag = "Not kept yet", params(CatalogPageOf), responses((status = 200, body = CatalogPage)))]
async fn custom_types(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<CatalogPageOf>,
) -> Result<Json<CatalogPage>, Problem> {
    page(&app, bearer, wanted).await
}

/// Categories of the data catalogue: none are kept yet.
#[utoipa::path(get, path = "/v2/catalog/categories", tag = "Not kept yet", params(CatalogPageOf), responses((status = 200, body = CatalogPage)))]
async fn categories(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<CatalogPageOf>,
) -> Result<Json<CatalogPage>, Problem> {
    page(&app, bearer, wanted).await
}

/// Tracking plans: none are kept yet.
#[utoipa::path(get, path = "/v2/catalog/tracking-plans", tag = "Not kept yet", responses((status = 200, body = TrackingPlans)))]
async fn tracking_plans(
    State(app): State<App>,
    bearer: Bearer,
) -> Result<Json<TrackingPlans>, Problem> {
    look(&app, bearer).await?;
    Ok(Json(TrackingPlans::default()))
}

/// Data graphs: none are kept yet.
#[utoipa::path(get, path = "/v2/data-graphs", tag = "Not kept yet", responses((status = 200, body = Empty)))]
async fn data_graphs(State(app): State<App>, bearer: Bearer) -> Result<Json<Empty>, Problem> {
    empty(&app, bearer).await
}
