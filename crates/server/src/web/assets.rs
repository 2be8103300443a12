//! `/assets/{name}`: style sheet, script and icon, which are built in.

use axum::extract::{Path, RawQuery};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::refusal::Refusal;
use super::view::asset;

/// `GET /assets/{name}`. Under the hash of its content a file may be kept for ever.
pub(super) async fn get(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let file = asset::find(&name).ok_or_else(Refusal::nothing_here)?;
    let address = asset::asset(&name);
    let current = address.split_once('?').map(|(_, version)| version);
    let cache = if query.as_deref() == current {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [
        (header::CONTENT_TYPE, file.content_type),
        (header::CACHE_CONTROL, cache),
    ];
    Ok((headers, file.bytes).into_response())
}
