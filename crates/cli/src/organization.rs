//! `annals organization`.

use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;
use server::actions::organization::create::CreateOrganization;
use server::actions::organization::update::UpdateOrganization;
use server::auth::secret::{self, Kind};

use crate::place::{Home, Place, account, perform, say};

/// Manage organizations.
#[derive(Debug, Subcommand)]
pub(crate) enum Organization {
    /// Say which organizations there are
    List(List),
    /// Make another organization with its first workspace, and print the token of its data planes, once
    Create(Create),
    /// Change what holds for a whole organization
    Update(Update),
}

/// An organization to be.
#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    place: Place,
    /// Its name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The name of its first workspace
    #[arg(long, value_name = "NAME")]
    workspace: String,
    /// The e-mail of the account that is to be its Admin
    #[arg(long, value_name = "EMAIL")]
    owner: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
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
#[command(group = ArgGroup::new("change").required(true).multiple(true).args(["name", "require_mfa", "public_hashes"]))]
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
            let store = command.place.open()?;
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
        Organization::Create(command) => create(command),
        Organization::Update(command) => {
            let (store, id) = command.home.open()?;
            let action = UpdateOrganization {
                id,
                name: command.name,
                seen_name: None,
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
            say!("{} ({}) {mfa}, and {hashes}", one.name, one.id);
            Ok(())
        }
    }
}

fn create(command: Create) -> Result<()> {
    let store = command.place.open()?;
    let owner = account(&store, &command.owner)?;
    let token = secret::new(Kind::Workspace, store.entropy());
    let action = CreateOrganization {
        name: command.name,
        workspace: command.workspace,
        owner: owner.id,
        token: token.clone(),
    };
    let made = perform(&store, action, "nothing was made")?;
    if command.json {
        let view = json!({
            "organizationId": made.organization,
            "workspaceId": made.workspace,
            "userId": made.owner,
            "workspaceToken": token.as_str(),
        });
        say!("{view}");
    } else {
        say!("organization     {}", made.organization);
        say!("workspace        {}", made.workspace);
        say!("administrator    {}", made.owner);
        say!("workspace token  {}  (for the data plane)", token.as_str());
        say!();
        say!("The token is shown this once.");
    }
    Ok(())
}
