//! Destinations, and the transformation before each.

pub mod create;
pub mod delete;
pub mod put_transformation;
pub mod set_external_id;
pub mod take_transformation;
pub mod update;

use std::sync::Arc;

use model::catalogue::TargetType;
use model::id::DestinationId;
use model::role::Permission;
use model::things::Destination;
use store::{Error, Need, Result, Rx, Target};

use crate::request::Place;

pub(crate) fn found(rx: &mut Rx<'_>, place: Place, id: DestinationId) -> Result<Arc<Destination>> {
    rx.destination(place.workspace, id)?
        .ok_or(Error::NotFound("destination"))
}

pub(crate) fn target(destination: &Destination) -> Target {
    Target::new(
        TargetType::Destination,
        destination.id,
        destination.name.clone(),
    )
}

/// A permission on this destination, which must exist.
pub(crate) fn needs(
    rx: &mut Rx<'_>,
    place: Place,
    id: DestinationId,
    permission: Permission,
) -> Result<Vec<Need>> {
    let destination = found(rx, place, id)?;
    Ok(vec![Need::in_workspace(
        permission,
        place.workspace,
        target(&destination),
    )])
}
