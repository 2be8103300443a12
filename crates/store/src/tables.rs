//! The tables, one file each. Every write notes the row before and after in the transaction.

pub(crate) mod challenges;
pub(crate) mod connections;
pub(crate) mod definitions;
pub(crate) mod destinations;
pub(crate) mod erasures;
pub(crate) mod exports;
pub(crate) mod factors;
pub(crate) mod identity;
pub(crate) mod invitations;
pub(crate) mod links;
pub(crate) mod listing;
pub(crate) mod locks;
pub(crate) mod logs;
pub(crate) mod members;
pub(crate) mod names;
pub(crate) mod organizations;
pub(crate) mod outbox;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod sources;
pub(crate) mod tokens;
pub(crate) mod transformations;
pub(crate) mod views;
pub(crate) mod workspaces;
