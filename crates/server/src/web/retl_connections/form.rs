//! The form of a connection of reverse ETL: what it shows, and what it sends.

use model::change::{Visibility, alike, diff};
use model::things::RetlConnection;
use serde_json::{Map, Value, json};
use store::Error;

use crate::actions::retl_connection::settings::{FIELDS, changed};
use crate::web::event;
use crate::web::form::{Form, typed_json};
use crate::web::refusal::sentence;
use crate::web::things;
use crate::web::view::event::Change;
use crate::web::view::parts::{Choice, Errors, Field, Input};

/// What of the settings changes in the field for JSON, in the order in which it is shown.
const IN_JSON: &[&str] = &["identifiers", "mappings", "constants", "syncSettings"];
/// The fields of the form that say themselves what is wrong with them.
pub(super) const AT_FIELDS: &[&str] = &[
    "schedule.type",
    "schedule.everyMinutes",
    "schedule.cronExpression",
    "settings",
];

/// The field for JSON, as it is stored.
pub(super) fn shown(one: &RetlConnection) -> String {
    let fields = IN_JSON.iter().filter_map(|field| {
        let value = one.settings.get(*field)?;
        (!value.is_null()).then(|| ((*field).to_owned(), value.clone()))
    });
    let fields: Map<String, Value> = fields.collect();
    format!("{:#}", Value::Object(fields))
}

/// The schedule that was chosen. What is stored of it beside what the form asks for stays as long as the rest does.
fn schedule(now: &Value, form: &Form) -> Value {
    let of = |key: &str| form.text(&format!("schedule.{key}")).trim().to_owned();
    let kind = of("type");
    let mut chosen = json!({ "type": kind });
    let member = match &*kind {
        "basic" => Some(("everyMinutes", {
            let typed = of("everyMinutes");
            typed
                .parse::<i64>()
                .map_or(json!(typed), |minutes| json!(minutes))
        })),
        "cron" => Some(("cronExpression", json!(of("cronExpression")))),
        _ => None,
    };
    let is_same = now["type"] == kind
        && member
            .as_ref()
            .is_none_or(|(key, value)| alike(&now[*key], value));
    if is_same && now.is_object() {
        return now.clone();
    }
    if let Some((key, value)) = member {
        chosen[key] = value;
    }
    chosen
}

/// What was typed as JSON: settings, as the API takes them. What is `null` is as if it were not there.
fn typed(form: &Form) -> std::result::Result<Map<String, Value>, String> {
    let text = form.text("settings");
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let Value::Object(mut typed) = typed_json(text)? else {
        return Err("This has to be one JSON object: { ... }.".to_owned());
    };
    typed.retain(|_, value| !value.is_null());
    match typed
        .keys()
        .find(|key| !FIELDS.contains(&key.as_str()) || *key == "schedule")
    {
        None => Ok(typed),
        Some(key) if key == "schedule" => {
            Err("\u{201c}schedule\u{201d} has fields above. Set it there.".to_owned())
        }
        Some(key) => Err(format!(
            "\u{201c}{key}\u{201d} is no setting of a connection. There are {}.",
            IN_JSON.join(", ")
        )),
    }
}

/// The settings that a form asks for, or all that is wrong with it.
pub(super) fn read(
    one: &RetlConnection,
    form: &Form,
) -> std::result::Result<Map<String, Value>, Errors> {
    let schedule = schedule(&one.settings["schedule"], form);
    let only = Map::from_iter([("schedule".to_owned(), schedule.clone())]);
    match typed(form) {
        Ok(mut sent) => {
            sent.insert("schedule".to_owned(), schedule);
            Ok(sent)
        }
        Err(message) => {
            let mut errors = Errors::default();
            if let Err(error) = changed(&one.settings, &only)
                && let Error::Invalid { details, .. } =
                    things::said_at(error, AT_FIELDS, "settings")
            {
                for (field, message) in details {
                    errors.add(field, sentence(&message));
                }
            }
            errors.add("settings", message);
            Err(errors)
        }
    }
}

/// The fields of the schedule: what belongs to one way is asked for where that is chosen.
pub(super) fn schedule_fields(
    one: &RetlConnection,
    sent: Option<&Form>,
    errors: &Errors,
) -> Vec<Field> {
    let now = &one.settings["schedule"];
    let value = |key: &str| match sent {
        Some(form) => form.text(&format!("schedule.{key}")).to_owned(),
        None => match &now[key] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
    };
    let kind = value("type");
    let ways = [
        ("basic", "Every so many minutes"),
        ("cron", "At the times of a cron expression"),
        ("manual", "By hand"),
    ];
    let choices = ways.map(|(way, label)| Choice::new(way, label, &kind));
    let field = |name: &str, label: &str, hint: Option<&str>, of: Option<&str>, input| Field {
        error: errors.of(name).map(str::to_owned),
        name: name.to_owned(),
        label: label.to_owned(),
        hint: hint.map(str::to_owned),
        required: true,
        applies: of.is_none_or(|of| of == kind),
        when: of.map_or_else(String::new, |of| {
            json!([[["schedule.type", of]]]).to_string()
        }),
        input,
        heading: None,
        pattern: None,
        pattern_message: None,
    };
    let cron = "Minute, hour, day of the month, month, day of the week: for example 30 13 * * *";
    vec![
        field(
            "schedule.type",
            "Schedule",
            None,
            None,
            Input::Select(choices.into()),
        ),
        field(
            "schedule.everyMinutes",
            "Minutes",
            None,
            Some("basic"),
            Input::Number(value("everyMinutes")),
        ),
        field(
            "schedule.cronExpression",
            "Cron expression",
            Some(cron),
            Some("cron"),
            Input::Text(value("cronExpression")),
        ),
    ]
}

/// What a person sees of a connection that another changes: as it is, or as it was sent.
pub(super) fn differences(one: &RetlConnection, form: &Form) -> Vec<Change> {
    let told = |enabled: bool, settings: &Value| {
        let mut told = settings.clone();
        told["enabled"] = json!(enabled);
        // It cannot change, and has secrets.
        told["destinationConfig"] = Value::Null;
        told
    };
    let then = read(one, form).ok();
    let then = then.and_then(|sent| changed(&one.settings, &sent).ok());
    let then = told(form.flag("enabled"), then.as_ref().unwrap_or(&one.settings));
    let now = told(one.enabled, &one.settings);
    let changes = diff(Some(&now), Some(&then), &|_, _| Visibility::Clear);
    changes.iter().map(event::change).collect()
}
