//! Group commit: the actions that wait are committed together, each in a savepoint of its own, and each is answered only
//! when the commit is durable.
//!
//! On `SQLite` one thread writes for all logs. On PostgreSQL a few threads write, each for one log at a time, so that
//! organizations do not wait for each other; an action whose logs are a set is in no group.

mod group;
mod queue;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use model::actor::{Actor, Origin};
use model::catalogue::EventType;
use tokio::sync::oneshot;

use crate::action::{Action, Fact, Need, Recorded, Scope};
use crate::db::{Conn, DbError, Location};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::tx::{Rx, Tx};
use crate::upkeep::Upkeep;

use group::Attempt;
pub(crate) use group::{Entries, Group};
pub(crate) use queue::Lane;
use queue::Queue;

/// How often a transaction that another was in the way of is run again.
const TRIES: u32 = 5;
/// How long a lost database is given before an action is run again; longer with each try.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a lost database is looked for before the answer is that the outcome is unknown.
const SEARCH: [u64; 6] = [0, 50, 200, 500, 1_000, 2_000];
/// How many threads write to PostgreSQL.
const POSTGRES_WRITERS: usize = 8;

/// An action that waits, whatever its type.
pub(crate) trait Job: Send {
    fn actor(&self) -> Actor;
    fn origin(&self) -> &Origin;
    fn scope(&self) -> Scope;
    fn events(&self) -> &'static [EventType];
    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>>;
    fn apply(&mut self, tx: &mut Tx<'_>) -> Result<Vec<Fact>>;
    fn answer(self: Box<Self>, result: Result<Entries>);
}

/// An action with who asked for it, and where its answer goes.
struct Asked<A: Action> {
    actor: Actor,
    origin: Origin,
    action: A,
    output: Option<A::Output>,
    reply: oneshot::Sender<Result<Recorded<A::Output>>>,
}

impl<A: Action> Job for Asked<A> {
    fn actor(&self) -> Actor {
        self.actor
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn scope(&self) -> Scope {
        self.action.scope()
    }

    fn events(&self) -> &'static [EventType] {
        A::EVENTS
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        self.action.needs(rx)
    }

    fn apply(&mut self, tx: &mut Tx<'_>) -> Result<Vec<Fact>> {
        let done = self.action.apply(tx)?;
        self.output = Some(done.output);
        Ok(done.facts)
    }

    fn answer(self: Box<Self>, result: Result<Entries>) {
        let Self { output, reply, .. } = *self;
        let result = result.and_then(|entries| {
            let output =
                output.ok_or_else(|| Error::Internal("an action without its output".to_owned()))?;
            Ok(Recorded { output, entries })
        });
        // Whoever asked may have gone away; what was done is done and recorded all the same.
        let _ = reply.send(result);
    }
}

/// Something that waits for the database.
pub(crate) enum Work {
    Act(Box<dyn Job>),
    Keep(Upkeep, oneshot::Sender<Result<u64>>),
}

/// The threads that write, and what waits for them.
pub(crate) struct Writer {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
    postgres: bool,
}

impl Writer {
    pub(crate) fn start(location: &Location, env: &Arc<Env>, first: Conn) -> Self {
        let postgres = first.is_postgres();
        let queue = Arc::new(Queue::default());
        let mut first = Some(first);
        let threads = (0..if postgres { POSTGRES_WRITERS } else { 1 })
            .map(|number| {
                let mut hand = Hand {
                    location: location.clone(),
                    env: env.clone(),
                    conn: first.take(),
                };
                let queue = queue.clone();
                std::thread::Builder::new()
                    .name(format!("annals-writer-{number}"))
                    .spawn(move || {
                        while let Some((lane, work)) = queue.take() {
                            hand.work(work);
                            queue.done(lane);
                        }
                    })
                    .expect("a thread can be started, or nothing can be written")
            })
            .collect();
        Self {
            queue,
            threads,
            postgres,
        }
    }

    pub(crate) fn perform<A: Action>(
        &self,
        actor: Actor,
        origin: Origin,
        action: A,
    ) -> oneshot::Receiver<Result<Recorded<A::Output>>> {
        let (reply, receiver) = oneshot::channel();
        let lane = match action.scope() {
            _ if !self.postgres => Lane::All,
            Scope::Organization(organization) => Lane::Organization(organization),
            Scope::Account(_) | Scope::Instance => self.queue.alone(),
        };
        self.queue.put(
            lane,
            Work::Act(Box::new(Asked {
                actor,
                origin,
                action,
                output: None,
                reply,
            })),
        );
        receiver
    }

