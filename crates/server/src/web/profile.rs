//! `/profile`: what a person does to the own account.

mod alone;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use model::clock::Micros;
use model::id::{SessionId, UserId};
use model::role::Access;
use model::things::{FactorKind, SessionSeen, Workspace};
use store::{Error, Upkeep};
use zeroize::Zeroizing;

use self::alone::{SentByWho, Who};
use super::answer::{self, Answer, see_other, with_cookie};
use super::flash::Done;
use super::form::{Form, Sent, SentByPerson};
use super::me::{Me, Somebody};
use super::once;
use super::phone::phone_of;
use super::refusal::Refusal;
use super::things::{self, Wrong};
use super::tokens;
use super::view::frame::{Flash, NavItem};
use super::view::parts::{Choice, Errors};
use super::view::profile::{App as AppPage, Codes, Factor, NewToken, Profile, Session, Token};
use super::visitor::{Clock, Visitor};
use crate::actions::account::change_password::ChangePassword;
use crate::actions::account::confirm_email::{Asked, ConfirmEmail, EMAIL};
use crate::actions::account::update_name::UpdateName;
use crate::actions::factor::Proof;
use crate::actions::factor::add::{AddApp, SEED};
use crate::actions::factor::codes::RegenerateCodes;
use crate::actions::factor::remove::RemoveFactor;
use crate::actions::factor::rename_passkey::RenamePasskey;
use crate::actions::input;
use crate::actions::member::leave::LeaveOrganization;
use crate::actions::session::revoke::RevokeSessions;
use crate::actions::session::sign_in::IDLE;
use crate::actions::token::create::{CreateToken, Whose};
use crate::actions::token::delete::DeleteToken;
use crate::app::App;
use crate::auth::challenge::Offer;
use crate::auth::cookies::{self, Name};
use crate::auth::secret::{self, Kind};
use crate::auth::session::Person;
use crate::auth::{limits, password, phone, second};
use crate::mail;
use crate::notice::{News, letter, program};

const NAV: NavItem = NavItem::Profile;
pub(super) const PROFILE: &str = "/profile";
/// How long setting an app up may take, in seconds.
const SETTING_UP: i64 = 1800;
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

/// A row of a table of tokens.
pub(super) fn token(
    clock: &Clock,
    one: model::things::Token,
    used: Option<Micros>,
    owner: Option<String>,
    workspaces: &[Workspace],
) -> Token {
    let mut named = workspaces.iter().filter(|_| workspaces.len() > 1);
    let workspace = named.find(|workspace| Some(workspace.id) == one.workspace);
    Token {
        id: one.id.to_string(),
        name: one.name,
        owner,
        workspace: workspace.map(|workspace| workspace.name.clone()),
        access: one.access.label(),
        created: clock.at(one.created_at),
        expires: one.expires_at.map(|at| clock.at(at)),
        used: used.map(|at| clock.at(at)),
    }
}

/// The second factors, as rows.
fn rows(clock: &Clock, factors: Vec<model::things::Factor>) -> Vec<Factor> {
    let row = |one: model::things::Factor| Factor {
        id: one.id.to_string(),
        kind: one.kind,
        name: if one.kind == FactorKind::Phone {
            phone::masked(&one.secret)
        } else {
            one.name
        },
        since: clock.at(one.created_at),
        used: one.used_at.map(|at| clock.at(at)),
    };
    factors.into_iter().map(row).collect()
}

