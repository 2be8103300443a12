//! What changed between two snapshots of a thing, and how that is written into the parts of an event.
//!
//! A snapshot is taken apart into its leaves: scalars, arrays of scalars, empty objects, and whole values that are secret.
//! A change is a leaf that is in one snapshot and not, or otherwise, in the other. So a difference says all: applied to the
//! leaves of the first snapshot it gives those of the second, but for what is hidden, of which it says only that it changed.

mod alike;
mod leaves;

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

pub use alike::alike;
use leaves::Leaf;
use leaves::leaves_but;
pub use leaves::{Members, Segment, Visibility, Visible, path_text};
pub(crate) use leaves::{Step, leaves, path_of_text};

/// How many parts an event may have for its changes.
pub const MAX_PARTS: usize = 64;

/// A value whose JSON has more bytes than this is recorded by its length and hash.
pub const MAX_VALUE: usize = 16 * 1024;

/// One leaf that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where, as [`path_text`] writes it.
    pub path: String,
    /// What is recorded of it.
    pub kind: ChangeKind,
}

/// What is recorded of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The values; `None` where there was or is none, which is not the same as `null`.
    Value {
        /// What it was.
        before: Option<Value>,
        /// What it is.
        after: Option<Value>,
    },
    /// That it changed, and nothing else: the value is secret.
    Redacted,
    /// Of values too long to record, what identifies them.
    Large {
        /// What it was.
        before: Option<Digest>,
        /// What it is.
        after: Option<Digest>,
    },
}

/// Length and hash of a value: of a string, of its text in UTF-8; of anything else, of its compact JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Digest {
    /// The length in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// As [`diff_members`], of snapshots that are JSON objects.
pub fn diff(before: Option<&Value>, after: Option<&Value>, visible: &Visible<'_>) -> Vec<Change> {
    fn members(snapshot: &Value) -> Members<'_> {
        let members = snapshot.as_object().into_iter().flatten();
        members
            .map(|(key, value)| (key.as_str().into(), Cow::Borrowed(value)))
            .collect()
    }
    let (before, after) = (before.map(members), after.map(members));
    diff_members(before.as_ref(), after.as_ref(), visible)
}

/// The changes that lead from one snapshot to another, ordered by path. `None` is a thing that does not exist, so a
/// creation gives all that is set and a deletion all that was. The order of keys does not matter, that of arrays does.
pub fn diff_members(
    before: Option<&Members<'_>>,
    after: Option<&Members<'_>>,
    visible: &Visible<'_>,
) -> Vec<Change> {
    let none = Members::new();
    let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
    let olds = leaves_but(before, after, visible);
    let news = leaves_but(after, before, visible);
    let olds = olds.into_iter().map(|(path, old)| (path, Some(old), None));
    let news = news.into_iter().map(|(path, new)| (path, None, Some(new)));
    let mut pairs: Vec<_> = olds.chain(news).collect();
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    pairs.dedup_by(|new, old| {
        let is_pair = new.0 == old.0;
        if is_pair {
            old.2 = new.2;
        }
        is_pair
    });

    let mut changes = Vec::with_capacity(pairs.len());
    for (index, (path, old, new)) in pairs.iter().enumerate() {
        // An empty container that is filled needs no word of its own: what is now in it says so. (What is emptied does: its
        // members' going would also be that of the container.) What is below a path comes right after it.
        let is_filled = old.is_some_and(Leaf::is_empty_container)
            && pairs
                .get(index + 1)
                .is_some_and(|(next, ..)| next.starts_with(path));
        let is_alike = matches!((old, new), (Some(old), Some(new)) if alike(old.value, new.value));
        if is_filled || is_alike {
            continue;
        }
        // Hidden on either side hides both: the other may be what the secret was, or will be.
        let hidden = [old, new].into_iter().flatten().any(|leaf| leaf.hidden);
        let kind = if hidden {
            ChangeKind::Redacted
        } else {
            ChangeKind::of(old.map(|leaf| leaf.value), new.map(|leaf| leaf.value))
        };
        changes.push(Change {
            path: path_text(path),
            kind,
        });
    }
    changes
}

/// The texts of the parts `changes/0`, `changes/1`, ...: at most [`MAX_PARTS`], of which the last holds the rest.
pub fn to_parts(changes: &[Change]) -> Vec<String> {
    #[derive(Serialize)]
    struct Rest<'a> {
        rest: &'a [Change],
    }
    fn text(part: &impl Serialize) -> String {
        serde_json::to_string(part).expect("a change is written to memory")
    }
    if changes.len() <= MAX_PARTS {
        return changes.iter().map(text).collect();
    }
    let (own, rest) = changes.split_at(MAX_PARTS - 1);
    let mut parts: Vec<String> = own.iter().map(text).collect();
    parts.push(text(&Rest { rest }));
    parts
}

