//! Workspaces. The data plane's token is encrypted in its row and found by its hash.

use model::catalogue::TargetType;
use model::id::{OrganizationId, WorkspaceId};
use model::things::Workspace;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::action::Changed;
use crate::db::{DbError, Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx, member};

const COLUMNS: &str = "id, organization_id, name, environment, region, data_plane_url, allow_unknown_types, invalid_config, created_at, updated_at";

/// The word for a workspace that refuses settings which do not fulfil their schema.
const REFUSE: &str = "refuse";

const fn invalid_config(workspace: &Workspace) -> &'static str {
    if workspace.refuse_invalid_config {
        REFUSE
    } else {
        "warn"
    }
}

impl Audited for Workspace {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = json!({
            "name": self.name,
            "environment": self.environment,
            "region": self.region,
            "allowUnknownTypes": self.allow_unknown_types,
            "refuseInvalidConfig": self.refuse_invalid_config,
        });
        if let Some(url) = &self.data_plane_url {
            value["dataPlaneURL"] = json!(url);
        }
        Snapshot {
            workspace: Some(self.id),
            ..Snapshot::new(TargetType::Workspace, &self.id, &self.name, value)
        }
    }
}

fn from_row(row: &Row) -> Result<Workspace> {
    Ok(Workspace {
        id: row.parse(0)?,
        organization: row.parse(1)?,
        name: row.text(2)?.to_owned(),
        environment: row.text(3)?.to_owned(),
        region: row.text(4)?.to_owned(),
        data_plane_url: row.opt_text(5)?.map(str::to_owned),
        allow_unknown_types: row.flag(6)?,
        refuse_invalid_config: row.text(7)? == REFUSE,
        created_at: row.moment(8)?,
        updated_at: row.moment(9)?,
    })
}

/// A workspace with the hash of its data plane's token, to tell that this has changed, and no more.
struct WithToken<'a>(&'a Workspace, [u8; 32]);

impl Audited for WithToken<'_> {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut snapshot = self.0.snapshot();
        let hash = member("dataPlaneToken", self.1.to_vec());
        snapshot.members.push(hash);
        snapshot.secret = &["dataPlaneToken"];
        snapshot
    }
}

impl Rx<'_> {
    /// A workspace.
    pub fn workspace(&mut self, id: WorkspaceId) -> Result<Option<Workspace>> {
        self.once("workspaces", id.as_str(), |rx| {
            let row = rx.conn.query_one(
                &format!("SELECT {COLUMNS} FROM workspaces WHERE id = $1"),
                params![&id],
            )?;
            row.map(|row| from_row(&row)).transpose()
        })
    }

    /// The workspaces of an organization, oldest first.
    pub fn workspaces(&mut self, organization: OrganizationId) -> Result<Vec<Workspace>> {
        let rows = self.conn.query(
            &format!("SELECT {COLUMNS} FROM workspaces WHERE organization_id = $1 ORDER BY created_at, id"),
            params![&organization],
        )?;
        rows.iter().map(from_row).collect()
    }
}

impl Tx<'_> {
    /// A new workspace, with the token of its data plane.
    pub fn insert_workspace(&mut self, workspace: &Workspace, token: &str) -> Result<Changed> {
        let id = workspace.id.to_string();
        let organization = workspace.organization.to_string();
        self.begin_writing()?;
        let sealed = self.seal_value(
            (&organization, &id),
            ("workspaces", "token", &id),
            token.as_bytes(),
        )?;
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.write(
            "INSERT INTO workspaces (id, organization_id, name, environment, region, data_plane_url, allow_unknown_types, token, token_hash, created_at, updated_at, invalid_config) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            params![
                &workspace.id,
                &workspace.organization,
                &workspace.name,
                &workspace.environment,
                &workspace.region,
                workspace.data_plane_url.as_ref(),
                workspace.allow_unknown_types,
                &sealed,
                &hash,
                workspace.created_at,
                workspace.updated_at,
                invalid_config(workspace),
            ],
            None,
            Some(workspace),
        )
    }

    /// A workspace goes, with what its data planes were told. Where something still is in it, it stays; and so it does where
    /// there ever was code in it: versions are never deleted.
    pub fn delete_workspace(&mut self, workspace: &Workspace) -> Result<Changed> {
        self.seen.forget("workspaces", workspace.id.as_str());
        let changed = self.note(Some(workspace), None)?;
        for sql in [
            "DELETE FROM destination_revisions WHERE workspace_id = $1",
            "DELETE FROM watches WHERE workspace_id = $1",
        ] {
            self.write_parts(sql, params![&workspace.id], &changed)?;
        }
        let gone = self.write_part(
            "DELETE FROM workspaces WHERE id = $1",
            params![&workspace.id],
            &changed,
        );
        // Asked so that what stands in the way is said now: a write may go out only with the next statement.
        let gone = gone.and_then(|()| {
            let id = params![&workspace.id];
            self.conn
                .query_one("SELECT id FROM workspaces WHERE id = $1", id)?;
            Ok(())
        });
        match gone {
            Err(Error::Database(DbError::Constraint(_))) => Err(Error::failed(
                "workspace_not_empty",
                "the workspace still has something in it, or had code, whose versions are kept for ever",
            )),
            other => other.map(|()| changed),
        }
    }

    /// Another token for the data planes of a workspace. The one before is gone.
    pub fn rotate_workspace_token(&mut self, id: WorkspaceId, token: &str) -> Result<Changed> {
        let none = Error::NotFound("workspace");
        let workspace = self.workspace(id)?.ok_or(none)?;
        let row = self.conn.query_one(
            "SELECT token_hash FROM workspaces WHERE id = $1",
            params![&id],
        )?;
        let before: [u8; 32] = row
            .ok_or(Error::NotFound("workspace"))?
            .blob(0)?
            .try_into()
            .map_err(|_| Error::Internal("a hash of another length".to_owned()))?;
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.begin_writing()?;
        let organization = workspace.organization.to_string();
        let sealed = self.seal_value(
            (&organization, id.as_str()),
            ("workspaces", "token", id.as_str()),
            token.as_bytes(),
        )?;
        self.write(
            "UPDATE workspaces SET token = $2, token_hash = $3 WHERE id = $1",
            params![&id, &sealed, &hash],
            Some(&WithToken(&workspace, before)),
            Some(&WithToken(&workspace, hash)),
        )
    }

    /// A workspace with other settings.
    pub fn update_workspace(&mut self, after: &Workspace) -> Result<Changed> {
        let before = self
            .workspace(after.id)?
            .ok_or(Error::NotFound("workspace"))?;
        self.seen.forget("workspaces", after.id.as_str());
        self.write(
            "UPDATE workspaces SET name = $2, environment = $3, region = $4, data_plane_url = $5, allow_unknown_types = $6, updated_at = $7, invalid_config = $8 WHERE id = $1",
            params![
                &after.id,
                &after.name,
                &after.environment,
                &after.region,
                after.data_plane_url.as_ref(),
                after.allow_unknown_types,
                after.updated_at,
                invalid_config(after),
            ],
            Some(&before),
            Some(after),
        )
    }
}
