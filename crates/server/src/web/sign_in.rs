//! `/sign-in` and `/sign-out`.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use model::clock::Micros;
use model::id::UserId;
use model::things::{FactorKind, User};
use serde::Deserialize;
use store::Error;
use zeroize::Zeroizing;

use super::answer::{self, Answer, local, see_other, with_cookie};
use super::flash;
use super::form::{SentByPerson, SentByVisitor, visitor_token};
use super::home::require_set_up;
use super::me::Me;
use super::passkeys;
use super::phone;
use super::refusal::Refusal;
use super::view;
use super::view::frame::Flash;
use super::visitor::Visitor;
use crate::actions::session::sign_in::{LONGEST, STEP, Second, Shown, SignIn};
use crate::actions::session::sign_out::SignOut;
use crate::app::App;
use crate::auth::challenge::Offer;
use crate::auth::cookies::{self, Name};
use crate::auth::limits;
use crate::auth::passkey::{self, Unfit};
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

pub(super) fn page(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    sent: (&str, &str, Option<&str>),
) -> Answer {
    let (email, next, error) = sent;
    let (csrf, cookie) = visitor_token(headers, app);
    let mut bare = visitor.bare(csrf);
    // Whoever has just confirmed an address may be signed in nowhere.
    let said = cookies::read(headers, &app.config, Name::Flash);
    let said = said.and_then(|cookie| flash::confirmed(&cookie));
    let forget = said
        .is_some()
        .then(|| cookies::forget(&app.config, Name::Flash));
    bare.flash = said.map(|done| Flash::Note(format!("{done}.")));
    let view = view::sign_in::SignIn {
        bare,
        // The name of an organization is nothing for strangers.
        organization: None,
        host: host(app, headers),
        email: email.to_owned(),
        next: next.to_owned(),
        error: error.map(str::to_owned),
        has_passkeys: passkey::missing(app, headers).is_none(),
    };
    let status = if error.is_some() {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::OK
    };
    let page = with_cookie(answer::page(status, &view)?, cookie);
    Ok(with_cookie(page, forget))
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
    page(&app, &visitor, &headers, ("", next, None))
}

/// Begins a session of its own for a person who has shown who it is, and puts it into the browser.
pub(super) async fn begin(
    app: &App,
    caller: &Caller,
    user: User,
    shown: Shown,
    response: Response,
) -> Result<Response, Error> {
    let secret = secret::new(Kind::Session, app.store.entropy());
    let action = SignIn {
        user,
        shown,
        session: secret::hash(&secret),
    };
    let _ = app.perform(caller, action).await?;
    let seconds = LONGEST / Micros::SECOND;
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
    if let Some(wait) = limits::wait_to_try(&app, "sign-in", &email, &sent.caller).await? {
        return Err(Refusal::too_many(wait).link("Back to sign-in", "/sign-in"));
    }
    let asked = email.clone();
    let account = app
        .read(move |rx| match rx.user_by_email(&asked)? {
            Some((user, hash)) => {
                let has_factor = rx.has_factor(user.id)?;
                Ok(Some((user, hash, has_factor)))
            }
            None => Ok(None),
        })
        .await?;
    // Without an account this takes as long.
    let hash = account.as_ref().map(|(_, hash, _)| hash.clone());
    let fits = app.hasher.verify(password, hash).await?;
    let wrong = || {
        page(
            &app,
            &sent.visitor,
            &sent.headers,
            (&email, &next, Some(WRONG)),
        )
    };
    let Some((user, hash, has_factor)) = account else {
        limits::is_nobodys(&app, "sign-in", &email).await?;
        return wrong();
    };
    if fits && has_factor {
        return second_step(&app, &user, hash, &next).await;
    }
    let shown = Shown::Password(fits.then_some(hash));
    match begin(&app, &sent.caller, user, shown, see_other(&next)).await {
        Ok(response) => {
            limits::succeeded(&app, "sign-in", &email, &sent.caller).await?;
            Ok(response)
        }
        Err(Error::Failed {
            code: "wrong_password",
            ..
        }) => wrong(),
        Err(error) => Err(error.into()),
    }
}

/// How long the second step may take, in seconds.
const STEP_SECONDS: i64 = 600;

/// The password was right: on to the second step.
async fn second_step(app: &App, user: &User, hash: String, next: &str) -> Answer {
    let offer = Offer {
        secret: Kind::Step,
        kind: STEP,
        user: user.id,
        payload: hash.into_bytes(),
        seconds: STEP_SECONDS,
    };
    let secret = offer.make(app).await?;
    let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
    Ok(with_cookie(
        see_other(&format!("/sign-in/step?{query}")),
        cookies::keep(&app.config, Name::Step, &secret, STEP_SECONDS),
    ))
}

