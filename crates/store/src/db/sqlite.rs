//! `SQLite`, bundled: write-ahead log, every commit synced.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};

use super::{DbError, Param, Row, Value, dialect};

/// How long a connection waits for another process that holds the write lock.
const BUSY: Duration = Duration::from_secs(10);
/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 256;

pub(crate) struct Sqlite(Connection);

impl Sqlite {
    pub(crate) fn open(file: &Path, max_pages: Option<u32>) -> Result<Self, DbError> {
        let connection = Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        prepare(&connection)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; \
             PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000;",
        )?;
        if let Some(pages) = max_pages {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(Self(connection))
    }

    pub(crate) fn open_reader(file: &Path) -> Result<Self, DbError> {
        let connection = Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        prepare(&connection)?;
        // Not opened read-only: a reader of a write-ahead log may have to make its index. It still cannot write.
        connection.execute_batch("PRAGMA query_only = ON;")?;
        Ok(Self(connection))
    }

    pub(crate) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        let mut statement = self.0.prepare_cached(&dialect::numbered(sql))?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(match row.get_ref(column)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Int(value),
                    ValueRef::Text(value) => Value::Text(
                        String::from_utf8(value.to_vec())
                            .map_err(|error| DbError::Other(error.to_string()))?,
                    ),
                    ValueRef::Blob(value) => Value::Blob(value.to_vec()),
                    ValueRef::Real(_) => {
                        return Err(DbError::Other("a column with fractions".to_owned()));
                    }
                });
            }
            answer.push(Row(values));
        }
        Ok(answer)
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached(&dialect::numbered(sql))?;
        Ok(statement.execute(rusqlite::params_from_iter(params))? as u64)
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        // A single word such as COMMIT is worth keeping prepared; a migration has to be run as a batch.
        if sql.contains(';') {
            return Ok(self.0.execute_batch(sql)?);
        }
        self.0.prepare_cached(sql)?.raw_execute()?;
        Ok(())
    }

    pub(crate) fn in_transaction(&self) -> bool {
        !self.0.is_autocommit()
    }
}

/// What all connections have.
fn prepare(connection: &Connection) -> Result<(), DbError> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A statement's plan does not hang on its values, so it is not made again for each of them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Constraint(text),
            Some(ErrorCode::DiskFull | ErrorCode::TooBig | ErrorCode::SystemIoFailure) => {
                Self::Full(text)
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Conflict(text),
            Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase) => Self::Lost(text),
            _ => Self::Other(text),
        }
    }
}
