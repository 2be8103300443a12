//! That a log, or a part of it, was taken out.

use model::catalogue::TargetType;
use model::id::{EventId, LogId, WorkspaceId};
use serde_json::json;

use crate::action::Changed;
use crate::db::params;
use crate::error::Result;
use crate::tx::{Audited, Snapshot, Tx};

struct Export(LogId, Option<WorkspaceId>);

impl Audited for Export {
    fn snapshot(&self) -> Snapshot<'_> {
        Snapshot {
            workspace: self.1,
            ..Snapshot::new(TargetType::AuditLog, &self.0, "Audit log", json!({}))
        }
    }
}

impl Tx<'_> {
    /// A log, or what of it is of one workspace, is taken out, up to a size.
    pub fn insert_export(
        &mut self,
        id: EventId,
        log: LogId,
        workspace: Option<WorkspaceId>,
        kind: &str,
        size: u64,
    ) -> Result<Changed> {
        let at = self.at;
        self.write(
            "INSERT INTO exports (id, log_id, kind, size, at) VALUES ($1, $2, $3, $4, $5)",
            params![&id, &log, kind, size.cast_signed(), at],
            None,
            Some(&Export(log, workspace)),
        )
    }
}
