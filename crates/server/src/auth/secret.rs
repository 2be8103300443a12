//! Secrets that are handed out once. Only their hashes are kept.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::clock::Entropy;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What a secret opens. Its prefix lets secret scanners find one that was published by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person's access token.
    Personal,
    /// A service's access token.
    Service,
    /// The token of a workspace's data plane.
    Workspace,
    /// A session's cookie.
    Session,
    /// The link to set an instance up by.
    SetUp,
    /// A link in a letter: an invitation, a new password, a new e-mail address.
    Link,
    /// What waits in a browser: a sign-in for its second step, an app for its first code.
    Step,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "annals_pat_",
            Self::Service => "annals_sat_",
            Self::Workspace => "annals_wst_",
            Self::Session => "annals_ses_",
            Self::SetUp => "annals_set_",
            Self::Link => "annals_lnk_",
            Self::Step => "annals_stp_",
        }
    }
}

/// A new secret: the prefix and 256 random bits.
pub fn new(kind: Kind, entropy: &dyn Entropy) -> Zeroizing<String> {
    let random = Zeroizing::new(entropy.bytes::<32>());
    Zeroizing::new(format!(
        "{}{}",
        kind.prefix(),
        BASE64_URL_SAFE_NO_PAD.encode(*random)
    ))
}

/// Whether this looks like a secret of ours, which must not stand in an address or be recorded.
pub fn looks_like_one(text: &str) -> bool {
    text.trim().strip_prefix("annals_").is_some_and(|rest| {
        let kind = rest.split('_').next().unwrap_or_default();
        kind.len() == 3 && rest.len() > 20
    })
}

/// Whether this may be a secret of ours, so that a cookie can hold it.
pub fn is_one(text: &str) -> bool {
    text.len() <= 100
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// What is kept of a secret. It has 256 random bits, so a plain hash cannot be guessed.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