    pub(crate) fn keep(&self, upkeep: Upkeep) -> oneshot::Receiver<Result<u64>> {
        let (reply, receiver) = oneshot::channel();
        let lane = if self.postgres {
            self.queue.alone()
        } else {
            Lane::All
        };
        self.queue.put(lane, Work::Keep(upkeep, reply));
        receiver
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What waits is still done: a graceful stop loses nothing that was asked for.
        self.queue.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// One writing thread's connection.
struct Hand {
    location: Location,
    env: Arc<Env>,
    conn: Option<Conn>,
}

impl Hand {
    fn conn(&mut self) -> Result<&mut Conn> {
        if self.conn.as_ref().is_none_or(|conn| !conn.is_usable()) {
            self.conn = None;
            self.conn = Some(Conn::open(&self.location)?);
        }
        self.conn
            .as_mut()
            .ok_or_else(|| Error::Internal("a connection that was just opened".to_owned()))
    }

    fn work(&mut self, work: Vec<Work>) {
        let mut jobs = Vec::new();
        for one in work {
            match one {
                Work::Act(job) => jobs.push(job),
                Work::Keep(upkeep, reply) => {
                    let result = self.keep(&upkeep);
                    let _ = reply.send(result);
                }
            }
        }
        if !jobs.is_empty() {
            self.act(jobs);
        }
    }

    /// Runs a group; if its transaction is lost, each action again alone.
    fn act(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        match self.attempt(&mut jobs) {
            Ok(results) => answer(jobs, results),
            Err(Error::OutcomeUnknown) => {
                for job in jobs {
                    job.answer(Err(Error::OutcomeUnknown));
                }
            }
            Err(_) if jobs.len() > 1 => {
                for job in jobs {
                    self.alone(job);
                }
            }
            Err(error) => {
                for job in jobs {
                    self.again(job, &error);
                }
            }
        }
    }

    fn alone(&mut self, job: Box<dyn Job>) {
        let mut jobs = vec![job];
        match self.attempt(&mut jobs) {
            Ok(results) => answer(jobs, results),
            Err(error) => {
                for job in jobs {
                    self.again(job, &error);
                }
            }
        }
    }

    /// Once more, as often as it makes sense, for an action whose transaction did not happen.
    fn again(&mut self, job: Box<dyn Job>, error: &Error) {
        let mut jobs = vec![job];
        let mut last = clone_error(error);
        for attempt in 1..TRIES {
            if !matches!(
                last,
                Error::Database(DbError::Conflict(_) | DbError::Lost(_))
            ) {
                break;
            }
            if matches!(last, Error::Database(DbError::Lost(_))) {
                // A server that restarts needs a moment.
                std::thread::sleep(PAUSE * attempt);
            }
            match self.attempt(&mut jobs) {
                Ok(results) => return answer(jobs, results),
                Err(error) => last = error,
            }
        }
        for job in jobs {
            job.answer(Err(clone_error(&last)));
        }
    }

    /// One transaction for these actions. An error means that none of them has happened, but for `OutcomeUnknown`.
    fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Result<Entries>>> {
        let env = self.env.clone();
        let conn = self.conn()?;
        let attempt = catch_unwind(AssertUnwindSafe(|| Group::run(conn, &env, jobs)));
        match attempt {
            Ok(Attempt::Committed(results)) => Ok(results),
            Ok(Attempt::RolledBack(error)) => Err(error),
            Ok(Attempt::Unknown {
                first,
                results,
                error,
            }) => {
                // The connection is not to be trusted any more, whatever it says of itself.
                self.conn = None;
                match self.has_happened(first.as_ref()) {
                    Some(true) => Ok(results),
                    Some(false) => Err(Error::Database(error)),
                    None => Err(Error::OutcomeUnknown),
                }
            }
            Err(_) => {
                self.conn = None;
                Err(Error::Internal("a panic outside of an action".to_owned()))
            }
        }
    }

    /// Whether the entry that a lost group wrote first is there: nothing where that cannot be found out.
    fn has_happened(&mut self, first: Option<&crate::append::Pending>) -> Option<bool> {
        let Some(first) = first else {
            return Some(false);
        };
        for wait in SEARCH {
            std::thread::sleep(Duration::from_millis(wait));
            if let Ok(conn) = self.conn()
                && let Ok(answer) = group::is_there(conn, first)
            {
                return Some(answer);
            }
            self.conn = None;
        }
        None
    }

    fn keep(&mut self, upkeep: &Upkeep) -> Result<u64> {
        let env = self.env.clone();
        let mut last = Error::Unavailable("it cannot be reached".to_owned());
        for _ in 0..TRIES {
            let conn = self.conn()?;
            let run = AssertUnwindSafe(|| crate::upkeep::run(conn, &env, upkeep));
            match catch_unwind(run) {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error @ Error::Database(DbError::Conflict(_) | DbError::Lost(_)))) => {
                    last = error;
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => {
                    self.conn = None;
                    return Err(Error::Internal("bookkeeping panicked".to_owned()));
                }
            }
        }
        Err(last)
    }
}

fn answer(jobs: Vec<Box<dyn Job>>, results: Vec<Result<Entries>>) {
    for (job, result) in jobs.into_iter().zip(results) {
        job.answer(result);
    }
}

fn clone_error(error: &Error) -> Error {
    match error {
        Error::OutcomeUnknown => Error::OutcomeUnknown,
        Error::Database(DbError::Full(text)) => Error::Database(DbError::Full(text.clone())),
        Error::Database(DbError::Lost(text)) => Error::Database(DbError::Lost(text.clone())),
        Error::Database(DbError::Conflict(text)) => {
            Error::Database(DbError::Conflict(text.clone()))
        }
        Error::Internal(text) => Error::Internal(text.clone()),
        other => Error::Internal(other.to_string()),
    }
}
