//! Change the own password: all other sessions end.

use model::catalogue::{self, EventType};
use model::id::UserId;
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Tx};

use super::{about, drop_links, is_checked, own};
use crate::actions::session;
use crate::notice::{News, notice};

/// A password to be.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// Whose.
    pub user: UserId,
    /// The hash that the password of now was checked against; `None` when it did not fit.
    pub checked: Option<String>,
    /// The hash of the new one.
    pub password: String,
}

impl Action for ChangePassword {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_CHANGED_PASSWORD,
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
        let user = own(tx, self.user)?;
        // Who is at the machine's command line holds the keys anyway, and sets it for someone who is locked out.
        if !tx.acting.is_system() {
            is_checked(tx, self.user, self.checked.as_ref())?;
        }
        let before = tx.password_of(self.user)?.unwrap_or_default();
        let row = tx.update_password(&user, &before, &self.password)?;
        let ended = session::end_others(tx, &user, &row)?;
        drop_links(tx, self.user, &row)?;
        notice(tx, &user, &News::PasswordChanged, &row)?;
        let mut facts = vec![Fact::new(catalogue::USER_CHANGED_PASSWORD, &row)];
        facts.extend(ended);
        Ok(Done::new((), facts))
    }
}
