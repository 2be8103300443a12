//! Where a request comes from, who sent it, and what it says.

mod body;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use ipnet::IpNet;
use model::actor::{Actor, Origin};
use model::catalogue::TargetType;
use model::id::{OrganizationId, RequestId, WorkspaceId};
use model::interface::Interface;
use model::things::Token;
use serde::de::DeserializeOwned;
use store::{Action, Error, Target, Upkeep};

use crate::actions::token::without_workspace::WithoutWorkspace;
use crate::app::{App, Config};
use crate::auth::{basic, secret};
use crate::problem::Problem;

pub use body::{AsItCame, Body, list, once};

/// The largest body, in bytes.
pub const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// The workspace that a request is about, with its organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The organization.
    pub organization: OrganizationId,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// Who sends a request, and from where.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts; `perform` reads it again.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
}

/// The header in which proxies say whose request they pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `Forwarded`, RFC 7239.
    Forwarded,
    /// `X-Forwarded-For`, which most proxies write.
    XForwardedFor,
}

impl ProxyHeader {
    /// Who is named in it, from the client on; nothing where the header is not there.
    fn hops(self, headers: &HeaderMap) -> Option<Vec<String>> {
        let name = match self {
            Self::Forwarded => header::FORWARDED,
            Self::XForwardedFor => header::HeaderName::from_static("x-forwarded-for"),
        };
        let texts = headers.contains_key(&name).then(|| texts(headers, &name))?;
        Some(match self {
            Self::Forwarded => texts.map(|element| named_in(&element)).collect(),
            Self::XForwardedFor => texts.collect(),
        })
    }
}

/// Who an element of `Forwarded` is for.
fn named_in(element: &str) -> String {
    let pair = element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case("for")
            .then(|| value.trim().trim_matches('"').to_owned())
    });
    pair.unwrap_or_default()
}

/// The client's address: the socket's, unless that is a trusted proxy, whose word is read from right to left.
///
/// A proxy writes one header and passes the other on as the client sent it. So where both are there and say different things, and
/// nobody said which one the proxy writes, neither is taken: nobody chooses the address that stands in the log.
pub fn client_address(
    headers: &HeaderMap,
    socket: Option<IpAddr>,
    config: &Config,
) -> Option<IpAddr> {
    let socket = socket?.to_canonical();
    let said = |header: ProxyHeader| {
        let hops = header.hops(headers)?;
        Some(behind(socket, &hops, &config.trusted_proxies))
    };
    let said = match config.proxy_header {
        Some(header) => said(header),
        None => match (
            said(ProxyHeader::Forwarded),
            said(ProxyHeader::XForwardedFor),
        ) {
            (Some(one), Some(other)) => (one == other).then_some(one),
            (one, other) => one.or(other),
        },
    };
    Some(said.unwrap_or(socket))
}

/// Who is behind an address, as far as those are trusted who say so.
fn behind(mut address: IpAddr, hops: &[String], trusted: &[IpNet]) -> IpAddr {
    for hop in hops.iter().rev() {
        if !trusted.iter().any(|net| net.contains(&address)) {
            break;
        }
        match parse_address(hop) {
            Some(next) => address = next,
            // A hop that hides itself, or that cannot be read: the proxy that said so is as far as we can see.
            None => break,
        }
    }
    address
}

/// What counts as one client: an address, and of IPv6 the /64 that a host has.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// What proxies say of a request that is another's.
const FORWARDED: [&str; 8] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "cf-connecting-ip",
    "true-client-ip",
];

/// The client's address where it is sure: not where someone who is no trusted proxy says that the request is another's.
/// Behind a proxy that nobody named, every client would have the proxy's own address.
pub fn sure_address(parts: &Parts, config: &Config) -> Option<IpAddr> {
    let socket = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    let address = client_address(&parts.headers, Some(socket), config)?;
    let is_forwarded = FORWARDED
        .iter()
        .any(|name| parts.headers.contains_key(*name));
    let is_hearsay = is_forwarded && address == socket.to_canonical();
    (!is_hearsay).then_some(address)
}

