//! Reading the audit log is itself an event.

pub mod export;
pub mod view;

use model::catalogue::{self, TargetType};
use model::id::EventId;
use serde_json::{Map, Value, json};

/// What is recorded of a filter that somebody wrote freely: that there was one.
const FREE: &str = "(something else)";

/// Filters as they are recorded. They are sealed with a key that outlives people, so what somebody typed to find a person must
/// not stand there: only ids, and words that the catalogue has.
fn recorded(filters: &Value) -> Value {
    let is_plain = |name: &str, text: &str| match name {
        "actor" | "target" | "token" => text.split(", ").all(|id| id.parse::<EventId>().is_ok()),
        "action" => catalogue::ALL.iter().any(|one| one.action == text),
        "target_type" => TargetType::ALL.iter().any(|one| one.as_str() == text),
        // These are words of a list, or moments and ids that were read.
        _ => true,
    };
    let all = filters.as_object().into_iter().flatten();
    let all: Map<String, Value> = all
        .map(|(name, value)| match value.as_str() {
            Some(text) if !is_plain(name, text) => (name.clone(), json!(FREE)),
            _ => (name.clone(), value.clone()),
        })
        .collect();
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_freely_is_not_recorded() {
        let id = "2CHj1PJ61lv1NPyQtCiFi2KVX2y";
        let two = format!("{id}, {id}");
        let plain = json!({ "actor": id, "token": two, "action": "created", "target_type": "source", "outcome": "denied" });
        assert_eq!(recorded(&plain), plain);
        let free = json!({ "actor": "bob@example.com", "target": "Bob", "action": "bob", "target_type": "bob", "token": "Bob's" });
        for (name, value) in recorded(&free).as_object().expect("an object") {
            assert_eq!(value, FREE, "{name}");
        }
    }
}
