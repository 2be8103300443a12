//! Sources of reverse ETL. What they read is encrypted with the workspace's key, as the settings of other sources are.

use model::catalogue::TargetType;
use model::config::Matcher;
use model::id::{AccountId, SourceId, WorkspaceId};
use model::things::{RetlKind, RetlSource};
use serde_json::json;

use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx};

const COLUMNS: &str = "id, created_at, workspace_id, name, source_type, definition, account_id, enabled, config, external_id, updated_at";

/// What the settings are known to hold: names of things in a warehouse, and the query. What is secret is the account's.
const CLEAR: &[&str] = &[
    "primaryKey",
    "sql",
    "description",
    "schema",
    "table",
    "bucketName",
    "objectPrefix",
];

impl Audited for RetlSource {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = json!({
            "name": self.name,
            "sourceType": self.kind.as_str(),
            "sourceDefinitionName": self.definition,
            "account": self.account,
            "enabled": self.enabled,
            "config": *self.config,
        });
        if let Some(external) = &self.external_id {
            value["externalId"] = json!(external);
        }
        Snapshot {
            workspace: Some(self.workspace),
            is_seen: |_| false,
            matcher: Some(Matcher::strings_but(CLEAR)),
            ..Snapshot::new(TargetType::Source, &self.id, &self.name, value)
        }
    }
}

impl Rx<'_> {
    fn retl_source_from_row(&mut self, row: &Row) -> Result<RetlSource> {
        let id: SourceId = row.parse(0)?;
        let workspace = row.parse(2)?;
        Ok(RetlSource {
            id,
            workspace,
            name: row.text(3)?.to_owned(),
            kind: row.parse(4)?,
            definition: row.text(5)?.to_owned(),
            account: row.parse(6)?,
            enabled: row.flag(7)?,
            config: self.open_config("retl_sources", id.as_str(), workspace, row.blob(8)?)?,
            external_id: row.opt_text(9)?.map(str::to_owned),
            created_at: row.moment(1)?,
            updated_at: row.moment(10)?,
        })
    }

    fn retl_sources_where(
        &mut self,
        condition: &str,
        params: &[crate::db::Param<'_>],
    ) -> Result<Vec<RetlSource>> {
        let sql =
            format!("SELECT {COLUMNS} FROM retl_sources WHERE {condition} ORDER BY created_at, id");
        let rows = self.conn.query(&sql, params)?;
        rows.iter()
            .map(|row| self.retl_source_from_row(row))
            .collect()
    }

    /// A source of reverse ETL of a workspace.
    pub fn retl_source(
        &mut self,
        workspace: WorkspaceId,
        id: SourceId,
    ) -> Result<Option<RetlSource>> {
        let found = self.once("retl_sources", id.as_str(), |rx| {
            Ok(rx.retl_sources_where("id = $1", params![&id])?.pop())
        })?;
        Ok(found.filter(|one| one.workspace == workspace))
    }

    /// The sources of reverse ETL of a workspace, oldest first. Clients ask for all of them at once.
    pub fn retl_sources(
        &mut self,
        workspace: WorkspaceId,
        kind: Option<RetlKind>,
        has_external_id: Option<bool>,
    ) -> Result<Vec<RetlSource>> {
        let external = match has_external_id {
            None => "",
            Some(true) => " AND external_id IS NOT NULL",
            Some(false) => " AND external_id IS NULL",
        };
        match kind {
            None => self
                .retl_sources_where(&format!("workspace_id = $1{external}"), params![&workspace]),
            Some(kind) => self.retl_sources_where(
                &format!("workspace_id = $1 AND source_type = $2{external}"),
                params![&workspace, kind.as_str()],
            ),
        }
    }

    /// What is read with an account, oldest first.
    pub fn retl_sources_of_account(&mut self, account: AccountId) -> Result<Vec<RetlSource>> {
        self.retl_sources_where("account_id = $1", params![&account])
    }

    /// The source of a workspace that a client's own project calls so.
    pub fn retl_source_by_external_id(
        &mut self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<SourceId>> {
        self.by_external_id("retl_sources", workspace, external_id)
    }
}

impl Tx<'_> {
    /// A new source of reverse ETL.
    pub fn insert_retl_source(&mut self, source: &RetlSource) -> Result<Changed> {
        self.begin_writing()?;
        let config = self.seal_config(
            "retl_sources",
            source.id.as_str(),
            source.workspace,
            &source.config,
        )?;
        self.write(
            "INSERT INTO retl_sources (id, created_at, workspace_id, name, source_type, definition, account_id, enabled, config, external_id, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            params![
                &source.id,
                source.created_at,
                &source.workspace,
                &source.name,
                source.kind.as_str(),
                &source.definition,
                &source.account,
                source.enabled,
                &config,
                source.external_id.as_ref(),
                source.updated_at,
            ],
            None,
            Some(source),
        )
    }

    /// A source of reverse ETL with other settings.
    pub fn update_retl_source(&mut self, after: &RetlSource) -> Result<Changed> {
        let before = self
            .retl_source(after.workspace, after.id)?
            .ok_or(Error::NotFound("source"))?;
        self.seen.forget("retl_sources", after.id.as_str());
        let changed = self.write(
            "UPDATE retl_sources SET name = $2, account_id = $3, enabled = $4, updated_at = $5 WHERE id = $1",
            params![
                &after.id,
                &after.name,
                &after.account,
                after.enabled,
                after.updated_at,
            ],
            Some(&before),
            Some(after),
        )?;
        let id = after.id.as_str();
        if after.config != before.config {
            let config = self.seal_config("retl_sources", id, after.workspace, &after.config)?;
            self.write_column(("retl_sources", "config", id), (&config).into(), &changed)?;
        }
        if after.external_id != before.external_id {
            let external_id = after.external_id.as_ref().into();
            self.write_column(("retl_sources", "external_id", id), external_id, &changed)?;
        }
        Ok(changed)
    }

    /// A source of reverse ETL goes; its connections have gone before it.
    pub fn delete_retl_source(&mut self, source: &RetlSource) -> Result<Changed> {
        let before = self
            .retl_source(source.workspace, source.id)?
            .ok_or(Error::NotFound("source"))?;
        self.seen.forget("retl_sources", source.id.as_str());
        self.write(
            "DELETE FROM retl_sources WHERE id = $1",
            params![&source.id],
            Some(&before),
            None,
        )
    }
}
