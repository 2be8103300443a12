//! The key file: the two secrets that live outside the database.
//!
//! The seed makes the keys of the logs, the master key wraps the data keys. The database holds their ids and check
//! values, so that a process with another file refuses to start. Losing the file loses every sealed part.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use model::clock::Entropy;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tlog::{KeyKind, KeyName, SigningKey};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// A secret of 256 bits with the id that the database knows it by.
pub(crate) struct Secret {
    pub(crate) id: String,
    pub(crate) key: Zeroizing<[u8; 32]>,
}

impl Secret {
    fn new(entropy: &dyn Entropy) -> Self {
        let id: [u8; 6] = entropy.bytes();
        Self {
            id: BASE64_URL_SAFE_NO_PAD.encode(id),
            key: Zeroizing::new(entropy.bytes()),
        }
    }

    /// What the database keeps to recognize the secret by. It tells nothing of the secret.
    pub(crate) fn check(&self) -> [u8; 32] {
        hmac(&self.key, &[b"annals.check.v1\n", self.id.as_bytes()])
    }
}

/// HMAC-SHA256 over parts that are hashed one after the other.
pub(crate) fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The key file, read.
pub struct KeyFile {
    /// Where it is.
    pub path: PathBuf,
    pub(crate) seed: Secret,
    pub(crate) master: Secret,
    /// Seeds that were added after a leak, the oldest first, as far as they are read.
    later: RwLock<Vec<Arc<Secret>>>,
}

/// How many times seeds were added to a key file at most; enough for one a week, for ever.
const MOST_SEEDS: usize = 10_000;

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    about: String,
    version: u32,
    seed: WrittenSecret,
    master: WrittenSecret,
    /// From version 2 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    later_seeds: Vec<WrittenSecret>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSecret {
    id: String,
    key: Zeroizing<String>,
}

impl From<&Secret> for WrittenSecret {
    fn from(secret: &Secret) -> Self {
        Self {
            id: secret.id.clone(),
            key: Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*secret.key)),
        }
    }
}

const ABOUT: &str = "Keys of an Annals instance. Keep a copy in a safe place: without it no sealed part can be read.";

