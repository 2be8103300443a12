//! Tests that a client sends with its code: events that go in, and what must come out.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::result::{Status, TestError, TestResult};
use super::{Out, Run};
use crate::request::list;

/// One test.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Test {
    /// What the client knows it by.
    #[serde(default)]
    pub id: Option<String>,
    /// What a person reads.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The events that go in.
    #[serde(default, deserialize_with = "list")]
    #[schema(value_type = Vec<Object>)]
    pub input: Vec<Value>,
    /// The events that must come out, in this order; without it, anything may, as long as nothing goes wrong.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub expected_output: Option<Vec<Value>>,
}

impl Test {
    /// A test by its events alone.
    pub fn of(name: &str, input: Vec<Value>) -> Self {
        Self {
            id: Some(name.to_owned()),
            name: Some(name.to_owned()),
            input,
            ..Self::default()
        }
    }

    /// What code without tests of its own is run on: an event of each kind.
    pub fn by_default() -> Self {
        static EVENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
            serde_json::from_str(include_str!("default_events.json"))
                .expect("our own events are JSON")
        });
        Self::of("default-events", EVENTS.clone())
    }

    /// What is said of a test that has no events: nothing would be run.
    pub fn without_input(&self) -> Option<TestResult> {
        let refused = || Run::Refused("it has no input".to_owned());
        self.input.is_empty().then(|| self.judge(refused()))
    }

    /// What this test says of a run.
    pub fn judge(&self, run: Run) -> TestResult {
        let (outs, refused) = match run {
            Run::Ran(outs) => (outs, None),
            Run::Refused(why) => (Vec::new(), Some(why)),
        };
        let mut actual = Vec::with_capacity(outs.len());
        let mut errors: Vec<TestError> = refused.into_iter().map(TestError::of).collect();
        for Out { event, index } in outs {
            match event {
                Ok(event) => actual.push(event),
                Err(message) => errors.push(TestError {
                    message,
                    event: index.and_then(|at| self.input.get(at)).cloned(),
                    event_index: index,
                }),
            }
        }
        let is_expected = self.expected_output.as_ref().is_none_or(|expected| {
            expected.len() == actual.len()
                && expected
                    .iter()
                    .zip(&actual)
                    .all(|(one, other)| same(one, other))
        });
        TestResult {
            id: self.id.clone().unwrap_or_default(),
            name: self
                .name
                .clone()
                .or_else(|| self.id.clone())
                .unwrap_or_default(),
            description: self.description.clone(),
            status: match (errors.is_empty(), is_expected) {
                (false, _) => Status::Error,
                (true, false) => Status::Fail,
                (true, true) => Status::Pass,
            },
            actual_output: actual,
            errors,
        }
    }
}

/// Whether two values are the same to a program: numbers by what they are worth, objects in any order.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ran(events: &[Value]) -> Run {
        let out = |(index, event): (usize, &Value)| Out {
            event: event
                .as_str()
                .map_or_else(|| Ok(event.clone()), |error| Err(error.to_owned())),
            index: Some(index),
        };
        Run::Ran(events.iter().enumerate().map(out).collect())
    }

    fn test(expected: Value) -> Test {
        Test {
            expected_output: serde_json::from_value(expected).expect("events or nothing"),
            ..Test::of("t", vec![json!({ "a": 1 }), json!({ "a": 2 })])
        }
    }

    #[test]
    fn what_comes_out_is_compared_by_value_and_in_order() {
        let judged = |expected: Value, actual: &[Value]| test(expected).judge(ran(actual)).status;
        let events = [json!({ "a": 1, "b": [1.0, "x"] }), json!({ "c": null })];
        for expected in [
            json!(null),
            json!([{ "b": [1, "x"], "a": 1.0 }, { "c": null }]),
        ] {
            assert_eq!(
                judged(expected.clone(), &events),
                Status::Pass,
                "{expected}"
            );
        }
        for expected in [
            json!([]),
            json!([{ "a": 1, "b": [1, "x"] }]),
            json!([{ "c": null }, { "a": 1, "b": [1, "x"] }]),
            json!([{ "a": 1, "b": ["x", 1] }, { "c": null }]),
            json!([{ "a": "1", "b": [1, "x"] }, { "c": null }]),
            json!([{ "a": 1, "b": [1, "x"] }, {}]),
        ] {
            assert_eq!(
                judged(expected.clone(), &events),
                Status::Fail,
                "{expected}"
            );
        }
        assert_eq!(
            judged(json!([]), &[]),
            Status::Pass,
            "all events are dropped"
        );
    }

    #[test]
    fn what_goes_wrong_is_told_with_its_event() {
        let judged = test(json!(null)).judge(ran(&[json!({ "a": 1 }), json!("boom")]));
        assert_eq!(judged.status, Status::Error);
        assert_eq!(judged.actual_output, [json!({ "a": 1 })]);
        let told = serde_json::to_value(&judged.errors).expect("JSON");
        assert_eq!(
            told,
            json!([{ "message": "boom", "event": { "a": 2 }, "eventIndex": 1 }])
        );
        let judged = test(json!(null)).judge(Run::Refused("no function".to_owned()));
        assert_eq!(judged.status, Status::Error);
        assert_eq!(judged.errors[0].message, "no function");
    }

    #[test]
    fn a_test_without_input_does_not_pass() {
        let none = Test::of("t", Vec::new());
        let judged = none.without_input().expect("it has none");
        assert_eq!(judged.status, Status::Error);
        assert_eq!(judged.errors[0].message, "it has no input");
        assert!(test(json!(null)).without_input().is_none());
    }

    #[test]
    fn there_are_events_for_code_without_tests() {
        let test = Test::by_default();
        assert_eq!(test.name.as_deref(), Some("default-events"));
        assert!(test.input.len() >= 6 && test.expected_output.is_none());
    }
}
