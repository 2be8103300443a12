//! Change what a member is, in the organization and in its workspaces. What is not given stays. Tokens of the person end with the
//! role in their workspace.

use model::catalogue::{self, EventType};
use model::id::{OrganizationId, UserId, WorkspaceId};
use model::role::{OrganizationRole, WorkspaceRole};
use model::things::Member;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{end_tokens, found, give_up_access, needs_edit, not_the_last_admin};
use crate::actions::input::merged;

/// What a member is to be.
#[derive(Clone, Debug)]
pub struct ChangeMember {
    /// Where.
    pub organization: OrganizationId,
    /// Who.
    pub user: UserId,
    /// The role in the organization.
    pub role: Option<OrganizationRole>,
    /// Roles in workspaces; none takes the role there away.
    pub workspaces: Vec<(WorkspaceId, Option<WorkspaceRole>)>,
    /// What of these was seen before. A role that is to be what it was seen to be stays as another has made it meanwhile, and
    /// one that is to be another must still be what was seen.
    pub seen: Seen,
}

/// Roles as somebody has seen them.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// In the organization.
    pub role: Option<OrganizationRole>,
    /// In workspaces; none where there was no role.
    pub workspaces: Vec<(WorkspaceId, Option<WorkspaceRole>)>,
}

fn role_in<T: Copy>(roles: &[(WorkspaceId, T)], workspace: WorkspaceId) -> Option<T> {
    let mut roles = roles.iter();
    roles
        .find(|(id, _)| *id == workspace)
        .map(|(_, role)| *role)
}

impl Action for ChangeMember {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_CHANGED_PERMISSION,
        catalogue::ACCESS_TOKEN_DELETED,
        catalogue::PERMISSION_DELETED_USER_PERMISSIONS,
    ];
    type Output = Member;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_edit(rx, self.organization, self.user)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Member>> {
        let before = found(tx, self.organization, self.user)?;
        let mut after = before.clone();
        if let Some(role) = self.role {
            after.role = merged("role", before.role, role, self.seen.role)?;
        }
        for (workspace, role) in &self.workspaces {
            if tx.organization_of(*workspace)? != Some(self.organization) {
                return Err(Error::NotFound("workspace"));
            }
            let now = role_in(&before.workspaces, *workspace);
            let role = merged(
                "role",
                now,
                *role,
                role_in(&self.seen.workspaces, *workspace),
            )?;
            after.workspaces.retain(|(one, _)| one != workspace);
            after.workspaces.extend(role.map(|role| (*workspace, role)));
        }
        after.workspaces.sort_unstable_by_key(|(id, _)| *id);
        let mut unchanged = before.clone();
        unchanged.workspaces.sort_unstable_by_key(|(id, _)| *id);
        if after == unchanged {
            return Ok(Done::new(before, Vec::new()));
        }
        if after.role != OrganizationRole::Admin {
            not_the_last_admin(tx, &before)?;
        }
        let mut facts = end_tokens(tx, &before, Some(&after))?;
        facts.extend(give_up_access(tx, &before, Some(&after))?);
        let made = tx.update_member(&before, &after)?;
        facts.push(Fact::new(catalogue::USER_CHANGED_PERMISSION, &made));
        Ok(Done::new(after, facts))
    }
}
