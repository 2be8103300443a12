//! Make an access token: a personal one for oneself, or one of a service.

use model::catalogue::{self, EventType, TargetType};
use model::clock::Micros;
use model::id::{OrganizationId, TokenId, UserId, WorkspaceId};
use model::role::{Access, Permission, WorkspaceRole};
use model::things::Token;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use crate::actions::{access, input};
use crate::notice::{News, notice};

/// The longest time that a token lasts, in days, where it has an end.
pub const LONGEST_DAYS: i64 = 3650;

/// Whose a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The person's who asks, for one workspace; from the command line it is said whose.
    Personal(WorkspaceId, Option<UserId>),
    /// A service's, in the organization: it reads the audit log.
    Organization,
    /// A service's, with a role in a workspace.
    Workspace(WorkspaceId, WorkspaceRole),
}

impl Whose {
    /// Refuses what somebody asks for and would not get.
    ///
    /// # Errors
    /// [`Error::Invalid`], about `access`.
    pub fn may_have(self, access: Access) -> Result<()> {
        if self == Self::Organization && access == Access::ReadWrite {
            let message = "a service's token of the organization only reads";
            return Err(Error::field("not_for_this", "access", message));
        }
        Ok(())
    }
}

/// A token to be.
#[derive(Clone, Debug)]
pub struct CreateToken {
    /// Where.
    pub organization: OrganizationId,
    /// Whose.
    pub whose: Whose,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub access: Access,
    /// How long it lasts, in days; for ever where it is not said.
    pub days: Option<i64>,
    /// The hash of its secret.
    pub hash: [u8; 32],
}

impl CreateToken {
    fn expires_at(&self, tx: &mut Tx<'_>) -> Result<Option<Micros>> {
        let expires = match self.days {
            None => None,
            Some(days) if (1..=LONGEST_DAYS).contains(&days) => {
                Some(tx.at.plus(days * Micros::DAY))
            }
            Some(_) => {
                return Err(Error::field(
                    "out_of_range",
                    "expiresInDays",
                    format!("a token lasts 1 to {LONGEST_DAYS} days"),
                ));
            }
        };
        // Nobody gets around the end of a token by making another one with it.
        let Some(acting) = tx.acting.token else {
            return Ok(expires);
        };
        let limit = tx.token(acting)?.and_then(|token| token.expires_at);
        match (limit, expires) {
            (Some(limit), None) => Ok(Some(limit)),
            (Some(limit), Some(expires)) if expires > limit => Err(Error::failed(
                "outlives_its_maker",
                "a token that is made with a token cannot last longer than that one",
            )),
            _ => Ok(expires),
        }
    }
}

impl Action for CreateToken {
    const EVENTS: &'static [EventType] = &[catalogue::ACCESS_TOKEN_CREATED];
    type Output = Token;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = || Target::to_be(TargetType::AccessToken, self.name.clone());
        Ok(match self.whose {
            Whose::Personal(workspace, _) => {
                vec![Need::in_workspace(
                    Permission::OwnTokens,
                    workspace,
                    target(),
                )]
            }
            Whose::Organization => vec![Need::in_organization(Permission::EditTokens, target())],
            // A personal token belongs to one workspace, and makes none for another.
            Whose::Workspace(workspace, _) => vec![
                Need::in_organization(Permission::EditTokens, target()),
                Need::in_workspace(Permission::ViewWorkspace, workspace, target()),
            ],
        })
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Token>> {
        input::name(&self.name)?;
        let owner = match self.whose {
            Whose::Personal(_, of) if tx.acting.is_system() => of,
            Whose::Personal(..) => tx.acting.user,
            Whose::Organization | Whose::Workspace(..) => None,
        };
        let workspace = match self.whose {
            Whose::Personal(workspace, _) | Whose::Workspace(workspace, _) => Some(workspace),
            Whose::Organization => None,
        };
        match (self.whose, owner) {
            (Whose::Personal(..), None) => {
                return Err(Error::Denied {
                    code: "not_a_person",
                    message: "only a person has personal tokens".to_owned(),
                });
            }
            (Whose::Personal(workspace, _), Some(user)) => {
                let member = tx.member(self.organization, user)?;
                let member = member.ok_or(Error::NotFound("member"))?;
                if !access::standing(&member, workspace).may(Permission::OwnTokens) {
                    return Err(Error::failed(
                        "no_role",
                        "this person has no role in the workspace",
                    ));
                }
            }
            _ => {}
        }
        if let Some(workspace) = workspace
            && tx.organization_of(workspace)? != Some(self.organization)
        {
            return Err(Error::NotFound("workspace"));
        }
        let token = Token {
            id: tx.new_id(TokenId::new),
            organization: self.organization,
            workspace,
            owner,
            name: self.name.trim().to_owned(),
            access: match self.whose {
                Whose::Organization => Access::Read,
                _ => self.access,
            },
            role: match self.whose {
                Whose::Workspace(_, role) => Some(role),
                _ => None,
            },
            hash: self.hash,
            created_at: tx.at,
            expires_at: self.expires_at(tx)?,
        };
        let made = tx.insert_token(&token)?;
        // A service's token is nobody's; whoever administers the tokens sees it on their page.
        if let Some(user) = owner.map(|owner| tx.user(owner)).transpose()?.flatten() {
            notice(tx, &user, &News::TokenCreated(token.name.clone()), &made)?;
        }
        let fact = Fact::new(catalogue::ACCESS_TOKEN_CREATED, &made);
        Ok(Done::new(token, vec![fact]))
    }
}
