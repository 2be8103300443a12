//! The one rule: a change is its record.

use std::ops::Range;

use model::catalogue::{EventType, TargetType};
use model::id::{DestinationId, LogId, OrganizationId, SourceId, UserId, WorkspaceId};
use model::role::Permission;
use serde_json::Value;

use crate::db::Param;
use crate::error::Result;
use crate::tables::{destinations, sources};
use crate::tx::{Rx, Tx};

/// One thing that a person or a program can do: one file, its permissions, its events.
pub trait Action: Send + 'static {
    /// What it may emit; the first about the type of thing that it is refused on names a refusal.
    const EVENTS: &'static [EventType];
    /// Whether it reads what others have recorded, so that it must not be in one transaction with them: theirs is written at
    /// the end.
    const ALONE: bool = false;
    /// What it gives to the door that asked.
    type Output: Send + 'static;

    /// The log or logs that its events go to. They are locked before anything is read.
    fn scope(&self) -> Scope;

    /// The row that it reads first, where that is known beforehand: on PostgreSQL it is asked for together with the lock.
    fn reads(&self) -> Option<Reads> {
        None
    }

    /// What the actor must be permitted, and on what; checked by `perform`, inside the transaction. The first one's
    /// resource is what a refusal is about.
    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>>;

    /// Does it. May run more than once; hashes no password, touches no network and no file.
    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Self::Output>>;
}

/// A row that an action reads first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// A source.
    Source(SourceId),
    /// A destination.
    Destination(DestinationId),
}

impl Reads {
    /// The question for it, of which its id is the one parameter.
    pub(crate) fn question(&self) -> (&'static str, Param<'_>) {
        match self {
            Self::Source(id) => (&sources::BY_ID, id.into()),
            Self::Destination(id) => (&destinations::BY_ID, id.into()),
        }
    }
}

/// Which logs an action's events go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The log of an organization.
    Organization(OrganizationId),
    /// What a person does to the own account: the logs of all organizations of that person or, with none, the instance's.
    Account(UserId),
    /// What is done in an organization to one who belongs to it, and reaches the account: the logs of all organizations of that
    /// person. It is asked for, and refused, in the one. The others hear that it was done, and not by whom, if not by the person.
    Member(OrganizationId, UserId),
    /// The same, and the instance's log: the account itself may go.
    MemberAndInstance(OrganizationId, UserId),
    /// The logs of all organizations that know something of a person, whether it is a member of them or not any more, and the
    /// instance's.
    Person(UserId),
    /// The instance's log; an action may make an organization, with its log, in it.
    Instance,
}

/// What something is about: the thing and its name at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What sort of thing.
    pub kind: TargetType,
    /// Its id; absent only in a refused create.
    pub id: Option<String>,
    /// Its name, where it is known.
    pub name: Option<String>,
}

impl Target {
    /// A thing with a name.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an id is given as it is at hand, by value or by reference"
    )]
    pub fn new(kind: TargetType, id: impl ToString, name: impl Into<String>) -> Self {
        Self {
            kind,
            id: Some(id.to_string()),
            name: Some(name.into()),
        }
    }

    /// A thing that does not exist yet.
    pub const fn to_be(kind: TargetType, name: String) -> Self {
        Self {
            kind,
            id: None,
            name: Some(name),
        }
    }
}

/// What a permission is needed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The workspace that it is in, if it is in one. It must belong to the scope's organization.
    pub workspace: Option<WorkspaceId>,
    /// What a refusal is about.
    pub target: Target,
}

/// A permission on a resource; without a permission, what a refusal would be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What the actor must be permitted; nothing for what anyone may try.
    pub permission: Option<Permission>,
    /// On what.
    pub resource: Resource,
    /// What else it concerns, as a refusal does: what is locked of that is asked about as well.
    pub related: Vec<Target>,
}

impl Need {
    /// A permission on something in a workspace.
    pub const fn in_workspace(
        permission: Permission,
        workspace: WorkspaceId,
        target: Target,
    ) -> Self {
        Self {
            permission: Some(permission),
            resource: Resource {
                workspace: Some(workspace),
                target,
            },
            related: Vec::new(),
        }
    }

    /// A permission in the organization as a whole.
    pub const fn in_organization(permission: Permission, target: Target) -> Self {
        Self {
            permission: Some(permission),
            resource: Resource {
                workspace: None,
                target,
            },
            related: Vec::new(),
        }
    }

    /// No permission: anyone may try. A refusal is about `target`.
    pub const fn nothing(target: Target) -> Self {
        Self {
            permission: None,
            resource: Resource {
                workspace: None,
                target,
            },
            related: Vec::new(),
        }
    }

    /// What else it concerns, as an event of success names it.
    #[must_use]
    pub fn related(mut self, target: Target) -> Self {
        self.related.push(target);
        self
    }
}

/// A row that an action has written, as [`Tx`] noted it: what it was before and what it is now.
#[must_use = "a row that changes must be named by a fact"]
#[derive(Debug)]
pub struct Changed(pub(crate) usize);

/// Which of a row's changes a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    All,
    Only(&'static str),
    But(&'static str),
}

impl Share {
    pub(crate) fn has(self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(one) => path == one,
            Self::But(one) => path != one,
        }
    }
}

/// What happened: an event type and the row that it is read from. It becomes an event only if the row has changed.
#[derive(Debug)]
pub struct Fact {
    pub(crate) event: EventType,
    pub(crate) row: usize,
    pub(crate) share: Share,
    pub(crate) target: Option<Target>,
    pub(crate) related: Vec<Target>,
    pub(crate) detail: Option<Value>,
    pub(crate) facts: Option<Value>,
    pub(crate) log: Option<Scope>,
}

impl Fact {
    /// All that changed in a row is this event.
    pub fn new(event: EventType, row: &Changed) -> Self {
        Self {
            event,
            row: row.0,
            share: Share::All,
            target: None,
            related: Vec::new(),
            detail: None,
            facts: None,
            log: None,
        }
    }

    /// The change of `path` is this event, if it changed.
    #[must_use]
    pub fn only(mut self, path: &'static str) -> Self {
        self.share = Share::Only(path);
        self
    }

    /// All changes but that of `path` are this event, if there are any.
    #[must_use]
    pub fn all_but(mut self, path: &'static str) -> Self {
        self.share = Share::But(path);
        self
    }

    /// The event is about `target`, where that is not the row itself.
    #[must_use]
    pub fn on(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// The event also concerns `target`.
    #[must_use]
    pub fn related(mut self, target: Target) -> Self {
        self.related.push(target);
        self
    }

    /// What else is to be said; sealed.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }

    /// What stays readable for ever, and is never about a person.
    #[must_use]
    pub fn readable(mut self, facts: Value) -> Self {
        self.facts = Some(facts);
        self
    }

    /// The event goes to another log than the action's scope says.
    #[must_use]
    pub const fn to_log(mut self, log: Scope) -> Self {
        self.log = Some(log);
        self
    }
}

/// What an action has done.
#[derive(Debug)]
pub struct Done<T> {
    /// For the door that asked.
    pub output: T,
    /// What happened.
    pub facts: Vec<Fact>,
}

impl<T> Done<T> {
    /// With these facts.
    pub const fn new(output: T, facts: Vec<Fact>) -> Self {
        Self { output, facts }
    }
}

/// What was done and is recorded, durably. Only `perform` can make one.
#[must_use = "the answer to a change names its entries"]
#[derive(Debug)]
pub struct Recorded<T> {
    /// What the action gave.
    pub output: T,
    /// The entries that record it, by log; empty when nothing changed.
    pub entries: Vec<(LogId, Range<u64>)>,
}
