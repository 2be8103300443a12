//! Go on with a log although the database does not hold what was signed before: recorded, with what is given up.

use model::catalogue::{self, EventType, TargetType};
use model::id::{LogId, OrganizationId};
use serde_json::json;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

/// Go on with a log.
#[derive(Clone, Debug)]
pub struct RecoverLog {
    /// Which log.
    pub log: LogId,
    /// Whose it is; none of the instance's.
    pub organization: Option<OrganizationId>,
    /// The size of the checkpoint that does not hold any more; 0 where none is known.
    pub size: u64,
    /// Its root, in base64; empty where none is known.
    pub root: String,
    /// Why the log was not signed: the code of the refusal.
    pub mode: &'static str,
}

impl Action for RecoverLog {
    const EVENTS: &'static [EventType] = &[catalogue::LOG_RECOVERED];
    type Output = ();

    fn scope(&self) -> Scope {
        self.organization
            .map_or(Scope::Instance, Scope::Organization)
    }

    // Only from the command line: no session and no token may.
    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        Ok(vec![Need::nothing(Target::new(
            TargetType::Log,
            self.log,
            "",
        ))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        if tx.acting.kind != "system" {
            return Err(Error::Unauthenticated);
        }
        let made = tx.insert_recovery(self.log, self.size, self.mode)?;
        let readable = json!({ "size": self.size, "root": self.root, "mode": self.mode });
        let fact = Fact::new(catalogue::LOG_RECOVERED, &made).readable(readable);
        Ok(Done::new((), vec![fact]))
    }
}
