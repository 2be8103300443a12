//! JSON that is typed into a field.

use axum::http::StatusCode;
use serde_json::json;

use crate::site::Site;

/// A form's address, its other fields, the one with JSON, and what is said of it.
type Typed<'a> = (
    &'a str,
    &'a [(&'a str, &'a str)],
    (&'a str, &'a str),
    &'a str,
);

/// The last would count, without a word: the API refuses it as well.
#[tokio::test]
async fn a_key_that_is_there_twice_is_refused_wherever_json_is_typed() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let kettle = json!({ "name": "KETTLE", "uiConfig": [{ "title": "All", "fields": [
        { "type": "dynamicForm", "label": "Spouts", "value": "spouts" },
    ] }] });
    let (status, answer) = site
        .api("POST", "/destination-definitions", Some(kettle))
        .await;
    assert!(status.is_success(), "{answer}");
    let before = site.log(team.organization).await.len();
    let code = [
        ("name", "Mask"),
        ("language", "javascript"),
        ("code", "a"),
        ("do", "publish"),
    ];
    let twice = "This has a key twice: `a` at line 1 column ";
    let forms: [Typed<'_>; 5] = [
        (
            "/destinations",
            &[("type", "KETTLE"), ("name", "Kettle")],
            ("json", r#"{"x":{"a":1,"b":2,"a":3}}"#),
            twice,
        ),
        (
            "/destinations",
            &[("type", "KETTLE"), ("name", "Kettle")],
            ("config.spouts", r#"[{"a":1,"a":3}]"#),
            twice,
        ),
        (
            "/settings/types",
            &[
                ("kind", "destination"),
                ("name", "POT"),
                ("display_name", "Pot"),
            ],
            ("schema", r#"{"a":1,"a":3}"#),
            twice,
        ),
        (
            "/transformations",
            &code,
            ("events", r#"[{"a":1,"a":3}]"#),
            // It has a field only where there is a transformer.
            "",
        ),
        (
            "/accounts",
            &[
                ("accountDefinitionName", "SOURCE_S3"),
                ("name", "Warehouse"),
            ],
            ("secret", r#"{"needle":1,"needle":3}"#),
            "This has a key twice: look at line 1, column ",
        ),
    ];
    for (path, fields, typed, said) in forms {
        let mut all = fields.to_vec();
        all.push(typed);
        let answer = browser.post(path, &all).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed:?}");
        assert!(answer.body.contains(said), "{typed:?}: {}", answer.body);
        assert!(!answer.body.contains("needle"), "{}", answer.body);
    }
    assert_eq!(site.log(team.organization).await.len(), before);
}
