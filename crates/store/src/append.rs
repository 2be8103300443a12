//! From facts to entries: the bytes of the leaf, its sealed parts, its place in the log.

use std::sync::{Arc, LazyLock};

use model::actor::Actor;
use model::catalogue::{EventType, TargetType};
use model::change::{self, Change};
use model::clock::Micros;
use model::entry::{Entry, EntryActor, EntryTarget, Outcome};
use model::id::{EventId, LogId, OrganizationId, UserId, WorkspaceId};
use model::part::PartName;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tlog::frontier::Frontier;
use zeroize::Zeroizing;

use crate::acting::{Acting, TOKEN};
use crate::action::{Reads, Target};
use crate::db::{Conn, Param, Row, dialect, params};
use crate::error::{Error, Result};
use crate::keyring::{INSTANCE, KeyState};
use crate::seal::{self, Open};
use crate::tables::configuration::ConfigChanges;
use crate::tx::Rx;

/// A log that this transaction has locked.
#[derive(Clone)]
pub(crate) struct LogState {
    pub(crate) id: LogId,
    pub(crate) organization: Option<OrganizationId>,
    /// The size when it was locked.
    pub(crate) base: u64,
    pub(crate) frontier: Frontier,
    /// Where its first entry is among all entries.
    first_place: i64,
    /// What the data planes of its workspaces are told.
    pub(crate) config_changes: ConfigChanges,
}

/// How many places a log has: 2^40 entries.
pub(crate) const PLACES: i64 = 1 << 40;

/// The place of a new log's first entry, as an expression of SQL: behind all others. Logs come one at a time, under the
/// lock of the instance's log.
pub(crate) const NEXT_FIRST_PLACE: &str =
    "(SELECT CAST(COALESCE(max(first_place) + 1099511627776, 0) AS BIGINT) FROM logs)";

/// An entry that will be written when the group is.
pub(crate) struct Pending {
    pub(crate) log: LogId,
    pub(crate) sequence: u64,
    pub(crate) place: i64,
    pub(crate) entry: Vec<u8>,
    pub(crate) parts: Vec<u8>,
}

/// An event that is about to be appended.
pub(crate) struct Draft<'a> {
    pub(crate) event: EventType,
    pub(crate) at: Micros,
    pub(crate) acting: &'a Acting,
    pub(crate) origin: &'a model::actor::Origin,
    pub(crate) outcome: Outcome,
    pub(crate) code: Option<&'a str>,
    pub(crate) target: &'a Target,
    pub(crate) related: &'a [Target],
    pub(crate) workspace: Option<WorkspaceId>,
    /// The person that the target is.
    pub(crate) person: Option<UserId>,
    pub(crate) changes: &'a [Change],
    pub(crate) detail: Option<&'a Value>,
    pub(crate) facts: Option<Value>,
}

