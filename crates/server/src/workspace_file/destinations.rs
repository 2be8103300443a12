//! Destinations of a file, which tells each of them below every source that feeds it: switched off where its connection is, and
//! with what its settings are for the platform of that source. So one destination is put together from all its places.

use std::collections::HashMap;

use model::definition::{Definitions, Kind};
use serde_json::{Map, Value};

use super::{At, FILE, NotTaken, PlannedDestination, Reading, not_taken};
use crate::dataplane::platform::{Contradiction, gather, platform_of};

/// A destination as it is told below one source.
pub(super) struct Told {
    /// The place in the file.
    place: String,
    /// The place of the source in the plan.
    source: usize,
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
        source: usize,
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
            let platforms: Vec<_> = all
                .iter()
                .map(|told| platform_of(definitions, &self.plan.sources[told.source].kind))
                .collect();
            let destination = &mut self.plan.destinations[at];
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
        let is_open = |source| {
            let link = self.pairs.get(&(source, at));
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

/// What a map of destinations at the top of the file says of each by itself, with its place, by their ids.
fn own_switches<'a>(file: &At<'a>) -> Result<HashMap<&'a str, (String, bool)>, NotTaken> {
    let mut all = HashMap::new();
    if let Some(Value::Object(destinations)) = file.get("destinations") {
        debug_assert_eq!(file.place, FILE, "the map is at the top");
        for (id, one) in destinations {
            let one = At::new(format!("destinations.{id}"), one)?;
            if one.get("enabled").is_some() {
                let enabled = one.flag("enabled", true)?;
                all.insert(id.as_str(), (one.place, enabled));
            }
        }
    }
    Ok(all)
}
