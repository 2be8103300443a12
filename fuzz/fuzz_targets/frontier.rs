//! Feeds whatever comes to what reads the right edge of a log.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::frontier(bytes));
