//! Read the audit log: recorded once for a session, or a token and day, and its filters.

use model::catalogue::{self, EventType, TargetType};
use model::clock::Micros;
use model::id::{LogId, OrganizationId, WorkspaceId};
use model::role::Permission;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::{Acting, Action, Done, Error, Fact, Need, Resource, Result, Rx, Scope, Target, Tx};

/// A reading of the log.
#[derive(Clone, Debug)]
pub struct ViewAuditLog {
    /// Whose log.
    pub organization: OrganizationId,
    /// The workspace whose events are read; none for those of the whole organization.
    pub workspace: Option<WorkspaceId>,
    /// The filters that are set, without times and cursor.
    pub filters: Value,
}

impl ViewAuditLog {
    fn log(&self, rx: &mut Rx<'_>) -> Result<LogId> {
        rx.log_of(self.organization)?
            .ok_or(Error::NotFound("organization"))
    }

    fn hash(&self) -> [u8; 32] {
        let workspace = self.workspace.map(|id| id.to_string()).unwrap_or_default();
        Sha256::digest(format!("{workspace}\n{}", self.filters)).into()
    }

    /// Who reads: a session as long as it lasts, a token day by day.
    fn viewer(acting: &Acting, now: Micros) -> (String, i64) {
        match (acting.session, acting.token) {
            (Some(session), _) => (session.to_string(), 0),
            (None, Some(token)) => (token.to_string(), now.0.div_euclid(Micros::DAY)),
            (None, None) => (acting.kind.to_owned(), now.0.div_euclid(Micros::DAY)),
        }
    }

    /// Whether this reading may be done, and has been recorded: then it need not be performed.
    pub fn is_recorded(&self, rx: &mut Rx<'_>, acting: &Acting) -> Result<bool> {
        if !acting.may(
            rx,
            Permission::ReadAuditLog,
            self.organization,
            self.workspace,
        )? {
            return Ok(false);
        }
        let (viewer, day) = Self::viewer(acting, rx.now());
        let log = self.log(rx)?;
        rx.has_viewed(log, &viewer, day, &self.hash())
    }
}

impl Action for ViewAuditLog {
    const EVENTS: &'static [EventType] = &[catalogue::AUDIT_LOG_VIEWED];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::new(TargetType::AuditLog, self.log(rx)?, "Audit log");
        let resource = Resource {
            workspace: self.workspace,
            target,
        };
        Ok(vec![Need {
            permission: Some(Permission::ReadAuditLog),
            resource,
            related: Vec::new(),
        }])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let log = self.log(tx)?;
        let (viewer, day) = Self::viewer(&tx.acting, tx.at);
        let hash = self.hash();
        if tx.has_viewed(log, &viewer, day, &hash)? {
            return Ok(Done::new((), Vec::new()));
        }
        let made = tx.insert_view(log, self.workspace, &viewer, day, &hash)?;
        let mut fact = Fact::new(catalogue::AUDIT_LOG_VIEWED, &made);
        if self
            .filters
            .as_object()
            .is_some_and(|filters| !filters.is_empty())
        {
            fact = fact.detail(super::recorded(&self.filters));
        }
        Ok(Done::new((), vec![fact]))
    }
}
