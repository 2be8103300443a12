//! How a configuration is written: the shape that `rudder-server` reads (`backend-config/types.go`).

pub(super) mod v2;

use std::borrow::{Borrow, Cow};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::clock::Micros;
use model::code;
use model::definition::{CLOUD, Definition, Definitions, Kind};
use model::id::{ConnectionId, DestinationId, SourceId, TransformationId, VersionId, WorkspaceId};
use model::things::Connection;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use store::{
    Configuration, ConfiguredDestination, ConfiguredSource, ConfiguredTransformation, Error, Result,
};

use self::v2::Catalogue;
use super::platform::{self, Sender, platform_of};
use super::prepared::{Prepared, Shape};

/// The switches that tell data planes to send what comes in, what is delivered, and what transformations do.
const EVENT_UPLOAD: &str = "eventUpload";
const EVENT_DELIVERY: &str = "eventDelivery";
const EVENT_TRANSFORM: &str = "eventTransform";

/// Writes it.
pub(super) fn write(configuration: &Configuration, shape: Shape) -> Result<Prepared> {
    let written = match shape {
        Shape::V1 => v1(configuration).map(|body| (body, Catalogue::default())),
        Shape::V2 { secrets } => v2::write(configuration, secrets),
    };
    let (body, catalogue) =
        written.map_err(|error| Error::Internal(format!("writing a configuration: {error}")))?;
    Ok(Prepared::new(configuration.data_plane, body, catalogue))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    enable_metrics: bool,
    workspace_id: WorkspaceId,
    updated_at: String,
    sources: Vec<Box<RawValue>>,
    libraries: Vec<Library>,
    flags: Value,
    settings: Value,
    credentials: Map<String, Value>,
    connections: BTreeMap<ConnectionId, Connected>,
    accounts: Map<String, Value>,
    account_definitions: Map<String, Value>,
    event_replays: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Library {
    version_id: VersionId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Connected {
    source_id: SourceId,
    destination_id: DestinationId,
    enabled: bool,
    config: Map<String, Value>,
    processor_enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Source<'a> {
    id: SourceId,
    name: &'a str,
    write_key: &'a str,
    enabled: bool,
    workspace_id: WorkspaceId,
    config: Cow<'a, RawValue>,
    transient: bool,
    geo_enrichment: Enabled,
    #[serde(rename = "sourceDefinitionId")]
    type_id: &'a str,
    deleted: bool,
    created_at: String,
    updated_at: String,
    #[serde(rename = "sourceDefinition")]
    of_type: &'a RawValue,
    dg_source_tracking_plan_config: Option<()>,
    destinations: Vec<Destination<'a>>,
}

#[derive(Serialize)]
struct Enabled {
    enabled: bool,
}

/// A destination as a data plane gets it, inside a source or by its revision.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the shape is the data plane's"
)]
struct Destination<'a> {
    id: DestinationId,
    name: &'a str,
    enabled: bool,
    workspace_id: WorkspaceId,
    config: &'a RawValue,
    secret_config: Map<String, Value>,
    revision_id: model::id::RevisionId,
    version: i64,
    is_connection_enabled: bool,
    is_processor_enabled: bool,
    deleted: bool,
    created_at: &'a str,
    updated_at: &'a str,
    transformations: Vec<Transformation<'a>>,
    #[serde(rename = "destinationDefinitionId")]
    type_id: &'a str,
    #[serde(rename = "destinationDefinition")]
    of_type: &'a RawValue,
    live_events_config: Map<String, Value>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Transformation<'a> {
    id: TransformationId,
    version_id: VersionId,
    config: Map<String, Value>,
    language: &'a str,
}

/// A type, written: its id and all that is known of it.
struct Type {
    id: String,
    raw: Box<RawValue>,
}

/// The types that a configuration uses, each written once.
struct Types<'a> {
    configuration: &'a Configuration,
    written: HashMap<(Kind, &'a str), Type>,
}

