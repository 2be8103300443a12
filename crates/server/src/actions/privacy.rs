//! Erasing what is known of a person.

pub mod erase_part;
pub mod erase_person;

use model::id::UserId;
use store::{Result, Rx};

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
