//! Canonical JSON: what is written, what is refused, and that nothing lies between.

use model::canonical::{
    CanonicalError, MAX_INTEGER, NotCanonical, check_canonical, parse_canonical, to_canonical,
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

fn written(value: &Value) -> String {
    String::from_utf8(to_canonical(value).expect("a value with a form")).expect("UTF-8")
}

/// Any value that may have a canonical form, with keys in any order (seldom too deep).
fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x22\\\\/\u{7f}\u{2028}\u{fffd}😀]{0,6}".prop_map(Value::from),
    ];
    scalar.prop_recursive(8, 40, 5, |inner| {
        let key = prop_oneof!["[a-c\u{e000}\u{ffff}😀\"\\n]{0,3}", any::<String>()];
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((key, inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

#[test]
fn keys_are_in_the_order_of_utf_16_code_units() {
    // The example of RFC 8785, section 3.2.3; by UTF-8 the last two would stand the other way.
    let value = json!({
        "\u{20ac}": "Euro Sign",
        "\r": "Carriage Return",
        "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "😀": "Emoji: Grinning Face",
        "\u{80}": "Control",
        "ö": "Latin Small Letter O With Diaeresis",
    });
    assert_eq!(
        written(&value),
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
         \"ö\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\",\
         \"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
    );
}

#[test]
fn strings_have_only_the_escapes_that_they_need() {
    // RFC 8785, section 3.2.2.2; DEL and the line separators stand for themselves.
    let value = json!("\u{0}\u{8}\t\n\u{b}\u{c}\r\u{1f}\"\\/\u{7f}\u{2028}é😀");
    assert_eq!(
        written(&value),
        "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\u{7f}\u{2028}é😀\""
    );
}

#[test]
fn the_smallest_forms_are_these() {
    for text in [
        "null", "true", "false", "0", "-1", "\"\"", "[]", "{}", "[[],{}]", "{\"\":0}",
    ] {
        assert_eq!(check_canonical(text.as_bytes()), Ok(()), "{text}");
    }
}

#[test]
fn integers_end_at_2_to_the_53_less_1() {
    for text in ["9007199254740991", "-9007199254740991"] {
        assert_eq!(check_canonical(text.as_bytes()), Ok(()), "{text}");
    }
    let endless = "1".repeat(400);
    for text in [
        "9007199254740992",
        "-9007199254740992",
        "-9223372036854775808",
        &endless,
    ] {
        let error = CanonicalError {
            reason: NotCanonical::IntegerRange,
            at: 0,
        };
        assert_eq!(
            check_canonical(text.as_bytes()),
            Err(error.clone()),
            "{text}"
        );
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(to_canonical(&value), Err(error), "{text}");
    }
}

#[test]
fn what_is_not_an_integer_in_shortest_form_is_neither_read_nor_written() {
    let floats = ["1.0", "0.5", "1e3", "1E3", "1e-3", "-0.0"].map(|t| (t, NotCanonical::Float));
    for (text, reason) in floats
        .into_iter()
        .chain([("-0", NotCanonical::IntegerForm)])
    {
        let error = CanonicalError { reason, at: 5 };
        let text = format!("{{\"a\":{text}}}");
        assert_eq!(
            check_canonical(text.as_bytes()),
            Err(error.clone()),
            "{text}"
        );
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(to_canonical(&value), Err(error), "{text}");
    }
    let refused = |value| to_canonical(&value).expect_err("no form").reason;
    assert_eq!(refused(json!(1.0)), NotCanonical::Float);
    assert_eq!(refused(json!(1e300)), NotCanonical::Float);
    assert_eq!(refused(json!(u64::MAX)), NotCanonical::IntegerRange);
}

#[test]
fn bytes_in_another_form_are_refused_with_the_reason_and_the_place() {
    use NotCanonical as N;
    let cases: &[(&[u8], N, usize)] = &[
        (b"", N::End, 0),
        (b"[", N::End, 1),
        (b"{\"a\"", N::End, 4),
        (b"\"abc", N::End, 4),
        (b"\xef\xbb\xbf{}", N::Unexpected, 0),
        (b" {}", N::Unexpected, 0),
        (b"{ }", N::Unexpected, 1),
        (b"[1, 2]", N::Unexpected, 3),
        (b"{\"a\" :1}", N::Unexpected, 4),
        (b"{\"a\":1}\n", N::Trailing, 7),
        (b"{}{}", N::Trailing, 2),
        (b"{}\0", N::Trailing, 2),
        (b"[1,]", N::Unexpected, 3),
        (b"[,1]", N::Unexpected, 1),
        (b"{\"a\":1,}", N::Unexpected, 7),
        (b"{a:1}", N::Unexpected, 1),
        (b"{1:1}", N::Unexpected, 1),
        (b"'a'", N::Unexpected, 0),
        (b"nul", N::Unexpected, 0),
        (b"True", N::Unexpected, 0),
        (b"NaN", N::Unexpected, 0),
        (b"Infinity", N::Unexpected, 0),
        (b"/**/1", N::Unexpected, 0),
        (b"+1", N::Unexpected, 0),
        (b".5", N::Unexpected, 0),
        (b"01", N::IntegerForm, 0),
        (b"-01", N::IntegerForm, 0),
        (b"-", N::IntegerForm, 0),
        (b"--1", N::IntegerForm, 0),
        (b"1-1", N::IntegerForm, 0),
        (b"0x10", N::Trailing, 1),
        (b"{\"b\":1,\"a\":2}", N::KeyOrder, 7),
        (b"{\"a\":1,\"a\":1}", N::DuplicateKey, 7),
        (b"{\"a\":1,\"b\":1,\"a\":1}", N::KeyOrder, 13),
        ("{\"\u{fb33}\":1,\"😀\":1}".as_bytes(), N::KeyOrder, 9),
        (br#""\/""#, N::Escape, 1),
        (br#""\u0041""#, N::Escape, 1),
        (br#""\u000a""#, N::Escape, 1),
        (br#""\u0022""#, N::Escape, 1),
        (br#""\u001F""#, N::Escape, 1),
        (br#""\u0020""#, N::Escape, 1),
        (br#""\u007f""#, N::Escape, 1),
        (br#""\u2028""#, N::Escape, 1),
        (br#""\ud83d\ude00""#, N::Escape, 1),
        (br#""\ud800""#, N::Escape, 1),
        (br#""\u00""#, N::Escape, 1),
        (br#""\x41""#, N::Escape, 1),
        (b"\"\\", N::Escape, 1),
        (b"\"a\nb\"", N::ControlCharacter, 2),
        (b"\"\0\"", N::ControlCharacter, 1),
        (b"\"\xed\xa0\x80\"", N::Utf8, 1),
        (b"\"\xc0\xaf\"", N::Utf8, 1),
        (b"\"\xff\"", N::Utf8, 1),
    ];
    for (bytes, reason, at) in cases {
        let error = CanonicalError {
            reason: *reason,
            at: *at,
        };
        assert_eq!(
            check_canonical(bytes),
            Err(error),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn eight_levels_are_allowed_and_nine_are_not() {
    let error = CanonicalError {
        reason: NotCanonical::Depth,
        at: 8,
    };
    let text = |levels: usize| ["[".repeat(levels), "]".repeat(levels)].concat();
    assert_eq!(check_canonical(text(8).as_bytes()), Ok(()));
    assert_eq!(check_canonical(text(9).as_bytes()), Err(error.clone()));
    let value = |levels| (0..levels - 1).fold(json!([]), |value, _| json!([value]));
    assert_eq!(written(&value(8)), text(8));
    assert_eq!(to_canonical(&value(9)), Err(error));

    let error = CanonicalError {
        reason: NotCanonical::Depth,
        at: 8 * "{\"a\":".len(),
    };
    let text = |levels: usize| ["{\"a\":".repeat(levels), "1".into(), "}".repeat(levels)].concat();
    assert_eq!(check_canonical(text(8).as_bytes()), Ok(()));
    assert_eq!(check_canonical(text(9).as_bytes()), Err(error.clone()));
    let value = |levels| (0..levels).fold(json!(1), |value, _| json!({ "a": value }));
    assert_eq!(written(&value(8)), text(8));
    assert_eq!(to_canonical(&value(9)), Err(error));
}

#[test]
fn hostile_nesting_does_not_exhaust_the_stack() {
    for opening in ["[", "{\"a\":"] {
        let error = check_canonical(opening.repeat(1_000_000).as_bytes()).expect_err("too deep");
        assert_eq!(error.reason, NotCanonical::Depth);
    }
}

#[test]
fn keys_that_other_readers_take_for_marks_are_keys() {
    let text = r#"{"$serde_json::private::Number":"1","$serde_json::private::RawValue":"[]"}"#;
    let value = parse_canonical(text.as_bytes()).expect("an object with two keys");
    assert_eq!(value.as_object().map(Map::len), Some(2));
    assert_eq!(written(&value), text);
}

#[test]
fn an_error_says_what_and_where() {
    let error = check_canonical(b"{\"a\":1.5}").expect_err("a float");
    insta::assert_snapshot!(
        error,
        @"not canonical JSON at byte 5: a number must be an integer, without fraction or exponent"
    );
}

proptest! {
    #[test]
    fn a_value_comes_back_from_its_form(value in values()) {
        let bytes = to_canonical(&value);
        prop_assume!(bytes.is_ok());
        let bytes = bytes.expect("just assumed");
        prop_assert_eq!(check_canonical(&bytes), Ok(()));
        let back = parse_canonical(&bytes).expect("just checked");
        prop_assert_eq!(&back, &value);
        prop_assert_eq!(&to_canonical(&back).expect("it has a form"), &bytes);
        // An independent reader sees the same value.
        let theirs: Value = serde_json::from_slice(&bytes).expect("JSON");
        prop_assert_eq!(&theirs, &value);
    }

    #[test]
    fn a_changed_byte_is_refused_or_another_value(
        value in values(), place: prop::sample::Index, bits in 1_u8..,
    ) {
        let bytes = to_canonical(&value);
        prop_assume!(bytes.is_ok());
        let mut changed = bytes.expect("just assumed");
        let place = place.index(changed.len());
        changed[place] ^= bits;
        if let Ok(other) = parse_canonical(&changed) {
            prop_assert_ne!(other, value);
        }
    }

    #[test]
    fn a_byte_more_or_less_is_refused_or_another_value(
        value in values(), place: prop::sample::Index, byte: u8,
    ) {
        let bytes = to_canonical(&value);
        prop_assume!(bytes.is_ok());
        let mut longer = bytes.expect("just assumed");
        let mut shorter = longer.clone();
        longer.insert(place.index(shorter.len() + 1), byte);
        shorter.remove(place.index(shorter.len()));
        for changed in [longer, shorter] {
            if let Ok(other) = parse_canonical(&changed) {
                prop_assert_ne!(&other, &value);
            }
        }
    }

    /// Whatever the strict reader takes is what the writer would have written: there is one form.
    #[test]
    fn what_is_taken_is_written_the_same_way(
        text in "([\\[{][\\[\\]{},:\"a0-9.eE \\\\un/-]{0,12}[\\]}]|-?[0-9.eE+-]{1,5}|\"[\\\\\"/bfu01a\\x01]{0,8}\")",
    ) {
        if let Ok(value) = parse_canonical(text.as_bytes()) {
            prop_assert_eq!(written(&value), text);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..64)) {
        let _: Result<(), CanonicalError> = check_canonical(&bytes);
    }
}
