//! Feeds whatever comes to what reads the text of a checkpoint.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::checkpoint(bytes));
