//! Feeds whatever comes to what reads canonical JSON.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::canonical(bytes));
