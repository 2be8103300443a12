//! Remove a member: sessions and tokens end at once, and the history stays.

use model::catalogue::{self, EventType};
use model::id::{OrganizationId, UserId};
use model::things::Member;
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Tx};

use super::{end_tokens, found, give_up_access, needs_edit, not_the_last_admin};
use crate::actions::session;

/// A member to remove.
#[derive(Clone, Copy, Debug)]
pub struct RemoveMember {
    /// From where.
    pub organization: OrganizationId,
    /// Whom.
    pub user: UserId,
}

/// Ends a membership with all that hangs on it: a fact for each token, each thing that the person was selected to change and each
/// session, and `event` for the member. What is about the membership concerns this organization alone.
pub(super) fn end(tx: &mut Tx<'_>, member: &Member, event: EventType) -> Result<Vec<Fact>> {
    not_the_last_admin(tx, member)?;
    let mut facts = end_tokens(tx, member, None)?;
    facts.extend(give_up_access(tx, member, None)?);
    let sessions = session::end(tx, &member.user, |_| true)?;
    let gone = tx.delete_member(member)?;
    facts.push(Fact::new(event, &gone));
    let here = Scope::Organization(member.organization);
    let facts = facts.into_iter().map(|fact| fact.to_log(here));
    Ok(facts.chain(sessions).collect())
}

impl Action for RemoveMember {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_REMOVED_FROM_ORGANIZATION,
        catalogue::ACCESS_TOKEN_DELETED,
        catalogue::USER_SESSION_REVOKED,
        catalogue::PERMISSION_DELETED_USER_PERMISSIONS,
    ];
    type Output = Member;

    fn scope(&self) -> Scope {
        Scope::Member(self.organization, self.user)
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
