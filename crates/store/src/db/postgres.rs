//! PostgreSQL, by its URL, with TLS when the URL's `sslmode` asks for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::BytesMut;
use postgres::config::SslMode;
use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type};
use postgres::{Client, Config, NoTls, Statement};

use super::{DbError, Param, Row, Value};

/// How many prepared statements a connection keeps before it forgets them all.
const STATEMENTS: usize = 512;

/// How often anything was sent and its answer awaited, by all connections of the process. For the benchmark.
static ROUND_TRIPS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn round_trips() -> u64 {
    ROUND_TRIPS.load(Ordering::Relaxed)
}

/// The URL of a database, with a schema in which names are looked up; nothing where it sets options already.
pub(crate) fn in_schema(url: &str, schema: &str) -> Option<String> {
    let config: Config = url.parse().ok()?;
    if config.get_options().is_some() {
        return None;
    }
    Some(if url.contains("://") {
        let sign = if url.contains('?') { '&' } else { '?' };
        format!("{url}{sign}options=-c%20search_path%3D{schema}")
    } else {
        format!("{url} options='-c search_path={schema}'")
    })
}

pub(crate) struct Postgres {
    client: Option<Client>,
    statements: HashMap<String, Statement>,
    transaction: bool,
}

impl Postgres {
    pub(crate) fn open(url: &str) -> Result<Self, DbError> {
        let mut config: Config = url
            .parse()
            .map_err(|_| DbError::Lost("the database's URL cannot be read".to_owned()))?;
        config.application_name("annals");
        let client = if config.get_ssl_mode() == SslMode::Disable || local(&config) {
            config.connect(NoTls)?
        } else {
            config.connect(tokio_postgres_rustls::MakeRustlsConnect::new(tls()?))?
        };
        Ok(Self {
            client: Some(client),
            statements: HashMap::new(),
            transaction: false,
        })
    }

    fn client(&mut self) -> Result<&mut Client, DbError> {
        ROUND_TRIPS.fetch_add(1, Ordering::Relaxed);
        self.client
            .as_mut()
            .ok_or_else(|| DbError::Lost("closed".to_owned()))
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, DbError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client()?.prepare(sql)?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(crate) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        let statement = self.prepare(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = params
            .iter()
            .map(|param| param as &(dyn ToSql + Sync))
            .collect();
        let rows = self.client()?.query(&statement, &values)?;
        rows.iter()
            .map(|row| {
                let mut values = Vec::with_capacity(row.len());
                for (column, shape) in row.columns().iter().enumerate() {
                    values.push(match *shape.type_() {
                        Type::INT8 => row
                            .try_get::<_, Option<i64>>(column)?
                            .map_or(Value::Null, Value::Int),
                        Type::TEXT | Type::VARCHAR | Type::NAME => row
                            .try_get::<_, Option<String>>(column)?
                            .map_or(Value::Null, Value::Text),
                        Type::BYTEA => row
                            .try_get::<_, Option<Vec<u8>>>(column)?
                            .map_or(Value::Null, Value::Blob),
                        ref other => {
                            return Err(DbError::Other(format!("a column of type {other}")));
                        }
                    });
                }
                Ok(Row(values))
            })
            .collect()
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let statement = self.prepare(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = params
            .iter()
            .map(|param| param as &(dyn ToSql + Sync))
            .collect();
        Ok(self.client()?.execute(&statement, &values)?)
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        self.client()?.batch_execute(sql)?;
        match sql.split_whitespace().next() {
            Some("BEGIN") => self.transaction = true,
            Some("COMMIT") => self.transaction = false,
            Some("ROLLBACK") if !sql.contains(" TO ") => self.transaction = false,
            _ => {}
        }
        Ok(())
    }

    /// The server's own word: a statement in a transaction that has failed is refused, whatever it is.
    pub(crate) fn in_transaction(&mut self) -> bool {
        self.transaction && self.is_usable()
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.client
            .as_ref()
            .is_some_and(|client| !client.is_closed())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A client that is dropped inside an async task panics: it is handed to a thread that is none.
        if let Some(client) = self.client.take() {
            let _ = std::thread::Builder::new()
                .name("annals-close".to_owned())
                .spawn(move || drop(client));
        }
    }
}

/// Whether all hosts are sockets of this machine, where TLS means nothing.
fn local(config: &Config) -> bool {
    config.get_ssl_mode() == SslMode::Prefer
        && config.get_hosts().iter().all(|host| match host {
            postgres::config::Host::Tcp(name) => {
                name == "localhost"
                    || name
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|ip| ip.is_loopback())
            }
            postgres::config::Host::Unix(_) => true,
        })
}

fn tls() -> Result<rustls::ClientConfig, DbError> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // A certificate that cannot be read is one that nothing is trusted by.
        let _ = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| DbError::Lost(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Blob(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    fn to_sql_checked(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql_checked(kind, out),
            Self::Text(value) => value.to_sql_checked(kind, out),
            Self::Blob(value) => value.to_sql_checked(kind, out),
        }
    }
}

impl From<postgres::Error> for DbError {
    fn from(error: postgres::Error) -> Self {
        let Some(server) = error.as_db_error() else {
            return if error.is_closed()
                || std::error::Error::source(&error).is_some_and(|e| e.is::<std::io::Error>())
            {
                Self::Lost(error.to_string())
            } else {
                Self::Other(error.to_string())
            };
        };
        // The detail of a constraint repeats the row: it may hold what must not reach a log.
        let text = format!("{} ({})", server.message(), server.code().code());
        match server.code() {
            code if code.code().starts_with("23") || code.code() == "P0001" => {
                Self::Constraint(text)
            }
            code if *code == SqlState::DISK_FULL => Self::Full(text),
            code if *code == SqlState::T_R_DEADLOCK_DETECTED
                || *code == SqlState::T_R_SERIALIZATION_FAILURE =>
            {
                Self::Conflict(text)
            }
            code if code.code().starts_with("57P") || code.code().starts_with("08") => {
                Self::Lost(text)
            }
            _ => Self::Other(text),
        }
    }
}
