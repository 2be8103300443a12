//! Change the own e-mail address: done by the link that was sent to the new one.

use model::catalogue::{self, EventType};
use model::id::UserId;
use model::things::User;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{about, person};
use crate::actions::input;
use crate::notice::{News, notice};

/// The word of the challenge whose payload is the new address.
pub const EMAIL: &str = "email";

/// A new e-mail address that was confirmed.
#[derive(Clone, Debug)]
pub struct ConfirmEmail {
    /// Whose.
    pub user: UserId,
    /// The hash of the link's secret.
    pub hash: [u8; 32],
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
        let challenge = tx
            .challenge(EMAIL, &self.hash)?
            .filter(|challenge| challenge.user == Some(self.user))
            .ok_or(Error::Unauthenticated)?;
        let email = String::from_utf8_lossy(&challenge.payload).into_owned();
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
        tx.acting.signed_in(&before, tx.acting.session);
        let row = tx.update_user(&before, &after)?;
        tx.take_challenge(&self.hash, &row)?;
        notice(tx, &before, &News::EmailChanged(after.email.clone()), &row)?;
        let fact = Fact::new(catalogue::USER_UPDATED_EMAIL, &row);
        Ok(Done::new((), vec![fact]))
    }
}
