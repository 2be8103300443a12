//! Logs themselves: going on after a recovery, and the keys that sign them.

pub mod recover;
pub mod rotate_key;
