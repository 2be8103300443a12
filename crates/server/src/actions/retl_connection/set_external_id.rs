//! Say what a client's own project calls a connection of reverse ETL. Once.

use model::catalogue::{self, EventType};
use model::id::ConnectionId;
use model::things::RetlConnection;
use store::{Action, Done, Error, Need, Result, Rx, Scope, Tx};

use super::{found, needs_edit, told};
use crate::actions::input;
use crate::request::Place;

/// The id that a connection is to have.
#[derive(Clone, Debug)]
pub struct SetExternalId {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: ConnectionId,
    /// Its id in the client's project.
    pub external_id: String,
}

impl Action for SetExternalId {
    const EVENTS: &'static [EventType] = &[catalogue::DESTINATION_UPDATED_CONNECTION];
    type Output = RetlConnection;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.place, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<RetlConnection>> {
        let ends = found(tx, self.place, self.id)?;
        let before = ends.connection;
        let external =
            input::required_external_id(&self.external_id, before.external_id.as_deref())?;
        if before.external_id.as_ref() == Some(&external) {
            return Ok(Done::new(before, Vec::new()));
        }
        if let Some(other) = tx.retl_connection_by_external_id(self.place.workspace, &external)? {
            return Err(Error::failed(
                "external_id_taken",
                format!("connection {other} has this external id"),
            ));
        }
        let after = RetlConnection {
            external_id: Some(external),
            updated_at: tx.at,
            ..before
        };
        let made = tx.update_retl_connection(&after)?;
        let event = catalogue::DESTINATION_UPDATED_CONNECTION;
        let fact = told(event, &made, (&after, &ends.source, &ends.destination));
        Ok(Done::new(after, vec![fact]))
    }
}
