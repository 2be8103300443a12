//! A form that was sent, once it is sure that it came from a page of ours. No handler of a POST can get at one otherwise.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use model::actor::Actor;
use model::interface::Interface;

use super::me::{Me, Somebody};
use super::refusal::Refusal;
use super::visitor::Visitor;
use crate::app::App;
use crate::auth::cookies::{self, Name};
use crate::auth::csrf;
use crate::auth::session::Person;
use crate::request::{Caller, once, origin};

/// A text whose lines end with `\n`. A browser ends them as its own standard has it.
fn unix_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What a text becomes: what was sent or, where only the ends of lines differ, which HTML does not keep, what is stored.
pub(super) fn over(stored: &str, sent: &str) -> String {
    let sent = unix_lines(sent);
    if unix_lines(stored) == sent {
        stored.to_owned()
    } else {
        sent.into_owned()
    }
}

/// JSON that was typed into a field, or what is wrong with it. A key that is there twice is wrong, as in a request to the API: the
/// last would count, without a word.
pub(super) fn typed_json(text: &str) -> Result<serde_json::Value, String> {
    once(text.as_bytes()).map_err(|error| {
        let said = error.to_string();
        match said.strip_prefix("duplicate field ") {
            Some(key) => format!("This has a key twice: {key}."),
            None => format!("This is not JSON: {said}."),
        }
    })
}

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a field; empty where it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The value of a field, if it was sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What something is to be called: without the blanks around it, which nobody sees.
    pub(super) fn name(&self) -> &str {
        self.text("name").trim()
    }

    /// The same, in place of a name that is stored: one that was not touched stays, blanks included.
    pub(super) fn name_over<'f>(&'f self, stored: &'f str) -> &'f str {
        match self.text("name") {
            sent if sent == stored => stored,
            _ => self.name(),
        }
    }

    /// A text of several lines.
    pub(super) fn lines(&self, name: &str) -> String {
        unix_lines(self.text(name)).into_owned()
    }

    /// A text of several lines, in place of one that is stored.
    pub(super) fn lines_over(&self, name: &str, stored: &str) -> String {
        over(stored, self.text(name))
    }

    /// Whether a box was ticked, or a hidden field says `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// The value of a field that was changed by who sent the form, which says what it was when it was shown. A box that is not
    /// ticked is not sent.
    pub(super) fn changed(&self, name: &str) -> Option<&str> {
        let sent = self.text(name);
        (self.get(&format!("seen.{name}")) != Some(sent)).then_some(sent)
    }

    /// The same, of a box.
    pub(super) fn changed_flag(&self, name: &str) -> Option<bool> {
        let flag = self.flag(name);
        (self.get(&format!("seen.{name}")) != Some(if flag { "true" } else { "false" }))
            .then_some(flag)
    }

    /// A form as it is first shown.
    pub(super) fn of(fields: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(fields.iter().map(owned).collect())
    }

    /// The form with one more field.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    async fn read(request: Request, app: &App) -> Result<Self, Refusal> {
        let is_form = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return Err(Refusal::foreign_form());
        }
        let bytes = Bytes::from_request(request, app).await.map_err(|_| {
            Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The form is too large",
                "Nothing was changed.",
                "Go back and send less at once.",
            )
        })?;
        serde_urlencoded::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| Refusal::foreign_form())
    }

    fn check(&self, secret: Option<&str>) -> Result<(), Refusal> {
        if self.fits(secret) {
            Ok(())
        } else {
            Err(Refusal::foreign_form())
        }
    }

    fn fits(&self, secret: Option<&str>) -> bool {
        secret.is_some_and(|secret| csrf::fits(secret, self.text("csrf")))
    }
}

impl Form {
    /// All values of a field that may be sent more than once.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.pairs()
            .filter(move |(field, _)| *field == name)
            .map(|(_, value)| value)
    }

    /// All fields, as they were sent.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// A form of `who` is signed in, tied to the session. Where that has ended, or another has begun since the form was made,
    /// what was typed is kept by the page that says so.
    pub(super) async fn of_session<T>(
        who: Result<T, Refusal>,
        parts: Parts,
        body: Body,
        app: &App,
    ) -> Result<(T, Self), Refusal> {
        let who = match who {
            Err(refusal) if !refusal.is_sign_in() => return Err(refusal),
            who => who.ok(),
        };
        let secret = cookies::read(&parts.headers, &app.config, Name::Session);
        let to = parts.uri.path_and_query().map(ToString::to_string);
        let form = Self::read(Request::from_parts(parts, body), app).await?;
        match who {
            Some(who) if form.fits(secret.as_deref()) => Ok((who, form)),
            who => {
                let secret = who.and(secret);
                let is_signed_in = secret.is_some();
                let token = secret
                    .map(|secret| csrf::token(&secret))
                    .unwrap_or_default();
                // It stays one of the workspace that it was made in.
                let csrf = match csrf::place(form.text("csrf")) {
                    Some(workspace) => csrf::made_in(&token, workspace),
                    None => token,
                };
                let to = to.unwrap_or_default();
                let fields = form.kept(&to);
                Err(Refusal::again(to, fields, csrf, is_signed_in))
            }
        }
    }

    /// The fields that may be sent once more, by the page that the browser gets which has just sent them: all but what somebody
    /// proves who it is by.
    fn kept(self, to: &str) -> Vec<(String, String)> {
        let mut fields = self.0;
        fields.retain(|(name, _)| match &**name {
            "csrf" | "token" | "proof" => false,
            // Elsewhere it is what a transformation runs.
            "code" => !to.starts_with("/profile"),
            name => !name.ends_with("password"),
        });
        fields
    }
}

