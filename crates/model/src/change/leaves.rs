//! A JSON value as its leaves: what a difference compares, and what a page lists.

use std::borrow::Cow;

use serde_json::Value;

use super::alike::alike;

/// One step from a value into it. Indexes come before keys, and are ordered as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment<'a> {
    /// An element of an array.
    Index(usize),
    /// A member of an object. It may hold any characters, dots too.
    Key(&'a str),
}

/// Who may see a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody who sees the thing that it belongs to.
    Clear,
    /// Nobody on pages and in events; lists of the API keep it.
    Redacted,
    /// Nobody on pages, in events and in lists.
    Secret,
}

impl Visibility {
    /// Whether pages and events leave the value out.
    pub fn is_hidden(self) -> bool {
        self != Self::Clear
    }
}

/// The path as text: its segments with dots between them.
///
/// Two paths never have the same text, and the text can be read back. In a key, `\` and `.` are written with a `\` before
/// them, and a key of nothing but digits begins with a `\`, since it would read as an index: the member `to` of the first of
/// `headers` is `headers.0.to`, the member `a.b` is `a\.b`, and the member `0` is `\0`. (The empty text stands both for the
/// whole value and for its member with the empty name; a snapshot's whole value, being an object, is never a leaf.)
pub fn path_text(path: &[Segment<'_>]) -> String {
    let mut text = String::new();
    for (depth, segment) in path.iter().enumerate() {
        if depth > 0 {
            text.push('.');
        }
        match segment {
            Segment::Index(index) => text.push_str(&index.to_string()),
            Segment::Key(key) => {
                if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
                    text.push('\\');
                }
                for character in key.chars() {
                    if matches!(character, '\\' | '.') {
                        text.push('\\');
                    }
                    text.push(character);
                }
            }
        }
    }
    text
}

/// One step of a path that was read back from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Index(usize),
    Key(String),
}

impl Step {
    pub(crate) fn segment(&self) -> Segment<'_> {
        match self {
            Self::Index(index) => Segment::Index(*index),
            Self::Key(key) => Segment::Key(key),
        }
    }
}

/// The path that [`path_text`] has written.
pub(crate) fn path_of_text(text: &str) -> Vec<Step> {
    let (mut steps, mut key, mut escaped) = (Vec::new(), String::new(), false);
    let step = |key: &mut String, escaped: &mut bool| {
        let key = std::mem::take(key);
        let is_index = !std::mem::take(escaped) && !key.is_empty();
        match key.parse() {
            Ok(index) if is_index && key.bytes().all(|byte| byte.is_ascii_digit()) => {
                Step::Index(index)
            }
            _ => Step::Key(key),
        }
    };
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '.' => steps.push(step(&mut key, &mut escaped)),
            '\\' => {
                escaped = true;
                key.extend(characters.next());
            }
            other => key.push(other),
        }
    }
    steps.push(step(&mut key, &mut escaped));
    steps
}

/// Something that no path goes into: a scalar, an array of scalars, an empty object, or a whole value that is hidden.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaf<'a> {
    pub(crate) value: &'a Value,
    pub(crate) hidden: bool,
}

impl Leaf<'_> {
    /// Whether it is an array or object with nothing in it.
    pub(crate) fn is_empty_container(self) -> bool {
        match self.value {
            Value::Array(elements) => elements.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        }
    }
}

/// Leaves with their paths, each path once.
pub(crate) type Leaves<'a> = Vec<(Vec<Segment<'a>>, Leaf<'a>)>;

/// The members of a snapshot, each key once.
pub type Members<'a> = Vec<(Cow<'a, str>, Cow<'a, Value>)>;

/// Decides who may see the value at a path; it is asked from the outside in, and not asked below what it hides.
pub type Visible<'f> = dyn Fn(&[Segment<'_>], &Value) -> Visibility + 'f;

/// The leaves of a value, in the order of paths. No clear leaf holds anything that `visible` hides.
///
/// The empty object that is the whole value has no leaves: it is a thing with nothing set.
pub(crate) fn leaves<'a>(value: &'a Value, visible: &Visible<'_>) -> Leaves<'a> {
    let mut leaves = Leaves::new();
    if value.as_object().is_none_or(|object| !object.is_empty()) {
        collect(&mut leaves, &mut Vec::new(), value, visible);
    }
    leaves.sort_by(|(one, _), (other, _)| one.cmp(other));
    leaves
}

/// The leaves of a snapshot, in no order, without those of its members that `other` has alike: a difference has nothing to say of
/// them.
pub(crate) fn leaves_but<'a>(
    members: &'a Members<'_>,
    other: &Members<'_>,
    visible: &Visible<'_>,
) -> Leaves<'a> {
    let mut leaves = Leaves::new();
    let mut path = Vec::new();
    for (index, (key, member)) in members.iter().enumerate() {
        let is_of_key = |one: &&(Cow<'_, str>, _)| one.0 == *key;
        // Nearly always in the same place.
        let beside = other.get(index).filter(is_of_key);
        let beside = beside.or_else(|| other.iter().find(is_of_key));
        if !beside.is_some_and(|one| alike(&one.1, member)) {
            path.push(Segment::Key(key));
            collect(&mut leaves, &mut path, member, visible);
            path.pop();
        }
    }
    leaves
}

fn collect<'a>(
    leaves: &mut Leaves<'a>,
    path: &mut Vec<Segment<'a>>,
    value: &'a Value,
    visible: &Visible<'_>,
) {
    let mut hidden = visible(path, value).is_hidden();
    if !hidden {
        match value {
            Value::Object(object) if !object.is_empty() => {
                for (key, member) in object {
                    path.push(Segment::Key(key));
                    collect(leaves, path, member, visible);
                    path.pop();
                }
                return;
            }
            Value::Array(array) if array.iter().any(is_container) => {
                for (index, element) in array.iter().enumerate() {
                    path.push(Segment::Index(index));
                    collect(leaves, path, element, visible);
                    path.pop();
                }
                return;
            }
            // An array of scalars is one value, so one hidden element hides it.
            Value::Array(array) => {
                hidden = array.iter().enumerate().any(|(index, element)| {
                    path.push(Segment::Index(index));
                    let hidden = visible(path, element).is_hidden();
                    path.pop();
                    hidden
                });
            }
            _ => {}
        }
    }
    leaves.push((path.clone(), Leaf { value, hidden }));
}

fn is_container(value: &Value) -> bool {
    value.is_object() || value.is_array()
}
