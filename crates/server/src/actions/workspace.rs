//! Workspaces.

pub mod create;
pub mod delete;
pub mod import;
pub mod rotate_token;
pub mod update;

use std::str::FromStr;

use model::catalogue::TargetType;
use model::id::{OrganizationId, WorkspaceId};
use model::role::OrganizationRole;
use model::things::{CodeKind, Invitation, InvitationState, Workspace};
use store::{Error, Result, Rx, Target, Tx};

/// What a workspace is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// What counts.
    #[default]
    Production,
    /// What is tried.
    Development,
}

impl Environment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Production, Self::Development];

    /// The word that is stored and sent.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Production => "PRODUCTION",
            Self::Development => "DEVELOPMENT",
        }
    }

    /// The word that a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::Development => "Development",
        }
    }

    /// What a person reads for a stored word.
    pub fn label_of(word: &str) -> String {
        let known = word.parse::<Self>().map(Self::label);
        known.unwrap_or(word).to_owned()
    }
}

/// Refuses a name that a workspace of the organization has already: nobody could tell them apart.
fn free(rx: &mut Rx<'_>, organization: OrganizationId, name: &str) -> Result<()> {
    let all = rx.workspaces(organization)?;
    if all.iter().any(|one| one.name == *name) {
        let message = format!("there is a workspace \u{201c}{name}\u{201d} already");
        return Err(Error::failed("name_taken", message));
    }
    Ok(())
}

/// A workspace as each begins.
pub(crate) fn new(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    name: String,
    environment: Environment,
) -> Workspace {
    Workspace {
        id: tx.new_id(WorkspaceId::new),
        organization,
        name,
        environment: environment.word().to_owned(),
        region: "US".to_owned(),
        data_plane_url: None,
        allow_unknown_types: true,
        refuse_invalid_config: false,
        created_at: tx.at,
        updated_at: tx.at,
    }
}

impl FromStr for Environment {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.word() == word).ok_or_else(|| {
            let message = "environment must be PRODUCTION or DEVELOPMENT";
            Error::field("unknown_word", "environment", message)
        })
    }
}

pub(crate) fn found(
    rx: &mut Rx<'_>,
    organization: OrganizationId,
    id: WorkspaceId,
) -> Result<Workspace> {
    rx.workspace(id)?
        .filter(|one| one.organization == organization)
        .ok_or(Error::NotFound("workspace"))
}

pub(crate) fn target(workspace: &Workspace) -> Target {
    Target::new(TargetType::Workspace, workspace.id, workspace.name.clone())
}

/// The open invitations that are to a role in a workspace and to nothing else: they go with it.
pub(crate) fn invitations_to(rx: &mut Rx<'_>, workspace: &Workspace) -> Result<Vec<Invitation>> {
    let mut all = rx.invitations(workspace.organization)?;
    all.retain(|one| {
        one.state == InvitationState::Open
            && one.role == OrganizationRole::Member
            && matches!(&*one.workspaces, [(id, _)] if *id == workspace.id)
    });
    Ok(all)
}

/// So many of what [`things_in`] found: `2 libraries`.
pub(crate) fn counted((noun, n): (&'static str, u64)) -> String {
    match (noun, n) {
        (noun, 1) => format!("1 {noun}"),
        ("library", n) => format!("{n} libraries"),
        ("source of reverse ETL", n) => format!("{n} sources of reverse ETL"),
        (noun, n) => format!("{n} {noun}s"),
    }
}

/// What is in a workspace, each with a word for one of it and how many there are.
pub(crate) fn things_in(rx: &mut Rx<'_>, id: WorkspaceId) -> Result<Vec<(&'static str, u64)>> {
    let code = CodeKind::Transformation;
    let all = [
        ("source", rx.sources(id, None, 0, None)?.total),
        ("destination", rx.destinations(id, None, 0, None)?.total),
        (
            "transformation",
            rx.transformations(id, code, None, 0, None)?.total,
        ),
        (
            "library",
            rx.transformations(id, CodeKind::Library, None, 0, None)?
                .total,
        ),
        (
            "source of reverse ETL",
            rx.retl_sources(id, None, None)?.len() as u64,
        ),
        ("account", rx.accounts(id, None, 0, None)?.total),
    ];
    Ok(all.into_iter().filter(|(_, count)| *count > 0).collect())
}
