//! `annals serve`.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use ipnet::IpNet;
use model::clock::Micros;
use server::app::{App, Config};
use server::auth::hosted::HostedSecret;
use server::auth::secret;
use server::mail::Mailer;
use server::rates::Rates;
use server::request::ProxyHeader;
use server::sms::{Settings, Texter};
use server::transformer::{self, Transformer};
use store::{SetUpLink, Store, Upkeep};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use crate::place::{Place, guard, runtime};

/// How long the link to set an instance up by is good, in microseconds: a day. A restart prints a new one.
const LINK: i64 = Micros::DAY;

/// Run the server.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    guard: guard::Folder,
    /// Address to listen at; port 0 takes a free one
    #[arg(
        long,
        env = "ANNALS_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:8080",
        value_parser = address
    )]
    listen: SocketAddr,
    /// Address that people and programs use, such as https://annals.example.com
    #[arg(long, env = "ANNALS_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Proxy whose word about the client's address is taken; may be given more than once
    #[arg(
        long = "trusted-proxy",
        env = "ANNALS_TRUSTED_PROXY",
        value_name = "CIDR",
        value_parser = network,
        value_delimiter = ','
    )]
    trusted_proxies: Vec<IpNet>,
    /// Header that trusted proxies write the client's address in [default: either of them, where a request has not both,
    /// saying different things]
    #[arg(long = "proxy-header", env = "ANNALS_PROXY_HEADER", value_name = "NAME", value_parser = proxy_header)]
    proxy_header: Option<ProxyHeader>,
    /// Requests answered in a minute: token=N, address=N, wrong-tokens=N, with commas, or off
    /// [default: token=30000,address=60000,wrong-tokens=120]
    #[arg(long = "rate-limit", env = "ANNALS_RATE_LIMIT", value_name = "LIMITS")]
    rates: Option<Rates>,
    /// Secret that transformers, and data planes of many workspaces, show (a transformer: `CONFIG_BACKEND_HOSTED_SECRET`)
    #[arg(
        long,
        env = "ANNALS_HOSTED_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    hosted_secret: Option<String>,
    /// Network that transformers ask for code from without a secret; may be given more than once
    #[arg(
        long = "transformer-from",
        env = "ANNALS_TRANSFORMER_FROM",
        value_name = "CIDR",
        value_parser = network,
        value_delimiter = ',',
        default_values = ["127.0.0.0/8", "::1/128"]
    )]
    transformer_from: Vec<IpNet>,
    /// Transformer that runs code before it is published, such as http://transformer:9090
    #[arg(long, env = "ANNALS_TRANSFORMER_URL", value_name = "URL")]
    transformer_url: Option<String>,
    /// Network that /metrics is open to, besides this machine itself; may be given more than once
    #[arg(
        long = "metrics-from",
        env = "ANNALS_METRICS_FROM",
        value_name = "CIDR",
        value_parser = network,
        value_delimiter = ','
    )]
    metrics_from: Vec<IpNet>,
    /// Mail server: smtp://user:password@mail.example.com:587 (STARTTLS), smtps://... or smtp+plain://...
    #[arg(
        long = "smtp",
        env = "ANNALS_SMTP",
        value_name = "URL",
        hide_env_values = true,
        requires = "mail_from"
    )]
    smtp: Option<String>,
    /// Who letters are from, such as "Annals <annals@example.com>"
    #[arg(long, env = "ANNALS_MAIL_FROM", value_name = "SENDER")]
    mail_from: Option<String>,
    /// A certificate (PEM) that is trusted for the mail server as well
    #[arg(long, env = "ANNALS_SMTP_CA", value_name = "FILE")]
    smtp_ca: Option<PathBuf>,
    /// Do not change the schema: for a server whose database role does not own the tables
    #[arg(long, env = "ANNALS_NO_MIGRATE", action = clap::ArgAction::SetTrue, value_parser = clap::builder::FalseyValueParser::new())]
    no_migrate: bool,
    /// What is logged to standard error: error, warn, info, debug, or a filter such as info,store=debug
    #[arg(long, env = "ANNALS_LOG", value_name = "FILTER", default_value = "info", value_parser = filter)]
    log: String,
    /// How it is logged: as text for people, with colours on a terminal, or as a JSON object on each line
    #[arg(long, env = "ANNALS_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
    // Last: its heading stands above all that follows.
    #[command(flatten)]
    sms: Sms,
}

