//! Who acts, and from where.

use std::net::IpAddr;

use crate::id::{RequestId, SessionId, TokenId, UserId};
use crate::interface::Interface;

/// Who asks for a change, as the door knows it. `perform` reads it again, under the log's lock, before it believes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person who is signed in.
    User {
        /// The person.
        user: UserId,
        /// The session, which must still be valid.
        session: SessionId,
    },
    /// A program with an access token. A personal token acts as its owner.
    Token {
        /// The token, which must still be valid.
        token: TokenId,
    },
    /// Annals itself, or someone at the machine's command line.
    System(System),
    /// Nobody that is known: the first visitor, or someone who is about to sign in.
    Anonymous,
}

/// The name that an organization is told of who acts in another one.
pub const ELSEWHERE: &str = "another organization";

/// A part of the system that acts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// The command line of the machine that Annals runs on.
    CommandLine,
    /// A job of the server.
    Server,
}

impl System {
    /// The name that stands in the column "User".
    pub const fn name(self) -> &'static str {
        match self {
            Self::CommandLine => "system, command line",
            Self::Server => "system",
        }
    }
}

/// Where a request came from. All of it but the request's id is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The request, always numbered by the server.
    pub request: RequestId,
    /// The client's address, where there is one.
    pub ip: Option<IpAddr>,
    /// What the client calls itself, at most [`Origin::TEXT_LIMIT`] bytes.
    pub user_agent: Option<String>,
    /// The door it came in by.
    pub interface: Interface,
    /// The client's own id of the request, at most [`Origin::TEXT_LIMIT`] bytes.
    pub client_request: Option<String>,
}

impl Origin {
    /// The length, in bytes, above which what a client says of itself is cut.
    pub const TEXT_LIMIT: usize = 512;

    /// An origin without a client: the command line, or a job.
    pub const fn local(request: RequestId, interface: Interface) -> Self {
        Self {
            request,
            ip: None,
            user_agent: None,
            interface,
            client_request: None,
        }
    }

    /// Cuts what a client says of itself to [`Origin::TEXT_LIMIT`] bytes, at a character's border.
    pub fn cut(text: &str) -> String {
        let mut end = text.len().min(Self::TEXT_LIMIT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text[..end].to_owned()
    }
}
