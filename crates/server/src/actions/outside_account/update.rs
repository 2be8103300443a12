//! Change an account's name, options or secret. What it is an account of cannot change.

use model::catalogue::{self, EventType};
use model::clock::Micros;
use model::id::AccountId;
use model::things::Account;
use serde_json::Value;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, needs_edit};
use crate::actions::input;
use crate::request::Place;

/// What an account is to be like.
#[derive(Clone)]
pub struct UpdateAccount {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// What is not secret of it, in the place of what there is.
    pub options: Value,
    /// What is, in the place of what there is; none leaves it.
    pub secret: Option<Value>,
    /// When it was last changed as the change was made for it: another moment refuses it. None takes any.
    pub seen: Option<Micros>,
}

impl Action for UpdateAccount {
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
        if self.seen.is_some_and(|seen| seen != before.updated_at) {
            let message = "this account was changed meanwhile; look at it again";
            return Err(Error::failed("changed_meanwhile", message));
        }
        input::name(&self.name)?;
        let secret = match &self.secret {
            Some(secret) => input::in_place_of(
                &before.secret,
                input::object("secret", "not_an_object", Some(secret))?,
            ),
            None => before.secret.clone(),
        };
        let after = Account {
            name: self.name.clone(),
            options: input::in_place_of(
                &before.options,
                input::object("options", "not_an_object", Some(&self.options))?,
            ),
            secret,
            ..before.clone()
        };
        if after == before {
            return Ok(Done::new(before, Vec::new()));
        }
        let after = Account {
            // Each change has a moment of its own, by which `seen` tells them apart, though the clock stand still.
            updated_at: tx.at.max(before.updated_at.plus(1)),
            ..after
        };
        let made = tx.update_account(&after)?;
        Ok(Done::new(
            after,
            vec![Fact::new(catalogue::ACCOUNT_UPDATED, &made)],
        ))
    }
}
