//! model

pub mod canonical;
pub mod entry;
pub mod part;
