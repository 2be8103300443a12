//! model

pub mod canonical;
pub mod part;
