//! Sealed parts: the disclosures of an event, each encrypted with its subject's key, in one blob beside the entry.
//!
//! The blob holds what the entry does not say. For each part: its code, the generation of its key, a length, and the
//! encrypted salt and value. Whose key it is, is in the entry; the rest of the disclosure is the event's id and the part's
//! name. So two to three events fit into a page of `SQLite`, and a disclosure is put together again byte for byte.

use std::collections::HashSet;
use std::sync::Arc;

use model::entry::View;
use model::id::{EventId, LogId};
use model::part::{self, Disclosure, PartKey, PartName};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cipher::MORE;
use crate::error::{Error, Result};
use crate::keyring::{DataKey, INSTANCE, KeyState, Seen};
use crate::spread::spread;
use crate::tx::Rx;

/// The parts that have a name of their own, by their code in the blob. `changes/<n>` has the code 4 + n.
const NAMED: [PartName; 4] = [
    PartName::ACTOR,
    PartName::ORIGIN,
    PartName::TARGET,
    PartName::DETAIL,
];
const SALT: usize = 32;

/// A part before it is sealed.
pub(crate) struct Open<'a> {
    pub(crate) name: PartName,
    pub(crate) subject: &'a str,
    /// Its value, as JSON.
    pub(crate) text: Zeroizing<String>,
}

/// A part as far as it can be read.
pub(crate) enum Read {
    Whole(Opened),
    /// Its key is there no more. Whether it was erased, the log says.
    Gone,
    /// It could be read, but not by the one who asks.
    Withheld,
}

/// What a part's disclosure is made of.
pub(crate) struct Opened {
    /// The salt, and behind it the text of the value.
    bytes: Zeroizing<Vec<u8>>,
}

impl Opened {
    /// The value, as JSON.
    pub(crate) fn value_text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(SALT..)?).ok()
    }

    /// The disclosure, byte for byte as it was when the part was sealed.
    pub(crate) fn disclosure(&self, event: &str, part: PartName) -> Option<Disclosure> {
        let salt = self.bytes.first_chunk::<SALT>()?;
        Some(Disclosure::of(salt, event, part, self.value_text()?))
    }

    /// The value.
    pub(crate) fn value(&self) -> Option<Value> {
        serde_json::from_str(self.value_text()?).ok()
    }
}

fn code_of(part: PartName) -> Option<u8> {
    let named = NAMED.iter().position(|one| *one == part);
    let code = named.or_else(|| Some(NAMED.len() + part.change_index()?));
    u8::try_from(code?).ok()
}

fn part_of(code: u8) -> Option<PartName> {
    let code = usize::from(code);
    let change = || PartName::change(code - NAMED.len());
    NAMED.get(code).copied().or_else(change)
}

/// Seven bits in each byte, the least first; the eighth says that more follow (LEB128).
fn put_number(blob: &mut Vec<u8>, mut number: u32) {
    loop {
        let low = number.to_le_bytes()[0] & 0x7f;
        number >>= 7;
        if number == 0 {
            return blob.push(low);
        }
        blob.push(low | 0x80);
    }
}

fn take_number(blob: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..u32::BITS).step_by(7) {
        let (byte, rest) = blob.split_first()?;
        *blob = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn aad(log: LogId, event: &str, part: PartName) -> Vec<u8> {
    ["annals.part.v1\n", log.as_str(), event, part.as_str()]
        .concat()
        .into_bytes()
}

/// Seals the parts of an event and gives their commitments, in order, and the blob. Each subject has a `k` of its own,
/// which is gone when this returns.
pub(crate) fn seal(
    rx: &mut Rx<'_>,
    log: LogId,
    organization: &str,
    event: EventId,
    parts: &[Open<'_>],
) -> Result<(Vec<String>, Vec<u8>)> {
    let mut keys: Vec<(&str, PartKey, Arc<DataKey>)> = Vec::new();
    let mut commitments = Vec::with_capacity(parts.len());
    let mut blob = Vec::with_capacity(parts.len() * 160);
    for part in parts {
        let known = keys.iter().position(|(one, ..)| *one == part.subject);
        let at = if let Some(at) = known {
            at
        } else {
            let made = rx
                .keys
                .get_or_make(rx.conn, rx.env, organization, part.subject)?;
            keys.push((part.subject, PartKey::new(rx.env.random()), made));
            keys.len() - 1
        };
        let (_, k, key) = &keys[at];
        let salt = part::salt(k, part.name);
        let disclosure = Disclosure::of(&salt, event.as_str(), part.name, &part.text);
        commitments.push(disclosure.commitment());
        let code = code_of(part.name)
            .ok_or_else(|| Error::Internal(format!("part {} has no code", part.name)))?;
        let text = [&salt, part.text.as_bytes()];
        let length = u32::try_from(MORE + SALT + part.text.len())
            .map_err(|_| Error::Internal("a part of 4 GiB".to_owned()))?;
        blob.push(code);
        put_number(&mut blob, key.generation);
        put_number(&mut blob, length);
        let aad = aad(log, event.as_str(), part.name);
        key.encrypt_onto(&mut blob, rx.env, &aad, &text);
    }
    Ok((commitments, blob))
}

/// A part in the blob: its name, the generation of its key, and what is encrypted.
fn next<'b>(blob: &mut &'b [u8]) -> Option<(PartName, u32, &'b [u8])> {
    let (code, rest) = blob.split_first()?;
    *blob = rest;
    let generation = take_number(blob)?;
    let length = take_number(blob)? as usize;
    let (sealed, rest) = blob.split_at_checked(length)?;
    *blob = rest;
    Some((part_of(*code)?, generation, sealed))
}

/// The blob without the parts that go. Nothing if it cannot be read.
pub(crate) fn without(blob: &[u8], goes: impl Fn(PartName) -> bool) -> Option<Vec<u8>> {
    let (mut rest, mut left) = (blob, Vec::with_capacity(blob.len()));
    while !rest.is_empty() {
        let before = rest;
        let (part, ..) = next(&mut rest)?;
        if !goes(part) {
            left.extend_from_slice(&before[..before.len() - rest.len()]);
        }
    }
    Some(left)
}

/// A row of the log, as it stands there.
#[derive(Clone, Copy)]
pub(crate) struct Stored<'r> {
    pub(crate) sequence: u64,
    pub(crate) entry: &'r [u8],
    pub(crate) parts: &'r [u8],
}

