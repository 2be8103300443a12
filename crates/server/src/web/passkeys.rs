//! Passkeys: making one at `/profile/passkeys`, and signing in with one. The browser's part is `assets/passkeys.js`: it asks
//! here what is to be signed, and sends what the passkey says in a form.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::clock::Micros;
use model::id::UserId;
use model::things::{Factor, FactorKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Challenge, Error, NewChallenge, Upkeep};
use zeroize::Zeroizing;

use super::answer::{self, Answer, local, see_other, with_cookie};
use super::form::{SentByPerson, SentByVisitor};
use super::home::require_set_up;
use super::me::Somebody;
use super::profile::{self, PROFILE};
use super::refusal::{minutes, sentence};
use super::sign_in;
use super::things::Wrong;
use super::view::parts::Errors;
use super::view::profile::NewPasskey;
use super::visitor::Visitor;
use crate::actions::factor::Proof;
use crate::actions::factor::add_passkey::AddPasskey;
use crate::actions::input;
use crate::actions::session::sign_in::Shown;
use crate::app::App;
use crate::auth::cookies::{self, Name};
use crate::auth::limits;
use crate::auth::passkey::{self, Answer as Said, Asked, PATIENCE, Signed, Unfit};
use crate::auth::second;
use crate::auth::secret::{self, Kind};
use crate::auth::session::{Person, lacks_factor};

/// The words of the challenges: to make a passkey; to sign in with any; to sign with one of a person's.
const NEW: &str = "passkey_new";
const ANY: &str = "passkey_any";
const OWN: &str = "passkey_own";

/// What is said when a passkey does not fit.
pub(super) const WRONG: &str =
    "This passkey did not work here. Try another way, or the passkey again.";
/// What is said when there are two of a passkey.
pub(super) const COPIED: &str = "This passkey was not taken: its counter has gone back, so there may be a copy of it. Sign in another way, and remove it.";
const UNKNOWN: &str = "This passkey is not known here. It may have been removed.";

/// How long a challenge is good, in seconds.
fn seconds() -> i64 {
    i64::try_from(PATIENCE.as_secs()).unwrap_or(300)
}

/// Keeps what a passkey is to sign, and gives the browser its options and the secret that leads back to it.
async fn ask(
    app: &App,
    kind: &'static str,
    user: Option<UserId>,
    options: String,
    payload: Zeroizing<Vec<u8>>,
) -> Answer {
    let secret = secret::new(Kind::Step, app.store.entropy());
    let challenge = NewChallenge {
        hash: secret::hash(&secret),
        kind,
        user,
        payload,
        lasts: seconds() * Micros::SECOND,
    };
    app.store
        .upkeep(Upkeep::Challenge(Box::new((challenge, None))))
        .await?;
    let response = (
        [(axum::http::header::CONTENT_TYPE, "application/json")],
        options,
    );
    let cookie = cookies::keep(&app.config, Name::Passkey, &secret, seconds());
    Ok(with_cookie(response.into_response(), cookie))
}

/// Takes what a passkey was to sign: it is good once, whatever comes of it.
async fn take(
    app: &App,
    headers: &HeaderMap,
    kind: &'static str,
) -> store::Result<Option<Challenge>> {
    let Some(secret) = cookies::read(headers, &app.config, Name::Passkey) else {
        return Ok(None);
    };
    let hash = secret::hash(&secret);
    let kept = app.read(move |rx| rx.challenge(kind, &hash)).await?;
    let was_good = app.store.upkeep(Upkeep::TakeChallenge(hash)).await? == 1;
    Ok(kept.filter(|_| was_good))
}

