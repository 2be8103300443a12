//! Second factors. Seeds, phone numbers and passkeys are encrypted with the person's key; recovery codes are keyed hashes.

use model::catalogue::TargetType;
use model::id::UserId;
use model::things::{Factor, FactorKind, User};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::keyring::INSTANCE;
use crate::keys::hmac;
use crate::tables::sessions::Told;
use crate::tx::{Audited, Rx, Snapshot, Tx};

/// What is sealed of a factor.
#[derive(Serialize, Deserialize)]
struct Payload {
    name: String,
    secret: String,
}

/// A factor as an event tells it: it is about the person.
struct Shown<'a>(&'a User, &'a Factor);

impl Audited for Shown<'_> {
    fn snapshot(&self) -> Snapshot<'_> {
        let (user, factor) = (self.0, self.1);
        let mut value = json!({ "factor": factor.kind.label(), "name": factor.name });
        if factor.kind == FactorKind::Phone {
            value["phoneNumber"] = json!(factor.secret.as_str());
        }
        Snapshot {
            person: Some(user.id),
            secret: &["phoneNumber"],
            ..Snapshot::new(TargetType::User, &user.id, &user.name, value)
        }
    }
}

const FACTOR: &str =
    "SELECT id, user_id, kind, payload, credential, step, created_at, used_at FROM factors";

impl Rx<'_> {
    fn open_factor(&mut self, row: &Row) -> Result<Option<Factor>> {
        let id: model::id::FactorId = row.parse(0)?;
        let user: UserId = row.parse(1)?;
        let place = ("factors", "payload", id.as_str());
        let Some(text) = self.open_value((INSTANCE, user.as_str()), place, row.blob(3)?)? else {
            return Ok(None);
        };
        let payload: Payload = serde_json::from_slice(&text)
            .map_err(|error| Error::Internal(format!("a factor: {error}")))?;
        let credential = if row.is_null(4) {
            None
        } else {
            row.blob(4)?.try_into().ok()
        };
        Ok(Some(Factor {
            id,
            user,
            kind: row.parse(2)?,
            name: payload.name,
            secret: Zeroizing::new(payload.secret),
            credential,
            step: if row.is_null(5) {
                None
            } else {
                Some(row.int(5)?)
            },
            created_at: row.moment(6)?,
            used_at: row.opt_moment(7)?,
        }))
    }

    /// The second factors of a person, in the order in which they were added.
    pub fn factors(&mut self, user: UserId) -> Result<Vec<Factor>> {
        let sql = format!("{FACTOR} WHERE user_id = $1 ORDER BY created_at, id");
        let rows = self.conn.query(&sql, params![&user])?;
        let mut factors = Vec::with_capacity(rows.len());
        for row in &rows {
            factors.extend(self.open_factor(row)?);
        }
        Ok(factors)
    }

    /// What a passkey is found by: its credential id says where a person has one, so only a keyed hash is kept in clear.
    pub fn credential_index(&self, id: &[u8]) -> [u8; 32] {
        hmac(&self.env.index, &[b"credential\n", id])
    }

    /// The passkey with this credential id.
    pub fn passkey(&mut self, credential: &[u8]) -> Result<Option<Factor>> {
        let index = self.credential_index(credential);
        let sql = format!("{FACTOR} WHERE credential = $1");
        let row = self.conn.query_one(&sql, params![&index])?;
        row.map_or(Ok(None), |row| self.open_factor(&row))
    }

    /// Whether a person has a second factor.
    pub fn has_factor(&mut self, user: UserId) -> Result<bool> {
        let row = self.conn.recall(
            "SELECT id FROM factors WHERE user_id = $1 LIMIT 1",
            params![&user],
        )?;
        Ok(row.is_some())
    }

    /// How many recovery codes of a person are left.
    pub fn recovery_codes_left(&mut self, user: UserId) -> Result<u64> {
        let row = self.conn.query_one(
            "SELECT CAST(count(*) AS BIGINT) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL",
            params![&user],
        )?;
        Ok(row.map(|row| row.size(0)).transpose()?.unwrap_or(0))
    }

    fn recovery_hash(&self, user: UserId, code: &str) -> [u8; 32] {
        let parts: &[&[u8]] = &[
            b"recovery\n",
            user.as_str().as_bytes(),
            b"\n",
            code.as_bytes(),
        ];
        hmac(&self.env.index, parts)
    }

    /// Whether a recovery code, as it was made, is one of the person's that has not been used.
    pub fn is_recovery_code(&mut self, user: UserId, code: &str) -> Result<bool> {
        let hash = self.recovery_hash(user, code);
        let row = self.conn.query_one(
            "SELECT user_id FROM recovery_codes WHERE user_id = $1 AND hash = $2 AND used_at IS NULL",
            params![&user, &hash],
        )?;
        Ok(row.is_some())
    }
}

