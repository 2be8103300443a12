//! The one binary of Annals.
fn main() {}
