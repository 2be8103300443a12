//! The person who is signed in, as pages want it.

use std::ops::Range;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use model::id::LogId;
use model::things::CodeKind;
use store::{Action, Recorded};

use super::answer::{self, Answer, see_other, with_cookie};
use super::flash::{self, Done};
use super::refusal::Refusal;
use super::view::frame::{Flash, Frame, NavCounts, NavItem, Person};
use super::visitor::{Clock, Visitor};
use crate::app::App;
use crate::auth::cookies::{self, Name};
use crate::auth::csrf;
use crate::auth::session::{NotSignedIn, Person as SomePerson, SignedIn};
use crate::request::Place;

/// The person who is signed in.
#[derive(Clone)]
pub(super) struct Me {
    pub(super) signed_in: SignedIn,
    pub(super) visitor: Visitor,
    counts: NavCounts,
    flash: Option<Flash>,
    had_flash: bool,
    app: App,
}

impl Me {
    pub(super) const fn place(&self) -> Place {
        self.signed_in.place()
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.visitor.clock
    }

    /// What surrounds a page.
    pub(super) fn frame(&self, nav: NavItem) -> Frame {
        let one = &self.signed_in;
        Frame {
            organization: one.organization.name.clone(),
            workspace: one.workspace.name.clone(),
            person: Person {
                id: one.user.id.to_string(),
                name: one.user.name.clone(),
                email: one.user.email.clone(),
                role: one.role.to_owned(),
            },
            csrf: csrf::made_in(&one.csrf, one.workspace.id.as_str()),
            theme: self.visitor.theme,
            zone: self.visitor.zone.clone(),
            nav,
            counts: self.counts,
            flash: self.flash.clone(),
            can_audit: one.can.read_audit_log,
            can_edit_tokens: one.can.edit_tokens,
            takes_reason: false,
            request_id: self.visitor.request_id.clone(),
        }
    }

    /// The same, with what is wrong.
    pub(super) fn frame_with(&self, nav: NavItem, wrong: Option<Flash>) -> Frame {
        let frame = self.frame(nav);
        Frame {
            flash: wrong.or(frame.flash.clone()),
            ..frame
        }
    }

    /// A page.
    pub(super) fn show(&self, view: &impl Template) -> Answer {
        self.show_as(StatusCode::OK, view)
    }

    /// A page with another status.
    pub(super) fn show_as(&self, status: StatusCode, view: &impl Template) -> Answer {
        let page = answer::page(status, view)?;
        Ok(if self.had_flash {
            with_cookie(page, cookies::forget(&self.app.config, Name::Flash))
        } else {
            page
        })
    }

    /// Does an action for the person.
    pub(super) async fn perform<A: Action>(
        &self,
        action: A,
    ) -> Result<Recorded<A::Output>, store::Error> {
        self.app.perform(&self.signed_in.caller, action).await
    }

    /// On to the page that says what was recorded.
    pub(super) fn done(&self, path: &str, done: Done, entries: &[(LogId, Range<u64>)]) -> Response {
        let value = flash::cookie(done, entries);
        with_cookie(
            see_other(path),
            cookies::keep(&self.app.config, Name::Flash, &value, flash::SECONDS),
        )
    }
}

fn lacks_factor() -> Flash {
    Flash::Warning {
        title: "An organization of yours requires a second factor.".to_owned(),
        text: "Its workspaces are closed to you until you have one: open one of them, or your profile, to set it up."
            .to_owned(),
    }
}

/// A person who is signed in, with or without a workspace.
pub(super) struct Somebody(pub(super) SomePerson);

impl FromRequestParts<App> for Somebody {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        match SomePerson::of(parts, app).await {
            Ok(person) => Ok(Self(person)),
            Err(NotSignedIn::Error(error)) => Err(error.into()),
            Err(_) => Err(Refusal::sign_in(None)),
        }
    }
}

impl FromRequestParts<App> for Me {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        match Self::of(parts, app).await {
            Ok(me) => Ok(me),
            Err(why) => Err(Self::refusal(parts, why)),
        }
    }
}

impl Me {
    /// What is said to who is not signed in, or not in a workspace.
    pub(super) fn refusal(parts: &Parts, why: NotSignedIn) -> Refusal {
        match why {
            NotSignedIn::Nobody => {
                let path = (parts.method == Method::GET)
                    .then(|| parts.uri.path_and_query())
                    .flatten()
                    .map(|path| answer::local(path.as_str()).to_owned());
                Refusal::sign_in(path)
            }
            NotSignedIn::NoWorkspace => Refusal::new(
                StatusCode::FORBIDDEN,
                "No workspace is open to you",
                "You are signed in, and have no role in any workspace.",
                "Ask an administrator of the organization for a role in a workspace.",
            )
            .link("Your profile", "/profile"),
            // Only the way to a second factor is open.
            NotSignedIn::NeedsFactor => Refusal::on("/profile/app"),
            NotSignedIn::Error(error) => error.into(),
        }
    }

    /// Who is signed in, in one of the workspaces that are open.
    pub(super) async fn of(parts: &mut Parts, app: &App) -> Result<Self, NotSignedIn> {
        let signed_in = SignedIn::of(parts, app).await?;
        let visitor = Visitor::of(parts, app);
        let cookie = cookies::read(&parts.headers, &app.config, Name::Flash);
        let had_flash = cookie.is_some();
        let (workspace, organization, user, can_audit) = (
            signed_in.workspace.id,
            signed_in.organization.id,
            signed_in.user.id,
            signed_in.can.read_audit_log,
        );
        let is_read = parts.method == Method::GET;
        let (counts, flash) = app
            .read(move |rx| {
                let counts = NavCounts {
                    sources: Some(rx.source_rows(workspace, None, 0, None)?.total),
                    accounts: Some(rx.account_rows(workspace, None, 0, None)?.total),
                    destinations: Some(rx.destination_rows(workspace, None, 0, None)?.total),
                    transformations: Some(
                        rx.transformations(workspace, CodeKind::Transformation, None, 0, None)?
                            .total,
                    ),
                    libraries: Some(
                        rx.transformations(workspace, CodeKind::Library, None, 0, None)?
                            .total,
                    ),
                };
                let flash = match cookie.filter(|_| is_read) {
                    Some(cookie) => flash::read(rx, &cookie, organization, user, can_audit)?,
                    None => None,
                };
                Ok((counts, flash))
            })
            .await?;
        // Otherwise nothing would say why the workspaces of that organization are not open.
        let flash = flash.or_else(|| (is_read && signed_in.lacks_factor).then(lacks_factor));
        Ok(Self {
            signed_in,
            visitor,
            counts,
            flash,
            had_flash: had_flash && is_read,
            app: app.clone(),
        })
    }
}
