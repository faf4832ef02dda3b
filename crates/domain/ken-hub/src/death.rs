//! A death that a source says, and withdraws.
//!
//! # Invariants
//!
//! - The state of the person ends only when every system of the organisation that said it, under
//!   every number, has withdrawn it aloud; a message that says nothing withdraws nothing.
//! - What another organisation said, or a person of this one has set, is not a source's to end.
//! - What comes late withdraws nothing where it is not known all that was said since: it may have
//!   been said again. Nor does it say one: a message said since may have said that they live. A
//!   person is told of it (`hub.late-by-hand`).
//! - What was said under a number follows the number, and is withdrawn under the one that it was
//!   merged into: nobody says anything under the merged one any more.
//!
//! Source: HL7 v2.8, 3.4.2.29 and 3.4.2.30 (PID-29, PID-30); ADR 18.

use std::collections::BTreeSet;

use ken_core::{Ctx, Fact, OrganisationId, PersonId};
use ken_hl7::map::Death;
use ken_records::Under;
use ken_sharing::fact::{self, Grade};
use ken_sharing::relationship::number::Moved;
use ken_store::{Reads, Row, Tx, values};

use crate::apply::Arrival;
use crate::{Error, sql};

/// The state of the person that the gate reads.
const DECEASED: &str = "deceased";

/// Most numbers that were merged into one and under which a death was said. House policy.
const SAID_MAX: i64 = 20;

/// Of whom a message says other than its source said before: that they have died, or that they have
/// not. Of another person than it is about only where their number was merged into this one's.
/// Where it may not `withdraw`, since something said after it is not known, only that they have
/// died.
pub(crate) async fn news(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    arrival: &Arrival<'_>,
    (person, withdraws): (PersonId, bool),
    number: &str,
) -> Result<BTreeSet<PersonId>, Error> {
    let death = arrival.mapped.demographics.death;
    let death = death.filter(|death| withdraws || *death != Death::Withdrawn);
    let Some(death) = death else { return Ok(BTreeSet::new()) };
    let (organisation, source) = (&arrival.source.organisation, arrival.source.id.as_str());
    let of = values![organisation, source, number, SAID_MAX];
    let read = |row: &Row<'_>| Ok((row.parse::<PersonId>(0)?, row.text(1)?));
    let mut said = tx.list(sql::DEATHS_SAID, of, read).await?;
    if matches!(death, Death::Died(_)) {
        let is_said = said.iter().any(|(of, under)| *of == person && under == number);
        return Ok((!is_said).then_some(person).into_iter().collect());
    }
    if said.iter().any(|(of, _)| *of != person) {
        let same = fact::near(tx, ctx, person).await?.same;
        said.retain(|(of, _)| *of == person || same.contains(of));
    }
    Ok(said.into_iter().map(|(of, _)| of).collect())
}

/// Takes what a message says of the death of those of whom it is [`news`]; the caller holds their
/// guards.
pub(crate) async fn take(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    arrival: &Arrival<'_>,
    people: &BTreeSet<PersonId>,
    number: &str,
) -> Result<(), Error> {
    let (organisation, source) = (&arrival.source.organisation, arrival.source.id.as_str());
    for person in people {
        match arrival.mapped.demographics.death {
            Some(Death::Died(_)) => {
                let of = values![person, organisation, source, number, ctx.now_us()];
                tx.execute(sql::SAY_DEATH, of).await?;
            }
            Some(Death::Withdrawn) => {
                let of = values![person, organisation, source, number];
                tx.execute(sql::WITHDRAW_DEATH, of).await?;
            }
            None => {}
        }
        state(tx, ctx, *person, organisation).await?;
    }
    Ok(())
}

/// Lets what was said under a number follow it; the caller holds both guards.
pub(crate) async fn follow(tx: &mut Tx, ctx: &Ctx<'_>, of: Moved<'_>) -> Result<(), Error> {
    let moved = values![of.from, of.source, of.number, of.to];
    if tx.execute(sql::COPY_DEATHS, moved).await? == 0 {
        return Ok(());
    }
    tx.execute(sql::DELETE_DEATHS, values![of.from, of.source, of.number]).await?;
    state(tx, ctx, of.from, of.source).await?;
    state(tx, ctx, of.to, of.source).await
}

/// Notes which number one is now: its source says nothing under it any more.
pub(crate) async fn rename(
    tx: &mut Tx,
    source: &OrganisationId,
    (number, now): (&Under, &Under),
) -> Result<(), Error> {
    tx.execute(sql::RENAME_DEATHS, values![source, number.as_str(), now.as_str()]).await?;
    Ok(())
}

/// Records or ends the state, as the organisation's systems say together.
async fn state(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    person: PersonId,
    organisation: &OrganisationId,
) -> Result<(), Error> {
    let deceased = Fact::new(DECEASED).map_err(|_| Error::Corrupt("state"))?;
    let is_said = tx.find(sql::ANY_DEATH, values![person, organisation], |row| row.int(0)).await?;
    let held = fact::says(tx, ctx, person, organisation, &deceased).await?;
    match (is_said.is_some(), held) {
        (true, None) => {
            let fact = (&deceased, Grade::System);
            fact::record(tx, ctx, person, organisation, fact).await?;
        }
        (false, Some(Grade::System)) => {
            fact::end(tx, ctx, person, organisation, &deceased).await?;
        }
        _ => {}
    }
    Ok(())
}