/// Checks what a passkey has signed for a sign-in: of this person, where it is known who it is. Nothing where there is no
/// such passkey, or nothing that it was to sign.
pub(super) async fn signed(
    app: &App,
    headers: &HeaderMap,
    user: Option<UserId>,
    text: &str,
) -> store::Result<Option<(Factor, Result<Signed, Unfit>)>> {
    let kind = if user.is_some() { OWN } else { ANY };
    let kept = take(app, headers, kind).await?;
    let (Some(kept), Some(passkeys), Some(said)) = (kept, app.passkeys.clone(), Said::parse(text))
    else {
        return Ok(None);
    };
    let credential = said.credential().to_owned();
    let Some(factor) = app.read(move |rx| rx.passkey(&credential)).await? else {
        return Ok(None);
    };
    // Web Authentication 7.2, step 6: who is not known must be named by the passkey; who is known must be its owner.
    let is_owner = match user {
        Some(user) => kept.user == Some(user) && factor.user == user,
        None => said.handle().is_some(),
    };
    if !is_owner {
        return Ok(None);
    }
    let work = move || {
        let signed = passkeys.check(&kept.payload, &said, &factor);
        (factor, signed)
    };
    tokio::task::spawn_blocking(work)
        .await
        .map(Some)
        .map_err(|_| Error::Internal("checking a passkey panicked".to_owned()))
}

/// Why the script cannot go on.
fn refused(status: StatusCode, message: &str, field: Option<&str>) -> Response {
    (status, Json(json!({ "message": message, "field": field }))).into_response()
}

fn asked_too_often(seconds: i64) -> Response {
    let message = format!("Too many tries. Wait {}, and try again.", minutes(seconds));
    let wait = [(header::RETRY_AFTER, seconds.to_string())];
    let refused = refused(StatusCode::TOO_MANY_REQUESTS, &message, None);
    (wait, refused).into_response()
}

fn not_here(app: &App, headers: &HeaderMap) -> Response {
    let why = passkey::missing(app, headers).unwrap_or_default();
    refused(StatusCode::CONFLICT, &why, None)
}

/// `POST /sign-in/passkey/options`
pub(super) async fn ask_any(State(app): State<App>, sent: SentByVisitor) -> Answer {
    require_set_up(&app).await?;
    if let Some(wait) = limits::wait_to_ask(&app, "passkey", &sent.caller).await? {
        return Ok(asked_too_often(wait));
    }
    let Some(passkeys) = &app.passkeys else {
        return Ok(not_here(&app, &sent.headers));
    };
    let Asked { options, state } = passkeys.ask(&[])?;
    ask(&app, ANY, None, options, state).await
}

/// `POST /sign-in/step/options`
pub(super) async fn ask_own(State(app): State<App>, sent: SentByVisitor) -> Answer {
    let (_, user, _) = sign_in::waiting(&app, &sent.headers).await?;
    if let Some(wait) = limits::wait_to_ask(&app, "passkey", &sent.caller).await? {
        return Ok(asked_too_often(wait));
    }
    let Some(passkeys) = &app.passkeys else {
        return Ok(not_here(&app, &sent.headers));
    };
    let id = user.id;
    let mut own = app.read(move |rx| rx.factors(id)).await?;
    own.retain(|factor| factor.kind == FactorKind::Passkey);
    let Asked { options, state } = passkeys.ask(&own)?;
    ask(&app, OWN, Some(user.id), options, state).await
}

/// `POST /sign-in/passkey`
pub(super) async fn sign_in(State(app): State<App>, sent: SentByVisitor) -> Answer {
    require_set_up(&app).await?;
    let next = local(sent.form.text("next")).to_owned();
    let wrong = |why| sign_in::page(&app, &sent.visitor, &sent.headers, ("", &next, Some(why)));
    let credential = sent.form.text("credential");
    if credential.is_empty() {
        return wrong("A passkey needs JavaScript in this browser. Sign in with your password.");
    }
    let Some((factor, signed)) = signed(&app, &sent.headers, None, credential).await? else {
        return wrong(UNKNOWN);
    };
    let Some(user) = app.read(move |rx| rx.user(factor.user)).await? else {
        return wrong(UNKNOWN);
    };
    let shown = Shown::Passkey(signed);
    match sign_in::begin(&app, &sent.caller, user, shown, see_other(&next)).await {
        Ok(response) => {
            limits::answered(&app, "passkey", &sent.caller).await?;
            Ok(with_cookie(
                response,
                cookies::forget(&app.config, Name::Passkey),
            ))
        }
        Err(Error::Failed {
            code: "passkey_copied",
            ..
        }) => wrong(COPIED),
        Err(Error::Failed { .. }) => wrong(WRONG),
        Err(error) => Err(error.into()),
    }
}

/// What is kept until a new passkey comes.
#[derive(Serialize, Deserialize)]
struct Begun {
    state: String,
    name: String,
    /// The hash that the password fitted.
    checked: String,
}

