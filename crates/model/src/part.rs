//! Sealed parts: what an event says about a person, or what a person typed, kept outside the entry.
//!
//! The entry holds only the commitment of each part. A [`Disclosure`] opens one: it is a string that
//! is kept and handed on as it was made, since the commitment is over its bytes and not its meaning.
//! Erasing the disclosure leaves the commitment, from which nothing can be guessed: each holds a salt
//! of 256 bits that stood nowhere else.

use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// What is hashed before a disclosure, so that its commitment stands for nothing else.
const DOMAIN: &[u8] = b"annals.part.v1\n";

/// The most parts of the kind `changes/<n>` that one event has.
pub const MAX_CHANGES: usize = 64;

/// The name of a sealed part: `actor`, `origin`, `target`, `detail`, or `changes/0` to `changes/63`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartName(Name);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    Actor,
    Origin,
    Target,
    Detail,
    Change(u8),
}

impl PartName {
    /// Who acted.
    pub const ACTOR: Self = Self(Name::Actor);
    /// Where the actor acted from.
    pub const ORIGIN: Self = Self(Name::Origin);
    /// What was acted upon.
    pub const TARGET: Self = Self(Name::Target);
    /// Whatever else belongs to the event.
    pub const DETAIL: Self = Self(Name::Detail);

    /// The name of the change with this index, 0 to 63; none beyond.
    pub fn change(index: usize) -> Option<Self> {
        let index = u8::try_from(index)
            .ok()
            .filter(|index| usize::from(*index) < MAX_CHANGES)?;
        Some(Self(Name::Change(index)))
    }

    /// The index of the change, 0 to 63, if this is the name of one.
    pub fn change_index(self) -> Option<usize> {
        match self.0 {
            Name::Change(index) => Some(usize::from(index)),
            Name::Actor | Name::Origin | Name::Target | Name::Detail => None,
        }
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        /// The names of changes. Four names or more are written for each event.
        static CHANGES: LazyLock<Vec<String>> = LazyLock::new(|| {
            (0..MAX_CHANGES)
                .map(|index| format!("changes/{index}"))
                .collect()
        });
        match self.0 {
            Name::Actor => "actor",
            Name::Origin => "origin",
            Name::Target => "target",
            Name::Detail => "detail",
            Name::Change(index) => &CHANGES[usize::from(index)],
        }
    }

    /// Reads a name in exactly the form in which it is displayed; [`PartError::Name`] otherwise.
    pub fn parse(text: &str) -> Result<Self, PartError> {
        let name = match text {
            "actor" => Some(Self::ACTOR),
            "origin" => Some(Self::ORIGIN),
            "target" => Some(Self::TARGET),
            "detail" => Some(Self::DETAIL),
            _ => text
                .strip_prefix("changes/")
                .and_then(|index| index.parse().ok())
                .and_then(Self::change)
                // Nothing but digits without leading zeros comes back as it was.
                .filter(|name| name.as_str() == text),
        };
        name.ok_or_else(|| PartError::Name(text.to_owned()))
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The random 256-bit key from which the salts of one event's parts of one subject are made.
///
/// It exists only while the event is made and is **never stored**: with it, an address or a phone
/// number could be guessed against its commitment after an erasure. It is wiped when dropped, and
/// cannot be printed, copied or compared.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PartKey([u8; 32]);

impl PartKey {
    /// Takes 32 random bytes, which must never have served before.
    pub const fn new(random: [u8; 32]) -> Self {
        Self(random)
    }
}

/// The salt of one part: HMAC-SHA256(key, name of the part) (RFC 2104), 32 bytes.
pub fn salt(key: &PartKey, part: PartName) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes a key of any length");
    mac.update(part.as_str().as_bytes());
    mac.finalize().into_bytes().into()
}

/// What opens a sealed part: `["<salt>","<event id>","<part>",<value>]`, as it was made.
///
/// It holds personal data, so that it is not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure(String);

/// Why a part is not what it is said to be. The texts never hold anything of its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// No part has this name.
    #[error("no part is named {0:?}; see the names of parts in the log's format")]
    Name(String),
    /// It is not a JSON array of a salt, an event id, a part's name and a value.
    #[error(
        "a disclosure must be a JSON array of a salt, an event's id, a part's name and a value"
    )]
    Form,
    /// Its salt is not 256 bits in base64url without padding.
    #[error("a disclosure's salt must be 256 bits in base64url, which are 43 characters")]
    Salt,
    /// It was made for another event.
    #[error("the disclosure belongs to another event, {found:?}")]
    OtherEvent {
        /// The id of the event that it names.
        found: String,
    },
    /// It was made for another part.
    #[error("the disclosure belongs to another part, {found:?}")]
    OtherPart {
        /// The part that it names.
        found: String,
    },
}

impl Disclosure {
    /// Makes the disclosure of one part of one event, with the salt that `key` gives for this part.
    pub fn make(key: &PartKey, event_id: &str, part: PartName, value: &Value) -> Self {
        Self::of(&salt(key, part), event_id, part, &value.to_string())
    }