/// How lines of the server's own log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    // For people; with colours on a terminal.
    Text,
    // An object on each line.
    Json,
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<std::net::IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_| one());
    network.map_err(|_| "a network such as 10.0.0.0/8, or one address, is wanted".to_owned())
}

/// The header that proxies write.
fn proxy_header(name: &str) -> Result<ProxyHeader, String> {
    match name.to_ascii_lowercase().as_str() {
        "forwarded" => Ok(ProxyHeader::Forwarded),
        "x-forwarded-for" => Ok(ProxyHeader::XForwardedFor),
        _ => Err("Forwarded or X-Forwarded-For is wanted".to_owned()),
    }
}

/// Where to listen: an address, or a name that this machine has.
fn address(text: &str) -> Result<SocketAddr, String> {
    use std::net::ToSocketAddrs as _;
    let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.filter(|_| !text.starts_with(':')).ok_or_else(|| {
        "an address and a port are wanted, such as 127.0.0.1:8080, or 0.0.0.0:8080 for all of this machine's".to_owned()
    })
}

/// What is logged.
fn filter(text: &str) -> Result<String, String> {
    let filter = tracing_subscriber::EnvFilter::builder().parse(text);
    filter
        .map(|_| text.to_owned())
        .map_err(|error| format!("{error}; such as info, or info,store=debug"))
}

/// Begins to log.
fn log(filter: &str, format: LogFormat) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Who sends text messages: Twilio, or a gateway that takes an HTTP request.
#[derive(Debug, Args)]
#[command(next_help_heading = "Text messages")]
struct Sms {
    /// Twilio's account, such as AC0123...
    #[arg(
        long = "sms-twilio",
        env = "ANNALS_SMS_TWILIO",
        value_name = "ACCOUNT",
        requires = "twilio_token",
        requires = "from"
    )]
    twilio: Option<String>,
    /// The token of Twilio's account: better in the environment, where others do not see it
    #[arg(
        long = "sms-twilio-token",
        env = "ANNALS_SMS_TWILIO_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    twilio_token: Option<String>,
    /// Who messages are from: a number, a name, or a messaging service of Twilio
    #[arg(long = "sms-from", env = "ANNALS_SMS_FROM", value_name = "SENDER")]
    from: Option<String>,
    /// A gateway such as https://sms.example.com/send; with {to}, {from} and {text} in it where it wants them there
    #[arg(
        long = "sms-url",
        env = "ANNALS_SMS_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    url: Option<String>,
    /// The JSON that the gateway gets [default: {"to":"{to}","from":"{from}","text":"{text}"}]
    #[arg(
        long = "sms-body",
        env = "ANNALS_SMS_BODY",
        value_name = "JSON",
        hide_env_values = true
    )]
    body: Option<String>,
    /// A header with the gateway's key, such as "Authorization: Bearer ..."
    #[arg(
        long = "sms-header",
        env = "ANNALS_SMS_HEADER",
        value_name = "HEADER",
        hide_env_values = true
    )]
    header: Option<String>,
    /// A certificate (PEM) that is trusted for the gateway as well
    #[arg(long = "sms-ca", env = "ANNALS_SMS_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Sms {
    fn texter(self) -> Result<Option<Texter>> {
        let secret = |text: Option<String>| text.map(Zeroizing::new);
        let settings = Settings {
            twilio: self.twilio.zip(secret(self.twilio_token)),
            url: self.url,
            body: self.body,
            header: secret(self.header),
            from: self.from,
        };
        Ok(Texter::new(&settings, self.ca.as_deref())?)
    }
}

