//! What pages of things have in common.

use std::collections::HashMap;

use axum::http::StatusCode;
use model::definition::{Definition, Definitions, Kind};
use serde::Deserialize;
use serde_json::Value;
use store::{After, Error};

use super::event::tail;
use super::refusal::{Refusal, sentence};
use super::view::frame::Flash;
use super::view::parts::{Choice, ChoiceGroup, Errors, Leaf};
use crate::actions::input::CONFIG_INVALID;

/// How many things are on a page of a list.
pub(super) const PAGE: u32 = 100;

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct From {
    after: Option<String>,
    q: String,
}

impl From {
    pub(super) fn start(&self) -> Result<Option<After>, Refusal> {
        let parse = |text: &String| text.parse().map_err(|_| Refusal::nothing_here());
        self.after.as_ref().map(parse).transpose()
    }

    /// The text that names have to have in them.
    pub(super) fn named(&self) -> Option<&str> {
        Some(self.q.trim()).filter(|named| !named.is_empty())
    }

    /// What a list says around the rows of this page.
    pub(super) fn leaf(&self, path: &str, total: u64, next: Option<&After>) -> Leaf {
        let address = |after: Option<String>| {
            let named = self.named().map(|named| ("q", named.to_owned()));
            let query: Vec<_> = named
                .into_iter()
                .chain(after.map(|after| ("after", after)))
                .collect();
            match serde_urlencoded::to_string(query) {
                Ok(query) if !query.is_empty() => format!("{path}?{query}"),
                _ => path.to_owned(),
            }
        };
        Leaf {
            path: path.to_owned(),
            named: self.named().unwrap_or_default().to_owned(),
            total,
            first_href: self.after.is_some().then(|| address(None)),
            next_href: next.map(|after| address(Some(after.to_string()))),
        }
    }
}

/// The id in a path. What is no id is the id of nothing.
pub(super) fn id<T: std::str::FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Refusal::nothing_here())
}

/// What a type is called, and whether a definition describes it.
pub(super) fn kind(definitions: &Definitions, of: Kind, name: &str) -> (String, bool) {
    match definitions.find(of, name) {
        Some(known) => (known.display_name.clone(), true),
        None => (name.to_owned(), false),
    }
}

/// The choice of a type that is not in the list. No type is called so: a name is not blank.
pub(super) const ANOTHER: &str = " ";

/// The type that was chosen from the list or, where it is not there, typed.
pub(super) fn chosen<'f>(listed: &'f str, typed: &'f str) -> Result<&'f str, Errors> {
    let typed = typed.trim();
    let wrong = |field, message| Err([(field, message)].into_iter().collect());
    match (listed, typed) {
        ("", "") => wrong("type", "Choose a type."),
        (ANOTHER, "") => wrong("other_type", "Write which, or choose one from the list."),
        ("" | ANOTHER, typed) => Ok(typed),
        (listed, typed) if typed.is_empty() || typed == listed => Ok(listed),
        _ => wrong(
            "other_type",
            "A type is chosen in the list as well. Empty this field, or choose \u{201c}Another type\u{201d} there.",
        ),
    }
}

/// The heading that a type stands under.
fn heading(of: Kind, known: &Definition) -> &'static str {
    match (known.category.as_deref(), &known.same_as) {
        (_, Some(_)) => "In the words of rudder-cli",
        (Some("warehouse"), _) => "Warehouses",
        (Some("webhook"), _) => "Webhooks",
        _ => match of {
            Kind::Source => "Event streams",
            Kind::Destination => "Streams",
        },
    }
}

/// The types to choose from, by category.
pub(super) fn types(definitions: &Definitions, of: Kind, current: &str) -> Vec<ChoiceGroup> {
    let mut groups: Vec<ChoiceGroup> = Vec::new();
    let all = definitions.all(of);
    for known in all {
        let label = heading(of, known);
        // Two types may read alike: then the word on the wire tells them apart.
        let is_alike = all.iter().any(|other| {
            other.name != known.name
                && other.display_name == known.display_name
                && heading(of, other) == label
        });
        let text = if is_alike || known.same_as.is_some() {
            format!("{} ({})", known.display_name, known.name)
        } else {
            known.display_name.clone()
        };
        let choice = Choice::new(known.name.clone(), text, current);
        match groups.iter_mut().find(|group| group.label == label) {
            Some(group) => group.choices.push(choice),
            None => groups.push(ChoiceGroup {
                label: label.to_owned(),
                choices: vec![choice],
            }),
        }
    }
    groups
}

