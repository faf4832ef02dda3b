//! What a disk may hold after a cut.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::{Event, Journal};

/// What a disk writes whole or not at all, in bytes. Source: the sector of SQLite's assumptions.
const SECTOR: usize = 512;

/// A way in which a program, or a disk, breaks its word: to see that a test would notice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Lie {
    /// None.
    #[default]
    None,
    /// `fsync` of files whose name ends so does nothing.
    Files(&'static str),
    /// `fsync` of the folder does nothing.
    Names,
}

/// The files of a folder, and what the process had said, at a cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// Each file's bytes by its name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the process had said before.
    pub said: Vec<String>,
}

impl Journal {
    /// What may be left if the power fails after the first `events`, as `seed` would have it.
    #[must_use]
    pub fn cut(&self, events: usize, seed: u64, lie: &Lie) -> Picture {
        let mut disk = Disk { lie: lie.clone(), ..Disk::default() };
        let mut said = Vec::new();
        for event in self.events.iter().take(events) {
            match event {
                Event::Said(text) => said.push(text.clone()),
                event => disk.take(event),
            }
        }
        Picture { files: disk.settle(&mut Dice(seed)), said }
    }
}

impl Picture {
    /// Puts the files into a folder, which must be empty.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn put(&self, dir: &Path) -> io::Result<()> {
        self.files.iter().try_for_each(|(name, bytes)| fs::write(dir.join(name), bytes))
    }
}

/// A change to a file's bytes that is not safe yet.
#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

#[derive(Debug, Default)]
struct Disk {
    lie: Lie,
    /// What is safe of each file, and what is not yet.
    files: BTreeMap<u64, (Vec<u8>, Vec<Change>)>,
    /// Names that are safe.
    names: BTreeMap<String, u64>,
    /// Changes of names that are not.
    renames: Vec<Event>,
    /// Names as the process sees them.
    seen: BTreeMap<String, u64>,
}

impl Disk {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Write { file, at, bytes } => {
                let change = Change::Write { at: *at, bytes: bytes.clone() };
                self.files.entry(*file).or_default().1.push(change);
            }
            Event::Truncate { file, len } => {
                self.files.entry(*file).or_default().1.push(Change::Truncate(*len));
            }
            Event::Sync { file } => self.sync(*file),
            Event::SyncNames => {
                if self.lie != Lie::Names {
                    let renames = std::mem::take(&mut self.renames);
                    for event in &renames {
                        rename(&mut self.names, event);
                    }
                }
            }
            event => {
                // Opening a file that is there changes no name.
                let known = matches!(event, Event::Create { file, name }
                    if self.seen.get(name) == Some(file));
                if !known {
                    rename(&mut self.seen, event);
                    self.renames.push(event.clone());
                }
            }
        }
    }

    fn sync(&mut self, file: u64) {
        let lies = match self.lie {
            Lie::Files(end) => {
                self.seen.iter().any(|(name, of)| *of == file && name.ends_with(end))
            }
            Lie::None | Lie::Names => false,
        };
        if lies {
            return;
        }
        let (safe, changes) = self.files.entry(file).or_default();
        for change in std::mem::take(changes) {
            apply(safe, &change, |_| true);
        }
    }

    /// Lets chance decide about all that is not safe.
    fn settle(mut self, dice: &mut Dice) -> BTreeMap<String, Vec<u8>> {
        let kept = dice.below(self.renames.len() + 1);
        for event in self.renames.iter().take(kept) {
            rename(&mut self.names, event);
        }
        // Nearly nothing, nearly all, or half: each finds other faults.
        let chance = [1, 50, 99].get(dice.below(3)).copied().unwrap_or(50);
        for (safe, changes) in self.files.values_mut() {
            for change in changes {
                apply(safe, change, |_| dice.below(100) < chance);
            }
        }
        let bytes = |file: &u64| self.files.get(file).map(|(safe, _)| safe.clone());
        self.names
            .iter()
            .map(|(name, file)| (name.clone(), bytes(file).unwrap_or_default()))
            .collect()
    }
}

fn rename(names: &mut BTreeMap<String, u64>, event: &Event) {
    match event {
        Event::Create { file, name } => drop(names.insert(name.clone(), *file)),
        Event::Remove { name } => drop(names.remove(name)),
        Event::Rename { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        _ => {}
    }
}

/// Applies a change, sector by sector as `keep` says.
fn apply(safe: &mut Vec<u8>, change: &Change, mut keep: impl FnMut(usize) -> bool) {
    match change {
        Change::Truncate(len) => {
            if keep(0) {
                safe.resize(*len, 0);
            }
        }
        Change::Write { at, bytes } => {
            let mut done = 0;
            while done < bytes.len() {
                let from = at + done;
                // Up to the next boundary between sectors.
                let len = (SECTOR - from % SECTOR).min(bytes.len() - done);
                if keep(from) {
                    if safe.len() < from + len {
                        safe.resize(from + len, 0);
                    }
                    let new = bytes.get(done..done + len);
                    if let (Some(old), Some(new)) = (safe.get_mut(from..from + len), new) {
                        old.copy_from_slice(new);
                    }
                }
                done += len;
            }
        }
    }
}

/// Numbers from a seed (splitmix64, public domain by S. Vigna).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let most = u64::try_from(most).unwrap_or(u64::MAX).max(1);
        usize::try_from(mixed % most).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(text: &str) -> Journal {
        Journal::read(text).unwrap()
    }

    #[test]
    fn what_was_synchronised_is_there_whatever_the_seed() {
        let text = "c 1 a\nw 1 0 01020304\ns 1\nd\nm told\nw 1 0 ffff\nr a b\n";
        let journal = journal(text);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let picture = journal.cut(5, seed, &Lie::None);
            assert_eq!(picture.files, [("a".to_owned(), vec![1, 2, 3, 4])].into());
            assert_eq!(picture.said, ["told"]);
            seen.extend(journal.cut(usize::MAX, seed, &Lie::None).files);
            assert!(journal.cut(2, seed, &Lie::None).said.is_empty());
        }
        let (old, new) = (vec![1, 2, 3, 4], vec![255, 255, 3, 4]);
        let all = ["a", "b"].map(|name| [(name.into(), old.clone()), (name.into(), new.clone())]);
        assert_eq!(seen, all.concat().into_iter().collect(), "each may be");
    }

    #[test]
    fn sectors_are_kept_one_by_one_and_never_by_halves() {
        let text = format!("c 1 a\nd\nt 1 2048\ns 1\nw 1 0 {}\n", "ff".repeat(2048));
        let journal = journal(&text);
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..500 {
            let files = journal.cut(usize::MAX, seed, &Lie::None).files;
            let sectors: Vec<u8> = files["a"]
                .chunks(SECTOR)
                .map(|sector| {
                    assert!(sector.iter().all(|byte| *byte == sector[0]), "torn within a sector");
                    sector[0]
                })
                .collect();
            kinds.insert(sectors);
        }
        assert_eq!(kinds.len(), 16, "each sector by itself");
    }

    #[test]
    fn who_lies_loses_what_was_told() {
        let journal = journal("c 1 a-wal\nw 1 0 01\ns 1\nd\nm told\n");
        let lost = |lie: &Lie| {
            (0..100)
                .any(|seed| journal.cut(usize::MAX, seed, lie).files.get("a-wal") != Some(&vec![1]))
        };
        assert!(!lost(&Lie::None) && !lost(&Lie::Files("-journal")));
        assert!(lost(&Lie::Files("-wal")) && lost(&Lie::Names));
    }
}
