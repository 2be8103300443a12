//! Send an invitation again: another link, good for as long as a new one. The link before is dead.

use model::catalogue::{self, EventType};
use model::id::{InvitationId, OrganizationId};
use model::things::{Delivery, Invitation};
use store::{Action, Done, Fact, Letter, Need, Result, Rx, Scope, Tx, Way};

use super::{LASTS, found, has_not_ended, needs_edit};

/// An invitation to send again.
#[derive(Clone, Debug)]
pub struct ResendInvitation {
    /// Where to.
    pub organization: OrganizationId,
    /// Which.
    pub id: InvitationId,
    /// The hash of the new link's secret.
    pub hash: [u8; 32],
    /// The letter with the new link; none where there is no mail server.
    pub letter: Option<Letter>,
}

impl Action for ResendInvitation {
    const EVENTS: &'static [EventType] = &[catalogue::USER_INVITATION_RESENT];
    type Output = Invitation;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.organization, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Invitation>> {
        let before = found(tx, self.organization, self.id)?;
        has_not_ended(&before)?;
        let after = Invitation {
            hash: self.hash,
            expires_at: tx.at.plus(LASTS),
            delivery: if self.letter.is_some() {
                Delivery::Waiting
            } else {
                Delivery::None
            },
            ..before.clone()
        };
        let row = tx.renew_invitation(&before, &after)?;
        if let Some(letter) = &self.letter {
            tx.send((Way::Mail, after.user), Some(after.id), letter, &row)?;
        }
        let fact = Fact::new(catalogue::USER_INVITATION_RESENT, &row);
        Ok(Done::new(after, vec![fact]))
    }
}
