//! Make a workspace in an organization.

use model::catalogue::{self, EventType, TargetType};
use model::id::OrganizationId;
use model::role::Permission;
use model::things::Workspace;
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Target, Tx};
use zeroize::Zeroizing;

use super::{Environment, free, new};
use crate::actions::input;

/// A workspace to be.
#[derive(Clone)]
pub struct CreateWorkspace {
    /// Where.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub environment: Environment,
    /// The token of its data plane; it is kept encrypted.
    pub token: Zeroizing<String>,
}

impl Action for CreateWorkspace {
    const EVENTS: &'static [EventType] = &[catalogue::WORKSPACE_CREATED];
    type Output = Workspace;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::to_be(TargetType::Workspace, self.name.clone());
        Ok(vec![Need::in_organization(
            Permission::EditOrganization,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Workspace>> {
        input::name(&self.name)?;
        let name = self.name.trim().to_owned();
        free(tx, self.organization, &name)?;
        let workspace = new(tx, self.organization, name, self.environment);
        let made = tx.insert_workspace(&workspace, &self.token)?;
        Ok(Done::new(
            workspace,
            vec![Fact::new(catalogue::WORKSPACE_CREATED, &made)],
        ))
    }
}
