//! `annals bench poll`: what data planes cost that ask for their workspace's configuration again and again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use model::id::DestinationId;
use serde_json::json;
use server::actions::destination::update::UpdateDestination;
use server::app::{App, Config};
use server::auth::secret;
use server::serve::ask;

use super::figures::{Latency, Limit, Target, rounded};
use super::instance::{Instance, Team, origin};
use super::process::{processor, start};
use super::read::fill;

/// What rudder-server asks.
const PATH: &str = "/workspaceConfig?fetchAll=true";

/// How often rudder-server asks (`BackendConfig.pollInterval`).
const INTERVAL: Duration = Duration::from_secs(5);

/// Ask for a workspace's configuration as data planes do; say how long an answer takes, unchanged and changed, and what many
/// data planes cost.
///
/// Works in a throw-away instance on the embedded database, which is gone afterwards. Single polls go through the whole server but
/// for the socket. The data planes have a connection each to a server that is a process of its own; its time of the processor is read
/// from Linux's `/proc`.
#[derive(Debug, Args)]
pub(crate) struct Poll {
    /// Folder to work below [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How many sources, destinations and connections the workspace has
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    things: u32,
    /// How often each kind of poll is made
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..))]
    polls: u32,
    /// How many data planes ask every five seconds
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1000))]
    planes: u32,
    /// How long they do
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(5..))]
    seconds: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: &Poll) -> Result<()> {
    let instance = Instance::create(None, command.dir.as_deref())?;
    eprintln!("making {} of each", command.things);
    let personal = secret::new(secret::Kind::Personal, instance.store.entropy());
    let teams = instance.fill_for(1, command.things as usize, &personal)?;
    let (_, destination, _) = fill(&instance, &teams[0], command.things)?;
    while instance.store.upkeep(store::Upkeep::Index).wait()? > 0 {}
    let token = format!("{}:", *teams[0].workspace_token);
    let token = format!("Basic {}", BASE64_STANDARD.encode(token));

    let single = Single::measure(&instance, &teams[0], destination, &token, command.polls)?;
    let Instance { store, folder, .. } = instance;
    drop(store);
    let (server, address) = start(folder.path())?;
    let mut planes = Vec::new();
    for _ in 0..command.planes {
        planes.push(Plane::new(&address, &token)?);
    }
    // All have asked once: what is measured is what goes on for days.
    let before = processor(server.id())?;
    let began = Instant::now();
    let pause = INTERVAL / command.planes;
    let asks = command.seconds * command.planes / 5;
    for number in 0..asks {
        let at = began + pause * number;
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        planes[(number % command.planes) as usize].poll()?;
    }
    let took = began.elapsed().as_secs_f64();
    let share = (processor(server.id())? - before) / took * 100.0;

    let targets = [
        Target {
            what: "an unchanged poll, sent in full, ms, median",
            key: "unchangedMillis",
            figure: single.unchanged.p50 / 1e3,
            limit: Limit::AtMost(1.0),
        },
        Target {
            what: "an unchanged poll with If-None-Match, ms, median",
            key: "notModifiedMillis",
            figure: single.matched.p50 / 1e3,
            limit: Limit::AtMost(1.0),
        },
        Target {
            what: "the poll after a change, ms, median",
            key: "changedMillis",
            figure: single.changed.p50 / 1e3,
            limit: Limit::AtMost(30.0),
        },
        Target {
            what: "what all data planes take, % of one core",
            key: "planesPercent",
            figure: share,
            limit: Limit::AtMost(5.0),
        },
    ];
    if command.json {
        let list: Vec<_> = targets.iter().map(Target::json).collect();
        println!(
            "{}",
            json!({
                "things": command.things, "bytes": single.bytes, "planes": command.planes, "pollsMade": asks,
                "seconds": rounded(took), "targets": list,
                "unchanged": single.unchanged.json(), "notModified": single.matched.json(), "changed": single.changed.json(),
            })
        );
    } else {
        println!(
            "{} sources, destinations and connections, {} bytes; {} polls of each kind; {} data planes for {took:.0} s, {asks} polls",
            command.things, single.bytes, command.polls, command.planes
        );
        for target in &targets {
            println!("{}", target.line());
        }
    }
    Ok(())
}

/// What single polls took.
struct Single {
    bytes: usize,
    unchanged: Latency,
    matched: Latency,
    changed: Latency,
}

impl Single {
    fn measure(
        instance: &Instance,
        team: &Team,
        destination: DestinationId,
        token: &str,
        polls: u32,
    ) -> Result<Self> {
        let store = &instance.store;
        let app = App::new(store.clone(), Config::default());
        let router = server::serve::router(&app);
        let runtime = tokio::runtime::Runtime::new()?;
        let poll = |tag: Option<&str>, status: u16| {
            let mut headers = vec![("authorization", token)];
            headers.extend(tag.map(|tag| ("if-none-match", tag)));
            let before = Instant::now();
            let answer = runtime.block_on(ask(&router, PATH, &headers));
            let took = before.elapsed();
            ensure!(
                answer.status == status,
                "{PATH} was answered with {}",
                answer.status
            );
            Ok((took, answer))
        };
        let (_, first) = poll(None, 200)?;
        let mut tag = first.etag.context("an answer without its tag")?;
        let mut times = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..polls {
            times.0.push(poll(None, 200)?.0);
            times.1.push(poll(Some(&tag), 304)?.0);
            let change = UpdateDestination {
                place: team.place,
                id: destination,
                name: Some(format!("Renamed {number}")),
                kind: None,
                version: None,
                enabled: None,
                config: None,
                revision: None,
            };
            let made = store.perform(team.actor, origin(store), change).wait()?;
            ensure!(!made.entries.is_empty(), "a change without its record");
            let (took, answer) = poll(Some(&tag), 200)?;
            times.2.push(took);
            tag = answer.etag.context("an answer without its tag")?;
        }
        Ok(Self {
            bytes: first.length,
            unchanged: Latency::of(&times.0),
            matched: Latency::of(&times.1),
            changed: Latency::of(&times.2),
        })
    }
}

/// A data plane, as far as its polls go: one connection, which is kept, and no conditional header, as rudder-server asks.
struct Plane {
    stream: BufReader<TcpStream>,
    question: String,
}

impl Plane {
    fn new(address: &str, token: &str) -> Result<Self> {
        let mut plane = Self {
            stream: BufReader::new(TcpStream::connect(address)?),
            question: format!(
                "GET {PATH} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: Go-http-client/1.1\r\nAuthorization: {token}\r\nAccept-Encoding: gzip\r\n\r\n"
            ),
        };
        plane.poll()?;
        Ok(plane)
    }

    fn poll(&mut self) -> Result<()> {
        self.stream.get_mut().write_all(self.question.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        ensure!(
            line.starts_with("HTTP/1.1 200"),
            "the server answered {line:?}"
        );
        let mut length = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse::<u64>().ok();
            }
        }
        let Some(length) = length else {
            bail!("an answer that does not say how long it is");
        };
        let read = std::io::copy(&mut self.stream.by_ref().take(length), &mut std::io::sink())?;
        ensure!(read == length, "an answer was cut off");
        Ok(())
    }
}
