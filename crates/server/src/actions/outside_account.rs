//! Accounts at other services, such as warehouses: what identifies Annals' users there, and not who uses Annals.

pub mod create;
pub mod delete;
pub mod set_external_id;
pub mod update;

use model::catalogue::TargetType;
use model::id::AccountId;
use model::role::Permission;
use model::things::Account;
use serde_json::Value;
use store::{Error, Need, Result, Rx, Target};

use super::input;
use crate::request::Place;

/// The settings in which a destination names the accounts that it signs in with (rudder-server, `backend-config`).
pub(crate) const SETTINGS: [&str; 2] = ["rudderAccountId", "rudderDeleteAccountId"];

pub(crate) fn found(rx: &mut Rx<'_>, place: Place, id: AccountId) -> Result<Account> {
    rx.account(place.workspace, id)?
        .ok_or(Error::NotFound("account"))
}

/// What an account is to be, once it is sure that it can be: its options and its secret.
///
/// # Errors
/// When its name or the name of its definition is none, or one of the two is no object.
pub(crate) fn checked<'v>(
    name: &str,
    definition: &str,
    options: impl Into<Option<&'v Value>>,
    secret: impl Into<Option<&'v Value>>,
) -> Result<(Value, Value)> {
    input::name(name)?;
    input::line("accountDefinitionName", definition, 100)?;
    Ok((
        input::object("options", "not_an_object", options.into())?,
        input::object("secret", "not_an_object", secret.into())?,
    ))
}

pub(crate) fn target(account: &Account) -> Target {
    Target::new(TargetType::Account, account.id, account.name.clone())
}

/// The permission to edit this account, which must exist.
pub(crate) fn needs_edit(rx: &mut Rx<'_>, place: Place, id: AccountId) -> Result<Vec<Need>> {
    let account = found(rx, place, id)?;
    Ok(vec![Need::in_workspace(
        Permission::EditAccounts,
        place.workspace,
        target(&account),
    )])
}
