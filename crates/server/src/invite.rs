//! Inviting people: what happens outside of the transaction, for the API and the page alike. Without a mail server the links
//! are given to whoever invites, to hand over.

use std::collections::HashSet;
use std::ops::Range;

use model::id::{InvitationId, LogId, OrganizationId, WorkspaceId};
use model::role::{OrganizationRole, WorkspaceRole};
use model::things::Invitation;
use store::{Error, Result, normalized_email};

use crate::actions::invitation::create::{Invite, Invitee, MOST};
use crate::actions::invitation::resend::ResendInvitation;
use crate::app::App;
use crate::auth::limits;
use crate::auth::secret::{self, Kind};
use crate::mail::{self, Inviter};
use crate::request::Caller;

/// Who is to be invited, and as what.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// The role in the organization.
    pub role: OrganizationRole,
    /// The roles in its workspaces.
    pub workspaces: Vec<(WorkspaceId, WorkspaceRole)>,
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum NotInvited {
    /// Too many letters went to an address: in so many seconds there may be another one.
    #[error("as many letters as may be went to this e-mail address within the last hour")]
    TooOften(i64),
    /// The action was not done.
    #[error(transparent)]
    By(#[from] Error),
}

/// Counts a letter to each address, where letters are sent: who gets them has not asked for any. Where one is refused, none counts.
async fn count(
    app: &App,
    organization: OrganizationId,
    emails: &[String],
) -> std::result::Result<(), NotInvited> {
    if app.mailer.is_none() {
        return Ok(());
    }
    for (done, email) in emails.iter().enumerate() {
        if let Some(wait) = limits::wait_to_invite(app, organization, email).await? {
            give_back(app, organization, &emails[..done]).await?;
            return Err(NotInvited::TooOften(wait));
        }
    }
    Ok(())
}

async fn give_back(app: &App, organization: OrganizationId, emails: &[String]) -> Result<()> {
    if app.mailer.is_some() {
        for email in emails {
            limits::not_invited(app, organization, email).await?;
        }
    }
    Ok(())
}

/// What was recorded.
type Entries = Vec<(LogId, Range<u64>)>;

/// The organization's name, and who invites.
async fn names(app: &App, caller: &Caller, id: OrganizationId) -> Result<(String, Inviter)> {
    let actor = caller.actor;
    app.read(move |rx| {
        let acting = rx.acting(actor)?;
        let organization = rx.organization(id)?;
        let organization = organization.ok_or(Error::NotFound("organization"))?;
        let by = match acting.user {
            Some(user) => Inviter::Person(user),
            None => Inviter::Program(acting.name.clone().unwrap_or_default()),
        };
        Ok((organization.name, by))
    })
    .await
}

fn link(base: &str, secret: &str) -> String {
    format!("{base}/invitation?token={secret}")
}

/// Invites people; gives each invitation with its link, where there is no mail server.
///
/// # Errors
/// Those of [`Invite`], and [`NotInvited::TooOften`].
pub async fn create(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    wanted: Wanted,
    base: &str,
) -> std::result::Result<(Vec<(Invitation, Option<String>)>, Entries), NotInvited> {
    let (name, by) = names(app, caller, organization).await?;
    let mut links = Vec::new();
    let mut people = Vec::new();
    let mut named = HashSet::new();
    for email in &wanted.emails {
        let email = email.trim();
        // Who is named twice is invited once.
        if !named.insert(normalized_email(email)) {
            continue;
        }
        let secret = secret::new(Kind::Link, app.store.entropy());
        let link = link(base, &secret);
        people.push(Invitee {
            email: email.to_owned(),
            hash: secret::hash(&secret),
            letter: app
                .mailer
                .is_some()
                .then(|| mail::invitation(email, &name, &by, &link)),
        });
        links.push(app.mailer.is_none().then_some(link));
    }
    let action = Invite {
        organization,
        people,
        role: wanted.role,
        workspaces: wanted.workspaces,
    };
    // More than may be invited at once are refused by the action, and have not to be counted.
    let emails: Vec<String> = match action.people.len() {
        1..=MOST => action.people.iter().map(|one| one.email.clone()).collect(),
        _ => Vec::new(),
    };
    count(app, organization, &emails).await?;
    let done = match app.perform(caller, action).await {
        Ok(done) => done,
        Err(error) => {
            give_back(app, organization, &emails).await?;
            return Err(error.into());
        }
    };
    Ok((done.output.into_iter().zip(links).collect(), done.entries))
}

/// Sends an invitation again; gives it with its link, where there is no mail server.
///
/// # Errors
/// Those of [`ResendInvitation`], and [`NotInvited::TooOften`].
pub async fn resend(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    id: InvitationId,
    base: &str,
) -> std::result::Result<(Invitation, Option<String>, Entries), NotInvited> {
    let (name, by) = names(app, caller, organization).await?;
    let invitation = app.read(move |rx| rx.invitation(id)).await?;
    let invitation = invitation.filter(|one| one.organization == organization);
    let invitation = invitation.ok_or(Error::NotFound("invitation"))?;
    let secret = secret::new(Kind::Link, app.store.entropy());
    let link = link(base, &secret);
    let action = ResendInvitation {
        organization,
        id,
        hash: secret::hash(&secret),
        letter: app
            .mailer
            .is_some()
            .then(|| mail::invitation(&invitation.email, &name, &by, &link)),
    };
    let emails = [invitation.email];
    count(app, organization, &emails).await?;
    let done = match app.perform(caller, action).await {
        Ok(done) => done,
        Err(error) => {
            give_back(app, organization, &emails).await?;
            return Err(error.into());
        }
    };
    Ok((
        done.output,
        app.mailer.is_none().then_some(link),
        done.entries,
    ))
}
