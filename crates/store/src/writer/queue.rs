//! What waits to be written, in lanes, and the hands that write: a lane is worked on by one hand at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use model::id::OrganizationId;

use super::{Hand, Work};

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
    /// Lanes that have work, or that a hand is at.
    lanes: HashMap<Lane, VecDeque<Work>>,
    /// Lanes with work that no hand is at, in the order in which they came.
    ready: VecDeque<Lane>,
    /// Hands that are at no lane.
    hands: Vec<Hand>,
    next_alone: u64,
    closed: bool,
}

impl State {
    fn claim(&mut self, lane: Lane) -> Option<Hand> {
        if self.lanes.contains_key(&lane) {
            return None;
        }
        let hand = self.hands.pop()?;
        self.lanes.insert(lane, VecDeque::new());
        Some(hand)
    }
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

    /// Leaves work to a thread.
    ///
    /// # Errors
    /// The work itself, once the queue is closed: no thread may be left to do it.
    pub(crate) fn put(&self, lane: Lane, work: Work) -> Result<(), Work> {
        let mut state = self.state();
        if state.closed {
            return Err(work);
        }
        if let Some(waiting) = state.lanes.get_mut(&lane) {
            // A hand is at this lane, or it is ready already.
            waiting.push_back(work);
            return Ok(());
        }
        state.lanes.insert(lane, VecDeque::from([work]));
        state.ready.push_back(lane);
        self.wake.notify_one();
        Ok(())
    }

    /// Takes an idle lane for the caller itself, with a hand to work on it: whoever blocks until the work is done can as
    /// well do it, and no thread has to be woken. Nothing where the lane is at work, or no hand is free.
    pub(crate) fn claim(&self, lane: Lane) -> Option<Hand> {
        self.state().claim(lane)
    }

    /// The same, waiting for both: for a queue that is closed.
    pub(crate) fn claim_when_free(&self, lane: Lane) -> Hand {
        let mut state = self.state();
        loop {
            if let Some(hand) = state.claim(lane) {
                return hand;
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes a lane's next group and a hand, waiting for both; nothing once the queue is closed and all is done.
    pub(crate) fn take(&self) -> Option<(Lane, Vec<Work>, Hand)> {
        let mut state = self.state();
        loop {
            if !state.ready.is_empty()
                && let Some(hand) = state.hands.pop()
                && let Some(lane) = state.ready.pop_front()
            {
                let waiting = state.lanes.get_mut(&lane)?;
                let count = match waiting.iter().take(GROUP).position(Work::is_alone) {
                    Some(0) => 1,
                    Some(before) => before,
                    None => waiting.len().min(GROUP),
                };
                return Some((lane, waiting.drain(..count).collect(), hand));
            }
            if state.closed && state.lanes.is_empty() {
                return None;
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a lane and its hand back after the group has been answered.
    pub(crate) fn done(&self, lane: Lane, hand: Hand) {
        let mut state = self.state();
        state.hands.push(hand);
        if state.lanes.get(&lane).is_some_and(VecDeque::is_empty) {
            state.lanes.remove(&lane);
        } else {
            state.ready.push_back(lane);
        }
        if state.closed {
            self.wake.notify_all();
        } else if !state.ready.is_empty() {
            self.wake.notify_one();
        }
    }

    /// Adds a hand.
    pub(crate) fn add(&self, hand: Hand) {
        self.state().hands.push(hand);
    }

    /// No more work is taken. What waits is still done.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.wake.notify_all();
    }
}
