//! model

pub mod interface;
