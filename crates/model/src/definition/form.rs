//! The fields of an imported form.
//!
//! Two shapes are in use. The older is a list of groups, each with `fields` whose key is `value`. The newer is an object of
//! templates; somewhere inside are lists called `fields`, whose key is `configKey`. What a field of a kind that we do not
//! draw holds is asked for as JSON, so that every setting can be reached.

mod conditions;
mod platforms;

use serde_json::{Map, Value};

use self::conditions::Conditions;
use super::{Choice, Field, FieldKind, Pattern, Taken};

/// How many fields a form may have.
const MOST: usize = 200;

/// How deep the lists of fields are looked for.
const DEPTH: usize = 12;

/// The template that repeats what has a place of its own.
const SKIPPED: &str = "redirectGroups";

/// The fields of the form that was taken in with a type, in order: first what holds for all platforms.
pub fn of(taken: &Taken) -> Vec<Field> {
    let all = taken.ui_config().as_ref().map(fields).unwrap_or_default();
    if all.is_empty() {
        return all;
    }
    let mut all = platforms::by_platform(all, taken, taken.config_schema().as_ref());
    all.truncate(MOST);
    all
}

/// The fields of a form, in order. A key is there more than once only where conditions tell which of its fields is asked for.
fn fields(ui_config: &Value) -> Vec<Field> {
    let mut all = Vec::new();
    collect(ui_config, &Around::default(), &mut all, 0);
    all
}

/// What holds for the fields inside of a group.
#[derive(Clone, Default)]
struct Around {
    section: Option<String>,
    conditions: Conditions,
}

impl Around {
    fn within(&self, group: &Map<String, Value>) -> Self {
        Self {
            section: text(group.get("title")).or_else(|| self.section.clone()),
            conditions: self.conditions.clone().and(Conditions::of(group)),
        }
    }
}

