//! The HTTP API, request by request, against the whole router and a real store.

mod access;
mod accounts;
mod answers;
mod clients;
mod code;
mod data_plane;
mod definitions;
mod events;
mod input;
mod live;
mod log;
mod namespaces;
mod no_verdict;
mod permissions;
mod privacy;
mod proof;
mod rates;
mod reading;
mod retl;
mod secrets;
mod support;
mod team;
mod terraform;
mod together;
mod transformer;
