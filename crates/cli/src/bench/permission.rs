//! `annals bench permission`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use model::role::Permission;
use serde_json::json;

use super::figures::{Latency, Limit, Target};
use super::instance::Instance;

/// How many checks count for nothing, at the beginning.
const WARMING: u32 = 1_000;

/// Measure what it costs to find out who acts and whether a permission is there.
///
/// Works in a throw-away instance, which is gone afterwards.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Folder to work below [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How many checks
    #[arg(long, value_name = "N", default_value_t = 64_000, value_parser = clap::value_parser!(u32).range(64..=10_000_000))]
    checks: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: &Check) -> Result<()> {
    let instance = Instance::create(None, command.dir.as_deref())?;
    let teams = instance.fill(1, 1)?;
    let team = &teams[0];
    let mut latencies: Vec<Duration> = Vec::new();
    // Each in a transaction of its own, so that nothing is remembered from the one before. The first ones warm caches.
    for number in 0..command.checks + WARMING {
        let (took, may) = instance.store.read(|rx| {
            let start = Instant::now();
            let acting = rx.acting(team.actor)?;
            let may = acting.may(
                rx,
                Permission::EditSources,
                team.place.organization,
                Some(team.place.workspace),
            )?;
            Ok((start.elapsed(), may))
        })?;
        ensure!(may, "an Admin who may not");
        if number >= WARMING {
            latencies.push(took);
        }
    }
    let latency = Latency::of(&latencies);
    let target = Target {
        what: "who acts, and may it: median, in microseconds",
        key: "permissionMicros",
        figure: latency.p50,
        limit: Limit::AtMost(20.0),
    };
    if command.json {
        println!(
            "{}",
            json!({ "checks": latency.json(), "targets": [target.json()] })
        );
    } else {
        println!(
            "{} checks: median {:.1} µs, p99 {:.1} µs",
            latency.changes, latency.p50, latency.p99
        );
        println!();
        println!("targets");
        println!("{}", target.line());
    }
    Ok(())
}
