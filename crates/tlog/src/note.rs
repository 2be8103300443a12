//! Keys that sign a log, as others write them down: C2SP `signed-note`.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// The signature type of Ed25519 (C2SP `signed-note`, "Signature types").
const ED25519: [u8; 1] = [0x01];

/// The name of a key that signs notes; for the key of a log, the log's origin.
///
/// Not empty, and free of Unicode spaces, `+` and ASCII control characters, so that it can stand in a
/// verifier key, in a signature line and in a checkpoint's first line (C2SP `signed-note`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// Why a text cannot be the name of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyNameError {
    /// There is nothing in it.
    #[error("a key's name must not be empty")]
    Empty,
    /// It has a character that would end the name early where it is written down.
    #[error("a key's name must not contain {0:?}; leave out spaces, `+` and control characters")]
    Character(char),
}

impl KeyName {
    /// Reads a name; [`KeyNameError`] says why it cannot be one.
    pub fn parse(name: &str) -> Result<Self, KeyNameError> {
        if name.is_empty() {
            return Err(KeyNameError::Empty);
        }
        let refused = |c: &char| c.is_whitespace() || c.is_ascii_control() || *c == '+';
        match name.chars().find(refused) {
            Some(character) => Err(KeyNameError::Character(character)),
            None => Ok(Self(name.to_owned())),
        }
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The verifier key of an Ed25519 key: `<name>+<key id>+<base64(0x01 || public key)>`, the key id in
/// eight lower-case hexadecimal digits (C2SP `signed-note`, "Verifier keys").
///
/// `public_key` is the 32 bytes of RFC 8032, section 5.1.5. Whether they are a point of the curve is
/// not looked at.
pub fn verifier_key(name: &KeyName, public_key: &[u8; 32]) -> String {
    let id = key_id(name, public_key);
    let key = STANDARD.encode([ED25519.as_slice(), public_key].concat());
    format!("{name}+{id:08x}+{key}")
}

/// The first four bytes of SHA-256(name || 0x0A || 0x01 || public key), big-endian
/// (C2SP `signed-note`, "Signatures").
fn key_id(name: &KeyName, public_key: &[u8; 32]) -> u32 {
    let mut sha = Sha256::new();
    sha.update(name.as_str());
    sha.update(b"\n");
    sha.update(ED25519);
    sha.update(public_key);
    let [a, b, c, d, ..]: [u8; 32] = sha.finalize().into();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of the example in C2SP `signed-note`.
    const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn the_standards_example_is_written_as_it_stands() {
        let [name, _, key] = EXAMPLE
            .splitn(3, '+')
            .collect::<Vec<_>>()
            .try_into()
            .expect("three fields");
        let key: [u8; 33] = STANDARD
            .decode(key)
            .expect("base64")
            .try_into()
            .expect("33 bytes");
        let (kind, public_key) = key.split_first_chunk::<1>().expect("33 bytes");
        assert_eq!(*kind, ED25519);
        let public_key = public_key.try_into().expect("32 bytes");
        assert_eq!(
            verifier_key(&KeyName::parse(name).expect("a name"), public_key),
            EXAMPLE
        );
    }

    #[test]
    fn a_key_id_with_leading_zeros_keeps_eight_digits() {
        let short = (0..=u8::MAX)
            .flat_map(|a| (0..=u8::MAX).map(move |b| [a, b]))
            .map(|[a, b]| {
                let mut key = [0; 32];
                key[..2].copy_from_slice(&[a, b]);
                verifier_key(&KeyName::parse("log").expect("a name"), &key)
            })
            .find(|vkey| vkey.starts_with("log+00"))
            .expect("one in 256 keys has such an id");
        assert_eq!(short.split('+').nth(1).map(str::len), Some(8));
    }

    #[test]
    fn a_name_that_would_break_a_line_is_refused() {
        assert_eq!(KeyName::parse(""), Err(KeyNameError::Empty));
        for character in [
            ' ', '\n', '\t', '\u{a0}', '\u{2003}', '\u{3000}', '+', '\0', '\u{7f}',
        ] {
            let name = format!("example.com{character}foo");
            assert_eq!(
                KeyName::parse(&name),
                Err(KeyNameError::Character(character))
            );
        }
        for name in ["example.com/foo", "Zürich/0ujtsYcgvSTl8PAuAdqWYSMnLOv", "—"] {
            assert_eq!(KeyName::parse(name).expect("a name").as_str(), name);
        }
    }
}
