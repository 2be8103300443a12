//! `annals token`.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use model::clock::Micros;
use model::id::{OrganizationId, TokenId, WorkspaceId};
use model::role::{Access, WorkspaceRole};
use serde_json::json;
use server::actions::audit_log::view::ViewAuditLog;
use server::actions::token::create::{CreateToken, Whose};
use server::actions::token::delete::DeleteToken;
use server::actions::workspace::rotate_token::RotateToken;
use server::api::audit_logs::AuditLog;
use server::auth::secret::{self, Kind};
use server::request::Place;
use store::{Query, Store};
use zeroize::Zeroizing;

use crate::member::{member, name_in, workspace_role};
use crate::place::{Home, password, perform, say};

/// Manage access tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Say which tokens there are
    List(List),
    /// Make a token and print it, once
    Create(Create),
    /// Delete a token: it ends at once
    Delete(Delete),
    /// Show everything that a token did, also one that has ended
    Events(Events),
    /// Replace the token of a workspace's data planes and print the new one, once; the one before is good no more
    RotateWorkspace(RotateWorkspace),
}

/// A token whose events are asked for.
#[derive(Debug, Args)]
pub(crate) struct Events {
    #[command(flatten)]
    home: Home,
    /// Its id or its name
    #[arg(value_name = "ID|NAME", required_unless_present = "stdin")]
    token: Option<String>,
    /// Read the token itself from standard input, so that no history of commands has it
    #[arg(long, conflicts_with = "token")]
    stdin: bool,
    /// Print one JSON object for each event
    #[arg(long)]
    json: bool,
}

/// Whose organization, and as what it is printed.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    home: Home,
    /// Print one JSON object for each
    #[arg(long)]
    json: bool,
}

/// A token to be.
#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    home: Home,
    /// The workspace that it is for [default: the only one]
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    /// Its name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// A personal token of this member; without it the token is a service's
    #[arg(long, value_name = "EMAIL", conflicts_with = "role")]
    owner: Option<String>,
    /// What a service's token is in the workspace: admin, editor, viewer, auditor; without it the token is one of the
    /// organization, which reads the audit log and nothing else
    #[arg(long, value_name = "ROLE", value_parser = workspace_role)]
    role: Option<WorkspaceRole>,
    /// It may only read [default: a personal token may do what its owner may in the workspace, and one with a role what
    /// that role may]
    #[arg(long)]
    read_only: bool,
    /// How many days it lasts [default: for ever]
    #[arg(long, value_name = "DAYS")]
    days: Option<i64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The workspace whose data planes get another token.
#[derive(Debug, Args)]
pub(crate) struct RotateWorkspace {
    #[command(flatten)]
    home: Home,
    /// The workspace [default: the only one]
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A token to delete.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    home: Home,
    /// Its id
    #[arg(value_name = "ID")]
    id: TokenId,
}

pub(crate) fn run(command: Token) -> Result<()> {
    match command {
        Token::List(command) => list(&command),
        Token::Create(command) => create(command),
        Token::Delete(command) => delete(&command),
        Token::Events(command) => events(&command),
        Token::RotateWorkspace(command) => rotate_workspace(&command),
    }
}

