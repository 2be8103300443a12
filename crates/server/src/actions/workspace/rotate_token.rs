//! Give the data planes of a workspace another token.

use model::catalogue::{self, EventType, TargetType};
use model::id::UserId;
use model::role::Permission;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};
use zeroize::Zeroizing;

use crate::actions::account::is_checked;
use crate::request::Place;

/// The token that was good before is good no more.
pub struct RotateToken {
    /// Of which workspace.
    pub place: Place,
    /// The new token.
    pub token: Zeroizing<String>,
    /// Who asks in a browser shows the password once more: the hash that it was checked against, `None` when it did not fit.
    pub password: Option<(UserId, Option<String>)>,
}

impl Action for RotateToken {
    const EVENTS: &'static [EventType] = &[catalogue::WORKSPACE_ROTATED_TOKEN];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let workspace = rx
            .workspace(self.place.workspace)?
            .filter(|one| one.organization == self.place.organization)
            .ok_or(Error::NotFound("workspace"))?;
        let target = Target::new(TargetType::Workspace, workspace.id, workspace.name);
        Ok(vec![Need::in_workspace(
            Permission::EditWorkspace,
            workspace.id,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        if let Some((user, checked)) = &self.password {
            is_checked(tx, *user, checked.as_ref())?;
        }
        let made = tx.rotate_workspace_token(self.place.workspace, &self.token)?;
        let fact = Fact::new(catalogue::WORKSPACE_ROTATED_TOKEN, &made);
        Ok(Done::new((), vec![fact]))
    }
}
