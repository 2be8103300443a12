//! Say what a client's own project calls a transformation or library. Once.

use model::catalogue::{self, EventType};
use model::id::TransformationId;
use model::things::{CodeKind, Transformation};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{events, found, needs_edit};
use crate::actions::input;
use crate::request::Place;

/// The id that a transformation or library is to have.
#[derive(Clone, Debug)]
pub struct SetExternalId {
    /// Where.
    pub place: Place,
    /// Which of the two.
    pub kind: CodeKind,
    /// Which.
    pub id: TransformationId,
    /// Its id in the client's project.
    pub external_id: String,
}

impl Action for SetExternalId {
    const EVENTS: &'static [EventType] = &[
        catalogue::TRANSFORMATION_UPDATED,
        catalogue::LIBRARY_UPDATED,
    ];
    type Output = Transformation;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.place, self.kind, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Transformation>> {
        let before = found(tx, self.place, self.kind, self.id)?;
        let external =
            input::required_external_id(&self.external_id, before.external_id.as_deref())?;
        if before.external_id.as_ref() == Some(&external) {
            return Ok(Done::new(before, Vec::new()));
        }
        if let Some(other) =
            tx.transformation_by_external_id(self.place.workspace, self.kind, &external)?
        {
            let message = format!("{} {other} has this external id", self.kind.as_str());
            return Err(Error::failed("external_id_taken", message));
        }
        let after = Transformation {
            external_id: Some(external),
            updated_at: tx.at,
            ..before.clone()
        };
        let made = tx.update_transformation(&after)?;
        let [_, updated, _, _] = events(self.kind);
        Ok(Done::new(after, vec![Fact::new(updated, &made)]))
    }
}
