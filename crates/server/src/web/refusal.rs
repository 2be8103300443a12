//! What stands in the way of an answer, and the page that says so.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use model::role::{OrganizationRole, Permission, Standing, WorkspaceRole};
use store::Error;

use super::view::error::{AgainPage, ErrorPage};
use super::view::frame::Bare;
use super::visitor::Visitor;
use crate::app::App;
use crate::problem::{KEY_MISSING, Problem, RETRY_AFTER};

/// Why there is no page. [`dress`] draws it.
#[derive(Clone, Debug)]
pub(super) struct Refusal(Box<Why>);

#[derive(Clone, Debug)]
enum Why {
    /// Nobody is signed in: on to the form, and back to this path afterwards.
    SignIn(Option<String>),
    /// On to another page first.
    On(String),
    /// A form whose session has ended, or was another: it can be sent once more.
    Again(Again),
    /// Something else, as the page of an error says it.
    Said(Said),
}

/// A form that was not taken.
#[derive(Clone, Debug)]
struct Again {
    to: String,
    fields: Vec<(String, String)>,
    csrf: String,
    is_signed_in: bool,
}

/// The words of an error.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) status: StatusCode,
    pub(super) title: String,
    pub(super) state: String,
    pub(super) advice: String,
    pub(super) link: Option<(String, String)>,
    /// Whether it is said of a form that nothing was changed. Of who only looks nobody would have thought so.
    unchanged: bool,
    /// After how many seconds it may be tried again, where that is known.
    wait: Option<u64>,
}

impl Refusal {
    /// On to the form for signing in, and then to this path.
    pub(super) fn sign_in(next: Option<String>) -> Self {
        Self(Box::new(Why::SignIn(next)))
    }

    /// On to another page of ours first.
    pub(super) fn on(path: impl Into<String>) -> Self {
        Self(Box::new(Why::On(path.into())))
    }

    /// Whether it leads to the form for signing in.
    pub(super) fn is_sign_in(&self) -> bool {
        matches!(*self.0, Why::SignIn(_))
    }

    /// A form that was sent to this address is not taken, and can be sent once more: with this token, which fits nothing before
    /// the person has signed in. Where nothing was typed there is nothing to keep.
    pub(super) fn again(
        to: String,
        fields: Vec<(String, String)>,
        csrf: String,
        is_signed_in: bool,
    ) -> Self {
        match (fields.is_empty(), is_signed_in) {
            (false, _) => Self(Box::new(Why::Again(Again {
                to,
                fields,
                csrf,
                is_signed_in,
            }))),
            (true, true) => Self::foreign_form(),
            (true, false) => Self::sign_in(None),
        }
    }

