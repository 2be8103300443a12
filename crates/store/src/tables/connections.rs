//! Connections from sources to destinations. An event about one is about its destination.

use model::catalogue::TargetType;
use model::id::{ConnectionId, DestinationId, SourceId, WorkspaceId};
use model::things::Connection;
use serde_json::json;

use super::listing::{After, Listing, Wanted};
use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx};

const COLUMNS: &str =
    "id, created_at, workspace_id, source_id, destination_id, enabled, external_id, updated_at";

impl Audited for Connection {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = json!({ "source": self.source, "enabled": self.enabled });
        if let Some(external) = &self.external_id {
            value["externalId"] = json!(external);
        }
        // An action says what the destination is called.
        Snapshot {
            workspace: Some(self.workspace),
            is_seen: |member| member != "externalId",
            ..Snapshot::new(TargetType::Destination, &self.destination, "", value)
        }
    }
}

fn from_row(row: &Row) -> Result<Connection> {
    Ok(Connection {
        id: row.parse(0)?,
        workspace: row.parse(2)?,
        source: row.parse(3)?,
        destination: row.parse(4)?,
        enabled: row.flag(5)?,
        external_id: row.opt_text(6)?.map(str::to_owned),
        created_at: row.moment(1)?,
        updated_at: row.moment(7)?,
    })
}

impl Rx<'_> {
    /// A connection of a workspace.
    pub fn connection(
        &mut self,
        workspace: WorkspaceId,
        id: ConnectionId,
    ) -> Result<Option<Connection>> {
        let found = self.once("connections", id.as_str(), |rx| {
            let row = rx.conn.query_one(
                &format!("SELECT {COLUMNS} FROM connections WHERE id = $1"),
                params![&id],
            )?;
            row.map(|row| from_row(&row)).transpose()
        })?;
        Ok(found.filter(|one| one.workspace == workspace))
    }

    /// The connections of a workspace.
    pub fn connections(
        &mut self,
        workspace: WorkspaceId,
        after: Option<&After>,
        limit: u32,
        has_external_id: Option<bool>,
    ) -> Result<Listing<Connection>> {
        let wanted = Wanted {
            table: "connections",
            columns: COLUMNS,
            only: "",
            equal: &[],
            workspace,
            after,
            limit,
            has_external_id,
            named: None,
        };
        self.listing(&wanted, |_, row| from_row(row))
    }

    /// The connections of a source, oldest first.
    pub fn connections_of_source(&mut self, source: SourceId) -> Result<Vec<Connection>> {
        let rows = self.conn.query(
            &format!(
                "SELECT {COLUMNS} FROM connections WHERE source_id = $1 ORDER BY created_at, id"
            ),
            params![&source],
        )?;
        rows.iter().map(from_row).collect()
    }

    /// The connections of a destination, oldest first.
    pub fn connections_of_destination(
        &mut self,
        destination: DestinationId,
    ) -> Result<Vec<Connection>> {
        let rows = self.conn.query(
            &format!("SELECT {COLUMNS} FROM connections WHERE destination_id = $1 ORDER BY created_at, id"),
            params![&destination],
        )?;
        rows.iter().map(from_row).collect()
    }

    /// The connection between the two, if there is one.
    pub fn connection_between(
        &mut self,
        source: SourceId,
        destination: DestinationId,
    ) -> Result<Option<Connection>> {
        let row = self.conn.query_one(
            &format!(
                "SELECT {COLUMNS} FROM connections WHERE source_id = $1 AND destination_id = $2"
            ),
            params![&source, &destination],
        )?;
        row.map(|row| from_row(&row)).transpose()
    }

    /// The connection of a workspace that a client's own project calls so.
    pub fn connection_by_external_id(
        &mut self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<ConnectionId>> {
        self.by_external_id("connections", workspace, external_id)
    }
}

impl Tx<'_> {
    /// A source is connected to a destination.
    pub fn insert_connection(&mut self, connection: &Connection) -> Result<Changed> {
        self.write(
            "INSERT INTO connections (id, created_at, workspace_id, source_id, destination_id, enabled, external_id, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![
                &connection.id,
                connection.created_at,
                &connection.workspace,
                &connection.source,
                &connection.destination,
                connection.enabled,
                connection.external_id.as_ref(),
                connection.updated_at,
            ],
            None,
            Some(connection),
        )
    }

    /// A connection with other settings.
    pub fn update_connection(&mut self, after: &Connection) -> Result<Changed> {
        let before = self
            .connection(after.workspace, after.id)?
            .ok_or(Error::NotFound("connection"))?;
        self.seen.forget("connections", after.id.as_str());
        self.write(
            "UPDATE connections SET enabled = $2, external_id = $3, updated_at = $4 WHERE id = $1",
            params![
                &after.id,
                after.enabled,
                after.external_id.as_ref(),
                after.updated_at
            ],
            Some(&before),
            Some(after),
        )
    }

    /// A source is disconnected from a destination.
    pub fn delete_connection(&mut self, connection: &Connection) -> Result<Changed> {
        let before = self
            .connection(connection.workspace, connection.id)?
            .ok_or(Error::NotFound("connection"))?;
        self.seen.forget("connections", connection.id.as_str());
        self.write(
            "DELETE FROM connections WHERE id = $1",
            params![&connection.id],
            Some(&before),
            None,
        )
    }
}
