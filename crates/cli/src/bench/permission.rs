//! `annals bench permission`.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use model::role::Permission;
use serde_json::json;

use super::figures::{Latency, Limit, Target};
use super::instance::Instance;
use super::load;

/// How many checks count for nothing, at the beginning.
const WARMING: u32 = 1_000;
/// How many checks there are for each change.
const CHANGE_EVERY: u32 = 16;

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
    let (mut first, mut again, mut waited): (Vec<Duration>, Vec<Duration>, Vec<Duration>) =
        Default::default();
    let mut elsewhere = File::create(instance.folder.path().join("elsewhere"))?;
    // Each in a transaction of its own. After a change what was read is looked at again; until the next, it still holds. A change
    // waits for the disk, which costs whatever comes next something by itself: so another file is synced as well, with nothing
    // changed. The first checks warm caches.
    for number in 0..command.checks + WARMING {
        let changes = number % CHANGE_EVERY == 0;
        if changes {
            load::rename(
                &instance.store,
                team,
                team.sources[0],
                format!("Name {number}"),
            )?;
        }
        let waits = number % CHANGE_EVERY == CHANGE_EVERY / 2;
        if waits {
            elsewhere.write_all(&[0; 4096])?;
            elsewhere.sync_data()?;
        }
        let start = Instant::now();
        let may = instance.store.read(|rx| {
            let acting = rx.acting(team.actor)?;
            acting.may(
                rx,
                Permission::EditSources,
                team.place.organization,
                Some(team.place.workspace),
            )
        })?;
        let took = start.elapsed();
        ensure!(may, "an Admin who may not");
        if number >= WARMING {
            let of = match (changes, waits) {
                (true, _) => &mut first,
                (_, true) => &mut waited,
                _ => &mut again,
            };
            of.push(took);
        }
    }
    let [first, again, waited] = [first, again, waited].map(|all| Latency::of(&all));
    let target = |what, key, latency: &Latency| Target {
        what,
        key,
        figure: latency.p50,
        limit: Limit::AtMost(20.0),
    };
    let targets = [
        target(
            "who acts, and may it, right after a change: median, in microseconds",
            "firstMicros",
            &first,
        ),
        target(
            "the same, with no change since the last check",
            "againMicros",
            &again,
        ),
    ];
    if command.json {
        let list: Vec<_> = targets.iter().map(Target::json).collect();
        println!(
            "{}",
            json!({ "first": first.json(), "again": again.json(), "waited": waited.json(), "targets": list })
        );
    } else {
        for (what, latency) in [
            ("right after a change", first),
            (
                "right after the sync of another file, without a change",
                waited,
            ),
            ("without either", again),
        ] {
            println!(
                "{} checks {what}: median {:.1} µs, p99 {:.1} µs",
                latency.changes, latency.p50, latency.p99
            );
        }
        println!();
        println!("targets");
        for target in targets {
            println!("{}", target.line());
        }
    }
    Ok(())
}
