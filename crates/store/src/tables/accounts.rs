//! Accounts at other services. Their options and their secret are encrypted with the workspace's key.

use model::catalogue::TargetType;
use model::id::{AccountId, WorkspaceId};
use model::things::Account;
use serde_json::json;

use super::listing::{After, Listing, Wanted};
use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx};

const COLUMNS: &str =
    "id, created_at, name, workspace_id, definition, options, secret, external_id, updated_at";

/// An account as a list shows it.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub definition: String,
}

impl Audited for Account {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = json!({
            "name": self.name,
            "accountDefinitionName": self.definition,
            "options": self.options,
            "secret": self.secret,
        });
        if let Some(external) = &self.external_id {
            value["externalId"] = json!(external);
        }
        Snapshot {
            workspace: Some(self.workspace),
            is_seen: |member| member != "externalId",
            secret: &["secret"],
            ..Snapshot::new(TargetType::Account, &self.id, &self.name, value)
        }
    }
}

impl Rx<'_> {
    fn account_from_row(&mut self, row: &Row) -> Result<Account> {
        let id: AccountId = row.parse(0)?;
        let workspace = row.parse(3)?;
        Ok(Account {
            id,
            workspace,
            name: row.text(2)?.to_owned(),
            definition: row.text(4)?.to_owned(),
            options: self.open_json(
                ("accounts", "options", id.as_str()),
                workspace,
                row.blob(5)?,
            )?,
            secret: self.open_json(("accounts", "secret", id.as_str()), workspace, row.blob(6)?)?,
            external_id: row.opt_text(7)?.map(str::to_owned),
            created_at: row.moment(1)?,
            updated_at: row.moment(8)?,
        })
    }

    /// An account of a workspace.
    pub fn account(&mut self, workspace: WorkspaceId, id: AccountId) -> Result<Option<Account>> {
        let found = self.once("accounts", id.as_str(), |rx| {
            let row = rx.conn.query_one(
                &format!("SELECT {COLUMNS} FROM accounts WHERE id = $1"),
                params![&id],
            )?;
            row.map(|row| rx.account_from_row(&row)).transpose()
        })?;
        Ok(found.filter(|one| one.workspace == workspace))
    }

    /// The accounts of a workspace.
    pub fn accounts(
        &mut self,
        workspace: WorkspaceId,
        after: Option<&After>,
        limit: u32,
        has_external_id: Option<bool>,
    ) -> Result<Listing<Account>> {
        let wanted = Wanted {
            table: "accounts",
            columns: COLUMNS,
            only: "",
            equal: &[],
            workspace,
            after,
            limit,
            has_external_id,
            named: None,
        };
        self.listing(&wanted, Self::account_from_row)
    }

    /// The accounts of a workspace as a list shows them: nothing of theirs is decrypted. `named` asks for those whose name has
    /// this text in it, in capitals or not.
    pub fn account_rows(
        &mut self,
        workspace: WorkspaceId,
        after: Option<&After>,
        limit: u32,
        named: Option<&str>,
    ) -> Result<Listing<AccountRow>> {
        let make = |row: &Row| {
            Ok(AccountRow {
                id: row.parse(0)?,
                name: row.text(2)?.to_owned(),
                definition: row.text(3)?.to_owned(),
            })
        };
        let columns = "id, created_at, name, definition";
        let page = (after, limit, named);
        self.shown(("accounts", columns), workspace, page, make)
    }

    /// The account of a workspace that a client's own project calls so.
    pub fn account_by_external_id(
        &mut self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<AccountId>> {
        self.by_external_id("accounts", workspace, external_id)
    }
}

impl Tx<'_> {
    /// A new account.
    pub fn insert_account(&mut self, account: &Account) -> Result<Changed> {
        self.begin_writing()?;
        let id = account.id.as_str();
        let options = self.seal_json(
            ("accounts", "options", id),
            account.workspace,
            &account.options,
        )?;
        let secret = self.seal_json(
            ("accounts", "secret", id),
            account.workspace,
            &account.secret,
        )?;
        self.write(
            "INSERT INTO accounts (id, created_at, workspace_id, name, definition, options, secret, external_id, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![
                &account.id,
                account.created_at,
                &account.workspace,
                &account.name,
                &account.definition,
                &options,
                &secret,
                account.external_id.as_ref(),
                account.updated_at,
            ],
            None,
            Some(account),
        )
    }

    /// An account with another name, other options or another secret.
    pub fn update_account(&mut self, after: &Account) -> Result<Changed> {
        let before = self
            .account(after.workspace, after.id)?
            .ok_or(Error::NotFound("account"))?;
        self.seen.forget("accounts", after.id.as_str());
        let changed = self.write(
            "UPDATE accounts SET name = $2, updated_at = $3 WHERE id = $1",
            params![&after.id, &after.name, after.updated_at],
            Some(&before),
            Some(after),
        )?;
        let id = after.id.as_str();
        for (column, now, then) in [
            ("options", &after.options, &before.options),
            ("secret", &after.secret, &before.secret),
        ] {
            if now != then {
                let sealed = self.seal_json(("accounts", column, id), after.workspace, now)?;
                self.write_column(("accounts", column, id), (&sealed).into(), &changed)?;
            }
        }
        if after.external_id != before.external_id {
            let external_id = after.external_id.as_ref().into();
            self.write_column(("accounts", "external_id", id), external_id, &changed)?;
        }
        Ok(changed)
    }

    /// An account goes; nothing uses it.
    pub fn delete_account(&mut self, account: &Account) -> Result<Changed> {
        let before = self
            .account(account.workspace, account.id)?
            .ok_or(Error::NotFound("account"))?;
        self.seen.forget("accounts", account.id.as_str());
        self.write(
            "DELETE FROM accounts WHERE id = $1",
            params![&account.id],
            Some(&before),
            None,
        )
    }
}
