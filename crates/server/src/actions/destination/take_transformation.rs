//! Take the transformation before a destination away.

use model::catalogue::{self, EventType};
use model::id::DestinationId;
use model::role::Permission;
use model::things::{CodeKind, Destination, TransformationLink};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, needs, target};
use crate::actions::transformation;
use crate::request::Place;

/// A destination that is to have no transformation.
#[derive(Clone, Debug)]
pub struct TakeTransformation {
    /// Where.
    pub place: Place,
    /// The destination.
    pub destination: DestinationId,
}

pub(crate) fn taken(
    tx: &mut Tx<'_>,
    place: Place,
    link: &TransformationLink,
    destination: &Destination,
) -> Result<Fact> {
    let old = transformation::found(tx, place, CodeKind::Transformation, link.transformation)?;
    let gone = tx.delete_link(link)?;
    Ok(
        Fact::new(catalogue::DESTINATION_DISCONNECTED_TRANSFORMATION, &gone)
            .on(target(destination))
            .related(transformation::target(&old)),
    )
}

impl Action for TakeTransformation {
    const EVENTS: &'static [EventType] = &[catalogue::DESTINATION_DISCONNECTED_TRANSFORMATION];
    type Output = TransformationLink;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs(
            rx,
            self.place,
            self.destination,
            Permission::EditTransformations,
        )
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<TransformationLink>> {
        let destination = found(tx, self.place, self.destination)?;
        let link = tx
            .link(destination.id)?
            .ok_or(Error::NotFound("transformation of the destination"))?;
        let fact = taken(tx, self.place, &link, &destination)?;
        Ok(Done::new(link, vec![fact]))
    }
}
