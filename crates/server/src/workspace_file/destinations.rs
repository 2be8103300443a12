//! Destinations of a file, which tells each of them below every source that feeds it: switched off where its connection is, and
//! with what its settings are for the platform of that source. So one destination is put together from all its places. What no
//! source feeds may stand at the top.

use std::collections::HashMap;

use model::definition::{Definitions, Kind};
use serde_json::{Map, Value};

use super::{At, FILE, NotTaken, PlannedDestination, Reading, not_taken};
use crate::dataplane::platform::{Contradiction, gather, platform_of};

/// A destination as it is told below one source.
pub(super) struct Told {
    /// The place in the file.
    place: String,
    /// The place of the source in the plan; none where it stands by itself.
    source: Option<usize>,
    enabled: bool,
    config: Map<String, Value>,
    secret: Map<String, Value>,
}

/// What is known of destinations while a file is read.
#[derive(Default)]
pub(super) struct Destinations {
    /// The place in the plan, by the id in the file.
    places: HashMap<String, usize>,
    /// For each of the plan where it is told; never empty.
    told: Vec<Vec<Told>>,
}

impl Destinations {
    /// The place in the plan.
    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }
}

fn not_the_same<T>(one: &str, other: &str) -> Result<T, NotTaken> {
    not_taken(format!(
        "{one} and {other} have the same id and are not the same"
    ))
}

impl Reading {
    /// Takes what is told of a destination below a source: all but the settings and the switch, which [`Self::gather`] finds when
    /// all is told.
    pub(super) fn told(
        &mut self,
        place: String,
        source: Option<usize>,
        one: PlannedDestination,
        (config, secret): (Map<String, Value>, Map<String, Value>),
    ) -> Result<usize, NotTaken> {
        let told = Told {
            place,
            source,
            enabled: one.enabled,
            config,
            secret,
        };
        let one = PlannedDestination {
            enabled: true,
            ..one
        };
        if let Some(at) = self.destinations.place(&one.from) {
            let all = &mut self.destinations.told[at];
            if self.plan.destinations[at] != one {
                return not_the_same(&all[0].place, &told.place);
            }
            all.push(told);
            return Ok(at);
        }
        let at = self.plan.destinations.len();
        self.destinations.places.insert(one.from.clone(), at);
        self.destinations.told.push(vec![told]);
        self.plan.destinations.push(one);
        Ok(at)
    }

    /// Takes the destinations that stand at the top of the file, or where RudderStack's config-generator has them, and below no
    /// source: nothing is connected to them. Those of which the file has too little are named.
    pub(super) fn unconnected(&mut self, file: &At<'_>) -> Result<(), NotTaken> {
        for (id, one) in at_the_top(file)?.into_iter().chain(of_a_generator(file)?) {
            if self.destinations.place(&id).is_some() {
                continue;
            }
            if one.get("name").is_some() && one.get("destinationDefinition").is_some() {
                self.destination(&one, Some(&id), None)?;
            } else {
                let name = one.text("name")?.unwrap_or(id);
                self.plan.left.push(format!(
                    "destination \u{201c}{name}\u{201d}, which is below no source and has no name or no type in the file"
                ));
            }
        }
        Ok(())
    }

    /// Puts each destination together. The connections are known by now.
    pub(super) fn gather(
        &mut self,
        file: &At<'_>,
        definitions: &Definitions,
    ) -> Result<(), NotTaken> {
        let own = own_switches(file)?;
        let all = std::mem::take(&mut self.destinations.told);
        for (at, all) in all.iter().enumerate() {
            let own = own.get(self.plan.destinations[at].from.as_str());
            let enabled = self.is_enabled(at, all, own)?;
            let platforms: Option<Vec<_>> = all
                .iter()
                .map(|told| {
                    let source = &self.plan.sources[told.source?];
                    Some(platform_of(definitions, &source.kind))
                })
                .collect();
            let destination = &mut self.plan.destinations[at];
            let Some(platforms) = platforms else {
                // It was told to nobody: its settings are its own.
                destination.config = Value::Object(all[0].config.clone());
                destination.secret = Value::Object(all[0].secret.clone());
                destination.enabled = enabled;
                continue;
            };
            let definition = definitions.find(Kind::Destination, &destination.kind);
            let put_together = |part: fn(&Told) -> &Map<String, Value>| {
                let told: Vec<_> = platforms
                    .iter()
                    .copied()
                    .zip(all.iter().map(part))
                    .collect();
                match gather(definition, &told) {
                    Ok(config) => Ok(Value::Object(config)),
                    Err(Contradiction(one, other)) => {
                        not_the_same(&all[one].place, &all[other].place)
                    }
                }
            };
            destination.config = put_together(|told| &told.config)?;
            destination.secret = put_together(|told| &told.secret)?;
            destination.enabled = enabled;
        }
        Ok(())
    }

    /// Whether a destination gets events, as far as it hangs on itself. Where a connection is off a data plane is told that the
    /// destination is off, which says nothing of it; if nothing else does, it is on, and the connection off.
    fn is_enabled(
        &self,
        at: usize,
        all: &[Told],
        own: Option<&(String, bool)>,
    ) -> Result<bool, NotTaken> {
        let is_open = |source: Option<usize>| {
            let link = source.and_then(|source| self.pairs.get(&(source, at)));
            link.is_some_and(|link| self.plan.connections[*link].enabled)
        };
        let told = all
            .iter()
            .filter(|told| told.enabled || is_open(told.source))
            .map(|told| (&told.place, told.enabled));
        let mut said = own
            .map(|(place, own)| (place, *own))
            .into_iter()
            .chain(told);
        let Some((first, enabled)) = said.next() else {
            return Ok(true);
        };
        match said.find(|(_, other)| *other != enabled) {
            Some((place, _)) => not_the_same(first, place),
            None => Ok(enabled),
        }
    }
}

/// The destinations at the top of the file by their ids: a map, or a list of what has an id.
fn at_the_top<'a>(file: &At<'a>) -> Result<Vec<(String, At<'a>)>, NotTaken> {
    match file.get("destinations") {
        Some(Value::Object(all)) => all
            .iter()
            .map(|(id, one)| Ok((id.clone(), At::new(format!("destinations.{id}"), one)?)))
            .collect(),
        _ => file
            .list("destinations")?
            .into_iter()
            .map(|one| Ok((one.required("id")?, one)))
            .collect(),
    }
}

/// The destinations that the config-generator keeps beside what data planes read: all of them, connected or not.
fn of_a_generator<'a>(file: &At<'a>) -> Result<Vec<(String, At<'a>)>, NotTaken> {
    let place = "metadata.destinationListStore.destinations";
    let store = |of: &'a Value| {
        of.get("destinationListStore")?
            .get("destinations")?
            .as_array()
    };
    let all = file.get("metadata").and_then(store);
    all.into_iter()
        .flatten()
        .enumerate()
        .map(|(index, one)| {
            let one = At::new(format!("{place}[{index}]"), one)?;
            Ok((one.required("id")?, one))
        })
        .collect()
}

/// What the destinations at the top of the file say of each by itself, with its place, by their ids.
fn own_switches(file: &At<'_>) -> Result<HashMap<String, (String, bool)>, NotTaken> {
    debug_assert_eq!(file.place, FILE, "they are at the top");
    let mut all = HashMap::new();
    for (id, one) in at_the_top(file)? {
        if one.get("enabled").is_some() {
            let enabled = one.flag("enabled", true)?;
            all.insert(id, (one.place, enabled));
        }
    }
    Ok(all)
}
