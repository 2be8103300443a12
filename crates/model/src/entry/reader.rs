//! Reads an entry: canonical form, version 1, every member that must be there, and no other.
//!
//! Nothing is copied but what has escapes: the verifier reads millions of entries, and asks each for little.

use std::borrow::Cow;

use super::{
    Entry, EntryActor, EntryError, EntryTarget, Imported, MAX_BYTES, Outcome, Ruled, must, time,
};
use crate::canonical::{self, Raw, checked_members};
use crate::part::PartName;

/// Texts by the name of a part, in the order of the names.
type ByPart<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// An entry as its bytes say it, read as strictly as [`Entry::parse`] does, without a copy of them.
///
/// Its members are those of [`Entry`]; the ones that the log itself is checked by can be asked for.
#[derive(Clone, Debug)]
pub struct View<'a> {
    action: Cow<'a, str>,
    actor: ActorView<'a>,
    at: i64,
    changes: Vec<Cow<'a, str>>,
    code: Option<Cow<'a, str>>,
    facts: Option<Raw<'a>>,
    id: Cow<'a, str>,
    imported: Option<(i64, Cow<'a, str>)>,
    organization: Option<Cow<'a, str>>,
    outcome: Outcome,
    parts: ByPart<'a>,
    related: Vec<TargetView<'a>>,
    request: Cow<'a, str>,
    sequence: u64,
    subjects: ByPart<'a>,
    target: TargetView<'a>,
    workspace: Option<Cow<'a, str>>,
}

#[derive(Clone, Debug)]
struct ActorView<'a> {
    id: Option<Cow<'a, str>>,
    on_behalf_of: Option<Cow<'a, str>>,
    session: Option<Cow<'a, str>>,
    token: Option<Cow<'a, str>>,
    r#type: Cow<'a, str>,
}

#[derive(Clone, Debug)]
struct TargetView<'a> {
    id: Option<Cow<'a, str>>,
    r#type: Cow<'a, str>,
}

impl<'a> View<'a> {
    /// Reads an entry, and takes nothing but what [`Entry::to_bytes`] gives.
    ///
    /// Fails with what is wrong and where. Bytes that are too many are not looked at.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EntryError> {
        if bytes.len() > MAX_BYTES {
            return Err(EntryError::TooLarge { bytes: bytes.len() });
        }
        let mut members = Members::new(checked_members(bytes)?, Place::ENTRY)?;
        // First of all, so that a later version is called that, and not a version 1 with odd members.
        let version = members.all.iter().rev().find(|(name, _)| name == "v");
        match version {
            None => return Err(members.missing("v")),
            Some((_, version)) if version.integer() != Some(1) => return Err(EntryError::Version),
            Some(_) => {}
        }
        let entry = Self {
            action: members.string("action")?,
            actor: members.actor()?,
            at: members.time("at")?,
            changes: members.list("changes", |value, place| as_string(value, || place.path()))?,
            code: members.optional("code")?,
            facts: members.facts()?,
            id: members.string("id")?,
            imported: members.imported()?,
            organization: members.optional("organization")?,
            outcome: members.outcome()?,
            parts: members
                .by_part("parts")?
                .ok_or_else(|| members.missing("parts"))?,
            related: members.list("related", target)?,
            request: members.string("request")?,
            sequence: members.sequence()?,
            subjects: members.subjects()?,
            target: target(members.required("target")?, Place::of("target"))?,
            workspace: {
                members.take("v");
                members.optional("workspace")?
            },
        };
        members.finish()?;
        Ruled {
            sequence: entry.sequence,
            changes: entry.changes.iter().map(AsRef::as_ref),
            parts: entry.parts.iter().map(|(part, one)| (&**part, &**one)),
            subjects: entry.subjects.iter().map(|(part, _)| &**part),
        }
        .check()?;
        Ok(entry)
    }

    /// What was done.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Who did it, by id.
    pub fn actor_id(&self) -> Option<&str> {
        self.actor.id.as_deref()
    }

    /// What kind of actor did it.
    pub fn actor_type(&self) -> &str {
        &self.actor.r#type
    }

    /// When, in the unit of [`Entry::at`].
    pub const fn at(&self) -> i64 {
        self.at
    }

    /// Why it was refused or failed, as a code.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The event's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How it ended.
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The leaf's index in its log.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// What it was done to, by id.
    pub fn target_id(&self) -> Option<&str> {
        self.target.id.as_deref()
    }

    /// What kind of thing it was done to.
    pub fn target_type(&self) -> &str {
        &self.target.r#type
    }

    /// The workspace in which it happened, by id.
    pub fn workspace(&self) -> Option<&str> {
        self.workspace.as_deref()
    }

    /// The parts that it commits to, with their commitments: those with names of their own, then the changes.
    pub fn commitments(&self) -> impl Iterator<Item = (PartName, &str)> {
        let named = self
            .parts
            .iter()
            .filter_map(|(name, one)| Some((PartName::parse(name).ok()?, &**one)));
        let changes = self.changes.iter().enumerate();
        named.chain(changes.filter_map(|(at, one)| Some((PartName::change(at)?, &**one))))
    }

    /// Whose key seals a part, as [`Entry::subject_of`] says it.
    pub fn subject_of(&self, part: PartName) -> Option<&str> {
        let own = if matches!(part, PartName::ACTOR | PartName::ORIGIN) {
            &self.actor.id
        } else {
            &self.target.id
        };
        let named = || {
            let part = part.to_string();
            self.subjects.iter().find(|(name, _)| *name == part)
        };
        // Most entries name none, which is seen without the part's name.
        let named = if self.subjects.is_empty() {
            None
        } else {
            named()
        };
        named.map(|(_, subject)| &**subject).or(own.as_deref())
    }

    /// The entry with a copy of everything that it says.
    ///
    /// # Errors
    /// None that occur: see [`View::parse`].
    pub fn to_entry(&self) -> Result<Entry, EntryError> {
        let text = |text: &Cow<'_, str>| text.clone().into_owned();
        let maybe = |one: &Option<Cow<'_, str>>| one.as_ref().map(text);
        let by_part = |texts: &ByPart<'_>| {
            let pairs = texts.iter();
            pairs.map(|(part, one)| (text(part), text(one))).collect()
        };
        let target = |target: &TargetView<'_>| EntryTarget {
            id: maybe(&target.id),
            r#type: text(&target.r#type),
        };
        Ok(Entry {
            action: text(&self.action),
            actor: EntryActor {
                id: maybe(&self.actor.id),
                on_behalf_of: maybe(&self.actor.on_behalf_of),
                session: maybe(&self.actor.session),
                token: maybe(&self.actor.token),
                r#type: text(&self.actor.r#type),
            },
            at: self.at,
            changes: self.changes.iter().map(text).collect(),
            code: maybe(&self.code),
            facts: self.facts.map(Raw::to_value).transpose()?,
            id: text(&self.id),
            imported: self.imported.as_ref().map(|(at, id)| Imported {
                at: *at,
                id: text(id),
            }),
            organization: maybe(&self.organization),
            outcome: self.outcome,
            parts: by_part(&self.parts),
            related: self.related.iter().map(target).collect(),
            request: text(&self.request),
            sequence: self.sequence,
            subjects: by_part(&self.subjects),
            target: target(&self.target),
            workspace: maybe(&self.workspace),
        })
    }
}

