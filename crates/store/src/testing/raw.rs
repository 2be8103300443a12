//! The database itself, past the store: what an operator could do, and what really stands in the rows.

use postgres::types::Type;
use postgres::{Client, NoTls};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::Location;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Cell {
    /// The number that it is.
    #[track_caller]
    pub fn int(&self) -> i64 {
        let Self::Int(value) = self else {
            panic!("{self:?} is no number")
        };
        *value
    }

    /// The text that it is.
    #[track_caller]
    pub fn text(&self) -> &str {
        let Self::Text(value) = self else {
            panic!("{self:?} is no text")
        };
        value
    }

    /// The bytes that it is.
    #[track_caller]
    pub fn blob(&self) -> &[u8] {
        let Self::Blob(value) = self else {
            panic!("{self:?} are no bytes")
        };
        value
    }
}

/// A connection of the test's own.
pub enum Raw {
    /// To a file.
    Sqlite(Connection),
    /// To a server.
    Postgres(Box<Client>),
}

impl Raw {
    /// Connects, as whoever owns the database.
    pub fn open(location: &Location) -> Self {
        match location {
            Location::Sqlite { file, .. } => {
                let connection = Connection::open(file).expect("the file can be opened");
                connection
                    .busy_timeout(std::time::Duration::from_secs(10))
                    .expect("a time limit can be set");
                Self::Sqlite(connection)
            }
            Location::Postgres(url) => Self::Postgres(Box::new(
                Client::connect(url, NoTls).expect("the database can be connected to"),
            )),
        }
    }

    /// Runs statements; what the database says against them.
    pub fn run(&mut self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(connection) => connection
                .execute_batch(sql)
                .map_err(|error| error.to_string()),
            Self::Postgres(client) => client.batch_execute(sql).map_err(|error| {
                error
                    .as_db_error()
                    .map_or_else(|| error.to_string(), |error| error.message().to_owned())
            }),
        }
    }

    /// Runs statements that must work.
    #[track_caller]
    pub fn must(&mut self, sql: &str) {
        if let Err(error) = self.run(sql) {
            panic!("{sql}: {error}");
        }
    }

    /// Runs statements that must be refused, with a reason that holds these words.
    #[track_caller]
    pub fn refuses(&mut self, sql: &str, reason: &str) {
        match self.run(sql) {
            Ok(()) => panic!("this was let through: {sql}"),
            Err(error) => assert!(error.contains(reason), "{sql}: {error}"),
        }
    }

    /// What a query gives.
    pub fn rows(&mut self, sql: &str) -> Vec<Vec<Cell>> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).expect(sql);
                let columns = statement.column_count();
                let mut rows = statement.query([]).expect(sql);
                let mut all = Vec::new();
                while let Some(row) = rows.next().expect(sql) {
                    let cells =
                        (0..columns).map(|column| match row.get_ref(column).expect("a column") {
                            ValueRef::Null => Cell::Null,
                            ValueRef::Integer(value) => Cell::Int(value),
                            ValueRef::Real(value) => panic!("{sql}: {value} has fractions"),
                            ValueRef::Text(text) => {
                                Cell::Text(String::from_utf8(text.to_vec()).expect("text"))
                            }
                            ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
                        });
                    all.push(cells.collect());
                }
                all
            }
            Self::Postgres(client) => {
                let rows = client.query(sql, &[]).expect(sql);
                rows.iter()
                    .map(|row| {
                        (0..row.len())
                            .map(|column| match *row.columns()[column].type_() {
                                Type::INT8 => row
                                    .get::<_, Option<i64>>(column)
                                    .map_or(Cell::Null, Cell::Int),
                                Type::BYTEA => row
                                    .get::<_, Option<Vec<u8>>>(column)
                                    .map_or(Cell::Null, Cell::Blob),
                                _ => row
                                    .get::<_, Option<String>>(column)
                                    .map_or(Cell::Null, Cell::Text),
                            })
                            .collect()
                    })
                    .collect()
            }
        }
    }

    /// Deletes the row of a data key, as if somebody had dropped the trigger that refuses it; the trigger is there again after it.
    #[track_caller]
    pub fn delete_key(&mut self, organization: &str, subject: &str) {
        let (off, on) = match self {
            Self::Sqlite(_) => {
                let name = "data_keys_are_never_deleted";
                let made = format!("SELECT sql FROM sqlite_schema WHERE name = '{name}'");
                let made = self.rows(&made)[0][0].text().to_owned();
                (format!("DROP TRIGGER {name}"), made)
            }
            Self::Postgres(_) => (
                "ALTER TABLE data_keys DISABLE TRIGGER data_keys_guard_rows".to_owned(),
                "ALTER TABLE data_keys ENABLE TRIGGER data_keys_guard_rows".to_owned(),
            ),
        };
        self.must(&off);
        self.must(&format!(
            "DELETE FROM data_keys WHERE organization = '{organization}' AND subject = '{subject}'"
        ));
        self.must(&on);
    }

    /// The one number that a query gives.
    pub fn number(&mut self, sql: &str) -> i64 {
        self.rows(sql)[0][0].int()
    }

    /// The names of all tables.
    pub fn tables(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
            Self::Postgres(_) => {
                "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name"
            }
        };
        let rows = self.rows(sql);
        rows.iter().map(|row| row[0].text().to_owned()).collect()
    }

    /// All rows of a table, in an order of their own.
    pub fn table(&mut self, name: &str) -> Vec<Vec<Cell>> {
        let mut rows = self.rows(&format!("SELECT * FROM {name}"));
        rows.sort();
        rows
    }
}
