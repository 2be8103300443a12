//! What is to be sent, in the transaction that is its reason. It is encrypted with the key of the person that it is for,
//! delivered at least once, and gone once it was.

use model::clock::Micros;
use model::id::{InvitationId, MessageId, UserId};
use serde::{Deserialize, Serialize};

use crate::action::Changed;
use crate::db::{Conn, params};
use crate::error::{Error, Result};
use crate::keyring::INSTANCE;
use crate::tx::{Rx, Tx};

/// How something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By e-mail.
    Mail,
    /// By a text message to a phone.
    Sms,
}

impl Way {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }
}

/// What is to be sent. It may hold a link or a code, so it is never shown in a log or an error.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The e-mail address or phone number.
    pub to: String,
    /// The subject; empty for a text message.
    pub subject: String,
    /// The text.
    pub text: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter")
    }
}

/// A letter that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// How it is sent.
    pub way: Way,
    /// What is sent; nothing where the person was erased.
    pub letter: Option<Letter>,
    /// How often it was tried.
    pub tries: u64,
}

/// How long another process is given to deliver what it has taken, in microseconds.
const LEASE: i64 = 60 * Micros::SECOND;
/// How long is waited before the next try, in microseconds, by the number of tries.
const WAITS: [i64; 6] = [5, 30, 120, 600, 1800, 7200];

impl Rx<'_> {
    /// What is due to be sent, the oldest first.
    pub fn due_messages(&mut self, limit: i64) -> Result<Vec<Message>> {
        let now = self.now();
        let rows = self.conn.query(
            "SELECT id, kind, user_id, payload, tries FROM outbox WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2",
            params![now, limit],
        )?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: MessageId = row.parse(0)?;
            let user: UserId = row.parse(2)?;
            let place = ("outbox", "payload", id.as_str());
            let opened = self.open_value((INSTANCE, user.as_str()), place, row.blob(3)?)?;
            let letter = opened
                .map(|text| serde_json::from_slice(&text))
                .transpose()
                .map_err(|error| Error::Internal(format!("a letter: {error}")))?;
            messages.push(Message {
                id,
                way: if row.text(1)? == Way::Sms.as_str() {
                    Way::Sms
                } else {
                    Way::Mail
                },
                letter,
                tries: row.size(4)?,
            });
        }
        Ok(messages)
    }

    /// Puts a letter into the outbox.
    pub(crate) fn put_message(
        &mut self,
        (way, user): (Way, UserId),
        invitation: Option<InvitationId>,
        letter: &Letter,
    ) -> Result<()> {
        let id = MessageId::new(&*self.env.clock, &*self.env.entropy);
        let text = zeroize::Zeroizing::new(
            serde_json::to_vec(letter).map_err(|error| Error::Internal(error.to_string()))?,
        );
        let place = ("outbox", "payload", id.as_str());
        let sealed = self.seal_value((INSTANCE, user.as_str()), place, &text)?;
        let now = self.now();
        self.conn.execute(
            "INSERT INTO outbox (id, kind, user_id, invitation_id, payload, created_at, next_at, tries) VALUES ($1, $2, $3, $4, $5, $6, $6, 0)",
            params![&id, way.as_str(), &user, invitation.as_ref(), &sealed, now],
        )?;
        Ok(())
    }
}

impl Tx<'_> {
    /// A letter to a person, because of a change that is noted.
    pub fn send(
        &mut self,
        to: (Way, UserId),
        invitation: Option<InvitationId>,
        letter: &Letter,
        of: &Changed,
    ) -> Result<()> {
        self.begin_writing()?;
        debug_assert!(of.0 < self.notes.len(), "a letter has a reason");
        self.put_message(to, invitation, letter)
    }
}

/// Takes a letter that is due, for a minute; 0 where another process has.
pub(crate) fn claim(conn: &mut Conn, now: Micros, id: MessageId) -> Result<u64> {
    Ok(conn.execute(
        "UPDATE outbox SET next_at = $3, tries = tries + 1 WHERE id = $1 AND next_at <= $2",
        params![&id, now, now.plus(LEASE)],
    )?)
}

/// A letter has left, or is given up.
pub(crate) fn finish(conn: &mut Conn, id: MessageId, delivered: bool) -> Result<u64> {
    let word = if delivered { "sent" } else { "failed" };
    conn.execute(
        "UPDATE invitations SET delivery = $2 WHERE id IN (SELECT invitation_id FROM outbox WHERE id = $1)",
        params![&id, word],
    )?;
    Ok(conn.execute("DELETE FROM outbox WHERE id = $1", params![&id])?)
}

/// A letter could not be sent: it is tried again later, or given up after a few hours. Gives 1 if it will be tried.
pub(crate) fn later(conn: &mut Conn, now: Micros, id: MessageId) -> Result<u64> {
    let row = conn.query_one("SELECT tries FROM outbox WHERE id = $1", params![&id])?;
    let Some(row) = row else { return Ok(0) };
    let tries = usize::try_from(row.int(0)?).unwrap_or(usize::MAX);
    match WAITS.get(tries.saturating_sub(1)) {
        Some(seconds) => Ok(conn.execute(
            "UPDATE outbox SET next_at = $2 WHERE id = $1",
            params![&id, now.plus(seconds * Micros::SECOND)],
        )?),
        None => finish(conn, id, false).map(|_| 0),
    }
}
