//! The organization.

pub mod update;
