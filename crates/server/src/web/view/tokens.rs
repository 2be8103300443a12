//! `/settings/tokens`: all tokens of the organization, and what holds for the whole of it.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Choice, Errors};
use super::profile::{NewToken, Token};

/// Whether anyone may read the checkpoint of the log and the hashes over it.
#[derive(Clone, Debug)]
pub struct PublicHashes {
    /// Whether it is so.
    pub are: bool,
    /// The id of the log, which stands in their addresses.
    pub log: String,
}

/// Who and what has access.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/tokens.html")]
pub struct Tokens {
    /// What surrounds the page.
    pub frame: Frame,
    /// The name of the organization, as it is or as it was sent.
    pub organization_name: String,
    /// The name that its form was made of.
    pub seen_name: String,
    /// All tokens of the organization.
    pub tokens: Vec<Token>,
    /// What a service may be, to choose from.
    pub roles: Vec<Choice>,
    /// Whether members need a second factor; nothing where the reader may not say so.
    pub requires_mfa: Option<bool>,
    /// What anyone may read of the log; nothing where the reader may not say so.
    pub public_hashes: Option<PublicHashes>,
    /// A token just made; shown once.
    pub shown: Option<String>,
    /// What else is in the form for another one.
    pub new_token: NewToken,
    /// The number of that form, good once.
    pub once: String,
    /// What is wrong with what was sent: `name`.
    pub errors: Errors,
}

/// The question before a token is deleted.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/token_delete.html")]
pub struct DeleteToken {
    /// What surrounds the page.
    pub frame: Frame,
    /// The token.
    pub token: Token,
    /// Where the form is sent.
    pub action: String,
    /// The page that Cancel leads to: its title and address.
    pub back: (&'static str, &'static str),
}
