//! `annals migrate`.

use anyhow::Result;
use clap::Args;

use crate::place::{Missing, Place};

/// Bring a database to this version's schema.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(command: &Migrate) -> Result<()> {
    store::migrate(&command.place.options(Missing::Make)?)?;
    say!("the schema is up to date");
    Ok(())
}
