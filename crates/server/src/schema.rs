//! Whether settings fulfil the JSON Schema (draft 07) of their type, and what is wrong with them in words.
//!
//! A schema is an administrator's, and another organization's server time: its size is bounded, it must not refer to itself
//! or to anything outside, and a pattern that goes back and forth for too long counts as not matched. No message holds a
//! value: it may be a secret.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use jsonschema::{PatternOptions, ValidationError, Validator};
use model::definition::Taken;
use serde_json::Value;

/// How deep a schema may be nested.
const DEPTH: usize = 64;

/// How many values a schema may have, each counted as often as it is referred to.
const WEIGHT: usize = 50_000;

/// How many steps back a pattern may take on one text.
const BACKTRACK: usize = 200_000;

/// How much memory the machine of one pattern may take, in bytes.
const PATTERN_SIZE: usize = 2 << 20;

/// How many things are said to be wrong at once.
const MOST: usize = 20;

/// How many compiled schemas a process keeps; with more, it starts over.
const KEPT: usize = 512;

/// What is wrong, by where: `config.webhookUrl`.
pub type Faults = Vec<(String, String)>;

type Compiled = HashMap<[u8; 32], Arc<Validator>>;

/// What is wrong with settings, by the schema of their type; nothing where there is none.
///
/// A schema that cannot be used any more says so: it was usable when it was taken in.
pub fn faults(definition: &Taken, config: &Value) -> Faults {
    if !definition.has_schema {
        return Vec::new();
    }
    let validator = match compiled(definition) {
        Ok(Some(validator)) => validator,
        Ok(None) => return Vec::new(),
        Err(error) => {
            tracing::warn!(r#type = %definition.name, %error, "the schema of a type cannot be used");
            return Vec::new();
        }
    };
    let mut faults = Faults::new();
    for error in validator.iter_errors(config).take(MOST) {
        tell(&error, &mut faults, 0);
    }
    faults.truncate(MOST);
    faults.dedup();
    faults
}

fn compiled(definition: &Taken) -> Result<Option<Arc<Validator>>, String> {
    static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);
    let lock = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(&definition.digest) {
        return Ok(Some(known.clone()));
    }
    let Some(schema) = definition.config_schema() else {
        return Ok(None);
    };
    let validator = Arc::new(compile(&schema)?);
    let mut all = lock();
    if all.len() >= KEPT {
        all.clear();
    }
    all.insert(definition.digest, validator.clone());
    Ok(Some(validator))
}

/// Whether a schema can be used.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn check(schema: &Value) -> Result<(), String> {
    compile(schema).map(|_| ())
}

/// Whether a text matches a regular expression of ECMAScript, somewhere in it. One that cannot be used asks for nothing.
pub fn matches(regex: &str, text: &str) -> bool {
    let schema = serde_json::json!({ "pattern": regex });
    compile(&schema).map_or(true, |validator| validator.is_valid(&Value::from(text)))
}

fn compile(schema: &Value) -> Result<Validator, String> {
    if !schema.is_object() && !schema.is_boolean() {
        return Err("the schema has to be an object".to_owned());
    }
    Weigher::new(schema).weigh(schema, 0)?;
    let patterns = PatternOptions::fancy_regex()
        .backtrack_limit(BACKTRACK)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_SIZE);
    jsonschema::draft7::options()
        .offline()
        .with_pattern_options(patterns)
        .build(schema)
        .map_err(|error| {
            let place = error.instance_path().as_str();
            format!(
                "the schema cannot be used: {} at \u{201c}{place}\u{201d}",
                error.masked()
            )
        })
}

/// How much there is to look at in a schema, references followed.
struct Weigher<'s> {
    root: &'s Value,
    /// The weights of what was referred to; nothing while it is being weighed.
    known: HashMap<String, Option<usize>>,
}

impl<'s> Weigher<'s> {
    fn new(root: &'s Value) -> Self {
        Self {
            root,
            known: HashMap::new(),
        }
    }

    fn weigh(&mut self, value: &'s Value, depth: usize) -> Result<usize, String> {
        if depth > DEPTH {
            return Err(format!("the schema may be nested {DEPTH} levels at most"));
        }
        let mut weight = 1;
        match value {
            Value::Array(elements) => {
                for element in elements {
                    weight += self.weigh(element, depth + 1)?;
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    weight += match (key.as_str(), member) {
                        ("$ref", Value::String(to)) => self.refer(to, depth)?,
                        ("$id" | "$dynamicRef" | "$recursiveRef", Value::String(_))
                            if depth > 0 =>
                        {
                            return Err(format!(
                                "the schema must not have \u{201c}{key}\u{201d} inside"
                            ));
                        }
                        _ => self.weigh(member, depth + 1)?,
                    };
                }
            }
            _ => {}
        }
        if weight > WEIGHT {
            return Err(format!("the schema has more than {WEIGHT} values"));
        }
        Ok(weight)
    }

