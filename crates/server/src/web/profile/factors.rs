//! The second factors of the profile: apps, passkeys, phones, and the codes for when they are lost.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use model::things::FactorKind;
use store::Error;
use zeroize::Zeroizing;

use super::alone::SentByWho;
use super::{PROFILE, checked, done, proof};
use crate::actions::factor::Proof;
use crate::actions::factor::add::{AddApp, SEED};
use crate::actions::factor::codes::RegenerateCodes;
use crate::actions::factor::remove::RemoveFactor;
use crate::actions::factor::rename_passkey::RenamePasskey;
use crate::app::App;
use crate::auth::challenge::Offer;
use crate::auth::cookies::{self, Name};
use crate::auth::secret::{self, Kind};
use crate::auth::session::{Person, lacks_factor};
use crate::auth::{phone, second};
use crate::web::answer::{self, Answer, see_other, with_cookie};
use crate::web::flash::Done;
use crate::web::form::SentByPerson;
use crate::web::me::Somebody;
use crate::web::refusal::{self, Refusal};
use crate::web::things::{self, Wrong};
use crate::web::view::profile::{App as AppPage, Codes, Factor};
use crate::web::visitor::{Clock, Visitor};

/// How long setting an app up may take, in seconds.
const SETTING_UP: i64 = 1800;

/// The second factors, as rows.
pub(super) fn rows(clock: &Clock, factors: Vec<model::things::Factor>) -> Vec<Factor> {
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

/// What a page of setting an app up shows, and the cookie that holds the challenge's secret.
async fn seed(
    app: &App,
    person: &Person,
    headers: &HeaderMap,
) -> Result<(Zeroizing<String>, Option<HeaderValue>), Refusal> {
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
            let name = rx.instance()?.name.unwrap_or_default();
            Ok((name, lacks_factor(rx, user)?))
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
pub(in crate::web) async fn new_app(
    State(app): State<App>,
    Somebody(person): Somebody,
    visitor: Visitor,
    headers: HeaderMap,
) -> Answer {
    app_page(&app, &person, &visitor, &headers, Wrong::none()).await
}

pub(in crate::web) fn codes_page(visitor: &Visitor, person: &Person, codes: Vec<String>) -> Answer {
    let view = Codes {
        bare: visitor.bare(person.csrf.clone()),
        codes,
    };
    answer::page(StatusCode::OK, &view)
}

/// `POST /profile/app`
pub(in crate::web) async fn add_app(State(app): State<App>, sent: SentByPerson) -> Answer {
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
pub(in crate::web) async fn remove_factor(
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
pub(in crate::web) async fn rename_passkey(
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
pub(in crate::web) async fn recovery_codes(State(app): State<App>, sent: SentByPerson) -> Answer {
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
                    &refusal::sentence(&message),
                    "The codes that you have still work. Go back and try again.",
                )),
                error => Err(error.into()),
            }
        }
    }
}
