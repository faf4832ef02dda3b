//! The key ring: a pool of durable keys, a cache, and the key store behind them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ken_core::{Clock, IdSource};
use tokio_util::task::TaskTracker;

use super::cache::Cache;
use super::cipher::{self, Digests, KeyBytes};
use super::{KeyId, MIGRATIONS, RootKey};
use crate::ambient::{SystemClock, SystemIds};
use crate::sql::keys as sql;
use crate::{Db, Error, OpenError, Reads, Result, Value, values};

/// Keys made durable together. One commit for 256 new people; an unused rest is harmless.
const POOL: usize = 256;
/// Fewer than this in the pool, and more are made beside the work.
const POOL_LOW: usize = 128;

/// Gives out, finds and erases keys, and seals under them. A clone is the same ring.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    db: Db,
    root: RootKey,
    ids: Arc<dyn IdSource>,
    pool: Mutex<VecDeque<KeyId>>,
    cache: Mutex<Cache>,
    /// Held by whoever fills the pool.
    filling: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
    /// The write-ahead log may hold the bytes of erased keys: also those of a process that was
    /// killed.
    is_to_sweep: AtomicBool,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing(..)")
    }
}

impl KeyRing {
    /// Opens the key store in `db`, a database of its own, and fills the pool.
    ///
    /// # Errors
    ///
    /// [`OpenError::RootKey`] when `root` is not the key that wrapped what is there.
    pub async fn unlock(db: Db, root: RootKey) -> Result<Self, OpenError> {
        Self::unlock_with(db, root, Arc::new(SystemIds)).await
    }

