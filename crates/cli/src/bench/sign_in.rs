//! `annals bench sign-in`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use clap::Args;
use model::actor::{Actor, System};
use model::role::{OrganizationRole, WorkspaceRole};
use serde_json::json;
use server::actions::member::add::AddMember;
use server::app::{App, Config};
use server::auth::password;
use tower::ServiceExt;

use super::figures::{Latency, Limit, Target, median, rounded};
use super::instance::{Instance, Team, origin};
use super::load::{self, Budget};

/// How many callers write at once.
const WRITERS: usize = 64;
/// How many people sign in at once, each again and again.
const PEOPLE: usize = 16;
/// How many accounts they have: each may be tried only so often.
const ACCOUNTS: usize = 64;
/// In how many rounds the time is spent: writers alone, and writers while people sign in.
const ROUNDS: usize = 6;
/// The password of all of them.
const PASSWORD: &str = "a difference engine";

/// Measure sign-ins while 64 clients write, and how far the writers' rate falls.
///
/// Each sign-in is the form of the page, through all of the server but the socket: limits, Argon2, session, event.
/// Works in a throw-away instance, which is gone afterwards.
#[derive(Debug, Args)]
pub(crate) struct SignIn {
    /// An empty PostgreSQL database to work in, in place of the embedded one; it is empty again afterwards
    #[arg(long, value_name = "URL", conflicts_with = "dir")]
    database: Option<String>,
    /// Folder to work below, on the file system that is to be measured [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How long to measure, all in all
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The dashboard, as someone who signs in asks it.
struct Door {
    router: Router,
    form: String,
    cookie: String,
    next_address: AtomicU32,
}

impl Door {
    async fn open(app: &App) -> Result<Self> {
        let router = server::serve::router(app);
        let request = Request::builder().uri("/sign-in").body(Body::empty())?;
        let answer = router.clone().oneshot(request).await?;
        let cookie = answer.headers().get(header::SET_COOKIE);
        let cookie = cookie.context("a form without its cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let page = to_bytes(answer.into_body(), 1 << 20).await?;
        let page = String::from_utf8_lossy(&page).into_owned();
        let (_, rest) = page
            .split_once("name=\"csrf\" value=\"")
            .context("a form without its token")?;
        let token = rest.split('"').next().unwrap_or_default();
        Ok(Self {
            router,
            form: format!(
                "csrf={token}&password={}&next=%2F",
                PASSWORD.replace(' ', "+")
            ),
            cookie,
            next_address: AtomicU32::new(0),
        })
    }

    /// Signs one in, from an address of its own.
    async fn sign_in(&self, account: usize) -> Result<Duration> {
        let number = self.next_address.fetch_add(1, Ordering::Relaxed);
        let address = Ipv4Addr::from_bits(0x0a00_0000 + number);
        let body = format!("{}&email=person-{account}%40sign-in.example", self.form);
        let mut request = Request::builder()
            .method("POST")
            .uri("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, &self.cookie)
            .body(Body::from(body))?;
        let socket = SocketAddr::from((address, 443));
        request.extensions_mut().insert(ConnectInfo(socket));
        let start = Instant::now();
        let answer = self.router.clone().oneshot(request).await?;
        ensure!(
            answer.status() == StatusCode::SEE_OTHER,
            "a sign-in was answered with {}",
            answer.status()
        );
        Ok(start.elapsed())
    }
}

/// What was measured, round by round.
#[derive(Default)]
struct Measured {
    alone: Vec<f64>,
    beside: Vec<f64>,
    sign_ins: Vec<f64>,
    latencies: Vec<Duration>,
}

pub(crate) fn run(command: &SignIn) -> Result<()> {
    let instance = Instance::create(command.database.as_deref(), command.dir.as_deref())?;
    let teams = instance.fill(1, WRITERS)?;
    accounts(&instance, &teams[0])?;
    let config = Config {
        rates: "off".parse().map_err(anyhow::Error::msg)?,
        ..Config::default()
    };
    let app = App::new(instance.store.clone(), config);
    let runtime = tokio::runtime::Runtime::new()?;
    let door = Arc::new(runtime.block_on(Door::open(&app))?);
    let slice = Duration::from_secs(command.seconds.into()) / (2 * u32::try_from(ROUNDS + 1)?);
    let mut measured = Measured::default();
    // The first round warms caches and prepares statements; it counts for nothing.
    for round in 0..=ROUNDS {
        let budget = Budget::Time(slice);
        let alone = load::at_once(&instance.store, &teams, WRITERS, 2 * round, budget)?;
        let stop = Arc::new(AtomicBool::new(false));
        let people: Vec<_> = (0..PEOPLE)
            .map(|person| runtime.spawn(again_and_again(door.clone(), person, stop.clone())))
            .collect();
        let beside = load::at_once(&instance.store, &teams, WRITERS, 2 * round + 1, budget)?;
        stop.store(true, Ordering::Relaxed);
        let mut signed_in = Vec::new();
        for person in people {
            let done = runtime.block_on(person);
            signed_in.extend(done.map_err(|_| anyhow!("someone panicked"))??);
        }
        if round > 0 {
            measured.alone.push(alone.rate());
            measured.beside.push(beside.rate());
            #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
            let rate = signed_in.len() as f64 / beside.took.as_secs_f64();
            measured.sign_ins.push(rate);
            measured.latencies.extend(signed_in);
        }
    }
    if command.json {
        println!("{}", measured.json());
    } else {
        measured.print();
    }
    Ok(())
}

async fn again_and_again(
    door: Arc<Door>,
    person: usize,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut account = person;
    while !stop.load(Ordering::Relaxed) {
        latencies.push(door.sign_in(account).await?);
        account = (account + PEOPLE) % ACCOUNTS;
    }
    Ok(latencies)
}

/// People who can sign in, in the organization that is written in.
fn accounts(instance: &Instance, team: &Team) -> Result<()> {
    let hash = password::hash(PASSWORD, instance.store.entropy())?;
    for number in 0..ACCOUNTS {
        let add = AddMember {
            organization: team.place.organization,
            name: format!("Person {number}"),
            email: format!("person-{number}@sign-in.example"),
            password: hash.clone(),
            role: OrganizationRole::Member,
            workspaces: vec![(team.place.workspace, WorkspaceRole::Viewer)],
        };
        let actor = Actor::System(System::CommandLine);
        let made = instance
            .store
            .perform(actor, origin(&instance.store), add)
            .wait()?;
        ensure!(!made.entries.is_empty(), "a member without a record");
    }
    Ok(())
}

impl Measured {
    /// What the writers keep of their rate while people sign in: round by round, and of that the median.
    fn kept(&self) -> f64 {
        let ratios: Vec<f64> = self
            .beside
            .iter()
            .zip(&self.alone)
            .map(|(beside, alone)| beside / alone)
            .collect();
        median(&ratios)
    }

    fn target(&self) -> Target {
        Target {
            what: "writers while people sign in, to writers alone",
            key: "writersKept",
            figure: self.kept(),
            limit: Limit::AtLeast(0.4),
        }
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "signIns": Latency::of(&self.latencies).json(),
            "signInsPerSecond": rounded(median(&self.sign_ins)),
            "changesPerSecond": { "alone": rounded(median(&self.alone)), "beside": rounded(median(&self.beside)) },
            "targets": [self.target().json()],
        })
    }

    fn print(&self) {
        let latency = Latency::of(&self.latencies);
        println!("{PEOPLE} people sign in while {WRITERS} callers write; {ROUNDS} rounds");
        println!();
        println!(
            "  sign-ins           {:>9}, {:.0} a second; median {:.1} ms, p99 {:.1} ms",
            latency.changes,
            median(&self.sign_ins),
            latency.p50 / 1e3,
            latency.p99 / 1e3
        );
        println!(
            "  changes a second   {:>9.0} alone, {:.0} beside sign-ins",
            median(&self.alone),
            median(&self.beside)
        );
        println!();
        println!("targets");
        println!("{}", self.target().line());
    }
}
