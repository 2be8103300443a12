//! What a person does to the own account.

pub mod change_password;
pub mod confirm_email;
pub mod reset_password;
pub mod update_name;

use model::catalogue::TargetType;
use model::id::UserId;
use model::things::User;
use store::{Error, Need, Result, Rx, Target, Tx};

/// The person, who must be the one that acts, in a browser: no token changes an account. The machine's command line may.
pub(crate) fn own(tx: &mut Tx<'_>, user: UserId) -> Result<User> {
    if !tx.acting.is_in_session(user) && !tx.acting.is_system() {
        return Err(Error::Unauthenticated);
    }
    person(tx, user)
}

pub(crate) fn person(rx: &mut Rx<'_>, user: UserId) -> Result<User> {
    rx.user(user)?.ok_or(Error::NotFound("user"))
}

/// What a refusal is about.
pub(crate) fn about(rx: &mut Rx<'_>, user: UserId) -> Result<Vec<Need>> {
    let user = person(rx, user)?;
    let target = Target::new(TargetType::User, user.id, user.name);
    Ok(vec![Need::nothing(target)])
}

/// Whether the hash that a password was checked against, outside, is still the one.
pub(crate) fn is_checked(tx: &mut Tx<'_>, user: UserId, checked: Option<&String>) -> Result<()> {
    if checked.is_none() || tx.password_of(user)?.as_ref() != checked {
        return Err(Error::failed("wrong_password", "the password is wrong"));
    }
    Ok(())
}
