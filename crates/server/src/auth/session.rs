//! Who is signed in, by the cookie that the browser sends.

use std::sync::Arc;

use axum::http::request::Parts;
use model::actor::Actor;
use model::clock::Micros;
use model::definition::Definitions;
use model::id::{SessionId, UserId};
use model::interface::Interface;
use model::role::{OrganizationRole, Permission, WorkspaceRole};
use model::things::{Organization, User, Workspace};
use store::{Acting, Error, Result, Rx, Upkeep};

use super::cookies::{self, Name};
use super::{csrf, secret};
use crate::actions::session::sign_in::IDLE;
use crate::app::App;
use crate::request::{Caller, Place, origin};

/// How old the last use that is kept of a session may get: not every request is a write.
const NOTED: i64 = 60 * Micros::SECOND;

/// What a person may do in the workspace shown. Only for drawing pages: `perform` checks again.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "permissions, each asked for by another page"
)]
pub struct Can {
    /// Create, change and delete sources.
    pub edit_sources: bool,
    /// Create, change and delete destinations, with their connections and transformations.
    pub edit_destinations: bool,
    /// Create, change and delete accounts at other services.
    pub edit_accounts: bool,
    /// Create, change, publish and delete transformations and libraries.
    pub edit_transformations: bool,
    /// Change the workspace's settings.
    pub edit_workspace: bool,
    /// See single events as they come.
    pub view_live_events: bool,
    /// Read the audit log.
    pub read_audit_log: bool,
    /// See who is in the organization.
    pub view_members: bool,
    /// See and delete anyone's tokens, and make those of services.
    pub edit_tokens: bool,
}

/// A person who is signed in, in one workspace.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who acts, and from where.
    pub caller: Caller,
    /// The person.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// The organization.
    pub organization: Organization,
    /// The workspace that is shown.
    pub workspace: Workspace,
    /// What the person is, as a word.
    pub role: &'static str,
    /// What the person may do.
    pub can: Can,
    /// Whether another organization of the person is closed until there is a second factor.
    pub lacks_factor: bool,
    /// What the organization's types are called. Which of a thing's settings are secret is asked where the thing is read.
    pub definitions: Arc<Definitions>,
    /// The token for the person's forms.
    pub csrf: String,
}

/// Why nobody is signed in.
#[derive(Debug)]
pub enum NotSignedIn {
    /// No session, or one that has ended.
    Nobody,
    /// A person who has no role in any workspace.
    NoWorkspace,
    /// A person without the second factor that the organization requires.
    NeedsFactor,
    /// It could not be found out.
    Error(Error),
}

impl From<Error> for NotSignedIn {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated => Self::Nobody,
            error => Self::Error(error),
        }
    }
}

impl SignedIn {
    /// Where the person is.
    pub const fn place(&self) -> Place {
        Place {
            organization: self.organization.id,
            workspace: self.workspace.id,
        }
    }
}

/// What is read of a person, in one state of the data.
struct Found {
    organization: Organization,
    workspace: Workspace,
    role: &'static str,
    can: Can,
    definitions: Arc<Definitions>,
}

fn can(rx: &mut Rx<'_>, acting: &Acting, workspace: &Workspace) -> Result<Can> {
    let mut may =
        |permission| acting.may(rx, permission, workspace.organization, Some(workspace.id));
    Ok(Can {
        edit_sources: may(Permission::EditSources)?,
        edit_transformations: may(Permission::EditTransformations)?,
        edit_destinations: may(Permission::EditDestinations)?,
        edit_accounts: may(Permission::EditAccounts)?,
        edit_workspace: may(Permission::EditWorkspace)?,
        view_live_events: may(Permission::ViewLiveEvents)?,
        read_audit_log: may(Permission::ReadAuditLog)?,
        view_members: may(Permission::ViewMembers)?,
        edit_tokens: may(Permission::EditTokens)?,
    })
}

/// The workspace that the person wants to see, where there is a role in it; otherwise the first one with a role.
fn workspace(
    rx: &mut Rx<'_>,
    user: UserId,
    acting: &Acting,
    wanted: Option<&str>,
) -> Result<Option<Workspace>> {
    let mut open = Vec::new();
    for organization in rx.organizations_of(user)? {
        for workspace in rx.workspaces(organization)? {
            if acting.may(
                rx,
                Permission::ViewWorkspace,
                organization,
                Some(workspace.id),
            )? {
                open.push(workspace);
            }
        }
    }
    let at = open
        .iter()
        .position(|one| Some(one.id.as_str()) == wanted)
        .unwrap_or(0);
    Ok((at < open.len()).then(|| open.swap_remove(at)))
}

