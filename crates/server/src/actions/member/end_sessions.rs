//! End the sessions of a member, as after a lost laptop. Tokens stay, and so does the membership.

use model::catalogue::{self, EventType};
use model::id::{OrganizationId, UserId};
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, needs_edit};
use crate::actions::session::sign_in::IDLE;

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
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.organization, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<usize>> {
        let member = found(tx, self.organization, self.user)?;
        let idle_since = tx.at.plus(-IDLE);
        let mut sessions = tx.sessions_of(self.user, idle_since)?;
        // Who ends the own ones goes on with the one that acts.
        let acting = tx.acting.session;
        sessions.retain(|one| Some(one.id) != acting);
        let mut facts = Vec::with_capacity(sessions.len());
        for session in &sessions {
            let gone = tx.delete_session(session.id, &member.user)?;
            facts.push(Fact::new(catalogue::USER_SESSION_REVOKED, &gone));
        }
        Ok(Done::new(sessions.len(), facts))
    }
}
