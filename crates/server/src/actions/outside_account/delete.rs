//! Delete an account that nothing uses.

use model::catalogue::{self, EventType};
use model::id::AccountId;
use model::things::Destination;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{SETTINGS, found, needs_edit, target};
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

/// What uses an account.
#[derive(Clone, Debug)]
pub struct User {
    /// `source` or `destination`.
    pub noun: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl User {
    /// What it is, and its name.
    pub fn said(&self) -> String {
        format!("{} \u{201c}{}\u{201d}", self.noun, self.name)
    }
}

/// What uses an account: sources of reverse ETL, and destinations that sign in with it.
///
/// # Errors
/// When the database does not answer.
pub fn users(rx: &mut Rx<'_>, place: Place, id: AccountId) -> Result<Vec<User>> {
    let sources = rx.retl_sources_of_account(id)?.into_iter();
    let user = |noun, id: String, name| User { noun, id, name };
    let mut users: Vec<User> = sources
        .map(|one| user("source", one.id.to_string(), one.name))
        .collect();
    let uses = |one: &Destination| {
        let named = |setting: &&str| one.config[*setting].as_str() == Some(id.as_str());
        SETTINGS.iter().any(named)
    };
    let mut after = None;
    loop {
        let page = rx.destinations(place.workspace, after.as_ref(), 500, None)?;
        let destinations = page.items.into_iter().filter(uses);
        users.extend(destinations.map(|one| user("destination", one.id.to_string(), one.name)));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(users),
        }
    }
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
        let users = users(tx, self.place, account.id)?;
        let mut names: Vec<String> = users.iter().map(User::said).collect();
        if !names.is_empty() {
            let more = names.len().saturating_sub(NAMED);
            if more > 0 {
                names.truncate(NAMED);
                names.push(format!("{more} more"));
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
