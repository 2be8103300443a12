//! What the browser of a visitor says of itself: theme, time zone; and the number of the request.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::clock::Micros;
use model::id::RequestId;

use super::view::frame::{Bare, Theme};
use super::view::when::When;
use crate::app::App;
use crate::auth::cookies;

/// Someone who looks at a page, signed in or not.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) theme: Theme,
    /// The zone's name, as the browser told it.
    pub(super) zone: Option<String>,
    pub(super) request_id: String,
    pub(super) clock: Clock,
}

/// Shows moments as the visitor's clock does.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) zone: TimeZone,
    pub(super) now: Timestamp,
}

impl Clock {
    pub(super) fn at(&self, moment: Micros) -> When {
        When::new(moment.timestamp(), &self.zone, self.now)
    }

    /// The same clock in UTC.
    pub(super) fn utc(&self) -> Self {
        Self {
            zone: TimeZone::UTC,
            now: self.now,
        }
    }
}

/// Whether this may be the name of a zone: it is looked up among files.
fn is_zone(name: &str) -> bool {
    name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte))
}

impl Visitor {
    pub(super) fn of(parts: &mut Parts, app: &App) -> Self {
        let cookie = |name| cookies::value(&parts.headers, name);
        let told = cookie("annals_tz").filter(|name| is_zone(name));
        let zone = told.and_then(|name| Some((TimeZone::get(&name).ok()?, name)));
        let request_id = parts
            .extensions
            .get::<RequestId>()
            .map(ToString::to_string)
            .unwrap_or_default();
        Self {
            theme: Theme::from_cookie(&cookie("annals_theme").unwrap_or_default()),
            request_id,
            clock: Clock {
                zone: zone
                    .as_ref()
                    .map_or(TimeZone::UTC, |(zone, _)| zone.clone()),
                now: app.store.clock().now().timestamp(),
            },
            zone: zone.map(|(_, name)| name),
        }
    }

    /// What surrounds a page for someone who is not signed in.
    pub(super) fn bare(&self, csrf: String) -> Bare {
        Bare {
            csrf,
            theme: self.theme,
            flash: None,
            request_id: self.request_id.clone(),
        }
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(parts, app))
    }
}
