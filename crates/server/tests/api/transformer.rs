//! What a transformer asks for, and who else may not.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use server::app::{App, Config};
use server::auth::hosted::HostedSecret;

use crate::support::{Answer, Api};

const SECRET: &str = "a secret of the host";

/// The same instance, with other settings of its server.
fn with(mut api: Api, config: Config) -> Api {
    api.app = App::new(api.store.clone(), config);
    api.router = server::serve::router(&api.app);
    api
}

fn loopback() -> Config {
    Config {
        transformer_from: vec![
            "127.0.0.0/8".parse().expect("a network"),
            "::1/128".parse().expect("a network"),
        ],
        ..Config::default()
    }
}

/// Asks from an address, with headers.
fn ask(api: &Api, path: &str, from: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method("GET").uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).expect("a request");
    let from: SocketAddr = from.parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(from));
    api.send(request)
}

fn basic(user: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:")))
}

#[test]
fn a_transformer_gets_each_version_as_it_wants_it() {
    for api in [Api::sqlite(), Api::postgres()] {
        let api = with(api, loopback());
        let one = api.code(
            "transformations",
            "One",
            "import { shout } from \"utilsLibrary\";",
        );
        let library = api.code("libraries", "Utils Library", "export function shout() {}");
        let path = |noun: &str, version: &serde_json::Value| {
            let version = version["versionId"].as_str().expect("an id");
            format!("/{noun}/getByVersionId?versionId={version}")
        };
        let seen = ask(&api, &path("transformation", &one), "127.0.0.1:9", &[]);
        assert_eq!(
            seen.headers["cache-control"],
            "private, max-age=31536000, immutable"
        );
        let seen = seen.ok();
        assert_eq!(seen["codeVersion"], json!("1"), "a text, not a number");
        for same in ["id", "versionId", "name", "code", "language", "workspaceId"] {
            assert_eq!(seen[same], one[same], "{same}");
        }
        assert_eq!(seen["imports"], json!(["utilsLibrary"]));
        let python = json!({ "name": "Py", "language": "python", "code": "def f(): pass" });
        let python = api.post("/transformations", python).ok();
        let seen = ask(&api, &path("transformation", &python), "127.0.0.1:9", &[]);
        assert_eq!(seen.ok()["language"], "pythonfaas");
        let seen = ask(
            &api,
            &path("transformationLibrary", &library),
            "[::1]:9",
            &[],
        )
        .ok();
        assert_eq!(seen["code"], "export function shout() {}");
        assert_eq!(
            (&seen["name"], &seen["handleName"]),
            (&json!("Utils Library"), &json!("utilsLibrary"))
        );

        for nothing in [
            path("transformation", &library),
            path("transformationLibrary", &one),
            "/transformation/getByVersionId?versionId=0ujtsYcgvSTl8PAuAdqWYSMnLOv".to_owned(),
            "/transformation/getByVersionId?versionId=nothing".to_owned(),
        ] {
            let answer = ask(&api, &nothing, "127.0.0.1:9", &[]);
            assert_eq!(answer.problem(), "404 not_found: version not found");
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
        let missing = ask(&api, "/transformation/getByVersionId", "127.0.0.1:9", &[]);
        assert_eq!(missing.status, 400);

        api.delete(&format!("/transformations/{}", crate::support::id(&one)))
            .ok();
        let kept = ask(&api, &path("transformation", &one), "127.0.0.1:9", &[]).ok();
        assert_eq!(
            kept["code"], one["code"],
            "a version outlives its transformation"
        );
    }
}

#[test]
fn a_hosted_library_is_not_here_and_a_transformer_hears_so() {
    let api = with(Api::sqlite(), loopback());
    let path = "/rudderstackTransformationLibraries/urlParser?version=v1";
    assert_eq!(
        ask(&api, path, "127.0.0.1:9", &[]).problem(),
        "404 not_found: the library urlParser is hosted by RudderStack's own service; this server does not have it"
    );
    assert_eq!(ask(&api, path, "203.0.113.9:9", &[]).status, 401);
}

#[test]
fn only_who_shows_the_hosted_secret_or_is_near_gets_code() {
    let config = Config {
        hosted_secret: HostedSecret::new(SECRET),
        ..loopback()
    };
    let api = with(Api::sqlite(), config);
    let one = api.code("transformations", "One", "a");
    let version = one["versionId"].as_str().expect("an id");
    let path = format!("/transformation/getByVersionId?versionId={version}");
    let status = |from: &str, headers: &[(&str, &str)]| ask(&api, &path, from, headers).status;
    let right = basic(SECRET);
    let wrong = basic("another secret altogether");
    let token = format!("Bearer {}", api.admin);

    assert_eq!(status("127.0.0.1:9", &[]), 200);
    assert_eq!(status("[::ffff:127.0.0.1]:9", &[]), 200);
    assert_eq!(status("203.0.113.9:9", &[("authorization", &right)]), 200);
    assert_eq!(status("203.0.113.9:9", &[("authorization", &wrong)]), 401);
    assert_eq!(status("203.0.113.9:9", &[("authorization", &token)]), 401);
    let refused = ask(&api, &path, "203.0.113.9:9", &[]);
    assert_eq!(refused.problem(), "401 unauthorized: Unauthorized");
    assert_eq!(
        refused.headers["www-authenticate"],
        "Basic realm=\"annals\""
    );
    assert_eq!(
        ask(
            &api,
            "/transformation/getByVersionId?versionId=nothing",
            "203.0.113.9:9",
            &[]
        )
        .status,
        401,
        "nor does it hear whether there is such a version"
    );
    let unconfigured = with(Api::sqlite(), Config::default());
    let refused = ask(
        &unconfigured,
        &path,
        "127.0.0.1:9",
        &[("authorization", &right)],
    );
    assert_eq!(refused.status, 401, "no secret is not the empty secret");
}

#[test]
fn a_proxy_that_nobody_named_does_not_make_a_stranger_near() {
    let api = with(Api::sqlite(), loopback());
    let one = api.code("transformations", "One", "a");
    let version = one["versionId"].as_str().expect("an id");
    let path = format!("/transformation/getByVersionId?versionId={version}");
    for header in [
        ("x-forwarded-for", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "203.0.113.9"),
        ("via", "1.1 proxy"),
        ("cf-connecting-ip", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
    ] {
        assert_eq!(
            ask(&api, &path, "127.0.0.1:9", &[header]).status,
            401,
            "{header:?}"
        );
    }
    let trusting = Config {
        trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
        transformer_from: vec!["10.1.0.0/16".parse().expect("a network")],
        ..Config::default()
    };
    let api = with(api, trusting);
    let status = |from: &str| ask(&api, &path, "127.0.0.1:9", &[("x-forwarded-for", from)]).status;
    assert_eq!(status("10.1.2.3"), 200);
    assert_eq!(status("203.0.113.9"), 401);
}
