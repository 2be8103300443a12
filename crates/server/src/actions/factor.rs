//! The second factors of a person.

pub mod add;
pub mod add_passkey;
pub mod add_phone;
pub mod change_phone;
pub mod codes;
pub mod remove;
pub mod rename_passkey;

use model::catalogue;
use model::id::UserId;
use model::things::{Factor, FactorKind, User};
use serde::{Deserialize, Serialize};
use store::{Changed, Error, Fact, Result, Rx, Tx};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::account::is_checked;
use crate::actions::session;
use crate::auth::passkey::{Signed, Unfit};
use crate::auth::{phone, second};
use crate::notice::{News, notice};

/// How a person shows who it is, once more.
#[derive(Clone, Debug)]
pub enum Proof {
    /// With the password: the hash that it was checked against, `None` when it did not fit.
    Password(Option<String>),
    /// With a code of the authenticator app, or a recovery code: what was typed.
    Code(Zeroizing<String>),
}

/// What is kept of a code that went to a phone: the payload of its challenge.
#[derive(Serialize, Deserialize)]
pub struct Sent {
    /// The number, in E.164.
    pub number: Zeroizing<String>,
    /// What the code must hash to.
    pub code: [u8; 32],
    /// For a number that is to be confirmed, the hash that the password fitted.
    pub checked: Option<String>,
}

impl Sent {
    /// Reads what is kept.
    ///
    /// # Errors
    /// When it is no such thing.
    pub fn parse(payload: &[u8]) -> Result<Self> {
        serde_json::from_slice(payload)
            .map_err(|error| Error::Internal(format!("a code that was sent: {error}")))
    }
}

/// A code of a text message, as it came back.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The hash of the secret of its challenge.
    pub challenge: [u8; 32],
    /// What the code that was typed hashes to.
    pub code: [u8; 32],
}

/// What was sent to this person under this word, if that is the code.
fn sent(
    rx: &mut Rx<'_>,
    (kind, user): (&str, UserId),
    answer: &Confirmed,
) -> Result<Option<(Sent, bool)>> {
    let open = rx.challenge(kind, &answer.challenge)?;
    let Some(open) = open.filter(|open| open.user == Some(user)) else {
        return Ok(None);
    };
    let sent = Sent::parse(&open.payload)?;
    let fits = bool::from(sent.code.ct_eq(&answer.code));
    Ok(Some((sent, fits)))
}

/// The number that a code confirms.
pub(crate) fn confirmed(
    tx: &mut Tx<'_>,
    user: UserId,
    answer: &Confirmed,
) -> Result<Zeroizing<String>> {
    match sent(tx, (phone::CONFIRM, user), answer)? {
        None => Err(Error::invalid(
            "too_late",
            "this took too long; begin again",
        )),
        Some((_, false)) => Err(Error::field("wrong_code", "code", "this code is not right")),
        Some((sent, true)) => Ok(sent.number),
    }
}

/// Looks at a code of the second step: of the app, of a text message where one was sent to this browser, or for recovery.
pub(crate) fn check_any_code(
    tx: &mut Tx<'_>,
    user: UserId,
    typed: &str,
    answer: Option<&Confirmed>,
) -> Result<(Used, &'static str)> {
    if let Some(answer) = answer
        && let Some((kept, true)) = sent(tx, (phone::SIGN_IN, user), answer)?
    {
        // The phone may be another one by now.
        let mut all = tx.factors(user)?.into_iter();
        let phone = all.find(|one| one.kind == FactorKind::Phone && *one.secret == *kept.number);
        if let Some(factor) = phone {
            let used = Used::Sent(Box::new(factor), answer.challenge);
            return Ok((used, "password, text message"));
        }
    }
    let used = check_code(tx, user, typed)?;
    let words = match &used {
        Used::RecoveryCode(..) => "password, recovery code",
        _ => "password, authenticator app",
    };
    Ok((used, words))
}

/// What a proof has used up, which goes with the change that it is for.
pub(crate) enum Used {
    Nothing,
    Factor(Box<Factor>),
    /// A code that was sent to this phone, by its challenge.
    Sent(Box<Factor>, [u8; 32]),
    RecoveryCode(UserId, String),
}

impl Used {
    /// A code is good once: that it was used commits with the change.
    pub(crate) fn up(self, tx: &mut Tx<'_>, of: &Changed) -> Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::Factor(factor) => tx.use_factor(&factor, of),
            Self::Sent(factor, challenge) => {
                tx.use_factor(&factor, of)?;
                tx.take_challenge(&challenge, of)
            }
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
    factor.secret.clone_from(&signed.after);
    Ok(Used::Factor(Box::new(factor)))
}

/// Looks at a proof.
pub(crate) fn check(tx: &mut Tx<'_>, user: UserId, proof: &Proof) -> Result<Used> {
    match proof {
        Proof::Password(checked) => is_checked(tx, user, checked.as_ref()).map(|()| Used::Nothing),
        Proof::Code(typed) => check_code(tx, user, typed),
    }
}

/// A factor in the middle of a sentence.
fn called(factor: &Factor) -> String {
    match factor.kind {
        FactorKind::Totp => "an authenticator app".to_owned(),
        FactorKind::Phone => "a phone".to_owned(),
        FactorKind::Passkey => format!("the passkey \u{201c}{}\u{201d}", factor.name),
    }
}

/// What comes with a factor that was added: its owner is told; with the first one, sessions that began without it end; where no recovery codes
/// are left, there are new ones. Gives the facts, and whether the codes are to be shown.
pub(crate) fn added(
    tx: &mut Tx<'_>,
    (user, factor): (&User, &Factor),
    row: &Changed,
    is_first: bool,
    codes: &[String],
) -> Result<(Vec<Fact>, bool)> {
    let mut facts = if is_first {
        session::end_others(tx, user, row)?
    } else {
        Vec::new()
    };
    notice(tx, user, &News::FactorAdded(called(factor)), row)?;
    if tx.recovery_codes_left(user.id)? > 0 {
        return Ok((facts, false));
    }
    let row = tx.replace_recovery_codes(user, codes)?;
    let fact = Fact::new(catalogue::USER_RECOVERY_CODES_REGENERATED, &row);
    facts.insert(0, fact);
    Ok((facts, true))
}