    /// Puts a disclosure together from its four members; the value is given as its text, which is taken as it is.
    pub fn of(salt: &[u8; 32], event_id: &str, part: PartName, value: &str) -> Self {
        let mut text = String::with_capacity(80 + event_id.len() + value.len());
        text.push_str("[\"");
        URL_SAFE_NO_PAD.encode_string(salt, &mut text);
        // An id that needs no escape, as ours do, is written as it is.
        if event_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            text.push_str("\",\"");
            text.push_str(event_id);
            text.push_str("\",\"");
        } else {
            write!(text, "\",{},\"", Value::from(event_id)).expect("a text takes every write");
        }
        text.push_str(part.as_str());
        text.push_str("\",");
        text.push_str(value);
        text.push(']');
        Self(text)
    }

    /// Takes a disclosure that was made before. Nothing is looked at: whether it is one shows when its
    /// commitment is compared and it is opened.
    pub const fn from_string(text: String) -> Self {
        Self(text)
    }

    /// The disclosure as it was made.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its commitment: base64url(SHA-256("annals.part.v1\n" || disclosure)) without padding (RFC 4648,
    /// section 5), 43 characters.
    pub fn commitment(&self) -> String {
        String::from_utf8(self.commitment_bytes().to_vec()).expect("base64 is ASCII")
    }

    /// The bytes of [`Disclosure::commitment`].
    pub fn commitment_bytes(&self) -> [u8; 43] {
        let mut sha = Sha256::new();
        sha.update(DOMAIN);
        sha.update(self.as_str());
        let mut bytes = [0; 43];
        let written = URL_SAFE_NO_PAD.encode_slice(sha.finalize(), &mut bytes);
        debug_assert_eq!(written, Ok(bytes.len()), "256 bits are 43 characters");
        bytes
    }

    /// Whether this is a disclosure of this part of this event, as [`Disclosure::open`] says it, without its value.
    pub fn belongs(&self, event_id: &str, part: PartName) -> Result<(), PartError> {
        if self.is_plainly(event_id, part) {
            return Ok(());
        }
        self.open(event_id, part).map(|_| ())
    }

    /// Whether it is written as [`Disclosure::of`] writes it, for this part of this event. What is written otherwise is read the
    /// longer way.
    fn is_plainly(&self, event_id: &str, part: PartName) -> bool {
        let salted = self.0.strip_prefix("[\"");
        let salted = salted.and_then(|rest| rest.split_at_checked(43));
        let rest = salted.and_then(|(salt, rest)| is_256_bits(salt).then_some(rest));
        // Only such an id stands for itself.
        let rest = rest.filter(|_| event_id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let value = rest
            .unwrap_or_default()
            .strip_prefix("\",\"")
            .and_then(|rest| rest.strip_prefix(event_id))
            .and_then(|rest| rest.strip_prefix("\",\""))
            .and_then(|rest| rest.split_once("\","))
            .filter(|(name, _)| PartName::parse(name) == Ok(part))
            .and_then(|(_, rest)| rest.strip_suffix(']'));
        value.is_some_and(|value| serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok())
    }

    /// The value of the part, if this is a disclosure of this part of this event.
    ///
    /// This does not say that the value is authentic: for that, [`Disclosure::commitment`] must be the
    /// one in the entry.
    pub fn open(&self, event_id: &str, part: PartName) -> Result<Value, PartError> {
        let (salt, found_event, found_part, value): (String, String, String, Value) =
            serde_json::from_str(&self.0).map_err(|_| PartError::Form)?;
        if !is_256_bits(&salt) {
            return Err(PartError::Salt);
        }
        if found_event != event_id {
            return Err(PartError::OtherEvent { found: found_event });
        }
        if found_part != part.to_string() {
            return Err(PartError::OtherPart { found: found_part });
        }
        Ok(value)
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Disclosure")
            .field(&self.commitment())
            .finish()
    }
}

/// Which bytes are digits of base64url (RFC 4648, section 5).
const IS_DIGIT: [bool; 256] = {
    let mut all = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        all[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        byte += 1;
    }
    all
};

/// Says whether a text is 256 bits in base64url without padding, in the one form that they have:
/// that of a commitment and of a salt.
pub(crate) fn is_256_bits(text: &str) -> bool {
    // 43 characters are two bits more, which are zero: so the last is a multiple of four.
    text.len() == 43
        && text
            .bytes()
            .fold(true, |all, byte| all & IS_DIGIT[usize::from(byte)])
        && text.ends_with(|last| "AEIMQUYcgkosw048".contains(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_256_bits_is_what_base64_makes_of_32_bytes_and_nothing_else() {
        let decodes = |text: &str| {
            let mut bytes = [0; 32];
            URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) == Ok(32)
        };
        let text = URL_SAFE_NO_PAD.encode([0b1010_0101; 32]);
        for at in 0..43 {
            for other in (0..=0x7f_u8).map(char::from).chain(['é']) {
                let mut one = text.clone();
                one.replace_range(at..=at, &other.to_string());
                assert_eq!(is_256_bits(&one), decodes(&one), "{one:?}");
            }
        }
        for one in ["", &text[1..], &format!("{text}A"), &format!("{text}=")] {
            assert!(!is_256_bits(one), "{one:?}");
        }
    }
}
