//! What tests of this and other crates need and a server must never have: real databases to throw away.
//!
//! Only with the feature `testing`, which nothing but a dev-dependency turns on.

mod operator;
mod postgres;
mod raw;

pub use operator::Operator;
pub use postgres::{Durability, Postgres};
pub use raw::{Cell, Raw};

/// A folder of the test's own, removed when the value is dropped.
///
/// It is made where `TMPDIR` says, otherwise in `/tmp`.
pub fn temp_dir() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("annals-test-")
        .tempdir()
        .expect("a temporary folder can be made")
}
