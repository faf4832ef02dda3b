//! What bodies call a person between them, for whoever is shown no number.

use std::collections::BTreeSet;

use ken_core::PersonId;
use ken_directory::Acting;
use ken_store::Snapshot;

use crate::App;
use crate::pages::ask::{Names, Shown};
use crate::stop::Stop;

/// The kind of information that carries numbers.
const IDENTIFIERS: &str = "identifiers";

/// What each source and the reader's organisation call the person between them, of the sources
/// that are shown; nothing where a number may be shown.
///
/// # Errors
///
/// What the record says.
pub(super) async fn called(
    app: &App,
    by: &Acting,
    person: PersonId,
    shown: &Shown,
) -> Result<Names, Stop> {
    let mut called = Names::new();
    if shown.covered.iter().any(|kind| kind.as_str() == IDENTIFIERS) {
        return Ok(called);
    }
    let sources: BTreeSet<_> = shown.held.iter().map(|held| &held.source).collect();
    let read = async |s: &mut Snapshot| {
        for source in sources.into_iter().filter(|source| **source != by.organisation) {
            let pair = (source, &by.organisation);
            let name = ken_records::pseudonym(s, app.keys(), person, pair).await?;
            called.extend(name.map(|name| (source.clone(), name.to_string())));
        }
        Ok::<_, ken_records::Error>(called)
    };
    Ok(app.db().snapshot("http.called", read).await?)
}
