//! Delete a source. First it is disconnected from its destinations, one event for each; who may not do that may not
//! delete it either.

use model::catalogue::{self, EventType};
use model::id::SourceId;
use store::{Action, Done, Fact, Need, Reads, Result, Rx, Scope, Tx};

use super::{found, needs_edit, target};
use crate::actions::{connection, destination};
use crate::request::Place;

/// A source to go.
#[derive(Clone, Debug)]
pub struct DeleteSource {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: SourceId,
}

impl Action for DeleteSource {
    const EVENTS: &'static [EventType] = &[
        catalogue::SOURCE_DELETED,
        catalogue::DESTINATION_DISCONNECTED_SOURCE,
    ];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn reads(&self) -> Option<Reads> {
        Some(Reads::Source(self.id))
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let mut needs = needs_edit(rx, self.place, self.id)?;
        for one in rx.connections_of_source(self.id)? {
            needs.extend(connection::needs_edit(rx, self.place, one.id)?);
        }
        Ok(needs)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let source = found(tx, self.place, self.id)?;
        let mut facts = Vec::new();
        for one in tx.connections_of_source(source.id)? {
            let to = destination::found(tx, self.place, one.destination)?;
            facts.push(connection::disconnected(tx, &one, &source, &to)?);
        }
        let gone = tx.delete_source(&source)?;
        facts.push(Fact::new(catalogue::SOURCE_DELETED, &gone).on(target(&source)));
        Ok(Done::new((), facts))
    }
}
