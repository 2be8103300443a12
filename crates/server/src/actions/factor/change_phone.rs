//! Change the number of the phone of the own account. A code went to the new one first.

use model::catalogue::{self, EventType};
use model::id::UserId;
use model::things::FactorKind;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{Confirmed, Proof, check, confirmed};
use crate::actions::account::{about, own};
use crate::notice::{News, notice};

/// Another number.
#[derive(Clone)]
pub struct ChangePhone {
    /// Whose.
    pub user: UserId,
    /// Who asks has shown it once more.
    pub proof: Proof,
    /// What confirms the number.
    pub confirmed: Confirmed,
}

impl Action for ChangePhone {
    const EVENTS: &'static [EventType] = &[catalogue::USER_UPDATED_PHONE_NUMBER];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        about(rx, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let user = own(tx, self.user)?;
        let used = check(tx, self.user, &self.proof)?;
        let number = confirmed(tx, self.user, &self.confirmed)?;
        let mut all = tx.factors(self.user)?.into_iter();
        let before = all.find(|factor| factor.kind == FactorKind::Phone);
        let before = before.ok_or(Error::NotFound("factor"))?;
        let mut after = before.clone();
        after.secret = number;
        let row = tx.update_factor(&user, &before, &after)?;
        used.up(tx, &row)?;
        tx.take_challenge(&self.confirmed.challenge, &row)?;
        // Codes that are on their way to the number from before open nothing.
        tx.drop_challenges(crate::auth::phone::SIGN_IN, self.user, &row)?;
        notice(tx, &user, &News::PhoneChanged, &row)?;
        let fact = Fact::new(catalogue::USER_UPDATED_PHONE_NUMBER, &row);
        Ok(Done::new((), vec![fact]))
    }
}
