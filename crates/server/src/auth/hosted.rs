//! The secret that programs show which serve all workspaces of an instance: its transformers, and data planes of many
//! workspaces. It stands in the header `Authorization: Basic` as the user, with an empty password.

use std::fmt;

use axum::http::HeaderMap;
use subtle::ConstantTimeEq;

use super::{basic, secret};

/// The shortest secret, in characters: it guards every workspace's code.
const SHORTEST: usize = 16;

/// The secret's hash; it is only compared.
#[derive(Clone, Copy)]
pub struct HostedSecret([u8; 32]);

impl HostedSecret {
    /// From the secret itself; nothing where it is too short to be one, or has a colon, which ends a user's name.
    pub fn new(secret: &str) -> Option<Self> {
        let fits = secret.chars().count() >= SHORTEST && !secret.contains(':');
        fits.then(|| Self(secret::hash(secret)))
    }

    /// Whether a request shows it. The time that this takes says nothing of the secret.
    pub fn is_shown(&self, headers: &HeaderMap) -> bool {
        basic::user(headers).is_some_and(|user| bool::from(secret::hash(&user).ct_eq(&self.0)))
    }
}

impl fmt::Debug for HostedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostedSecret")
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    fn with(header: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, header.parse().expect("a header"));
        headers
    }

    #[test]
    fn only_the_secret_itself_is_taken() {
        let secret = HostedSecret::new("a secret of the host").expect("long enough");
        let shown = |pair: &str| with(&format!("Basic {}", BASE64_STANDARD.encode(pair)));
        assert!(secret.is_shown(&shown("a secret of the host:")));
        for wrong in [
            "a secret of the hos:",
            "a secret of the host",
            ":",
            "",
            "x:a secret of the host",
        ] {
            assert!(!secret.is_shown(&shown(wrong)), "{wrong:?}");
        }
        for wrong in [
            "Bearer a secret of the host",
            "Basic ???",
            "Basic",
            "a secret of the host",
        ] {
            assert!(!secret.is_shown(&with(wrong)), "{wrong:?}");
        }
        assert!(!secret.is_shown(&HeaderMap::new()));
    }

    #[test]
    fn a_short_secret_is_none_and_no_secret_is_printed() {
        assert!(HostedSecret::new("fifteen letters").is_none());
        assert!(HostedSecret::new("with a colon: none").is_none());
        let secret = HostedSecret::new("sixteen letters!").expect("long enough");
        assert_eq!(format!("{secret:?}"), "HostedSecret");
    }
}
