//! One transaction: the logs are locked, then each action is checked, applied and recorded, then all commit.

use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use model::actor::{Actor, Origin};
use model::catalogue::EventType;
use model::clock::Micros;
use model::entry::Outcome;
use model::id::{LogId, OrganizationId};

use super::Job;
use crate::acting::Acting;
use crate::action::{Fact, Need, Reads, Scope};
use crate::append::{self, Draft, LogState, Pending};
use crate::db::{Conn, DbError, Uncommitted, params};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::refusal;
use crate::seen::Seen;
use crate::tx::{Note, Rx, Tx};

/// Where an action is recorded.
pub(crate) type Entries = Vec<(LogId, Range<u64>)>;

/// What became of a transaction.
pub(super) enum Attempt {
    /// It is durable.
    Committed(Vec<Result<Entries>>),
    /// It did not happen.
    RolledBack(Error),
    /// It was lost while it committed. `first` is the first entry that it wrote.
    Unknown {
        first: Option<Pending>,
        results: Vec<Result<Entries>>,
        /// Why it failed, if it did.
        error: DbError,
    },
}

/// A transaction under way.
pub(crate) struct Group<'a> {
    pub(crate) conn: &'a mut Conn,
    pub(crate) env: &'a Env,
    pub(crate) keys: Keyring,
    pub(crate) seen: Seen,
    pub(crate) logs: Vec<LogState>,
    pub(crate) pending: Vec<Pending>,
    /// Whether each action is in a savepoint of its own, so that it can be undone without the others.
    parts: bool,
    /// An action has written and was refused, and there is no savepoint to go back to.
    stuck: bool,
}

/// Whether an entry is in its log, byte for byte. The log is locked: who wrote it may still be committing.
pub(super) fn is_there(conn: &mut Conn, entry: &Pending) -> Result<bool> {
    conn.begin()?;
    let found = LogState::lock(conn, entry.log).and_then(|_| {
        Ok(conn.query_one(
            "SELECT entry FROM entries WHERE place = $1",
            params![entry.place],
        )?)
    });
    conn.batch("ROLLBACK")?;
    Ok(found?.is_some_and(|row| row.blob(0).is_ok_and(|bytes| bytes == entry.entry)))
}

impl<'a> Group<'a> {
    pub(crate) fn new(conn: &'a mut Conn, env: &'a Env) -> Self {
        Self {
            conn,
            env,
            keys: Keyring::default(),
            seen: Seen::default(),
            logs: Vec::new(),
            pending: Vec::new(),
            parts: true,
            stuck: false,
        }
    }

