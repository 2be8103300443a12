//! Accept an invitation: with a new account, or with the one that it was made for.

use model::catalogue::{self, EventType, TargetType};
use model::things::{Invitation, Member, User};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use super::is_open;
use crate::actions::{input, privacy};

/// An invitation to accept.
#[derive(Clone, Debug)]
pub struct AcceptInvitation {
    /// The hash of the link's secret.
    pub hash: [u8; 32],
    /// Name and hash of the password of a new account; none for who is signed in.
    pub account: Option<(String, String)>,
}

impl AcceptInvitation {
    fn invitation(&self, rx: &mut Rx<'_>) -> Result<Invitation> {
        rx.invitation_by_hash(&self.hash)?
            .ok_or(Error::NotFound("invitation"))
    }

    /// The account that joins, and whether it is new.
    fn account(&self, tx: &mut Tx<'_>, invitation: &Invitation) -> Result<(User, bool)> {
        let known = super::account(tx, invitation)?;
        match (known, &self.account) {
            (Some(user), _) if tx.acting.is_in_session(user.id) => Ok((user, false)),
            // An account that exists joins only when its owner is signed in.
            (Some(_), _) | (None, None) => Err(Error::Unauthenticated),
            (None, Some((name, _))) => {
                input::name(name)?;
                let user = User {
                    id: invitation.user,
                    name: name.trim().to_owned(),
                    email: invitation.email.clone(),
                    created_at: tx.at,
                };
                Ok((user, true))
            }
        }
    }
}

impl Action for AcceptInvitation {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_INVITATION_ACCEPTED,
        catalogue::USER_ADDED_TO_ORGANIZATION,
    ];
    type Output = User;

    // Rows of a person are written only by an action that is in no group.
    fn scope(&self) -> Scope {
        Scope::Instance
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let invitation = self.invitation(rx)?;
        Ok(vec![Need::nothing(Target {
            kind: TargetType::UserInvitation,
            id: Some(invitation.id.to_string()),
            name: None,
        })])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<User>> {
        // Its organization's log is locked only now: read under the instance's lock, which every acceptance takes.
        let invitation = self.invitation(tx)?;
        // Somebody was first, or it was withdrawn meanwhile: the link is dead, as any other that is.
        if !is_open(&invitation, tx.at) {
            return Err(Error::NotFound("invitation"));
        }
        let (user, is_new) = self.account(tx, &invitation)?;
        // The account may be another than the one that was asked about when the invitation was made.
        privacy::may_join(tx, invitation.organization, user.id)?;
        if tx.member(invitation.organization, user.id)?.is_some() {
            return Err(Error::failed(
                "already_a_member",
                "you are a member of the organization already",
            ));
        }
        let member = Member {
            user: user.clone(),
            organization: invitation.organization,
            role: invitation.role,
            workspaces: invitation.workspaces.clone(),
        };
        let log = Scope::Organization(invitation.organization);
        let row = tx.accept_invitation(&invitation, user.id)?;
        let accepted = Fact::new(catalogue::USER_INVITATION_ACCEPTED, &row).to_log(log);
        let password = self.account.as_ref().filter(|_| is_new);
        let row = tx.insert_member(&member, password.map(|(_, hash)| hash.as_str()))?;
        let added = Fact::new(catalogue::USER_ADDED_TO_ORGANIZATION, &row).to_log(log);
        if is_new {
            // Nobody was known when this was asked; whoever has the link is the person.
            tx.signed_in(&user, None);
        }
        Ok(Done::new(user, vec![accepted, added]))
    }
}
