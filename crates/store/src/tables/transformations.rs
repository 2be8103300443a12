//! Transformations and libraries: code in versions. A version never changes once made, and outlives what it is of.

use model::clock::Micros;
use model::id::{TransformationId, VersionId, WorkspaceId};
use model::things::{CodeKind, Transformation, Version};
use serde_json::json;

use super::listing::{After, Listing, Wanted};
use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::tx::{Audited, Rx, Snapshot, Tx};

const COLUMNS: &str = "t.id, t.created_at, t.kind, t.workspace_id, t.name, v.description, v.language, v.code, t.version_id, t.published_id, t.external_id, t.updated_at";
const TABLES: &str = "transformations t JOIN transformation_versions v ON v.id = t.version_id";
const VERSION: &str = "id, transformation_id, kind, workspace_id, name, description, language, code, number, created_at";

impl Audited for Transformation {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = json!({
            "name": self.name,
            "description": self.description,
            "language": self.language,
            "code": self.code,
            "version": self.version,
        });
        if let Some(published) = &self.published {
            value["publishedVersion"] = json!(published);
        }
        if let Some(external) = &self.external_id {
            value["externalId"] = json!(external);
        }
        Snapshot {
            workspace: Some(self.workspace),
            ..Snapshot::new(self.kind.target(), &self.id, &self.name, value)
        }
    }
}

fn kind(row: &Row, column: usize) -> Result<CodeKind> {
    match row.text(column)? {
        "transformation" => Ok(CodeKind::Transformation),
        "library" => Ok(CodeKind::Library),
        other => Err(Error::Internal(format!("code of kind {other}"))),
    }
}

fn from_row(row: &Row) -> Result<Transformation> {
    Ok(Transformation {
        id: row.parse(0)?,
        kind: kind(row, 2)?,
        workspace: row.parse(3)?,
        name: row.text(4)?.to_owned(),
        description: row.text(5)?.to_owned(),
        language: row.text(6)?.to_owned(),
        code: row.text(7)?.to_owned(),
        version: row.parse(8)?,
        published: row.opt_parse(9)?,
        external_id: row.opt_text(10)?.map(str::to_owned),
        created_at: row.moment(1)?,
        updated_at: row.moment(11)?,
    })
}

fn version_from_row(row: &Row) -> Result<Version> {
    Ok(Version {
        id: row.parse(0)?,
        transformation: row.parse(1)?,
        kind: kind(row, 2)?,
        workspace: row.parse(3)?,
        name: row.text(4)?.to_owned(),
        description: row.text(5)?.to_owned(),
        language: row.text(6)?.to_owned(),
        code: row.text(7)?.to_owned(),
        number: row.int(8)?,
        created_at: row.moment(9)?,
    })
}

