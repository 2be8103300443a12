//! The conformance suite of the store: one rule, one test, on both databases wherever the rule concerns both.

#![expect(
    unreachable_pub,
    reason = "what the modules of one test program share is not an interface"
)]

mod append_only;
mod concurrency;
mod definitions;
mod erasures;
mod faults_postgres;
mod faults_sqlite;
mod index;
mod keys;
mod killed;
mod lists;
mod missing_keys;
mod outbox;
mod perform;
mod publish;
mod refusals;
mod sealed;
mod support;
mod threads;
mod tree;
mod upkeep;
mod who;
