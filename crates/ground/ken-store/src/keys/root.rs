//! The root key: 32 bytes in a file that its owner alone can read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use ken_core::IdSource;
use zeroize::Zeroizing;

use super::cipher::{self, KeyBytes};
use crate::OpenError;

/// The name of the file in the keys directory.
const FILE: &str = "root.key";
/// Readable and writable by its owner, nobody else.
const MODE: u32 = 0o600;

/// The key that wraps all others. It is in no database and no backup of one.
pub struct RootKey(pub(super) KeyBytes);

impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootKey(..)")
    }
}

impl RootKey {
    /// Takes 32 bytes that were kept elsewhere.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads the root key in `dir`, or makes one where there is none.
    ///
    /// # Errors
    ///
    /// [`OpenError::RootKey`] when the file is not 32 bytes or others may read it;
    /// [`OpenError::Place`] when it cannot be read or made.
    pub fn open(dir: &Path, ids: &dyn IdSource) -> Result<Self, OpenError> {
        let path = dir.join(FILE);
        match File::open(&path) {
            Ok(file) => read(file),
            Err(cause) if cause.kind() == ErrorKind::NotFound => {
                let key = cipher::draw(ids);
                write(dir, &path, &key).map_err(OpenError::Place)?;
                Ok(Self(key))
            }
            Err(cause) => Err(OpenError::Place(cause)),
        }
    }
}

fn read(mut file: File) -> Result<RootKey, OpenError> {
    let about = file.metadata().map_err(OpenError::Place)?;
    let is_private = about.permissions().mode().is_multiple_of(0o100);
    let mut key = Zeroizing::new([0; 32]);
    let fits = about.len() == 32 && file.read_exact(key.as_mut_slice()).is_ok();
    (is_private && fits).then_some(RootKey(key)).ok_or(OpenError::RootKey)
}

/// Writes under another name first, so that a crash leaves a whole key or none.
fn write(dir: &Path, path: &Path, key: &KeyBytes) -> std::io::Result<()> {
    let draft = dir.join(format!("{FILE}.new"));
    let _ = std::fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&draft)?;
    file.write_all(key.as_slice())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    File::open(dir)?.sync_all()
}
