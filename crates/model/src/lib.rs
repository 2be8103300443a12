//! The words of Annals: people, things, roles, the catalogue of events, definitions, and the bytes of an entry.
//!
//! Nothing here performs I/O. Time and randomness come from the [`clock::Clock`] and [`clock::Entropy`] that are passed
//! in; their system versions stand in one file, so that a test can replay a day.

pub mod actor;
pub mod canonical;
pub mod catalogue;
pub mod change;
pub mod clock;
pub mod code;
pub mod config;
pub mod definition;
pub mod entry;
pub mod erasures;
pub mod id;
pub mod interface;
pub mod part;
pub mod role;
pub mod settings;
pub mod things;
