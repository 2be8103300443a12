//! Lists, in the order in which their things were created, in pages that start after a key.

use std::fmt;
use std::str::FromStr;

use model::clock::Micros;
use model::id::WorkspaceId;

use crate::db::{Param, Row, params};
use crate::error::Result;
use crate::tx::Rx;

/// Where a page of a list starts: after the thing that was created then, with this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// When it was created.
    pub created_at: Micros,
    /// Its id.
    pub id: String,
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.created_at.0, self.id)
    }
}

impl FromStr for After {
    type Err = model::id::NotAnId;
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let (moment, id) = text.split_once('-').ok_or(model::id::NotAnId)?;
        let id: model::id::EventId = id.parse()?;
        Ok(Self {
            created_at: Micros(moment.parse().map_err(|_| model::id::NotAnId)?),
            id: id.to_string(),
        })
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: u64,
    /// Where the next page starts, if there is one.
    pub next: Option<After>,
}

/// Which page of which list.
pub(crate) struct Wanted<'a> {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static str,
    /// A further condition, without parameters.
    pub(crate) only: &'static str,
    pub(crate) workspace: WorkspaceId,
    pub(crate) after: Option<&'a After>,
    pub(crate) limit: u32,
    pub(crate) has_external_id: Option<bool>,
}

impl Rx<'_> {
    /// Reads a page; `id` and `created_at` are the first two columns.
    pub(crate) fn listing<T>(
        &mut self,
        wanted: &Wanted<'_>,
        make: impl Fn(&mut Self, &Row) -> Result<T>,
    ) -> Result<Listing<T>> {
        let external = match wanted.has_external_id {
            None => "",
            Some(true) => " AND external_id IS NOT NULL",
            Some(false) => " AND external_id IS NULL",
        };
        let whole = format!(
            "FROM {} WHERE workspace_id = $1{}{external}",
            wanted.table, wanted.only
        );
        let count = self.conn.query_one(
            &format!("SELECT CAST(count(*) AS BIGINT) {whole}"),
            params![&wanted.workspace],
        )?;
        let total = count.map(|row| row.size(0)).transpose()?.unwrap_or(0);
        let limit = i64::from(wanted.limit);
        let (moment, id) = wanted.after.map_or((i64::MIN, ""), |after| {
            (after.created_at.0, after.id.as_str())
        });
        let rows = self.conn.query(
            &format!("SELECT {} {whole} AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4", wanted.columns),
            &[Param::from(&wanted.workspace), moment.into(), id.into(), (limit + 1).into()],
        )?;
        let full = rows.len() > wanted.limit as usize;
        let rows = &rows[..rows.len().min(wanted.limit as usize)];
        let next = match rows.last() {
            Some(last) if full => Some(After {
                created_at: last.moment(1)?,
                id: last.text(0)?.to_owned(),
            }),
            _ => None,
        };
        let items = rows
            .iter()
            .map(|row| make(self, row))
            .collect::<Result<_>>()?;
        Ok(Listing { items, total, next })
    }
}
