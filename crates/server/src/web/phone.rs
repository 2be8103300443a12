//! `/profile/phone`, and the code by text message in the second step of signing in.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::clock::Micros;
use model::id::UserId;
use model::things::{Delivery, Factor, FactorKind};
use store::{Challenge, Error, NewChallenge, Upkeep, Way};

use super::answer::{self, Answer, local, see_other, with_cookie};
use super::form::{SentByPerson, SentByVisitor};
use super::me::Somebody;
use super::profile::{self, PROFILE};
use super::refusal::{Refusal, minutes};
use super::sign_in;
use super::things::Wrong;
use super::view::links::OnItsWay;
use super::view::profile::{ConfirmPhone, Phone};
use super::visitor::Visitor;
use crate::actions::factor::add_phone::AddPhone;
use crate::actions::factor::change_phone::ChangePhone;
use crate::actions::factor::{Confirmed, Proof, Sent};
use crate::app::App;
use crate::auth::cookies::{self, Name};
use crate::auth::limits::{self, Text};
use crate::auth::phone::{self, CODE_SECONDS, CONFIRM, SIGN_IN};
use crate::auth::second;
use crate::auth::secret::{self, Kind};
use crate::auth::session::{Person, lacks_factor};
use crate::request::Caller;
use crate::sms;

/// The phone of a person, if there is one.
pub(super) fn phone_of(factors: &[Factor]) -> Option<&Factor> {
    factors
        .iter()
        .find(|factor| factor.kind == FactorKind::Phone)
}

