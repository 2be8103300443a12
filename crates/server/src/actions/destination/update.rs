//! Change a destination's name or settings. Settings are replaced as they are given; what is not given stays.

use std::sync::Arc;

use model::catalogue::{self, EventType};
use model::definition::Kind;
use model::id::{DestinationId, RevisionId};
use model::role::Permission;
use model::things::Destination;
use serde_json::Value;
use store::{Action, Done, Error, Fact, Need, Reads, Result, Rx, Scope, Tx};

use super::{found, needs};
use crate::actions::input;
use crate::request::Place;
use crate::schema::Faults;

/// What a destination is to be like.
#[derive(Clone, Debug)]
pub struct UpdateDestination {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: DestinationId,
    /// Its name.
    pub name: Option<String>,
    /// Its type; it must be the one that it has.
    pub kind: Option<String>,
    /// The version of its type.
    pub version: Option<i64>,
    /// Whether it gets events.
    pub enabled: Option<bool>,
    /// Its settings, secrets included; `null` leaves them.
    pub config: Option<Value>,
    /// The state that the change was made for: another one refuses it. None takes any.
    pub revision: Option<RevisionId>,
}

impl Action for UpdateDestination {
    const EVENTS: &'static [EventType] = &[
        catalogue::DESTINATION_UPDATED,
        catalogue::DESTINATION_UPDATED_NAME,
    ];
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
        if self.revision.is_some_and(|seen| seen != before.revision) {
            let message = "this destination was changed meanwhile; look at it again";
            return Err(Error::failed("changed_meanwhile", message));
        }
        let mut after = (*before).clone();
        if let Some(name) = &self.name {
            input::name(name)?;
            after.name.clone_from(name);
        }
        if self.kind.as_ref().is_some_and(|kind| *kind != before.kind) {
            return Err(Error::field(
                "type_cannot_change",
                "type",
                format!(
                    "the type of a destination cannot change; it is {}",
                    before.kind
                ),
            ));
        }
        if let Some(config) = self.config.as_ref().filter(|config| !config.is_null()) {
            after.config = input::in_place_of(&before.config, input::config(Some(config))?);
        }
        if let Some(version) = self.version {
            input::version(version)?;
            after.version = version;
        }
        after.enabled = self.enabled.unwrap_or(before.enabled);
        if after == *before {
            return Ok(Done::new(Arc::unwrap_or_clone(before), Vec::new()));
        }
        after.changed = true;
        after.revision = tx.new_id(RevisionId::new);
        after.updated_at = tx.at;
        let faults = if after.config == before.config {
            Faults::new()
        } else {
            let workspace = tx
                .workspace(self.place.workspace)?
                .ok_or(Error::NotFound("workspace"))?;
            let definitions = tx.definitions(self.place.organization)?;
            input::settings(
                &definitions,
                (Kind::Destination, &after.kind),
                &after.config,
                &workspace,
            )?
        };
        let made = tx.update_destination(&after)?;
        let updated = Fact::new(catalogue::DESTINATION_UPDATED, &made).all_but("name");
        let facts = vec![
            Fact::new(catalogue::DESTINATION_UPDATED_NAME, &made).only("name"),
            input::warned(updated, faults),
        ];
        Ok(Done::new(after, facts))
    }
}
