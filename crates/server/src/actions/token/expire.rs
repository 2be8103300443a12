//! A token that has reached its end goes by itself. It was good for nothing from its end on.

use model::catalogue::{self, EventType};
use model::id::{OrganizationId, TokenId};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, target};

/// A token whose time is over.
#[derive(Clone, Copy, Debug)]
pub struct ExpireToken {
    /// Where.
    pub organization: OrganizationId,
    /// Which.
    pub id: TokenId,
}

impl Action for ExpireToken {
    const EVENTS: &'static [EventType] = &[catalogue::ACCESS_TOKEN_EXPIRED];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let token = found(rx, self.organization, self.id)?;
        Ok(vec![Need::nothing(target(&token))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        if !tx.acting.is_system() {
            return Err(Error::Unauthenticated);
        }
        let token = found(tx, self.organization, self.id)?;
        if token.expires_at.is_none_or(|end| end > tx.at) {
            return Ok(Done::new((), Vec::new()));
        }
        let gone = tx.delete_token(&token)?;
        let fact = Fact::new(catalogue::ACCESS_TOKEN_EXPIRED, &gone);
        Ok(Done::new((), vec![fact]))
    }
}
