//! What the settings of a connection of reverse ETL have to be like, and what of them may change.

use model::change::alike;
use serde_json::{Map, Value};
use store::{Error, Result};

use crate::actions::input;

/// What a client may send, in the order of answers.
pub const FIELDS: &[&str] = &[
    "schedule",
    "syncSettings",
    "syncBehaviour",
    "identifiers",
    "mappings",
    "event",
    "constants",
    "cursorColumn",
    "object",
    "destinationConfig",
];

/// What is decided once, when the connection is made.
const FIXED: &[&str] = &[
    "syncBehaviour",
    "event",
    "cursorColumn",
    "object",
    "destinationConfig",
];

/// The shortest time between two syncs, in minutes: the clients refuse shorter ones as well.
const LEAST_MINUTES: i64 = 5;
/// The longest, a year.
const MOST_MINUTES: i64 = 366 * 24 * 60;
/// The most mappings, identifiers or constants.
const MOST: usize = 2000;

fn wrong(field: &str, message: impl Into<String>) -> Error {
    Error::field("invalid", field, message)
}

/// The settings of a new connection.
pub fn new(sent: &Map<String, Value>) -> Result<Value> {
    for field in ["schedule", "syncBehaviour", "identifiers"] {
        if !sent.contains_key(field) {
            return Err(Error::field(
                "required",
                field,
                format!("{field} is required"),
            ));
        }
    }
    checked(sent.clone())
}

/// The settings that a connection has, with what was sent in the place of what there is.
pub fn changed(now: &Value, sent: &Map<String, Value>) -> Result<Value> {
    let mut settings = now.as_object().cloned().unwrap_or_default();
    for (field, value) in sent {
        let now = settings.get(field);
        let same = now.is_some_and(|now| alike(now, value));
        if FIXED.contains(&field.as_str()) && !same {
            return Err(Error::field(
                "cannot_change",
                field,
                format!("{field} cannot change; delete the connection and make another"),
            ));
        }
        if !same {
            settings.insert(field.clone(), value.clone());
        }
    }
    checked(settings)
}

fn checked(settings: Map<String, Value>) -> Result<Value> {
    let text = |field: &str| {
        settings
            .get(field)
            .map(|value| value.as_str().unwrap_or(""))
    };
    for (field, value) in &settings {
        input::numbers(field, value)?;
    }
    if let Some(schedule_sent) = settings.get("schedule") {
        schedule(schedule_sent)?;
    }
    if let Some(behaviour) = text("syncBehaviour")
        && !["upsert", "mirror", "full"].contains(&behaviour)
    {
        let message = "syncBehaviour must be upsert, mirror or full";
        return Err(wrong("syncBehaviour", message));
    }
    for (field, keys) in [
        ("identifiers", ["from", "to"]),
        ("mappings", ["from", "to"]),
        ("constants", ["key", "value"]),
    ] {
        if let Some(list) = settings.get(field) {
            pairs(field, keys, list)?;
        }
    }
    if settings
        .get("identifiers")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        let message = "identifiers must not be empty";
        return Err(Error::field("required", "identifiers", message));
    }
    if let Some(sent) = settings.get("event") {
        event(sent)?;
    }
    for field in ["cursorColumn", "object"] {
        if text(field).is_some() {
            if !settings[field].is_string() {
                return Err(wrong(field, format!("{field} must be a string")));
            }
            input::text(field, settings[field].as_str().unwrap_or_default(), 1000)?;
        }
    }
    if text("cursorColumn").is_some_and(|column| !column.is_empty())
        && text("syncBehaviour") != Some("upsert")
    {
        let message = "cursorColumn goes with the syncBehaviour upsert only";
        return Err(wrong("cursorColumn", message));
    }
    for field in ["syncSettings", "destinationConfig"] {
        if let Some(value) = settings.get(field) {
            input::object(field, "not_an_object", Some(value))?;
        }
    }
    Ok(Value::Object(settings))
}