/// Sends a code, and gives the cookie with the secret that it is good with.
async fn send(
    app: &App,
    (kind, user): (&'static str, UserId),
    number: &str,
    checked: Option<String>,
    response: Response,
) -> Answer {
    let secret = secret::new(Kind::Step, app.store.entropy());
    let code = phone::new_code(app.store.entropy());
    let kept = Sent {
        number: number.to_owned().into(),
        code: phone::code_hash(&secret, &code),
        checked,
    };
    let payload = serde_json::to_vec(&kept).map_err(|error| Error::Internal(error.to_string()))?;
    let challenge = NewChallenge {
        hash: secret::hash(&secret),
        kind,
        user: Some(user),
        payload: payload.into(),
        lasts: CODE_SECONDS * Micros::SECOND,
    };
    let public = app.config.public_url.as_deref();
    let host = public.and_then(|url| url.split_once("://").map(|(_, host)| host));
    let letter = sms::code(number, &code, host);
    let kept = Upkeep::Challenge(Box::new((challenge, Some((Way::Sms, letter)))));
    app.store.upkeep(kept).await?;
    let cookie = cookies::keep(&app.config, Name::Code, &secret, CODE_SECONDS);
    Ok(with_cookie(response, cookie))
}

/// The code that this browser waits for.
async fn waiting(
    app: &App,
    headers: &HeaderMap,
    (kind, user): (&'static str, UserId),
) -> store::Result<Option<(Challenge, Sent)>> {
    let Some(secret) = cookies::read(headers, &app.config, Name::Code) else {
        return Ok(None);
    };
    let hash = secret::hash(&secret);
    let open = app.read(move |rx| rx.challenge(kind, &hash)).await?;
    let Some(open) = open.filter(|open| open.user == Some(user)) else {
        return Ok(None);
    };
    let sent = Sent::parse(&open.payload)?;
    Ok(Some((open, sent)))
}

/// What was typed for the code that this browser waits for, if it waits for one.
pub(super) fn came_back(app: &App, headers: &HeaderMap, typed: &str) -> Option<Confirmed> {
    let secret = cookies::read(headers, &app.config, Name::Code)?;
    Some(Confirmed {
        challenge: secret::hash(&secret),
        code: phone::code_hash(&secret, typed),
    })
}

/// What a page says of a code on its way.
fn about(number: &str, delivery: Delivery) -> OnItsWay {
    let number = phone::masked(number);
    let text = match delivery {
        Delivery::Failed => format!(
            "The message to {number} could not be delivered. Look at the number, or try another way."
        ),
        Delivery::Sent => format!("A code was sent to {number}. It is good for 10 minutes."),
        Delivery::None | Delivery::Waiting => format!(
            "A code is on its way to {number}. If nothing comes, load this page again: it says what became of it."
        ),
    };
    OnItsWay {
        text,
        is_bad: delivery == Delivery::Failed,
    }
}

/// Of the second step: the number that a code can be sent to, and what became of the one that was.
pub(super) async fn step(
    app: &App,
    headers: &HeaderMap,
    user: UserId,
    factors: &[Factor],
) -> store::Result<(Option<String>, Option<OnItsWay>)> {
    let number = phone_of(factors)
        .filter(|_| app.texter.is_some())
        .map(|phone| phone::masked(&phone.secret));
    let sent = waiting(app, headers, (SIGN_IN, user)).await?;
    Ok((
        number,
        sent.map(|(open, sent)| about(&sent.number, open.delivery)),
    ))
}

/// `POST /sign-in/step/text`: a code to the phone of whoever's password was right.
pub(super) async fn send_step(State(app): State<App>, sent: SentByVisitor) -> Answer {
    let (_, user, _) = sign_in::waiting(&app, &sent.headers).await?;
    let id = user.id;
    let factors = app.read(move |rx| rx.factors(id)).await?;
    let (Some(phone), true) = (phone_of(&factors), app.texter.is_some()) else {
        return Err(Refusal::nothing_here());
    };
    let next = local(sent.form.text("next"));
    let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
    let back = format!("/sign-in/step?{query}");
    may_send(&app, (Text::SignIn, id), &phone.secret, &sent.caller, &back).await?;
    send(&app, (SIGN_IN, id), &phone.secret, None, see_other(&back)).await
}

async fn may_send(
    app: &App,
    (text, user): (Text, UserId),
    number: &str,
    caller: &Caller,
    back: &str,
) -> Result<(), Refusal> {
    let Some(wait) = limits::wait_to_send(app, text, user, number, caller).await? else {
        return Ok(());
    };
    Err(Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many messages",
        "No message was sent.",
        &format!("Wait {}, or try another way.", minutes(wait)),
    )
    .wait(wait)
    .link("Back", back))
}

/// What the pages say of the person's phone: whether a factor is required, and the number of now.
async fn now(app: &App, user: UserId) -> store::Result<(bool, Option<Factor>)> {
    app.read(move |rx| {
        let factors = rx.factors(user)?;
        Ok((lacks_factor(rx, user)?, phone_of(&factors).cloned()))
    })
    .await
}

async fn page(
    app: &App,
    person: &Person,
    visitor: &Visitor,
    (wrong, typed): (Wrong, &str),
) -> Answer {
    let (required, phone) = now(app, person.user.id).await?;
    let mut bare = visitor.bare(person.csrf.clone());
    bare.flash = wrong.flash;
    let view = Phone {
        bare,
        required,
        has_texter: app.texter.is_some(),
        current: phone.map(|phone| phone::masked(&phone.secret)),
        number: typed.to_owned(),
        errors: wrong.errors,
    };
    answer::page(wrong.status, &view)
}

/// `GET /profile/phone`
pub(super) async fn ask(
    State(app): State<App>,
    Somebody(person): Somebody,
    visitor: Visitor,
) -> Answer {
    page(&app, &person, &visitor, (Wrong::none(), "")).await
}

/// Refuses a number whose owner did not show the password, by the action, so that it is recorded.
async fn refused(app: &App, person: &Person, has_phone: bool) -> Result<(), Error> {
    let nothing = Confirmed {
        challenge: [0; 32],
        code: [0; 32],
    };
    let (user, proof, confirmed) = (person.user.id, Proof::Password(None), nothing);
    if has_phone {
        let action = ChangePhone {
            user,
            proof,
            confirmed,
        };
        app.perform(&person.caller, action).await.map(|_| ())
    } else {
        let action = AddPhone {
            user,
            proof,
            confirmed,
            recovery_codes: Vec::new(),
        };
        app.perform(&person.caller, action).await.map(|_| ())
    }
}

/// `POST /profile/phone`: a code to a number that is to be the person's.
pub(super) async fn send_confirm(State(app): State<App>, sent: SentByPerson) -> Answer {
    let SentByPerson {
        person,
        visitor,
        form,
        ..
    } = sent;
    let user = person.user.id;
    let typed = form.text("number").trim();
    if app.texter.is_none() {
        return page(&app, &person, &visitor, (Wrong::none(), typed)).await;
    }
    let wrong = |field: &'static str, message: &str| {
        Wrong::fields([(field, message)].into_iter().collect())
    };
    let Some(number) = phone::number(typed) else {
        let why = "This is not a number that text messages can be sent to. Begin with + and the country, as in +44 7400 123456.";
        return page(&app, &person, &visitor, (wrong("number", why), typed)).await;
    };
    let (_, phone) = now(&app, user).await?;
    if phone.as_ref().is_some_and(|phone| *phone.secret == number) {
        let why = "This is your number already.";
        return page(&app, &person, &visitor, (wrong("number", why), typed)).await;
    }
    let Some(checked) = profile::checked(&app, user, form.text("password")).await? else {
        return match refused(&app, &person, phone.is_some()).await {
            Err(Error::Failed { .. }) => {
                let why = wrong("password", "The password is wrong.");
                page(&app, &person, &visitor, (why, typed)).await
            }
            Err(error) => Err(error.into()),
            Ok(()) => Err(Error::Internal("a phone of nothing was added".to_owned()).into()),
        };
    };
    may_send(
        &app,
        (Text::Confirm, user),
        &number,
        &person.caller,
        "/profile/phone",
    )
    .await?;
    let on = see_other("/profile/phone/confirm");
    send(&app, (CONFIRM, user), &number, Some(checked), on).await
}

