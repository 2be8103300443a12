//! The server: its routes, what is around all of them, and how it starts and stops.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use model::actor::{Actor, Origin, System};
use model::id::RequestId;
use model::interface::Interface;
use serde_json::json;
use store::{Action, Error, Failure, Guard, Publisher, Upkeep, Way};
use tokio::net::TcpListener;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use crate::actions::invitation::expire::ExpireInvitation;
use crate::actions::token::expire::ExpireToken;
use crate::api;
use crate::app::{App, Config, Entries, recording};
use crate::connections;
use crate::dataplane::live;
use crate::outbox;
use crate::privacy;
use crate::problem::Problem;
use crate::rates;
use crate::request::{BODY_LIMIT, Caller, client_address};
use crate::web;

/// How long requests that are under way may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long a round of the publisher may take until it is told where people look: a second is promised.
const SLOW: Duration = Duration::from_secs(5);
/// How long the publisher waits after a panic, which may come again.
const AFTER_A_PANIC: Duration = Duration::from_secs(5);

/// What the server answered to [`ask`].
#[derive(Clone, Debug)]
pub struct Asked {
    /// The status.
    pub status: u16,
    /// The length of the body, in bytes.
    pub length: usize,
    /// The tag of what was answered, where it has one.
    pub etag: Option<String>,
}

/// Asks the server for something, without a socket: for measuring. The body is read to its end.
pub async fn ask(router: &Router, path: &str, headers: &[(&str, &str)]) -> Asked {
    let mut request = axum::http::Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let Ok(request) = request.body(axum::body::Body::empty()) else {
        return Asked {
            status: 400,
            length: 0,
            etag: None,
        };
    };
    let Ok(answer) = router.clone().oneshot(request).await;
    let status = answer.status().as_u16();
    let etag = answer.headers().get(axum::http::header::ETAG);
    let etag = etag.and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
    Asked {
        status,
        length: body.map_or(0, |body| body.len()),
        etag,
    }
}

/// All routes of the server.
///
/// The API and the dashboard are routers of their own. The API comes first; what is no address of it goes on to the
/// dashboard, and so does a browser that asks, without a token, for an address that both have.
pub fn router(app: &App) -> Router {
    let (api, _) = api::routes().split_for_parts();
    let limited = |router: Router<App>, words| {
        router.layer(from_fn_with_state((app.clone(), words), rates::around))
    };
    let common = |router: Router<App>| {
        router
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(from_fn_with_state(app.clone(), around))
            .layer(CatchPanicLayer::custom(|_| {
                Problem::from(store::Error::Internal("a request panicked".to_owned()))
                    .into_response()
            }))
            .with_state(app.clone())
    };
    let doors = Doors {
        pages: common(web::routes(app)),
        nowhere: common(limited(
            Router::new().fallback(api::nowhere),
            rates::problem,
        )),
    };
    let elsewhere = doors.clone();
    let api = Router::new()
        .route("/health", get(health))
        .merge(api)
        .method_not_allowed_fallback(api::no_method);
    let api = common(limited(api, rates::problem))
        .fallback(move |request: Request| elsewhere.clone().elsewhere(request));
    // Before any routing: a router keeps what it has read of a path, and the next one would read it again.
    Router::new().fallback(move |request: Request| {
        let door = if web::is_for_page(&request) {
            doors.pages.clone()
        } else {
            api.clone()
        };
        call(door, request)
    })
}

/// Where a request goes that is not for the API.
#[derive(Clone)]
struct Doors {
    pages: Router,
    nowhere: Router,
}

impl Doors {
    /// What is no address of the API: a page, unless a program asks.
    async fn elsewhere(self, request: Request) -> Response {
        let is_program = request.headers().contains_key(header::AUTHORIZATION)
            || request.uri().path().starts_with("/v2/");
        let door = if is_program { self.nowhere } else { self.pages };
        call(door, request).await
    }
}

