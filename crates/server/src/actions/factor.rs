//! The second factors of a person.

pub mod add;
pub mod add_passkey;
pub mod codes;
pub mod remove;

use model::catalogue;
use model::id::UserId;
use model::things::{Factor, FactorKind, User};
use store::{Changed, Error, Fact, Result, Tx};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::account::is_checked;
use crate::auth::passkey::{Signed, Unfit};
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

/// Looks at what a passkey has signed. It was checked outside, against what was kept of the passkey then: that must still be
/// so, or another signature was taken in between.
pub(crate) fn check_passkey(
    tx: &mut Tx<'_>,
    user: UserId,
    signed: &std::result::Result<Signed, Unfit>,
) -> Result<Used> {
    let wrong = || Error::failed("wrong_passkey", "this passkey did not fit");
    let signed = match signed {
        Ok(signed) => signed,
        Err(Unfit::Wrong) => return Err(wrong()),
        Err(Unfit::Copied) => {
            return Err(Error::failed(
                "passkey_copied",
                "the counter of this passkey has gone back, so there may be a copy of it",
            ));
        }
    };
    let mut all = tx.factors(user)?.into_iter();
    let factor = all.find(|one| one.id == signed.factor && one.kind == FactorKind::Passkey);
    let mut factor = factor.ok_or_else(wrong)?;
    if !bool::from(factor.secret.as_bytes().ct_eq(signed.before.as_bytes())) {
        return Err(wrong());
    }
    factor.secret = signed.after.clone();
    Ok(Used::Factor(Box::new(factor)))
}

/// Looks at a proof.
pub(crate) fn check(tx: &mut Tx<'_>, user: UserId, proof: &Proof) -> Result<Used> {
    match proof {
        Proof::Password(checked) => is_checked(tx, user, checked.as_ref()).map(|()| Used::Nothing),
        Proof::Code(typed) => check_code(tx, user, typed),
    }
}

/// What comes with a factor that was added: with the first one, sessions that began without it end; where no recovery codes
/// are left, there are new ones. Gives the facts, and whether the codes are to be shown.
pub(crate) fn added(
    tx: &mut Tx<'_>,
    user: &User,
    row: &Changed,
    is_first: bool,
    codes: &[String],
) -> Result<(Vec<Fact>, bool)> {
    if is_first {
        tx.end_sessions(user.id, row)?;
    }
    if tx.recovery_codes_left(user.id)? > 0 {
        return Ok((Vec::new(), false));
    }
    let row = tx.replace_recovery_codes(user, codes)?;
    let fact = Fact::new(catalogue::USER_RECOVERY_CODES_REGENERATED, &row);
    Ok((vec![fact], true))
}
