//! PostgreSQL, by its URL, with TLS when the URL's `sslmode` asks for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::runtime::Runtime;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres::{Client, Config, Error, NoTls, Statement};

use super::{DbError, Param, Row, Value};

/// How many prepared statements a connection keeps before it forgets them all.
const STATEMENTS: usize = 512;
/// How long is waited for older transactions at a time.
const OLDER: Duration = Duration::from_secs(2);
/// How long until it is looked again whether they have ended.
const PAUSE: Duration = Duration::from_millis(10);

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
    /// None only while it is dropped.
    line: Option<(Client, Wire)>,
    statements: HashMap<String, Statement>,
    transaction: bool,
    /// Statements that go out together with the next one.
    soon: Vec<Soon>,
}

/// A statement that was put off.
enum Soon {
    /// One without parameters and without an answer.
    Plain(&'static str),
    /// One that must change one row.
    One(Statement, Vec<Value>),
}

/// A connection's own work, which ends when it does.
type Running = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What carries the messages, on the thread that waits for the answer: no other thread has to be woken for it.
struct Wire {
    runtime: Runtime,
    /// None once it has ended.
    connection: Option<Running>,
}

impl Wire {
    /// Waits for an answer. What `answer` sends goes out before this thread sleeps.
    fn wait<T, E: From<Error>>(
        &mut self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        ROUND_TRIPS.fetch_add(1, Ordering::Relaxed);
        let mut answer = pin!(answer);
        let connection = &mut self.connection;
        self.runtime.block_on(poll_fn(|context| {
            if let Poll::Ready(done) = answer.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            if let Some(running) = connection
                && let Poll::Ready(ended) = running.as_mut().poll(context)
            {
                *connection = None;
                if let Err(error) = ended {
                    return Poll::Ready(Err(error.into()));
                }
            }
            // The connection may have brought the answer, or the news that none will come.
            answer.as_mut().poll(context)
        }))
    }
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
        let (client, connection): (_, Pin<Box<dyn Future<Output = _> + Send>>) =
            if config.get_ssl_mode() == SslMode::Disable {
                let (client, connection) = runtime.block_on(config.connect(NoTls))?;
                (client, Box::pin(connection))
            } else {
                let tls = tokio_postgres_rustls::MakeRustlsConnect::new(tls()?);
                let (client, connection) = runtime.block_on(config.connect(tls))?;
                (client, Box::pin(connection))
            };
        let wire = Wire {
            runtime,
            connection: Some(connection),
        };
        Ok(Self {
            line: Some((client, wire)),
            statements: HashMap::new(),
            transaction: false,
            soon: Vec::new(),
        })
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, DbError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let (client, wire) = self.line.as_mut().ok_or_else(closed)?;
        let statement = wire.wait(client.prepare(sql))?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Sends what was put off and then a statement, and waits for all of them. Of their errors the first is the cause.
    fn wait<'c, T, F>(&'c mut self, send: impl FnOnce(&'c Client) -> F) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let (client, wire) = self.line.as_mut().ok_or_else(closed)?;
        let client = &*client;
        let statement = send(client);
        if self.soon.is_empty() {
            return Ok(wire.wait(statement)?);
        }
        let soon = std::mem::take(&mut self.soon);
        let before = put_off(client, &soon);
        wire.wait(async {
            let (before, answer) = tokio::join!(biased; in_order(before), statement);
            before?;
            Ok(answer?)
        })
    }

    /// Puts a statement off until the next one is sent. The server runs them in this order, and where one fails in a
    /// transaction it refuses those after it, so nothing can happen that would not have happened one by one.
    pub(crate) fn soon(&mut self, sql: &'static str) {
        self.transaction |= sql.starts_with("BEGIN");
        self.soon.push(Soon::Plain(sql));
    }

    /// Puts a statement off that must change one row. If it does not, that is the next statement's error.
    pub(crate) fn one_soon(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), DbError> {
        let statement = self.prepare(sql)?;
        let values = params.iter().map(|one| one.to_value()).collect();
        self.soon.push(Soon::One(statement, values));
        Ok(())
    }

