//! The exported configuration of a workspace (`workspaceConfig.json`, as a data plane reads it), read into a plan of what is
//! to be made here. Ids are new here: one instance's ids mean nothing in another. Write keys stay, so that clients go on.

mod destinations;
mod unknown;

use std::collections::{HashMap, HashSet};

use model::code;
use model::definition::Definitions;
use model::things::CodeKind;
use serde_json::{Map, Value};

use self::destinations::Destinations;
use self::unknown::Unknown;
use crate::request::once;

/// Why a file cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotTaken(String);

fn not_taken<T>(why: impl Into<String>) -> Result<T, NotTaken> {
    Err(NotTaken(why.into()))
}

/// A source to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSource {
    /// Its id where it comes from.
    pub from: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Whether it takes events.
    pub enabled: bool,
    /// Its settings.
    pub config: Value,
    /// Its write key; a new one is made where it has none.
    pub write_key: Option<String>,
    /// Whether the data plane adds the place of an address.
    pub geo_enrichment: bool,
    /// Whether events are not stored by the data plane.
    pub transient: bool,
}

/// A destination to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedDestination {
    /// Its id where it comes from.
    pub from: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// The version of its type.
    pub version: i64,
    /// Whether it gets events.
    pub enabled: bool,
    /// Its settings, secrets included.
    pub config: Value,
    /// Those of its settings that are secret where it comes from.
    pub secret: Value,
    /// The version of the transformation before it.
    pub transformation: Option<String>,
}

/// A connection to be, by the places of its ends in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedConnection {
    /// The place of the source.
    pub source: usize,
    /// The place of the destination.
    pub destination: usize,
    /// Whether events flow.
    pub enabled: bool,
}

/// An account at another service to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedAccount {
    /// Its id where it comes from.
    pub from: String,
    /// Its name; a file may have none.
    pub name: String,
    /// What it is an account of.
    pub definition: String,
    /// What is not secret of it.
    pub options: Value,
    /// What is; a file may leave it out.
    pub secret: Value,
}

/// A transformation or library to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCode {
    /// Which of the two.
    pub kind: CodeKind,
    /// The version where it comes from.
    pub from: String,
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: String,
    /// Its language.
    pub language: String,
    /// Its code; a file may name the version alone.
    pub code: Option<String>,
}

/// What is to be made of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Sources.
    pub sources: Vec<PlannedSource>,
    /// Destinations.
    pub destinations: Vec<PlannedDestination>,
    /// Connections.
    pub connections: Vec<PlannedConnection>,
    /// Accounts that destinations sign in with.
    pub accounts: Vec<PlannedAccount>,
    /// Transformations and libraries.
    pub code: Vec<PlannedCode>,
    /// What of the file stays behind, in words.
    pub left: Vec<String>,
}

/// An object of the file, with its place for errors.
struct At<'a> {
    place: String,
    object: &'a Map<String, Value>,
}

impl<'a> At<'a> {
    fn new(place: String, value: &'a Value) -> Result<Self, NotTaken> {
        match value {
            Value::Object(object) => Ok(Self { place, object }),
            _ => not_taken(format!("{place} must be an object")),
        }
    }

    fn wrong<T>(&self, name: &str, what: &str) -> Result<T, NotTaken> {
        not_taken(format!("{}.{name} must be {what}", self.place))
    }

