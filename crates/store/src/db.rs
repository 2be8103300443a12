//! The seam: one SQL text over two databases.
//!
//! Statements use TEXT, BIGINT and BLOB (BYTEA) values and `$n` parameters, nothing else. What differs between the two
//! is in [`dialect`]. A connection is synchronous and belongs to one thread at a time.

pub(crate) mod dialect;
mod postgres;
mod seen;
mod sqlite;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use model::clock::Micros;

pub(crate) use self::postgres::{Postgres, in_schema, round_trips};
use self::seen::Seen;
pub(crate) use self::sqlite::Sqlite;

/// What can go wrong in a database, as far as anyone acts on it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A constraint or a trigger refused the statement.
    #[error("the database refused: {0}")]
    Constraint(String),
    /// There is no room: the disk, the file size limit or the page limit.
    #[error("no room left: {0}")]
    Full(String),
    /// Another transaction was in the way, and this one can be run again.
    #[error("another transaction was in the way: {0}")]
    Conflict(String),
    /// The connection is gone, or never was.
    #[error("no connection: {0}")]
    Lost(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Why a transaction is not known to have committed.
pub(crate) enum Uncommitted {
    /// It did not happen.
    RolledBack(DbError),
    /// It may have happened.
    Unknown(DbError),
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file of the bundled `SQLite`.
    Sqlite {
        /// The file; its folder must exist.
        file: PathBuf,
        /// The most pages of 4 KiB that the file may grow to; none for no limit of ours.
        max_pages: Option<u32>,
    },
    /// A PostgreSQL server, by its URL.
    Postgres(String),
}

/// A value that goes into a statement. It hashes as the [`Value`] does that it would be a copy of.
#[derive(Clone, Copy, Debug, PartialEq, Hash)]
pub(crate) enum Param<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<Micros> for Param<'_> {
    fn from(value: Micros) -> Self {
        Self::Int(value.0)
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Blob(value)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Param<'_> {
    /// A copy that lives as long as it is needed.
    fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(value),
            Self::Text(value) => Value::Text(value.to_owned()),
            Self::Blob(value) => Value::Blob(value.to_owned()),
        }
    }
}

impl Value {
    fn as_param(&self) -> Param<'_> {
        match self {
            Self::Null => Param::Null,
            Self::Int(value) => Param::Int(*value),
            Self::Text(value) => Param::Text(value),
            Self::Blob(value) => Param::Blob(value),
        }
    }
}

/// A write that is about one row has changed one.
fn only_one(rows: u64) -> Result<(), DbError> {
    if rows == 1 {
        Ok(())
    } else {
        Err(DbError::Other(format!(
            "a write touched {rows} rows in place of one"
        )))
    }
}

macro_rules! ids_are_text {
    ($($name:ident),*) => {$(
        impl<'a> From<&'a model::id::$name> for Param<'a> {
            fn from(value: &'a model::id::$name) -> Self {
                Self::Text(value.as_str())
            }
        }
    )*};
}

ids_are_text!(
    LogId,
    EventId,
    RequestId,
    OrganizationId,
    WorkspaceId,
    UserId,
    SessionId,
    TokenId,
    InvitationId,
    FactorId,
    MessageId,
    SourceId,
    DestinationId,
    RevisionId,
    AccountId,
    ConnectionId,
    TransformationId,
    VersionId
);

/// The parameters of a statement, each made into a [`Param`].
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Param::from($value)),*] };
}
pub(crate) use params;

