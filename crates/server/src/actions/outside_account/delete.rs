//! Delete an account that nothing uses.

use model::catalogue::{self, EventType};
use model::id::AccountId;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, needs_edit, target};
use crate::request::Place;

/// How many of those who use it are named.
const NAMED: usize = 10;

/// An account to go.
#[derive(Clone, Debug)]
pub struct DeleteAccount {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: AccountId,
}

impl Action for DeleteAccount {
    const EVENTS: &'static [EventType] = &[catalogue::ACCOUNT_DELETED];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.place, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let account = found(tx, self.place, self.id)?;
        let users = tx.retl_sources_of_account(account.id)?;
        if !users.is_empty() {
            let mut names: Vec<String> = users
                .iter()
                .take(NAMED)
                .map(|one| format!("source \u{201c}{}\u{201d}", one.name))
                .collect();
            if users.len() > NAMED {
                names.push(format!("{} more", users.len() - NAMED));
            }
            // rudder-cli knows this refusal by its words.
            let message = format!(
                "account \u{201c}{}\u{201d} can't be removed because it is being used by {}",
                account.name,
                names.join(", ")
            );
            return Err(Error::failed("account_in_use", message));
        }
        let gone = tx.delete_account(&account)?;
        let fact = Fact::new(catalogue::ACCOUNT_DELETED, &gone).on(target(&account));
        Ok(Done::new((), vec![fact]))
    }
}
