//! What a link in a letter opens: `/invitation`, `/reset`, `/confirm-email`; and `/forgot`, which asks for one. The secret
//! goes from the address into a cookie at once, so that it stays in no history.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use model::id::{UserId, WorkspaceId};
use model::role::OrganizationRole;
use model::things::{Invitation, InvitationState, Workspace};
use serde::Deserialize;
use store::{Error, Rx};
use zeroize::Zeroizing;

use super::answer::{self, Answer, private, see_other, with_cookie};
use super::flash::{self, Done};
use super::form::{Form, SentByAnyone, SentByVisitor, visitor_token};
use super::me::Somebody;
use super::refusal::{Refusal, sentence};
use super::sign_in;
use super::view::links::{Confirm, Forgot, Invited, Reset};
use super::view::parts::Errors;
use super::visitor::Visitor;
use super::workspaces;
use crate::actions::account::confirm_email::{Asked, ConfirmEmail, EMAIL};
use crate::actions::account::reset_password::{RESET, ResetPassword};
use crate::actions::input;
use crate::actions::invitation::accept::AcceptInvitation;
use crate::actions::invitation::account;
use crate::actions::session::sign_in::Shown;
use crate::app::App;
use crate::auth::challenge::Offer;
use crate::auth::cookies::{self, Name};
use crate::auth::csrf;
use crate::auth::secret::{self, Kind};
use crate::auth::session::Person;
use crate::auth::{limits, password};
use crate::mail;

/// How long an opened link stays in the browser, in seconds.
const OPENED: i64 = 3600;
/// How long a link to set another password is good, in seconds.
const RESET_SECONDS: i64 = 3600;

/// The secret in an address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    token: Option<String>,
}

fn dead_link() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "This link does not work",
        "It was used, has ended, or is not complete.",
        "Ask for a new one, and open it as it stands in the letter.",
    )
    .unchanged()
}

/// The secret goes into a cookie, and the browser on to the address without it.
fn taken(app: &App, link: Link, path: &str) -> Option<Answer> {
    let token = link.token?;
    if !secret::is_one(&token) {
        return Some(Err(dead_link()));
    }
    let cookie = cookies::keep(&app.config, Name::Link, &token, OPENED);
    Some(Ok(private(with_cookie(see_other(path), cookie))))
}

/// What a form says of the link that it is for: a browser holds the link that was opened last, and that may be another one.
fn mark(hash: &[u8; 32]) -> String {
    let first = u64::from_be_bytes(hash[..8].try_into().expect("eight of 32 bytes"));
    format!("{first:016x}")
}

/// The hash of the secret that a form was drawn for, which is the one that the browser holds.
fn meant(app: &App, headers: &HeaderMap, form: &Form) -> Result<[u8; 32], Refusal> {
    let hash = opened(app, headers)?;
    if csrf::place(form.text("csrf")) == Some(mark(&hash).as_str()) {
        return Ok(hash);
    }
    let refused = Refusal::new(
        StatusCode::CONFLICT,
        "Another link was opened",
        "This page belongs to a link that was opened before; since then this browser has opened another one.",
        "Open the link that you mean once more.",
    );
    Err(refused.unchanged())
}

/// The hash of the secret that the browser holds.
fn opened(app: &App, headers: &HeaderMap) -> Result<[u8; 32], Refusal> {
    let secret = cookies::read(headers, &app.config, Name::Link).ok_or_else(dead_link)?;
    Ok(secret::hash(&secret))
}

/// Whose link it is.
async fn whose(app: &App, kind: &'static str, hash: [u8; 32]) -> Result<UserId, Refusal> {
    let found = app.read(move |rx| rx.challenge(kind, &hash)).await?;
    found.and_then(|one| one.user).ok_or_else(dead_link)
}

/// An invitation that is open, its organization's name, and whose account joins, where there is one.
async fn invitation(
    app: &App,
    hash: [u8; 32],
) -> Result<(Invitation, String, Option<UserId>), Refusal> {
    let found = app
        .read(move |rx| {
            let Some(one) = rx.invitation_by_hash(&hash)? else {
                return Ok(None);
            };
            let over = one.state != InvitationState::Open || one.expires_at <= rx.now();
            let organization = rx.organization(one.organization)?;
            let account = account(rx, &one)?.map(|user| user.id);
            let name = organization.map(|one| one.name).unwrap_or_default();
            Ok((!over).then_some((one, name, account)))
        })
        .await?;
    found.ok_or_else(dead_link)
}

