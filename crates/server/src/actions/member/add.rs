//! Add a person to an organization, with a new account or the one that the e-mail has. An invitation of the person that is
//! open ends with it.

use model::catalogue::{self, EventType, TargetType};
use model::id::{OrganizationId, UserId, WorkspaceId};
use model::role::{OrganizationRole, Permission, WorkspaceRole};
use model::things::{InvitationState, Member, User};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx, normalized_email};

use crate::actions::{input, privacy};

/// A member to be.
#[derive(Clone, Debug)]
pub struct AddMember {
    /// Where.
    pub organization: OrganizationId,
    /// The person's name, for a new account.
    pub name: String,
    /// The person's e-mail.
    pub email: String,
    /// The hash of the password, for a new account.
    pub password: String,
    /// What the person is to be in the organization.
    pub role: OrganizationRole,
    /// What the person is to be in its workspaces.
    pub workspaces: Vec<(WorkspaceId, WorkspaceRole)>,
}

impl Action for AddMember {
    const EVENTS: &'static [EventType] = &[
        catalogue::USER_ADDED_TO_ORGANIZATION,
        catalogue::USER_INVITATION_CANCELLED,
    ];
    type Output = Member;

    // Rows of a person are written only by an action that is in no group.
    fn scope(&self) -> Scope {
        Scope::Instance
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::to_be(TargetType::User, self.name.clone());
        Ok(vec![Need::in_organization(Permission::EditMembers, target)])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Member>> {
        input::name(&self.name)?;
        input::email(&self.email)?;
        for (workspace, _) in &self.workspaces {
            if tx.organization_of(*workspace)? != Some(self.organization) {
                return Err(Error::NotFound("workspace"));
            }
        }
        let known = tx.user_by_email(&self.email)?.map(|(user, _)| user);
        let password = if known.is_some() {
            None
        } else {
            Some(self.password.as_str())
        };
        let user = match known {
            Some(user) => user,
            None => User {
                id: match tx.invited_user(&self.email)? {
                    Some(invited) => invited,
                    None => tx.new_id(UserId::new),
                },
                name: self.name.trim().to_owned(),
                email: self.email.trim().to_owned(),
                created_at: tx.at,
            },
        };
        privacy::may_join(tx, self.organization, user.id)?;
        if tx.organizations_of(user.id)?.contains(&self.organization) {
            return Err(Error::invalid(
                "already_a_member",
                "this person is a member of the organization already",
            ));
        }
        let member = Member {
            user,
            organization: self.organization,
            role: self.role,
            workspaces: self.workspaces.clone(),
        };
        let log = Scope::Organization(self.organization);
        let mut facts = Vec::new();
        // Who is a member is invited no more.
        for invitation in tx.invitations(self.organization)? {
            let is_theirs = invitation.user == member.user.id
                || normalized_email(&invitation.email) == normalized_email(&member.user.email);
            if is_theirs && invitation.state == InvitationState::Open {
                let ended = tx.end_invitation(&invitation, InvitationState::Cancelled)?;
                facts.push(Fact::new(catalogue::USER_INVITATION_CANCELLED, &ended).to_log(log));
            }
        }
        let made = tx.insert_member(&member, password)?;
        facts.push(Fact::new(catalogue::USER_ADDED_TO_ORGANIZATION, &made).to_log(log));
        Ok(Done::new(member, facts))
    }
}
