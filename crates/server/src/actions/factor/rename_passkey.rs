//! Give a passkey of the own account another name.

use model::catalogue::{self, EventType};
use model::id::{FactorId, UserId};
use model::things::{Factor, FactorKind};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use crate::actions::account::{about, own};
use crate::actions::input;

/// A name to be.
#[derive(Clone, Debug)]
pub struct RenamePasskey {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub id: FactorId,
    /// The name.
    pub name: String,
}

impl Action for RenamePasskey {
    const EVENTS: &'static [EventType] = &[catalogue::USER_PASSKEY_RENAMED];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        about(rx, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let user = own(tx, self.user)?;
        let mut all = tx.factors(self.user)?.into_iter();
        let before = all.find(|one| one.id == self.id && one.kind == FactorKind::Passkey);
        let before = before.ok_or(Error::NotFound("passkey"))?;
        input::name(&self.name)?;
        let after = Factor {
            name: self.name.trim().to_owned(),
            ..before.clone()
        };
        let row = tx.update_factor(&user, &before, &after)?;
        let fact = Fact::new(catalogue::USER_PASSKEY_RENAMED, &row);
        Ok(Done::new((), vec![fact]))
    }
}
