//! `annals member`.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use model::actor::{Actor, System};
use model::id::{OrganizationId, WorkspaceId};
use model::role::{OrganizationRole, WorkspaceRole};
use serde_json::json;
use server::actions::member::add::AddMember;
use server::auth::password;
use store::Store;

use crate::place::{Place, origin, password as read_password};

/// Manage who belongs to an organization.
#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Add a person, with a new account or the one that the e-mail has
    Add(Add),
}

/// Add a person.
#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    place: Place,
    /// The organization [default: the only one]
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// The workspace that a role is for [default: all of the organization]
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    /// The person's e-mail
    #[arg(long, value_name = "EMAIL")]
    email: String,
    /// The person's name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// owner: Admin of the organization; admin, editor, viewer: a role in the workspace; member: no role yet
    #[arg(long, value_name = "ROLE", value_parser = ["owner", "admin", "editor", "viewer", "member"])]
    role: String,
    /// Read the person's password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The organization that is meant, where there is only one.
pub(crate) fn only_organization(store: &Store) -> Result<OrganizationId> {
    let mut all = store.read(|rx| rx.organizations())?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one.id),
        (None, _) => bail!("there is no organization yet; run `annals init` first"),
        (Some(_), false) => bail!("there are several organizations; name one with --organization"),
    }
}

pub(crate) fn run(command: Member) -> Result<()> {
    let Member::Add(command) = command;
    let password = read_password()?;
    password::acceptable(&password)?;
    let store = command.place.open(true)?;
    let organization = match command.organization {
        Some(organization) => organization,
        None => only_organization(&store)?,
    };
    let role = if command.role == "owner" {
        OrganizationRole::Admin
    } else {
        OrganizationRole::Member
    };
    let workspaces = match command.role.parse::<WorkspaceRole>() {
        Err(_) => Vec::new(),
        Ok(role) => match command.workspace {
            Some(workspace) => vec![(workspace, role)],
            None => store
                .read(|rx| rx.workspaces(organization))?
                .into_iter()
                .map(|one| (one.id, role))
                .collect(),
        },
    };
    let action = AddMember {
        organization,
        name: command.name,
        email: command.email,
        password: password::hash(&password, store.entropy())?,
        role,
        workspaces,
    };
    let member = store
        .perform(Actor::System(System::CommandLine), origin(&store), action)
        .wait()
        .context("nobody was added")?
        .output;
    if command.json {
        let roles: serde_json::Map<_, _> = member
            .workspaces
            .iter()
            .map(|(id, role)| (id.to_string(), json!(role.as_str())))
            .collect();
        println!(
            "{}",
            json!({
                "userId": member.user.id,
                "organizationId": member.organization,
                "organizationRole": member.role.as_str(),
                "workspaceRoles": roles,
            })
        );
    } else {
        println!("added {} ({})", member.user.name, member.user.id);
    }
    Ok(())
}
