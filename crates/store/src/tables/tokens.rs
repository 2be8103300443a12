//! Access tokens. The secret is shown once; only its hash is here.

use model::catalogue::TargetType;
use model::clock::Micros;
use model::id::{OrganizationId, TokenId};
use model::things::Token;
use serde_json::json;

use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx};

impl Audited for Token {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = json!({ "name": self.name, "access": self.access.as_str() });
        if let Some(owner) = &self.owner {
            value["owner"] = json!(owner);
        }
        if let Some(expires) = self.expires_at {
            value["expiresAt"] = json!(expires.rfc3339_millis());
        }
        if let Some(role) = self.role {
            value["role"] = json!(role.as_str());
        }
        Snapshot {
            workspace: self.workspace,
            ..Snapshot::new(TargetType::AccessToken, &self.id, &self.name, value)
        }
    }
}

const TOKEN: &str = "SELECT id, organization_id, workspace_id, user_id, name, access, role, hash, created_at, expires_at, used_at FROM tokens";

fn from_row(row: &Row) -> Result<Token> {
    let hash = row.blob(7)?;
    Ok(Token {
        id: row.parse::<TokenId>(0)?,
        organization: row.parse(1)?,
        workspace: row.opt_parse(2)?,
        owner: row.opt_parse(3)?,
        name: row.text(4)?.to_owned(),
        access: row.parse(5)?,
        role: row.opt_parse(6)?,
        hash: hash
            .try_into()
            .map_err(|_| Error::Internal("a token's hash of another size".to_owned()))?,
        created_at: row.moment(8)?,
        expires_at: row.opt_moment(9)?,
    })
}

impl Rx<'_> {
    /// The token with this hash of its secret, if it is valid now.
    pub fn token_by_hash(&mut self, hash: &[u8; 32]) -> Result<Option<Token>> {
        let now = self.now();
        let row = self.conn.query_one(
            &format!("{TOKEN} WHERE hash = $1 AND (expires_at IS NULL OR expires_at > $2)"),
            params![hash, now],
        )?;
        row.as_ref().map(from_row).transpose()
    }

    /// A token, by its id, valid or not.
    pub fn token(&mut self, id: TokenId) -> Result<Option<Token>> {
        let sql = format!("{TOKEN} WHERE id = $1");
        let row = self.conn.query_one(&sql, params![&id])?;
        row.as_ref().map(from_row).transpose()
    }

    /// The tokens of an organization, newest first, each with its last use, to the minute.
    pub fn tokens(&mut self, organization: OrganizationId) -> Result<Vec<(Token, Option<Micros>)>> {
        let sql = format!("{TOKEN} WHERE organization_id = $1 ORDER BY created_at DESC, id DESC");
        let rows = self.conn.query(&sql, params![&organization])?;
        rows.iter()
            .map(|row| Ok((from_row(row)?, row.opt_moment(10)?)))
            .collect()
    }

    /// The token of an organization that has this hash of its secret, or had it.
    pub fn token_that_was(
        &mut self,
        organization: OrganizationId,
        hash: &[u8; 32],
    ) -> Result<Option<TokenId>> {
        for sql in [
            "SELECT id FROM tokens WHERE hash = $1 AND organization_id = $2",
            "SELECT token_id FROM past_tokens WHERE hash = $1 AND organization_id = $2",
        ] {
            if let Some(row) = self.conn.query_one(sql, params![hash, &organization])? {
                return Ok(Some(row.parse(0)?));
            }
        }
        Ok(None)
    }

    /// Tokens that have reached their end, at most so many.
    pub fn expired_tokens(&mut self, limit: i64) -> Result<Vec<Token>> {
        let now = self.now();
        let sql =
            format!("{TOKEN} WHERE expires_at <= $1 ORDER BY expires_at, created_at, id LIMIT $2");
        let rows = self.conn.query(&sql, params![now, limit])?;
        rows.iter().map(from_row).collect()
    }

    /// When a token was last used, to the minute.
    pub fn token_used_at(&mut self, id: TokenId) -> Result<Option<Micros>> {
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
            "INSERT INTO tokens (id, organization_id, workspace_id, user_id, name, access, hash, created_at, expires_at, role) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
                token.role.map(|role| role.as_str()),
            ],
            None,
            Some(token),
        )
    }

    /// A token ends at once.
    pub fn delete_token(&mut self, token: &Token) -> Result<Changed> {
        let gone = self.write(
            "DELETE FROM tokens WHERE id = $1",
            params![&token.id],
            Some(token),
            None,
        )?;
        // Its secret may turn up where it should not be.
        self.write_part(
            "INSERT INTO past_tokens (hash, token_id, organization_id) VALUES ($1, $2, $3)",
            params![&token.hash, &token.id, &token.organization],
            &gone,
        )?;
        Ok(gone)
    }
}
