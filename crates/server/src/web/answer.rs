//! What answers have in common.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::refusal::Refusal;

/// A page, or why there is none.
pub(super) type Answer = Result<Response, Refusal>;

/// How a template marks a field that needs another look. No text of a person's can read so: quotation marks are escaped.
const WRONG: &str = " aria-invalid=\"true\"";

/// A page with this status. Of the fields that need another look the first has the focus, so that the browser scrolls to
/// it, with and without a script.
pub(super) fn page(status: StatusCode, view: &impl Template) -> Answer {
    let mut page = view.render()?;
    if let Some(at) = page.find(WRONG) {
        page.insert_str(at + WRONG.len(), " autofocus");
    }
    Ok((status, Html(page)).into_response())
}

/// On to another address, with GET. A path that no header can hold leads to the start.
pub(super) fn see_other(path: &str) -> Response {
    let to = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// The same answer with one more cookie, if there is one to set.
pub(super) fn with_cookie(
    mut response: Response,
    cookie: impl Into<Option<HeaderValue>>,
) -> Response {
    if let Some(cookie) = cookie.into() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A page that a secret has opened: its address, and what is on it, goes nowhere else.
pub(super) fn private(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

/// A path of this server, as it may be gone to after signing in. Everything else is the start: another site, what a
/// browser might take for one, and what has characters that browsers drop.
pub(super) fn local(path: &str) -> &str {
    let is_local = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(|c| c.is_control() || c.is_whitespace())
        && path.len() <= 2048;
    if is_local { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn only_a_path_of_this_server_is_gone_to() {
        for good in [
            "/",
            "/sources",
            "/settings/audit-logs?type=source&actor=a%20b",
        ] {
            assert_eq!(local(good), good);
        }
        for bad in [
            "",
            "sources",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/x\r\nset-cookie: a=b",
            "https://evil.example",
            "javascript:alert(1)",
        ] {
            assert_eq!(local(bad), "/", "{bad:?}");
        }
    }
}
