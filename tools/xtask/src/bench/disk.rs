//! The disk's own rate: how often a second it makes 4 KiB durable, one after the other.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::sample::Samples;
use crate::watch::Watch;

/// At most this many, whatever the disk.
const SYNCS_MAX: usize = 100_000;
/// A page of a database's log.
const PAGE: [u8; 4096] = [0x5a; 4096];

/// Appends and syncs until the time is over.
pub(super) fn fsync(folder: &Path, time: Duration) -> Result<Samples> {
    let path = folder.join("fsync");
    let mut options = OpenOptions::new();
    let mut file = options
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("could not make {}", path.display()))?;
    let all = Watch::start();
    let mut samples = Samples::default();
    while all.elapsed() < time && samples.len() < SYNCS_MAX {
        let one = Watch::start();
        file.write_all(&PAGE).and_then(|()| file.sync_data()).context("the disk refused")?;
        samples.push(one.elapsed());
    }
    samples.took(all.elapsed());
    std::fs::remove_file(&path).context("could not remove the file that was measured")?;
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_a_rate() {
        let folder = std::env::temp_dir().join(format!("ken-disk-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        assert!(fsync(&folder, Duration::from_millis(20)).expect("a rate").len() > 0);
        std::fs::remove_dir_all(&folder).expect("gone");
    }
}
