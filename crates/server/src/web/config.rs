//! The settings of a source or destination as a form, and back.
//!
//! A form never has a secret or redacted value in it, so what it sends is laid over what is stored: an empty secret keeps
//! the old one, a setting without a field stands in the JSON below the fields, and what is hidden in there stays unless
//! it is given again. A text that comes back as it was drawn stays as it was stored, to the byte.

mod asked;
mod pattern;

use std::borrow::Cow;

use model::change::Segment;
use model::config::{Matcher, Shown};
use model::definition::{Definition, Definitions, FieldKind, Kind, Secrecy, form};
use serde_json::{Map, Value};

use self::asked::{Applies, Asked, at, in_lines, of_lines, when, without_fields};
use self::pattern::{for_html, is_filled_in};
use super::form::{Form, over, typed_json};
use super::things::TYPE_AGAIN;
use super::view::event::Change;
use super::view::parts::{Choice, Errors, Field, Input};
use crate::schema;

/// What stands before the name of a field, so that no setting is mistaken for another field of the page.
const PREFIX: &str = "config.";

/// The settings of one type of source or destination.
pub(super) struct Settings<'d> {
    fields: Cow<'d, [Spec]>,
    matcher: Matcher,
    /// Whether they are those of something new, which begins with the defaults of the form.
    is_new: bool,
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
        let mut settings = Self {
            fields: definition.map(fields).unwrap_or_default(),
            matcher: Matcher::new(Secrecy::of(definition)),
            is_new: false,
        };
        settings.hide_lists();
        settings
    }

    /// The same, of something that is to be made.
    pub(super) fn of_new(definitions: &'d Definitions, of: Kind, kind: &str) -> Self {
        Self {
            is_new: true,
            ..Self::of(definitions, of, kind)
        }
    }
}

/// The fields of the form that was imported with the type or, where there is none, of our own.
fn fields(definition: &Definition) -> Cow<'_, [Spec]> {
    let imported = definition.taken.as_deref().map(form::of);
    match imported {
        Some(imported) if !imported.is_empty() => Cow::Owned(imported),
        _ => Cow::Borrowed(&definition.fields),
    }
}

type Spec = model::definition::Field;

