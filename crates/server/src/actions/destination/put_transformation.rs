//! Put a transformation before a destination, in the place of another if there is one.

use model::catalogue::{self, EventType};
use model::id::{DestinationId, TransformationId};
use model::role::Permission;
use model::things::{CodeKind, Destination, Transformation, TransformationLink};
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, needs, target};
use crate::actions::transformation;
use crate::request::Place;

/// What is to be before a destination.
#[derive(Clone, Debug)]
pub struct PutTransformation {
    /// Where.
    pub place: Place,
    /// The destination.
    pub destination: DestinationId,
    /// The transformation.
    pub transformation: TransformationId,
}

impl Action for PutTransformation {
    const EVENTS: &'static [EventType] = &[
        catalogue::DESTINATION_CONNECTED_TRANSFORMATION,
        catalogue::DESTINATION_UPDATED_TRANSFORMATION,
    ];
    type Output = TransformationLink;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        transformation::found(
            rx,
            self.place,
            CodeKind::Transformation,
            self.transformation,
        )?;
        needs(
            rx,
            self.place,
            self.destination,
            Permission::EditTransformations,
        )
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<TransformationLink>> {
        let destination = found(tx, self.place, self.destination)?;
        let new = transformation::found(
            tx,
            self.place,
            CodeKind::Transformation,
            self.transformation,
        )?;
        let (link, fact) = put(tx, self.place, &destination, &new)?;
        Ok(Done::new(link, fact.into_iter().collect()))
    }
}

/// Puts a transformation before a destination, if it can run there. What is before it already makes no fact.
pub(crate) fn put(
    tx: &mut Tx<'_>,
    place: Place,
    destination: &Destination,
    new: &Transformation,
) -> Result<(TransformationLink, Option<Fact>)> {
    let link = TransformationLink {
        destination: destination.id,
        transformation: new.id,
        workspace: place.workspace,
        created_at: tx.at,
        updated_at: tx.at,
    };
    let before = tx.link(destination.id)?;
    if let Some(before) = &before
        && before.transformation == new.id
    {
        return Ok((before.clone(), None));
    }
    transformation::check_runs(tx, place, new)?;
    let Some(before) = before else {
        let made = tx.insert_link(&link)?;
        let fact = Fact::new(catalogue::DESTINATION_CONNECTED_TRANSFORMATION, &made)
            .on(target(destination))
            .related(transformation::target(new));
        return Ok((link, Some(fact)));
    };
    let old = transformation::found(tx, place, CodeKind::Transformation, before.transformation)?;
    let after = TransformationLink {
        created_at: before.created_at,
        ..link
    };
    let made = tx.update_link(&after)?;
    let fact = Fact::new(catalogue::DESTINATION_UPDATED_TRANSFORMATION, &made)
        .on(target(destination))
        .related(transformation::target(new))
        .related(transformation::target(&old));
    Ok((after, Some(fact)))
}
