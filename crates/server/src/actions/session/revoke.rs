//! End sessions of one's own from elsewhere: one, or all others.

use model::catalogue::{self, EventType};
use model::id::{SessionId, UserId};
use store::{Action, Done, Error, Need, Result, Rx, Scope, Tx};

use super::end;
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
        let acting = tx.acting.session;
        let facts = end(tx, &user, |one| match self.session {
            Some(which) => one.id == which,
            None => Some(one.id) != acting,
        })?;
        if self.session.is_some() && facts.is_empty() {
            return Err(Error::NotFound("session"));
        }
        Ok(Done::new(facts.len(), facts))
    }
}
