//! `annals organization`.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;
use server::actions::organization::update::UpdateOrganization;

use crate::place::{Home, Place, perform, say};

/// Manage organizations.
#[derive(Debug, Subcommand)]
pub(crate) enum Organization {
    /// Say which organizations there are
    List(List),
    /// Change what holds for a whole organization
    Update(Update),
}

/// As what it is printed.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    place: Place,
    /// Print one JSON object for each
    #[arg(long)]
    json: bool,
}

/// What an organization is to be like.
#[derive(Debug, Args)]
pub(crate) struct Update {
    #[command(flatten)]
    home: Home,
    /// Its name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Whether members need a second factor
    #[arg(long, value_name = "BOOL")]
    require_mfa: Option<bool>,
    /// Whether anyone may read the checkpoint of its log and the hashes over its entries, without a token
    #[arg(long, value_name = "BOOL")]
    public_hashes: Option<bool>,
}

pub(crate) fn run(command: Organization) -> Result<()> {
    match command {
        Organization::List(command) => {
            let store = command.place.open(true)?;
            for one in store.read(|rx| rx.organizations())? {
                if command.json {
                    let view = json!({
                        "id": one.id, "name": one.name, "requiresMfa": one.requires_mfa,
                        "publicHashes": one.public_hashes,
                    });
                    say(&view.to_string())?;
                } else {
                    say(&format!("{}  {}", one.id, one.name))?;
                }
            }
            Ok(())
        }
        Organization::Update(command) => {
            let (store, id) = command.home.open()?;
            let action = UpdateOrganization {
                id,
                name: command.name,
                requires_mfa: command.require_mfa,
                public_hashes: command.public_hashes,
            };
            let one = perform(&store, action, "nothing was changed")?;
            let mfa = if one.requires_mfa {
                "requires a second factor"
            } else {
                "requires no second factor"
            };
            let hashes = if one.public_hashes {
                "lets anyone read the checkpoint and the hashes of its log"
            } else {
                "lets nobody else read its log"
            };
            println!("{} ({}) {mfa}, and {hashes}", one.name, one.id);
            Ok(())
        }
    }
}
