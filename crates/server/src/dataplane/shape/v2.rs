//! The second shape of a configuration, as newer data planes read it (`backend-config/namespace_config_v2_*.go` of
//! `rudder-server`, `modelv2` of `rudder-cp-sdk`): things by their ids, and what is known of types beside the workspaces, once
//! for all of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::code;
use model::definition::{CLOUD, Kind};
use model::id::{ConnectionId, DestinationId, RevisionId, SourceId, TransformationId, VersionId};
use model::things::Connection;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use store::Configuration;

use super::{
    Connected, EVENT_DELIVERY, EVENT_TRANSFORM, EVENT_UPLOAD, Enabled, Library, accounts, moment,
    platform_of, settings, type_of, with_defaults, with_switch,
};
use crate::dataplane::platform::{self, Sender};

/// What is known of the types that a workspace uses.
#[derive(Clone, Default)]
pub struct Catalogue {
    sources: BTreeMap<String, Value>,
    destinations: BTreeMap<String, Value>,
    /// The settings that destinations of a type have.
    keys: BTreeMap<String, Keys>,
}

/// The settings of a type.
#[derive(Clone, Default)]
struct Keys {
    /// Those that hold for all platforms together.
    of_all: BTreeSet<String>,
    /// For each platform those that are kept for it.
    of_platforms: BTreeMap<String, BTreeSet<String>>,
}

impl Catalogue {
    /// That of another workspace as well.
    pub fn add(&mut self, other: &Self) {
        let both = [
            (&mut self.sources, &other.sources),
            (&mut self.destinations, &other.destinations),
        ];
        for (mine, more) in both {
            for (name, one) in more {
                mine.entry(name.clone()).or_insert_with(|| one.clone());
            }
        }
        for (name, keys) in &other.keys {
            let mine = self.keys.entry(name.clone()).or_default();
            mine.of_all.extend(keys.of_all.iter().cloned());
            for (platform, keys) in &keys.of_platforms {
                let mine = mine.of_platforms.entry(platform.clone()).or_default();
                mine.extend(keys.iter().cloned());
            }
        }
    }

