//! What carries statements to the server and brings their answers.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::runtime::Runtime;
use tokio_postgres::Error;

use super::super::DbError;

/// How often an answer was waited for, by all connections of the process. For the benchmark.
static ROUND_TRIPS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn round_trips() -> u64 {
    ROUND_TRIPS.load(Ordering::Relaxed)
}

/// A statement whose answer is not there yet, or not looked at. It is sent when it is first polled.
pub(super) struct Open<'a> {
    run: Pin<Box<dyn Future<Output = Result<(), DbError>> + Send + 'a>>,
    answer: Option<Result<(), DbError>>,
    /// Whether it may turn out to be wrong when the server has done it.
    is_counted: bool,
}

impl<'a> Open<'a> {
    pub(super) fn new(run: impl Future<Output = Result<(), DbError>> + Send + 'a) -> Self {
        Self {
            run: Box::pin(run),
            answer: None,
            is_counted: false,
        }
    }

    /// One whose answer has to be looked at before any commit.
    pub(super) fn counted(run: impl Future<Output = Result<(), DbError>> + Send + 'a) -> Self {
        Self {
            is_counted: true,
            ..Self::new(run)
        }
    }

    pub(super) const fn is_counted(&self) -> bool {
        self.is_counted
    }
}

/// Sends those that are not sent yet, in their order, and takes the answers that are there. Where one has failed by then, as one
/// that cannot even be sent, nothing after it is sent.
fn poll_all(open: &mut Vec<Open<'_>>, context: &mut Context<'_>) {
    let mut failed = None;
    for (place, one) in open.iter_mut().enumerate() {
        if one.answer.is_none()
            && let Poll::Ready(done) = one.run.as_mut().poll(context)
        {
            one.answer = Some(done);
        }
        if matches!(one.answer, Some(Err(_))) {
            failed = Some(place);
            break;
        }
    }
    if let Some(place) = failed {
        // What was sent behind it is refused, or undone with the transaction.
        open.truncate(place + 1);
    }
}

/// A connection's own work, which ends when it does.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What carries the messages, on the thread that waits for the answer: no other thread has to be woken for it.
pub(super) struct Wire {
    runtime: Runtime,
    /// None once it has ended.
    connection: Option<Running>,
}

impl Wire {
    pub(super) fn new(runtime: Runtime, connection: Running) -> Self {
        Self {
            runtime,
            connection: Some(connection),
        }
    }

    /// Sends what is not sent yet, and waits for nothing.
    pub(super) fn send(&mut self, open: &mut Vec<Open<'_>>) {
        let connection = &mut self.connection;
        self.runtime.block_on(poll_fn(|context| {
            poll_all(open, context);
            if let Some(running) = connection
                && running.as_mut().poll(context).is_ready()
            {
                *connection = None;
            }
            Poll::Ready(())
        }));
    }

    /// Sends what is not sent yet, and waits for the answers of some. Of all errors that are there by then the first is the cause.
    pub(super) fn until(
        &mut self,
        open: &mut Vec<Open<'_>>,
        is_awaited: impl Fn(&Open<'_>) -> bool,
    ) -> Result<(), DbError> {
        self.wait(poll_fn(|context| {
            poll_all(open, context);
            if let Some(Some(Err(_))) = open.last().map(|one| &one.answer) {
                return Poll::Ready(open.pop().and_then(|one| one.answer).unwrap_or(Ok(())));
            }
            if open
                .iter()
                .any(|one| one.answer.is_none() && is_awaited(one))
            {
                return Poll::Pending;
            }
            Poll::Ready(Ok(()))
        }))
    }

    /// Waits for an answer. What `answer` sends goes out before this thread sleeps.
    pub(super) fn wait<T, E: From<Error>>(
        &mut self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        ROUND_TRIPS.fetch_add(1, Ordering::Relaxed);
        let mut answer = pin!(answer);
        let connection = &mut self.connection;
        self.runtime.block_on(poll_fn(|context| {
            if let Poll::Ready(done) = answer.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            if let Some(running) = connection
                && let Poll::Ready(ended) = running.as_mut().poll(context)
            {
                *connection = None;
                if let Err(error) = ended {
                    return Poll::Ready(Err(error.into()));
                }
            }
            // The connection may have brought the answer, or the news that none will come.
            answer.as_mut().poll(context)
        }))
    }

    /// Says goodbye to the server, as far as it can be reached; either way the connection is gone.
    pub(super) fn close(mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = self.runtime.block_on(connection);
        }
    }
}
