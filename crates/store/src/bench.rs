//! What the benchmark (`annals bench`) needs of the database, and nothing else should use.
//!
//! SQL is written in this crate alone, so the bare change that an audited one is compared with is here too. It goes to a
//! table of its own: nothing here can change what people decide.

use model::clock::{Clock, Entropy, Micros, SystemClock, SystemEntropy};
use model::id::{OrganizationId, RequestId, SourceId};

use crate::db::{self, Conn, Location, dialect, params};
use crate::error::{Error, Result};
use crate::seal;
use crate::store::Store;
use crate::tree::Log;

/// The table that bare changes go to: a copy of `sources`, with its constraints and indexes.
const TABLE: &str = "bare_sources";

/// Rows of an organization's log in memory, to measure what opening their sealed parts costs without reading them.
pub struct Rows {
    log: Log,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Rows {
    /// The first rows of a log, at most `most`.
    pub fn read(store: &Store, organization: OrganizationId, most: u64) -> Result<Self> {
        store.read(|rx| {
            let log = rx.organization_log(organization)?;
            let rows = rx.rows(&log, 0, most.min(log.size))?;
            Ok(Self { log, rows })
        })
    }

    /// Opens the parts of all of them, one after another on this thread, and gives how many rows and parts there were.
    pub fn open(&self, store: &Store) -> Result<(usize, usize)> {
        let parts = store.read(|rx| {
            let mut parts = 0;
            for slice in self.rows.chunks(100) {
                let rows = (0..).zip(slice).map(|(sequence, row)| seal::Stored {
                    sequence,
                    entry: &row.0,
                    parts: &row.1,
                });
                let rows: Vec<_> = rows.collect();
                let organization = self.log.organization.map(|id| id.to_string());
                let opened = seal::open_all(
                    rx,
                    self.log.id,
                    organization.as_deref(),
                    &rows,
                    |_, parts| Ok(parts.len()),
                )?;
                parts += opened.iter().sum::<usize>();
            }
            Ok(parts)
        })?;
        Ok((self.rows.len(), parts))
    }
}

/// The bare change: one row, updated and committed as durably as the store commits, without any record of it.
pub struct Bare {
    conn: Conn,
    source: SourceId,
}

impl Bare {
    /// Copies the table of sources, in the same database, and opens a connection like the one that the store writes by.
    ///
    /// # Errors
    /// When there is a copy already.
    pub fn beside(location: &Location, source: SourceId) -> Result<Self> {
        let mut conn = Conn::open(location)?;
        if conn.is_postgres() {
            conn.batch(&format!(
                "CREATE TABLE {TABLE} (LIKE sources INCLUDING ALL)"
            ))?;
        } else {
            let parts = conn.query(
                "SELECT sql FROM sqlite_schema WHERE tbl_name = 'sources' AND sql IS NOT NULL ORDER BY type DESC",
                &[],
            )?;
            for part in parts {
                conn.batch(&part.text(0)?.replace("sources", TABLE))?;
            }
        }
        conn.execute(&format!("INSERT INTO {TABLE} SELECT * FROM sources"), &[])?;
        Ok(Self { conn, source })
    }

    /// Gives the source another name, in one transaction of three statements, each of them awaited; durable when this
    /// returns.
    pub fn rename(&mut self, name: &str, at: Micros) -> Result<()> {
        self.conn.batch(dialect::begin(self.conn.is_postgres()))?;
        let rows = self.conn.execute(
            "UPDATE bare_sources SET name = $2, updated_at = $3 WHERE id = $1",
            params![&self.source, name, at],
        )?;
        self.conn.batch("COMMIT")?;
        if rows == 1 {
            Ok(())
        } else {
            Err(Error::Internal("the bare source is not there".to_owned()))
        }
    }
}

/// A schema of its own in a PostgreSQL database, which goes when this is dropped.
pub struct Scratch {
    conn: Conn,
    name: String,
    location: Location,
}

impl Scratch {
    /// Makes the schema. A database that holds any table is left alone.
    ///
    /// # Errors
    /// [`Error::Instance`] when the database holds a table, or the URL sets options of its own.
    pub fn create(url: &str) -> Result<Self> {
        let mut conn = Conn::open(&Location::Postgres(url.to_owned()))?;
        let tables = conn.query_one(
            "SELECT table_schema::TEXT, table_name::TEXT FROM information_schema.tables \
             WHERE table_schema NOT IN ('pg_catalog', 'information_schema') LIMIT 1",
            &[],
        )?;
        if let Some(row) = tables {
            return Err(Error::Instance(format!(
                "this database is in use: it has the table {}.{}; name an empty one, which stays empty",
                row.text(0)?,
                row.text(1)?
            )));
        }
        let random = RequestId::new(&SystemClock as &dyn Clock, &SystemEntropy as &dyn Entropy);
        let name = format!("annals_bench_{}", random.as_str().to_lowercase());
        let Some(inside) = db::in_schema(url, &name) else {
            return Err(Error::Instance(
                "the benchmark cannot work with a URL that sets `options`".to_owned(),
            ));
        };
        conn.batch(&format!("CREATE SCHEMA {name}"))?;
        Ok(Self {
            conn,
            name,
            location: Location::Postgres(inside),
        })
    }

    /// Where a store finds nothing but what it puts there.
    pub const fn location(&self) -> &Location {
        &self.location
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The store was closed before, as it is given the location; what cannot be dropped is named like this schema.
        let _ = self
            .conn
            .batch(&format!("DROP SCHEMA {} CASCADE", self.name));
    }
}

/// How often this process has sent something to PostgreSQL and waited for the answer.
pub fn round_trips() -> u64 {
    db::round_trips()
}
