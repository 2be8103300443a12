//! Add an account at another service.

use model::catalogue::{self, EventType, TargetType};
use model::id::AccountId;
use model::role::Permission;
use model::things::Account;
use serde_json::Value;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use crate::actions::input;
use crate::request::Place;

/// An account to be.
#[derive(Clone)]
pub struct CreateAccount {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// What it is an account of, kept exactly as it is.
    pub definition: String,
    /// What is not secret of it.
    pub options: Option<Value>,
    /// What is.
    pub secret: Option<Value>,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
}

impl Action for CreateAccount {
    const EVENTS: &'static [EventType] = &[catalogue::ACCOUNT_CREATED];
    type Output = Account;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::to_be(TargetType::Account, self.name.clone());
        Ok(vec![Need::in_workspace(
            Permission::EditAccounts,
            self.place.workspace,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Account>> {
        let (options, secret) = super::checked(
            &self.name,
            &self.definition,
            self.options.as_ref(),
            self.secret.as_ref(),
        )?;
        let external_id = input::external_id(self.external_id.as_deref())?;
        if let Some(external) = &external_id
            && let Some(other) = tx.account_by_external_id(self.place.workspace, external)?
        {
            return Err(Error::failed(
                "external_id_taken",
                format!("account {other} has this external id"),
            ));
        }
        let account = Account {
            id: tx.new_id(AccountId::new),
            workspace: self.place.workspace,
            name: self.name.clone(),
            definition: self.definition.clone(),
            options,
            secret,
            external_id,
            created_at: tx.at,
            updated_at: tx.at,
        };
        let made = tx.insert_account(&account)?;
        Ok(Done::new(
            account,
            vec![Fact::new(catalogue::ACCOUNT_CREATED, &made)],
        ))
    }
}
