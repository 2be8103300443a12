//! Who may change a single source or destination.

pub mod update;

use model::catalogue::TargetType;
use model::id::WorkspaceId;
use model::role::{Permission, Standing};
use model::things::Member;

/// How the rules see a member in a workspace.
pub(crate) fn standing(member: &Member, workspace: WorkspaceId) -> Standing {
    let mut own = member.workspaces.iter();
    let own = own.find(|(id, _)| *id == workspace);
    Standing::Person {
        organization: member.role,
        workspace: own.map(|(_, role)| *role),
    }
}

/// Whether a member may change things of this kind in a workspace, as long as none of them is locked.
pub(crate) fn may_change(member: &Member, workspace: WorkspaceId, kind: TargetType) -> bool {
    let permission = match kind {
        TargetType::Source => Permission::EditSources,
        _ => Permission::EditDestinations,
    };
    standing(member, workspace).may(permission)
}
