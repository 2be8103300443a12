//! Connect a source of reverse ETL to a destination.

use model::catalogue::{self, EventType};
use model::id::{ConnectionId, DestinationId, SourceId};
use model::role::Permission;
use model::things::RetlConnection;
use serde_json::{Map, Value};
use store::{Action, Done, Error, Need, Result, Rx, Scope, Tx};

use super::{settings, told};
use crate::actions::{destination, input, retl_source};
use crate::request::Place;

/// A connection to be.
#[derive(Clone, Debug)]
pub struct CreateRetlConnection {
    /// Where.
    pub place: Place,
    /// What is read.
    pub source: SourceId,
    /// Where it goes.
    pub destination: DestinationId,
    /// Whether it is synced.
    pub enabled: bool,
    /// When and how.
    pub settings: Map<String, Value>,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
}

impl Action for CreateRetlConnection {
    const EVENTS: &'static [EventType] = &[catalogue::DESTINATION_CONNECTED_SOURCE];
    type Output = RetlConnection;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let from = retl_source::found(rx, self.place, self.source)?;
        let to = destination::found(rx, self.place, self.destination)?;
        let need = Need::in_workspace(
            Permission::EditConnections,
            self.place.workspace,
            destination::target(&to),
        );
        Ok(vec![need.related(retl_source::target(&from))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<RetlConnection>> {
        let from = retl_source::found(tx, self.place, self.source)?;
        let to = destination::found(tx, self.place, self.destination)?;
        let settings = settings::new(&self.settings)?;
        let external_id = input::external_id(self.external_id.as_deref())?;
        if let Some(external) = &external_id
            && let Some(other) =
                tx.retl_connection_by_external_id(self.place.workspace, external)?
        {
            return Err(Error::failed(
                "external_id_taken",
                format!("connection {other} has this external id"),
            ));
        }
        let connection = RetlConnection {
            id: tx.new_id(ConnectionId::new),
            workspace: self.place.workspace,
            source: from.id,
            destination: to.id,
            enabled: self.enabled,
            settings,
            external_id,
            created_at: tx.at,
            updated_at: tx.at,
        };
        if let Some(other) = tx.retl_connection_between(from.id, to.id, &connection.object())? {
            let message = format!(
                "connection {other} connects \u{201c}{}\u{201d} to \u{201c}{}\u{201d} already",
                from.name, to.name
            );
            return Err(Error::failed("already_connected", message));
        }
        let made = tx.insert_retl_connection(&connection)?;
        let event = catalogue::DESTINATION_CONNECTED_SOURCE;
        let fact = told(event, &made, (&connection, &from, &to));
        Ok(Done::new(connection, vec![fact]))
    }
}
