//! Passwords: argon2id, worked out away from the threads that serve requests.
//!
//! Parameters: 19 MiB of memory, two passes, one lane, 16 bytes of salt, 32 bytes out. Source:
//! OWASP Password Storage Cheat Sheet, the first of its argon2id settings.
//!
//! One buffer serves all, one hash after the other: freed and taken again, such buffers stay with
//! the allocator's arenas, one for each thread that ever hashed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use ken_core::{Ctx, Sensitive};
use tokio::sync::Semaphore;

use crate::Error;

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Hashes worked out at once: each takes a core and [`MEMORY_KIB`].
const AT_ONCE_MAX: usize = 1;
/// Hashes under way or waiting; the next is told that we are busy. At 30 ms each the last one
/// waits about two seconds.
const WAITING_MAX: usize = 64;
/// Length of what comes out, in bytes.
const OUTPUT_LEN: usize = 32;
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
    memory: Arc<Mutex<Memory>>,
}

/// What hashes are worked out in; empty until the first.
#[derive(Default)]
struct Memory(Vec<Block>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory(..)")
    }
}

impl Memory {
    /// The output for a password and a salt; none where the parameters are not ours.
    fn derive(&mut self, engine: &Argon2<'_>, password: &[u8], salt: &[u8]) -> Option<Output> {
        if engine.params().m_cost() > MEMORY_KIB || engine.params().t_cost() > PASSES {
            return None;
        }
        let blocks = engine.params().block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::default());
        }
        let mut out = [0; OUTPUT_LEN];
        let memory = self.0.get_mut(..blocks)?;
        engine.hash_password_into_with_memory(password, salt, &mut out, memory).ok()?;
        Output::new(&out).ok()
    }

    fn hash(&mut self, password: &[u8], salt: &[u8]) -> Option<PasswordHash> {
        let engine = argon2();
        let hash = self.derive(&engine, password, salt)?;
        let phc = Phc {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(engine.params()).ok()?,
            salt: Some(Salt::new(salt).ok()?),
            hash: Some(hash),
        };
        Some(PasswordHash(phc.to_string()))
    }

    /// Whether a password is the one of a PHC string; none where that cannot be read.
    fn verify(&mut self, password: &[u8], hash: &str) -> Option<bool> {
        let phc = Phc::new(hash).ok()?;
        let algorithm = Algorithm::try_from(phc.algorithm.as_str()).ok()?;
        let version = Version::try_from(phc.version?).ok()?;
        let engine = Argon2::new(algorithm, version, Params::try_from(&phc).ok()?);
        let (salt, wanted) = (phc.salt?, phc.hash?);
        // `Output` compares in constant time.
        Some(self.derive(&engine, password, &salt)? == wanted)
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            memory: Arc::default(),
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
        let work = move |memory: &mut Memory| {
            memory.hash(password.reveal().as_bytes(), &salt).ok_or(Error::Corrupt("password"))
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
        self.run(move |memory| {
            let password = password.reveal().as_bytes();
            if let Some(hash) = hash {
                return memory.verify(password, &hash.0).unwrap_or(false);
            }
            // The work is what counts; its result is thrown away.
            drop(std::hint::black_box(memory.hash(password, &[0; 16])));
            false
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _waiting = self.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Error::Busy)?;
        let memory = Arc::clone(&self.memory);
        let work = move || {
            let done = work(&mut memory.lock().unwrap_or_else(PoisonError::into_inner));
            // Held until the work is over, even if the request has gone away meanwhile.
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Busy)
    }
}

fn argon2() -> Argon2<'static> {
    // These parameters are within the bounds of `Params`; the default is the same setting.
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(OUTPUT_LEN)).unwrap_or_default();
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
        // One that another program worked out in the same way, and one that is not ours to try.
        let foreign = argon2::PasswordHasher::hash_password_with_salt(
            &argon2(),
            right().reveal().as_bytes(),
            &[3; 16],
        );
        let foreign = Some(PasswordHash::stored(foreign.unwrap().to_string()));
        assert!(hasher.verify(right(), foreign.clone()).await.unwrap());
        let larger = foreign.map(|hash| PasswordHash(hash.0.replace("m=19456", "m=1945600")));
        assert!(!hasher.verify(right(), larger).await.unwrap());
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