impl LogState {
    pub(crate) const fn size(&self) -> u64 {
        self.frontier.size()
    }

    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        let size = row.size(2)?;
        Ok(Self {
            id: row.parse(0)?,
            organization: row.opt_parse(1)?,
            base: size,
            frontier: Frontier::from_bytes(size, row.blob(3)?)
                .map_err(|error| Error::Internal(format!("the frontier of a log: {error}")))?,
            first_place: row.int(4)?,
            config_changes: row.parse(5)?,
        })
    }

    /// Locks a log's row and reads it.
    pub(crate) fn lock(conn: &mut Conn, log: LogId) -> Result<Option<Self>> {
        let sql = dialect::lock_log(conn.is_postgres());
        let row = conn.lock(sql, params![&log], &[])?;
        row.map(|row| Self::from_row(&row)).transpose()
    }

    /// Locks the row of an organization's log and reads it; what a token that acts and the action are known to ask next is asked
    /// with it.
    pub(crate) fn lock_of(
        conn: &mut Conn,
        organization: OrganizationId,
        actor: &Actor,
        reads: Option<Reads>,
    ) -> Result<Option<Self>> {
        let sql = dialect::lock_log_of(conn.is_postgres());
        let mut next = Vec::new();
        if conn.is_postgres() {
            if let Actor::Token { token } = actor {
                next.push((TOKEN, token.into()));
            }
            next.extend(reads.as_ref().map(Reads::question));
        }
        let question = params![&organization];
        if let Some(known) = conn.made::<Self>(sql, question) {
            return Ok(Some((*known).clone()));
        }
        let row = conn.lock(sql, question, &next)?;
        row.map(|row| Self::from_row(&row)).transpose()
    }

    /// After the commit: what an organization's log is now, where nobody can write its row without being noticed.
    pub(crate) fn keep(mut self, conn: &mut Conn) {
        if let Some(organization) = self.organization
            && !conn.is_postgres()
        {
            self.base = self.size();
            let sql = dialect::lock_log_of(false);
            conn.put_known(sql, params![&organization], Arc::new(self));
        }
    }

    /// Appends an event: seals its parts, builds its leaf with its index, and takes the leaf into the tree.
    pub(crate) fn append(&mut self, rx: &mut Rx<'_>, draft: &Draft<'_>) -> Result<Pending> {
        let event = EventId::new(&*rx.env.clock, &*rx.env.entropy);
        let subjects = Subjects::of(self.organization, draft);
        let mut parts = open_parts(draft, &subjects)?;
        must_have_a_name(rx, draft.acting)?;
        forget_erased(rx, &subjects.organization, draft.origin, &mut parts)?;
        let (commitments, blob) = seal::seal(rx, self.id, &subjects.organization, event, &parts)?;
        let sequence = self.size();
        let place = i64::try_from(sequence)
            .ok()
            .filter(|sequence| *sequence < PLACES)
            .map(|sequence| self.first_place + sequence)
            .ok_or_else(|| Error::Internal("a log is full".to_owned()))?;
        let bytes = self
            .entry(event, draft, &parts, commitments)
            .to_bytes()
            .map_err(|error| Error::Internal(format!("an entry: {error}")))?;
        self.frontier
            .append(&bytes)
            .map_err(|error| Error::Internal(format!("the tree: {error}")))?;
        Ok(Pending {
            log: self.id,
            sequence,
            place,
            entry: bytes,
            parts: blob,
        })
    }

    /// The leaf of an event, at the log's end: what is open of it, and the commitments to its parts, in their order.
    fn entry(
        &self,
        event: EventId,
        draft: &Draft<'_>,
        parts: &[Open<'_>],
        mut commitments: Vec<String>,
    ) -> Entry {
        let actor = EntryActor {
            id: draft.acting.id(),
            r#type: draft.acting.kind.to_owned(),
            token: draft.acting.token.map(String::from),
            session: draft.acting.session.map(String::from),
            on_behalf_of: None,
        };
        // Only who is not who the part is about anyway.
        let subjects = parts
            .iter()
            .filter(|part| {
                let own = if is_of_actor(part.name) {
                    &actor.id
                } else {
                    &draft.target.id
                };
                own.as_deref() != Some(part.subject)
            })
            .map(|part| (part.name.as_str().to_owned(), part.subject.to_owned()))
            .collect();
        let is_named = |part: &&Open<'_>| part.name.change_index().is_none();
        let changes = commitments.split_off(parts.iter().take_while(is_named).count());
        Entry {
            action: draft.event.action.to_owned(),
            actor,
            at: draft.at.0,
            changes,
            code: draft.code.map(str::to_owned),
            facts: draft.facts.clone(),
            id: event.into(),
            imported: None,
            organization: self.organization.map(String::from),
            outcome: draft.outcome,
            parts: parts
                .iter()
                .map(|part| part.name.as_str().to_owned())
                .zip(commitments)
                .collect(),
            related: draft.related.iter().map(entry_target).collect(),
            request: draft.origin.request.into(),
            sequence: self.size(),
            subjects,
            target: entry_target(draft.target),
            workspace: draft.workspace.map(String::from),
        }
    }
}

/// Under whose keys the parts of an event are sealed.
struct Subjects {
    organization: String,
    /// Who acted and from where: under that person's; where nobody is known, as below.
    actor: String,
    /// All else: under that of the person whom it is about, or of the workspace, or of the organization.
    target: String,
}

impl Subjects {
    fn of(organization: Option<OrganizationId>, draft: &Draft<'_>) -> Self {
        let organization = organization.map_or_else(|| INSTANCE.to_owned(), String::from);
        let person = draft.person.map(String::from);
        let user = draft.acting.user.map(String::from);
        let workspace = draft.workspace.map(String::from);
        Self {
            actor: user
                .or_else(|| person.clone())
                .unwrap_or_else(|| organization.clone()),
            target: person.or(workspace).unwrap_or_else(|| organization.clone()),
            organization,
        }
    }
}

/// Whether a part says who acted, or from where.
fn is_of_actor(part: PartName) -> bool {
    matches!(part, PartName::ACTOR | PartName::ORIGIN)
}

/// The parts of an event, open: those with names, then its changes.
fn open_parts<'a>(draft: &Draft<'_>, subjects: &'a Subjects) -> Result<Vec<Open<'a>>> {
    let part = |name, text| Open {
        name,
        subject: if is_of_actor(name) {
            subjects.actor.as_str()
        } else {
            subjects.target.as_str()
        },
        text,
    };
    let mut parts = vec![
        part(PartName::ACTOR, actor_part(draft.acting)),
        part(PartName::ORIGIN, origin_part(draft.origin)),
        part(PartName::TARGET, target_part(draft.target, draft.related)),
    ];
    if let Some(detail) = draft.detail {
        parts.push(part(PartName::DETAIL, text(detail)));
    }
    for (index, change) in change::to_parts(draft.changes).into_iter().enumerate() {
        let name = PartName::change(index)
            .ok_or_else(|| Error::Internal("more changes than parts".to_owned()))?;
        parts.push(part(name, Zeroizing::new(change)));
    }
    Ok(parts)
}

