//! Definitions: what is known of the types of an organization's sources and destinations.
//!
//! **How to use them.** Ask [`Rx::definitions`] (or [`Rx::definitions_of`], where only the workspace is at hand) inside the
//! transaction that needs them, and let go of the answer with it: it is our own set with what the organization has taken in
//! laid over it. It costs nothing: the version was read with the roles or the token of who acts, and what the process
//! remembers is used only if it is of that version. [`Rx::matcher`] says what of a thing's settings is secret. A table of
//! things with a type sets `of_type` in its `Snapshot`, and its events are redacted accordingly. `Definitions::own()` is
//! only for what is no organization's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::catalogue::TargetType;
use model::config::Matcher;
use model::definition::{Definitions, Kind, Secrecy, Taken};
use model::id::{OrganizationId, RevisionId, WorkspaceId};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx};

/// What [`crate::seen::Seen`] knows the version of an organization's definitions by.
const VERSION: &str = "organizations.definitions";

const COLUMNS: &str = "kind, id, origin, body, created_at, updated_at, name";

/// Of how many organizations a process remembers the definitions; with more, it starts over.
const REMEMBERED: usize = 64;

/// The definitions of organizations, each with its version: a random id that never comes again, so what a transaction that
/// was rolled back has left here is never found.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<OrganizationId, (String, Arc<Definitions>)>>);

impl Remembered {
    fn get(&self, organization: OrganizationId, version: &str) -> Option<Arc<Definitions>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, definitions) = all.get(&organization)?;
        (known == version).then(|| definitions.clone())
    }

    fn put(&self, organization: OrganizationId, version: String, definitions: Arc<Definitions>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED && !all.contains_key(&organization) {
            all.clear();
        }
        all.insert(organization, (version, definitions));
    }
}

fn from_row(row: &Row) -> Result<Taken> {
    let kind: Kind = row.parse(0)?;
    let about = (row.text(1)?.to_owned(), row.parse(2)?);
    let moments = (row.moment(4)?, row.moment(5)?);
    Taken::parse(kind, about, row.text(3)?, moments).map_err(|error| {
        Error::Internal(format!(
            "the definition {}: {error}",
            row.text(6).unwrap_or_default()
        ))
    })
}

fn digest(value: &Value) -> String {
    use std::fmt::Write as _;
    let hash: [u8; 32] = Sha256::digest(value.to_string().as_bytes()).into();
    hash.iter().fold(String::from("sha256:"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A definition as it is told: what is short as it is, the rest by its hash.
fn told(one: &Taken) -> Value {
    let mut told = Map::new();
    let Ok(Value::Object(members)) = serde_json::from_str(one.body()) else {
        return Value::Object(told);
    };
    for (key, mut value) in members {
        if key == "name" {
            continue;
        }
        if key == "config"
            && let Value::Object(config) = &mut value
            && let Some(secret) = config.shift_remove("secretKeys")
        {
            told.insert("secretKeys".to_owned(), secret);
        }
        let is_long = matches!(value, Value::Object(_) | Value::Array(_));
        let value = if is_long {
            json!(digest(&value))
        } else {
            value
        };
        told.insert(key, value);
    }
    told.insert("origin".to_owned(), json!(one.origin.as_str()));
    Value::Object(told)
}

/// A definition that there was not before, or is not any more, in few words.
fn told_in_short(one: &Taken) -> Value {
    json!({
        "secretKeys": one.secret_keys,
        "sha256": digest(&serde_json::from_str(one.body()).unwrap_or_default()),
    })
}

/// One definition, changed by itself.
struct One<'a>(&'a Taken);

impl Audited for One<'_> {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = told(self.0);
        value["kind"] = json!(self.0.kind.as_str());
        Snapshot::new(TargetType::Definition, &self.0.id, &self.0.name, value)
    }
}

/// All that an import touches, on one side of it.
struct Set {
    organization: OrganizationId,
    value: Value,
}

