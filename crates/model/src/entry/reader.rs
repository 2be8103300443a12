//! Reads an entry: canonical form, version 1, every member that must be there, and no other.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    Entry, EntryActor, EntryError, EntryTarget, Imported, MAX_BYTES, Outcome, check, must, time,
};
use crate::canonical::parse_canonical;

pub(super) fn read(bytes: &[u8]) -> Result<Entry, EntryError> {
    if bytes.len() > MAX_BYTES {
        return Err(EntryError::TooLarge { bytes: bytes.len() });
    }
    let mut members = Members::of(parse_canonical(bytes)?, String::new())?;
    // First of all, so that a later version is called that, and not a version 1 with odd members.
    if members.required("v")? != 1 {
        return Err(EntryError::Version);
    }
    let entry = Entry {
        action: members.string("action")?,
        actor: members.actor()?,
        at: members.time("at")?,
        changes: members.list("changes", |value, path| Members::as_string(value, path))?,
        code: members.optional("code")?,
        facts: members.facts()?,
        id: members.string("id")?,
        imported: members.imported()?,
        organization: members.optional("organization")?,
        outcome: members.outcome()?,
        parts: members
            .by_part("parts")?
            .ok_or_else(|| members.missing("parts"))?,
        related: members.list("related", |value, path| target(value, path()))?,
        request: members.string("request")?,
        sequence: members.sequence()?,
        subjects: members.subjects()?,
        target: target(members.required("target")?, "target".to_owned())?,
        workspace: members.optional("workspace")?,
    };
    members.finish()?;
    check(&entry)?;
    Ok(entry)
}

/// The members of one object that were not asked for yet.
struct Members {
    members: Map<String, Value>,
    /// Where the object stands, with a dot between levels; empty for the entry itself.
    path: String,
}

impl Members {
    fn of(value: Value, path: String) -> Result<Self, EntryError> {
        match value {
            Value::Object(members) => Ok(Self { members, path }),
            _ if path.is_empty() => Err(EntryError::wrong("entry", must::OBJECT)),
            _ => Err(EntryError::wrong(path, must::OBJECT)),
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
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

    fn required(&mut self, name: &str) -> Result<Value, EntryError> {
        self.members.remove(name).ok_or_else(|| self.missing(name))
    }

    /// Where something stands is only asked when it is wrong: a log has many entries, and nearly all are right.
    fn as_string(value: Value, path: impl FnOnce() -> String) -> Result<String, EntryError> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(EntryError::wrong(path(), must::STRING)),
        }
    }

    fn string(&mut self, name: &str) -> Result<String, EntryError> {
        Self::as_string(self.required(name)?, || self.path_of(name))
    }

    fn optional(&mut self, name: &str) -> Result<Option<String>, EntryError> {
        let value = self.members.remove(name);
        value
            .map(|value| Self::as_string(value, || self.path_of(name)))
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
        let value = self.required("sequence")?;
        value
            .as_u64()
            .ok_or_else(|| self.wrong("sequence", must::SEQUENCE))
    }

    fn actor(&mut self) -> Result<EntryActor, EntryError> {
        let mut members = Self::of(self.required("actor")?, self.path_of("actor"))?;
        let actor = EntryActor {
            id: members.optional("id")?,
            on_behalf_of: members.optional("onBehalfOf")?,
            session: members.optional("session")?,
            token: members.optional("token")?,
            r#type: members.string("type")?,
        };
        members.finish()?;
        Ok(actor)
    }

    fn imported(&mut self) -> Result<Option<Imported>, EntryError> {
        let Some(value) = self.members.remove("imported") else {
            return Ok(None);
        };
        let mut members = Self::of(value, self.path_of("imported"))?;
        let imported = Imported {
            at: members.time("at")?,
            id: members.string("id")?,
        };
        members.finish()?;
        Ok(Some(imported))
    }

    /// `check` sees that it is an object.
    fn facts(&mut self) -> Result<Option<Value>, EntryError> {
        let facts = self.members.remove("facts");
        match facts.as_ref().and_then(Value::as_object) {
            Some(members) if members.is_empty() => Err(self.wrong("facts", must::FILLED)),
            _ => Ok(facts),
        }
    }

    fn list<T>(
        &mut self,
        name: &str,
        read: impl Fn(Value, &dyn Fn() -> String) -> Result<T, EntryError>,
    ) -> Result<Vec<T>, EntryError> {
        match self.members.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) if items.is_empty() => Err(self.wrong(name, must::FILLED)),
            Some(Value::Array(items)) => {
                let read =
                    |(index, item)| read(item, &|| format!("{}.{index}", self.path_of(name)));
                items.into_iter().enumerate().map(read).collect()
            }
            Some(_) => Err(self.wrong(name, must::ARRAY)),
        }
    }

    fn by_part(&mut self, name: &str) -> Result<Option<BTreeMap<String, String>>, EntryError> {
        let Some(value) = self.members.remove(name) else {
            return Ok(None);
        };
        let object = Self::of(value, self.path_of(name))?;
        let path = object.path;
        let read = |(part, value)| {
            let text = Self::as_string(value, || format!("{path}.{part}"))?;
            Ok((part, text))
        };
        object
            .members
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn subjects(&mut self) -> Result<BTreeMap<String, String>, EntryError> {
        match self.by_part("subjects")? {
            Some(subjects) if subjects.is_empty() => Err(self.wrong("subjects", must::FILLED)),
            subjects => Ok(subjects.unwrap_or_default()),
        }
    }

    /// Fails if anything was not asked for.
    fn finish(self) -> Result<(), EntryError> {
        match self.members.keys().next() {
            Some(name) => Err(EntryError::Unknown {
                member: self.path_of(name),
            }),
            None => Ok(()),
        }
    }
}

fn target(value: Value, path: String) -> Result<EntryTarget, EntryError> {
    let mut members = Members::of(value, path)?;
    let target = EntryTarget {
        id: members.optional("id")?,
        r#type: members.string("type")?,
    };
    members.finish()?;
    Ok(target)
}
