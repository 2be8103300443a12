//! Signed-in browsers. The secret is in a cookie; only its hash is here. Address and browser are sealed.

use model::catalogue::TargetType;
use model::clock::Micros;
use model::id::{SessionId, UserId};
use model::things::{Session, SessionSeen, User};
use serde_json::{Value, json};

use crate::action::Changed;
use crate::db::params;
use crate::error::Result;
use crate::keyring::INSTANCE;
use crate::tx::{Audited, Rx, Snapshot, Tx, member};

/// A session as an event tells it: it is about the person.
pub(super) struct Told<'a>(pub(super) &'a User);

impl Audited for Told<'_> {
    fn snapshot(&self) -> Snapshot<'_> {
        about(self.0)
    }
}

fn about(user: &User) -> Snapshot<'_> {
    Snapshot {
        person: Some(user.id),
        ..Snapshot::of_members(TargetType::User, &user.id, &user.name, Vec::new())
    }
}

/// A session that begins, and with what the person has proved who it is.
struct Begun<'a>(&'a User, &'a str);

impl Audited for Begun<'_> {
    fn snapshot(&self) -> Snapshot<'_> {
        Snapshot {
            members: vec![member("with", self.1)],
            ..about(self.0)
        }
    }
}

/// A session that is ended from elsewhere: which one it was.
struct Revoked<'a>(&'a User, &'a SessionSeen);

impl Audited for Revoked<'_> {
    fn snapshot(&self) -> Snapshot<'_> {
        let Self(user, session) = self;
        let mut members = vec![
            member("session", session.id.to_string()),
            member("signedInAt", session.created_at.rfc3339_millis()),
        ];
        members.extend(session.ip.as_deref().map(|ip| member("ip", ip)));
        let program = session.user_agent.as_deref();
        members.extend(program.map(|program| member("userAgent", program)));
        Snapshot {
            members,
            ..about(user)
        }
    }
}

impl Rx<'_> {
    /// The session with this hash of its secret, if it is valid now and was used since `idle_since`.
    pub fn session_by_hash(
        &mut self,
        hash: &[u8; 32],
        idle_since: Micros,
    ) -> Result<Option<Session>> {
        let now = self.now();
        let row = self.conn.query_one(
            "SELECT id, user_id, created_at, used_at, expires_at FROM sessions WHERE hash = $1 AND expires_at > $2 AND used_at > $3",
            params![hash, now, idle_since],
        )?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Session {
            id: row.parse(0)?,
            user: row.parse(1)?,
            hash: *hash,
            created_at: row.moment(2)?,
            used_at: row.moment(3)?,
            expires_at: row.moment(4)?,
        }))
    }
}

impl Rx<'_> {
    /// The browsers in which a person is signed in, the last used first.
    pub fn sessions_of(&mut self, user: UserId, idle_since: Micros) -> Result<Vec<SessionSeen>> {
        let now = self.now();
        let rows = self.conn.query(
            "SELECT id, origin, created_at, used_at, expires_at FROM sessions \
             WHERE user_id = $1 AND expires_at > $2 AND used_at > $3 ORDER BY used_at DESC, id",
            params![&user, now, idle_since],
        )?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: SessionId = row.parse(0)?;
            let place = ("sessions", "origin", id.as_str());
            let origin = self.open_value((INSTANCE, user.as_str()), place, row.blob(1)?)?;
            let origin: Value = origin
                .and_then(|text| serde_json::from_slice(&text).ok())
                .unwrap_or_default();
            let text = |name: &str| origin[name].as_str().map(str::to_owned);
            sessions.push(SessionSeen {
                id,
                ip: text("ip"),
                user_agent: text("user_agent"),
                created_at: row.moment(2)?,
                used_at: row.moment(3)?,
                expires_at: row.moment(4)?,
            });
        }
        Ok(sessions)
    }
}

impl Tx<'_> {
    /// All sessions of a person end, but the one that acts: part of a change that is noted.
    pub fn end_sessions(&mut self, user: UserId, of: &Changed) -> Result<()> {
        let own = self.acting.session.map(|id| id.to_string());
        self.write_parts(
            "DELETE FROM sessions WHERE user_id = $1 AND id <> $2",
            params![&user, own.unwrap_or_default().as_str()],
            of,
        )
    }

    /// A person has signed in, with what these words say.
    pub fn insert_session(
        &mut self,
        session: &Session,
        user: &User,
        with: &str,
    ) -> Result<Changed> {
        let id = session.id.to_string();
        let origin = json!({
            "ip": self.origin().ip.map(|ip| ip.to_canonical().to_string()),
            "user_agent": self.origin().user_agent,
        });
        self.begin_writing()?;
        let sealed = self.seal_value(
            (INSTANCE, user.id.as_str()),
            ("sessions", "origin", &id),
            origin.to_string().as_bytes(),
        )?;
        self.write(
            "INSERT INTO sessions (id, user_id, hash, origin, created_at, used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![
                &session.id,
                &session.user,
                &session.hash,
                &sealed,
                session.created_at,
                session.used_at,
                session.expires_at,
            ],
            None,
            Some(&Begun(user, with)),
        )
    }

    /// A session ends, by another one or by someone else.
    pub fn revoke_session(&mut self, session: &SessionSeen, user: &User) -> Result<Changed> {
        self.write(
            "DELETE FROM sessions WHERE id = $1",
            params![&session.id],
            Some(&Revoked(user, session)),
            None,
        )
    }

    /// A person signs out.
    pub fn delete_session(&mut self, session: SessionId, user: &User) -> Result<Changed> {
        self.write(
            "DELETE FROM sessions WHERE id = $1",
            params![&session],
            Some(&Told(user)),
            None,
        )
    }
}
