//! `/sign-in` and `/sign-out`.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use model::things::User;
use serde::Deserialize;
use store::Error;
use zeroize::Zeroizing;

use super::answer::{self, Answer, local, see_other, with_cookie};
use super::form::{Sent, SentByVisitor, visitor_token};
use super::home::require_set_up;
use super::me::Me;
use super::refusal::Refusal;
use super::view;
use super::visitor::Visitor;
use crate::actions::session::sign_in::{LONGEST, SignIn};
use crate::actions::session::sign_out::SignOut;
use crate::app::App;
use crate::auth::cookies::{self, Name};
use crate::auth::secret::{self, Kind};
use crate::request::Caller;

/// The same words whatever was wrong, so that nobody learns who has an account.
const WRONG: &str = "The e-mail or the password is wrong.";

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    next: String,
}

fn host(app: &App, headers: &HeaderMap) -> String {
    let public = app.config.public_url.as_deref();
    let public = public.and_then(|url| url.split_once("://").map(|(_, host)| host.to_owned()));
    public
        .or_else(|| Some(headers.get(header::HOST)?.to_str().ok()?.to_owned()))
        .unwrap_or_default()
}

fn page(app: &App, visitor: &Visitor, headers: &HeaderMap, sent: (&str, &str, bool)) -> Answer {
    let (email, next, wrong) = sent;
    let (csrf, cookie) = visitor_token(headers, app);
    let view = view::sign_in::SignIn {
        bare: visitor.bare(csrf),
        // The name of an organization is nothing for strangers.
        organization: None,
        host: host(app, headers),
        email: email.to_owned(),
        next: next.to_owned(),
        error: wrong.then(|| WRONG.to_owned()),
    };
    let status = if wrong {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::OK
    };
    let page = answer::page(status, &view)?;
    Ok(match cookie {
        Some(cookie) => with_cookie(page, cookie),
        None => page,
    })
}

/// `GET /sign-in`
pub(super) async fn form(
    State(app): State<App>,
    me: Result<Me, Refusal>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Answer {
    require_set_up(&app).await?;
    let next = local(&wanted.next);
    if me.is_ok() {
        return Ok(see_other(next));
    }
    page(&app, &visitor, &headers, ("", next, false))
}

/// Begins a session of its own for a person whose password was checked, and puts it into the browser.
pub(super) async fn begin(
    app: &App,
    caller: &Caller,
    user: User,
    checked: Option<String>,
    response: Response,
) -> Result<Response, Error> {
    let secret = secret::new(Kind::Session, app.store.entropy());
    let action = SignIn {
        user,
        checked,
        session: secret::hash(&secret),
    };
    let _ = app.perform(caller, action).await?;
    let seconds = LONGEST / model::clock::Micros::SECOND;
    Ok(with_cookie(
        response,
        cookies::keep(&app.config, Name::Session, &secret, seconds),
    ))
}

/// `POST /sign-in`
pub(super) async fn sign_in(State(app): State<App>, sent: SentByVisitor) -> Answer {
    require_set_up(&app).await?;
    let email = sent.form.text("email").to_owned();
    let next = local(sent.form.text("next")).to_owned();
    let password = Zeroizing::new(sent.form.text("password").to_owned());
    let asked = email.clone();
    let account = app.read(move |rx| rx.user_by_email(&asked)).await?;
    // Without an account this takes as long.
    let hash = account.as_ref().map(|(_, hash)| hash.clone());
    let fits = app.hasher.verify(password, hash).await?;
    let wrong = || page(&app, &sent.visitor, &sent.headers, (&email, &next, true));
    let Some((user, hash)) = account else {
        return wrong();
    };
    let checked = fits.then_some(hash);
    match begin(&app, &sent.caller, user, checked, see_other(&next)).await {
        Ok(response) => Ok(response),
        Err(Error::Failed {
            code: "wrong_password",
            ..
        }) => wrong(),
        Err(error) => Err(error.into()),
    }
}

/// `POST /sign-out`
pub(super) async fn sign_out(State(app): State<App>, sent: Sent) -> Answer {
    let action = SignOut {
        user: sent.me.signed_in.user.id,
        session: sent.me.signed_in.session,
    };
    let _ = sent.me.perform(action).await?;
    Ok(with_cookie(
        see_other("/sign-in"),
        cookies::forget(&app.config, Name::Session),
    ))
}