impl Set {
    fn new(organization: OrganizationId) -> Self {
        Self {
            organization,
            value: json!({ "source": {}, "destination": {} }),
        }
    }

    fn tell(&mut self, one: &Taken, value: Value) {
        self.value[one.kind.as_str()][&one.name] = value;
    }
}

impl Audited for Set {
    fn snapshot(&self) -> Snapshot<'_> {
        let name = "Types of sources and destinations";
        let value = self.value.clone();
        Snapshot::new(TargetType::Definition, &self.organization, name, value)
    }
}

impl Rx<'_> {
    /// A row that was read has said which version an organization's definitions have.
    pub(crate) fn definitions_are_at(
        &mut self,
        organization: OrganizationId,
        version: Option<&str>,
    ) {
        self.seen.put(
            VERSION,
            organization.as_str(),
            Arc::new(version.map(str::to_owned)),
        );
    }

    /// The version of an organization's definitions; none where it has never taken any in.
    pub fn definitions_version(&mut self, organization: OrganizationId) -> Result<Option<String>> {
        let version = self.once(VERSION, organization.as_str(), |rx| {
            let row = rx.conn.query_one(
                "SELECT definitions FROM organizations WHERE id = $1",
                params![&organization],
            )?;
            let version = row.map(|row| row.opt_text(0).map(|text| text.map(str::to_owned)));
            Ok(version.transpose()?)
        })?;
        Ok(version.flatten())
    }

    /// The definitions that hold in an organization: our own set, and what it has taken in laid over it.
    pub fn definitions(&mut self, organization: OrganizationId) -> Result<Arc<Definitions>> {
        let Some(version) = self.definitions_version(organization)? else {
            return Ok(Definitions::own().clone());
        };
        if let Some(known) = self.env.definitions.get(organization, &version) {
            return Ok(known);
        }
        let taken = self.taken_definitions(organization)?;
        let all = Arc::new(Definitions::own().with(taken));
        self.env.definitions.put(organization, version, all.clone());
        Ok(all)
    }

    /// The definitions that hold in a workspace: those of its organization.
    pub fn definitions_of(&mut self, workspace: WorkspaceId) -> Result<Arc<Definitions>> {
        let organization = self
            .organization_of(workspace)?
            .ok_or(Error::NotFound("workspace"))?;
        self.definitions(organization)
    }

    /// What is secret of the settings of a thing of this type.
    pub fn matcher(&mut self, workspace: WorkspaceId, kind: Kind, name: &str) -> Result<Matcher> {
        let definitions = self.definitions_of(workspace)?;
        Ok(Matcher::new(Secrecy::of(definitions.find(kind, name))))
    }

    /// What an organization has taken in, in the order of kind and name. From the rows: a change goes by these.
    pub fn taken_definitions(&mut self, organization: OrganizationId) -> Result<Vec<Taken>> {
        let rows = self.conn.query(
            &format!(
                "SELECT {COLUMNS} FROM definitions WHERE organization_id = $1 ORDER BY kind, name"
            ),
            params![&organization],
        )?;
        rows.iter().map(from_row).collect()
    }

    /// One definition that an organization has taken in.
    pub fn taken_definition(
        &mut self,
        organization: OrganizationId,
        kind: Kind,
        name: &str,
    ) -> Result<Option<Taken>> {
        let row = self.conn.query_one(
            &format!("SELECT {COLUMNS} FROM definitions WHERE organization_id = $1 AND kind = $2 AND name = $3"),
            params![&organization, kind.as_str(), name],
        )?;
        row.as_ref().map(from_row).transpose()
    }

    /// The name of the oldest source or destination of this type in any workspace of an organization, and how many of the
    /// type there are; nothing where there are none. Sources of reverse ETL have the type of their warehouse.
    pub fn users_of_type(
        &mut self,
        organization: OrganizationId,
        kind: Kind,
        name: &str,
    ) -> Result<Option<(String, u64)>> {
        let things = match kind {
            Kind::Source => {
                "SELECT id, created_at, name, kind, workspace_id FROM sources \
                 UNION ALL SELECT id, created_at, name, definition, workspace_id FROM retl_sources"
            }
            Kind::Destination => {
                "SELECT id, created_at, name, kind, workspace_id FROM destinations"
            }
        };
        let row = self.conn.query_one(
            &format!(
                "SELECT name, CAST(count(*) OVER () AS BIGINT) FROM ({things}) things WHERE kind = $1 \
                 AND workspace_id IN (SELECT id FROM workspaces WHERE organization_id = $2) ORDER BY created_at, id LIMIT 1"
            ),
            params![name, &organization],
        )?;
        row.map(|row| Ok((row.text(0)?.to_owned(), row.size(1)?)))
            .transpose()
    }
}

