//! A store: one database, its keys, the threads that write and the connections that read.

use std::future::{Future, IntoFuture};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use model::actor::{Actor, Origin};
use model::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use model::id::LogId;

use crate::action::{Action, Recorded};
use crate::db::{Conn, DbError, Location};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::migrate as schema;
use crate::publish::Signing;
use crate::seen::Seen;
use crate::tx::Rx;
use crate::upkeep::Upkeep;
use crate::writer::{Waiting, Writer};

/// How many connections read at once.
const READERS: usize = 8;

/// How a store is opened.
pub struct Options {
    /// Where the data is.
    pub location: Location,
    /// The key file; made with the schema where there is none.
    pub keys: PathBuf,
    /// Whether a schema that is missing or old is brought to this version.
    pub migrate: bool,
    /// Whether a database that holds no instance gets one.
    pub create: bool,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
}

impl Options {
    /// With the machine's clock and randomness, migrating.
    pub fn new(location: Location, keys: PathBuf) -> Self {
        Self {
            location,
            keys,
            migrate: true,
            create: true,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// What is known of the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its name, once it is set up: the first part of every log's origin.
    pub name: Option<String>,
    /// Its own log.
    pub log: LogId,
}

/// The memory of an instance.
pub struct Store {
    pub(crate) env: Arc<Env>,
    location: Location,
    writer: Writer,
    readers: Readers,
    /// How the publisher fares.
    pub(crate) signing: Mutex<Signing>,
}

#[derive(Default)]
struct Readers {
    state: Mutex<(Vec<Conn>, usize)>,
    free: Condvar,
}

/// A reading connection, which goes back even when its reader panics.
struct Reader<'a> {
    store: &'a Store,
    conn: Option<Conn>,
    lost: bool,
}

impl Reader<'_> {
    fn conn(&mut self) -> Result<&mut Conn> {
        self.conn
            .as_mut()
            .ok_or_else(|| Error::Internal("a reader without its connection".to_owned()))
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.store.give_back(conn, self.lost);
        }
    }
}

impl Store {
    /// Opens a store, and migrates it if that is asked for.
    ///
    /// # Errors
    /// [`Error::Instance`] when the key file does not fit, or the schema is missing or from a newer version;
    /// [`Error::Database`] when the database cannot be reached.
    pub fn open(options: Options) -> Result<Self> {
        let mut conn = Conn::open(&options.location)?;
        let fitting = schema::open(&mut conn, &options)?;
        let Options {
            location,
            clock,
            entropy,
            ..
        } = options;
        let env = Arc::new(Env::new(clock, entropy, fitting));
        let writer = Writer::start(&location, &env, conn);
        Ok(Self {
            env,
            location,
            writer,
            readers: Readers::default(),
            signing: Mutex::default(),
        })
    }

    /// Does an action, with the events that record it, in one transaction. The only way to change anything.
    pub fn perform<A: Action>(
        &self,
        actor: Actor,
        origin: Origin,
        action: A,
    ) -> Performing<A::Output> {
        Performing(self.writer.perform(actor, origin, action))
    }

    /// Does bookkeeping; gives how much there was to do.
    pub fn upkeep(&self, upkeep: Upkeep) -> Keeping {
        Keeping(self.writer.keep(upkeep))
    }

    /// Reads one state of the data. Blocks the thread.
    pub fn read<T>(&self, what: impl FnOnce(&mut Rx<'_>) -> Result<T>) -> Result<T> {
        let mut reader = self.begin_read()?;
        let conn = reader.conn()?;
        let mut keys = Keyring::default();
        let result = what(&mut Rx {
            conn,
            env: &self.env,
            keys: &mut keys,
            seen: &mut Seen::default(),
        });
        conn.batch("COMMIT").map_err(Error::from).and(result)
    }

    /// A connection with a transaction. One that waited may have been lost since, as by a restart of the server: then
    /// another is taken, until a new one is.
    fn begin_read(&self) -> Result<Reader<'_>> {
        for _ in 0..READERS {
            let mut reader = self.reader()?;
            match reader.conn()?.begin_read() {
                Ok(()) => return Ok(reader),
                Err(DbError::Lost(_)) => reader.lost = true,
                Err(error) => return Err(error.into()),
            }
        }
        let mut reader = self.reader()?;
        reader.conn()?.begin_read()?;
        Ok(reader)
    }

