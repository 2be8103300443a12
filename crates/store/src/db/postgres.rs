//! PostgreSQL, by its URL, with TLS when the URL's `sslmode` asks for it.

mod wire;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres::{Client, Config, Error, NoTls, Statement};

pub(crate) use self::wire::round_trips;
use self::wire::{Open, Running, Wire};
use super::{DbError, Param, Row, Value};

/// How many prepared statements a connection keeps before it forgets them all.
const STATEMENTS: usize = 512;
/// How long is waited for older transactions at a time.
const OLDER: Duration = Duration::from_secs(2);
/// How long until it is looked again whether they have ended.
const PAUSE: Duration = Duration::from_millis(10);

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
    /// None only while it is dropped.
    line: Option<(Arc<Client>, Wire)>,
    statements: HashMap<String, Statement>,
    transaction: bool,
    /// Statements whose answers are not awaited yet, in their order.
    open: Vec<Open<'static>>,
}

impl Postgres {
    pub(crate) fn open(url: &str) -> Result<Self, DbError> {
        let mut config: Config = url
            .parse()
            .map_err(|_| DbError::Lost("the database's URL cannot be read".to_owned()))?;
        config.application_name("annals");
        // A network that falls silent must not keep a writer waiting for ever.
        config.connect_timeout(Duration::from_secs(10));
        config.keepalives_idle(Duration::from_secs(30));
        config.tcp_user_timeout(Duration::from_secs(30));
        // Left to itself, the driver goes on in clear where a server has no TLS. Beyond this machine that must be said.
        if !url.contains("sslmode=") {
            config.ssl_mode(if is_local(&config) {
                SslMode::Disable
            } else {
                SslMode::Require
            });
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DbError::Lost(error.to_string()))?;
        let (client, connection): (_, Running) = if config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = runtime.block_on(config.connect(NoTls))?;
            (client, Box::pin(connection))
        } else {
            let tls = tokio_postgres_rustls::MakeRustlsConnect::new(tls()?);
            let (client, connection) = runtime.block_on(config.connect(tls))?;
            (client, Box::pin(connection))
        };
        let wire = Wire::new(runtime, connection);
        Ok(Self {
            line: Some((Arc::new(client), wire)),
            statements: HashMap::new(),
            transaction: false,
            open: Vec::new(),
        })
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, DbError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.wait(|client| client.prepare(sql))?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Sends what was put off and then a statement, and waits for all of them. Of their errors the first is the cause.
    fn wait<'c, T, F>(&'c mut self, send: impl FnOnce(&'c Client) -> F) -> Result<T, DbError>
    where
        T: Send,
        F: Future<Output = Result<T, Error>> + Send,
    {
        let (client, wire) = self.line.as_mut().ok_or_else(closed)?;
        let statement = send(client);
        if self.open.is_empty() {
            return Ok(wire.wait(statement)?);
        }
        let mut answer = None;
        let mut open: Vec<Open<'_>> = std::mem::take(&mut self.open);
        open.push(Open::new(async {
            answer = Some(statement.await?);
            Ok(())
        }));
        wire.until(&mut open, |_| true)?;
        drop(open);
        answer.ok_or_else(closed)
    }

    /// Puts a statement off until the next one is sent. The server runs them in this order, and where one fails in a
    /// transaction it refuses those after it, so nothing can happen that would not have happened one by one.
    pub(crate) fn soon(&mut self, sql: &'static str) -> Result<(), DbError> {
        self.transaction |= sql.starts_with("BEGIN");
        let client = self.line.as_ref().ok_or_else(closed)?.0.clone();
        self.open.push(Open::new(
            async move { Ok(client.batch_execute(sql).await?) },
        ));
        Ok(())
    }

    /// As [`Postgres::soon`], with parameters. How many rows it changes is certain.
    pub(crate) fn execute_soon(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), DbError> {
        let run = self.run(sql, params)?;
        self.open
            .push(Open::new(async move { run.await.map(drop) }));
        Ok(())
    }

    /// Sends a statement that must change one row, after what was put off, and does not wait for it: the server works on it
    /// meanwhile. If it goes wrong, that is the next statement's error; no commit is sent before its answer is there.
    pub(crate) fn execute_one(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), DbError> {
        let run = self.run(sql, params)?;
        self.open
            .push(Open::counted(async move { super::only_one(run.await?) }));
        let (_, wire) = self.line.as_mut().ok_or_else(closed)?;
        wire.send(&mut self.open);
        Ok(())
    }

    fn run(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<impl Future<Output = Result<u64, DbError>> + Send + use<>, DbError> {
        let statement = self.prepare(sql)?;
        let client = self.line.as_ref().ok_or_else(closed)?.0.clone();
        let params: Vec<Value> = params.iter().map(|one| one.to_value()).collect();
        Ok(async move {
            let params: Vec<Param<'_>> = params.iter().map(Value::as_param).collect();
            Ok(client.execute(&statement, &values(&params)).await?)
        })
    }

    /// Waits for the answers of what may turn out to be wrong when the server has done it. The rest is sent meanwhile.
    fn settle(&mut self) -> Result<(), DbError> {
        if !self.open.iter().any(Open::is_counted) {
            return Ok(());
        }
        let (_, wire) = self.line.as_mut().ok_or_else(closed)?;
        let settled = wire.until(&mut self.open, |one| one.is_counted());
        if settled.is_err() {
            self.open.clear();
        }
        settled
    }

    pub(crate) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        let statement = self.prepare(sql)?;
        let values = values(params);
        rows(&self.wait(|client| client.query(&statement, &values))?)
    }

    /// Waits until no transaction is left that might still see what went before this was called: a table that is rewritten keeps
    /// what one might see. A snapshot looks no further back than the oldest transaction that runs when it is taken, of whatever
    /// database. So those that run now have to end, and then those that began meanwhile, whose snapshots may be as old.
    pub(crate) fn outlast_older(&mut self) -> Result<(), DbError> {
        let mut left = OLDER;
        for _ in 0..2 {
            let mut older = self.running()?;
            while !older.is_empty() {
                if left.is_zero() {
                    return Err(DbError::Conflict(
                        "a transaction that is still open might see what went".to_owned(),
                    ));
                }
                std::thread::sleep(PAUSE);
                left = left.saturating_sub(PAUSE);
                let running = self.running()?;
                older.retain(|one| running.contains(one));
            }
        }
        Ok(())
    }

    /// The other transactions that run, of all databases, prepared ones too. Each holds a lock on itself, which any role may see.
    fn running(&mut self) -> Result<Vec<String>, DbError> {
        let rows = self.query(
            "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype IN ('virtualxid', 'transactionid') \
             AND mode = 'ExclusiveLock' AND granted AND pid IS DISTINCT FROM pg_backend_pid()",
            &[],
        )?;
        let name = |row: &Row| row.text(0).map(str::to_owned);
        let names: Result<Vec<String>, _> = rows.iter().map(name).collect();
        names.map_err(|error| DbError::Other(error.to_string()))
    }

    pub(crate) fn each(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&[&[u8]]),
    ) -> Result<(), DbError> {
        let statement = self.prepare(sql)?;
        let values = values(params);
        for row in self.wait(|client| client.query(&statement, &values))? {
            let columns: Result<Vec<&[u8]>, _> =
                (0..row.len()).map(|column| row.try_get(column)).collect();
            each(&columns?);
        }
        Ok(())
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let statement = self.prepare(sql)?;
        let values = values(params);
        self.wait(|client| client.execute(&statement, &values))
    }

