//! Erasures: what of a person, or of one value, was sealed can never be opened again; all proofs stay as they are.
//!
//! The key goes in the transaction that records the erasure. The sealed parts, which nobody can open any more, are removed
//! afterwards, in slices: [`purge`]. Then the files that held what is gone are written anew: [`rewrite`].

use model::catalogue::TargetType;
use model::clock::Micros;
use model::entry::Entry;
use model::id::{EventId, LogId, OrganizationId, UserId};
use model::part::PartName;
use model::role::OrganizationRole;
use model::things::User;
use serde_json::json;

use crate::action::{Changed, Target};
use crate::db::{Conn, Row, params};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::keyring::{INSTANCE, KeyState, has_sealed};
use crate::seal;
use crate::tx::{Audited, Rx, Snapshot, Tx};
use crate::writer::Group;

/// How many entries are looked through in one transaction.
const SLICE: u64 = 500;
/// How many rows that no entry records are asked for in one transaction: somebody may have made many.
const LOOKED_AT: u64 = 100;
/// How many of those are told of, one by one.
const TOLD: usize = 20;

/// What is erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    /// All that is sealed with a person's key.
    Person(UserId),
    /// One part of one event.
    Part {
        /// The event.
        event: EventId,
        /// The name of the part.
        part: PartName,
    },
}

/// An erasure, and how far the sealed parts are removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Its id.
    pub id: EventId,
    /// In which log.
    pub log: LogId,
    /// Whose log that is; none of the instance's.
    pub organization: Option<OrganizationId>,
    /// When.
    pub at: Micros,
    /// What is erased.
    pub what: Erased,
    /// How many entries have to be looked through.
    pub total: u64,
    /// How many have been.
    pub reached: u64,
    /// Whether all that was sealed is removed.
    pub done: bool,
}

impl Audited for Erasure {
    fn snapshot(&self) -> Snapshot<'_> {
        let id = match &self.what {
            Erased::Person(user) => user.to_string(),
            Erased::Part { event, .. } => event.to_string(),
        };
        Snapshot {
            target: Target {
                kind: TargetType::Privacy,
                id: Some(id),
                name: None,
            },
            ..Snapshot::new(TargetType::Privacy, &self.id, "", json!({}))
        }
    }
}

const ERASURE: &str = "SELECT e.id, e.log_id, l.organization_id, e.subject, e.event_id, e.part, e.total, e.reached, e.done, e.at \
    FROM erasures e JOIN logs l ON l.id = e.log_id";

fn from_row(row: &Row) -> Result<Erasure> {
    let what = match row.opt_parse(3)? {
        Some(user) => Erased::Person(user),
        None => Erased::Part {
            event: row.parse(4)?,
            part: PartName::parse(row.text(5)?)
                .map_err(|error| Error::Internal(format!("an erasure: {error}")))?,
        },
    };
    Ok(Erasure {
        id: row.parse(0)?,
        log: row.parse(1)?,
        organization: row.opt_parse(2)?,
        what,
        total: row.size(6)?,
        reached: row.size(7)?,
        done: row.flag(8)?,
        at: Micros(row.int(9)?),
    })
}