    /// The same with another source of entropy; for tests that must repeat.
    ///
    /// # Errors
    ///
    /// As [`KeyRing::unlock`].
    pub async fn unlock_with(
        db: Db,
        root: RootKey,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, OpenError> {
        let migrations: Vec<_> = MIGRATIONS.iter().collect();
        crate::migrate::apply(&db, &migrations).await?;
        let ring = Self(Arc::new(Inner {
            db,
            root,
            ids,
            pool: Mutex::default(),
            cache: Mutex::default(),
            filling: tokio::sync::Mutex::default(),
            tasks: TaskTracker::new(),
            is_to_sweep: AtomicBool::new(true),
        }));
        ring.0.try_root().await?;
        ring.0.fill().await?;
        Ok(ring)
    }

    /// Takes a key that nobody has. It costs no commit but the one its pool has had.
    ///
    /// It may be called inside a write of another database.
    ///
    /// # Errors
    ///
    /// Those of the key store, when the pool is empty and cannot be filled.
    pub async fn fresh(&self) -> Result<KeyId> {
        loop {
            let (key, left) = {
                let mut pool = lock(&self.0.pool);
                (pool.pop_front(), pool.len())
            };
            let fill = (left < POOL_LOW).then(|| {
                // A task of its own: it must not count as nested in the caller's write.
                let inner = Arc::clone(&self.0);
                self.0.tasks.spawn(async move { inner.fill().await })
            });
            match (key, fill) {
                (Some(key), _) => return Ok(key),
                (None, Some(fill)) => fill.await.map_err(|_| Error::Closed)??,
                (None, None) => {}
            }
        }
    }

    /// Seals `plaintext` under `key`; it opens only with the same `aad` (what it is about).
    ///
    /// # Errors
    ///
    /// [`Error::KeyErased`], [`Error::KeyUnknown`], or those of the key store.
    pub async fn seal(&self, key: &KeyId, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>> {
        let bytes = self.0.load(*key).await?.ok_or(Error::KeyErased)?;
        cipher::seal(&bytes, &*self.0.ids, aad, plaintext)
    }

    /// Opens what was sealed under `key`; none once the key is erased.
    ///
    /// # Errors
    ///
    /// [`Error::Unsealable`] when bytes or `aad` were changed, [`Error::KeyUnknown`], or those
    /// of the key store.
    pub async fn open(&self, key: &KeyId, aad: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.0.load(*key).await? {
            Some(bytes) => cipher::open(&bytes, aad, sealed).map(Some),
            None => Ok(None),
        }
    }

    /// A digest of `text` that nobody makes without `key`: of what would be guessed from a plain
    /// one. Another purpose has others; none once the key is erased.
    ///
    /// # Errors
    ///
    /// [`Error::KeyUnknown`], or those of the key store.
    pub async fn digest(
        &self,
        key: &KeyId,
        purpose: &str,
        text: &[u8],
    ) -> Result<Option<[u8; 32]>> {
        let bytes = self.0.load(*key).await?;
        Ok(bytes.map(|bytes| Digests::new(&bytes, purpose).of(text)))
    }

    /// What makes digests for a purpose that nobody makes without the root key: every process of an
    /// installation makes the same, for as long as it has that key.
    #[must_use]
    pub fn own_digests(&self, purpose: &str) -> Digests {
        Digests::new(&self.0.root.0, &format!("installation {purpose}"))
    }

    /// Erases a key for good: what was sealed under it cannot be read again. True if it was
    /// there; to erase again is harmless. Not inside a write: enter the erasure first. Where a
    /// snapshot is open, its bytes stay in the write-ahead log until [`KeyRing::sweep`].
    ///
    /// # Errors
    ///
    /// Those of the key store.
    pub async fn erase(&self, key: &KeyId) -> Result<bool> {
        let id = *key;
        let now = SystemClock.now();
        let erased = self
            .0
            .db
            .write("keys-erase", async |tx| tx.execute(sql::KEY_ERASE, values![id, now]).await);
        let erased: u64 = erased.await?;
        lock(&self.0.cache).forget(id);
        self.0.is_to_sweep.store(true, Ordering::SeqCst);
        self.sweep()?;
        Ok(erased > 0)
    }

    /// Tries once to empty the write-ahead log, if it may still hold the bytes of erased keys;
    /// false where a snapshot is in the way. To be called now and then.
    ///
    /// # Errors
    ///
    /// Those of the key store; the next sweep tries again.
    pub fn sweep(&self) -> Result<bool> {
        // Taken first: what is erased meanwhile asks for another.
        if !self.0.is_to_sweep.swap(false, Ordering::SeqCst) {
            return Ok(true);
        }
        let is_empty = self.0.db.empty_log();
        if !matches!(is_empty, Ok(true)) {
            self.0.is_to_sweep.store(true, Ordering::SeqCst);
        }
        is_empty
    }

    /// Waits for the pool and closes the key store.
    pub async fn close(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.db.close().await;
    }
}

impl Inner {
    /// Checks that the root key opens what is there.
    async fn try_root(&self) -> Result<(), OpenError> {
        let mut snapshot = self.db.open_snapshot().await?;
        let some = snapshot
            .find(sql::KEY_ANY, &[], |row| Ok((row.parse::<KeyId>(0)?, row.bytes(1)?)))
            .await?;
        let Some((id, wrapped)) = some else { return Ok(()) };
        self.unwrap(id, &wrapped).map(drop).map_err(|_| OpenError::RootKey)
    }

    /// Fills the pool, unless somebody just did.
    async fn fill(&self) -> Result<()> {
        let _filling = self.filling.lock().await;
        if lock(&self.pool).len() >= POOL_LOW {
            return Ok(());
        }
        let now = SystemClock.now();
        let mut made = Vec::with_capacity(POOL);
        let mut rows: Vec<Vec<Value<'_>>> = Vec::with_capacity(POOL);
        for _ in 0..POOL {
            let (id, key) = (KeyId::draw(&*self.ids), cipher::draw(&*self.ids));
            let wrapped = cipher::seal(&self.root.0, &*self.ids, &about(id), key.as_slice())?;
            rows.push(vec![id.into(), wrapped.into(), now.into()]);
            made.push((id, key));
        }
        let written = self
            .db
            .write("keys-fill", async |tx| tx.execute_each(sql::KEY_INSERT, &rows).await.map(drop));
        written.await.map_err(|error: Error| error)?;
        let (mut pool, mut cache) = (lock(&self.pool), lock(&self.cache));
        for (id, key) in made {
            cache.keep(id, key);
            pool.push_back(id);
        }
        Ok(())
    }

    /// The bytes of a key; none once it is erased.
    async fn load(&self, id: KeyId) -> Result<Option<KeyBytes>> {
        if let Some(key) = lock(&self.cache).find(id) {
            return Ok(Some(key));
        }
        let mut snapshot = self.db.open_snapshot().await?;
        let kept = snapshot.find(sql::KEY_FIND, values![id], |row| row.bytes_opt(0)).await?;
        match kept {
            None => Err(Error::KeyUnknown),
            Some(None) => Ok(None),
            Some(Some(wrapped)) => {
                let key = self.unwrap(id, &wrapped)?;
                lock(&self.cache).keep(id, key.clone());
                Ok(Some(key))
            }
        }
    }

    fn unwrap(&self, id: KeyId, wrapped: &[u8]) -> Result<KeyBytes> {
        let bytes = zeroize::Zeroizing::new(cipher::open(&self.root.0, &about(id), wrapped)?);
        let bytes = bytes.as_slice().try_into().map_err(|_| Error::Unsealable)?;
        Ok(KeyBytes::new(bytes))
    }
}

/// What a wrapped key is bound to: its own name, so that rows cannot be swapped.
fn about(id: KeyId) -> Vec<u8> {
    format!("ken-key/1/{id}").into_bytes()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