impl KeyFile {
    /// Reads the file; none where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, is not a key file, or others than its owner may read it.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        let broken = |why: &str| Error::Instance(format!("key file {}: {why}", path.display()));
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken(&error.to_string())),
        };
        let mode = file
            .metadata()
            .map_err(|error| broken(&error.to_string()))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(broken(
                "others than its owner may read it; run `chmod 600` on it",
            ));
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text)
            .map_err(|error| broken(&error.to_string()))?;
        let written: Written =
            serde_json::from_str(&text).map_err(|_| broken("this is not a key file of Annals"))?;
        if !matches!(written.version, 1 | 2) {
            return Err(broken("it was written by a newer Annals"));
        }
        let read = |secret: WrittenSecret| {
            let mut key = Zeroizing::new([0; 32]);
            let bytes = Zeroizing::new(
                BASE64_URL_SAFE_NO_PAD
                    .decode(secret.key.as_bytes())
                    .unwrap_or_default(),
            );
            if bytes.len() != 32 {
                return Err(broken("a key in it has not 32 bytes"));
            }
            key.copy_from_slice(&bytes);
            Ok(Secret { id: secret.id, key })
        };
        Ok(Some(Self {
            path: path.to_owned(),
            seed: read(written.seed)?,
            master: read(written.master)?,
            later: RwLock::new(
                written
                    .later_seeds
                    .into_iter()
                    .map(|seed| read(seed).map(Arc::new))
                    .collect::<Result<_>>()?,
            ),
        }))
    }

    /// A seed that was added after a leak. Where another process has added it, the file is read again.
    pub(crate) fn seed(&self, id: &str) -> Option<Arc<Secret>> {
        let known = |all: &[Arc<Secret>]| all.iter().find(|seed| seed.id == id).cloned();
        let found = known(&self.later.read().unwrap_or_else(PoisonError::into_inner));
        if found.is_some() {
            return found;
        }
        let read = Self::load(&self.path).ok().flatten()?;
        let read = read
            .later
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let found = known(&read);
        *self.later.write().unwrap_or_else(PoisonError::into_inner) = read;
        found
    }

    /// The id of the seed that was added last; none where there is only the first.
    pub fn newest_seed(&self) -> Option<String> {
        let later = self.later.read().unwrap_or_else(PoisonError::into_inner);
        later.last().map(|seed| seed.id.clone())
    }

    /// The ids of the seeds that were added, in order.
    pub(crate) fn later_seeds(&self) -> Vec<String> {
        let later = self.later.read().unwrap_or_else(PoisonError::into_inner);
        later.iter().map(|seed| seed.id.clone()).collect()
    }

    /// Adds a seed to the file, and gives its id. When this returns, it outlives a loss of power; if the machine stops before,
    /// the file is as it was. No log is signed by it until the log's key is rotated.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_seed(&self, entropy: &dyn Entropy) -> Result<String> {
        let broken = |error: std::io::Error| {
            Error::Instance(format!("key file {}: {error}", self.path.display()))
        };
        let mut later = self.later.write().unwrap_or_else(PoisonError::into_inner);
        if later.len() >= MOST_SEEDS {
            return Err(broken(std::io::Error::other("it has too many seeds")));
        }
        let added = Arc::new(Secret::new(entropy));
        let written = Written {
            about: ABOUT.to_owned(),
            version: 2,
            seed: (&self.seed).into(),
            master: (&self.master).into(),
            later_seeds: later
                .iter()
                .chain([&added])
                .map(|seed| WrittenSecret::from(&**seed))
                .collect(),
        };
        let draft = draft(&self.path, &written, &added.id)?;
        std::fs::rename(&draft, &self.path).map_err(broken)?;
        File::open(folder_of(&self.path))
            .and_then(|folder| folder.sync_all())
            .map_err(broken)?;
        later.push(added.clone());
        Ok(added.id.clone())
    }

    /// Makes a new file, readable by its owner alone, and syncs it and its folder. It never overwrites one.
    ///
    /// # Errors
    /// When there is a file already, or it cannot be written.
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self> {
        let broken = |error: std::io::Error| {
            Error::Instance(format!("key file {}: {error}", path.display()))
        };
        let keys = Self {
            path: path.to_owned(),
            seed: Secret::new(entropy),
            master: Secret::new(entropy),
            later: RwLock::default(),
        };
        let written = Written {
            about: ABOUT.to_owned(),
            version: 1,
            seed: (&keys.seed).into(),
            master: (&keys.master).into(),
            later_seeds: Vec::new(),
        };
        let folder = folder_of(path);
        std::fs::create_dir_all(folder).map_err(broken)?;
        let draft = draft(path, &written, &keys.master.id)?;
        // A link, not a rename: it fails where there is a file already.
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft).map_err(broken)?;
        linked.map_err(broken)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(broken)?;
        Ok(keys)
    }

    /// The key that signs a log: Ed25519, from a seed by HKDF-SHA256 (log-format, "Checkpoint, keys, tiles"). Its name
    /// is the log's origin. Without the id of a later seed, it is from the first.
    pub(crate) fn log_key(
        &self,
        origin: &KeyName,
        generation: u32,
        seed: Option<&str>,
    ) -> Result<SigningKey> {
        let later = seed.map(|id| {
            self.seed(id).ok_or_else(|| {
                Error::Instance(format!(
                    "key file {}: the seed {id}, which was added after a leak, is not in it; copy the newer file here",
                    self.path.display()
                ))
            })
        });
        let later = later.transpose()?;
        let seed = later.as_deref().unwrap_or(&self.seed);
        let mut secret = Zeroizing::new([0; 32]);
        let info = format!("annals.log.v1\n{origin}\n{generation}");
        Hkdf::<Sha256>::new(None, &*seed.key)
            .expand(info.as_bytes(), &mut *secret)
            .expect("32 bytes are within the limit of HKDF-SHA256");
        SigningKey::from_seed(origin.clone(), KeyKind::Note, &secret)
            .map_err(|error| Error::Internal(format!("the key of a log: {error}")))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Writes a key file whole under another name, and syncs it: if the machine stops here, there is no half a key file.
fn draft(path: &Path, written: &Written, name: &str) -> Result<PathBuf> {
    let text = Zeroizing::new(
        serde_json::to_string_pretty(written)
            .map_err(|error| Error::Internal(error.to_string()))?,
    );
    let draft = path.with_extension(format!("new-{name}"));
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        });
    made.map_err(|error| Error::Instance(format!("key file {}: {error}", path.display())))?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::clock::SystemEntropy;

    #[test]
    fn a_key_file_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/annals.keys");
        assert!(KeyFile::load(&path).expect("no file is no error").is_none());
        let made = KeyFile::create(&path, &SystemEntropy).expect("made");
        let read = KeyFile::load(&path).expect("read").expect("there");
        assert_eq!(made.master.check(), read.master.check());
        assert_eq!(made.seed.check(), read.seed.check());
        assert!(
            KeyFile::create(&path, &SystemEntropy).is_err(),
            "an existing file is never overwritten"
        );
        assert_eq!(
            std::fs::metadata(&path)
                .expect("there")
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
    }

    #[test]
    fn a_seed_is_added_beside_the_others_and_found_by_who_read_the_file_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("annals.keys");
        let made = KeyFile::create(&path, &SystemEntropy).expect("made");
        let earlier = KeyFile::load(&path).expect("read").expect("there");
        assert_eq!(made.newest_seed(), None);
        let added = [(); 2].map(|()| made.add_seed(&SystemEntropy).expect("added"));
        assert_eq!(made.newest_seed().as_ref(), Some(&added[1]));
        let read = KeyFile::load(&path).expect("read").expect("there");
        assert_eq!(read.seed.check(), made.seed.check());
        assert_eq!(read.master.check(), made.master.check());
        for id in &added {
            let seed = made.seed(id).expect("there").check();
            assert_eq!(read.seed(id).expect("there").check(), seed);
            assert_eq!(earlier.seed(id).expect("read again").check(), seed);
        }
        assert!(earlier.seed("another").is_none());
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let origin = KeyName::parse("annals.test/log").expect("a name");
        let key = |generation, seed| {
            let key = made.log_key(&origin, generation, seed).expect("a key");
            key.verifier().to_string()
        };
        let keys = [
            key(1, None),
            key(2, None),
            key(2, Some(&added[0])),
            key(2, Some(&added[1])),
        ];
        let different: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(different.len(), 4);
        assert!(made.log_key(&origin, 2, Some("another")).is_err());
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("annals.keys");
        KeyFile::create(&path, &SystemEntropy).expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("changed");
        let error = KeyFile::load(&path).expect_err("refused");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
