//! What the governance office of the demo keeps: systems and processors with who answers for them,
//! a breach that a processor reported, and one that the council found itself.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use ken_agreement::Day;
use ken_core::{EntryId, OrganisationId, Sensitive};
use ken_directory::Acting;
use ken_office::breach::{self, FIELDS, Group, Kind, New};
use ken_office::register::{self, Duty, Register, Written};
use ken_store::Snapshot;

use super::directory::{Staff, word};
use super::sharing::governs;
use super::{Error, Parts};

/// The council, whose registers are shown.
const COUNCIL: &str = "cec";
/// The charity that runs a service for the council on its instructions.
const PROCESSOR: &str = "rowan";

/// Fills the registers; a build that goes on leaves what is there.
pub(super) async fn keep(parts: &Parts, staff: &Staff) -> Result<(), Error> {
    let council: OrganisationId = word(COUNCIL)?;
    let list = async |s: &mut Snapshot| breach::list(s, &council).await;
    if !parts.db.snapshot("demo.breaches", list).await?.is_empty() {
        return Ok(());
    }
    let officer = governs(parts, staff, &council)?;
    registers(parts, &officer).await?;
    let own = [
        "A referral went to a wrong address of a team. (made up)",
        "Names and reasons of visits",
        "Somebody may learn who is visited",
        "The team deleted it and said so; the address book is put right",
    ];
    let what = (&council, Kind::Disclosure, 20, 2);
    let one = record(parts, &officer, what, own).await?;
    let (ctx, group) = (parts.ctx(), Group { of: council.clone(), people: 2, told: 1 });
    let counted = breach::count(&parts.db, &ctx, &parts.keys, &officer, (one, &group)).await?;
    counted.map_err(|_| Error::Missing("breach"))?;
    let processor = governs(parts, staff, &word(PROCESSOR)?)?;
    let told = [
        "A tablet was left in a café and came back after an hour. (made up)",
        "Rotas with first names and streets",
        "Somebody may have read today's rota",
        "It was locked; a shorter time to lock is set on all of them",
    ];
    record(parts, &processor, (&council, Kind::Access, 3, 9), told).await.map(drop)
}

async fn record(
    parts: &Parts,
    by: &Acting,
    (controller, kind, hours, people): (&OrganisationId, Kind, i64, i64),
    said: [&str; 4],
) -> Result<EntryId, Error> {
    let ctx = parts.ctx();
    let words = FIELDS.into_iter().zip(said);
    let words: BTreeMap<_, _> =
        words.map(|(field, text)| (field.to_owned(), text.to_owned())).collect();
    let new = New {
        controller: controller.clone(),
        kind,
        found: ctx.clock.now() - SignedDuration::from_hours(hours),
        people: Some(people),
        words: Sensitive::new(words),
    };
    let kept = breach::record(&parts.db, &ctx, &parts.keys, by, &new).await?;
    kept.map_err(|_| Error::Missing("breach"))
}

/// The council's own system and its owner, and its processor, whose contract lacks the audit.
async fn registers(parts: &Parts, by: &Acting) -> Result<(), Error> {
    let ctx = parts.ctx();
    let until = ctx.clock.today().saturating_add(jiff::ToSpan::years(2));
    let system = Written {
        name: "Social work system".to_owned(),
        owner: "Head of service".to_owned(),
        detail: "Referrals, assessments and plans; its steward is the systems team".to_owned(),
        until: None,
        about: Some(COUNCIL.to_owned()),
        duties: [].into(),
    };
    let processor = Written {
        name: "Rowan Support".to_owned(),
        owner: "Head of commissioning".to_owned(),
        detail: "Keeps rotas of home visits on the council's instructions; no other processor"
            .to_owned(),
        until: Some(Day(until)),
        about: Some(PROCESSOR.to_owned()),
        duties: Duty::ALL.into_iter().filter(|duty| *duty != Duty::Audit).collect(),
    };
    for of in [(Register::Asset, &system), (Register::Processor, &processor)] {
        register::write(&parts.db, &ctx, &parts.keys, by, of).await?;
    }
    Ok(())
}
