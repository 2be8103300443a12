//! `/logs/{id}`: a log in the layout of C2SP `tlog-tiles`, for verifiers and mirrors.
//!
//! Where its organization says so, anyone reads the checkpoint and the tiles of hashes. Entries are for those who may read the
//! whole log, always.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::id::LogId;
use store::{Error, Log, Result as StoreResult};
use tlog::tile::Kind;
use tlog::{Hash, Tile};
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use crate::app::App;
use crate::audit;
use crate::auth::session::SignedIn;
use crate::problem::Problem;
use crate::request::{Bearer, Caller, Path};

/// What never changes may be kept for a year, by whoever was allowed to read it.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// The same, of what anyone may read.
const IMMUTABLE_FOR_ALL: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");
/// The newest checkpoint is asked for each time.
const NEVER_OLD: HeaderValue = HeaderValue::from_static("no-cache");

/// Who reads a log: a program with a token, or a person in a browser; or why it is nobody that is known.
struct Reader(Result<Caller, Problem>);

impl FromRequestParts<App> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        if !parts.headers.contains_key(header::AUTHORIZATION)
            && let Ok(signed_in) = SignedIn::of(parts, app).await
        {
            return Ok(Self(Ok(signed_in.caller)));
        }
        let bearer = Bearer::from_request_parts(parts, app).await;
        Ok(Self(bearer.map(|bearer| bearer.caller)))
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(checkpoint))
        .routes(routes!(tile))
        .layer(CompressionLayer::new())
}

/// The log, as far as it is signed, if anyone may read its hashes.
async fn public_log(app: &App, id: &str) -> Result<Option<Log>, Problem> {
    let Ok(id) = id.parse::<LogId>() else {
        return Ok(None);
    };
    let found = app.read(move |rx| rx.public_log(id)).await?;
    Ok(found.map(Log::as_published))
}

/// The log, as far as it is signed, for an administrator of its organization. Anybody else's log is not there.
async fn log(app: &App, reader: Reader, id: &str) -> Result<Log, Problem> {
    let caller = reader.0?;
    let id: LogId = answer::id(id, "log")?;
    let actor = caller.actor;
    let log = app
        .read(move |rx| {
            let log = rx.log(id)?.ok_or(Error::NotFound("log"))?;
            let organization = log.organization.ok_or(Error::NotFound("log"))?;
            let acting = rx.acting(actor)?;
            let belongs = match (acting.organization, acting.user) {
                (Some(own), _) => own == organization,
                (None, Some(user)) => rx.organizations_of(user)?.contains(&organization),
                (None, None) => false,
            };
            belongs
                .then_some((log, organization))
                .ok_or(Error::NotFound("log"))
        })
        .await;
    let (log, organization) = log?;
    audit::admit_to_whole(app, &caller, organization).await?;
    Ok(log.as_published())
}

/// The newest checkpoint of a log: how many entries it has and their root, signed. Without a token, where the organization lets
/// anyone read it.
#[utoipa::path(get, path = "/logs/{id}/checkpoint", tag = "Proof", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/plain", body = String), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn checkpoint(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let log = match public_log(&app, &id).await? {
        Some(log) => log,
        None => log(&app, reader, &id).await?,
    };
    let checkpoint = log.checkpoint.ok_or(Error::NotFound("checkpoint"))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, NEVER_OLD),
    ];
    Ok((headers, checkpoint.note).into_response())
}

/// A tile of hashes, `<L>/<N>[.p/<W>]`, or a bundle of entries, `entries/<N>[.p/<W>]`. A tile of hashes without a token, where
/// the organization lets anyone read it; entries never.
#[utoipa::path(get, path = "/logs/{id}/tile/{*tile}", tag = "Proof", params(("id" = String, Path), ("tile" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn tile(
    State(app): State<App>,
    reader: Reader,
    Path((id, tile)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let tile = Tile::parse(&format!("tile/{tile}")).map_err(|_| Error::NotFound("tile"));
    let is_hashes = matches!(&tile, Ok(tile) if tile.kind != Kind::Entries);
    let public = if is_hashes {
        public_log(&app, &id).await?
    } else {
        None
    };
    let kept = match &public {
        Some(_) => IMMUTABLE_FOR_ALL,
        None => IMMUTABLE,
    };
    let log = match public {
        Some(log) => log,
        None => log(&app, reader, &id).await?,
    };
    let tile = tile?;
    let bytes = app
        .read(move |rx| -> StoreResult<Option<Vec<u8>>> {
            if tile.kind == Kind::Entries {
                return rx.bundle(&log, tile);
            }
            let hashes = rx.tile_hashes(&log, tile)?;
            Ok(hashes.map(|hashes| hashes.iter().flat_map(Hash::as_bytes).copied().collect()))
        })
        .await?;
    let bytes = bytes.ok_or(Error::NotFound("tile"))?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (header::CACHE_CONTROL, kept),
    ];
    Ok((headers, bytes).into_response())
}
