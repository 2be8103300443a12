//! Delete an access token: it ends at once. A person in a browser can end each of the own tokens, and a token itself, whatever
//! else may be done with it: also where the role in its workspace is gone.

use std::sync::Arc;

use model::actor::Actor;
use model::catalogue::{self, EventType};
use model::id::{OrganizationId, TokenId};
use model::role::Permission;
use model::things::Token;
use store::{Acting, Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{found, target};

/// A token to delete.
#[derive(Clone, Copy, Debug)]
pub struct DeleteToken {
    /// Where.
    pub organization: OrganizationId,
    /// Which.
    pub id: TokenId,
    /// Who asks: for a token of one's own less is needed.
    pub by: Option<Actor>,
}

impl DeleteToken {
    /// Who asks, if the token is that person's, or is the one that asks: a service's is nobody's.
    fn owner(&self, rx: &mut Rx<'_>, token: &Token) -> Result<Option<Arc<Acting>>> {
        let acting = self.by.map(|by| rx.acting(by)).transpose()?;
        Ok(acting.filter(|one| {
            let is_own = token.owner.is_some() && one.user == token.owner;
            is_own || one.token == Some(token.id)
        }))
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
        let owner = self.owner(rx, &token)?;
        Ok(vec![match (owner, token.workspace) {
            // By another token.
            (Some(owner), Some(workspace)) if owner.token.is_some_and(|one| one != token.id) => {
                Need::in_workspace(Permission::OwnTokens, workspace, target(&token))
            }
            (Some(_), _) => Need::nothing(target(&token)),
            (None, _) => Need::in_organization(Permission::EditTokens, target(&token)),
        }])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Token>> {
        let token = found(tx, self.organization, self.id)?;
        let is_by_owner = match token.owner {
            Some(_) => tx.acting.user == token.owner,
            None => tx.acting.token == Some(token.id),
        };
        if self.owner(tx, &token)?.is_some() && !is_by_owner {
            return Err(Error::Unauthenticated);
        }
        let gone = tx.delete_token(&token)?;
        let fact = Fact::new(catalogue::ACCESS_TOKEN_DELETED, &gone);
        Ok(Done::new(token, vec![fact]))
    }
}
