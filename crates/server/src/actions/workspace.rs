//! Workspaces.

pub mod update;
