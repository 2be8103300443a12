//! `annals bench start`: this binary's own server, started again and again on a database that exists.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::figures::{Limit, Target, median, rounded};
use super::instance::Instance;
use super::process::{health, resident, start};

/// How long an idle server is left alone before its memory is read: its jobs have run by then.
const IDLE: Duration = Duration::from_secs(3);

/// Start a server on a database that exists; say how soon it answers and what memory it holds.
///
/// Works in a throw-away instance on the embedded database, which is gone afterwards. Memory is read from Linux's `/proc`.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Folder to work below [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<std::path::PathBuf>,
    /// How often the server is started
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    starts: u16,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: &Start) -> Result<()> {
    let instance = Instance::create(None, command.dir.as_deref())?;
    instance.fill(1, 64)?;
    let Instance { store, folder, .. } = instance;
    drop(store);
    let mut answers = Vec::new();
    let mut memory = Vec::new();
    for number in 0..command.starts {
        let before = Instant::now();
        let (server, address) = start(folder.path())?;
        health(&address)?;
        answers.push(before.elapsed().as_secs_f64() * 1e3);
        // Memory does not depend on chance as time does: three readings are enough.
        if number < 3 {
            std::thread::sleep(IDLE);
            memory.push(resident(server.id())?);
        }
    }
    let targets = [
        Target {
            what: "start to first answer, ms, median",
            key: "startMillis",
            figure: median(&answers),
            limit: Limit::AtMost(300.0),
        },
        Target {
            what: "resident memory of the idle server, MB",
            key: "residentMegabytes",
            figure: median(&memory),
            limit: Limit::AtMost(40.0),
        },
    ];
    let slowest = answers.iter().copied().fold(f64::NAN, f64::max);
    if command.json {
        let list: Vec<_> = targets.iter().map(Target::json).collect();
        println!(
            "{}",
            json!({ "starts": command.starts, "slowestMillis": rounded(slowest), "targets": list })
        );
    } else {
        println!(
            "{} starts on the embedded database; the slowest answered after {slowest:.0} ms",
            command.starts
        );
        for target in targets {
            println!("{}", target.line());
        }
    }
    Ok(())
}
