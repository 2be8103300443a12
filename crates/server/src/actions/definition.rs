//! Definitions of types: taking them in, and letting one go.
//!
//! Where a definition makes more secret than was, what earlier events told of it is erased in the same transaction. Most of
//! the log is looked through before, without a lock ([`crate::definitions`]); what came since is looked through here.

pub mod delete;
pub mod take_in;

use std::collections::{BTreeSet, HashMap};

use model::config::Matcher;
use model::definition::{Broken, Definition, Definitions, Kind, Origin, Secrecy, Taken};
use model::id::{EventId, OrganizationId, RevisionId};
use model::part::PartName;
use serde_json::Value;
use store::{Changed, Error, Log, Result, Rx, Tx, Types};

use super::input;

/// How many entries are looked through at once.
pub const SLICE: u64 = 1000;

/// A definition as it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Which table it is for.
    pub kind: Kind,
    /// The type on the wire.
    pub name: String,
    /// All of it: `{name, displayName, config, configSchema, uiConfig, ...}`.
    pub body: Value,
}

impl Given {
    /// From its JSON, looked at as it will be when it is taken in.
    ///
    /// # Errors
    /// [`Error::Invalid`], with what is wrong.
    pub fn new(kind: Kind, body: Value) -> Result<Self> {
        let about = (String::new(), Origin::Posted);
        let moment = model::clock::Micros(0);
        let one = Taken::parse(kind, about, &body.to_string(), (moment, moment))
            .map_err(|error| broken(&error))?;
        input::numbers("definition", &body)?;
        if let Some(schema) = one.config_schema() {
            crate::schema::check(&schema)
                .map_err(|error| Error::field("invalid_schema", "configSchema", error))?;
        }
        Ok(Self {
            kind,
            name: one.name,
            body,
        })
    }
}

fn broken(error: &Broken) -> Error {
    let (code, field) = match error {
        Broken::Shape(_) => ("invalid_definition", "definition"),
        Broken::Name => ("invalid_name", "name"),
        Broken::TooLong => ("too_long", "definition"),
        Broken::SecretKeys => ("invalid_secret_keys", "config.secretKeys"),
    };
    Error::field(code, field, format!("this is no definition: {error}"))
}

/// The types of which more is secret than was, and what of them.
#[derive(Clone, Debug, Default)]
pub struct Stricter(HashMap<(Kind, String), Matcher>);

impl Stricter {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(
        &mut self,
        kind: Kind,
        name: &str,
        before: Option<&Definition>,
        after: Option<&Definition>,
    ) {
        if hides_more(before, after) {
            let matcher = Matcher::new(Secrecy::of(after));
            self.0.insert((kind, name.to_owned()), matcher);
        }
    }
}

/// Whether a definition hides something that the other does not. Without one, or without a word on secrets, every string
/// is hidden, and nothing else.
fn hides_more(before: Option<&Definition>, after: Option<&Definition>) -> bool {
    let keys = |one: Option<&Definition>| -> Option<BTreeSet<String>> {
        let one = one?;
        let secret = one.secret_keys.as_ref()?;
        Some(secret.iter().chain(&one.redact_keys).cloned().collect())
    };
    match (keys(before), keys(after)) {
        (before, None) => before.is_some(),
        (None, Some(after)) => !after.is_empty(),
        (Some(before), Some(after)) => !after.is_subset(&before),
    }
}

/// What will be taken in.
#[derive(Debug)]
pub struct Plan {
    /// Each definition that is new or other than before, with what was there.
    pub pairs: Vec<(Option<Taken>, Taken)>,
    /// How many are as they were.
    pub unchanged: usize,
    /// Of which types more is secret then.
    pub stricter: Stricter,
}

