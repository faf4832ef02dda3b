//! What must not stand in the repository at all, and how code speaks of itself.
//!
//! A path of one machine works nowhere else; an address of a package registry names a mirror that
//! others cannot reach. Public items say what they mean, and an error's text stays quotable:
//! lower case and without a full stop (house style, points 13 and 34).

use super::Finding;
use crate::tree::{Tree, has_extension};

/// Folders that exist on one machine, in pieces so that this file passes its own rule.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/", "work/"),
    concat!("/", "tmp/"),
    concat!("/", "root/"),
    concat!("/", "home/"),
    concat!("/", "Users/"),
];

/// Addresses that a lock file or a setting may have picked up from a mirror.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("files.", "pythonhosted.org"),
    concat!("deb.", "debian.org"),
    concat!("\"resolved\": ", "\"http"),
    concat!("\"resolved\":", "\"http"),
];

/// The only source that the lock file may name for a package that is not ours.
const LOCKED_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &tree.files {
        for (at, line) in file.text.lines().enumerate() {
            for folder in MACHINE_FOLDERS.iter().filter(|folder| names_folder(line, folder)) {
                let what = format!("names a machine's own folder, {folder}");
                found.push(Finding::new(&file.path, at + 1, "machine", what));
            }
            for host in REGISTRY_HOSTS.iter().filter(|host| line.contains(**host)) {
                let what = format!("names a registry's address, {host}");
                found.push(Finding::new(&file.path, at + 1, "registry", what));
            }
            if file.path == "Cargo.lock" && line.starts_with("source = ") {
                found.extend(locked(&file.path, at + 1, line));
            }
        }
    }
    found
}

/// A folder is named where a path begins: not as a part of a longer path or an address.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "._-/}$~".contains(c))
    })
}

fn locked(path: &str, line: usize, text: &str) -> Option<Finding> {
    let what = format!("is locked to another source than {LOCKED_SOURCE}");
    (!text.contains(LOCKED_SOURCE)).then(|| Finding::new(path, line, "registry", what))
}

/// What only Rust files can break.
pub(super) fn rust(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in tree.sources.iter().filter(|source| has_extension(&source.path, "rs")) {
        for item in source.undocumented.iter().filter(|item| !source.is_test(item.line)) {
            let what = format!("`{}` is public and has no doc comment", item.text);
            found.push(Finding::new(&source.path, item.line, "undocumented", what));
        }
        for display in source.displays.iter().filter(|display| !source.is_test(display.line)) {
            if let Some(why) = ill_spoken(&display.text) {
                let what = format!("the error says {:?}: {why}", display.text);
                found.push(Finding::new(&source.path, display.line, "wording", what));
            }
        }
    }
    found
}

fn ill_spoken(text: &str) -> Option<&'static str> {
    if text.ends_with('.') {
        return Some("no full stop");
    }
    let mut letters = text.chars();
    let first = letters.next()?;
    // "JSON is malformed" may begin with its proper name; "Json is" or "The row" may not.
    let shouted =
        letters.next().is_some_and(|second| second.is_uppercase() || !second.is_alphabetic());
    let named =
        text.split(' ').next().is_some_and(|word| word.chars().skip(1).any(char::is_uppercase));
    (first.is_uppercase() && !shouted && !named).then_some("begin in lower case")
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    #[test]
    fn a_machines_folder_is_found_where_a_path_begins() {
        let say = |before: &str| format!("{before}{}thing\n", concat!("/", "work/"));
        expect(check, &[("a.md", &say("see "))], &[("a.md", 1, "own folder")]);
        expect(check, &[("a.md", &say("\""))], &[("a.md", 1, "own folder")]);
        expect(check, &[("a.md", &say("https://x.org"))], &[]);
        expect(check, &[("a.md", &say("docs"))], &[]);
    }

    #[test]
    fn a_registrys_address_is_found() {
        let line = format!("    {}s://x/y.tgz\",\n", concat!("\"resolved\": ", "\"http"));
        expect(check, &[("package-lock.json", &line)], &[("package-lock.json", 1, "registry")]);
        expect(check, &[("package-lock.json", "    \"version\": \"1\",\n")], &[]);
    }

    #[test]
    fn the_lock_file_names_one_source() {
        let good = format!("source = \"{LOCKED_SOURCE}\"\n");
        expect(check, &[("Cargo.lock", &good)], &[]);
        let mirror = "source = \"registry+https://mirror.example/index\"\n";
        expect(check, &[("Cargo.lock", mirror)], &[("Cargo.lock", 1, "another source")]);
    }

    #[test]
    fn public_items_are_documented_outside_tests() {
        let path = "crates/language/ken-x/src/a.rs";
        let bad = "//! A.\npub struct A;\n#[cfg(test)]\nmod tests { pub struct B; }\n";
        expect(rust, &[(path, bad)], &[(path, 2, "`struct A`")]);
        expect(rust, &[(path, "//! A.\n/// What.\npub struct A;\n")], &[]);
    }

    #[test]
    fn errors_speak_in_lower_case_without_a_stop() {
        let check = |text, why: Option<&str>| assert_eq!(ill_spoken(text), why, "{text}");
        check("the row is gone", None);
        check("JSON is malformed", None);
        check("PostgreSQL is too old", None);
        check("{0}", None);
        check("The row is gone", Some("begin in lower case"));
        check("the row is gone.", Some("no full stop"));
        let path = "crates/language/ken-x/src/a.rs";
        let bad = "//! A.\nenum E {\n#[error(\"Gone.\")]\nA }\n";
        expect(rust, &[(path, bad)], &[(path, 3, "no full stop")]);
    }
}
