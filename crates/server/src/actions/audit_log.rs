//! Reading the audit log is itself an event.

pub mod view;
