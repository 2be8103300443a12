//! Cookies that the server sets: for this host alone, out of reach of scripts, and over TLS only where there is TLS.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use crate::app::Config;

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// The secret of a session.
    Session,
    /// What ties the forms of someone who is not signed in to the browser.
    Form,
    /// The secret of the set-up link, once it has been opened.
    SetUp,
    /// The secret of a link in a letter, once it has been opened.
    Link,
    /// The secret of a sign-in that waits for the second step.
    Step,
    /// The secret of an authenticator app that is being set up.
    Seed,
    /// The secret of a challenge that a passkey is to sign.
    Passkey,
    /// The secret of a code that was sent to a phone.
    Code,
    /// Which of the person's workspaces the browser shows.
    Workspace,
    /// What the next page says about the change before it.
    Flash,
}

impl Name {
    /// Its name. Over TLS the prefix `__Host-` makes browsers refuse one that another host of the domain has set.
    pub fn on(self, config: &Config) -> String {
        let name = match self {
            Self::Session => "annals_session",
            Self::Form => "annals_form",
            Self::SetUp => "annals_setup",
            Self::Link => "annals_link",
            Self::Step => "annals_step",
            Self::Seed => "annals_seed",
            Self::Passkey => "annals_passkey",
            Self::Code => "annals_code",
            Self::Workspace => "annals_workspace",
            Self::Flash => "annals_flash",
        };
        if config.is_secure() {
            format!("__Host-{name}")
        } else {
            name.to_owned()
        }
    }
}

/// The value of a cookie that the browser sent; the first, where there are several of that name.
pub fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// The value of a cookie of ours.
pub fn read(headers: &HeaderMap, config: &Config, name: Name) -> Option<String> {
    value(headers, &name.on(config))
}

fn header(config: &Config, name: Name, value: String, age: Duration) -> HeaderValue {
    let cookie = Cookie::build((name.on(config), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(config.is_secure())
        .max_age(age);
    HeaderValue::from_str(&cookie.to_string())
        .expect("our cookies are letters, digits, dots and dashes")
}

/// `Set-Cookie` that keeps `value`, made of letters, digits, dots, dashes and underscores, for so many seconds.
pub fn keep(config: &Config, name: Name, value: &str, seconds: i64) -> HeaderValue {
    header(config, name, value.to_owned(), Duration::seconds(seconds))
}

/// `Set-Cookie` that removes a cookie.
pub fn forget(config: &Config, name: Name) -> HeaderValue {
    header(config, name, String::new(), Duration::ZERO)
}