impl Plan {
    /// What these definitions would change.
    ///
    /// # Errors
    /// [`Error::Invalid`] for one that is broken.
    pub fn of(
        rx: &mut Rx<'_>,
        organization: OrganizationId,
        given: &[Given],
        origin: Origin,
    ) -> Result<Self> {
        let now = rx.now();
        let known: Vec<Taken> = match given {
            [one] => rx
                .taken_definition(organization, one.kind, &one.name)?
                .into_iter()
                .collect(),
            _ => rx.taken_definitions(organization)?,
        };
        let known: HashMap<(Kind, &str), &Taken> = known
            .iter()
            .map(|one| ((one.kind, one.name.as_str()), one))
            .collect();
        let own = Definitions::own();
        let mut plan = Self {
            pairs: Vec::new(),
            unchanged: 0,
            stricter: Stricter::default(),
        };
        for one in given {
            let before = known.get(&(one.kind, one.name.as_str())).copied();
            if before.is_some_and(|before| same(before, &one.body)) {
                plan.unchanged += 1;
                continue;
            }
            let (id, created_at, updated_at) = match before {
                // Each change has a moment of its own, by which `seen` tells them apart, though the clock stand still.
                Some(before) => (
                    before.id.clone(),
                    before.created_at,
                    now.max(before.updated_at.plus(1)),
                ),
                None => (rx.new_id(RevisionId::new).to_string(), now, now),
            };
            let after = Taken::parse(
                one.kind,
                (id, origin),
                &one.body.to_string(),
                (created_at, updated_at),
            )
            .map_err(|error| broken(&error))?;
            let old = match before {
                Some(before) => Some(own.laid(before.clone())),
                None => own.find(one.kind, &one.name).cloned(),
            };
            let new = own.laid(after.clone());
            plan.stricter
                .add(one.kind, &one.name, old.as_ref(), Some(&new));
            plan.pairs.push((before.cloned(), after));
        }
        Ok(plan)
    }

    /// What letting go of a definition would change.
    pub(crate) fn without(before: &Taken) -> Stricter {
        let own = Definitions::own();
        let old = own.laid(before.clone());
        let mut stricter = Stricter::default();
        stricter.add(
            before.kind,
            &before.name,
            Some(&old),
            own.find(before.kind, &before.name),
        );
        stricter
    }
}

/// Whether a definition says what it did; the order of members does not count.
fn same(before: &Taken, body: &Value) -> bool {
    serde_json::from_str::<Value>(before.body()).is_ok_and(|before| before == *body)
}

/// What was found in the log, how far it was looked through, and by which definitions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looked {
    /// The version of the organization's definitions then.
    pub version: Option<String>,
    /// How many entries were looked through.
    pub reached: u64,
    /// Which type each source and destination has.
    pub types: Types,
    /// The parts that have to go: the event, its index, and the part.
    pub found: Vec<(EventId, u64, PartName)>,
}

impl Looked {
    /// Looks through the next entries of a log; gives whether there were any.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn on(&mut self, rx: &mut Rx<'_>, log: &Log, stricter: &Stricter) -> Result<bool> {
        if stricter.is_empty() || self.reached >= log.size {
            return Ok(false);
        }
        for told in rx.told_settings(log, (self.reached, SLICE), &mut self.types)? {
            let Some(matcher) = stricter.0.get(&(told.kind, told.r#type.clone())) else {
                continue;
            };
            if told
                .changes
                .iter()
                .any(|change| matcher.hides(change, "config"))
            {
                self.found.push((told.event, told.sequence, told.part));
            }
        }
        self.reached = log.size.min(self.reached + SLICE);
        Ok(true)
    }

    /// Erases what was found, and what is found in the entries that came since.
    fn erase(
        mut self,
        tx: &mut Tx<'_>,
        organization: OrganizationId,
        stricter: &Stricter,
    ) -> Result<(usize, Vec<(Changed, Value)>)> {
        let log = tx.organization_log(organization)?;
        while self.on(tx, &log, stricter)? {}
        let erased = tx.erase_parts(&log, &self.found)?;
        let count = erased
            .iter()
            .map(|(_, named)| named["erased"].as_array().map_or(0, Vec::len))
            .sum();
        Ok((count, erased))
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<T> {
    /// It is done.
    Done(T),
    /// Nothing was done: the definitions are not those any more by which the log was looked through.
    Moved,
}