/// Things to choose from, as id, name and type: the type stands beside the name and, where both are alike, the end of the id.
pub(super) fn choices(things: Vec<(String, String, String)>) -> Vec<Choice> {
    let mut labels: HashMap<String, usize> = HashMap::new();
    let label = |name: &str, kind: &str| format!("{name} \u{b7} {kind}");
    for (_, name, kind) in &things {
        *labels.entry(label(name, kind)).or_default() += 1;
    }
    let choice = |(id, name, kind): (String, String, String)| {
        let mut label = label(&name, &kind);
        if labels[&label] > 1 {
            label = format!("{label} \u{b7} \u{2026}{}", tail(&id));
        }
        Choice::new(id, label, "")
    };
    things.into_iter().map(choice).collect()
}

/// The members of an object as a page lists them: names and values.
pub(super) fn members(object: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    object
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

/// Why a form was not taken, where the form can say it: the status, what is wrong with its fields, and what is wrong
/// with all of it.
pub(super) struct Wrong {
    pub(super) status: StatusCode,
    pub(super) errors: Errors,
    pub(super) flash: Option<Flash>,
}

impl Wrong {
    /// Nothing is.
    pub(super) fn none() -> Self {
        Self {
            status: StatusCode::OK,
            errors: Errors::default(),
            flash: None,
        }
    }

    /// Fields that need another look.
    pub(super) fn fields(errors: Errors) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            errors,
            flash: None,
        }
    }

    /// What an action refused. `fields` are those that the form has; what is wrong with another stands above the form.
    pub(super) fn of(error: Error, title: &str, fields: &[&str]) -> Result<Self, Refusal> {
        let above = |text: &str| {
            Some(Flash::Error {
                title: title.to_owned(),
                text: format!("{} Nothing was changed.", sentence(text)),
            })
        };
        match error {
            Error::Invalid {
                code,
                message,
                details,
            } => {
                // What does not fit a type may be many things: they are told of above the form as well.
                let is_config = code == CONFIG_INVALID;
                let has = |field: &str| {
                    fields.contains(&field) || field == "config" || field.starts_with("config.")
                };
                let flash = if !is_config && details.iter().any(|(field, _)| has(field)) {
                    None
                } else {
                    above(&message)
                };
                let errors = details
                    .into_iter()
                    .filter(|(field, _)| has(field))
                    .map(|(field, message)| (field, sentence(&message)))
                    .collect();
                Ok(Self {
                    flash,
                    ..Self::fields(errors)
                })
            }
            Error::Failed { message, .. } => Ok(Self {
                status: StatusCode::CONFLICT,
                errors: Errors::default(),
                flash: above(&message),
            }),
            error => Err(error.into()),
        }
    }
}

/// An error with what is wrong said at these fields of a form: all that has no field of its own is in the one for JSON.
pub(super) fn said_at(error: Error, fields: &[&str], json: &str) -> Error {
    match error {
        Error::Invalid {
            code,
            message,
            details,
        } => {
            let is_field = |field: &str| fields.contains(&field);
            let details = details.into_iter().map(|(field, what)| {
                let at = if is_field(&field) {
                    field
                } else {
                    json.to_owned()
                };
                (at, what)
            });
            Error::Invalid {
                code,
                message,
                details: details.collect(),
            }
        }
        error => error,
    }
}

/// What is said at the field of a secret that was typed into a form which is drawn again: a form never holds a stored or refused secret,
/// so the field is empty, and looks as if nothing had been typed.
pub(super) const TYPE_AGAIN: &str =
    "Type it again: a page never holds what is secret, and nothing was saved.";

/// Whether what was typed is the name. Spaces around it do not count: a browser may add or drop them.
pub(super) fn confirmed(typed: &str, name: &str) -> Errors {
    if typed.trim() == name.trim() {
        Errors::default()
    } else {
        [("confirm", "This is not the name. Nothing was deleted.")]
            .into_iter()
            .collect()
    }
}
