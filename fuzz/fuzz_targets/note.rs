//! Feeds whatever comes to what reads a signed note, and its signatures under a key that is known.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::note(bytes));
