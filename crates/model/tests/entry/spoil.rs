//! Entries with one thing changed, and what is said about it.

use model::{
    canonical::to_canonical,
    entry::{Entry, EntryError},
};
use serde_json::Value;

use crate::samples::{full, text};

/// The entry as JSON, for tests to spoil.
pub(crate) fn value(entry: &Entry) -> Value {
    serde_json::from_str(&text(entry)).expect("JSON")
}

pub(crate) fn parse(value: &Value) -> Result<Entry, EntryError> {
    Entry::parse(&to_canonical(value).expect("canonical"))
}

/// What comes of the full entry when the member at `pointer` is set.
pub(crate) fn with(pointer: &str, member: Value) -> Result<Entry, EntryError> {
    let mut value = value(&full());
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match value.pointer_mut(parent).expect("a parent") {
        Value::Object(members) => drop(members.insert(key.replace("~1", "/"), member)),
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = member,
        _ => unreachable!("{pointer} is in an object or array"),
    }
    parse(&value)
}

/// What comes of the full entry without the member at `pointer`.
pub(crate) fn without(pointer: &str) -> Result<Entry, EntryError> {
    let mut value = value(&full());
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = value
        .pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .expect("an object");
    parent.remove(key).expect("a member");
    parse(&value)
}

/// The member that an error names, and what it must be.
pub(crate) fn wrong<T: std::fmt::Debug>(result: Result<T, EntryError>) -> (String, &'static str) {
    match result {
        Err(EntryError::Wrong { member, must }) => (member, must),
        other => panic!("expected a wrong member, not {other:?}"),
    }
}
