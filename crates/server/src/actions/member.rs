//! Members of an organization.

pub mod add;
pub mod change;
pub mod leave;
pub mod remove;

use model::catalogue::TargetType;
use model::id::{OrganizationId, UserId};
use model::role::{OrganizationRole, Permission};
use model::things::Member;
use store::{Error, Need, Result, Rx, Target};

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
