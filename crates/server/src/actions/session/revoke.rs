//! End sessions of one's own from elsewhere: one, or all others.

use model::catalogue::{self, EventType};
use model::id::{SessionId, UserId};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::sign_in::IDLE;
use crate::actions::account::{about, own};

/// Sessions to end.
#[derive(Clone, Copy, Debug)]
pub struct RevokeSessions {
    /// Whose.
    pub user: UserId,
    /// Which; all but the one that acts where it is not said.
    pub session: Option<SessionId>,
}

impl Action for RevokeSessions {
    const EVENTS: &'static [EventType] = &[catalogue::USER_SESSION_REVOKED];
    type Output = usize;

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        about(rx, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<usize>> {
        let user = own(tx, self.user)?;
        let idle_since = tx.at.plus(-IDLE);
        let mut sessions = tx.sessions_of(self.user, idle_since)?;
        let acting = tx.acting.session;
        sessions.retain(|one| match self.session {
            Some(which) => one.id == which,
            None => Some(one.id) != acting,
        });
        if self.session.is_some() && sessions.is_empty() {
            return Err(Error::NotFound("session"));
        }
        let mut facts = Vec::with_capacity(sessions.len());
        for session in &sessions {
            let gone = tx.delete_session(session.id, &user)?;
            facts.push(Fact::new(catalogue::USER_SESSION_REVOKED, &gone));
        }
        Ok(Done::new(sessions.len(), facts))
    }
}