impl<'a> Types<'a> {
    fn new(configuration: &'a Configuration) -> serde_json::Result<Self> {
        let sources = configuration.sources.iter();
        let destinations = configuration.destinations.iter();
        let all = sources
            .map(|one| (Kind::Source, one.common.kind.as_str()))
            .chain(destinations.map(|one| (Kind::Destination, one.common.kind.as_str())));
        let mut written = HashMap::new();
        for (kind, name) in all {
            if let Entry::Vacant(place) = written.entry((kind, name)) {
                let (name, definition) = configuration.definitions.known_as(kind, name);
                let value = type_of(kind, name, definition);
                let id = value["id"].as_str().unwrap_or(name).to_owned();
                let raw = serde_json::value::to_raw_value(&value)?;
                place.insert(Type { id, raw });
            }
        }
        Ok(Self {
            configuration,
            written,
        })
    }

    fn definition(&self, kind: Kind, name: &str) -> Option<&'a Definition> {
        self.configuration.definitions.find(kind, name)
    }
}

/// What is known of a type. One that nobody has defined is its name alone: a data plane can go by that.
fn type_of(kind: Kind, name: &str, definition: Option<&Definition>) -> Value {
    let mut value = json!({
        "id": name,
        "name": name,
        "displayName": definition.map_or(name, |known| known.display_name.as_str()),
    });
    if let Some(category) = definition.and_then(|known| known.category.as_ref()) {
        value["category"] = json!(category);
    }
    let taken = definition.and_then(|known| known.taken.as_ref());
    if let Some(taken) = taken {
        value["id"] = json!(taken.id);
        value["createdAt"] = json!(moment(taken.created_at));
        value["updatedAt"] = json!(moment(taken.updated_at));
        if let Some(options) = &taken.options {
            value["options"] = options.clone();
        }
    }
    if kind == Kind::Source {
        let word = taken.and_then(|taken| taken.r#type.as_deref());
        value["type"] = json!(word.unwrap_or_else(|| definition.map_or(CLOUD, Definition::sdk)));
    } else {
        // What the types' owners say of how they are served: which events, and in which way.
        value["config"] = json!(taken.map_or(&Map::new(), |taken| &taken.config));
    }
    value
}

/// The name of a setting, copied only where it has escapes.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl Borrow<str> for Key<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The settings as they are sent, with the defaults of the type laid under them, where it has any.
fn with_defaults<'a>(
    one: &'a ConfiguredDestination,
    definition: Option<&Definition>,
) -> serde_json::Result<Cow<'a, RawValue>> {
    let Some(definition) = definition else {
        return Ok(Cow::Borrowed(&one.common.config));
    };
    let has_any = !definition.always_defaults.is_empty()
        || !(one.changed
            || definition.defaults.is_empty() && definition.conditional_defaults.is_empty());
    if !has_any {
        return Ok(Cow::Borrowed(&one.common.config));
    }
    let text = one.common.config.get();
    let Ok(stored) = serde_json::from_str::<BTreeMap<Key<'_>, &RawValue>>(text) else {
        // No object, so nothing lies under it but what `with_defaults` says.
        let all = definition.with_defaults(&serde_json::from_str(text)?, one.changed);
        return serde_json::value::to_raw_value(&all).map(Cow::Owned);
    };
    let member = |key: &str| serde_json::from_str(stored.get(key)?.get()).ok();
    let defaults = definition.defaults_of(member, one.changed);
    let under: BTreeMap<&String, &Value> = defaults
        .filter(|(key, _)| !stored.contains_key(key.as_str()))
        .collect();
    if under.is_empty() {
        return Ok(Cow::Borrowed(&one.common.config));
    }
    // The settings stay as they were written: only what is missing is put before them.
    let mut all = serde_json::to_string(&under)?;
    if let (false, Some(members)) = (stored.is_empty(), text.trim_start().strip_prefix('{')) {
        all.pop();
        all.push(',');
        all.push_str(members);
    }
    RawValue::from_string(all).map(Cow::Owned)
}

