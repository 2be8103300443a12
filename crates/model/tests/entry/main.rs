//! The entry: one form, written and read, and everything else refused.

mod members;
mod properties;
mod rules;
mod samples;
mod spoil;

use model::entry::Entry;

use samples::{full, least, text};

#[test]
fn a_full_entry_reads_like_this() {
    insta::assert_snapshot!(text(&full()), @r#"{"action":"destination.updated","actor":{"id":"usr_1","onBehalfOf":"usr_2","session":"ses_1","token":"tok_1","type":"service"},"at":"2026-11-22T23:28:00.123456Z","changes":["3ndAALyCY3QFhrSDLSgEgK5ro3n16hntMVBhr7F7vqU","OjpCb00e_iIgasKXIm2-4vnJsFyRLLNuDGf97jKYtAQ"],"code":"forbidden","facts":{"count":3,"first":7,"last":9},"id":"0ujtsYcgvSTl8PAuAdqWYSMnLOv","imported":{"at":"1970-01-01T00:00:00.000000Z","id":"OjpCb00e_iIgasKXIm2-4vnJsFyRLLNuDGf97jKYtAQ"},"organization":"org_1","outcome":"denied","parts":{"actor":"3ndAALyCY3QFhrSDLSgEgK5ro3n16hntMVBhr7F7vqU","detail":"OjpCb00e_iIgasKXIm2-4vnJsFyRLLNuDGf97jKYtAQ","origin":"OjpCb00e_iIgasKXIm2-4vnJsFyRLLNuDGf97jKYtAQ","target":"OjpCb00e_iIgasKXIm2-4vnJsFyRLLNuDGf97jKYtAQ"},"related":[{"id":"src_1","type":"source"}],"request":"req_1","sequence":184223,"subjects":{"actor":"usr_2","changes/0":"usr_3"},"target":{"id":"dst_1","type":"destination"},"v":1,"workspace":"wsp_1"}"#);
}

#[test]
fn the_least_entry_leaves_out_all_that_is_optional() {
    insta::assert_snapshot!(text(&least()), @r#"{"action":"started","actor":{"type":"system"},"at":"1970-01-01T00:00:00.000000Z","id":"0ujtsYcgvSTl8PAuAdqWYSMnLOv","outcome":"success","parts":{},"request":"req_1","sequence":0,"target":{"type":"instance"},"v":1}"#);
}

#[test]
fn both_come_back() {
    for entry in [full(), least()] {
        assert_eq!(Entry::parse(text(&entry).as_bytes()), Ok(entry));
    }
}
