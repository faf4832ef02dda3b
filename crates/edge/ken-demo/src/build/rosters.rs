//! Who is on duty at each organisation of Glen, for four weeks from the day of the build.

use ken_directory::Error as DirectoryError;
use ken_directory::roster::{self, NewDesk, NewShift, Span, planned};
use ken_store::{Snapshot, Tx};

use super::directory::{Staff, word};
use super::sharing::governs;
use super::{Error, Parts};
use crate::organisation::{ORGANISATIONS, Organisation};
use crate::place::Region;
use crate::practitioner::{PRACTITIONERS, Practitioner};

/// How many days are planned.
const DAYS: i32 = 28;
/// The night that the council has yet to fill, counted from the day of the build.
const UNFILLED: (&str, i32) = ("cec", 3);
/// Whoever is there in the daytime alone.
const BY_DAY: [&str; 2] = ["rowan", "primary"];

/// Plans the rosters; a build that goes on leaves what is there.
pub(super) async fn plan(parts: &Parts, staff: &Staff) -> Result<(), Error> {
    for of in ORGANISATIONS.iter().filter(|of| of.region == Region::Glen) {
        let own = word(of.id)?;
        let desks = async |s: &mut Snapshot| roster::desks(s, &own).await;
        if parts.db.snapshot("demo.desks", desks).await?.is_empty() {
            plan_one(parts, staff, of).await?;
        }
    }
    Ok(())
}

async fn plan_one(parts: &Parts, staff: &Staff, of: &Organisation) -> Result<(), Error> {
    let (ctx, by) = (parts.ctx(), governs(parts, staff, &word(of.id)?)?);
    let missing = || Error::Missing("roster");
    let works = |one: &&Practitioner| {
        let is_desk = |role: &str| !role.starts_with("ig.") && !role.starts_with("ops.");
        one.organisation == of.id && one.roles.first().is_some_and(|role| is_desk(role))
    };
    let one = PRACTITIONERS.iter().find(works).ok_or_else(missing)?;
    let role = one.roles.first().and_then(|role| role.parse().ok()).ok_or_else(missing)?;
    let desk = NewDesk {
        name: format!("{} duty desk", of.name),
        role,
        phone: of.phone(),
        address: Some(format!("duty@{}", of.domain)),
    };
    let who = *staff.get(one.key).ok_or_else(missing)?;
    let written = async |tx: &mut Tx| {
        let desk = roster::put_desk(tx, &ctx, &parts.keys, &by, &desk).await?;
        let Ok(desk) = desk else { return Ok(None) };
        let mut shifts = vec![];
        for (day, from, until) in days(of.id, ctx.clock.today()) {
            let span = Span::read(&day, from, until).and_then(|s| planned(s, ctx.clock.now()));
            let practitioner = (from == DAY.0).then_some(who);
            shifts.extend(span.ok().map(|span| NewShift { desk, span, practitioner, phone: None }));
        }
        let added = roster::add(tx, &ctx, &parts.keys, &by, &shifts).await?;
        Ok::<_, DirectoryError>(added.ok())
    };
    let added = parts.db.write("demo.roster", written).await?;
    added.map(drop).ok_or_else(missing)
}

/// The daytime, and the night until the next.
const DAY: (&str, &str) = ("09:00", "17:00");

/// Each shift of an organisation: its day, from when, until when.
fn days(
    of: &str,
    today: jiff::civil::Date,
) -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let night = !BY_DAY.contains(&of);
    let skipped = (of == UNFILLED.0).then_some(UNFILLED.1);
    (0..DAYS)
        .filter_map(move |ahead| {
            let day = today.checked_add(jiff::Span::new().days(ahead)).ok()?;
            Some((ahead, day.to_string()))
        })
        .flat_map(move |(ahead, day)| {
            let of_night = night && skipped != Some(ahead);
            let by_day = Some((day.clone(), DAY.0, DAY.1));
            by_day.into_iter().chain(of_night.then_some((day, DAY.1, DAY.0)))
        })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn one_night_of_the_council_is_to_be_filled_and_the_school_has_none() {
        let today = date(2027, 3, 20);
        let nights = |of| days(of, today).filter(|(_, from, _)| *from == DAY.1).count();
        assert_eq!((nights("cec"), nights("ooh"), nights("primary")), (27, 28, 0));
        let unfilled = days("cec", today).filter(|(day, ..)| day == "2027-03-23").count();
        assert_eq!(unfilled, 1);
    }
}
