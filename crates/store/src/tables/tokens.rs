//! Access tokens. The secret is shown once; only its hash is here.

use model::catalogue::TargetType;
use model::id::TokenId;
use model::things::Token;
use serde_json::json;

use crate::action::Changed;
use crate::db::params;
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx};

impl Audited for Token {
    fn snapshot(&self) -> Snapshot {
        let mut value = json!({ "name": self.name, "access": self.access.as_str() });
        if let Some(owner) = &self.owner {
            value["owner"] = json!(owner);
        }
        if let Some(expires) = self.expires_at {
            value["expiresAt"] = json!(expires.rfc3339_millis());
        }
        Snapshot {
            workspace: self.workspace,
            ..Snapshot::new(TargetType::AccessToken, &self.id, &self.name, value)
        }
    }
}

impl Rx<'_> {
    /// The token with this hash of its secret, if it is valid now.
    pub fn token_by_hash(&mut self, hash: &[u8; 32]) -> Result<Option<Token>> {
        let now = self.now();
        let row = self.conn.query_one(
            "SELECT id, organization_id, workspace_id, user_id, name, access, created_at, expires_at FROM tokens \
             WHERE hash = $1 AND (expires_at IS NULL OR expires_at > $2)",
            params![hash, now],
        )?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Token {
            id: row.parse::<TokenId>(0)?,
            organization: row.parse(1)?,
            workspace: row.opt_parse(2)?,
            owner: row.opt_parse(3)?,
            name: row.text(4)?.to_owned(),
            access: row.parse(5)?,
            hash: *hash,
            created_at: row.moment(6)?,
            expires_at: row.opt_moment(7)?,
        }))
    }

    /// When a token was last used, to the minute.
    pub fn token_used_at(&mut self, id: TokenId) -> Result<Option<model::clock::Micros>> {
        let row = self
            .conn
            .query_one("SELECT used_at FROM tokens WHERE id = $1", params![&id])?;
        Ok(row.ok_or(Error::NotFound("token"))?.opt_moment(0)?)
    }
}

impl Tx<'_> {
    /// A new token.
    pub fn insert_token(&mut self, token: &Token) -> Result<Changed> {
        self.write(
            "INSERT INTO tokens (id, organization_id, workspace_id, user_id, name, access, hash, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![
                &token.id,
                &token.organization,
                token.workspace.as_ref(),
                token.owner.as_ref(),
                &token.name,
                token.access.as_str(),
                &token.hash,
                token.created_at,
                token.expires_at,
            ],
            None,
            Some(token),
        )
    }
}
