//! Ids: KSUIDs, 27 characters of base62, as the clients expect. Random; nothing is ever ordered by them.

use std::fmt;
use std::str::FromStr;

use svix_ksuid::{Ksuid, KsuidLike};

use crate::clock::{Clock, Entropy};

/// A text that is not a KSUID.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an id: expected 27 letters and digits")]
pub struct NotAnId;

#[expect(
    clippy::disallowed_methods,
    reason = "both arguments are given, so nothing ambient is taken"
)]
fn make(clock: &dyn Clock, entropy: &dyn Entropy) -> [u8; 27] {
    let seconds = clock.now().0.div_euclid(crate::clock::Micros::SECOND);
    let text = Ksuid::from_seconds(Some(seconds), Some(&entropy.bytes::<16>())).to_string();
    let mut id = [b'0'; 27];
    id.copy_from_slice(text.as_bytes());
    id
}

fn parse(text: &str) -> Result<[u8; 27], NotAnId> {
    let bytes: [u8; 27] = text.as_bytes().try_into().map_err(|_| NotAnId)?;
    if bytes.iter().all(u8::is_ascii_alphanumeric) {
        Ok(bytes)
    } else {
        Err(NotAnId)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 27]);

        impl $name {
            /// A new random id.
            pub fn new(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(make(clock, entropy))
            }

            /// The id's 27 characters.
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("only ASCII letters and digits are let in")
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse(text).map(Self)
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
    use super::*;
    use crate::clock::{SystemClock, SystemEntropy};

    #[test]
    fn an_id_is_27_characters_and_survives_its_text() {
        let id = SourceId::new(&SystemClock, &SystemEntropy);
        assert_eq!(id.as_str().len(), 27);
        assert_eq!(id.to_string().parse::<SourceId>(), Ok(id));
        assert_ne!(id, SourceId::new(&SystemClock, &SystemEntropy));
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