    /// A form was made in another workspace than the one that is open by now.
    pub(super) fn of_another_workspace() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "Another workspace is open now",
            "This form was made in the workspace that was open before.",
            "Open that workspace again in another tab, then go back and send the form once more.",
        )
        .unchanged()
        .link("Workspaces", "/workspaces")
    }

    /// Something secret was tried too often, and may be tried again after so many seconds.
    pub(super) fn too_many(seconds: i64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many tries",
            "",
            &format!("Wait {}, and try again.", minutes(seconds)),
        )
        .unchanged()
        .wait(seconds)
    }

    /// More was asked for than the server gives to one browser or address.
    pub(super) fn too_fast(seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests",
            "More came from this browser, or from its network, than the server answers.",
            &format!("Wait {seconds} s, and load the page again."),
        )
        .unchanged()
    }

    /// The page of an error with these words: what happened, what is true now, what to do.
    pub(super) fn new(status: StatusCode, title: &str, state: &str, advice: &str) -> Self {
        Self(Box::new(Why::Said(Said {
            status,
            title: title.to_owned(),
            state: state.to_owned(),
            advice: advice.to_owned(),
            link: Some(("Back to the start".to_owned(), "/".to_owned())),
            unchanged: false,
            wait: None,
        })))
    }

    /// The same, and of a form that nothing was changed.
    pub(super) fn unchanged(mut self) -> Self {
        if let Why::Said(said) = &mut *self.0 {
            said.unchanged = true;
        }
        self
    }

    /// The same, to be tried again after so many seconds.
    pub(super) fn wait(mut self, seconds: i64) -> Self {
        if let Why::Said(said) = &mut *self.0 {
            said.wait = seconds.try_into().ok();
        }
        self
    }

    /// The same with another way on.
    pub(super) fn link(mut self, label: &str, href: &str) -> Self {
        if let Why::Said(said) = &mut *self.0 {
            said.link = Some((label.to_owned(), href.to_owned()));
        }
        self
    }

    /// Nothing is at this address.
    pub(super) fn nothing_here() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Nothing is here",
            "There is no such page, or it belongs to another workspace.",
            "Look at the address, or start from a list.",
        )
    }

    /// What was at this address was deleted, as who asks may read in the log.
    pub(super) fn gone(noun: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Nothing is here any more",
            &format!("This {noun} was deleted. The log still knows it."),
            "Read there who deleted it, and what it was.",
        )
    }

    /// A page that is only for people with another role.
    pub(super) fn not_for_you(permission: Permission) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "You may not do this",
            &format!("This page is for {}.", who_may(permission)),
            &format!(
                "Ask an administrator for the permission \u{201c}{}\u{201d}.",
                permission.label()
            ),
        )
        .unchanged()
    }

    /// A form that did not come from a page of ours.
    pub(super) fn foreign_form() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This form cannot be taken",
            "",
            "It was sent from another site, or its page was too old. Open the page again and send it from there.",
        )
        .unchanged()
    }
}

/// How long this is, in words.
pub(super) fn minutes(seconds: i64) -> String {
    match seconds.saturating_add(59) / 60 {
        ..=1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// The roles that have a permission, as people call them.
fn who_may(permission: Permission) -> String {
    let has = |role: &&WorkspaceRole| {
        let standing = Standing::Person {
            organization: OrganizationRole::Member,
            workspace: Some(**role),
        };
        standing.may(permission)
    };
    let roles: Vec<_> = WorkspaceRole::ALL
        .iter()
        .filter(has)
        .map(|role| role.label())
        .collect();
    match roles.split_last() {
        None => "administrators of the organization".to_owned(),
        Some((only, [])) => format!("who is {only} in the workspace"),
        Some((last, others)) => {
            format!("who is {} or {last} in the workspace", others.join(", "))
        }
    }
}

/// A message of ours as a sentence of its own. An address that it begins with stays as it is.
pub(super) fn sentence(message: &str) -> String {
    let first = message.split(' ').next().unwrap_or_default();
    let mut chars = message.chars();
    let mut out = String::new();
    if !first.contains('@') {
        out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
    }
    out.push_str(chars.as_str());
    if !out.ends_with(['.', '?']) {
        out.push('.');
    }
    out
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated => Self::sign_in(None),
            Error::NotFound(what) => Self::new(
                StatusCode::NOT_FOUND,
                "Nothing is here",
                &sentence(&format!(
                    "this {what} is not here any more, or belongs elsewhere"
                )),
                "Look at the list again; what happened is in the audit log.",
            ),
            Error::Denied { message, .. } => Self::new(
                StatusCode::FORBIDDEN,
                "You may not do this",
                &sentence(&message),
                "The attempt was recorded. Ask an administrator for the permission.",
            )
            .unchanged(),
            Error::Failed { message, .. } => Self::new(
                StatusCode::CONFLICT,
                "This cannot be done now",
                &sentence(&message),
                "The attempt was recorded.",
            )
            .unchanged(),
            Error::Invalid { message, .. } => Self::new(
                StatusCode::BAD_REQUEST,
                "This does not make sense here",
                &sentence(&message),
                "Go back and look at what was sent.",
            )
            .unchanged(),
            error @ Error::KeyMissing => {
                // The same line in the server's log as for the API.
                let _ = Problem::from(error);
                Self::new(
                    StatusCode::CONFLICT,
                    "This cannot be read or recorded",
                    KEY_MISSING,
                    "Lists and other workspaces still answer. Tell whoever runs this server.",
                )
                .unchanged()
            }
            error => {
                // The same words, and the same line in the server's log, as for the API.
                let problem = Problem::from(error);
                let status = StatusCode::from_u16(problem.status)
                    .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let title = match status {
                    StatusCode::SERVICE_UNAVAILABLE => "Not available right now",
                    _ => "Something went wrong",
                };
                Self::new(status, title, problem.message(), "Try again in a moment.")
            }
        }
    }
}

