//! Sources. Their settings are encrypted with the workspace's key.

use std::sync::{Arc, LazyLock};

use model::catalogue::TargetType;
use model::definition::Kind;
use model::id::{SourceId, WorkspaceId};
use model::settings::Settings;
use model::things::{RetlKind, Source};
use serde_json::Value;

use super::listing::{After, Listing, Wanted};
use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx, member};

const COLUMNS: &str = "id, created_at, workspace_id, name, kind, enabled, config, write_key, geo_enrichment, transient, external_id, updated_at";

/// The question for one.
pub(crate) static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM sources WHERE id = $1"));

/// Both sorts of sources in one list, with the number of their connections.
const ALL_SOURCES: &str = "(SELECT s.id, s.created_at, s.workspace_id, s.name, s.kind, s.enabled, NULL AS retl, \
     (SELECT CAST(count(*) AS BIGINT) FROM connections c WHERE c.source_id = s.id) AS connections FROM sources s \
     UNION ALL SELECT r.id, r.created_at, r.workspace_id, r.name, r.definition, r.enabled, r.source_type, \
     (SELECT CAST(count(*) AS BIGINT) FROM retl_connections c WHERE c.source_id = r.id) FROM retl_sources r) sources";

/// A source as a list shows it.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Its id.
    pub id: SourceId,
    /// Its name.
    pub name: String,
    /// Its type; of reverse ETL, that of its warehouse.
    pub kind: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// What it reads, if it is one of reverse ETL.
    pub retl: Option<RetlKind>,
    /// How many connections it has.
    pub connections: u64,
}

impl Audited for Source {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut members = vec![
            member("name", self.name.as_str()),
            member("type", self.kind.as_str()),
            member("enabled", self.enabled),
            member("writeKey", self.write_key.as_str()),
            member("geoEnrichmentEnabled", self.geo_enrichment),
            member("transient", self.transient),
        ];
        if let Some(external) = &self.external_id {
            members.push(member("externalId", external.as_str()));
        }
        Snapshot {
            workspace: Some(self.workspace),
            config: Some(&self.config),
            of_type: Some((Kind::Source, &self.kind)),
            secret: &["writeKey"],
            ..Snapshot::of_members(TargetType::Source, &self.id, &self.name, members)
        }
    }
}

