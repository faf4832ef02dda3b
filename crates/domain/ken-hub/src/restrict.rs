//! Restrictions that a source says of a person, and lifts.
//!
//! # Invariants
//!
//! - A state of the person ends only when every restriction that founds it, whichever system of the
//!   organisation said it, was lifted by name.
//! - What might lift and does not say what lifts nothing: the message is put before a human, beside
//!   being applied. Its body is kept once, with the person.
//! - A system lifts what it said itself, and nothing of another's.
//! - A state that a person of the organisation has set is not a source's to lift.
//! - Where a number moves, what its organisation's systems restricted of the one person holds for
//!   the other too: what is protected may be what moves. Each is lifted for itself.
//! - Where that merge is taken back, what it brought goes with it, unless something else founds it:
//!   another merge, what was said of them by name and stands, or what nobody knows the reason of.
//!   What was said since, be it again, holds for both, for the same reason.
//!
//! Source: HL7 v2.8, chapter 3 (`ARV`); house policy.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, Fact, OrganisationId, PersonId};
use ken_hl7::map::{Restriction, Said, UNKNOWN, restricts};
use ken_sharing::fact::{self, Grade};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Tx, values};

use crate::apply::Arrival;
use crate::held::{NewHeld, hold};
use crate::source::Source;
use crate::{Error, sql};

/// The code of a message that may lift a restriction, and does not say which.
pub(crate) const LIFT: &str = "hub.lift-by-hand";

/// Most restrictions of a person that one organisation's systems say; where there are more, nobody
/// can tell what a lift leaves. House policy.
const SAID_MAX: usize = 1_000;

/// A restriction that was said and not lifted since.
struct Row {
    /// By which source.
    by: String,
    value: String,
    /// What tells it from another of that value, and of which visit it is.
    mark: String,
    visit: String,
}

/// Takes what a message says of restrictions; the caller holds the person's guard. Where `lifts` is
/// false something that was said since is not known, and what it lifts is for a human.
pub(crate) async fn take(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    (person, lifts): (PersonId, bool),
) -> Result<(), Error> {
    let (source, all) = (arrival.source, &arrival.mapped.restrictions);
    let mut is_clear = true;
    // Those that hold come first in their order.
    for one in all {
        let before = rows(tx, person, &source.organisation).await?;
        is_clear &= match one.said {
            Said::Holds => held(tx, ctx, (person, source), (&before, one)).await?,
            Said::Lifted if lifts => lifted(tx, ctx, (person, source), (&before, one)).await?,
            Said::Lifted | Said::Unclear => !is_restricted(tx, ctx, person, source).await?,
        };
    }
    if is_clear {
        return Ok(());
    }
    let header = &arrival.mapped.header;
    let held = NewHeld {
        id: arrival.message,
        source: Some(&source.id),
        control_id: &header.control_id,
        kind: arrival.kind,
        code: LIFT,
        body: &[],
        waits: true,
    };
    hold(tx, ctx, keys, &held).await
}

/// Lets what an organisation's systems said of one person hold of another too, by a merge; the
/// caller holds the guards of both, and bumps them.
pub(crate) async fn copy(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (from, to): (PersonId, PersonId),
    source: &OrganisationId,
    merge: &str,
) -> Result<(), Error> {
    let (theirs, own) = (rows(tx, from, source).await?, rows(tx, to, source).await?);
    let (theirs, own) = (states(&theirs), states(&own));
    tx.execute(sql::RESTRICTIONS_COPIED, values![from, source, to, merge]).await?;
    for state in restricts(UNKNOWN) {
        let fact = named(state)?;
        let held = fact::says(tx, ctx, to, source, &fact).await?;
        if held == Some(Grade::System)
            && !own.contains(state)
            && !is_copied(tx, to, source, state).await?
        {
            // Taken before its values were kept: no merge that is taken back ends it.
            put(tx, to, (source, ""), [UNKNOWN, "", ""], 0).await?;
        }
        // Whoever of the organisation said it: it protects the same.
        let Some(grade) = fact::says(tx, ctx, from, source, &fact).await? else { continue };
        if held.is_none() {
            fact::record(tx, ctx, to, source, (&fact, Grade::System)).await?;
        }
        // A state that a person has set, or that came in such a way, has no restriction beside it.
        let by_name = grade == Grade::System && theirs.contains(state);
        if !by_name || is_copied(tx, from, source, state).await? {
            tx.execute(sql::STATE_COPIED, values![to, source, *state, merge]).await?;
        }
    }
    Ok(())
}