fn texts<'h>(
    headers: &'h HeaderMap,
    name: &header::HeaderName,
) -> impl Iterator<Item = String> + use<'h> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|element| element.trim().to_owned())
}

fn parse_address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip().to_canonical());
    }
    text.strip_prefix('[')?
        .strip_suffix(']')?
        .parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

/// The client's address of a request that has not been taken apart.
pub fn client_address_of(request: &Request, config: &Config) -> Option<IpAddr> {
    let socket = request.extensions().get::<ConnectInfo<SocketAddr>>();
    client_address(request.headers(), socket.map(|info| info.0.ip()), config)
}

/// Where a request comes from; `interface` is the door that it came in by.
pub fn origin(parts: &Parts, app: &App, interface: Interface) -> Origin {
    let socket = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(Origin::cut)
    };
    let request = parts
        .extensions
        .get::<RequestId>()
        .copied()
        .unwrap_or_else(|| RequestId::new(app.store.clock(), app.store.entropy()));
    Origin {
        request,
        ip: client_address(&parts.headers, socket, &app.config),
        user_agent: text("user-agent"),
        interface,
        client_request: text("x-request-id"),
    }
}

/// A program with an access token.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Who acts, and from where.
    pub caller: Caller,
    /// The token that was shown.
    pub token: Token,
}

impl Bearer {
    /// The workspace that the token is for, where something is only looked at.
    ///
    /// # Errors
    /// A problem with `no_workspace` for a token of the organization.
    pub fn place(&self) -> Result<Place, Problem> {
        match self.token.workspace {
            Some(workspace) => Ok(Place {
                organization: self.token.organization,
                workspace,
            }),
            None => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "no_workspace",
                "This token is for the organization. Use a token of a workspace here.",
            )),
        }
    }

    /// The workspace that the token is for, where it asks for the action `A` on a thing of this kind, with this id.
    ///
    /// # Errors
    /// A problem with `no_workspace` for a token of the organization; the refusal is recorded.
    pub async fn place_for<A: Action>(
        &self,
        app: &App,
        kind: TargetType,
        id: Option<&str>,
    ) -> Result<Place, Problem> {
        if self.token.workspace.is_none() {
            // What is no id names nothing.
            let id = id.filter(|id| id.parse::<WorkspaceId>().is_ok());
            let target = Target {
                kind,
                id: id.map(str::to_owned),
                name: None,
            };
            let refused = WithoutWorkspace::<A>::new(self.token.organization, target);
            let _ = app.perform(&self.caller, refused).await?;
        }
        self.place()
    }
}

impl FromRequestParts<App> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let unauthorized = || Problem::from(Error::Unauthenticated);
        let token = basic::token(&parts.headers).ok_or_else(unauthorized)?;
        Self::with(parts, app, &token).await
    }
}

impl Bearer {
    /// Who shows this token.
    ///
    /// # Errors
    /// A problem with `unauthenticated` where it is none.
    pub async fn with(parts: &Parts, app: &App, shown: &str) -> Result<Self, Problem> {
        let unauthorized = || Problem::from(Error::Unauthenticated);
        let hash = secret::hash(shown);
        let token = app
            .read(move |rx| rx.token_by_hash(&hash))
            .await?
            .ok_or_else(unauthorized)?;
        app.limiter.is_right(&parts.headers);
        app.note(Upkeep::UsedToken(token.id));
        let user_agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let origin = origin(parts, app, Interface::of_user_agent(user_agent));
        Ok(Self {
            caller: Caller {
                actor: Actor::Token { token: token.id },
                origin,
            },
            token,
        })
    }
}

/// The parameters of a query.
#[derive(Clone, Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(value)| Self(value))
            .map_err(|error| {
                Problem::new(
                    StatusCode::BAD_REQUEST,
                    "invalid_query",
                    format!("The query does not fit: {}", plainly(&error.body_text())),
                )
            })
    }
}

