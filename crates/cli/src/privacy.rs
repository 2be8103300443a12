//! `annals privacy`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use model::actor::{Actor, System};
use model::id::{EventId, OrganizationId};
use model::part::PartName;
use serde_json::json;
use server::actions::privacy::erase_part::ErasePart;
use server::actions::privacy::erase_person::{BASES, ErasePerson, basis};
use server::actions::privacy::person;
use server::privacy::{self, Erase as What};
use store::{Error, Store};

use crate::place::{Place, guard, only_organization, origin};

/// Erase what is known of a person.
#[derive(Debug, Subcommand)]
pub(crate) enum Privacy {
    /// Erase a person, or one value: what was sealed can never be opened again, and every proof stays valid
    Erase(Erase),
}

/// Erase a person, or one value.
#[derive(Debug, Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    guard: guard::Folder,
    /// The person: an id, or an e-mail
    #[arg(required_unless_present = "event", conflicts_with_all = ["event", "part"])]
    user: Option<String>,
    /// Only from this organization [default: from all, and the account]
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// The event that one value is erased from
    #[arg(long, value_name = "ID", requires = "part")]
    event: Option<EventId>,
    /// The part of the event: actor, origin, target, detail, changes/0 to changes/63
    #[arg(long, value_name = "PART", requires = "event", value_parser = part)]
    part: Option<PartName>,
    /// Why; this word stays in the log
    #[arg(long, value_name = "WORD", default_value = "request", value_parser = clap::builder::PossibleValuesParser::new(&BASES[..BASES.len() - 1]))]
    basis: String,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn part(text: &str) -> Result<PartName, String> {
    PartName::parse(text).map_err(|error| error.to_string())
}

/// What is meant, and how it is called when it is asked about.
fn what(command: &Erase, store: &Store) -> Result<(What, String)> {
    if let (Some(event), Some(part)) = (command.event, command.part) {
        let organization = match command.organization {
            Some(organization) => organization,
            None => only_organization(store)?,
        };
        let one = ErasePart {
            organization,
            event,
            part,
        };
        return Ok((What::Part(one), format!("part {part} of event {event}")));
    }
    let Some(named) = &command.user else {
        bail!("name a person, or an event and a part");
    };
    let user = store.read(|rx| person(rx, named))?;
    let user = user.with_context(|| format!("there is nobody with the id or e-mail {named}"))?;
    let one = ErasePerson {
        organization: command.organization,
        user,
        basis: basis(&command.basis)?,
    };
    let goes = store.read(|rx| one.look(rx))?;
    let events: u64 = goes.iter().map(|(_, events)| events).sum();
    let from = match command.organization {
        Some(organization) => format!("from organization {organization}"),
        None => "from everywhere, with the account".to_owned(),
    };
    Ok((
        What::Person(one),
        format!("person {user} {from}: what is sealed in {events} events"),
    ))
}

fn confirmed(goes: &str) -> Result<bool> {
    eprint!("This erases {goes}. It cannot be undone. Type \u{201c}erase\u{201d} to go on: ");
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .context("cannot read the answer")?;
    Ok(answer.trim() == "erase")
}

/// How often it is tried to remove what was erased, once a second, while something else reads the database.
const TRIES: u32 = 30;

/// Removes what was erased from the files.
fn removed(store: &Store) -> store::Result<()> {
    let mut tried = 1;
    loop {
        match privacy::remove(store) {
            Ok(_) => return Ok(()),
            // Another process does it, however long it takes.
            Err(Error::Busy) => tried = 0,
            Err(error) if tried == TRIES => return Err(error),
            Err(_) => {}
        }
        std::thread::sleep(Duration::from_secs(1));
        tried += 1;
    }
}

pub(crate) fn run(command: Privacy) -> Result<()> {
    let Privacy::Erase(command) = command;
    let store = command.place.open()?;
    let guard = command.guard.open(&command.place)?;
    let (what, goes) = what(&command, &store)?;
    if !command.yes && !confirmed(&goes)? {
        bail!("nothing was erased");
    }
    let actor = Actor::System(System::CommandLine);
    let done = privacy::erase(&store, Some(&guard), actor, origin(&store), &what)
        .context("nothing was erased")?;
    removed(&store).context(
        "the erasure is done and recorded, but not all that was sealed is removed from the files yet; a running server goes on with it",
    )?;
    let until = command.place.is_postgres().then_some(match what {
        What::Person(_) => {
            "PostgreSQL's write-ahead log, its replicas and backups from before hold the destroyed key, wrapped, until they are recycled; it opens only with the key file"
        }
        What::Part(_) => {
            "PostgreSQL's write-ahead log, its replicas and backups from before hold what was sealed until they are recycled; its key is still there, for all else that it opens, and is of use only with the key file"
        }
    });
    let backups = "Backups from before hold what was sealed and its wrapped key. When one is restored, the guard folder has it erased again.";
    if command.json {
        let entries: Vec<_> = done
            .entries
            .iter()
            .map(|(log, range)| json!({ "log": log, "sequence": range.start }))
            .collect();
        let remains: Vec<&str> = until.into_iter().chain([backups]).collect();
        let said =
            json!({ "erased": !entries.is_empty(), "recorded": entries, "remains": remains });
        say!("{said}");
    } else if done.entries.is_empty() {
        say!("it was erased before; nothing changed");
    } else {
        for (log, range) in &done.entries {
            say!("erased; recorded in log {log} as entry {}", range.start);
        }
        for remains in [until, Some(backups)].into_iter().flatten() {
            say!("{remains}");
        }
    }
    Ok(())
}
