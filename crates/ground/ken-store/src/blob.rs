//! Blobs: large bytes in files, addressed by the hash of what is in the file.
//!
//! A file holds sealed bytes, so its name says nothing of its content, and erasing the key makes
//! every copy unreadable. Write the blob first, then its id in the database: a crash between the
//! two leaves a file that nobody names, which is harmless.
//!
//! # Invariants
//!
//! - [`Blobs::put`] answers only after file and directory are on disk.
//! - A file is under its name whole or not at all; what is read is hashed and compared.
//!
//! Source: POSIX `fsync`, `rename`; Pillai et al., *All File Systems Are Not Created Equal*
//! (OSDI 2014).

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use ken_core::IdSource;
use sha2::{Digest, Sha256};
use thiserror::Error as ThisError;

use crate::keys::{KeyId, KeyRing};
use crate::{Error, OpenError, Result, Value};

/// Largest blob, in bytes: a scanned file of letters, not a film. House policy.
pub const BLOB_MAX: usize = 64 << 20;
/// What sealing adds, at most.
const SEAL_MAX: u64 = 64;
/// Most blobs that are written or read at once; each may hold twice [`BLOB_MAX`] in memory.
const AT_ONCE_MAX: usize = 4;

/// The address of a blob: the SHA-256 of its sealed bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; 32]);

/// Why a text is not a blob's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("not a blob's address: 64 lower-case hex digits are expected")]
pub struct BlobIdError;

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

impl FromStr for BlobId {
    type Err = BlobIdError;

    fn from_str(text: &str) -> Result<Self, BlobIdError> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(BlobIdError),
        };
        let mut hash = [0; 32];
        let pairs = text.as_bytes().chunks(2);
        if text.len() != 64 {
            return Err(BlobIdError);
        }
        for (byte, pair) in hash.iter_mut().zip(pairs) {
            let [high, low] = pair else { return Err(BlobIdError) };
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(hash))
    }
}

impl From<BlobId> for Value<'_> {
    fn from(id: BlobId) -> Self {
        Value::from(id.to_string())
    }
}

impl From<&BlobId> for Value<'_> {
    fn from(id: &BlobId) -> Self {
        Value::from(*id)
    }
}

/// The blobs in a directory. A clone is the same store.
#[derive(Debug, Clone)]
pub struct Blobs {
    dir: Arc<Path>,
    keys: KeyRing,
    at_once: Arc<tokio::sync::Semaphore>,
}

impl Blobs {
    /// Opens the blobs in `dir`, making it where there is none.
    ///
    /// # Errors
    ///
    /// [`OpenError::Place`] when it cannot be made or written.
    pub fn open(dir: &Path, keys: KeyRing) -> Result<Self, OpenError> {
        make_dir(dir).map_err(OpenError::Place)?;
        let probe = dir.join(".probe");
        let probed = File::create(&probe).and_then(|_| std::fs::remove_file(&probe));
        probed.map_err(OpenError::Place)?;
        let at_once = Arc::new(tokio::sync::Semaphore::new(AT_ONCE_MAX));
        Ok(Self { dir: dir.into(), keys, at_once })
    }

    /// Seals bytes under `key` and keeps them; durable when it answers. Not inside a write: it
    /// waits for the disk.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] beyond [`BLOB_MAX`], [`Error::DiskFull`], [`Error::File`], or those of
    /// the key ring.
    pub async fn put(&self, ids: &dyn IdSource, key: &KeyId, bytes: &[u8]) -> Result<BlobId> {
        if bytes.len() > BLOB_MAX {
            return Err(Error::TooLong { what: "blob", max: BLOB_MAX });
        }
        let draft = format!("{}.draft", ids.random().simple());
        let _place = self.at_once.acquire().await.map_err(|_| Error::Closed)?;
        let sealed = self.keys.seal(key, ABOUT, bytes).await?;
        let dir = Arc::clone(&self.dir);
        blocking(move || {
            let id = BlobId(Sha256::digest(&sealed).into());
            write(&dir, &draft, id, &sealed)?;
            Ok(id)
        })
        .await
    }

    /// Reads and opens a blob; none once its key is erased or the file is gone.
    ///
    /// # Errors
    ///
    /// [`Error::Unsealable`] when the file is not what was written, [`Error::File`], or those of
    /// the key ring.
    pub async fn find(&self, key: &KeyId, id: BlobId) -> Result<Option<Vec<u8>>> {
        let _place = self.at_once.acquire().await.map_err(|_| Error::Closed)?;
        let path = path(&self.dir, id);
        match blocking(move || read(&path, id)).await? {
            Some(sealed) => self.keys.open(key, ABOUT, &sealed).await,
            None => Ok(None),
        }
    }

    /// Removes a blob's file, for who has erased its last mention; true if it was there.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub async fn remove(&self, id: BlobId) -> Result<bool> {
        let path = path(&self.dir, id);
        blocking(move || match std::fs::remove_file(&path) {
            Ok(()) => {
                sync_dir(path.parent().unwrap_or(&path))?;
                Ok(true)
            }
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(cause),
        })
        .await
    }
}

/// What sealed blobs are bound to.
const ABOUT: &[u8] = b"ken-blob/1";

/// Where a blob is: in one of 256 folders, so that none grows too large.
fn path(dir: &Path, id: BlobId) -> PathBuf {
    let name = id.to_string();
    let (folder, _) = name.split_at_checked(2).unwrap_or((&name, ""));
    dir.join(folder).join(&name)
}

fn write(dir: &Path, draft: &str, id: BlobId, sealed: &[u8]) -> std::io::Result<()> {
    let path = path(dir, id);
    let folder = path.parent().unwrap_or(dir);
    if make_dir(folder)? {
        sync_dir(dir)?;
    }
    let draft = folder.join(draft);
    let written = write_draft(&draft, sealed).and_then(|()| std::fs::rename(&draft, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written.and_then(|()| sync_dir(folder))
}

fn write_draft(draft: &Path, sealed: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(sealed)?;
    file.sync_all()
}

fn read(path: &Path, id: BlobId) -> std::io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(cause),
    };
    let mut sealed = Vec::new();
    file.take(BLOB_MAX as u64 + SEAL_MAX).read_to_end(&mut sealed)?;
    let is_same = <[u8; 32]>::from(Sha256::digest(&sealed)) == id.0;
    is_same.then_some(Some(sealed)).ok_or_else(|| ErrorKind::InvalidData.into())
}

/// Makes a folder that its owner alone can read; true if it was not there.
fn make_dir(dir: &Path) -> std::io::Result<bool> {
    match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(cause) => Err(cause),
    }
}

fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Runs work that waits for the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed)?;
    done.map_err(|cause| match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::DiskFull,
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Error::ReadOnly,
        ErrorKind::InvalidData => Error::Unsealable,
        kind => Error::File(kind),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_an_address_or_refused(text in "[0-9a-fA-Fé]{62,66}") {
            match text.parse::<BlobId>() {
                Ok(id) => prop_assert_eq!(id.to_string(), text),
                Err(BlobIdError) => prop_assert!(
                    text.len() != 64 || text.contains(|c: char| !matches!(c, '0'..='9' | 'a'..='f'))
                ),
            }
        }
    }
}
