//! Change a source's name or settings. What is not given stays.

use std::sync::Arc;

use model::catalogue::{self, EventType};
use model::clock::Micros;
use model::definition::Kind;
use model::id::SourceId;
use model::things::Source;
use serde_json::Value;
use store::{Action, Done, Error, Fact, Need, Reads, Result, Rx, Scope, Tx};

use super::{found, needs_edit};
use crate::actions::input;
use crate::request::Place;
use crate::schema::Faults;

/// What a source is to be like.
#[derive(Clone, Debug)]
pub struct UpdateSource {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: SourceId,
    /// Its name.
    pub name: Option<String>,
    /// Its type; it must be the one that it has.
    pub kind: Option<String>,
    /// Whether it takes events.
    pub enabled: Option<bool>,
    /// Its settings; `null` leaves them.
    pub config: Option<Value>,
    /// Whether the data plane adds the place of an address.
    pub geo_enrichment: Option<bool>,
    /// Whether events are not stored by the data plane.
    pub transient: Option<bool>,
    /// When it was last changed as the change was made for it: another moment refuses it. None takes any.
    pub seen: Option<Micros>,
}

impl Action for UpdateSource {
    const EVENTS: &'static [EventType] =
        &[catalogue::SOURCE_UPDATED, catalogue::SOURCE_UPDATED_NAME];
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
        if self.seen.is_some_and(|seen| seen != before.updated_at) {
            let message = "this source was changed meanwhile; look at it again";
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
                format!("the type of a source cannot change; it is {}", before.kind),
            ));
        }
        if let Some(config) = self.config.as_ref().filter(|config| !config.is_null()) {
            after.config = input::in_place_of(&before.config, input::config(Some(config))?);
        }
        after.enabled = self.enabled.unwrap_or(before.enabled);
        after.geo_enrichment = self.geo_enrichment.unwrap_or(before.geo_enrichment);
        after.transient = self.transient.unwrap_or(before.transient);
        if after == *before {
            return Ok(Done::new(Arc::unwrap_or_clone(before), Vec::new()));
        }
        // Each change has a moment of its own, by which `seen` tells them apart, though the clock stand still.
        after.updated_at = tx.at.max(before.updated_at.plus(1));
        let faults = if after.config == before.config {
            Faults::new()
        } else {
            let workspace = tx
                .workspace(self.place.workspace)?
                .ok_or(Error::NotFound("workspace"))?;
            let definitions = tx.definitions(self.place.organization)?;
            input::settings(
                &definitions,
                (Kind::Source, &after.kind),
                &after.config,
                &workspace,
            )?
        };
        let made = tx.update_source(&after)?;
        let updated = Fact::new(catalogue::SOURCE_UPDATED, &made).all_but("name");
        let facts = vec![
            Fact::new(catalogue::SOURCE_UPDATED_NAME, &made).only("name"),
            input::warned(updated, faults),
        ];
        Ok(Done::new(after, facts))
    }
}
