//! Sign-in and sign-out.

pub mod sign_in;
pub mod sign_out;
