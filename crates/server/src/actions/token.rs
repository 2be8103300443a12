//! Access tokens: personal, and of services.

pub mod create;
pub mod delete;
pub mod expire;
pub mod without_workspace;

use model::catalogue::TargetType;
use model::id::{OrganizationId, TokenId};
use model::things::Token;
use store::{Error, Result, Rx, Target};

pub(crate) fn target(token: &Token) -> Target {
    Target::new(TargetType::AccessToken, token.id, token.name.clone())
}

pub(crate) fn found(rx: &mut Rx<'_>, organization: OrganizationId, id: TokenId) -> Result<Token> {
    rx.token(id)?
        .filter(|token| token.organization == organization)
        .ok_or(Error::NotFound("token"))
}
