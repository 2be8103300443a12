//! The memory: what is remembered, and [`Store::perform`], the only way to change it.
//!
//! A change and the events that record it commit in one transaction. Nothing outside this crate can write SQL, and only
//! this crate can make a [`Tx`] or a [`Recorded`], so forgetting an event cannot commit.

mod acting;
mod action;
mod append;
pub mod bench;
mod cipher;
mod db;
mod disclose;
mod env;
mod error;
mod guard;
mod keyring;
mod keys;
mod migrate;
mod publish;
mod refusal;
mod seal;
mod search;
mod seen;
mod spread;
mod store;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;
mod tree;
mod tx;
mod upkeep;
mod writer;

pub use acting::Acting;
pub use action::{Action, Changed, Done, Fact, Need, Reads, Recorded, Resource, Scope, Target};
pub use db::{DbError, Location};
pub use disclose::{Disclosed, Opened};
pub use error::{Error, Result};
pub use guard::{Guard, Kept};
pub use keys::KeyFile;
pub use publish::{Failure, Publisher, Refusal, Signed};
pub use search::{Event, Hidden, MOST_BYTES, Order, Page, Query};
pub use spread::spread;
pub use store::{Instance, Keeping, Options, Performing, Store, migrate};
pub use tables::accounts::AccountRow;
pub use tables::challenges::{Challenge, NewChallenge};
pub use tables::configuration::{
    Configuration, Configured, ConfiguredDestination, ConfiguredSource, ConfiguredTransformation,
    DataPlane,
};
pub use tables::destinations::DestinationRow;
pub use tables::erasures::{Erased, Erasure};
pub use tables::identity::normalized_email;
pub use tables::listing::{After, Listing};
pub use tables::locks::Lock;
pub use tables::names::Known;
pub use tables::outbox::{BY, Letter, Message, Way};
pub use tables::setup::SetUpLink;
pub use tables::sources::SourceRow;
pub use tables::told::{ToldSettings, Types};
pub use tables::watches::{Watch, Watchable, Watched};
pub use tree::{Log, Published};
pub use tx::{Rx, Tx};
pub use upkeep::Upkeep;
