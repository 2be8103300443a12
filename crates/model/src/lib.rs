//! model

pub mod definition;
pub mod interface;
