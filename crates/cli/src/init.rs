//! `annals init`: the same set-up as by the link, without a browser.

use anyhow::{Result, bail};
use clap::Args;
use model::actor::{Actor, System};
use serde_json::json;
use server::actions::instance::set_up::{Made, SetUp, default_name};

use server::auth::{password, secret};

use store::Store;

use crate::place::{Place, origin, password as read_password};

/// Set an instance up.
#[derive(Debug, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    place: Place,
    /// The instance's name, in the origin of its logs for ever [default: annals- and 8 random characters]
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// The organization's name
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// The workspace's name
    #[arg(long, value_name = "NAME")]
    workspace: String,
    /// The administrator's name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The administrator's e-mail
    #[arg(long, value_name = "EMAIL")]
    email: String,
    /// Read the administrator's password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: Init) -> Result<()> {
    let password = read_password()?;
    password::acceptable_for(&password, &[&command.name, &command.email])?;
    let store = command.place.make(true)?;
    if let Some(name) = store.read(|rx| rx.instance())?.name {
        bail!("this instance is set up already, as {name}");
    }
    let make = |kind| secret::new(kind, store.entropy());
    let [personal, service, workspace] = [
        make(secret::Kind::Personal),
        make(secret::Kind::Service),
        make(secret::Kind::Workspace),
    ];
    let instance = command
        .instance
        .unwrap_or_else(|| default_name(None, store.entropy()));
    let action = SetUp {
        link: None,
        instance,
        organization: command.organization,
        workspace: command.workspace,
        name: command.name,
        email: command.email,
        password: password::hash(&password, store.entropy())?,
        access_token: secret::hash(&personal),
        service_token: secret::hash(&service),
        workspace_token: workspace.clone(),
    };
    let made = store
        .perform(Actor::System(System::CommandLine), origin(&store), action)
        .wait()?
        .output;
    let tokens = [personal.as_str(), service.as_str(), workspace.as_str()];
    print(&store, &made, tokens, command.json).map_err(|error| {
        anyhow::anyhow!(
            "the instance is set up, but its tokens could not be printed ({error}); make new ones with `annals token create`"
        )
    })
}

/// Says what was made. The tokens are shown only here.
fn print(
    store: &Store,
    made: &Made,
    [personal, service, workspace]: [&str; 3],
    as_json: bool,
) -> std::io::Result<()> {
    if as_json {
        let answer = json!({
            "organizationId": made.organization,
            "workspaceId": made.workspace,
            "userId": made.user,
            "accessToken": personal,
            "serviceToken": service,
            "workspaceToken": workspace,
        });
        say!("{answer}");
    } else {
        say!("organization     {}", made.organization);
        say!("workspace        {}", made.workspace);
        say!("administrator    {}", made.user);
        say!("access token     {}  (personal, read-write)", personal);
        say!("service token    {}  (reads the audit log)", service);
        say!("workspace token  {}  (for the data plane)", workspace);
        say!();
        say!(
            "The tokens are shown this once. Keep a copy of the key file {}:",
            store.key_file().display()
        );
        say!("without it no sealed part of the log and no secret can be read again.");
    }
    Ok(())
}
