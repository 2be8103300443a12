//! Accounts at other services, such as warehouses: what identifies Annals' users there, and not who uses Annals.

pub mod create;
pub mod delete;
pub mod set_external_id;
pub mod update;

use model::catalogue::TargetType;
use model::id::AccountId;
use model::role::Permission;
use model::things::Account;
use store::{Error, Need, Result, Rx, Target};

use crate::request::Place;

pub(crate) fn found(rx: &mut Rx<'_>, place: Place, id: AccountId) -> Result<Account> {
    rx.account(place.workspace, id)?
        .ok_or(Error::NotFound("account"))
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
