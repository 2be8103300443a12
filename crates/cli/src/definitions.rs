//! `annals definitions`.

mod checkout;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use model::actor::{Actor, System};
use model::definition::{Kind, Origin};
use model::id::OrganizationId;
use serde_json::{Value, json};
use server::actions::definition::Plan;
use server::actions::definition::take_in::{Over, Taking};
use server::definitions::{Asks, Change, change};
use server::privacy;

use crate::place::{Place, counted, guard, only_organization, origin, say, shown};
use checkout::Checkout;

/// Manage what is known of the types of sources and destinations.
#[derive(Debug, Subcommand)]
pub(crate) enum Definitions {
    /// Take the definitions of a checkout of the public integrations' configuration in, all in one change
    Import(Import),
}

/// Take the definitions of a checkout in.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    guard: guard::Folder,
    /// The checkout: the folder that has src/configurations in it
    folder: PathBuf,
    /// The organization [default: the only one]
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// Say what would be taken in, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: Definitions) -> Result<()> {
    let Definitions::Import(command) = command;
    // Before anything is opened: what is no checkout leaves no trace.
    let checkout = Checkout::read(&command.folder, |progress| {
        eprintln!("{}", shown(&progress));
    })?;
    let store = command.place.open()?;
    let organization = match command.organization {
        Some(named) => named,
        None => only_organization(&store)?,
    };
    if command.dry_run {
        let plan =
            store.read(|rx| Plan::of(rx, organization, &checkout.given, Origin::Imported))?;
        return report(&command, &checkout, &Taking::of(&plan), &[]);
    }
    let guard = command.guard.open(&command.place)?;
    let asks = Asks {
        actor: Actor::System(System::CommandLine),
        origin: origin(&store),
        organization,
    };
    let what = Change::TakeIn {
        origin: Origin::Imported,
        given: checkout.given.clone(),
        together: true,
        over: Over::Anything,
    };
    let (taking, entries) =
        change(&store, Some(&guard), &asks, &what).context("nothing was taken in")?;
    if taking.erased > 0 {
        privacy::remove(&store).context(
            "the definitions are taken in and what they make secret is gone from the rows, but the files are not rewritten yet; a running server goes on with it",
        )?;
    }
    report(&command, &checkout, &taking, &entries)
}

type Entries = [(model::id::LogId, std::ops::Range<u64>)];

fn report(command: &Import, checkout: &Checkout, taking: &Taking, entries: &Entries) -> Result<()> {
    if command.json {
        let names = |all: &[(Kind, String)]| -> Vec<Value> {
            all.iter()
                .map(|(kind, name)| json!({ "kind": kind.as_str(), "name": name }))
                .collect()
        };
        let left: Vec<Value> = checkout
            .left
            .iter()
            .map(|(path, reason)| json!({ "path": path, "reason": reason }))
            .collect();
        let recorded: Vec<Value> = entries
            .iter()
            .flat_map(|(log, range)| {
                range
                    .clone()
                    .map(move |sequence| json!({ "log": log, "sequence": sequence }))
            })
            .collect();
        return say(&json!({
            "dryRun": command.dry_run,
            "created": names(&taking.created),
            "changed": names(&taking.changed),
            "unchanged": taking.unchanged,
            "left": left,
            "erased": taking.erased,
            "recorded": recorded,
        })
        .to_string());
    }
    for (word, all) in [("new", &taking.created), ("changed", &taking.changed)] {
        for (kind, name) in all {
            say(&format!("{word:<8} {kind:<12} {name}"))?;
        }
    }
    for (path, reason) in &checkout.left {
        say(&format!("left     {path}: {reason}"))?;
    }
    let took = if command.dry_run {
        "would take in"
    } else {
        "took in"
    };
    say(&format!(
        "{took} {}: {} new, {} changed; {} {} so already; left {}",
        counted(taking.created.len() + taking.changed.len(), "definition"),
        taking.created.len(),
        taking.changed.len(),
        taking.unchanged,
        if taking.unchanged == 1 { "was" } else { "were" },
        checkout.left.len(),
    ))?;
    if taking.erased > 0 {
        say(&format!(
            "erased {} of earlier events, because what they told is secret now",
            counted(taking.erased, "part")
        ))?;
    }
    for (log, range) in entries {
        say(&format!("recorded in log {log} as entry {}", range.start))?;
    }
    Ok(())
}
