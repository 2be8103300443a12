//! `annals bench write`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use store::bench::{Bare, round_trips};
use store::{Guard, Publisher, Store, Upkeep};
use tlog::Tile;
use tlog::tile::{FULL, Kind};

use super::figures::{Latency, Limit, Target, median, rounded};
use super::instance::{Instance, Team};
use super::load::{self, Budget, Slice};

/// How many callers are let loose at once.
const CALLERS: usize = 64;
/// Over how many organizations they are spread, where organizations do not wait for each other.
const ORGANIZATIONS: usize = 8;
/// In how many rounds the time is spent. Each has a slice of everything that is compared.
const ROUNDS: usize = 20;
/// Over how many changes round trips are counted.
const COUNTED: usize = 50;

/// Compare an audited change with the same row change committed bare, and one caller with many.
///
/// And changes beside which the log is signed and served with changes beside which it is not. Works in a throw-away instance,
/// which is gone afterwards.
#[derive(Debug, Args)]
pub(crate) struct Write {
    /// An empty PostgreSQL database to work in, in place of the embedded one; it is empty again afterwards
    #[arg(long, value_name = "URL", conflicts_with = "dir")]
    database: Option<String>,
    /// Folder to work below, on the file system that is to be measured [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How long to measure, all in all
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// How many changes to make with each way of making them, in place of a time
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    changes: Option<usize>,
    /// Leave the index that finds events alone; a server brings it up to date five times a second, beside the changes
    #[arg(long)]
    no_index: bool,
    /// Sign and serve nothing; a server signs four times a second, beside the changes
    #[arg(long)]
    no_sign: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Default)]
struct Measured {
    bare: Vec<Duration>,
    audited: Vec<Duration>,
    /// The ratio of the medians, round by round.
    rounds: Vec<f64>,
    /// That of changes beside which a log is signed and served, to those beside which it is not.
    signing: Vec<f64>,
    /// Changes a second, round by round: one caller, many, and many of several organizations.
    one: Vec<f64>,
    many: Vec<f64>,
    spread: Vec<f64>,
    /// How often one bare and one audited change waited for PostgreSQL.
    trips: Option<(u64, u64)>,
}

pub(crate) fn run(command: &Write) -> Result<()> {
    let instance = Instance::create(command.database.as_deref(), command.dir.as_deref())?;
    let postgres = command.database.is_some();
    let teams = instance.fill(if postgres { ORGANIZATIONS } else { 1 }, CALLERS)?;
    let mut bare = Bare::beside(&instance.location, teams[0].sources[0])?;
    let slices = 3 + u32::from(postgres) + u32::from(!command.no_sign);
    let slices = slices * (u32::try_from(ROUNDS)? + 1);
    let budget = match command.changes {
        Some(changes) => Budget::Changes(changes.div_ceil(ROUNDS)),
        None => Budget::Time(Duration::from_secs(command.seconds.into()) / slices),
    };
    let guard = instance.folder.path().join("guard");
    std::fs::create_dir(&guard)?;
    let jobs = Jobs {
        index: !command.no_index,
        guard: (!command.no_sign).then_some(guard.as_path()),
    };
    let measured = measure(&instance.store, &teams, &mut bare, budget, jobs)?;
    if command.json {
        println!("{}", measured.json(postgres));
    } else {
        measured.print(postgres);
    }
    Ok(())
}

/// What a server does beside the changes.
#[derive(Clone, Copy)]
struct Jobs<'a> {
    /// The index that finds events, and the tiles of hashes.
    index: bool,
    /// Where the guard of the publisher is; without one nothing is signed, and nothing served.
    guard: Option<&'a Path>,
}

/// What a mirror asks for after each checkpoint: the last tile of hashes and the last bundle.
fn follow(store: &Store, team: &Team) -> store::Result<()> {
    store.read(|rx| {
        let log = rx.organization_log(team.place.organization)?;
        let log = log.as_published();
        let last = log.size.saturating_sub(1);
        let tile = |kind| Tile {
            kind,
            index: last / u64::from(FULL),
            width: u16::try_from(last % u64::from(FULL)).map_or(FULL, |left| left + 1),
        };
        let _ = rx.tile_hashes(&log, tile(Kind::Hashes(0)))?;
        let _ = rx.bundle(&log, tile(Kind::Entries))?;
        Ok(())
    })
}

