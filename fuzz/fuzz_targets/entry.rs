//! Feeds whatever comes to what reads an entry.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::entry(bytes));