async fn call(door: Router, request: Request) -> Response {
    match door.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What is around every request: its number, its metrics, and headers that keep browsers from guessing.
async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::new(app.store.clock(), app.store.entropy());
    request.extensions_mut().insert(id);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let start = std::time::Instant::now();
    let (mut response, entries) = recording(next.run(request)).await;
    let status = response.status();
    let labels = [
        ("method", method.to_string()),
        ("route", route.clone()),
        ("status", status.as_str().to_owned()),
    ];
    metrics::counter!("annals_http_requests_total", &labels).increment(1);
    metrics::histogram!("annals_http_request_seconds", "method" => method.to_string(), "route" => route.clone())
        .record(start.elapsed().as_secs_f64());
    tracing::debug!(%method, route, status = status.as_u16(), request = %id, "answered");
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    if let Some(value) = sequence(&entries) {
        headers.insert(HeaderName::from_static("annals-sequence"), value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Where a change is recorded, for whoever keeps receipts: `<log id>=<first>-<last>[, ...]`.
fn sequence(entries: &Entries) -> Option<HeaderValue> {
    let ranges = entries.iter().filter(|(_, range)| !range.is_empty());
    let parts: Vec<String> = ranges
        .map(|(log, range)| format!("{log}={}-{}", range.start, range.end - 1))
        .collect();
    (!parts.is_empty()).then(|| HeaderValue::from_str(&parts.join(", ")).ok())?
}

/// Whether the server can read and write its database, and signs its logs.
async fn health(State(app): State<App>) -> Response {
    // Who cannot be asked is said not to be well; what this process knows by itself is said all the same.
    let instance = app.read(|rx| rx.instance()).await.ok();
    let refused = app.store.refused();
    let logs: Vec<_> = refused
        .iter()
        .map(|(log, refusal)| json!({ "log": log.as_str(), "code": refusal.code(), "message": refusal.to_string() }))
        .collect();
    let failing = app.store.failing();
    let unwritable = app.store.unwritable();
    let is_signing = logs.is_empty() && failing.is_none();
    let publisher = match (&app.config.guard, &failing) {
        (None, _) => "off",
        (Some(_), Some(_)) => "failing",
        (Some(_), None) if is_signing => "signing",
        (Some(_), None) => "refused",
    };
    let mut publisher = json!({ "status": publisher, "refused": logs });
    let told = |failure: Failure| json!({ "since": failure.since.timestamp().to_string(), "message": failure.why });
    if let Some(failing) = failing {
        publisher["failing"] = told(failing);
    }
    let mut changes = json!({ "status": if unwritable.is_none() { "written" } else { "failing" } });
    let is_well = is_signing && unwritable.is_none() && instance.is_some();
    if let Some(unwritable) = unwritable {
        changes["failing"] = told(unwritable);
    }
    let status = match instance {
        Some(_) => StatusCode::OK,
        None => StatusCode::SERVICE_UNAVAILABLE,
    };
    let told = json!({
        "status": if is_well { "ok" } else { "degraded" },
        "setUp": instance.map(|instance| instance.name.is_some()),
        "version": env!("CARGO_PKG_VERSION"),
        "changes": changes,
        "publisher": publisher,
    });
    (status, Json(told)).into_response()
}

/// Begins to count; the handle gives what was counted. Once in a process.
///
/// # Errors
/// When another recorder was installed before.
pub fn install_metrics() -> Result<PrometheusHandle, String> {
    PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| error.to_string())
}

/// Adds `/metrics`, for this machine itself and for the networks that were named: the numbers tell what an instance is
/// used for, and who asks for them has no token.
pub fn with_metrics(router: Router, app: &App, handle: PrometheusHandle) -> Router {
    let app = app.clone();
    let answer = move |request: Request| {
        let socket = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let socket = socket.map(|info| info.0.ip());
        std::future::ready(if may_see_metrics(request.headers(), socket, &app.config) {
            gauge(&app);
            handle.render().into_response()
        } else {
            let message = "The metrics are open to the server's own machine, and to the networks of --metrics-from.";
            Problem::new(StatusCode::FORBIDDEN, "metrics_closed", message).into_response()
        })
    };
    router.route("/metrics", get(answer))
}

/// What is so at this moment: whether changes are written, and whether all logs are signed.
fn gauge(app: &App) {
    let is_signing = app.store.refused().is_empty() && app.store.failing().is_none();
    let one_if = |is: bool| if is { 1.0 } else { 0.0 };
    metrics::gauge!("annals_changes_written").set(one_if(app.store.unwritable().is_none()));
    if app.config.guard.is_some() {
        metrics::gauge!("annals_logs_signed").set(one_if(is_signing));
    }
}

/// Whether whoever asks is at this machine, or in one of the networks. A proxy that is not trusted, but says that it speaks
/// for someone else, may well run on this machine.
fn may_see_metrics(headers: &HeaderMap, socket: Option<IpAddr>, config: &Config) -> bool {
    let Some(address) = client_address(headers, socket, config) else {
        return false;
    };
    let is_forwarded = ["forwarded", "x-forwarded-for"]
        .iter()
        .any(|name| headers.contains_key(*name));
    let is_itself = Some(address) == socket.map(|socket| socket.to_canonical());
    if is_forwarded && is_itself {
        return false;
    }
    address.is_loopback() || config.metrics_from.iter().any(|net| net.contains(&address))
}

/// Serves until `stop` is there, then finishes what is under way.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let (finish, finished) = tokio::sync::watch::channel(false);
    let publisher = tokio::spawn(publish(app.clone(), finished));
    let letters = [Way::Mail, Way::Sms].map(|way| tokio::spawn(letters(app.clone(), way)));
    let config = app.config.clone();
    let jobs = tokio::spawn(jobs(app, stopped.clone()));
    let is_proxy = move |address: IpAddr| {
        config
            .trusted_proxies
            .iter()
            .any(|net| net.contains(&address))
    };
    let limits = connections::Limits::of_the_process();
    let server = connections::take(listener, router, limits, is_proxy, async move {
        stop.await;
        let _ = stopping.send(true);
    });
    let mut server = std::pin::pin!(server);
    tokio::select! {
        () = &mut server => {}
        () = async { let _ = stopped.wait_for(|stop| *stop).await; tokio::time::sleep(GRACE).await } => {}
    }
    jobs.abort();
    for one in &letters {
        one.abort();
    }
    // What the last requests recorded is still signed.
    let _ = finish.send(true);
    if publisher.await.is_err() {
        tracing::error!("the publisher panicked");
    }
}

/// Signs what is new, four times a second, and once more at the end.
async fn publish(app: App, mut finished: tokio::sync::watch::Receiver<bool>) {
    let Some(folder) = app.config.guard.clone() else {
        return;
    };
    let begin = || Publisher::new(app.store.clone(), Guard::new(folder.clone()));
    let mut publisher = begin();
    let mut often = tokio::time::interval(Duration::from_millis(250));
    let mut is_last = false;
    while !is_last {
        tokio::select! {
            _ = often.tick() => {}
            _ = finished.wait_for(|finished| *finished) => is_last = true,
        }
        let mut round = tokio::task::spawn_blocking(move || {
            // An error is told where people look, by the round itself.
            let _ = publisher.round();
            publisher
        });
        let ended = loop {
            tokio::select! {
                ended = &mut round => break ended,
                () = tokio::time::sleep(SLOW) => app.store.signing_hangs(),
            }
        };
        publisher = ended.unwrap_or_else(|_| {
            app.store.signing_panicked();
            often.reset_after(AFTER_A_PANIC);
            begin()
        });
    }
}

/// Brings the guard's list of erasures and the database together, and removes what is erased.
async fn erasures(app: &App) {
    let (store, guard) = (app.store.clone(), app.config.guard.clone());
    let work = tokio::task::spawn_blocking(move || {
        if let Some(folder) = guard {
            privacy::again(&store, &Guard::new(folder))?;
        }
        privacy::remove(&store)
    });
    match work.await {
        // Where it is busy, another process writes the files anew.
        Ok(Ok(_) | Err(Error::Busy)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "erasing will be tried again"),
        Err(_) => tracing::error!("erasing panicked"),
    }
}

/// Sends what is in the outbox in one way, once a second.
async fn letters(app: App, way: Way) {
    let mut often = tokio::time::interval(Duration::from_secs(1));
    often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        often.tick().await;
        if let Err(error) = outbox::deliver(&app, way).await {
            tracing::warn!(%error, ?way, "messages will be sent later");
        }
    }
}

