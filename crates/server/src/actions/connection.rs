//! Connections from sources to destinations.

pub mod create;
pub mod delete;
pub mod set_external_id;
pub mod update;

use std::sync::Arc;

use model::catalogue;
use model::id::ConnectionId;
use model::role::Permission;
use model::things::{Connection, Destination, Source};
use store::{Error, Fact, Need, Result, Rx, Tx};

use super::{destination, source};
use crate::request::Place;

/// A connection with both of its ends.
pub(crate) struct Ends {
    pub(crate) connection: Connection,
    pub(crate) source: Arc<Source>,
    pub(crate) destination: Arc<Destination>,
}

pub(crate) fn found(rx: &mut Rx<'_>, place: Place, id: ConnectionId) -> Result<Ends> {
    let connection = rx
        .connection(place.workspace, id)?
        .ok_or(Error::NotFound("connection"))?;
    let source = source::found(rx, place, connection.source)?;
    let destination = destination::found(rx, place, connection.destination)?;
    Ok(Ends {
        connection,
        source,
        destination,
    })
}

/// The permission to edit what connects these two: where only people selected may change one of them, others neither take from
/// it nor bring to it. A refusal is about the destination and concerns the source, as the event would be.
pub(crate) fn needs(place: Place, from: &Source, to: &Destination) -> Vec<Need> {
    let need = Need::in_workspace(
        Permission::EditConnections,
        place.workspace,
        destination::target(to),
    );
    vec![need.related(source::target(from))]
}

/// The permission to edit this connection, which must exist.
pub(crate) fn needs_edit(rx: &mut Rx<'_>, place: Place, id: ConnectionId) -> Result<Vec<Need>> {
    let ends = found(rx, place, id)?;
    Ok(needs(place, &ends.source, &ends.destination))
}

/// Disconnects a source from a destination.
pub(crate) fn disconnected(
    tx: &mut Tx<'_>,
    one: &Connection,
    from: &Source,
    to: &Destination,
) -> Result<Fact> {
    let gone = tx.delete_connection(one)?;
    Ok(Fact::new(catalogue::DESTINATION_DISCONNECTED_SOURCE, &gone)
        .on(destination::target(to))
        .related(source::target(from)))
}
