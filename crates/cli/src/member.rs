//! `annals member`.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use model::id::{OrganizationId, WorkspaceId};
use model::role::{OrganizationRole, WorkspaceRole};
use model::things::{User, Workspace};
use serde_json::json;
use server::actions::account::change_password::ChangePassword;
use server::actions::factor::Proof;
use server::actions::factor::remove::RemoveFactor;
use server::actions::member::add::AddMember;
use server::actions::member::change::{ChangeMember, Seen};
use server::actions::member::remove::RemoveMember;
use server::auth::{limits, password};
use store::{Store, Upkeep};

use crate::place::{Home, password as read_password, perform, say};

/// Manage who belongs to an organization.
#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Add a person, with a new account or the one that the e-mail has
    Add(Add),
    /// Say who belongs to an organization
    List(List),
    /// Change what a member is
    Change(Change),
    /// Remove a member: sessions and tokens end at once
    Remove(One),
    /// Set a person's password, for someone who is locked out; all sessions end
    Password(Password),
    /// Turn a person's second factors off, for someone who has lost them
    ResetMfa(One),
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

/// A person.
#[derive(Debug, Args)]
pub(crate) struct One {
    #[command(flatten)]
    home: Home,
    /// The person's e-mail
    #[arg(long, value_name = "EMAIL")]
    email: String,
}

/// What a member is to be.
#[derive(Debug, Args)]
pub(crate) struct Change {
    #[command(flatten)]
    one: One,
    /// The workspace that a role is for; what the person is elsewhere, and in the organization, stays [default: all of the
    /// organization, of which the person is no Admin any more, unless the role is owner]
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    /// owner: Admin of the organization; admin, editor, viewer, auditor: a role in the workspace; none: no role there
    #[arg(long, value_name = "ROLE", value_parser = role_or("none"))]
    role: Role,
}

/// A password to be.
#[derive(Debug, Args)]
pub(crate) struct Password {
    #[command(flatten)]
    one: One,
    /// Read the new password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
}

/// Add a person.
#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    home: Home,
    /// The workspace that a role is for [default: all of the organization]
    #[arg(long, value_name = "ID")]
    workspace: Option<WorkspaceId>,
    /// The person's e-mail
    #[arg(long, value_name = "EMAIL")]
    email: String,
    /// The person's name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// owner: Admin of the organization; admin, editor, viewer, auditor: a role in the workspace; member: no role yet
    #[arg(long, value_name = "ROLE", value_parser = role_or("member"))]
    role: Role,
    /// Read the person's password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A role as somebody types it: as pages write it, or with small letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Admin of the organization.
    Owner,
    /// In a workspace.
    In(WorkspaceRole),
    /// In none.
    Nothing,
}

impl Role {
    const fn in_workspace(self) -> Option<WorkspaceRole> {
        match self {
            Self::In(role) => Some(role),
            Self::Owner | Self::Nothing => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::In(role) => role.as_str(),
            Self::Nothing => "none",
        }
    }
}

/// Reads a role, where `nothing` is the word for none.
fn role_or(nothing: &'static str) -> impl Fn(&str) -> Result<Role, String> + Clone {
    move |text| match text.to_lowercase().as_str() {
        "owner" => Ok(Role::Owner),
        word if word == nothing => Ok(Role::Nothing),
        word => word.parse().map(Role::In).map_err(|_| {
            let roles = workspace_roles();
            format!(
                "it is Owner (Admin of the organization), {roles} (in a workspace) or {nothing}"
            )
        }),
    }
}

/// Reads a role in a workspace.
pub(crate) fn workspace_role(text: &str) -> Result<WorkspaceRole, String> {
    let role = text.to_lowercase().parse();
    role.map_err(|_| format!("it is one of {}", workspace_roles()))
}

fn workspace_roles() -> String {
    let roles: Vec<_> = WorkspaceRole::ALL.iter().map(|one| one.label()).collect();
    roles.join(", ")
}

/// A member, by e-mail.
pub(crate) fn member(
    store: &Store,
    organization: OrganizationId,
    email: &str,
) -> Result<model::things::Member> {
    let found = store.read(|rx| {
        let Some((user, _)) = rx.user_by_email(email)? else {
            return Ok(None);
        };
        rx.member(organization, user.id)
    })?;
    found.with_context(|| format!("{email} is no member of the organization"))
}

/// What a change that is refused begins with.
const UNCHANGED: &str = "nothing was changed";

pub(crate) fn run(command: Member) -> Result<()> {
    match command {
        Member::Add(command) => add(command),
        Member::List(command) => list(&command),
        Member::Change(command) => change(&command),
        Member::Remove(command) => {
            let (store, organization) = command.home.open()?;
            let user = member(&store, organization, &command.email)?.user;
            perform(
                &store,
                RemoveMember {
                    organization,
                    user: user.id,
                },
                UNCHANGED,
            )?;
            say!("removed {} ({})", user.name, user.id);
            Ok(())
        }
        Member::Password(command) => {
            let typed = read_password()?;
            let (store, user) = command.one.home.account(&command.one.email)?;
            password::acceptable_for(&typed, &[&user.name, &user.email])?;
            let action = ChangePassword {
                user: user.id,
                checked: None,
                password: password::hash(&typed, store.entropy())?,
            };
            perform(&store, action, UNCHANGED)?;
            let_in(&store, &user)?;
            say!(
                "set the password of {} ({}); all sessions have ended",
                user.name,
                user.id
            );
            Ok(())
        }
        Member::ResetMfa(command) => {
            let (store, user) = command.home.account(&command.email)?;
            let factors = store.read(|rx| rx.factors(user.id))?;
            for factor in &factors {
                let action = RemoveFactor {
                    user: user.id,
                    id: factor.id,
                    proof: Proof::Password(None),
                };
                perform(&store, action, UNCHANGED)?;
            }
            let_in(&store, &user)?;
            say!(
                "turned off {} of {} ({})",
                match factors.len() {
                    1 => "1 second factor".to_owned(),
                    number => format!("{number} second factors"),
                },
                user.name,
                user.id
            );
            Ok(())
        }
    }
}