/// A public address without its trailing slash; refused unless it is one of a web server.
fn public_url(url: Option<String>) -> Result<Option<String>> {
    let Some(url) = url else { return Ok(None) };
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or_default();
    let host = host.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
        bail!("--public-url must be like https://annals.example.com, without a path");
    }
    Ok(Some(url.trim_end_matches('/').to_owned()))
}

pub(crate) fn run(command: Serve) -> Result<()> {
    log(&command.log, command.log_format);
    let public_url = public_url(command.public_url)?;
    let hosted_secret = match &command.hosted_secret {
        Some(secret) => Some(
            HostedSecret::new(secret)
                .context("--hosted-secret must have at least 16 characters, and no colon")?,
        ),
        None => None,
    };
    let transformer = match &command.transformer_url {
        Some(url) => Some(
            Transformer::new(url, transformer::PATIENCE)
                .context("--transformer-url cannot be taken")?,
        ),
        None => None,
    };
    let runtime = runtime()?;
    let guard = command.guard.open(&command.place)?;
    let store = Arc::new(command.place.make(!command.no_migrate)?);
    let metrics = server::serve::install_metrics().map_err(anyhow::Error::msg)?;
    let mailer = match (&command.smtp, &command.mail_from) {
        (Some(_), _) if public_url.is_none() => {
            bail!("--smtp needs --public-url: links in letters must lead somewhere")
        }
        (Some(server), Some(from)) => Some(Mailer::new(server, from, command.smtp_ca.as_deref())?),
        _ => None,
    };
    let texter = command.sms.texter()?;
    let listener = std::net::TcpListener::bind(command.listen)
        .with_context(|| format!("cannot listen at {}", command.listen))?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    let address = format!("http://{bound}");
    let config = Config {
        public_url: public_url.clone(),
        listen: Some(address.clone()),
        trusted_proxies: command.trusted_proxies,
        proxy_header: command.proxy_header,
        rates: command.rates.unwrap_or_default(),
        metrics_from: command.metrics_from,
        guard: Some(guard.folder().to_owned()),
        hosted_secret,
        transformer_from: command.transformer_from,
    };
    // What a restored backup does not know is erased before anyone can read it.
    server::privacy::again(&store, &guard)?;
    let app = App::new(store.clone(), config)
        .with_texter(texter)
        .with_transformer(transformer);

    let result = runtime.block_on(async {
        let app = app.with_mailer(mailer).await?;
        let listener = TcpListener::from_std(listener)?;
        let mut out = std::io::stdout();
        writeln!(out, "listening on {address}")?;
        if let Some(link) =
            set_up_link(&store, public_url.as_deref().unwrap_or(&near(bound))).await?
        {
            writeln!(out, "set up: {link}")?;
            writeln!(
                out,
                "        The link works once, for a day. Keep a copy of the key file {}.",
                store.key_file().display()
            )?;
        }
        out.flush()?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let stop = async move {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            tracing::info!("stopping: requests that are under way are finished");
        };
        let router = server::serve::router(&app);
        let router = server::serve::with_metrics(router, &app, metrics);
        server::serve::serve(listener, router, app, stop).await;
        Ok(())
    });
    // The store is closed last: what waits to be written is still written.
    drop(store);
    result
}

/// How this machine reaches the server: an address that stands for all that it has leads nowhere.
fn near(bound: SocketAddr) -> String {
    let mut near = bound;
    match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => near.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => near.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{near}")
}

/// A new one-time link, unless the instance is set up.
async fn set_up_link(store: &Arc<Store>, base: &str) -> Result<Option<String>> {
    let token = secret::new(secret::Kind::SetUp, store.entropy());
    let link = SetUpLink {
        hash: secret::hash(&token),
        expires_at: store.clock().now().plus(LINK),
    };
    let offered = store.upkeep(Upkeep::OfferSetUp(link)).await?;
    Ok((offered == 1).then(|| format!("{base}/setup?token={}", token.as_str())))
}
