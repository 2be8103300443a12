//! What a link in a letter opens.

use askama::Template;

use super::filters;
use super::frame::Bare;
use super::parts::Errors;

/// An invitation.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/invitation.html")]
pub struct Invited {
    /// What surrounds the page.
    pub bare: Bare,
    /// The organization's name.
    pub organization: String,
    /// The address that is invited.
    pub email: String,
    /// Whether the account of this address is signed in here.
    pub is_signed_in: bool,
    /// The address of another account that is signed in here.
    pub other: Option<String>,
    /// Whether the address has an account.
    pub has_account: bool,
    /// The name, as it was sent.
    pub name: String,
    /// The shortest password, in characters.
    pub password_min: u8,
    /// What is wrong with what was sent.
    pub errors: Errors,
}

/// The password was forgotten.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/forgot.html")]
pub struct Forgot {
    /// What surrounds the page.
    pub bare: Bare,
    /// Whether there is a mail server.
    pub has_mail: bool,
    /// Whether it was asked for.
    pub sent: bool,
}

/// A new password.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/reset.html")]
pub struct Reset {
    /// What surrounds the page.
    pub bare: Bare,
    /// The address of the account.
    pub email: String,
    /// The shortest password, in characters.
    pub password_min: u8,
    /// What is wrong with what was sent.
    pub errors: Errors,
}

/// A new e-mail address.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/confirm.html")]
pub struct Confirm {
    /// What surrounds the page.
    pub bare: Bare,
    /// The address.
    pub email: String,
}

/// A code that was sent to a phone.
#[derive(Clone, Debug)]
pub struct OnItsWay {
    /// What became of it.
    pub text: String,
    /// Whether that is bad news.
    pub is_bad: bool,
}

/// The second step of signing in.
#[derive(Clone, Debug, Template)]
#[template(path = "bare/step.html")]
pub struct Step {
    /// What surrounds the page.
    pub bare: Bare,
    /// Where to go afterwards, a path of this server.
    pub next: String,
    /// Whether the person has an authenticator app.
    pub has_app: bool,
    /// Whether the person has a passkey.
    pub has_passkey: bool,
    /// Why passkeys do not work here.
    pub passkeys_missing: Option<String>,
    /// The phone that a code can be sent to, as it is shown.
    pub phone: Option<String>,
    /// The code that was sent.
    pub sent: Option<OnItsWay>,
    /// Why it did not work.
    pub error: Option<&'static str>,
}
