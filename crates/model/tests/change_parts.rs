//! What stands in the parts of an event.

use model::change::{
    Change, ChangeKind, Digest, MAX_PARTS, MAX_VALUE, Segment, Visibility, diff, from_part,
    texts_of_part, to_parts,
};
use serde_json::{Value, json};

fn clear(_: &[Segment<'_>], _: &Value) -> Visibility {
    Visibility::Clear
}

/// The values of the parts.
fn values(changes: &[Change]) -> Vec<Value> {
    let texts = to_parts(changes).into_iter();
    texts
        .map(|text| serde_json::from_str(&text).expect("JSON"))
        .collect()
}

fn between(before: &Value, after: &Value) -> String {
    to_parts(&diff(Some(before), Some(after), &clear)).join("\n")
}

#[test]
fn a_long_value_is_recorded_by_length_and_hash() {
    let fits = "x".repeat(MAX_VALUE - 2); // with its two quotes just as long as may be
    let long = "x".repeat(MAX_VALUE - 1);
    assert!(between(&json!({"code": "a"}), &json!({"code": fits})).contains(&fits));
    insta::assert_snapshot!(between(&json!({"code": "abc"}), &json!({"code": long})), @r#"{"path":"code","large":{"before":{"bytes":3,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},"after":{"bytes":16383,"sha256":"d0f49ce40ce0b9625cb8bc972d093cb34b7a20f85e99f58cf0f38eddfbb15786"}}}"#);

    // Anything but a string is hashed as its compact JSON; absent stays absent, null is hashed.
    let array: Vec<u32> = (0..5000).collect();
    let json = json!(array).to_string();
    let changes = diff(
        Some(&json!({"a": null})),
        Some(&json!({"a": array, "b": array})),
        &clear,
    );
    let kinds: Vec<_> = changes.iter().map(|it| &it.kind).collect();
    let [
        ChangeKind::Large {
            before: Some(null),
            after: Some(one),
        },
        ChangeKind::Large {
            before: None,
            after: Some(other),
        },
    ] = kinds[..]
    else {
        panic!("{changes:?}");
    };
    assert_eq!((null.bytes, one.bytes), (4, json.len() as u64));
    assert_eq!(
        null.sha256,
        "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"
    );
    assert_eq!(one, other);
}

#[test]
fn more_changes_than_parts_share_the_last() {
    let of = |n: usize| {
        let members = (0..n).map(|n| (format!("k{n:04}"), json!(n)));
        diff(None, Some(&Value::Object(members.collect())), &clear)
    };
    let parts = values(&of(MAX_PARTS));
    assert_eq!(parts.len(), 64);
    assert_eq!(parts[63], json!({"path": "k0063", "after": 63}));

    let parts = values(&of(MAX_PARTS + 1));
    assert_eq!(parts.len(), 64);
    assert_eq!(parts[62], json!({"path": "k0062", "after": 62}));
    assert_eq!(
        parts[63],
        json!({"rest": [{"path": "k0063", "after": 63}, {"path": "k0064", "after": 64}]})
    );
    assert_eq!(
        values(&of(3000))[63]["rest"].as_array().map(Vec::len),
        Some(3000 - 63)
    );
    assert_eq!(to_parts(&[]), Vec::<String>::new());
}

#[test]
fn a_part_is_read_back_as_it_was_written() {
    let digest = |bytes| Digest {
        bytes,
        sha256: "ab".repeat(32),
    };
    let kinds = [
        ChangeKind::Redacted,
        ChangeKind::Value {
            before: Some(Value::Null),
            after: None,
        },
        ChangeKind::Value {
            before: None,
            after: Some(json!({"rest": [], "path": "x"})),
        },
        ChangeKind::Large {
            before: None,
            after: Some(digest(1)),
        },
        ChangeKind::Large {
            before: Some(digest(2)),
            after: Some(digest(3)),
        },
    ];
    let changes: Vec<_> = (kinds.into_iter().cycle().take(100))
        .map(|kind| Change {
            path: "rest".into(),
            kind,
        })
        .collect();
    let parts = values(&changes);
    let read: Option<Vec<_>> = parts.into_iter().map(from_part).collect();
    assert_eq!(read.map(|it| it.concat()), Some(changes));

    for part in [
        json!(null),
        json!({}),
        json!({"path": 1}),
        json!({"path": "a", "redacted": false}),
        json!({"path": "a", "redacted": true, "before": 1}),
        json!({"path": "a", "more": 1}),
        json!({"path": "a", "large": {"before": {"bytes": -1, "sha256": ""}}}),
        json!({"rest": [{}]}),
        json!({"rest": 1}),
    ] {
        assert_eq!(from_part(part.clone()), None, "{part}");
    }
}

#[test]
fn the_texts_of_parts_are_those_of_the_changes_whose_parts_they_are() {
    for many in [0, 1, MAX_PARTS, MAX_PARTS + 1, MAX_PARTS + 70] {
        let after: serde_json::Map<_, _> = (0..many)
            .map(|one| (format!("key {one:03}"), json!(["\\ \"}", 1.0, null, one])))
            .collect();
        let changes = diff(None, Some(&Value::Object(after)), &clear);
        assert_eq!(changes.len(), many);
        let parts = to_parts(&changes);
        let texts: Vec<&str> = parts
            .iter()
            .flat_map(|part| texts_of_part(part).expect("a part"))
            .collect();
        let whole = serde_json::to_string(&changes).expect("JSON");
        assert_eq!(format!("[{}]", texts.join(",")), whole, "{many}");
    }
    for broken in [r#"{"rest":["#, r#"{"rest":1}"#, r#"{"rest":[],"more":1}"#] {
        assert_eq!(texts_of_part(broken), None, "{broken}");
    }
}
