//! Feeds whatever comes to what reads a tlog-policy.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::policy(bytes));
