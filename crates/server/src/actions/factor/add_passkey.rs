//! Add a passkey to the own account. What the browser has made was checked before; nothing where it did not fit.

use model::catalogue::{self, EventType};
use model::id::{FactorId, UserId};
use model::things::{Factor, FactorKind};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{Proof, added, check};
use crate::actions::account::{about, own};
use crate::actions::input;
use crate::auth::passkey::{MOST, Made};

/// A passkey to add.
#[derive(Clone)]
pub struct AddPasskey {
    /// Whose.
    pub user: UserId,
    /// Who asks has shown it once more.
    pub proof: Proof,
    /// What its owner calls it.
    pub name: String,
    /// What the browser has made; nothing where that did not fit.
    pub made: Option<Made>,
    /// New recovery codes; kept where the person has none that are left.
    pub recovery_codes: Vec<String>,
}

impl Action for AddPasskey {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_PASSKEY_ADDED,
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
        input::name(&self.name)?;
        let Some(made) = &self.made else {
            return Err(Error::failed(
                "wrong_passkey",
                "what the browser has made is not what was asked for",
            ));
        };
        if tx.passkey(&made.credential)?.is_some() {
            return Err(Error::failed(
                "known_passkey",
                "this passkey is known already",
            ));
        }
        let all = tx.factors(self.user)?;
        let passkeys = all.iter().filter(|one| one.kind == FactorKind::Passkey);
        if passkeys.count() >= MOST {
            return Err(Error::failed(
                "too_many_passkeys",
                "there are 20 passkeys already; remove one first",
            ));
        }
        let factor = Factor {
            id: tx.new_id(FactorId::new),
            user: self.user,
            kind: FactorKind::Passkey,
            name: self.name.trim().to_owned(),
            secret: made.secret.clone(),
            credential: Some(tx.credential_index(&made.credential)),
            step: None,
            created_at: tx.at,
            used_at: None,
        };
        let row = tx.insert_factor(&user, &factor)?;
        used.up(tx, &row)?;
        let is_first = all.is_empty();
        let (more, shown) = added(tx, (&user, &factor), &row, is_first, &self.recovery_codes)?;
        let mut facts = vec![Fact::new(catalogue::USER_PASSKEY_ADDED, &row)];
        if is_first {
            facts.push(Fact::new(catalogue::USER_ENABLED_MFA, &row));
        }
        facts.extend(more);
        Ok(Done::new(shown, facts))
    }
}
