//! Take a second factor of the own account away.

use model::catalogue::{self, EventType};
use model::id::{FactorId, UserId};
use model::things::FactorKind;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{Proof, Used, called, check};
use crate::actions::account::{about, own};
use crate::notice::{News, notice};

/// A factor to remove.
#[derive(Clone, Debug)]
pub struct RemoveFactor {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub id: FactorId,
    /// Who asks shows it once more; the machine's command line need not.
    pub proof: Proof,
}

impl Action for RemoveFactor {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_DISABLED_MFA,
        catalogue::USER_PASSKEY_REMOVED,
    ];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        about(rx, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let user = own(tx, self.user)?;
        let all = tx.factors(self.user)?;
        let factor = all.iter().find(|factor| factor.id == self.id);
        let factor = factor.ok_or(Error::NotFound("factor"))?.clone();
        let is_last = all.len() == 1;
        let mut used = Used::Nothing;
        if !tx.acting.is_system() {
            used = check(tx, self.user, &self.proof)?;
            if is_last {
                for organization in tx.organizations_of(self.user)? {
                    if tx
                        .organization(organization)?
                        .is_some_and(|one| one.requires_mfa)
                    {
                        return Err(Error::failed(
                            "second_factor_required",
                            "an organization that you belong to requires a second factor; add another one first",
                        ));
                    }
                }
            }
        }
        let row = tx.delete_factor(&user, &factor)?;
        // What goes with it is not used up any more.
        let is_gone = match &used {
            Used::Nothing => true,
            Used::Factor(one) | Used::Sent(one, _) => one.id == factor.id,
            Used::RecoveryCode(..) => is_last,
        };
        if !is_gone {
            used.up(tx, &row)?;
        }
        if is_last {
            tx.drop_recovery_codes(self.user, &row)?;
        }
        notice(tx, &user, &News::FactorRemoved(called(&factor)), &row)?;
        // A passkey is a sign-in of its own; the second factor is off when there is none left.
        let is_passkey = factor.kind == FactorKind::Passkey;
        let mut facts = Vec::new();
        if is_passkey {
            facts.push(Fact::new(catalogue::USER_PASSKEY_REMOVED, &row));
        }
        if is_last || !is_passkey {
            facts.push(Fact::new(catalogue::USER_DISABLED_MFA, &row));
        }
        Ok(Done::new((), facts))
    }
}
