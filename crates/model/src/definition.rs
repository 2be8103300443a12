//! Definitions: what is known of each type of source and destination, as data.
//!
//! The types and keys are those of the wire, in their exact case. Our own small set is everybody's; an organization lays
//! its own over it, by an import, by the public deploy script or by hand. A type without a definition still works: then
//! nothing is laid under its configuration and, since nobody said which of its values are secret, every string in it is.

pub mod form;
mod taken;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::taken::{Broken, MAX_BODY, MAX_NAME, Origin, Taken};

/// The word for events that come from a server.
pub const CLOUD: &str = "cloud";

/// The platforms that have an SDK, which may send to destinations by itself.
const SDKS: [&str; 10] = [
    "web",
    "android",
    "androidKotlin",
    "ios",
    "iosSwift",
    "reactnative",
    "flutter",
    "cordova",
    "unity",
    "amp",
];

/// Whether events of a platform come from an SDK. No other platform's can be sent to a destination from where they arise.
pub fn has_sdk(platform: &str) -> bool {
    SDKS.contains(&platform)
}

/// How alike a name must be to be offered in place of an unknown one, 0 to 1.
const NEAR: f64 = 0.55;

/// Which table a definition stands in. A name may occur in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Where events come from. Event-stream sources are in the same table.
    Source,
    /// Where events go.
    Destination,
}

impl Kind {
    /// The word in a row, a path and an event.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Kind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "source" => Ok(Self::Source),
            "destination" => Ok(Self::Destination),
            _ => Err(()),
        }
    }
}

/// One type of source or destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Definition {
    /// The type on the wire, compared exactly: `Android` and `android` are two types.
    pub name: String,
    /// What a person reads.
    pub display_name: String,
    /// The group that the data plane treats alike (`webhook`, `warehouse`), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What its SDK runs on, in the word by which destinations keep settings for each platform (`web`, `androidKotlin`); none for
    /// what sends from a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The type that this one is another word for: rudder-cli says `javascript` for what all others call `Javascript`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// Keys that are written and never listed, as dotted paths that pass through arrays. `Some` and empty: the type has
    /// no secrets. `None`: nobody has said, so every string counts as one (see [`Secrecy`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_keys: Option<Vec<String>>,
    /// Keys whose values are in no event and on no page, but which lists of the API keep.
    #[serde(default)]
    pub redact_keys: Vec<String>,
    /// Keys that are in no event and on no page and that the type's SDKs cannot do without: what they are for is sending alone,
    /// and every browser has them. Of a type that was imported, its `includeKeys` say it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sdk_keys: Vec<String>,
    /// Laid under the configuration in answers until the first change after the creation.
    #[serde(default)]
    pub defaults: Map<String, Value>,
    /// Laid under the configuration in every answer.
    #[serde(default)]
    pub always_defaults: Map<String, Value>,
    /// As `defaults`, where the stored configuration fulfils a condition.
    #[serde(default)]
    pub conditional_defaults: Vec<ConditionalDefaults>,
    /// The settings that the dashboard's form asks for, in order; of a type of our own set. What was imported has a form
    /// of its own ([`Taken::ui_config`]).
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What the organization has taken in under this name: all that the data plane, the forms and the validation need.
    /// None for a type that is in our own set alone.
    #[serde(skip)]
    pub taken: Option<Arc<Taken>>,
}

/// Defaults that hold only for some configurations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionalDefaults {
    /// Keys of the stored configuration and the values that they must all have; an absent key fulfils nothing.
    pub when: Map<String, Value>,
    /// What is then laid under it.
    pub defaults: Map<String, Value>,
}

/// One field of the dashboard's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The key in the configuration.
    pub key: String,
    /// What stands above the field.
    pub label: String,
    /// What kind of value it takes.
    pub kind: FieldKind,
    /// The choices of a [`FieldKind::Select`]; empty for the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Whether the form refuses to be sent without it.
    #[serde(default)]
    pub required: bool,
    /// A sentence below the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// An example inside the empty field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// Where the setting is an object: the member of it that this field is. What is kept for each platform has one for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Of a [`FieldKind::Tags`]: the one member of each of the list's elements, which are texts where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What stands above this field and its neighbours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// What a new configuration begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The form that a text must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// When the field is asked for: of each list one condition at least has to hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Vec<Condition>>,
}

/// The form that a text must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// A regular expression of ECMAScript; it need not match the whole text.
    pub regex: String,
    /// What is said where it does not match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A condition on the value of another field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The key of the other field; with a dot, a member of its setting.
    pub key: String,
    /// A scalar.
    pub value: Value,
}

