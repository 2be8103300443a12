//! Say what a client's own project calls an account. Once.

use model::catalogue::{self, EventType};
use model::id::AccountId;
use model::things::Account;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, needs_edit};
use crate::actions::input;
use crate::request::Place;

/// The id that an account is to have.
#[derive(Clone, Debug)]
pub struct SetExternalId {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: AccountId,
    /// Its id in the client's project.
    pub external_id: String,
}

impl Action for SetExternalId {
    const EVENTS: &'static [EventType] = &[catalogue::ACCOUNT_UPDATED];
    type Output = Account;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.place, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Account>> {
        let before = found(tx, self.place, self.id)?;
        let external =
            input::required_external_id(&self.external_id, before.external_id.as_deref())?;
        if before.external_id.as_ref() == Some(&external) {
            return Ok(Done::new(before, Vec::new()));
        }
        if let Some(other) = tx.account_by_external_id(self.place.workspace, &external)? {
            return Err(Error::failed(
                "external_id_taken",
                format!("account {other} has this external id"),
            ));
        }
        let after = Account {
            external_id: Some(external),
            updated_at: tx.at,
            ..before
        };
        let made = tx.update_account(&after)?;
        Ok(Done::new(
            after,
            vec![Fact::new(catalogue::ACCOUNT_UPDATED, &made)],
        ))
    }
}
