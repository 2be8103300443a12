//! Create a destination.

use model::catalogue::{self, EventType, TargetType};
use model::definition::Kind;
use model::id::{DestinationId, RevisionId};
use model::role::Permission;
use model::things::Destination;
use serde_json::Value;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use crate::actions::input;
use crate::request::Place;

/// A destination to be.
#[derive(Clone, Debug)]
pub struct CreateDestination {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Its type, kept exactly as it is.
    pub kind: String,
    /// The version of its type.
    pub version: i64,
    /// Whether it gets events.
    pub enabled: bool,
    /// Its settings, secrets included.
    pub config: Option<Value>,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
}

impl Action for CreateDestination {
    const EVENTS: &'static [EventType] = &[catalogue::DESTINATION_CREATED];
    type Output = Destination;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::to_be(TargetType::Destination, self.name.clone());
        Ok(vec![Need::in_workspace(
            Permission::EditDestinations,
            self.place.workspace,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Destination>> {
        let workspace = tx
            .workspace(self.place.workspace)?
            .ok_or(Error::NotFound("workspace"))?;
        input::name(&self.name)?;
        input::version(self.version)?;
        let definitions = tx.definitions(self.place.organization)?;
        input::kind(&definitions, Kind::Destination, &self.kind, &workspace)?;
        let config = input::config(self.config.as_ref())?;
        let faults = input::settings(
            &definitions,
            (Kind::Destination, &self.kind),
            &config,
            &workspace,
        )?;
        let external_id = input::external_id(self.external_id.as_deref())?;
        if let Some(external) = &external_id
            && let Some(other) = tx.destination_by_external_id(self.place.workspace, external)?
        {
            return Err(Error::failed(
                "external_id_taken",
                format!("destination {other} has this external id"),
            ));
        }
        let destination = Destination {
            id: tx.new_id(DestinationId::new),
            workspace: self.place.workspace,
            name: self.name.clone(),
            kind: self.kind.clone(),
            version: self.version,
            enabled: self.enabled,
            config: config.into(),
            revision: tx.new_id(RevisionId::new),
            changed: false,
            external_id,
            created_at: tx.at,
            updated_at: tx.at,
        };
        let made = tx.insert_destination(&destination)?;
        let fact = Fact::new(catalogue::DESTINATION_CREATED, &made);
        let fact = input::of_type(fact, &definitions, (Kind::Destination, &self.kind), faults);
        Ok(Done::new(destination, vec![fact]))
    }
}
