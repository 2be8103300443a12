//! The things that people and programs manage, as they are remembered.

use std::borrow::Cow;

use serde_json::Value;

use crate::catalogue::TargetType;
use crate::clock::Micros;
use crate::id::{
    AccountId, ConnectionId, DestinationId, FactorId, InvitationId, OrganizationId, RevisionId,
    SessionId, SourceId, TokenId, TransformationId, UserId, VersionId, WorkspaceId,
};
use crate::role::{Access, OrganizationRole, WorkspaceRole};
use crate::settings::Settings;

/// The longest name of anything, in characters.
pub const NAME_LIMIT: usize = 255;

/// A company, a team: what has members, workspaces and a log of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Whether its members need a second factor.
    pub requires_mfa: bool,
    /// Whether anyone may read the checkpoint of its log and the hashes over its entries.
    pub public_hashes: bool,
    /// When it was created.
    pub created_at: Micros,
}

/// A workspace: what has sources, destinations and transformations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// The organization that it belongs to.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// The public API's word: `DEVELOPMENT` or `PRODUCTION`.
    pub environment: String,
    /// The public API's word: `US` or `EU`.
    pub region: String,
    /// The address of its data plane, where one is known.
    pub data_plane_url: Option<String>,
    /// Whether sources and destinations of types without a definition are accepted.
    pub allow_unknown_types: bool,
    /// Whether settings that do not fulfil the schema of their type are refused; otherwise they are taken with a warning.
    pub refuse_invalid_config: bool,
    /// When it was created.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The person's id.
    pub id: UserId,
    /// The person's name.
    pub name: String,
    /// The person's e-mail address, as it was typed.
    pub email: String,
    /// When the account was made.
    pub created_at: Micros,
}

/// A person's place in an organization and one of its workspaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub user: User,
    /// The organization.
    pub organization: OrganizationId,
    /// What the person is there.
    pub role: OrganizationRole,
    /// What the person is in the workspaces where there is a role.
    pub workspaces: Vec<(WorkspaceId, WorkspaceRole)>,
}

/// What is known of a member beside what the person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberSeen {
    /// When the membership began.
    pub since: Micros,
    /// Whether there is a second factor.
    pub has_factor: bool,
    /// The last use of a session, or of a token of the organization, that there still is.
    pub last: Option<Micros>,
}

/// Where events come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Its type, exactly as it was posted.
    pub kind: String,
    /// Whether it takes events.
    pub enabled: bool,
    /// Its settings, as they were sent; always an object.
    pub config: Settings,
    /// What identifies it to the data plane.
    pub write_key: String,
    /// Whether the data plane adds the place of an address.
    pub geo_enrichment: bool,
    /// Whether events are not stored by the data plane.
    pub transient: bool,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
    /// When it was created.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

/// Where events go.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// Its id.
    pub id: DestinationId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Its type, exactly as it was posted.
    pub kind: String,
    /// The version of its type.
    pub version: i64,
    /// Whether it gets events.
    pub enabled: bool,
    /// Its settings, as they were sent, secrets included; always an object.
    pub config: Settings,
    /// This state of its settings.
    pub revision: RevisionId,
    /// Whether it has changed since it was created (then the defaults of its type are no longer laid under `config`).
    pub changed: bool,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
    /// When it was created.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

/// An account at another service, such as a warehouse that reverse ETL reads from.
#[derive(Clone, PartialEq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What it is an account of, as it was posted: `SOURCE_BIGQUERY`.
    pub definition: String,
    /// What is not secret of it; always an object.
    pub options: Value,
    /// What is; always an object. No answer has it.
    pub secret: Value,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
    /// When it was created.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

impl Account {
    /// What its definition says of it: the type (`bigquery`) and the category (`source`). Both are in its name; one that is
    /// of no known category is a type of its own, without a category.
    pub fn kind(definition: &str) -> (String, &'static str) {
        let of = |prefix, category| {
            let rest: &str = definition.strip_prefix(prefix)?;
            (!rest.is_empty()).then(|| (rest.to_lowercase(), category))
        };
        of("SOURCE_", "source")
            .or_else(|| of("DESTINATION_", "destination"))
            .unwrap_or_else(|| (definition.to_lowercase(), ""))
    }
}

