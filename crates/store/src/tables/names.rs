//! The name that a thing has now, for what is told of it later.

use std::collections::HashMap;
use std::fmt::Write as _;

use model::catalogue::TargetType;
use model::id::{OrganizationId, UserId, WorkspaceId};

use crate::db::{Param, Row, params};
use crate::error::Result;
use crate::keyring::{INSTANCE, KeyState};
use crate::tx::Rx;

/// What a person whom an organization knows is called now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// So.
    Called(String),
    /// Not any more: the person was erased.
    Erased,
}

/// How many ids are asked for in one statement.
const AT_ONCE: usize = 100;

impl Rx<'_> {
    /// The rows that a statement finds whose end is a list of ids, in as few statements as can be.
    pub(crate) fn rows_of<'a, T>(
        &mut self,
        sql: &str,
        first: &[Param<'a>],
        ids: &'a [T],
    ) -> Result<Vec<Row>>
    where
        Param<'a>: From<&'a T>,
    {
        let mut rows = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let mut values = first.to_vec();
            let mut sql = format!("{sql} IN (");
            for (index, id) in some.iter().enumerate() {
                values.push(id.into());
                let _ = write!(
                    sql,
                    "{}${}",
                    if index > 0 { ", " } else { "" },
                    values.len()
                );
            }
            sql.push(')');
            rows.extend(self.conn.query(&sql, &values)?);
        }
        Ok(rows)
    }

    /// What these workspaces of an organization are called now. Those that are gone, or are of another, are not told.
    pub fn workspaces_called(
        &mut self,
        organization: OrganizationId,
        ids: &[WorkspaceId],
    ) -> Result<HashMap<WorkspaceId, String>> {
        let sql = "SELECT id, name FROM workspaces WHERE organization_id = $1 AND id";
        let rows = self.rows_of(sql, &[Param::from(&organization)], ids)?;
        let called = rows.iter();
        let called = called.map(|row| Ok((row.parse(0)?, row.text(1)?.to_owned())));
        called.collect()
    }

    /// What these people are called now. Of whom an organization knows nothing, nothing is told.
    pub fn people_called(
        &mut self,
        organization: OrganizationId,
        ids: &[UserId],
    ) -> Result<HashMap<UserId, Known>> {
        let by = [organization.as_str(), INSTANCE];
        let keys: Vec<_> = ids
            .iter()
            .flat_map(|id| by.map(|by| (by, id.as_str())))
            .collect();
        self.keys.fetch(self.conn, self.env, &keys)?;
        let mut called = HashMap::with_capacity(ids.len());
        let mut there = Vec::with_capacity(ids.len());
        for id in ids {
            match self.keys.state(organization.as_str(), id.as_str()) {
                Some(KeyState::Erased) => {
                    called.insert(*id, Known::Erased);
                }
                Some(KeyState::Whole(_)) => there.push(*id),
                None => {}
            }
        }
        let sql = "SELECT id, identity FROM users WHERE id";
        for row in &self.rows_of(sql, &[], &there)? {
            let id = row.parse(0)?;
            let name = self.open_identity(id, row.blob(1)?)?.name;
            called.insert(id, Known::Called(name));
        }
        Ok(called)
    }

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
            TargetType::Connection => {
                "SELECT s.name || ' to ' || d.name FROM retl_connections c JOIN retl_sources s ON s.id = c.source_id \
                 JOIN destinations d ON d.id = c.destination_id WHERE c.id = $1"
            }
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