    /// What is there; `null` is nothing.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<String>, NotTaken> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => self.wrong(name, "a text"),
        }
    }

    fn required(&self, name: &str) -> Result<String, NotTaken> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => self.wrong(name, "a text that is not empty"),
        }
    }

    fn flag(&self, name: &str, absent: bool) -> Result<bool, NotTaken> {
        match self.get(name) {
            None => Ok(absent),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => self.wrong(name, "true or false"),
        }
    }

    fn object(&self, name: &str) -> Result<Map<String, Value>, NotTaken> {
        match self.get(name) {
            None => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object.clone()),
            Some(_) => self.wrong(name, "an object"),
        }
    }

    fn list(&self, name: &str) -> Result<Vec<At<'a>>, NotTaken> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(all)) => all
                .iter()
                .enumerate()
                .map(|(index, one)| At::new(format!("{}[{index}]", self.below(name)), one))
                .collect(),
            Some(_) => self.wrong(name, "a list"),
        }
    }

    fn below(&self, name: &str) -> String {
        if self.place == FILE {
            name.to_owned()
        } else {
            format!("{}.{name}", self.place)
        }
    }

    /// The type, which the definition names.
    fn kind(&self, name: &str) -> Result<String, NotTaken> {
        match self.get(name) {
            Some(value) => At::new(self.below(name), value)?.required("name"),
            None => self.wrong(name, "an object"),
        }
    }
}

const FILE: &str = "the file";

/// What a file has beside what is brought over, each with the word for it.
const BESIDE: &[(&str, &str)] = &[
    ("credentials", "credentials"),
    ("eventReplays", "event replays"),
];

impl Plan {
    /// The plan of a file. What sources were told of their destinations is put together by the definitions that hold here, by
    /// which it will be told again.
    ///
    /// # Errors
    /// When it is no such file, or contradicts itself; the error names the place.
    pub fn read(bytes: &[u8], definitions: &Definitions) -> Result<Self, NotTaken> {
        let file = once(bytes).map_err(|error| {
            if error.is_data() {
                return NotTaken(format!("a key is there twice: {error}"));
            }
            let cut = if error.is_eof() {
                "it ends too early: "
            } else {
                ""
            };
            NotTaken(format!("this is no whole JSON file: {cut}{error}"))
        })?;
        let file = At::new(FILE.to_owned(), &file)?;
        if !file.object.contains_key("sources") {
            return not_taken(
                "this is no workspaceConfig.json: it has no \u{201c}sources\u{201d} at its top",
            );
        }
        let mut reading = Reading::default();
        for source in file.list("sources")? {
            reading.source(&source)?;
        }
        for library in file.list("libraries")? {
            reading.code(CodeKind::Library, &library)?;
        }
        for (id, account) in &file.object("accounts")? {
            reading.account(id, &At::new(format!("accounts.{id}"), account)?)?;
        }
        reading.unconnected(&file)?;
        for (id, connection) in &file.object("connections")? {
            reading.connection(&At::new(format!("connections.{id}"), connection)?)?;
        }
        reading.gather(&file, definitions)?;
        for (name, word) in BESIDE {
            let count = match file.get(name) {
                Some(Value::Object(all)) => all.len(),
                Some(Value::Array(all)) => all.len(),
                _ => 0,
            };
            if count > 0 {
                reading.plan.left.push(format!("{count} {word}"));
            }
        }
        reading.unknown.look(unknown::FILE, &file);
        reading.plan.left.extend(reading.unknown.told());
        Ok(reading.plan)
    }

    /// The code that the file names and does not carry.
    pub fn wanted(&mut self) -> impl Iterator<Item = &mut PlannedCode> {
        self.code.iter_mut().filter(|one| one.code.is_none())
    }

    /// Leaves behind what nobody gave the code of. A destination whose transformation stays behind comes disabled: what its
    /// code would have taken out must not flow on. So does one whose transformation cannot run.
    pub fn leave_what_is_wanted(&mut self) {
        let (code, wanted): (Vec<_>, Vec<_>) =
            self.code.drain(..).partition(|one| one.code.is_some());
        self.code = code;
        let mut library_stays = false;
        for one in wanted {
            let what = one.kind.as_str();
            self.left
                .push(format!("the code of {what} version {}", one.from));
            if one.kind == CodeKind::Library {
                library_stays = true;
                continue;
            }
            for destination in &mut self.destinations {
                if destination.transformation.as_ref() == Some(&one.from) {
                    destination.transformation = None;
                    destination.enabled = false;
                    self.left.push(format!(
                        "destination \u{201c}{}\u{201d} comes disabled, because its transformation stays behind",
                        destination.name
                    ));
                }
            }
        }
        self.disable_what_loses_events(library_stays);
    }

