//! Who coordinates whose care, and whom they let in: what no message of the demo tells.

use ken_care::role::{self, Change, Contact, Holder, Kind};
use ken_care::team::{self, NewMember};
use ken_core::{AccountId, PersonId, RoleId, Sensitive};
use ken_directory::{Acting, HeldRole};
use ken_sharing::Gate;

use super::directory::{Staff, word};
use super::people::find;
use super::{Error, Parts};
use crate::Partnership;
use crate::organisation::Organisation;
use crate::plan::{COORDINATORS, LET_IN, LetIn, OFFERED};
use crate::practitioner::Practitioner;

/// Sets in and lets in whoever the plan names. Done again it changes nothing.
pub(super) async fn coordinate(
    parts: &Parts,
    partnership: &Partnership,
    staff: &Staff,
) -> Result<(), Error> {
    for one in COORDINATORS {
        let person = find(parts, partnership, one.person).await?;
        let change = match one.holder {
            Some(key) => Change::Set(holder(key, staff)?),
            None => Change::ChoseNobody(None),
        };
        turn(parts, (person, one.kind), (one.by, one.why), (&change, staff)).await?;
    }
    for one in OFFERED {
        let person = find(parts, partnership, one.person).await?;
        let change = Change::Offer(holder(one.whom, staff)?);
        turn(parts, (person, one.kind), (one.by, one.why), (&change, staff)).await?;
    }
    for one in LET_IN {
        let person = find(parts, partnership, one.person).await?;
        let_in(parts, person, one, staff).await?;
    }
    Ok(())
}

async fn turn(
    parts: &Parts,
    (person, kind): (PersonId, &str),
    (by, why): (&str, &str),
    (change, staff): (&Change, &Staff),
) -> Result<(), Error> {
    let (ctx, by) = (parts.ctx(), acting(parts, by, staff)?);
    let kind = Kind::of_code(kind).ok_or(Error::Missing("coordinating role"))?;
    let why = Sensitive::new(why.to_owned());
    let (db, keys, of) = (&parts.db, &parts.keys, (person, kind));
    match role::change(db, &ctx, keys, &by, of, (change, &why)).await? {
        Ok(_) | Err(role::Refused::Already) => Ok(()),
        Err(_) => Err(Error::Missing("coordinating role")),
    }
}

async fn let_in(parts: &Parts, person: PersonId, one: &LetIn, staff: &Staff) -> Result<(), Error> {
    let (ctx, by) = (parts.ctx(), acting(parts, one.by, staff)?);
    let whom = acting(parts, one.whom, staff)?;
    let current = Gate::default().current(&parts.db, &ctx).await?;
    let why = Sensitive::new(one.why.to_owned());
    let new = NewMember {
        kind: one.kind,
        practitioner: whom.practitioner,
        held: HeldRole { organisation: whom.organisation, role: whom.role },
        days: one.days,
        why: &why,
    };
    let of = (&by, &current.bundle);
    match team::grant(&parts.db, &ctx, &parts.keys, of, person, &new).await? {
        // A build that goes on later gives it until a later day.
        Ok(_) | Err(team::Refused::Already) => Ok(()),
        Err(_) => Err(Error::Missing("member of a team")),
    }
}

/// A practitioner of the demo in their usual role; nobody is signed in while it is built.
pub(super) fn acting(parts: &Parts, key: &str, staff: &Staff) -> Result<Acting, Error> {
    let missing = || Error::Missing("practitioner");
    let told = Practitioner::find(key).ok_or_else(missing)?;
    Ok(Acting {
        account: AccountId::draw(parts.ctx().ids),
        practitioner: *staff.get(key).ok_or_else(missing)?,
        organisation: word(told.organisation)?,
        role: usual(told)?,
    })
}

fn holder(key: &str, staff: &Staff) -> Result<Holder, Error> {
    let missing = || Error::Missing("practitioner");
    let told = Practitioner::find(key).ok_or_else(missing)?;
    let at = Organisation::find(told.organisation).ok_or(Error::Missing("organisation"))?;
    Ok(Holder {
        practitioner: *staff.get(key).ok_or_else(missing)?,
        organisation: word(told.organisation)?,
        role: usual(told)?,
        contact: Contact {
            phone: at.phone(),
            hours: "Monday to Friday, 9am to 5pm".to_owned(),
            cover: "When away, ask for the duty team".to_owned(),
            address: String::new(),
        },
    })
}

fn usual(told: &Practitioner) -> Result<RoleId, Error> {
    let role = told.roles.first().ok_or(Error::Missing("role"))?;
    RoleId::new(*role).map_err(|_| Error::Missing("role"))
}
