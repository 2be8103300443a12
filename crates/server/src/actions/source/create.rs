//! Create a source.

use model::catalogue::{self, EventType, TargetType};
use model::definition::Kind;
use model::id::SourceId;
use model::role::Permission;
use model::things::Source;
use serde_json::Value;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use crate::actions::input;
use crate::request::Place;

/// A source to be.
#[derive(Clone, Debug)]
pub struct CreateSource {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Its type, kept exactly as it is.
    pub kind: String,
    /// Whether it takes events.
    pub enabled: bool,
    /// Its settings.
    pub config: Option<Value>,
    /// Whether the data plane adds the place of an address.
    pub geo_enrichment: bool,
    /// Whether events are not stored by the data plane.
    pub transient: bool,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
}

impl Action for CreateSource {
    const EVENTS: &'static [EventType] = &[catalogue::SOURCE_CREATED];
    type Output = Source;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::to_be(TargetType::Source, self.name.clone());
        Ok(vec![Need::in_workspace(
            Permission::EditSources,
            self.place.workspace,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Source>> {
        let workspace = tx
            .workspace(self.place.workspace)?
            .ok_or(Error::NotFound("workspace"))?;
        input::name(&self.name)?;
        let definitions = tx.definitions(self.place.organization)?;
        input::kind(&definitions, Kind::Source, &self.kind, &workspace)?;
        let config = input::config(self.config.as_ref())?;
        let faults = input::settings(
            &definitions,
            (Kind::Source, &self.kind),
            &config,
            &workspace,
        )?;
        let external_id = input::external_id(self.external_id.as_deref())?;
        if let Some(external) = &external_id
            && let Some(other) = tx.source_by_external_id(self.place.workspace, external)?
        {
            return Err(Error::failed(
                "external_id_taken",
                format!("source {other} has this external id"),
            ));
        }
        let source = Source {
            id: tx.new_id(SourceId::new),
            workspace: self.place.workspace,
            name: self.name.clone(),
            kind: self.kind.clone(),
            enabled: self.enabled,
            config: config.into(),
            write_key: tx.new_id(SourceId::new).to_string(),
            geo_enrichment: self.geo_enrichment,
            transient: self.transient,
            external_id,
            created_at: tx.at,
            updated_at: tx.at,
        };
        let made = tx.insert_source(&source)?;
        let fact = Fact::new(catalogue::SOURCE_CREATED, &made);
        let fact = input::of_type(fact, &definitions, (Kind::Source, &self.kind), faults);
        Ok(Done::new(source, vec![fact]))
    }
}
