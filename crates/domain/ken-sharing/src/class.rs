//! Row classes: what the gate needs to know of a row, and nothing of what it says.
//!
//! A class is (category, labels, source party, lineage). It is interned under the hash of its
//! canonical text, so that two nodes that meet the same class give it the same id.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ken_core::{Category, InstrumentHash, Label, OrganisationId, PersonId};
use ken_store::{Reads, Tx, values};
use sha2::{Digest, Sha256};

use crate::decide::RowClass;
use crate::{Error, sql};

/// Most classes that may be held about one person; more is a fault of configuration, and filing
/// stops with a clear error before a page would grow slow.
pub const CLASSES_PER_PERSON_MAX: usize = 2_000;

/// The id under which a class is interned: 128 bits of the SHA-256 of its canonical text.
#[must_use]
pub fn id(class: &RowClass) -> String {
    let RowClass { category, labels, source, lineage } = class;
    let text = [category.as_str(), &joined(labels), source.as_str(), &joined(lineage)].join("\n");
    let digest = Sha256::digest(text.as_bytes());
    let mut id = String::with_capacity(32);
    for byte in digest.iter().take(16) {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// Interns a class and notes that something of it is held about a person.
///
/// # Errors
///
/// [`Error::TooManyClasses`] beyond [`CLASSES_PER_PERSON_MAX`]; whatever the store says.
pub async fn note_held(tx: &mut Tx, person: PersonId, class: &RowClass) -> Result<String, Error> {
    let id = id(class);
    let of = values![person, id.as_str()];
    if tx.execute(sql::INSERT_HELD_CLASS, of).await? > 0 {
        let of = values![
            id.as_str(),
            &class.category,
            joined(&class.labels),
            &class.source,
            joined(&class.lineage)
        ];
        tx.execute_later(sql::INSERT_CLASS, of).await?;
        let over = values![person, i64::try_from(CLASSES_PER_PERSON_MAX).unwrap_or(i64::MAX)];
        if tx.find(sql::HELD_CLASS_AFTER, over, |row| row.text(0)).await?.is_some() {
            return Err(Error::TooManyClasses);
        }
    }
    Ok(id)
}

/// Notes that something of a class that is known is held about a person.
///
/// # Errors
///
/// Whatever the store says.
pub async fn note_id(tx: &mut Tx, person: PersonId, id: &str) -> Result<(), Error> {
    tx.execute_later(sql::INSERT_HELD_CLASS, values![person, id]).await?;
    Ok(())
}

/// The class that is interned under an id; none where there is no such.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find(reads: &mut impl Reads, id: &str) -> Result<Option<RowClass>, Error> {
    let row = reads
        .find(sql::FIND_CLASS, values![id], |row| {
            Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?))
        })
        .await?;
    row.map(read).transpose()
}

/// The classes held about a person.
pub(crate) async fn held<R: Reads>(
    reads: &mut R,
    person: PersonId,
) -> Result<BTreeSet<RowClass>, Error> {
    let rows = reads
        .list(sql::LIST_HELD_CLASSES, values![person], |row| {
            Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?))
        })
        .await?;
    if rows.len() > CLASSES_PER_PERSON_MAX {
        return Err(Error::TooManyClasses);
    }
    rows.into_iter().map(read).collect()
}

/// The ids of the classes of some categories that are held about a person, for whoever measures.
///
/// # Errors
///
/// As [`find`].
pub async fn of_categories<R: Reads>(
    reads: &mut R,
    person: PersonId,
    categories: &BTreeSet<Category>,
) -> Result<Vec<String>, Error> {
    let held = held(reads, person).await?;
    Ok(held.iter().filter(|class| categories.contains(&class.category)).map(id).collect())
}

/// The categories of which a source holds something about a person, or has held it.
///
/// # Errors
///
/// As [`find`]; [`Error::TooManyClasses`].
pub async fn categories_of<R: Reads>(
    reads: &mut R,
    person: PersonId,
    source: &OrganisationId,
) -> Result<BTreeSet<Category>, Error> {
    let held = held(reads, person).await?;
    Ok(held.into_iter().filter(|class| class.source == *source).map(|one| one.category).collect())
}

fn read(
    (category, labels, source, lineage): (String, String, String, String),
) -> Result<RowClass, Error> {
    let corrupt = |_| Error::Corrupt("row class");
    Ok(RowClass {
        category: category.parse().map_err(corrupt)?,
        labels: split(&labels).map(Label::new).collect::<Result<_, _>>().map_err(corrupt)?,
        source: source.parse().map_err(corrupt)?,
        lineage: split(&lineage)
            .map(InstrumentHash::new)
            .collect::<Result<_, _>>()
            .map_err(corrupt)?,
    })
}

/// Words have no space, so a space parts them.
fn joined<W: AsRef<str>>(words: &BTreeSet<W>) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ")
}

fn split(words: &str) -> impl Iterator<Item = &str> {
    words.split(' ').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_differ_in_anything_have_different_ids() {
        let class = |labels: &[&str], lineage: &[&str]| RowClass {
            category: Category::new("concern").unwrap(),
            labels: labels.iter().map(|label| Label::new(*label).unwrap()).collect(),
            source: OrganisationId::new("police").unwrap(),
            lineage: lineage.iter().map(|hash| InstrumentHash::new(*hash).unwrap()).collect(),
        };
        let ids: BTreeSet<_> = [
            class(&[], &[]),
            class(&["restricted"], &[]),
            class(&[], &["restricted"]),
            class(&["a", "b"], &[]),
            class(&["a"], &["b"]),
        ]
        .iter()
        .map(id)
        .collect();
        assert_eq!(ids.len(), 5);
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
