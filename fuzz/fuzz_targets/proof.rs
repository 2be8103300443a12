//! Feeds whatever comes to what reads inclusion and consistency proofs.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::proof(bytes));
