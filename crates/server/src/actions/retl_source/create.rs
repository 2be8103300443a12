//! Create a source of reverse ETL.

use model::catalogue::{self, EventType, TargetType};
use model::id::SourceId;
use model::role::Permission;
use model::things::{RetlKind, RetlSource};
use serde_json::Value;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use super::{account, config};
use crate::actions::input;
use crate::request::Place;

/// A source to be.
#[derive(Clone, Debug)]
pub struct CreateRetlSource {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Whether it reads a table or what a query gives.
    pub kind: String,
    /// The warehouse's type, kept exactly as it is.
    pub definition: String,
    /// The account that it is read with.
    pub account: String,
    /// Whether it is read.
    pub enabled: bool,
    /// What is read.
    pub config: Option<Value>,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
}

impl Action for CreateRetlSource {
    const EVENTS: &'static [EventType] = &[catalogue::SOURCE_CREATED];
    type Output = RetlSource;

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

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<RetlSource>> {
        input::name(&self.name)?;
        let kind: RetlKind = self.kind.parse().map_err(|_| {
            let message = "sourceType must be model or table";
            Error::field("unknown_source_type", "sourceType", message)
        })?;
        input::line("sourceDefinitionName", &self.definition, 100)?;
        let account = account(tx, self.place, &self.account)?;
        let config = config(kind, &self.definition, self.config.as_ref())?;
        let external_id = input::external_id(self.external_id.as_deref())?;
        if let Some(external) = &external_id
            && let Some(other) = tx.retl_source_by_external_id(self.place.workspace, external)?
        {
            return Err(Error::failed(
                "external_id_taken",
                format!("source {other} has this external id"),
            ));
        }
        let source = RetlSource {
            id: tx.new_id(SourceId::new),
            workspace: self.place.workspace,
            name: self.name.clone(),
            kind,
            definition: self.definition.clone(),
            account,
            enabled: self.enabled,
            config: config.into(),
            external_id,
            created_at: tx.at,
            updated_at: tx.at,
        };
        let made = tx.insert_retl_source(&source)?;
        Ok(Done::new(
            source,
            vec![Fact::new(catalogue::SOURCE_CREATED, &made)],
        ))
    }
}
