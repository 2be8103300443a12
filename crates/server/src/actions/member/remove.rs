//! Remove a member: sessions and tokens end at once, and the history stays.

use model::catalogue::{self, EventType};
use model::id::{OrganizationId, UserId};
use model::things::Member;
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Tx};

use super::{end_tokens, found, give_up_access, needs_edit, not_the_last_admin};

/// A member to remove.
#[derive(Clone, Copy, Debug)]
pub struct RemoveMember {
    /// From where.
    pub organization: OrganizationId,
    /// Whom.
    pub user: UserId,
}

/// Ends a membership with all that hangs on it: a fact for each token and each thing that the person was selected to change, and
/// `event` for the member.
pub(super) fn end(tx: &mut Tx<'_>, member: &Member, event: EventType) -> Result<Vec<Fact>> {
    not_the_last_admin(tx, member)?;
    let mut facts = end_tokens(tx, member, None)?;
    facts.extend(give_up_access(tx, member, None)?);
    let gone = tx.delete_member(member)?;
    facts.push(Fact::new(event, &gone));
    Ok(facts)
}

impl Action for RemoveMember {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_REMOVED_FROM_ORGANIZATION,
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
        let member = found(tx, self.organization, self.user)?;
        let facts = end(tx, &member, catalogue::USER_REMOVED_FROM_ORGANIZATION)?;
        Ok(Done::new(member, facts))
    }
}
