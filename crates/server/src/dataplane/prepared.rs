//! Prepared answers: the configuration of a workspace is written once for each state of it, and then only handed out.
//!
//! Each poll asks the database when the configuration last changed, in the same look at it that finds the token, and a
//! prepared answer is used only if it is of that state. So nobody is told anything old, whichever process made the change.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use model::id::WorkspaceId;
use store::{DataPlane, Error, Result};

use super::shape;
use super::shape::v2::Catalogue;
use crate::app::App;

/// How many bytes of prepared answers a process keeps. The least used go first.
const KEPT: usize = 256 * 1024 * 1024;

/// How a configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// As `rudder-server` reads it: destinations inside their sources.
    V1,
    /// As newer data planes read it: things by their ids.
    V2 {
        /// Whether accounts have their secrets.
        secrets: bool,
    },
}

/// The configuration of a workspace in one state, written.
pub struct Prepared {
    /// Which state.
    pub of: DataPlane,
    /// The JSON of the workspace.
    pub body: Bytes,
    /// The same, compressed, once someone has asked for it.
    gzip: OnceLock<Bytes>,
    etag: HeaderValue,
    /// In the second shape: what is known of the types that the workspace uses.
    pub catalogue: Catalogue,
}

impl Prepared {
    /// What was written.
    pub fn new(of: DataPlane, body: Vec<u8>, catalogue: Catalogue) -> Self {
        Self {
            etag: etag(&format!("{}-{}", of.workspace, of.changed_at)),
            of,
            body: body.into(),
            gzip: OnceLock::new(),
            catalogue,
        }
    }

    /// How much memory it takes; a compressed one is small beside it.
    fn size(&self) -> usize {
        self.body.len() + self.body.len() / 4
    }

    /// The answer to a poll.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        if matches(asked, &self.etag) {
            return unchanged(&self.etag);
        }
        let body = if wants_gzip(asked) {
            Written::Gzip(self.gzip.get_or_init(|| compressed(&self.body)).clone())
        } else {
            Written::Plain(self.body.clone())
        };
        body.answer(&self.etag)
    }
}

/// A body, and how it is written.
pub(super) enum Written {
    Plain(Bytes),
    Gzip(Bytes),
}

impl Written {
    pub(super) fn answer(self, etag: &HeaderValue) -> Response {
        let (body, is_gzip) = match self {
            Self::Plain(body) => (body, false),
            Self::Gzip(body) => (body, true),
        };
        let mut response = Response::new(Body::from(body));
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        if is_gzip {
            let gzip = HeaderValue::from_static("gzip");
            headers.insert(header::CONTENT_ENCODING, gzip);
        }
        about(headers, etag);
        response
    }
}

/// A weak tag, because the same state may be sent compressed or not (RFC 9110, 8.8.1). Another version of Annals may write
/// the same state in other words.
pub(super) fn etag(state: &str) -> HeaderValue {
    let tag = format!("W/\"{state}-{}\"", env!("CARGO_PKG_VERSION"));
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"none\""))
}

/// Whether who asks has this state already (RFC 9110, 13.1.2).
pub(super) fn matches(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(etag) = etag.to_str().map(plain) else {
        return false;
    };
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || plain(tag) == etag)
}

pub(super) fn unchanged(etag: &HeaderValue) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    about(response.headers_mut(), etag);
    response
}

fn about(headers: &mut HeaderMap, etag: &HeaderValue) {
    headers.insert(header::ETAG, etag.clone());
    let vary = HeaderValue::from_static("accept-encoding");
    headers.insert(header::VARY, vary);
    // It holds secrets: who asked may keep it, and asks again before it is used.
    let private = HeaderValue::from_static("private, no-cache");
    headers.insert(header::CACHE_CONTROL, private);
}

/// Whether a compressed answer is taken (RFC 9110, 12.5.3).
pub(super) fn wants_gzip(asked: &HeaderMap) -> bool {
    asked
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_gzip = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let is_refused = parts.any(|part| {
                let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
                weight.is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty())
            });
            is_gzip && !is_refused
        })
}

/// Quickly, because a changed poll waits for it.
pub(super) fn compressed(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// What a process has prepared.
#[derive(Default)]
pub struct PreparedAnswers(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    kept: HashMap<(WorkspaceId, Shape), Arc<Slot>>,
    /// Counts the uses.
    uses: u64,
}

/// The place of one answer. Who finds it old writes it anew; the others wait for that one.
#[derive(Default)]
struct Slot {
    now: Mutex<(Option<Arc<Prepared>>, u64)>,
    writing: tokio::sync::Mutex<()>,
}

impl Slot {
    /// What is there, if it is of this state or of a later one.
    fn get(&self, of: DataPlane) -> Option<Arc<Prepared>> {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let prepared = now.0.as_ref()?;
        (prepared.of.changed_at >= of.changed_at).then(|| prepared.clone())
    }

    fn put(&self, prepared: &Arc<Prepared>) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.0 = Some(prepared.clone());
    }
}

impl PreparedAnswers {
    fn slot(&self, workspace: WorkspaceId, shape: Shape) -> Arc<Slot> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.uses += 1;
        let uses = shelf.uses;
        let slot = shelf.kept.entry((workspace, shape)).or_default().clone();
        slot.now.lock().unwrap_or_else(PoisonError::into_inner).1 = uses;
        slot
    }

    /// The configuration of a workspace, as it is now: `of` says which state the database has just shown.
    pub async fn of(&self, app: &App, of: DataPlane, shape: Shape) -> Result<Arc<Prepared>> {
        let slot = self.slot(of.workspace, shape);
        if let Some(prepared) = slot.get(of) {
            return Ok(prepared);
        }
        let _writing = slot.writing.lock().await;
        if let Some(prepared) = slot.get(of) {
            return Ok(prepared);
        }
        let configuration = app.read(move |rx| rx.configuration(of.workspace)).await?;
        let prepared = tokio::task::spawn_blocking(move || shape::write(&configuration, shape))
            .await
            .map_err(|_| Error::Internal("writing a configuration panicked".to_owned()))??;
        let prepared = Arc::new(prepared);
        slot.put(&prepared);
        self.make_room();
        Ok(prepared)
    }

    /// Forgets what was used least, until the rest is not too much.
    fn make_room(&self) {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut by_use = BTreeMap::new();
        let mut sum = 0;
        for (name, slot) in &shelf.kept {
            let now = slot.now.lock().unwrap_or_else(PoisonError::into_inner);
            let size = now.0.as_ref().map_or(0, |prepared| prepared.size());
            sum += size;
            by_use.insert(now.1, (*name, size));
        }
        for (name, size) in by_use.into_values() {
            if sum <= KEPT || shelf.kept.len() == 1 {
                break;
            }
            sum -= size;
            shelf.kept.remove(&name);
        }
    }
}