fn find(
    rx: &mut Rx<'_>,
    actor: Actor,
    user: UserId,
    wanted: Option<&str>,
) -> Result<Option<Found>> {
    let acting = rx.acting(actor)?;
    let Some(workspace) = workspace(rx, user, &acting, wanted)? else {
        return Ok(None);
    };
    let organization = rx
        .organization(workspace.organization)?
        .ok_or(Error::NotFound("organization"))?;
    let role = match rx.roles_of(user, organization.id, workspace.id)? {
        Some((OrganizationRole::Admin, _)) => OrganizationRole::Admin.label(),
        Some((OrganizationRole::Member, Some(role))) => role.label(),
        _ => WorkspaceRole::Viewer.label(),
    };
    let can = can(rx, &acting, &workspace)?;
    let definitions = rx.definitions(organization.id)?;
    Ok(Some(Found {
        organization,
        workspace,
        role,
        can,
        definitions,
    }))
}

/// A person who is signed in, wherever.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who acts, and from where.
    pub caller: Caller,
    /// The person.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// The token for the person's forms.
    pub csrf: String,
}

/// The session that a browser's secret opens, and whose it is; read in the same state as what is asked about the person.
struct Open {
    user: User,
    session: SessionId,
    stale: bool,
}

impl Open {
    fn by(rx: &mut Rx<'_>, hash: &[u8; 32]) -> Result<Self> {
        let idle_since = rx.now().plus(-IDLE);
        let session = rx.session_by_hash(hash, idle_since)?;
        let session = session.ok_or(Error::Unauthenticated)?;
        Ok(Self {
            user: rx.user(session.user)?.ok_or(Error::Unauthenticated)?,
            session: session.id,
            stale: session.used_at < rx.now().plus(-NOTED),
        })
    }

    const fn actor(&self) -> Actor {
        Actor::User {
            user: self.user.id,
            session: self.session,
        }
    }

    fn person(self, parts: &Parts, app: &App, secret: &str) -> Person {
        if self.stale {
            app.note(Upkeep::UsedSession(self.session));
        }
        Person {
            caller: Caller {
                actor: self.actor(),
                origin: origin(parts, app, Interface::Dashboard),
            },
            user: self.user,
            session: self.session,
            csrf: csrf::token(secret),
        }
    }
}

/// The secret that the browser has.
fn shown(parts: &Parts, app: &App) -> std::result::Result<String, NotSignedIn> {
    cookies::read(&parts.headers, &app.config, Name::Session).ok_or(NotSignedIn::Nobody)
}

impl Person {
    /// Who is signed in, by a request's cookies.
    ///
    /// # Errors
    /// [`NotSignedIn`], with the reason.
    pub async fn of(parts: &Parts, app: &App) -> std::result::Result<Self, NotSignedIn> {
        let secret = shown(parts, app)?;
        let hash = secret::hash(&secret);
        let open = app.read(move |rx| Open::by(rx, &hash)).await?;
        Ok(open.person(parts, app, &secret))
    }
}

impl SignedIn {
    /// Who is signed in, by a request's cookies.
    ///
    /// # Errors
    /// [`NotSignedIn`], with the reason.
    pub async fn of(parts: &Parts, app: &App) -> std::result::Result<Self, NotSignedIn> {
        let secret = shown(parts, app)?;
        let hash = secret::hash(&secret);
        let wanted = cookies::read(&parts.headers, &app.config, Name::Workspace);
        let (open, found, lacks) = app
            .read(move |rx| {
                let open = Open::by(rx, &hash)?;
                let found = find(rx, open.actor(), open.user.id, wanted.as_deref())?;
                let lacks = lacks_factor(rx, open.user.id)?;
                Ok((open, found, lacks))
            })
            .await?;
        let person = open.person(parts, app, &secret);
        let Some(found) = found else {
            return Err(if lacks {
                NotSignedIn::NeedsFactor
            } else {
                NotSignedIn::NoWorkspace
            });
        };
        Ok(Self {
            caller: person.caller,
            user: person.user,
            session: person.session,
            organization: found.organization,
            workspace: found.workspace,
            role: found.role,
            can: found.can,
            lacks_factor: lacks,
            definitions: found.definitions,
            csrf: person.csrf,
        })
    }
}

/// Whether an organization of the person requires a second factor, and there is none.
pub(crate) fn lacks_factor(rx: &mut Rx<'_>, user: UserId) -> Result<bool> {
    if rx.has_factor(user)? {
        return Ok(false);
    }
    for organization in rx.organizations_of(user)? {
        if rx
            .organization(organization)?
            .is_some_and(|one| one.requires_mfa)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