impl Rx<'_> {
    /// A configuration, sealed with the workspace's key.
    pub(crate) fn seal_config(
        &mut self,
        table: &str,
        id: &str,
        workspace: WorkspaceId,
        config: &Value,
    ) -> Result<Vec<u8>> {
        self.seal_json((table, "config", id), workspace, config)
    }

    pub(crate) fn open_config(
        &mut self,
        table: &str,
        id: &str,
        workspace: WorkspaceId,
        sealed: &[u8],
    ) -> Result<Settings> {
        let text = self.open_json_text((table, "config", id), workspace, sealed)?;
        Ok(Settings::opened(text))
    }

    /// A value for a column of a row, as JSON that is sealed with the workspace's key.
    pub(crate) fn seal_json(
        &mut self,
        place: (&str, &str, &str),
        workspace: WorkspaceId,
        value: &Value,
    ) -> Result<Vec<u8>> {
        let organization = self
            .organization_of(workspace)?
            .ok_or(Error::NotFound("workspace"))?;
        let text = value.to_string();
        self.seal_value(
            (organization.as_str(), workspace.as_str()),
            place,
            text.as_bytes(),
        )
    }

    pub(crate) fn open_json(
        &mut self,
        place: (&str, &str, &str),
        workspace: WorkspaceId,
        sealed: &[u8],
    ) -> Result<Value> {
        let text = self.open_json_text(place, workspace, sealed)?;
        serde_json::from_slice(&text).map_err(|error| Error::Internal(error.to_string()))
    }

    /// The text of such a value, as it was sealed.
    pub(crate) fn open_json_text(
        &mut self,
        place: (&str, &str, &str),
        workspace: WorkspaceId,
        sealed: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>> {
        let organization = self
            .organization_of(workspace)?
            .ok_or(Error::NotFound("workspace"))?;
        let opened = self.open_value((organization.as_str(), workspace.as_str()), place, sealed)?;
        // Nothing erases a workspace.
        opened.ok_or(Error::KeyMissing)
    }

    fn source_from_row(&mut self, row: &Row) -> Result<Source> {
        let id: SourceId = row.parse(0)?;
        let workspace = row.parse(2)?;
        Ok(Source {
            id,
            workspace,
            name: row.text(3)?.to_owned(),
            kind: row.text(4)?.to_owned(),
            enabled: row.flag(5)?,
            config: self.open_config("sources", id.as_str(), workspace, row.blob(6)?)?,
            write_key: row.text(7)?.to_owned(),
            geo_enrichment: row.flag(8)?,
            transient: row.flag(9)?,
            external_id: row.opt_text(10)?.map(str::to_owned),
            created_at: row.moment(1)?,
            updated_at: row.moment(11)?,
        })
    }

    /// A source of a workspace.
    pub fn source(&mut self, workspace: WorkspaceId, id: SourceId) -> Result<Option<Arc<Source>>> {
        let found = self.once_shared("sources", id.as_str(), |rx| {
            let row = rx.conn.query_ahead(&BY_ID, params![&id])?;
            row.map(|row| rx.source_from_row(&row)).transpose()
        })?;
        Ok(found.filter(|one| one.workspace == workspace))
    }

    /// Whether a source of any workspace has this write key.
    pub fn write_key_is_taken(&mut self, write_key: &str) -> Result<bool> {
        let row = self.conn.query_one(
            "SELECT id FROM sources WHERE write_key = $1",
            params![write_key],
        )?;
        Ok(row.is_some())
    }

    /// The sources of a workspace.
    pub fn sources(
        &mut self,
        workspace: WorkspaceId,
        after: Option<&After>,
        limit: u32,
        has_external_id: Option<bool>,
    ) -> Result<Listing<Source>> {
        let wanted = Wanted {
            table: "sources",
            columns: COLUMNS,
            only: "",
            equal: &[],
            workspace,
            after,
            limit,
            has_external_id,
            named: None,
        };
        self.listing(&wanted, Self::source_from_row)
    }

    /// The sources of a workspace, those of reverse ETL among them, as a list shows them: nothing of theirs is decrypted.
    /// `named` asks for those whose name has this text in it, in capitals or not.
    pub fn source_rows(
        &mut self,
        workspace: WorkspaceId,
        after: Option<&After>,
        limit: u32,
        named: Option<&str>,
    ) -> Result<Listing<SourceRow>> {
        let make = |row: &Row| {
            Ok(SourceRow {
                id: row.parse(0)?,
                name: row.text(2)?.to_owned(),
                kind: row.text(3)?.to_owned(),
                enabled: row.flag(4)?,
                retl: row.opt_parse(5)?,
                connections: row.size(6)?,
            })
        };
        let columns = "id, created_at, name, kind, enabled, retl, connections";
        let page = (after, limit, named);
        self.shown((ALL_SOURCES, columns), workspace, page, make)
    }

    /// The source of a workspace that a client's own project calls so.
    pub fn source_by_external_id(
        &mut self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<SourceId>> {
        self.by_external_id("sources", workspace, external_id)
    }
}

impl Tx<'_> {
    /// A new source.
    pub fn insert_source(&mut self, source: &Source) -> Result<Changed> {
        self.begin_writing()?;
        let config = self.seal_config(
            "sources",
            source.id.as_str(),
            source.workspace,
            &source.config,
        )?;
        self.write(
            "INSERT INTO sources (id, created_at, workspace_id, name, kind, enabled, config, write_key, geo_enrichment, transient, external_id, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            params![
                &source.id,
                source.created_at,
                &source.workspace,
                &source.name,
                &source.kind,
                source.enabled,
                &config,
                &source.write_key,
                source.geo_enrichment,
                source.transient,
                source.external_id.as_ref(),
                source.updated_at,
            ],
            None,
            Some(source),
        )
    }

    /// A source with other settings.
    pub fn update_source(&mut self, after: &Source) -> Result<Changed> {
        let before = self
            .source(after.workspace, after.id)?
            .ok_or(Error::NotFound("source"))?;
        self.seen.forget("sources", after.id.as_str());
        let changed = self.write(
            "UPDATE sources SET name = $2, enabled = $3, geo_enrichment = $4, transient = $5, updated_at = $6 WHERE id = $1",
            params![
                &after.id,
                &after.name,
                after.enabled,
                after.geo_enrichment,
                after.transient,
                after.updated_at,
            ],
            Some(&*before),
            Some(after),
        )?;
        let id = after.id.as_str();
        if after.config != before.config {
            let config = self.seal_config("sources", id, after.workspace, &after.config)?;
            self.write_column(("sources", "config", id), (&config).into(), &changed)?;
        }
        if after.external_id != before.external_id {
            let external_id = after.external_id.as_ref().into();
            self.write_column(("sources", "external_id", id), external_id, &changed)?;
        }
        Ok(changed)
    }

    /// A source goes; its connections have gone before it.
    pub fn delete_source(&mut self, source: &Source) -> Result<Changed> {
        let before = self
            .source(source.workspace, source.id)?
            .ok_or(Error::NotFound("source"))?;
        self.seen.forget("sources", source.id.as_str());
        self.begin_writing()?;
        self.drop_lock(source.id.as_str())?;
        self.write(
            "DELETE FROM sources WHERE id = $1",
            params![&source.id],
            Some(&*before),
            None,
        )
    }
}
