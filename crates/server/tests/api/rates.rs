//! How many requests are answered, as a program sees it.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use model::clock::Micros;
use server::app::{App, Config};

use crate::support::{Answer, Api, request};

/// The same instance behind limits.
fn limited(rates: &str) -> Api {
    let api = Api::sqlite();
    let config = Config {
        rates: rates.parse().expect("limits"),
        trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
        ..Config::default()
    };
    let app = App::new(api.store.clone(), config);
    Api {
        router: server::serve::router(&app),
        app,
        ..api
    }
}

fn get(api: &Api, path: &str, token: &str, from: &str) -> Answer {
    let (socket, forwarded) = from.split_once(" for ").unwrap_or((from, ""));
    let mut request = request("GET", path, token, Body::empty());
    let socket: SocketAddr = format!("{socket}:4711").parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(socket));
    if !forwarded.is_empty() {
        let value = forwarded.parse().expect("a header");
        request.headers_mut().insert("x-forwarded-for", value);
    }
    api.send(request)
}

fn fields(answer: &Answer) -> String {
    let one = |name: &str| {
        let value = answer.headers.get(name);
        value
            .map_or("-", |value| value.to_str().expect("text"))
            .to_owned()
    };
    let names = ["limit", "remaining", "reset"].map(|name| one(&format!("ratelimit-{name}")));
    format!(
        "{} {} wait {}",
        answer.status,
        names.join("/"),
        one("retry-after")
    )
}

#[test]
fn a_token_is_told_what_it_has_left_and_when_it_may_come_again() {
    let api = limited("token=3,address=100");
    let ask = || get(&api, "/v2/sources", &api.admin, "192.0.2.1");
    let told: Vec<_> = (0..4).map(|_| fields(&ask())).collect();
    assert_eq!(
        told,
        [
            "200 3/2/20 wait -",
            "200 3/1/40 wait -",
            "200 3/0/60 wait -",
            "429 3/0/60 wait 20"
        ]
    );
    assert_eq!(
        ask().problem(),
        "429 rate_limited: Too many requests: 3 a minute may come. Nothing was changed. Try again in 20 s."
    );
    let other = get(&api, "/v2/audit-logs", &api.service, "192.0.2.1");
    assert_eq!(other.status, 200, "another token goes on");
    api.clock.advance(20 * Micros::SECOND);
    assert_eq!(fields(&ask()), "200 3/0/60 wait -");
}

#[test]
fn an_address_is_the_one_behind_a_trusted_proxy_and_of_nobody_else_s_word() {
    let api = limited("address=2");
    let status = |from: &str| get(&api, "/v2/nothing", "", from).status;
    for (from, expected) in [
        ("10.0.0.1 for 192.0.2.1", 404),
        ("10.0.0.2 for 192.0.2.1", 404),
        ("10.0.0.1 for 192.0.2.1", 429),
        ("10.0.0.1 for 192.0.2.2", 404),
        // A stranger's word about the own address is not taken.
        ("192.0.2.3 for 192.0.2.4", 404),
        ("192.0.2.3 for 192.0.2.5", 404),
        ("192.0.2.3 for 192.0.2.6", 429),
    ] {
        assert_eq!(status(from), expected, "{from}");
    }
}

#[test]
fn whoever_watches_over_the_server_is_always_answered() {
    let api = limited("address=1");
    for _ in 0..3 {
        assert_eq!(
            fields(&get(&api, "/health", "", "192.0.2.1")),
            "200 -/-/- wait -"
        );
    }
}

#[test]
fn guesses_of_tokens_are_limited_and_who_works_at_the_same_address_goes_on() {
    let api = limited("wrong-tokens=2");
    let status = |token: &str| get(&api, "/v2/sources", token, "192.0.2.1").status;
    assert_eq!(status(&api.admin), 200);
    for (guess, expected) in [("a", 401), ("b", 401), ("c", 429), ("d", 429)] {
        assert_eq!(status(guess), expected, "{guess}");
    }
    assert_eq!(status(&api.admin), 200);
    // What was never right is not looked at from there, whatever it is; it may come again soon.
    let first = get(&api, "/v2/audit-logs", &api.service, "192.0.2.1");
    assert_eq!(fields(&first), "429 2/0/60 wait 30");
    api.clock.advance(31 * Micros::SECOND);
    let again = get(&api, "/v2/audit-logs", &api.service, "192.0.2.1");
    assert_eq!(again.status, 200);
    // A page that asks no token is no way to make one known.
    for guess in ["e", "f", "g"] {
        status(guess);
    }
    get(&api, "/health", "h", "192.0.2.1");
    get(&api, "/v2/nothing", "h", "192.0.2.1");
    assert_eq!(status("h"), 429);
}
