//! When a field of an imported form is asked for.

use serde_json::{Map, Value};

use super::super::Condition;

/// The members of a group or a field that say it.
pub(super) const MEMBERS: [&str; 2] = ["preRequisiteField", "preRequisites"];

/// Conditions: of each list at least one has to hold.
#[derive(Clone, Debug)]
pub(super) struct Conditions {
    pub(super) all: Vec<Vec<Condition>>,
    /// Whether these are all that there are. Flags of the original's own features mean nothing here.
    pub(super) are_all_known: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            are_all_known: true,
        }
    }
}

/// One condition; nothing where its value is no scalar.
fn condition(value: &Value, (key, wanted): (&str, &str)) -> Option<Condition> {
    let value_wanted = value.get(wanted)?;
    let is_scalar =
        value_wanted.is_boolean() || value_wanted.is_string() || value_wanted.is_number();
    is_scalar.then_some(Condition {
        key: value.get(key)?.as_str()?.to_owned(),
        value: value_wanted.clone(),
    })
}

impl Conditions {
    /// Those of a group or field. The older shape has one or several of `{name, selectedValue}`, which all have to hold; the newer
    /// `fields` of `{configKey, value}`, of which one is enough where `condition` is `or`.
    pub(super) fn of(members: &Map<String, Value>) -> Self {
        let mut found = Self::default();
        match members.get("preRequisiteField") {
            None => {}
            Some(Value::Array(several)) => found.take(several, ("name", "selectedValue"), false),
            Some(one) => found.take(std::slice::from_ref(one), ("name", "selectedValue"), false),
        }
        if let Some(newer) = members.get("preRequisites") {
            let or = newer.get("condition").and_then(Value::as_str) == Some("or");
            let fields = newer.get("fields").and_then(Value::as_array);
            found.take(
                fields.map_or(&[], Vec::as_slice),
                ("configKey", "value"),
                or,
            );
            found.are_all_known &= newer.get("featureFlags").is_none();
        }
        found
    }

    fn take(&mut self, given: &[Value], names: (&str, &str), or: bool) {
        let known: Option<Vec<Condition>> = given.iter().map(|one| condition(one, names)).collect();
        match known {
            Some(any) if or && !any.is_empty() => self.all.push(any),
            Some(all) => self.all.extend(all.into_iter().map(|one| vec![one])),
            // What cannot be told is taken as fulfilled: a field too many does no harm.
            None => self.are_all_known = false,
        }
    }

    /// Both.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.all.extend(other.all);
        self.are_all_known &= other.are_all_known;
        self
    }
}
