//! The publisher: signs what is durable, and never two histories.
//!
//! A checkpoint is signed after the commit of the entries that it covers, since only what is committed can be read. What
//! is signed next always grows out of what was signed last: the publisher holds the right edge of that tree, takes in the
//! entries that came since, and the root must be the one that the log itself keeps. Before a checkpoint leaves the process
//! it is in the guard; only then does it enter the database, in place of the one that it grew out of. If the machine stops
//! between the two, the guard is ahead of the row in the database, but not of the log.
//!
//! A log that is behind the guard, or whose past is another, is not signed until `annals recover` says so.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};

use model::clock::Micros;
use model::id::LogId;
use tlog::{Checkpoint, Frontier, Hash, Note, SigningKey, VerifierKey, leaf_hash};

use crate::db::{Conn, DbError, params};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::guard::Guard;
use crate::store::Store;
use crate::tree::Log;
use crate::upkeep::Upkeep;

/// How many entries are read at once.
const SLICE: u64 = 1000;
/// How many rotations a database may be behind that was restored, for what was signed since to be read.
const ROTATIONS: u32 = 8;
/// For how long a key signs as well after it was replaced: 30 days.
const AS_WELL: i64 = 30 * Micros::DAY;

/// A checkpoint that is signed and in the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Of which log.
    pub log: LogId,
    /// How many entries it covers.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// The signed note.
    pub note: String,
    /// The size of the checkpoint that it takes the place of; 0 for none.
    pub last: u64,
}

/// Why a log is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The database was restored from a backup, or lost entries.
    #[error(
        "the database has {database} entries, but a checkpoint of {signed} has been signed: it was restored from an older backup, or has lost entries; restore a newer one, or see `annals recover`"
    )]
    Behind {
        /// How many entries the database has.
        database: u64,
        /// How many the checkpoint in the guard covers.
        signed: u64,
    },
    /// The entries that a checkpoint covers are not those of the database.
    #[error(
        "the first {size} entries of the database are not those that were signed: it holds another history; see `annals recover`"
    )]
    Forked {
        /// How many entries the checkpoint covers.
        size: u64,
    },
    /// The entries do not give the root that the log keeps.
    #[error(
        "the entries up to {size} do not give the root that their log keeps: some were changed in the database; see `annals recover`"
    )]
    Changed {
        /// How many entries the log has.
        size: u64,
    },
    /// The database says that another key signs this log.
    #[error(
        "the database does not say of this log what its key file does: another origin, or another key; its row was changed, and only a backup helps"
    )]
    OtherKey,
    /// After a leak, the log is still, or again, to be signed with a key from a seed that others may know.
    #[error(
        "the key file has a newer seed than the one that this log is signed with, which others may know; run `annals rotate-key --leaked`"
    )]
    OldSeed,
    /// The log was signed before, but not as far as this process knows.
    #[error(
        "a checkpoint of {size} entries has been signed, and the guard folder of this process knows nothing of it; it goes on as soon as it sees another process sign, or after `annals recover --accept-database`"
    )]
    Unguarded {
        /// How many entries the checkpoint in the database covers.
        size: u64,
    },
    /// What is in the guard is no checkpoint of this log.
    #[error(
        "the guard file of this log is not a checkpoint that its key has signed; see `annals recover`"
    )]
    BrokenGuard,
    /// The log cannot be read as far as it has to be.
    #[error(
        "the log cannot be read: {why}; entries were removed from the database, or it is damaged; only a backup that has them helps"
    )]
    Unreadable {
        /// What is not there, or not as it should be.
        why: String,
    },
}

impl Refusal {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Behind { .. } => "behind",
            Self::Forked { .. } => "forked",
            Self::Changed { .. } => "changed",
            Self::OtherKey => "other_key",
            Self::OldSeed => "old_seed",
            Self::Unguarded { .. } => "unguarded",
            Self::BrokenGuard => "broken_guard",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

/// Why nothing new is signed or written for now, of some logs or of all. It is tried again, and may pass by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Since when, without a round that succeeded in between.
    pub since: Micros,
    /// What stands in the way, for whoever asks: it names no file and no person.
    pub why: String,
    /// Of which logs; of all where none is named.
    pub logs: Vec<LogId>,
}