/// Settings with the switch that tells a data plane to send what it does: on while somebody looks. It stands among the settings,
/// where a workspace that was brought over may have it from elsewhere: that is not what holds here.
fn with_switch<'a>(
    config: Cow<'a, RawValue>,
    name: &str,
    is_on: bool,
) -> serde_json::Result<Cow<'a, RawValue>> {
    if !is_on && !config.get().contains(name) {
        return Ok(config);
    }
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(config.get())?;
    if is_on {
        let on = serde_json::value::to_raw_value(&true)?;
        members.insert(name.to_owned(), on);
    } else {
        members.remove(name);
    }
    serde_json::value::to_raw_value(&members).map(Cow::Owned)
}

/// A destination with what does not hang on its connections, made once.
struct Ready<'a> {
    one: &'a ConfiguredDestination,
    config: Cow<'a, RawValue>,
    created_at: String,
    updated_at: String,
    transformation: Option<&'a ConfiguredTransformation>,
    /// Whether somebody looks at what the transformation does.
    is_watched: bool,
    of_type: &'a Type,
    /// What it is for events of a platform, where it is not the same for all.
    platforms: BTreeMap<&'a str, OfPlatform>,
}

/// What a destination is for events of one platform.
struct OfPlatform {
    config: Box<RawValue>,
    /// Whether the data plane sends them on.
    is_processed: bool,
}

/// What a destination is for events of these platforms, where it may not be the same for all.
fn of_platforms<'a>(
    config: &RawValue,
    definition: Option<&Definition>,
    platforms: impl Iterator<Item = &'a str>,
) -> serde_json::Result<BTreeMap<&'a str, OfPlatform>> {
    if !platform::may_differ(definition, config.get()) {
        return Ok(BTreeMap::new());
    }
    let Value::Object(config) = serde_json::from_str(config.get())? else {
        return Ok(BTreeMap::new());
    };
    platforms
        .map(|platform| {
            let is_processed = Sender::of(&config, definition, platform).is_in_data_plane();
            let mut config = config.clone();
            platform::settle(&mut config, definition, platform);
            let config = serde_json::value::to_raw_value(&config)?;
            let of_platform = OfPlatform {
                config,
                is_processed,
            };
            Ok((platform, of_platform))
        })
        .collect()
}

impl Ready<'_> {
    fn transformation_config(&self) -> Map<String, Value> {
        let switch = self
            .is_watched
            .then(|| (EVENT_TRANSFORM.to_owned(), json!(true)));
        switch.into_iter().collect()
    }

    /// Whether the data plane sends events of a platform on to it.
    fn is_processed(&self, platform: &str) -> bool {
        let of_platform = self.platforms.get(platform);
        of_platform.is_none_or(|of_platform| of_platform.is_processed)
    }

    fn in_source(
        &self,
        workspace: WorkspaceId,
        is_connected: bool,
        platform: &str,
    ) -> Destination<'_> {
        let Ready { one, .. } = self;
        let of_platform = self.platforms.get(platform);
        Destination {
            id: one.common.id,
            name: &one.common.name,
            // A data plane looks at this switch alone: without it a connection that is off would still deliver.
            enabled: one.common.enabled && is_connected,
            workspace_id: workspace,
            config: of_platform.map_or(&*self.config, |of_platform| &of_platform.config),
            secret_config: Map::new(),
            revision_id: one.revision,
            version: one.version,
            is_connection_enabled: is_connected,
            // A destination without it is dropped without a word: it is for those that the SDK sends to by itself.
            is_processor_enabled: self.is_processed(platform),
            deleted: false,
            created_at: &self.created_at,
            updated_at: &self.updated_at,
            transformations: self
                .transformation
                .iter()
                .map(|one| Transformation {
                    id: one.id,
                    version_id: one.version,
                    config: self.transformation_config(),
                    language: code::for_transformers(&one.language),
                })
                .collect(),
            type_id: &self.of_type.id,
            of_type: &self.of_type.raw,
            live_events_config: Map::new(),
        }
    }
}

