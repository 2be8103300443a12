//! Reading the audit log is itself an event.

pub mod export;
pub mod view;
