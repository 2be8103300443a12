//! The key file: the two secrets that live outside the database.
//!
//! The seed makes the keys of the logs, the master key wraps the data keys. The database holds their ids and check
//! values, so that a process with another file refuses to start. Losing the file loses every sealed part.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

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
}

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
        if written.version != 1 {
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
        }))
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
        };
        let written = Written {
            about: ABOUT.to_owned(),
            version: 1,
            seed: (&keys.seed).into(),
            master: (&keys.master).into(),
        };
        let text = Zeroizing::new(
            serde_json::to_string_pretty(&written)
                .map_err(|error| Error::Internal(error.to_string()))?,
        );
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(broken)?;
        // Written whole under another name first: if the machine stops here, there is no half a key file.
        let draft = path.with_extension(format!("new-{}", keys.master.id));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .map_err(broken)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all())
            .map_err(broken)?;
        // A link, not a rename: it fails where there is a file already.
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft).map_err(broken)?;
        linked.map_err(broken)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(broken)?;
        Ok(keys)
    }

    /// The key that signs a log: Ed25519, from the seed by HKDF-SHA256 (log-format, "Checkpoint, keys, tiles"). Its name
    /// is the log's origin.
    pub(crate) fn log_key(&self, origin: &KeyName, generation: u32) -> Result<SigningKey> {
        let mut secret = Zeroizing::new([0; 32]);
        let info = format!("annals.log.v1\n{origin}\n{generation}");
        Hkdf::<Sha256>::new(None, &*self.seed.key)
            .expand(info.as_bytes(), &mut *secret)
            .expect("32 bytes are within the limit of HKDF-SHA256");
        SigningKey::from_seed(origin.clone(), KeyKind::Note, &secret)
            .map_err(|error| Error::Internal(format!("the key of a log: {error}")))
    }
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
    fn a_key_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("annals.keys");
        KeyFile::create(&path, &SystemEntropy).expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("changed");
        let error = KeyFile::load(&path).expect_err("refused");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
