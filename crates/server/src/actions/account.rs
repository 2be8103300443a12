//! What a person does to the own account.

pub mod change_password;
pub mod confirm_email;
pub mod reset_password;
pub mod update_name;

use model::catalogue::TargetType;
use model::id::UserId;
use model::things::User;
use store::{Changed, Error, Need, Result, Rx, Target, Tx};

use confirm_email::EMAIL;
use reset_password::RESET;

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

/// The links that wait in letters end with another password or address: who asked for one may have known the password of
/// before, and one that was sent may lie in a mailbox that is not the person's any more.
pub(crate) fn drop_links(tx: &mut Tx<'_>, user: UserId, of: &Changed) -> Result<()> {
    tx.drop_challenges(RESET, user, of)?;
    tx.drop_challenges(EMAIL, user, of)
}

/// Whether the hash that a password was checked against, outside, is still the one.
pub(crate) fn is_checked(tx: &mut Tx<'_>, user: UserId, checked: Option<&String>) -> Result<()> {
    if checked.is_none() || tx.password_of(user)?.as_ref() != checked {
        return Err(wrong_password());
    }
    Ok(())
}

pub(crate) fn wrong_password() -> Error {
    Error::failed("wrong_password", "the password is wrong")
}