impl From<askama::Error> for Refusal {
    fn from(error: askama::Error) -> Self {
        Error::Internal(format!("a page cannot be drawn: {error}")).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match *self.0 {
            Why::SignIn(next) => {
                let mut to = String::from("/sign-in");
                if let Some(next) = next.filter(|next| next != "/") {
                    let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
                    to.push('?');
                    to.push_str(&query);
                }
                super::answer::see_other(&to)
            }
            Why::On(path) => super::answer::see_other(&path),
            Why::Again(again) => {
                let status = if again.is_signed_in {
                    StatusCode::FORBIDDEN
                } else {
                    StatusCode::UNAUTHORIZED
                };
                let mut response = status.into_response();
                response.extensions_mut().insert(again);
                response
            }
            Why::Said(said) => {
                let mut response = said.status.into_response();
                if said.status == StatusCode::SERVICE_UNAVAILABLE {
                    let seconds = HeaderValue::from_static(RETRY_AFTER);
                    response.headers_mut().insert(header::RETRY_AFTER, seconds);
                }
                if let Some(wait) = said.wait {
                    let seconds = HeaderValue::from(wait);
                    response.headers_mut().insert(header::RETRY_AFTER, seconds);
                }
                response.extensions_mut().insert(said);
                response
            }
        }
    }
}

/// The words for what was refused before a handler was asked: a query or a path that cannot be read.
fn unsaid(response: &Response) -> Option<Said> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_text = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !response.status().is_client_error() || !is_text {
        return None;
    }
    let refusal = Refusal::new(
        response.status(),
        "This address does not make sense here",
        "A part of it cannot be read.",
        "Look at the address, or start from a list.",
    )
    .unchanged();
    match *refusal.0 {
        Why::Said(said) => Some(said),
        Why::SignIn(_) | Why::On(_) | Why::Again(_) => None,
    }
}

/// Draws the page of what was refused, in the theme of whoever asked.
pub(super) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let visitor = Visitor::of(&mut parts, &app);
    let only_looks = matches!(parts.method, Method::GET | Method::HEAD);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let bare = |csrf| Bare {
        csrf,
        theme: visitor.theme,
        flash: None,
        request_id: visitor.request_id,
    };
    if let Some(again) = response.extensions_mut().remove::<Again>() {
        let page = AgainPage {
            bare: bare(again.csrf),
            is_signed_in: again.is_signed_in,
            to: again.to,
            fields: again.fields,
        };
        return drawn(response, &page);
    }
    let said = response.extensions_mut().remove::<Said>();
    let Some(mut said) = said.or_else(|| unsaid(&response)) else {
        return response;
    };
    if said.unchanged && !only_looks {
        let before = if said.state.is_empty() { "" } else { " " };
        said.state = format!("{}{before}Nothing was changed.", said.state);
    }
    let page = ErrorPage {
        bare: bare(String::new()),
        status: said.status.as_u16(),
        title: said.title,
        state: said.state,
        advice: said.advice,
        recorded: None,
        link: said.link,
    };
    drawn(response, &page)
}

/// The answer with this page as its body.
fn drawn(response: Response, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let (mut parts, _) = response.into_parts();
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            );
            Response::from_parts(parts, Html(html).into_response().into_body())
        }
        Err(error) => {
            tracing::error!(%error, "the page of an error cannot be drawn");
            response
        }
    }
}
