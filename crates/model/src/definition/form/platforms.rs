//! Settings that are kept for each platform: a field for each, below the name of the platform.

use serde_json::{Map, Value};

use super::super::{Choice, Field, FieldKind, Taken};

/// The setting that says whether the SDK or the data plane sends. Forms have no field for it: it is made from the platforms.
const MODE: &str = "connectionMode";

/// What a type says of its settings.
struct Said<'t> {
    /// The settings of each platform, and under `defaultConfig` those of all together.
    listed: Option<&'t Map<String, Value>>,
    properties: Option<&'t Map<String, Value>>,
}

/// How a setting is kept.
enum Kept<'t> {
    /// As one value.
    Whole,
    /// As one value that is an object or a list.
    Json,
    /// As an object, with a value for each of these platforms.
    ByPlatform(Vec<&'t str>),
}

impl<'t> Said<'t> {
    fn property(&self, key: &str) -> Option<&'t Value> {
        self.properties?.get(key)
    }

    /// The platforms that a setting is listed for.
    fn listed(&self, key: &str) -> Vec<&'t str> {
        let has = |list: &Value| {
            let mut all = list.as_array().into_iter().flatten();
            all.any(|one| one.as_str() == Some(key))
        };
        let Some(listed) = self.listed else {
            return Vec::new();
        };
        if listed.get(Taken::OF_ALL).is_some_and(has) {
            return Vec::new();
        }
        listed
            .iter()
            .filter(|(_, list)| has(list))
            .map(|(platform, _)| platform.as_str())
            .collect()
    }

    /// Whether a setting is one list of what its field says that it is; where the schema has a list of texts, it is that. What is
    /// kept for each platform is none.
    fn is_list(&self, field: &mut Field) -> bool {
        let property = self.property(&field.key);
        match property.and_then(|property| property.get("type")?.as_str()) {
            None => self.listed(&field.key).is_empty(),
            Some("array") => {
                let elements = property.and_then(|property| property.get("items")?.get("type"));
                match elements.and_then(Value::as_str) {
                    Some("string") => field.tag = None,
                    Some("object") | None => {}
                    Some(_) => return false,
                }
                elements.is_none_or(|elements| elements == "string" || field.tag.is_some())
            }
            Some(_) => false,
        }
    }

    /// How a setting is kept that a field of one value asks for. The schema knows it best.
    fn kept(&self, key: &str) -> Kept<'t> {
        let property = self.property(key);
        let wanted = property.and_then(|property| property.get("type")?.as_str());
        let members = property.and_then(|property| property.get("properties")?.as_object());
        let platforms = match (wanted, members) {
            (Some("array"), _) => return Kept::Json,
            (Some("object"), Some(members)) if !members.is_empty() => {
                let is_one_value =
                    |member: &Value| !matches!(member["type"].as_str(), Some("object" | "array"));
                if !members.values().all(is_one_value) {
                    return Kept::Json;
                }
                members.keys().map(String::as_str).collect()
            }
            (Some("object") | None, _) => self.listed(key),
            (Some(_), _) => return Kept::Whole,
        };
        match (platforms.is_empty(), wanted) {
            (false, _) => Kept::ByPlatform(platforms),
            (true, Some(_)) => Kept::Json,
            (true, None) => Kept::Whole,
        }
    }
}

/// The choice of a mode for each platform that may choose.
fn modes(said: &Said<'_>, taken: &Taken) -> Vec<Field> {
    let Kept::ByPlatform(platforms) = said.kept(MODE) else {
        return Vec::new();
    };
    let options = |platform: &str| -> Vec<Choice> {
        let supported = taken.config.get("supportedConnectionModes");
        let supported = supported.and_then(|all| all.get(platform));
        let of_schema = || {
            said.property(MODE)?
                .get("properties")?
                .get(platform)?
                .get("enum")
        };
        let words: Vec<&str> = match supported.or_else(of_schema) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::Object(all)) => all.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        words
            .into_iter()
            .filter(|word| !word.is_empty())
            .map(|word| Choice {
                value: word.to_owned(),
                label: word.to_owned(),
            })
            .collect()
    };
    let field = |platform: &&str| Field {
        key: MODE.to_owned(),
        label: "Connection mode".to_owned(),
        kind: FieldKind::Select,
        options: options(platform),
        required: false,
        help: None,
        placeholder: None,
        member: Some((*platform).to_owned()),
        tag: None,
        section: None,
        default: None,
        pattern: None,
        when: Vec::new(),
    };
    platforms
        .iter()
        .map(field)
        .filter(|one| !one.options.is_empty())
        .collect()
}

/// The fields of a form, with one for each platform in place of what is kept so. Those of the platforms stand at the end.
pub(super) fn by_platform(fields: Vec<Field>, taken: &Taken, schema: Option<&Value>) -> Vec<Field> {
    let said = Said {
        listed: taken.listed(),
        properties: schema.and_then(|schema| schema.get("properties")?.as_object()),
    };
    let mut all = Vec::with_capacity(fields.len());
    let mut own = Vec::new();
    if !fields.iter().any(|field| field.key == MODE) {
        own.extend(modes(&said, taken));
    }
    for mut field in fields {
        if field.kind == FieldKind::Tags {
            if !said.is_list(&mut field) {
                field.kind = FieldKind::Json;
            }
            all.push(field);
            continue;
        }
        if field.member.is_some() || field.kind == FieldKind::Json {
            all.push(field);
            continue;
        }
        match said.kept(&field.key) {
            Kept::Whole => all.push(field),
            Kept::Json => {
                field.kind = FieldKind::Json;
                field.default = None;
                field.pattern = None;
                all.push(field);
            }
            Kept::ByPlatform(platforms) => {
                own.extend(platforms.into_iter().map(|platform| Field {
                    member: Some(platform.to_owned()),
                    // Not every platform is used.
                    required: false,
                    ..field.clone()
                }));
            }
        }
    }
    let mut order: Vec<String> = Vec::new();
    for platform in own.iter().filter_map(|field| field.member.as_ref()) {
        if !order.contains(platform) {
            order.push(platform.clone());
        }
    }
    for platform in order {
        let of_platform = own
            .iter()
            .filter(|field| field.member.as_ref() == Some(&platform));
        all.extend(of_platform.map(|field| Field {
            section: Some(format!("Platform {platform}")),
            ..field.clone()
        }));
    }
    all
}
