//! Change a workspace's name or settings.

use model::catalogue::{self, EventType};
use model::role::Permission;
use model::things::Workspace;
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Tx};

use super::{Environment, found, target};
use crate::actions::input::{self, merged};
use crate::request::Place;

/// What a workspace is to be like. What is not given stays.
#[derive(Clone, Debug)]
pub struct UpdateWorkspace {
    /// Which.
    pub place: Place,
    /// Its name.
    pub name: Option<String>,
    /// What the name was when it was looked at: it must still be that, unless the name is to stay.
    pub seen_name: Option<String>,
    /// What it is for.
    pub environment: Option<Environment>,
    /// Whether sources and destinations of types without a definition are accepted.
    pub allow_unknown_types: Option<bool>,
    /// Whether settings that do not fulfil the schema of their type are refused.
    pub refuse_invalid_config: Option<bool>,
}

impl Action for UpdateWorkspace {
    const EVENTS: &'static [EventType] = &[
        catalogue::WORKSPACE_UPDATED,
        catalogue::WORKSPACE_UPDATED_NAME,
    ];
    type Output = Workspace;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let workspace = found(rx, self.place.organization, self.place.workspace)?;
        Ok(vec![Need::in_workspace(
            Permission::EditWorkspace,
            workspace.id,
            target(&workspace),
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Workspace>> {
        let before = found(tx, self.place.organization, self.place.workspace)?;
        let mut after = before.clone();
        if let Some(name) = &self.name {
            input::name(name)?;
            let seen = self.seen_name.clone();
            after.name = merged("name", before.name.clone(), name.trim().to_owned(), seen)?;
        }
        if let Some(environment) = self.environment {
            environment.word().clone_into(&mut after.environment);
        }
        after.allow_unknown_types = self
            .allow_unknown_types
            .unwrap_or(before.allow_unknown_types);
        after.refuse_invalid_config = self
            .refuse_invalid_config
            .unwrap_or(before.refuse_invalid_config);
        if after == before {
            return Ok(Done::new(before, Vec::new()));
        }
        after.updated_at = tx.at;
        let made = tx.update_workspace(&after)?;
        Ok(Done::new(
            after,
            vec![
                Fact::new(catalogue::WORKSPACE_UPDATED_NAME, &made).only("name"),
                Fact::new(catalogue::WORKSPACE_UPDATED, &made).all_but("name"),
            ],
        ))
    }
}
