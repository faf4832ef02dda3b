//! How build scripts take files from npm; each takes this file as a module of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs `npm ci` once for each content of the lock file in `source`, and gives the folder of
/// modules. Nothing fetched stands in the repository, and no package's script is run.
pub(crate) fn install(source: &Path, into: &Path) -> Result<PathBuf, String> {
    let want = bytes(&source.join("package-lock.json"))?;
    let stamp = into.join("installed");
    let modules = into.join("node_modules");
    if fs::read(&stamp).is_ok_and(|have| have == want) && modules.is_dir() {
        return Ok(modules);
    }
    fs::create_dir_all(into).map_err(|error| error.to_string())?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), into.join(file)).map_err(|error| error.to_string())?;
    }
    let ran = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(into)
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "npm is not on the PATH; install Node.js 20 or later".into(),
            _ => format!("npm did not start: {error}"),
        })?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr);
        return Err(format!("npm ci failed ({}); is the registry reachable?\n{said}", ran.status));
    }
    fs::write(stamp, want).map_err(|error| error.to_string())?;
    Ok(modules)
}

/// The bytes of a file, or why not.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
