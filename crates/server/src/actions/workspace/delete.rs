//! Delete a workspace that has nothing in it any more. Its tokens and the roles in it go first, each as an event, and so do
//! invitations that were to a role in it and to nothing else.

use model::catalogue::{self, EventType};
use model::id::{OrganizationId, WorkspaceId};
use model::role::Permission;
use model::things::{InvitationState, Member, Workspace};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{counted, found, invitations_to, target, things_in};

/// A workspace to delete.
#[derive(Clone, Copy, Debug)]
pub struct DeleteWorkspace {
    /// Where.
    pub organization: OrganizationId,
    /// Which.
    pub id: WorkspaceId,
}

/// What stands in the way, in words.
fn in_the_way(rx: &mut Rx<'_>, workspace: &Workspace) -> Result<()> {
    let things = things_in(rx, workspace.id)?;
    if !things.is_empty() {
        let things: Vec<String> = things.into_iter().map(counted).collect();
        return Err(Error::failed(
            "workspace_not_empty",
            format!("the workspace still has {}", things.join(", ")),
        ));
    }
    if rx.workspaces(workspace.organization)?.len() == 1 {
        return Err(Error::failed(
            "last_workspace",
            "this is the only workspace of the organization",
        ));
    }
    Ok(())
}

impl Action for DeleteWorkspace {
    const EVENTS: &'static [EventType] = &[
        catalogue::WORKSPACE_DELETED,
        catalogue::ACCESS_TOKEN_DELETED,
        catalogue::USER_CHANGED_PERMISSION,
        catalogue::USER_INVITATION_CANCELLED,
    ];
    type Output = Workspace;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let workspace = found(rx, self.organization, self.id)?;
        // A token of one workspace finds no other one.
        Ok(vec![
            Need::in_organization(Permission::EditOrganization, target(&workspace)),
            Need::in_workspace(Permission::ViewWorkspace, self.id, target(&workspace)),
        ])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Workspace>> {
        let workspace = found(tx, self.organization, self.id)?;
        in_the_way(tx, &workspace)?;
        let mut facts = Vec::new();
        for (token, _) in tx.tokens(self.organization)? {
            if token.workspace == Some(self.id) {
                let gone = tx.delete_token(&token)?;
                facts.push(Fact::new(catalogue::ACCESS_TOKEN_DELETED, &gone));
            }
        }
        for before in tx.members(self.organization)? {
            let mut workspaces = before.workspaces.clone();
            workspaces.retain(|(id, _)| *id != self.id);
            if workspaces.len() < before.workspaces.len() {
                let after = Member {
                    workspaces,
                    ..before.clone()
                };
                let changed = tx.update_member(&before, &after)?;
                facts.push(Fact::new(catalogue::USER_CHANGED_PERMISSION, &changed));
            }
        }
        for one in invitations_to(tx, &workspace)? {
            let row = tx.end_invitation(&one, InvitationState::Cancelled)?;
            facts.push(Fact::new(catalogue::USER_INVITATION_CANCELLED, &row));
        }
        let gone = tx.delete_workspace(&workspace)?;
        facts.push(Fact::new(catalogue::WORKSPACE_DELETED, &gone));
        Ok(Done::new(workspace, facts))
    }
}
