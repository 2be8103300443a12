//! The dashboard, made on the server: pages that work without a script, and are shorter ways with one.

pub mod view;
