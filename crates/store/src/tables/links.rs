//! Transformations before destinations. An event about one is about the destination.

use std::collections::HashMap;

use model::catalogue::TargetType;
use model::id::{DestinationId, TransformationId};
use model::things::TransformationLink;
use serde_json::json;

use crate::action::Changed;
use crate::db::{Param, Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx};

const COLUMNS: &str = "destination_id, transformation_id, workspace_id, created_at, updated_at";

/// How many destinations are asked about at once.
const AT_ONCE: usize = 100;

impl Audited for TransformationLink {
    fn snapshot(&self) -> Snapshot<'_> {
        let value = json!({ "transformation": self.transformation });
        // An action says what the destination is called.
        Snapshot {
            workspace: Some(self.workspace),
            ..Snapshot::new(TargetType::Destination, &self.destination, "", value)
        }
    }
}

fn from_row(row: &Row) -> Result<TransformationLink> {
    Ok(TransformationLink {
        destination: row.parse(0)?,
        transformation: row.parse(1)?,
        workspace: row.parse(2)?,
        created_at: row.moment(3)?,
        updated_at: row.moment(4)?,
    })
}

impl Rx<'_> {
    /// What is before a destination.
    pub fn link(&mut self, destination: DestinationId) -> Result<Option<TransformationLink>> {
        self.once("transformation_links", destination.as_str(), |rx| {
            let row = rx.conn.query_one(
                &format!("SELECT {COLUMNS} FROM transformation_links WHERE destination_id = $1"),
                params![&destination],
            )?;
            row.map(|row| from_row(&row)).transpose()
        })
    }

    /// What is before each of these destinations, in one question.
    pub fn links(
        &mut self,
        destinations: &[DestinationId],
    ) -> Result<HashMap<DestinationId, TransformationLink>> {
        let mut links = HashMap::new();
        // Always as many parameters: one statement to plan.
        for chunk in destinations.chunks(AT_ONCE) {
            let ids = (0..AT_ONCE).map(|at| chunk.get(at).map_or("", DestinationId::as_str));
            let params: Vec<Param<'_>> = ids.map(Param::from).collect();
            let places: Vec<String> = (1..=AT_ONCE).map(|n| format!("${n}")).collect();
            let sql = format!(
                "SELECT {COLUMNS} FROM transformation_links WHERE destination_id IN ({})",
                places.join(", ")
            );
            for row in &self.conn.query(&sql, &params)? {
                let link = from_row(row)?;
                links.insert(link.destination, link);
            }
        }
        Ok(links)
    }

    /// The destinations that a transformation is before.
    pub fn links_of(
        &mut self,
        transformation: TransformationId,
    ) -> Result<Vec<TransformationLink>> {
        let rows = self.conn.query(
            &format!("SELECT {COLUMNS} FROM transformation_links WHERE transformation_id = $1 ORDER BY created_at, destination_id"),
            params![&transformation],
        )?;
        rows.iter().map(from_row).collect()
    }
}

impl Tx<'_> {
    /// A transformation is put before a destination.
    pub fn insert_link(&mut self, link: &TransformationLink) -> Result<Changed> {
        self.write(
            "INSERT INTO transformation_links (destination_id, transformation_id, workspace_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)",
            params![&link.destination, &link.transformation, &link.workspace, link.created_at, link.updated_at],
            None,
            Some(link),
        )
    }

    /// One transformation takes the place of another.
    pub fn update_link(&mut self, after: &TransformationLink) -> Result<Changed> {
        let before = self
            .link(after.destination)?
            .ok_or(Error::NotFound("transformation of the destination"))?;
        self.seen
            .forget("transformation_links", after.destination.as_str());
        self.write(
            "UPDATE transformation_links SET transformation_id = $2, updated_at = $3 WHERE destination_id = $1",
            params![&after.destination, &after.transformation, after.updated_at],
            Some(&before),
            Some(after),
        )
    }

    /// A transformation is taken away from a destination.
    pub fn delete_link(&mut self, link: &TransformationLink) -> Result<Changed> {
        let before = self
            .link(link.destination)?
            .ok_or(Error::NotFound("transformation of the destination"))?;
        self.seen
            .forget("transformation_links", link.destination.as_str());
        self.write(
            "DELETE FROM transformation_links WHERE destination_id = $1",
            params![&link.destination],
            Some(&before),
            None,
        )
    }
}