/// What reverse ETL reads: a table of a warehouse, or what a query gives.
#[derive(Clone, Debug, PartialEq)]
pub struct RetlSource {
    /// Its id.
    pub id: SourceId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Which of the two it is.
    pub kind: RetlKind,
    /// The warehouse's type, as it was posted: `bigquery`.
    pub definition: String,
    /// The account that it is read with.
    pub account: AccountId,
    /// Whether it is read.
    pub enabled: bool,
    /// What is read, as it was sent; always an object.
    pub config: Settings,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
    /// When it was created.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

/// What a source of reverse ETL reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetlKind {
    /// What a query gives.
    Model,
    /// A table, or the files of a bucket.
    Table,
}

impl RetlKind {
    /// The word that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Table => "table",
        }
    }
}

impl std::str::FromStr for RetlKind {
    type Err = crate::role::UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Model, Self::Table]
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or(crate::role::UnknownWord)
    }
}

/// A source of reverse ETL that feeds a destination.
#[derive(Clone, Debug, PartialEq)]
pub struct RetlConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// What is read.
    pub source: SourceId,
    /// Where it goes.
    pub destination: DestinationId,
    /// Whether it is synced.
    pub enabled: bool,
    /// When and how: `schedule`, `syncBehaviour`, `identifiers`, and what else was sent of these; always an object.
    pub settings: Value,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
    /// When it was created.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

impl RetlConnection {
    /// The object of the destination that it writes, or its audience; empty where there is only one. Clients name it among the
    /// settings or, for some types, in `destinationConfig`.
    pub fn object(&self) -> Cow<'_, str> {
        let (own, of_destination) = (&self.settings, &self.settings["destinationConfig"]);
        match [
            &own["object"],
            &of_destination["object"],
            &of_destination["audienceId"],
        ]
        .into_iter()
        .find(|value| value.is_string() || value.is_number())
        {
            Some(Value::String(text)) => Cow::Borrowed(text),
            Some(number) => Cow::Owned(number.to_string()),
            None => Cow::Borrowed(""),
        }
    }
}

/// A source that feeds a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Where events come from.
    pub source: SourceId,
    /// Where they go.
    pub destination: DestinationId,
    /// Whether they flow.
    pub enabled: bool,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
    /// When it was created.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

/// What has code in versions: a transformation, or a library that transformations import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// It is put before a destination.
    Transformation,
    /// It is imported by transformations.
    Library,
}

impl CodeKind {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transformation => "transformation",
            Self::Library => "library",
        }
    }

    /// What an event about it is about.
    pub const fn target(self) -> TargetType {
        match self {
            Self::Transformation => TargetType::Transformation,
            Self::Library => TargetType::TransformationLibrary,
        }
    }
}

/// A transformation or a library, with its current version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transformation {
    /// Its id.
    pub id: TransformationId,
    /// Which of the two it is.
    pub kind: CodeKind,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// `javascript` or `python` (or `pythonfaas`), as it was posted.
    pub language: String,
    /// The code of the current version.
    pub code: String,
    /// The current version.
    pub version: VersionId,
    /// The version that is published, if any is.
    pub published: Option<VersionId>,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
    /// When it was created.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

/// One version of the code of a transformation or a library, as it was when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// The transformation or library; it may have been deleted since.
    pub transformation: TransformationId,
    /// Which of the two it is.
    pub kind: CodeKind,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The name at that time.
    pub name: String,
    /// The description at that time.
    pub description: String,
    /// The language.
    pub language: String,
    /// The code.
    pub code: String,
    /// Its number: 1 for the first.
    pub number: i64,
    /// When it was made.
    pub created_at: Micros,
}

/// A transformation that is put before a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransformationLink {
    /// The destination; it has at most one.
    pub destination: DestinationId,
    /// The transformation.
    pub transformation: TransformationId,
    /// The workspace of both.
    pub workspace: WorkspaceId,
    /// When it was put there.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

/// An access token. Its secret is shown once; only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The organization that it is for.
    pub organization: OrganizationId,
    /// The workspace that it is for; none for a service token of the organization.
    pub workspace: Option<WorkspaceId>,
    /// Whose it is; none for a service token.
    pub owner: Option<UserId>,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub access: Access,
    /// What a service token of a workspace is there; none for every other token.
    pub role: Option<WorkspaceRole>,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// When it was made.
    pub created_at: Micros,
    /// When it ends, if it does.
    pub expires_at: Option<Micros>,
}