impl Tx<'_> {
    /// One definition is taken in, or in place of the one of its kind and name.
    pub fn put_definition(
        &mut self,
        organization: OrganizationId,
        before: Option<&Taken>,
        after: &Taken,
    ) -> Result<Changed> {
        let before_row = before.map(One);
        let changed = self.note(
            before_row.as_ref().map(|one| one as &dyn Audited),
            Some(&One(after)),
        )?;
        self.write_definition(organization, before.is_some(), after, &changed)?;
        self.bump_definitions(organization, &changed)?;
        Ok(changed)
    }

    /// Several are, as one change: each with what was there before.
    pub fn put_definitions(
        &mut self,
        organization: OrganizationId,
        all: &[(Option<Taken>, Taken)],
    ) -> Result<Changed> {
        let (mut old, mut new) = (Set::new(organization), Set::new(organization));
        for (before, after) in all {
            if let Some(before) = before {
                old.tell(before, told(before));
                new.tell(after, told(after));
            } else {
                new.tell(after, told_in_short(after));
            }
        }
        let changed = self.note(Some(&old), Some(&new))?;
        for (before, after) in all {
            self.write_definition(organization, before.is_some(), after, &changed)?;
        }
        self.bump_definitions(organization, &changed)?;
        Ok(changed)
    }

    /// One definition goes: our own of that name holds again, where there is one.
    pub fn delete_definition(
        &mut self,
        organization: OrganizationId,
        before: &Taken,
    ) -> Result<Changed> {
        let changed = self.write(
            "DELETE FROM definitions WHERE organization_id = $1 AND kind = $2 AND name = $3",
            params![&organization, before.kind.as_str(), &before.name],
            Some(&One(before)),
            None,
        )?;
        self.bump_definitions(organization, &changed)?;
        Ok(changed)
    }

    fn write_definition(
        &mut self,
        organization: OrganizationId,
        is_there: bool,
        one: &Taken,
        of: &Changed,
    ) -> Result<()> {
        let sql = if is_there {
            "UPDATE definitions SET id = $4, origin = $5, body = $6, created_at = $7, updated_at = $8 \
             WHERE organization_id = $1 AND kind = $2 AND name = $3"
        } else {
            "INSERT INTO definitions (organization_id, kind, name, id, origin, body, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        };
        self.write_part(
            sql,
            params![
                &organization,
                one.kind.as_str(),
                &one.name,
                &one.id,
                one.origin.as_str(),
                one.body(),
                one.created_at,
                one.updated_at
            ],
            of,
        )
    }

    /// What any process remembers of the organization's definitions holds no longer.
    fn bump_definitions(&mut self, organization: OrganizationId, of: &Changed) -> Result<()> {
        let version = self.new_id(RevisionId::new);
        self.write_part(
            "UPDATE organizations SET definitions = $2 WHERE id = $1",
            params![&organization, &version],
            of,
        )?;
        self.definitions_are_at(organization, Some(version.as_str()));
        Ok(())
    }
}
