//! What the members of an entry may hold, and how large it is.

use model::{
    canonical::{NotCanonical, check_canonical},
    entry::{Entry, EntryError, Imported, MAX_BYTES, Outcome},
};
use serde_json::json;

use crate::{
    samples::{COMMITMENT, OTHER, full, map, text},
    spoil::{parse, with, wrong},
};

#[test]
fn only_version_1_is_read() {
    for version in [0, 2, -1, 10] {
        assert_eq!(with("/v", json!(version)), Err(EntryError::Version));
    }
    // A later version is named as such, whatever members it has.
    assert_eq!(
        parse(&json!({"v": 2, "new": true})),
        Err(EntryError::Version)
    );
}

#[test]
fn an_entry_of_another_format_is_refused() {
    let other = br#"{"action":"contact.update","actor":{"id":"u_7Qm2","kind":"user"},"at":"2026-11-22T23:28:00.123456Z","id":"0193f0a0-7c00-7000-8000-000000000001","target":{"id":"c_918273","kind":"contact"},"v":1,"ws":"ws_1"}"#;
    assert_eq!(check_canonical(other), Ok(()));
    assert_eq!(
        Entry::parse(other),
        Err(EntryError::Missing {
            member: "actor.type".to_owned()
        })
    );
}

#[test]
fn bytes_that_are_not_canonical_are_refused() {
    let text = text(&full());
    let reason = |text: &str| match Entry::parse(text.as_bytes()) {
        Err(EntryError::Canonical(error)) => error.reason,
        other => panic!("expected another form, not {other:?}"),
    };
    assert_eq!(reason(&format!("{text}\n")), NotCanonical::Trailing);
    assert_eq!(reason(&format!(" {text}")), NotCanonical::Unexpected);
    assert_eq!(
        reason(&text.replace(":184223", ":184223.0")),
        NotCanonical::Float
    );
    assert_eq!(
        reason(&text.replace(":184223", ":0184223")),
        NotCanonical::IntegerForm
    );
    assert_eq!(
        reason(&text.replace("usr_1", r"\u0075sr_1")),
        NotCanonical::Escape
    );
    assert_eq!(
        reason(&text.replace(r#""v":1"#, r#""v":1,"v":1"#)),
        NotCanonical::DuplicateKey
    );
    assert_eq!(
        reason(&text.replace(r#"{"action""#, r#"{"v":1,"action""#)),
        NotCanonical::KeyOrder
    );
    assert_eq!(reason(""), NotCanonical::End);
}

#[test]
fn a_time_out_of_range_is_neither_written_nor_read() {
    let must = "a time in UTC like `2026-11-22T23:28:00.123456Z`, in the years 0001 to 9999";
    assert_eq!(
        wrong(
            Entry {
                at: i64::MAX,
                ..full()
            }
            .to_bytes()
        ),
        ("at".to_owned(), must)
    );
    let imported = Some(Imported {
        at: i64::MIN,
        id: OTHER.to_owned(),
    });
    let refused = wrong(Entry { imported, ..full() }.to_bytes());
    assert_eq!(refused, ("imported.at".to_owned(), must));
    for pointer in ["/at", "/imported/at"] {
        let (member, says) = wrong(with(pointer, json!("2026-11-22T23:28:00Z")));
        assert_eq!((member, says), (pointer[1..].replace('/', "."), must));
    }
}

#[test]
fn only_three_outcomes_are_known() {
    let outcomes = [Outcome::Success, Outcome::Denied, Outcome::Failed];
    for (outcome, text) in outcomes.into_iter().zip(["success", "denied", "failed"]) {
        assert_eq!(
            with("/outcome", json!(text)),
            Ok(Entry { outcome, ..full() })
        );
    }
    for text in ["", "Success", "failure", "success "] {
        assert_eq!(wrong(with("/outcome", json!(text))).0, "outcome");
    }
}

#[test]
fn a_sequence_number_is_an_index() {
    let last = (1 << 53) - 1;
    let entry = Entry {
        sequence: last,
        ..full()
    };
    assert_eq!(Entry::parse(text(&entry).as_bytes()), Ok(entry));
    assert_eq!(
        wrong(
            Entry {
                sequence: last + 1,
                ..full()
            }
            .to_bytes()
        )
        .0,
        "sequence"
    );
    assert_eq!(wrong(with("/sequence", json!(-1))).0, "sequence");
}

#[test]
fn only_commitments_stand_for_parts_and_changes() {
    let must = "a commitment: 256 bits in base64url, 43 characters";
    let others = [
        "",
        "Ada Lovelace",
        &COMMITMENT[1..],
        &format!("{COMMITMENT}="),
        &COMMITMENT.replace('U', "V"),
    ];
    for other in others {
        let entry = Entry {
            changes: vec![COMMITMENT.to_owned(), other.to_owned()],
            ..full()
        };
        assert_eq!(wrong(entry.to_bytes()), ("changes.1".to_owned(), must));
        assert_eq!(
            wrong(with("/changes/1", json!(other))),
            ("changes.1".to_owned(), must)
        );
        let entry = Entry {
            parts: map(&[("actor", other)]),
            ..full()
        };
        assert_eq!(wrong(entry.to_bytes()), ("parts.actor".to_owned(), must));
        assert_eq!(
            wrong(with("/parts/actor", json!(other))),
            ("parts.actor".to_owned(), must)
        );
    }
}

#[test]
fn parts_and_subjects_are_by_the_names_of_parts() {
    for name in ["", "Actor", "changes/0", "name"] {
        let entry = Entry {
            parts: map(&[(name, COMMITMENT)]),
            ..full()
        };
        assert_eq!(wrong(entry.to_bytes()).0, format!("parts.{name}"));
        let pointer = format!("/parts/{}", name.replace('/', "~1"));
        assert_eq!(
            wrong(with(&pointer, json!(COMMITMENT))).0,
            format!("parts.{name}")
        );
    }
    for name in ["", "Actor", "changes/64", "changes", "name"] {
        let entry = Entry {
            subjects: map(&[(name, "usr_1")]),
            ..full()
        };
        assert_eq!(wrong(entry.to_bytes()).0, format!("subjects.{name}"));
        let pointer = format!("/subjects/{}", name.replace('/', "~1"));
        assert_eq!(
            wrong(with(&pointer, json!("usr_1"))).0,
            format!("subjects.{name}")
        );
    }
}

#[test]
fn sixty_four_changes_fit_and_one_more_does_not() {
    let entry = |count| Entry {
        changes: vec![COMMITMENT.to_owned(); count],
        ..full()
    };
    assert_eq!(Entry::parse(text(&entry(64)).as_bytes()), Ok(entry(64)));
    assert_eq!(wrong(entry(65).to_bytes()).0, "changes");
    assert_eq!(
        wrong(with("/changes", json!(vec![COMMITMENT; 65]))).0,
        "changes"
    );
}

#[test]
fn facts_count_towards_the_depth_of_the_entry() {
    let nested = |levels| (0..levels).fold(json!(1), |value, _| json!({ "a": value }));
    let entry = Entry {
        facts: Some(nested(7)),
        ..full()
    };
    assert_eq!(Entry::parse(text(&entry).as_bytes()), Ok(entry));
    let error = Entry {
        facts: Some(nested(8)),
        ..full()
    }
    .to_bytes()
    .expect_err("too deep");
    assert!(matches!(error, EntryError::Canonical(error) if error.reason == NotCanonical::Depth));
}

#[test]
fn facts_are_an_object_without_floats() {
    let entry = |facts| Entry {
        facts: Some(facts),
        ..full()
    };
    for facts in [json!(null), json!("basis"), json!([1])] {
        assert_eq!(
            wrong(entry(facts).to_bytes()),
            ("facts".to_owned(), "an object")
        );
    }
    let error = entry(json!({"count": 1.5}))
        .to_bytes()
        .expect_err("a float");
    assert!(matches!(error, EntryError::Canonical(error) if error.reason == NotCanonical::Float));
}

#[test]
fn an_entry_ends_at_65_535_bytes() {
    assert_eq!(MAX_BYTES, 65_535);
    let rest = text(&Entry {
        request: String::new(),
        ..full()
    })
    .len();
    let entry = |bytes| Entry {
        request: "x".repeat(bytes - rest),
        ..full()
    };
    assert_eq!(text(&entry(MAX_BYTES)).len(), MAX_BYTES);
    assert_eq!(
        Entry::parse(text(&entry(MAX_BYTES)).as_bytes()),
        Ok(entry(MAX_BYTES))
    );
    let error = EntryError::TooLarge {
        bytes: MAX_BYTES + 1,
    };
    assert_eq!(entry(MAX_BYTES + 1).to_bytes(), Err(error.clone()));
    let longer = text(&entry(MAX_BYTES)).replacen('x', "xx", 1);
    assert_eq!(Entry::parse(longer.as_bytes()), Err(error));
}

#[test]
fn an_error_cannot_write_to_the_terminal() {
    let error = with("/\u{1b}[2J", json!(1))
        .expect_err("not a member")
        .to_string();
    insta::assert_snapshot!(error, @r"`\u{1b}[2J` is not a member of an entry of version 1");
}
