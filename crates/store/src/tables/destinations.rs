//! Destinations. Their settings, secrets included, are encrypted with the workspace's key.

use std::sync::{Arc, LazyLock};

use model::catalogue::TargetType;
use model::clock::Micros;
use model::definition::Kind;
use model::id::{DestinationId, WorkspaceId};
use model::things::Destination;

use super::listing::{After, Listing, Wanted};
use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx, member};

const COLUMNS: &str = "id, created_at, workspace_id, name, kind, version, enabled, config, revision, changed, external_id, updated_at";

/// The question for one.
pub(crate) static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM destinations WHERE id = $1"));

/// How long a revision is kept after another took its place, in microseconds: longer than a data plane holds on to what it
/// could not deliver.
const REVISIONS_KEPT: i64 = 30 * Micros::DAY;

/// The destinations, each with the number of its connections, those of reverse ETL included.
const ALL_DESTINATIONS: &str = "(SELECT d.id, d.created_at, d.workspace_id, d.name, d.kind, d.enabled, \
     (SELECT CAST(count(*) AS BIGINT) FROM connections c WHERE c.destination_id = d.id) + \
     (SELECT CAST(count(*) AS BIGINT) FROM retl_connections c WHERE c.destination_id = d.id) AS connections \
     FROM destinations d) destinations";

/// A destination as a list shows it.
#[derive(Clone, Debug)]
pub struct DestinationRow {
    /// Its id.
    pub id: DestinationId,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// How many connections it has.
    pub connections: u64,
}

impl Audited for Destination {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut members = vec![
            member("name", self.name.as_str()),
            member("type", self.kind.as_str()),
            member("version", self.version),
            member("enabled", self.enabled),
        ];
        if let Some(external) = &self.external_id {
            members.push(member("externalId", external.as_str()));
        }
        Snapshot {
            workspace: Some(self.workspace),
            config: Some(&self.config),
            of_type: Some((Kind::Destination, &self.kind)),
            ..Snapshot::of_members(TargetType::Destination, &self.id, &self.name, members)
        }
    }
}

impl Rx<'_> {
    fn destination_from_row(&mut self, row: &Row) -> Result<Destination> {
        let id: DestinationId = row.parse(0)?;
        let workspace = row.parse(2)?;
        Ok(Destination {
            id,
            workspace,
            name: row.text(3)?.to_owned(),
            kind: row.text(4)?.to_owned(),
            version: row.int(5)?,
            enabled: row.flag(6)?,
            config: self.open_config("destinations", id.as_str(), workspace, row.blob(7)?)?,
            revision: row.parse(8)?,
            changed: row.flag(9)?,
            external_id: row.opt_text(10)?.map(str::to_owned),
            created_at: row.moment(1)?,
            updated_at: row.moment(11)?,
        })
    }

    /// A destination of a workspace.
    pub fn destination(
        &mut self,
        workspace: WorkspaceId,
        id: DestinationId,
    ) -> Result<Option<Arc<Destination>>> {
        let found = self.once_shared("destinations", id.as_str(), |rx| {
            let row = rx.conn.query_ahead(&BY_ID, params![&id])?;
            row.map(|row| rx.destination_from_row(&row)).transpose()
        })?;
        Ok(found.filter(|one| one.workspace == workspace))
    }

    /// The destinations of a workspace.
    pub fn destinations(
        &mut self,
        workspace: WorkspaceId,
        after: Option<&After>,
        limit: u32,
        has_external_id: Option<bool>,
    ) -> Result<Listing<Destination>> {
        let wanted = Wanted {
            table: "destinations",
            columns: COLUMNS,
            only: "",
            equal: &[],
            workspace,
            after,
            limit,
            has_external_id,
            named: None,
        };
        self.listing(&wanted, Self::destination_from_row)
    }

    /// The destinations of a workspace as a list shows them: nothing of theirs is decrypted. `named` asks for those whose
    /// name has this text in it, in capitals or not.
    pub fn destination_rows(
        &mut self,
        workspace: WorkspaceId,
        after: Option<&After>,
        limit: u32,
        named: Option<&str>,
    ) -> Result<Listing<DestinationRow>> {
        let make = |row: &Row| {
            Ok(DestinationRow {
                id: row.parse(0)?,
                name: row.text(2)?.to_owned(),
                kind: row.text(3)?.to_owned(),
                enabled: row.flag(4)?,
                connections: row.size(5)?,
            })
        };
        let columns = "id, created_at, name, kind, enabled, connections";
        let page = (after, limit, named);
        self.shown((ALL_DESTINATIONS, columns), workspace, page, make)
    }

    /// The destination of a workspace that a client's own project calls so.
    pub fn destination_by_external_id(
        &mut self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<DestinationId>> {
        self.by_external_id("destinations", workspace, external_id)
    }
}