fn events(command: &Events) -> Result<()> {
    let sought = match &command.token {
        Some(text) if secret::looks_like_one(text) => {
            bail!("this is a token itself, which must not stand on a command line; use --stdin")
        }
        Some(text) => Zeroizing::new(text.clone()),
        None => password().context("no token came on standard input")?,
    };
    let (store, organization) = command.home.open()?;
    let ids = store.read(|rx| server::audit::tokens(rx, organization, &sought))?;
    if ids.is_empty() {
        bail!("there is no such token in the organization, and there was none");
    }
    let mut query = Query {
        tokens: Some(ids.iter().map(ToString::to_string).collect()),
        limit: 1000,
        ..Query::default()
    };
    let view = ViewAuditLog {
        organization,
        workspace: None,
        filters: json!({ "token": ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ") }),
    };
    perform(&store, view, "nothing was shown")?;
    loop {
        let page = store.read(|rx| rx.events(organization, &query))?;
        let last = page.events.last().map(|event| event.entry.id.parse());
        for event in page.events {
            if command.json {
                say(&serde_json::to_string(&AuditLog::from(event))?)?;
            } else {
                let entry = &event.entry;
                say(&format!(
                    "{}  {:<8} {}.{}  {}  {}",
                    Micros(entry.at),
                    entry.outcome.as_str(),
                    entry.target.r#type,
                    entry.action,
                    event.target_name.as_deref().unwrap_or("-"),
                    event.ip.as_deref().unwrap_or("-")
                ))?;
            }
        }
        match last {
            Some(Ok(last)) if page.more => query.after = Some(last),
            _ => return Ok(()),
        }
    }
}

fn list(command: &List) -> Result<()> {
    let (store, organization) = command.home.open()?;
    let (tokens, members, workspaces) = store.read(|rx| {
        Ok((
            rx.tokens(organization)?,
            rx.members(organization)?,
            rx.workspaces(organization)?,
        ))
    })?;
    for (one, used_at) in tokens {
        let kind = if one.owner.is_some() {
            "personal"
        } else {
            "service"
        };
        if command.json {
            let view = json!({ "id": one.id, "name": one.name, "kind": kind, "ownerId": one.owner,
                "workspaceId": one.workspace, "access": one.access.as_str(), "role": one.role.map(|role| role.as_str()),
                "createdAt": one.created_at.rfc3339_millis(),
                "expiresAt": one.expires_at.map(|at| at.rfc3339_millis()),
                "lastUsedAt": used_at.map(|at| at.rfc3339_millis()) });
            say(&view.to_string())?;
        } else {
            let ends = one
                .expires_at
                .map_or_else(|| "never ends".to_owned(), |at| format!("ends {at}"));
            let place = one.workspace.map(|id| name_in(&workspaces, id));
            let owner = members
                .iter()
                .find(|member| Some(member.user.id) == one.owner);
            let is = match (owner, one.role, place) {
                (Some(owner), _, Some(place)) => format!("{} in {place}", owner.user.email),
                (None, Some(role), Some(place)) => format!("{} of {place}", role.label()),
                _ => "reader of the audit log".to_owned(),
            };
            say(&format!(
                "{}  {kind:8} {:10} {ends}  {is}  {}",
                one.id,
                one.access.as_str(),
                one.name
            ))?;
        }
    }
    Ok(())
}

/// The workspace that was named, or the only one.
fn workspace(
    store: &Store,
    organization: OrganizationId,
    named: Option<WorkspaceId>,
) -> Result<WorkspaceId> {
    if let Some(named) = named {
        return Ok(named);
    }
    let mut all = store.read(|rx| rx.workspaces(organization))?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one.id),
        (None, _) => bail!("the organization has no workspace"),
        (Some(_), false) => bail!("there are several workspaces; name one with --workspace"),
    }
}

fn rotate_workspace(command: &RotateWorkspace) -> Result<()> {
    let (store, organization) = command.home.open()?;
    let workspace = workspace(&store, organization, command.workspace)?;
    let token = secret::new(Kind::Workspace, store.entropy());
    let action = RotateToken {
        place: Place {
            organization,
            workspace,
        },
        token: token.clone(),
        password: None,
    };
    perform(&store, action, "the token was not replaced")?;
    if command.json {
        say!(
            "{}",
            json!({ "workspaceId": workspace, "token": token.as_str() })
        );
    } else {
        say!("{}", token.as_str());
    }
    Ok(())
}

fn create(command: Create) -> Result<()> {
    let (store, organization) = command.home.open()?;
    let workspace = || workspace(&store, organization, command.workspace);
    let (whose, kind) = match (&command.owner, command.role) {
        (Some(email), _) => {
            let user = member(&store, organization, email)?.user.id;
            (Whose::Personal(workspace()?, Some(user)), Kind::Personal)
        }
        (None, Some(role)) => (Whose::Workspace(workspace()?, role), Kind::Service),
        (None, None) if command.workspace.is_some() => bail!(
            "a token of a workspace needs --role, or --owner if it is to be a person's; without --workspace it is one of the whole organization"
        ),
        (None, None) => (Whose::Organization, Kind::Service),
    };
    let secret = secret::new(kind, store.entropy());
    let action = CreateToken {
        organization,
        whose,
        name: command.name,
        access: if command.read_only {
            Access::Read
        } else {
            Access::ReadWrite
        },
        days: command.days,
        hash: secret::hash(&secret),
    };
    let token = perform(&store, action, "no token was made")?;
    if command.json {
        say!(
            "{}",
            json!({ "id": token.id, "access": token.access.as_str(), "token": secret.as_str() })
        );
    } else {
        say!("{}", secret.as_str());
    }
    Ok(())
}

fn delete(command: &Delete) -> Result<()> {
    let (store, organization) = command.home.open()?;
    let action = DeleteToken {
        organization,
        id: command.id,
        by: None,
    };
    let token = perform(&store, action, "nothing was deleted")?;
    say!("deleted {} ({})", token.name, token.id);
    Ok(())
}
