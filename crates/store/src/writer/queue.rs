//! What waits to be written, in lanes: a lane is worked on by one thread at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use model::id::OrganizationId;

use super::Work;

/// The most actions in one transaction.
const GROUP: usize = 32;

/// What is committed together, and in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// `SQLite`: everything.
    All,
    /// PostgreSQL: one organization's log.
    Organization(OrganizationId),
    /// PostgreSQL: something that is in no group.
    Alone(u64),
}

#[derive(Default)]
struct State {
    lanes: HashMap<Lane, VecDeque<Work>>,
    /// Lanes with work that no thread is at, in the order in which they came.
    ready: VecDeque<Lane>,
    next_alone: u64,
    closed: bool,
}

#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lane that nothing else is in.
    pub(crate) fn alone(&self) -> Lane {
        let mut state = self.state();
        state.next_alone += 1;
        Lane::Alone(state.next_alone)
    }

    pub(crate) fn put(&self, lane: Lane, work: Work) {
        let mut state = self.state();
        if let Some(waiting) = state.lanes.get_mut(&lane) {
            // A thread is at this lane, or it is ready already.
            waiting.push_back(work);
            return;
        }
        state.lanes.insert(lane, VecDeque::from([work]));
        state.ready.push_back(lane);
        self.wake.notify_one();
    }

    /// Takes a lane's next group, waiting for one; nothing once the queue is closed and empty.
    pub(crate) fn take(&self) -> Option<(Lane, Vec<Work>)> {
        let mut state = self.state();
        loop {
            if let Some(lane) = state.ready.pop_front() {
                let waiting = state.lanes.get_mut(&lane)?;
                let count = waiting.len().min(GROUP);
                return Some((lane, waiting.drain(..count).collect()));
            }
            if state.closed {
                return None;
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a lane back after its group has been answered.
    pub(crate) fn done(&self, lane: Lane) {
        let mut state = self.state();
        if state.lanes.get(&lane).is_some_and(VecDeque::is_empty) {
            state.lanes.remove(&lane);
        } else {
            state.ready.push_back(lane);
            self.wake.notify_one();
        }
    }

    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.wake.notify_all();
    }
}
