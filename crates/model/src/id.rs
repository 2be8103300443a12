//! Ids: KSUIDs, 27 characters of base62, as the clients expect. Random; nothing is ever ordered by them.

use std::fmt;
use std::str::FromStr;

use arrayvec::ArrayString;

use crate::clock::{Clock, Entropy, Micros};

/// When the seconds of a KSUID begin: 14 May 2014, 16:53:20 UTC, in seconds since the Unix epoch.
const KSUID_EPOCH: i64 = 1_400_000_000;
/// The digits of base62, in the order of their values and of ASCII.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How many digits a division gives.
const AT_ONCE: usize = 5;
/// 62 to that power: the largest that fits into 32 bits.
const DIVISOR: u64 = 62_u64.pow(5);

/// A text that is not a KSUID.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an id: expected 27 letters and digits")]
pub struct NotAnId;

/// The characters of an id.
type Text = ArrayString<27>;

/// A new KSUID: 32 bits of seconds and 128 random bits, one number in base62.
fn make(clock: &dyn Clock, entropy: &dyn Entropy) -> Text {
    let seconds = clock.now().0.div_euclid(Micros::SECOND) - KSUID_EPOCH;
    // They wrap after 136 years.
    let digits = base62(
        low(seconds.cast_unsigned()),
        u128::from_be_bytes(entropy.bytes::<16>()),
    );
    Text::from_byte_string(&digits).expect("digits of base62 are ASCII")
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
const fn low(number: u64) -> u32 {
    number as u32
}

/// The number `seconds * 2^128 + random` in 27 digits, by long division: two are made for each change.
fn base62(seconds: u32, random: u128) -> [u8; 27] {
    let mut limbs = [seconds, 0, 0, 0, 0];
    for (limb, bytes) in limbs[1..].iter_mut().zip(random.to_be_bytes().chunks(4)) {
        *limb = bytes
            .iter()
            .fold(0, |limb, byte| limb << 8 | u32::from(*byte));
    }
    let mut id = [b'0'; 27];
    for digits in id.rchunks_mut(AT_ONCE) {
        let mut rest = 0;
        for limb in &mut limbs {
            let part = u64::from(rest) << 32 | u64::from(*limb);
            // A rest is less than the divisor, so what is left of the division fits into 32 bits.
            (*limb, rest) = (low(part / DIVISOR), low(part % DIVISOR));
        }
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS[rest as usize % DIGITS.len()];
            rest /= 62;
        }
    }
    id
}

fn parse(text: &str) -> Result<Text, NotAnId> {
    let is_id = text.len() == 27 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Text::from(text).ok().filter(|_| is_id).ok_or(NotAnId)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Text);

        impl $name {
            /// A new random id.
            pub fn new(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(make(clock, entropy))
            }

            /// The id's 27 characters.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse(text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// An account at another service.
    AccountId;
    /// A log: one for each organization, one for the instance.
    LogId;
    /// An event in a log.
    EventId;
    /// One request, which may give several events. Always made by the server.
    RequestId;
    /// An organization.
    OrganizationId;
    /// A workspace of an organization.
    WorkspaceId;
    /// A person.
    UserId;
    /// A signed-in browser.
    SessionId;
    /// An access token, personal or of a service.
    TokenId;
    /// An invitation to an organization.
    InvitationId;
    /// A second factor of a person.
    FactorId;
    /// A letter or a text message that is to be sent.
    MessageId;
    /// A source.
    SourceId;
    /// A destination.
    DestinationId;
    /// One state of a destination's settings, new with every change.
    RevisionId;
    /// A connection from a source to a destination.
    ConnectionId;
    /// A transformation or a library.
    TransformationId;
    /// One version of the code of a transformation or a library. It never changes once made.
    VersionId;
}

#[cfg(test)]
mod tests {
    use svix_ksuid::KsuidLike as _;

    use super::*;
    use crate::clock::{SystemClock, SystemEntropy};

    #[test]
    fn an_id_is_27_characters_and_survives_its_text() {
        let id = SourceId::new(&SystemClock, &SystemEntropy);
        assert_eq!(id.as_str().len(), 27);
        assert_eq!(id.to_string().parse::<SourceId>(), Ok(id));
        assert_ne!(id, SourceId::new(&SystemClock, &SystemEntropy));
    }

    proptest::proptest! {
        #[test]
        fn an_id_is_a_ksuid(seconds: u32, random: u128) {
            let ours = base62(seconds, random);
            let bytes = [&seconds.to_be_bytes()[..], &random.to_be_bytes()].concat();
            let theirs = svix_ksuid::Ksuid::from_bytes(bytes.try_into().expect("20 bytes"));
            proptest::prop_assert_eq!(std::str::from_utf8(&ours), Ok(&*theirs.to_string()));
        }
    }

    #[test]
    fn an_id_begins_with_the_second_in_which_it_was_made() {
        struct Then;
        impl Clock for Then {
            fn now(&self) -> Micros {
                Micros((KSUID_EPOCH + 5) * Micros::SECOND + 7)
            }
        }
        let id = make(&Then, &SystemEntropy);
        let read: svix_ksuid::Ksuid = id.parse().expect("a KSUID");
        assert_eq!(read.timestamp_raw(), 5);
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in [
            "",
            "short",
            "2CHj1PJ61lv1NPyQtCiFi2KVX2yy",
            "2CHj1PJ61lv1NPyQtCiFi2KVX2-",
            "' OR 1=1 --aaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(text.parse::<SourceId>(), Err(NotAnId), "{text}");
        }
    }
}
