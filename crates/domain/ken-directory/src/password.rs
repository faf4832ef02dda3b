//! Passwords: argon2id, worked out away from the threads that serve requests.
//!
//! Parameters: 19 MiB of memory, two passes, one lane, 16 bytes of salt, 32 bytes out. Source:
//! OWASP Password Storage Cheat Sheet, the first of its argon2id settings.

use std::fmt;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use ken_core::{Ctx, Sensitive};
use tokio::sync::Semaphore;

use crate::Error;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Hashes worked out at once: each takes a core and [`MEMORY_KIB`].
const AT_ONCE_MAX: usize = 2;
/// Hashes under way or waiting; the next is told that we are busy. At 30 ms each on two cores the
/// last one waits about a second.
const WAITING_MAX: usize = 64;
/// Longest password, in bytes, so that hashing one is not an attack.
const LEN_MAX: usize = 256;
/// Shortest password of a new account, in characters. Source: NCSC, three random words.
const LEN_MIN: usize = 12;

/// A password's hash with its salt and parameters, as a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Works out and compares password hashes, a bounded number at once. Clones share the bound.
#[derive(Debug, Clone)]
pub struct Hasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }
}

impl Hasher {
    /// Hashes the password of a new account with a fresh salt.
    ///
    /// # Errors
    ///
    /// [`Error::Unfit`] for fewer than twelve characters or over 256 bytes, [`Error::Busy`] when
    /// too many wait.
    pub async fn hash(
        &self,
        ctx: &Ctx<'_>,
        password: Sensitive<String>,
    ) -> Result<PasswordHash, Error> {
        let fits =
            password.reveal().chars().count() >= LEN_MIN && password.reveal().len() <= LEN_MAX;
        if !fits {
            return Err(Error::Unfit("password"));
        }
        let salt = ctx.entropy::<16>();
        let work = move || {
            let hash = argon2().hash_password_with_salt(password.reveal().as_bytes(), &salt);
            hash.map(|hash| PasswordHash(hash.to_string())).map_err(|_| Error::Corrupt("password"))
        };
        self.run(work).await?
    }

    /// Whether `password` is the one. Without a hash it takes as long and says no, so that the
    /// time does not tell which names exist.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when too many wait.
    pub(crate) async fn verify(
        &self,
        password: Sensitive<String>,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Error> {
        if password.reveal().len() > LEN_MAX {
            return Ok(false);
        }
        self.run(move || {
            let password = password.reveal().as_bytes();
            if let Some(hash) = hash {
                return argon2().verify_password(password, &*hash.0).is_ok();
            }
            // The work is what counts; its result is thrown away.
            drop(std::hint::black_box(argon2().hash_password_with_salt(password, &[0; 16])));
            false
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _waiting = self.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Error::Busy)?;
        let work = move || {
            let done = work();
            // Held until the work is over, even if the request has gone away meanwhile.
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Busy)
    }
}

fn argon2() -> Argon2<'static> {
    // These parameters are within the bounds of `Params`; the default is the same setting.
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use ken_testkit::{SeededIds, TestClock};

    use super::*;

    #[tokio::test]
    async fn only_the_right_password_passes() {
        let hasher = Hasher::default();
        let (clock, ids) = (TestClock::default(), SeededIds::default());
        let ctx = Ctx::new(&clock, &ids);
        let right = || Sensitive::new("three random words".to_owned());
        let hash = hasher.hash(&ctx, right()).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        assert!(hasher.verify(right(), Some(hash.clone())).await.unwrap());
        let wrong = Sensitive::new("three random word".to_owned());
        assert!(!hasher.verify(wrong, Some(hash)).await.unwrap());
        assert!(!hasher.verify(right(), None).await.unwrap());
        let garbage = Some(PasswordHash::stored("plain text".into()));
        assert!(!hasher.verify(right(), garbage).await.unwrap());
    }

    #[tokio::test]
    async fn passwords_have_bounds() {
        let hasher = Hasher::default();
        let (clock, ids) = (TestClock::default(), SeededIds::default());
        let ctx = Ctx::new(&clock, &ids);
        for text in ["short", &"x".repeat(LEN_MAX + 1)] {
            let refused = hasher.hash(&ctx, Sensitive::new(text.to_owned())).await;
            assert!(matches!(refused, Err(Error::Unfit("password"))), "{text}");
        }
        let long = Sensitive::new("x".repeat(LEN_MAX + 1));
        assert!(!hasher.verify(long, None).await.unwrap());
    }
}
