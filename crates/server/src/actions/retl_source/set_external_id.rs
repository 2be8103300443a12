//! Say what a client's own project calls a source of reverse ETL. Once.

use model::catalogue::{self, EventType};
use model::id::SourceId;
use model::things::RetlSource;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

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
    type Output = RetlSource;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.place, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<RetlSource>> {
        let before = found(tx, self.place, self.id)?;
        let external =
            input::required_external_id(&self.external_id, before.external_id.as_deref())?;
        if before.external_id.as_ref() == Some(&external) {
            return Ok(Done::new(before, Vec::new()));
        }
        if let Some(other) = tx.retl_source_by_external_id(self.place.workspace, &external)? {
            return Err(Error::failed(
                "external_id_taken",
                format!("source {other} has this external id"),
            ));
        }
        let after = RetlSource {
            external_id: Some(external),
            updated_at: tx.at,
            ..before
        };
        let made = tx.update_retl_source(&after)?;
        Ok(Done::new(
            after,
            vec![Fact::new(catalogue::SOURCE_UPDATED, &made)],
        ))
    }
}