/// What a field of the form takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// One line of text; also ports and the like, which the wire has as strings.
    Text,
    /// Several lines of text, such as a certificate.
    Lines,
    /// Text that is never shown again: an empty field keeps what is stored.
    Secret,
    /// The same, of several lines, such as a private key.
    #[serde(rename = "secret-lines")]
    SecretLines,
    /// True or false.
    Boolean,
    /// One of the options, posted as a string.
    Select,
    /// A JSON number.
    Number,
    /// A list of texts, or of objects that have one text each.
    Tags,
    /// Anything, as JSON.
    Json,
}

impl FieldKind {
    /// Whether what it takes may have several lines.
    pub const fn has_lines(self) -> bool {
        matches!(self, Self::Lines | Self::SecretLines | Self::Tags)
    }
}

/// One choice of a select.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What a person reads.
    pub label: String,
}

impl Definition {
    /// A type of which nothing but its name is known.
    fn bare(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            display_name: name.to_owned(),
            category: None,
            platform: None,
            same_as: None,
            secret_keys: None,
            redact_keys: Vec::new(),
            sdk_keys: Vec::new(),
            defaults: Map::new(),
            always_defaults: Map::new(),
            conditional_defaults: Vec::new(),
            fields: Vec::new(),
            taken: None,
        }
    }

    /// The word by which settings are kept for events of this type of source: its platform, or `cloud`.
    pub fn platform(&self) -> &str {
        let taken = self
            .taken
            .as_ref()
            .and_then(|taken| taken.r#type.as_deref());
        // Where the data plane knows a word of its own for a type, the one of its definition says less.
        self.platform.as_deref().or(taken).unwrap_or(CLOUD)
    }

    /// The platform of its SDK, as the data plane knows it; `cloud` for what sends from a server.
    pub fn sdk(&self) -> &str {
        let word = self.platform();
        if has_sdk(word) { word } else { CLOUD }
    }

    /// This definition with another one of its name laid over it.
    fn under(mut self, taken: Taken) -> Self {
        self.display_name.clone_from(&taken.display_name);
        if taken.category.is_some() {
            self.category.clone_from(&taken.category);
        }
        if let Some(keys) = &taken.secret_keys {
            let all = self.secret_keys.get_or_insert_default();
            for key in keys {
                if !all.contains(key) {
                    all.push(key.clone());
                }
            }
        }
        self.taken = Some(Arc::new(taken));
        self
    }

    /// The configuration as answers give it: the defaults first, then what is stored, which always wins (a stored
    /// `null` as well). `null` counts as an empty configuration, and what is no object is given back as it is.
    ///
    /// Only for answers. What is stored, compared and recorded is the configuration without defaults.
    pub fn with_defaults(&self, config: &Value, changed_since_creation: bool) -> Value {
        let empty = Map::new();
        let stored = match config {
            Value::Object(stored) => stored,
            Value::Null => &empty,
            other => return other.clone(),
        };
        let mut answer: Map<String, Value> = self
            .defaults_of(|key| stored.get(key).cloned(), changed_since_creation)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        answer.extend(stored.clone());
        Value::Object(answer)
    }

    /// The defaults that lie under a configuration, of which `stored` gives a member; of two with one key the last holds.
    pub fn defaults_of(
        &self,
        stored: impl Fn(&str) -> Option<Value>,
        changed_since_creation: bool,
    ) -> impl Iterator<Item = (&String, &Value)> {
        let new = (!changed_since_creation).then(|| {
            let conditional = self.conditional_defaults.iter();
            let that_hold = conditional.filter(move |one| one.holds(&stored));
            let of_conditions = that_hold.flat_map(|one| &one.defaults);
            self.defaults.iter().chain(of_conditions)
        });
        self.always_defaults.iter().chain(new.into_iter().flatten())
    }
}

impl ConditionalDefaults {
    fn holds(&self, stored: impl Fn(&str) -> Option<Value>) -> bool {
        self.when
            .iter()
            .all(|(key, value)| stored(key).as_ref() == Some(value))
    }
}

/// What is known about the secrets of a configuration.
#[derive(Clone, Copy, Debug)]
pub enum Secrecy<'a> {
    /// The definition says which keys are secret. One without `secretKeys` says nothing, and is treated as unknown.
    Known(&'a Definition),
    /// Nobody has said: every string is secret.
    Unknown,
}

impl<'a> Secrecy<'a> {
    /// What the definition of a type, if there is one, says about its secrets.
    pub fn of(definition: Option<&'a Definition>) -> Self {
        match definition {
            Some(definition) if definition.secret_keys.is_some() => Self::Known(definition),
            _ => Self::Unknown,
        }
    }
}

