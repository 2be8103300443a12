//! Sessions.

pub mod revoke;
pub mod sign_in;
pub mod sign_out;
