//! What answers have in common.

use std::str::FromStr;

use axum::http::StatusCode;
use model::role::Permission;
use serde::{Deserialize, Serialize};
use store::{Error, Result, Rx};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::request::{Bearer, Place};

/// The id in a path. What is no id is the id of nothing.
pub fn id<T: FromStr>(text: &str, what: &'static str) -> Result<T> {
    text.parse().map_err(|_| Error::NotFound(what))
}

/// Refuses who may not look at the workspace, and says whether a further permission is there.
pub fn look(rx: &mut Rx<'_>, bearer: &Bearer, place: Place, further: Permission) -> Result<bool> {
    let acting = rx.acting(bearer.caller.actor)?;
    if !acting.may_with_factor(
        rx,
        Permission::ViewWorkspace,
        place.organization,
        Some(place.workspace),
    )? {
        return Err(Error::NotFound("workspace"));
    }
    acting.may(rx, further, place.organization, Some(place.workspace))
}

/// What a switch is that a body does not name.
pub const fn yes() -> bool {
    true
}

/// The body that sets an external id.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ExternalId {
    /// The id in the client's own project.
    #[serde(rename = "externalId")]
    pub external_id: String,
}

/// An answer without content.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Nothing {}

/// The answer to who wants something of reverse ETL to be run.
pub fn not_run() -> Problem {
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "not_run",
        "Reverse ETL is kept here and not run: nothing was started.",
    )
}
