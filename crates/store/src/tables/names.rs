//! The name that a thing has now, for what is told of it later.

use model::catalogue::TargetType;
use model::id::WorkspaceId;

use crate::db::params;
use crate::error::Result;
use crate::tx::Rx;

impl Rx<'_> {
    /// The ids of a workspace's sources, destinations, transformations, libraries and accounts whose name has this text in it, in
    /// capitals or not.
    pub fn called(&mut self, workspace: WorkspaceId, text: &str) -> Result<Vec<String>> {
        const TABLES: [&str; 5] = [
            "sources",
            "retl_sources",
            "destinations",
            "transformations",
            "accounts",
        ];
        let each =
            TABLES.map(|table| format!("SELECT id, name FROM {table} WHERE workspace_id = $1"));
        let rows = self
            .conn
            .query(&each.join(" UNION ALL "), params![&workspace])?;
        let text = text.to_lowercase();
        let mut ids = Vec::new();
        for row in &rows {
            if row.text(1)?.to_lowercase().contains(&text) {
                ids.push(row.text(0)?.to_owned());
            }
        }
        Ok(ids)
    }

    /// The name of a thing now; nothing where it is gone, or has none.
    pub fn name_of(&mut self, kind: TargetType, id: &str) -> Result<Option<String>> {
        let sql = match kind {
            TargetType::Source => {
                "SELECT name FROM sources WHERE id = $1 UNION ALL SELECT name FROM retl_sources WHERE id = $1"
            }
            TargetType::Destination => "SELECT name FROM destinations WHERE id = $1",
            TargetType::Transformation | TargetType::TransformationLibrary => {
                "SELECT name FROM transformations WHERE id = $1"
            }
            TargetType::Account => "SELECT name FROM accounts WHERE id = $1",
            TargetType::Organization => "SELECT name FROM organizations WHERE id = $1",
            TargetType::Workspace => "SELECT name FROM workspaces WHERE id = $1",
            TargetType::AccessToken => "SELECT name FROM tokens WHERE id = $1",
            TargetType::Instance => "SELECT name FROM instance WHERE log_id = $1",
            TargetType::Definition => "SELECT name FROM definitions WHERE id = $1",
            TargetType::User => {
                let Ok(user) = id.parse() else {
                    return Ok(None);
                };
                return Ok(self.user(user)?.map(|user| user.name));
            }
            TargetType::UserInvitation => {
                let Ok(id) = id.parse() else {
                    return Ok(None);
                };
                return Ok(self.invitation(id)?.map(|one| one.email));
            }
            TargetType::Permission => {
                let source = self.name_of(TargetType::Source, id)?;
                return match source {
                    Some(name) => Ok(Some(name)),
                    None => self.name_of(TargetType::Destination, id),
                };
            }
            TargetType::AuditLog | TargetType::Privacy | TargetType::Log | TargetType::LogKey => {
                return Ok(None);
            }
        };
        Ok(self
            .conn
            .query_one(sql, params![id])?
            .map(|row| row.opt_text(0).map(|name| name.map(str::to_owned)))
            .transpose()?
            .flatten())
    }
}