/// A value that comes out of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// One row of an answer. Columns are taken by their place, from 0.
#[derive(Clone, Debug)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    /// Whether a column holds nothing.
    pub(crate) fn is_null(&self, column: usize) -> bool {
        matches!(self.0.get(column), None | Some(Value::Null))
    }

    /// Some of its columns, as a row.
    pub(crate) fn part(&self, columns: std::ops::Range<usize>) -> Self {
        Self(self.0[columns].to_vec())
    }

    fn wrong(&self, column: usize, wanted: &str) -> DbError {
        DbError::Other(format!(
            "column {column} of {} is not {wanted}",
            self.0.len()
        ))
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, DbError> {
        self.opt_int(column)?
            .ok_or_else(|| self.wrong(column, "a number"))
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>, DbError> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(column, "a number")),
        }
    }

    /// A size or a sequence number.
    pub(crate) fn size(&self, column: usize) -> Result<u64, DbError> {
        u64::try_from(self.int(column)?).map_err(|_| self.wrong(column, "a size"))
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, DbError> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn moment(&self, column: usize) -> Result<Micros, DbError> {
        self.int(column).map(Micros)
    }

    pub(crate) fn opt_moment(&self, column: usize) -> Result<Option<Micros>, DbError> {
        Ok(self.opt_int(column)?.map(Micros))
    }

    pub(crate) fn text(&self, column: usize) -> Result<&str, DbError> {
        self.opt_text(column)?
            .ok_or_else(|| self.wrong(column, "a text"))
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<&str>, DbError> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(column, "a text")),
        }
    }

    /// A text that is an id or one of a type's words.
    pub(crate) fn parse<T: std::str::FromStr>(&self, column: usize) -> Result<T, DbError> {
        self.text(column)?
            .parse()
            .map_err(|_| self.wrong(column, "of its type"))
    }

    pub(crate) fn opt_parse<T: std::str::FromStr>(
        &self,
        column: usize,
    ) -> Result<Option<T>, DbError> {
        self.opt_text(column)?
            .map(|text| text.parse().map_err(|_| self.wrong(column, "of its type")))
            .transpose()
    }

    pub(crate) fn blob(&self, column: usize) -> Result<&[u8], DbError> {
        self.opt_blob(column)?
            .ok_or_else(|| self.wrong(column, "bytes"))
    }

    pub(crate) fn opt_blob(&self, column: usize) -> Result<Option<&[u8]>, DbError> {
        match self.0.get(column) {
            Some(Value::Blob(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(column, "bytes")),
        }
    }
}

/// One connection to either database.
pub(crate) struct Conn {
    database: Database,
    seen: Seen,
    is_reader: bool,
}

enum Database {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl Database {
    fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        match self {
            Self::Sqlite(conn) => conn.query(sql, params),
            Self::Postgres(conn) => conn.query(sql, params),
        }
    }
}

impl Conn {
    /// Opens a connection that may write.
    pub(crate) fn open(location: &Location) -> Result<Self, DbError> {
        let database = match location {
            Location::Sqlite { file, max_pages } => {
                Database::Sqlite(Sqlite::open(file, *max_pages)?)
            }
            Location::Postgres(url) => Database::Postgres(Box::new(Postgres::open(url)?)),
        };
        Ok(Self::to(database, false))
    }

    /// Opens a connection that only reads.
    pub(crate) fn open_reader(location: &Location) -> Result<Self, DbError> {
        let database = match location {
            Location::Sqlite { file, .. } => Database::Sqlite(Sqlite::open_reader(file)?),
            Location::Postgres(url) => Database::Postgres(Box::new(Postgres::open(url)?)),
        };
        Ok(Self::to(database, true))
    }

    fn to(database: Database, is_reader: bool) -> Self {
        Self {
            database,
            seen: Seen::default(),
            is_reader,
        }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// Runs a statement and gives its rows.
    pub(crate) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        self.database.query(sql, params)
    }

    /// Runs a statement and gives its first row, if there is one.
    pub(crate) fn query_one(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Runs a statement whose columns all hold bytes, and shows its rows one after another where they stand: what reads a
    /// whole log takes no copy of each row.
    pub(crate) fn each(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&[&[u8]]),
    ) -> Result<(), DbError> {
        match &mut self.database {
            Database::Sqlite(conn) => conn.each(sql, params, each),
            Database::Postgres(conn) => conn.each(sql, params, each),
        }
    }

    /// As [`Conn::query`], for rows that nothing can change but this transaction, because it holds the lock of the log
    /// that a change of them would be recorded in: what was read before is not read again.
    pub(crate) fn recall_all(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Arc<[Row]>, DbError> {
        if let Some(rows) = self.seen.get(sql, params) {
            return Ok(rows.clone());
        }
        let rows: Arc<[Row]> = self.query(sql, params)?.into();
        self.seen.put(sql, params, rows.clone());
        Ok(rows)
    }

    /// As [`Conn::recall_all`], for the first row.
    pub(crate) fn recall(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, DbError> {
        Ok(self.recall_all(sql, params)?.first().cloned())
    }

    /// What was made of the answer to a question that was recalled, as long as that holds.
    pub(crate) fn made<T: Send + Sync + 'static>(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Option<Arc<T>> {
        self.seen.made(sql, params)
    }

    /// Keeps what was made of such an answer. A connection that only reads does not: it may be idle for long, and what it
    /// would hold, as unwrapped keys, may have to be gone.
    pub(crate) fn put_made<T: Send + Sync + 'static>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        made: Arc<T>,
    ) {
        if !self.is_reader {
            self.seen.put_made(sql, params, made);
        }
    }

