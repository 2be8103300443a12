//! The conformance suite of the store: one rule, one test, on both databases wherever the rule concerns both.

#![expect(
    unreachable_pub,
    reason = "what the modules of one test program share is not an interface"
)]

mod append_only;
mod concurrency;
mod perform;
mod refusals;
mod support;
mod who;
