//! Who is meant by what comes late: a source may have put right since who somebody is.
//!
//! # Invariants
//!
//! - What comes late moves no number: a source has said since whom the number means. Late is what
//!   the same system has said something after, which lies with that person under that number.
//! - It is of that person where what the source said before it, it, and what the source said next
//!   follow from one another as they would have done in their order, and each side says who it
//!   speaks of in full. Else a human looks.
//! - What has no time is older than what has one, and may have said anything.
//!
//! Source: ADR 48 (the order).

use jiff::Timestamp;
use ken_core::{Ctx, MessageId, PersonId};
use ken_person::{Demographics, Identified, InOrder, Since};
use ken_records::{Under, moves};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Tx, values};

use crate::apply::{Arrival, demographics};
use crate::late::{read_again, times};
use crate::{Error, sql};

/// Most messages on either side that are read until they say who somebody is. House policy: that
/// most messages say it, and some only the number.
const NEAR_MAX: usize = 20;
/// Most bytes of these, sealed. House policy: as of those that are said again.
const NEAR_BYTES_MAX: usize = 4 << 20;

/// Says who a message means; of one that contradicts whom its number means, whether it comes late.
pub(crate) async fn identify(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    who: &Demographics,
) -> Result<Identified, Error> {
    let index = arrival.index;
    let asks = match ken_person::identify_in_order(tx, ctx, keys, index, who).await? {
        InOrder::Identified(identified) => return Ok(identified),
        InOrder::Asks(person) => person,
    };
    let since = Box::pin(since(tx, ctx, keys, arrival, (asks, who))).await?;
    Ok(ken_person::identify_since(tx, ctx, keys, index, who, since).await?)
}

/// What a source has said of a person since it said a message.
async fn since(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    (person, who): (PersonId, &Demographics),
) -> Result<Since, Error> {
    let under = &Under::of(&who.source.local);
    // What was said before and since is still on its way.
    let organisation = &arrival.source.organisation;
    if let Some(has_failed) = moves::coming(tx, person, organisation, under).await? {
        return Err(Error::Moving { has_failed });
    }
    let (_, late) = times(tx, ctx, arrival, (person, under)).await?;
    let Some(said) = late else { return Ok(Since::Nothing) };
    let mut before = near(tx, keys, arrival, (person, under), (said, sql::SAID_BEFORE)).await?;
    if matches!(before, Near::Nobody) {
        let of = values![person, under.as_str(), arrival.source.id.as_str()];
        let untimed = tx.find(sql::SAID_SOME_TIME, of, |row| row.int(0)).await?;
        before = untimed.map_or(before, |_| Near::Unclear);
    }
    let after = near(tx, keys, arrival, (person, under), (said, sql::SAID_AFTER)).await?;
    let is_same = match (before, after) {
        (Near::Nobody, Near::Who(after)) => ken_person::is_still_same(&after, who),
        (Near::Who(before), Near::Who(after)) => {
            ken_person::is_still_same(who, &before)
                && ken_person::is_still_same(&after, &who.over(&before))
        }
        (_, Near::Nobody | Near::Unclear) | (Near::Unclear, _) => false,
    };
    Ok(if is_same { Since::OfSame } else { Since::Unclear })
}

/// Who somebody is by what a source said before a message, or next after it.
enum Near {
    /// Nothing was said of it.
    Nobody,
    /// This, in full, each part by the nearest message that says it.
    Who(Box<Demographics>),
    /// It says too little, is not to be read any more, or not within bounds.
    Unclear,
}

/// Who somebody is by the messages on one side of an instant, the nearest first.
async fn near(
    tx: &mut Tx,
    keys: &KeyRing,
    arrival: &Arrival<'_>,
    (person, under): (PersonId, &Under),
    (said, side): (Timestamp, ken_store::Sql),
) -> Result<Near, Error> {
    let source = arrival.source;
    let most = i64::try_from(NEAR_MAX).unwrap_or_default() + 1;
    let of = values![person, under.as_str(), source.id.as_str(), said, most];
    let found = tx.list(side, of, |row| row.parse::<MessageId>(0)).await?;
    let (is_cut, mut left) = (found.len() > NEAR_MAX, NEAR_BYTES_MAX);
    let mut near: Option<Box<Demographics>> = None;
    for id in found.into_iter().take(NEAR_MAX) {
        let of = (source, person, Timestamp::UNIX_EPOCH);
        let Some(one) = read_again(tx, keys, of, (id, &mut left)).await? else {
            return Ok(Near::Unclear);
        };
        let one = demographics(&one.arrival(arrival))?;
        let who = Box::new(near.map_or_else(|| one.clone(), |near| near.over(&one)));
        if who.says_all() {
            return Ok(Near::Who(who));
        }
        near = Some(who);
    }
    let says_some = near.is_some_and(|who| who.says_who());
    Ok(if is_cut || says_some { Near::Unclear } else { Near::Nobody })
}
