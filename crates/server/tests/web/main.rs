//! The dashboard, asked as a browser asks.

#![expect(
    unreachable_pub,
    reason = "a test has no other crate to be documented for"
)]

mod account;
mod authenticator;
mod code;
mod invitations;
mod json;
mod known;
mod lines;
mod live;
mod meanwhile;
mod missing;
mod pages;
mod passkeys;
mod phone;
mod proof;
mod rates;
mod reverse_etl;
mod roles;
mod sessions;
mod site;
mod team;
mod told;
mod tries;
mod types;
mod walk;
