//! Connections of reverse ETL: when and how what is read goes to a destination.

pub mod create;
pub mod delete;
pub mod set_external_id;
pub mod settings;
pub mod update;

use std::sync::Arc;

use model::catalogue::{self, EventType, TargetType};
use model::id::ConnectionId;
use model::role::Permission;
use model::things::{Destination, RetlConnection, RetlSource};
use store::{Changed, Error, Fact, Need, Result, Rx, Target, Tx};

use super::{destination, retl_source};
use crate::request::Place;

/// A connection with both of its ends.
pub(crate) struct Ends {
    pub(crate) connection: RetlConnection,
    pub(crate) source: RetlSource,
    pub(crate) destination: Arc<Destination>,
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

/// What a connection is called, which has no name of its own.
pub(crate) fn called(from: &RetlSource, to: &Destination) -> String {
    format!("{} to {}", from.name, to.name)
}

fn target(one: &RetlConnection, from: &RetlSource, to: &Destination) -> Target {
    Target::new(TargetType::Connection, one.id, called(from, to))
}

/// What happened to a connection: an event about its destination that names its source, and it itself.
fn told(
    event: EventType,
    row: &Changed,
    (one, from, to): (&RetlConnection, &RetlSource, &Destination),
) -> Fact {
    Fact::new(event, row)
        .on(destination::target(to))
        .related(retl_source::target(from))
        .related(target(one, from, to))
}

/// The permission to edit this connection, which must exist. A refusal is about its destination, and names what an event of
/// success does.
pub(crate) fn needs_edit(rx: &mut Rx<'_>, place: Place, id: ConnectionId) -> Result<Vec<Need>> {
    let ends = found(rx, place, id)?;
    let need = Need::in_workspace(
        Permission::EditConnections,
        place.workspace,
        destination::target(&ends.destination),
    );
    let own = target(&ends.connection, &ends.source, &ends.destination);
    Ok(vec![
        need.related(retl_source::target(&ends.source)).related(own),
    ])
}

/// Disconnects a source from a destination.
pub(crate) fn disconnected(
    tx: &mut Tx<'_>,
    one: &RetlConnection,
    from: &RetlSource,
    to: &Destination,
) -> Result<Fact> {
    let gone = tx.delete_retl_connection(one)?;
    let event = catalogue::DESTINATION_DISCONNECTED_SOURCE;
    Ok(told(event, &gone, (one, from, to)))
}