async fn new_page(
    app: &App,
    person: &Person,
    visitor: &Visitor,
    headers: &HeaderMap,
    wrong: Wrong,
) -> Answer {
    let user = person.user.id;
    let required = app.read(move |rx| lacks_factor(rx, user)).await?;
    let mut bare = visitor.bare(person.csrf.clone());
    bare.flash = wrong.flash;
    let view = NewPasskey {
        bare,
        required,
        missing: passkey::missing(app, headers),
    };
    answer::page(wrong.status, &view)
}

/// `GET /profile/passkeys/new`
pub(super) async fn new(
    State(app): State<App>,
    Somebody(person): Somebody,
    visitor: Visitor,
    headers: HeaderMap,
) -> Answer {
    new_page(&app, &person, &visitor, &headers, Wrong::none()).await
}

/// `POST /profile/passkeys/options`: the password first, so that no passkey is made that is then not taken.
pub(super) async fn ask_new(State(app): State<App>, sent: SentByPerson) -> Answer {
    let SentByPerson {
        person,
        headers,
        form,
        ..
    } = sent;
    let Some(passkeys) = &app.passkeys else {
        return Ok(not_here(&app, &headers));
    };
    let name = form.name().to_owned();
    let unfit =
        |message: &str, field| refused(StatusCode::UNPROCESSABLE_ENTITY, message, Some(field));
    if let Err(error) = input::name(&name) {
        return Ok(unfit(&sentence(&error.to_string()), "name"));
    }
    let user = person.user.id;
    let Some(checked) = profile::checked(&app, user, form.text("password")).await? else {
        // Refused by the action, so that it is recorded.
        let action = AddPasskey {
            user,
            proof: Proof::Password(None),
            name,
            made: None,
            recovery_codes: Vec::new(),
        };
        return match app.perform(&person.caller, action).await {
            Err(Error::Failed { message, .. }) => Ok(unfit(&sentence(&message), "password")),
            Err(error) => Err(error.into()),
            Ok(_) => Err(Error::Internal("a passkey of nothing was added".to_owned()).into()),
        };
    };
    let mut known = app.read(move |rx| rx.factors(user)).await?;
    known.retain(|factor| factor.kind == FactorKind::Passkey);
    let Asked { options, state } = passkeys.ask_new(&person.user, &known)?;
    let begun = Begun {
        state: String::from_utf8_lossy(&state).into_owned(),
        name,
        checked,
    };
    let payload = serde_json::to_vec(&begun).map_err(|error| Error::Internal(error.to_string()))?;
    ask(&app, NEW, Some(user), options, payload.into()).await
}

/// `POST /profile/passkeys`
pub(super) async fn add(State(app): State<App>, sent: SentByPerson) -> Answer {
    let SentByPerson {
        person,
        visitor,
        form,
        headers,
    } = sent;
    let forget = cookies::forget(&app.config, Name::Passkey);
    let kept = take(&app, &headers, NEW).await?;
    let kept = kept.filter(|kept| kept.user == Some(person.user.id));
    let begun: Option<Begun> = kept.and_then(|kept| serde_json::from_slice(&kept.payload).ok());
    let (Some(begun), Some(passkeys)) = (begun, &app.passkeys) else {
        let late = Error::invalid("too_late", "this took too long; begin again");
        let wrong = Wrong::of(late, "The passkey was not added", &[])?;
        return new_page(&app, &person, &visitor, &headers, wrong).await;
    };
    let codes = second::recovery_codes(app.store.entropy());
    let action = AddPasskey {
        user: person.user.id,
        proof: Proof::Password(Some(begun.checked)),
        name: begun.name,
        made: passkeys.made(begun.state.as_bytes(), form.text("credential")),
        recovery_codes: codes.clone(),
    };
    match app.perform(&person.caller, action).await {
        Ok(made) if made.output => {
            let page = profile::factors::codes_page(&visitor, &person, codes)?;
            Ok(with_cookie(page, forget))
        }
        Ok(_) => Ok(with_cookie(see_other(PROFILE), forget)),
        Err(error) => {
            let mut wrong = Wrong::of(error, "The passkey was not added", &[])?;
            wrong.errors = Errors::default();
            new_page(&app, &person, &visitor, &headers, wrong).await
        }
    }
}
