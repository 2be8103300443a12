//! Feeds whatever comes to what reads an entry bundle, and a tile of hashes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::bundle(bytes));