    /// Questions that are sent together: each is answered after the one before it, and sees what that one waited for.
    pub(crate) fn query_all(
        &mut self,
        questions: &[(&str, &[Param<'_>])],
    ) -> Result<Vec<Vec<Row>>, DbError> {
        let statements: Result<Vec<_>, _> =
            questions.iter().map(|(sql, _)| self.prepare(sql)).collect();
        let (client, wire) = self.line.as_mut().ok_or_else(closed)?;
        let client = &**client;
        let mut answers: Vec<Vec<Row>> = questions.iter().map(|_| Vec::new()).collect();
        let mut open: Vec<Open<'_>> = std::mem::take(&mut self.open);
        for ((statement, (_, params)), answer) in
            statements?.into_iter().zip(questions).zip(&mut answers)
        {
            open.push(Open::new(async move {
                *answer = rows(&client.query(&statement, &values(params)).await?)?;
                Ok(())
            }));
        }
        wire.until(&mut open, |_| true)?;
        drop(open);
        Ok(answers)
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        if sql == "ROLLBACK" {
            // What was put off need not happen any more, and after an error would only keep this from being done.
            self.open.clear();
        }
        if sql == "COMMIT" {
            self.settle()?;
        }
        self.wait(|client| client.batch_execute(sql))?;
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
        self.line
            .as_ref()
            .is_some_and(|(client, _)| !client.is_closed())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.open.clear();
        // Nobody may block inside an async task, where this may be: a thread that is none says goodbye to the server.
        if let Some((client, wire)) = self.line.take() {
            let _ = std::thread::Builder::new()
                .name("annals-close".to_owned())
                .spawn(move || {
                    drop(client);
                    wire.close();
                });
        }
    }
}

/// Parameters as the driver takes them.
fn values<'a>(params: &'a [Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params
        .iter()
        .map(|param| param as &(dyn ToSql + Sync))
        .collect()
}

fn closed() -> DbError {
    DbError::Lost("closed".to_owned())
}

/// Whether all hosts are this machine.
fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|ip| ip.is_loopback())
        }
        Host::Unix(_) => true,
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

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        let Some(server) = error.as_db_error() else {
            return if error.is_closed()
                || std::error::Error::source(&error)
                    .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
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

/// The rows of an answer, of the three types that we use.
fn rows(answer: &[tokio_postgres::Row]) -> Result<Vec<Row>, DbError> {
    answer
        .iter()
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
