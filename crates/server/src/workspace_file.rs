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
mod tests;