impl Failure {
    /// Whether it keeps this log from being signed.
    pub fn stops(&self, log: LogId) -> bool {
        self.logs.is_empty() || self.logs.contains(&log)
    }
}

/// What stands in the way, without what only the server's own log may name.
pub(crate) fn why(error: &Error) -> String {
    let why = match error {
        Error::Guard { error, .. } => {
            return format!("the guard folder cannot be read or written: {error}");
        }
        Error::Database(DbError::Full(_)) => "the database has no room left",
        Error::Database(_) | Error::Unavailable(_) | Error::Busy | Error::OutcomeUnknown => {
            "the database cannot be read or written"
        }
        Error::Instance(_) => "the key file lacks a key that signs; the server's log says which",
        _ => "the server's log says why",
    };
    why.to_owned()
}

/// What a process knows of the signing of its logs, as of its publisher's last round.
#[derive(Default)]
pub(crate) struct Signing {
    refused: BTreeMap<LogId, Refusal>,
    failing: Option<Failure>,
}

/// What became of a log in a round.
enum Step {
    /// There was nothing to sign.
    Nothing,
    Sign(Signed),
    Refuse(Refusal),
}

/// What the publisher knows of a log that it follows.
struct Known {
    /// The right edge at the newest checkpoint that is in the guard.
    edge: Frontier,
}

/// Signs the logs of a store. One a process; several processes over one database do not disturb each other.
pub struct Publisher {
    store: Arc<Store>,
    guard: Guard,
    known: HashMap<LogId, Known>,
    /// The checkpoints of logs without a guard, as they were first seen.
    first_seen: HashMap<LogId, u64>,
}

impl Env {
    /// All keys that ever signed a log.
    pub(crate) fn verifier_keys(&self, log: &Log) -> Result<Vec<VerifierKey>> {
        (1..=log.generation)
            .map(|one| {
                let key = self.keys.log_key(&log.origin, one, log.seed_of(one))?;
                Ok(key.verifier().clone())
            })
            .collect()
    }

    /// Which keys sign a log now: the newest first, and for a while each that it replaced. Not one that was made from a seed
    /// that others may know: what it signs says nothing any more.
    pub(crate) fn signing_generations(&self, log: &Log) -> Vec<u32> {
        let (newest, now) = (log.generation, self.now());
        let signs_as_well = |one: u32| {
            log.seed_of(one) == log.seed_of(newest)
                && log
                    .replaced_at(one)
                    .is_some_and(|at| at.plus(AS_WELL) > now)
        };
        (1..=newest)
            .rev()
            .filter(|one| *one == newest || signs_as_well(*one))
            .collect()
    }

    fn signing_keys(&self, log: &Log) -> Result<Vec<SigningKey>> {
        let generations = self.signing_generations(log).into_iter();
        generations
            .map(|one| self.keys.log_key(&log.origin, one, log.seed_of(one)))
            .collect()
    }

    /// All keys that may have signed a log, also such as a database that was restored knows nothing of any more.
    fn possible_keys(&self, log: &Log) -> Result<Vec<VerifierKey>> {
        let later = self.keys.later_seeds();
        let seeds = std::iter::once(None).chain(later.iter().map(|seed| Some(seed.as_str())));
        let mut all = Vec::new();
        for seed in seeds {
            for one in 1..=log.generation + ROTATIONS {
                let key = self.keys.log_key(&log.origin, one, seed)?;
                all.push(key.verifier().clone());
            }
        }
        Ok(all)
    }

    /// Why a log must not be signed with the key that the database names.
    fn unfit(&self, log: &Log) -> Result<Option<Refusal>> {
        if !self.is_its_key(log)? {
            return Ok(Some(Refusal::OtherKey));
        }
        let newest = self.keys.newest_seed();
        let is_old = newest.is_some() && log.seed_of(log.generation) != newest.as_deref();
        Ok(is_old.then_some(Refusal::OldSeed))
    }