    fn refer(&mut self, to: &str, depth: usize) -> Result<usize, String> {
        if to == "#" {
            return Err("the schema refers to itself at \u{201c}#\u{201d}".to_owned());
        }
        match self.known.get(to) {
            Some(Some(weight)) => return Ok(*weight),
            Some(None) => {
                return Err(format!(
                    "the schema refers to itself at \u{201c}{to}\u{201d}"
                ));
            }
            None => {}
        }
        let found = to
            .strip_prefix('#')
            .filter(|pointer| pointer.starts_with('/'))
            .and_then(|pointer| self.root.pointer(pointer));
        let Some(found) = found else {
            return Err(format!(
                "the schema refers to \u{201c}{to}\u{201d}, which is not in it"
            ));
        };
        self.known.insert(to.to_owned(), None);
        let weight = self.weigh(found, depth + 1)?;
        self.known.insert(to.to_owned(), Some(weight));
        Ok(weight)
    }
}

fn place(error: &ValidationError<'_>) -> String {
    let mut place = String::from("config");
    for segment in error.instance_path() {
        place.push('.');
        match segment {
            LocationSegment::Property(key) => place.push_str(&key),
            LocationSegment::Index(index) => place.push_str(&index.to_string()),
        }
    }
    place
}

/// Says what is wrong. Of several forms that are allowed, what is nearest to one of them.
fn tell(error: &ValidationError<'_>, faults: &mut Faults, depth: usize) {
    let at = place(error);
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }
            if depth < 8 =>
        {
            match context
                .iter()
                .filter(|one| !one.is_empty())
                .min_by_key(|one| one.len())
            {
                Some(nearest) => {
                    for inner in nearest.iter().take(MOST) {
                        tell(inner, faults, depth + 1);
                    }
                }
                None => faults.push((at, "has none of the forms that are allowed here".to_owned())),
            }
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            faults.push((format!("{at}.{key}"), "is needed".to_owned()));
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for key in unexpected {
                faults.push((
                    format!("{at}.{key}"),
                    "is not known to this type".to_owned(),
                ));
            }
        }
        kind => faults.push((at, words(kind))),
    }
}

/// At most so much of a text of the schema.
fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short.push('\u{2026}');
    }
    short
}

fn options(all: &Value) -> String {
    let shown: Vec<String> = all
        .as_array()
        .into_iter()
        .flatten()
        .take(12)
        .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
        .collect();
    cut(&shown.join(", "))
}

