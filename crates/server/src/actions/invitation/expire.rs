//! An invitation that nobody has accepted in time ends by itself.

use model::catalogue::{self, EventType};
use model::id::{InvitationId, OrganizationId};
use model::things::InvitationState;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, target};

/// An invitation whose time is over.
#[derive(Clone, Copy, Debug)]
pub struct ExpireInvitation {
    /// Where to.
    pub organization: OrganizationId,
    /// Which.
    pub id: InvitationId,
}

impl Action for ExpireInvitation {
    const EVENTS: &'static [EventType] = &[catalogue::USER_INVITATION_EXPIRED];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let invitation = found(rx, self.organization, self.id)?;
        Ok(vec![Need::nothing(target(&invitation))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        if !tx.acting.is_system() {
            return Err(Error::Unauthenticated);
        }
        let invitation = found(tx, self.organization, self.id)?;
        // Another process may have been first, or the person.
        if invitation.state != InvitationState::Open || invitation.expires_at > tx.at {
            return Ok(Done::new((), Vec::new()));
        }
        let row = tx.end_invitation(&invitation, InvitationState::Expired)?;
        let fact = Fact::new(catalogue::USER_INVITATION_EXPIRED, &row);
        Ok(Done::new((), vec![fact]))
    }
}
