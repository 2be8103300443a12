//! Delete a destination. First its sources are disconnected and its transformation is taken away, one event for each; who may
//! not do that may not delete it either.

use model::catalogue::{self, EventType};
use model::id::DestinationId;
use model::role::Permission;
use store::{Action, Done, Fact, Need, Reads, Result, Rx, Scope, Tx};

use super::{found, needs, take_transformation, target};
use crate::actions::{connection, retl_connection, retl_source, source};
use crate::request::Place;

/// A destination to go.
#[derive(Clone, Debug)]
pub struct DeleteDestination {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: DestinationId,
}

impl Action for DeleteDestination {
    const EVENTS: &'static [EventType] = &[
        catalogue::DESTINATION_DELETED,
        catalogue::DESTINATION_DISCONNECTED_SOURCE,
        catalogue::DESTINATION_DISCONNECTED_TRANSFORMATION,
    ];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn reads(&self) -> Option<Reads> {
        Some(Reads::Destination(self.id))
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let mut needs = needs(rx, self.place, self.id, Permission::EditDestinations)?;
        for one in rx.connections_of_destination(self.id)? {
            needs.extend(connection::needs_edit(rx, self.place, one.id)?);
        }
        for one in rx.retl_connections_of_destination(self.id)? {
            needs.extend(retl_connection::needs_edit(rx, self.place, one.id)?);
        }
        Ok(needs)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let destination = found(tx, self.place, self.id)?;
        let mut facts = Vec::new();
        for one in tx.connections_of_destination(destination.id)? {
            let from = source::found(tx, self.place, one.source)?;
            facts.push(connection::disconnected(tx, &one, &from, &destination)?);
        }
        for one in tx.retl_connections_of_destination(destination.id)? {
            let from = retl_source::found(tx, self.place, one.source)?;
            facts.push(retl_connection::disconnected(
                tx,
                &one,
                &from,
                &destination,
            )?);
        }
        if let Some(link) = tx.link(destination.id)? {
            facts.push(take_transformation::taken(
                tx,
                self.place,
                &link,
                &destination,
            )?);
        }
        let gone = tx.delete_destination(&destination)?;
        facts.push(Fact::new(catalogue::DESTINATION_DELETED, &gone).on(target(&destination)));
        Ok(Done::new((), facts))
    }
}
