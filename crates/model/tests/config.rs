//! Secrets are in no list and on no page, wherever a configuration has them.

use model::change::{Segment, Visibility};
use model::config::{Matcher, Shown};
use model::definition::{Definition, Definitions, Kind, Secrecy};
use serde_json::{Value, json};

fn known(name: &str) -> Matcher {
    Matcher::new(Secrecy::of(
        Definitions::own().find(Kind::Destination, name),
    ))
}

fn keys(secret: &[&str]) -> Matcher {
    let definition: Definition =
        serde_json::from_value(json!({"name": "X", "displayName": "X", "secretKeys": secret}))
            .expect("a definition");
    Matcher::new(Secrecy::Known(&definition))
}

fn page(matcher: &Matcher, config: &Value) -> String {
    let line = |(path, shown)| match shown {
        Shown::Clear(value) => format!("{path} = {value}"),
        Shown::Hidden => format!("{path} (set, not shown)"),
    };
    let lines: Vec<_> = matcher.for_page(config).into_iter().map(line).collect();
    lines.join("\n")
}

#[test]
fn a_list_leaves_out_the_secrets_of_the_definition_and_nothing_else() {
    let config = json!({
        "webhookUrl": "https://example.com/key", "webhookMethod": "POST", "empty": "", "nothing": null,
        "headers": [{"from": "a", "to": "s1"}, {"from": "b"}, {"to": {"deep": "s2"}}],
        "consentManagement": {"web": [{"provider": "oneTrust", "consents": [{"consent": "one"}]}]},
    });
    insta::assert_snapshot!(known("WEBHOOK").for_list(&config), @r#"{"webhookUrl":"https://example.com/key","webhookMethod":"POST","empty":"","nothing":null,"headers":[{"from":"a"},{"from":"b"},{}],"consentManagement":{"web":[{"provider":"oneTrust","consents":[{"consent":"one"}]}]}}"#);
}

#[test]
fn a_secret_key_goes_from_a_list_whatever_its_value() {
    for value in [
        json!("s"),
        json!(""),
        json!(null),
        json!(7),
        json!(true),
        json!(["s"]),
        json!({"a": ["s"]}),
    ] {
        let config = json!({"host": "h", "password": value});
        assert_eq!(known("POSTGRES").for_list(&config), json!({"host": "h"}));
    }
}

#[test]
fn a_value_of_another_shape_than_was_meant_does_not_slip_through() {
    let webhook = known("WEBHOOK");
    for value in [
        json!("s"),
        json!(7),
        json!(["s"]),
        json!([["s"]]),
        json!([{"from": "a"}, "s"]),
        json!({"x": {"headers": "s"}}),
    ] {
        let config = json!({"url": "u", "headers": value});
        let list = webhook.for_list(&config).to_string();
        assert!(!list.contains("\"s\"") && !list.contains('7'), "{list}");
        let page = page(&webhook, &config);
        assert!(!page.contains("\"s\"") && !page.contains('7'), "{page}");
    }
    // What was meant is as it was.
    let config = json!({"headers": [{"from": "a"}], "header": "h", "list": ["x"]});
    assert_eq!(webhook.for_list(&config), config);
}

#[test]
fn a_secret_key_is_secret_at_any_depth() {
    let config =
        json!({"storage": [[{"password": "s", "user": "u"}]], "env": {"prod": {"password": "s"}}});
    assert_eq!(
        known("KAFKA").for_list(&config),
        json!({"storage": [[{"user": "u"}]], "env": {"prod": {}}})
    );
}

#[test]
fn a_key_is_matched_as_a_whole_and_in_its_exact_case() {
    let config = json!({"mypassword": "a", "passwordless": "b", "Password": "c", "password ": "d"});
    assert_eq!(known("KAFKA").for_list(&config), config);
    let config = json!({"from": {"to": 1}, "to": 2, "xheaders": {"to": 3}});
    assert_eq!(known("WEBHOOK").for_list(&config), config);
}

#[test]
fn a_key_with_dots_in_it_does_not_evade() {
    let config = json!({"headers.to": "s", "x.headers.to": "s", "x.headers": [{"to": "s"}], "headers.too": 1});
    let matcher = known("WEBHOOK");
    assert_eq!(
        matcher.for_list(&config),
        json!({"x.headers": [{}], "headers.too": 1})
    );
    insta::assert_snapshot!(page(&matcher, &config), @r"
    headers\.to (set, not shown)
    headers\.too = 1
    x\.headers.0.to (set, not shown)
    x\.headers\.to (set, not shown)
    ");
    let matcher = keys(&["a.b.c"]);
    assert_eq!(
        matcher.for_list(&json!({"a.b": {"c": "s"}, "a": {"b.c": "s"}})),
        json!({"a.b": {}, "a": {}})
    );
}

#[test]
fn a_list_of_an_unknown_type_has_no_string_at_all() {
    let matcher = Matcher::new(Secrecy::Unknown);
    let config = json!({
        "a": "s", "b": "", "n": 1.5, "t": true, "z": null,
        "o": {"a": "s", "o": {"a": "s", "n": 2}}, "l": ["s", 1, ["s", {"a": "s", "n": 3}], "s"], "only": ["s"],
    });
    insta::assert_snapshot!(matcher.for_list(&config), @r#"{"n":1.5,"t":true,"z":null,"o":{"o":{"n":2}},"l":[1,[{"n":3}]],"only":[]}"#);
    assert_eq!(matcher.for_list(&json!("s")), json!(null));
}

#[test]
fn a_page_of_an_unknown_type_shows_no_string() {
    let matcher = Matcher::new(Secrecy::Unknown);
    let config = json!({"a": "s", "b": "", "n": 1, "z": null, "l": [1, "s"], "m": [1, 2], "o": [{"a": "s", "n": 3}, "s"]});
    insta::assert_snapshot!(page(&matcher, &config), @r"
    a (set, not shown)
    b (set, not shown)
    l (set, not shown)
    m = [1,2]
    n = 1
    o.0.a (set, not shown)
    o.0.n = 3
    o.1 (set, not shown)
    z = null
    ");
}

#[test]
fn a_page_shows_neither_secrets_nor_what_is_redacted() {
    let config = json!({
        "webhookUrl": "https://example.com/key", "webhookMethod": "POST",
        "headers": [{"from": "a", "to": "s"}, {"from": "b", "to": null}, {"from": "c", "to": ""}], "none": {}, "list": [],
    });
    insta::assert_snapshot!(page(&known("WEBHOOK"), &config), @r#"
    headers.0.from = "a"
    headers.0.to (set, not shown)
    headers.1.from = "b"
    headers.1.to = null
    headers.2.from = "c"
    headers.2.to (set, not shown)
    list = []
    none = {}
    webhookMethod = "POST"
    webhookUrl (set, not shown)
    "#);
    assert_eq!(page(&known("WEBHOOK"), &json!({})), "");
}

#[test]
fn everything_below_a_hidden_key_is_hidden_with_it() {
    let config = json!({"credentials": {"key": ["s"], "n": 1}, "host": "h"});
    insta::assert_snapshot!(page(&known("POSTGRES"), &config), @r#"
    credentials (set, not shown)
    host = "h"
    "#);
    let http = json!({"headers": [{"from": "s", "password": "s"}]});
    assert_eq!(page(&known("HTTP"), &http), "headers (set, not shown)");
    // Redacted is kept in lists, but not the secrets inside.
    assert_eq!(
        known("HTTP").for_list(&http),
        json!({"headers": [{"from": "s"}]})
    );
}

#[test]
fn a_definition_without_secret_keys_hides_every_string() {
    let silent: Definition =
        serde_json::from_value(json!({"name": "X", "displayName": "X", "redactKeys": ["n"]}))
            .expect("enough");
    let matcher = Matcher::new(Secrecy::Known(&silent));
    let config = json!({"a": "s", "n": 1});
    assert_eq!(matcher.for_list(&config), json!({"n": 1}));
    assert_eq!(
        page(&matcher, &config),
        "a (set, not shown)\nn (set, not shown)"
    );
}

#[test]
fn sources_of_our_own_show_everything() {
    let matcher = Matcher::new(Secrecy::of(Definitions::own().find(Kind::Source, "HTTP")));
    let config = json!({"a": "x", "l": ["y", {"z": ""}]});
    assert_eq!(matcher.for_list(&config), config);
    assert_eq!(
        page(&matcher, &config),
        "a = \"x\"\nl.0 = \"y\"\nl.1.z = \"\""
    );
}

#[test]
fn in_a_snapshot_only_the_configuration_is_matched() {
    let matcher = known("KAFKA");
    let visible = matcher.at("config");
    let (config, password) = (Segment::Key("config"), Segment::Key("password"));
    assert_eq!(visible(&[password], &json!("s")), Visibility::Clear);
    assert_eq!(visible(&[config], &json!({})), Visibility::Clear);
    assert_eq!(
        visible(&[config, password], &json!("s")),
        Visibility::Secret
    );

    // The member's own name is not part of what is matched.
    let inside = keys(&["config.to"]);
    let path = [config, Segment::Key("to")];
    assert_eq!(inside.at("config")(&path, &json!("s")), Visibility::Clear);

    let unknown = Matcher::new(Secrecy::Unknown);
    let visible = unknown.at("config");
    assert_eq!(
        visible(&[Segment::Key("name")], &json!("n")),
        Visibility::Clear
    );
    assert_eq!(visible(&[config], &json!("s")), Visibility::Secret);
}
