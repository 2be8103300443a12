//! Delete an access token: it ends at once.

use model::catalogue::{self, EventType};
use model::id::{OrganizationId, TokenId, UserId};
use model::role::Permission;
use model::things::Token;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, target};

/// A token to delete.
#[derive(Clone, Copy, Debug)]
pub struct DeleteToken {
    /// Where.
    pub organization: OrganizationId,
    /// Which.
    pub id: TokenId,
    /// Who asks: for a token of one's own less is needed.
    pub by: Option<UserId>,
}

impl DeleteToken {
    fn is_own(&self, token: &Token) -> bool {
        token.owner.is_some() && token.owner == self.by
    }
}

impl Action for DeleteToken {
    const EVENTS: &'static [EventType] = &[catalogue::ACCESS_TOKEN_DELETED];
    type Output = Token;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let token = found(rx, self.organization, self.id)?;
        Ok(vec![match token.workspace {
            Some(workspace) if self.is_own(&token) => {
                Need::in_workspace(Permission::OwnTokens, workspace, target(&token))
            }
            _ => Need::in_organization(Permission::EditTokens, target(&token)),
        }])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Token>> {
        let token = found(tx, self.organization, self.id)?;
        if self.is_own(&token) && tx.acting.user != self.by {
            return Err(Error::Unauthenticated);
        }
        let gone = tx.delete_token(&token)?;
        let fact = Fact::new(catalogue::ACCESS_TOKEN_DELETED, &gone);
        Ok(Done::new(token, vec![fact]))
    }
}