async fn confirm_page(
    app: &App,
    person: &Person,
    visitor: &Visitor,
    headers: &HeaderMap,
    wrong: Wrong,
) -> Answer {
    let Some((open, sent)) = waiting(app, headers, (CONFIRM, person.user.id)).await? else {
        return Err(Refusal::on("/profile/phone"));
    };
    let (_, phone) = now(app, person.user.id).await?;
    let mut bare = visitor.bare(person.csrf.clone());
    bare.flash = wrong.flash;
    let view = ConfirmPhone {
        bare,
        sent: about(&sent.number, open.delivery),
        is_change: phone.is_some(),
        errors: wrong.errors,
    };
    answer::page(wrong.status, &view)
}

/// `GET /profile/phone/confirm`
pub(super) async fn ask_confirm(
    State(app): State<App>,
    Somebody(person): Somebody,
    visitor: Visitor,
    headers: HeaderMap,
) -> Answer {
    confirm_page(&app, &person, &visitor, &headers, Wrong::none()).await
}

/// What was typed, and the password's hash that was shown before; counted before it is looked at.
async fn typed(app: &App, sent: &SentByPerson) -> Result<(Proof, Confirmed), Refusal> {
    let user = sent.person.user.id;
    let again = || Refusal::on("/profile/phone");
    let kept = waiting(app, &sent.headers, (CONFIRM, user)).await?;
    let (_, kept) = kept.ok_or_else(again)?;
    if let Some(wait) = limits::wait_to_prove(app, user).await? {
        return Err(Refusal::too_many(wait).link("Back to your profile", PROFILE));
    }
    let confirmed = came_back(app, &sent.headers, sent.form.text("code")).ok_or_else(again)?;
    Ok((Proof::Password(kept.checked), confirmed))
}

async fn again(app: &App, sent: &SentByPerson, error: Error, title: &str) -> Answer {
    let wrong = Wrong::of(error, title, &["code"])?;
    confirm_page(app, &sent.person, &sent.visitor, &sent.headers, wrong).await
}

/// `POST /profile/phone/confirm`: the first number.
pub(super) async fn add(State(app): State<App>, sent: SentByPerson) -> Answer {
    let (proof, confirmed) = typed(&app, &sent).await?;
    let user = sent.person.user.id;
    let codes = second::recovery_codes(app.store.entropy());
    let action = AddPhone {
        user,
        proof,
        confirmed,
        recovery_codes: codes.clone(),
    };
    let forget = cookies::forget(&app.config, Name::Code);
    match app.perform(&sent.person.caller, action).await {
        Ok(made) => {
            limits::proved(&app, user).await?;
            let page = if made.output {
                profile::factors::codes_page(&sent.visitor, &sent.person, codes)?
            } else {
                see_other(PROFILE)
            };
            Ok(with_cookie(page, forget))
        }
        Err(error) => again(&app, &sent, error, "The phone was not added").await,
    }
}

/// `POST /profile/phone/change`: another number.
pub(super) async fn change(State(app): State<App>, sent: SentByPerson) -> Answer {
    let (proof, confirmed) = typed(&app, &sent).await?;
    let user = sent.person.user.id;
    let action = ChangePhone {
        user,
        proof,
        confirmed,
    };
    match app.perform(&sent.person.caller, action).await {
        Ok(_) => {
            limits::proved(&app, user).await?;
            let forget = cookies::forget(&app.config, Name::Code);
            Ok(with_cookie(see_other(PROFILE), forget))
        }
        Err(error) => again(&app, &sent, error, "The number was not changed").await,
    }
}
