//! What every request has at hand.

use std::cell::RefCell;
use std::future::Future;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use ipnet::IpNet;
use model::id::LogId;
use store::{Action, Error, Recorded, Result, Rx, Store, Upkeep};

use crate::auth::hosted::HostedSecret;
use crate::auth::passkey::Passkeys;
use crate::auth::password::Hasher;
use crate::dataplane::live::Live;
use crate::dataplane::prepared::PreparedAnswers;
use crate::mail::Mailer;
use crate::rates::{Limiter, Rates};
use crate::request::{Caller, ProxyHeader};
use crate::sms::Texter;
use crate::transformer::Transformer;
use crate::web::once::Once;

/// The entries that a request has left: log and places.
pub type Entries = Vec<(LogId, Range<u64>)>;

tokio::task_local! {
    static RECORDED: RefCell<Entries>;
}

/// These entries were recorded on the way of the request that is being answered. Outside of a request nobody is told.
pub(crate) fn recorded(entries: &Entries) {
    let _ = RECORDED.try_with(|all| all.borrow_mut().extend(entries.iter().cloned()));
}

/// Answers a request, and gives with the answer what was recorded on the way.
pub async fn recording<T>(answer: impl Future<Output = T>) -> (T, Entries) {
    RECORDED
        .scope(RefCell::default(), async {
            let answer = answer.await;
            (answer, RECORDED.with(RefCell::take))
        })
        .await
}

/// How the server is reached.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The address that people and programs use, without a slash at its end.
    pub public_url: Option<String>,
    /// The address that the server listens at, such as `http://127.0.0.1:8080`: where links lead without a public one.
    pub listen: Option<String>,
    /// Proxies whose word about the client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// The header that they write; nothing: either, where the two do not say different things.
    pub proxy_header: Option<ProxyHeader>,
    /// How many requests are answered.
    pub rates: Rates,
    /// Networks that `/metrics` is open to, besides this machine itself.
    pub metrics_from: Vec<IpNet>,
    /// The folder of the guard; without one this process signs no log.
    pub guard: Option<PathBuf>,
    /// What transformers, and data planes of many workspaces, show to be let in.
    pub hosted_secret: Option<HostedSecret>,
    /// Where transformers ask for code from without showing it.
    pub transformer_from: Vec<IpNet>,
}

impl Config {
    /// Whether browsers come over TLS, so that cookies may be marked for it.
    pub fn is_secure(&self) -> bool {
        self.public_url
            .as_deref()
            .is_some_and(|url| url.starts_with("https://"))
    }
}

/// The server's parts.
#[derive(Clone)]
pub struct App {
    /// The memory.
    pub store: Arc<Store>,
    /// How it is reached.
    pub config: Arc<Config>,
    /// Where passwords are hashed: on few threads, so that sign-ins do not starve the writers.
    pub hasher: Hasher,
    /// Counts requests.
    pub limiter: Arc<Limiter>,
    /// What data planes are answered.
    pub prepared: Arc<PreparedAnswers>,
    /// What data planes tell of single events while somebody looks.
    pub live: Arc<Live>,
    /// The mail server, where there is one.
    pub mailer: Option<Mailer>,
    /// Who sends text messages, if anyone.
    pub texter: Option<Texter>,
    /// Where passkeys are good; nothing where browsers have none.
    pub passkeys: Option<Arc<Passkeys>>,
    /// Numbers of forms that made something which is shown once.
    pub(crate) once: Arc<Once>,
    /// What runs the code of transformations, where there is one.
    pub transformer: Option<Transformer>,
}

impl App {
    /// A server over a store.
    pub fn new(store: Arc<Store>, config: Config) -> Self {
        let limiter = Limiter::new(config.rates, store.clock(), store.entropy());
        Self {
            store,
            passkeys: Passkeys::of(&config).map(Arc::new),
            config: Arc::new(config),
            hasher: Hasher::default(),
            limiter: Arc::new(limiter),
            prepared: Arc::default(),
            live: Arc::default(),
            once: Arc::default(),
            mailer: None,
            texter: None,
            transformer: None,
        }
    }

    /// The same, with a mail server; whether there is one is kept, so that the command line's changes are told by letter, too.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn with_mailer(self, mailer: Option<Mailer>) -> store::Result<Self> {
        let sends = Upkeep::SendsMail(mailer.is_some());
        self.store.upkeep(sends).await?;
        Ok(Self { mailer, ..self })
    }

    /// The same, with someone who sends text messages.
    #[must_use]
    pub fn with_texter(self, texter: Option<Texter>) -> Self {
        Self { texter, ..self }
    }

    /// The same, with a transformer.
    #[must_use]
    pub fn with_transformer(self, transformer: Option<Transformer>) -> Self {
        Self {
            transformer,
            ..self
        }
    }

    /// The address that links begin with: the public one or, where none is set, the host that whoever asks has used. A
    /// letter never has a link of the second kind: with a mail server the public address must be set.
    pub fn base(&self, headers: Option<&HeaderMap>) -> String {
        let host = || {
            let host = headers?.get(header::HOST)?.to_str().ok()?;
            Some(format!("http://{host}"))
        };
        let public = self.config.public_url.clone();
        public
            .or_else(host)
            .or_else(|| self.config.listen.clone())
            .unwrap_or_default()
    }

    /// Reads one state of the data, on a thread that may block.
    pub async fn read<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Rx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.read(what))
            .await
            .unwrap_or_else(|_| Err(Error::Internal("a read panicked".to_owned())))
    }

    /// Does an action for whoever asks.
    pub async fn perform<A: Action>(
        &self,
        caller: &Caller,
        action: A,
    ) -> Result<Recorded<A::Output>> {
        let done = self
            .store
            .perform(caller.actor, caller.origin.clone(), action)
            .await?;
        recorded(&done.entries);
        Ok(done)
    }

    /// Does bookkeeping without waiting for it.
    pub fn note(&self, upkeep: Upkeep) {
        // Dropping the handle does not stop it; a last use that is not kept is no loss.
        drop(self.store.upkeep(upkeep));
    }
}
