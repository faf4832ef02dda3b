//! Calls that the house bans: the list of `clippy.toml`, and the environment outside its home.
//!
//! Clippy sees only what is compiled on this machine; this rule reads every file, inside macros
//! and behind every `cfg`. An `#[expect(clippy::disallowed_methods, reason = "...")]` is honoured
//! because clippy fails when nothing is there to expect.

use super::Finding;
use crate::source::Source;
use crate::tree::{Tree, crate_of};

const LIST: &str = "clippy.toml";

/// Where the environment and the command line may be read.
const ENVIRONMENT_HOMES: &[&str] = &["ken", "xtask"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let banned = match banned(tree) {
        Ok(banned) => banned,
        Err(why) => return vec![Finding::new(LIST, 0, "call", why)],
    };
    let mut found = Vec::new();
    for source in &tree.sources {
        for path in source.paths.iter().filter(|path| !source.is_test(path.line)) {
            if source.is_expected(path.line) {
                continue;
            }
            if let Some((call, reason)) = banned.iter().find(|(call, _)| calls(&path.text, call)) {
                let what = format!("`{call}` is banned: {reason}");
                found.push(Finding::new(&source.path, path.line, "call", what));
            } else if reads_environment(source, &path.text) {
                let what = format!("`{}`: the environment is read in `ken` alone", path.text);
                found.push(Finding::new(&source.path, path.line, "call", what));
            }
        }
    }
    found
}

/// The banned calls and why, from clippy's own list.
fn banned(tree: &Tree) -> Result<Vec<(String, String)>, String> {
    let file = tree.find(LIST).ok_or("is missing")?;
    let settings: toml::Table =
        file.text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let list = settings.get("disallowed-methods").and_then(toml::Value::as_array);
    let entries = list.ok_or("has no `disallowed-methods`")?;
    let text =
        |entry: &toml::Value, key| entry.get(key).and_then(|v| v.as_str().map(str::to_owned));
    entries
        .iter()
        .map(|entry| {
            let path = text(entry, "path").ok_or("has a ban without a `path`")?;
            let reason = text(entry, "reason").ok_or("has a ban without a `reason`")?;
            Ok((path, reason))
        })
        .collect()
}

/// Whether the path as written may be this call: its last two names, or all where it has more.
fn calls(written: &str, call: &str) -> bool {
    let last_two = call.rsplitn(3, "::").take(2).collect::<Vec<_>>();
    let [function, module] = last_two.as_slice() else { return false };
    let short = format!("{module}::{function}");
    written == short || written == call || (written.ends_with(call) && call.contains("::"))
}

fn reads_environment(source: &Source, path: &str) -> bool {
    let home = crate_of(&source.path).is_some_and(|name| ENVIRONMENT_HOMES.contains(&name));
    let script = source.path.ends_with("/build.rs");
    !home && !script && (path.starts_with("std::env::") || path.starts_with("env::"))
}

#[cfg(test)]
mod tests {
    use super::super::expect;
    use super::*;

    const BANS: (&str, &str) = (
        LIST,
        "disallowed-methods = [\n\
         { path = \"jiff::Timestamp::now\", reason = \"time comes from ctx\" },\n\
         { path = \"tokio::spawn\", reason = \"tasks belong to a tracker\" },\n]\n",
    );
    const PATH: &str = "crates/domain/ken-x/src/a.rs";

    fn expect_in(text: &str, expected: &[(&str, usize, &str)]) {
        expect(check, &[BANS, (PATH, text)], expected);
    }

    #[test]
    fn a_banned_call_is_found_in_code_and_in_macros() {
        let banned = "//! A.\nfn a() { Timestamp::now(); }\n";
        expect_in(banned, &[(PATH, 2, "time comes from ctx")]);
        let hidden = "//! A.\nfn a() { select! { _ = tokio::spawn(x) => {} } }\n";
        expect_in(hidden, &[(PATH, 2, "tracker")]);
    }

    #[test]
    fn tests_comments_and_expectations_pass() {
        expect_in("//! Timestamp::now\nfn a() { let b = \"Timestamp::now\"; }\n", &[]);
        expect_in("//! A.\n#[cfg(test)]\nmod tests { fn a() { Timestamp::now(); } }\n", &[]);
        let expected = "//! A.\n#[expect(clippy::disallowed_methods, reason = \"r\")]\n\
                        fn a() { Timestamp::now(); }\n";
        expect_in(expected, &[]);
    }

    #[test]
    fn the_environment_has_its_homes() {
        let reads = "//! A.\nfn a() { std::env::temp_dir(); }\n";
        expect_in(reads, &[(PATH, 2, "read in `ken`")]);
        expect(check, &[BANS, ("crates/edge/ken/src/a.rs", reads)], &[]);
        expect_in("//! A.\nfn a() { env!(\"CARGO_MANIFEST_DIR\"); }\n", &[]);
    }

    #[test]
    fn a_list_that_is_gone_is_a_finding() {
        expect(check, &[(PATH, "//! A.\n")], &[(LIST, 0, "missing")]);
    }
}
