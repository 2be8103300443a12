//! The organization.

pub mod create;
pub mod update;
