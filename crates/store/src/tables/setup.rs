//! The instance: whether it is set up, what it is called, and the one-time link to set it up by.

use model::catalogue::TargetType;
use model::clock::Micros;
use model::id::LogId;
use serde_json::json;
use subtle::ConstantTimeEq;
use tlog::KeyName;

use crate::action::Changed;
use crate::db::params;
use crate::error::{Error, Result};
use crate::store::Instance;
use crate::tx::{Audited, Rx, Snapshot, Tx};

/// The hash of the secret in the link that a first visitor sets the instance up by, and until when it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetUpLink {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// When it ends.
    pub expires_at: Micros,
}

impl Audited for Instance {
    fn snapshot(&self) -> Snapshot<'_> {
        let name = self.name.clone().unwrap_or_default();
        Snapshot::new(
            TargetType::Instance,
            &self.log,
            &name,
            json!({ "name": self.name }),
        )
    }
}

impl Rx<'_> {
    /// What is known of the instance.
    pub fn instance(&mut self) -> Result<Instance> {
        let row = self
            .conn
            .query_one("SELECT name, log_id FROM instance WHERE one = 1", &[])?;
        let row = row.ok_or_else(|| Error::Internal("no instance".to_owned()))?;
        Ok(Instance {
            name: row.opt_text(0)?.map(str::to_owned),
            log: row.parse(1)?,
        })
    }

    /// Whether a set-up link with this hash of its secret is good now.
    pub fn is_set_up_link(&mut self, hash: &[u8; 32]) -> Result<bool> {
        let now = self.now();
        let row = self.conn.query_one(
            "SELECT link_hash, link_expires_at FROM instance WHERE one = 1 AND set_up_at IS NULL",
            &[],
        )?;
        let Some(row) = row else { return Ok(false) };
        let (Some(kept), Some(until)) = (row.opt_blob(0)?, row.opt_moment(1)?) else {
            return Ok(false);
        };
        Ok(bool::from(kept.ct_eq(&hash[..])) && until > now)
    }

    /// What is written of the key of a new log: its origin, the public key, and the seeds that it is not made from the first of.
    pub(crate) fn first_key(
        &mut self,
        instance: &str,
        log: LogId,
    ) -> Result<(String, String, String)> {
        let origin = format!("{instance}/{log}");
        let name = KeyName::parse(&origin).map_err(|_| {
            Error::field(
                "invalid_instance_name",
                "instance",
                "an instance's name has no spaces and no \u{201c}+\u{201d}",
            )
        })?;
        let seed = self.newest_seed()?;
        let key = self.env.keys.log_key(&name, 1, seed.as_deref())?;
        let seeds = seed.map(|seed| format!("1:{seed}")).unwrap_or_default();
        Ok((origin, key.verifier().to_string(), seeds))
    }
}

impl Tx<'_> {
    /// The instance gets its name, and its own log its origin and key. Once.
    pub fn set_up_instance(&mut self, before: &Instance, name: &str) -> Result<Changed> {
        let after = Instance {
            name: Some(name.to_owned()),
            ..before.clone()
        };
        let (origin, vkey, seeds) = self.first_key(name, before.log)?;
        let at = self.at;
        let changed = self.write(
            "UPDATE instance SET name = $1, set_up_at = $2, link_hash = NULL, link_expires_at = NULL WHERE one = 1 AND set_up_at IS NULL",
            params![name, at],
            None,
            Some(&after),
        )?;
        self.write_part(
            "UPDATE logs SET origin = $2, vkey = $3, seeds = $4 WHERE id = $1",
            params![&before.log, &origin, &vkey, &seeds],
            &changed,
        )?;
        Ok(changed)
    }
}
