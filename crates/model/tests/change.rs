//! What a difference says.

use model::change::{Change, MAX_VALUE, Segment, Visibility, diff, path_text, to_parts};
use model::config::Matcher;
use model::definition::{Definitions, Kind, Secrecy};
use serde_json::{Value, json};

fn clear(_: &[Segment<'_>], _: &Value) -> Visibility {
    Visibility::Clear
}

fn lines(changes: &[Change]) -> String {
    let lines = to_parts(changes);
    lines.join("\n")
}

fn between(before: &Value, after: &Value) -> String {
    lines(&diff(Some(before), Some(after), &clear))
}

/// The difference of two configurations of a destination.
fn of_destination(name: &str, before: &Value, after: &Value) -> String {
    let matcher = Matcher::new(Secrecy::of(
        Definitions::own().find(Kind::Destination, name),
    ));
    let (before, after) = (json!({"config": before}), json!({"config": after}));
    lines(&diff(Some(&before), Some(&after), &matcher.at("config")))
}

#[test]
fn only_what_changed_is_given_ordered_by_path() {
    let before = json!({"name": "a", "enabled": true, "config": {"z": 1, "b": {"c": "x", "d": 1}}});
    let after = json!({"config": {"b": {"d": 2, "c": "x"}, "y": [], "z": 1}, "enabled": false, "name": "a"});
    insta::assert_snapshot!(between(&before, &after), @r#"
    {"path":"config.b.d","before":1,"after":2}
    {"path":"config.y","after":[]}
    {"path":"enabled","before":true,"after":false}
    "#);
}

#[test]
fn a_creation_gives_all_that_is_set_and_a_deletion_all_that_was() {
    let thing = json!({"name": "a", "config": {"list": [1, 2], "none": {}, "null": null, "to": {"it": ""}}});
    insta::assert_snapshot!(lines(&diff(None, Some(&thing), &clear)), @r#"
    {"path":"config.list","after":[1,2]}
    {"path":"config.none","after":{}}
    {"path":"config.null","after":null}
    {"path":"config.to.it","after":""}
    {"path":"name","after":"a"}
    "#);
    insta::assert_snapshot!(lines(&diff(Some(&thing), None, &clear)), @r#"
    {"path":"config.list","before":[1,2]}
    {"path":"config.none","before":{}}
    {"path":"config.null","before":null}
    {"path":"config.to.it","before":""}
    {"path":"name","before":"a"}
    "#);
    assert_eq!(diff(None, None, &clear), []);
    assert_eq!(diff(None, Some(&json!({})), &clear), []);
}

#[test]
fn null_is_a_value_and_absent_is_none() {
    insta::assert_snapshot!(between(&json!({"a": null, "b": null}), &json!({"b": 1, "c": null})), @r#"
    {"path":"a","before":null}
    {"path":"b","before":null,"after":1}
    {"path":"c","after":null}
    "#);
}

#[test]
fn the_order_of_keys_does_not_matter_and_that_of_arrays_does() {
    assert_eq!(
        between(&json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})),
        ""
    );
    insta::assert_snapshot!(between(&json!({"a": [1, 2]}), &json!({"a": [2, 1]})), @r#"{"path":"a","before":[1,2],"after":[2,1]}"#);
    assert_eq!(
        of_destination(
            "POSTGRES",
            &json!({"credentials": {"a": 1, "b": {"c": 1, "d": 2}}}),
            &json!({"credentials": {"b": {"d": 2, "c": 1}, "a": 1}})
        ),
        ""
    );
}

#[test]
fn arrays_of_objects_are_compared_by_element() {
    let consents = |names: &[&str]| {
        let all: Vec<_> = names.iter().map(|it| json!({"consent": it})).collect();
        json!({"web": [{"provider": "ketch", "consents": all}]})
    };
    insta::assert_snapshot!(between(&consents(&["a", "b"]), &consents(&["a", "c", "d"])), @r#"
    {"path":"web.0.consents.1.consent","before":"b","after":"c"}
    {"path":"web.0.consents.2.consent","after":"d"}
    "#);
    let eleven: Vec<_> = (0..11).map(|n| json!({"n": n})).collect();
    let changes = diff(None, Some(&json!({"l": eleven})), &clear);
    assert_eq!(changes[2].path, "l.2.n");
    assert_eq!(changes[10].path, "l.10.n", "indexes are ordered as numbers");
}

#[test]
fn a_value_of_another_kind_replaces_its_leaves() {
    insta::assert_snapshot!(between(&json!({"a": {"b": 1}, "c": {"d": 1}, "e": []}), &json!({"a": "x", "c": {}, "e": {}})), @r#"
    {"path":"a","after":"x"}
    {"path":"a.b","before":1}
    {"path":"c","after":{}}
    {"path":"c.d","before":1}
    {"path":"e","before":[],"after":{}}
    "#);
}

#[test]
fn a_container_that_is_filled_has_no_line_of_its_own_and_one_that_is_emptied_has() {
    let (empty, full) = (
        json!({"c": {}, "l": []}),
        json!({"c": {"a": 1}, "l": [{"b": 2}]}),
    );
    insta::assert_snapshot!(between(&empty, &full), @r#"
    {"path":"c.a","after":1}
    {"path":"l.0.b","after":2}
    "#);
    insta::assert_snapshot!(between(&full, &empty), @r#"
    {"path":"c","after":{}}
    {"path":"c.a","before":1}
    {"path":"l","after":[]}
    {"path":"l.0.b","before":2}
    "#);
    insta::assert_snapshot!(between(&full, &json!({})), @r#"
    {"path":"c.a","before":1}
    {"path":"l.0.b","before":2}
    "#);
}

#[test]
fn a_number_is_compared_by_its_value_and_told_as_it_was_written() {
    let number = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    insta::assert_snapshot!(between(&number(r#"{"n":1.0}"#), &number(r#"{"n":1.00}"#)), @"");
    insta::assert_snapshot!(between(&number(r#"{"n":1.0}"#), &number(r#"{"n":1.50}"#)), @r#"{"path":"n","before":1.0,"after":1.50}"#);
    insta::assert_snapshot!(between(&number(r#"{"n":1}"#), &number(r#"{"n":123456789012345678901234567890}"#)), @r#"{"path":"n","before":1,"after":123456789012345678901234567890}"#);
}

#[test]
fn of_a_secret_only_the_change_is_said() {
    let before = json!({"host": "a", "password": "s1", "sasToken": "s", "accessKey": null, "clientKey": "k1"});
    let after = json!({"host": "b", "password": "s2", "credentials": {"key": "s3", "n": [1]}, "accessKey": "", "clientKey": "k2"});
    insta::assert_snapshot!(of_destination("POSTGRES", &before, &after), @r#"
    {"path":"config.accessKey","redacted":true}
    {"path":"config.clientKey","redacted":true}
    {"path":"config.credentials","redacted":true}
    {"path":"config.host","before":"a","after":"b"}
    {"path":"config.password","redacted":true}
    {"path":"config.sasToken","redacted":true}
    "#);
    assert_eq!(of_destination("POSTGRES", &before, &before), "");
    let large = json!({"password": "s".repeat(MAX_VALUE + 1)});
    insta::assert_snapshot!(of_destination("POSTGRES", &json!({}), &large), @r#"{"path":"config.password","redacted":true}"#);
}

#[test]
fn a_secret_inside_an_array_is_redacted_where_it_stands() {
    let before = json!({"webhookUrl": "https://x/1", "headers": [{"from": "a", "to": "s1"}, {"from": "b", "to": "s2"}]});
    let after = json!({"webhookUrl": "https://x/2", "headers": [{"from": "b", "to": "s2"}]});
    insta::assert_snapshot!(of_destination("WEBHOOK", &before, &after), @r#"
    {"path":"config.headers.0.from","before":"a","after":"b"}
    {"path":"config.headers.0.to","redacted":true}
    {"path":"config.headers.1.from","before":"b"}
    {"path":"config.headers.1.to","redacted":true}
    {"path":"config.webhookUrl","redacted":true}
    "#);
    // Mixed and nested arrays, and a value that takes the array's place, are not what the definition speaks of: none is told.
    let odd = json!({"headers": [1, {"to": "s1"}, [{"to": "s2"}, "x"]]});
    insta::assert_snapshot!(of_destination("WEBHOOK", &odd, &json!({"headers": "none"})), @r#"{"path":"config.headers","redacted":true}"#);
}

#[test]
fn of_an_unknown_type_every_string_is_redacted_and_both_sides_with_it() {
    let before = json!({"a": "s", "n": 1, "l": ["s", 1], "m": [1, 2], "o": {"p": 5}});
    let after = json!({"a": 2, "n": "s", "l": [1], "m": [2, 1], "o": {"p": 6}});
    insta::assert_snapshot!(of_destination("NOBODY_KNOWS", &before, &after), @r#"
    {"path":"config.a","redacted":true}
    {"path":"config.l","redacted":true}
    {"path":"config.m","before":[1,2],"after":[2,1]}
    {"path":"config.n","redacted":true}
    {"path":"config.o.p","before":5,"after":6}
    "#);
}

#[test]
fn a_key_with_dots_neither_collides_nor_evades() {
    let before = json!({"a": {"b": 1}, "a.b": 1, "a\\": {"b": 1}, "l": [{"x": 1}]});
    let after = json!({"a": {"b": 2}, "a.b": 2, "a\\": {"b": 2}, "l": {"0": {"x": 1}}});
    insta::assert_snapshot!(between(&before, &after), @r#"
    {"path":"a.b","before":1,"after":2}
    {"path":"a\\.b","before":1,"after":2}
    {"path":"a\\\\.b","before":1,"after":2}
    {"path":"l.0.x","before":1}
    {"path":"l.\\0.x","after":1}
    "#);
    let odd = json!({"headers.to": "s", "x.password": "s", "x": {"headers.to": ["s"]}});
    insta::assert_snapshot!(of_destination("WEBHOOK", &json!({}), &odd), @r#"
    {"path":"config.headers\\.to","redacted":true}
    {"path":"config.x.headers\\.to","redacted":true}
    {"path":"config.x\\.password","after":"s"}
    "#);
}

#[test]
fn a_path_is_written_so_that_it_can_be_read_back() {
    use Segment::{Index, Key};
    let text = |path: &[Segment<'_>]| path_text(path);
    assert_eq!(text(&[Key("headers"), Index(0), Key("to")]), "headers.0.to");
    assert_eq!(text(&[Key("a.b"), Key(r"c\d")]), r"a\.b.c\\d");
    assert_eq!(
        text(&[Key("0"), Key("12"), Key("1a"), Key("-1")]),
        r"\0.\12.1a.-1"
    );
    assert_eq!(text(&[Key("a"), Key(""), Key("b")]), "a..b");
}

#[test]
fn nesting_as_deep_as_the_parser_allows_is_compared() {
    let deep = |leaf: &str| {
        let json = format!("{}{leaf}{}", r#"{"a":["#.repeat(63), "]}".repeat(63));
        serde_json::from_str::<Value>(&json).expect("not too deep")
    };
    let changes = diff(Some(&deep("1")), Some(&deep("\"s\"")), &clear);
    assert_eq!(changes.len(), 1);
    assert!(lines(&changes).ends_with(r#""before":[1],"after":["s"]}"#));
}
