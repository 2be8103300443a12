//! Leave an organization: what a person does to the own membership.

use model::catalogue::{self, EventType};
use model::id::{OrganizationId, UserId};
use store::{Action, Done, Need, Result, Rx, Scope, Tx};

use super::{found, remove, target};
use crate::actions::account::own;

/// A membership to end.
#[derive(Clone, Copy, Debug)]
pub struct LeaveOrganization {
    /// From where.
    pub organization: OrganizationId,
    /// Who.
    pub user: UserId,
}

impl Action for LeaveOrganization {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_LEFT_ORGANIZATION,
        catalogue::ACCESS_TOKEN_DELETED,
        catalogue::USER_SESSION_REVOKED,
        catalogue::PERMISSION_DELETED_USER_PERMISSIONS,
    ];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Member(self.organization, self.user)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let member = found(rx, self.organization, self.user)?;
        Ok(vec![Need::nothing(target(&member))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        own(tx, self.user)?;
        let member = found(tx, self.organization, self.user)?;
        let facts = remove::end(tx, &member, catalogue::USER_LEFT_ORGANIZATION)?;
        Ok(Done::new((), facts))
    }
}
