//! Who may see what of a configuration.

use serde_json::{Map, Value};

use crate::change::{
    Change, ChangeKind, Segment, Step, Visibility, leaves, path_of_text, path_text,
};
use crate::definition::Secrecy;

/// Decides for each value of a configuration whether it is secret, redacted or clear.
///
/// A key of the definition is a dotted path that passes through arrays: `headers.to` is the member `to` of each element of
/// `headers`. It holds at any depth, so that a `password` further inside is one too. Everything below a secret key is
/// secret. A key that itself has dots in it cannot slip through: the path of a value is compared as the text of its
/// keys, so a member that is literally named `headers.to` is caught as well. Nor can a value of another shape than was meant:
/// what stands where a path to something secret leads through, and holds no members by name, is a secret itself. That can hide
/// too much, and never too little.
#[derive(Clone, Debug)]
pub struct Matcher {
    rule: Rule,
    redact: Vec<String>,
}

#[derive(Clone, Debug)]
enum Rule {
    /// These keys are secret.
    Keys(Vec<String>),
    /// Every string is.
    Strings,
    /// Every string is, but for those directly under these keys.
    StringsBut(&'static [&'static str]),
}

/// A value on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It may be read.
    Clear(Value),
    /// There is one, and it is not shown.
    Hidden,
}

impl Matcher {
    /// From what is known of the configuration's secrets.
    pub fn new(secrecy: Secrecy<'_>) -> Self {
        match secrecy {
            Secrecy::Known(definition) => Self {
                rule: definition
                    .secret_keys
                    .clone()
                    .map_or(Rule::Strings, Rule::Keys),
                redact: definition.redact_keys.clone(),
            },
            Secrecy::Unknown => Self {
                rule: Rule::Strings,
                redact: Vec::new(),
            },
        }
    }

