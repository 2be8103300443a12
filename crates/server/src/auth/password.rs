//! Passwords: Argon2id on few threads, so that sign-ins do not starve the writers.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use model::clock::Entropy;
use store::{Error, Result};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::strength::weakness;

/// The shortest password, in characters.
pub const SHORTEST: usize = 12;
/// The longest password, in bytes.
pub const LONGEST: usize = 1024;
/// How many passwords are hashed at once.
const THREADS: usize = 2;

/// How many may wait for that. A password takes some hundredths of a second, so that nobody waits for longer than a few
/// seconds; who comes when this many wait is told to come again.
const WAITING: usize = 64;

/// Where passwords are hashed: a few at once, and a few more that wait.
#[derive(Clone)]
pub struct Hasher {
    /// Of those who are hashed for, and those who wait.
    places: Arc<Semaphore>,
    threads: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new(THREADS, WAITING)
    }
}

/// Argon2id with 19 MiB, 2 passes, 1 lane: OWASP's first choice of 2023.
fn argon2() -> Argon2<'static> {
    let params =
        Params::new(19 * 1024, 2, 1, None).expect("the parameters are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether a password may be chosen.
///
/// # Errors
/// [`Error::Invalid`] with `weak_password` that says what is asked for.
pub fn acceptable(password: &str) -> Result<()> {
    acceptable_for(password, &[])
}

/// The same for a person of whom this is known: the name, the address.
///
/// # Errors
/// As [`acceptable`].
pub fn acceptable_for(password: &str, about: &[&str]) -> Result<()> {
    if password.chars().count() < SHORTEST {
        let message = format!("the password needs at least {SHORTEST} characters");
        return Err(Error::field("weak_password", "password", message));
    }
    if password.len() > LONGEST {
        return Err(Error::field(
            "weak_password",
            "password",
            format!("the password may have {LONGEST} bytes at most"),
        ));
    }
    if let Some(weakness) = weakness(password, about) {
        return Err(Error::field(
            "weak_password",
            "password",
            format!(
                "the password {weakness}; take several words that have nothing to do with each other, or let a password manager make one"
            ),
        ));
    }
    Ok(())
}

/// Hashes a password, on this thread.
pub fn hash(password: &str, entropy: &dyn Entropy) -> Result<String> {
    acceptable(password)?;
    argon2()
        .hash_password_with_salt(password.as_bytes(), &entropy.bytes::<16>())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Internal(error.to_string()))
}

/// Whether a password is the one that was hashed, on this thread.
fn fits(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A hash that no password fits, for accounts that do not exist: finding that out takes as long as a wrong password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Hasher {
    /// For so many passwords at once, and so many that wait.
    pub fn new(threads: usize, waiting: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(threads + waiting)),
            threads: Arc::new(Semaphore::new(threads)),
        }
    }

    /// Does it on a thread that may block, when it is its turn.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _place = self.places.try_acquire().map_err(|_| Error::Busy)?;
        let thread = self.threads.clone().acquire_owned().await;
        let thread = thread.map_err(|_| Error::Busy)?;
        // The thread is busy until it is done, even where nobody waits for it any more.
        let work = move || {
            let done = work();
            drop(thread);
            done
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Error::Internal("hashing panicked".to_owned()))
    }

    /// Hashes a password, waiting for a thread.
    pub async fn hash(
        &self,
        password: Zeroizing<String>,
        entropy: Arc<store::Store>,
    ) -> Result<String> {
        self.run(move || hash(&password, entropy.entropy())).await?
    }

    /// Whether a password fits a hash; with no hash the answer is no, after the same time.
    pub async fn verify(&self, password: Zeroizing<String>, hash: Option<String>) -> Result<bool> {
        metrics::counter!("annals_passwords_checked_total").increment(1);
        self.run(move || {
            let known = hash.is_some();
            let fits =
                password.len() <= LONGEST && fits(&password, hash.as_deref().unwrap_or(NOBODY));
            known && fits
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::clock::SystemEntropy;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let made = hash("correct horse battery", &SystemEntropy).expect("hashed");
        assert!(fits("correct horse battery", &made));
        assert!(!fits("correct horse batterz", &made));
        assert!(!fits("anything", NOBODY));
        assert!(
            PasswordHash::new(NOBODY).is_ok(),
            "what stands for no account must cost as much as one"
        );
        let cost = |hash: &str| hash.rsplitn(3, '$').last().map(str::to_owned);
        assert_eq!(cost(&made), cost(NOBODY));
    }

    #[test]
    fn a_short_or_endless_password_is_refused() {
        assert!(acceptable("eleven char").is_err());
        assert!(acceptable(&"x".repeat(LONGEST + 1)).is_err());
        assert!(acceptable("twelve chars").is_ok());
    }

    #[tokio::test]
    async fn who_comes_when_enough_wait_is_told_to_come_again() {
        let hasher = Hasher::new(1, 1);
        let (finish, until) = std::sync::mpsc::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let hasher = hasher.clone();
            async move {
                let work = move || {
                    let _ = begun.send(());
                    let _ = until.recv();
                };
                hasher.run(work).await
            }
        });
        has_begun.await.expect("the first is at work");
        let mut second = std::pin::pin!(hasher.run(|| ()));
        tokio::select! {
            biased;
            _ = second.as_mut() => panic!("there is one thread, and it is taken"),
            () = std::future::ready(()) => {}
        }
        let third = hasher.run(|| ()).await;
        assert!(matches!(third, Err(Error::Busy)), "{third:?}");
        drop(finish);
        first.await.expect("no panic").expect("done");
        second.await.expect("its turn has come");
        hasher.run(|| ()).await.expect("there is room again");
    }
}
