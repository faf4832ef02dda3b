//! What a source's own numbers found: the relationships that a message states under a number.
//!
//! A message says "I care for whom I know as 8". That founds a relationship with whomever 8 means,
//! and with nobody else: where 8 comes to mean another person, the relationship goes with it, and
//! an unmerge brings back exactly what the merge took.
//!
//! # Invariants
//!
//! - A relationship that messages founded holds as long as one number that states it means the
//!   person; what a register or a practitioner said is touched by no number.
//! - What a merge took away or brought is marked with the merge; taking it back undoes what bears
//!   the mark, and lets go back what was stated under the number since.
//! - A number is known here by a digest that the caller makes; it stands in no entry.
//!
//! Source: `core.md` 2.6 and 5 (a merge message relinks only its sender's own records).

use jiff::Timestamp;
use ken_core::{Ctx, OrganisationId, PersonId, RelationshipId};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};

use super::{NewRelationship, Relationship, add, end};
use crate::fact::{Grade, grade_of, grade_text};
use crate::{Error, sql};

/// The place of a number where there is none: what a register states stands by itself.
pub(super) const REGISTER: &str = "";
/// What marks a mark that was itself taken back.
const UNDONE: &str = "undone";

/// A number of a source, and whom it meant and means.
#[derive(Debug, Clone, Copy)]
pub struct Moved<'a> {
    /// Whom it meant.
    pub from: PersonId,
    /// Whom it means.
    pub to: PersonId,
    /// Whose number it is.
    pub source: &'a OrganisationId,
    /// A digest of the number.
    pub number: &'a str,
    /// The id of the merge.
    pub merge: &'a str,
}

/// Whether a number states such a relationship already, known as well or better: whoever has
/// nothing new to say need not take the guard for it.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_stated(
    reads: &mut impl Reads,
    ctx: &Ctx<'_>,
    new: &NewRelationship,
    number: &str,
) -> Result<bool, Error> {
    let of = values![new.person, &new.source, number, ctx.now_us()];
    let stated = reads.list(sql::STATED_UNDER, of, read).await?;
    for one in stated {
        if one.kind == new.kind && grade_of(&one.grade)? >= new.grade {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes that a source states a relationship under one of its numbers, and records it where the
/// source had not stated it before. It is the whole organisation's.
///
/// The caller holds the person's guard and bumps it.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn state(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    new: &NewRelationship,
    number: &str,
) -> Result<(), Error> {
    let of = values![new.person, &new.source, new.kind.as_str(), ctx.now_us()];
    let read = |row: &Row<'_>| Ok((row.int(2)?, row.parse(0)?, row.text(1)?));
    let mut held: Vec<(i64, RelationshipId, String)> = tx.list(sql::LIST_STATED, of, read).await?;
    held.sort(); // the oldest first
    for (_, id, grade) in held {
        if grade_of(&grade)? >= new.grade {
            return mark(tx, ctx, new.person, id, (number, REGISTER)).await;
        }
    }
    let id = add(tx, ctx, keys, new).await?;
    mark(tx, ctx, new.person, id, (number, REGISTER)).await
}

/// Lets what a number founds follow it, where a merge moved the number.
///
/// `takes_unknown` says that what messages founded before numbers were noted goes too, which is
/// right only where the source has no other number for `from`. The caller holds both guards and
/// bumps them.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn follow(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: Moved<'_>,
    takes_unknown: bool,
) -> Result<(), Error> {
    if takes_unknown {
        let unknown = values![of.from, of.source, ctx.now_us()];
        let unknown: Vec<RelationshipId> =
            tx.list(sql::LIST_UNNUMBERED, unknown, |row| row.parse(0)).await?;
        for id in unknown {
            mark(tx, ctx, of.from, id, (of.number, REGISTER)).await?;
        }
    }
    let at = values![of.from, of.source, of.number, ctx.now_us()];
    for one in tx.list(sql::STATED_UNDER, at, read).await? {
        take(tx, ctx, keys, (of.from, &one), (of.source, of.number, of.merge)).await?;
        bring(tx, ctx, keys, (of.to, &one), (of.source, of.number, of.merge)).await?;
    }
    Ok(())
}

/// Takes back what [`follow`] did, where the merge is undone; `since` is when it was made. What was
/// stated under the number since goes back with it.
///
/// The caller holds both guards and bumps them.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn go_back(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    of: Moved<'_>,
    since: Timestamp,
) -> Result<(), Error> {
    let at = values![of.to, of.source, of.number, ctx.now_us()];
    let since = since.as_microsecond();
    for one in tx.list(sql::STATED_UNDER, at, read).await? {
        let is_later = one.moved_by == REGISTER && one.since_us >= since;
        if one.moved_by == of.merge || is_later {
            take(tx, ctx, keys, (of.to, &one), (of.source, of.number, UNDONE)).await?;
        }
        if is_later {
            bring(tx, ctx, keys, (of.from, &one), (of.source, of.number, REGISTER)).await?;
        }
    }
    let taken = values![of.from, of.source, of.number, of.merge];
    for one in tx.list(sql::TAKEN_BY, taken, read).await? {
        let has_ended = one.until_us.is_some_and(|until| until <= ctx.now_us());
        let ended = has_ended.then_some(UNDONE);
        let mark = values![of.from, one.id, of.number, one.moved_by.as_str(), ended];
        tx.execute_later(sql::TAKE_STATED, mark).await?;
        if has_ended {
            bring(tx, ctx, keys, (of.from, &one), (of.source, of.number, REGISTER)).await?;
        }
    }
    Ok(())
}