impl Tx<'_> {
    /// A new destination.
    pub fn insert_destination(&mut self, destination: &Destination) -> Result<Changed> {
        self.begin_writing()?;
        let config = self.seal_config(
            "destinations",
            destination.id.as_str(),
            destination.workspace,
            &destination.config,
        )?;
        let changed = self.write(
            "INSERT INTO destinations (id, created_at, workspace_id, name, kind, version, enabled, config, revision, changed, external_id, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            params![
                &destination.id,
                destination.created_at,
                &destination.workspace,
                &destination.name,
                &destination.kind,
                destination.version,
                destination.enabled,
                &config,
                &destination.revision,
                destination.changed,
                destination.external_id.as_ref(),
                destination.updated_at,
            ],
            None,
            Some(destination),
        )?;
        self.insert_revision(destination, &config, &changed)?;
        Ok(changed)
    }

    /// What a destination is at its revision, for data planes that still deliver what they took under it.
    fn insert_revision(&mut self, one: &Destination, config: &[u8], of: &Changed) -> Result<()> {
        self.write_part(
            "INSERT INTO destination_revisions (id, destination_id, workspace_id, name, kind, version, enabled, config, changed, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            params![
                &one.revision,
                &one.id,
                &one.workspace,
                &one.name,
                &one.kind,
                one.version,
                one.enabled,
                config,
                one.changed,
                one.created_at,
                one.updated_at,
            ],
            of,
        )
    }

    /// Another revision takes the place of the one before. What no data plane can still be busy with goes.
    fn end_revision(&mut self, before: &Destination, at: Micros, of: &Changed) -> Result<()> {
        self.write_parts(
            "UPDATE destination_revisions SET ended_at = $2 WHERE id = $1",
            params![&before.revision, at],
            of,
        )?;
        self.write_parts(
            "DELETE FROM destination_revisions WHERE destination_id = $1 AND ended_at < $2",
            params![&before.id, at.plus(-REVISIONS_KEPT)],
            of,
        )
    }

    /// A destination with other settings.
    pub fn update_destination(&mut self, after: &Destination) -> Result<Changed> {
        let before = self
            .destination(after.workspace, after.id)?
            .ok_or(Error::NotFound("destination"))?;
        self.seen.forget("destinations", after.id.as_str());
        let changed = self.write(
            "UPDATE destinations SET name = $2, version = $3, enabled = $4, revision = $5, changed = $6, updated_at = $7 WHERE id = $1",
            params![
                &after.id,
                &after.name,
                after.version,
                after.enabled,
                &after.revision,
                after.changed,
                after.updated_at,
            ],
            Some(&*before),
            Some(after),
        )?;
        let id = after.id.as_str();
        if after.config != before.config || after.revision != before.revision {
            let config = self.seal_config("destinations", id, after.workspace, &after.config)?;
            if after.config != before.config {
                self.write_column(("destinations", "config", id), (&config).into(), &changed)?;
            }
            if after.revision != before.revision {
                self.end_revision(&before, after.updated_at, &changed)?;
                self.insert_revision(after, &config, &changed)?;
            }
        }
        if after.external_id != before.external_id {
            let external_id = after.external_id.as_ref().into();
            self.write_column(("destinations", "external_id", id), external_id, &changed)?;
        }
        Ok(changed)
    }

    /// A destination goes; its connections and its transformation have gone before it.
    pub fn delete_destination(&mut self, destination: &Destination) -> Result<Changed> {
        let before = self
            .destination(destination.workspace, destination.id)?
            .ok_or(Error::NotFound("destination"))?;
        self.seen.forget("destinations", destination.id.as_str());
        self.begin_writing()?;
        self.drop_lock(destination.id.as_str())?;
        let changed = self.write(
            "DELETE FROM destinations WHERE id = $1",
            params![&destination.id],
            Some(&*before),
            None,
        )?;
        // Its secrets, of now and of before, go with it.
        self.write_parts(
            "DELETE FROM destination_revisions WHERE destination_id = $1",
            params![&destination.id],
            &changed,
        )?;
        Ok(changed)
    }
}
