//! Sealed parts: the disclosures of an event, each encrypted with its subject's key, in one blob beside the entry.

use model::id::{EventId, LogId};
use model::part::{Disclosure, PartKey, PartName};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::keyring::{INSTANCE, KeyState};
use crate::tx::Rx;

/// A part before it is sealed.
pub(crate) struct Open<'a> {
    pub(crate) name: String,
    pub(crate) subject: &'a str,
    pub(crate) value: Value,
}

/// A part as far as it can be read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Read {
    Value(Value),
    Erased,
}

fn aad(log: LogId, event: EventId, part: &str) -> Vec<u8> {
    format!("annals.part.v1\n{log}{event}{part}").into_bytes()
}

fn part_name(name: &str) -> Result<PartName> {
    PartName::parse(name).map_err(|error| Error::Internal(format!("part {name}: {error}")))
}

fn put(blob: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    let length =
        u32::try_from(bytes.len()).map_err(|_| Error::Internal("a part of 4 GiB".to_owned()))?;
    blob.extend(length.to_be_bytes());
    blob.extend(bytes);
    Ok(())
}

fn take<'b>(blob: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    let (bytes, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *blob = rest;
    Some(bytes)
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
    let wanted: Vec<(&str, &str)> = parts
        .iter()
        .map(|part| (organization, part.subject))
        .collect();
    rx.keys.fetch(rx.conn, rx.env, &wanted)?;
    let mut keys: Vec<(&str, PartKey)> = Vec::new();
    let mut commitments = Vec::with_capacity(parts.len());
    let mut blob = Vec::new();
    for part in parts {
        if !keys.iter().any(|(subject, _)| *subject == part.subject) {
            keys.push((part.subject, PartKey::new(rx.env.random())));
        }
        let Some((_, k)) = keys.iter().find(|(subject, _)| *subject == part.subject) else {
            continue;
        };
        let disclosure = Disclosure::make(k, event.as_str(), part_name(&part.name)?, &part.value);
        commitments.push(disclosure.commitment());
        let key = rx
            .keys
            .get_or_make(rx.conn, rx.env, organization, part.subject)?;
        put(&mut blob, part.name.as_bytes())?;
        put(&mut blob, part.subject.as_bytes())?;
        put(
            &mut blob,
            &key.seal(
                rx.env,
                &aad(log, event, &part.name),
                disclosure.as_str().as_bytes(),
            ),
        )?;
    }
    Ok((commitments, blob))
}

/// Opens the parts of an event, in the order in which they were sealed.
pub(crate) fn open(
    rx: &mut Rx<'_>,
    log: LogId,
    organization: Option<&str>,
    event: EventId,
    blob: &[u8],
) -> Result<Vec<(String, Read)>> {
    let organization = organization.unwrap_or(INSTANCE);
    let broken = || Error::Internal(format!("the sealed parts of event {event} cannot be read"));
    let text = |bytes: &[u8]| {
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| broken())
    };
    let mut sealed = Vec::new();
    let mut rest = blob;
    while !rest.is_empty() {
        let name = text(take(&mut rest).ok_or_else(broken)?)?;
        let subject = text(take(&mut rest).ok_or_else(broken)?)?;
        sealed.push((name, subject, take(&mut rest).ok_or_else(broken)?));
    }
    let wanted: Vec<(&str, &str)> = sealed
        .iter()
        .map(|(_, subject, _)| (organization, subject.as_str()))
        .collect();
    rx.keys.fetch(rx.conn, rx.env, &wanted)?;
    let mut parts = Vec::with_capacity(sealed.len());
    for (name, subject, bytes) in sealed {
        let read = match rx.keys.get(rx.conn, rx.env, organization, &subject)? {
            None => return Err(broken()),
            Some(KeyState::Erased) => Read::Erased,
            Some(KeyState::Whole(key)) => {
                let disclosure = key
                    .open(&aad(log, event, &name), bytes)
                    .ok_or_else(broken)?;
                let disclosure = Disclosure::from_string(text(&disclosure)?);
                Read::Value(
                    disclosure
                        .open(event.as_str(), part_name(&name)?)
                        .map_err(|_| broken())?,
                )
            }
        };
        parts.push((name, read));
    }
    Ok(parts)
}
