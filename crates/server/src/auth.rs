//! Who asks: tokens, sessions and passwords.

pub mod cookies;
pub mod csrf;
pub mod password;
pub mod secret;
pub mod session;