impl Tx<'_> {
    fn seal_factor(&mut self, factor: &Factor) -> Result<Vec<u8>> {
        let payload = Payload {
            name: factor.name.clone(),
            secret: factor.secret.to_string(),
        };
        let text = Zeroizing::new(
            serde_json::to_vec(&payload).map_err(|error| Error::Internal(error.to_string()))?,
        );
        self.seal_value(
            (INSTANCE, factor.user.as_str()),
            ("factors", "payload", factor.id.as_str()),
            &text,
        )
    }

    /// A person gets a second factor.
    pub fn insert_factor(&mut self, user: &User, factor: &Factor) -> Result<Changed> {
        self.begin_writing()?;
        let sealed = self.seal_factor(factor)?;
        let credential = factor.credential.as_ref().map(|hash| &hash[..]);
        self.write(
            "INSERT INTO factors (id, user_id, kind, payload, credential, step, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![
                &factor.id,
                &factor.user,
                factor.kind.as_str(),
                &sealed,
                credential,
                factor.step,
                factor.created_at,
            ],
            None,
            Some(&Shown(user, factor)),
        )
    }

    /// A factor's name or phone number changes.
    pub fn update_factor(
        &mut self,
        user: &User,
        before: &Factor,
        after: &Factor,
    ) -> Result<Changed> {
        self.begin_writing()?;
        let sealed = self.seal_factor(after)?;
        self.write(
            "UPDATE factors SET payload = $2 WHERE id = $1",
            params![&after.id, &sealed],
            Some(&Shown(user, before)),
            Some(&Shown(user, after)),
        )
    }

    /// A person loses a second factor.
    pub fn delete_factor(&mut self, user: &User, factor: &Factor) -> Result<Changed> {
        self.write(
            "DELETE FROM factors WHERE id = $1",
            params![&factor.id],
            Some(&Shown(user, factor)),
            None,
        )
    }

    /// A factor was used, as a part of a change that is noted: its last step, and a passkey's counter.
    pub fn use_factor(&mut self, factor: &Factor, of: &Changed) -> Result<()> {
        self.begin_writing()?;
        let sealed = self.seal_factor(factor)?;
        let at = self.at;
        self.write_part(
            "UPDATE factors SET payload = $2, step = $3, used_at = $4 WHERE id = $1",
            params![&factor.id, &sealed, factor.step, at],
            of,
        )
    }

    /// A person gets recovery codes; those from before are dead. Noted as something about the person.
    pub fn replace_recovery_codes(&mut self, user: &User, codes: &[String]) -> Result<Changed> {
        let changed = self.note(None, Some(&Told(user)))?;
        self.drop_recovery_codes(user.id, &changed)?;
        for code in codes {
            let hash = self.recovery_hash(user.id, code);
            self.write_part(
                "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)",
                params![&user.id, &hash],
                &changed,
            )?;
        }
        Ok(changed)
    }

    /// All recovery codes of a person go, as a part of a change that is noted.
    pub fn drop_recovery_codes(&mut self, user: UserId, of: &Changed) -> Result<()> {
        self.write_parts(
            "DELETE FROM recovery_codes WHERE user_id = $1",
            params![&user],
            of,
        )
    }

    /// A recovery code is used, as a part of a change that is noted: it is good no more.
    pub fn use_recovery_code(&mut self, user: UserId, code: &str, of: &Changed) -> Result<()> {
        let hash = self.recovery_hash(user, code);
        let at = self.at;
        self.write_part(
            "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL",
            params![&user, &hash, at],
            of,
        )
    }
}
