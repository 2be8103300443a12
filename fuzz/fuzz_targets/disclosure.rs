//! Feeds whatever comes to what reads what opens a sealed part, and the name of a part.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::disclosure(bytes));
