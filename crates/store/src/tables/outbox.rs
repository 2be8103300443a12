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
    /// Whose name stands in them where [`BY`] does: it is put in when the letter leaves, so that nothing of who is erased waits here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// Where a letter names the person whom it is from.
pub const BY: &str = "\u{fffc}";

/// What stands there where that person does not belong to the organization any more.
const SOMEBODY: &str = "Somebody";

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
    /// What is sent; nothing where the person was erased, or what it is for is over.
    pub letter: Option<Letter>,
    /// How often it was tried.
    pub tries: u64,
}

/// What a letter is sent for, and what says whether it has left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reason {
    /// Nothing that anyone asks.
    None,
    /// An invitation.
    Invitation(InvitationId),
    /// A challenge, by its hash: without it the letter is of no use any more.
    Challenge([u8; 32]),
}

/// How long another process is given to deliver what it has taken, in microseconds.
const LEASE: i64 = 60 * Micros::SECOND;
/// How long is waited before the next try, in microseconds, by the number of tries.
const WAITS: [i64; 6] = [5, 30, 120, 600, 1800, 7200];

impl Rx<'_> {
    /// What is due to be sent in one way, the oldest first.
    pub fn due_messages(&mut self, way: Way, limit: i64) -> Result<Vec<Message>> {
        let now = self.now();
        let rows = self.conn.query(
            "SELECT o.id, o.user_id, o.payload, o.tries, CAST(CASE WHEN o.challenge IS NULL OR c.hash IS NOT NULL THEN 1 ELSE 0 END AS BIGINT), i.organization_id \
             FROM outbox o LEFT JOIN invitations i ON i.id = o.invitation_id LEFT JOIN challenges c ON c.hash = o.challenge AND c.expires_at > $1 \
             WHERE o.next_at <= $1 AND o.kind = $2 ORDER BY o.next_at, o.id LIMIT $3",
            params![now, way.as_str(), limit],
        )?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: MessageId = row.parse(0)?;
            let user: UserId = row.parse(1)?;
            let place = ("outbox", "payload", id.as_str());
            let opened = self.open_value((INSTANCE, user.as_str()), place, row.blob(2)?)?;
            let is_wanted = row.int(4)? == 1;
            let mut letter: Option<Letter> = opened
                .filter(|_| is_wanted)
                .map(|text| serde_json::from_slice(&text))
                .transpose()
                .map_err(|error| Error::Internal(format!("a letter: {error}")))?;
            if let Some(letter) = &mut letter
                && let Some(by) = letter.by
            {
                let member = match row.opt_parse(5)? {
                    Some(organization) => self.member(organization, by)?,
                    None => None,
                };
                let name = member.map_or_else(|| SOMEBODY.to_owned(), |one| one.user.name);
                letter.subject = letter.subject.replace(BY, &name);
                letter.text = letter.text.replace(BY, &name);
            }
            messages.push(Message {
                id,
                way,
                letter,
                tries: row.size(3)?,
            });
        }
        Ok(messages)
    }

    /// Keeps whether the server sends letters. Gives 1 if it is another answer than before.
    pub(crate) fn put_sends_mail(&mut self, sends: bool) -> Result<u64> {
        let sql = "UPDATE instance SET sends_mail = $1 WHERE sends_mail <> $1";
        Ok(self.conn.execute(sql, params![sends])?)
    }

    /// Puts a letter into the outbox.
    pub(crate) fn put_message(
        &mut self,
        (way, user): (Way, UserId),
        reason: Reason,
        letter: &Letter,
    ) -> Result<()> {
        let (invitation, challenge) = match reason {
            Reason::None => (None, None),
            Reason::Invitation(id) => (Some(id), None),
            Reason::Challenge(hash) => (None, Some(hash)),
        };
        let id = MessageId::new(&*self.env.clock, &*self.env.entropy);
        let text = zeroize::Zeroizing::new(
            serde_json::to_vec(letter).map_err(|error| Error::Internal(error.to_string()))?,
        );
        let place = ("outbox", "payload", id.as_str());
        let sealed = self.seal_value((INSTANCE, user.as_str()), place, &text)?;
        let now = self.now();
        self.conn.execute(
            "INSERT INTO outbox (id, kind, user_id, invitation_id, challenge, payload, created_at, next_at, tries) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0)",
            params![
                &id,
                way.as_str(),
                &user,
                invitation.as_ref(),
                challenge.as_ref().map(|hash| &hash[..]),
                &sealed,
                now,
            ],
        )?;
        Ok(())
    }
}

impl Tx<'_> {
    /// Whether the server sends letters: where it does not, none are written that would wait for ever.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn sends_mail(&mut self) -> Result<bool> {
        let rows = self
            .conn
            .query("SELECT sends_mail FROM instance", params![])?;
        rows.first().map_or(Ok(false), |row| Ok(row.flag(0)?))
    }

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
        let reason = invitation.map_or(Reason::None, Reason::Invitation);
        self.put_message(to, reason, letter)
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
    conn.execute(
        "UPDATE challenges SET delivery = $2 WHERE hash IN (SELECT challenge FROM outbox WHERE id = $1)",
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
