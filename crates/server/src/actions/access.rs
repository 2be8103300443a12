//! Who may change a single source or destination.

pub mod update;
