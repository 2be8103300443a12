//! What data planes ask of a control plane: their workspace's configuration, again and again, and a few things beside it.
//!
//! A data plane shows its workspace's token as the user of `Authorization: Basic`. No other token opens anything here, and
//! this one opens nothing else. These are the only answers, besides one destination for who may edit it, that hold secrets.
//!
//! What a machine does by itself every few seconds is no event, so nothing here performs an action.

pub mod config;
pub mod door;
pub mod live;
pub mod namespaces;
pub(crate) mod platform;
pub mod prepared;
pub mod reports;
mod shape;
pub mod source_config;
pub mod tokens;
pub mod uploads;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// The routes of the data plane, with their description.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(config::routes())
        .merge(namespaces::routes())
        .merge(reports::routes())
        .merge(tokens::routes())
        .merge(uploads::routes())
        .merge(source_config::routes())
}