    /// Of JavaScript, what imports anything else than a library that comes loses every event. Of Python it is not known which
    /// modules there are; but a library that stays behind mostly has no name in the file, and may be any of them.
    fn disable_what_loses_events(&mut self, library_stays: bool) {
        let libraries = self.code.iter().filter(|one| one.kind == CodeKind::Library);
        let names: HashSet<String> = libraries
            .map(|one| code::import_name(one.name.as_deref().unwrap_or(&one.from)))
            .collect();
        for one in &self.code {
            let is_python = one.language != "javascript";
            if one.kind == CodeKind::Library || is_python && !library_stays {
                continue;
            }
            let text = one.code.as_deref().unwrap_or_default();
            let mut imports = code::imports(&one.language, text).into_iter();
            let Some(missing) = imports.find(|name| !names.contains(name)) else {
                continue;
            };
            let why = if is_python {
                "which may be a library that stays behind"
            } else {
                "and no such library comes"
            };
            for destination in &mut self.destinations {
                if destination.transformation.as_ref() == Some(&one.from) {
                    destination.enabled = false;
                    self.left.push(format!(
                        "destination \u{201c}{}\u{201d} comes disabled, because its transformation imports \u{201c}{missing}\u{201d}, {why}",
                        destination.name
                    ));
                }
            }
        }
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        let ends = self.sources.len() + self.destinations.len();
        ends + self.connections.len() + self.accounts.len() + self.code.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A plan while its file is read.
#[derive(Default)]
struct Reading {
    plan: Plan,
    /// Where ids and write keys were seen: the place in the plan, and the place in the file.
    sources: HashMap<String, (usize, String)>,
    destinations: Destinations,
    write_keys: HashMap<String, String>,
    code: HashMap<(CodeKind, String), usize>,
    pairs: HashMap<(usize, usize), usize>,
    unknown: Unknown,
}

impl Reading {
    fn source(&mut self, at: &At<'_>) -> Result<(), NotTaken> {
        let name = at.required("name")?;
        if at.flag("deleted", false)? {
            self.plan
                .left
                .push(format!("source \u{201c}{name}\u{201d}, which is deleted"));
            return Ok(());
        }
        self.unknown.look(unknown::SOURCES, at);
        let from = at.required("id")?;
        let place = self.plan.sources.len();
        if let Some((_, other)) = self.sources.insert(from.clone(), (place, at.place.clone())) {
            return not_taken(format!("{other} and {} have the same id", at.place));
        }
        let write_key = at.text("writeKey")?.filter(|key| !key.is_empty());
        if let Some(key) = &write_key
            && let Some(other) = self.write_keys.insert(key.clone(), at.place.clone())
        {
            return not_taken(format!("{other} and {} have the same write key", at.place));
        }
        let geo = match at.get("geoEnrichment") {
            Some(value) => At::new(at.below("geoEnrichment"), value)?.flag("enabled", false)?,
            None => false,
        };
        if at.get("dgSourceTrackingPlanConfig").is_some() {
            let left = format!("the tracking plan of source \u{201c}{name}\u{201d}");
            self.plan.left.push(left);
        }
        self.plan.sources.push(PlannedSource {
            from,
            name,
            kind: at.kind("sourceDefinition")?,
            enabled: at.flag("enabled", true)?,
            config: Value::Object(at.object("config")?),
            write_key,
            geo_enrichment: geo,
            transient: at.flag("transient", false)?,
        });
        for destination in at.list("destinations")? {
            if let Some(to) = self.destination(&destination, None, Some(place))? {
                let enabled = destination.flag("isConnectionEnabled", true)?;
                self.connect(place, to, enabled);
            }
        }
        Ok(())
    }

    /// A destination, below a source or by itself; `id` is its id where it stands under that.
    fn destination(
        &mut self,
        at: &At<'_>,
        id: Option<&str>,
        source: Option<usize>,
    ) -> Result<Option<usize>, NotTaken> {
        let name = at.required("name")?;
        if at.flag("deleted", false)? {
            self.plan.left.push(format!(
                "destination \u{201c}{name}\u{201d}, which is deleted"
            ));
            return Ok(None);
        }
        self.unknown.look(unknown::DESTINATIONS, at);
        let mut config = at.object("config")?;
        let secret = at.object("secretConfig")?;
        for (key, value) in &secret {
            config.entry(key.clone()).or_insert_with(|| value.clone());
        }
        let transformations = at.list("transformations")?;
        let mut transformation = None;
        for (index, one) in transformations.iter().enumerate() {
            let version = self.code(CodeKind::Transformation, one)?;
            if index == 0 {
                transformation = Some(version);
            } else {
                return not_taken(format!("{} has more than one transformation", at.place));
            }
        }
        let version = match at.get("version") {
            None => 1,
            Some(version) => match version.as_i64() {
                Some(version) => version,
                None => return at.wrong("version", "a whole number"),
            },
        };
        let one = PlannedDestination {
            from: id.map_or_else(|| at.required("id"), |id| Ok(id.to_owned()))?,
            name,
            kind: at.kind("destinationDefinition")?,
            version,
            enabled: at.flag("enabled", true)?,
            config: Value::Null,
            secret: Value::Null,
            transformation,
        };
        self.told(at.place.clone(), source, one, (config, secret))
            .map(Some)
    }

    /// Takes a version of code, and gives its id.
    fn code(&mut self, kind: CodeKind, at: &At<'_>) -> Result<String, NotTaken> {
        let one = PlannedCode {
            kind,
            from: at.required("versionId")?,
            name: at.text("name")?,
            description: at.text("description")?.unwrap_or_default(),
            language: at
                .text("language")?
                .unwrap_or_else(|| "javascript".to_owned()),
            code: at.text("code")?,
        };
        let from = one.from.clone();
        let key = (kind, from.clone());
        if !self.code.contains_key(&key) {
            self.code.insert(key, self.plan.code.len());
            self.plan.code.push(one);
        }
        Ok(from)
    }

    fn account(&mut self, from: &str, at: &At<'_>) -> Result<(), NotTaken> {
        let definition = at.required("accountDefinitionName")?;
        let name = at.text("name")?.filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| definition.clone());
        let secret = at.object("secret")?;
        if secret.is_empty() {
            self.plan.left.push(format!(
                "the secret of account \u{201c}{name}\u{201d}, which the file does not have"
            ));
        }
        self.plan.accounts.push(PlannedAccount {
            from: from.to_owned(),
            name,
            definition,
            options: Value::Object(at.object("options")?),
            secret: Value::Object(secret),
        });
        Ok(())
    }

    fn connection(&mut self, at: &At<'_>) -> Result<(), NotTaken> {
        let (source, destination) = (at.required("sourceId")?, at.required("destinationId")?);
        let enabled = at.flag("enabled", true)?;
        let ends = (
            self.sources.get(&source),
            self.destinations.place(&destination),
        );
        if let (Some((source, _)), Some(destination)) = ends {
            self.connect(*source, destination, enabled);
        } else {
            self.plan.left.push(format!(
                "{}, which has an end that is not in the file",
                at.place
            ));
        }
        Ok(())
    }

    fn connect(&mut self, source: usize, destination: usize, enabled: bool) {
        let next = self.plan.connections.len();
        let place = *self.pairs.entry((source, destination)).or_insert(next);
        if place == next {
            self.plan.connections.push(PlannedConnection {
                source,
                destination,
                enabled,
            });
        } else {
            // Said twice: it is open only if both say so.
            self.plan.connections[place].enabled &= enabled;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file() -> Value {
        json!({
            "workspaceId": "w",
            "sources": [
                { "id": "s1", "name": "Web", "writeKey": "k1", "enabled": true, "config": { "a": 1 }, "sourceDefinition": { "name": "Javascript" },
                  "geoEnrichment": { "enabled": true },
                  "destinations": [{ "id": "d1", "name": "Hook", "enabled": true, "config": { "webhookUrl": "u" }, "secretConfig": { "key": "s" },
                    "isConnectionEnabled": false, "transformations": [{ "versionId": "v1" }], "destinationDefinition": { "name": "WEBHOOK" } }] },
                { "id": "s2", "name": "App", "writeKey": "k2", "enabled": false, "sourceDefinition": { "name": "Android" }, "destinations": [] },
            ],
            "libraries": [{ "versionId": "l1", "name": "Utils", "code": "export const a = 1;" }],
            "connections": { "c1": { "sourceId": "s2", "destinationId": "d1", "enabled": true } },
            "accounts": { "a": { "id": "a", "accountDefinitionName": "salesforce_oauth", "options": { "o": 1 }, "secret": {} } },
            "credentials": { "c": { "key": "k" } },
        })
    }

    fn read(file: &Value) -> Result<Plan, String> {
        Plan::read(file.to_string().as_bytes(), Definitions::own())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_becomes_a_plan() {
        let mut plan = read(&file()).expect("a plan");
        assert_eq!(plan.sources[0].write_key.as_deref(), Some("k1"));
        assert!(plan.sources[0].geo_enrichment && !plan.sources[1].enabled);
        assert_eq!(
            plan.destinations[0].config,
            json!({ "webhookUrl": "u", "key": "s" })
        );
        let pairs: Vec<_> = plan
            .connections
            .iter()
            .map(|one| (one.source, one.destination, one.enabled))
            .collect();
        assert_eq!(pairs, [(0, 0, false), (1, 0, true)]);
        assert_eq!(plan.wanted().count(), 1);
        plan.leave_what_is_wanted();
        assert!(
            !plan.destinations[0].enabled,
            "untransformed events must not flow"
        );
        assert_eq!(
            plan.left,
            [
                "the secret of account \u{201c}salesforce_oauth\u{201d}, which the file does not have",
                "1 credentials",
                "the code of transformation version v1",
                "destination \u{201c}Hook\u{201d} comes disabled, because its transformation stays behind",
            ]
        );
        assert_eq!(plan.len(), 2 + 1 + 2 + 1 + 1);
        let account = &plan.accounts[0];
        assert_eq!(
            (&*account.from, &*account.name, &account.options),
            ("a", "salesforce_oauth", &json!({ "o": 1 }))
        );
    }

    #[test]
    fn a_destination_comes_disabled_where_its_transformation_imports_what_stays_behind() {
        let code = |imports: &str| json!([{ "versionId": "v1", "name": "Mask", "code": format!("import {{ f }} from '{imports}';") }]);
        let left = |libraries: Value, imports: &str| {
            let mut file = file();
            file["libraries"] = libraries;
            *at(&mut file, 0, "transformations") = code(imports);
            let mut plan = read(&file).expect("a plan");
            plan.leave_what_is_wanted();
            let one = &plan.destinations[0];
            assert_eq!(one.transformation.as_deref(), Some("v1"));
            (one.enabled, plan.left.split_off(2))
        };
        let utils = json!({ "versionId": "l1", "name": "Utils", "code": "export const f = 1;" });
        let (nameless, geo) = (
            json!({ "versionId": "l2" }),
            json!({ "versionId": "l3", "name": "Geo" }),
        );
        let disabled = "destination \u{201c}Hook\u{201d} comes disabled, because its transformation imports \u{201c}utils\u{201d}, and no such library comes";
        let stays = |version: &str| format!("the code of library version {version}");
        // Which one it is that has no name is not known: it may be the one that is imported.
        assert_eq!(
            left(json!([nameless]), "utils"),
            (false, vec![stays("l2"), disabled.to_owned()])
        );
        assert_eq!(
            left(json!([{ "versionId": "l1", "name": "Utils" }]), "utils"),
            (false, vec![stays("l1"), disabled.to_owned()])
        );
        assert_eq!(
            left(json!([utils, nameless]), "utils"),
            (true, vec![stays("l2")])
        );
        assert_eq!(
            left(json!([utils, geo]), "utils"),
            (true, vec![stays("l3")])
        );
        let hosted = disabled.replace("utils", "@rs/urlParser/v1");
        assert_eq!(
            left(json!([utils]), "@rs/urlParser/v1"),
            (false, vec![hosted])
        );
    }

    #[test]
    fn a_file_with_a_key_twice_is_refused_and_the_key_is_named() {
        let file = file().to_string();
        for (key, old, new) in [
            (
                "enabled",
                r#""enabled":true"#,
                r#""enabled":false,"enabled":true"#,
            ),
            (
                "webhookUrl",
                r#""webhookUrl":"u""#,
                r#""webhookUrl":"u","webhookUrl":"v""#,
            ),
            ("sources", r#""sources":["#, r#""sources":[],"sources":["#),
        ] {
            assert!(file.contains(old), "{file}");
            let twice = file.replacen(old, new, 1);
            let refused = Plan::read(twice.as_bytes(), Definitions::own()).expect_err("refused");
            let said = format!("a key is there twice: duplicate field `{key}` at line 1 column ");
            assert!(refused.to_string().starts_with(&said), "{refused}");
        }
    }

    /// A file with one destination below two web sources and one of a server, the connection of the second being off.
    fn shared() -> Value {
        let below = |source: &str, kind: &str, is_on: bool| {
            json!({ "id": source, "name": source, "sourceDefinition": { "name": kind }, "destinations": [{
                "id": "d", "name": "Hook", "destinationDefinition": { "name": "WEBHOOK" }, "config": { "a": 1 },
                "enabled": is_on, "isConnectionEnabled": is_on,
            }] })
        };
        json!({ "sources": [below("s1", "Javascript", true), below("s2", "Javascript", false), below("s3", "HTTP", true)] })
    }

    fn at<'v>(file: &'v mut Value, source: usize, name: &str) -> &'v mut Value {
        &mut file["sources"][source]["destinations"][0][name]
    }

    #[test]
    fn a_connection_that_is_off_says_nothing_of_its_destination() {
        let told = |file: &Value| {
            let plan = read(file)?;
            let open: Vec<bool> = plan.connections.iter().map(|one| one.enabled).collect();
            Ok::<_, String>((plan.destinations[0].enabled, open))
        };
        let mut file = shared();
        assert_eq!(told(&file), Ok((true, vec![true, false, true])));
        for source in [0, 2] {
            *at(&mut file, source, "enabled") = json!(false);
        }
        assert_eq!(told(&file), Ok((false, vec![true, false, true])));
        *at(&mut file, 0, "enabled") = json!(true);
        let differ = "sources[0].destinations[0] and sources[2].destinations[0] have the same id and are not the same";
        assert_eq!(told(&file), Err(differ.to_owned()));

        // Where all are off it is on, unless the file says it elsewhere.
        let mut off = shared();
        for source in 0..3 {
            *at(&mut off, source, "enabled") = json!(false);
            *at(&mut off, source, "isConnectionEnabled") = json!(false);
        }
        assert_eq!(told(&off), Ok((true, vec![false; 3])));
        off["destinations"] = json!({ "d": { "enabled": false } });
        assert_eq!(told(&off), Ok((false, vec![false; 3])));
        let mut on = shared();
        on["destinations"] = json!({ "d": { "enabled": false } });
        let differ =
            "destinations.d and sources[0].destinations[0] have the same id and are not the same";
        assert_eq!(told(&on), Err(differ.to_owned()));
        // The connections of a file may say it too.
        let mut listed = shared();
        at(&mut listed, 1, "isConnectionEnabled").take();
        listed["connections"] =
            json!({ "c": { "sourceId": "s2", "destinationId": "d", "enabled": false } });
        assert_eq!(told(&listed), Ok((true, vec![true, false, true])));
    }

    #[test]
    fn settings_that_differ_by_platform_are_kept_by_platform() {
        let mut file = shared();
        let consents =
            |name: &str| json!([{ "provider": "oneTrust", "consents": [{ "consent": name }] }]);
        for source in [0, 1] {
            at(&mut file, source, "config")["consentManagement"] = consents("C1");
            at(&mut file, source, "config")["oneTrustCookieCategories"] =
                json!([{ "oneTrustCookieCategory": "C1" }]);
        }
        at(&mut file, 2, "config")["consentManagement"] = consents("C2");
        let config = json!({ "a": 1, "consentManagement": { "web": consents("C1"), "cloud": consents("C2") } });
        assert_eq!(read(&file).expect("a plan").destinations[0].config, config);
        // What is secret is where the settings have it: by that it is known whether it is kept so.
        for source in 0..3 {
            *at(&mut file, source, "secretConfig") = json!({ "connectionMode": "m", "b": "s" });
        }
        let secret = json!({ "connectionMode": { "web": "m", "cloud": "m" }, "b": "s" });
        assert_eq!(read(&file).expect("a plan").destinations[0].secret, secret);
        at(&mut file, 1, "config")["consentManagement"] = consents("C3");
        let differ = "sources[0].destinations[0] and sources[1].destinations[0] have the same id and are not the same";
        assert_eq!(read(&file), Err(differ.to_owned()));
    }

    #[test]
    fn a_destination_below_no_source_comes_unconnected_or_is_named() {
        let mut file = file();
        let whole = json!({
            "name": "Alone", "enabled": false, "destinationDefinition": { "name": "WEBHOOK" },
            "config": { "webhookUrl": "u", "consentManagement": { "web": [] } }, "secretConfig": { "key": "s" },
        });
        let deleted = json!({ "name": "Gone", "deleted": true, "destinationDefinition": { "name": "WEBHOOK" } });
        file["destinations"] = json!({
            "d1": { "enabled": true }, "d2": whole, "d3": { "name": "Nameless type" }, "d4": { "enabled": true }, "d5": deleted,
        });
        let plan = read(&file).expect("a plan");
        assert_eq!(plan.destinations.len(), 2);
        let alone = &plan.destinations[1];
        assert_eq!(
            (&*alone.from, &*alone.name, alone.enabled),
            ("d2", "Alone", false)
        );
        assert_eq!(
            alone.config,
            json!({ "webhookUrl": "u", "consentManagement": { "web": [] }, "key": "s" })
        );
        assert!(plan.connections.iter().all(|one| one.destination == 0));
        let too_little = "which is below no source and has no name or no type in the file";
        assert_eq!(
            plan.left[1..4],
            [
                format!("destination \u{201c}Nameless type\u{201d}, {too_little}"),
                format!("destination \u{201c}d4\u{201d}, {too_little}"),
                "destination \u{201c}Gone\u{201d}, which is deleted".to_owned(),
            ]
        );
        // A list says the same, and what is connected elsewhere in the file is connected.
        let mut one = file["destinations"]["d2"].clone();
        one["id"] = json!("d2");
        file["destinations"] = json!([one]);
        file["connections"]["c2"] = json!({ "sourceId": "s1", "destinationId": "d2" });
        let plan = read(&file).expect("a plan");
        assert_eq!(plan.destinations[1].name, "Alone");
        let link = plan.connections.iter().find(|one| one.destination == 1);
        assert_eq!(link.map(|one| (one.source, one.enabled)), Some((0, true)));
    }

    #[test]
    fn what_a_config_generator_keeps_unconnected_comes_over() {
        let mut file = file();
        let alone = json!({
            "id": "d2", "name": "Alone", "enabled": true, "destinationDefinition": { "name": "WEBHOOK" },
            "config": { "webhookUrl": "u" }, "rootStore": null,
        });
        let connected =
            json!({ "id": "d1", "name": "Stale", "destinationDefinition": { "name": "S3" } });
        let all = json!([connected, alone, { "id": "d3" }]);
        file["metadata"] =
            json!({ "destinationListStore": { "destinations": all }, "version": "1" });
        let plan = read(&file).expect("a plan");
        let names: Vec<_> = plan.destinations.iter().map(|one| &*one.name).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(names[1], "Alone");
        assert!(plan.connections.iter().all(|one| one.destination == 0));
        let d3 = "destination \u{201c}d3\u{201d}, which is below no source and has no name or no type in the file";
        assert!(plan.left.iter().any(|one| one == d3), "{:?}", plan.left);
    }

    #[test]
    fn what_is_not_known_here_is_named() {
        let mut file = file();
        file["unknownTop"] = json!({ "x": 1 });
        file["nothing"] = json!({});
        for source in [0, 1] {
            file["sources"][source]["weird"] = json!(1);
        }
        *at(&mut file, 0, "extra") = json!("x");
        let left = read(&file).expect("a plan").left;
        assert_eq!(
            left[2..],
            [
                "\u{201c}extra\u{201d} of destinations, which is not known here",
                "\u{201c}weird\u{201d} of sources, which is not known here",
                "\u{201c}unknownTop\u{201d} of the file, which is not known here",
            ]
        );
    }

    #[test]
    fn what_is_no_such_file_is_refused_with_its_place() {
        let mut told = Vec::new();
        let whole = file().to_string();
        let cut = Plan::read(&whole.as_bytes()[..whole.len() / 2], Definitions::own());
        let cut = cut.expect_err("half a file").to_string();
        let begins = "this is no whole JSON file: it ends too early: ";
        assert!(cut.starts_with(begins), "{cut}");
        for (pointer, value) in [
            ("", json!([])),
            ("", json!({ "source": {} })),
            ("/sources", json!({})),
            ("/sources/1", json!("x")),
            ("/sources/1/name", json!("")),
            ("/sources/1/id", json!("s1")),
            ("/sources/1/writeKey", json!("k1")),
            ("/sources/1/writeKey", json!(7)),
            ("/sources/0/sourceDefinition", json!(null)),
            (
                "/sources/0/destinations/0/destinationDefinition/name",
                json!(null),
            ),
            ("/sources/0/destinations/0/config", json!("x")),
            ("/sources/0/destinations/0/enabled", json!("yes")),
            (
                "/sources/0/destinations/0/transformations/0/versionId",
                json!(null),
            ),
            ("/connections/c1/sourceId", json!(null)),
            ("/accounts/a/accountDefinitionName", json!(null)),
            ("/accounts/a/secret", json!("s")),
        ] {
            let mut file = file();
            *file.pointer_mut(pointer).expect("a place") = value;
            told.push(read(&file).expect_err("refused"));
        }
        let mut twice = file();
        let mut other = twice["sources"][0]["destinations"][0].clone();
        other["name"] = json!("Another");
        twice["sources"][1]["destinations"] = json!([other]);
        told.push(read(&twice).expect_err("refused"));
        insta::assert_snapshot!(told.join("\n"), @r"
        the file must be an object
        this is no workspaceConfig.json: it has no “sources” at its top
        the file.sources must be a list
        sources[1] must be an object
        sources[1].name must be a text that is not empty
        sources[0] and sources[1] have the same id
        sources[0] and sources[1] have the same write key
        sources[1].writeKey must be a text
        sources[0].sourceDefinition must be an object
        sources[0].destinations[0].destinationDefinition.name must be a text that is not empty
        sources[0].destinations[0].config must be an object
        sources[0].destinations[0].enabled must be true or false
        sources[0].destinations[0].transformations[0].versionId must be a text that is not empty
        connections.c1.sourceId must be a text that is not empty
        accounts.a.accountDefinitionName must be a text that is not empty
        accounts.a.secret must be an object
        sources[0].destinations[0] and sources[1].destinations[0] have the same id and are not the same
        ");
    }
}
