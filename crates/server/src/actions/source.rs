//! Sources.

pub mod create;
pub mod delete;
pub mod set_external_id;
pub mod update;

use std::sync::Arc;

use model::catalogue::TargetType;
use model::id::SourceId;
use model::role::Permission;
use model::things::Source;
use store::{Error, Need, Result, Rx, Target};

use crate::request::Place;

pub(crate) fn found(rx: &mut Rx<'_>, place: Place, id: SourceId) -> Result<Arc<Source>> {
    rx.source(place.workspace, id)?
        .ok_or(Error::NotFound("source"))
}

pub(crate) fn target(source: &Source) -> Target {
    Target::new(TargetType::Source, source.id, source.name.clone())
}

/// The permission to edit this source, which must exist.
pub(crate) fn needs_edit(rx: &mut Rx<'_>, place: Place, id: SourceId) -> Result<Vec<Need>> {
    let source = found(rx, place, id)?;
    Ok(vec![Need::in_workspace(
        Permission::EditSources,
        place.workspace,
        target(&source),
    )])
}