    /// The members of the answer that it makes up, without braces. A data plane takes from a destination's settings those that
    /// its type lists, and refuses a type without a list: where nobody has given one, it lists what is there.
    pub fn written(&self) -> serde_json::Result<String> {
        let mut destinations = self.destinations.clone();
        for (name, one) in &mut destinations {
            let config = &mut one["config"];
            if config["destConfig"]["defaultConfig"].is_array() {
                continue;
            }
            let Some(keys) = self.keys.get(name) else {
                config["destConfig"] = json!({ "defaultConfig": [] });
                continue;
            };
            config["destConfig"] = json!(keys.of_platforms);
            config["destConfig"]["defaultConfig"] = json!(keys.of_all);
        }
        Ok(format!(
            r#""sourceDefinitions":{},"destinationDefinitions":{},"accountDefinitions":{{}}"#,
            serde_json::to_string(&self.sources)?,
            serde_json::to_string(&destinations)?,
        ))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Workspace<'a> {
    name: &'a str,
    settings: Value,
    sources: BTreeMap<SourceId, Source<'a>>,
    destinations: BTreeMap<DestinationId, Destination<'a>>,
    connections: BTreeMap<ConnectionId, Connected>,
    libraries: Vec<Library>,
    transformations: BTreeMap<TransformationId, Transformation<'a>>,
    accounts: Map<String, Value>,
    credentials: Map<String, Value>,
    event_replays: Map<String, Value>,
    tracking_plans: Map<String, Value>,
    wht_projects: Map<String, Value>,
    resources: Map<String, Value>,
    audience_sources: [(); 0],
    sql_model_versions: Map<String, Value>,
    sql_model_version_source_connections: [(); 0],
    updated_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Source<'a> {
    name: &'a str,
    write_key: &'a str,
    enabled: bool,
    deleted: bool,
    config: Cow<'a, RawValue>,
    live_events_config: Value,
    transient: bool,
    geo_enrichment: Enabled,
    #[serde(rename = "sourceDefinitionName")]
    of_type: &'a str,
    dg_source_tracking_plan_config: Option<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Destination<'a> {
    name: &'a str,
    enabled: bool,
    deleted: bool,
    config: Cow<'a, RawValue>,
    live_events_config: Value,
    #[serde(rename = "destinationDefinitionName")]
    of_type: &'a str,
    transformation_ids: Vec<TransformationId>,
    revision_id: RevisionId,
    version: i64,
    regions: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transformation<'a> {
    version_id: VersionId,
    language: &'a str,
    live_events_config: Value,
}

/// A switch for live events, as far as it is on.
fn switch(configuration: &Configuration, id: &str, name: &str) -> Value {
    let mut config = Map::new();
    if configuration.watched.contains(id) {
        config.insert(name.to_owned(), json!(true));
    }
    Value::Object(config)
}

/// The workspace, and what is known of the types that it uses.
pub(super) fn write(
    configuration: &Configuration,
    with_secrets: bool,
) -> serde_json::Result<(Vec<u8>, Catalogue)> {
    let mut catalogue = Catalogue::default();
    let definitions = &configuration.definitions;
    let mut sources = BTreeMap::new();
    let mut platforms = HashMap::new();
    for one in &configuration.sources {
        let (name, known) = definitions.known_as(Kind::Source, &one.common.kind);
        catalogue
            .sources
            .entry(name.to_owned())
            .or_insert_with(|| type_of(Kind::Source, name, known));
        platforms.insert(one.common.id, platform_of(definitions, &one.common.kind));
        let source = Source {
            name: &one.common.name,
            write_key: &one.write_key,
            enabled: one.common.enabled,
            deleted: false,
            // The switches that hold here stand beside the settings.
            config: with_switch(Cow::Borrowed(&one.common.config), EVENT_UPLOAD, false)?,
            live_events_config: switch(configuration, one.common.id.as_str(), EVENT_UPLOAD),
            transient: one.transient,
            geo_enrichment: Enabled {
                enabled: one.geo_enrichment,
            },
            of_type: name,
            dg_source_tracking_plan_config: None,
        };
        sources.insert(one.common.id, source);
    }
    let mut destinations = BTreeMap::new();
    // The settings of those that may be another thing for each platform.
    let mut settings_of: HashMap<DestinationId, (Map<String, Value>, _)> = HashMap::new();
    for one in &configuration.destinations {
        let name = one.common.kind.as_str();
        let known = definitions.find(Kind::Destination, name);
        let of_type = catalogue.destinations.entry(name.to_owned());
        of_type.or_insert_with(|| type_of(Kind::Destination, name, known));
        let config = with_switch(with_defaults(one, known)?, EVENT_DELIVERY, false)?;
        let keys = catalogue.keys.entry(name.to_owned()).or_default();
        if platform::may_differ(known, config.get()) {
            let members: Map<String, Value> = serde_json::from_str(config.get())?;
            let mut of_platforms = BTreeSet::new();
            for (key, values) in platform::kept(known, &members) {
                of_platforms.insert(key.as_str());
                for platform in values.keys() {
                    let keys = keys.of_platforms.entry(platform.clone()).or_default();
                    keys.insert(key.clone());
                }
            }
            let of_all = members
                .keys()
                .filter(|key| !of_platforms.contains(key.as_str()));
            keys.of_all.extend(of_all.cloned());
            settings_of.insert(one.common.id, (members, known));
        } else {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(config.get())?;
            keys.of_all.extend(members.into_keys());
        }
        let transformation = configuration.transformations.get(&one.common.id);
        let destination = Destination {
            name: &one.common.name,
            enabled: one.common.enabled,
            deleted: false,
            config,
            live_events_config: switch(configuration, one.common.id.as_str(), EVENT_DELIVERY),
            of_type: name,
            transformation_ids: transformation.iter().map(|one| one.id).collect(),
            revision_id: one.revision,
            version: one.version,
            regions: [],
        };
        destinations.insert(one.common.id, destination);
    }
    let transformations = configuration.transformations.values().map(|one| {
        let transformation = Transformation {
            version_id: one.version,
            language: code::for_transformers(&one.language),
            live_events_config: switch(configuration, one.id.as_str(), EVENT_TRANSFORM),
        };
        (one.id, transformation)
    });
    let is_processed = |link: &Connection| {
        let platform = platforms.get(&link.source).copied().unwrap_or(CLOUD);
        let settings = settings_of.get(&link.destination);
        settings.is_none_or(|(settings, known)| {
            Sender::of(settings, *known, platform).is_in_data_plane()
        })
    };
    let connections = configuration.connections.iter().map(|link| {
        let connected = Connected {
            source_id: link.source,
            destination_id: link.destination,
            enabled: link.enabled,
            config: Map::new(),
            // The one switch that a data plane looks at here.
            processor_enabled: link.enabled && is_processed(link),
        };
        (link.id, connected)
    });
    let libraries = configuration.libraries.iter().map(|version| Library {
        version_id: *version,
    });
    let mut accounts = accounts(configuration);
    if !with_secrets {
        for account in accounts.values_mut().filter_map(Value::as_object_mut) {
            account.remove("secret");
        }
    }
    let workspace = Workspace {
        name: &configuration.workspace.name,
        settings: settings(),
        sources,
        destinations,
        connections: connections.collect(),
        libraries: libraries.collect(),
        transformations: transformations.collect(),
        accounts,
        credentials: Map::new(),
        event_replays: Map::new(),
        tracking_plans: Map::new(),
        wht_projects: Map::new(),
        resources: Map::new(),
        audience_sources: [],
        sql_model_versions: Map::new(),
        sql_model_version_source_connections: [],
        updated_at: moment(configuration.data_plane.updated_at()),
    };
    Ok((serde_json::to_vec(&workspace)?, catalogue))
}