/// The changes in the value of one part: one, or all that a `rest` holds. `None` if it is not what [`to_parts`] writes.
pub fn from_part(part: Value) -> Option<Vec<Change>> {
    let Value::Object(mut members) = part else {
        return None;
    };
    match members.shift_remove("rest") {
        None => Change::of_members(members).map(|change| vec![change]),
        Some(Value::Array(rest)) if members.is_empty() => {
            rest.into_iter().map(Change::of_json).collect()
        }
        Some(_) => None,
    }
}

/// The texts of the changes in the text of one part, each as it stands there. `None` if it is not what [`to_parts`] writes.
pub fn texts_of_part(part: &str) -> Option<Vec<&str>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rest<'a> {
        #[serde(borrow)]
        rest: Vec<&'a RawValue>,
    }
    if !part.starts_with(r#"{"rest":"#) {
        return Some(vec![part]);
    }
    let Rest { rest } = serde_json::from_str(part).ok()?;
    Some(rest.into_iter().map(RawValue::get).collect())
}

/// The change as a part, or an answer of the API, has it.
impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("path", &self.path)?;
        match &self.kind {
            ChangeKind::Value { before, after } => {
                sides(&mut members, before.as_ref(), after.as_ref())?;
            }
            ChangeKind::Redacted => members.serialize_entry("redacted", &true)?,
            ChangeKind::Large { before, after } => {
                let (before, after) = (before.as_ref(), after.as_ref());
                members.serialize_entry("large", &Large { before, after })?;
            }
        }
        members.end()
    }
}

struct Large<'a> {
    before: Option<&'a Digest>,
    after: Option<&'a Digest>,
}

impl Serialize for Large<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        sides(&mut members, self.before, self.after)?;
        members.end()
    }
}

/// Those sides that there are.
fn sides<M: SerializeMap>(
    members: &mut M,
    before: Option<&impl Serialize>,
    after: Option<&impl Serialize>,
) -> Result<(), M::Error> {
    if let Some(before) = before {
        members.serialize_entry("before", before)?;
    }
    if let Some(after) = after {
        members.serialize_entry("after", after)?;
    }
    Ok(())
}

impl Change {
    /// The change as a value.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("a change is JSON")
    }

    fn of_json(json: Value) -> Option<Self> {
        match json {
            Value::Object(members) => Self::of_members(members),
            _ => None,
        }
    }

    fn of_members(mut members: Map<String, Value>) -> Option<Self> {
        let Value::String(path) = members.shift_remove("path")? else {
            return None;
        };
        let kind = if let Some(redacted) = members.shift_remove("redacted") {
            redacted.as_bool().filter(|it| *it)?;
            ChangeKind::Redacted
        } else if let Some(large) = members.shift_remove("large") {
            let digest = |side: &str| {
                let json = large.get(side).map(|json| Digest::of_json(json).ok_or(()));
                json.transpose().ok()
            };
            ChangeKind::Large {
                before: digest("before")?,
                after: digest("after")?,
            }
        } else {
            ChangeKind::Value {
                before: members.shift_remove("before"),
                after: members.shift_remove("after"),
            }
        };
        members.is_empty().then_some(Self { path, kind })
    }
}

impl ChangeKind {
    fn of(before: Option<&Value>, after: Option<&Value>) -> Self {
        let is_long = |value: &Value| value.to_string().len() > MAX_VALUE;
        if before.is_some_and(is_long) || after.is_some_and(is_long) {
            Self::Large {
                before: before.map(Digest::of),
                after: after.map(Digest::of),
            }
        } else {
            Self::Value {
                before: before.cloned(),
                after: after.cloned(),
            }
        }
    }
}

impl Digest {
    fn of(value: &Value) -> Self {
        let json;
        let bytes = if let Value::String(text) = value {
            text.as_bytes()
        } else {
            json = value.to_string();
            json.as_bytes()
        };
        let mut sha256 = String::with_capacity(64);
        for byte in Sha256::digest(bytes) {
            write!(sha256, "{byte:02x}").expect("a string takes what is written");
        }
        Self {
            bytes: bytes.len() as u64,
            sha256,
        }
    }

    fn of_json(json: &Value) -> Option<Self> {
        Some(Self {
            bytes: json.get("bytes")?.as_u64()?,
            sha256: json.get("sha256")?.as_str()?.to_owned(),
        })
    }
}
