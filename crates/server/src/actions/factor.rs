//! The second factors of a person.

pub mod add;
pub mod codes;
pub mod remove;

use model::id::UserId;
use model::things::{Factor, FactorKind};
use store::{Changed, Error, Result, Tx};
use zeroize::Zeroizing;

use super::account::is_checked;
use crate::auth::second;

/// How a person shows who it is, once more.
#[derive(Clone, Debug)]
pub enum Proof {
    /// With the password: the hash that it was checked against, `None` when it did not fit.
    Password(Option<String>),
    /// With a code of the authenticator app, or a recovery code: what was typed.
    Code(Zeroizing<String>),
}

/// What a proof has used up, which goes with the change that it is for.
pub(crate) enum Used {
    Nothing,
    Factor(Box<Factor>),
    RecoveryCode(UserId, String),
}

impl Used {
    /// A code is good once: that it was used commits with the change.
    pub(crate) fn up(self, tx: &mut Tx<'_>, of: &Changed) -> Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::Factor(factor) => tx.use_factor(&factor, of),
            Self::RecoveryCode(user, code) => tx.use_recovery_code(user, &code, of),
        }
    }
}

/// Looks at a code of the second step.
pub(crate) fn check_code(tx: &mut Tx<'_>, user: UserId, typed: &str) -> Result<Used> {
    let now = tx.at;
    for mut factor in tx.factors(user)? {
        if factor.kind != FactorKind::Totp {
            continue;
        }
        if let Some(step) = second::step_of(&factor.secret, typed, now, factor.step) {
            factor.step = Some(step);
            return Ok(Used::Factor(Box::new(factor)));
        }
    }
    if let Some(code) = second::recovery_code(typed)
        && tx.is_recovery_code(user, &code)?
    {
        return Ok(Used::RecoveryCode(user, code));
    }
    Err(Error::failed("wrong_code", "this code is not right"))
}

/// Looks at a proof.
pub(crate) fn check(tx: &mut Tx<'_>, user: UserId, proof: &Proof) -> Result<Used> {
    match proof {
        Proof::Password(checked) => is_checked(tx, user, checked.as_ref()).map(|()| Used::Nothing),
        Proof::Code(typed) => check_code(tx, user, typed),
    }
}
