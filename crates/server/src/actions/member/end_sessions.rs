//! End the sessions of a member, as after a lost laptop. Tokens stay, and so does the membership. Sessions are the person's, so
//! each organization of the person has the event.

use model::catalogue::{self, EventType};
use model::id::{OrganizationId, UserId};
use store::{Action, Done, Need, Result, Rx, Scope, Tx};

use super::{found, needs_edit};
use crate::actions::session;

/// Sessions to end.
#[derive(Clone, Copy, Debug)]
pub struct EndSessions {
    /// Where the person is a member.
    pub organization: OrganizationId,
    /// Whose.
    pub user: UserId,
}

impl Action for EndSessions {
    const EVENTS: &'static [EventType] = &[catalogue::USER_SESSION_REVOKED];
    type Output = usize;

    fn scope(&self) -> Scope {
        Scope::Member(self.organization, self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.organization, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<usize>> {
        let member = found(tx, self.organization, self.user)?;
        // Who ends the own ones goes on with the one that acts.
        let acting = tx.acting.session;
        let facts = session::end(tx, &member.user, |one| Some(one.id) != acting)?;
        Ok(Done::new(facts.len(), facts))
    }
}
