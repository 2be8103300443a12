//! Members of an organization.

pub mod add;
pub mod change;
pub mod end_sessions;
pub mod leave;
pub mod remove;

use model::catalogue::{self, TargetType};
use model::id::{OrganizationId, UserId};
use model::role::{OrganizationRole, Permission};
use model::things::Member;
use serde_json::json;
use store::{Error, Fact, Need, Result, Rx, Target, Tx};

use crate::actions::access;

pub(crate) fn found(rx: &mut Rx<'_>, organization: OrganizationId, user: UserId) -> Result<Member> {
    rx.member(organization, user)?
        .ok_or(Error::NotFound("member"))
}

pub(crate) fn target(member: &Member) -> Target {
    Target::new(TargetType::User, member.user.id, member.user.name.clone())
}

/// The permission to edit this member, who must be one.
pub(crate) fn needs_edit(
    rx: &mut Rx<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<Vec<Need>> {
    let member = found(rx, organization, user)?;
    Ok(vec![Need::in_organization(
        Permission::EditMembers,
        target(&member),
    )])
}

/// Whoever was selected to change a source or destination, and may change none of its kind any more, is selected no more: a fact
/// for each. `after` is what the person is from now on; nothing for who is no member.
pub(crate) fn give_up_access(
    tx: &mut Tx<'_>,
    before: &Member,
    after: Option<&Member>,
) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    for lock in tx.locks_with(before.organization, before.user.id)? {
        let may = |after| access::may_change(after, lock.workspace, lock.resource.kind);
        if after.is_some_and(may) {
            continue;
        }
        let mut left = lock.clone();
        if let Some(people) = &mut left.people {
            people.retain(|one| *one != before.user.id);
        }
        let changed = tx.update_lock(&lock, &left)?;
        facts.push(
            Fact::new(catalogue::PERMISSION_DELETED_USER_PERMISSIONS, &changed)
                .related(lock.resource)
                .related(target(before)),
        );
    }
    Ok(facts)
}

/// The tokens of a member end for those workspaces in which the person may do nothing any more: a fact for each, which says why.
/// `after` is what the person is from now on; nothing for who is no member.
pub(crate) fn end_tokens(
    tx: &mut Tx<'_>,
    before: &Member,
    after: Option<&Member>,
) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    let reason = match after {
        Some(_) => "role_ended",
        None => "membership_ended",
    };
    for (token, _) in tx.tokens(before.organization)? {
        // One that was good for nothing before, as of who lost the role under an earlier version, does not come alive again.
        let stays = token.workspace.is_some_and(|workspace| {
            let may = |one| access::standing(one, workspace).may(Permission::OwnTokens);
            may(before) && after.is_some_and(may)
        });
        if token.owner == Some(before.user.id) && !stays {
            let gone = tx.delete_token(&token)?;
            let fact = Fact::new(catalogue::ACCESS_TOKEN_DELETED, &gone);
            facts.push(fact.detail(json!({ "reason": reason })));
        }
    }
    Ok(facts)
}

/// Refuses what would leave the organization without an Admin.
pub(crate) fn not_the_last_admin(rx: &mut Rx<'_>, member: &Member) -> Result<()> {
    if member.role == OrganizationRole::Admin
        && rx.is_last_admin(member.organization, member.user.id)?
    {
        return Err(Error::failed(
            "last_admin",
            "this person is the only Admin of the organization; make another one first",
        ));
    }
    Ok(())
}
