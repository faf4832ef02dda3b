//! What stands whatever has happened, and is in every part.

use futures_util::future::try_join_all;
use ken_core::PersonId;
use ken_store::{Reads, Snapshot, Sql, Value};

use super::{CLASSES_PER_STATEMENT, Window, bodies, eight, fit, limit, placed, stored};
use crate::disclose::{ITEMS_MAX, Stored};
use crate::{Error, Grants, sql};

/// The kind of what somebody said, and how many of the newest stand.
const VIEWS: (&str, usize) = ("views", 8);
/// The kind of what is written for whoever comes in a hurry, and how many of the newest stand.
const SUMMARIES: (&str, usize) = ("health-summary", 4);

/// The classes that may be seen of what stands.
pub(super) struct Classes<'a> {
    all: Vec<&'a str>,
    said: Vec<&'a str>,
    summed: Vec<&'a str>,
}

impl<'a> Classes<'a> {
    /// Those of some grants.
    pub(super) fn of(grants: &'a Grants) -> Self {
        let of = |kind: &str| grants.classes(|class| class.category.as_str() == kind);
        Self { all: grants.classes(|_| true), said: of(VIEWS.0), summed: of(SUMMARIES.0) }
    }
}

/// What stands whatever has happened, what was said last, and the last summaries, with their
/// bodies; and whether that is all of it.
pub(super) async fn stands(
    s: &Snapshot,
    person: PersonId,
    classes: &Classes<'_>,
) -> Result<(Vec<Stored>, bool), Error> {
    let views = Box::pin(placed(s, person, &classes.said, (Window::default(), VIEWS.1)));
    let summaries = (sql::LIST_SUMMARIES, SUMMARIES.1);
    let (mut standing, views, summaries) = tokio::try_join!(
        Box::pin(listed(s, person, &classes.all, (sql::LIST_STANDING, ITEMS_MAX))),
        views,
        Box::pin(listed(s, person, &classes.summed, summaries)),
    )?;
    standing.extend(views);
    standing.extend(summaries);
    let is_whole = standing.len() < ITEMS_MAX && fit(&mut standing);
    bodies(s, person, &mut standing).await?;
    Ok((standing, is_whole))
}

/// What a statement lists of some classes, so many at the most.
async fn listed(
    s: &Snapshot,
    person: PersonId,
    classes: &[&str],
    (statement, most): (Sql, usize),
) -> Result<Vec<Stored>, Error> {
    let some = async |some: &[&str]| {
        let of: Vec<Value<'_>> = std::iter::once(person.into())
            .chain(eight(some).map(Value::from))
            .chain([limit(most).into()])
            .collect();
        s.beside().list(statement, &of, stored).await
    };
    let rows = try_join_all(classes.chunks(CLASSES_PER_STATEMENT).map(some)).await?;
    let mut rows: Vec<Stored> = rows.into_iter().flatten().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.point()));
    rows.truncate(most);
    Ok(rows)
}
