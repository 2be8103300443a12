//! Make new recovery codes: those from before are dead.

use model::catalogue::{self, EventType};
use model::id::UserId;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{Proof, Used, check};
use crate::actions::account::{about, own};
use crate::notice::{News, notice};

/// Recovery codes to be.
#[derive(Clone)]
pub struct RegenerateCodes {
    /// Whose.
    pub user: UserId,
    /// Who asks shows it once more.
    pub proof: Proof,
    /// The codes, as they are shown.
    pub codes: Vec<String>,
}

impl Action for RegenerateCodes {
    const EVENTS: &'static [EventType] = &[catalogue::USER_RECOVERY_CODES_REGENERATED];
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
        if !tx.has_factor(self.user)? {
            return Err(Error::failed(
                "no_factor_yet",
                "recovery codes stand in for a second factor; add one first",
            ));
        }
        let row = tx.replace_recovery_codes(&user, &self.codes)?;
        // A recovery code that was the proof is gone with the others already.
        if let Used::Factor(_) = used {
            used.up(tx, &row)?;
        }
        notice(tx, &user, &News::CodesChanged, &row)?;
        let fact = Fact::new(catalogue::USER_RECOVERY_CODES_REGENERATED, &row);
        Ok(Done::new((), vec![fact]))
    }
}
