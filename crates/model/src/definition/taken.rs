//! A definition that an organization has taken in, in the shape of the public integrations' configuration.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::Kind;
use crate::clock::Micros;

/// How many bytes of JSON one definition may have.
pub const MAX_BODY: usize = 1 << 20;

/// The longest name of a type, in characters.
pub const MAX_NAME: usize = 100;

/// How a definition came into the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From a checkout of the public integrations' configuration.
    Imported,
    /// From the public deploy script, or another program.
    Posted,
    /// By a person, on a page.
    Manual,
}

impl Origin {
    /// The word in a row.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Posted => "posted",
            Self::Manual => "manual",
        }
    }
}

impl std::str::FromStr for Origin {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "imported" => Ok(Self::Imported),
            "posted" => Ok(Self::Posted),
            "manual" => Ok(Self::Manual),
            _ => Err(()),
        }
    }
}

/// What is wrong with the text of a definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is no JSON, or a member has another type than it must have.
    #[error("{0}")]
    Shape(String),
    /// The name is missing, too long or has control characters.
    #[error("its name must have 1 to 100 characters, and no control characters")]
    Name,
    /// It is longer than [`MAX_BODY`].
    #[error("it has more than 1 MiB of JSON")]
    TooLong,
    /// `secretKeys` is no list of texts.
    #[error("its `config.secretKeys` has to be a list of texts that are not empty")]
    SecretKeys,
}

/// A definition of an organization.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Which table it stands in.
    pub kind: Kind,
    /// Its id, a KSUID; what the data plane knows as `sourceDefinitionId`.
    pub id: String,
    /// How it came here.
    pub origin: Origin,
    /// The type on the wire.
    pub name: String,
    /// What a person reads.
    pub display_name: String,
    /// The group that the data plane treats alike.
    pub category: Option<String>,
    /// `type` of a source's definition (`web`, `cloud`, ...).
    pub r#type: Option<String>,
    /// `config` of `db-config.json`, whole: what the data plane goes by.
    pub config: Map<String, Value>,
    /// `options` of `db-config.json`, whole.
    pub options: Option<Value>,
    /// `config.secretKeys`, where it is said.
    pub secret_keys: Option<Vec<String>>,
    /// Whether there is a JSON Schema.
    pub has_schema: bool,
    /// Whether there is a form.
    pub has_form: bool,
    /// When it was first taken in.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
    /// SHA-256 of the body.
    pub digest: [u8; 32],
    /// All of it, as JSON: `{name, displayName, config, configSchema, uiConfig, ...}`.
    body: Arc<str>,
}

/// The members that are kept at hand. What is long is read from the body when it is needed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Light {
    name: String,
    display_name: Option<String>,
    category: Option<String>,
    r#type: Option<String>,
    #[serde(default)]
    config: Option<Map<String, Value>>,
    #[serde(default)]
    options: Option<Value>,
    #[serde(default)]
    config_schema: Option<IgnoredAny>,
    #[serde(default)]
    ui_config: Option<IgnoredAny>,
}

impl Taken {
    /// From its JSON. Moments and id are those of its row.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(
        kind: Kind,
        (id, origin): (String, Origin),
        body: &str,
        (created_at, updated_at): (Micros, Micros),
    ) -> Result<Self, Broken> {
        if body.len() > MAX_BODY {
            return Err(Broken::TooLong);
        }
        let light: Light =
            serde_json::from_str(body).map_err(|error| Broken::Shape(error.to_string()))?;
        let length = light.name.chars().count();
        if length == 0 || length > MAX_NAME || light.name.chars().any(char::is_control) {
            return Err(Broken::Name);
        }
        let config = light.config.unwrap_or_default();
        let secret_keys = secret_keys(&config)?;
        let display_name = light
            .display_name
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| light.name.clone());
        Ok(Self {
            kind,
            id,
            origin,
            name: light.name,
            display_name,
            category: light.category,
            r#type: light.r#type,
            config,
            options: light.options,
            secret_keys,
            has_schema: light.config_schema.is_some(),
            has_form: light.ui_config.is_some(),
            created_at,
            updated_at,
            digest: Sha256::digest(body.as_bytes()).into(),
            body: body.into(),
        })
    }

    /// The member of [`Self::listed`] with the settings of all platforms together.
    pub const OF_ALL: &str = "defaultConfig";

    /// The settings of each platform, and those of all together.
    pub fn listed(&self) -> Option<&Map<String, Value>> {
        self.config.get("destConfig")?.as_object()
    }

    /// All of it, as it was given: the text of a JSON object.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// A member of the body.
    pub fn member(&self, key: &str) -> Option<Value> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        match body {
            Value::Object(mut members) => members.shift_remove(key).filter(|one| !one.is_null()),
            _ => None,
        }
    }

    /// The JSON Schema (draft 07) that a configuration has to fulfil.
    pub fn config_schema(&self) -> Option<Value> {
        self.has_schema.then(|| self.member("configSchema"))?
    }

    /// The form that a configuration is filled in with.
    pub fn ui_config(&self) -> Option<Value> {
        self.has_form.then(|| self.member("uiConfig"))?
    }
}

fn secret_keys(config: &Map<String, Value>) -> Result<Option<Vec<String>>, Broken> {
    match config.get("secretKeys") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(keys)) => keys
            .iter()
            .map(|key| match key {
                Value::String(key) if !key.is_empty() => Ok(key.clone()),
                _ => Err(Broken::SecretKeys),
            })
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(Broken::SecretKeys),
    }
}
