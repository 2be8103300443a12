//! `/profile`: the own account.

use askama::Template;
use model::things::FactorKind;

use super::filters;
use super::frame::{Bare, Flash, Frame};
use super::links::OnItsWay;
use super::parts::{Choice, Errors};
use super::when::When;

/// The own account.
#[derive(Clone, Debug, Template)]
#[template(path = "profile/profile.html")]
pub struct Profile {
    /// What surrounds the page.
    pub frame: Frame,
    /// Id and name of the organizations that the person is in, the one that is shown first.
    pub organizations: Vec<(String, String)>,
    /// Whether there is a mail server, so that the e-mail address can be changed.
    pub has_mail: bool,
    /// The shortest password, in characters.
    pub password_min: u8,
    /// Where the person is signed in.
    pub sessions: Vec<Session>,
    /// The personal tokens.
    pub tokens: Vec<Token>,
    /// Whether text messages can be sent, and there is no phone.
    pub can_add_phone: bool,
    /// Whether there is an authenticator app.
    pub has_app: bool,
    /// The second factors.
    pub factors: Vec<Factor>,
    /// How many recovery codes are left.
    pub codes_left: u64,
    /// A token just made; shown once.
    pub shown: Option<String>,
    /// What is in the form for another one.
    pub new_token: NewToken,
    /// The number of the page's forms whose answer shows something once; good once.
    pub once: String,
    /// What is wrong with what was sent.
    pub errors: Errors,
}

/// What is in a form for a token, as it is first shown or as it was sent.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its name.
    pub name: String,
    /// What it may do, to choose from.
    pub accesses: Vec<Choice>,
    /// How long it lasts, to choose from.
    pub days: Vec<Choice>,
}

/// A browser in which the person is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// The browser, in words.
    pub program: String,
    /// The address from which it began.
    pub ip: Option<String>,
    /// Since when.
    pub since: When,
    /// When it was last used.
    pub seen: When,
    /// Whether it is this one.
    pub is_this: bool,
}

/// An access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is or, for a service's, what it is for; nothing on the page of the person's own.
    pub owner: Option<String>,
    /// The workspace that it is for, where there is more than one.
    pub workspace: Option<String>,
    /// What it may do, as a word.
    pub access: &'static str,
    /// When it was made.
    pub created: When,
    /// When it ends.
    pub expires: Option<When>,
    /// When it was last used.
    pub used: Option<When>,
}

/// A second factor.
#[derive(Clone, Debug)]
pub struct Factor {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: FactorKind,
    /// What its owner calls it; of a phone, what is shown of its number.
    pub name: String,
    /// Since when.
    pub since: When,
    /// When it was last used.
    pub used: Option<When>,
}

/// The own account of who has no role in any workspace.
#[derive(Clone, Debug, Template)]
#[template(path = "profile/alone.html")]
pub struct Alone {
    /// What surrounds the page.
    pub bare: Bare,
    /// The person's name.
    pub name: String,
    /// The person's address.
    pub email: String,
    /// Whether there is a mail server, so that the e-mail address can be changed.
    pub has_mail: bool,
    /// The second factors.
    pub factors: Vec<Factor>,
    /// How many recovery codes are left.
    pub codes_left: u64,
    /// The organizations that the person belongs to: id and name.
    pub organizations: Vec<(String, String)>,
    /// The shortest password, in characters.
    pub password_min: u8,
    /// Where the person is signed in.
    pub sessions: Vec<Session>,
    /// The number of the form for new recovery codes, good once.
    pub once: String,
    /// What is wrong with what was sent.
    pub errors: Errors,
}

/// Setting an authenticator app up.
#[derive(Clone, Debug, Template)]
#[template(path = "profile/app.html")]
pub struct App {
    /// What surrounds the page.
    pub bare: Bare,
    /// The modules of the QR code, as the path of an SVG.
    pub path: String,
    /// The side of its square.
    pub side: i32,
    /// The seed, to be typed.
    pub seed: String,
    /// Whether the organization requires it.
    pub required: bool,
    /// What is wrong with what was sent: `code`.
    pub errors: Errors,
}

impl Factor {
    /// Whether it is a passkey.
    pub fn is_passkey(&self) -> bool {
        self.kind == FactorKind::Passkey
    }

    /// What it is and, of a passkey, what its owner calls it; of a phone, what is shown of its number.
    pub fn title(&self) -> String {
        if self.is_passkey() || self.is_phone() {
            format!("{}: {}", self.kind.label(), self.name)
        } else {
            self.kind.label().to_owned()
        }
    }

    /// Whether it is a phone, whose number can be changed.
    pub fn is_phone(&self) -> bool {
        self.kind == FactorKind::Phone
    }

    /// How it works, in a few words.
    pub const fn about(&self) -> &'static str {
        match self.kind {
            FactorKind::Totp => "Codes of 6 digits, every 30 seconds.",
            FactorKind::Phone => "Codes of 6 digits, by text message.",
            FactorKind::Passkey => "Signs in with the password, or alone.",
        }
    }
}

/// Adding a phone, or another number.
#[derive(Clone, Debug, Template)]
#[template(path = "profile/phone.html")]
pub struct Phone {
    /// What surrounds the page.
    pub bare: Bare,
    /// Whether the organization requires a second factor, and there is none.
    pub required: bool,
    /// Whether there is anyone who sends text messages.
    pub has_texter: bool,
    /// What is shown of the number of now.
    pub current: Option<String>,
    /// The number, as it was sent.
    pub number: String,
    /// What is wrong with what was sent.
    pub errors: Errors,
}

/// The code that was sent to a phone.
#[derive(Clone, Debug, Template)]
#[template(path = "profile/phone_confirm.html")]
pub struct ConfirmPhone {
    /// What surrounds the page.
    pub bare: Bare,
    /// What became of the message.
    pub sent: OnItsWay,
    /// Whether another number takes the place of one.
    pub is_change: bool,
    /// What is wrong with what was sent.
    pub errors: Errors,
}

/// Adding a passkey.
#[derive(Clone, Debug, Template)]
#[template(path = "profile/passkey.html")]
pub struct NewPasskey {
    /// What surrounds the page.
    pub bare: Bare,
    /// Whether the organization requires a second factor, and there is none.
    pub required: bool,
    /// Why there are no passkeys here.
    pub missing: Option<String>,
}

/// New recovery codes; shown once.
#[derive(Clone, Debug, Template)]
#[template(path = "profile/codes.html")]
pub struct Codes {
    /// What surrounds the page.
    pub bare: Bare,
    /// The codes.
    pub codes: Vec<String>,
}
