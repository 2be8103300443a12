//! The sealed parts as an owner of the key file can open them, written from the log's format and with nothing of the store.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde_json::Value;

use super::{Cell, Log, Place};

/// A part of an event: whose key sealed it, and its disclosure.
pub struct Unsealed {
    pub subject: String,
    pub disclosure: String,
}

fn decrypt(key: &[u8], aad: &str, sealed: &[u8]) -> Vec<u8> {
    let (nonce, text) = sealed.split_first_chunk::<24>().expect("a nonce");
    let payload = Payload {
        msg: text,
        aad: aad.as_bytes(),
    };
    XChaCha20Poly1305::new_from_slice(key)
        .expect("a key of 32 bytes")
        .decrypt(&XNonce::from(*nonce), payload)
        .expect("it opens with its key, in its place")
}

/// The data keys of a database, by organization and subject, unwrapped with the master key of the place's key file.
pub fn data_keys(place: &Place) -> BTreeMap<(String, String), Vec<u8>> {
    let file =
        std::fs::read_to_string(place.folder.path().join("annals.keys")).expect("a key file");
    let file: Value = serde_json::from_str(&file).expect("JSON");
    let master = BASE64
        .decode(file["master"]["key"].as_str().expect("a key"))
        .expect("base64url");
    place
        .raw()
        .rows("SELECT organization, subject, generation, wrapped FROM data_keys")
        .into_iter()
        .filter(|row| row[3] != Cell::Null)
        .map(|row| {
            let (organization, subject) = (row[0].text(), row[1].text());
            let aad = format!("annals.key.v1\n{organization}{subject}{}", row[2].int());
            let key = decrypt(&master, &aad, row[3].blob());
            ((organization.to_owned(), subject.to_owned()), key)
        })
        .collect()
}

/// The parts of one event of a log, by name.
pub fn unseal(
    keys: &BTreeMap<(String, String), Vec<u8>>,
    log: &Log,
    sequence: usize,
) -> BTreeMap<String, Unsealed> {
    let event = &log.parsed()[sequence].id;
    let organization = log.organization.clone().unwrap_or("instance".to_owned());
    let mut rest = &log.parts[sequence][..];
    let mut next = || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (bytes, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        rest = after;
        Some(bytes)
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let mut parts = BTreeMap::new();
    while let Some(name) = next() {
        let name = text(name);
        let subject = text(next().expect("a subject"));
        let sealed = next().expect("a sealed part");
        let key = &keys[&(organization.clone(), subject.clone())];
        let aad = format!("annals.part.v1\n{}{event}{name}", log.id);
        let disclosure = text(&decrypt(key, &aad, &sealed[4..])); // after the key's generation
        parts.insert(
            name,
            Unsealed {
                subject,
                disclosure,
            },
        );
    }
    parts
}
