//! Feeds whatever comes to what reads the path of a tile.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::tile_path(bytes));