async fn invitation_page(
    app: &App,
    (person, visitor, headers): (Option<&Person>, &Visitor, &HeaderMap),
    form: &Form,
    errors: Errors,
) -> Answer {
    let hash = opened(app, headers)?;
    let (one, organization, account) = invitation(app, hash).await?;
    let (token, cookie) = match person {
        Some(person) => (person.csrf.clone(), None),
        None => visitor_token(headers, app),
    };
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let is_invited = |person: &Person| Some(person.user.id) == account;
    let view = Invited {
        bare: visitor.bare(csrf::made_in(&token, &mark(&hash))),
        organization,
        is_signed_in: person.is_some_and(is_invited),
        other: person
            .filter(|person| !is_invited(person))
            .map(|person| person.user.email.clone()),
        email: one.email,
        has_account: account.is_some(),
        name: form.name().to_owned(),
        password_min: u8::try_from(password::SHORTEST).unwrap_or(u8::MAX),
        errors,
    };
    Ok(private(with_cookie(answer::page(status, &view)?, cookie)))
}

/// `GET /invitation`
pub(super) async fn invited(
    State(app): State<App>,
    person: Result<Somebody, Refusal>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(link): Query<Link>,
) -> Answer {
    if let Some(answer) = taken(&app, link, "/invitation") {
        return answer;
    }
    let person = person.ok().map(|Somebody(person)| person);
    let who = (person.as_ref(), &visitor, &headers);
    invitation_page(&app, who, &Form::default(), Errors::default()).await
}

/// Where somebody is shown around who has accepted an invitation: the first workspace that it opens.
fn lands(rx: &mut Rx<'_>, invited: &Invitation) -> store::Result<Option<WorkspaceId>> {
    let all = rx.workspaces(invited.organization)?;
    let is_open = |one: &Workspace| {
        let mut roles = invited.workspaces.iter();
        invited.role == OrganizationRole::Admin || roles.any(|(id, _)| *id == one.id)
    };
    Ok(all.into_iter().find(is_open).map(|one| one.id))
}

/// `POST /invitation`
pub(super) async fn accept(State(app): State<App>, sent: SentByAnyone) -> Answer {
    let who = (sent.person.as_ref(), &sent.visitor, &sent.headers);
    let hash = meant(&app, &sent.headers, &sent.form)?;
    let (invited, _, account) = invitation(&app, hash).await?;
    let forget = cookies::forget(&app.config, Name::Link);
    if account.is_some() {
        let Some(person) = &sent.person else {
            return Ok(see_other("/sign-in?next=%2Finvitation"));
        };
        let action = AcceptInvitation {
            hash,
            account: None,
        };
        let made = app.perform(&person.caller, action).await?;
        let said = flash::cookie(Done::Joined, &made.entries);
        let said = cookies::keep(&app.config, Name::Flash, &said, flash::SECONDS);
        let joined = with_cookie(with_cookie(see_other("/"), forget), said);
        // What was shown until now is another organization.
        let lands = app.read(move |rx| lands(rx, &invited)).await?;
        return Ok(match lands {
            Some(id) => with_cookie(joined, workspaces::shown(&app, id)),
            None => joined,
        });
    }
    let mut errors = Errors::default();
    if let Err(error) = input::name(sent.form.name()) {
        errors.add("name", sentence(&error.to_string()));
    }
    let typed = Zeroizing::new(sent.form.text("password").to_owned());
    let about = [sent.form.name(), &invited.email];
    if let Err(error) = password::acceptable_for(&typed, &about) {
        errors.add("password", sentence(&error.to_string()));
    }
    if !errors.is_empty() {
        return invitation_page(&app, who, &sent.form, errors).await;
    }
    let hashed = app.hasher.hash(typed, app.store.clone()).await?;
    let action = AcceptInvitation {
        hash,
        account: Some((sent.form.name().to_owned(), hashed.clone())),
    };
    let user = app.perform(&sent.caller, action).await?.output;
    let response = with_cookie(see_other("/"), forget);
    Ok(sign_in::begin(
        &app,
        &sent.caller,
        user,
        Shown::Password(Some(hashed)),
        response,
    )
    .await?)
}

fn forgot_page(app: &App, visitor: &Visitor, headers: &HeaderMap, sent: bool) -> Answer {
    let (token, cookie) = visitor_token(headers, app);
    let view = Forgot {
        bare: visitor.bare(token),
        has_mail: app.mailer.is_some(),
        sent,
    };
    Ok(private(with_cookie(
        answer::page(StatusCode::OK, &view)?,
        cookie,
    )))
}

