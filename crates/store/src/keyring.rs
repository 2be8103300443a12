//! Data keys: one for each subject (a person, a workspace, an organization), wrapped by the master key.
//!
//! An unwrapped key is used only after its row was seen in the same transaction, or in one since which nobody has written it
//! ([`crate::db`]), so no process goes on with a key that another has destroyed.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use hashbrown::HashMap;
use model::clock::Entropy;
use model::entry::Entry;
use model::part::PartName;
use zeroize::Zeroizing;

use crate::cipher::{decrypt, encrypt, encrypt_onto};
use crate::db::{Conn, Param, Row, params};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::keys::KeyFile;

/// What rows that belong to a person and no organization are sealed under.
pub(crate) const INSTANCE: &str = "instance";
/// The subject of the key that people are found by.
pub(crate) const INDEX: &str = "index";

/// How many keys are asked for in one statement: `SQLite` takes no more than 1,000 `OR`s.
const AT_ONCE: usize = 100;

/// An unwrapped data key.
pub(crate) struct DataKey {
    pub(crate) generation: u32,
    key: Zeroizing<[u8; 32]>,
}

/// What became of a subject's key.
#[derive(Clone)]
pub(crate) enum KeyState {
    Whole(Arc<DataKey>),
    Erased,
}

/// The keys of one organization that a transaction has seen, by subject.
pub(crate) type Seen = HashMap<Arc<str>, KeyState>;

/// The keys that this transaction has seen.
#[derive(Default)]
pub(crate) struct Keyring {
    /// By organization.
    seen: HashMap<Arc<str>, Seen>,
    /// Those made or destroyed since the mark.
    made: Vec<(String, String)>,
    /// What this transaction has destroyed, and records that it has: keys, and parts of events.
    destroyed: HashSet<(String, String)>,
}

fn wrap_aad(organization: &str, subject: &str, generation: u32) -> Vec<u8> {
    format!("annals.key.v1\n{organization}{subject}{generation}").into_bytes()
}

/// A new key, and its row's value.
pub(crate) fn new_wrapped(
    keys: &KeyFile,
    entropy: &dyn Entropy,
    organization: &str,
    subject: &str,
) -> (Zeroizing<[u8; 32]>, Vec<u8>) {
    let key = Zeroizing::new(entropy.bytes::<32>());
    let wrapped = encrypt(
        entropy,
        &keys.master.key,
        &wrap_aad(organization, subject, 1),
        &*key,
    );
    (key, wrapped)
}

/// Unwraps a key that stands in its row.
pub(crate) fn unwrap(
    master: &[u8; 32],
    organization: &str,
    subject: &str,
    generation: u32,
    wrapped: &[u8],
) -> Result<Zeroizing<[u8; 32]>> {
    let bytes = decrypt(
        master,
        &wrap_aad(organization, subject, generation),
        wrapped,
    )
    .ok_or_else(|| Error::Internal("a data key does not open with the master key".to_owned()))?;
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(Error::Internal("a data key of a wrong length".to_owned()));
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

impl DataKey {
    /// Encrypts a text in pieces, to the end of `out`: nonce, cipher text. Which generation of the key it was is for the caller
    /// to keep.
    pub(crate) fn encrypt_onto(&self, out: &mut Vec<u8>, env: &Env, aad: &[u8], text: &[&[u8]]) {
        encrypt_onto(out, &*env.entropy, &self.key, aad, text);
    }

    /// Decrypts what [`DataKey::encrypt_onto`] made, with the key of that generation.
    pub(crate) fn decrypt(
        &self,
        generation: u32,
        aad: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        if generation != self.generation {
            return None;
        }
        decrypt(&self.key, aad, sealed)
    }

    /// Seals a value of a row: generation, nonce, cipher text.
    pub(crate) fn seal(&self, env: &Env, aad: &[u8], text: &[u8]) -> Vec<u8> {
        let mut sealed = self.generation.to_be_bytes().to_vec();
        self.encrypt_onto(&mut sealed, env, aad, &[text]);
        sealed
    }

    /// Opens what [`DataKey::seal`] made.
    pub(crate) fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (generation, sealed) = sealed.split_first_chunk::<4>()?;
        self.decrypt(u32::from_be_bytes(*generation), aad, sealed)
    }
}

/// How many events of a subject are looked at, the oldest first: what made it is among them, but where it was invited.
const OLDEST: i64 = 8;

