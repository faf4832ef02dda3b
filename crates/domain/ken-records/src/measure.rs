//! Times of filing and of what happened, for whoever measures or counts, and for whoever asks back
//! what was shown of the wrong person. Nothing of what was filed comes out of here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ken_core::PersonId;
use ken_store::{Reads, Row, values};

use crate::{Error, Under, sql};

/// Items whose versions are read at once. House policy: as many versions as one list gives, where
/// each item has four thousand.
const ITEMS_PART: i64 = 25;
/// Most such parts of one person. House policy: a hundred thousand items.
const PARTS_MAX: usize = 4_000;

/// Events that one part of a count reads. House policy: some milliseconds.
const HAPPENED_PART: i64 = 500;
/// Most such parts of one person. House policy: twenty thousand events in the time of one table.
const HAPPENED_PARTS_MAX: usize = 40;

/// When the newest of these classes was filed about a person, not after an instant; none where
/// nothing was.
///
/// # Errors
///
/// Whatever the store says.
pub async fn filed_by<R: Reads>(
    reads: &mut R,
    (person, classes): (PersonId, &[String]),
    until: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let mut newest = None;
    for class in classes {
        let of = values![person, class.as_str(), until];
        let filed = reads.find(sql::FILED_BY, of, |row| row.time_opt(0)).await?.flatten();
        newest = newest.max(filed);
    }
    Ok(newest)
}

/// When something of each class was held about a person, by the number that it was filed under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldTimes {
    /// Each spell from the filing of a version up to, not including, that of the one that took its
    /// place, in microseconds; in order, and apart.
    spells: BTreeMap<(String, Under), Vec<(i64, i64)>>,
    /// Whether all items were read.
    pub is_whole: bool,
}

impl HeldTimes {
    /// The classes that were ever held, by their ids.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.spells.keys().map(|(class, _)| class.as_str())
    }

    /// The classes of which something was held at an instant, each with the number that it was
    /// filed under.
    pub fn at(&self, at: Timestamp) -> impl Iterator<Item = (&str, &Under)> {
        let at = at.as_microsecond();
        let holds = move |spells: &[(i64, i64)]| {
            let after = spells.partition_point(|(from, _)| *from <= at);
            after.checked_sub(1).and_then(|n| spells.get(n)).is_some_and(|(_, until)| at < *until)
        };
        let held = self.spells.iter().filter(move |(_, spells)| holds(spells));
        held.map(|((class, under), _)| (class.as_str(), under))
    }
}

/// When what was held about a person: of each item the class of its newest version by then.
///
/// # Errors
///
/// Whatever the store says.
pub async fn held_times<R: Reads>(reads: &mut R, person: PersonId) -> Result<HeldTimes, Error> {
    let read = |row: &Row<'_>| {
        let class = (row.text(1)?, Under::from(row.text(2)?));
        Ok((row.text(0)?, class, (row.int(3)?, row.int_opt(4)?.unwrap_or(i64::MAX))))
    };
    let mut spells: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let (mut last, mut is_whole) = (String::new(), false);
    for _ in 0..PARTS_MAX {
        let of = values![person, last.as_str(), ITEMS_PART];
        let part = reads.list(sql::HELD_TIMES, of, read).await?;
        let Some((item, ..)) = part.last() else {
            is_whole = true;
            break;
        };
        last.clone_from(item);
        for (_, class, spell) in part {
            spells.entry(class).or_default().push(spell);
        }
        spells.values_mut().for_each(join);
    }
    Ok(HeldTimes { spells, is_whole })
}

/// What happened to a person from one instant up to, not including, another, and stands: of each
/// the class and when. None where more happened than is read.
///
/// # Errors
///
/// Whatever the store says.
pub async fn happened<R: Reads>(
    reads: &mut R,
    person: PersonId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Option<Vec<(String, Timestamp)>>, Error> {
    let read = |row: &Row<'_>| Ok((row.text(0)?, (row.text(1)?, row.time(2)?)));
    let (mut last, mut all) = (String::new(), vec![]);
    for _ in 0..HAPPENED_PARTS_MAX {
        let of = values![person, last.as_str(), from, until, HAPPENED_PART];
        let part = reads.list(sql::HAPPENED, of, read).await?;
        let Some((item, _)) = part.last() else { return Ok(Some(all)) };
        last.clone_from(item);
        all.extend(part.into_iter().map(|(_, happened)| happened));
    }
    Ok(None)
}

/// Puts spells in order, and those that meet together.
fn join(spells: &mut Vec<(i64, i64)>) {
    spells.sort_unstable();
    let mut joined: Vec<(i64, i64)> = vec![];
    for (from, until) in spells.drain(..) {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => joined.push((from, until)),
        }
    }
    *spells = joined;
}
