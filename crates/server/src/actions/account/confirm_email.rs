//! Change the own e-mail address: done by the link that was sent to the new one.

use model::catalogue::{self, EventType};
use model::id::UserId;
use model::things::User;
use serde::{Deserialize, Serialize};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx, normalized_email};

use super::{about, drop_links, person, wrong_password};
use crate::actions::input;
use crate::notice::{News, notice};

/// The word of the challenge whose payload is an [`Asked`].
pub const EMAIL: &str = "email";

/// What is kept of an address that is to be confirmed.
#[derive(Serialize, Deserialize)]
pub struct Asked {
    /// The new address.
    pub email: String,
    /// The hash that the password fitted. Another password ends the link, also one that was asked for at the same moment.
    pub checked: String,
}

impl Asked {
    /// As the payload of a challenge.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn payload(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::Internal(error.to_string()))
    }

    /// Reads what is kept.
    ///
    /// # Errors
    /// When it is no such thing.
    pub fn parse(payload: &[u8]) -> Result<Self> {
        serde_json::from_slice(payload)
            .map_err(|error| Error::Internal(format!("an address to confirm: {error}")))
    }
}

/// A new e-mail address that was confirmed.
#[derive(Clone, Debug)]
pub struct ConfirmEmail {
    /// Whose.
    pub user: UserId,
    /// The hash of the link's secret; `None` when the password did not fit, and no link was sent: that is refused.
    pub hash: Option<[u8; 32]>,
}

impl Action for ConfirmEmail {
    const EVENTS: &'static [EventType] = &[catalogue::USER_UPDATED_EMAIL];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        about(rx, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let hash = self.hash.as_ref().ok_or_else(wrong_password)?;
        let challenge = tx
            .challenge(EMAIL, hash)?
            .filter(|challenge| challenge.user == Some(self.user))
            .ok_or(Error::Unauthenticated)?;
        let Asked { email, checked } = Asked::parse(&challenge.payload)?;
        if tx.password_of(self.user)? != Some(checked) {
            return Err(Error::Unauthenticated);
        }
        input::email(&email)?;
        let before = person(tx, self.user)?;
        if let Some((other, _)) = tx.user_by_email(&email)?
            && other.id != self.user
        {
            return Err(Error::failed(
                "email_taken",
                "this e-mail address belongs to another account",
            ));
        }
        let after = User {
            email,
            ..before.clone()
        };
        // Whoever has the link acts for the account, in whatever browser it was opened.
        tx.signed_in(&before, tx.acting.session);
        let row = tx.update_user(&before, &after)?;
        drop_links(tx, self.user, &row)?;
        // In other capitals it is the same address.
        if normalized_email(&after.email) != normalized_email(&before.email) {
            notice(tx, &before, &News::EmailChanged(after.email.clone()), &row)?;
        }
        let fact = Fact::new(catalogue::USER_UPDATED_EMAIL, &row);
        Ok(Done::new((), vec![fact]))
    }
}