/// A destination as it was at a revision.
pub(super) fn revision(
    workspace: WorkspaceId,
    one: &ConfiguredDestination,
    definitions: &Definitions,
) -> Result<Vec<u8>> {
    let write = || {
        let name = one.common.kind.as_str();
        let definition = definitions.find(Kind::Destination, name);
        let value = type_of(Kind::Destination, name, definition);
        let of_type = Type {
            id: value["id"].as_str().unwrap_or(name).to_owned(),
            raw: serde_json::value::to_raw_value(&value)?,
        };
        let ready = Ready {
            one,
            config: with_switch(with_defaults(one, definition)?, EVENT_DELIVERY, false)?,
            created_at: moment(one.common.created_at),
            updated_at: moment(one.common.updated_at),
            transformation: None,
            is_watched: false,
            of_type: &of_type,
            platforms: BTreeMap::new(),
        };
        serde_json::to_vec(&ready.in_source(workspace, true, CLOUD))
    };
    write().map_err(|error: serde_json::Error| {
        Error::Internal(format!("writing a destination: {error}"))
    })
}

fn v1(configuration: &Configuration) -> serde_json::Result<Vec<u8>> {
    let workspace = configuration.workspace.id;
    let types = Types::new(configuration)?;
    let platforms: HashMap<SourceId, &str> = configuration
        .sources
        .iter()
        .map(|one| {
            let platform = platform_of(&configuration.definitions, &one.common.kind);
            (one.common.id, platform)
        })
        .collect();
    let platform_of = |id: &SourceId| platforms.get(id).copied().unwrap_or(CLOUD);
    let mut connected: HashMap<DestinationId, BTreeSet<&str>> = HashMap::new();
    for link in &configuration.connections {
        let all = connected.entry(link.destination).or_default();
        all.insert(platform_of(&link.source));
    }
    let ready = store::spread(&configuration.destinations, |one| {
        let kind = (Kind::Destination, one.common.kind.as_str());
        let transformation = configuration.transformations.get(&one.common.id);
        let is_watched = |id: &str| configuration.watched.contains(id);
        let definition = types.definition(kind.0, kind.1);
        let config = with_defaults(one, definition)?;
        let config = with_switch(config, EVENT_DELIVERY, is_watched(one.common.id.as_str()))?;
        let of_sources = connected.get(&one.common.id).into_iter().flatten().copied();
        let made = Ready {
            one,
            platforms: of_platforms(&config, definition, of_sources)?,
            config,
            is_watched: transformation.is_some_and(|one| is_watched(one.id.as_str())),
            created_at: one.common.created_at.rfc3339_millis(),
            updated_at: one.common.updated_at.rfc3339_millis(),
            transformation,
            of_type: &types.written[&kind],
        };
        Ok::<_, serde_json::Error>((one.common.id, made))
    })?;
    let ready: HashMap<_, _> = ready.into_iter().collect();
    let by_source = configuration.connections_by_source();
    let none: Vec<&Connection> = Vec::new();
    let sources = store::spread(&configuration.sources, |one| {
        let connected = by_source.get(&one.common.id).unwrap_or(&none);
        let destinations = connected
            .iter()
            .filter_map(|link| {
                let ready = ready.get(&link.destination)?;
                let platform = platform_of(&link.source);
                Some(ready.in_source(workspace, link.enabled, platform))
            })
            .collect();
        let is_watched = configuration.watched.contains(one.common.id.as_str());
        let source = source(one, is_watched, workspace, &types, destinations)?;
        serde_json::value::to_raw_value(&source)
    })?;
    let connections = configuration
        .connections
        .iter()
        .map(|link| {
            let connected = Connected {
                source_id: link.source,
                destination_id: link.destination,
                enabled: link.enabled,
                config: Map::new(),
                processor_enabled: ready
                    .get(&link.destination)
                    .is_none_or(|ready| ready.is_processed(platform_of(&link.source))),
            };
            (link.id, connected)
        })
        .collect();
    let libraries = configuration
        .libraries
        .iter()
        .map(|version| Library {
            version_id: *version,
        })
        .collect();
    let whole = Whole {
        enable_metrics: false,
        workspace_id: workspace,
        updated_at: moment(configuration.data_plane.updated_at()),
        sources,
        libraries,
        // Without an address no data plane opens a tunnel.
        flags: json!({ "url": "", "services": { "warehouse": false, "rudderstack-processor": false } }),
        settings: settings(),
        credentials: Map::new(),
        connections,
        accounts: accounts(configuration),
        account_definitions: Map::new(),
        event_replays: Map::new(),
    };
    serde_json::to_vec(&whole)
}

