//! Say what a client's own project calls a source. Once.

use std::sync::Arc;

use model::catalogue::{self, EventType};
use model::id::SourceId;
use model::things::Source;
use store::{Action, Done, Error, Fact, Need, Reads, Result, Rx, Scope, Tx};

use super::{found, needs_edit};
use crate::actions::input;
use crate::request::Place;

/// The id that a source is to have.
#[derive(Clone, Debug)]
pub struct SetExternalId {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: SourceId,
    /// Its id in the client's project.
    pub external_id: String,
}

impl Action for SetExternalId {
    const EVENTS: &'static [EventType] = &[catalogue::SOURCE_UPDATED];
    type Output = Source;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn reads(&self) -> Option<Reads> {
        Some(Reads::Source(self.id))
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.place, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Source>> {
        let before = found(tx, self.place, self.id)?;
        let external =
            input::required_external_id(&self.external_id, before.external_id.as_deref())?;
        if before.external_id.as_ref() == Some(&external) {
            return Ok(Done::new(Arc::unwrap_or_clone(before), Vec::new()));
        }
        if let Some(other) = tx.source_by_external_id(self.place.workspace, &external)? {
            return Err(Error::failed(
                "external_id_taken",
                format!("source {other} has this external id"),
            ));
        }
        let after = Source {
            external_id: Some(external),
            updated_at: tx.at,
            ..(*before).clone()
        };
        let made = tx.update_source(&after)?;
        Ok(Done::new(
            after,
            vec![Fact::new(catalogue::SOURCE_UPDATED, &made)],
        ))
    }
}
