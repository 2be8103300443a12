//! Lists, in the order in which their things were created, in pages that start after a key.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use model::clock::Micros;
use model::id::WorkspaceId;

use crate::db::{Param, Row, params};
use crate::error::Result;
use crate::tx::Rx;

/// Where a page of a list starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// After the thing that was created then, with this id.
    Thing {
        /// When it was created.
        created_at: Micros,
        /// Its id.
        id: String,
    },
    /// After so many things, for clients that count pages. What comes or goes meanwhile moves the rest.
    Count(u64),
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thing { created_at, id } => write!(f, "{}-{id}", created_at.0),
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

impl FromStr for After {
    type Err = model::id::NotAnId;
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let (moment, id) = text.split_once('-').ok_or(model::id::NotAnId)?;
        let id: model::id::EventId = id.parse()?;
        Ok(Self::Thing {
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
    /// Columns and the values that they must have.
    pub(crate) equal: &'a [(&'static str, &'a str)],
    pub(crate) workspace: WorkspaceId,
    pub(crate) after: Option<&'a After>,
    pub(crate) limit: u32,
    pub(crate) has_external_id: Option<bool>,
    /// Only those whose name, which is the third column then, has this text in it, in capitals or not.
    pub(crate) named: Option<&'a str>,
}

impl Rx<'_> {
    /// The thing of a workspace that a client's own project calls so. The table's name is one of ours.
    pub(crate) fn by_external_id<I: FromStr>(
        &mut self,
        table: &'static str,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<I>> {
        let row = self.conn.query_one(
            &format!("SELECT id FROM {table} WHERE workspace_id = $1 AND external_id = $2"),
            params![&workspace, external_id],
        )?;
        Ok(row.map(|row| row.parse(0)).transpose()?)
    }

    /// Reads a page of a list as it is shown, of whose rows nothing is decrypted: from where on, how many, and which names.
    pub(crate) fn shown<T>(
        &mut self,
        (table, columns): (&'static str, &'static str),
        workspace: WorkspaceId,
        (after, limit, named): (Option<&After>, u32, Option<&str>),
        make: impl Fn(&Row) -> Result<T>,
    ) -> Result<Listing<T>> {
        let wanted = Wanted {
            table,
            columns,
            only: "",
            equal: &[],
            workspace,
            after,
            limit,
            has_external_id: None,
            named,
        };
        self.listing(&wanted, |_, row| make(row))
    }

    /// Reads a page of things by their name. Names are compared here and not in SQL: the databases do not agree on what a capital
    /// is.
    fn listing_named<T>(
        &mut self,
        wanted: &Wanted<'_>,
        named: &str,
        make: impl Fn(&mut Self, &Row) -> Result<T>,
    ) -> Result<Listing<T>> {
        let rows = self.conn.query(
            &format!(
                "SELECT {} FROM {} WHERE workspace_id = $1{} ORDER BY created_at, id",
                wanted.columns, wanted.table, wanted.only
            ),
            params![&wanted.workspace],
        )?;
        let named = named.to_lowercase();
        let (mut items, mut total, mut last, mut next) = (Vec::new(), 0, None, None);
        for row in &rows {
            if !row.text(2)?.to_lowercase().contains(&named) {
                continue;
            }
            total += 1;
            let (created_at, id) = (row.moment(1)?, row.text(0)?);
            let comes = match wanted.after {
                None => true,
                Some(After::Thing {
                    created_at: moment,
                    id: before,
                }) => (created_at, id) > (*moment, before.as_str()),
                Some(After::Count(count)) => total > *count,
            };
            if !comes {
                continue;
            }
            if items.len() < wanted.limit as usize {
                items.push(make(self, row)?);
                last = Some(After::Thing {
                    created_at,
                    id: id.to_owned(),
                });
            } else if next.is_none() {
                next = last.take();
            }
        }
        Ok(Listing { items, total, next })
    }

    /// Reads a page; `id` and `created_at` are the first two columns.
    pub(crate) fn listing<T>(
        &mut self,
        wanted: &Wanted<'_>,
        make: impl Fn(&mut Self, &Row) -> Result<T>,
    ) -> Result<Listing<T>> {
        if let Some(named) = wanted.named {
            return self.listing_named(wanted, named, make);
        }
        let external = match wanted.has_external_id {
            None => "",
            Some(true) => " AND external_id IS NOT NULL",
            Some(false) => " AND external_id IS NULL",
        };
        let mut whole = format!(
            "FROM {} WHERE workspace_id = $1{}{external}",
            wanted.table, wanted.only
        );
        let mut params = vec![Param::from(&wanted.workspace)];
        for (column, value) in wanted.equal {
            params.push((*value).into());
            let _ = write!(whole, " AND {column} = ${}", params.len());
        }
        let count = self
            .conn
            .query_one(&format!("SELECT CAST(count(*) AS BIGINT) {whole}"), &params)?;
        let total = count.map(|row| row.size(0)).transpose()?.unwrap_or(0);
        let limit = i64::from(wanted.limit);
        let (moment, id, skipped) = match wanted.after {
            Some(After::Thing { created_at, id }) => (created_at.0, id.as_str(), 0),
            Some(After::Count(count)) => (i64::MIN, "", *count),
            None => (i64::MIN, "", 0),
        };
        let n = params.len();
        params.extend::<[Param<'_>; 4]>([
            moment.into(),
            id.into(),
            (limit + 1).into(),
            i64::try_from(skipped).unwrap_or(i64::MAX).into(),
        ]);
        let sql = format!(
            "SELECT {} {whole} AND (created_at, id) > (${}, ${}) ORDER BY created_at, id LIMIT ${} OFFSET ${}",
            wanted.columns,
            n + 1,
            n + 2,
            n + 3,
            n + 4,
        );
        let rows = self.conn.query(&sql, &params)?;
        let full = rows.len() > wanted.limit as usize;
        let rows = &rows[..rows.len().min(wanted.limit as usize)];
        let next = match (rows.last(), wanted.after) {
            (Some(_), Some(After::Count(count))) if full => {
                Some(After::Count(count + u64::from(wanted.limit)))
            }
            (Some(last), _) if full => Some(After::Thing {
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
