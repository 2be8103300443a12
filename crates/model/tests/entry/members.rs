//! Which members an entry has, and of what type.

use model::entry::{Entry, EntryError};
use serde_json::{Value, json};

use crate::{
    samples::{full, least, text},
    spoil::{parse, with, without, wrong},
};

#[test]
fn members_that_every_entry_has_must_be_there() {
    let required = "action actor actor/type at id imported/at imported/id outcome parts related/0/type \
        request sequence target target/type v";
    for member in required.split(' ') {
        let error = EntryError::Missing {
            member: member.replace('/', "."),
        };
        assert_eq!(without(&format!("/{member}")), Err(error));
    }
}

#[test]
fn members_that_are_optional_may_be_left_out() {
    let optional = "actor/id actor/onBehalfOf actor/session actor/token changes code facts imported \
        organization related related/0/id subjects target/id workspace";
    for member in optional.split(' ') {
        let entry = without(&format!("/{member}")).expect(member);
        assert_ne!(entry, full(), "{member}");
        assert!(
            Entry::parse(text(&entry).as_bytes()) == Ok(entry),
            "{member}"
        );
    }
}

#[test]
fn other_members_are_refused_at_every_level() {
    for place in ["", "/actor", "/imported", "/related/0", "/target"] {
        for name in ["x", "Type", "on_behalf_of", ""] {
            let member = format!("{place}/{name}")[1..].replace('/', ".");
            let error = with(&format!("{place}/{name}"), json!("x")).expect_err("not a member");
            assert_eq!(error, EntryError::Unknown { member });
        }
    }
}

#[test]
fn every_member_has_its_type_and_null_is_none() {
    let strings = "action actor/id actor/onBehalfOf actor/session actor/token actor/type at changes/0 \
        code id imported/at imported/id organization outcome parts/actor related/0/id \
        related/0/type request subjects/actor target/id target/type workspace";
    let objects = "actor facts imported parts related/0 subjects target";
    let arrays = ["changes", "related"];
    let samples = [
        json!(null),
        json!(true),
        json!(7),
        json!("text"),
        json!(["text"]),
        json!({"x": "text"}),
    ];
    let refused = |member: &str, must: &str, sample: &Value| {
        let (named, says) = wrong(with(&format!("/{member}"), sample.clone()));
        assert_eq!((named, says), (member.replace('/', "."), must), "{sample}");
    };
    for sample in &samples {
        for member in strings.split(' ').filter(|_| !sample.is_string()) {
            refused(member, "a string", sample);
        }
        for member in objects.split(' ').filter(|_| !sample.is_object()) {
            refused(member, "an object", sample);
        }
        for member in arrays.into_iter().filter(|_| !sample.is_array()) {
            refused(member, "an array", sample);
        }
        if !sample.is_number() {
            refused("sequence", "an integer from 0 to 2^53 − 1", sample);
            assert_eq!(
                with("/v", sample.clone()),
                Err(EntryError::Version),
                "{sample}"
            );
        }
        if !sample.is_object() {
            assert_eq!(wrong(parse(sample)), ("entry".to_owned(), "an object"));
        }
    }
}

#[test]
fn an_empty_member_is_left_out_and_nothing_else() {
    let empty = [
        ("changes", json!([])),
        ("facts", json!({})),
        ("related", json!([])),
        ("subjects", json!({})),
    ];
    for (member, nothing) in empty {
        let refused = wrong(with(&format!("/{member}"), nothing));
        assert_eq!(refused, (member.to_owned(), "left out when it is empty"));
    }
    let entry = Entry {
        facts: Some(json!({})),
        ..least()
    };
    assert_eq!(text(&entry), text(&least()));
    assert!(
        text(&least()).contains(r#""parts":{}"#),
        "parts are not optional"
    );
}
