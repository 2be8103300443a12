//! Connections of reverse ETL: when and how what is read goes to a destination.

pub mod create;
pub mod delete;
pub mod set_external_id;
pub mod settings;
pub mod update;

use model::catalogue;
use model::id::ConnectionId;
use model::role::Permission;
use model::things::{Destination, RetlConnection, RetlSource};
use store::{Error, Fact, Need, Result, Rx, Tx};

use super::{destination, retl_source};
use crate::request::Place;

/// A connection with both of its ends.
pub(crate) struct Ends {
    pub(crate) connection: RetlConnection,
    pub(crate) source: RetlSource,
    pub(crate) destination: Destination,
}

pub(crate) fn found(rx: &mut Rx<'_>, place: Place, id: ConnectionId) -> Result<Ends> {
    let connection = rx
        .retl_connection(place.workspace, id)?
        .ok_or(Error::NotFound("connection"))?;
    let source = retl_source::found(rx, place, connection.source)?;
    let destination = destination::found(rx, place, connection.destination)?;
    Ok(Ends {
        connection,
        source,
        destination,
    })
}

/// The permission to edit this connection, which must exist. A refusal is about its destination, and its source.
pub(crate) fn needs_edit(rx: &mut Rx<'_>, place: Place, id: ConnectionId) -> Result<Vec<Need>> {
    let ends = found(rx, place, id)?;
    let need = Need::in_workspace(
        Permission::EditConnections,
        place.workspace,
        destination::target(&ends.destination),
    );
    Ok(vec![need.related(retl_source::target(&ends.source))])
}

/// Disconnects a source from a destination.
pub(crate) fn disconnected(
    tx: &mut Tx<'_>,
    one: &RetlConnection,
    from: &RetlSource,
    to: &Destination,
) -> Result<Fact> {
    let gone = tx.delete_retl_connection(one)?;
    Ok(Fact::new(catalogue::DESTINATION_DISCONNECTED_SOURCE, &gone)
        .on(destination::target(to))
        .related(retl_source::target(from)))
}
