//! A transaction as an action sees it: [`Rx`] reads, [`Tx`] also writes and notes what it wrote.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use model::actor::Origin;
use model::catalogue::TargetType;
use model::change::{self, Change, Members, Segment, Visibility};
use model::clock::Micros;
use model::config::Matcher;
use model::definition::Kind;
use model::id::{OrganizationId, SessionId, UserId, WorkspaceId};
use model::settings::Settings;
use model::things::User;
use serde_json::Value;

use crate::acting::Acting;
use crate::action::{Changed, Target};
use crate::db::{Conn, Param, params};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::seen::Seen;

/// What [`Seen`] knows the organization of a workspace by.
const WORKSPACE_ORGANIZATION: &str = "workspaces.organization_id";

/// The member of a snapshot that holds settings.
const CONFIG: &str = "config";

/// A transaction that only reads: one state of the data.
pub struct Rx<'a> {
    pub(crate) conn: &'a mut Conn,
    pub(crate) env: &'a Env,
    pub(crate) keys: &'a mut Keyring,
    pub(crate) seen: &'a mut Seen,
}

impl Rx<'_> {
    /// The organization that a workspace belongs to, if there is such a workspace.
    pub fn organization_of(&mut self, workspace: WorkspaceId) -> Result<Option<OrganizationId>> {
        self.once(WORKSPACE_ORGANIZATION, workspace.as_str(), |rx| {
            let row = rx.conn.query_one(
                "SELECT organization_id FROM workspaces WHERE id = $1",
                params![&workspace],
            )?;
            Ok(row.map(|row| row.parse(0)).transpose()?)
        })
    }

    /// A row that was read has said to which organization a workspace belongs, which never changes.
    pub(crate) fn workspace_is_of(&mut self, workspace: WorkspaceId, organization: OrganizationId) {
        let organization = Arc::new(organization);
        self.seen
            .put(WORKSPACE_ORGANIZATION, workspace.as_str(), organization);
    }

    /// A row by its id, read unless this transaction has seen it.
    pub(crate) fn once<T: Clone + Send + Sync + 'static>(
        &mut self,
        table: &'static str,
        id: &str,
        read: impl FnOnce(&mut Self) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let row = self.once_shared(table, id, read)?;
        Ok(row.map(Arc::unwrap_or_clone))
    }

    /// The same, of a row that is looked at more often than it is taken away.
    pub(crate) fn once_shared<T: Send + Sync + 'static>(
        &mut self,
        table: &'static str,
        id: &str,
        read: impl FnOnce(&mut Self) -> Result<Option<T>>,
    ) -> Result<Option<Arc<T>>> {
        if let Some(row) = self.seen.get(table, id) {
            return Ok(Some(row));
        }
        let row = read(self)?.map(Arc::new);
        if let Some(row) = &row {
            self.seen.put(table, id, row.clone());
        }
        Ok(row)
    }

    /// The moment now.
    pub fn now(&self) -> Micros {
        self.env.now()
    }

    /// A new random id.
    pub fn new_id<T>(
        &self,
        make: impl Fn(&dyn model::clock::Clock, &dyn model::clock::Entropy) -> T,
    ) -> T {
        make(&*self.env.clock, &*self.env.entropy)
    }
}

/// What is audited of a row: the thing as it would be told.
pub(crate) struct Snapshot<'a> {
    pub(crate) target: Target,
    pub(crate) workspace: Option<WorkspaceId>,
    /// The person that the row is about, whose key seals what is said of it.
    pub(crate) person: Option<UserId>,
    /// What is secret in them is marked by `matcher` (below `config`) and `secret` (at the top).
    pub(crate) members: Members<'a>,
    /// The member `config` of a typed thing, which is among the others once it changes.
    pub(crate) config: Option<&'a Settings>,
    pub(crate) matcher: Option<Matcher>,
    /// The type whose definition in the organization says what of `config` is secret: the matcher is made from it when the
    /// row is noted. A table whose rules are always the same sets `matcher` itself.
    pub(crate) of_type: Option<(Kind, &'a str)>,
    pub(crate) secret: &'static [&'static str],
    /// Whether a data plane can see a member in its configuration, or what changes with it.
    pub(crate) is_seen: fn(&str) -> bool,
}