/// What a workspace is called.
pub(crate) fn name_in(workspaces: &[Workspace], id: WorkspaceId) -> &str {
    let found = workspaces.iter().find(|one| one.id == id);
    found.map_or("a workspace that is gone", |one| &one.name)
}

/// Whoever was kept out by too many wrong tries, of whomever, may try again.
fn let_in(store: &Store, user: &User) -> Result<()> {
    for what in limits::of_everyone(user) {
        store.upkeep(Upkeep::Forgive(what)).wait()?;
    }
    Ok(())
}

fn list(command: &List) -> Result<()> {
    let (store, organization) = command.home.open()?;
    let (members, workspaces) =
        store.read(|rx| Ok((rx.members(organization)?, rx.workspaces(organization)?)))?;
    for one in members {
        let roles: serde_json::Map<_, _> = one
            .workspaces
            .iter()
            .map(|(id, role)| (id.to_string(), json!(role.as_str())))
            .collect();
        if command.json {
            let view = json!({ "userId": one.user.id, "name": one.user.name, "email": one.user.email,
                "organizationRole": one.role.as_str(), "workspaceRoles": roles });
            say(&view.to_string())?;
        } else {
            let roles: Vec<_> = one
                .workspaces
                .iter()
                .map(|(id, role)| format!("{} of {}", role.label(), name_in(&workspaces, *id)))
                .collect();
            say(&format!(
                "{}  {:7} {:20} {} <{}>",
                one.user.id,
                one.role.label(),
                roles.join(", "),
                one.user.name,
                one.user.email
            ))?;
        }
    }
    Ok(())
}

fn change(command: &Change) -> Result<()> {
    of_no_workspace(command.role, command.workspace)?;
    let (store, organization) = command.one.home.open()?;
    let user = member(&store, organization, &command.one.email)?.user;
    let role = command.role.in_workspace();
    let workspaces = match (command.role, command.workspace) {
        (Role::Owner, _) => Vec::new(),
        (_, Some(workspace)) => vec![(workspace, role)],
        (_, None) => store
            .read(|rx| rx.workspaces(organization))?
            .into_iter()
            .map(|one| (one.id, role))
            .collect(),
    };
    let action = ChangeMember {
        organization,
        user: user.id,
        role: match (command.role, command.workspace) {
            (Role::Owner, _) => Some(OrganizationRole::Admin),
            (_, Some(_)) => None,
            (_, None) => Some(OrganizationRole::Member),
        },
        workspaces,
        seen: Seen::default(),
    };
    let member = perform(&store, action, UNCHANGED)?;
    let place = command.workspace.map(|id| format!(" in {id}"));
    let still = match member.role {
        OrganizationRole::Admin if command.role != Role::Owner => {
            "; and Admin of the organization still, who may do everything"
        }
        _ => "",
    };
    say!(
        "{} ({}) is {}{} now{still}",
        member.user.name,
        member.user.id,
        command.role.word(),
        place.unwrap_or_default()
    );
    Ok(())
}

/// An owner is one of the whole organization.
fn of_no_workspace(role: Role, workspace: Option<WorkspaceId>) -> Result<()> {
    if role == Role::Owner && workspace.is_some() {
        bail!(
            "an owner is Admin of the whole organization: leave --workspace out, or say --role admin"
        );
    }
    Ok(())
}

fn add(command: Add) -> Result<()> {
    of_no_workspace(command.role, command.workspace)?;
    if command.role == Role::Nothing && command.workspace.is_some() {
        bail!(
            "a member has no role in a workspace: leave --workspace out, or say which role it is"
        );
    }
    let password = read_password()?;
    password::acceptable_for(&password, &[&command.name, &command.email])?;
    let (store, organization) = command.home.open()?;
    let was_there = store.read(|rx| rx.user_by_email(&command.email))?.is_some();
    let role = if command.role == Role::Owner {
        OrganizationRole::Admin
    } else {
        OrganizationRole::Member
    };
    let workspaces = match command.role.in_workspace() {
        None => Vec::new(),
        Some(role) => match command.workspace {
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
    let member = perform(&store, action, "nobody was added")?;
    if command.json {
        let roles: serde_json::Map<_, _> = member
            .workspaces
            .iter()
            .map(|(id, role)| (id.to_string(), json!(role.as_str())))
            .collect();
        say!(
            "{}",
            json!({
                "userId": member.user.id,
                "newAccount": !was_there,
                "organizationId": member.organization,
                "organizationRole": member.role.as_str(),
                "workspaceRoles": roles,
            })
        );
    } else {
        let kept = if was_there {
            "; the account was there already, and keeps its name and password"
        } else {
            ""
        };
        say!("added {} ({}){kept}", member.user.name, member.user.id);
    }
    Ok(())
}
