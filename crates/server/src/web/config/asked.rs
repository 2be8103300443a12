//! The fields of a form that stand on a page, and which of them are asked for as the others stand.

use std::borrow::Cow;

use model::definition::{Condition, FieldKind};
use serde_json::{Map, Value, json};

use super::super::form::Form;
use super::{PREFIX, Settings, Spec};

/// A field of the form, with its name on the page.
pub(super) struct Asked<'s> {
    pub(super) spec: &'s Spec,
    pub(super) name: String,
}

impl Asked<'_> {
    /// Whether both ask for one setting, in cases that conditions tell apart.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.spec.key, &self.spec.member) == (&other.spec.key, &other.spec.member)
    }

    /// Whether a condition speaks of this field.
    fn is_meant(&self, key: &str) -> bool {
        match (&self.spec.member, key.split_once('.')) {
            (Some(own), Some((key, member))) => self.spec.key == key && own == member,
            _ => self.spec.key == key,
        }
    }
}

/// What a setting is.
pub(super) fn at<'v>(spec: &Spec, config: &'v Map<String, Value>) -> Option<&'v Value> {
    let value = config.get(&spec.key)?;
    match &spec.member {
        None => Some(value),
        Some(member) => value.as_object()?.get(member),
    }
}

/// A list with one entry on each line; nothing where lines could not say what is in it. A list of one empty text is drawn as one
/// that is empty: forms elsewhere begin with that.
pub(super) fn in_lines(spec: &Spec, list: &Value) -> Option<String> {
    let entry = |one| match &spec.tag {
        None => Value::as_str(one),
        Some(tag) => {
            let members = one.as_object().filter(|members| members.len() == 1)?;
            members.get(tag)?.as_str()
        }
    };
    let entries: Vec<&str> = list.as_array()?.iter().map(entry).collect::<Option<_>>()?;
    let is_line = |text: &&str| !text.trim().is_empty() && !text.contains(['\n', '\r', '\0']);
    (entries == [""] || entries.iter().all(is_line)).then(|| entries.join("\n"))
}

/// The list that lines say; empty lines are no entries.
pub(super) fn of_lines(spec: &Spec, text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let entry = |line: &str| match &spec.tag {
        None => json!(line),
        Some(tag) => json!({ tag: line }),
    };
    lines.map(entry).collect()
}

/// Settings without those that have a field.
pub(super) fn without_fields(
    config: &Map<String, Value>,
    asked: &[Asked<'_>],
) -> Map<String, Value> {
    let mut rest = config.clone();
    for Asked { spec, .. } in asked {
        match (&spec.member, rest.get_mut(&spec.key)) {
            (None, _) => {
                rest.shift_remove(&spec.key);
            }
            (Some(member), Some(Value::Object(members))) => {
                let was_there = members.shift_remove(member).is_some();
                if was_there && members.is_empty() {
                    rest.shift_remove(&spec.key);
                }
            }
            (Some(_), _) => {}
        }
    }
    rest
}

/// Whether a field is asked for.
#[derive(Clone, Copy)]
pub(super) struct Applies {
    /// Whether no condition that can be told is missed.
    pub(super) holds: bool,
    /// Whether all conditions can be told.
    pub(super) is_sure: bool,
}

/// The fields that a condition on one of them means. Of what is kept for each platform it is the value of the field's own.
fn meant<'a, 's>(
    condition: &Condition,
    one: &Asked<'s>,
    asked: &'a [Asked<'s>],
) -> Vec<&'a Asked<'s>> {
    let mut meant: Vec<_> = asked
        .iter()
        .filter(|other| other.is_meant(&condition.key))
        .collect();
    let of_own =
        |other: &&Asked<'_>| one.spec.member.is_some() && other.spec.member == one.spec.member;
    if meant.iter().any(of_own) {
        meant.retain(of_own);
    }
    meant
}