    /// Whether what the database says of a log's key is what the key file gives for its origin. An operator of the database
    /// alone cannot make up such a key.
    pub(crate) fn is_its_key(&self, log: &Log) -> Result<bool> {
        let newest = log.generation;
        let key = self
            .keys
            .log_key(&log.origin, newest, log.seed_of(newest))?;
        Ok(log.vkey == key.verifier().to_string())
    }

    /// The signed note over the first entries of a log.
    fn sign(&self, log: &Log, size: u64, root: Hash) -> Result<String> {
        let origin = log.origin.to_string();
        let extensions = Vec::new();
        let text = Checkpoint {
            origin,
            size,
            root,
            extensions,
        }
        .to_string();
        let keys = self.signing_keys(log)?;
        let lines: String = keys.iter().map(|key| key.sign(&text, 0)).collect();
        Ok(format!("{text}\n{lines}"))
    }
}

impl Publisher {
    /// A publisher that keeps what it signs in this guard.
    pub fn new(store: Arc<Store>, guard: Guard) -> Self {
        Self {
            store,
            guard,
            known: HashMap::new(),
            first_seen: HashMap::new(),
        }
    }

    /// Signs each log that has something new, and gives how many. Blocks the thread.
    ///
    /// # Errors
    /// When the database or the guard cannot be used; it can be tried again. What stands in the way of one log keeps no
    /// other from being signed.
    pub fn round(&mut self) -> Result<u64> {
        let mut stopped = Vec::new();
        let done = self.sign(&mut stopped);
        match &done {
            Ok(_) => self.store.signing_goes_on(),
            Err(error) => self.store.signing_fails(why(error), error, stopped),
        }
        done
    }

    /// As [`Publisher::round`]; names the logs that an error stands in the way of, unless it is in the way of all.
    fn sign(&mut self, stopped: &mut Vec<LogId>) -> Result<u64> {
        let mut signed = Vec::new();
        let mut refused = BTreeMap::new();
        let mut told = self.store.refused();
        let mut failed = None;
        for (id, size, checkpoint) in self.store.read(|rx| rx.sizes())? {
            let known = self.known.get(&id).map(|known| known.edge.size());
            if known == Some(size) && checkpoint == size {
                continue;
            }
            let step = match self.store.read(|rx| rx.log(id)) {
                Ok(None) => continue,
                Ok(Some(log)) => self.step(&log),
                Err(error) => Err(error),
            };
            let refusal = match step {
                Ok(Step::Nothing) => continue,
                Ok(Step::Sign(checkpoint)) => {
                    signed.push(checkpoint);
                    continue;
                }
                Ok(Step::Refuse(refusal)) => refusal,
                // What was read is not what a log is: that does not pass by itself.
                Err(Error::Internal(why)) => Refusal::Unreadable { why },
                Err(error) => {
                    failed.get_or_insert(error);
                    stopped.push(id);
                    // Nothing new is known of this log.
                    refused.extend(told.remove_entry(&id));
                    continue;
                }
            };
            // The guard and the database are looked at again in the next round.
            self.known.remove(&id);
            refused.insert(id, refusal);
        }
        self.tell(refused);
        let published = if signed.is_empty() {
            0
        } else {
            let logs: Vec<LogId> = signed.iter().map(|one| one.log).collect();
            let done = self.store.upkeep(Upkeep::Publish(signed)).wait();
            if done.is_err() {
                stopped.extend(logs);
            }
            done?
        };
        failed.map_or(Ok(published), Err)
    }

    /// Says what is refused where people look: once in the log, and for as long as it lasts in the store.
    fn tell(&self, refused: BTreeMap<LogId, Refusal>) {
        let told = &mut self.store.signing().refused;
        for (log, refusal) in &refused {
            if told.get(log) != Some(refusal) {
                tracing::error!(%log, code = refusal.code(), "this log is not signed: {refusal}");
            }
        }
        for log in told.keys().filter(|log| !refused.contains_key(*log)) {
            tracing::info!(%log, "this log is signed again");
        }
        *told = refused;
    }

