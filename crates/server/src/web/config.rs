//! The settings of a source or destination as a form, and back.
//!
//! A form never has a secret or redacted value in it, so what it sends is laid over what is stored: an empty secret keeps
//! the old one, a setting without a field stands in the JSON below the fields, and what is hidden in there stays unless
//! it is given again. A text that comes back as it was drawn stays as it was stored, to the byte.

use std::borrow::Cow;

use model::change::Segment;
use model::config::{Matcher, Shown};
use model::definition::{Definition, Definitions, FieldKind, Kind, Secrecy, form};
use serde_json::{Map, Value};

use super::form::{Form, over};
use super::things::TYPE_AGAIN;
use super::view::event::Change;
use super::view::parts::{Choice, Errors, Field, Input};

/// What stands before the name of a field, so that no setting is mistaken for another field of the page.
const PREFIX: &str = "config.";

/// The settings of one type of source or destination.
pub(super) struct Settings<'d> {
    fields: Cow<'d, [Spec]>,
    matcher: Matcher,
}

/// A form of settings, as it is drawn.
pub(super) struct Drawn {
    pub(super) fields: Vec<Field>,
    pub(super) json: String,
    pub(super) json_secrets: Vec<String>,
}

impl<'d> Settings<'d> {
    pub(super) fn of(definitions: &'d Definitions, of: Kind, kind: &str) -> Self {
        let definition = definitions.find(of, kind);
        Self {
            fields: definition.map(fields).unwrap_or_default(),
            matcher: Matcher::new(Secrecy::of(definition)),
        }
    }
}

/// The fields of the form that was imported with the type or, where there is none, of our own.
fn fields(definition: &Definition) -> Cow<'_, [Spec]> {
    let form = definition
        .taken
        .as_ref()
        .and_then(|taken| taken.ui_config());
    let mut imported = form.as_ref().map(form::fields).unwrap_or_default();
    if imported.is_empty() {
        return Cow::Borrowed(&definition.fields);
    }
    // What the schema wants to be an object or a list, as a switch for each platform, is no switch and no text.
    let schema = definition
        .taken
        .as_ref()
        .and_then(|taken| taken.config_schema());
    for field in &mut imported {
        let of_field = schema
            .as_ref()
            .and_then(|schema| schema.get("properties")?.get(&field.key));
        let wanted = of_field.and_then(|of_field| of_field.get("type")?.as_str());
        if matches!(wanted, Some("object" | "array")) {
            field.kind = FieldKind::Json;
        }
    }
    Cow::Owned(imported)
}

type Spec = model::definition::Field;

