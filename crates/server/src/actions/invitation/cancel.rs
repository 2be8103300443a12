//! Withdraw an invitation: its link is dead.

use model::catalogue::{self, EventType};
use model::id::{InvitationId, OrganizationId};
use model::things::{Invitation, InvitationState};
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, has_not_ended, needs_edit};

/// An invitation to withdraw.
#[derive(Clone, Copy, Debug)]
pub struct CancelInvitation {
    /// Where to.
    pub organization: OrganizationId,
    /// Which.
    pub id: InvitationId,
}

impl Action for CancelInvitation {
    const EVENTS: &'static [EventType] = &[catalogue::USER_INVITATION_CANCELLED];
    type Output = Invitation;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.organization, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Invitation>> {
        let invitation = found(tx, self.organization, self.id)?;
        has_not_ended(&invitation)?;
        let row = tx.end_invitation(&invitation, InvitationState::Cancelled)?;
        let fact = Fact::new(catalogue::USER_INVITATION_CANCELLED, &row);
        Ok(Done::new(invitation, vec![fact]))
    }
}