/// `GET /forgot`
pub(super) async fn ask_forgot(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Answer {
    forgot_page(&app, &visitor, &headers, false)
}

/// `POST /forgot`: the same answer, whether there is such an account or not.
pub(super) async fn forgot(State(app): State<App>, sent: SentByVisitor) -> Answer {
    let email = sent.form.text("email").trim().to_owned();
    if app.mailer.is_some() && limits::may_try(&app, "forgot", &email, &sent.caller).await? {
        let asked = email.clone();
        let found = app.read(move |rx| rx.user_by_email(&asked)).await?;
        if let Some((user, _)) = found {
            let offer = Offer {
                secret: Kind::Link,
                kind: RESET,
                user: user.id,
                payload: user.email.clone().into_bytes(),
                seconds: RESET_SECONDS,
            };
            offer.send(&app, "/reset", |link| mail::reset(&user.email, link));
        }
    }
    forgot_page(&app, &sent.visitor, &sent.headers, true)
}

async fn reset_page(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    (hash, errors): ([u8; 32], Errors),
) -> Answer {
    let user = whose(app, RESET, hash).await?;
    let person = app.read(move |rx| rx.user(user)).await?;
    let (token, cookie) = visitor_token(headers, app);
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let view = Reset {
        bare: visitor.bare(csrf::made_in(&token, &mark(&hash))),
        email: person.ok_or_else(dead_link)?.email,
        password_min: u8::try_from(password::SHORTEST).unwrap_or(u8::MAX),
        errors,
    };
    Ok(private(with_cookie(answer::page(status, &view)?, cookie)))
}

/// `GET /reset`
pub(super) async fn ask_reset(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(link): Query<Link>,
) -> Answer {
    if let Some(answer) = taken(&app, link, "/reset") {
        return answer;
    }
    let hash = opened(&app, &headers)?;
    reset_page(&app, &visitor, &headers, (hash, Errors::default())).await
}

/// `POST /reset`
pub(super) async fn reset(State(app): State<App>, sent: SentByVisitor) -> Answer {
    let hash = meant(&app, &sent.headers, &sent.form)?;
    let user = whose(&app, RESET, hash).await?;
    let person = app.read(move |rx| rx.user(user)).await?;
    let person = person.ok_or_else(dead_link)?;
    let typed = Zeroizing::new(sent.form.text("password").to_owned());
    if let Err(error) = password::acceptable_for(&typed, &[&person.name, &person.email]) {
        let errors = [("password", sentence(&error.to_string()))];
        let wrong = (hash, errors.into_iter().collect());
        return reset_page(&app, &sent.visitor, &sent.headers, wrong).await;
    }
    let action = ResetPassword {
        user,
        hash,
        password: app.hasher.hash(typed, app.store.clone()).await?,
    };
    match app.perform(&sent.caller, action).await {
        Ok(_) => {
            limits::begin_again(&app, &person, &sent.caller).await?;
            Ok(with_cookie(
                see_other("/sign-in"),
                cookies::forget(&app.config, Name::Link),
            ))
        }
        Err(Error::Unauthenticated) => Err(dead_link()),
        Err(error) => Err(error.into()),
    }
}

/// `GET /confirm-email`
pub(super) async fn ask_confirm(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(link): Query<Link>,
) -> Answer {
    if let Some(answer) = taken(&app, link, "/confirm-email") {
        return answer;
    }
    let hash = opened(&app, &headers)?;
    let found = app.read(move |rx| rx.challenge(EMAIL, &hash)).await?;
    let found = found.ok_or_else(dead_link)?;
    let (token, cookie) = visitor_token(&headers, &app);
    let view = Confirm {
        bare: visitor.bare(csrf::made_in(&token, &mark(&hash))),
        email: Asked::parse(&found.payload)?.email,
    };
    Ok(private(with_cookie(
        answer::page(StatusCode::OK, &view)?,
        cookie,
    )))
}

/// `POST /confirm-email`
pub(super) async fn confirm(
    State(app): State<App>,
    person: Result<Somebody, Refusal>,
    sent: SentByVisitor,
) -> Answer {
    let hash = meant(&app, &sent.headers, &sent.form)?;
    let user = whose(&app, EMAIL, hash).await?;
    let hash = Some(hash);
    match app.perform(&sent.caller, ConfirmEmail { user, hash }).await {
        Ok(made) => {
            // The browser may be another one than that which asked for it, and nobody signed in there.
            let lands = match person {
                Ok(Somebody(person)) if person.user.id == user => "/profile",
                Ok(_) => "/",
                Err(_) => "/sign-in",
            };
            let said = flash::cookie(Done::Confirmed, &made.entries);
            let said = cookies::keep(&app.config, Name::Flash, &said, flash::SECONDS);
            let forget = cookies::forget(&app.config, Name::Link);
            Ok(with_cookie(with_cookie(see_other(lands), forget), said))
        }
        Err(Error::Unauthenticated) => Err(dead_link()),
        Err(Error::Failed { message, .. }) => Err(Refusal::new(
            StatusCode::CONFLICT,
            "The address was not changed",
            &sentence(&message),
            "Choose another address.",
        )),
        Err(error) => Err(error.into()),
    }
}
