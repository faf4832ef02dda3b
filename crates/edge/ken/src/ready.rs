//! What the demo prints when it is ready: a table for people, or one JSON object for scripts.

use std::fmt::Write as _;
use std::path::Path;

use ken_demo::Account;
use serde_json::json;

use crate::run::At;

/// What a visitor is told.
#[derive(Debug)]
pub(crate) struct Ready<'a> {
    /// Where it listens.
    pub(crate) at: At,
    /// Where the data is kept.
    pub(crate) data: &'a Path,
    /// Who can sign in.
    pub(crate) accounts: &'a [Account],
}

/// Widest a line of the table may be, in letters. House policy: two columns of an old terminal.
const WIDTH_MAX: usize = 100;

/// How far the text of what to try is set in, in letters.
const INDENT: usize = 15;

impl Ready<'_> {
    /// One JSON object on one line.
    pub(crate) fn json(&self) -> String {
        let account = |one: &Account| {
            json!({
                "name": one.name,
                "organisation": one.organisation,
                "role": one.role,
                "sign_in": one.sign_in,
                "password": one.password,
                "one_time_secret": one.one_time_secret(),
                "try": one.try_first,
            })
        };
        let mut ready = json!({
            "http": format!("http://{}", self.at.http),
            "mllp": self.at.mllp,
            "data": self.data,
            "accounts": self.accounts.iter().map(account).collect::<Vec<_>>(),
        });
        // Only for whoever asked for it.
        if let (Some(metrics), Some(ready)) = (self.at.metrics, ready.as_object_mut()) {
            ready.insert("metrics".to_owned(), json!(metrics));
        }
        ready.to_string()
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        let mut line = |of: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{of}");
        };
        line("");
        line("Ken is ready. Everyone in it is made up.");
        line("");
        line(&format!("  Pages     http://{}", self.at.http));
        if let Some(mllp) = self.at.mllp {
            line(&format!("  Messages  {mllp} (HL7 v2 over MLLP)"));
        }
        if let Some(metrics) = self.at.metrics {
            line(&format!("  Measures  http://{metrics}/metrics"));
        }
        line(&format!("  Data      {}", self.data.display()));
        line("");
        line("On the sign-in page each account below has a button of its own.");
        line("To sign in by hand, use the password and a one-time code from the secret.");
        let mut organisation = None;
        for one in self.accounts {
            if organisation != Some(one.organisation) {
                organisation = Some(one.organisation);
                line("");
                let heading = Some(one.organisation).filter(|name| !name.is_empty());
                line(heading.unwrap_or("People, for their own record"));
            }
            line(&format!("  {} ({})", one.name, one.role));
            line(&format!("    sign in   {}", one.sign_in));
            line(&format!("    password  {}   secret {}", one.password, one.one_time_secret()));
            for (at, part) in folded(&one.try_first, WIDTH_MAX - INDENT).iter().enumerate() {
                line(&format!("    {}  {part}", if at == 0 { "try first" } else { "         " }));
            }
        }
        line("");
        line("Stop it with Ctrl-C; the data stays, and the next start finds it.");
        text
    }
}

/// A text on lines of at most `width` letters, broken at blanks.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use ken_demo::{Dice, accounts};
    use serde_json::Value;

    use super::*;

    fn check(with: impl FnOnce(&Ready<'_>)) {
        let accounts = accounts(&Dice::new(1), jiff::civil::date(2026, 11, 21));
        with(&Ready {
            at: At {
                http: ([127, 0, 0, 1], 8080).into(),
                mllp: Some(([127, 0, 0, 1], 2575).into()),
                metrics: None,
            },
            data: Path::new("glen"),
            accounts: &accounts,
        });
    }

    #[test]
    fn the_object_has_the_keys_of_the_handbook_and_no_other() {
        check(|ready| {
            let text = ready.json();
            assert_eq!(text.lines().count(), 1);
            let value: Value = serde_json::from_str(&text).unwrap();
            let keys = |value: &Value| {
                value
                    .as_object()
                    .unwrap()
                    .keys()
                    .cloned()
                    .collect::<std::collections::BTreeSet<_>>()
            };
            let want = |of: &[&str]| of.iter().map(|key| (*key).to_owned()).collect();
            assert_eq!(keys(&value), want(&["http", "mllp", "data", "accounts"]));
            let account =
                ["name", "organisation", "role", "sign_in", "password", "one_time_secret", "try"];
            for one in value["accounts"].as_array().unwrap() {
                assert_eq!(keys(one), want(&account));
            }
            assert_eq!(value["http"], "http://127.0.0.1:8080");
        });
    }

    #[test]
    fn the_table_names_everyone_and_is_not_too_wide() {
        check(|ready| {
            let table = ready.table();
            for one in ready.accounts {
                assert!(table.contains(&one.sign_in) && table.contains(&one.password));
            }
            let widest = table.lines().map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|width| width <= WIDTH_MAX), "{widest:?}");
            assert!(table.contains("Everyone in it is made up"));
        });
    }
}
