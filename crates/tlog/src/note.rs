//! Signed notes and the keys that sign them: C2SP `signed-note`.
//!
//! Ed25519 as RFC 8032 has it, verified strictly: no signature of another form is taken, and no key
//! under which more than one text could be signed at once.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::cosignature;

/// The longest note that is read, in bytes. A checkpoint has a few hundred.
pub const LONGEST: usize = 1 << 20;

/// The most signatures that a note may carry; the standard wants at least 16.
pub const MOST_SIGNATURES: usize = 100;

/// The name of a key that signs notes; for the key of a log, the log's origin.
///
/// Not empty, and free of Unicode spaces, `+` and ASCII control characters, so that it can stand in a
/// verifier key, in a signature line and in a checkpoint's first line (`signed-note`, "Format").
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
        let refused = |c: &char| c.is_whitespace() || *c < ' ' || *c == '+';
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

/// What a key signs: the signature types that are read here (`signed-note`, "Signature types").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// 0x01: the text of the note.
    Note,
    /// 0x04: the text of a checkpoint and a time, by a witness (C2SP `tlog-cosignature`).
    Cosignature,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A public key with the name it signs under: what a verifier has to know beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    kind: KeyKind,
    id: u32,
    key: VerifyingKey,
}

/// Why a text is not a verifier key that can be used here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierKeyError {
    /// It is not `<name>+<key id>+<base64>`.
    #[error("a verifier key is written `<name>+<key id>+<base64 of the key>`")]
    Form,
    /// Its name cannot be one.
    #[error(transparent)]
    Name(#[from] KeyNameError),
    /// It is of a signature type that is not read here.
    #[error("keys of signature type {0:#04x} are not known here, only Ed25519 (0x01, 0x04)")]
    Kind(u8),
    /// The key is not a point of the curve, or one of its few weak ones.
    #[error("this is not a usable Ed25519 public key")]
    Key,
    /// The key id is not that of the name and the key: one of the three was changed.
    #[error("the key id does not belong to this name and key; it would be {0:08x}")]
    Id(u32),
}

impl VerifierKey {
    /// A key from its parts; `public_key` is the 32 bytes of RFC 8032, section 5.1.5.
    ///
    /// Fails with [`VerifierKeyError::Key`] unless they are a point of the curve of full order.
    pub fn new(
        name: KeyName,
        kind: KeyKind,
        public_key: &[u8; 32],
    ) -> Result<Self, VerifierKeyError> {
        let key = VerifyingKey::from_bytes(public_key)
            .ok()
            .filter(|key| !key.is_weak());
        let key = key.ok_or(VerifierKeyError::Key)?;
        let id = key_id(&name, kind, public_key);
        Ok(Self {
            name,
            kind,
            id,
            key,
        })
    }

    /// Reads a verifier key (`signed-note`, "Verifier keys"): `<name>+<key id>+<base64(type || key)>`.
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let mut fields = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (fields.next(), fields.next(), fields.next())
        else {
            return Err(VerifierKeyError::Form);
        };
        let name = KeyName::parse(name)?;
        let id = key_id_from_hex(id).ok_or(VerifierKeyError::Form)?;
        let key = STANDARD.decode(key).map_err(|_| VerifierKeyError::Form)?;
        let (kind, key) = key.split_first().ok_or(VerifierKeyError::Form)?;
        let kind = match kind {
            0x01 => KeyKind::Note,
            0x04 => KeyKind::Cosignature,
            other => return Err(VerifierKeyError::Kind(*other)),
        };
        let key = <&[u8; 32]>::try_from(key).map_err(|_| VerifierKeyError::Form)?;
        let read = Self::new(name, kind, key)?;
        if read.id == id {
            Ok(read)
        } else {
            Err(VerifierKeyError::Id(read.id))
        }
    }

    /// The name that it signs under.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// What it signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the public key.
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Verifies `signature`, without the key id, over the note's text, and gives the time that it
    /// was made, in seconds since 1970, where the signature says so.
    fn verify(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, NoteError> {
        let bad = || NoteError::Signature(self.name.to_string());
        let (time, message, signature) = match self.kind {
            KeyKind::Note => (None, text.to_owned(), signature),
            KeyKind::Cosignature => {
                let (time, signature) = cosignature::split(signature).ok_or_else(bad)?;
                (Some(time), cosignature::message(time, text), signature)
            }
        };
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| bad())?;
        let verified = self.key.verify_strict(message.as_bytes(), &signature);
        verified.map_err(|_| bad())?;
        Ok(time)
    }
}

/// The verifier key as it is written down, the key id in eight lower-case hexadecimal digits.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[self.kind.byte()], self.public_key().as_slice()].concat());
        write!(f, "{}+{:08x}+{key}", self.name, self.id)
    }
}