impl Settings<'_> {
    /// The fields that can show what is stored. A value of another form than the field takes stays in the JSON.
    pub(super) fn asked<'s>(&'s self, stored: &Map<String, Value>) -> Vec<Asked<'s>> {
        let fits = |spec: &&Spec| match (&spec.member, stored.get(&spec.key)) {
            (Some(_), Some(whole)) if !whole.is_object() => false,
            _ => match at(spec, stored) {
                None | Some(Value::Null) => true,
                Some(value) => match spec.kind {
                    FieldKind::Boolean => value.is_boolean(),
                    FieldKind::Number => value.is_number(),
                    FieldKind::Json => true,
                    FieldKind::Tags => in_lines(spec, value).is_some(),
                    // HTML has no null character, and a secret is not shown.
                    FieldKind::Secret | FieldKind::SecretLines if self.is_secret(spec) => {
                        value.is_string()
                    }
                    FieldKind::Secret
                    | FieldKind::SecretLines
                    | FieldKind::Text
                    | FieldKind::Lines
                    | FieldKind::Select => value.as_str().is_some_and(|text| !text.contains('\0')),
                },
            },
        };
        let mut asked: Vec<Asked<'s>> = Vec::with_capacity(self.fields.len());
        for spec in self.fields.iter().filter(fits) {
            let mut name = format!("{PREFIX}{}", spec.key);
            if let Some(member) = &spec.member {
                name.push('.');
                name.push_str(member);
            }
            let mut one = Asked { spec, name };
            // The first has the name that faults are told by.
            let earlier = asked.iter().filter(|other| other.is_same(&one)).count();
            if earlier > 0 {
                one.name = format!("{}~{}", one.name, earlier + 1);
            }
            asked.push(one);
        }
        asked
    }

    /// What a field holds: as it was sent or, where it was not, as it is stored or begins.
    pub(super) fn text<'v>(
        &self,
        one: &Asked<'_>,
        stored: Option<&'v Value>,
        sent: Option<&'v Form>,
    ) -> Cow<'v, str> {
        let default = one.spec.default.as_ref().filter(|_| self.is_new);
        match (sent.and_then(|form| form.get(&one.name)), stored) {
            (Some(sent), _) => Cow::Borrowed(sent),
            (None, Some(Value::String(text))) => Cow::Borrowed(text),
            (None, Some(list)) if one.spec.kind == FieldKind::Tags => {
                Cow::Owned(in_lines(one.spec, list).unwrap_or_default())
            }
            (None, stored) => Cow::Owned(
                stored
                    .filter(|value| !value.is_null())
                    .or(default)
                    .map(word)
                    .unwrap_or_default(),
            ),
        }
    }

    /// What a field holds, for a condition: a box that is not ticked is not sent, and holds `false`.
    fn now(&self, one: &Asked<'_>, stored: Option<&Value>, sent: Option<&Form>) -> String {
        match (one.spec.kind, sent) {
            (FieldKind::Boolean, Some(form)) => form.flag(&one.name).to_string(),
            (FieldKind::Boolean, None) => (self.text(one, stored, None) == "true").to_string(),
            _ => self.text(one, stored, sent).into_owned(),
        }
    }

    /// Whether a field is asked for, as the others stand. What is no field of the form cannot be told, and counts as fulfilled.
    pub(super) fn applies(
        &self,
        one: &Asked<'_>,
        asked: &[Asked<'_>],
        stored: &Map<String, Value>,
        sent: Option<&Form>,
    ) -> Applies {
        let mut applies = Applies {
            holds: true,
            is_sure: true,
        };
        for any in &one.spec.when {
            let (mut holds, mut is_sure) = (false, true);
            for condition in any {
                let meant = meant(condition, one, asked);
                is_sure &= !meant.is_empty();
                holds |= meant.iter().any(|other| {
                    self.now(other, at(other.spec, stored), sent) == word(&condition.value)
                });
            }
            applies.holds &= holds || !is_sure;
            applies.is_sure &= holds || is_sure;
        }
        applies
    }
}

/// The conditions of a field for the page, as lists of names and values; nothing where none can be told.
pub(super) fn when(one: &Asked<'_>, asked: &[Asked<'_>]) -> String {
    let lists: Vec<Value> = one
        .spec
        .when
        .iter()
        .filter_map(|any| {
            let mut list = Vec::new();
            for condition in any {
                let meant = meant(condition, one, asked);
                if meant.is_empty() {
                    return None;
                }
                list.extend(
                    meant
                        .iter()
                        .map(|other| json!([other.name, word(&condition.value)])),
                );
            }
            Some(Value::Array(list))
        })
        .collect();
    if lists.is_empty() {
        String::new()
    } else {
        Value::Array(lists).to_string()
    }
}

/// A scalar as a form has it.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
