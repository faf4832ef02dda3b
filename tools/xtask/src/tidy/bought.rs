//! What `deny.toml` says of packages from elsewhere: their licences, those we do not want, and
//! where they come from. cargo-deny reads the same file where it is installed; this needs cargo
//! alone.
//!
//! Source: the house style, point 29.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use toml::Table;

use super::Finding;
use crate::tree::Tree;

const POLICY: &str = "deny.toml";
const RULE: &str = "bought";
/// The one registry that packages come from, as cargo writes it whatever stands in for it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What cargo says: every package of every platform, and who takes those that are denied.
#[derive(Debug, Default)]
pub(super) struct Said {
    metadata: Value,
    /// By name and version, as `cargo tree` writes them. What `cargo metadata` says of this counts
    /// features that nobody asks for.
    takers: BTreeMap<String, BTreeSet<String>>,
}

/// Asks cargo, which fetches what is not here yet.
pub(super) fn ask(tree: &Tree) -> Result<Said> {
    let metadata = cargo(&["metadata", "--locked", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_slice(&metadata).context("metadata is not read")?;
    let denied = policy(tree).map(|policy| denied(&policy)).unwrap_or_default();
    let mut takers = BTreeMap::new();
    for package in list(&metadata, "packages") {
        let (name, version) = (text(package, "name"), text(package, "version"));
        if !denied.contains_key(name) {
            continue;
        }
        let of = format!("{name}@{version}");
        let tree = ["tree", "--locked", "--workspace", "--target", "all", "--edges"];
        let end = ["normal,build,dev", "--prefix", "none", "--depth", "1", "--invert", &of];
        let said = cargo(&[&tree[..], &end[..]].concat())?;
        let said = String::from_utf8_lossy(&said).into_owned();
        let names = said.lines().skip(1).filter_map(|line| line.split(' ').next());
        takers.insert(of, names.map(str::to_owned).collect());
    }
    Ok(Said { metadata, takers })
}

fn cargo(arguments: &[&str]) -> Result<Vec<u8>> {
    let said = Command::new("cargo").args(arguments).output().context("cargo did not start")?;
    let why = String::from_utf8_lossy(&said.stderr);
    ensure!(said.status.success(), "cargo {} failed: {}", arguments.join(" "), why.trim());
    Ok(said.stdout)
}

fn policy(tree: &Tree) -> Option<Table> {
    tree.find(POLICY).and_then(|file| file.text.parse::<Table>().ok())
}

/// Everything that breaks the policy.
pub(super) fn check(tree: &Tree, said: &Said) -> Vec<Finding> {
    let Some(policy) = policy(tree) else {
        return vec![Finding::new(POLICY, 0, RULE, "is not there, or is not read")];
    };
    let packages = list(&said.metadata, "packages");
    let mut found = licences(&policy, packages);
    found.extend(packages.iter().filter_map(elsewhere));
    found.extend(packages.iter().flat_map(wild));
    found.extend(unwanted(&policy, packages, &said.takers));
    found
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn finding(package: &Value, what: &str) -> Finding {
    let named = format!("{} {}", text(package, "name"), text(package, "version"));
    Finding::new(POLICY, 0, RULE, format!("{named}: {what}"))
}

fn words<'a>(policy: &'a Table, section: &str, key: &str) -> BTreeSet<&'a str> {
    let section = policy.get(section).and_then(toml::Value::as_table);
    let all = section.and_then(|of| of.get(key)).and_then(toml::Value::as_array);
    all.into_iter().flatten().filter_map(toml::Value::as_str).collect()
}

fn licences(policy: &Table, packages: &[Value]) -> Vec<Finding> {
    let allowed = words(policy, "licenses", "allow");
    let mut found = vec![];
    for package in packages {
        match text(package, "license") {
            "" => found.push(finding(package, "names no licence")),
            licence if is_allowed(licence, &allowed) => {}
            licence => found.push(finding(package, &format!("`{licence}` is not allowed"))),
        }
    }
    found
}

/// Whether an SPDX expression can be met by what is allowed. `OR` binds less than `AND`; a slash,
/// as older packages write, is `OR`. What is not understood is not allowed.
fn is_allowed(licence: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = licence.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (mut at, mut depth) = (0, 0);
    either(&words, &mut at, &mut depth, allowed) && at == words.len()
}

/// Deepest brackets of an expression. House policy: nobody writes two.
const DEPTH_MAX: u32 = 8;

fn either(words: &[&str], at: &mut usize, depth: &mut u32, allowed: &BTreeSet<&str>) -> bool {
    let mut is_met = both(words, at, depth, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        is_met |= both(words, at, depth, allowed);
    }
    is_met
}

fn both(words: &[&str], at: &mut usize, depth: &mut u32, allowed: &BTreeSet<&str>) -> bool {
    let mut is_met = one(words, at, depth, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        is_met &= one(words, at, depth, allowed);
    }
    is_met
}

fn one(words: &[&str], at: &mut usize, depth: &mut u32, allowed: &BTreeSet<&str>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        *depth += 1;
        let is_met = *depth <= DEPTH_MAX && either(words, at, depth, allowed);
        *depth -= 1;
        let is_closed = words.get(*at) == Some(&")");
        *at += 1;
        return is_met && is_closed;
    }
    if words.get(*at) != Some(&"WITH") {
        return allowed.contains(word);
    }
    let exception = words.get(*at + 1).copied().unwrap_or_default();
    *at += 2;
    allowed.contains(format!("{word} WITH {exception}").as_str())
}

