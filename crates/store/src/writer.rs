//! Group commit: the actions that wait are committed together, each in a savepoint of its own, and each is answered only
//! when the commit is durable.
//!
//! On `SQLite` one connection writes for all logs. On PostgreSQL a few write, each for one log at a time, so that
//! organizations do not wait for each other; an action whose logs are a set is in no group. A caller who blocks until the
//! action is durable runs it himself where nothing else is at work; otherwise, and for who awaits it, a thread does.

mod group;
mod queue;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use model::actor::{Actor, Origin};
use model::catalogue::EventType;
use tokio::sync::oneshot;

use crate::action::{Action, Fact, Need, Reads, Recorded, Scope};
use crate::db::{Conn, DbError, Location};
use crate::env::{Env, Wait};
use crate::error::{Error, Result};
use crate::publish::{self, Failure};
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
    fn origin(&self) -> Arc<Origin>;
    fn scope(&self) -> Scope;
    fn reads(&self) -> Option<Reads>;
    fn events(&self) -> &'static [EventType];
    fn is_alone(&self) -> bool;
    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>>;
    fn apply(&mut self, tx: &mut Tx<'_>) -> Result<Vec<Fact>>;
    fn answer(self: Box<Self>, result: Result<Entries>);
}

/// An action with who asked for it, and where its answer goes.
struct Asked<A: Action> {
    actor: Actor,
    origin: Arc<Origin>,
    action: A,
    output: Option<A::Output>,
    wait: Wait,
    reply: oneshot::Sender<Result<Recorded<A::Output>>>,
}

impl<A: Action> Job for Asked<A> {
    fn actor(&self) -> Actor {
        self.actor
    }

    fn origin(&self) -> Arc<Origin> {
        self.origin.clone()
    }

    fn scope(&self) -> Scope {
        self.action.scope()
    }

    fn reads(&self) -> Option<Reads> {
        self.action.reads()
    }

    fn events(&self) -> &'static [EventType] {
        A::EVENTS
    }

    fn is_alone(&self) -> bool {
        A::ALONE
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
        let Self {
            output,
            wait,
            reply,
            ..
        } = *self;
        let result = result.and_then(|entries| {
            let output =
                output.ok_or_else(|| Error::Internal("an action without its output".to_owned()))?;
            Ok(Recorded { output, entries })
        });
        drop(wait); // whoever is answered does not find that it still takes its time
        // Whoever asked may have gone away; what was done is done and recorded all the same.
        let _ = reply.send(result);
    }
}

/// Something that waits for the database.
pub(crate) enum Work {
    Act(Box<dyn Job>),
    Keep(Upkeep, oneshot::Sender<Result<u64>>),
}

impl Work {
    /// Whether it must be in no group with others.
    fn is_alone(&self) -> bool {
        matches!(self, Self::Act(job) if job.is_alone())
    }
}

/// The threads that write, and what waits for them.
pub(crate) struct Writer {
    queue: Arc<Queue>,
    env: Arc<Env>,
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
                queue.add(Hand {
                    location: location.clone(),
                    env: env.clone(),
                    conn: first.take(),
                });
                let queue = queue.clone();
                std::thread::Builder::new()
                    .name(format!("annals-writer-{number}"))
                    .spawn(move || {
                        while let Some((lane, work, hand)) = queue.take() {
                            at_work(&queue, lane, hand, work);
                        }
                    })
                    .expect("a thread can be started, or nothing can be written")
            })
            .collect();
        Self {
            queue,
            env: env.clone(),
            threads,
            postgres,
        }
    }

    pub(crate) fn perform<A: Action>(
        &self,
        actor: Actor,
        origin: Origin,
        action: A,
    ) -> Waiting<Recorded<A::Output>> {
        let lane = match action.scope() {
            _ if !self.postgres => Lane::All,
            Scope::Organization(organization) => Lane::Organization(organization),
            Scope::Account(_)
            | Scope::Member(..)
            | Scope::MemberAndInstance(..)
            | Scope::Person(_)
            | Scope::Instance => self.queue.alone(),
        };
        let (reply, receiver) = oneshot::channel();
        let asked = Asked {
            actor,
            origin: Arc::new(origin),
            action,
            output: None,
            wait: self.env.wait(),
            reply,
        };
        self.waiting(lane, Work::Act(Box::new(asked)), receiver)
    }

    pub(crate) fn keep(&self, upkeep: Upkeep) -> Waiting<u64> {
        let lane = if self.postgres {
            self.queue.alone()
        } else {
            Lane::All
        };
        let (reply, receiver) = oneshot::channel();
        self.waiting(lane, Work::Keep(upkeep, reply), receiver)
    }

    fn waiting<T>(
        &self,
        lane: Lane,
        work: Work,
        receiver: oneshot::Receiver<Result<T>>,
    ) -> Waiting<T> {
        Waiting {
            undone: Undone {
                work: Some((lane, work)),
                queue: self.queue.clone(),
            },
            receiver,
        }
    }
}

/// Work that nobody has begun; a writing thread takes it when this is dropped.
struct Undone {
    work: Option<(Lane, Work)>,
    queue: Arc<Queue>,
}

