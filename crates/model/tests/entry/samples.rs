//! Entries to try things on.

use std::collections::BTreeMap;

use model::entry::{Entry, EntryActor, EntryTarget, Imported, Outcome};
use serde_json::json;

pub(crate) const COMMITMENT: &str = "3ndAALyCY3QFhrSDLSgEgK5ro3n16hntMVBhr7F7vqU";
pub(crate) const OTHER: &str = "OjpCb00e_iIgasKXIm2-4vnJsFyRLLNuDGf97jKYtAQ";
pub(crate) const AT: i64 = 1_795_390_080_123_456;

pub(crate) fn map(members: &[(&str, &str)]) -> BTreeMap<String, String> {
    members
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// An entry with every member.
pub(crate) fn full() -> Entry {
    Entry {
        action: "destination.updated".to_owned(),
        actor: EntryActor {
            id: Some("usr_1".to_owned()),
            on_behalf_of: Some("usr_2".to_owned()),
            session: Some("ses_1".to_owned()),
            token: Some("tok_1".to_owned()),
            r#type: "service".to_owned(),
        },
        at: AT,
        changes: vec![COMMITMENT.to_owned(), OTHER.to_owned()],
        code: Some("forbidden".to_owned()),
        facts: Some(json!({"last": 9, "first": 7, "count": 3})),
        id: "0ujtsYcgvSTl8PAuAdqWYSMnLOv".to_owned(),
        imported: Some(Imported {
            at: 0,
            id: OTHER.to_owned(),
        }),
        organization: Some("org_1".to_owned()),
        outcome: Outcome::Denied,
        parts: map(&[
            ("actor", COMMITMENT),
            ("origin", OTHER),
            ("target", OTHER),
            ("detail", OTHER),
        ]),
        related: vec![EntryTarget {
            id: Some("src_1".to_owned()),
            r#type: "source".to_owned(),
        }],
        request: "req_1".to_owned(),
        sequence: 184_223,
        subjects: map(&[("changes/0", "usr_3"), ("actor", "usr_2")]),
        target: EntryTarget {
            id: Some("dst_1".to_owned()),
            r#type: "destination".to_owned(),
        },
        workspace: Some("wsp_1".to_owned()),
    }
}

/// An entry with no member that may be left out.
pub(crate) fn least() -> Entry {
    Entry {
        action: "started".to_owned(),
        actor: EntryActor {
            id: None,
            on_behalf_of: None,
            session: None,
            token: None,
            r#type: "system".to_owned(),
        },
        at: 0,
        changes: Vec::new(),
        code: None,
        facts: None,
        id: "0ujtsYcgvSTl8PAuAdqWYSMnLOv".to_owned(),
        imported: None,
        organization: None,
        outcome: Outcome::Success,
        parts: BTreeMap::new(),
        related: Vec::new(),
        request: "req_1".to_owned(),
        sequence: 0,
        subjects: BTreeMap::new(),
        target: EntryTarget {
            id: None,
            r#type: "instance".to_owned(),
        },
        workspace: None,
    }
}

pub(crate) fn text(entry: &Entry) -> String {
    String::from_utf8(entry.to_bytes().expect("an entry with a form")).expect("UTF-8")
}
