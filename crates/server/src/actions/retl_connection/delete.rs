//! Disconnect a source of reverse ETL from a destination.

use model::catalogue::{self, EventType};
use model::id::ConnectionId;
use store::{Action, Done, Need, Result, Rx, Scope, Tx};

use super::{disconnected, found, needs_edit};
use crate::request::Place;

/// A connection to go.
#[derive(Clone, Debug)]
pub struct DeleteRetlConnection {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: ConnectionId,
}

impl Action for DeleteRetlConnection {
    const EVENTS: &'static [EventType] = &[catalogue::DESTINATION_DISCONNECTED_SOURCE];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.place, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let ends = found(tx, self.place, self.id)?;
        let fact = disconnected(tx, &ends.connection, &ends.source, &ends.destination)?;
        Ok(Done::new((), vec![fact]))
    }
}