/// Does what the server's jobs do, as often as they do it, while `what` runs.
fn beside<T>(store: &Arc<Store>, team: &Team, jobs: Jobs<'_>, what: impl FnOnce() -> T) -> T {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let (stop_signing, signing_stopped) = std::sync::mpsc::channel::<()>();
    let goes_on = |told: &std::sync::mpsc::Receiver<()>, pause| {
        told.recv_timeout(Duration::from_millis(pause))
            == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
    };
    std::thread::scope(|scope| {
        if jobs.index {
            scope.spawn(move || {
                while goes_on(&stopped, 200) {
                    while matches!(store.upkeep(Upkeep::Index).wait(), Ok(1..)) {}
                    while matches!(store.upkeep(Upkeep::KeepTiles).wait(), Ok(1..)) {}
                }
            });
        }
        if let Some(guard) = jobs.guard {
            let mut publisher = Publisher::new(store.clone(), Guard::new(guard));
            scope.spawn(move || {
                while goes_on(&signing_stopped, 250) {
                    let signed = publisher.round();
                    if let Err(error) = signed.and_then(|_| follow(store, team)) {
                        eprintln!("signing or serving failed: {error}");
                    }
                }
            });
        }
        let done = what();
        drop((stop, stop_signing));
        done
    })
}

fn measure(
    store: &Arc<Store>,
    teams: &[Team],
    bare: &mut Bare,
    budget: Budget,
    jobs: Jobs<'_>,
) -> Result<Measured> {
    let mut measured = Measured::default();
    // The first round warms caches and prepares statements; it counts for nothing.
    for round in 0..=ROUNDS {
        // Nothing may go on beside the bare changes that is there because of audited ones.
        while store.upkeep(Upkeep::Index).wait()? > 0 {}
        while store.upkeep(Upkeep::KeepTiles).wait()? > 0 {}
        let plain = load::bare(store, bare, budget)?;
        let alone = Jobs {
            guard: None,
            ..jobs
        };
        let one = |jobs| {
            beside(store, &teams[0], jobs, || {
                load::audited(store, &teams[0], round, budget)
            })
        };
        // In turns, as what comes second finds another log.
        let (audited, unsigned) = if jobs.guard.is_none() {
            (one(jobs)?, None)
        } else if round.is_multiple_of(2) {
            let audited = one(jobs)?;
            (audited, Some(one(alone)?))
        } else {
            let unsigned = one(alone)?;
            (one(jobs)?, Some(unsigned))
        };
        let busy = beside(store, &teams[0], jobs, || {
            load::at_once(store, &teams[..1], CALLERS, round, budget)
        })?;
        let spread = if teams.len() > 1 {
            let callers = CALLERS / teams.len();
            Some(beside(store, &teams[0], jobs, || {
                load::at_once(store, teams, callers, round, budget)
            })?)
        } else {
            None
        };
        if round > 0 {
            measured.signing.extend(unsigned.map(|unsigned| {
                Latency::of(&audited.latencies).p50 / Latency::of(&unsigned.latencies).p50
            }));
            measured.take(plain, audited, &busy, spread.as_ref());
        }
    }
    if teams.len() > 1 {
        let before = round_trips();
        load::bare(store, bare, Budget::Changes(COUNTED))?;
        let between = round_trips();
        load::audited(store, &teams[0], ROUNDS + 1, Budget::Changes(COUNTED))?;
        let counted = COUNTED as u64;
        measured.trips = Some((
            (between - before) / counted,
            (round_trips() - between) / counted,
        ));
    }
    Ok(measured)
}

