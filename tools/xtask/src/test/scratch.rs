//! Where the tests write: in memory where the machine has room there.
//!
//! They prove what is kept, not how fast a disk is, and hundreds of them wait for a commit. What
//! is measured on a disk is in `cargo xtask bench`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A file system in memory, as Linux has it.
const MEMORY: &str = "/dev/shm";

/// A folder that goes with this.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) folder: PathBuf,
}

impl Scratch {
    /// Makes the folder, in memory if it can be made there.
    pub(super) fn make() -> Result<Self> {
        let name = format!("ken-scratch-{}", std::process::id());
        let in_memory = Path::new(MEMORY).join(&name);
        if std::fs::create_dir(&in_memory).is_ok() {
            open_to_all(&in_memory)?;
            return Ok(Self { folder: in_memory });
        }
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).context("could not make a folder for the tests")?;
        open_to_all(&folder)?;
        Ok(Self { folder })
    }
}

/// The database server runs under an account of its own and must reach its folder in this one.
fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let passable = std::fs::Permissions::from_mode(0o711);
    std::fs::set_permissions(folder, passable).context("could not open the tests' folder")
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
