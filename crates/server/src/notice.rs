//! Letters that tell a person what has happened to the own account, so that somebody else who did it is found out. They are
//! written in the transaction of the change, where there is one, go to the address that the account had before it, and hold no link: who gets one
//! by someone else's hand must not be led anywhere.

use model::actor::Origin;
use model::clock::Micros;
use model::interface::Interface;
use model::things::User;
use store::{Changed, Letter, Result, Tx, Way};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The password was changed, by who knew the one before.
    PasswordChanged,
    /// The password was set anew, by a link in a letter.
    PasswordReset,
    /// Another address was asked for, by who knew the password: it waits for its own letter to be followed.
    EmailAsked(String),
    /// The address is another one now.
    EmailChanged(String),
    /// A second factor was added: which, with its article (`an authenticator app`).
    FactorAdded(String),
    /// A second factor was taken away: which, with its article.
    FactorRemoved(String),
    /// The phone that codes go to has another number.
    PhoneChanged,
    /// The recovery codes are others now.
    CodesChanged,
    /// An access token was made: its name.
    TokenCreated(String),
}

impl News {
    fn subject(&self) -> &'static str {
        match self {
            Self::PasswordChanged | Self::PasswordReset => "Your password for Annals was changed",
            Self::EmailAsked(_) => "Another e-mail address was asked for your Annals account",
            Self::EmailChanged(_) => "Your e-mail address for Annals was changed",
            Self::FactorAdded(_) => "A second factor was added to your Annals account",
            Self::FactorRemoved(_) => "A second factor was removed from your Annals account",
            Self::PhoneChanged => "Your phone number for Annals was changed",
            Self::CodesChanged => "Your recovery codes for Annals were changed",
            Self::TokenCreated(_) => "An access token was made for your Annals account",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::PasswordChanged => "The password of your account was changed.".to_owned(),
            Self::PasswordReset => {
                "A new password was set for your account, by the link in a letter to this address."
                    .to_owned()
            }
            Self::EmailAsked(to) => format!(
                "Your account is to belong to the address {to}. It does when the link in a letter to that address is followed, within an hour."
            ),
            Self::EmailChanged(to) => format!(
                "Your account belongs to the address {to} now. This one cannot be used to sign in any more."
            ),
            Self::FactorAdded(which) => format!("{} was added to your account.", begun(which)),
            Self::FactorRemoved(which) => {
                format!("{} was removed from your account.", begun(which))
            }
            Self::PhoneChanged => {
                "Codes for your account go to another phone number now.".to_owned()
            }
            Self::CodesChanged => {
                "New recovery codes were made for your account. The old ones work no more."
                    .to_owned()
            }
            Self::TokenCreated(name) => format!(
                "The access token \u{201c}{name}\u{201d} was made. Whoever has it acts as you."
            ),
        }
    }

    /// What to do if it was somebody else.
    const fn advice(&self) -> &'static str {
        match self {
            Self::EmailAsked(_) => {
                "sign in as you always do, and change your password at once: that ends the link"
            }
            Self::EmailChanged(_) => "ask an administrator of your organization for help at once",
            Self::TokenCreated(_) => {
                "sign in as you always do, delete the token on your profile, and change your password"
            }
            Self::PasswordChanged | Self::PasswordReset => {
                "ask for a new password on the sign-in page, and tell an administrator of your organization"
            }
            Self::FactorAdded(_)
            | Self::FactorRemoved(_)
            | Self::PhoneChanged
            | Self::CodesChanged => {
                "sign in as you always do, change your password, and look at your second factors"
            }
        }
    }
}

/// A browser or program in words: what it calls itself is long, and whatever it likes.
pub fn program(user_agent: Option<&str>) -> String {
    let Some(text) = user_agent.filter(|text| !text.is_empty()) else {
        return "Unknown program".to_owned();
    };
    let browser = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]
    .iter()
    .find(|(sign, _)| text.contains(sign));
    let system = [
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]
    .iter()
    .find(|(sign, _)| text.contains(sign));
    match (browser, system) {
        (Some((_, browser)), Some((_, system))) => format!("{browser} ({system})"),
        (Some((_, browser)), None) => (*browser).to_owned(),
        _ => text.chars().take(40).collect(),
    }
}

/// Words that begin a sentence.
fn begun(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// The letter that tells a person of it. `to` is the person as it was before the change.
pub fn letter(to: &User, news: &News, origin: &Origin, at: Micros) -> Letter {
    let from = match (origin.interface, origin.ip) {
        (Interface::CommandLine | Interface::System, None) => {
            "the server itself, by whoever runs it".to_owned()
        }
        (_, Some(ip)) => format!("{ip}, {}", program(origin.user_agent.as_deref())),
        (_, None) => program(origin.user_agent.as_deref()),
    };
    Letter {
        to: to.email.clone(),
        subject: news.subject().to_owned(),
        text: format!(
            "Hello {},\n\n{}\n\nWhen: {} (UTC)\nFrom: {from}\n\nIf it was you, there is nothing to do. If not, {}.\n",
            to.name,
            news.sentence(),
            at.timestamp().strftime("%Y-%m-%d %H:%M"),
            news.advice()
        ),
        by: None,
    }
}

/// Tells a person what has happened to the own account, because of a change that is noted. Where no mail is sent, nothing
/// happens.
///
/// # Errors
/// When the letter cannot be kept.
pub fn notice(tx: &mut Tx<'_>, to: &User, news: &News, of: &Changed) -> Result<()> {
    if !tx.sends_mail()? {
        return Ok(());
    }
    let letter = letter(to, news, tx.origin(), tx.at);
    tx.send((Way::Mail, to.id), None, &letter, of)
}
