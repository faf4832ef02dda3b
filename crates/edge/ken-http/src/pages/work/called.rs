//! What bodies call a person between them, for whoever is shown no number.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::{OrganisationId, PersonId};
use ken_directory::Acting;
use ken_store::Snapshot;

use crate::App;
use crate::pages::ask::{Names, Shown};
use crate::stop::Stop;

/// The kind of information that carries numbers.
const IDENTIFIERS: &str = "identifiers";

/// What each source and the reader's organisation call the person between them, of the sources
/// that are shown; nothing where a number may be shown, or is. A source has a name for each id
/// under which what it sent lies: it has that of its own record, whoever is joined to it.
///
/// # Errors
///
/// What the record says.
pub(super) async fn called(app: &App, by: &Acting, shown: &Shown) -> Result<Names, Stop> {
    let read = async |s: &mut Snapshot| {
        let mut called = Names::new();
        for (source, people) in named(shown, &by.organisation) {
            let mut names = vec![];
            for person in people {
                let pair = (source, &by.organisation);
                let name = ken_records::pseudonym(s, app.keys(), person, pair).await?;
                names.extend(name.map(|name| name.to_string()));
            }
            if !names.is_empty() {
                called.insert(source.clone(), names.join(", "));
            }
        }
        Ok::<_, ken_records::Error>(called)
    };
    Ok(app.db().snapshot("http.called", read).await?)
}

/// The sources that need a name, each with the ids under which what is shown of it lies.
fn named<'a>(
    shown: &'a Shown,
    own: &OrganisationId,
) -> BTreeMap<&'a OrganisationId, BTreeSet<PersonId>> {
    let held = shown.held.iter().map(|held| &held.category);
    if shown.covered.iter().chain(held).any(|kind| kind.as_str() == IDENTIFIERS) {
        return BTreeMap::new();
    }
    let mut named: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for held in shown.held.iter().filter(|held| held.source != *own) {
        named.entry(&held.source).or_default().insert(held.person);
    }
    named
}

#[cfg(test)]
mod tests {
    use ken_core::MessageId;
    use ken_records::{Item, Status};
    use serde_json::json;

    use super::*;
    use crate::pages::compose;

    fn item(source: &str, kind: &str) -> Item {
        Item {
            resource: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            version: 1,
            kind: "Patient".to_owned(),
            category: kind.parse().unwrap(),
            source: source.parse().unwrap(),
            event: None,
            filed: "2026-11-21T09:14:00Z".parse().unwrap(),
            message: "0190163d-8694-739b-aea5-966c26f8ad90".parse::<MessageId>().unwrap(),
            status: Status::Current,
            clauses: BTreeSet::new(),
            body: json!({ "resourceType": "Patient" }),
            is_of_part: false,
            seen: None,
        }
    }

    #[test]
    fn a_source_is_named_by_the_record_that_it_sent() {
        let own = "practice".parse().unwrap();
        let one: PersonId = "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let two: PersonId = "7f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap();
        let held = compose::read(one, vec![item("nhsl", "core"), item("practice", "core")]);
        let mut shown = Shown { held, ..Shown::default() };
        shown.held.extend(compose::read(two, vec![item("cec", "core")]));
        let (board, council) = ("nhsl".parse().unwrap(), "cec".parse().unwrap());
        let want =
            BTreeMap::from([(&board, BTreeSet::from([one])), (&council, BTreeSet::from([two]))]);
        assert_eq!(named(&shown, &own), want, "whichever id the page was opened by");
        // A number of our own stands beside no name either.
        shown.held.extend(compose::read(two, vec![item("practice", "identifiers")]));
        assert_eq!(named(&shown, &own), BTreeMap::new());
    }
}