/// The first four bytes of SHA-256(name || 0x0A || type || public key), big-endian
/// (`signed-note`, "Signatures").
fn key_id(name: &KeyName, kind: KeyKind, public_key: &[u8; 32]) -> u32 {
    let mut sha = Sha256::new();
    sha.update(name.as_str());
    sha.update([b'\n', kind.byte()]);
    sha.update(public_key);
    let [a, b, c, d, ..]: [u8; 32] = sha.finalize().into();
    u32::from_be_bytes([a, b, c, d])
}

fn key_id_from_hex(text: &str) -> Option<u32> {
    let digits = text.len() == 8 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    digits.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

/// A private key with the name it signs under. It is wiped from memory when it is dropped.
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    verifier: VerifierKey,
}

impl SigningKey {
    /// The key of these 32 secret bytes (RFC 8032, section 5.1.5).
    pub fn from_seed(
        name: KeyName,
        kind: KeyKind,
        seed: &[u8; 32],
    ) -> Result<Self, VerifierKeyError> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, kind, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// The key that verifies what this one signs.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature line over a note's text, with its newline. `time`, in seconds since 1970 and
    /// below 2^63, stands in a cosignature only.
    pub fn sign(&self, text: &str, time: u64) -> String {
        let mut bytes = self.verifier.id.to_be_bytes().to_vec();
        let message = match self.verifier.kind {
            KeyKind::Note => text.to_owned(),
            KeyKind::Cosignature => {
                bytes.extend_from_slice(&time.to_be_bytes());
                cosignature::message(time, text)
            }
        };
        bytes.extend_from_slice(&self.key.sign(message.as_bytes()).to_bytes());
        format!("— {} {}\n", self.verifier.name, STANDARD.encode(bytes))
    }
}

/// Only the public half: a private key is never printed.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey")
            .field(&self.verifier.to_string())
            .finish()
    }
}

/// A note that has been read, and not yet verified: nothing in it can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<Signature<'a>>,
}

/// One line under a note.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature<'a> {
    name: &'a str,
    id: u32,
    bytes: Vec<u8>,
}

/// A signature that was found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Which of the keys that were given has signed.
    pub key: usize,
    /// When, in seconds since 1970; a cosignature says it, by the witness's clock.
    pub time: Option<u64>,
}

/// Why a note is not one, or is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// It is not a text, an empty line and signatures.
    #[error("this is not a signed note: {0}")]
    Form(&'static str),
    /// A known key's signature is not good.
    #[error("the signature by {0} is not good: the text or the signature was changed")]
    Signature(String),
    /// None of the known keys has signed.
    #[error("no known key has signed this")]
    Unsigned,
}

impl<'a> Note<'a> {
    /// Takes a note apart (`signed-note`, "Format").
    pub fn parse(note: &'a [u8]) -> Result<Self, NoteError> {
        let form = NoteError::Form;
        if note.len() > LONGEST {
            return Err(form("it is too long"));
        }
        let note = str::from_utf8(note).map_err(|_| form("it is not UTF-8"))?;
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(form("it has a control character"));
        }
        // The last empty line parts the text, which keeps its newline, from the signatures.
        let at = note
            .rfind("\n\n")
            .ok_or(form("it has no empty line before signatures"))?;
        let (text, lines) = (&note[..=at], &note[at + 2..]);
        let lines = lines
            .strip_suffix('\n')
            .ok_or(form("its last line does not end"))?;
        let signatures: Option<Vec<_>> = lines.split('\n').map(Signature::parse).collect();
        let signatures = signatures.ok_or(form("a line after the text is not a signature"))?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(form("it has too many signatures"));
        }
        Ok(Self { text, signatures })
    }

    /// The text, with its last newline.
    ///
    /// To be trusted only after [`Note::verify`].
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Verifies the signatures of all keys that are known.
    ///
    /// Unknown keys are passed over; one bad signature of a known key spoils the note, and so does
    /// not having any good one (`signed-note`, "Signatures").
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Vec<Verified>, NoteError> {
        let mut verified = Vec::new();
        for signature in &self.signatures {
            let known =
                |key: &VerifierKey| key.id == signature.id && key.name.as_str() == signature.name;
            for (at, key) in keys.iter().enumerate().filter(|(_, key)| known(key)) {
                let time = key.verify(self.text, &signature.bytes)?;
                verified.push(Verified { key: at, time });
            }
        }
        if verified.is_empty() {
            Err(NoteError::Unsigned)
        } else {
            Ok(verified)
        }
    }
}

impl<'a> Signature<'a> {
    /// `— <key name> <base64(key id || signature)>`.
    fn parse(line: &'a str) -> Option<Self> {
        let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
        KeyName::parse(name).ok()?;
        let bytes = STANDARD.decode(signature).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        Some(Self {
            name,
            id: u32::from_be_bytes(*id),
            bytes: (!signature.is_empty()).then(|| signature.to_vec())?,
        })
    }
}