impl Rx<'_> {
    /// A transformation or library of a workspace.
    pub fn transformation(
        &mut self,
        workspace: WorkspaceId,
        kind: CodeKind,
        id: TransformationId,
    ) -> Result<Option<Transformation>> {
        let found = self.once("transformations", id.as_str(), |rx| {
            let row = rx.conn.query_one(
                &format!("SELECT {COLUMNS} FROM {TABLES} WHERE t.id = $1"),
                params![&id],
            )?;
            row.map(|row| from_row(&row)).transpose()
        })?;
        Ok(found.filter(|one| one.workspace == workspace && one.kind == kind))
    }

    /// The transformations or libraries of a workspace.
    pub fn transformations(
        &mut self,
        workspace: WorkspaceId,
        kind: CodeKind,
        after: Option<&After>,
        limit: u32,
        named: Option<&str>,
    ) -> Result<Listing<Transformation>> {
        let only = match kind {
            CodeKind::Transformation => " AND kind = 'transformation'",
            CodeKind::Library => " AND kind = 'library'",
        };
        // The page's keys first, then the code of what is on it: a list must not read all versions.
        let columns = "id, created_at, name";
        let wanted = Wanted {
            table: "transformations",
            columns,
            only,
            equal: &[],
            workspace,
            after,
            limit,
            has_external_id: None,
            named,
        };
        let page = self.listing(&wanted, |_, row| Ok(row.parse::<TransformationId>(0)?))?;
        let mut items = Vec::with_capacity(page.items.len());
        for id in page.items {
            items.push(
                self.transformation(workspace, kind, id)?
                    .ok_or(Error::NotFound("transformation"))?,
            );
        }
        Ok(Listing {
            items,
            total: page.total,
            next: page.next,
        })
    }

    /// The transformation or library of a workspace that a client's own project calls so.
    pub fn transformation_by_external_id(
        &mut self,
        workspace: WorkspaceId,
        kind: CodeKind,
        external_id: &str,
    ) -> Result<Option<TransformationId>> {
        let row = self.conn.query_one(
            "SELECT id FROM transformations WHERE workspace_id = $1 AND kind = $2 AND external_id = $3",
            params![&workspace, kind.as_str(), external_id],
        )?;
        Ok(row.map(|row| row.parse(0)).transpose()?)
    }

    /// One version, of a transformation or library of the workspace that may have been deleted since.
    pub fn version(
        &mut self,
        workspace: WorkspaceId,
        kind: CodeKind,
        id: VersionId,
    ) -> Result<Option<Version>> {
        let row = self.conn.query_one(
            &format!("SELECT {VERSION} FROM transformation_versions WHERE id = $1 AND workspace_id = $2 AND kind = $3"),
            params![&id, &workspace, kind.as_str()],
        )?;
        row.map(|row| version_from_row(&row)).transpose()
    }

    /// One version, of whichever workspace: for who serves them all.
    pub fn version_anywhere(&mut self, kind: CodeKind, id: VersionId) -> Result<Option<Version>> {
        let row = self.conn.query_one(
            &format!("SELECT {VERSION} FROM transformation_versions WHERE id = $1 AND kind = $2"),
            params![&id, kind.as_str()],
        )?;
        row.map(|row| version_from_row(&row)).transpose()
    }

    /// The versions of a transformation or library, newest first, with numbers below `before`.
    pub fn versions(
        &mut self,
        of: TransformationId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Version>> {
        let rows = self.conn.query(
            &format!("SELECT {VERSION} FROM transformation_versions WHERE transformation_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3"),
            params![&of, before.unwrap_or(i64::MAX), i64::from(limit)],
        )?;
        rows.iter().map(version_from_row).collect()
    }

    /// The versions of a transformation or library, oldest first.
    pub fn versions_from_the_first(
        &mut self,
        of: TransformationId,
        limit: u32,
    ) -> Result<Vec<Version>> {
        let rows = self.conn.query(
            &format!("SELECT {VERSION} FROM transformation_versions WHERE transformation_id = $1 ORDER BY number LIMIT $2"),
            params![&of, i64::from(limit)],
        )?;
        rows.iter().map(version_from_row).collect()
    }

    /// The number of the newest version.
    pub fn newest_version(&mut self, of: TransformationId) -> Result<i64> {
        let row = self.conn.query_one(
            "SELECT CAST(max(number) AS BIGINT) FROM transformation_versions WHERE transformation_id = $1",
            params![&of],
        )?;
        Ok(row
            .map(|row| row.opt_int(0))
            .transpose()?
            .flatten()
            .unwrap_or(0))
    }
}

impl Tx<'_> {
    fn insert_version(
        &mut self,
        of: &Transformation,
        number: i64,
        at: Micros,
        changed: &Changed,
    ) -> Result<()> {
        self.write_part(
            "INSERT INTO transformation_versions (id, transformation_id, kind, workspace_id, name, description, language, code, number, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            params![
                &of.version,
                &of.id,
                of.kind.as_str(),
                &of.workspace,
                &of.name,
                &of.description,
                &of.language,
                &of.code,
                number,
                at,
            ],
            changed,
        )
    }

    /// A new transformation or library, with its first version.
    pub fn insert_transformation(&mut self, one: &Transformation) -> Result<Changed> {
        let changed = self.write(
            "INSERT INTO transformations (id, kind, workspace_id, name, version_id, published_id, external_id, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![
                &one.id,
                one.kind.as_str(),
                &one.workspace,
                &one.name,
                &one.version,
                one.published.as_ref(),
                one.external_id.as_ref(),
                one.created_at,
                one.updated_at,
            ],
            None,
            Some(one),
        )?;
        self.insert_version(one, 1, one.created_at, &changed)?;
        Ok(changed)
    }

    /// Other settings; where `after` has another version, that version is made.
    pub fn update_transformation(&mut self, after: &Transformation) -> Result<Changed> {
        let before = self
            .transformation(after.workspace, after.kind, after.id)?
            .ok_or(Error::NotFound("transformation"))?;
        self.seen.forget("transformations", after.id.as_str());
        let changed = self.write(
            "UPDATE transformations SET name = $2, version_id = $3, published_id = $4, external_id = $5, updated_at = $6 WHERE id = $1",
            params![
                &after.id,
                &after.name,
                &after.version,
                after.published.as_ref(),
                after.external_id.as_ref(),
                after.updated_at,
            ],
            Some(&before),
            Some(after),
        )?;
        if after.version != before.version {
            let number = self.newest_version(after.id)? + 1;
            self.insert_version(after, number, after.updated_at, &changed)?;
        }
        Ok(changed)
    }

    /// A transformation or library goes; its versions stay.
    pub fn delete_transformation(&mut self, one: &Transformation) -> Result<Changed> {
        let before = self
            .transformation(one.workspace, one.kind, one.id)?
            .ok_or(Error::NotFound("transformation"))?;
        self.seen.forget("transformations", one.id.as_str());
        self.write(
            "DELETE FROM transformations WHERE id = $1",
            params![&one.id],
            Some(&before),
            None,
        )
    }
}
