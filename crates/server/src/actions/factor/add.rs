//! Add an authenticator app to the own account. It was confirmed with a code first.

use model::catalogue::{self, EventType};
use model::id::{FactorId, UserId};
use model::things::{Factor, FactorKind};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};
use zeroize::Zeroizing;

use super::{Proof, added, check};
use crate::actions::account::{about, own};
use crate::auth::second;

/// The word of the challenge whose payload is the seed that is being set up.
pub const SEED: &str = "seed";

/// An authenticator app to add.
#[derive(Clone)]
pub struct AddApp {
    /// Whose.
    pub user: UserId,
    /// Who asks shows it once more.
    pub proof: Proof,
    /// The hash of the secret of the challenge that holds the seed.
    pub challenge: [u8; 32],
    /// The code that the app shows for the seed.
    pub code: Zeroizing<String>,
    /// New recovery codes; kept where the person has none that are left.
    pub recovery_codes: Vec<String>,
}

impl Action for AddApp {
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
        let challenge = tx
            .challenge(SEED, &self.challenge)?
            .filter(|challenge| challenge.user == Some(self.user))
            .ok_or_else(|| Error::invalid("too_late", "this took too long; begin again"))?;
        let seed = Zeroizing::new(String::from_utf8_lossy(&challenge.payload).into_owned());
        let step = second::step_of(&seed, &self.code, tx.at, None).ok_or_else(|| {
            Error::field(
                "wrong_code",
                "code",
                "this code is not right; is the clock of the phone?",
            )
        })?;
        let all = tx.factors(self.user)?;
        if all.iter().any(|factor| factor.kind == FactorKind::Totp) {
            return Err(Error::failed(
                "has_one",
                "there is an authenticator app already; remove it first",
            ));
        }
        let factor = Factor {
            id: tx.new_id(FactorId::new),
            user: self.user,
            kind: FactorKind::Totp,
            name: FactorKind::Totp.label().to_owned(),
            secret: seed,
            credential: None,
            // The code that confirmed it is used up.
            step: Some(step),
            created_at: tx.at,
            used_at: None,
        };
        let row = tx.insert_factor(&user, &factor)?;
        used.up(tx, &row)?;
        tx.take_challenge(&self.challenge, &row)?;
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