    /// Keeps what would be made of the answer to a question, without its rows: whoever asks it looks for that first.
    pub(crate) fn put_known<T: Send + Sync + 'static>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        made: Arc<T>,
    ) {
        self.seen.put_known(sql, params, made);
    }

    /// Another question's answer was the answer to this one as well.
    pub(crate) fn put_recalled(&mut self, sql: &str, params: &[Param<'_>], row: Option<Row>) {
        self.seen.put(sql, params, row.into_iter().collect());
    }

    /// Locks a row and reads it. What was read until now may have changed while the lock was waited for, and is forgotten. On
    /// PostgreSQL the questions that come `next`, of one parameter each, are asked together with it, and their answers kept to be
    /// recalled. On `SQLite` that was waited for when the transaction began, and the row may be known already.
    pub(crate) fn lock(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        next: &[(&str, Param<'_>)],
    ) -> Result<Option<Row>, DbError> {
        let Database::Postgres(conn) = &mut self.database else {
            return self.recall(sql, params);
        };
        let next: Vec<(&str, &[Param<'_>])> = next
            .iter()
            .map(|(sql, one)| (*sql, std::slice::from_ref(one)))
            .collect();
        let mut questions = vec![(sql, params)];
        questions.extend(&next);
        let mut answers = conn.query_all(&questions)?.into_iter();
        let locked = answers.next().and_then(|rows| rows.into_iter().next());
        self.seen.forget();
        for ((sql, params), rows) in next.iter().zip(answers) {
            self.seen.put(sql, params, rows.into());
        }
        Ok(locked)
    }

    /// As [`Conn::query_one`], of a row that may have been asked for together with the lock.
    pub(crate) fn query_ahead(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, DbError> {
        if self.is_postgres()
            && let Some(rows) = self.seen.get(sql, params)
        {
            return Ok(rows.first().cloned());
        }
        self.query_one(sql, params)
    }

    /// Runs a statement and gives the number of rows that it changed.
    pub(crate) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        self.seen.forget_written(sql);
        match &mut self.database {
            Database::Sqlite(conn) => conn.execute(sql, params),
            Database::Postgres(conn) => conn.execute(sql, params),
        }
    }

    /// Runs a statement that must change exactly one row. On PostgreSQL it is sent and not waited for, and if it fails or
    /// changes another number of rows, that is the next one's error: no later than before the commit is asked for.
    pub(crate) fn execute_one(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), DbError> {
        self.seen.forget_written(sql);
        match &mut self.database {
            Database::Sqlite(conn) => only_one(conn.execute(sql, params)?),
            Database::Postgres(conn) => conn.execute_one(sql, params),
        }
    }

    /// Runs a statement whose number of changed rows is certain. On PostgreSQL it goes out together with the next one, the
    /// commit included, whose error is then that of either.
    pub(crate) fn execute_soon(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), DbError> {
        self.seen.forget_written(sql);
        match &mut self.database {
            Database::Sqlite(conn) => conn.execute(sql, params).map(drop),
            Database::Postgres(conn) => conn.execute_soon(sql, params),
        }
    }

    /// Commits, together with what was put off.
    ///
    /// # Errors
    /// [`Uncommitted::RolledBack`] where PostgreSQL has refused something or the commit: then it undoes all of it. After any
    /// other error it has to be looked whether it happened.
    pub(crate) fn commit(&mut self) -> Result<(), Uncommitted> {
        self.batch("COMMIT").map_err(|error| match error {
            DbError::Constraint(_) | DbError::Full(_) | DbError::Conflict(_)
                if self.is_postgres() =>
            {
                Uncommitted::RolledBack(error)
            }
            error => Uncommitted::Unknown(error),
        })
    }

    /// Runs several statements without parameters.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        match &mut self.database {
            // What was read and committed is as it was; what the next transaction makes of it is for `begin`.
            Database::Sqlite(conn) if sql == "COMMIT" => {
                let done = conn.batch(sql);
                if done.is_err() {
                    self.seen.forget();
                }
                done
            }
            Database::Sqlite(conn) => {
                self.seen.forget();
                conn.batch(sql)
            }
            Database::Postgres(conn) => {
                self.seen.forget();
                conn.batch(sql)
            }
        }
    }

    /// Begins a transaction that will write. What the last one of this connection has read stays read on `SQLite`, if no
    /// other connection has written since.
    pub(crate) fn begin(&mut self) -> Result<(), DbError> {
        let sql = dialect::begin(self.is_postgres());
        self.soon(sql)?;
        if let Database::Sqlite(conn) = &mut self.database
            && conn.was_written_elsewhere()?
        {
            self.seen.forget();
        }
        Ok(())
    }

    /// Begins a part of the transaction that can be undone by itself.
    pub(crate) fn begin_part(&mut self) -> Result<(), DbError> {
        self.soon("SAVEPOINT action")
    }

    /// Ends the part; what it did stays as long as the transaction does.
    pub(crate) fn keep_part(&mut self) -> Result<(), DbError> {
        self.soon("RELEASE SAVEPOINT action")
    }

    /// Undoes the part.
    pub(crate) fn undo_part(&mut self) -> Result<(), DbError> {
        self.batch("ROLLBACK TO SAVEPOINT action")?;
        self.soon("RELEASE SAVEPOINT action")
    }

    /// Runs a statement that changes no row and answers nothing: on PostgreSQL together with the next one, whose error
    /// is then that of either, so that no time is spent on waiting for it.
    fn soon(&mut self, sql: &'static str) -> Result<(), DbError> {
        match &mut self.database {
            Database::Sqlite(conn) => conn.batch(sql),
            Database::Postgres(conn) => conn.soon(sql),
        }
    }

    /// Begins a transaction that sees one state of the data, and only reads. What the last one of this connection has recalled
    /// stays on `SQLite`, if nothing was written since; what is known of who acts, if nothing of that was.
    pub(crate) fn begin_read(&mut self) -> Result<(), DbError> {
        let sql = dialect::begin_read(self.is_postgres());
        match &mut self.database {
            Database::Sqlite(conn) => {
                conn.batch(sql)?;
                if conn.was_written_elsewhere()? {
                    if conn.who_acts_was_written() {
                        self.seen.forget();
                    } else {
                        self.seen.keep_who_acts();
                    }
                }
                Ok(())
            }
            Database::Postgres(_) => self.batch(sql),
        }
    }

    /// Rewrites what held rows that are gone, so that nothing of them is left in the files. Not inside a transaction.
    ///
    /// `SQLite`: the whole file, and then the write-ahead log is emptied, as soon as no reader holds it. PostgreSQL: the
    /// table of the keys, as its owner, and that of the entries where single `values` are gone, whose keys are not; nobody
    /// reads or writes them meanwhile. Older transactions have to end first. Its own write-ahead log is left to the server.
    /// Gives whether it was done: not where another process does it.
    pub(crate) fn scrub(&mut self, values: bool) -> Result<bool, DbError> {
        match &mut self.database {
            Database::Sqlite(conn) => conn.scrub(),
            Database::Postgres(conn) => {
                conn.outlast_older()?;
                conn.batch(if values {
                    "SELECT rewrite_data_keys(), rewrite_entries()"
                } else {
                    "SELECT rewrite_data_keys()"
                })?;
                Ok(true)
            }
        }
    }

    /// Whether a transaction is open, and can go on. After an error only this tells whether it was ended.
    pub(crate) fn in_transaction(&mut self) -> bool {
        match &mut self.database {
            Database::Sqlite(conn) => conn.in_transaction(),
            Database::Postgres(conn) => conn.in_transaction(),
        }
    }

    /// Whether the connection can be used again.
    pub(crate) fn is_usable(&self) -> bool {
        match &self.database {
            Database::Sqlite(_) => true,
            Database::Postgres(conn) => conn.is_usable(),
        }
    }
}