/// What is wrong with a query, without the words of the library that reads it.
fn plainly(text: &str) -> String {
    let text = text
        .strip_prefix("Failed to deserialize query string: ")
        .unwrap_or(text);
    match text.split_once(": ") {
        Some((
            name,
            "invalid digit found in string"
            | "cannot parse integer from empty string"
            | "number too large to fit in target type"
            | "number too small to fit in target type",
        )) => format!("`{name}` must be a whole number"),
        _ => text.to_owned(),
    }
}

/// The ids in a path. What is no text is the id of nothing.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| {
                let message = "There is nothing at this address.";
                Problem::new(StatusCode::NOT_FOUND, "not_found", message)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn seen(socket: &str, headers: &[(&'static str, &str)]) -> String {
        seen_in(None, socket, headers)
    }

    fn seen_in(
        proxy_header: Option<ProxyHeader>,
        socket: &str,
        headers: &[(&'static str, &str)],
    ) -> String {
        let config = Config {
            proxy_header,
            trusted_proxies: vec![
                "10.0.0.0/8".parse().expect("a network"),
                "::1/128".parse().expect("a network"),
            ],
            ..Config::default()
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).expect("a header"));
        }
        client_address(&map, socket.parse().ok(), &config)
            .expect("an address")
            .to_string()
    }

    #[test]
    fn a_stranger_s_word_about_the_address_is_not_taken() {
        assert_eq!(
            seen("203.0.113.9", &[("x-forwarded-for", "198.51.100.1")]),
            "203.0.113.9"
        );
        assert_eq!(
            seen("203.0.113.9", &[("forwarded", "for=198.51.100.1")]),
            "203.0.113.9"
        );
    }

    #[test]
    fn a_header_that_the_proxy_only_passed_on_chooses_no_address() {
        let both = [
            ("x-forwarded-for", "203.0.113.9"),
            ("forwarded", "for=198.51.100.1"),
        ];
        assert_eq!(seen("10.0.0.1", &both), "10.0.0.1");
        let (written, passed_on) = (ProxyHeader::XForwardedFor, ProxyHeader::Forwarded);
        assert_eq!(seen_in(Some(written), "10.0.0.1", &both), "203.0.113.9");
        assert_eq!(seen_in(Some(passed_on), "10.0.0.1", &both), "198.51.100.1");
        assert_eq!(
            seen_in(Some(written), "10.0.0.1", &both[1..]),
            "10.0.0.1",
            "the other one alone"
        );
        let alike = [
            ("x-forwarded-for", "1.2.3.4, 203.0.113.9"),
            ("forwarded", "for=203.0.113.9"),
        ];
        assert_eq!(seen("10.0.0.1", &alike), "203.0.113.9");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let network = |text: &str| super::network(text.parse().expect("an address")).to_string();
        assert_eq!(network("2001:db8:2:2::65"), network("2001:db8:2:2:9::1"));
        assert_ne!(network("2001:db8:2:2::65"), network("2001:db8:2:3::65"));
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn a_trusted_proxy_s_word_is_read_from_right_to_left() {
        assert_eq!(
            seen("10.0.0.1", &[("x-forwarded-for", "1.2.3.4, 203.0.113.9")]),
            "203.0.113.9"
        );
        assert_eq!(
            seen(
                "10.0.0.1",
                &[("x-forwarded-for", "1.2.3.4, 203.0.113.9, 10.9.9.9")]
            ),
            "203.0.113.9"
        );
        assert_eq!(
            seen(
                "::1",
                &[(
                    "forwarded",
                    "for=1.2.3.4, for=\"[2001:db8::7]:4711\";proto=https"
                )]
            ),
            "2001:db8::7"
        );
        assert_eq!(
            seen("10.0.0.1", &[("forwarded", "for=unknown")]),
            "10.0.0.1"
        );
        assert_eq!(
            seen("::ffff:10.0.0.1", &[("x-forwarded-for", "203.0.113.9")]),
            "203.0.113.9"
        );
    }
}