/// A member of a snapshot.
pub(crate) fn member<'a>(
    key: &'static str,
    value: impl Into<Value>,
) -> (Cow<'a, str>, Cow<'a, Value>) {
    (Cow::Borrowed(key), Cow::Owned(value.into()))
}

/// The members of an object, to be those of a snapshot.
pub(crate) fn members(value: Value) -> Members<'static> {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (Cow::Owned(key), Cow::Owned(value)))
            .collect(),
        _ => Members::new(),
    }
}

impl<'a> Snapshot<'a> {
    pub(crate) fn new(kind: TargetType, id: &dyn ToString, name: &str, value: Value) -> Self {
        Self::of_members(kind, id, name, members(value))
    }

    pub(crate) fn of_members(
        kind: TargetType,
        id: &dyn ToString,
        name: &str,
        members: Members<'a>,
    ) -> Self {
        Self {
            target: Target::new(kind, id.to_string(), name),
            workspace: None,
            person: None,
            members,
            config: None,
            matcher: None,
            of_type: None,
            secret: &[],
            is_seen: |_| true,
        }
    }

    fn tell_config(&mut self) {
        let config = self.config.take();
        let member = config.map(|config| (CONFIG.into(), Cow::Borrowed(&**config)));
        self.members.extend(member);
    }

    /// Who may see a value of it.
    fn visibility(&self, path: &[Segment<'_>], value: &Value) -> Visibility {
        match path {
            [Segment::Key(key)] if self.secret.contains(key) => Visibility::Secret,
            [Segment::Key(CONFIG), inside @ ..] => match &self.matcher {
                Some(matcher) => matcher.visibility(inside, value),
                // What nobody has asked of a typed thing is not told.
                None if self.of_type.is_some() => Visibility::Secret,
                None => Visibility::Clear,
            },
            _ => Visibility::Clear,
        }
    }
}

/// A row that can be told in an event.
pub(crate) trait Audited {
    fn snapshot(&self) -> Snapshot<'_>;
}

/// A row that was written, and what changed in it, as it may be told.
pub(crate) struct Note {
    pub(crate) target: Target,
    pub(crate) workspace: Option<WorkspaceId>,
    pub(crate) person: Option<UserId>,
    pub(crate) changes: Vec<Change>,
    /// Whether the thing was there before and is there still.
    pub(crate) is_update: bool,
    /// Whether a data plane can see any of the changes.
    pub(crate) is_seen: bool,
}

/// A transaction that may write. Only `perform` can make one.
pub struct Tx<'a> {
    rx: Rx<'a>,
    /// Who acts.
    pub acting: Arc<Acting>,
    /// When: one moment for all events of the request.
    pub at: Micros,
    pub(crate) origin: &'a Origin,
    pub(crate) notes: Vec<Note>,
    /// Whether the first write begins a part of the transaction that can be undone by itself.
    parts: bool,
    wrote: &'a Cell<bool>,
}

impl<'a> Deref for Tx<'a> {
    type Target = Rx<'a>;
    fn deref(&self) -> &Rx<'a> {
        &self.rx
    }
}

impl<'a> DerefMut for Tx<'a> {
    fn deref_mut(&mut self) -> &mut Rx<'a> {
        &mut self.rx
    }
}

