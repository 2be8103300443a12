//! `SQLite`, bundled: write-ahead log, every commit synced.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};

use super::{DbError, Param, Row, Value, dialect};

/// How long a connection waits for another process that holds the write lock.
const BUSY: Duration = Duration::from_secs(10);
/// How long it waits at a time where `SQLite` itself does not.
const PAUSE: Duration = Duration::from_millis(5);
/// How long who holds the write-ahead log is waited for before it is emptied, while changes wait.
const HELD: Duration = Duration::from_millis(250);
/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 256;

pub(crate) struct Sqlite {
    connection: Connection,
    /// What `SQLite` called the state of the file when this connection looked last.
    version: Option<i64>,
    /// How often that changed which says who acts, when this connection looked last.
    who_acts: Option<i64>,
}

impl Sqlite {
    pub(crate) fn open(file: &Path, max_pages: Option<u32>) -> Result<Self, DbError> {
        let connection = Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        configure(&connection)?;
        write_ahead(&connection)?;
        // A checkpoint holds up the change that sets it off; each writes a page once, however often that has changed. So
        // they are rarer than SQLite's every 1,000 pages (docs/benchmarks.md), and the log may take 16 MB.
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; \
             PRAGMA wal_autocheckpoint = 4000;",
        )?;
        if let Some(pages) = max_pages {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(Self {
            connection,
            version: None,
            who_acts: None,
        })
    }

    pub(crate) fn open_reader(file: &Path) -> Result<Self, DbError> {
        let connection = Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        configure(&connection)?;
        // Not opened read-only: a reader of a write-ahead log may have to make its index. It still cannot write.
        connection.execute_batch("PRAGMA query_only = ON;")?;
        Ok(Self {
            connection,
            version: None,
            who_acts: None,
        })
    }

    pub(crate) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        let mut statement = self.connection.prepare_cached(&dialect::numbered(sql))?;
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

    pub(crate) fn each(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&[&[u8]]),
    ) -> Result<(), DbError> {
        let mut statement = self.connection.prepare_cached(&dialect::numbered(sql))?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            let bytes = |column| match row.get_ref(column)? {
                ValueRef::Blob(value) => Ok(value),
                _ => Err(DbError::Other(format!("column {column} is not bytes"))),
            };
            let values: Result<Vec<&[u8]>, DbError> = (0..columns).map(bytes).collect();
            each(&values?);
        }
        Ok(())
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let mut statement = self.connection.prepare_cached(&dialect::numbered(sql))?;
        Ok(statement.execute(rusqlite::params_from_iter(params))? as u64)
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        // A single word such as COMMIT is worth keeping prepared; a migration has to be run as a batch.
        if sql.contains(';') {
            return Ok(self.connection.execute_batch(sql)?);
        }
        self.connection.prepare_cached(sql)?.raw_execute()?;
        Ok(())
    }

    /// Whether another connection, of this process or of another, has committed anything since this was asked last. Inside
    /// a transaction: one that holds the write lock, so that nothing more can come, or one that reads, whose state begins here
    /// at the latest.
    pub(crate) fn was_written_elsewhere(&mut self) -> Result<bool, DbError> {
        let version = self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        Ok(self.version.replace(version) != Some(version))
    }

    /// Whether anything of who acts was written since this was asked last, by whatever connection. Inside a transaction. What
    /// cannot be told counts as written.
    pub(crate) fn who_acts_was_written(&mut self) -> bool {
        let writes = self
            .connection
            .prepare_cached("SELECT writes FROM who_acts")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
            .ok();
        std::mem::replace(&mut self.who_acts, writes) != writes || writes.is_none()
    }

    /// Writes the whole file anew and empties the write-ahead log, unless another process is at it: two would fill the log for
    /// each other, and begin again for ever. Changes wait for it, so a reader that holds that log, for however long, is not waited
    /// for: it is tried again later.
    pub(crate) fn scrub(&self) -> Result<bool, DbError> {
        let Some(_alone) = self.alone()? else {
            return Ok(false);
        };
        self.empty_log()?;
        self.connection.execute_batch("VACUUM")?;
        self.empty_log()?;
        Ok(true)
    }

    /// A lock beside the database, which ends with what is returned; nothing where another holds it.
    fn alone(&self) -> Result<Option<File>, DbError> {
        let beside = format!("{}-scrub", self.connection.path().unwrap_or_default());
        let failed = |error: std::io::Error| DbError::Other(format!("{beside}: {error}"));
        let options = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .to_owned();
        let lock = options.open(&beside).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn empty_log(&self) -> Result<(), DbError> {
        // SQLite would wait for the reader in its own way, for each try.
        self.connection.busy_timeout(Duration::ZERO)?;
        let mut left = HELD;
        let emptied = loop {
            let tried = self
                .connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                    row.get::<_, i64>(0)
                });
            match tried.map_err(DbError::from) {
                Ok(0) => break Ok(()),
                Ok(_) | Err(DbError::Conflict(_)) if left > PAUSE => {}
                Ok(_) | Err(DbError::Conflict(_)) => {
                    break Err(DbError::Conflict(
                        "a reader holds the write-ahead log".to_owned(),
                    ));
                }
                Err(error) => break Err(error),
            }
            std::thread::sleep(PAUSE);
            left -= PAUSE;
        };
        self.connection.busy_timeout(BUSY)?;
        emptied
    }

    pub(crate) fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }
}

