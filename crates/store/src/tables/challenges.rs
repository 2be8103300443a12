//! Links that work once, steps that wait for an answer, and how often something was tried: only hashes of secrets, and
//! nothing that a person decides.

use model::clock::Micros;
use model::id::UserId;
use model::things::Delivery;
use zeroize::Zeroizing;

use crate::action::Changed;
use crate::db::params;
use crate::error::{Error, Result};
use crate::keyring::INSTANCE;
use crate::keys::hmac;
use crate::tables::outbox::{Letter, Reason, Way};
use crate::tx::{Rx, Tx};

/// A challenge that is to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewChallenge {
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// What it is for: a word of the server's.
    pub kind: &'static str,
    /// Whose it is, where that is known.
    pub user: Option<UserId>,
    /// What is needed when it is answered; encrypted with the person's key, where it is known whose it is.
    pub payload: Zeroizing<Vec<u8>>,
    /// How long it is good for, in microseconds.
    pub lasts: i64,
}

impl std::fmt::Debug for NewChallenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewChallenge({})", self.kind)
    }
}

/// A challenge that is still good.
pub struct Challenge {
    /// Whose it is, where that is known.
    pub user: Option<UserId>,
    /// What is needed when it is answered.
    pub payload: Zeroizing<Vec<u8>>,
    /// When it was made.
    pub created_at: Micros,
    /// Whether the letter that came with it has left.
    pub delivery: Delivery,
}

impl Rx<'_> {
    /// The challenge of this kind with this hash of its secret, if it is still good.
    pub fn challenge(&mut self, kind: &str, hash: &[u8; 32]) -> Result<Option<Challenge>> {
        let now = self.now();
        let row = self.conn.query_one(
            "SELECT user_id, payload, created_at, delivery FROM challenges WHERE hash = $1 AND kind = $2 AND expires_at > $3",
            params![hash, kind, now],
        )?;
        let Some(row) = row else { return Ok(None) };
        let user: Option<UserId> = row.opt_parse(0)?;
        let kept = row.blob(1)?;
        let payload = match user {
            Some(user) => self.open_value(
                (INSTANCE, user.as_str()),
                ("challenges", "payload", kind),
                kept,
            )?,
            None => Some(Zeroizing::new(kept.to_vec())),
        };
        let created_at = row.moment(2)?;
        let delivery = row.parse(3)?;
        Ok(payload.map(|payload| Challenge {
            user,
            payload,
            created_at,
            delivery,
        }))
    }

    /// Keeps a challenge, and sends the letter that carries its secret.
    pub(crate) fn put_challenge(
        &mut self,
        new: &NewChallenge,
        letter: Option<&(Way, Letter)>,
    ) -> Result<u64> {
        let payload = match new.user {
            Some(user) => self.seal_value(
                (INSTANCE, user.as_str()),
                ("challenges", "payload", new.kind),
                &new.payload,
            )?,
            None => new.payload.to_vec(),
        };
        let now = self.now();
        let letter = letter.zip(new.user);
        let delivery = letter.map_or(Delivery::None, |_| Delivery::Waiting);
        let kept = self.conn.execute(
            "INSERT INTO challenges (hash, kind, user_id, payload, created_at, expires_at, delivery) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![
                &new.hash,
                new.kind,
                new.user.as_ref(),
                &payload,
                now,
                now.plus(new.lasts),
                delivery.as_str(),
            ],
        )?;
        if let Some(((way, letter), user)) = letter {
            self.put_message((*way, user), Reason::Challenge(new.hash), letter)?;
        }
        Ok(kept)
    }

    fn attempt_key(&self, what: &str) -> [u8; 32] {
        hmac(&self.env.index, &[b"attempt\n", what.as_bytes()])
    }

    /// How often something was tried since `since`.
    pub fn attempts(&mut self, what: &str, since: Micros) -> Result<u64> {
        let key = self.attempt_key(what);
        let row = self.conn.query_one(
            "SELECT count FROM attempts WHERE key = $1 AND since > $2",
            params![&key, since],
        )?;
        Ok(row.map(|row| row.size(0)).transpose()?.unwrap_or(0))
    }

    /// Counts one more try of something; gives how many there were within the window, this one included, and in how many
    /// microseconds, one at least, it begins anew.
    pub(crate) fn attempt(&mut self, what: &str, window: i64) -> Result<(u64, u64)> {
        let key = self.attempt_key(what);
        let now = self.now();
        self.conn.execute(
            "INSERT INTO attempts (key, since, count) VALUES ($1, $2, 1) ON CONFLICT (key) DO UPDATE SET \
             count = CASE WHEN attempts.since > $3 THEN attempts.count + 1 ELSE 1 END, \
             since = CASE WHEN attempts.since > $3 THEN attempts.since ELSE $2 END",
            params![&key, now, now.plus(-window)],
        )?;
        let row = self.conn.query_one(
            "SELECT count, since FROM attempts WHERE key = $1",
            params![&key],
        )?;
        let row = row.ok_or_else(|| Error::Internal("what was counted is gone".to_owned()))?;
        let left = row.moment(1)?.plus(window).0.saturating_sub(now.0);
        Ok((row.size(0)?, u64::try_from(left).unwrap_or(1).max(1)))
    }

    /// Something succeeded: what was tried before it no longer counts.
    pub(crate) fn forgive(&mut self, what: &str) -> Result<u64> {
        let key = self.attempt_key(what);
        Ok(self
            .conn
            .execute("DELETE FROM attempts WHERE key = $1", params![&key])?)
    }

    /// One try succeeded: it no longer counts.
    pub(crate) fn give_back(&mut self, what: &str) -> Result<u64> {
        let key = self.attempt_key(what);
        Ok(self.conn.execute(
            "UPDATE attempts SET count = count - 1 WHERE key = $1 AND count > 0",
            params![&key],
        )?)
    }
}

impl Tx<'_> {
    /// A challenge is answered, as a part of a change that is noted: it is good no more.
    pub fn take_challenge(&mut self, hash: &[u8; 32], of: &Changed) -> Result<()> {
        self.write_part("DELETE FROM challenges WHERE hash = $1", params![hash], of)
    }

    /// All challenges of this kind of a person go, as a part of a change that is noted.
    pub fn drop_challenges(&mut self, kind: &str, user: UserId, of: &Changed) -> Result<()> {
        self.write_parts(
            "DELETE FROM challenges WHERE kind = $1 AND user_id = $2",
            params![kind, &user],
            of,
        )
    }
}