/// Takes back what a merge copied from one person to another, and lets hold for both what was said
/// since it; the caller holds the guards of both, and bumps them.
pub(crate) async fn take_back(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (from, to): (PersonId, PersonId),
    source: &OrganisationId,
    (merge, since): (&str, Timestamp),
) -> Result<(), Error> {
    let with_time = |one: &ken_store::Row<'_>| Ok((row(one)?, one.int(4)?));
    let of = values![to, source, since, most()];
    for (one, since_us) in tx.list(sql::RESTRICTED_SINCE, of, with_time).await? {
        for state in restricts(&one.value) {
            let fact = named(state)?;
            if fact::says(tx, ctx, from, source, &fact).await?.is_none() {
                fact::record(tx, ctx, from, source, (&fact, Grade::System)).await?;
            }
        }
        let said = [one.value.as_str(), &one.mark, &one.visit];
        put(tx, from, (source, &one.by), said, since_us).await?;
    }
    let brought = brought(tx, to, source, merge).await?;
    let of = values![to, source, merge];
    tx.execute(sql::RESTRICTIONS_TAKEN_BACK, of).await?;
    tx.execute(sql::STATES_TAKEN_BACK, of).await?;
    let after = rows(tx, to, source).await?;
    let left = states(&after);
    for state in brought.difference(&left) {
        let fact = named(state)?;
        let is_ours = fact::says(tx, ctx, to, source, &fact).await? == Some(Grade::System);
        if is_ours && !is_copied(tx, to, source, state).await? {
            fact::end(tx, ctx, to, source, &fact).await?;
        }
    }
    Ok(())
}

/// The states that a merge brought to a person, by restrictions or without.
async fn brought(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    merge: &str,
) -> Result<BTreeSet<&'static str>, Error> {
    let of = values![person, source, merge, most()];
    let mut values = tx.list(sql::VALUES_COPIED, of, |row| row.text(0)).await?;
    if values.len() >= SAID_MAX {
        values.push(UNKNOWN.to_owned());
    }
    let mut states: BTreeSet<_> = values.iter().flat_map(|value| restricts(value)).collect();
    let of = values![person, source, merge];
    let alone = tx.list(sql::STATES_COPIED, of, |row| row.text(0)).await?;
    states.extend(restricts(UNKNOWN).iter().filter(|state| alone.iter().any(|one| one == *state)));
    Ok(states.into_iter().copied().collect())
}

/// Whether a merge that stands brought a state to a person that no restriction founds by name.
async fn is_copied(
    tx: &mut Tx,
    person: PersonId,
    source: &OrganisationId,
    state: &str,
) -> Result<bool, Error> {
    let of = values![person, source, state];
    Ok(tx.find(sql::IS_STATE_COPIED, of, |row| row.int(0)).await?.is_some())
}

/// One more holds.
async fn held(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (person, source): (PersonId, &Source),
    (before, one): (&[Row], &Restriction),
) -> Result<bool, Error> {
    let (founded, own, now) = (states(before), &source.organisation, ctx.now_us());
    for state in restricts(&one.value) {
        match says(tx, ctx, person, source, state).await? {
            // Taken before its values were kept: nobody knows what founds it.
            Some(Grade::System)
                if !founded.contains(state) && !is_copied(tx, person, own, state).await? =>
            {
                put(tx, person, (own, &source.id), [UNKNOWN, "", ""], now).await?;
            }
            Some(_) => {}
            None => {
                fact::record(tx, ctx, person, own, (&named(state)?, Grade::System)).await?;
            }
        }
    }
    put(tx, person, (own, &source.id), [&one.value, &one.mark, &one.visit], now).await?;
    Ok(true)
}

/// One is lifted; false where it is not clear which, or something else founds what it would end.
async fn lifted(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    (person, source): (PersonId, &Source),
    (before, one): (&[Row], &Restriction),
) -> Result<bool, Error> {
    let Some(row) = lifts(before, &source.id, one) else {
        return Ok(!is_restricted(tx, ctx, person, source).await?);
    };
    let of = values![
        person,
        source.organisation.as_str(),
        row.by.as_str(),
        row.value.as_str(),
        row.mark.as_str(),
        row.visit.as_str()
    ];
    tx.execute(sql::RESTRICTION_LIFTED, of).await?;
    tx.execute(sql::COPY_LIFTED, of).await?;
    let after = rows(tx, person, &source.organisation).await?;
    let left = states(&after);
    // What nobody knows the reason of may have had this one.
    let mut is_clear = after.iter().all(|row| row.value != UNKNOWN);
    for state in restricts(&row.value).iter().filter(|state| !left.contains(*state)) {
        let by_merge = is_copied(tx, person, &source.organisation, state).await?;
        match says(tx, ctx, person, source, state).await? {
            Some(Grade::System) if !by_merge => {
                fact::end(tx, ctx, person, &source.organisation, &named(state)?).await?;
            }
            Some(_) => is_clear = false,
            None => {}
        }
    }
    Ok(is_clear)
}