/// A set of definitions.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    sources: Table,
    destinations: Table,
}

#[derive(Clone, Debug, Default)]
struct Table {
    all: Vec<Definition>,
    places: HashMap<String, usize>,
}

impl Table {
    fn new(all: Vec<Definition>) -> Self {
        let mut places = HashMap::with_capacity(all.len());
        for (place, one) in all.iter().enumerate() {
            places.entry(one.name.clone()).or_insert(place);
        }
        Self { all, places }
    }

    fn lay(&mut self, taken: Taken) {
        if let Some(place) = self.places.get(&taken.name) {
            let below = std::mem::replace(&mut self.all[*place], Definition::bare(&taken.name));
            self.all[*place] = below.under(taken);
        } else {
            self.places.insert(taken.name.clone(), self.all.len());
            self.all.push(Definition::bare(&taken.name).under(taken));
        }
    }
}

impl Definitions {
    /// A set from its two tables. Of two definitions with one name in one table, the first is found.
    pub fn new(sources: Vec<Definition>, destinations: Vec<Definition>) -> Self {
        Self {
            sources: Table::new(sources),
            destinations: Table::new(destinations),
        }
    }

    /// This set with what an organization has taken in laid over it, by exact name. What our own set knows of a type and
    /// the other does not say stays: its defaults, and what it keeps out of events. So nothing that is secret becomes clear
    /// by an import.
    #[must_use]
    pub fn with(&self, taken: Vec<Taken>) -> Self {
        let mut all = self.clone();
        for one in taken {
            match one.kind {
                Kind::Source => all.sources.lay(one),
                Kind::Destination => all.destinations.lay(one),
            }
        }
        all
    }

    /// Our own set, which every instance has. What holds in an organization is `Rx::definitions` of the store.
    pub fn own() -> &'static Arc<Self> {
        static OWN: LazyLock<Arc<Definitions>> = LazyLock::new(|| {
            let read = |json| serde_json::from_str(json).expect("our own definitions are valid");
            Arc::new(Definitions::new(
                read(include_str!("definitions/sources.json")),
                read(include_str!("definitions/destinations.json")),
            ))
        });
        &OWN
    }

    /// What one definition that is taken in comes to, laid over the one of its name in this set.
    pub fn laid(&self, taken: Taken) -> Definition {
        let below = self.find(taken.kind, &taken.name).cloned();
        below
            .unwrap_or_else(|| Definition::bare(&taken.name))
            .under(taken)
    }

    /// The definitions of one kind, in the order of their table.
    pub fn all(&self, kind: Kind) -> &[Definition] {
        &self.table(kind).all
    }

    const fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::Source => &self.sources,
            Kind::Destination => &self.destinations,
        }
    }

    /// The definition of a type, by its exact name.
    pub fn find(&self, kind: Kind, name: &str) -> Option<&Definition> {
        let table = self.table(kind);
        table.places.get(name).map(|place| &table.all[*place])
    }

    /// The name that data planes know a type by, and its definition: rudder-cli has words of its own for some.
    pub fn known_as<'a>(&'a self, kind: Kind, name: &'a str) -> (&'a str, Option<&'a Definition>) {
        let found = self.find(kind, name);
        let same = found.filter(|found| found.taken.is_none());
        match same.and_then(|found| found.same_as.as_deref()) {
            Some(same) => (same, self.find(kind, same)),
            None => (name, found),
        }
    }

    /// The word that rudder-cli has for a type of source, where it has one of its own.
    pub fn word_for<'a>(&'a self, name: &'a str) -> &'a str {
        let mut all = self.all(Kind::Source).iter();
        let word = all.find(|one| one.same_as.as_deref() == Some(name));
        word.map_or(name, |one| &one.name)
    }

    /// Up to three types that someone who wrote `name` may have meant, the likeliest first. Case does not count, and
    /// the name that people read is compared too.
    pub fn near(&self, kind: Kind, name: &str) -> Vec<&str> {
        let wanted = name.to_lowercase();
        let likeness =
            |known: &str| strsim::normalized_damerau_levenshtein(&wanted, &known.to_lowercase());
        let mut near: Vec<(f64, &str)> = self
            .all(kind)
            .iter()
            .map(|known| {
                let score = likeness(&known.name).max(likeness(&known.display_name));
                (score, known.name.as_str())
            })
            .filter(|(score, _)| *score >= NEAR)
            .collect();
        near.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
        near.truncate(3);
        near.into_iter().map(|(_, known)| known).collect()
    }
}
