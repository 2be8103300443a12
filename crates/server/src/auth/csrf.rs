//! The token in every form: only a page of ours can know it.
//!
//! It is made from a secret that is in an HTTP-only cookie: the session's or, for forms of someone who is not signed in, a
//! random one. A page of another site can make a browser send the cookie, but cannot read it. It comes beside the
//! check of `Sec-Fetch-Site` and `Origin` that surrounds all pages.
//!
//! A form says what it is for: the workspace whose page it is on, or the link of a letter. Another may be open by the time that it is
//! sent.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::clock::Entropy;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The token for the forms of whoever has this secret.
pub fn token(secret: &str) -> String {
    let hash = Sha256::new()
        .chain_update("annals.csrf.v1\n")
        .chain_update(secret)
        .finalize();
    BASE64_URL_SAFE_NO_PAD.encode(hash)
}

/// Whether a form was sent with the token of this secret, wherever it was made.
pub fn fits(secret: &str, sent: &str) -> bool {
    let (sent, _) = sent.split_once(APART).unwrap_or((sent, ""));
    bool::from(token(secret).as_bytes().ct_eq(sent.as_bytes()))
}

/// What stands between the token and what a form was made for.
const APART: char = '.';

/// The token of a form that is for one place, as it says itself.
pub fn made_in(token: &str, place: &str) -> String {
    format!("{token}{APART}{place}")
}

/// The place that a form was made for, if it was made for one.
pub fn place(sent: &str) -> Option<&str> {
    sent.split_once(APART).map(|(_, place)| place)
}

/// A secret for someone who is not signed in: 256 random bits.
pub fn new_secret(entropy: &dyn Entropy) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(entropy.bytes::<32>())
}

#[cfg(test)]
mod tests {
    use super::{fits, made_in, place, token};

    #[test]
    fn a_token_fits_its_secret_only_and_does_not_tell_it() {
        let made = token("annals_ses_abc");
        assert!(fits("annals_ses_abc", &made));
        assert!(!fits("annals_ses_abd", &made));
        assert!(!fits("annals_ses_abc", ""));
        assert!(!made.contains("abc"));
    }

    #[test]
    fn a_token_says_where_its_form_was_made_and_fits_all_the_same() {
        let made = token("annals_ses_abc");
        let here = made_in(&made, "2CHj1PJ61lv1NPyQtCiFi2KVX2y");
        assert!(fits("annals_ses_abc", &here));
        assert!(!fits("annals_ses_abd", &here));
        assert_eq!(place(&here), Some("2CHj1PJ61lv1NPyQtCiFi2KVX2y"));
        assert_eq!(place(&made), None);
    }
}