/// Which one a lift is of, where that is clear.
fn lifts<'a>(said: &'a [Row], by: &str, one: &Restriction) -> Option<&'a Row> {
    if said.len() >= SAID_MAX {
        return None;
    }
    let is_bare = one.mark.trim_matches('|').is_empty();
    let own = said.iter().filter(|row| row.by == by);
    let fits = |row: &&Row| {
        row.value == one.value && row.visit == one.visit && (is_bare || row.mark == one.mark)
    };
    // A lift without a value may mean any of them.
    if one.value.is_empty() && own.clone().count() > 1 {
        return None;
    }
    let mut found = own.filter(fits);
    let first = found.next();
    first.filter(|_| found.next().is_none())
}

/// Whether the organisation says anything that a lift could be of.
async fn is_restricted(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &Source,
) -> Result<bool, Error> {
    for state in restricts(UNKNOWN) {
        if says(tx, ctx, person, source, state).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn says(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    source: &Source,
    state: &str,
) -> Result<Option<Grade>, Error> {
    Ok(fact::says(tx, ctx, person, &source.organisation, &named(state)?).await?)
}

fn named(state: &str) -> Result<Fact, Error> {
    Fact::new(state).map_err(|_| Error::Corrupt("state"))
}

/// The states that restrictions found; of too many to read, all that may be.
fn states(rows: &[Row]) -> BTreeSet<&'static str> {
    if rows.len() >= SAID_MAX {
        return restricts(UNKNOWN).iter().copied().collect();
    }
    rows.iter().flat_map(|row| restricts(&row.value)).copied().collect()
}

/// What the systems of the organisation have said of the person, or merges have brought to them.
async fn rows(
    tx: &mut Tx,
    person: PersonId,
    organisation: &OrganisationId,
) -> Result<Vec<Row>, Error> {
    Ok(tx.list(sql::RESTRICTIONS_SAID, values![person, organisation, most()], row).await?)
}

fn row(row: &ken_store::Row<'_>) -> Result<Row, ken_store::Error> {
    let (by, value) = (row.text(0)?, row.text(1)?);
    Ok(Row { by, value, mark: row.text(2)?, visit: row.text(3)? })
}

fn most() -> i64 {
    i64::try_from(SAID_MAX).unwrap_or(i64::MAX)
}

async fn put(
    tx: &mut Tx,
    person: PersonId,
    (organisation, by): (&OrganisationId, &str),
    [value, mark, visit]: [&str; 3],
    since_us: i64,
) -> Result<(), Error> {
    let of = values![person, organisation, by, value, mark, visit, since_us];
    tx.execute(sql::RESTRICTION_SAID, of).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_by(by: &str, value: &str, mark: &str, visit: &str) -> Row {
        let [by, value, mark, visit] = [by, value, mark, visit].map(str::to_owned);
        Row { by, value, mark, visit }
    }

    #[test]
    fn a_lift_is_clear_where_one_of_its_own_source_fits() {
        let check = |said: &[Row], lift: [&str; 3], want: Option<usize>| {
            let [value, mark, visit] = lift.map(str::to_owned);
            let one = Restriction { said: Said::Lifted, value, mark, visit };
            let found = lifts(said, "a", &one);
            let at = found.and_then(|row| said.iter().position(|one| std::ptr::eq(one, row)));
            assert_eq!(at, want, "{lift:?}");
        };
        let said = [
            said_by("a", "PSY", "VIP|", ""),
            said_by("a", "PSY", "EMP|", ""),
            said_by("b", "LOC", "|", ""),
        ];
        check(&said, ["PSY", "EMP|", ""], Some(1));
        check(&said, ["PSY", "|", ""], None);
        check(&said, ["PSY", "OTH|", ""], None);
        check(&said, ["LOC", "|", ""], None);
        check(&said, ["", "|", ""], None);
        let visits = [said_by("a", "LOC", "|", "V1"), said_by("a", "LOC", "|", "V2")];
        check(&visits, ["LOC", "|", "V2"], Some(1));
        check(&visits, ["LOC", "|", ""], None);
        let nameless = [said_by("b", "LOC", "|", ""), said_by("a", "", "|", "")];
        check(&nameless, ["", "|", ""], Some(1));
        check(&nameless[..1], ["", "|", ""], None);
        let many: Vec<Row> =
            (0..SAID_MAX).map(|at| said_by("a", &at.to_string(), "|", "")).collect();
        check(&many[1..], ["7", "|", ""], Some(6));
        check(&many, ["7", "|", ""], None);
    }
}