    fn reader(&self) -> Result<Reader<'_>> {
        Ok(Reader {
            store: self,
            conn: Some(self.waiting_reader()?),
            lost: false,
        })
    }

    fn waiting_reader(&self) -> Result<Conn> {
        let mut state = self
            .readers
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(conn) = state.0.pop() {
                return Ok(conn);
            }
            if state.1 < READERS {
                state.1 += 1;
                drop(state);
                return Conn::open_reader(&self.location).map_err(|error| {
                    self.readers
                        .state
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .1 -= 1;
                    self.readers.free.notify_one();
                    Error::Database(error)
                });
            }
            state = self
                .readers
                .free
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give_back(&self, mut conn: Conn, lost: bool) {
        // A connection whose transaction did not end, or that is gone, is not read from again.
        let fit =
            !lost && conn.is_usable() && (!conn.in_transaction() || conn.batch("ROLLBACK").is_ok());
        let mut state = self
            .readers
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if fit {
            state.0.push(conn);
        } else {
            state.1 -= 1;
        }
        self.readers.free.notify_one();
    }

    /// The clock that the store goes by.
    pub fn clock(&self) -> &dyn Clock {
        &*self.env.clock
    }

    /// The randomness that the store uses.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.env.entropy
    }

    /// The id of the seed that the keys of all logs are to be made from, since the one that they are made from may be known to
    /// others. It is added to the key file, unless that was done before and not all logs use it yet.
    ///
    /// # Errors
    /// When the key file cannot be written.
    pub fn seed_after_leak(&self) -> Result<String> {
        if let Some(newest) = self.env.keys.newest_seed()
            && !self.read(|rx| rx.logs_without_seed(&newest))?.is_empty()
        {
            return Ok(newest);
        }
        self.env.keys.add_seed(self.entropy())
    }

    /// Where the key file is.
    pub fn key_file(&self) -> &std::path::Path {
        &self.env.keys.path
    }
}

/// An action that was asked for. Wait for it, or await it: it begins then, and is done even if this is dropped. That
/// holds as well where it is kept longer than its store, with its threads.
#[must_use = "whether it was done is only known once it is waited for"]
pub struct Performing<T>(Waiting<Recorded<T>>);

impl<T> Performing<T> {
    /// Lets a writing thread begin, while the caller does something else before it waits.
    pub fn begun(mut self) -> Self {
        self.0.hand_over();
        self
    }

    /// Blocks until the action is durable, or refused. Not inside async code.
    pub fn wait(self) -> Result<Recorded<T>> {
        self.0.wait()
    }
}

impl<T: Send + 'static> IntoFuture for Performing<T> {
    type Output = Result<Recorded<T>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0)
    }
}

/// Bookkeeping that was asked for; it is done as [`Performing`] is.
#[must_use = "whether it was done is only known once it is waited for"]
pub struct Keeping(Waiting<u64>);

impl Keeping {
    /// Blocks until it is done. Not inside async code.
    pub fn wait(self) -> Result<u64> {
        self.0.wait()
    }
}

impl IntoFuture for Keeping {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0)
    }
}

/// Brings a database to this version of the schema, as its owner.
///
/// # Errors
/// As [`Store::open`].
pub fn migrate(options: &Options) -> Result<()> {
    let mut conn = Conn::open(&options.location)?;
    schema::open(&mut conn, options).map(|_| ())
}

impl From<&DbError> for Error {
    fn from(error: &DbError) -> Self {
        Self::Internal(error.to_string())
    }
}
