//! `annals recover` and `annals rotate-key`.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use model::actor::{Actor, System};
use model::id::{LogId, OrganizationId};
use serde_json::json;
use server::actions::log::recover::RecoverLog;
use server::actions::log::rotate_key::RotateLogKey;
use store::{Publisher, Refusal, Store};

use crate::place::{Place, guard, only_organization, origin};

/// Say which logs are not signed and why, and go on with them.
///
/// A log is not signed when the database does not hold what was signed before, as after a restore from an old backup.
/// The best way on is a newer backup: then the log is signed again by itself. Where there is none, --accept-database goes
/// on with the database as it is. That is recorded in the log for ever, with the checkpoint that is given up; whoever holds
/// that checkpoint will see that the log was not continued.
#[derive(Debug, Args)]
pub(crate) struct Recover {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    guard: guard::Folder,
    /// Go on with what the database holds
    #[arg(long)]
    accept_database: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn recover(command: &Recover) -> Result<()> {
    let store = Arc::new(command.place.open()?);
    let guard = command.guard.open(&command.place)?;
    let mut publisher = Publisher::new(store.clone(), guard);
    let looked = publisher.round();
    let mut said = Vec::new();
    let mut left = 0;
    for (id, refusal) in store.refused() {
        if !command.json {
            say!("log {id} is not signed: {refusal}");
        }
        let mut one = json!({ "log": id, "code": refusal.code(), "message": refusal.to_string(), "recovered": false });
        if command.accept_database {
            match go_on(&store, &mut publisher, id, &refusal) {
                Ok(size) => {
                    one["recovered"] = json!(true);
                    one["size"] = json!(size);
                    if !command.json {
                        say!("log {id} goes on; signed with {size} entries");
                    }
                }
                // The others may go on all the same.
                Err(error) => {
                    left += 1;
                    one["error"] = json!(format!("{error:#}"));
                    if !command.json {
                        say!("log {id} does not go on: {error:#}");
                    }
                }
            }
        } else {
            left += 1;
        }
        said.push(one);
    }
    if command.json {
        say!("{}", json!({ "refused": said }));
    } else if said.is_empty() && looked.is_ok() {
        say!("every log is signed; there is nothing to recover");
    }
    looked.context("not every log could be looked at")?;
    match (left, command.accept_database) {
        (0, _) => Ok(()),
        (_, false) => {
            bail!("restore a newer backup, or go on with --accept-database; see --help")
        }
        (_, true) => bail!("not every log goes on: restore a backup that has its entries"),
    }
}

/// Goes on with a log as the database has it, and gives its size. The decision is recorded before.
fn go_on(store: &Store, publisher: &mut Publisher, id: LogId, refusal: &Refusal) -> Result<u64> {
    publisher.can_accept(id)?;
    let log = store.read(|rx| rx.log(id))?.context("the log is gone")?;
    let given_up = publisher.given_up(&log)?;
    let action = RecoverLog {
        log: id,
        organization: log.organization,
        size: given_up.as_ref().map_or(0, |one| one.size),
        root: given_up.map_or_else(String::new, |one| {
            BASE64_STANDARD.encode(one.root.as_bytes())
        }),
        mode: refusal.code(),
    };
    let actor = Actor::System(System::CommandLine);
    let _ = store.perform(actor, origin(store), action).wait()?;
    publisher
        .accept(id)
        .context("the recovery is recorded, but the log is not signed yet; run this again")
}

/// Sign a log with its next key; each that was replaced signs as well for 30 days.
///
/// After a leak of the key file, --leaked adds a new seed to it and signs every log with a key made from that. The keys before
/// sign nothing more, since what they sign says nothing more. Servers beside this one need the new key file; one that reads
/// the same file goes on by itself.
#[derive(Debug, Args)]
pub(crate) struct RotateKey {
    #[command(flatten)]
    place: Place,
    /// The organization [default: the only one]
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// The instance's own log, in place of an organization's
    #[arg(long, conflicts_with = "organization")]
    instance: bool,
    /// The keys may be known to others: make new ones for every log, and let the old ones sign nothing more
    #[arg(long, conflicts_with_all = ["organization", "instance"])]
    leaked: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Every log of the instance gets a key from a new seed. What was broken off is gone on with.
fn rotate_after_leak(store: &Store, as_json: bool) -> Result<()> {
    let seed = store.seed_after_leak()?;
    let mut rotated = Vec::new();
    loop {
        // An organization may have been made meanwhile.
        let left = store.read(|rx| rx.logs_without_seed(&seed))?;
        if left.is_empty() {
            break;
        }
        for log in left {
            let action = RotateLogKey {
                log: log.id,
                organization: log.organization,
                leaked_to: Some(seed.clone()),
            };
            let actor = Actor::System(System::CommandLine);
            let done = store.perform(actor, origin(store), action).wait();
            let vkey = done
                .context("not every log has its new key yet; run this again")?
                .output;
            if !as_json {
                say!(
                    "log {} is signed with a new key from now on:\n{vkey}",
                    log.id
                );
            }
            rotated.push(json!({
                "log": log.id, "organization": log.organization, "vkey": vkey, "before": log.vkey
            }));
        }
    }
    if as_json {
        say!("{}", json!({ "seed": seed, "rotated": rotated }));
    } else {
        say!(
            "Give these keys to whoever verifies the logs, by a way of their trust, and tell them to believe the ones before no more."
        );
        say!(
            "The key file has changed: keep a copy of it, and copy it to every server that does not read this one."
        );
    }
    Ok(())
}

pub(crate) fn rotate(command: &RotateKey) -> Result<()> {
    let store = command.place.open()?;
    if command.leaked {
        return rotate_after_leak(&store, command.json);
    }
    let log = match command.organization {
        _ if command.instance => store.read(|rx| rx.instance_log())?,
        Some(organization) => store.read(|rx| rx.organization_log(organization))?,
        None => {
            let organization = only_organization(&store)?;
            store.read(|rx| rx.organization_log(organization))?
        }
    };
    let action = RotateLogKey {
        log: log.id,
        organization: log.organization,
        leaked_to: None,
    };
    let actor = Actor::System(System::CommandLine);
    let vkey = store.perform(actor, origin(&store), action).wait()?.output;
    if command.json {
        say!(
            "{}",
            json!({ "log": log.id, "vkey": vkey, "before": log.vkey })
        );
    } else {
        say!(
            "log {} is signed with its next key, and for 30 days with each that was replaced:\n{vkey}",
            log.id
        );
        say!("Give it to whoever verifies this log, by a way of their trust.");
    }
    Ok(())
}
