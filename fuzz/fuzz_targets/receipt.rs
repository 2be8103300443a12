//! Feeds whatever comes to what reads a tlog-proof.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::receipt(bytes));