impl<'a> Tx<'a> {
    pub(crate) const fn new(
        rx: Rx<'a>,
        acting: Arc<Acting>,
        at: Micros,
        origin: &'a Origin,
        (parts, wrote): (bool, &'a Cell<bool>),
    ) -> Self {
        Self {
            rx,
            acting,
            at,
            origin,
            notes: Vec::new(),
            parts,
            wrote,
        }
    }

    /// Where the request came from.
    pub const fn origin(&self) -> &Origin {
        self.origin
    }

    /// Nobody was known to act; from here on it is this person, who has just shown it: with a session, once there is one.
    pub fn signed_in(&mut self, user: &User, session: Option<SessionId>) {
        Arc::make_mut(&mut self.acting).signed_in(user, session);
    }

    /// Before the first write of an action: what follows can be undone, by itself or with the whole group.
    pub(crate) fn begin_writing(&mut self) -> Result<()> {
        if !self.wrote.get() {
            if self.parts {
                self.rx.conn.begin_part()?;
            }
            self.wrote.set(true);
        }
        Ok(())
    }

    /// Writes one row. `before` and `after` are noted; a statement that does not touch exactly one row is a defect.
    pub(crate) fn write(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        before: Option<&dyn Audited>,
        after: Option<&dyn Audited>,
    ) -> Result<Changed> {
        self.begin_writing()?;
        self.rx.conn.execute_one(sql, params)?;
        self.note(before, after)
    }

    pub(crate) fn note(
        &mut self,
        before: Option<&dyn Audited>,
        after: Option<&dyn Audited>,
    ) -> Result<Changed> {
        let (is_update, is_there) = (before.is_some() && after.is_some(), after.is_some());
        let (before, after) = (before.map(Audited::snapshot), after.map(Audited::snapshot));
        let (mut shape, mut other) = match (after, before) {
            (Some(after), before) => (after, before),
            (None, Some(before)) => (before, None),
            (None, None) => return Err(Error::Internal("a note of nothing".to_owned())),
        };
        // Nothing is told of settings that stay as they are.
        if other.as_ref().is_none_or(|one| one.config != shape.config) {
            other.as_mut().into_iter().for_each(Snapshot::tell_config);
            shape.tell_config();
            self.ask_secrets(&mut shape)?;
        }
        let other = other.as_ref().map(|one| &one.members);
        let (before, after) = if is_there {
            (other, Some(&shape.members))
        } else {
            (Some(&shape.members), None)
        };
        let changes =
            change::diff_members(before, after, &|path, value| shape.visibility(path, value));
        let is_seen = changes.is_empty()
            || changes
                .iter()
                .any(|change| (shape.is_seen)(change.path.split('.').next().unwrap_or_default()));
        self.notes.push(Note {
            target: shape.target,
            workspace: shape.workspace,
            person: shape.person,
            changes,
            is_update,
            is_seen,
        });
        Ok(Changed(self.notes.len() - 1))
    }

    /// Finds out what the definition of a typed row keeps secret.
    fn ask_secrets(&mut self, snapshot: &mut Snapshot<'_>) -> Result<()> {
        if let Some((kind, name)) = snapshot.of_type {
            let workspace = snapshot
                .workspace
                .ok_or_else(|| Error::Internal("a typed thing without a workspace".to_owned()))?;
            snapshot.matcher = Some(self.matcher(workspace, kind, name)?);
        }
        Ok(())
    }

    /// Writes a row that belongs to one that is noted (a membership's role in a workspace, a new log).
    pub(crate) fn write_part(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        of: &Changed,
    ) -> Result<()> {
        debug_assert!(of.0 < self.notes.len(), "a part belongs to a noted row");
        self.begin_writing()?;
        Ok(self.rx.conn.execute_one(sql, params)?)
    }

    /// Writes whatever rows there are that belong to one that is noted: sessions that end with it, codes that it replaces.
    pub(crate) fn write_parts(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        of: &Changed,
    ) -> Result<()> {
        debug_assert!(of.0 < self.notes.len(), "a part belongs to a noted row");
        self.begin_writing()?;
        self.rx.conn.execute(sql, params)?;
        Ok(())
    }

    /// Sets a column of a noted row that is dear to write, being sealed or in an index; where its value is as before, the
    /// caller leaves it alone.
    pub(crate) fn write_column(
        &mut self,
        (table, column, id): (&str, &str, &str),
        value: Param<'_>,
        of: &Changed,
    ) -> Result<()> {
        let sql = format!("UPDATE {table} SET {column} = $2 WHERE id = $1");
        self.write_part(&sql, &[id.into(), value], of)
    }
}
