//! model

pub mod change;
pub mod definition;
pub mod interface;