/// How many invitations and tokens end in one go.
const ENDING: i64 = 100;

/// Ends what has reached its time: invitations that nobody accepted, and tokens.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn expire(app: &App) -> store::Result<()> {
    let (invitations, tokens) = app
        .read(|rx| Ok((rx.expired_invitations(ENDING)?, rx.expired_tokens(ENDING)?)))
        .await?;
    for (id, organization) in invitations {
        ended(app, ExpireInvitation { organization, id }).await?;
    }
    for token in tokens {
        let (organization, id) = (token.organization, token.id);
        ended(app, ExpireToken { organization, id }).await?;
    }
    Ok(())
}

/// Ends one thing. That a rule stands in the way of one keeps none of the others.
async fn ended<A: Action<Output = ()>>(app: &App, action: A) -> store::Result<()> {
    let caller = Caller {
        actor: Actor::System(System::Server),
        origin: Origin::local(
            RequestId::new(app.store.clock(), app.store.entropy()),
            Interface::System,
        ),
    };
    match app.perform(&caller, action).await {
        Ok(_) | Err(Error::NotFound(_)) => Ok(()),
        Err(error @ (Error::Failed { .. } | Error::Invalid { .. })) => {
            tracing::warn!(%error, "something that has reached its time does not end");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Does all that there is of some bookkeeping. What is in the way is said once, and not at each try.
async fn catch_up(app: &App, upkeep: &Upkeep, said: &mut Option<String>) {
    loop {
        match app.store.upkeep(upkeep.clone()).await {
            Ok(1..) => {}
            Ok(0) => {
                *said = None;
                return;
            }
            Err(error) => {
                let error = error.to_string();
                if said.as_ref() != Some(&error) {
                    tracing::error!(error, ?upkeep, "bookkeeping falls behind");
                    *said = Some(error);
                }
                return;
            }
        }
    }
}

/// What the server does by itself: the index, tiles of hashes, open series of refusals, sessions that have ended.
async fn jobs(app: App, mut stopped: tokio::sync::watch::Receiver<bool>) {
    let mut quick = tokio::time::interval(Duration::from_millis(200));
    let mut middle = tokio::time::interval(Duration::from_secs(1));
    let mut slow = tokio::time::interval(Duration::from_secs(15));
    let mut catching_up = [Upkeep::Index, Upkeep::KeepTiles].map(|upkeep| (upkeep, None));
    loop {
        tokio::select! {
            _ = quick.tick() => {
                for (upkeep, said) in &mut catching_up {
                    catch_up(&app, upkeep, said).await;
                }
            }
            _ = middle.tick() => {
                // Who was told that nothing can be written hears when something can, whether there is a change or not.
                if app.store.unwritable().is_some() {
                    let _ = app.store.upkeep(Upkeep::Rehearse).await;
                }
            }
            _ = slow.tick() => {
                app.limiter.tidy();
                erasures(&app).await;
                if let Err(error) = expire(&app).await {
                    tracing::warn!(%error, "what has reached its time ends later");
                }
                // What nobody looks at any more ends first, so that nothing of it is kept.
                for upkeep in [Upkeep::CloseRefusals, Upkeep::Expire] {
                    if let Err(error) = app.store.upkeep(upkeep.clone()).await {
                        tracing::warn!(%error, ?upkeep, "bookkeeping will be tried again");
                    }
                }
                if let Err(error) = live::tidy(&app).await {
                    tracing::warn!(%error, "live events will be forgotten later");
                }
            }
            _ = stopped.changed() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sees(socket: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let net = |text: &str| text.parse().expect("a network");
        let config = Config {
            trusted_proxies: vec![net("10.0.0.0/8"), net("127.0.0.2/32")],
            metrics_from: vec![net("192.0.2.0/24")],
            ..Config::default()
        };
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        may_see_metrics(&headers, socket.parse().ok(), &config)
    }

    #[test]
    fn metrics_are_for_this_machine_and_the_networks_that_were_named() {
        for (socket, may) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.7", true),
            ("192.0.3.7", false),
            ("10.0.0.1", false),
            ("2001:db8::1", false),
            ("no address", false),
        ] {
            assert_eq!(sees(socket, &[]), may, "{socket}");
        }
    }

    #[test]
    fn metrics_are_not_opened_by_a_proxy_on_the_same_machine() {
        // One that is not trusted, whatever it says.
        for name in ["forwarded", "x-forwarded-for"] {
            assert!(!sees("127.0.0.1", &[(name, "203.0.113.9")]));
            assert!(!sees("127.0.0.1", &[(name, "for=127.0.0.1")]));
            assert!(!sees("192.0.2.7", &[(name, "127.0.0.1")]));
        }
        // One that is trusted says who asks.
        let from = |address| [("x-forwarded-for", address)];
        assert!(!sees("127.0.0.2", &from("203.0.113.9")));
        assert!(sees("127.0.0.2", &from("192.0.2.9")));
        assert!(sees("10.0.0.1", &from("192.0.2.9")));
        assert!(!sees("10.0.0.1", &from("unknown")));
    }
}
