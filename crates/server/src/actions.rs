//! What people and programs can do. One thing is one file, `<noun>/<verb>.rs`: its permissions, its rule, its events. The
//! API, the page and the command line all come through here.

pub mod access;
pub mod account;
pub mod audit_log;
pub mod connection;
pub mod definition;
pub mod destination;
pub mod factor;
pub mod input;
pub mod instance;
pub mod invitation;
pub mod log;
pub mod member;
pub mod organization;
pub mod outside_account;
pub mod privacy;
pub mod retl_connection;
pub mod retl_source;
pub mod session;
pub mod source;
pub mod token;
pub mod transformation;
pub mod workspace;
