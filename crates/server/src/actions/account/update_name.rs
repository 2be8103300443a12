//! Change the own name.

use model::catalogue::{self, EventType};
use model::id::UserId;
use model::things::User;
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Tx};

use super::{about, own};
use crate::actions::input;

/// A name to be.
#[derive(Clone, Debug)]
pub struct UpdateName {
    /// Whose.
    pub user: UserId,
    /// The name.
    pub name: String,
}

impl Action for UpdateName {
    const EVENTS: &'static [EventType] = &[catalogue::USER_UPDATED_NAME];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        about(rx, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let before = own(tx, self.user)?;
        input::name(&self.name)?;
        let after = User {
            name: self.name.trim().to_owned(),
            ..before.clone()
        };
        if after == before {
            return Ok(Done::new((), Vec::new()));
        }
        let row = tx.update_user(&before, &after)?;
        let fact = Fact::new(catalogue::USER_UPDATED_NAME, &row);
        Ok(Done::new((), vec![fact]))
    }
}
