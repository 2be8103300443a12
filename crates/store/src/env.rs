//! What every transaction of a process has at hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::clock::{Clock, Entropy, Micros};
use zeroize::Zeroizing;

use crate::keys::KeyFile;
use crate::publish::Failure;
use crate::tables::definitions::Remembered;

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
}

impl Env {
    pub(crate) fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Why nothing could be written the last time.
    pub(crate) fn writing(&self) -> MutexGuard<'_, Option<Failure>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        self.entropy.bytes()
    }
}
