//! Change a workspace's settings.

use model::catalogue::{self, EventType, TargetType};
use model::role::Permission;
use model::things::Workspace;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use crate::request::Place;

/// What a workspace is to be like. What is not given stays.
#[derive(Clone, Debug)]
pub struct UpdateWorkspace {
    /// Which.
    pub place: Place,
    /// Whether sources and destinations of types without a definition are accepted.
    pub allow_unknown_types: Option<bool>,
    /// Whether settings that do not fulfil the schema of their type are refused.
    pub refuse_invalid_config: Option<bool>,
}

impl Action for UpdateWorkspace {
    const EVENTS: &'static [EventType] = &[catalogue::WORKSPACE_UPDATED];
    type Output = Workspace;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let workspace = rx
            .workspace(self.place.workspace)?
            .ok_or(Error::NotFound("workspace"))?;
        let target = Target::new(TargetType::Workspace, workspace.id, workspace.name);
        Ok(vec![Need::in_workspace(
            Permission::EditWorkspace,
            workspace.id,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Workspace>> {
        let before = tx
            .workspace(self.place.workspace)?
            .ok_or(Error::NotFound("workspace"))?;
        let allow_unknown_types = self
            .allow_unknown_types
            .unwrap_or(before.allow_unknown_types);
        let mut after = Workspace {
            allow_unknown_types,
            refuse_invalid_config: self
                .refuse_invalid_config
                .unwrap_or(before.refuse_invalid_config),
            ..before.clone()
        };
        if after == before {
            return Ok(Done::new(before, Vec::new()));
        }
        after.updated_at = tx.at;
        let made = tx.update_workspace(&after)?;
        Ok(Done::new(
            after,
            vec![Fact::new(catalogue::WORKSPACE_UPDATED, &made)],
        ))
    }
}