/// A row of the log whose entry was read.
pub(crate) struct Sealed<'r> {
    pub(crate) row: Stored<'r>,
    pub(crate) entry: View<'r>,
}

/// Reads rows of a log, and opens their parts with keys whose rows this transaction has seen. What is made of each is in
/// their order.
pub(crate) fn open_all<T: Send>(
    rx: &mut Rx<'_>,
    log: LogId,
    organization: Option<&str>,
    rows: &[Stored<'_>],
    make: impl Fn(&Sealed<'_>, Vec<(PartName, Read)>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let organization = organization.unwrap_or(INSTANCE);
    let sealed = spread(rows, |row| -> Result<_> {
        let entry = View::parse(row.entry).map_err(|error| {
            let sequence = row.sequence;
            Error::Internal(format!("entry {sequence} cannot be read: {error}"))
        })?;
        Ok(Sealed { row: *row, entry })
    })?;
    let mut subjects: HashSet<&str> = HashSet::new();
    for one in &sealed {
        let mut rest = one.row.parts;
        while !rest.is_empty() {
            let (part, ..) = next(&mut rest).ok_or_else(|| broken(one))?;
            subjects.insert(one.entry.subject_of(part).ok_or_else(|| broken(one))?);
        }
    }
    let wanted: Vec<_> = subjects
        .into_iter()
        .map(|one| (organization, one))
        .collect();
    rx.keys.fetch(rx.conn, rx.env, &wanted)?;
    let none = Seen::new();
    let keys = rx.keys.of(organization).unwrap_or(&none);
    spread(&sealed, |one| make(one, open(log, one, keys)?))
}

fn broken(sealed: &Sealed<'_>) -> Error {
    let id = sealed.entry.id();
    Error::Internal(format!("the sealed parts of event {id} cannot be read"))
}

/// Opens the parts of an event, in the order in which they were sealed.
fn open(log: LogId, sealed: &Sealed<'_>, keys: &Seen) -> Result<Vec<(PartName, Read)>> {
    let mut parts = Vec::new();
    let mut rest = sealed.row.parts;
    while !rest.is_empty() {
        let (name, generation, bytes) = next(&mut rest).ok_or_else(|| broken(sealed))?;
        let key = sealed.entry.subject_of(name).and_then(|one| keys.get(one));
        let read = match key {
            None | Some(KeyState::Erased) => Read::Gone,
            Some(KeyState::Whole(key)) => key
                .decrypt(generation, &aad(log, sealed.entry.id(), name), bytes)
                .map(|bytes| Read::Whole(Opened { bytes }))
                .ok_or_else(|| broken(sealed))?,
        };
        parts.push((name, read));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_a_code_of_its_own() {
        let changes = (0..part::MAX_CHANGES).filter_map(PartName::change);
        for (number, part) in NAMED.into_iter().chain(changes).enumerate() {
            let code = code_of(part).expect("a code");
            assert_eq!(usize::from(code), number);
            assert_eq!(part_of(code), Some(part));
        }
        assert_eq!(part_of(68), None);
        assert_eq!(part_of(255), None);
    }

    #[test]
    fn a_number_comes_back_from_its_bytes() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u32::MAX] {
            let mut blob = Vec::new();
            put_number(&mut blob, number);
            blob.push(7);
            let mut rest = &blob[..];
            assert_eq!(take_number(&mut rest), Some(number));
            assert_eq!(rest, [7]);
            let mut cut = &blob[..blob.len() - 2];
            assert_eq!(take_number(&mut cut), None, "{number}, cut short");
        }
    }
}
