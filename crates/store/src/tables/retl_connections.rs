//! Connections of reverse ETL. An event about one is about its destination, as with every connection.

use model::catalogue::TargetType;
use model::id::{ConnectionId, DestinationId, SourceId, WorkspaceId};
use model::things::RetlConnection;
use serde_json::json;

use super::listing::{After, Listing, Wanted};
use crate::action::Changed;
use crate::db::{Param, Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx};

const COLUMNS: &str = "id, created_at, workspace_id, source_id, destination_id, enabled, settings, external_id, updated_at";

impl Audited for RetlConnection {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = self.settings.clone();
        value["source"] = json!(self.source);
        value["enabled"] = json!(self.enabled);
        if let Some(external) = &self.external_id {
            value["externalId"] = json!(external);
        }
        // An action says what the destination is called. Nobody has said what is secret in the destination's own settings.
        Snapshot {
            workspace: Some(self.workspace),
            is_seen: |_| false,
            secret: &["destinationConfig"],
            ..Snapshot::new(TargetType::Destination, &self.destination, "", value)
        }
    }
}

impl Rx<'_> {
    fn retl_connection_from_row(&mut self, row: &Row) -> Result<RetlConnection> {
        let id: ConnectionId = row.parse(0)?;
        let workspace = row.parse(2)?;
        let place = ("retl_connections", "settings", id.as_str());
        Ok(RetlConnection {
            id,
            workspace,
            source: row.parse(3)?,
            destination: row.parse(4)?,
            enabled: row.flag(5)?,
            settings: self.open_json(place, workspace, row.blob(6)?)?,
            external_id: row.opt_text(7)?.map(str::to_owned),
            created_at: row.moment(1)?,
            updated_at: row.moment(8)?,
        })
    }

    fn retl_connections_where(
        &mut self,
        condition: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<RetlConnection>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM retl_connections WHERE {condition} ORDER BY created_at, id"
        );
        let rows = self.conn.query(&sql, params)?;
        rows.iter()
            .map(|row| self.retl_connection_from_row(row))
            .collect()
    }

    /// A connection of reverse ETL of a workspace.
    pub fn retl_connection(
        &mut self,
        workspace: WorkspaceId,
        id: ConnectionId,
    ) -> Result<Option<RetlConnection>> {
        let found = self.once("retl_connections", id.as_str(), |rx| {
            Ok(rx.retl_connections_where("id = $1", params![&id])?.pop())
        })?;
        Ok(found.filter(|one| one.workspace == workspace))
    }

    /// The connections of reverse ETL of a workspace; those of one source, or to one destination, where these are named.
    pub fn retl_connections(
        &mut self,
        workspace: WorkspaceId,
        (source, destination): (Option<SourceId>, Option<DestinationId>),
        after: Option<&After>,
        limit: u32,
        has_external_id: Option<bool>,
    ) -> Result<Listing<RetlConnection>> {
        let mut equal = Vec::new();
        if let Some(source) = &source {
            equal.push(("source_id", source.as_str()));
        }
        if let Some(destination) = &destination {
            equal.push(("destination_id", destination.as_str()));
        }
        let wanted = Wanted {
            table: "retl_connections",
            columns: COLUMNS,
            only: "",
            equal: &equal,
            workspace,
            after,
            limit,
            has_external_id,
            named: None,
        };
        self.listing(&wanted, Self::retl_connection_from_row)
    }

    /// The connections of a source of reverse ETL, oldest first.
    pub fn retl_connections_of_source(&mut self, source: SourceId) -> Result<Vec<RetlConnection>> {
        self.retl_connections_where("source_id = $1", params![&source])
    }

    /// The connections of reverse ETL to a destination, oldest first.
    pub fn retl_connections_of_destination(
        &mut self,
        destination: DestinationId,
    ) -> Result<Vec<RetlConnection>> {
        self.retl_connections_where("destination_id = $1", params![&destination])
    }

    /// The connection between the two for an object of the destination, if there is one.
    pub fn retl_connection_between(
        &mut self,
        source: SourceId,
        destination: DestinationId,
        object: &str,
    ) -> Result<Option<ConnectionId>> {
        let row = self.conn.query_one(
            "SELECT id FROM retl_connections WHERE source_id = $1 AND destination_id = $2 AND object = $3",
            params![&source, &destination, object],
        )?;
        Ok(row.map(|row| row.parse(0)).transpose()?)
    }

    /// The connection of a workspace that a client's own project calls so.
    pub fn retl_connection_by_external_id(
        &mut self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<ConnectionId>> {
        self.by_external_id("retl_connections", workspace, external_id)
    }
}

impl Tx<'_> {
    /// A source of reverse ETL is connected to a destination.
    pub fn insert_retl_connection(&mut self, connection: &RetlConnection) -> Result<Changed> {
        self.begin_writing()?;
        let place = ("retl_connections", "settings", connection.id.as_str());
        let settings = self.seal_json(place, connection.workspace, &connection.settings)?;
        self.write(
            "INSERT INTO retl_connections (id, created_at, workspace_id, source_id, destination_id, object, enabled, settings, external_id, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            params![
                &connection.id,
                connection.created_at,
                &connection.workspace,
                &connection.source,
                &connection.destination,
                &*connection.object(),
                connection.enabled,
                &settings,
                connection.external_id.as_ref(),
                connection.updated_at,
            ],
            None,
            Some(connection),
        )
    }

    /// A connection of reverse ETL with other settings; its ends and its object stay.
    pub fn update_retl_connection(&mut self, after: &RetlConnection) -> Result<Changed> {
        let before = self
            .retl_connection(after.workspace, after.id)?
            .ok_or(Error::NotFound("connection"))?;
        let id = after.id.as_str();
        self.seen.forget("retl_connections", id);
        let changed = self.write(
            "UPDATE retl_connections SET enabled = $2, external_id = $3, updated_at = $4 WHERE id = $1",
            params![
                &after.id,
                after.enabled,
                after.external_id.as_ref(),
                after.updated_at,
            ],
            Some(&before),
            Some(after),
        )?;
        if after.settings != before.settings {
            let place = ("retl_connections", "settings", id);
            let settings = self.seal_json(place, after.workspace, &after.settings)?;
            self.write_column(place, (&settings).into(), &changed)?;
        }
        Ok(changed)
    }

    /// A source of reverse ETL is disconnected from a destination.
    pub fn delete_retl_connection(&mut self, connection: &RetlConnection) -> Result<Changed> {
        let before = self
            .retl_connection(connection.workspace, connection.id)?
            .ok_or(Error::NotFound("connection"))?;
        self.seen.forget("retl_connections", connection.id.as_str());
        self.write(
            "DELETE FROM retl_connections WHERE id = $1",
            params![&connection.id],
            Some(&before),
            None,
        )
    }
}
