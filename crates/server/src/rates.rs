//! How many requests are answered: for each token or session, for each address, and for wrong tokens from one address.
//!
//! This keeps one program that has run wild from taking the server away from all others; what may be guessed by a person is
//! counted elsewhere (`auth/limits.rs`), in the database. Here everything is in memory, of a fixed size and of this process
//! alone. Nothing that is kept tells who asked: what a request is counted by is hashed, with a salt that ends with the process,
//! to the number of one of [`BUCKETS`]. Two that share a bucket share its limit, and nobody can choose with whom.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::Clock as GovernorClock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use model::clock::{Clock, Entropy, Micros};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::auth::cookies::{self, Name};
use crate::problem::Problem;
use crate::request::{client_address_of, network};

/// In how many buckets requests are counted, of each kind.
const BUCKETS: u64 = 1 << 16;
/// How many tokens that were right are remembered, so that they go on while others at their address guess.
const RIGHT: usize = 1 << 14;

/// How many requests are answered in a minute; all of them may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// With one token or session.
    pub token: Option<NonZeroU32>,
    /// From one address; of IPv6, from one /64.
    pub address: Option<NonZeroU32>,
    /// With a token that is none, from one address.
    pub wrong_tokens: Option<NonZeroU32>,
}

impl Default for Rates {
    /// 500 and 1,000 a second: more than a client makes that waits for its answers. Wrong ones: 2 a second, so that a data
    /// plane whose token was taken away, and asks every few seconds, hides nobody else's mistakes.
    fn default() -> Self {
        Self {
            token: NonZeroU32::new(30_000),
            address: NonZeroU32::new(60_000),
            wrong_tokens: NonZeroU32::new(120),
        }
    }
}

impl FromStr for Rates {
    type Err = String;

    /// `off`, or some of `token=N`, `address=N` and `wrong-tokens=N`, with commas; `off` in the place of a number is no limit.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self {
                token: None,
                address: None,
                wrong_tokens: None,
            });
        }
        let mut rates = Self::default();
        for part in text.split(',') {
            let wrong = || {
                format!(
                    "\u{201c}{part}\u{201d} is no limit; it must be token=N, address=N or wrong-tokens=N, with N requests a minute or off"
                )
            };
            let (name, number) = part.trim().split_once('=').ok_or_else(wrong)?;
            let number = match number {
                "off" => None,
                number => Some(number.parse().map_err(|_| wrong())?),
            };
            match name {
                "token" => rates.token = number,
                "address" => rates.address = number,
                "wrong-tokens" => rates.wrong_tokens = number,
                _ => return Err(wrong()),
            }
        }
        Ok(rates)
    }
}

/// Time that only goes on: how far the clock has moved ahead so far. When the clock is put back, it waits.
#[derive(Clone, Default)]
struct Ticks(Arc<AtomicU64>);

impl GovernorClock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.load(Ordering::Acquire).into()
    }
}

type Counts = RateLimiter<u32, HashMapStateStore<u32>, Ticks, StateInformationMiddleware>;

/// How a request stands with the limit that it is nearest to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many requests in a minute.
    pub limit: u32,
    /// How many more may come now.
    pub left: u32,
    /// After how many seconds all of them may come again.
    pub reset: u64,
    /// After how many seconds the next one may come, if this one is too many.
    pub wait: Option<u64>,
}