/// A package that comes from somewhere else than the registry, or our own folders.
fn elsewhere(package: &Value) -> Option<Finding> {
    let source = text(package, "source");
    let is_known = source.is_empty() || source == REGISTRY;
    (!is_known).then(|| finding(package, &format!("comes from {source}")))
}

/// Dependencies of our own packages on any version whatever.
fn wild(package: &Value) -> Vec<Finding> {
    if !text(package, "source").is_empty() {
        return vec![];
    }
    let wild = |of: &&Value| text(of, "req") == "*" && text(of, "path").is_empty();
    let all = list(package, "dependencies").iter().filter(wild);
    all.map(|of| finding(package, &format!("takes any version of {}", text(of, "name")))).collect()
}

/// The packages that the policy denies, each with those that may bring it.
fn denied(policy: &Table) -> BTreeMap<String, BTreeSet<String>> {
    let bans = policy.get("bans").and_then(toml::Value::as_table);
    let all = bans.and_then(|of| of.get("deny")).and_then(toml::Value::as_array);
    let one = |ban: &Table| {
        let name = ban.get("crate").and_then(toml::Value::as_str)?;
        let may = ban.get("wrappers").and_then(toml::Value::as_array);
        let may = may.into_iter().flatten().filter_map(toml::Value::as_str);
        Some((name.to_owned(), may.map(str::to_owned).collect()))
    };
    all.into_iter().flatten().filter_map(toml::Value::as_table).filter_map(one).collect()
}

/// Packages that somebody takes though the policy denies them.
fn unwanted(
    policy: &Table,
    packages: &[Value],
    takers: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<Finding> {
    let denied = denied(policy);
    let mut found = vec![];
    for package in packages {
        let (name, version) = (text(package, "name"), text(package, "version"));
        let taken = denied.get(name).zip(takers.get(&format!("{name}@{version}")));
        let Some((may, by)) = taken else { continue };
        for by in by.difference(may) {
            found.push(finding(package, &format!("is denied; {by} takes it")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tree::made_of;

    const DENY: &str = r#"
        [licenses]
        allow = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"]
        [bans]
        deny = [{ crate = "bad", wrappers = ["may"] }]
    "#;

    #[test]
    fn an_expression_is_met_by_what_is_allowed_and_by_nothing_else() {
        let allowed = BTreeSet::from(["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"]);
        for (licence, want) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT OR GPL-3.0", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("MIT AND GPL-3.0 OR Zlib", true),
            ("(MIT OR GPL-3.0) AND Zlib", true),
            ("(MIT OR Zlib) AND GPL-3.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0", false),
            ("MIT WITH LLVM-exception", false),
            ("MIT Zlib", false),
            ("(MIT", false),
            ("MIT)", false),
            ("", false),
            ("OR", false),
        ] {
            assert_eq!(is_allowed(licence, &allowed), want, "{licence}");
        }
        assert!(!is_allowed(&format!("{}MIT{}", "(".repeat(9), ")".repeat(9)), &allowed));
    }

    #[test]
    fn each_breach_is_found_and_nothing_else() {
        let tree = made_of(&[(POLICY, DENY)]);
        let package = |name: &str, licence: &str, source: &str| {
            json!({ "name": name, "version": "1.0.0", "id": name, "license": licence,
                "source": source, "dependencies": [{ "name": "x", "req": "*" }] })
        };
        let metadata = json!({
            "packages": [
                package("ours", "MIT", ""),
                package("good", "MIT OR GPL-3.0", REGISTRY),
                package("bad", "Zlib", REGISTRY),
                package("may", "MIT", REGISTRY),
                package("copyleft", "GPL-3.0", REGISTRY),
                package("silent", "", REGISTRY),
                package("far", "MIT", "git+https://example.org/far"),
            ],
        });
        let by = ["may", "good"].map(str::to_owned).into();
        let said = Said { metadata, takers: [("bad@1.0.0".to_owned(), by)].into() };
        let found: Vec<_> = check(&tree, &said).into_iter().map(|one| one.what).collect();
        assert_eq!(
            found,
            [
                "copyleft 1.0.0: `GPL-3.0` is not allowed",
                "silent 1.0.0: names no licence",
                "far 1.0.0: comes from git+https://example.org/far",
                "ours 1.0.0: takes any version of x",
                "bad 1.0.0: is denied; good takes it",
            ]
        );
        assert_eq!(check(&made_of(&[]), &said).len(), 1, "no policy is a finding");
    }
}