    pub(crate) fn rx(&mut self) -> Rx<'_> {
        Rx {
            conn: self.conn,
            env: self.env,
            keys: &mut self.keys,
            seen: &mut self.seen,
        }
    }

    /// Runs a group. Hardly any action is refused after it has written, so savepoints are only made once that has happened:
    /// the transaction is rolled back then, and all of it begins again.
    pub(super) fn run(conn: &'a mut Conn, env: &'a Env, jobs: &mut [Box<dyn Job>]) -> Attempt {
        let first = Group {
            parts: false,
            ..Group::new(conn, env)
        };
        first
            .all(jobs)
            .unwrap_or_else(|conn| match Group::new(conn, env).all(jobs) {
                Ok(attempt) => attempt,
                Err(_) => Attempt::RolledBack(Error::Internal(
                    "an action could not be undone by itself".to_owned(),
                )),
            })
    }

    /// All actions in one transaction. The connection, and no transaction any more, if an action could not be undone.
    fn all(mut self, jobs: &mut [Box<dyn Job>]) -> std::result::Result<Attempt, &'a mut Conn> {
        if let Err(error) = self.conn.begin() {
            return Ok(Attempt::RolledBack(error.into()));
        }
        let mut results = Vec::with_capacity(jobs.len());
        for job in jobs {
            match self.one(&mut **job) {
                Ok(entries) => results.push(Ok(entries)),
                Err(_) if self.stuck => {
                    return match self.conn.batch("ROLLBACK") {
                        Ok(()) => Err(self.conn),
                        Err(error) => Ok(Attempt::RolledBack(error.into())),
                    };
                }
                Err(error) if error.is_rule() => results.push(Err(error)),
                // After an error of the database nothing of this transaction can be relied on.
                Err(error) => return Ok(self.roll_back(error)),
            }
        }
        Ok(self.commit(results))
    }

    fn roll_back(self, error: Error) -> Attempt {
        if self.conn.in_transaction() {
            // If this fails as well, the transaction ends with the connection.
            let _ = self.conn.batch("ROLLBACK");
        }
        Attempt::RolledBack(error)
    }

    fn commit(mut self, results: Vec<Result<Entries>>) -> Attempt {
        if let Err(error) = append::flush(self.conn, &self.logs, &self.pending) {
            return self.roll_back(error);
        }
        // If the machine stops before this returns, nobody has been answered: all of it is there, or none of it is.
        match self.conn.commit() {
            Ok(()) => {
                let grown = self.logs.into_iter().filter(|log| log.size() > log.base);
                grown.for_each(|log| log.keep(self.conn));
                Attempt::Committed(results)
            }
            Err(Uncommitted::RolledBack(error)) => self.roll_back(error.into()),
            Err(Uncommitted::Unknown(error)) => {
                if self.conn.in_transaction() {
                    let _ = self.conn.batch("ROLLBACK");
                }
                let first = if self.pending.is_empty() {
                    None
                } else {
                    Some(self.pending.swap_remove(0))
                };
                Attempt::Unknown {
                    first,
                    results,
                    error,
                }
            }
        }
    }

    /// One action. A rule's refusal is recorded and given back; any other error ends the transaction.
    fn one(&mut self, job: &mut dyn Job) -> Result<Entries> {
        let scope = self.lock(job.scope(), &job.actor(), job.reads())?;
        let before = self.marks();
        self.keys.mark();
        let at = self.env.now();
        let origin = job.origin();
        let acting = self.rx().acting(job.actor())?;
        let wrote = Cell::new(false);
        let tried = catch_unwind(AssertUnwindSafe(|| {
            self.try_one(job, &acting, &origin, at, &scope, &wrote)
        }));
        let (needs, result) = tried.unwrap_or_else(|_| {
            (
                Vec::new(),
                Err(Error::Internal("an action panicked".to_owned())),
            )
        });
        let wrote = wrote.get();
        match result {
            Ok(()) => {
                if wrote && self.parts {
                    self.conn.keep_part()?;
                }
                Ok(self.since(&before))
            }
            Err(error) => {
                self.restore(before);
                if wrote && !self.parts {
                    self.stuck = error.is_rule();
                    return Err(error);
                }
                if wrote {
                    self.conn.undo_part()?;
                    self.keys.forget_made();
                    self.seen.clear();
                }
                let (outcome, code) = match &error {
                    Error::Denied { code, .. } => (Outcome::Denied, *code),
                    Error::Failed { code, .. } => (Outcome::Failed, *code),
                    _ => return Err(error),
                };
                if let Some((event, need)) = refused_event(job.events(), needs) {
                    // What one organization refuses is not told to others.
                    let scope = match job.scope() {
                        Scope::Member(organization, _)
                        | Scope::MemberAndInstance(organization, _) => {
                            vec![self.lock_organization(organization, &job.actor(), None)?]
                        }
                        _ => scope,
                    };
                    for log in scope {
                        let refused = refusal::Refused {
                            event,
                            acting: &acting,
                            origin: &origin,
                            outcome,
                            code,
                            need: &need,
                            at,
                        };
                        refusal::record(self, log, &refused)?;
                    }
                }
                Err(error)
            }
        }
    }

    fn try_one(
        &mut self,
        job: &mut dyn Job,
        acting: &Arc<Acting>,
        origin: &Origin,
        at: Micros,
        scope: &[LogId],
        wrote: &Cell<bool>,
    ) -> (Vec<Need>, Result<()>) {
        let organization = match job.scope() {
            Scope::Organization(organization)
            | Scope::Member(organization, _)
            | Scope::MemberAndInstance(organization, _) => Some(organization),
            Scope::Account(_) | Scope::Person(_) | Scope::Instance => None,
        };
        let parts = self.parts;
        let mut rx = self.rx();
        let needs = match job.needs(&mut rx) {
            Ok(needs) => needs,
            Err(error) => return (Vec::new(), Err(error)),
        };
        if needs.is_empty() {
            let error = "an action must say what it needs, if only what it is about";
            return (needs, Err(Error::Internal(error.to_owned())));
        }
        for need in &needs {
            if let Err(error) = acting.check(&mut rx, organization, need) {
                // A refusal is about what was lacking.
                return (vec![need.clone()], Err(error));
            }
        }
        let mut tx = Tx::new(rx, acting.clone(), at, origin, (parts, wrote));
        let applied = job.apply(&mut tx);
        // A sign-in has found out who acts.
        let Tx { acting, notes, .. } = tx;
        let recorded =
            applied.and_then(|facts| self.record(&facts, &notes, &acting, origin, at, scope, job));
        (needs, recorded)
    }

    /// Appends the events that the facts give, and refuses when a row changed that no fact names.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of them are of one request, and none belongs to the group"
    )]
    fn record(
        &mut self,
        facts: &[Fact],
        notes: &[Note],
        acting: &Acting,
        origin: &Origin,
        at: Micros,
        scope: &[LogId],
        job: &dyn Job,
    ) -> Result<()> {
        for (row, note) in notes.iter().enumerate() {
            let shares: Vec<_> = facts
                .iter()
                .filter(|fact| fact.row == row)
                .map(|fact| fact.share)
                .collect();
            if note
                .changes
                .iter()
                .any(|change| !shares.iter().any(|share| share.has(&change.path)))
                || (!note.is_update && shares.is_empty())
            {
                return Err(Error::Internal(format!(
                    "a row changed that no fact names: {}",
                    note.target.kind.as_str()
                )));
            }
        }
        let elsewhere = match job.scope() {
            Scope::Member(organization, user) | Scope::MemberAndInstance(organization, user)
                if acting.user != Some(user) && !acting.is_system() =>
            {
                let origin = Origin::local(origin.request, origin.interface);
                Some((organization, Acting::elsewhere(), origin))
            }
            _ => None,
        };
        for fact in facts {
            let note = notes
                .get(fact.row)
                .ok_or_else(|| Error::Internal("a fact without its row".to_owned()))?;
            if !job.events().contains(&fact.event) {
                return Err(Error::Internal(format!(
                    "{} is not among the action's events",
                    fact.event
                )));
            }
            let changes: Vec<_> = note
                .changes
                .iter()
                .filter(|change| fact.share.has(&change.path))
                .cloned()
                .collect();
            if changes.is_empty() && note.is_update {
                continue;
            }
            let target = fact.target.as_ref().unwrap_or(&note.target);
            let logs = match fact.log {
                Some(other) => self.lock(other, &job.actor(), None)?,
                None => scope.to_vec(),
            };
            for log in logs {
                let of = self.logs.iter().find(|one| one.id == log);
                let of = of.and_then(|log| log.organization);
                let (acting, origin) = match &elsewhere {
                    Some((home, nobody, nowhere)) if of.is_some_and(|of| of != *home) => {
                        (nobody, nowhere)
                    }
                    _ => (acting, origin),
                };
                let draft = Draft {
                    event: fact.event,
                    at,
                    acting,
                    origin,
                    outcome: Outcome::Success,
                    code: None,
                    target,
                    related: &fact.related,
                    workspace: note.workspace,
                    person: note.person,
                    changes: &changes,
                    detail: fact.detail.as_ref(),
                    facts: fact.facts.clone(),
                };
                self.append(log, &draft)?;
                if note.is_seen
                    && fact.event.reaches_data_planes()
                    && let Some(state) = self.logs.iter_mut().find(|one| one.id == log)
                {
                    state.config_changes.note(note.workspace, at);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn append(&mut self, log: LogId, draft: &Draft<'_>) -> Result<()> {
        let Some(index) = self.logs.iter().position(|one| one.id == log) else {
            return Err(Error::Internal(
                "an event for a log that is not locked".to_owned(),
            ));
        };
        let Self {
            conn,
            env,
            keys,
            seen,
            logs,
            pending,
            ..
        } = self;
        let mut rx = Rx {
            conn,
            env,
            keys,
            seen,
        };
        pending.push(logs[index].append(&mut rx, draft)?);
        Ok(())
    }

    /// Locks one log, if this transaction has not.
    pub(crate) fn lock_log(&mut self, log: LogId) -> Result<()> {
        if !self.logs.iter().any(|one| one.id == log) {
            let state = LogState::lock(self.conn, log)?.ok_or(Error::NotFound("log"))?;
            self.logs.push(state);
        }
        Ok(())
    }

    /// Locks the log of an organization, if this transaction has not.
    fn lock_organization(
        &mut self,
        organization: OrganizationId,
        actor: &Actor,
        reads: Option<Reads>,
    ) -> Result<LogId> {
        let held = |log: &&LogState| log.organization == Some(organization);
        if let Some(log) = self.logs.iter().find(held) {
            return Ok(log.id);
        }
        let state = LogState::lock_of(self.conn, organization, actor, reads)?
            .ok_or(Error::NotFound("organization"))?;
        let id = state.id;
        self.logs.push(state);
        Ok(id)
    }

    /// Locks the logs of a scope, in the order of their ids, and gives them.
    fn lock(&mut self, scope: Scope, actor: &Actor, reads: Option<Reads>) -> Result<Vec<LogId>> {
        if let Scope::Organization(organization) = scope {
            return Ok(vec![self.lock_organization(organization, actor, reads)?]);
        }
        let mut logs = self.logs_of(scope)?;
        if logs
            .iter()
            .all(|log| self.logs.iter().any(|one| one.id == *log))
        {
            return Ok(logs);
        }
        logs.sort_unstable();
        for log in &logs {
            self.lock_log(*log)?;
        }
        // The set was read before it was locked; if it has changed since, the transaction starts over.
        let is_a_set = matches!(
            scope,
            Scope::Account(_) | Scope::Member(..) | Scope::MemberAndInstance(..) | Scope::Person(_)
        );
        if is_a_set && self.conn.is_postgres() {
            let mut again = self.logs_of(scope)?;
            again.sort_unstable();
            if again != logs {
                return Err(Error::Database(DbError::Conflict(
                    "the person's organizations changed".to_owned(),
                )));
            }
        }
        Ok(logs)
    }

    fn logs_of(&mut self, scope: Scope) -> Result<Vec<LogId>> {
        let rows = match scope {
            Scope::Organization(organization) => self
                .conn
                .query("SELECT id FROM logs WHERE organization_id = $1", params![&organization])?,
            Scope::Account(user) => self.conn.query(
                "SELECT l.id FROM logs l JOIN members m ON m.organization_id = l.organization_id WHERE m.user_id = $1 ORDER BY l.id",
                params![&user],
            )?,
            Scope::Member(organization, user) => self.conn.query(
                "SELECT l.id FROM logs l JOIN members m ON m.organization_id = l.organization_id WHERE m.user_id = $2 \
                 UNION SELECT id FROM logs WHERE organization_id = $1",
                params![&organization, &user],
            )?,
            Scope::MemberAndInstance(organization, user) => self.conn.query(
                "SELECT l.id FROM logs l JOIN members m ON m.organization_id = l.organization_id WHERE m.user_id = $2 \
                 UNION SELECT id FROM logs WHERE organization_id = $1 UNION SELECT log_id FROM instance",
                params![&organization, &user],
            )?,
            Scope::Person(user) => self.conn.query(
                "SELECT l.id FROM logs l JOIN data_keys k ON k.organization = l.organization_id WHERE k.subject = $1 AND k.erased_at IS NULL \
                 UNION SELECT log_id FROM instance",
                params![&user],
            )?,
            Scope::Instance => Vec::new(),
        };
        if rows.is_empty() {
            if let Scope::Organization(_) = scope {
                return Err(Error::NotFound("organization"));
            }
            let row = self
                .conn
                .query_one("SELECT log_id FROM instance WHERE one = 1", &[])?;
            let row = row.ok_or_else(|| Error::Internal("no instance".to_owned()))?;
            return Ok(vec![row.parse(0)?]);
        }
        Ok(rows
            .iter()
            .map(|row| row.parse(0))
            .collect::<std::result::Result<_, _>>()?)
    }

    fn marks(&self) -> Marks {
        Marks {
            logs: self.logs.clone(),
            pending: self.pending.len(),
        }
    }

    fn restore(&mut self, marks: Marks) {
        self.pending.truncate(marks.pending);
        self.logs = marks.logs;
    }

    /// The entries appended since the marks, by log.
    fn since(&self, marks: &Marks) -> Entries {
        let mut entries: Entries = Vec::new();
        for one in &self.pending[marks.pending..] {
            match entries.iter_mut().find(|(log, _)| *log == one.log) {
                Some((_, range)) => range.end = one.sequence + 1,
                None => entries.push((one.log, one.sequence..one.sequence + 1)),
            }
        }
        entries
    }
}

/// The event that a refusal is: the first that the action may emit about this type of thing, and what it is about.
fn refused_event(events: &[EventType], needs: Vec<Need>) -> Option<(EventType, Need)> {
    let need = needs.into_iter().next()?;
    let of_target = events
        .iter()
        .find(|event| event.target == need.resource.target.kind);
    Some((*of_target.or_else(|| events.first())?, need))
}

struct Marks {
    logs: Vec<LogState>,
    pending: usize,
}
