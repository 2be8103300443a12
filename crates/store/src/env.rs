//! What every transaction of a process has at hand.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::clock::{Clock, Entropy, Micros};
use zeroize::Zeroizing;

use crate::keys::KeyFile;
use crate::publish::Failure;
use crate::tables::definitions::Remembered;

/// How long a change may take before it is told that it hangs: 5 s.
const SLOW: i64 = 5 * Micros::SECOND;

/// The changes that were asked for and are not answered yet: since when, the oldest first.
#[derive(Default)]
pub(crate) struct Waiting {
    next: u64,
    since: BTreeMap<u64, Micros>,
}

/// One of them, until this is dropped.
pub(crate) struct Wait {
    env: Arc<Env>,
    number: u64,
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.env.waiting().since.remove(&self.number);
    }
}

pub(crate) struct Env {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: KeyFile,
    /// What people are found by: one key for the instance, made with the schema, never changed and never erased.
    pub(crate) index: Zeroizing<[u8; 32]>,
    /// The definitions of organizations, as they were at a version that is compared before they are used.
    pub(crate) definitions: Remembered,
    /// Why nothing could be written the last time, if nothing could.
    pub(crate) writing: Mutex<Option<Failure>>,
    pub(crate) waiting: Mutex<Waiting>,
    /// The erasures of which it was said that no entry records them, by id.
    pub(crate) unrecorded: Mutex<HashSet<String>>,
}

impl Env {
    pub(crate) fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Why nothing could be written the last time.
    pub(crate) fn writing(&self) -> MutexGuard<'_, Option<Failure>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The erasures of which it was said that no entry records them, by id.
    pub(crate) fn unrecorded(&self) -> MutexGuard<'_, HashSet<String>> {
        self.unrecorded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A change is asked for.
    pub(crate) fn wait(self: &Arc<Self>) -> Wait {
        let now = self.now();
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        waiting.since.insert(number, now);
        let env = self.clone();
        Wait { env, number }
    }

    /// That the change that was asked for first takes longer than it may, if it does.
    pub(crate) fn hanging(&self) -> Option<Failure> {
        let since = self.waiting().since.first_key_value().map(|(_, at)| *at)?;
        (since.plus(SLOW) < self.now()).then(|| Failure {
            since,
            why: "a change takes longer than it may; the database does not answer, or its files are written anew after an erasure"
                .to_owned(),
            logs: Vec::new(),
        })
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        self.entropy.bytes()
    }
}