    fn step(&mut self, log: &Log) -> Result<Step> {
        if let Some(refusal) = self.store.env.unfit(log)? {
            return Ok(Step::Refuse(refusal));
        }
        // Another process with the same guard may have signed further than this one knows: then the guard is where to go on
        // from, and what the database has to hold.
        let further = |edge: &Frontier, kept: &Checkpoint| edge.size() < kept.size;
        if let (Some(known), Some(kept)) = (self.known.get(&log.id), self.guarded(log)?)
            && further(&known.edge, &kept)
        {
            self.known.remove(&log.id);
        }
        if !self.known.contains_key(&log.id) {
            match self.begin(log)? {
                Ok(Some(edge)) => {
                    self.known.insert(log.id, Known { edge });
                }
                Ok(None) => return Ok(Step::Nothing),
                Err(refusal) => return Ok(Step::Refuse(refusal)),
            }
        }
        let Some(known) = self.known.get(&log.id) else {
            return Ok(Step::Nothing);
        };
        let mut edge = known.edge.clone();
        if log.size < edge.size() {
            let (database, signed) = (log.size, edge.size());
            return Ok(Step::Refuse(Refusal::Behind { database, signed }));
        }
        let before = edge.size();
        // Where another process has signed since, its checkpoint must be on the way.
        let theirs = log.checkpoint.as_ref().filter(|one| one.size >= before);
        let mut met = theirs.is_none_or(|one| one.size == before && one.root == edge.root());
        while edge.size() < log.size {
            let first = edge.size();
            for entry in self.store.read(|rx| rx.entries(log, first, SLICE))? {
                edge.push(leaf_hash(&entry))
                    .map_err(|error| Error::Internal(format!("the tree: {error}")))?;
                if theirs.is_some_and(|one| one.size == edge.size()) {
                    met = theirs.is_some_and(|one| one.root == edge.root());
                }
            }
        }
        if !met {
            let size = theirs.map_or(0, |one| one.size);
            return Ok(Step::Refuse(Refusal::Forked { size }));
        }
        if edge != log.frontier {
            return Ok(Step::Refuse(Refusal::Changed { size: log.size }));
        }
        let (size, root) = (edge.size(), edge.root());
        let last = log.checkpoint.as_ref().map_or(0, |one| one.size);
        let step = if last == size {
            Step::Nothing
        } else {
            let note = self.store.env.sign(log, size, root)?;
            let log = log.id;
            Step::Sign(Signed {
                log,
                size,
                root,
                note,
                last,
            })
        };
        let note = match (&step, &log.checkpoint) {
            (Step::Sign(signed), _) => Some(&signed.note),
            (_, Some(checkpoint)) if size > before => Some(&checkpoint.note),
            _ => None,
        };
        if let Some(note) = note {
            self.guard.save(log.id, note)?;
        }
        self.known.insert(log.id, Known { edge });
        Ok(step)
    }

    /// Where to go on from in a log that this process does not follow yet: the right edge of what the guard knows, if the
    /// database still holds it. Nothing while another process may be about to sign.
    fn begin(&mut self, log: &Log) -> Result<std::result::Result<Option<Frontier>, Refusal>> {
        let Some(note) = self.guard.load(log.id)? else {
            let Some(published) = &log.checkpoint else {
                return Ok(Ok(Some(Frontier::new())));
            };
            let first = *self.first_seen.entry(log.id).or_insert(published.size);
            if published.size == first {
                return Ok(Err(Refusal::Unguarded {
                    size: published.size,
                }));
            }
            // A running publisher has signed since this process started: what it signed is taken over.
            let taken = signed_by(&published.note, log, &self.store.env)?;
            let Some(taken) = taken else {
                return Ok(Err(Refusal::Forked {
                    size: published.size,
                }));
            };
            let edge = self.edge(log, &taken)?;
            if edge.is_ok() {
                self.guard.save(log.id, &published.note)?;
            }
            return Ok(edge.map(Some));
        };
        let kept = str::from_utf8(&note).ok();
        match kept
            .map(|note| self.read_guard(log, note))
            .transpose()?
            .flatten()
        {
            None => Ok(Err(Refusal::BrokenGuard)),
            Some(kept) => Ok(self.edge(log, &kept)?.map(Some)),
        }
    }

