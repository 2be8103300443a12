//! `Authorization: Basic` (RFC 7617), in which RudderStack's programs show a secret as the user.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// The token of who asks: as a bearer's (RFC 6750), or as the password or the user of Basic authentication, in which RudderStack's
/// scripts and its action for transformations show it.
pub fn token(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, shown) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Zeroizing::new(shown.trim().to_owned()));
    }
    let (user, password) = pair(headers)?;
    Some(if password.is_empty() { user } else { password })
}

/// The user, where the header is one of these; the password is not looked at.
pub fn user(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    pair(headers).map(|(user, _)| user)
}

fn pair(headers: &HeaderMap) -> Option<(Zeroizing<String>, Zeroizing<String>)> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, shown) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = Zeroizing::new(BASE64_STANDARD.decode(shown.trim()).ok()?);
    let pair = std::str::from_utf8(&pair).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some(
        [user, password]
            .map(|one| Zeroizing::new(one.to_owned()))
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_bearer_a_password_or_a_user() {
        let shown = |header: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, header.parse().expect("a header"));
            token(&headers).map(|token| token.to_string())
        };
        let basic = |pair: &str| shown(&format!("Basic {}", BASE64_STANDARD.encode(pair)));
        assert_eq!(shown("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(basic("deploy:abc").as_deref(), Some("abc"));
        assert_eq!(basic("abc:").as_deref(), Some("abc"));
        assert_eq!(basic("abc"), None);
        assert_eq!(shown("Basic ???"), None);
        assert_eq!(shown("Digest abc"), None);
    }
}
