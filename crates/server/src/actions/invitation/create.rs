//! Invite people, several at once: all of them or nobody.

use model::catalogue::{self, EventType, TargetType};
use model::id::{InvitationId, OrganizationId, UserId, WorkspaceId};
use model::role::{OrganizationRole, Permission, WorkspaceRole};
use model::things::{Delivery, Invitation, InvitationState};
use store::{Action, Done, Error, Fact, Letter, Need, Result, Rx, Scope, Target, Tx, Way};

use super::LASTS;
use crate::actions::{input, privacy};

/// The most people that are invited at once.
pub const MOST: usize = 50;

/// One who is invited.
#[derive(Clone, Debug)]
pub struct Invitee {
    /// The e-mail address.
    pub email: String,
    /// The hash of the link's secret.
    pub hash: [u8; 32],
    /// The letter with the link; none where there is no mail server, and the link is handed over.
    pub letter: Option<Letter>,
}

/// People to invite.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Where to.
    pub organization: OrganizationId,
    /// Whom.
    pub people: Vec<Invitee>,
    /// What they are to be in the organization.
    pub role: OrganizationRole,
    /// What they are to be in its workspaces.
    pub workspaces: Vec<(WorkspaceId, WorkspaceRole)>,
}

impl Invite {
    fn invitation(&self, tx: &mut Tx<'_>, one: &Invitee) -> Result<Invitation> {
        let email = one.email.trim().to_owned();
        if input::email(&email).is_err() {
            // Among many, who invites has to know which one.
            let shown: String = email.chars().take(100).collect();
            return Err(Error::field(
                "invalid_email",
                "emails",
                format!("\u{201c}{shown}\u{201d} is not an e-mail address"),
            ));
        }
        let account = tx.user_by_email(&email)?.map(|(user, _)| user.id);
        if let Some(user) = account
            && tx.member(self.organization, user)?.is_some()
        {
            return Err(Error::failed(
                "already_a_member",
                format!("{email} is a member of the organization already"),
            ));
        }
        if tx.open_invitation_to(self.organization, &email)?.is_some() {
            return Err(Error::failed(
                "already_invited",
                format!("{email} is invited already; send that invitation again instead"),
            ));
        }
        let known = match account {
            Some(user) => Some(user),
            None => tx.invited_user(&email)?,
        };
        let user = known.unwrap_or_else(|| tx.new_id(UserId::new));
        privacy::may_join(tx, self.organization, user)?;
        Ok(Invitation {
            id: tx.new_id(InvitationId::new),
            organization: self.organization,
            user,
            email,
            invited_by: tx.acting.user,
            role: self.role,
            workspaces: self.workspaces.clone(),
            hash: one.hash,
            state: InvitationState::Open,
            delivery: if one.letter.is_some() {
                Delivery::Waiting
            } else {
                Delivery::None
            },
            created_at: tx.at,
            expires_at: tx.at.plus(LASTS),
            ended_at: None,
        })
    }
}

impl Action for Invite {
    const EVENTS: &'static [EventType] = &[catalogue::USER_INVITATION_CREATED];
    type Output = Vec<Invitation>;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        // Whom a refusal is about is not recorded: nobody knows yet whose key would seal it.
        let target = Target {
            kind: TargetType::UserInvitation,
            id: None,
            name: None,
        };
        Ok(vec![Need::in_organization(Permission::EditMembers, target)])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Vec<Invitation>>> {
        if self.people.is_empty() || self.people.len() > MOST {
            return Err(Error::field(
                "how_many",
                "emails",
                format!("name one to {MOST} e-mail addresses"),
            ));
        }
        for (workspace, _) in &self.workspaces {
            if tx.organization_of(*workspace)? != Some(self.organization) {
                return Err(Error::NotFound("workspace"));
            }
        }
        let mut made = Vec::new();
        let mut facts = Vec::new();
        for one in &self.people {
            let new = self.invitation(tx, one)?;
            let row = tx.insert_invitation(&new)?;
            if let Some(letter) = &one.letter {
                tx.send((Way::Mail, new.user), Some(new.id), letter, &row)?;
            }
            facts.push(Fact::new(catalogue::USER_INVITATION_CREATED, &row));
            made.push(new);
        }
        Ok(Done::new(made, facts))
    }
}