fn collect(value: &Value, around: &Around, all: &mut Vec<Field>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    match value {
        Value::Array(elements) => {
            for element in elements {
                collect(element, around, all, depth + 1);
            }
        }
        Value::Object(members) => {
            let around = around.within(members);
            for (key, member) in members {
                match member {
                    Value::Array(fields) if key == "fields" => {
                        for field in fields.iter().filter_map(Value::as_object) {
                            add(field, &around, all);
                        }
                    }
                    _ if key == SKIPPED || conditions::MEMBERS.contains(&key.as_str()) => {}
                    other => collect(other, &around, all, depth + 1),
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

/// The kind of a field, and what a select offers.
fn kind(field: &Map<String, Value>) -> (FieldKind, Vec<Choice>) {
    let is_secret = field.get("secret") == Some(&Value::Bool(true));
    match (field.get("type").and_then(Value::as_str), choices(field)) {
        (Some("textInput"), _) if is_secret => (FieldKind::Secret, Vec::new()),
        (Some("textInput"), _) => (FieldKind::Text, Vec::new()),
        (Some("textareaInput" | "textArea" | "textarea"), _) if is_secret => {
            (FieldKind::SecretLines, Vec::new())
        }
        (Some("textareaInput" | "textArea" | "textarea"), _) => (FieldKind::Lines, Vec::new()),
        (Some("tagInput"), _) if !is_secret => (FieldKind::Tags, Vec::new()),
        (Some("checkbox" | "toggle"), _) => (FieldKind::Boolean, Vec::new()),
        (Some("singleSelect"), Some(options)) if !options.is_empty() => {
            (FieldKind::Select, options)
        }
        _ => (FieldKind::Json, Vec::new()),
    }
}

/// What a new configuration begins with, where it is of the field's own kind. A secret begins with nothing.
fn default(field: &Map<String, Value>, kind: FieldKind) -> Option<Value> {
    let given = || {
        field
            .get("default")
            .or_else(|| field.get("defaultOption")?.get("value"))
    };
    match kind {
        FieldKind::Boolean => given().filter(|given| given.is_boolean()).cloned(),
        FieldKind::Text | FieldKind::Lines | FieldKind::Select => given()
            .filter(|given| given.as_str().is_some_and(|text| !text.is_empty()))
            .cloned(),
        FieldKind::Number
        | FieldKind::Secret
        | FieldKind::SecretLines
        | FieldKind::Tags
        | FieldKind::Json => None,
    }
}

fn pattern(field: &Map<String, Value>, kind: FieldKind) -> Option<Pattern> {
    let is_text = matches!(
        kind,
        FieldKind::Text | FieldKind::Lines | FieldKind::Secret | FieldKind::SecretLines
    );
    let regex = field.get("regex").and_then(Value::as_str)?;
    (is_text && !regex.is_empty()).then(|| Pattern {
        regex: regex.to_owned(),
        message: text(field.get("regexErrorMessage")),
    })
}

/// Whether a field has no place beside those that are there: its setting is asked for already, as a whole or by its members, and
/// no conditions tell them apart.
fn is_taken(one: &Field, all: &[Field]) -> bool {
    all.iter()
        .filter(|known| known.key == one.key)
        .any(|known| match (&known.member, &one.member) {
            (Some(known), Some(own)) if known != own => false,
            (known_member, member) => {
                known_member != member
                    || known.kind != one.kind
                    || known.when.is_empty()
                    || one.when.is_empty()
            }
        })
}

fn add(field: &Map<String, Value>, around: &Around, all: &mut Vec<Field>) {
    let key = ["configKey", "value"]
        .iter()
        .find_map(|name| field.get(*name)?.as_str());
    let (key, member) = match key.map(|key| {
        key.split_once('.')
            .map_or((key, None), |(key, member)| (key, Some(member)))
    }) {
        Some((key, member)) if !key.is_empty() => (key, member),
        _ => return,
    };
    let (kind, options) = kind(field);
    // What is deeper inside of another setting stays in the JSON below the fields.
    let is_whole = matches!(kind, FieldKind::Json | FieldKind::Tags);
    if member.is_some_and(|member| member.is_empty() || member.contains('.') || is_whole) {
        return;
    }
    let conditions = around.conditions.clone().and(Conditions::of(field));
    let example = text(field.get("placeholder")).map(|example| {
        let bare = example
            .strip_prefix("e.g")
            .map(|rest| rest.trim_start_matches(['.', ':', ' ']))
            .filter(|rest| !rest.is_empty());
        bare.unwrap_or(&example).to_owned()
    });
    let one = Field {
        key: key.to_owned(),
        label: text(field.get("label")).unwrap_or_else(|| key.to_owned()),
        kind,
        options,
        // What is only asked for in cases that we cannot tell must not be in the way in the others.
        required: field.get("required") == Some(&Value::Bool(true)) && conditions.are_all_known,
        help: text(field.get("footerNote")).or_else(|| text(field.get("note"))),
        placeholder: example,
        member: member.map(str::to_owned),
        tag: (kind == FieldKind::Tags)
            .then(|| Some(field.get("tagKey")?.as_str()?.to_owned()))
            .flatten(),
        section: around.section.clone(),
        default: default(field, kind),
        pattern: pattern(field, kind),
        when: conditions.all,
    };
    if is_taken(&one, all) {
        // Who has no place may be asked for where the other is not: then the other is asked for always.
        for known in all.iter_mut() {
            if (&known.key, &known.member) == (&one.key, &one.member) && !known.when.is_empty() {
                known.when.clear();
                known.required = false;
            }
        }
    } else if all.len() < MOST {
        all.push(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn drawn(ui_config: &Value) -> String {
        told(&fields(ui_config))
    }

    fn told(fields: &[Field]) -> String {
        let lines: Vec<String> = fields
            .iter()
            .map(|one| {
                let options: Vec<&str> = one.options.iter().map(|one| one.label.as_str()).collect();
                let place = one
                    .member
                    .iter()
                    .fold(one.key.clone(), |key, member| key + "." + member);
                let when: Vec<String> = one
                    .when
                    .iter()
                    .map(|any| {
                        let all = any.iter().map(|one| format!("{}={}", one.key, one.value));
                        all.collect::<Vec<_>>().join("|")
                    })
                    .collect();
                let section = one.section.as_deref().unwrap_or("-");
                format!(
                    "{section}: {place} {:?} {}{} {} {} {} {}",
                    one.kind,
                    one.label,
                    if one.required { "*" } else { "" },
                    options.join("/"),
                    one.placeholder.as_deref().unwrap_or_default(),
                    one.default
                        .as_ref()
                        .map(|value| format!("[{value}]"))
                        .unwrap_or_default(),
                    when.iter()
                        .map(|any| format!("if {any}"))
                        .collect::<Vec<_>>()
                        .join(" "),
                )
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
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
        Connection: steamUrl Text Steam URL* https://steam.example
        Connection: key Secret Key
        Connection: whistle Boolean Whistle
        Connection: recipe Lines Recipe
        Connection: pair SecretLines Key pair
        More: colour Select Colour Red/Blue
        More: spouts Json spouts
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
        Setup: steamUrl Text Steam URL
        Setup: tags Tags Tags
        -: native Boolean Native
        -: consentManagement Json consentManagement
        ");
        assert_eq!(fields(&form)[0].help.as_deref(), Some("See the guide"));
    }

    #[test]
    fn a_field_says_when_it_is_asked_for_and_what_it_begins_with() {
        let asks = |name: &str, value: Value| json!({ "name": name, "selectedValue": value });
        let field = |more: Value| {
            let mut field = json!({ "type": "textInput", "value": "bucket", "label": "Bucket", "required": true });
            field
                .as_object_mut()
                .expect("an object")
                .extend(more.as_object().expect("an object").clone());
            field
        };
        let older = json!([{ "title": "Storage", "fields": [
            { "type": "checkbox", "value": "managed", "default": true },
            { "type": "singleSelect", "value": "cloud", "options": [{ "name": "A", "value": "a" }], "defaultOption": { "value": "a" } },
            field(json!({ "preRequisiteField": [asks("cloud", json!("a")), asks("managed", json!(false))], "regex": "^a", "regexErrorMessage": "No" })),
            field(json!({ "preRequisiteField": asks("cloud", json!("b")), "label": "Container" })),
            field(json!({ "value": "other", "preRequisiteField": asks("cloud", json!("b")) })),
            field(json!({ "value": "other", "label": "Has no place of its own" })),
            field(json!({ "value": "flagged", "preRequisites": { "featureFlags": [{ "configKey": "x", "value": true }] } })),
            field(json!({ "value": "key", "secret": true, "default": "never drawn" }))
        ] }]);
        let any = json!({ "condition": "or", "fields": [{ "configKey": "modes.web", "value": true }, { "configKey": "cloud", "value": "a" }] });
        let newer = json!({ "baseTemplate": [{ "title": "Setup", "sections": [{ "groups": [{ "title": "Filter", "preRequisites": any, "fields": [
            { "type": "textInput", "configKey": "list", "preRequisites": { "fields": [{ "configKey": "filter", "value": "on" }, { "configKey": "level", "value": 2 }] } },
            { "type": "checkbox", "configKey": "native.web" },
            { "type": "checkbox", "configKey": "native" },
            { "type": "tagInput", "configKey": "lid.handle" }
        ] }] }] }] });
        insta::assert_snapshot!(drawn(&older) + "\n" + &drawn(&newer), @r#"
        Storage: managed Boolean managed [true]
        Storage: cloud Select cloud A ["a"]
        Storage: bucket Text Bucket* if cloud="a" if managed=false
        Storage: bucket Text Container* if cloud="b"
        Storage: other Text Bucket
        Storage: flagged Text Bucket
        Storage: key Secret Bucket*
        Filter: list Text list if modes.web=true|cloud="a" if filter="on" if level=2
        Filter: native.web Boolean native if modes.web=true|cloud="a"
        "#);
        let pattern = fields(&older)[2].pattern.clone();
        let pattern = pattern.expect("a pattern");
        assert_eq!(
            (&*pattern.regex, pattern.message.as_deref()),
            ("^a", Some("No"))
        );
    }

    #[test]
    fn what_is_kept_for_each_platform_has_a_field_for_each() {
        let body = json!({
            "name": "KETTLE",
            "config": {
                "supportedConnectionModes": { "web": ["cloud", "device"], "ios": { "cloud": [], "hybrid": [] } },
                "destConfig": {
                    "defaultConfig": ["colour", "both"],
                    "ios": ["connectionMode", "useNativeSDK"],
                    "web": ["connectionMode", "useNativeSDK", "colour", "both", "tags"],
                },
            },
            "configSchema": { "properties": {
                "useNativeSDK": { "type": "object", "properties": { "web": { "type": "boolean" }, "ios": { "type": "boolean" } } },
                "steam": { "type": "object", "properties": { "cloud": {} } },
                "nested": { "type": "object", "properties": { "web": { "type": "array" } } },
                "alone": { "type": "object" },
                "colour": { "type": "string" },
                "events": { "type": "array", "items": { "type": "object", "properties": { "eventName": { "type": "string" } } } },
                "words": { "type": "array", "items": { "type": "string" } },
                "numbers": { "type": "array", "items": { "type": "number" } },
                "pairs": { "type": "array", "items": { "type": "object" } },
            } },
            "uiConfig": [{ "title": "SDK", "fields": [
                { "type": "checkbox", "value": "useNativeSDK", "default": true, "required": true },
                { "type": "textInput", "value": "steam" },
                { "type": "checkbox", "value": "nested" },
                { "type": "checkbox", "value": "alone" },
                { "type": "textInput", "value": "colour" },
                { "type": "textInput", "value": "both" },
                { "type": "tagInput", "value": "tags" },
                { "type": "tagInput", "value": "events", "tagKey": "eventName" },
                { "type": "tagInput", "value": "words", "tagKey": "word" },
                { "type": "tagInput", "value": "numbers", "tagKey": "number" },
                { "type": "tagInput", "value": "pairs" },
                { "type": "tagInput", "value": "untold", "tagKey": "one" },
                { "type": "tagInput", "value": "hidden", "secret": true },
            ] }],
        });
        let about = ("id".to_owned(), super::super::Origin::Posted);
        let moments = (crate::clock::Micros(0), crate::clock::Micros(0));
        let taken = Taken::parse(
            super::super::Kind::Destination,
            about,
            &body.to_string(),
            moments,
        );
        let all = of(&taken.expect("a definition"));
        let tags = all
            .iter()
            .filter_map(|one| Some((&*one.key, one.tag.as_deref()?)));
        assert_eq!(
            tags.collect::<Vec<_>>(),
            [
                ("events", "eventName"),
                ("numbers", "number"),
                ("untold", "one")
            ]
        );
        insta::assert_snapshot!(told(&all), @"
        SDK: nested Json nested
        SDK: alone Json alone
        SDK: colour Text colour
        SDK: both Text both
        SDK: tags Json tags
        SDK: events Tags events
        SDK: words Tags words
        SDK: numbers Json numbers
        SDK: pairs Json pairs
        SDK: untold Tags untold
        SDK: hidden Json hidden
        Platform ios: connectionMode.ios Select Connection mode cloud/hybrid
        Platform ios: useNativeSDK.ios Boolean useNativeSDK [true]
        Platform web: connectionMode.web Select Connection mode cloud/device
        Platform web: useNativeSDK.web Boolean useNativeSDK [true]
        Platform cloud: steam.cloud Text steam
        ");
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