/// A relationship as a number states it.
struct Stated {
    id: RelationshipId,
    kind: String,
    grade: String,
    moved_by: String,
    since_us: i64,
    until_us: Option<i64>,
}

fn read(row: &Row<'_>) -> Result<Stated, ken_store::Error> {
    Ok(Stated {
        id: row.parse(0)?,
        kind: row.text(1)?,
        grade: row.text(2)?,
        moved_by: row.text(3)?,
        since_us: row.int(4)?,
        until_us: row.int_opt(5)?,
    })
}

/// Notes that a number states a relationship, and by which merge it came.
async fn mark(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    id: RelationshipId,
    (number, moved_by): (&str, &str),
) -> Result<(), Error> {
    let of = values![person, id, number, moved_by, ctx.now_us()];
    tx.execute_later(sql::PUT_STATED, of).await?;
    Ok(())
}

/// A number no longer states a relationship; what nothing states any more ends.
async fn take(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, one): (PersonId, &Stated),
    (source, number, by): (&OrganisationId, &str, &str),
) -> Result<(), Error> {
    let of = values![person, one.id, number, one.moved_by.as_str(), by];
    tx.execute_later(sql::TAKE_STATED, of).await?;
    let left = tx.find(sql::STATED_LEFT, values![person, one.id], |row| row.int(0)).await?;
    if left.is_some() {
        return Ok(());
    }
    let held = Relationship {
        id: one.id,
        kind: one.kind.clone(),
        organisation: source.clone(),
        practitioner: None,
        grade: grade_of(&one.grade)?,
    };
    end(tx, ctx, keys, person, &held).await?;
    Ok(())
}

/// A number states a relationship with somebody else, of the same kind and known as well.
async fn bring(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (person, one): (PersonId, &Stated),
    (source, number, by): (&OrganisationId, &str, &str),
) -> Result<(), Error> {
    let grade = grade_of(&one.grade)?;
    let of = values![person, source, one.kind.as_str(), ctx.now_us()];
    let held: Vec<(RelationshipId, String)> =
        tx.list(sql::LIST_STATED, of, |row| Ok((row.parse(0)?, row.text(1)?))).await?;
    let same = held.into_iter().find(|(_, known)| known == grade_text(grade));
    let id = match same {
        Some((id, _)) => id,
        None => add(tx, ctx, keys, &like(person, source, &one.kind, grade)).await?,
    };
    mark(tx, ctx, person, id, (number, by)).await
}

fn like(person: PersonId, source: &OrganisationId, kind: &str, grade: Grade) -> NewRelationship {
    NewRelationship {
        person,
        kind: kind.to_owned(),
        organisation: source.clone(),
        practitioner: None,
        grade,
        source: source.clone(),
        until: None,
    }
}
