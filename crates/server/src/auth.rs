//! Who asks: tokens, sessions and passwords.

pub mod basic;
pub mod challenge;
pub mod cookies;
pub mod csrf;
pub mod hosted;
pub mod limits;
pub mod passkey;
pub mod password;
pub mod phone;
pub mod second;
pub mod secret;
pub mod session;
pub mod strength;
