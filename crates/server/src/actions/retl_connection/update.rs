//! Change a connection of reverse ETL. What is not given stays; its ends, and what was decided with them, cannot change.

use model::catalogue::{self, EventType};
use model::clock::Micros;
use model::id::{ConnectionId, DestinationId, SourceId};
use model::things::RetlConnection;
use serde_json::{Map, Value};
use store::{Action, Done, Error, Need, Result, Rx, Scope, Tx};

use super::{found, needs_edit, settings, told};
use crate::request::Place;

/// What a connection is to be like.
#[derive(Clone, Debug)]
pub struct UpdateRetlConnection {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: ConnectionId,
    /// The source; it must be the one that it has.
    pub source: Option<SourceId>,
    /// The destination; it must be the one that it has.
    pub destination: Option<DestinationId>,
    /// Whether it is synced.
    pub enabled: Option<bool>,
    /// When and how.
    pub settings: Map<String, Value>,
    /// When it was last changed as the change was made for it: another moment refuses it. None takes any.
    pub seen: Option<Micros>,
}

impl Action for UpdateRetlConnection {
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
        if self.seen.is_some_and(|seen| seen != before.updated_at) {
            let message = "this connection was changed meanwhile; look at it again";
            return Err(Error::failed("changed_meanwhile", message));
        }
        let moves = self.source.is_some_and(|id| id != before.source)
            || self.destination.is_some_and(|id| id != before.destination);
        if moves {
            return Err(Error::invalid(
                "ends_cannot_change",
                "the ends of a connection cannot change; delete it and connect the others",
            ));
        }
        let after = RetlConnection {
            enabled: self.enabled.unwrap_or(before.enabled),
            settings: settings::changed(&before.settings, &self.settings)?,
            ..before.clone()
        };
        if after == before {
            return Ok(Done::new(before, Vec::new()));
        }
        let after = RetlConnection {
            // Each change has a moment of its own, by which `seen` tells them apart, though the clock stand still.
            updated_at: tx.at.max(before.updated_at.plus(1)),
            ..after
        };
        let made = tx.update_retl_connection(&after)?;
        let event = catalogue::DESTINATION_UPDATED_CONNECTION;
        let fact = told(event, &made, (&after, &ends.source, &ends.destination));
        Ok(Done::new(after, vec![fact]))
    }
}
