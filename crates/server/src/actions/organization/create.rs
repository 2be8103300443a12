//! Make another organization, with its first workspace and its Admin, who has an account already. From the command line
//! alone: nobody who is only in one organization may decide that there is another.

use model::catalogue::{self, EventType, TargetType};
use model::id::{OrganizationId, UserId, WorkspaceId};
use model::role::{OrganizationRole, Permission};
use model::things::{Member, NAME_LIMIT, Organization};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};
use zeroize::Zeroizing;

use crate::actions::input;
use crate::actions::workspace::{self, Environment};

/// An organization to be.
#[derive(Clone)]
pub struct CreateOrganization {
    /// Its name.
    pub name: String,
    /// The name of its first workspace.
    pub workspace: String,
    /// Who is to be its Admin.
    pub owner: UserId,
    /// The token of the workspace's data plane; it is kept encrypted.
    pub token: Zeroizing<String>,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The organization.
    pub organization: OrganizationId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its Admin.
    pub owner: UserId,
}

impl Action for CreateOrganization {
    const EVENTS: &'static [EventType] = &[
        catalogue::ORGANIZATION_CREATED,
        catalogue::WORKSPACE_CREATED,
        catalogue::USER_ADDED_TO_ORGANIZATION,
    ];
    type Output = Made;

    fn scope(&self) -> Scope {
        Scope::Instance
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::to_be(TargetType::Organization, self.name.clone());
        Ok(vec![Need::in_organization(
            Permission::EditOrganization,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Made>> {
        input::line("organization", &self.name, NAME_LIMIT)?;
        input::line("workspace", &self.workspace, NAME_LIMIT)?;
        let instance = tx.instance()?.name;
        let instance = instance
            .ok_or_else(|| Error::failed("not_set_up", "this instance is not set up yet"))?;
        let owner = tx.user(self.owner)?.ok_or(Error::NotFound("user"))?;
        let organization = Organization {
            id: tx.new_id(OrganizationId::new),
            name: self.name.trim().to_owned(),
            requires_mfa: false,
            public_hashes: false,
            created_at: tx.at,
        };
        let name = self.workspace.trim().to_owned();
        let workspace = workspace::new(tx, organization.id, name, Environment::default());
        let made = Made {
            organization: organization.id,
            workspace: workspace.id,
            owner: owner.id,
        };
        let log = Scope::Organization(organization.id);

        // The instance's log tells which organizations there are; that of the organization begins with it as well.
        let row = tx.insert_organization(&organization, &instance)?;
        let mut facts = vec![
            Fact::new(catalogue::ORGANIZATION_CREATED, &row),
            Fact::new(catalogue::ORGANIZATION_CREATED, &row).to_log(log),
        ];
        let row = tx.insert_workspace(&workspace, &self.token)?;
        facts.push(Fact::new(catalogue::WORKSPACE_CREATED, &row).to_log(log));
        let member = Member {
            user: owner,
            organization: organization.id,
            role: OrganizationRole::Admin,
            workspaces: Vec::new(),
        };
        let row = tx.insert_member(&member, None)?;
        facts.push(Fact::new(catalogue::USER_ADDED_TO_ORGANIZATION, &row).to_log(log));
        Ok(Done::new(made, facts))
    }
}