    /// What the guard holds of a log, if it is a checkpoint of it.
    fn guarded(&self, log: &Log) -> Result<Option<Checkpoint>> {
        let kept = self.guard.load(log.id)?;
        let kept = kept.and_then(|note| String::from_utf8(note).ok());
        let kept = kept.map(|note| self.read_guard(log, &note));
        Ok(kept.transpose()?.flatten())
    }

    /// What a note of the guard says. The keys that the database does not know of are tried last: making them takes longer, and
    /// they are needed only after a restore.
    fn read_guard(&self, log: &Log, note: &str) -> Result<Option<Checkpoint>> {
        let known = signed_by(note, log, &self.store.env)?;
        if known.is_some() {
            return Ok(known);
        }
        Ok(read_by(note, log, &self.store.env.possible_keys(log)?))
    }

    /// The newest checkpoint of a log that was signed and does not hold any more: in the guard, or else in the database. Another
    /// process may have gone on with the log before, and what it has signed since is not given up.
    ///
    /// # Errors
    /// When guard or database cannot be read.
    pub fn given_up(&self, log: &Log) -> Result<Option<Checkpoint>> {
        let published = log.checkpoint.as_ref();
        let published = published.map(|one| signed_by(&one.note, log, &self.store.env));
        let published = published.transpose()?.flatten();
        let mut newest: Option<Checkpoint> = None;
        for one in self.guarded(log)?.into_iter().chain(published) {
            if self.edge(log, &one)?.is_err() && newest.as_ref().is_none_or(|of| of.size < one.size)
            {
                newest = Some(one);
            }
        }
        Ok(newest)
    }

    /// The right edge of all that the database holds of a log, made from its entries.
    ///
    /// # Errors
    /// [`Error::Instance`] when they do not give the root that the log keeps, or another key is said to sign it.
    pub fn can_accept(&self, id: LogId) -> Result<(Log, Frontier)> {
        let log = self
            .store
            .read(|rx| rx.log(id))?
            .ok_or(Error::NotFound("log"))?;
        if let Some(refusal) = self.store.env.unfit(&log)? {
            return Err(Error::Instance(refusal.to_string()));
        }
        let mut edge = Frontier::new();
        while edge.size() < log.size {
            let first = edge.size();
            for entry in self.store.read(|rx| rx.entries(&log, first, SLICE))? {
                edge.push(leaf_hash(&entry))
                    .map_err(|error| Error::Internal(format!("the tree: {error}")))?;
            }
        }
        if edge != log.frontier {
            return Err(Error::Instance(
                "its entries do not give the root that it keeps: some were changed in the database; only a backup helps".to_owned(),
            ));
        }
        Ok((log, edge))
    }

    /// Goes on with a log as the database has it: signs it, whatever the guard knew. The decision must be recorded before.
    /// Gives its size.
    ///
    /// # Errors
    /// As [`Publisher::can_accept`].
    pub fn accept(&mut self, id: LogId) -> Result<u64> {
        let (log, edge) = self.can_accept(id)?;
        let (size, root) = (edge.size(), edge.root());
        let note = self.store.env.sign(&log, size, root)?;
        self.guard.save(id, &note)?;
        let last = log.checkpoint.as_ref().map_or(0, |one| one.size);
        let signed = Signed {
            log: id,
            size,
            root,
            note,
            last,
        };
        self.known.insert(id, Known { edge });
        self.store.upkeep(Upkeep::Publish(vec![signed])).wait()?;
        Ok(size)
    }

    /// The right edge at a checkpoint, if the database still holds what it covers.
    fn edge(
        &self,
        log: &Log,
        checkpoint: &Checkpoint,
    ) -> Result<std::result::Result<Frontier, Refusal>> {
        let Checkpoint { size, root, .. } = *checkpoint;
        if log.size < size {
            let (database, signed) = (log.size, size);
            return Ok(Err(Refusal::Behind { database, signed }));
        }
        let edge = self.store.read(|rx| rx.frontier_at(log, size))?;
        if edge.root() == root {
            Ok(Ok(edge))
        } else {
            Ok(Err(Refusal::Forked { size }))
        }
    }
}