/// The page of the second step, with what this person has to show.
async fn step_page(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    (user, next): (UserId, &str),
    error: Option<&'static str>,
) -> Answer {
    let factors = app.read(move |rx| rx.factors(user)).await?;
    let has = |kind| factors.iter().any(|factor| factor.kind == kind);
    let (phone, sent) = phone::step(app, headers, user, &factors).await?;
    let (csrf, cookie) = visitor_token(headers, app);
    let view = view::links::Step {
        bare: visitor.bare(csrf),
        next: next.to_owned(),
        has_app: has(FactorKind::Totp),
        has_passkey: has(FactorKind::Passkey),
        passkeys_missing: passkey::missing(app, headers),
        phone,
        sent,
        error,
    };
    let status = if error.is_some() {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::OK
    };
    Ok(with_cookie(answer::page(status, &view)?, cookie))
}

/// Whose sign-in waits, and the hash that the password fitted.
pub(super) async fn waiting(
    app: &App,
    headers: &HeaderMap,
) -> Result<([u8; 32], User, String), Refusal> {
    let again = || Refusal::on("/sign-in");
    let secret = cookies::read(headers, &app.config, Name::Step).ok_or_else(again)?;
    let hash = secret::hash(&secret);
    let found = app
        .read(move |rx| {
            let Some(challenge) = rx.challenge(STEP, &hash)? else {
                return Ok(None);
            };
            let Some(id) = challenge.user else {
                return Ok(None);
            };
            let checked = String::from_utf8_lossy(&challenge.payload).into_owned();
            Ok(rx.user(id)?.map(|user| (user, checked)))
        })
        .await?;
    let (user, checked) = found.ok_or_else(again)?;
    Ok((hash, user, checked))
}

/// `GET /sign-in/step`
pub(super) async fn step(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let (_, user, _) = waiting(&app, &headers).await?;
    let to = (user.id, local(&wanted.next));
    step_page(&app, &visitor, &headers, to, None).await
}

/// What was sent as the second factor.
async fn second(app: &App, sent: &SentByVisitor, user: UserId) -> Result<Second, Refusal> {
    let credential = sent.form.text("credential");
    if credential.is_empty() {
        let typed = Zeroizing::new(sent.form.text("code").to_owned());
        let sent = phone::came_back(app, &sent.headers, &typed);
        return Ok(Second::Code(typed, sent));
    }
    let signed = passkeys::signed(app, &sent.headers, Some(user), credential).await?;
    Ok(Second::Passkey(
        signed.map_or(Err(Unfit::Wrong), |(_, signed)| signed),
    ))
}

/// `POST /sign-in/step`
pub(super) async fn sign_in_step(State(app): State<App>, sent: SentByVisitor) -> Answer {
    let next = local(sent.form.text("next")).to_owned();
    let (step, user, checked) = waiting(&app, &sent.headers).await?;
    if let Some(wait) = limits::wait_to_step(&app, user.id, &sent.caller).await? {
        return Err(Refusal::too_many(wait).link("Back to sign-in", "/sign-in"));
    }
    let second = second(&app, &sent, user.id).await?;
    let by_passkey = matches!(second, Second::Passkey(_));
    let shown = Shown::Both {
        checked,
        step,
        second,
    };
    let (id, email) = (user.id, user.email.clone());
    let error = match begin(&app, &sent.caller, user, shown, see_other(&next)).await {
        Ok(response) => {
            limits::stepped(&app, id, &sent.caller).await?;
            limits::succeeded(&app, "sign-in", &email, &sent.caller).await?;
            if by_passkey {
                limits::answered(&app, "passkey", &sent.caller).await?;
            }
            let response = with_cookie(response, cookies::forget(&app.config, Name::Step));
            return Ok(with_cookie(
                response,
                cookies::forget(&app.config, Name::Code),
            ));
        }
        Err(Error::Failed {
            code: "wrong_code", ..
        }) => "This code was not right. A code works once.",
        Err(Error::Failed {
            code: "wrong_passkey",
            ..
        }) => passkeys::WRONG,
        Err(Error::Failed {
            code: "passkey_copied",
            ..
        }) => passkeys::COPIED,
        // The password was changed in between.
        Err(Error::Failed { .. }) => return Err(Refusal::on("/sign-in")),
        Err(error) => return Err(error.into()),
    };
    let to = (id, next.as_str());
    step_page(&app, &sent.visitor, &sent.headers, to, Some(error)).await
}

/// `POST /sign-out`
pub(super) async fn sign_out(State(app): State<App>, sent: SentByPerson) -> Answer {
    let action = SignOut {
        user: sent.person.user.id,
        session: sent.person.session,
    };
    let _ = app.perform(&sent.person.caller, action).await?;
    Ok(with_cookie(
        see_other("/sign-in"),
        cookies::forget(&app.config, Name::Session),
    ))
}