/// The account of who acts could be read, or is erased: without its key it gives an empty name and e-mail.
fn must_have_a_name(rx: &mut Rx<'_>, acting: &Acting) -> Result<()> {
    match (acting.user, acting.email.as_deref()) {
        (Some(user), Some("")) => rx.must_be_erased(INSTANCE, user.as_str()),
        _ => Ok(()),
    }
}

/// What would be said of an erased person is not said: such a part goes under the organization's key, without its value. Only the
/// log says who is erased: a key that somebody has destroyed past Annals silences nobody.
fn forget_erased<'a>(
    rx: &mut Rx<'_>,
    organization: &'a str,
    origin: &model::actor::Origin,
    parts: &mut [Open<'a>],
) -> Result<()> {
    let mut subjects: Vec<(&str, &str)> = Vec::with_capacity(parts.len());
    for part in &*parts {
        if !subjects.iter().any(|(_, one)| *one == part.subject) {
            subjects.push((organization, part.subject));
        }
    }
    rx.keys.fetch(rx.conn, rx.env, &subjects)?;
    let keys = rx.keys.of(organization);
    let is_erased = |subject: &str| {
        matches!(
            keys.and_then(|keys| keys.get(subject)),
            Some(KeyState::Erased)
        )
    };
    subjects.retain(|(_, one)| is_erased(one));
    for (organization, erased) in subjects {
        rx.must_be_erased(organization, erased)?;
        for part in parts.iter_mut().filter(|part| part.subject == erased) {
            part.subject = organization;
            part.text = if part.name == PartName::ORIGIN {
                text(&json!({ "interface": origin.interface.word() }))
            } else {
                text(&json!({}))
            };
        }
    }
    Ok(())
}

fn entry_target(target: &Target) -> EntryTarget {
    EntryTarget {
        id: target.id.clone(),
        r#type: target.kind.as_str().to_owned(),
    }
}

/// The text of a part.
fn text(part: &impl Serialize) -> Zeroizing<String> {
    Zeroizing::new(serde_json::to_string(part).expect("a part is written to memory"))
}

fn actor_part(acting: &Acting) -> Zeroizing<String> {
    #[derive(Serialize)]
    struct ActorPart<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a str>,
    }
    text(&ActorPart {
        name: acting.name.as_deref(),
        email: acting.email.as_deref(),
        token: acting.token_name.as_deref(),
    })
}

fn origin_part(origin: &model::actor::Origin) -> Zeroizing<String> {
    #[derive(Serialize)]
    struct OriginPart<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        ip: Option<std::net::IpAddr>,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_agent: Option<&'a str>,
        interface: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_request: Option<&'a str>,
    }
    text(&OriginPart {
        ip: origin.ip.map(|ip| ip.to_canonical()),
        user_agent: origin.user_agent.as_deref(),
        interface: origin.interface.word(),
        client_request: origin.client_request.as_deref(),
    })
}

/// A person's name stands only where the person's own key seals it, so that it goes with that key: not beside another target, and
/// not where there is no person yet.
fn target_part(target: &Target, related: &[Target]) -> Zeroizing<String> {
    #[derive(Serialize)]
    struct TargetPart<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        #[serde(skip_serializing_if = "Map::is_empty")]
        related: Map<String, Value>,
    }
    let is_person = |one: &Target| one.kind == TargetType::User;
    let is_nobody = is_person(target) && target.id.is_none();
    text(&TargetPart {
        name: target.name.as_deref().filter(|_| !is_nobody),
        related: related
            .iter()
            .filter(|one| !is_person(one))
            .filter_map(|one| Some((one.id.clone()?, json!(one.name.as_ref()?))))
            .collect(),
    })
}

/// The most entries in one statement.
const CHUNK: usize = 64;

/// Writes the entries of a group and the logs' new sizes: a statement for some entries each, one for each log. PostgreSQL is
/// told of them together with the commit.
pub(crate) fn flush(conn: &mut Conn, logs: &[LogState], pending: &[Pending]) -> Result<()> {
    let statements = &STATEMENTS[usize::from(conn.is_postgres())];
    for chunk in pending.chunks(CHUNK) {
        let mut values: Vec<Param<'_>> = Vec::with_capacity(chunk.len() * 3);
        for one in chunk {
            values.push(Param::Int(one.place));
            values.push((&one.entry).into());
            values.push((&one.parts).into());
        }
        conn.execute_soon(&statements.inserts[chunk.len() - 1], &values)?;
    }
    for log in logs.iter().filter(|log| log.size() > log.base) {
        conn.execute_soon(&statements.grow, &Growth::of(log).values(log))?;
    }
    Ok(())
}