/// What a note says, if a key of this log has signed it.
pub(crate) fn signed_by(note: &str, log: &Log, env: &Env) -> Result<Option<Checkpoint>> {
    Ok(read_by(note, log, &env.verifier_keys(log)?))
}

/// What a note says, if one of these keys has signed it.
fn read_by(note: &str, log: &Log, keys: &[VerifierKey]) -> Option<Checkpoint> {
    let read = Note::parse(note.as_bytes()).ok();
    let read = read.filter(|note| note.verify(keys).is_ok());
    let checkpoint = read.and_then(|note| Checkpoint::parse(note.text()).ok());
    checkpoint.filter(|one| one.origin == log.origin.as_str())
}

/// The verifier key of the newest key of this log that has signed a note, if one has.
pub(crate) fn signer(note: &str, log: &Log, env: &Env) -> Result<Option<String>> {
    let keys = env.verifier_keys(log)?;
    let verified = Note::parse(note.as_bytes()).and_then(|note| note.verify(&keys));
    let newest = verified
        .ok()
        .and_then(|all| all.iter().map(|one| one.key).max());
    Ok(newest.map(|one| keys[one].to_string()))
}

impl Store {
    fn signing(&self) -> MutexGuard<'_, Signing> {
        self.signing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The logs that are not signed, and why, as of the publisher's last round in this process.
    pub fn refused(&self) -> BTreeMap<LogId, Refusal> {
        self.signing().refused.clone()
    }

    /// Why the publisher of this process cannot sign what it should, if its last round failed.
    pub fn failing(&self) -> Option<Failure> {
        self.signing().failing.clone()
    }

    /// Why this process cannot write any change, as of its last try, or that a change has been under way for more than 5 s.
    /// What only lost to another change is none.
    pub fn unwritable(&self) -> Option<Failure> {
        let failure = self.env.writing().clone();
        failure.or_else(|| self.env.hanging())
    }

    /// The publisher of this process panicked; whoever runs it goes on with another.
    pub fn signing_panicked(&self) {
        let why = "the publisher panicked, and was started again";
        self.signing_fails(why.to_owned(), &why, Vec::new());
    }

    /// A round of this process' publisher takes longer than it may. When it ends, it says itself what became of it.
    pub fn signing_hangs(&self) {
        let why =
            "signing takes longer than it may; the database or the guard folder does not answer";
        self.signing_fails(why.to_owned(), &why, Vec::new());
    }

    /// Says it once in the log, and for as long as it lasts to whoever asks.
    fn signing_fails(&self, why: String, error: &dyn std::fmt::Display, logs: Vec<LogId>) {
        let now = self.env.now();
        let failing = &mut self.signing().failing;
        if failing.as_ref().is_none_or(|before| before.why != why) {
            tracing::error!(%error, "what is new is not signed; it is tried again");
        }
        let since = failing.as_ref().map_or(now, |before| before.since);
        *failing = Some(Failure { since, why, logs });
    }

    fn signing_goes_on(&self) {
        if self.signing().failing.take().is_some() {
            tracing::info!("what is new is signed again");
        }
    }
}

/// Checkpoints enter the database, each only in place of the one that it grew out of: one that is there already stays as it is.
/// Gives how many did.
pub(crate) fn publish(conn: &mut Conn, env: &Env, signed: &[Signed]) -> Result<u64> {
    let mut published = 0;
    for one in signed {
        let (size, root, last) = (
            one.size.cast_signed(),
            one.root.as_bytes(),
            one.last.cast_signed(),
        );
        let first = "SELECT size FROM checkpoints WHERE log_id = $1";
        published += if one.last == 0 && conn.query_one(first, params![&one.log])?.is_some() {
            0
        } else if one.last == 0 {
            conn.execute(
                "INSERT INTO checkpoints (log_id, size, root, note, signed_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (log_id) DO NOTHING",
                params![&one.log, size, root, &one.note, env.now()],
            )?
        } else {
            conn.execute(
                "UPDATE checkpoints SET size = $2, root = $3, note = $4, signed_at = $5 WHERE log_id = $1 AND size = $6 AND note <> $4",
                params![&one.log, size, root, &one.note, env.now(), last],
            )?
        };
    }
    Ok(published)
}
