//! The callers: each changes the name of a source, waits until that is durable, and does it again.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use model::id::SourceId;
use server::actions::source::update::UpdateSource;
use store::Store;
use store::bench::Bare;

use super::instance::{Team, origin};

/// How much one slice of a measurement does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Budget {
    /// As much as it can in this time.
    Time(Duration),
    /// This many changes, of all callers together.
    Changes(usize),
}

impl Budget {
    fn is_spent(self, start: Instant, done: usize) -> bool {
        match self {
            Self::Time(time) => start.elapsed() >= time,
            Self::Changes(count) => done >= count,
        }
    }
}

/// What one slice gave.
pub(super) struct Slice {
    /// How long each change took, from the call until it was durable.
    pub(super) latencies: Vec<Duration>,
    /// How long all of it took.
    pub(super) took: Duration,
}

impl Slice {
    /// Changes in a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    pub(super) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }
}

fn repeat(budget: Budget, mut change: impl FnMut(usize) -> Result<()>) -> Result<Slice> {
    let mut latencies = Vec::new();
    let start = Instant::now();
    while !budget.is_spent(start, latencies.len()) {
        let before = Instant::now();
        change(latencies.len())?;
        latencies.push(before.elapsed());
    }
    Ok(Slice {
        latencies,
        took: start.elapsed(),
    })
}

/// One caller, bare.
pub(super) fn bare(store: &Store, bare: &mut Bare, budget: Budget) -> Result<Slice> {
    repeat(budget, |number| {
        Ok(bare.rename(&format!("Bare {number}"), store.clock().now())?)
    })
}

/// Gives a source another name, audited.
pub(super) fn rename(store: &Store, team: &Team, id: SourceId, name: String) -> Result<()> {
    let update = UpdateSource {
        place: team.place,
        id,
        name: Some(name),
        kind: None,
        enabled: None,
        config: None,
        geo_enrichment: None,
        transient: None,
        seen: None,
    };
    let recorded = store.perform(team.actor, origin(store), update).wait()?;
    ensure!(
        !recorded.entries.is_empty(),
        "a change that left no record was counted"
    );
    Ok(())
}

/// One caller, audited. `round` keeps a name from being the one that the source has already.
pub(super) fn audited(store: &Store, team: &Team, round: usize, budget: Budget) -> Result<Slice> {
    repeat(budget, |number| {
        rename(
            store,
            team,
            team.sources[0],
            format!("Name {round}.{number}"),
        )
    })
}

/// `callers` at once for each team, each with a source of its own.
pub(super) fn at_once(
    store: &Store,
    teams: &[Team],
    callers: usize,
    round: usize,
    budget: Budget,
) -> Result<Slice> {
    let count = teams.len() * callers;
    let budget = match budget {
        Budget::Changes(changes) => Budget::Changes(changes.div_ceil(count)),
        time @ Budget::Time(_) => time,
    };
    let ready = Barrier::new(count + 1);
    std::thread::scope(|scope| {
        let ready = &ready;
        let threads: Vec<_> = teams
            .iter()
            .flat_map(|team| team.sources[..callers].iter().map(move |id| (team, *id)))
            .map(|(team, id)| {
                scope.spawn(move || {
                    ready.wait();
                    repeat(budget, |number| {
                        rename(
                            store,
                            team,
                            id,
                            format!("Many {round}.{number}, {callers} callers"),
                        )
                    })
                })
            })
            .collect();
        ready.wait();
        let start = Instant::now();
        let mut latencies = Vec::new();
        for thread in threads {
            let slice = thread.join().map_err(|_| anyhow!("a caller panicked"))??;
            latencies.extend(slice.latencies);
        }
        Ok(Slice {
            latencies,
            took: start.elapsed(),
        })
    })
}
