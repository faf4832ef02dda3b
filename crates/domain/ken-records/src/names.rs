//! How things are called: a system, a category and the system's own key, parted by spaces; and
//! where such names stand in their order.
//!
//! # Invariants
//!
//! - Names are found by where they stand in their order, never by looking at each: a person may
//!   have tens of thousands. Text sorts by code point on both engines.
//! - What a system calls so is looked for in the categories of which its source holds something
//!   about the person, since the category stands before the key.

use std::collections::BTreeSet;

use ken_core::{Category, OrganisationId, PersonId};
use ken_sharing::class;
use ken_store::Tx;

use crate::Error;

/// A run of names in their order, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) low: String,
    pub(crate) high: String,
}

impl Run {
    /// One name.
    pub(crate) fn one(name: &str) -> Self {
        Self { low: name.to_owned(), high: name.to_owned() }
    }

    /// Every name that begins so.
    pub(crate) fn beginning(head: String) -> Self {
        let high = format!("{head}{}", char::MAX);
        Self { low: head, high }
    }

    /// A run in which nothing stands.
    pub(crate) fn empty() -> Self {
        Self { low: char::MAX.to_string(), high: String::new() }
    }
}

/// What a system calls by a key, in every category of which its source holds something.
pub(crate) async fn in_categories(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    (system, key): (&str, &str),
) -> Result<Vec<String>, Error> {
    let categories: BTreeSet<Category> = class::categories_of(tx, person, source).await?;
    Ok(categories.iter().map(|category| format!("{system} {category} {key}")).collect())
}

/// The keys of whatever a name is itself, or may have been cut out of, each with the system: the
/// whole key, and what stands before each `|` in it.
pub(crate) fn owners(name: &str) -> Option<(&str, Vec<&str>)> {
    let (system, rest) = name.split_once(' ')?;
    let (_, key) = rest.split_once(' ')?;
    let cut = key.match_indices('|').filter_map(|(at, _)| key.get(..at));
    Some((system, cut.chain([key]).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_the_names_that_begin_so_and_no_others() {
        let run = Run::beginning("pms chronology document|7|".to_owned());
        let has = |run: &Run, name: &str| *run.low <= *name && *name <= *run.high;
        for (name, want) in [
            ("pms chronology document|7|", true),
            ("pms chronology document|7|views#2", true),
            ("pms chronology document|7|\u{10fffe}", true),
            ("pms chronology document|7", false),
            ("pms chronology document|77|views", false),
            ("pms chronology document|7}", false),
        ] {
            assert_eq!(has(&run, name), want, "{name}");
        }
        let one = Run::one("pms core patient");
        assert!(has(&one, "pms core patient") && !has(&one, "pms core patient#2"));
        assert!(!has(&Run::empty(), "") && !has(&Run::empty(), "pms core patient"));
    }

    #[test]
    fn a_name_is_of_its_key_and_of_what_it_was_cut_out_of() {
        let found = owners("pms chronology document|urn:x|7|views#2").unwrap();
        let keys = ["document", "document|urn:x", "document|urn:x|7", "document|urn:x|7|views#2"];
        assert_eq!(found, ("pms", keys.to_vec()));
        assert_eq!(owners("pms core patient").unwrap(), ("pms", vec!["patient"]));
        assert_eq!(owners("nameless"), None);
    }
}
