//! Letters: what they say, and the mail server that takes them (SMTP, RFC 5321; TLS by STARTTLS, RFC 3207, or from the
//! start). They leave through the outbox of the store, at least once.

use std::path::Path;
use std::time::Duration;

use lettre::address::Address;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use model::id::{MessageId, UserId};
use store::{BY, Letter};
use url::Url;

use crate::outbox::Undelivered;

/// How long a mail server may take for one letter.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why mail cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The address of the mail server is none.
    #[error(
        "the mail server must be like smtp://user:password@mail.example.com:587 (STARTTLS), smtps://... (TLS from the start) or smtp+plain://... (no TLS, without a password)"
    )]
    Server,
    /// The sender's address is none.
    #[error("the sender must be like \u{201c}Annals <annals@example.com>\u{201d}")]
    Sender,
    /// The certificate that is to be trusted cannot be read.
    #[error("the certificate {0} cannot be read: {1}")]
    Certificate(String, String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// A mail server, and who letters are from.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

fn decoded(text: &str) -> String {
    let pair = format!("v={}", text.replace('+', "%2B"));
    let parsed: Option<Vec<(String, String)>> = serde_urlencoded::from_str(&pair).ok();
    parsed
        .and_then(|mut pairs| pairs.pop())
        .map_or_else(|| text.to_owned(), |(_, value)| value)
}

impl Mailer {
    /// A mail server by its URL, and the sender; `trusted` is a PEM file with a certificate to trust as well.
    ///
    /// # Errors
    /// When one of them is no such thing.
    pub fn new(server: &str, from: &str, trusted: Option<&Path>) -> Result<Self, MailError> {
        let url = Url::parse(server).map_err(|_| MailError::Server)?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(MailError::Server)?.to_owned();
        let parameters = || -> Result<TlsParameters, MailError> {
            let mut builder = TlsParameters::builder(host.clone());
            if let Some(file) = trusted {
                let failed = |why: String| MailError::Certificate(file.display().to_string(), why);
                let pem = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
                let certificate =
                    Certificate::from_pem(&pem).map_err(|error| failed(error.to_string()))?;
                builder = builder.add_root_certificate(certificate);
            }
            builder
                .build_rustls()
                .map_err(|error| MailError::Tls(error.to_string()))
        };
        let (tls, port) = match url.scheme() {
            "smtp" => (Tls::Required(parameters()?), 587),
            "smtps" => (Tls::Wrapper(parameters()?), 465),
            // A password never goes over the wire in clear.
            "smtp+plain" if url.password().is_none() => (Tls::None, 25),
            _ => return Err(MailError::Server),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
            .port(url.port().unwrap_or(port))
            .timeout(Some(PATIENCE))
            .tls(tls);
        if let Some(password) = url.password() {
            builder =
                builder.credentials(Credentials::new(decoded(url.username()), decoded(password)));
        }
        Ok(Self {
            transport: builder.build(),
            from: from.parse().map_err(|_| MailError::Sender)?,
        })
    }

    /// Gives a letter to the mail server. It has the same id (RFC 5322, 3.6.4) at each try, so that what comes twice is known to
    /// be one.
    pub(crate) async fn send(&self, id: MessageId, letter: &Letter) -> Result<(), Undelivered> {
        let never = |why: String| Undelivered {
            is_final: true,
            why,
        };
        let to: Address = letter
            .to
            .parse()
            .map_err(|_| never("the address is none".to_owned()))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .subject(&letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|error| never(error.to_string()))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Undelivered {
                is_final: error.is_permanent(),
                why: error.to_string(),
            }),
        }
    }
}

/// The letter with an invitation. A person who invites is named when it leaves; a program, by the name that it has now.
pub fn invitation(to: &str, organization: &str, by: &Inviter, link: &str) -> Letter {
    let (person, name) = match by {
        Inviter::Person(id) => (Some(*id), BY),
        Inviter::Program(name) => (None, name.as_str()),
    };
    Letter {
        to: to.to_owned(),
        subject: format!("{name} invites you to {organization}"),
        text: format!(
            "Hello,\n\n{name} invites you to join {organization} on Annals. Follow this link to accept:\n\n{link}\n\n\
             The link works once, for 3 days. If you do not know what this is about, do nothing.\n"
        ),
        by: person,
    }
}

/// Who invites.
#[derive(Clone, Debug)]
pub enum Inviter {
    /// A person, in a browser or by a personal token.
    Person(UserId),
    /// A service token, by its name.
    Program(String),
}

/// The letter to who forgot the password.
pub fn reset(to: &str, link: &str) -> Letter {
    Letter {
        to: to.to_owned(),
        subject: "Set a new password for Annals".to_owned(),
        text: format!(
            "Hello,\n\nsomeone asked for a new password for your account on Annals. Follow this link to set one:\n\n{link}\n\n\
             The link works once, for an hour. If it was not you, do nothing: your password stays as it is.\n"
        ),
        by: None,
    }
}

/// The letter to a new e-mail address.
pub fn confirm(to: &str, link: &str) -> Letter {
    Letter {
        to: to.to_owned(),
        subject: "Confirm your e-mail address for Annals".to_owned(),
        text: format!(
            "Hello,\n\nfollow this link to sign in to Annals with this address from now on:\n\n{link}\n\n\
             The link works once, for an hour. If it was not you, do nothing.\n"
        ),
        by: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_named_with_its_kind_of_tls() {
        let new = |server: &str| Mailer::new(server, "Annals <annals@example.com>", None);
        for good in [
            "smtp://ada:secret@mail.example.com",
            "smtps://mail.example.com:2465",
            "smtp+plain://127.0.0.1:2525",
        ] {
            assert!(new(good).is_ok(), "{good}");
        }
        for bad in [
            "mail.example.com",
            "http://mail.example.com",
            "smtp+plain://ada:secret@mail.example.com",
            "smtp://",
        ] {
            assert!(matches!(new(bad), Err(MailError::Server)), "{bad}");
        }
        let no_sender = Mailer::new("smtp://mail.example.com", "nobody", None);
        assert!(matches!(no_sender, Err(MailError::Sender)));
    }

    #[test]
    fn what_people_type_gets_into_no_header() {
        let letter = invitation(
            "ada@example.com\r\nBcc: eve@example.com",
            "Fernhill",
            &Inviter::Program("Ada".to_owned()),
            "https://annals.example.com/x",
        );
        assert!(letter.to.parse::<Address>().is_err());
        let ada = Inviter::Program("Ada".to_owned());
        let named = invitation("ada@example.com", "F\r\nBcc: eve@example.com", &ada, "x");
        let message = Message::builder()
            .from("annals@example.com".parse().expect("an address"))
            .to("ada@example.com".parse().expect("an address"))
            .subject(&named.subject)
            .body(String::new())
            .expect("a message");
        let written = String::from_utf8(message.formatted()).expect("text");
        assert!(
            !written.lines().any(|line| line.starts_with("Bcc:")),
            "{written}"
        );
    }
}