/// What all connections have.
fn configure(connection: &Connection) -> Result<(), DbError> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A statement's plan does not hang on its values, so it is not made again for each of them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Puts the file in the mode of a write-ahead log, where it stays. While another connection does the same to a new file,
/// `SQLite` refuses at once in place of waiting, so the waiting is done here.
fn write_ahead(connection: &Connection) -> Result<(), DbError> {
    let mut left = BUSY;
    loop {
        match connection
            .execute_batch("PRAGMA journal_mode = WAL")
            .map_err(DbError::from)
        {
            Err(DbError::Conflict(_)) if left > PAUSE => {
                std::thread::sleep(PAUSE);
                left -= PAUSE;
            }
            done => return done,
        }
    }
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

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::testing::temp_dir;

    #[test]
    fn a_new_file_can_be_opened_by_many_at_once() {
        let folder = temp_dir();
        for number in 0..100 {
            let file = folder.path().join(format!("{number}.db"));
            std::thread::scope(|scope| {
                let file = &file;
                let opening: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(move || {
                            let mut sqlite = Sqlite::open(file, None)?;
                            sqlite.batch("BEGIN IMMEDIATE")?;
                            sqlite.batch("CREATE TABLE IF NOT EXISTS a (b TEXT)")?;
                            sqlite.batch("COMMIT")
                        })
                    })
                    .collect();
                for one in opening {
                    one.join().expect("no panic").expect("a connection");
                }
            });
        }
    }

    #[test]
    fn what_another_connection_has_committed_is_noticed_under_the_write_lock() {
        let folder = temp_dir();
        let file = folder.path().join("seen.db");
        let mut one = Sqlite::open(&file, None).expect("a connection");
        let mut two = Sqlite::open(&file, None).expect("a connection");
        let elsewhere = |conn: &mut Sqlite, end: &str| {
            conn.batch("BEGIN IMMEDIATE").expect("begun");
            let elsewhere = conn.was_written_elsewhere().expect("an answer");
            conn.batch("CREATE TABLE IF NOT EXISTS a (b TEXT)")
                .expect("a table");
            conn.batch("INSERT INTO a VALUES ('b')").expect("a row");
            conn.batch(end).expect("ended");
            elsewhere
        };
        assert!(elsewhere(&mut one, "COMMIT"), "nothing is known at first");
        assert!(!elsewhere(&mut one, "COMMIT"), "what it wrote itself");
        assert!(!elsewhere(&mut one, "ROLLBACK"));
        assert!(!elsewhere(&mut one, "COMMIT"));
        assert!(elsewhere(&mut two, "ROLLBACK"), "nothing is known at first");
        assert!(!elsewhere(&mut one, "COMMIT"), "what was undone");
        assert!(elsewhere(&mut two, "COMMIT"));
        assert!(elsewhere(&mut one, "COMMIT"));
        two.batch("VACUUM").expect("rewritten");
        let mut raw = Connection::open(&file).expect("a connection");
        let transaction = raw.transaction().expect("begun");
        transaction
            .execute("UPDATE a SET b = 'c'", [])
            .expect("changed by someone else");
        transaction.commit().expect("committed");
        assert!(elsewhere(&mut one, "COMMIT"));
        assert!(!elsewhere(&mut one, "COMMIT"));
    }

    #[test]
    fn a_statement_is_not_planned_again_for_another_value() {
        let folder = temp_dir();
        let mut sqlite = Sqlite::open(&folder.path().join("plan.db"), None).expect("a connection");
        sqlite
            .batch("CREATE TABLE keys (a TEXT, b TEXT, c INTEGER, PRIMARY KEY (a, b, c)) STRICT, WITHOUT ROWID;")
            .expect("a table");
        let sql = "SELECT a FROM keys WHERE (a = ?1 AND b = ?2) OR (a = ?3 AND b = ?4) ORDER BY c";
        for value in ["a", "b", "c"] {
            let params = [Param::Text(value); 4];
            sqlite.query(sql, &params).expect("an answer");
        }
        let statement = sqlite
            .connection
            .prepare_cached(sql)
            .expect("the statement");
        assert!(
            statement.get_status(StatementStatus::Run) >= 3,
            "it is the one that ran"
        );
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