fn schedule(schedule: &Value) -> Result<()> {
    match schedule["type"].as_str() {
        Some("manual") => Ok(()),
        Some("basic") => match schedule["everyMinutes"].as_i64() {
            Some(LEAST_MINUTES..=MOST_MINUTES) => Ok(()),
            _ => Err(wrong(
                "schedule.everyMinutes",
                format!(
                    "a basic schedule needs everyMinutes, a whole number of minutes from {LEAST_MINUTES} to {MOST_MINUTES}"
                ),
            )),
        },
        Some("cron") => match schedule["cronExpression"].as_str() {
            Some(expression) if is_cron(expression) => Ok(()),
            _ => Err(wrong(
                "schedule.cronExpression",
                "a cron schedule needs cronExpression, with five fields: minute, hour, day of the month, month, day of the week",
            )),
        },
        _ => Err(wrong(
            "schedule.type",
            "schedule.type must be basic, manual or cron",
        )),
    }
}

fn pairs(field: &str, keys: [&str; 2], list: &Value) -> Result<()> {
    let [one, other] = keys;
    let fits = |item: &Value| item[one].is_string() && item[other].is_string();
    match list.as_array() {
        Some(items) if items.len() > MOST => Err(wrong(
            field,
            format!("{field} may have {MOST} elements at most"),
        )),
        Some(items) => match items.iter().position(|item| !fits(item)) {
            None => Ok(()),
            Some(at) => Err(wrong(
                &format!("{field}[{at}]"),
                format!("{field}[{at}] must have {one} and {other}, both strings"),
            )),
        },
        None => Err(wrong(field, format!("{field} must be an array"))),
    }
}

fn event(event: &Value) -> Result<()> {
    if !matches!(event["type"].as_str(), Some("identify" | "track")) {
        return Err(wrong("event.type", "event.type must be identify or track"));
    }
    let set = |key: &str| event[key].as_str().is_some_and(|text| !text.is_empty());
    if set("name") && set("nameColumn") {
        let message = "event.name and event.nameColumn exclude each other";
        return Err(wrong("event", message));
    }
    Ok(())
}

/// Whether a text has the five fields of cron, each with values, ranges, steps and lists within its bounds. Months and days
/// may go by their English names.
fn is_cron(expression: &str) -> bool {
    const MONTHS: &[&str] = &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let bounds = [
        (0, 59, &[][..]),
        (0, 23, &[]),
        (1, 31, &[]),
        (1, 12, MONTHS),
        (0, 7, DAYS),
    ];
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let number = |text: &str, low: u32, high: u32, names: &[&str]| -> Option<u32> {
        let named = names
            .iter()
            .zip(low..)
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        let value = named.map_or_else(|| text.parse().ok(), |(_, value)| Some(value))?;
        (low..=high).contains(&value).then_some(value)
    };
    let part = |text: &str, low: u32, high: u32, names: &[&str]| {
        let (range, step) = text
            .split_once('/')
            .map_or((text, None), |(range, step)| (range, Some(step)));
        let step_fits =
            step.is_none_or(|step| step.parse().is_ok_and(|n: u32| (1..=high).contains(&n)));
        let range_fits = match (range, range.split_once('-')) {
            ("*", _) => true,
            (_, Some((from, to))) => matches!(
                (number(from, low, high, names), number(to, low, high, names)),
                (Some(from), Some(to)) if from <= to
            ),
            (one, None) => number(one, low, high, names).is_some(),
        };
        step_fits && range_fits
    };
    fields.len() == bounds.len()
        && fields
            .iter()
            .zip(bounds)
            .all(|(field, (low, high, names))| {
                field.split(',').all(|text| part(text, low, high, names))
            })
}

#[cfg(test)]
mod tests {
    use super::is_cron;

    #[test]
    fn a_cron_expression_has_five_fields_within_their_bounds() {
        for good in [
            "30 13 * * *",
            "*/5 * * * *",
            "0 0 1,15 jan-MAR mon-fri",
            "0-30/10 2 * 12 7",
        ] {
            assert!(is_cron(good), "{good}");
        }
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            "1,,2 * * * *",
            "-1 * * * *",
        ] {
            assert!(!is_cron(bad), "{bad}");
        }
    }
}
