//! What went wrong, as RFC 9457 has it, in the shape that RudderStack's clients read as well.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::{DbError, Error};
use utoipa::ToSchema;

use crate::invite::NotInvited;

/// After how many seconds to ask again where what stands in the way may have passed by then.
pub(crate) const RETRY_AFTER: &str = "5";

/// What is said where a key was destroyed past Annals.
pub(crate) const KEY_MISSING: &str = "A key that this is sealed with is gone from the database, and no entry of the log records that it was erased. \
    Whoever runs this server has to restore its database from a backup.";

/// A problem: `message`, `code` and `details` are what RudderStack's clients show.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the code says what it is.
    #[schema(example = "about:blank")]
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, and what to do.
    detail: String,
    /// The same, under the name that clients look for.
    message: String,
    /// A stable code in lower case with underscores.
    pub code: String,
    /// Field and what is wrong with it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    details: BTreeMap<String, String>,
    /// After how many seconds to ask again.
    #[serde(skip)]
    #[schema(ignore)]
    wait: Option<i64>,
}

impl Problem {
    /// A problem with a code.
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: message.clone(),
            message,
            code: code.into(),
            details: BTreeMap::new(),
            wait: None,
        }
    }

    /// The same, to be asked again after so many seconds.
    #[must_use]
    pub const fn after(mut self, seconds: i64) -> Self {
        self.wait = Some(seconds);
        self
    }

    /// The same, and what is wrong with one field.
    #[must_use]
    pub fn of_field(mut self, field: String, said: String) -> Self {
        self.details.insert(field, said);
        self
    }

    /// What is wrong, in one sentence.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let unavailable =
            |code: &str, message: &str| Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        match error {
            Error::NotFound(what) => Self::new(
                StatusCode::NOT_FOUND,
                "not_found",
                format!("{what} not found"),
            ),
            Error::Invalid {
                code,
                message,
                details,
            } => Self {
                details: details.into_iter().collect(),
                ..Self::new(StatusCode::BAD_REQUEST, code, message)
            },
            Error::Unauthenticated => {
                Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized")
            }
            Error::Denied { code, message } => Self::new(StatusCode::FORBIDDEN, code, message),
            Error::Failed { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            Error::OutcomeUnknown => unavailable(
                "outcome_unknown",
                "The database was lost while the change was being committed: it may or may not have happened. Look before you try again.",
            ),
            Error::Database(DbError::Full(_)) => {
                tracing::error!("the database has no room left");
                unavailable("no_room", "There is no room left. Nothing was changed.")
            }
            Error::Database(error @ (DbError::Lost(_) | DbError::Conflict(_))) => {
                tracing::error!(%error, "the database cannot be reached");
                unavailable(
                    "unavailable",
                    "The database cannot be reached. Nothing was changed.",
                )
            }
            Error::Unavailable(why) => {
                tracing::error!(%why, "the store is not available");
                unavailable(
                    "unavailable",
                    "The server cannot take this now. Nothing was changed.",
                )
            }
            Error::Busy => unavailable(
                "busy",
                "Too many wait for this already. Nothing was changed. Try again in a few seconds.",
            ),
            error @ Error::KeyMissing => {
                tracing::error!(%error, "a key is missing");
                let message = format!("{KEY_MISSING} Nothing was changed.");
                Self::new(StatusCode::CONFLICT, "key_missing", message)
            }
            Error::NotSigned => unavailable(
                "not_signed",
                "No checkpoint covers this event yet. Try again in a second, or see /health.",
            ),
            Error::Database(_) | Error::Instance(_) | Error::Guard { .. } | Error::Internal(_) => {
                tracing::error!(%error, "an internal error");
                let message = "Something went wrong on our side. Nothing was changed.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
            }
        }
    }
}

impl From<NotInvited> for Problem {
    fn from(error: NotInvited) -> Self {
        match error {
            NotInvited::By(error) => error.into(),
            NotInvited::TooOften(seconds) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_letters",
                format!("{error}: try again in {seconds} s"),
            )
            .after(seconds),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let may_pass = matches!(self.code.as_str(), "busy" | "unavailable" | "not_signed");
        let wait = self.wait;
        let mut response = (status, Json(self)).into_response();
        if let Some(seconds) = wait {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if may_pass {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
