//! Set another password, by the link that was sent to who forgot it: all sessions end. A second factor is still asked for
//! at the next sign-in.

use model::catalogue::{self, EventType};
use model::id::UserId;
use store::{Action, Challenge, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{about, drop_links, person};
use crate::actions::session;
use crate::notice::{News, notice};

/// The word of the challenge whose payload is the address that its letter goes to.
pub const RESET: &str = "reset";

/// A password to be, of someone who forgot the one before.
#[derive(Clone, Debug)]
pub struct ResetPassword {
    /// Whose.
    pub user: UserId,
    /// The hash of the link's secret.
    pub hash: [u8; 32],
    /// The hash of the new password.
    pub password: String,
}

impl Action for ResetPassword {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_RESET_PASSWORD,
        catalogue::USER_SESSION_REVOKED,
    ];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        about(rx, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let user = person(tx, self.user)?;
        // Another address ends the link, also one that was asked for at the same moment.
        let is_sent_there =
            |open: &Challenge| open.user == Some(user.id) && *open.payload == user.email.as_bytes();
        tx.challenge(RESET, &self.hash)?
            .filter(is_sent_there)
            .ok_or(Error::Unauthenticated)?;
        let before = tx.password_of(self.user)?.unwrap_or_default();
        // Whoever has the link acts for the account.
        tx.signed_in(&user, None);
        let row = tx.update_password(&user, &before, &self.password)?;
        let ended = session::end_others(tx, &user, &row)?;
        drop_links(tx, self.user, &row)?;
        notice(tx, &user, &News::PasswordReset, &row)?;
        let mut facts = vec![Fact::new(catalogue::USER_RESET_PASSWORD, &row)];
        facts.extend(ended);
        Ok(Done::new((), facts))
    }
}
