//! Organizations, and the log that each has.

use model::catalogue::TargetType;
use model::id::{LogId, OrganizationId};
use model::things::Organization;
use serde_json::json;

use crate::action::Changed;
use crate::append::NEXT_FIRST_PLACE;
use crate::db::{Row, params};
use crate::error::Result;
use crate::tx::{Audited, Rx, Snapshot, Tx};

impl Audited for Organization {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = json!({ "name": self.name });
        if self.requires_mfa {
            value["requiresMfa"] = json!(true);
        }
        if self.public_hashes {
            value["publicHashes"] = json!(true);
        }
        Snapshot::new(TargetType::Organization, &self.id, &self.name, value)
    }
}

const ORGANIZATION: &str =
    "SELECT id, name, created_at, requires_mfa, public_hashes FROM organizations";

fn from_row(row: &Row) -> Result<Organization> {
    Ok(Organization {
        id: row.parse(0)?,
        name: row.text(1)?.to_owned(),
        requires_mfa: row.flag(3)?,
        public_hashes: row.flag(4)?,
        created_at: row.moment(2)?,
    })
}

impl Rx<'_> {
    /// An organization.
    pub fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization>> {
        let row = self
            .conn
            .query_one(&format!("{ORGANIZATION} WHERE id = $1"), params![&id])?;
        row.as_ref().map(from_row).transpose()
    }

    /// All organizations of the instance, oldest first.
    pub fn organizations(&mut self) -> Result<Vec<Organization>> {
        let rows = self
            .conn
            .query(&format!("{ORGANIZATION} ORDER BY created_at, id"), &[])?;
        rows.iter().map(from_row).collect()
    }

    /// The log of an organization.
    pub fn log_of(&mut self, organization: OrganizationId) -> Result<Option<LogId>> {
        let row = self.conn.query_one(
            "SELECT id FROM logs WHERE organization_id = $1",
            params![&organization],
        )?;
        Ok(row.map(|row| row.parse(0)).transpose()?)
    }
}

impl Tx<'_> {
    /// A new organization with its log, whose origin is `<instance name>/<log id>`.
    pub fn insert_organization(
        &mut self,
        organization: &Organization,
        instance: &str,
    ) -> Result<Changed> {
        let changed = self.write(
            "INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3)",
            params![
                &organization.id,
                &organization.name,
                organization.created_at
            ],
            None,
            Some(organization),
        )?;
        let log = self.new_id(LogId::new);
        let (origin, vkey, seeds) = self.first_key(instance, log)?;
        self.write_part(
            &format!(
                "INSERT INTO logs (id, kind, organization_id, origin, vkey, seeds, first_place, size, frontier, kept_from, created_at) \
                 VALUES ($1, 'organization', $2, $3, $4, $5, {NEXT_FIRST_PLACE}, 0, $6, 0, $7)"
            ),
            params![&log, &organization.id, &origin, &vkey, &seeds, &[][..] as &[u8], organization.created_at],
            &changed,
        )?;
        Ok(changed)
    }

    /// What holds for the whole organization: its name, whether members need a second factor, and what anyone may read.
    pub fn update_organization(
        &mut self,
        before: &Organization,
        after: &Organization,
    ) -> Result<Changed> {
        self.write(
            "UPDATE organizations SET name = $2, requires_mfa = $3, public_hashes = $4 WHERE id = $1",
            params![
                &after.id,
                &after.name,
                after.requires_mfa,
                after.public_hashes
            ],
            Some(before),
            Some(after),
        )
    }
}
