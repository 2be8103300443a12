//! The settings of a source or destination.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use zeroize::Zeroizing;

/// Settings as they were sent; always an object. They are shared, not copied, and those that were opened stay the text that they were
/// until somebody looks into them: most changes leave them alone.
#[derive(Clone)]
pub struct Settings(Arc<Inner>);

struct Inner {
    value: OnceLock<Value>,
    /// What the value is read from, where it was not given.
    text: Zeroizing<Vec<u8>>,
}

impl Settings {
    /// What was written as JSON and sealed. Nobody else could have sealed it, so that it is JSON is not doubted.
    pub fn opened(text: Zeroizing<Vec<u8>>) -> Self {
        Self(Arc::new(Inner {
            value: OnceLock::new(),
            text,
        }))
    }

    /// Them, to be changed.
    pub fn into_value(self) -> Value {
        match Arc::try_unwrap(self.0) {
            Ok(Inner { value, text }) => value.into_inner().unwrap_or_else(|| read(&text)),
            Err(shared) => shared.value().clone(),
        }
    }
}

fn read(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("what was written as JSON")
}

impl Inner {
    fn value(&self) -> &Value {
        self.value.get_or_init(|| read(&self.text))
    }
}

impl From<Value> for Settings {
    fn from(value: Value) -> Self {
        Self(Arc::new(Inner {
            value: value.into(),
            text: Zeroizing::default(),
        }))
    }
}

impl Deref for Settings {
    type Target = Value;
    fn deref(&self) -> &Value {
        self.0.value()
    }
}

impl Borrow<Value> for Settings {
    fn borrow(&self) -> &Value {
        self
    }
}

impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

/// As the value is shown.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn opened(text: &str) -> Settings {
        Settings::opened(Zeroizing::new(text.as_bytes().to_vec()))
    }

    #[test]
    fn what_was_opened_is_read_once_somebody_looks() {
        let settings = opened(r#"{"a":1}"#);
        assert!(settings.0.value.get().is_none());
        let copy = settings.clone();
        assert!(copy == settings && settings.0.value.get().is_none());
        assert_eq!(copy["a"], 1);
        assert!(settings.0.value.get().is_some(), "for all who share it");
    }

    #[test]
    fn they_are_equal_by_what_they_hold() {
        assert_eq!(opened(r#"{"a":1,"b":2}"#), json!({"b": 2, "a": 1}).into());
        assert_ne!(opened(r#"{"a":1}"#), opened(r#"{"a":2}"#));
    }

    #[test]
    fn what_is_changed_of_them_leaves_the_others_alone() {
        let settings = opened(r#"{"a":1}"#);
        let mut changed = settings.clone().into_value();
        changed["a"] = json!(2);
        assert_eq!(settings["a"], 1);
        assert_eq!(settings.into_value(), json!({"a": 1}));
        assert_eq!(Settings::from(changed)["a"], 2);
    }
}
