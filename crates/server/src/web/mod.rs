//! The dashboard: pages drawn by the server, one style sheet, one small script.

pub mod view;
