//! Who belongs to an organization.

pub mod add;
