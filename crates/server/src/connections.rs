//! Taking connections, so that whoever opens many and says little keeps nobody else out: there are no more than the process
//! has file descriptors for, few from one address, and each has to say what it wants in time.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tower::ServiceExt as _;

/// What is asked of connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a client may take to send the head of a request, counted from the answer before it.
    head: Duration,
    /// How long a client may take to send the body.
    body: Duration,
    /// How many there may be at once.
    most: usize,
}

impl Limits {
    /// Those of a server on this machine.
    pub(crate) fn of_the_process() -> Self {
        Self {
            head: Duration::from_mins(1),
            body: Duration::from_mins(2),
            most: places(),
        }
    }
}

/// How long nothing is accepted after the system could not give another connection.
const PAUSE: Duration = Duration::from_millis(200);
/// The most connections, where the system would give more.
const MOST: usize = 8192;
/// How many file descriptors are left for the database, the guard and what else the server opens.
const OTHERS: usize = 128;

/// How many connections there may be at once: what the process may open, without what it needs itself.
fn places() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|one| one.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    let files = soft.unwrap_or(1024);
    files.saturating_sub(OTHERS).max(files / 2).clamp(16, MOST)
}

/// How many connections each address has.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection of an address, until it is dropped.
struct One(Addresses, IpAddr);

impl Addresses {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another connection of an address, unless it has as many as it may.
    fn another(&self, address: IpAddr, most: usize) -> Option<One> {
        let mut all = self.all();
        let count = all.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(One(self.clone(), address))
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let mut all = self.0.all();
        if let Some(count) = all.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.1);
            }
        }
    }
}

/// A body that has to be there in time.
struct Timely {
    body: Incoming,
    end: Pin<Box<Sleep>>,
}

impl HttpBody for Timely {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending() && self.end.as_mut().poll(context).is_ready() {
            let late = std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                "the body was not there in time",
            );
            return Poll::Ready(Some(Err(late.into())));
        }
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Takes connections until `stop` is there, then ends each once its request is answered. `is_proxy` says of an address that
/// many clients come from it.
pub(crate) async fn take(
    listener: TcpListener,
    router: Router,
    Limits { head, body, most }: Limits,
    is_proxy: impl Fn(IpAddr) -> bool,
    stop: impl Future<Output = ()>,
) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head);
    let connections = GracefulShutdown::new();
    let (places, addresses) = (Arc::new(Semaphore::new(most)), Addresses::default());
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let place = places.clone().acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
            () = &mut stop => break,
        };
        let (place, (stream, peer)) = match accepted {
            (place, Ok(accepted)) => (place, accepted),
            (_, Err(error)) => {
                // A client that has gone already is nothing to wait for.
                if !matches!(
                    error.kind(),
                    std::io::ErrorKind::ConnectionAborted
                        | std::io::ErrorKind::ConnectionReset
                        | std::io::ErrorKind::ConnectionRefused
                ) {
                    tracing::error!(%error, "no connection can be taken");
                    tokio::time::sleep(PAUSE).await;
                }
                continue;
            }
        };
        let address = peer.ip().to_canonical();
        let own = if address.is_loopback() || is_proxy(address) {
            most
        } else {
            most / 4
        };
        let Some(one) = addresses.another(address, own) else {
            continue;
        };
        // Answers are small, and nobody is to wait for the next piece of one.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let end = Box::pin(tokio::time::sleep(body));
            let mut request: Request = request.map(|body| Body::new(Timely { body, end }));
            request
                .extensions_mut()
                .insert(ConnectInfo::<SocketAddr>(peer));
            router.clone().oneshot(request)
        });
        let connection = server.serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // That a client goes in the middle, or is too slow, concerns nobody.
            let _ = connection.await;
            drop((place, one));
        });
    }
    drop(listener);
    connections.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_no_more() {
        let addresses = Addresses::default();
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let first = addresses.another(here, 2).expect("the first");
        let _second = addresses.another(here, 2).expect("the second");
        assert!(addresses.another(here, 2).is_none());
        assert!(addresses.another(there, 2).is_some(), "another's");
        drop(first);
        assert!(addresses.another(here, 2).is_some());
        assert_eq!(addresses.all().len(), 1, "nobody is kept who has none");
    }

    /// Serves with little patience, and gives where.
    async fn impatient(most: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/", axum::routing::post(async |body: Bytes| body));
        let limits = Limits {
            head: Duration::from_millis(300),
            body: Duration::from_millis(300),
            most,
        };
        tokio::spawn(take(
            listener,
            router,
            limits,
            |_| false,
            std::future::pending(),
        ));
        address
    }

    /// Sends this, and gives all that comes until the connection is closed.
    async fn said(address: SocketAddr, sent: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut socket = tokio::net::TcpStream::connect(address)
            .await
            .expect("connected");
        socket.write_all(sent.as_bytes()).await.expect("sent");
        let mut said = String::new();
        let all = socket.read_to_string(&mut said);
        let ended = tokio::time::timeout(Duration::from_secs(30), all).await;
        let _ = ended.expect("the connection is closed");
        said
    }

    #[tokio::test]
    async fn who_does_not_say_in_time_what_is_wanted_is_left() {
        let address = impatient(10).await;
        for sent in ["", "POST / HTTP/1.1\r\nHo"] {
            let said = said(address, sent).await;
            assert!(!said.contains("200"), "{said}");
        }
        let head = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 9\r\n\r\n";
        let late = said(address, &format!("{head}half")).await;
        assert!(!late.contains("200"), "{late}");
        let whole = said(address, &format!("{head}all of it")).await;
        assert!(
            whole.contains("200") && whole.ends_with("all of it"),
            "{whole}"
        );
        // One that is kept open and says nothing more is left as well.
        let kept = said(
            address,
            &head.replace("connection: close\r\n", "").replace('9', "0"),
        )
        .await;
        assert!(kept.contains("200"), "{kept}");
    }

    #[tokio::test]
    async fn connections_that_say_nothing_keep_nobody_out_for_long() {
        let address = impatient(2).await;
        let mut silent = Vec::new();
        for _ in 0..6 {
            silent.push(
                tokio::net::TcpStream::connect(address)
                    .await
                    .expect("connected"),
            );
        }
        let head = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n";
        let said = said(address, &format!("{head}hi")).await;
        assert!(said.contains("200"), "{said}");
    }

    #[test]
    fn some_files_are_left_for_the_server_itself() {
        assert!((16..=MOST).contains(&places()));
    }
}
