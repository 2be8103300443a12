//! Time and randomness, passed in. This file holds the only uses of the ambient ones.

use std::cell::RefCell;
use std::fmt;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A moment: microseconds since the Unix epoch, UTC. No order of events is ever taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Micros(pub i64);

impl Micros {
    /// One second, in microseconds.
    pub const SECOND: i64 = 1_000_000;
    /// One day, in microseconds.
    pub const DAY: i64 = 86_400 * Self::SECOND;

    /// The moment as a `jiff` timestamp; moments outside its range are clamped.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// RFC 3339 in UTC with milliseconds, as the clients of the public API read it.
    pub fn rfc3339_millis(self) -> String {
        format!("{:.3}", self.timestamp())
    }

    /// RFC 3339 in UTC with microseconds.
    pub fn rfc3339(self) -> String {
        format!("{:.6}", self.timestamp())
    }

    /// The moment `microseconds` later (earlier, when negative).
    #[must_use]
    pub const fn plus(self, microseconds: i64) -> Self {
        Self(self.0.saturating_add(microseconds))
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// Where the time comes from. It may go back: nothing may rely on it growing.
pub trait Clock: Send + Sync {
    /// The moment now.
    fn now(&self) -> Micros;
}

/// Where randomness comes from. Every byte must be unpredictable outside tests.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the machine's clock is read"
    )]
    fn now(&self) -> Micros {
        Micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// The operating system's random number generator. It is asked for a block at a time, for each thread: a call costs more
/// than the few bytes that an event needs of it at once. A byte is wiped here when it is handed out.
#[derive(Debug, Default)]
pub struct SystemEntropy;

/// How many bytes are asked for at once.
const BLOCK: usize = 512;

/// Random bytes that nobody has had: the first `left` ones.
#[derive(ZeroizeOnDrop)]
struct Block {
    bytes: [u8; BLOCK],
    left: usize,
}

thread_local! {
    static BLOCK_OF_THREAD: RefCell<Block> = const {
        RefCell::new(Block { bytes: [0; BLOCK], left: 0 })
    };
}

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the system's randomness is read"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        const NONE: &str = "the operating system gives random bytes, or nothing may go on";
        if bytes.len() > BLOCK {
            return getrandom::fill(bytes).expect(NONE);
        }
        BLOCK_OF_THREAD.with_borrow_mut(|block| {
            if block.left < bytes.len() {
                getrandom::fill(&mut block.bytes).expect(NONE);
                block.left = BLOCK;
            }
            let from = block.left - bytes.len();
            let taken = &mut block.bytes[from..block.left];
            bytes.copy_from_slice(taken);
            taken.zeroize();
            block.left = from;
        });
    }
}

/// A clock that a test sets by hand.
#[derive(Debug)]
pub struct ManualClock(Mutex<Micros>);

impl ManualClock {
    /// A clock that shows `now` until it is told otherwise.
    pub fn at(now: Micros) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock by `microseconds`, back when negative.
    pub fn advance(&self, microseconds: i64) {
        let mut now = self.0.lock().expect("no holder of this lock panics");
        *now = now.plus(microseconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Micros {
        *self.0.lock().expect("no holder of this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_random_byte_is_given_twice() {
        let entropy: &dyn Entropy = &SystemEntropy;
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1_000 {
            assert!(seen.insert(entropy.bytes::<16>()));
        }
        let mut long = [0; 2 * BLOCK];
        entropy.fill(&mut long);
        assert!(long.as_chunks::<16>().0.iter().all(|one| seen.insert(*one)));
    }
}
