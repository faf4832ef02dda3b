//! The manifests: who depends on whom, by kind.

use crate::tree::{File, Tree};

/// How a dependency is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// By the crate itself or its build script.
    Normal,
    /// By its tests, examples and benchmarks.
    Dev,
}

/// One member of the workspace.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) path: &'a str,
    pub(super) name: String,
    /// `language`, `ground`, `domain`, `edge` or `tools`.
    pub(super) floor: &'a str,
    pub(super) uses: Vec<Use>,
}

/// One dependency, at its line of the manifest.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) line: usize,
}

const SECTIONS: &[(&str, Kind)] = &[
    ("dependencies", Kind::Normal),
    ("build-dependencies", Kind::Normal),
    ("dev-dependencies", Kind::Dev),
];

/// Every member; one whose manifest cannot be read comes back as its path and the reason.
pub(super) fn members(tree: &Tree) -> (Vec<Member<'_>>, Vec<(&str, String)>) {
    let mut members = Vec::new();
    let mut broken = Vec::new();
    for file in tree.manifests() {
        match member(file) {
            Ok(member) => members.push(member),
            Err(why) => broken.push((file.path.as_str(), why)),
        }
    }
    (members, broken)
}

fn member(file: &File) -> Result<Member<'_>, String> {
    let manifest: toml::Table =
        file.text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let name = manifest.get("package").and_then(|package| package.get("name"));
    let name = name.and_then(toml::Value::as_str).ok_or("has no package name")?.to_owned();
    let parts: Vec<&str> = file.path.split('/').collect();
    let floor = match parts.as_slice() {
        ["crates", floor, _, _] => floor,
        ["tools", _, _] => "tools",
        _ => return Err("is not on a floor of the house".to_owned()),
    };
    let mut uses = Vec::new();
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let targets = targets.into_iter().flat_map(|t| t.values()).filter_map(toml::Value::as_table);
    for table in std::iter::once(&manifest).chain(targets) {
        for (section, kind) in SECTIONS {
            let Some(section) = table.get(*section).and_then(toml::Value::as_table) else {
                continue;
            };
            for (key, value) in section {
                let package = value.get("package").and_then(toml::Value::as_str).unwrap_or(key);
                let line = line_of(&file.text, key);
                uses.push(Use { name: package.to_owned(), kind: *kind, line });
            }
        }
    }
    Ok(Member { path: &file.path, name, floor, uses })
}

/// The line that names a key; 0 where it is written in another way.
pub(super) fn line_of(text: &str, key: &str) -> usize {
    let named = |line: &str| {
        let rest = line.trim_start_matches('"').strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=', '"']))
    };
    text.lines().position(named).map_or(0, |at| at + 1)
}
