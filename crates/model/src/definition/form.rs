//! The fields of an imported form.
//!
//! Two shapes are in use. The older is a list of groups, each with `fields` whose key is `value`. The newer is an object of
//! templates; somewhere inside are lists called `fields`, whose key is `configKey`. What a field of a kind that we do not
//! draw holds is asked for as JSON, so that every setting can be reached.

use serde_json::{Map, Value};

use super::{Choice, Field, FieldKind};

/// How many fields a form may have.
const MOST: usize = 200;

/// How deep the lists of fields are looked for.
const DEPTH: usize = 12;

/// Templates that repeat what has a place of its own, or belong to another page.
const SKIPPED: [&str; 2] = ["redirectGroups", "consentSettingsTemplate"];

/// The fields of a form, in order, each key once.
pub fn fields(ui_config: &Value) -> Vec<Field> {
    let mut all = Vec::new();
    collect(ui_config, &mut all, 0);
    all
}

fn collect(value: &Value, all: &mut Vec<Field>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    match value {
        Value::Array(elements) => {
            for element in elements {
                collect(element, all, depth + 1);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::Array(fields) if key == "fields" => {
                        for field in fields.iter().filter_map(Value::as_object) {
                            add(field, all);
                        }
                    }
                    _ if SKIPPED.contains(&key.as_str()) => {}
                    other => collect(other, all, depth + 1),
                }
            }
        }
        _ => {}
    }
}

/// A text, or the texts of a list of texts and links.
fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.as_str().or_else(|| part.get("text")?.as_str()))
            .collect(),
        _ => return None,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn choices(field: &Map<String, Value>) -> Option<Vec<Choice>> {
    let options = field.get("options")?.as_array()?;
    options
        .iter()
        .map(|option| {
            let value = option.get("value")?.as_str()?.to_owned();
            let label = text(option.get("label")).or_else(|| text(option.get("name")));
            Some(Choice {
                label: label.unwrap_or_else(|| value.clone()),
                value,
            })
        })
        .collect()
}

fn add(field: &Map<String, Value>, all: &mut Vec<Field>) {
    let key = ["configKey", "value"]
        .iter()
        .find_map(|name| field.get(*name)?.as_str());
    // A setting inside of another stays in the JSON below the fields.
    let Some(key) = key.filter(|key| !key.is_empty() && !key.contains('.')) else {
        return;
    };
    if all.len() >= MOST || all.iter().any(|known| known.key == key) {
        return;
    }
    let is_secret = field.get("secret") == Some(&Value::Bool(true));
    let (kind, options) = match (field.get("type").and_then(Value::as_str), choices(field)) {
        (Some("textInput"), _) if is_secret => (FieldKind::Secret, Vec::new()),
        (Some("textInput"), _) => (FieldKind::Text, Vec::new()),
        (Some("textareaInput" | "textArea" | "textarea"), _) if is_secret => {
            (FieldKind::SecretLines, Vec::new())
        }
        (Some("textareaInput" | "textArea" | "textarea"), _) => (FieldKind::Lines, Vec::new()),
        (Some("checkbox" | "toggle"), _) => (FieldKind::Boolean, Vec::new()),
        (Some("singleSelect"), Some(options)) if !options.is_empty() => {
            (FieldKind::Select, options)
        }
        _ => (FieldKind::Json, Vec::new()),
    };
    // What is only asked for in some cases must not be in the way in the others.
    let required = field.get("required") == Some(&Value::Bool(true))
        && !field.contains_key("preRequisites")
        && !field.contains_key("preRequisiteField");
    let example = text(field.get("placeholder")).map(|example| {
        let bare = example
            .strip_prefix("e.g")
            .map(|rest| rest.trim_start_matches(['.', ':', ' ']))
            .filter(|rest| !rest.is_empty());
        bare.unwrap_or(&example).to_owned()
    });
    all.push(Field {
        key: key.to_owned(),
        label: text(field.get("label")).unwrap_or_else(|| key.to_owned()),
        kind,
        options,
        required,
        help: text(field.get("footerNote")).or_else(|| text(field.get("note"))),
        placeholder: example,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn drawn(ui_config: &Value) -> String {
        let lines: Vec<String> = fields(ui_config)
            .iter()
            .map(|one| {
                let options: Vec<&str> = one.options.iter().map(|one| one.label.as_str()).collect();
                format!(
                    "{} {:?} {}{} {} {}",
                    one.key,
                    one.kind,
                    one.label,
                    if one.required { "*" } else { "" },
                    options.join("/"),
                    one.placeholder.as_deref().unwrap_or_default(),
                )
                .trim_end()
                .to_owned()
            })
            .collect();
        lines.join("\n")
    }

    #[test]
    fn the_older_shape_is_groups_of_fields() {
        let form = json!([
            { "title": "Connection", "fields": [
                { "type": "textInput", "label": "Steam URL", "value": "steamUrl", "required": true, "placeholder": "e.g: https://steam.example" },
                { "type": "textInput", "label": "Key", "value": "key", "secret": true },
                { "type": "checkbox", "label": "Whistle", "value": "whistle" },
                { "type": "textInput", "label": "Again", "value": "key" },
                { "type": "textareaInput", "label": "Recipe", "value": "recipe" },
                { "type": "textarea", "label": "Key pair", "value": "pair", "secret": true }
            ] },
            { "title": "More", "fields": [
                { "type": "singleSelect", "label": "Colour", "value": "colour", "required": true, "preRequisiteField": { "name": "x" }, "options": [{ "name": "Red", "value": "red" }, { "name": "Blue", "value": "blue" }] },
                { "type": "dynamicForm", "labelLeft": "From", "keyLeft": "from", "value": "spouts" },
                { "type": "something new", "value": "lid.handle" }
            ] }
        ]);
        insta::assert_snapshot!(drawn(&form), @r"
        steamUrl Text Steam URL*  https://steam.example
        key Secret Key
        whistle Boolean Whistle
        recipe Lines Recipe
        pair SecretLines Key pair
        colour Select Colour Red/Blue
        spouts Json spouts
        ");
    }

    #[test]
    fn the_newer_shape_is_templates_with_fields_inside() {
        let form = json!({
            "baseTemplate": [{ "title": "Setup", "sections": [{ "groups": [{ "fields": [
                { "type": "textInput", "label": "Steam URL", "configKey": "steamUrl", "note": ["See ", { "text": "the guide", "link": "https://a.example" }] },
                { "type": "tagInput", "label": "Tags", "configKey": "tags", "tagKey": "tag" }
            ] }] }] }],
            "sdkTemplate": { "fields": [{ "type": "checkbox", "label": "Native", "configKey": "native" }] },
            "consentSettingsTemplate": { "fields": [{ "type": "dynamicCustomForm", "configKey": "consentManagement" }] }
        });
        insta::assert_snapshot!(drawn(&form), @r"
        steamUrl Text Steam URL
        tags Json Tags
        native Boolean Native
        ");
        assert_eq!(fields(&form)[0].help.as_deref(), Some("See the guide"));
    }

    #[test]
    fn what_is_no_form_has_no_fields() {
        for odd in [
            json!(null),
            json!(7),
            json!([1, [2]]),
            json!({ "fields": "no" }),
            json!([{ "fields": [1, { "type": 3 }] }]),
        ] {
            assert!(fields(&odd).is_empty(), "{odd}");
        }
    }
}
