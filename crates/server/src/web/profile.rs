//! `/profile`: what a person does to the own account.

mod alone;
pub(super) mod factors;
pub(super) mod tokens;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::id::{SessionId, UserId};
use model::things::{FactorKind, SessionSeen};
use store::{Error, Upkeep};
use zeroize::Zeroizing;

use self::alone::{SentByWho, Who};
use super::answer::{Answer, see_other, with_cookie};
use super::flash::Done;
use super::form::Form;
use super::me::Me;
use super::once;
use super::phone::phone_of;
use super::refusal::Refusal;
use super::things::{self, Wrong};
use super::view::frame::{Flash, NavItem};
use super::view::parts::Errors;
use super::view::profile::{Profile, Session};
use super::visitor::Clock;
use crate::actions::account::change_password::ChangePassword;
use crate::actions::account::confirm_email::{Asked, ConfirmEmail, EMAIL};
use crate::actions::account::update_name::UpdateName;
use crate::actions::factor::Proof;
use crate::actions::input;
use crate::actions::member::leave::LeaveOrganization;
use crate::actions::session::revoke::RevokeSessions;
use crate::actions::session::sign_in::IDLE;
use crate::app::App;
use crate::auth::challenge::Offer;
use crate::auth::cookies::{self, Name};
use crate::auth::secret::Kind;
use crate::auth::{limits, password, second};
use crate::mail;
use crate::notice::{News, letter, program};

const NAV: NavItem = NavItem::Profile;
pub(super) const PROFILE: &str = "/profile";
/// How long a link to confirm another e-mail address is good, in seconds.
const EMAIL_SECONDS: i64 = 3600;

/// Where a person is signed in, as rows.
fn sessions(clock: &Clock, all: Vec<SessionSeen>, own: SessionId) -> Vec<Session> {
    let row = |one: SessionSeen| Session {
        id: one.id.to_string(),
        program: program(one.user_agent.as_deref()),
        ip: one.ip,
        since: clock.at(one.created_at),
        seen: clock.at(one.used_at),
        is_this: one.id == own,
    };
    all.into_iter().map(row).collect()
}

async fn page(app: &App, me: &Me, wrong: Wrong, shown: Option<String>) -> Answer {
    page_with(app, me, wrong, shown, &Form::default()).await
}