/// The statements of a flush, on `SQLite` and on PostgreSQL.
static STATEMENTS: LazyLock<[Statements; 2]> =
    LazyLock::new(|| [false, true].map(dialect::or_rollback).map(Statements::of));

struct Statements {
    /// They add entries: one, two, up to [`CHUNK`].
    inserts: Vec<String>,
    /// A log takes its new size. It is locked, so it is there, and it has the size that it was locked with: anything else is refused.
    grow: String,
}

impl Statements {
    fn of(or_rollback: &str) -> Self {
        let row = |row: usize| format!("(${}, ${}, ${})", row * 3 + 1, row * 3 + 2, row * 3 + 3);
        let rows: Vec<String> = (0..CHUNK).map(row).collect();
        let inserts = (1..=CHUNK).map(|many| {
            let rows = rows[..many].join(", ");
            format!("INSERT{or_rollback} INTO entries (place, entry, parts) VALUES {rows}")
        });
        Self {
            inserts: inserts.collect(),
            grow: format!(
                "UPDATE{or_rollback} logs SET size = CASE WHEN size = $4 THEN CAST($2 AS BIGINT) END, frontier = $3, config_changes = $5 WHERE id = $1"
            ),
        }
    }
}

/// What a log has become, as its row has it.
struct Growth {
    frontier: Vec<u8>,
    config_changes: String,
}

impl Growth {
    fn of(log: &LogState) -> Self {
        Self {
            frontier: log.frontier.to_bytes(),
            config_changes: log.config_changes.to_string(),
        }
    }

    fn values<'a>(&'a self, log: &'a LogState) -> [Param<'a>; 5] {
        [
            (&log.id).into(),
            Param::Int(log.size().cast_signed()),
            (&self.frontier).into(),
            Param::Int(log.base.cast_signed()),
            (&self.config_changes).into(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use model::id::LogId;

    use super::{LogState, Pending, flush};
    use crate::db::{Conn, DbError, Location, Uncommitted, params};
    use crate::error::Error;
    use crate::testing::{Postgres, temp_dir};

    #[test]
    fn a_log_that_has_not_the_size_it_was_locked_with_takes_no_entry() {
        let folder = temp_dir();
        for location in [
            Location::Sqlite {
                file: folder.path().join("log.db"),
                max_pages: None,
            },
            Location::Postgres(Postgres::shared().fresh_database()),
        ] {
            let mut conn = Conn::open(&location).expect("a connection");
            let bytes = if conn.is_postgres() { "BYTEA" } else { "BLOB" };
            conn.batch(&format!(
                "CREATE TABLE logs (id TEXT PRIMARY KEY, organization_id TEXT, size BIGINT NOT NULL, frontier {bytes}, first_place BIGINT, \
                 config_changes TEXT); \
                 CREATE TABLE entries (place BIGINT PRIMARY KEY, entry {bytes}, parts {bytes}); \
                 INSERT INTO logs VALUES ('000000000000000000000000000', NULL, 0, '', 0, '0');"
            ))
            .expect("tables");
            let id: LogId = "000000000000000000000000000".parse().expect("an id");
            let none = params![&b""[..]];
            let sql = "UPDATE logs SET frontier = $1";
            assert_eq!(conn.execute(sql, none).expect("bytes"), 1);
            for (other, fits) in [(1, false), (0, true)] {
                conn.begin().expect("begun");
                let mut log = LogState::lock(&mut conn, id)
                    .expect("locked")
                    .expect("there");
                log.base += other;
                for entry in ["one", "two"] {
                    log.frontier.append(entry.as_bytes()).expect("it grows");
                }
                let pending = Pending {
                    log: id,
                    sequence: 0,
                    place: 0,
                    entry: b"one".to_vec(),
                    parts: Vec::new(),
                };
                let flushed = flush(&mut conn, &[log], &[pending]);
                let done = match flushed.map(|()| conn.commit()) {
                    Ok(Ok(())) => true,
                    Err(Error::Database(DbError::Constraint(_)))
                    | Ok(Err(Uncommitted::RolledBack(DbError::Constraint(_)))) => false,
                    Err(_) | Ok(Err(_)) => panic!("not known to be refused"),
                };
                assert_eq!(done, fits);
                if !done && conn.in_transaction() {
                    assert!(conn.is_postgres(), "SQLite has undone all of it");
                    conn.batch("ROLLBACK").expect("undone");
                }
                let rows = conn.query("SELECT place FROM entries", &[]).expect("read");
                assert_eq!(rows.len(), usize::from(fits));
            }
        }
    }
}