/// A signed-in browser. Its secret is in a cookie; only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who is signed in.
    pub user: UserId,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// When it began.
    pub created_at: Micros,
    /// When it was last used.
    pub used_at: Micros,
    /// When it ends, however much it is used.
    pub expires_at: Micros,
}

/// A browser that is signed in, as its owner is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSeen {
    /// Its id.
    pub id: SessionId,
    /// The client's address when it began.
    pub ip: Option<String>,
    /// What the browser called itself when it began.
    pub user_agent: Option<String>,
    /// When it began.
    pub created_at: Micros,
    /// When it was last used, to the minute.
    pub used_at: Micros,
    /// When it ends, however much it is used.
    pub expires_at: Micros,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    /// It waits to be accepted.
    Open,
    /// It was accepted.
    Accepted,
    /// It was withdrawn.
    Cancelled,
    /// Nobody accepted it in time.
    Expired,
}

impl InvitationState {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Open, Self::Accepted, Self::Cancelled, Self::Expired];

    /// The word that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

impl std::str::FromStr for InvitationState {
    type Err = crate::role::UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = Self::ALL.iter().copied();
        all.into_iter()
            .find(|one| one.as_str() == text)
            .ok_or(crate::role::UnknownWord)
    }
}

/// What became of the letter that an invitation was sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// There is no mail server: the link was handed over.
    None,
    /// It waits, or is tried again.
    Waiting,
    /// The mail server took it.
    Sent,
    /// It was given up.
    Failed,
}

impl Delivery {
    /// The word that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for Delivery {
    type Err = crate::role::UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::None, Self::Waiting, Self::Sent, Self::Failed]
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or(crate::role::UnknownWord)
    }
}

/// Someone is asked to join an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The organization.
    pub organization: OrganizationId,
    /// Who is invited: the account that the e-mail has or, without one, the id that the account will have.
    pub user: UserId,
    /// The e-mail address, as it was typed.
    pub email: String,
    /// Who invites, where that is a person.
    pub invited_by: Option<UserId>,
    /// What the person is to be in the organization.
    pub role: OrganizationRole,
    /// What the person is to be in its workspaces.
    pub workspaces: Vec<(WorkspaceId, WorkspaceRole)>,
    /// SHA-256 of the link's secret.
    pub hash: [u8; 32],
    /// What became of it.
    pub state: InvitationState,
    /// What became of its letter.
    pub delivery: Delivery,
    /// When it was first sent.
    pub created_at: Micros,
    /// When it ends, unless it is accepted.
    pub expires_at: Micros,
    /// When it was accepted, withdrawn or ended.
    pub ended_at: Option<Micros>,
}

/// A sort of second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FactorKind {
    /// An authenticator app (RFC 6238).
    Totp,
    /// A phone that gets codes by text message.
    Phone,
    /// A passkey (Web Authentication); also good as the only sign-in.
    Passkey,
}

impl FactorKind {
    /// The word that is stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Phone => "phone",
            Self::Passkey => "passkey",
        }
    }

    /// What a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Totp => "Authenticator app",
            Self::Phone => "SMS phone",
            Self::Passkey => "Passkey",
        }
    }
}

impl std::str::FromStr for FactorKind {
    type Err = crate::role::UnknownWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Totp, Self::Phone, Self::Passkey]
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or(crate::role::UnknownWord)
    }
}

/// A second factor of a person.
#[derive(Clone)]
pub struct Factor {
    /// Its id.
    pub id: FactorId,
    /// Whose it is.
    pub user: UserId,
    /// What it is.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub name: String,
    /// The app's seed in Base32, the phone number in E.164, or the passkey's public part as JSON.
    pub secret: zeroize::Zeroizing<String>,
    /// What a passkey is found by: a keyed hash of its credential id.
    pub credential: Option<[u8; 32]>,
    /// The last time step whose code was used (RFC 6238, 5.2: a code is good once).
    pub step: Option<i64>,
    /// When it was added.
    pub created_at: Micros,
    /// When it was last used.
    pub used_at: Option<Micros>,
}
