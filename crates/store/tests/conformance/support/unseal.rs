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

/// Seven bits of each byte, the least first, as long as the eighth is set.
fn number<'b>(bytes: &mut impl Iterator<Item = &'b u8>) -> usize {
    let mut number = 0;
    for shift in 0.. {
        let byte = usize::from(*bytes.next().expect("a number goes on"));
        number += (byte % 128) << (7 * shift);
        if byte < 128 {
            break;
        }
    }
    number
}

/// The parts of one event of a log, by name.
pub fn unseal(
    keys: &BTreeMap<(String, String), Vec<u8>>,
    log: &Log,
    sequence: usize,
) -> BTreeMap<String, Unsealed> {
    let entry = &log.parsed()[sequence];
    let event = &entry.id;
    let organization = log.organization.clone().unwrap_or("instance".to_owned());
    let mut rest = log.parts[sequence].iter();
    let mut parts = BTreeMap::new();
    while let Some(code) = rest.next() {
        let name = match code {
            0 => "actor".to_owned(),
            1 => "origin".to_owned(),
            2 => "target".to_owned(),
            3 => "detail".to_owned(),
            change => format!("changes/{}", change - 4),
        };
        assert_eq!(number(&mut rest), 1, "the generation of the key");
        let length = number(&mut rest);
        let sealed: Vec<u8> = rest.by_ref().take(length).copied().collect();
        let own = match code {
            0 | 1 => &entry.actor.id,
            _ => &entry.target.id,
        };
        let subject = entry.subjects.get(&name).or(own.as_ref());
        let subject = subject.expect("the entry says whose key it is").clone();
        let key = &keys[&(organization.clone(), subject.clone())];
        let aad = format!("annals.part.v1\n{}{event}{name}", log.id);
        let opened = decrypt(key, &aad, &sealed);
        let (salt, value) = opened.split_at(32);
        let disclosure = format!(
            r#"["{}","{event}","{name}",{}]"#,
            BASE64.encode(salt),
            std::str::from_utf8(value).expect("text")
        );
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
