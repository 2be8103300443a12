//! Connect a source to a destination.

use model::catalogue::{self, EventType};
use model::id::{ConnectionId, DestinationId, SourceId};
use model::role::Permission;
use model::things::Connection;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use crate::actions::{destination, input, source};
use crate::request::Place;

/// A connection to be.
#[derive(Clone, Debug)]
pub struct CreateConnection {
    /// Where.
    pub place: Place,
    /// Where events come from.
    pub source: SourceId,
    /// Where they go.
    pub destination: DestinationId,
    /// Whether they flow.
    pub enabled: bool,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
}

impl Action for CreateConnection {
    const EVENTS: &'static [EventType] = &[catalogue::DESTINATION_CONNECTED_SOURCE];
    type Output = Connection;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let from = source::found(rx, self.place, self.source)?;
        let to = destination::found(rx, self.place, self.destination)?;
        let need = Need::in_workspace(
            Permission::EditConnections,
            self.place.workspace,
            destination::target(&to),
        );
        Ok(vec![need.related(source::target(&from))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Connection>> {
        let from = source::found(tx, self.place, self.source)?;
        let to = destination::found(tx, self.place, self.destination)?;
        let external_id = input::external_id(self.external_id.as_deref())?;
        if let Some(other) = tx.connection_between(from.id, to.id)? {
            let message = format!(
                "connection {} connects \u{201c}{}\u{201d} to \u{201c}{}\u{201d} already",
                other.id, from.name, to.name
            );
            return Err(Error::failed("already_connected", message));
        }
        if let Some(external) = &external_id
            && let Some(other) = tx.connection_by_external_id(self.place.workspace, external)?
        {
            return Err(Error::failed(
                "external_id_taken",
                format!("connection {other} has this external id"),
            ));
        }
        let connection = Connection {
            id: tx.new_id(ConnectionId::new),
            workspace: self.place.workspace,
            source: from.id,
            destination: to.id,
            enabled: self.enabled,
            external_id,
            created_at: tx.at,
            updated_at: tx.at,
        };
        let made = tx.insert_connection(&connection)?;
        let fact = Fact::new(catalogue::DESTINATION_CONNECTED_SOURCE, &made)
            .on(destination::target(&to))
            .related(source::target(&from));
        Ok(Done::new(connection, vec![fact]))
    }
}