impl Undone {
    /// Leaves it to a writing thread. Where the store is gone, and its threads with it, a thread of its own does it; whoever
    /// asks may be inside async code, and must not.
    fn hand_over(&mut self) -> Option<JoinHandle<()>> {
        let (lane, work) = self.work.take()?;
        let work = self.queue.put(lane, work).err()?;
        let queue = self.queue.clone();
        std::thread::Builder::new()
            .name("annals-late".to_owned())
            .spawn(move || {
                let hand = queue.claim_when_free(lane);
                at_work(&queue, lane, hand, vec![work]);
            })
            .ok()
    }

    /// Does it here and now, unless something else is at its lane.
    fn begin(mut self) {
        if let Some((lane, work)) = self.work.take() {
            match self.queue.claim(lane) {
                Some(hand) => at_work(&self.queue, lane, hand, vec![work]),
                None => self.work = Some((lane, work)),
            }
        }
    }
}

/// Does what is in a lane, and gives the lane and the hand back even if something panics that nobody foresaw: on `SQLite` it
/// is the only hand. Its connection is not used again then, and who was not answered is told that the outcome is unknown.
fn at_work(queue: &Queue, lane: Lane, mut hand: Hand, work: Vec<Work>) {
    if catch_unwind(AssertUnwindSafe(|| hand.work(work))).is_err() {
        tracing::error!("a panic in the writer");
        hand.conn = None;
    }
    queue.done(lane, hand);
}

impl Drop for Undone {
    fn drop(&mut self) {
        if let Some(thread) = self.hand_over() {
            // With the store gone nobody else waits for it, and the process may be about to end.
            let _ = thread.join();
        }
    }
}

/// Something that was asked for. It is done however this ends: by whoever blocks on it, or by a writing thread.
pub(crate) struct Waiting<T> {
    undone: Undone,
    receiver: oneshot::Receiver<Result<T>>,
}

impl<T> Waiting<T> {
    /// Leaves it to a writing thread.
    pub(crate) fn hand_over(&mut self) {
        let _ = self.undone.hand_over();
    }

    /// Blocks until it is done.
    pub(crate) fn wait(self) -> Result<T> {
        let Self { undone, receiver } = self;
        undone.begin();
        receiver
            .blocking_recv()
            .unwrap_or(Err(Error::OutcomeUnknown))
    }
}

impl<T> Future for Waiting<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.hand_over();
        Pin::new(&mut self.receiver)
            .poll(context)
            .map(|result| result.unwrap_or(Err(Error::OutcomeUnknown)))
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

/// What writes: a connection, used by one thread at a time.
pub(crate) struct Hand {
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
                    answer_one(job, Err(Error::OutcomeUnknown));
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
            // A constraint may have been in the way because another transaction was first, in another log: who looks again
            // finds its row, and says so by a rule.
            if !matches!(
                last,
                Error::Database(DbError::Conflict(_) | DbError::Lost(_) | DbError::Constraint(_))
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
            answer_one(job, Err(clone_error(&last)));
        }
    }

    /// One transaction for these actions. An error means that none of them has happened, but for `OutcomeUnknown`.
    fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Result<Entries>>> {
        let done = self.transaction(jobs);
        let is_written = done.as_ref().is_ok_and(|results| {
            let mut entries = results.iter().flatten().flatten();
            entries.any(|(_, range)| !range.is_empty())
        });
        self.note(done.as_ref().err(), is_written);
        done
    }

    /// Keeps in mind that nothing can be written, or that it can.
    fn note(&self, error: Option<&Error>, is_written: bool) {
        let mut writing = self.env.writing();
        match error {
            Some(
                error @ (Error::Database(DbError::Full(_) | DbError::Lost(_) | DbError::Other(_))
                | Error::Unavailable(_)
                | Error::OutcomeUnknown),
            ) => {
                if writing.is_none() {
                    tracing::error!(%error, "changes cannot be written");
                }
                let since = writing
                    .as_ref()
                    .map_or_else(|| self.env.now(), |before| before.since);
                let (why, logs) = (publish::why(error), Vec::new());
                *writing = Some(Failure { since, why, logs });
            }
            None if is_written && writing.take().is_some() => {
                tracing::info!("changes are written again");
            }
            _ => {}
        }
    }

    fn transaction(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Result<Entries>>> {
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
        let kept = self.bookkeep(upkeep);
        // Most bookkeeping has often nothing to write.
        self.note(kept.as_ref().err(), *upkeep == Upkeep::Rehearse);
        kept
    }

    fn bookkeep(&mut self, upkeep: &Upkeep) -> Result<u64> {
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
        answer_one(job, result);
    }
}

/// What an action holds may panic when it goes; the others of its group are answered all the same.
fn answer_one(job: Box<dyn Job>, result: Result<Entries>) {
    if catch_unwind(AssertUnwindSafe(|| job.answer(result))).is_err() {
        tracing::error!("a panic beside an action");
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
        Error::Database(DbError::Constraint(text)) => {
            Error::Database(DbError::Constraint(text.clone()))
        }
        Error::Internal(text) => Error::Internal(text.clone()),
        Error::KeyMissing => Error::KeyMissing,
        other => Error::Internal(other.to_string()),
    }
}
