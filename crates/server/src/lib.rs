//! The doors: what people and programs can do ([`actions`]), how they ask for it ([`api`], [`web`]), and who they are
//! ([`auth`]).

pub mod actions;
pub mod api;
pub mod app;
pub mod audit;
pub mod auth;
mod connections;
pub mod dataplane;
pub mod definitions;
pub mod export;
pub mod invite;
pub mod mail;
pub mod notice;
pub mod outbox;
pub mod outgoing;
pub mod privacy;
pub mod problem;
pub mod publishing;
pub mod rates;
pub mod request;
pub mod schema;
pub mod serve;
pub mod sms;
pub mod syntax;
pub mod transformer;
pub mod web;
pub mod workspace_file;
