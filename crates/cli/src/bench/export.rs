//! `annals bench export`: how fast `annals export` takes a log out, against `sqlite3` printing the same entries.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use model::id::OrganizationId;
use serde_json::json;
use store::bench::Rows;
use store::{Guard, Location, Publisher, Upkeep};

use super::figures::{Limit, Target, median, rounded};
use super::instance::Instance;
use super::load::{self, Budget};

/// How many events are opened in memory.
const IN_MEMORY: u64 = 50_000;
/// How many callers make the events.
const CALLERS: usize = 64;

/// Take a log out; say how the rate compares with `sqlite3` printing the same entries.
///
/// Works in a throw-away instance on the embedded database, which is gone afterwards. Needs the program `sqlite3`; memory
/// is read from Linux's `/proc`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// How many events the log has
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1000..))]
    events: u32,
    /// How often each way is measured
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Folder to work below [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs a program to its end, and gives how long it took and the most memory that it held, in MB. What was written before is
/// on the disk by then, so that nobody waits for what another one wrote.
fn timed(command: &mut Command) -> Result<(Duration, f64)> {
    Command::new("sync").status()?;
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut most = 0.0_f64;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        most = most.max(super::process::peak(child.id()).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(2));
    };
    if !status.success() {
        bail!("a program that is measured failed");
    }
    Ok((start.elapsed(), most))
}

/// Events a second whose sealed parts are opened in memory, on one core.
fn opening(instance: &Instance, organization: OrganizationId, rounds: u16) -> Result<f64> {
    let rows = Rows::read(&instance.store, organization, IN_MEMORY)?;
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let (events, _) = rows.open(&instance.store)?;
        #[expect(clippy::cast_precision_loss, reason = "a count of events")]
        rates.push(events as f64 / start.elapsed().as_secs_f64());
    }
    Ok(median(&rates))
}

pub(crate) fn run(command: &Export) -> Result<()> {
    let instance = Instance::create(None, command.dir.as_deref())?;
    let teams = instance.fill(1, CALLERS)?;
    eprintln!("making {} events", command.events);
    let _ = load::at_once(
        &instance.store,
        &teams,
        CALLERS,
        1,
        Budget::Changes(command.events as usize),
    )?;
    // What a server has done for events that are older than a second.
    for upkeep in [&Upkeep::Index, &Upkeep::KeepTiles] {
        while instance.store.upkeep(upkeep.clone()).wait()? > 0 {}
    }
    let guard = instance.folder.path().join("guard");
    std::fs::create_dir(&guard)?;
    Publisher::new(instance.store.clone(), Guard::new(&guard)).round()?;
    let opened = opening(&instance, teams[0].place.organization, command.rounds)?;
    let Instance {
        store,
        location,
        folder,
        ..
    } = instance;
    drop(store);
    let Location::Sqlite { file, .. } = location else {
        bail!("this is measured on the embedded database");
    };
    let program = std::env::current_exe().context("cannot find this program")?;
    let export = |format: &[&str], output: &str| {
        let mut annals = Command::new(&program);
        annals
            .arg("export")
            .args(format)
            .args(["--output", output])
            .env("ANNALS_DATA", folder.path().join("data"))
            .env("ANNALS_KEYS", folder.path().join("annals.keys"))
            .env_remove("ANNALS_DATABASE");
        annals
    };
    // What is taken out stays until the end: ext4 takes long to make files beside many that were just deleted.
    let (mut printed, mut bare, mut whole, mut rows, mut most) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), 0.0_f64);
    let mut beside = Vec::new();
    for round in 0..command.rounds {
        let sql = "SELECT entry FROM entries WHERE place >= 1099511627776";
        let (base, _) =
            timed(Command::new("sqlite3").arg(&file).arg(sql)).context("is sqlite3 installed?")?;
        let out = |name: &str| {
            folder
                .path()
                .join(format!("{name}-{round}"))
                .display()
                .to_string()
        };
        // The same bytes on the same disk: what an export does, with one file in place of thousands. That file goes, so that the
        // system has memory at hand for the next: a virtual machine may have to ask its host for each page, which is slow. So it is
        // written twice.
        let printed_into = out("printed");
        let output = format!(".output '{printed_into}'");
        let into_file = || -> Result<Duration> {
            let (took, _) = timed(
                Command::new("sqlite3")
                    .arg(&file)
                    .args([output.as_str(), sql]),
            )?;
            std::fs::remove_file(&printed_into)?;
            Ok(took)
        };
        into_file()?;
        let filed = into_file()?;
        let (one, memory) = timed(&mut export(&["--no-disclosures"], &out("bare")))?;
        let (two, more) = timed(&mut export(&[], &out("whole")))?;
        let (three, still) = timed(&mut export(&["--format", "csv"], &out("rows")))?;
        most = most.max(memory).max(more).max(still);
        let rate = |took: Duration| f64::from(command.events) / took.as_secs_f64();
        printed.push(rate(base));
        bare.push(rate(one) / rate(base));
        beside.push(rate(one) / rate(filed));
        whole.push(rate(two) / opened);
        rows.push(rate(three) / opened);
    }
    let targets = [
        Target {
            what: "entries and tiles to sqlite3 printing the entries",
            key: "entriesAndTiles",
            figure: median(&bare),
            limit: Limit::AtLeast(0.7),
        },
        Target {
            what: "CSV to opening the parts in memory",
            key: "readableRows",
            figure: median(&rows),
            limit: Limit::AtLeast(0.7),
        },
        Target {
            what: "with disclosures to the same",
            key: "withDisclosures",
            figure: median(&whole),
            limit: Limit::AtLeast(0.7),
        },
        Target {
            what: "resident memory at its peak, MB",
            key: "peakMegabytes",
            figure: most,
            limit: Limit::AtMost(60.0),
        },
    ];
    let (base, beside) = (median(&printed), median(&beside));
    if command.json {
        let list: Vec<_> = targets.iter().map(Target::json).collect();
        println!(
            "{}",
            json!({ "events": command.events, "sqlite3PerSecond": rounded(base), "openedPerSecond": rounded(opened), "toSqlite3IntoAFile": rounded(beside), "targets": list })
        );
    } else {
        println!(
            "{} events; sqlite3 prints {base:.0} entries a second to nowhere, and {opened:.0} are opened in memory",
            command.events
        );
        println!(
            "entries and tiles to sqlite3 printing the entries into a file beside them: {beside:.2}"
        );
        for target in &targets {
            println!("{}", target.line());
        }
    }
    Ok(())
}
