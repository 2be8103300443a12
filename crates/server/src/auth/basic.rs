//! `Authorization: Basic` (RFC 7617), in which RudderStack's programs show a secret as the user.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// The user, where the header is one of these; the password is not looked at.
pub fn user(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, shown) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = Zeroizing::new(BASE64_STANDARD.decode(shown.trim()).ok()?);
    let pair = std::str::from_utf8(&pair).ok()?;
    let (user, _) = pair.split_once(':')?;
    Some(Zeroizing::new(user.to_owned()))
}