fn words(kind: &ValidationErrorKind) -> String {
    match kind {
        ValidationErrorKind::Type { kind } => match kind {
            TypeKind::Single(one) => format!("has to be of the type {one}"),
            TypeKind::Multiple(several) => {
                let names: Vec<String> = several.iter().map(|one| one.to_string()).collect();
                format!("has to be of one of the types {}", names.join(", "))
            }
        },
        ValidationErrorKind::Enum { options: all } => format!("has to be one of: {}", options(all)),
        ValidationErrorKind::Constant { expected_value } => {
            format!("has to be {}", cut(&expected_value.to_string()))
        }
        ValidationErrorKind::Pattern { pattern } => {
            format!("does not have the form that is asked for: {}", cut(pattern))
        }
        ValidationErrorKind::BacktrackLimitExceeded { .. }
        | ValidationErrorKind::RegexEngineFailure { .. } => {
            "cannot be compared with the form that is asked for: it would take too long".to_owned()
        }
        ValidationErrorKind::MaxLength { limit } => format!("may have {limit} characters at most"),
        ValidationErrorKind::MinLength { limit } => {
            format!("has to have {limit} characters at least")
        }
        ValidationErrorKind::MaxItems { limit } => format!("may have {limit} elements at most"),
        ValidationErrorKind::MinItems { limit } => format!("has to have {limit} elements at least"),
        ValidationErrorKind::Maximum { limit } => format!("may be {limit} at most"),
        ValidationErrorKind::Minimum { limit } => format!("has to be {limit} at least"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("has to be less than {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("has to be more than {limit}"),
        ValidationErrorKind::MaxProperties { limit } => format!("may have {limit} members at most"),
        ValidationErrorKind::MinProperties { limit } => {
            format!("has to have {limit} members at least")
        }
        ValidationErrorKind::UniqueItems => "must not have an element twice".to_owned(),
        ValidationErrorKind::Format { format } => format!("is no {}", cut(format)),
        ValidationErrorKind::FalseSchema | ValidationErrorKind::Not { .. } => {
            "is not allowed here".to_owned()
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            "has more than one of the forms of which one is allowed here".to_owned()
        }
        other => format!("does not fulfil \u{201c}{}\u{201d}", other.keyword()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::clock::Micros;
    use model::definition::{Kind, Origin};
    use serde_json::json;

    fn said(schema: &Value, config: &Value) -> String {
        let body = json!({ "name": "KETTLE", "configSchema": schema }).to_string();
        let about = ("id".to_owned(), Origin::Manual);
        let moments = (Micros(0), Micros(0));
        let one = Taken::parse(Kind::Destination, about, &body, moments).expect("a definition");
        let lines: Vec<String> = faults(&one, config)
            .into_iter()
            .map(|(at, what)| format!("{at} {what}"))
            .collect();
        lines.join("\n")
    }

    fn kettle() -> Value {
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "required": ["steamUrl"],
            "properties": {
                "steamUrl": { "type": "string", "pattern": "(^\\{\\{.*\\|\\|(.*)\\}\\}$)|(^env[.].+)|(?!.*\\.local)^https://[a-z.]+$" },
                "litres": { "type": "number", "maximum": 3 },
                "colour": { "enum": ["red", "blue"] },
                "spouts": { "type": "array", "items": { "type": "object", "properties": { "to": { "type": "string", "maxLength": 3 } } } }
            },
            "additionalProperties": false,
            "allOf": [{
                "if": { "properties": { "colour": { "const": "red" } }, "required": ["colour"] },
                "then": { "required": ["shade"] }
            }]
        })
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_without_its_value() {
        let config = json!({ "steamUrl": "http://secret", "litres": 4, "colour": "red", "spouts": [{ "to": "a secret" }], "more": 1 });
        let said = said(&kettle(), &config);
        for line in [
            "config.steamUrl does not have the form that is asked for: ",
            "config.litres may be 3 at most",
            "config.spouts.0.to may have 3 characters at most",
            "config.more is not known to this type",
            "config.shade is needed",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
        assert!(!said.contains("secret"), "{said}");
    }

    #[test]
    fn settings_that_the_data_plane_fills_in_fit() {
        for text in [
            "env.STEAM_URL",
            "{{ message.url || https://a.example }}",
            "https://a.example",
        ] {
            assert_eq!(said(&kettle(), &json!({ "steamUrl": text })), "", "{text}");
        }
        assert_ne!(
            said(&kettle(), &json!({ "steamUrl": "https://kettle.local" })),
            ""
        );
    }

    #[test]
    fn of_several_forms_the_nearest_is_spoken_of() {
        let schema = json!({ "anyOf": [
            { "required": ["a", "b", "c"] },
            { "required": ["a", "d"], "properties": { "d": { "type": "string" } } }
        ] });
        assert_eq!(
            said(&schema, &json!({ "a": 1, "d": 2 })),
            "config.d has to be of the type string"
        );
    }

    #[test]
    fn a_hostile_schema_is_refused_and_a_hostile_pattern_ends() {
        let refused = |schema: Value| check(&schema).expect_err("refused");
        for (schema, why) in [
            (json!({ "$ref": "#" }), "refers to itself"),
            (
                json!({ "$ref": "https://example.com/schema.json" }),
                "which is not in it",
            ),
            (
                json!({ "definitions": { "a": { "allOf": [{ "$ref": "#/definitions/a" }] } }, "$ref": "#/definitions/a" }),
                "refers to itself",
            ),
            (json!({ "pattern": "(" }), "cannot be used"),
            (json!([]), "has to be an object"),
        ] {
            let said = refused(schema);
            assert!(said.contains(why), "{why}: {said}");
        }
        let mut definitions = serde_json::Map::new();
        definitions.insert("n0".to_owned(), json!({ "type": "string" }));
        for n in 1..40 {
            let to = json!({ "$ref": format!("#/definitions/n{}", n - 1) });
            definitions.insert(format!("n{n}"), json!({ "allOf": [to, to] }));
        }
        let bomb = json!({ "definitions": definitions, "$ref": "#/definitions/n39" });
        assert_eq!(refused(bomb), "the schema has more than 50000 values");
        let mut deep = json!({});
        for _ in 0..100 {
            deep = json!({ "not": deep });
        }
        assert_eq!(refused(deep), "the schema may be nested 64 levels at most");
        let slow = json!({ "properties": { "a": { "pattern": "^(?=(a+)+$)(a+)+\\1$" } } });
        let config = json!({ "a": format!("{}!", "a".repeat(4000)) });
        assert!(
            said(&slow, &config).starts_with("config.a "),
            "{}",
            said(&slow, &config)
        );
    }
}
