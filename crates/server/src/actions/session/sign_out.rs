//! Sign out: the session ends at once.

use model::catalogue::{self, EventType, TargetType};
use model::id::{SessionId, UserId};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

/// A session to end.
#[derive(Clone, Copy, Debug)]
pub struct SignOut {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub session: SessionId,
}

impl Action for SignOut {
    const EVENTS: &'static [EventType] = &[catalogue::USER_SIGNED_OUT];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        Ok(vec![Need::nothing(Target {
            kind: TargetType::User,
            id: Some(self.user.to_string()),
            name: None,
        })])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        if tx.acting.session != Some(self.session) {
            return Err(Error::Unauthenticated);
        }
        let user = tx.user(self.user)?.ok_or(Error::NotFound("user"))?;
        let gone = tx.delete_session(self.session, &user)?;
        Ok(Done::new(
            (),
            vec![Fact::new(catalogue::USER_SIGNED_OUT, &gone)],
        ))
    }
}
