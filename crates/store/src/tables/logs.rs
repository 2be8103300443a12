//! Logs themselves: their keys, and that one goes on after a recovery.

use model::catalogue::TargetType;
use model::id::{EventId, LogId};
use serde_json::json;

use crate::action::Changed;
use crate::db::params;
use crate::error::Result;
use crate::tree::Log;
use crate::tx::{Audited, Snapshot, Tx};

struct Recovery(LogId);

impl Audited for Recovery {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new(TargetType::Log, &self.0, "Audit log", json!({}))
    }
}

struct Key(LogId, u32);

impl Audited for Key {
    fn snapshot(&self) -> Snapshot {
        let value = json!({ "generation": self.1 });
        Snapshot::new(TargetType::LogKey, &self.0, "Key of the audit log", value)
    }
}

impl Tx<'_> {
    /// A log goes on although a checkpoint of `size` entries does not hold any more.
    pub fn insert_recovery(&mut self, log: LogId, size: u64, mode: &str) -> Result<Changed> {
        let (id, at) = (self.new_id(EventId::new), self.at);
        self.write(
            "INSERT INTO recoveries (id, log_id, size, mode, at) VALUES ($1, $2, $3, $4, $5)",
            params![&id, &log, size.cast_signed(), mode, at],
            None,
            Some(&Recovery(log)),
        )
    }

    /// A log is signed with its next key: its generation, and the verifier key.
    pub fn rotate_log_key(&mut self, log: &Log) -> Result<(Changed, u32, String)> {
        let (generation, at) = (log.generation + 1, self.at);
        let key = self.env.keys.log_key(&log.origin, generation)?;
        let vkey = key.verifier().to_string();
        let changed = self.write(
            "UPDATE logs SET generation = $2, rotated_at = $3, vkey = $4 WHERE id = $1",
            params![&log.id, i64::from(generation), at, &vkey],
            Some(&Key(log.id, log.generation)),
            Some(&Key(log.id, generation)),
        )?;
        Ok((changed, generation, vkey))
    }
}
