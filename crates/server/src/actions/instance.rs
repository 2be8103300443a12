//! The instance.

pub mod set_up;