/// Whether something that is there was sealed with a subject's key, as far as the index of events has reached, by what the subject
/// did and what was done to it, or to an invitation of it. Asked only where the key has no row, which is so once for each subject.
pub(crate) fn has_sealed(conn: &mut Conn, organization: &str, subject: &str) -> Result<bool> {
    let log = if organization == INSTANCE {
        let user = "SELECT id FROM users WHERE id = $1 UNION ALL SELECT user_id FROM invitations WHERE user_id = $1 LIMIT 1";
        if conn.query_one(user, params![subject])?.is_some() {
            return Ok(true);
        }
        conn.query_one("SELECT log_id FROM instance WHERE one = 1", &[])?
    } else {
        let of = "SELECT id FROM logs WHERE organization_id = $1";
        conn.query_one(of, params![organization])?
    };
    // An organization that is being made has no log yet.
    let Some(log) = log else { return Ok(false) };
    for events in [
        // The instance's own: nothing in its log is about a thing of that name.
        "SELECT 0 AS sequence WHERE CAST($1 AS TEXT) <> '' AND CAST($2 AS TEXT) = 'instance'",
        "SELECT sequence FROM index_events WHERE log_id = $1 AND actor = $2",
        "SELECT sequence FROM index_things WHERE log_id = $1 AND thing = $2",
        "SELECT t.sequence FROM invitations i JOIN index_things t ON t.log_id = $1 AND t.thing = i.id WHERE i.user_id = $2",
    ] {
        let sql = format!(
            "SELECT e.entry FROM ({events} ORDER BY sequence LIMIT {OLDEST}) s JOIN logs l ON l.id = $1 \
             JOIN entries e ON e.place = l.first_place + s.sequence"
        );
        for row in conn.query(&sql, params![log.text(0)?, subject])? {
            let entry = Entry::parse(row.blob(0)?)
                .map_err(|error| Error::Internal(format!("an entry: {error}")))?;
            let is_of = |part: &PartName| entry.subject_of(*part) == Some(subject);
            if entry.part_names().iter().any(is_of) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

impl Keyring {
    /// Takes a key from its row: organization, subject, generation and the wrapped key, from a column on.
    pub(crate) fn take(&mut self, env: &Env, row: &Row, from: usize) -> Result<()> {
        let (organization, subject) = (row.text(from)?, row.text(from + 1)?);
        let generation = u32::try_from(row.int(from + 2)?)
            .map_err(|_| Error::Internal("a key's generation".to_owned()))?;
        let state = match row.opt_blob(from + 3)? {
            None => KeyState::Erased,
            Some(wrapped) => KeyState::Whole(Arc::new(DataKey {
                generation,
                key: unwrap(
                    &env.keys.master.key,
                    organization,
                    subject,
                    generation,
                    wrapped,
                )?,
            })),
        };
        self.put(organization, subject, state);
        Ok(())
    }

    /// A key whose row this transaction has seen, or need not see again.
    pub(crate) fn put(
        &mut self,
        organization: impl Into<Arc<str>>,
        subject: impl Into<Arc<str>>,
        state: KeyState,
    ) {
        let seen = self.seen.entry(organization.into()).or_default();
        seen.insert(subject.into(), state);
    }

    pub(crate) fn state(&self, organization: &str, subject: &str) -> Option<&KeyState> {
        self.seen.get(organization)?.get(subject)
    }

    /// Those of an organization.
    pub(crate) fn of(&self, organization: &str) -> Option<&Seen> {
        self.seen.get(organization)
    }

    /// Whether this transaction has seen the key's row.
    pub(crate) fn has_seen(&self, organization: &str, subject: &str) -> bool {
        self.state(organization, subject).is_some()
    }

    /// Reads the rows of these keys, in as few statements as can be, unless this transaction has seen them.
    pub(crate) fn fetch(
        &mut self,
        conn: &mut Conn,
        env: &Env,
        wanted: &[(&str, &str)],
    ) -> Result<()> {
        let missing: Vec<&(&str, &str)> = wanted
            .iter()
            .filter(|(organization, subject)| !self.has_seen(organization, subject))
            .collect();
        for some in missing.chunks(AT_ONCE) {
            self.fetch_some(conn, env, some)?;
        }
        Ok(())
    }

    fn fetch_some(&mut self, conn: &mut Conn, env: &Env, missing: &[&(&str, &str)]) -> Result<()> {
        let mut sql =
            String::from("SELECT organization, subject, generation, wrapped FROM data_keys WHERE ");
        let mut values: Vec<Param<'_>> = Vec::with_capacity(missing.len() * 2);
        for (index, (organization, subject)) in missing.iter().enumerate() {
            if index > 0 {
                sql.push_str(" OR ");
            }
            let _ = write!(
                sql,
                "(organization = ${} AND subject = ${})",
                index * 2 + 1,
                index * 2 + 2
            );
            values.push((*organization).into());
            values.push((*subject).into());
        }
        sql.push_str(" ORDER BY generation");
        for row in conn.query(&sql, &values)? {
            self.take(env, &row, 0)?;
        }
        Ok(())
    }

    /// The key of a subject, if it ever had one.
    pub(crate) fn get(
        &mut self,
        conn: &mut Conn,
        env: &Env,
        organization: &str,
        subject: &str,
    ) -> Result<Option<KeyState>> {
        self.fetch(conn, env, &[(organization, subject)])?;
        Ok(self.state(organization, subject).cloned())
    }

    /// The key of a subject, made where there never was one. A key that was erased stays erased, and one that is gone without
    /// its row is missing: another in its place would open nothing of what was sealed before.
    pub(crate) fn get_or_make(
        &mut self,
        conn: &mut Conn,
        env: &Env,
        organization: &str,
        subject: &str,
    ) -> Result<Arc<DataKey>> {
        match self.get(conn, env, organization, subject)? {
            Some(KeyState::Whole(key)) => Ok(key),
            Some(KeyState::Erased) => Err(Error::failed(
                "subject_erased",
                "this person's data has been erased",
            )),
            None if has_sealed(conn, organization, subject)? => {
                tracing::error!(
                    organization,
                    subject,
                    "the row of a key is gone, although something was sealed with the key"
                );
                Err(Error::KeyMissing)
            }
            None => {
                let (key, wrapped) = new_wrapped(&env.keys, &*env.entropy, organization, subject);
                conn.execute(
                    "INSERT INTO data_keys (organization, subject, generation, wrapped) VALUES ($1, $2, 1, $3)",
                    params![organization, subject, &wrapped],
                )?;
                let key = Arc::new(DataKey { generation: 1, key });
                self.made
                    .push((organization.to_owned(), subject.to_owned()));
                self.put(organization, subject, KeyState::Whole(key.clone()));
                Ok(key)
            }
        }
    }

    /// Destroys the key of a subject, in all its generations. Where there was none, none can come any more.
    pub(crate) fn erase(
        &mut self,
        conn: &mut Conn,
        env: &Env,
        organization: &str,
        subject: &str,
    ) -> Result<()> {
        let now = env.now();
        let destroyed = conn.execute(
            "UPDATE data_keys SET wrapped = NULL, erased_at = $3 WHERE organization = $1 AND subject = $2 AND erased_at IS NULL",
            params![organization, subject, now],
        )?;
        if destroyed == 0 && self.get(conn, env, organization, subject)?.is_none() {
            conn.execute(
                "INSERT INTO data_keys (organization, subject, generation, wrapped, erased_at) VALUES ($1, $2, 1, NULL, $3)",
                params![organization, subject, now],
            )?;
        }
        self.note_destroyed(organization, subject);
        self.put(organization, subject, KeyState::Erased);
        Ok(())
    }

    /// Notes what this transaction destroys and records: the key of a subject, or a part of a log's event.
    pub(crate) fn note_destroyed(&mut self, of: &str, what: &str) {
        let key = (of.to_owned(), what.to_owned());
        self.destroyed.insert(key.clone());
        self.made.push(key);
    }

    /// Whether this transaction has destroyed it itself.
    pub(crate) fn has_destroyed(&self, of: &str, what: &str) -> bool {
        let key = (of.to_owned(), what.to_owned());
        self.destroyed.contains(&key)
    }

    /// From here on, keys that are made can be forgotten again.
    pub(crate) fn mark(&mut self) {
        self.made.clear();
    }

    /// Forgets the keys made since the mark: their rows were rolled back.
    pub(crate) fn forget_made(&mut self) {
        for key in self.made.drain(..) {
            self.destroyed.remove(&key);
            if let Some(seen) = self.seen.get_mut(&*key.0) {
                seen.remove(&*key.1);
            }
        }
    }
}
