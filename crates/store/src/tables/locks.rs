//! Who may change a single source or destination: anyone with edit rights or, where it is locked, only people selected.

use std::collections::HashSet;

use model::catalogue::TargetType;
use model::id::{OrganizationId, UserId, WorkspaceId};
use serde_json::json;

use crate::action::{Changed, Target};
use crate::db::params;
use crate::error::Result;
use crate::tx::{Audited, Rx, Snapshot, Tx};

/// Who may change a source or destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The source or destination.
    pub resource: Target,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The people selected, in order; none where anyone with edit rights may.
    pub people: Option<Vec<UserId>>,
}

impl Audited for Lock {
    fn snapshot(&self) -> Snapshot<'_> {
        let value = match &self.people {
            Some(people) => json!({ "locked": true, "people": people }),
            None => json!({ "locked": false }),
        };
        let target = Target {
            kind: TargetType::Permission,
            ..self.resource.clone()
        };
        Snapshot {
            target,
            workspace: Some(self.workspace),
            ..Snapshot::new(TargetType::Permission, &"", "", value)
        }
    }
}

impl Rx<'_> {
    /// The people who may change a locked source or destination; nothing where it is not locked.
    pub fn selected(&mut self, resource: &str) -> Result<Option<Vec<UserId>>> {
        let rows = self.conn.recall_all(
            "SELECT l.resource_id, m.user_id FROM locks l LEFT JOIN lock_members m ON m.resource_id = l.resource_id \
             WHERE l.resource_id = $1 ORDER BY m.user_id",
            params![resource],
        )?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut people = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            people.extend(row.opt_parse::<UserId>(1)?);
        }
        Ok(Some(people))
    }

    /// The ids of what is locked in a workspace, in one statement, for lists that ask of each of many.
    pub fn locked_in(&mut self, workspace: WorkspaceId) -> Result<HashSet<String>> {
        let rows = self.conn.query(
            "SELECT resource_id FROM locks WHERE workspace_id = $1",
            params![&workspace],
        )?;
        let ids = rows.iter().map(|row| row.text(0).map(str::to_owned));
        Ok(ids.collect::<std::result::Result<_, _>>()?)
    }

    /// The sources and destinations of an organization that a person is selected to change.
    pub fn locks_with(&mut self, organization: OrganizationId, user: UserId) -> Result<Vec<Lock>> {
        let rows = self.conn.query(
            "SELECT l.resource_id, l.kind, l.workspace_id FROM locks l \
             JOIN lock_members m ON m.resource_id = l.resource_id JOIN workspaces w ON w.id = l.workspace_id \
             WHERE w.organization_id = $1 AND m.user_id = $2 ORDER BY l.resource_id",
            params![&organization, &user],
        )?;
        let mut locks = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = row.text(0)?;
            let kind = match row.text(1)? {
                "source" => TargetType::Source,
                _ => TargetType::Destination,
            };
            let name = self.name_of(kind, id)?.unwrap_or_default();
            locks.push(Lock {
                resource: Target::new(kind, id.to_owned(), name),
                workspace: row.parse(2)?,
                people: self.selected(id)?,
            });
        }
        Ok(locks)
    }
}

impl Tx<'_> {
    /// Who may change a source or destination is another question now.
    pub fn update_lock(&mut self, before: &Lock, after: &Lock) -> Result<Changed> {
        let id = after.resource.id.clone().unwrap_or_default();
        let changed = self.note(Some(before), Some(after))?;
        self.write_parts(
            "DELETE FROM lock_members WHERE resource_id = $1",
            params![&id],
            &changed,
        )?;
        match (&before.people, &after.people) {
            (None, Some(_)) => self.write_part(
                "INSERT INTO locks (resource_id, kind, workspace_id) VALUES ($1, $2, $3)",
                params![&id, after.resource.kind.as_str(), &after.workspace],
                &changed,
            )?,
            (Some(_), None) => self.write_part(
                "DELETE FROM locks WHERE resource_id = $1",
                params![&id],
                &changed,
            )?,
            _ => {}
        }
        for user in after.people.iter().flatten() {
            self.write_part(
                "INSERT INTO lock_members (resource_id, user_id) VALUES ($1, $2)",
                params![&id, user],
                &changed,
            )?;
        }
        Ok(changed)
    }

    /// A thing goes, and with it who may change it.
    pub(crate) fn drop_lock(&mut self, resource: &str) -> Result<()> {
        for sql in [
            "DELETE FROM lock_members WHERE resource_id = $1",
            "DELETE FROM locks WHERE resource_id = $1",
        ] {
            self.conn.execute(sql, params![resource])?;
        }
        Ok(())
    }
}
