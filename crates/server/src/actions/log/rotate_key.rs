//! Sign a log with its next key. The key before signs as well for thirty days, unless it may be known to others.

use model::catalogue::{self, EventType, TargetType};
use model::id::{LogId, OrganizationId};
use serde_json::json;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

/// Sign a log with its next key.
#[derive(Clone, Debug)]
pub struct RotateLogKey {
    /// Which log.
    pub log: LogId,
    /// Whose it is; none of the instance's.
    pub organization: Option<OrganizationId>,
    /// The seed that was added because the one before may be known to others; without it, this is a change by plan.
    pub leaked_to: Option<String>,
}

impl Action for RotateLogKey {
    const EVENTS: &'static [EventType] = &[catalogue::LOG_KEY_ROTATED];
    /// The verifier key from now on.
    type Output = String;

    fn scope(&self) -> Scope {
        self.organization
            .map_or(Scope::Instance, Scope::Organization)
    }

    // Only from the command line: no session and no token may.
    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        Ok(vec![Need::nothing(Target::new(
            TargetType::LogKey,
            self.log,
            "",
        ))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<String>> {
        if tx.acting.kind != "system" {
            return Err(Error::Unauthenticated);
        }
        let log = tx.log(self.log)?.ok_or(Error::NotFound("log"))?;
        let (made, generation, vkey) = tx.rotate_log_key(&log, self.leaked_to.as_deref())?;
        let readable = json!({ "generation": generation, "vkey": vkey });
        let mut fact = Fact::new(catalogue::LOG_KEY_ROTATED, &made).readable(readable);
        if self.leaked_to.is_some() {
            fact = fact.detail(json!({ "reason": "leaked" }));
        }
        Ok(Done::new(vkey, vec![fact]))
    }
}
