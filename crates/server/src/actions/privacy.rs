//! Erasing what is known of a person.

pub mod erase_part;
pub mod erase_person;

use model::id::{OrganizationId, UserId};
use store::{Error, Result, Rx};

/// Refuses who was erased from an organization: nothing that is done by the person, or to the person, could be told there.
///
/// # Errors
/// [`Error::Failed`] with `subject_erased`.
pub(crate) fn may_join(rx: &mut Rx<'_>, organization: OrganizationId, user: UserId) -> Result<()> {
    if rx.is_erased(Some(organization), user)? {
        return Err(Error::failed(
            "subject_erased",
            "what this organization knew of this person has been erased; the account cannot come back to it",
        ));
    }
    Ok(())
}

/// Who is meant by an id or an e-mail address: of an account, or of someone who was invited and has none yet.
///
/// # Errors
/// When the store cannot be read.
pub fn person(rx: &mut Rx<'_>, text: &str) -> Result<Option<UserId>> {
    if !text.contains('@') {
        return Ok(text.parse().ok());
    }
    match rx.user_by_email(text)? {
        Some((user, _)) => Ok(Some(user.id)),
        None => rx.invited_user(text),
    }
}