impl Standing {
    /// Writes the fields that clients read. The three numbers are those of the drafts up to the seventh, which existing clients
    /// know; the newer form is another one, and no standard yet either.
    fn write(self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("ratelimit-limit", u64::from(self.limit)),
            ("ratelimit-remaining", u64::from(self.left)),
            ("ratelimit-reset", self.reset),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
        if let Some(wait) = self.wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// One limit, for each bucket.
struct Limit {
    counts: Counts,
    number: NonZeroU32,
    ticks: Ticks,
}

impl Limit {
    fn new(number: Option<NonZeroU32>, ticks: &Ticks) -> Option<Self> {
        let number = number?;
        Some(Self {
            counts: RateLimiter::hashmap_with_clock(Quota::per_minute(number), ticks.clone())
                .with_middleware(),
            number,
            ticks: ticks.clone(),
        })
    }

    /// Counts one.
    fn take(&self, bucket: u32) -> Standing {
        let limit = self.number.get();
        let standing = |left: u32, wait| Standing {
            limit,
            left,
            reset: (u64::from(limit - left.min(limit)) * 60).div_ceil(u64::from(limit)),
            wait,
        };
        match self.counts.check_key(&bucket) {
            Ok(state) => standing(state.remaining_burst_capacity(), None),
            Err(until) => {
                let wait = until.wait_time_from(self.ticks.now());
                standing(0, Some(whole_seconds(wait).max(1)))
            }
        }
    }
}

/// What a request is counted by.
struct By {
    /// The bucket of its token or session, where it has one, and the token again, in more bits.
    token: Option<(u32, u64)>,
    /// The bucket of its address.
    address: u32,
    /// Whether it shows a token that could be a wrong one.
    shows_token: bool,
}

/// Counts requests.
pub struct Limiter {
    salt: [u8; 16],
    ticks: Ticks,
    /// What the clock showed last.
    seen: Mutex<Micros>,
    token: Option<Limit>,
    address: Option<Limit>,
    wrong: Option<Limit>,
    /// From which addresses no unknown token is looked up, until when.
    shut: Mutex<HashMap<u32, u64>>,
    /// Tokens that were right.
    right: Mutex<HashSet<u64>>,
}

/// What is behind these locks is whole after every statement.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Limiter {
    /// Nothing is counted yet.
    pub fn new(rates: Rates, clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        let ticks = Ticks::default();
        Self {
            salt: entropy.bytes(),
            seen: Mutex::new(clock.now()),
            token: Limit::new(rates.token, &ticks),
            address: Limit::new(rates.address, &ticks),
            wrong: Limit::new(rates.wrong_tokens, &ticks),
            shut: Mutex::default(),
            right: Mutex::default(),
            ticks,
        }
    }

    fn go_on(&self, now: Micros) {
        let mut seen = locked(&self.seen);
        let ahead = u64::try_from(now.0.saturating_sub(seen.0)).unwrap_or(0);
        *seen = now;
        self.ticks.0.fetch_add(ahead * 1_000, Ordering::AcqRel);
    }

    fn hash(&self, kind: &str, what: &[u8]) -> u64 {
        let hash = Sha256::new()
            .chain_update(self.salt)
            .chain_update(kind)
            .chain_update(what)
            .finalize();
        hash.iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn by(&self, headers: &HeaderMap, session: Option<&str>, address: Option<IpAddr>) -> By {
        let shown = headers
            .get(header::AUTHORIZATION)
            .map(HeaderValue::as_bytes);
        let token = shown.or_else(|| session.map(str::as_bytes));
        let bucket = |hash: u64| u32::try_from(hash % BUCKETS).unwrap_or_default();
        let network = match address.map(network) {
            None => Vec::new(),
            Some(IpAddr::V4(address)) => address.octets().to_vec(),
            Some(IpAddr::V6(address)) => address.octets().to_vec(),
        };
        By {
            token: token.map(|token| {
                let hash = self.hash("token\n", token);
                (bucket(hash), hash)
            }),
            address: bucket(self.hash("address\n", &network)),
            shows_token: shown.is_some(),
        }
    }

    /// How a request stands; the address is asked first, so that what it has spent is not taken from a token as well.
    fn take(&self, by: &By) -> Option<Standing> {
        let address = self.address.as_ref().map(|limit| limit.take(by.address));
        if address.is_some_and(|one| one.wait.is_some()) {
            return address;
        }
        if let Some(wait) = self.is_shut(by) {
            return Some(wait);
        }
        let limit = self.token.as_ref().zip(by.token);
        let token = limit.map(|(limit, (bucket, _))| limit.take(bucket));
        match (address, token) {
            (Some(address), Some(token)) if address.left < token.left => Some(address),
            (address, token) => token.or(address),
        }
    }

    /// Whether too many wrong tokens came from there: then only one that was right before is looked at.
    fn is_shut(&self, by: &By) -> Option<Standing> {
        let (limit, (_, token)) = (self.wrong.as_ref()?, by.token?);
        let until = *locked(&self.shut).get(&by.address)?;
        let wait = until.checked_sub(self.ticks.now().as_u64())?;
        if wait == 0 || !by.shows_token || locked(&self.right).contains(&token) {
            return None;
        }
        Some(Standing {
            limit: limit.number.get(),
            left: 0,
            reset: 60,
            wait: Some(whole_seconds(Duration::from_nanos(wait)).max(1)),
        })
    }

    /// The token of this request is right: whoever asks about tokens has found it.
    pub fn is_right(&self, headers: &HeaderMap) {
        let Some(shown) = headers.get(header::AUTHORIZATION) else {
            return;
        };
        let token = self.hash("token\n", shown.as_bytes());
        let mut right = locked(&self.right);
        if right.len() >= RIGHT && !right.contains(&token) {
            // They are learnt again, each with its next request.
            right.clear();
        }
        right.insert(token);
    }

    /// The token that a request showed is none: the request is refused, if it was one too many.
    fn is_wrong(&self, by: &By) -> Option<Standing> {
        let (limit, (_, token)) = (self.wrong.as_ref()?, by.token?);
        if !by.shows_token {
            return None;
        }
        locked(&self.right).remove(&token);
        let standing = limit.take(by.address);
        let wait = standing.wait?;
        let until = self.ticks.now().as_u64() + wait * 1_000_000_000;
        locked(&self.shut).insert(by.address, until);
        Some(standing)
    }

    /// Forgets what has no effect any more.
    pub fn tidy(&self) {
        for limit in [&self.token, &self.address, &self.wrong]
            .into_iter()
            .flatten()
        {
            limit.counts.retain_recent();
            limit.counts.shrink_to_fit();
        }
        let now = self.ticks.now().as_u64();
        locked(&self.shut).retain(|_, until| *until > now);
    }

    /// How many buckets are kept.
    pub fn kept(&self) -> usize {
        let limits = [&self.token, &self.address, &self.wrong];
        let counted = limits.into_iter().flatten().map(|limit| limit.counts.len());
        counted.sum::<usize>() + locked(&self.shut).len() + locked(&self.right).len()
    }
}

/// What a door says to one request too many.
type Words = fn(Standing) -> Response;

/// What is around the routes: `words` is how this door refuses.
pub async fn around(
    State((app, words)): State<(App, Words)>,
    request: Request,
    next: Next,
) -> Response {
    // Whoever watches over the server must not be told that it is busy with others.
    if request.uri().path() == "/health" {
        return next.run(request).await;
    }
    let limiter = &app.limiter;
    limiter.go_on(app.store.clock().now());
    let session = cookies::read(request.headers(), &app.config, Name::Session);
    let address = client_address_of(&request, &app.config);
    let by = limiter.by(request.headers(), session.as_deref(), address);
    let standing = limiter.take(&by);
    let too_many = |standing: Standing| {
        metrics::counter!("annals_http_rate_limited_total").increment(1);
        let mut response = words(standing);
        standing.write(response.headers_mut());
        response
    };
    if let Some(standing) = standing.filter(|one| one.wait.is_some()) {
        return too_many(standing);
    }
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED
        && let Some(standing) = limiter.is_wrong(&by)
    {
        return too_many(standing);
    }
    // What a door refuses by a count of its own says by itself when to come again.
    if let Some(standing) = standing.filter(|_| response.status() != StatusCode::TOO_MANY_REQUESTS)
    {
        standing.write(response.headers_mut());
    }
    response
}

/// How the API refuses.
pub fn problem(standing: Standing) -> Response {
    let wait = standing.wait.unwrap_or(1);
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limited",
        format!(
            "Too many requests: {} a minute may come. Nothing was changed. Try again in {wait} s.",
            standing.limit
        ),
    )
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::clock::{ManualClock, SystemEntropy};

    const NOW: Micros = Micros(1_795_000_000_000_000);

    fn limiter(rates: &str) -> Limiter {
        let rates = rates.parse().expect("limits");
        Limiter::new(rates, &ManualClock::at(NOW), &SystemEntropy)
    }

    fn showing(token: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !token.is_empty() {
            let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header");
            headers.insert(header::AUTHORIZATION, value);
        }
        headers
    }

    fn by(limiter: &Limiter, token: &str, address: &str) -> By {
        let address = address.parse().expect("an address");
        limiter.by(&showing(token), None, Some(address))
    }

    fn wrong(limiter: &Limiter, token: &str, address: &str) -> Option<Standing> {
        limiter.is_wrong(&by(limiter, token, address))
    }

    fn passes(limiter: &Limiter, token: &str, address: &str) -> bool {
        let standing = limiter.take(&by(limiter, token, address));
        standing.is_none_or(|one| one.wait.is_none())
    }

    #[test]
    fn what_was_typed_is_read_or_refused() {
        let read = |text: &str| text.parse::<Rates>();
        assert_eq!(
            read("token=30000,address=60000,wrong-tokens=120"),
            Ok(Rates::default())
        );
        let one = read("token=off, address=5").expect("limits");
        assert_eq!((one.token, one.address), (None, NonZeroU32::new(5)));
        assert_eq!(one.wrong_tokens, Rates::default().wrong_tokens);
        assert_eq!(read("off").map(|one| one.address), Ok(None));
        for bad in ["", "token", "token=0", "token=-1", "tokens=5", "on"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_has_its_limit_wherever_it_comes_from_and_gets_it_back_with_time() {
        let limiter = limiter("token=60");
        for n in 0..60 {
            assert!(passes(&limiter, "a", &format!("192.0.2.{n}")));
        }
        let said = limiter
            .take(&by(&limiter, "a", "192.0.2.100"))
            .expect("limits");
        assert_eq!(
            said,
            Standing {
                limit: 60,
                left: 0,
                reset: 60,
                wait: Some(1)
            }
        );
        assert!(
            passes(&limiter, "b", "192.0.2.100"),
            "another token is not concerned"
        );
        limiter.go_on(NOW.plus(Micros::SECOND));
        let said = limiter
            .take(&by(&limiter, "a", "192.0.2.1"))
            .expect("limits");
        assert_eq!((said.left, said.wait), (0, None));
        assert!(!passes(&limiter, "a", "192.0.2.1"));
        limiter.go_on(NOW.plus(62 * Micros::SECOND));
        let said = limiter
            .take(&by(&limiter, "a", "192.0.2.1"))
            .expect("limits");
        assert_eq!((said.left, said.reset), (59, 1));
    }

    #[test]
    fn an_address_has_its_limit_whatever_it_shows_and_a_network_of_ipv6_is_one() {
        let limiter = limiter("address=3");
        for token in ["a", "b", ""] {
            assert!(passes(&limiter, token, "2001:db8::1"));
        }
        assert!(!passes(&limiter, "c", "2001:db8::ffff"));
        assert!(passes(&limiter, "c", "2001:db8:0:1::1"));
    }

    #[test]
    fn a_clock_that_is_put_back_gives_nothing_and_takes_nothing() {
        let limiter = limiter("token=1");
        assert!(passes(&limiter, "a", "192.0.2.1"));
        limiter.go_on(NOW.plus(-3_600 * Micros::SECOND));
        assert!(!passes(&limiter, "a", "192.0.2.1"));
        limiter.go_on(NOW.plus(-3_539 * Micros::SECOND));
        assert!(
            passes(&limiter, "a", "192.0.2.1"),
            "a minute has passed on the clock"
        );
    }

    #[test]
    fn after_too_many_wrong_tokens_only_known_ones_are_looked_at_from_there() {
        let limiter = limiter("wrong-tokens=3");
        let (eve, ada) = ("192.0.2.66", "192.0.2.7");
        limiter.is_right(&showing("right"));
        for guess in ["1", "2", "3"] {
            assert!(passes(&limiter, guess, eve));
            assert!(wrong(&limiter, guess, eve).is_none());
        }
        assert!(passes(&limiter, "4", eve));
        let said = wrong(&limiter, "4", eve).expect("refused");
        assert_eq!((said.limit, said.wait), (3, Some(20)));
        assert!(!passes(&limiter, "5", eve), "not even looked at");
        assert!(passes(&limiter, "right", eve), "who works there goes on");
        assert!(passes(&limiter, "", eve), "the sign-in page is no guess");
        assert!(
            passes(&limiter, "5", ada),
            "another address is not concerned"
        );
        // A token that was taken away is a wrong one as well.
        wrong(&limiter, "right", eve);
        assert!(!passes(&limiter, "right", eve));
        limiter.go_on(NOW.plus(21 * Micros::SECOND));
        assert!(passes(&limiter, "5", eve));
    }

    #[test]
    fn a_flood_of_tokens_and_addresses_takes_only_so_much_memory_and_goes_again() {
        let limiter = limiter("token=600,address=600,wrong-tokens=600");
        let most = 4 * usize::try_from(BUCKETS).expect("a size") + RIGHT;
        for n in 0..150_000_u32 {
            let address = std::net::Ipv4Addr::from_bits(n * 7_919).to_string();
            let one = by(&limiter, &n.to_string(), &address);
            limiter.take(&one);
            limiter.is_right(&showing(&n.to_string()));
            if n % 2 == 0 {
                limiter.is_wrong(&one);
            }
        }
        assert!(limiter.kept() <= most, "{}", limiter.kept());
        limiter.go_on(NOW.plus(60 * Micros::SECOND));
        limiter.tidy();
        assert!(limiter.kept() <= RIGHT, "{}", limiter.kept());
    }
}
