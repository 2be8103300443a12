//! Logs themselves: their keys, and that one goes on after a recovery.

use model::catalogue::TargetType;
use model::clock::Micros;
use model::id::{EventId, LogId};
use serde_json::json;

use crate::action::Changed;
use crate::db::params;
use crate::error::{Error, Result};
use crate::publish::Refusal;
use crate::tree::Log;
use crate::tx::{Audited, Rx, Snapshot, Tx};

/// How many keys sign a log at once. A reader of notes need not take more than 16 signatures, and those of witnesses are
/// among them (C2SP `signed-note`).
const MOST_KEYS: usize = 8;

struct Recovery(LogId);

impl Audited for Recovery {
    fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(TargetType::Log, &self.0, "Audit log", json!({}))
    }
}

struct Key(LogId, u32);

impl Audited for Key {
    fn snapshot(&self) -> Snapshot<'_> {
        let value = json!({ "generation": self.1 });
        Snapshot::new(TargetType::LogKey, &self.0, "Key of the audit log", value)
    }
}

impl Rx<'_> {
    /// The id of the seed that new keys of logs are made from; none for the first.
    pub(crate) fn newest_seed(&mut self) -> Result<Option<String>> {
        let row = self
            .conn
            .query_one("SELECT id FROM seeds ORDER BY number DESC LIMIT 1", &[])?;
        Ok(row.map(|row| row.text(0).map(str::to_owned)).transpose()?)
    }

    /// The logs that are not signed with a key from this seed.
    pub fn logs_without_seed(&mut self, seed: &str) -> Result<Vec<Log>> {
        let mut logs = self.logs()?;
        logs.retain(|log| log.seed_of(log.generation) != Some(seed));
        Ok(logs)
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

    /// A log is signed with its next key, from `seed`, or else from the newest: its generation, and the verifier key.
    pub fn rotate_log_key(
        &mut self,
        log: &Log,
        seed: Option<&str>,
    ) -> Result<(Changed, u32, String)> {
        if !self.env.is_its_key(log)? {
            return Err(Error::failed("other_key", Refusal::OtherKey.to_string()));
        }
        let (generation, at) = (log.generation + 1, self.at);
        let seed = match seed {
            Some(seed) => Some(seed.to_owned()),
            None => self.newest_seed()?,
        };
        let goes_on = log.seed_of(log.generation) == seed.as_deref();
        if goes_on && self.env.signing_generations(log).len() >= MOST_KEYS {
            return Err(Error::failed(
                "too_many_keys",
                format!(
                    "the log is signed with {MOST_KEYS} keys already, each for 30 days after it was replaced; wait until one has ended"
                ),
            ));
        }
        let key = self
            .env
            .keys
            .log_key(&log.origin, generation, seed.as_deref())?;
        let vkey = key.verifier().to_string();
        let mut seeds = log.seeds.clone();
        seeds.extend(
            seed.clone()
                .filter(|seed| log.seed_of(log.generation) != Some(seed))
                .map(|seed| (generation, seed)),
        );
        let seeds: Vec<String> = seeds
            .iter()
            .map(|(generation, seed)| format!("{generation}:{seed}"))
            .collect();
        let before = log.rotations.iter().copied();
        let rotations: Vec<String> = before
            .chain([(generation, at)])
            .map(|(generation, Micros(at))| format!("{generation}:{at}"))
            .collect();
        let changed = self.write(
            "UPDATE logs SET generation = $2, rotations = $3, vkey = $4, seeds = $5 WHERE id = $1",
            params![
                &log.id,
                i64::from(generation),
                &rotations.join(" "),
                &vkey,
                &seeds.join(" ")
            ],
            Some(&Key(log.id, log.generation)),
            Some(&Key(log.id, generation)),
        )?;
        if let Some(seed) = seed {
            self.know_seed(&seed, &changed)?;
        }
        Ok((changed, generation, vkey))
    }

    /// From now on only a key file with this seed fits.
    fn know_seed(&mut self, id: &str, with: &Changed) -> Result<()> {
        let known = "SELECT id FROM seeds WHERE id = $1";
        if self.conn.query_one(known, params![id])?.is_some() {
            return Ok(());
        }
        let seed = self.env.keys.seed(id);
        let seed = seed.ok_or_else(|| Error::Internal("a seed is lost".to_owned()))?;
        let at = self.at;
        self.write_part(
            "INSERT INTO seeds (number, id, seed_check, added_at) \
             SELECT CAST(COALESCE(max(number), 1) + 1 AS BIGINT), $1, $2, $3 FROM seeds",
            params![id, &seed.check(), at],
            with,
        )
    }
}