impl Settings<'_> {
    /// Whether nothing is asked for but what may stand in the JSON.
    pub(super) fn asks_for_nothing(&self) -> bool {
        self.fields.is_empty()
    }

    fn is_hidden(&self, key: &str, value: &Value) -> bool {
        self.matcher
            .visibility(&[Segment::Key(key)], value)
            .is_hidden()
    }

    /// Whether a value is never shown again. An imported form may call a field secret whose value is not, being none of the
    /// type's `secretKeys`: it stands in events, so it is drawn like others.
    fn is_secret(&self, spec: &Spec) -> bool {
        self.is_hidden(&spec.key, &Value::String(String::new()))
    }

    /// The fields that can show what is stored. A value of another form than the field takes stays in the JSON.
    fn specs<'s>(&'s self, stored: &Map<String, Value>) -> Vec<&'s Spec> {
        let fits = |spec: &&Spec| match stored.get(&spec.key) {
            None | Some(Value::Null) => true,
            Some(value) => match spec.kind {
                FieldKind::Boolean => value.is_boolean(),
                FieldKind::Number => value.is_number(),
                FieldKind::Json => true,
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
        };
        self.fields.iter().filter(fits).collect()
    }

    /// The form: what is stored, or, where it is drawn again, what was sent.
    pub(super) fn draw(
        &self,
        stored: &Map<String, Value>,
        sent: Option<&Form>,
        errors: &Errors,
    ) -> Drawn {
        let specs = self.specs(stored);
        let fields = specs
            .iter()
            .map(|spec| self.field(spec, stored.get(&spec.key), sent, errors))
            .collect();
        let mut rest = stored.clone();
        for spec in &specs {
            rest.shift_remove(&spec.key);
        }
        let json_secrets = self
            .matcher
            .for_page(&Value::Object(rest.clone()))
            .into_iter()
            .filter_map(|(path, shown)| (shown == Shown::Hidden).then_some(path))
            .collect();
        let json = match sent.and_then(|form| form.get("json")) {
            Some(json) => json.to_owned(),
            None => match self.shown(&mut Vec::new(), &Value::Object(rest)) {
                Some(Value::Object(rest)) if !rest.is_empty() => {
                    serde_json::to_string_pretty(&Value::Object(rest)).unwrap_or_default()
                }
                _ => String::new(),
            },
        };
        Drawn {
            fields,
            json,
            json_secrets,
        }
    }

    fn field(
        &self,
        spec: &Spec,
        stored: Option<&Value>,
        sent: Option<&Form>,
        errors: &Errors,
    ) -> Field {
        let name = format!("{PREFIX}{}", spec.key);
        let stored = stored.filter(|value| !value.is_null());
        let text = match (sent, stored) {
            (Some(form), _) => form.lines(&name),
            (None, Some(value)) if spec.kind == FieldKind::Json => self
                .shown(&mut vec![Segment::Key(&spec.key)], value)
                .map(|shown| serde_json::to_string_pretty(&shown).unwrap_or_default())
                .unwrap_or_default(),
            (None, Some(Value::String(text))) => text.clone(),
            (None, Some(other)) => other.to_string(),
            (None, None) => String::new(),
        };
        // An input of one line drops the ends of lines, whatever the definition knows of them.
        let is_several = |text: &str| text.contains(['\n', '\r']);
        let has_lines = spec.kind.has_lines()
            || is_several(&text)
            || stored.and_then(Value::as_str).is_some_and(is_several);
        let input = if spec.kind == FieldKind::Json {
            Input::Lines(text)
        } else if self.is_secret(spec) {
            Input::Secret {
                set: stored.is_some(),
                lines: has_lines,
            }
        } else {
            match spec.kind {
                FieldKind::Boolean => Input::Boolean(text == "true"),
                FieldKind::Number => Input::Number(text),
                FieldKind::Select => Input::Select(choices(spec, &text)),
                _ if has_lines => Input::Lines(text),
                _ => Input::Text(text),
            }
        };
        let example = spec
            .placeholder
            .as_ref()
            .map(|example| format!("For example {example}"));
        let mut hint = match (&spec.help, example) {
            (Some(help), _) => Some(help.clone()),
            (None, example) => example,
        };
        if spec.kind == FieldKind::Json {
            let kept = stored.is_some_and(|value| self.hides_some(spec, value));
            let words = if kept {
                "JSON. Stored secrets in it are not shown and stay as they are unless you set them again."
            } else {
                "JSON."
            };
            hint = Some(hint.map_or_else(|| words.to_owned(), |hint| format!("{hint} {words}")));
        }
        let is_lost = matches!(input, Input::Secret { .. })
            && sent.is_some_and(|form| !form.text(&name).is_empty());
        let said = errors.of(&name).or(is_lost.then_some(TYPE_AGAIN));
        Field {
            error: said.map(str::to_owned),
            required: spec.required,
            label: spec.label.clone(),
            hint,
            input,
            name,
        }
    }

    /// Whether something of a value is not shown.
    fn hides_some(&self, spec: &Spec, value: &Value) -> bool {
        self.shown(&mut vec![Segment::Key(&spec.key)], value)
            .as_ref()
            != Some(value)
    }

    /// What may be read of a value; nothing where all of it is hidden.
    fn shown<'v>(&self, path: &mut Vec<Segment<'v>>, value: &'v Value) -> Option<Value> {
        if self.matcher.visibility(path, value).is_hidden() {
            return None;
        }
        match value {
            Value::Object(members) => {
                let mut shown = Map::new();
                for (key, member) in members {
                    path.push(Segment::Key(key));
                    let member = self.shown(path, member);
                    path.pop();
                    if let Some(member) = member {
                        shown.insert(key.clone(), member);
                    }
                }
                Some(Value::Object(shown))
            }
            Value::Array(elements) => {
                let mut shown = Vec::with_capacity(elements.len());
                for (index, element) in elements.iter().enumerate() {
                    path.push(Segment::Index(index));
                    let element = self.shown(path, element);
                    path.pop();
                    // An array of scalars is one value, as in an event: what is hidden in it hides it.
                    shown.push(element?);
                }
                Some(Value::Array(shown))
            }
            scalar => Some(scalar.clone()),
        }
    }

    /// What was given, with what is hidden in what is stored.
    fn restored<'v>(&self, path: &mut Vec<Segment<'v>>, stored: &'v Value, given: Value) -> Value {
        match (stored, given) {
            (Value::Object(stored), Value::Object(mut given)) => {
                for (key, old) in stored {
                    path.push(Segment::Key(key));
                    if let Some(new) = given.get_mut(key) {
                        let taken = std::mem::take(new);
                        *new = self.restored(path, old, taken);
                    } else if self.shown(path, old).is_none() {
                        given.insert(key.clone(), old.clone());
                    }
                    path.pop();
                }
                Value::Object(given)
            }
            (Value::Array(stored), Value::Array(given)) => {
                let same_length = stored.len() == given.len();
                let mut left: Vec<Option<&'v Value>> = stored.iter().map(Some).collect();
                let mut out = Vec::with_capacity(given.len());
                for (at, one) in given.into_iter().enumerate() {
                    // The element that it was when it was shown, or the one that stood at its place.
                    let old = left
                        .iter()
                        .enumerate()
                        .position(|(index, old)| {
                            old.is_some_and(|old| {
                                path.push(Segment::Index(index));
                                let shown = self.shown(path, old);
                                path.pop();
                                shown.as_ref() == Some(&one)
                            })
                        })
                        .or((same_length && left[at].is_some()).then_some(at));
                    match old.and_then(|index| Some((index, left[index].take()?))) {
                        Some((index, old)) => {
                            path.push(Segment::Index(index));
                            out.push(self.restored(path, old, one));
                            path.pop();
                        }
                        None => out.push(one),
                    }
                }
                Value::Array(out)
            }
            (_, given) => given,
        }
    }

    /// What leads from one state of a thing to another, with what is secret in its settings hidden.
    pub(super) fn differences(&self, now: &Value, then: &Value) -> Vec<Change> {
        let changes = model::change::diff(Some(now), Some(then), &self.matcher.at("config"));
        changes.iter().map(super::event::change).collect()
    }

    /// What the settings are to be: what was sent, laid over what is stored.
    pub(super) fn read(&self, stored: &Map<String, Value>, form: &Form) -> Result<Value, Errors> {
        let mut errors = Errors::default();
        let specs = self.specs(stored);
        let mut out = match self.rest(stored, form, &specs) {
            Ok(rest) => rest,
            Err(message) => {
                errors.add("json", message);
                Map::new()
            }
        };
        for spec in specs {
            let name = format!("{PREFIX}{}", spec.key);
            match self.value(spec, stored.get(&spec.key), form.get(&name)) {
                Ok(Some(value)) => {
                    out.insert(spec.key.clone(), value);
                }
                Ok(None) => {}
                Err(message) => errors.add(name, message),
            }
        }
        if errors.is_empty() {
            Ok(Value::Object(out))
        } else {
            Err(errors)
        }
    }

    /// The settings without a field.
    fn rest(
        &self,
        stored: &Map<String, Value>,
        form: &Form,
        specs: &[&Spec],
    ) -> Result<Map<String, Value>, String> {
        let mut rest = stored.clone();
        for spec in specs {
            rest.shift_remove(&spec.key);
        }
        let Some(json) = form.get("json") else {
            return Ok(rest);
        };
        let given = match json.trim() {
            "" => Value::Object(Map::new()),
            json => {
                serde_json::from_str(json).map_err(|error| format!("This is not JSON: {error}."))?
            }
        };
        let Value::Object(members) = &given else {
            return Err("This has to be one JSON object: { ... }.".to_owned());
        };
        if let Some(spec) = specs.iter().find(|spec| members.contains_key(&spec.key)) {
            return Err(format!(
                "\u{201c}{}\u{201d} has a field above. Set it there.",
                spec.key
            ));
        }
        match self.restored(&mut Vec::new(), &Value::Object(rest), given) {
            Value::Object(rest) => Ok(rest),
            _ => Ok(Map::new()),
        }
    }

    /// What one setting is to be; nothing where it is to be absent.
    fn value(
        &self,
        spec: &Spec,
        stored: Option<&Value>,
        sent: Option<&str>,
    ) -> Result<Option<Value>, String> {
        let kept = stored.cloned();
        let is_set = kept.as_ref().is_some_and(|value| !value.is_null());
        let missing = || Err(format!("{} is needed.", spec.label));
        if spec.kind == FieldKind::Boolean {
            // A box that is not ticked is not sent.
            return Ok(match (sent == Some("true"), kept) {
                (false, None) => None,
                (ticked, _) => Some(Value::Bool(ticked)),
            });
        }
        let Some(text) = sent else {
            return if spec.required && !is_set {
                missing()
            } else {
                Ok(kept)
            };
        };
        if text.is_empty() {
            return match () {
                () if spec.kind != FieldKind::Json && self.is_secret(spec) && is_set => Ok(kept),
                // What is hidden as a whole was not shown, so an empty field says nothing of it.
                () if spec.kind == FieldKind::Json
                    && kept.as_ref().is_some_and(|value| {
                        self.shown(&mut vec![Segment::Key(&spec.key)], value)
                            .is_none()
                    }) =>
                {
                    Ok(kept)
                }
                () if spec.required => missing(),
                // What was stored as an empty text stays one; other texts are gone when they are emptied.
                () if kept.as_ref().is_some_and(|old| old == "" || old.is_null()) => Ok(kept),
                () => Ok(None),
            };
        }
        if spec.kind == FieldKind::Json {
            let given = serde_json::from_str(text)
                .map_err(|error| format!("This is not JSON: {error}."))?;
            let nothing = Value::Null;
            let stored = stored.unwrap_or(&nothing);
            let path = &mut vec![Segment::Key(&spec.key)];
            return Ok(Some(self.restored(path, stored, given)));
        }
        if spec.kind == FieldKind::Number {
            return match text.trim().parse::<serde_json::Number>() {
                Ok(number) => Ok(Some(Value::Number(number))),
                Err(_) => Err("This has to be a number.".to_owned()),
            };
        }
        let old = stored.and_then(Value::as_str).unwrap_or_default();
        Ok(Some(Value::String(over(old, text))))
    }
}

/// The options of a select; one that is stored and not among them is offered too.
fn choices(spec: &Spec, current: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "Not set", current)];
    choices.extend(
        spec.options
            .iter()
            .map(|one| Choice::new(one.value.clone(), one.label.clone(), current)),
    );
    if !choices.iter().any(|one| one.selected) {
        choices.push(Choice::new(current, current, current));
    }
    choices
}
