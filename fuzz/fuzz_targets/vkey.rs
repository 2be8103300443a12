//! Feeds whatever comes to what reads a verifier key.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::vkey(bytes));
