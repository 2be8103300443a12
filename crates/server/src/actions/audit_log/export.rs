//! Take the log out, or a part of it: recorded each time.

use model::catalogue::{self, EventType, TargetType};
use model::id::{EventId, LogId, OrganizationId, WorkspaceId};
use model::role::Permission;
use serde_json::{Value, json};
use store::{Action, Done, Error, Fact, Need, Resource, Result, Rx, Scope, Target, Tx};

/// An export.
#[derive(Clone, Debug)]
pub struct ExportAuditLog {
    /// Whose log; the instance's without one, which only who runs the server takes out.
    pub organization: Option<OrganizationId>,
    /// The workspace whose events are taken out; none for those of the whole organization.
    pub workspace: Option<WorkspaceId>,
    /// What: `full`, `events` or `csv`.
    pub kind: &'static str,
    /// The checkpoint that it was begun at, where it goes on with one that broke off.
    pub begun_at: Option<String>,
    /// Up to which size of the log.
    pub size: u64,
    /// The filters that are set.
    pub filters: Value,
}

impl ExportAuditLog {
    fn log(&self, rx: &mut Rx<'_>) -> Result<LogId> {
        let log = match self.organization {
            Some(organization) => rx.organization_log(organization)?,
            None => rx.instance_log()?,
        };
        Ok(log.id)
    }
}

impl Action for ExportAuditLog {
    const EVENTS: &'static [EventType] = &[catalogue::AUDIT_LOG_EXPORTED];
    type Output = EventId;

    fn scope(&self) -> Scope {
        self.organization
            .map_or(Scope::Instance, Scope::Organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::new(TargetType::AuditLog, self.log(rx)?, "Audit log");
        let workspace = self.workspace;
        Ok(vec![Need {
            permission: self.organization.map(|_| Permission::ReadAuditLog),
            resource: Resource { workspace, target },
            related: Vec::new(),
        }])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<EventId>> {
        if self.organization.is_none() && tx.acting.kind != "system" {
            return Err(Error::Unauthenticated);
        }
        let log = self.log(tx)?;
        if let Some(note) = &self.begun_at
            && let Some(organization) = self.organization
            && tx.organization_log_at(organization, note)?.is_none()
        {
            let message =
                "this log has no such checkpoint: it is of another log, or the log was rewritten";
            return Err(Error::field(
                "unknown_checkpoint",
                "begun.checkpoint",
                message,
            ));
        }
        let id = tx.new_id(EventId::new);
        let made = tx.insert_export(id, log, self.workspace, self.kind, self.size)?;
        let detail = json!({ "kind": self.kind, "size": self.size, "filters": super::recorded(&self.filters) });
        let fact = Fact::new(catalogue::AUDIT_LOG_EXPORTED, &made).detail(detail);
        Ok(Done::new(id, vec![fact]))
    }
}
