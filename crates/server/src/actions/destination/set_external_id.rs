//! Say what a client's own project calls a destination. Once.

use std::sync::Arc;

use model::catalogue::{self, EventType};
use model::id::DestinationId;
use model::role::Permission;
use model::things::Destination;
use store::{Action, Done, Error, Fact, Need, Reads, Result, Rx, Scope, Tx};

use super::{found, needs};
use crate::actions::input;
use crate::request::Place;

/// The id that a destination is to have.
#[derive(Clone, Debug)]
pub struct SetExternalId {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: DestinationId,
    /// Its id in the client's project.
    pub external_id: String,
}

impl Action for SetExternalId {
    const EVENTS: &'static [EventType] = &[catalogue::DESTINATION_UPDATED];
    type Output = Destination;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn reads(&self) -> Option<Reads> {
        Some(Reads::Destination(self.id))
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs(rx, self.place, self.id, Permission::EditDestinations)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Destination>> {
        let before = found(tx, self.place, self.id)?;
        let external =
            input::required_external_id(&self.external_id, before.external_id.as_deref())?;
        if before.external_id.as_ref() == Some(&external) {
            return Ok(Done::new(Arc::unwrap_or_clone(before), Vec::new()));
        }
        if let Some(other) = tx.destination_by_external_id(self.place.workspace, &external)? {
            return Err(Error::failed(
                "external_id_taken",
                format!("destination {other} has this external id"),
            ));
        }
        let after = Destination {
            external_id: Some(external),
            updated_at: tx.at,
            ..(*before).clone()
        };
        let made = tx.update_destination(&after)?;
        Ok(Done::new(
            after,
            vec![Fact::new(catalogue::DESTINATION_UPDATED, &made)],
        ))
    }
}