/// Where an object stands in the entry. It is only written out where something is wrong: a log has many entries, and nearly
/// all are right.
#[derive(Clone, Copy)]
struct Place {
    /// The member of the entry; empty for the entry itself.
    name: &'static str,
    /// Which of the member's items.
    index: Option<usize>,
}

impl Place {
    const ENTRY: Self = Self::of("");

    const fn of(name: &'static str) -> Self {
        Self { name, index: None }
    }

    fn path(self) -> String {
        match self.index {
            None => self.name.to_owned(),
            Some(index) => format!("{}.{index}", self.name),
        }
    }
}

/// The members of one object that were not asked for yet. They must be asked for in the order in which they stand.
struct Members<'a> {
    all: canonical::Members<'a>,
    next: usize,
    /// The first that was passed over: it is none of an entry's.
    unknown: Option<usize>,
    place: Place,
}

impl<'a> Members<'a> {
    fn of(value: Raw<'a>, place: Place) -> Result<Self, EntryError> {
        Self::new(value.members()?, place)
    }

    fn new(members: Option<canonical::Members<'a>>, place: Place) -> Result<Self, EntryError> {
        match members {
            Some(members) => Ok(Self {
                all: members,
                next: 0,
                unknown: None,
                place,
            }),
            None if place.name.is_empty() => Err(EntryError::wrong("entry", must::OBJECT)),
            None => Err(EntryError::wrong(place.path(), must::OBJECT)),
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.place.name.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.place.path())
        }
    }

    fn wrong(&self, name: &str, must: &'static str) -> EntryError {
        EntryError::wrong(self.path_of(name), must)
    }

    fn missing(&self, name: &str) -> EntryError {
        EntryError::Missing {
            member: self.path_of(name),
        }
    }

    /// The member of this name. What stands before it and was not asked for has no place in an entry: names are asked for,
    /// and stand, in the same order.
    fn take(&mut self, name: &str) -> Option<Raw<'a>> {
        while let Some((there, value)) = self.all.get(self.next) {
            // Names of an entry's members are ASCII, where the order of the form is that of the bytes.
            match there.as_bytes().cmp(name.as_bytes()) {
                std::cmp::Ordering::Less => {
                    self.unknown.get_or_insert(self.next);
                    self.next += 1;
                }
                std::cmp::Ordering::Equal => {
                    self.next += 1;
                    return Some(*value);
                }
                std::cmp::Ordering::Greater => return None,
            }
        }
        None
    }

    fn required(&mut self, name: &str) -> Result<Raw<'a>, EntryError> {
        self.take(name).ok_or_else(|| self.missing(name))
    }

    fn string(&mut self, name: &str) -> Result<Cow<'a, str>, EntryError> {
        as_string(self.required(name)?, || self.path_of(name))
    }

    fn optional(&mut self, name: &str) -> Result<Option<Cow<'a, str>>, EntryError> {
        let value = self.take(name);
        value
            .map(|value| as_string(value, || self.path_of(name)))
            .transpose()
    }

    fn time(&mut self, name: &str) -> Result<i64, EntryError> {
        time::parse_time(&self.string(name)?).ok_or_else(|| self.wrong(name, must::TIME))
    }

    fn outcome(&mut self) -> Result<Outcome, EntryError> {
        let text = self.string("outcome")?;
        Outcome::parse(&text).ok_or_else(|| self.wrong("outcome", must::OUTCOME))
    }

    fn sequence(&mut self) -> Result<u64, EntryError> {
        let value = self.required("sequence")?.integer();
        value
            .and_then(|value| u64::try_from(value).ok())
            .ok_or_else(|| self.wrong("sequence", must::SEQUENCE))
    }

    fn actor(&mut self) -> Result<ActorView<'a>, EntryError> {
        let mut members = Self::of(self.required("actor")?, Place::of("actor"))?;
        let actor = ActorView {
            id: members.optional("id")?,
            on_behalf_of: members.optional("onBehalfOf")?,
            session: members.optional("session")?,
            token: members.optional("token")?,
            r#type: members.string("type")?,
        };
        members.finish()?;
        Ok(actor)
    }

    fn imported(&mut self) -> Result<Option<(i64, Cow<'a, str>)>, EntryError> {
        let Some(value) = self.take("imported") else {
            return Ok(None);
        };
        let mut members = Self::of(value, Place::of("imported"))?;
        let imported = (members.time("at")?, members.string("id")?);
        members.finish()?;
        Ok(Some(imported))
    }

    fn facts(&mut self) -> Result<Option<Raw<'a>>, EntryError> {
        let Some(facts) = self.take("facts") else {
            return Ok(None);
        };
        match facts.members()? {
            Some(members) if members.is_empty() => Err(self.wrong("facts", must::FILLED)),
            Some(_) => Ok(Some(facts)),
            None => Err(self.wrong("facts", must::OBJECT)),
        }
    }

    fn list<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(Raw<'a>, Place) -> Result<T, EntryError>,
    ) -> Result<Vec<T>, EntryError> {
        let Some(value) = self.take(name) else {
            return Ok(Vec::new());
        };
        let items = value
            .items()?
            .ok_or_else(|| self.wrong(name, must::ARRAY))?;
        if items.is_empty() {
            return Err(self.wrong(name, must::FILLED));
        }
        let place = |index| Place {
            name,
            index: Some(index),
        };
        let read = |(index, item)| read(item, place(index));
        items.into_iter().enumerate().map(read).collect()
    }

    fn by_part(&mut self, name: &'static str) -> Result<Option<ByPart<'a>>, EntryError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let object = Self::of(value, Place::of(name))?;
        let read = |(part, value): (Cow<'a, str>, Raw<'a>)| {
            let text = as_string(value, || format!("{name}.{part}"))?;
            Ok((part, text))
        };
        let texts: Result<_, _> = object.all.into_iter().map(read).collect();
        texts.map(Some)
    }

    fn subjects(&mut self) -> Result<ByPart<'a>, EntryError> {
        match self.by_part("subjects")? {
            Some(subjects) if subjects.is_empty() => Err(self.wrong("subjects", must::FILLED)),
            subjects => Ok(subjects.unwrap_or_default()),
        }
    }

    /// Fails if anything was not asked for.
    fn finish(self) -> Result<(), EntryError> {
        match self.all.get(self.unknown.unwrap_or(self.next)) {
            Some((name, _)) => Err(EntryError::Unknown {
                member: self.path_of(name),
            }),
            None => Ok(()),
        }
    }
}

fn as_string(value: Raw<'_>, path: impl FnOnce() -> String) -> Result<Cow<'_, str>, EntryError> {
    value
        .string()?
        .ok_or_else(|| EntryError::wrong(path(), must::STRING))
}

fn target(value: Raw<'_>, place: Place) -> Result<TargetView<'_>, EntryError> {
    let mut members = Members::of(value, place)?;
    let target = TargetView {
        id: members.optional("id")?,
        r#type: members.string("type")?,
    };
    members.finish()?;
    Ok(target)
}