    /// For a configuration of which a few members are known, and are no secrets. Every other string is one.
    pub const fn strings_but(clear: &'static [&'static str]) -> Self {
        Self {
            rule: Rule::StringsBut(clear),
            redact: Vec::new(),
        }
    }

    /// Who may see the value at a path of the configuration. It is for a walk from the outside in that stops at what is
    /// hidden: what lies below a secret key has no answer of its own.
    pub fn visibility(&self, path: &[Segment<'_>], value: &Value) -> Visibility {
        let keys = key_text(path);
        let is_one_of =
            |patterns: &[String]| patterns.iter().any(|pattern| ends_with(&keys, pattern));
        let secret = match &self.rule {
            Rule::Keys(patterns) => {
                is_one_of(patterns)
                    || (holds_no_names(path, value)
                        && patterns.iter().any(|pattern| leads_to(&keys, pattern)))
            }
            Rule::Strings => value.is_string(),
            Rule::StringsBut(clear) => {
                value.is_string() && !matches!(path, [Segment::Key(key)] if clear.contains(key))
            }
        };
        if secret {
            Visibility::Secret
        } else if is_one_of(&self.redact) {
            Visibility::Redacted
        } else {
            Visibility::Clear
        }
    }

    /// As [`Self::visibility`], for the paths of a snapshot that has the configuration as its member `member`; its
    /// other members are clear.
    pub fn at<'s>(&'s self, member: &'s str) -> impl Fn(&[Segment<'_>], &Value) -> Visibility + 's {
        move |path, value| match path {
            [Segment::Key(key), inside @ ..] if *key == member => self.visibility(inside, value),
            _ => Visibility::Clear,
        }
    }

    /// Whether a change that was recorded tells what is hidden now. Its path is that of a snapshot that has the
    /// configuration as its member `member`.
    pub fn hides(&self, change: &Change, member: &str) -> bool {
        if change.kind == ChangeKind::Redacted {
            return false;
        }
        let path = path_of_text(&change.path);
        let segments: Vec<Segment<'_>> = path.iter().map(Step::segment).collect();
        let [Segment::Key(first), inside @ ..] = segments.as_slice() else {
            return false;
        };
        if *first != member {
            return false;
        }
        // What holds a hidden value is asked as well: everything below a secret key is secret.
        let is_below = (1..=inside.len())
            .any(|depth| self.visibility(&inside[..depth], &Value::Null).is_hidden());
        let may_be = match &self.rule {
            Rule::Keys(patterns) => {
                let keys = key_text(inside);
                patterns.iter().any(|pattern| leads_to(&keys, pattern))
            }
            Rule::Strings => true,
            Rule::StringsBut(_) => false,
        };
        is_below || (may_be && tells_text(&change.kind))
    }

    /// The configuration as a list has it: without what is secret, at any depth. What held it stays, emptied if need be.
    pub fn for_list(&self, config: &Value) -> Value {
        let is_left_out = |seen: Visibility| seen == Visibility::Secret;
        self.listed(&mut Vec::new(), config, &is_left_out)
            .unwrap_or_default()
    }

    /// The configuration as anybody may see it: without what is secret or redacted, at any depth.
    pub fn for_anyone(&self, config: &Value) -> Value {
        let is_left_out = |seen: Visibility| seen != Visibility::Clear;
        self.listed(&mut Vec::new(), config, &is_left_out)
            .unwrap_or_default()
    }

    fn listed<'a>(
        &self,
        path: &mut Vec<Segment<'a>>,
        value: &'a Value,
        is_left_out: &dyn Fn(Visibility) -> bool,
    ) -> Option<Value> {
        if is_left_out(self.visibility(path, value)) {
            return None;
        }
        let mut step = |segment, value| {
            path.push(segment);
            let listed = self.listed(path, value, is_left_out);
            path.pop();
            listed
        };
        Some(match value {
            Value::Object(object) => object
                .iter()
                .filter_map(|(key, member)| Some((key.clone(), step(Segment::Key(key), member)?)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Array(array) => array
                .iter()
                .enumerate()
                .filter_map(|(index, element)| step(Segment::Index(index), element))
                .collect(),
            scalar => scalar.clone(),
        })
    }

    /// The configuration as a page has it: its leaves by path, with neither secret nor redacted values. An empty secret
    /// is hidden like any other; a `null` is no value, so it is shown.
    pub fn for_page(&self, config: &Value) -> Vec<(String, Shown)> {
        leaves(config, &|path, value| self.visibility(path, value))
            .into_iter()
            .map(|(path, leaf)| {
                let shown = if leaf.hidden && !leaf.value.is_null() {
                    Shown::Hidden
                } else {
                    Shown::Clear(leaf.value.clone())
                };
                (path_text(&path), shown)
            })
            .collect()
    }
}

/// Whether a recorded change tells a text, or could.
fn tells_text(kind: &ChangeKind) -> bool {
    fn has_text(value: &Value) -> bool {
        match value {
            Value::String(_) => true,
            Value::Array(elements) => elements.iter().any(has_text),
            Value::Object(members) => members.values().any(has_text),
            _ => false,
        }
    }
    match kind {
        ChangeKind::Value { before, after } => before.iter().chain(after).any(has_text),
        ChangeKind::Large { .. } => true,
        ChangeKind::Redacted => false,
    }
}

/// The keys of a path with dots between them, without the indexes. Not escaped: see [`Matcher`].
fn key_text(path: &[Segment<'_>]) -> String {
    let keys: Vec<&str> = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Key(key) => Some(*key),
            Segment::Index(_) => None,
        })
        .collect();
    keys.join(".")
}

/// Whether a path is that of the pattern, or ends with it at the boundary of a key.
fn ends_with(keys: &str, pattern: &str) -> bool {
    keys.strip_suffix(pattern)
        .is_some_and(|outside| outside.is_empty() || outside.ends_with('.'))
}

/// Whether a path ends where the pattern has its first keys, with others to come.
fn leads_to(keys: &str, pattern: &str) -> bool {
    let dots = pattern.match_indices('.');
    dots.map(|(at, _)| &pattern[..at])
        .any(|begin| ends_with(keys, begin))
}

/// Whether a value cannot have a member of the name that a pattern goes on with: it is a text, or another value in an array,
/// where the pattern means an object, or such objects in an array.
fn holds_no_names(path: &[Segment<'_>], value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Number(_) => true,
        Value::Array(elements) => {
            let is_other = |one: &Value| !one.is_object() && !one.is_null();
            matches!(path.last(), Some(Segment::Index(_))) || elements.iter().any(is_other)
        }
        _ => false,
    }
}
