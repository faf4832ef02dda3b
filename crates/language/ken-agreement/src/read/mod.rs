//! Reads values from a tree with places, and collects every fault instead of the first.
//!
//! One reader serves both spellings: the TOML that people write and the canonical JSON that is
//! stored. A record names its fields once (`record`), and the compiler sees that none is missing.

mod leaf;
mod record;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::fault::{Fault, Faults};

use leaf::parse_word;
pub(crate) use tree::{Node, Value, from_json, from_toml};

/// A value that is read from a tree. None: a fault was noted.
pub(crate) trait Read: Sized {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self>;
}

impl<T: Read> Read for Option<T> {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        T::read(node, faults).map(Some)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        let Value::List(items) = &node.value else {
            let help = "write `[...]`, or `[[name]]` before each";
            faults.add(Fault::kind(node, "a list", Some(help)));
            return None;
        };
        let read: Vec<Option<T>> = items.iter().map(|item| T::read(item, faults)).collect();
        read.into_iter().collect()
    }
}

impl<T: Read + Ord> Read for BTreeSet<T> {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        Vec::read(node, faults).map(|all| all.into_iter().collect())
    }
}

impl<K: Ord + for<'de> serde::Deserialize<'de>, T: Read> Read for BTreeMap<K, T> {
    fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
        let Value::Table(entries) = &node.value else {
            faults.add(Fault::kind(node, "a table", Some("write `[name]` and a line for each")));
            return None;
        };
        let mut whole = true;
        let mut read = Self::new();
        for (key, at, value) in entries {
            match (parse_word(key, at, faults), T::read(value, faults)) {
                (Some(key), Some(value)) => {
                    if read.insert(key, value).is_some() {
                        faults.add(Fault::twice(at));
                        whole = false;
                    }
                }
                _ => whole = false,
            }
        }
        whole.then_some(read)
    }
}

/// A table whose fields are taken one by one.
pub(crate) struct Table<'a> {
    entries: BTreeMap<&'a str, &'a Node>,
    at: &'a Range<usize>,
}

impl<'a> Table<'a> {
    /// The table, after noting every field that is not known.
    pub(crate) fn of(node: &'a Node, known: &[&str], faults: &mut Faults) -> Option<Self> {
        let Value::Table(entries) = &node.value else {
            faults.add(Fault::kind(node, "a table of named fields", None));
            return None;
        };
        let names: BTreeSet<&str> = entries.iter().map(|(key, _, _)| key.as_str()).collect();
        let mut seen = BTreeSet::new();
        for (key, at, _) in entries {
            if !seen.insert(key) {
                faults.add(Fault::twice(at));
            }
            if !known.contains(&key.as_str()) {
                let free = known.iter().filter(|name| !names.contains(**name));
                faults.add(Fault::unknown(key, at, free.copied()));
            }
        }
        let entries = entries.iter().map(|(key, _, node)| (key.as_str(), node)).collect();
        Some(Self { entries, at: &node.at })
    }

    pub(crate) fn required<T: Read>(&self, key: &str, faults: &mut Faults) -> Option<T> {
        let node = self.entries.get(key);
        if node.is_none() {
            faults.add(Fault::missing(key, self.at));
        }
        T::read(node?, faults)
    }

    pub(crate) fn optional<T: Read>(
        &self,
        key: &str,
        absent: impl FnOnce() -> T,
        faults: &mut Faults,
    ) -> Option<T> {
        self.entries.get(key).map_or_else(|| Some(absent()), |node| T::read(node, faults))
    }
}