impl Rx<'_> {
    /// All erasures, the oldest first.
    pub fn erasures(&mut self) -> Result<Vec<Erasure>> {
        let rows = self
            .conn
            .query(&format!("{ERASURE} ORDER BY e.at, e.id"), &[])?;
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            all.extend(self.readable(row)?);
        }
        Ok(all)
    }

    /// What a row says; nothing where it says what no erasure does: then it is none of ours.
    fn readable(&self, row: &Row) -> Result<Option<Erasure>> {
        let erasure = from_row(row).ok();
        if erasure.is_none() {
            self.not_followed(row.text(1)?, row.text(0)?);
        }
        Ok(erasure)
    }

    /// Says, once, that an erasure in the database is not followed.
    fn not_followed(&self, log: &str, erasure: &str) {
        let mut unrecorded = self.env.unrecorded();
        if !unrecorded.insert(erasure.to_owned()) {
            return;
        }
        match unrecorded.len() {
            ..=TOLD => tracing::error!(
                log,
                erasure,
                "the database holds an erasure that no entry of the log records; it is not followed"
            ),
            count if count == TOLD + 1 => {
                tracing::error!(
                    "it holds more erasures that no entry records; they are not told one by one"
                );
            }
            _ => {}
        }
    }

    /// Whether an entry of the log says what a row of an erasure says. A row alone may be anybody's who reaches the database: it
    /// is not followed, and that is said once by each process. A row and its entry are of one transaction, and so of one moment.
    pub fn is_recorded(&mut self, erasure: &Erasure) -> Result<bool> {
        // What no entry recorded when the row was there is never recorded: they come together.
        if self.env.unrecorded().contains(erasure.id.as_str()) {
            return Ok(false);
        }
        let recorded = self.erasures_of(erasure.log, erasure.at)?;
        let is_recorded = match &erasure.what {
            Erased::Person(user) => recorded.has_subject(user.as_str()),
            Erased::Part { event, part } => recorded.has_part(event.as_str(), *part),
        };
        if !is_recorded {
            self.not_followed(erasure.log.as_str(), erasure.id.as_str());
        }
        Ok(is_recorded)
    }

    /// Refuses where no entry says that a key which is gone was erased. Asked only of a key that is gone.
    pub(crate) fn must_be_erased(&mut self, organization: &str, subject: &str) -> Result<()> {
        if self.keys.has_destroyed(organization, subject)
            || self.log_says_erased(organization, subject)?
        {
            return Ok(());
        }
        tracing::error!(
            organization,
            subject,
            "a key is gone, and no entry of the log records that it was erased"
        );
        Err(Error::KeyMissing)
    }

    /// Whether an entry says that a subject is erased: one of the organization's log; of the instance's key, which goes with the
    /// last membership, one of any log.
    fn log_says_erased(&mut self, organization: &str, subject: &str) -> Result<bool> {
        let sql = if organization == INSTANCE {
            "SELECT DISTINCT log_id FROM erasures WHERE subject = $1"
        } else {
            "SELECT id FROM logs WHERE organization_id = $1"
        };
        let of = if organization == INSTANCE {
            subject
        } else {
            organization
        };
        for row in self.conn.query(sql, params![of])? {
            let log: LogId = row.parse(0)?;
            let recorded = self.once_shared("recorded_erasures", log.as_str(), |rx| {
                rx.recorded_erasures(log).map(Some)
            })?;
            if recorded.is_some_and(|recorded| recorded.has_subject(subject)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One erasure.
    pub fn erasure(&mut self, id: EventId) -> Result<Option<Erasure>> {
        let row = self
            .conn
            .query_one(&format!("{ERASURE} WHERE e.id = $1"), params![&id])?;
        row.as_ref().map(from_row).transpose()
    }

    /// Whether a person's key in an organization, or without one the key of the account, was destroyed.
    pub fn is_erased(
        &mut self,
        organization: Option<OrganizationId>,
        user: UserId,
    ) -> Result<bool> {
        let organization = organization.map_or_else(|| INSTANCE.to_owned(), |id| id.to_string());
        let state = self
            .keys
            .get(self.conn, self.env, &organization, user.as_str())?;
        Ok(matches!(state, Some(KeyState::Erased)))
    }

    /// Whether anything was ever sealed with a person's key in an organization.
    pub fn is_known(&mut self, organization: OrganizationId, user: UserId) -> Result<bool> {
        let state = self
            .keys
            .get(self.conn, self.env, organization.as_str(), user.as_str())?;
        Ok(state.is_some() || has_sealed(self.conn, organization.as_str(), user.as_str())?)
    }

    /// The organizations that know something of a person: what they have sealed with the person's key can still be opened. Those
    /// that the person has left are among them.
    pub fn organizations_that_know(&mut self, user: UserId) -> Result<Vec<OrganizationId>> {
        let rows = self.conn.query(
            "SELECT organization FROM data_keys WHERE subject = $1 AND organization <> $2 AND erased_at IS NULL ORDER BY organization",
            params![&user, INSTANCE],
        )?;
        let parsed = rows.iter().map(|row| row.parse(0));
        let mut know: Vec<OrganizationId> = parsed.collect::<std::result::Result<_, _>>()?;
        // Where somebody took the row of the key away.
        let rows = self.conn.query(
            "SELECT l.organization_id FROM logs l WHERE l.organization_id IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM data_keys k WHERE k.organization = l.organization_id AND k.subject = $1) \
             AND (EXISTS (SELECT 1 FROM index_events e WHERE e.log_id = l.id AND e.actor = $1) \
             OR EXISTS (SELECT 1 FROM index_things t WHERE t.log_id = l.id AND t.thing = $1) \
             OR EXISTS (SELECT 1 FROM invitations i WHERE i.organization_id = l.organization_id AND i.user_id = $1)) \
             ORDER BY l.organization_id",
            params![&user],
        )?;
        for row in &rows {
            if has_sealed(self.conn, row.text(0)?, user.as_str())? {
                know.push(row.parse(0)?);
            }
        }
        Ok(know)
    }

    /// Whether another organization has the person as a member, or has invited the person: then the account stays.
    pub fn is_wanted_elsewhere(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<bool> {
        let row = self.conn.query_one(
            "SELECT user_id FROM members WHERE user_id = $2 AND organization_id <> $1 \
             UNION ALL SELECT user_id FROM invitations WHERE user_id = $2 AND organization_id <> $1 AND state = 'open' LIMIT 1",
            params![&organization, &user],
        )?;
        Ok(row.is_some())
    }

    /// People with an account of whom an organization still knows something although they are no members any more, by name.
    pub fn former_members(&mut self, organization: OrganizationId) -> Result<Vec<User>> {
        let rows = self.conn.query(
            "SELECT k.subject FROM data_keys k JOIN users u ON u.id = k.subject \
             WHERE k.organization = $1 AND k.erased_at IS NULL \
             AND NOT EXISTS (SELECT 1 FROM members m WHERE m.organization_id = $1 AND m.user_id = k.subject)",
            params![&organization],
        )?;
        let mut people = Vec::new();
        for row in &rows {
            people.extend(self.user(row.parse(0)?)?);
        }
        people.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        Ok(people)
    }

    /// Whether one part of an event is gone, or goes: the log says so, or will when this transaction ends.
    pub fn is_part_erased(&mut self, log: LogId, event: EventId, part: PartName) -> Result<bool> {
        let rows = self.conn.query(
            "SELECT at FROM erasures WHERE log_id = $1 AND event_id = $2 AND part = $3",
            params![&log, &event, &part.to_string()],
        )?;
        if self.keys.has_destroyed(log.as_str(), &value(event, part)) {
            return Ok(true);
        }
        // A row and its entry are of one moment; a row that somebody else made may stand beside it.
        for row in &rows {
            let recorded = self.erasures_of(log, Micros(row.int(0)?))?;
            if recorded.has_part(event.as_str(), part) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the organization would be without an Admin if this person left.
    pub fn is_last_admin(&mut self, organization: OrganizationId, user: UserId) -> Result<bool> {
        let rows = self.conn.query(
            "SELECT user_id FROM members WHERE organization_id = $1 AND role = $2",
            params![&organization, OrganizationRole::Admin.as_str()],
        )?;
        let ids: std::result::Result<Vec<UserId>, _> =
            rows.iter().map(|row| row.parse(0)).collect();
        Ok(ids? == [user])
    }

    /// In how many events of a log something is sealed with this person's key.
    pub fn events_of(&mut self, log: LogId, user: UserId) -> Result<u64> {
        let row = self.conn.query_one(
            "SELECT l.first_place, l.size, COALESCE(r.reached, 0) FROM logs l LEFT JOIN index_reached r ON r.log_id = l.id WHERE l.id = $1",
            params![&log],
        )?;
        let row = row.ok_or(Error::NotFound("log"))?;
        let (first, size, reached) = (row.int(0)?, row.int(1)?, row.int(2)?);
        let row = self.conn.query_one(
            "SELECT CAST(count(*) AS BIGINT) FROM index_events WHERE log_id = $1 AND sequence < $3 AND (actor = $2 OR (target_type = 'user' AND target = $2) \
             OR (target_type = 'user_invitation' AND target IN (SELECT id FROM invitations WHERE user_id = $2)))",
            params![&log, &user, reached],
        )?;
        let indexed = row.map(|row| row.size(0)).transpose()?.unwrap_or(0);
        let rows = self.conn.query(
            "SELECT entry FROM entries WHERE place >= $1 AND place < $2",
            params![first + reached, first + size],
        )?;
        let mut events = indexed;
        for row in &rows {
            let entry = parse(row.blob(0)?)?;
            let names = entry.part_names();
            let is_of = |part: &PartName| entry.subject_of(*part) == Some(user.as_str());
            events += u64::from(names.iter().any(is_of));
        }
        Ok(events)
    }
}

/// A part, as the subject that a transaction destroys.
fn value(event: EventId, part: PartName) -> String {
    format!("{event} {part}")
}

impl Tx<'_> {
    /// A person is erased from an organization: the key there, the membership and its tokens. With the last membership, or
    /// `everywhere`, the account goes as well, with its sessions, unless another organization has invited the person.
    pub fn erase_person(
        &mut self,
        log: &crate::tree::Log,
        user: UserId,
        everywhere: bool,
    ) -> Result<Changed> {
        let changed = self.insert_erasure(log, Erased::Person(user))?;
        let organization = log
            .organization
            .map_or_else(|| INSTANCE.to_owned(), |id| id.to_string());
        self.destroy(&organization, user)?;
        if let Some(organization) = log.organization {
            for sql in [
                "DELETE FROM workspace_members WHERE user_id = $2 AND workspace_id IN (SELECT id FROM workspaces WHERE organization_id = $1)",
                "DELETE FROM members WHERE organization_id = $1 AND user_id = $2",
                "INSERT INTO past_tokens (hash, token_id, organization_id) \
                 SELECT hash, id, organization_id FROM tokens WHERE organization_id = $1 AND user_id = $2",
                "DELETE FROM tokens WHERE organization_id = $1 AND user_id = $2",
                "DELETE FROM invitations WHERE organization_id = $1 AND user_id = $2",
                "DELETE FROM lock_members WHERE user_id = $2 AND resource_id IN \
                 (SELECT l.resource_id FROM locks l JOIN workspaces w ON w.id = l.workspace_id WHERE w.organization_id = $1)",
            ] {
                self.conn.execute(sql, params![&organization, &user])?;
            }
        }
        let is_wanted = match log.organization {
            Some(organization) => self.is_wanted_elsewhere(organization, user)?,
            None => !self.organizations_of(user)?.is_empty(),
        };
        if everywhere || !is_wanted {
            self.destroy(INSTANCE, user)?;
        }
        if self.organizations_of(user)?.is_empty() && (everywhere || !is_wanted) {
            for sql in [
                "INSERT INTO past_tokens (hash, token_id, organization_id) \
                 SELECT hash, id, organization_id FROM tokens WHERE user_id = $1",
                "DELETE FROM tokens WHERE user_id = $1",
                "DELETE FROM sessions WHERE user_id = $1",
                "DELETE FROM factors WHERE user_id = $1",
                "DELETE FROM recovery_codes WHERE user_id = $1",
                "DELETE FROM challenges WHERE user_id = $1",
                "DELETE FROM outbox WHERE user_id = $1",
                "DELETE FROM invitations WHERE user_id = $1",
                "DELETE FROM users WHERE id = $1",
            ] {
                self.conn.execute(sql, params![&user])?;
            }
        }
        Ok(changed)
    }

    fn destroy(&mut self, organization: &str, user: UserId) -> Result<()> {
        let rx = &mut **self;
        rx.keys.erase(rx.conn, rx.env, organization, user.as_str())
    }

    /// One part of one event is erased.
    pub fn erase_part(
        &mut self,
        log: &crate::tree::Log,
        event: EventId,
        part: PartName,
    ) -> Result<Changed> {
        self.insert_erasure(log, Erased::Part { event, part })
    }

    /// The erasure of a part whose event stands at `sequence`: only that entry has to be looked at. The first of several that
    /// are one event is noted, the others belong to it.
    pub(crate) fn insert_erasure_of_one(
        &mut self,
        log: &crate::tree::Log,
        what: Erased,
        sequence: u64,
        of: Option<Changed>,
    ) -> Result<Changed> {
        let Erased::Part { event, part } = &what else {
            return Err(Error::Internal("an erasure of one part".to_owned()));
        };
        self.keys
            .note_destroyed(log.id.as_str(), &value(*event, *part));
        let (event, part) = (event.to_string(), part.to_string());
        let erasure = Erasure {
            id: self.new_id(EventId::new),
            log: log.id,
            organization: log.organization,
            at: self.at,
            what,
            total: sequence + 1,
            reached: sequence,
            done: false,
        };
        let at = self.at;
        let sql = "INSERT INTO erasures (id, log_id, subject, event_id, part, at, total, reached, done) VALUES ($1, $2, NULL, $3, $4, $5, $6, $7, 0)";
        let (total, reached) = (erasure.total.cast_signed(), erasure.reached.cast_signed());
        let values = params![&erasure.id, &log.id, &event, &part, at, total, reached];
        match of {
            None => self.write(sql, values, None, Some(&erasure)),
            Some(of) => self.write_part(sql, values, &of).map(|()| of),
        }
    }

    fn insert_erasure(&mut self, log: &crate::tree::Log, what: Erased) -> Result<Changed> {
        if let Erased::Part { event, part } = &what {
            self.keys
                .note_destroyed(log.id.as_str(), &value(*event, *part));
        }
        let erasure = Erasure {
            id: self.new_id(EventId::new),
            log: log.id,
            organization: log.organization,
            at: self.at,
            what,
            total: log.size,
            reached: 0,
            done: false,
        };
        let (subject, event, part) = match &erasure.what {
            Erased::Person(user) => (Some(user.to_string()), None, None),
            Erased::Part { event, part } => (None, Some(event.to_string()), Some(part.to_string())),
        };
        let at = self.at;
        self.write(
            "INSERT INTO erasures (id, log_id, subject, event_id, part, at, total, reached, done) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)",
            params![
                &erasure.id,
                &log.id,
                subject.as_ref(),
                event.as_ref(),
                part.as_ref(),
                at,
                log.size.cast_signed()
            ],
            None,
            Some(&erasure),
        )
    }
}

fn parse(entry: &[u8]) -> Result<Entry> {
    Entry::parse(entry).map_err(|error| Error::Internal(format!("an entry: {error}")))
}

/// What is to be gone on with.
enum UnderWay {
    One(EventId),
    /// Not known yet: so many rows were nobody's.
    Looked(u64),
    None,
}

/// The oldest erasure that is under way and that the log records, but for those that are passed over.
fn under_way(rx: &mut Rx<'_>, mut passed: i64) -> Result<UnderWay> {
    let under_way = format!("{ERASURE} WHERE e.done = 0 ORDER BY e.at, e.id");
    let mut looked = 0;
    for row in &rx.conn.query(&under_way, &[])? {
        if rx.env.unrecorded().contains(row.text(0)?) {
            continue;
        }
        if looked == LOOKED_AT {
            return Ok(UnderWay::Looked(looked));
        }
        let Some(erasure) = rx.readable(row)? else {
            looked += 1;
            continue;
        };
        match rx.is_recorded(&erasure) {
            Ok(false) => looked += 1,
            // Of a log that cannot be read nobody knows: it is one of those that are passed over.
            Ok(true) | Err(Error::Internal(_)) if passed > 0 => passed -= 1,
            Ok(true) => return Ok(UnderWay::One(erasure.id)),
            Err(error) => return Err(error),
        }
    }
    Ok(UnderWay::None)
}

/// Removes the sealed parts of the next entries of the oldest erasure that is under way, but for those that are passed over,
/// and gives how many entries were looked through; nothing where no other is under way. What only a row says is not followed.
pub(crate) fn purge(conn: &mut Conn, env: &Env, passed: i64) -> Result<Option<u64>> {
    let id = match under_way(&mut Group::new(conn, env).rx(), passed)? {
        UnderWay::One(id) => id,
        UnderWay::Looked(rows) => return Ok(Some(rows)),
        UnderWay::None => return Ok(None),
    };
    // Two processes that do it at once wait for each other here.
    conn.execute(
        "UPDATE erasures SET reached = reached WHERE id = $1",
        params![&id],
    )?;
    let row = conn.query_one(&format!("{ERASURE} WHERE e.id = $1"), params![&id])?;
    let erasure = from_row(&row.ok_or(Error::NotFound("erasure"))?)?;
    if erasure.done {
        return Ok(Some(1));
    }
    let row = conn.query_one(
        "SELECT first_place, size FROM logs WHERE id = $1",
        params![&erasure.log],
    )?;
    let row = row.ok_or(Error::NotFound("log"))?;
    // Others of the erasure's transaction may have recorded something of the person before it.
    let total = if erasure.reached == 0 {
        row.size(1)?
    } else {
        erasure.total
    };
    if total != erasure.total {
        // The database lets only the parts of these entries shrink.
        conn.execute(
            "UPDATE erasures SET total = $2 WHERE id = $1",
            params![&id, total.cast_signed()],
        )?;
    }
    let (first, end) = (row.int(0)?, (erasure.reached + SLICE).min(total));
    let rows = conn.query(
        "SELECT place, entry, parts FROM entries WHERE place >= $1 AND place < $2",
        params![
            first + erasure.reached.cast_signed(),
            first + end.cast_signed()
        ],
    )?;
    for row in &rows {
        let entry = parse(row.blob(1)?)?;
        let goes = |part: PartName| match &erasure.what {
            Erased::Person(user) => entry.subject_of(part) == Some(user.as_str()),
            Erased::Part { event, part: one } => entry.id == event.as_str() && part == *one,
        };
        let left = seal::without(row.blob(2)?, goes).ok_or_else(|| {
            Error::Internal(format!("the parts of event {} cannot be read", entry.id))
        })?;
        if left.len() < row.blob(2)?.len() {
            conn.execute(
                "UPDATE entries SET parts = $2 WHERE place = $1",
                params![row.int(0)?, &left],
            )?;
        }
    }
    let done = end == total;
    conn.execute(
        "UPDATE erasures SET reached = $2, done = $3 WHERE id = $1",
        params![&id, end.cast_signed(), done],
    )?;
    Ok(Some((end - erasure.reached).max(1)))
}

/// Writes the files anew that held what is removed, and gives for which erasures; [`Error::Busy`] while another process does.
/// Not inside a transaction.
///
/// A person's key is destroyed, so it is the file of the keys that must not hold it any more. The key of a single value is
/// still there: what it opens has to be gone from the file of the entries itself.
/// A row that is nobody's is one of them: it is noted with the others, and is no reason to do nothing.
pub(crate) fn rewrite(conn: &mut Conn) -> Result<Vec<String>> {
    let rows = conn.query(
        "SELECT id, part FROM erasures WHERE done = 1 AND rewritten = 0",
        &[],
    )?;
    let (mut ids, mut values) = (Vec::new(), false);
    for row in &rows {
        ids.push(row.text(0)?.to_owned());
        values |= row.opt_text(1)?.is_some();
    }
    if !ids.is_empty() && !conn.scrub(values)? {
        return Err(Error::Busy);
    }
    Ok(ids)
}

/// Notes for which erasures the files were written anew, and gives for how many. Where the machine stops before, they are
/// written again.
pub(crate) fn rewritten(conn: &mut Conn, ids: &[String]) -> Result<u64> {
    ids.iter().try_fold(0, |count, id| {
        let one = conn.execute(
            "UPDATE erasures SET rewritten = 1 WHERE id = $1",
            params![id],
        )?;
        Ok(count + one)
    })
}
