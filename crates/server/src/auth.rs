//! Who asks: tokens, sessions and passwords.

pub mod password;
pub mod secret;