/// What is in a form for a token: what was sent, or what most people want.
pub(super) fn new_token(sent: &Form) -> NewToken {
    let choices = |field: &str, default: &str, all: &[(&str, &str)]| -> Vec<Choice> {
        let chosen = sent.get(field).unwrap_or(default);
        all.iter()
            .map(|(word, label)| Choice::new(*word, *label, chosen))
            .collect()
    };
    let read_write = Access::ReadWrite.as_str();
    NewToken {
        name: sent.name().to_owned(),
        accesses: choices(
            "access",
            Access::Read.as_str(),
            &[
                (Access::Read.as_str(), "Read"),
                (read_write, "Read and write"),
            ],
        ),
        days: choices(
            "days",
            "90",
            &[
                ("7", "7 days"),
                ("30", "30 days"),
                ("90", "90 days"),
                ("365", "A year"),
                ("0", "For ever"),
            ],
        ),
    }
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
            .map(|(one, used)| token(clock, one, used, None, &workspaces))
            .collect(),
        can_add_phone: app.texter.is_some() && phone_of(&factors).is_none(),
        has_app: factors.iter().any(|one| one.kind == FactorKind::Totp),
        factors: rows(clock, factors),
        codes_left: codes,
        shown,
        new_token: new_token(sent),
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

/// The same, for who is in a workspace.
async fn outcome<T>(
    app: &App,
    me: &Me,
    done: Done,
    result: Result<store::Recorded<T>, Error>,
    (title, fields): (&str, &[&str]),
) -> Answer {
    match result {
        Ok(made) => Ok(me.done(PROFILE, done, &made.entries)),
        Err(error) => page(app, me, Wrong::of(error, title, fields)?, None).await,
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

/// How many days a form says that a token lasts; nothing for ever.
pub(super) fn days(form: &Form) -> Option<i64> {
    match form.text("days") {
        "" | "0" => None,
        days => Some(days.parse().unwrap_or(-1)),
    }
}

/// `POST /profile/tokens`
pub(super) async fn create_token(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let Some(ticket) = app.once.take(me.signed_in.session, "token", &form) else {
        return page(&app, &me, once::token_made(), None).await;
    };
    let secret = secret::new(Kind::Personal, app.store.entropy());
    let action = CreateToken {
        organization: me.place().organization,
        whose: Whose::Personal(me.place().workspace, None),
        name: form.name().to_owned(),
        access: form.text("access").parse().unwrap_or(Access::Read),
        days: days(&form),
        hash: secret::hash(&secret),
    };
    match me.perform(action).await {
        Ok(_) => page(&app, &me, Wrong::none(), Some(secret.to_string())).await,
        Err(error) => {
            ticket.give_back();
            let mut wrong = Wrong::of(error, "The token was not made", &["name"])?;
            if let Some(message) = wrong.errors.of("name").map(str::to_owned) {
                wrong.errors = [("token_name", message.as_str())].into_iter().collect();
            }
            page_with(&app, &me, wrong, None, &form).await
        }
    }
}

/// `GET /profile/tokens/{id}/delete`
pub(super) async fn ask_delete_token(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
) -> Answer {
    let action = format!("{PROFILE}/tokens/{id}/delete");
    tokens::question(&app, &me, &id, ("Your profile", PROFILE), action).await
}

/// `POST /profile/tokens/{id}/delete`
pub(super) async fn delete_token(
    State(app): State<App>,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let me = sent.me;
    let action = DeleteToken {
        organization: me.place().organization,
        id: things::id(&id)?,
        by: Some(me.signed_in.caller.actor),
    };
    let result = me.perform(action).await;
    outcome(
        &app,
        &me,
        Done::Deleted,
        result,
        ("The token was not deleted", &[]),
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

/// What a page of setting an app up shows, and the cookie that holds the challenge's secret.
async fn seed(
    app: &App,
    person: &Person,
    headers: &HeaderMap,
) -> Result<(Zeroizing<String>, Option<axum::http::HeaderValue>), Refusal> {
    if let Some(secret) = cookies::read(headers, &app.config, Name::Seed) {
        let (hash, user) = (secret::hash(&secret), person.user.id);
        let kept = app.read(move |rx| rx.challenge(SEED, &hash)).await?;
        if let Some(kept) = kept.filter(|kept| kept.user == Some(user)) {
            let seed = String::from_utf8_lossy(&kept.payload).into_owned();
            return Ok((Zeroizing::new(seed), None));
        }
    }
    let seed = second::new_seed(app.store.entropy());
    let offer = Offer {
        secret: Kind::Step,
        kind: SEED,
        user: person.user.id,
        payload: seed.as_bytes().to_vec(),
        seconds: SETTING_UP,
    };
    let secret = offer.make(app).await?;
    let cookie = cookies::keep(&app.config, Name::Seed, &secret, SETTING_UP);
    Ok((seed, Some(cookie)))
}

async fn app_page(
    app: &App,
    person: &Person,
    visitor: &Visitor,
    headers: &HeaderMap,
    wrong: Wrong,
) -> Answer {
    let user = person.user.id;
    let (name, required) = app
        .read(move |rx| {
            let mut required = false;
            for id in rx.organizations_of(user)? {
                required |= rx.organization(id)?.is_some_and(|one| one.requires_mfa);
            }
            Ok((
                rx.instance()?.name.unwrap_or_default(),
                required && !rx.has_factor(user)?,
            ))
        })
        .await?;
    let (seed, cookie) = seed(app, person, headers).await?;
    let uri = second::uri(&seed, &format!("Annals {name}"), &person.user.email);
    let (path, side) = second::qr(&uri)
        .ok_or_else(|| Error::Internal("the address does not fit a picture".to_owned()))?;
    let groups: Vec<String> = seed
        .as_bytes()
        .chunks(4)
        .map(|four| String::from_utf8_lossy(four).into_owned())
        .collect();
    let mut bare = visitor.bare(person.csrf.clone());
    bare.flash = wrong.flash;
    let view = AppPage {
        bare,
        path,
        side,
        seed: groups.join(" "),
        required,
        errors: wrong.errors,
    };
    Ok(with_cookie(answer::page(wrong.status, &view)?, cookie))
}

/// `GET /profile/app`
pub(super) async fn new_app(
    State(app): State<App>,
    Somebody(person): Somebody,
    visitor: Visitor,
    headers: HeaderMap,
) -> Answer {
    app_page(&app, &person, &visitor, &headers, Wrong::none()).await
}

pub(super) fn codes_page(visitor: &Visitor, person: &Person, codes: Vec<String>) -> Answer {
    let view = Codes {
        bare: visitor.bare(person.csrf.clone()),
        codes,
    };
    answer::page(StatusCode::OK, &view)
}

/// `POST /profile/app`
pub(super) async fn add_app(State(app): State<App>, sent: SentByPerson) -> Answer {
    let SentByPerson {
        person,
        visitor,
        form,
        headers,
    } = sent;
    let secret = cookies::read(&headers, &app.config, Name::Seed).unwrap_or_default();
    let codes = second::recovery_codes(app.store.entropy());
    let action = AddApp {
        user: person.user.id,
        proof: Proof::Password(checked(&app, person.user.id, form.text("password")).await?),
        challenge: secret::hash(&secret),
        code: Zeroizing::new(form.text("code").to_owned()),
        recovery_codes: codes.clone(),
    };
    let forget = cookies::forget(&app.config, Name::Seed);
    match app.perform(&person.caller, action).await {
        Ok(made) if made.output => Ok(with_cookie(codes_page(&visitor, &person, codes)?, forget)),
        Ok(_) => Ok(with_cookie(see_other(PROFILE), forget)),
        Err(error) => {
            let mut wrong = Wrong::of(error, "The app was not added", &["code"])?;
            if wrong.status == StatusCode::CONFLICT {
                wrong.status = StatusCode::UNPROCESSABLE_ENTITY;
            }
            app_page(&app, &person, &visitor, &headers, wrong).await
        }
    }
}

/// `POST /profile/factors/{id}/remove`
pub(super) async fn remove_factor(
    State(app): State<App>,
    Path(id): Path<String>,
    sent: SentByWho,
) -> Answer {
    let SentByWho { who, form } = sent;
    let user = who.user();
    let action = RemoveFactor {
        user,
        id: things::id(&id)?,
        proof: proof(&app, user, form.text("proof")).await?,
    };
    let result = who.perform(&app, action).await;
    done(
        &app,
        &who,
        Done::TurnedOff,
        result,
        ("The factor is still on", &[]),
    )
    .await
}

/// `POST /profile/passkeys/{id}/rename`
pub(super) async fn rename_passkey(
    State(app): State<App>,
    Path(id): Path<String>,
    sent: SentByWho,
) -> Answer {
    let SentByWho { who, form } = sent;
    let action = RenamePasskey {
        user: who.user(),
        id: things::id(&id)?,
        name: form.name().to_owned(),
    };
    let result = who.perform(&app, action).await;
    let title = "The passkey was not renamed";
    done(&app, &who, Done::Saved, result, (title, &[])).await
}

/// `POST /profile/recovery-codes`
pub(super) async fn recovery_codes(State(app): State<App>, sent: SentByPerson) -> Answer {
    let user = sent.person.user.id;
    let codes = second::recovery_codes(app.store.entropy());
    let action = RegenerateCodes {
        user,
        proof: proof(&app, user, sent.form.text("proof")).await?,
        codes: codes.clone(),
    };
    let refused = |title: &str, state: &str, advice: &str| {
        Refusal::new(StatusCode::CONFLICT, title, state, advice)
            .link("Back to your profile", PROFILE)
    };
    let ticket = app.once.take(sent.person.session, "codes", &sent.form);
    let Some(ticket) = ticket else {
        return Err(refused(
            "New codes were made already",
            "This form was sent before. The codes are not shown again, and no others were made.",
            "If you have not kept them, make new ones from your profile.",
        ));
    };
    match app.perform(&sent.person.caller, action).await {
        Ok(_) => codes_page(&sent.visitor, &sent.person, codes),
        Err(error) => {
            ticket.give_back();
            match error {
                Error::Failed { message, .. } => Err(refused(
                    "No new codes were made",
                    &super::refusal::sentence(&message),
                    "The codes that you have still work. Go back and try again.",
                )),
                error => Err(error.into()),
            }
        }
    }
}