    /// Waits for what was put off that must change one row, so that no commit is asked for before it is known to have.
    fn settle(&mut self) -> Result<(), DbError> {
        if !self.soon.iter().any(|soon| matches!(soon, Soon::One(..))) {
            return Ok(());
        }
        let soon = std::mem::take(&mut self.soon);
        let (client, wire) = self.line.as_mut().ok_or_else(closed)?;
        wire.wait(in_order(put_off(client, &soon)))
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

    /// Two questions, sent together: the second is answered after the first, and sees what that one waited for.
    pub(crate) fn query_both(
        &mut self,
        first: (&str, &[Param<'_>]),
        second: (&str, &[Param<'_>]),
    ) -> Result<(Vec<Row>, Vec<Row>), DbError> {
        let statements = (self.prepare(first.0)?, self.prepare(second.0)?);
        let (one, other) = (values(first.1), values(second.1));
        let (first, second) = self.wait(|client| async {
            let (first, second) = tokio::join!(
                biased;
                client.query(&statements.0, &one),
                client.query(&statements.1, &other)
            );
            Ok((first?, second?))
        })?;
        Ok((rows(&first)?, rows(&second)?))
    }

    /// Two statements, sent together: where the first fails, the server refuses the second.
    pub(crate) fn execute_together(
        &mut self,
        first: (&str, &[Param<'_>]),
        second: (&str, &[Param<'_>]),
    ) -> Result<u64, DbError> {
        let statements = (self.prepare(first.0)?, self.prepare(second.0)?);
        let (one, two) = (values(first.1), values(second.1));
        self.wait(|client| async {
            let (first, second) = tokio::join!(
                biased;
                client.execute(&statements.0, &one),
                client.execute(&statements.1, &two),
            );
            first?;
            second
        })
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        if sql == "ROLLBACK" {
            // What was put off need not happen any more, and after an error would only keep this from being done.
            let began = self
                .soon
                .iter()
                .any(|soon| matches!(soon, Soon::Plain(sql) if sql.starts_with("BEGIN")));
            self.soon.clear();
            if began {
                self.transaction = false;
                return Ok(());
            }
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
        // Nobody may block inside an async task, where this may be: a thread that is none says goodbye to the server.
        if let Some((client, mut wire)) = self.line.take() {
            let _ = std::thread::Builder::new()
                .name("annals-close".to_owned())
                .spawn(move || {
                    drop(client);
                    if let Some(connection) = wire.connection.take() {
                        // The server is told, as far as it can be; either way the connection is gone.
                        let _ = wire.runtime.block_on(connection);
                    }
                });
        }
    }
}

/// Something that was sent, or will be when it is first asked for.
type Sent<'c> = Pin<Box<dyn Future<Output = Result<(), DbError>> + 'c>>;

/// What was put off, to be sent in this order.
fn put_off<'c>(client: &'c Client, soon: &'c [Soon]) -> Vec<Sent<'c>> {
    let mut sent: Vec<Sent<'c>> = Vec::with_capacity(soon.len());
    let mut plain = String::new();
    for one in soon {
        match one {
            Soon::Plain(sql) => {
                if !plain.is_empty() {
                    plain.push_str("; ");
                }
                plain.push_str(sql);
            }
            Soon::One(statement, values) => {
                if !plain.is_empty() {
                    sent.push(Box::pin(run_plain(client, std::mem::take(&mut plain))));
                }
                sent.push(Box::pin(run_one(client, statement, values)));
            }
        }
    }
    if !plain.is_empty() {
        sent.push(Box::pin(run_plain(client, plain)));
    }
    sent
}

async fn run_plain(client: &Client, sql: String) -> Result<(), DbError> {
    Ok(client.batch_execute(&sql).await?)
}

async fn run_one(client: &Client, statement: &Statement, values: &[Value]) -> Result<(), DbError> {
    let params: Vec<Param<'_>> = values.iter().map(Value::as_param).collect();
    let params: Vec<&(dyn ToSql + Sync)> = params
        .iter()
        .map(|param| param as &(dyn ToSql + Sync))
        .collect();
    super::only_one(client.execute(statement, &params).await?)
}

/// Waits for all of them, after each was asked for once in this order; that is when its message goes out.
async fn in_order(mut sent: Vec<Sent<'_>>) -> Result<(), DbError> {
    let mut answers: Vec<Option<Result<(), DbError>>> = sent.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (one, answer) in sent.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(done) = one.as_mut().poll(context)
            {
                *answer = Some(done);
            }
        }
        if answers.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    answers.into_iter().flatten().collect()
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