/// A form of a person who is signed in, made in the workspace that is open.
pub(super) struct Sent {
    pub(super) me: Me,
    pub(super) form: Form,
}

impl FromRequest<App> for Sent {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let me = Me::from_request_parts(&mut parts, app).await;
        let (me, form) = Form::of_session(me, parts, body, app).await?;
        // Another may have been opened in another tab, and be meant by nothing that was typed.
        match csrf::place(form.text("csrf")) {
            Some(made_in) if made_in != me.place().workspace.as_str() => {
                Err(Refusal::of_another_workspace())
            }
            _ => Ok(Self { me, form }),
        }
    }
}

/// What comes with a form, whoever sent it.
struct Arrived {
    visitor: Visitor,
    form: Form,
    caller: Caller,
    headers: HeaderMap,
}

impl Arrived {
    /// Reads a form that has to be tied to the secret in this cookie.
    async fn read(mut parts: Parts, body: Body, app: &App, tied: Name) -> Result<Self, Refusal> {
        let visitor = Visitor::of(&mut parts, app);
        let headers = parts.headers.clone();
        let caller = Caller {
            actor: Actor::Anonymous,
            origin: origin(&parts, app, Interface::Dashboard),
        };
        let secret = cookies::read(&headers, &app.config, tied);
        let form = Form::read(Request::from_parts(parts, body), app).await?;
        form.check(secret.as_deref())?;
        Ok(Self {
            visitor,
            form,
            caller,
            headers,
        })
    }
}

/// A form of a person who is signed in, wherever.
pub(super) struct SentByPerson {
    pub(super) person: Person,
    pub(super) visitor: Visitor,
    pub(super) form: Form,
    pub(super) headers: HeaderMap,
}

impl FromRequest<App> for SentByPerson {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let somebody = Somebody::from_request_parts(&mut parts, app).await;
        let visitor = Visitor::of(&mut parts, app);
        let headers = parts.headers.clone();
        let (Somebody(person), form) = Form::of_session(somebody, parts, body, app).await?;
        Ok(Self {
            person,
            visitor,
            form,
            headers,
        })
    }
}

/// A form of someone who is signed in or not: tied to the session where there is one.
pub(super) struct SentByAnyone {
    pub(super) person: Option<Person>,
    pub(super) visitor: Visitor,
    pub(super) form: Form,
    pub(super) caller: Caller,
    pub(super) headers: HeaderMap,
}

impl FromRequest<App> for SentByAnyone {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let somebody = Somebody::from_request_parts(&mut parts, app).await.ok();
        let tied = somebody.as_ref().map_or(Name::Form, |_| Name::Session);
        let arrived = Arrived::read(parts, body, app, tied).await?;
        Ok(Self {
            person: somebody.map(|Somebody(person)| person),
            visitor: arrived.visitor,
            form: arrived.form,
            caller: arrived.caller,
            headers: arrived.headers,
        })
    }
}

/// A form of someone who is not signed in.
pub(super) struct SentByVisitor {
    pub(super) visitor: Visitor,
    pub(super) form: Form,
    pub(super) caller: Caller,
    pub(super) headers: HeaderMap,
}

impl FromRequest<App> for SentByVisitor {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let arrived = Arrived::read(parts, body, app, Name::Form).await?;
        Ok(Self {
            visitor: arrived.visitor,
            form: arrived.form,
            caller: arrived.caller,
            headers: arrived.headers,
        })
    }
}

/// The token for a form of someone who is not signed in and, where the browser has no cookie for it yet, that cookie.
pub(super) fn visitor_token(
    headers: &HeaderMap,
    app: &App,
) -> (String, Option<axum::http::HeaderValue>) {
    match cookies::read(headers, &app.config, Name::Form) {
        Some(secret) if secret.len() == 43 => (csrf::token(&secret), None),
        _ => {
            let secret = csrf::new_secret(app.store.entropy());
            let cookie = cookies::keep(&app.config, Name::Form, &secret, 24 * 60 * 60);
            (csrf::token(&secret), Some(cookie))
        }
    }
}
