//! model

pub mod change;
pub mod config;
pub mod definition;
pub mod interface;
