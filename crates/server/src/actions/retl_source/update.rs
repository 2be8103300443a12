//! Change a source of reverse ETL. What is not given stays; what it is of cannot change.

use model::catalogue::{self, EventType};
use model::clock::Micros;
use model::id::SourceId;
use model::things::RetlSource;
use serde_json::Value;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{account, config, found, needs_edit};
use crate::actions::input;
use crate::request::Place;

/// What a source is to be like.
#[derive(Clone, Debug)]
pub struct UpdateRetlSource {
    /// Where.
    pub place: Place,
    /// Which.
    pub id: SourceId,
    /// Its name.
    pub name: Option<String>,
    /// Whether it reads a table or what a query gives; it must be what it is.
    pub kind: Option<String>,
    /// The warehouse's type; it must be the one that it has.
    pub definition: Option<String>,
    /// The account that it is read with.
    pub account: Option<String>,
    /// Whether it is read.
    pub enabled: Option<bool>,
    /// What is read; `null` leaves it.
    pub config: Option<Value>,
    /// When it was last changed as the change was made for it: another moment refuses it. None takes any.
    pub seen: Option<Micros>,
}

impl Action for UpdateRetlSource {
    const EVENTS: &'static [EventType] =
        &[catalogue::SOURCE_UPDATED, catalogue::SOURCE_UPDATED_NAME];
    type Output = RetlSource;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.place, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<RetlSource>> {
        let before = found(tx, self.place, self.id)?;
        if self.seen.is_some_and(|seen| seen != before.updated_at) {
            let message = "this source was changed meanwhile; look at it again";
            return Err(Error::failed("changed_meanwhile", message));
        }
        for (field, sent, now) in [
            ("sourceType", &self.kind, before.kind.as_str()),
            (
                "sourceDefinitionName",
                &self.definition,
                before.definition.as_str(),
            ),
        ] {
            if sent.as_ref().is_some_and(|sent| sent != now) {
                let message = format!("{field} of a source cannot change; it is {now}");
                return Err(Error::field("type_cannot_change", field, message));
            }
        }
        let mut after = before.clone();
        if let Some(name) = &self.name {
            input::name(name)?;
            after.name.clone_from(name);
        }
        if let Some(id) = &self.account {
            after.account = account(tx, self.place, id)?;
        }
        if let Some(sent) = self.config.as_ref().filter(|config| !config.is_null()) {
            let sent = config(before.kind, &before.definition, Some(sent))?;
            after.config = input::in_place_of(&before.config, sent);
        }
        after.enabled = self.enabled.unwrap_or(before.enabled);
        if after == before {
            return Ok(Done::new(before, Vec::new()));
        }
        // Each change has a moment of its own, by which `seen` tells them apart, though the clock stand still.
        after.updated_at = tx.at.max(before.updated_at.plus(1));
        let made = tx.update_retl_source(&after)?;
        let facts = vec![
            Fact::new(catalogue::SOURCE_UPDATED_NAME, &made).only("name"),
            Fact::new(catalogue::SOURCE_UPDATED, &made).all_but("name"),
        ];
        Ok(Done::new(after, facts))
    }
}
