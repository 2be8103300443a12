//! The own account of a person who has no role in any workspace: nothing else is open, but the account is still theirs.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use model::id::UserId;
use model::things::User;
use store::{Action, Error, Recorded};

use super::super::answer::{self, Answer, see_other, with_cookie};
use super::super::flash::{self, Done};
use super::super::form::Form;
use super::super::me::Me;
use super::super::once;
use super::super::refusal::Refusal;
use super::super::things::Wrong;
use super::super::view::frame::Flash;
use super::super::view::profile::Alone as View;
use super::super::visitor::Visitor;
use super::factors::rows;
use super::{PROFILE, sessions};
use crate::actions::session::sign_in::IDLE;
use crate::app::App;
use crate::auth::cookies::{self, Name};
use crate::auth::password;
use crate::auth::session::{NotSignedIn, Person};
use crate::request::Caller;

/// A person on a page of the own account.
pub(in crate::web) enum Who {
    /// In a workspace.
    Here(Box<Me>),
    /// Without one.
    Alone(Box<Alone>),
}

/// A person without a workspace.
pub(in crate::web) struct Alone {
    person: Person,
    visitor: Visitor,
    said: Option<Flash>,
}

impl Who {
    async fn of(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        match Me::of(parts, app).await {
            Ok(me) => Ok(Self::Here(Box::new(me))),
            Err(NotSignedIn::NoWorkspace) => {
                let person = match Person::of(parts, app).await {
                    Ok(person) => person,
                    Err(NotSignedIn::Error(error)) => return Err(error.into()),
                    Err(_) => return Err(Refusal::sign_in(None)),
                };
                let visitor = Visitor::of(parts, app);
                let said = cookies::read(&parts.headers, &app.config, Name::Flash);
                let said = said.and_then(|cookie| flash::word(&cookie));
                Ok(Self::Alone(Box::new(Alone {
                    person,
                    visitor,
                    said: said.map(|done| Flash::Note(format!("{done}."))),
                })))
            }
            Err(other) => Err(Me::refusal(parts, other)),
        }
    }

    pub(super) const fn account(&self) -> &User {
        match self {
            Self::Here(me) => &me.signed_in.user,
            Self::Alone(alone) => &alone.person.user,
        }
    }

    pub(super) const fn user(&self) -> UserId {
        self.account().id
    }

    pub(super) const fn caller(&self) -> &Caller {
        match self {
            Self::Here(me) => &me.signed_in.caller,
            Self::Alone(alone) => &alone.person.caller,
        }
    }

    /// What whoever guesses a password knows of the person.
    pub(super) fn name_and_email(&self) -> (&str, &str) {
        (&self.account().name, &self.account().email)
    }

    /// Does an action for the person.
    pub(super) async fn perform<A: Action>(
        &self,
        app: &App,
        action: A,
    ) -> Result<Recorded<A::Output>, store::Error> {
        app.perform(self.caller(), action).await
    }

    /// The page of the account, with what is wrong.
    pub(super) async fn page(&self, app: &App, wrong: Wrong) -> Answer {
        match self {
            Self::Here(me) => super::page(app, me, wrong, None).await,
            Self::Alone(alone) => alone.page(app, wrong).await,
        }
    }

    /// On to the page, which says what was done.
    pub(super) fn done<T>(&self, app: &App, done: Done, made: &Recorded<T>) -> Response {
        match self {
            Self::Here(me) => me.done(PROFILE, done, &made.entries),
            Self::Alone(_) => {
                let value = flash::cookie(done, &made.entries);
                let cookie = cookies::keep(&app.config, Name::Flash, &value, flash::SECONDS);
                with_cookie(see_other(PROFILE), cookie)
            }
        }
    }
}

impl FromRequestParts<App> for Who {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        Self::of(parts, app).await
    }
}

/// A form of a person on a page of the own account.
pub(in crate::web) struct SentByWho {
    pub(super) who: Who,
    pub(super) form: Form,
}

impl FromRequest<App> for SentByWho {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let who = Who::of(&mut parts, app).await;
        let (who, form) = Form::of_session(who, parts, body, app).await?;
        Ok(Self { who, form })
    }
}

impl Alone {
    fn forget(&self, app: &App) -> Option<HeaderValue> {
        self.said
            .is_some()
            .then(|| cookies::forget(&app.config, Name::Flash))
    }

    async fn page(&self, app: &App, wrong: Wrong) -> Answer {
        let (user, session) = (self.person.user.id, self.person.session);
        let (open, factors, codes_left, organizations) = app
            .read(move |rx| {
                let idle_since = rx.now().plus(-IDLE);
                let mut organizations = Vec::new();
                for id in rx.organizations_of(user)? {
                    let one = rx.organization(id)?;
                    let one = one.ok_or(Error::NotFound("organization"))?;
                    organizations.push((id.to_string(), one.name));
                }
                Ok((
                    rx.sessions_of(user, idle_since)?,
                    rx.factors(user)?,
                    rx.recovery_codes_left(user)?,
                    organizations,
                ))
            })
            .await?;
        let clock = &self.visitor.clock;
        let mut bare = self.visitor.bare(self.person.csrf.clone());
        bare.flash = wrong.flash.or_else(|| self.said.clone());
        let view = View {
            bare,
            name: self.person.user.name.clone(),
            email: self.person.user.email.clone(),
            has_mail: app.mailer.is_some(),
            factors: rows(clock, factors),
            codes_left,
            organizations,
            password_min: u8::try_from(password::SHORTEST).unwrap_or(u8::MAX),
            sessions: sessions(clock, open, session),
            once: once::number(app.store.entropy()),
            errors: wrong.errors,
        };
        let page = answer::page(wrong.status, &view)?;
        let is_read = wrong.status == StatusCode::OK;
        Ok(with_cookie(page, self.forget(app).filter(|_| is_read)))
    }
}