fn moment(at: Micros) -> String {
    at.rfc3339_millis()
}

fn source<'a>(
    one: &'a ConfiguredSource,
    is_watched: bool,
    workspace: WorkspaceId,
    types: &'a Types<'_>,
    destinations: Vec<Destination<'a>>,
) -> serde_json::Result<Source<'a>> {
    let of_type = &types.written[&(Kind::Source, one.common.kind.as_str())];
    let config = Cow::Borrowed(&*one.common.config);
    Ok(Source {
        id: one.common.id,
        name: &one.common.name,
        write_key: &one.write_key,
        enabled: one.common.enabled,
        workspace_id: workspace,
        config: with_switch(config, EVENT_UPLOAD, is_watched)?,
        transient: one.transient,
        geo_enrichment: Enabled {
            enabled: one.geo_enrichment,
        },
        type_id: &of_type.id,
        deleted: false,
        created_at: moment(one.common.created_at),
        updated_at: moment(one.common.updated_at),
        of_type: &of_type.raw,
        dg_source_tracking_plan_config: None,
        destinations,
    })
}

/// The accounts that destinations and sources sign in with.
fn accounts(configuration: &Configuration) -> Map<String, Value> {
    let all = configuration.accounts.iter();
    all.map(|one| {
        let told = json!({
            "id": one.id,
            "name": one.name,
            "accountDefinitionName": one.definition,
            "options": one.options,
            "secret": one.secret,
        });
        (one.id.to_string(), told)
    })
    .collect()
}

/// What holds for the workspace: a data plane keeps nothing in anybody's storage, as it does without settings.
fn settings() -> Value {
    json!({
        "dataRetention": {
            "disableReportingPii": false,
            "useSelfStorage": false,
            "storageBucket": { "type": "S3", "config": {} },
            "storagePreferences": { "procErrors": false, "gatewayDumps": false, "procErrorDumps": false, "routerDumps": false, "batchRouterDumps": false },
            "retentionPeriod": "default",
        },
        "eventAuditEnabled": false,
    })
}

#[cfg(test)]
mod tests {
    use model::clock::{SystemClock, SystemEntropy};
    use model::id::RevisionId;
    use store::Configured;

    use super::*;

    #[test]
    fn what_lies_under_settings_as_text_is_what_lies_under_them_as_values() {
        for name in ["S3", "POSTGRES", "KAFKA", "SNOWFLAKE", "WEBHOOK"] {
            let definition = Definitions::own().find(Kind::Destination, name);
            let known = definition.expect("one of our own");
            for config in [
                "{}",
                "[1]",
                r#"{"enableSSE":false,"bucketName":"a"}"#,
                r#"{ "inside": {"enableSSE": 1, "useSSL": 2}, "x" : "}" }"#,
                r#"{"useSSH":true,"bucketProvider":"S3","syncFrequency":"30","sslMode":"verify-ca"}"#,
                r#"{"bucketProvider":"GCS","useRudderStorage":false,"additionalProperties":true}"#,
            ] {
                for changed in [false, true] {
                    let raw = RawValue::from_string(config.to_owned()).expect("JSON");
                    let one = ConfiguredDestination {
                        common: Configured {
                            id: DestinationId::new(&SystemClock, &SystemEntropy),
                            name: String::new(),
                            kind: name.to_owned(),
                            enabled: true,
                            config: raw,
                            created_at: Micros(0),
                            updated_at: Micros(0),
                        },
                        version: 1,
                        revision: RevisionId::new(&SystemClock, &SystemEntropy),
                        changed,
                    };
                    let written = with_defaults(&one, definition).expect("written");
                    let written: Value = serde_json::from_str(written.get()).expect("JSON");
                    let stored = serde_json::from_str(config).expect("JSON");
                    let wanted = known.with_defaults(&stored, changed);
                    assert_eq!(written, wanted, "{name}, changed: {changed}, {config}");
                }
            }
        }
    }
}
