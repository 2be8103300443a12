//! Invitations to an organization.

pub mod accept;
pub mod cancel;
pub mod create;
pub mod expire;
pub mod resend;

use model::catalogue::TargetType;
use model::clock::Micros;
use model::id::{InvitationId, OrganizationId};
use model::role::Permission;
use model::things::{Invitation, InvitationState, User};
use store::{Error, Need, Result, Rx, Target};

/// How long an invitation is good, in microseconds: 3 days.
pub const LASTS: i64 = 3 * Micros::DAY;

pub(crate) fn target(invitation: &Invitation) -> Target {
    Target::new(
        TargetType::UserInvitation,
        invitation.id,
        invitation.email.clone(),
    )
}

pub(crate) fn found(
    rx: &mut Rx<'_>,
    organization: OrganizationId,
    id: InvitationId,
) -> Result<Invitation> {
    rx.invitation(id)?
        .filter(|one| one.organization == organization)
        .ok_or(Error::NotFound("invitation"))
}

/// The account that an invitation is for, if there is one: the one that it was made for, whatever address that has by now,
/// or else the one that its address has.
pub(crate) fn account(rx: &mut Rx<'_>, invitation: &Invitation) -> Result<Option<User>> {
    if let Some(user) = rx.user(invitation.user)? {
        return Ok(Some(user));
    }
    Ok(rx.user_by_email(&invitation.email)?.map(|(user, _)| user))
}

/// The permission to edit this invitation, which must exist.
pub(crate) fn needs_edit(
    rx: &mut Rx<'_>,
    organization: OrganizationId,
    id: InvitationId,
) -> Result<Vec<Need>> {
    let invitation = found(rx, organization, id)?;
    Ok(vec![Need::in_organization(
        Permission::EditMembers,
        target(&invitation),
    )])
}

/// Whether it can still be accepted.
pub(crate) fn is_open(invitation: &Invitation, now: Micros) -> bool {
    invitation.state == InvitationState::Open && invitation.expires_at > now
}

/// Refuses what has ended already. One whose time is over, and that nobody has looked at since, has not: it is sent again.
pub(crate) fn has_not_ended(invitation: &Invitation) -> Result<()> {
    let over = |what: &str| Error::failed("invitation_over", format!("this invitation {what}"));
    match invitation.state {
        InvitationState::Open => Ok(()),
        InvitationState::Accepted => Err(over("was accepted already")),
        InvitationState::Cancelled => Err(over("was withdrawn")),
        InvitationState::Expired => Err(over("has expired")),
    }
}