/// The page; `shown` is a token just made, `sent` the form of one that was not.
async fn page_with(app: &App, me: &Me, wrong: Wrong, shown: Option<String>, sent: &Form) -> Answer {
    let (user, organization) = (me.signed_in.user.id, me.place().organization);
    let (organizations, open, tokens, workspaces, factors, codes) = app
        .read(move |rx| {
            let mut all = rx.organizations_of(user)?;
            all.sort_by_key(|id| *id != organization);
            let mut organizations = Vec::with_capacity(all.len());
            for id in all {
                let name = rx.organization(id)?.map(|one| one.name);
                organizations.push((id.to_string(), name.unwrap_or_default()));
            }
            let idle_since = rx.now().plus(-IDLE);
            let mut tokens = rx.tokens(organization)?;
            tokens.retain(|(token, _)| token.owner == Some(user));
            Ok((
                organizations,
                rx.sessions_of(user, idle_since)?,
                tokens,
                rx.workspaces(organization)?,
                rx.factors(user)?,
                rx.recovery_codes_left(user)?,
            ))
        })
        .await?;
    let clock = me.clock();
    let view = Profile {
        frame: me.frame_with(NAV, wrong.flash),
        organizations,
        has_mail: app.mailer.is_some(),
        password_min: u8::try_from(password::SHORTEST).unwrap_or(u8::MAX),
        sessions: sessions(clock, open, me.signed_in.session),
        tokens: tokens
            .into_iter()
            .map(|(one, used)| tokens::token(clock, one, used, None, &workspaces))
            .collect(),
        can_add_phone: app.texter.is_some() && phone_of(&factors).is_none(),
        has_app: factors.iter().any(|one| one.kind == FactorKind::Totp),
        factors: factors::rows(clock, factors),
        codes_left: codes,
        shown,
        new_token: tokens::new_token(sent),
        once: once::number(app.store.entropy()),
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `GET /profile`
pub(super) async fn show(State(app): State<App>, who: Who) -> Answer {
    who.page(&app, Wrong::none()).await
}

/// On to the page, or the page again with what is wrong.
async fn done<T>(
    app: &App,
    who: &Who,
    done: Done,
    result: Result<store::Recorded<T>, Error>,
    (title, fields): (&str, &[&str]),
) -> Answer {
    match result {
        Ok(made) => Ok(who.done(app, done, &made)),
        Err(error) => who.page(app, Wrong::of(error, title, fields)?).await,
    }
}

/// `POST /profile/name`
pub(super) async fn update_name(State(app): State<App>, sent: SentByWho) -> Answer {
    let SentByWho { who, form } = sent;
    let action = UpdateName {
        user: who.user(),
        name: form.name().to_owned(),
    };
    let result = who.perform(&app, action).await;
    done(
        &app,
        &who,
        Done::Saved,
        result,
        ("The name was not changed", &["name"]),
    )
    .await
}

/// Whether a password is that of the person now: the hash that it was checked against.
pub(super) async fn checked(
    app: &App,
    user: UserId,
    typed: &str,
) -> Result<Option<String>, Refusal> {
    if let Some(wait) = limits::wait_to_prove(app, user).await? {
        return Err(Refusal::too_many(wait));
    }
    let hash = app.read(move |rx| rx.password_of(user)).await?;
    let typed = Zeroizing::new(typed.to_owned());
    let fits = app.hasher.verify(typed, hash.clone()).await?;
    if fits {
        limits::proved(app, user).await?;
    }
    Ok(hash.filter(|_| fits))
}

/// What a person shows once more: six digits, for which a password is too short, are a code of the app. Everything else may be the
/// password; what is not, and has the form of a recovery code, as passwords have that a manager makes, is tried as one.
async fn proof(app: &App, user: UserId, typed: &str) -> Result<Proof, Refusal> {
    let code = typed.trim();
    if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        if let Some(wait) = limits::wait_to_prove(app, user).await? {
            return Err(Refusal::too_many(wait));
        }
        return Ok(Proof::Code(Zeroizing::new(code.to_owned())));
    }
    let password = checked(app, user, typed).await?;
    if password.is_none() && second::recovery_code(code).is_some() {
        return Ok(Proof::Code(Zeroizing::new(code.to_owned())));
    }
    Ok(Proof::Password(password))
}

/// `POST /profile/password`
pub(super) async fn change_password(State(app): State<App>, sent: SentByWho) -> Answer {
    let SentByWho { who, form } = sent;
    let user = who.user();
    let new = Zeroizing::new(form.text("new_password").to_owned());
    let (name, email) = who.name_and_email();
    if let Err(error) = password::acceptable_for(&new, &[name, email]) {
        let errors: Errors = [("new_password", super::refusal::sentence(&error.to_string()))]
            .into_iter()
            .collect();
        return who.page(&app, Wrong::fields(errors)).await;
    }
    let checked = checked(&app, user, form.text("password")).await?;
    let action = ChangePassword {
        user,
        checked,
        password: app.hasher.hash(new, app.store.clone()).await?,
    };
    let result = who.perform(&app, action).await;
    done(
        &app,
        &who,
        Done::Saved,
        result,
        ("The password was not changed", &[]),
    )
    .await
}

/// `POST /profile/email`: a link goes to the new address; following it changes the address.
pub(super) async fn change_email(State(app): State<App>, sent: SentByWho) -> Answer {
    let SentByWho { who, form } = sent;
    let email = form.text("email").trim().to_owned();
    let user = who.user();
    let wrong = |message: &str| Wrong::fields([("email", message)].into_iter().collect());
    if app.mailer.is_none() {
        let message = "There is no mail server to confirm the address with.";
        return who.page(&app, wrong(message)).await;
    }
    if input::email(&email).is_err() {
        return who
            .page(&app, wrong("This is not an e-mail address."))
            .await;
    }
    if email == who.account().email {
        let message = "This is your address already. Nothing was changed.";
        return who.page(&app, wrong(message)).await;
    }
    let Some(checked) = checked(&app, user, form.text("password")).await? else {
        // By the action, so that it is recorded.
        match who.perform(&app, ConfirmEmail { user, hash: None }).await {
            Err(Error::Failed { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Err(Error::Internal("no link was followed".to_owned()).into()),
        }
        let errors = [("email_password", "The password is wrong.")];
        let wrong = Wrong::fields(errors.into_iter().collect());
        return who.page(&app, wrong).await;
    };
    if let Some(wait) = limits::wait_to_confirm(&app, user, &email, who.caller()).await? {
        return Err(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many letters",
            "No other letter was sent.",
            &format!(
                "Those that were sent may still be on their way. Wait {}, and try again.",
                super::refusal::minutes(wait)
            ),
        )
        .wait(wait)
        .link("Back to your profile", PROFILE));
    }
    let asked = Asked {
        email: email.clone(),
        checked,
    };
    let offer = Offer {
        secret: Kind::Link,
        kind: EMAIL,
        user,
        payload: asked.payload()?,
        seconds: EMAIL_SECONDS,
    };
    offer.send(&app, "/confirm-email", |link| mail::confirm(&email, link));
    // Whoever reads the mailbox of now learns of it while it can still be stopped.
    let news = News::EmailAsked(email.clone());
    let (account, origin) = (who.account(), &who.caller().origin);
    let told = letter(account, &news, origin, app.store.clock().now());
    app.note(Upkeep::Tell(Box::new((user, told))));
    let note = Wrong {
        status: StatusCode::OK,
        errors: Errors::default(),
        flash: Some(Flash::Note(format!(
            "A letter is on its way to {email}. The address changes when its link is followed."
        ))),
    };
    who.page(&app, note).await
}

/// `POST /profile/sessions/{id}/end`
pub(super) async fn end_session(
    State(app): State<App>,
    Path(id): Path<String>,
    sent: SentByWho,
) -> Answer {
    let who = sent.who;
    let action = RevokeSessions {
        user: who.user(),
        session: Some(things::id(&id)?),
    };
    let result = who.perform(&app, action).await;
    done(
        &app,
        &who,
        Done::Ended,
        result,
        ("The session was not ended", &[]),
    )
    .await
}

/// `POST /profile/sessions/end`
pub(super) async fn end_sessions(State(app): State<App>, sent: SentByWho) -> Answer {
    let who = sent.who;
    let action = RevokeSessions {
        user: who.user(),
        session: None,
    };
    let result = who.perform(&app, action).await;
    done(
        &app,
        &who,
        Done::Ended,
        result,
        ("The sessions were not ended", &[]),
    )
    .await
}

/// `POST /profile/leave`: the form says which organization.
pub(super) async fn leave(State(app): State<App>, sent: SentByWho) -> Answer {
    let SentByWho { who, form } = sent;
    let (user, id) = (who.user(), things::id(form.text("organization"))?);
    let organization = app
        .read(move |rx| {
            let is_own = rx.organizations_of(user)?.contains(&id);
            let organization = rx.organization(id)?.filter(|_| is_own);
            organization.ok_or(Error::NotFound("organization"))
        })
        .await?;
    let errors = things::confirmed(form.text("confirm"), &organization.name);
    if !errors.is_empty() {
        return who.page(&app, Wrong::fields(errors)).await;
    }
    let action = LeaveOrganization {
        organization: id,
        user,
    };
    match who.perform(&app, action).await {
        Ok(_) => Ok(with_cookie(
            see_other("/sign-in"),
            cookies::forget(&app.config, Name::Session),
        )),
        Err(error) => {
            let wrong = Wrong::of(error, "You are still a member", &[])?;
            who.page(&app, wrong).await
        }
    }
}
