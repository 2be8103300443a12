//! Add a phone to the own account. A code went to it first.

use model::catalogue::{self, EventType};
use model::id::{FactorId, UserId};
use model::things::{Factor, FactorKind};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{Confirmed, Proof, added, check, confirmed};
use crate::actions::account::{about, own};

/// A phone to add.
#[derive(Clone)]
pub struct AddPhone {
    /// Whose.
    pub user: UserId,
    /// Who asks has shown it once more.
    pub proof: Proof,
    /// What confirms the number.
    pub confirmed: Confirmed,
    /// New recovery codes; kept where the person has none that are left.
    pub recovery_codes: Vec<String>,
}

impl Action for AddPhone {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_ENABLED_MFA,
        catalogue::USER_RECOVERY_CODES_REGENERATED,
        catalogue::USER_SESSION_REVOKED,
    ];
    /// Whether the recovery codes are kept, and to be shown.
    type Output = bool;

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        about(rx, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<bool>> {
        let user = own(tx, self.user)?;
        let used = check(tx, self.user, &self.proof)?;
        let number = confirmed(tx, self.user, &self.confirmed)?;
        let all = tx.factors(self.user)?;
        if all.iter().any(|factor| factor.kind == FactorKind::Phone) {
            return Err(Error::failed(
                "has_one",
                "there is a phone already; change its number instead",
            ));
        }
        let factor = Factor {
            id: tx.new_id(FactorId::new),
            user: self.user,
            kind: FactorKind::Phone,
            name: FactorKind::Phone.label().to_owned(),
            secret: number,
            credential: None,
            step: None,
            created_at: tx.at,
            used_at: None,
        };
        let row = tx.insert_factor(&user, &factor)?;
        used.up(tx, &row)?;
        tx.take_challenge(&self.confirmed.challenge, &row)?;
        let (more, shown) = added(
            tx,
            (&user, &factor),
            &row,
            all.is_empty(),
            &self.recovery_codes,
        )?;
        let mut facts = vec![Fact::new(catalogue::USER_ENABLED_MFA, &row)];
        facts.extend(more);
        Ok(Done::new(shown, facts))
    }
}