impl Settings<'_> {
    /// A list in which something may be a secret is asked for as JSON: what is hidden in it is kept.
    fn hide_lists(&mut self) {
        let is_hidden = |spec: &Spec| {
            let sample = Value::Array(of_lines(spec, "entry"));
            spec.kind == FieldKind::Tags && self.hides_some(spec, &sample)
        };
        let hidden: Vec<bool> = self.fields.iter().map(is_hidden).collect();
        if hidden.contains(&true) {
            let fields = self.fields.to_mut().iter_mut().zip(hidden);
            for (spec, _) in fields.filter(|(_, is_hidden)| *is_hidden) {
                spec.kind = FieldKind::Json;
            }
        }
    }

    /// Whether nothing is asked for but what may stand in the JSON.
    pub(super) fn asks_for_nothing(&self) -> bool {
        self.fields.is_empty()
    }

    fn is_hidden(&self, path: &[Segment<'_>], value: &Value) -> bool {
        self.matcher.visibility(path, value).is_hidden()
    }

    /// Whether a value is never shown again. An imported form may call a field secret whose value is not, being none of the
    /// type's `secretKeys`: it stands in events, so it is drawn like others.
    fn is_secret(&self, spec: &Spec) -> bool {
        let mut path = vec![Segment::Key(&spec.key)];
        path.extend(spec.member.as_deref().map(Segment::Key));
        self.is_hidden(&path, &Value::String(String::new()))
    }

    /// The form: what is stored, or, where it is drawn again, what was sent.
    pub(super) fn draw(
        &self,
        stored: &Map<String, Value>,
        sent: Option<&Form>,
        errors: &Errors,
    ) -> Drawn {
        let asked = self.asked(stored);
        let mut fields = Vec::with_capacity(asked.len());
        let mut section = None;
        for one in &asked {
            let applies = self.applies(one, &asked, stored, sent);
            let mut field = self.field(one, at(one.spec, stored), (sent, applies), errors);
            field.when = when(one, &asked);
            if section != one.spec.section {
                section.clone_from(&one.spec.section);
                field.heading.clone_from(&section);
            }
            fields.push(field);
        }
        let rest = without_fields(stored, &asked);
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
        one: &Asked<'_>,
        stored: Option<&Value>,
        (sent, applies): (Option<&Form>, Applies),
        errors: &Errors,
    ) -> Field {
        let Asked { spec, name } = one;
        let stored = stored.filter(|value| !value.is_null());
        let text = match (spec.kind, sent.map(|form| (form, form.get(name)))) {
            (_, Some((form, Some(_)))) => form.lines(name),
            // A box that is not ticked is not sent, and neither is one that is not asked for.
            (FieldKind::Boolean, Some((_, None))) if applies.holds => String::new(),
            (FieldKind::Json, _) => stored
                .and_then(|value| self.shown(&mut vec![Segment::Key(&spec.key)], value))
                .map(|shown| serde_json::to_string_pretty(&shown).unwrap_or_default())
                .unwrap_or_default(),
            _ => self.text(one, stored, None).into_owned(),
        };
        // An input of one line drops the ends of lines, whatever the definition knows of them.
        let is_several = |text: &str| text.contains(['\n', '\r']);
        let has_lines = spec.kind.has_lines()
            || is_several(&text)
            || stored.and_then(Value::as_str).is_some_and(is_several);
        // What is stored and does not match is no obstacle to other changes.
        let pattern = spec.pattern.as_ref().filter(|pattern| {
            self.is_secret(spec) || text.is_empty() || schema::matches(&pattern.regex, &text)
        });
        let (pattern, pattern_message) = (
            pattern.map(|pattern| for_html(&pattern.regex)),
            pattern.and_then(|pattern| pattern.message.clone()),
        );
        let input = if spec.kind == FieldKind::Json {
            Input::Lines(text)
        } else if self.is_secret(spec) {
            let set = stored.is_some();
            Input::Secret {
                set,
                lines: has_lines,
                remove: (set && !spec.required)
                    .then(|| sent.is_some_and(|form| is_removed(one, form))),
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
        let is_lost = matches!(input, Input::Secret { .. })
            && sent.is_some_and(|form| !form.text(name).is_empty());
        let said = errors.in_or_under(name).or(is_lost.then_some(TYPE_AGAIN));
        Field {
            error: said.map(str::to_owned),
            required: spec.required && applies.is_sure,
            label: spec.label.clone(),
            hint: self.hint(spec, stored),
            input,
            name: name.clone(),
            heading: None,
            applies: applies.holds,
            when: String::new(),
            pattern,
            pattern_message,
        }
    }

    /// The sentence under a field.
    fn hint(&self, spec: &Spec, stored: Option<&Value>) -> Option<String> {
        let example = spec
            .placeholder
            .as_ref()
            .map(|example| format!("For example {example}"));
        let hint = spec.help.clone().or(example);
        let is_kept = || stored.is_some_and(|value| self.hides_some(spec, value));
        let words = match spec.kind {
            FieldKind::Tags => "One entry on each line.",
            FieldKind::Json if is_kept() => {
                "JSON. Stored secrets in it are not shown and stay as they are unless you set them again."
            }
            FieldKind::Json => "JSON.",
            _ => return hint,
        };
        Some(hint.map_or_else(|| words.to_owned(), |hint| format!("{hint} {words}")))
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
        let asked = self.asked(stored);
        let mut out = match self.rest(stored, form, &asked) {
            Ok(rest) => rest,
            Err(message) => {
                errors.add("json", message);
                Map::new()
            }
        };
        for (place, first) in asked.iter().enumerate() {
            if asked[..place].iter().any(|other| other.is_same(first)) {
                continue;
            }
            let spec = first.spec;
            match self.chosen(first, &asked, stored, form) {
                Ok(None) => {}
                Ok(Some(value)) => match &spec.member {
                    None => {
                        out.insert(spec.key.clone(), value);
                    }
                    Some(member) => {
                        let whole = out.entry(spec.key.clone());
                        if let Value::Object(whole) = whole.or_insert_with(|| Map::new().into()) {
                            whole.insert(member.clone(), value);
                        }
                    }
                },
                Err((name, message)) => errors.add(name, message),
            }
        }
        if errors.is_empty() {
            Ok(Value::Object(out))
        } else {
            Err(errors)
        }
    }

    /// What a setting is to be by the field that is asked for. Where none is, what is stored stays.
    fn chosen(
        &self,
        first: &Asked<'_>,
        asked: &[Asked<'_>],
        stored: &Map<String, Value>,
        form: &Form,
    ) -> Result<Option<Value>, (String, String)> {
        let now = at(first.spec, stored);
        let all: Vec<_> = asked.iter().filter(|one| one.is_same(first)).collect();
        let may_go = |one: &&&Asked<'_>| !one.spec.required && self.is_secret(one.spec);
        if let Some(one) = all.iter().filter(may_go).find(|one| is_removed(one, form)) {
            return match form.text(&one.name) {
                "" => Ok(None),
                _ => Err((one.name.clone(), BOTH.to_owned())),
            };
        }
        for one in &all {
            let applies = self.applies(one, asked, stored, Some(form));
            if applies.holds {
                let sent = form.get(&one.name);
                let is_needed = one.spec.required && applies.is_sure;
                // What another field of the setting was stored with is new to one that was not shown then.
                let is_new = all.len() > 1 && !self.applies(one, asked, stored, None).holds;
                return self
                    .value(one.spec, now, sent, (is_needed, is_new))
                    .map_err(|message| (one.name.clone(), message));
            }
        }
        match (form.get(&first.name), &*all) {
            // Without a script all fields are there, and what was typed is meant.
            (Some(sent), [_]) if first.spec.kind != FieldKind::Boolean || sent == "true" => self
                .value(first.spec, now, Some(sent), (false, false))
                .map_err(|message| (first.name.clone(), message)),
            _ => Ok(now.cloned()),
        }
    }

    /// The settings without a field.
    fn rest(
        &self,
        stored: &Map<String, Value>,
        form: &Form,
        asked: &[Asked<'_>],
    ) -> Result<Map<String, Value>, String> {
        let rest = without_fields(stored, asked);
        let Some(json) = form.get("json") else {
            return Ok(rest);
        };
        let given = match json.trim() {
            "" => Value::Object(Map::new()),
            json => typed_json(json)?,
        };
        let Value::Object(members) = &given else {
            return Err("This has to be one JSON object: { ... }.".to_owned());
        };
        let is_there = |one: &&Asked<'_>| match (&one.spec.member, members.get(&one.spec.key)) {
            (_, None) => false,
            (Some(member), Some(Value::Object(given))) => given.contains_key(member),
            (_, Some(_)) => true,
        };
        if let Some(one) = asked.iter().find(is_there) {
            let name = one.name.strip_prefix(PREFIX).unwrap_or(&one.name);
            return Err(format!(
                "\u{201c}{name}\u{201d} has a field above. Set it there."
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
        (is_needed, is_new): (bool, bool),
    ) -> Result<Option<Value>, String> {
        let kept = stored.cloned();
        let is_set = kept.as_ref().is_some_and(|value| !value.is_null());
        let missing = || Err(format!("{} is needed.", spec.label));
        if spec.kind == FieldKind::Boolean {
            // A box that is not ticked is not sent. What is not set stays so, unless the form began with a tick.
            return Ok(match (sent == Some("true"), kept) {
                (false, None) if self.is_new => spec.default.as_ref().map(|_| Value::Bool(false)),
                (false, None | Some(Value::Null)) => stored.cloned(),
                (ticked, _) => Some(Value::Bool(ticked)),
            });
        }
        let Some(text) = sent else {
            return if is_needed && !is_set {
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
                () if is_needed => missing(),
                // What was stored as an empty text stays one; other texts are gone when they are emptied.
                () if kept.as_ref().is_some_and(|old| old == "" || old.is_null()) => Ok(kept),
                () => Ok(kept.filter(|old| {
                    spec.kind == FieldKind::Tags
                        && in_lines(spec, old).is_some_and(|lines| lines.is_empty())
                })),
            };
        }
        if spec.kind == FieldKind::Json {
            let given = typed_json(text)?;
            let nothing = Value::Null;
            let stored = stored.unwrap_or(&nothing);
            let path = &mut vec![Segment::Key(&spec.key)];
            return Ok(Some(self.restored(path, stored, given)));
        }
        if spec.kind == FieldKind::Tags {
            let now = stored.and_then(|list| in_lines(spec, list));
            let now = now.unwrap_or_default();
            let text = over(&now, text);
            return match of_lines(spec, &text) {
                // What was not touched stays, whatever it is.
                _ if text == now => Ok(kept),
                entries if entries.is_empty() && is_needed => missing(),
                entries => Ok((!entries.is_empty()).then_some(Value::Array(entries))),
            };
        }
        if spec.kind == FieldKind::Number {
            return match text.trim().parse::<serde_json::Number>() {
                Ok(number) => Ok(Some(Value::Number(number))),
                Err(_) => Err("This has to be a number.".to_owned()),
            };
        }
        let old = stored.and_then(Value::as_str).unwrap_or_default();
        let text = over(old, text);
        match &spec.pattern {
            // What was not touched stays, whatever it is.
            Some(pattern)
                if (is_new || text != old)
                    && !is_filled_in(&text)
                    && !schema::matches(&pattern.regex, &text) =>
            {
                let message = pattern.message.as_deref();
                Err(message.map_or_else(
                    || "This does not have the form that is asked for.".to_owned(),
                    super::refusal::sentence,
                ))
            }
            _ => Ok(Some(Value::String(text))),
        }
    }
}

/// What is said where a secret is typed and is to be removed as well.
const BOTH: &str = "Something is typed here, and the tick says to remove it. Do one of the two.";

/// Whether the box beside a secret says that what is stored is to go.
fn is_removed(one: &Asked<'_>, form: &Form) -> bool {
    form.flag(&format!("remove.{}", one.name))
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
