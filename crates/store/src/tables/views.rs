//! That the audit log was read: once for a session, or a token and day, and its filters.

use model::catalogue::TargetType;
use model::id::{LogId, WorkspaceId};
use serde_json::json;

use crate::action::Changed;
use crate::db::params;
use crate::error::Result;
use crate::tx::{Audited, Rx, Snapshot, Tx};

/// A reading of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) log: LogId,
    pub(crate) workspace: Option<WorkspaceId>,
}

impl Audited for View {
    fn snapshot(&self) -> Snapshot<'_> {
        Snapshot {
            workspace: self.workspace,
            ..Snapshot::new(TargetType::AuditLog, &self.log, "Audit log", json!({}))
        }
    }
}

impl Rx<'_> {
    /// Whether this viewer has been recorded as reading the log with these filters on that day.
    pub fn has_viewed(
        &mut self,
        log: LogId,
        viewer: &str,
        day: i64,
        filters: &[u8; 32],
    ) -> Result<bool> {
        let row = self.conn.query_one(
            "SELECT day FROM views WHERE log_id = $1 AND viewer = $2 AND day = $3 AND filters = $4",
            params![&log, viewer, day, filters],
        )?;
        Ok(row.is_some())
    }
}

impl Tx<'_> {
    /// Someone reads the log.
    pub fn insert_view(
        &mut self,
        log: LogId,
        workspace: Option<WorkspaceId>,
        viewer: &str,
        day: i64,
        filters: &[u8; 32],
    ) -> Result<Changed> {
        self.write(
            "INSERT INTO views (log_id, viewer, day, filters) VALUES ($1, $2, $3, $4)",
            params![&log, viewer, day, filters],
            None,
            Some(&View { log, workspace }),
        )
    }
}