impl Measured {
    fn take(&mut self, plain: Slice, audited: Slice, busy: &Slice, spread: Option<&Slice>) {
        self.rounds
            .push(Latency::of(&audited.latencies).p50 / Latency::of(&plain.latencies).p50);
        self.one.push(audited.rate());
        self.many.push(busy.rate());
        self.spread.extend(spread.map(Slice::rate));
        self.bare.extend(plain.latencies);
        self.audited.extend(audited.latencies);
    }

    /// How much faster many callers are than one: round by round, and of that the median.
    fn gain(&self, many: &[f64]) -> f64 {
        let ratios: Vec<f64> = many
            .iter()
            .zip(&self.one)
            .map(|(many, one)| many / one)
            .collect();
        median(&ratios)
    }

    fn targets(&self, postgres: bool) -> Vec<Target> {
        let (bare, audited) = (Latency::of(&self.bare), Latency::of(&self.audited));
        let one = Target {
            what: "an audited change to a bare one, median",
            key: "medianRatio",
            figure: audited.p50 / bare.p50,
            limit: Limit::AtMost(if postgres { 3.0 } else { 1.75 }),
        };
        let many = Target {
            what: "64 callers on one organization to one caller",
            key: "manyRatio",
            figure: self.gain(&self.many),
            limit: Limit::AtLeast(if postgres { 3.0 } else { 4.0 }),
        };
        let last = if postgres {
            Target {
                what: "64 callers on 8 organizations to one caller",
                key: "organizationsRatio",
                figure: self.gain(&self.spread),
                limit: Limit::AtLeast(3.0),
            }
        } else {
            Target {
                what: "an audited change to a bare one, 99th percentile",
                key: "p99Ratio",
                figure: audited.p99 / bare.p99,
                limit: Limit::AtMost(2.5),
            }
        };
        let mut targets = vec![one, last, many];
        if !self.signing.is_empty() {
            targets.push(Target {
                what: "a change beside signing and serving to one without, median",
                key: "signingRatio",
                figure: median(&self.signing),
                limit: Limit::AtMost(1.05),
            });
        }
        targets
    }

    fn json(&self, postgres: bool) -> serde_json::Value {
        let targets: Vec<_> = self.targets(postgres).iter().map(Target::json).collect();
        let mut answer = json!({
            "database": if postgres { "postgresql" } else { "sqlite" },
            "bare": Latency::of(&self.bare).json(),
            "audited": Latency::of(&self.audited).json(),
            "rounds": self.rounds.iter().copied().map(rounded).collect::<Vec<_>>(),
            "changesPerSecond": { "one": rounded(median(&self.one)), "many": rounded(median(&self.many)) },
            "targets": targets,
        });
        if postgres {
            answer["changesPerSecond"]["organizations"] = rounded(median(&self.spread));
        }
        if let Some((bare, audited)) = self.trips {
            answer["roundTrips"] = json!({ "bare": bare, "audited": audited });
        }
        answer
    }

    fn print(&self, postgres: bool) {
        println!(
            "{}, every commit durable; {ROUNDS} rounds",
            if postgres {
                "PostgreSQL"
            } else {
                "SQLite, synchronous=FULL"
            }
        );
        println!();
        println!("one caller             changes    median       p99");
        for (name, latency) in [
            ("bare row change", Latency::of(&self.bare)),
            ("audited change", Latency::of(&self.audited)),
        ] {
            println!(
                "  {name:<18} {:>9} {:>6.0} µs {:>6.0} µs",
                latency.changes, latency.p50, latency.p99
            );
        }
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        if let (Some(least), Some(most)) = (rounds.first(), rounds.last()) {
            println!("  ratio of the medians, by round: {least:.2} to {most:.2}");
        }
        if let Some((bare, audited)) = self.trips {
            println!("  round trips: bare {bare}, audited {audited}");
        }
        println!();
        println!("audited changes a second");
        println!("  one caller         {:>9.0}", median(&self.one));
        println!("  64, one organization {:>7.0}", median(&self.many));
        if postgres {
            println!("  64, 8 organizations  {:>7.0}", median(&self.spread));
        }
        println!();
        println!("targets");
        for target in self.targets(postgres) {
            println!("{}", target.line());
        }
    }
}
