//! Writes an entry, member by member in the order of their names.
//!
//! This runs once for every audited change, so it writes straight into the bytes; a property test
//! holds it to what [`to_canonical`](crate::canonical::to_canonical) gives for the same value.

use std::{collections::BTreeMap, io::Write as _};

use serde_json::{Map, Value};

use super::{Entry, EntryActor, EntryError, EntryTarget, Imported, MAX_BYTES, Ruled, must, time};
use crate::canonical::{write_string, write_value};

/// Room for most entries without growing.
const TYPICAL_BYTES: usize = 1024;

pub(super) fn write(entry: &Entry) -> Result<Vec<u8>, EntryError> {
    Ruled {
        sequence: entry.sequence,
        changes: entry.changes.iter().map(String::as_str),
        parts: entry.parts.iter().map(|(part, one)| (&**part, &**one)),
        subjects: entry.subjects.keys().map(String::as_str),
    }
    .check()?;
    if entry.facts.as_ref().is_some_and(|facts| !facts.is_object()) {
        return Err(EntryError::wrong("facts", must::OBJECT));
    }
    let mut object = Object {
        out: Vec::with_capacity(TYPICAL_BYTES),
    };
    object.open();
    object.string("action", &entry.action);
    object.actor(&entry.actor);
    object.time("at", entry.at, "at")?;
    object.changes(&entry.changes);
    object.optional("code", entry.code.as_ref());
    object.facts(entry.facts.as_ref())?;
    object.string("id", &entry.id);
    object.imported(entry.imported.as_ref())?;
    object.optional("organization", entry.organization.as_ref());
    object.string("outcome", entry.outcome.as_str());
    object.key("parts");
    object.by_part(&entry.parts);
    object.related(&entry.related);
    object.string("request", &entry.request);
    object.integer("sequence", entry.sequence);
    if !entry.subjects.is_empty() {
        object.key("subjects");
        object.by_part(&entry.subjects);
    }
    object.key("target");
    object.target(&entry.target);
    object.integer("v", 1);
    object.optional("workspace", entry.workspace.as_ref());
    object.close();
    match object.out.len() {
        ..=MAX_BYTES => Ok(object.out),
        bytes => Err(EntryError::TooLarge { bytes }),
    }
}

/// The bytes so far, ending inside the innermost object that is open.
struct Object {
    out: Vec<u8>,
}

impl Object {
    fn open(&mut self) {
        self.out.push(b'{');
    }

    fn close(&mut self) {
        self.out.push(b'}');
    }

    /// A comma, except right after the opening bracket of an object or array.
    fn separate(&mut self) {
        if !matches!(self.out.last(), Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    fn key(&mut self, key: &str) {
        self.separate();
        write_string(&mut self.out, key);
        self.out.push(b':');
    }

    fn string(&mut self, key: &str, value: &str) {
        self.key(key);
        write_string(&mut self.out, value);
    }

    fn optional(&mut self, key: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.string(key, value);
        }
    }

    fn integer(&mut self, key: &str, value: u64) {
        self.key(key);
        write!(self.out, "{value}").expect("memory takes every write");
    }

    /// `member` is the key with those of the objects around it, for the error.
    fn time(&mut self, key: &str, at: i64, member: &str) -> Result<(), EntryError> {
        self.key(key);
        self.out.push(b'"');
        time::write_time(&mut self.out, at).ok_or_else(|| EntryError::wrong(member, must::TIME))?;
        self.out.push(b'"');
        Ok(())
    }

    fn actor(&mut self, actor: &EntryActor) {
        self.key("actor");
        self.open();
        self.optional("id", actor.id.as_ref());
        self.optional("onBehalfOf", actor.on_behalf_of.as_ref());
        self.optional("session", actor.session.as_ref());
        self.optional("token", actor.token.as_ref());
        self.string("type", &actor.r#type);
        self.close();
    }

    fn target(&mut self, target: &EntryTarget) {
        self.open();
        self.optional("id", target.id.as_ref());
        self.string("type", &target.r#type);
        self.close();
    }

    fn related(&mut self, related: &[EntryTarget]) {
        if related.is_empty() {
            return;
        }
        self.key("related");
        self.out.push(b'[');
        for target in related {
            self.separate();
            self.target(target);
        }
        self.out.push(b']');
    }

    fn changes(&mut self, changes: &[String]) {
        if changes.is_empty() {
            return;
        }
        self.key("changes");
        self.out.push(b'[');
        for commitment in changes {
            self.separate();
            write_string(&mut self.out, commitment);
        }
        self.out.push(b']');
    }

    fn imported(&mut self, imported: Option<&Imported>) -> Result<(), EntryError> {
        let Some(imported) = imported else {
            return Ok(());
        };
        self.key("imported");
        self.open();
        self.time("at", imported.at, "imported.at")?;
        self.string("id", &imported.id);
        self.close();
        Ok(())
    }

    fn facts(&mut self, facts: Option<&Value>) -> Result<(), EntryError> {
        let Some(facts) = facts else { return Ok(()) };
        if facts.as_object().is_some_and(Map::is_empty) {
            return Ok(());
        }
        self.key("facts");
        // Inside one object, the entry itself.
        Ok(write_value(&mut self.out, facts, 1)?)
    }

    /// Names of parts are ASCII, so the map's order is that of UTF-16 too.
    fn by_part(&mut self, members: &BTreeMap<String, String>) {
        self.open();
        for (part, value) in members {
            self.string(part, value);
        }
        self.close();
    }
}
