//! Practitioners, their roles in each organisation, and their training.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, Fact, OrganisationId, PersonId, PractitionerId, RoleId};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Tx, guard, values};
use serde_json::json;

use crate::organisation::{FACTS_MAX, fact, find as find_organisation};
use crate::{Acting, Error, entry, sql, text};

/// Most roles that one practitioner holds at once; few hold more than three.
pub const ROLES_MAX: i64 = 50;
/// Most practitioners of one organisation that one list shows.
pub const LIST_MAX: i64 = 500;

/// A professional: social worker, doctor, teacher, officer, support worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Practitioner {
    /// Their id.
    pub id: PractitionerId,
    /// Their name at work, which is shown to whoever works with them and to the people they serve.
    pub name: String,
    /// Who they are as a person, where that is known: nobody opens their own record at work.
    pub person: Option<PersonId>,
}

/// A role that a practitioner holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldRole {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which role.
    pub role: RoleId,
}

/// Registers a practitioner.
///
/// # Errors
///
/// [`Error::Unfit`] for an empty or overlong name, and whatever the store says.
pub async fn register(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    name: &str,
    person: Option<PersonId>,
) -> Result<PractitionerId, Error> {
    text::check(name, "practitioner name")?;
    let id = PractitionerId::draw(ctx.ids);
    tx.execute(sql::PRACTITIONER_INSERT, values![id, name, person, ctx.now_us()]).await?;
    Ok(id)
}

/// One practitioner.
///
/// # Errors
///
/// Whatever the store says.
pub async fn find(s: &mut impl Reads, id: PractitionerId) -> Result<Option<Practitioner>, Error> {
    let read = |row: &ken_store::Row<'_>| {
        Ok(Practitioner { id: row.parse(0)?, name: row.text(1)?, person: row.parse_opt(2)? })
    };
    Ok(s.find(sql::PRACTITIONER, values![id], read).await?)
}

/// Who, as a person, a practitioner is, where that is known.
///
/// # Errors
///
/// Whatever the store says.
pub async fn own_person(s: &mut impl Reads, id: PractitionerId) -> Result<Option<PersonId>, Error> {
    Ok(find(s, id).await?.and_then(|practitioner| practitioner.person))
}

/// Whether some practitioner is this person, as far as that is known.
///
/// # Errors
///
/// Whatever the store says.
pub async fn is_practitioner(s: &mut impl Reads, person: PersonId) -> Result<bool, Error> {
    Ok(s.find(sql::PRACTITIONER_OF_PERSON, values![person], |row| row.text(0)).await?.is_some())
}

/// The organisations that this person works for now, as far as that is known.
///
/// # Errors
///
/// Whatever the store says.
pub async fn works_for(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    person: PersonId,
) -> Result<BTreeSet<OrganisationId>, Error> {
    let of = values![person, ctx.now_us(), ROLES_MAX];
    let found = s.list(sql::ORGANISATIONS_OF_PERSON, of, |row| row.parse(0)).await?;
    Ok(found.into_iter().collect())
}

/// How many practitioners are registered, and of how many it is known who they are as people.
///
/// # Errors
///
/// Whatever the store says.
pub async fn known(s: &mut impl Reads) -> Result<(i64, i64), Error> {
    let read = |row: &ken_store::Row<'_>| Ok((row.int(0)?, row.int(1)?));
    Ok(s.find(sql::PRACTITIONERS_KNOWN, &[], read).await?.unwrap_or_default())
}

/// Says who, as a person, a practitioner is.
///
/// # Errors
///
/// [`Error::Unknown`] where no such practitioner is registered, and whatever the store says.
pub async fn set_person(tx: &mut Tx, id: PractitionerId, person: PersonId) -> Result<(), Error> {
    match tx.execute(sql::PRACTITIONER_SET_PERSON, values![id, person]).await? {
        0 => Err(Error::Unknown("practitioner")),
        _ => Ok(guard::bump_policy(tx).await.map(drop)?),
    }
}

/// Gives a practitioner a role in an organisation, from now until an instant or until it is ended.
///
/// # Errors
///
/// [`Error::Unknown`] where either is not registered, [`Error::TooMany`] over [`ROLES_MAX`], and
/// whatever the store, the key ring or the ledger says.
pub async fn give_role(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    id: PractitionerId,
    held: &HeldRole,
    until: Option<Timestamp>,
    by: Option<&Acting>,
) -> Result<(), Error> {
    if find(tx, id).await?.is_none() {
        return Err(Error::Unknown("practitioner"));
    }
    if find_organisation(tx, &held.organisation).await?.is_none() {
        return Err(Error::Unknown("organisation"));
    }
    let many = i64::try_from(roles(tx, ctx, id).await?.len()).unwrap_or(i64::MAX);
    if many >= ROLES_MAX {
        return Err(Error::TooMany("roles"));
    }
    let of = values![id, &held.organisation, &held.role, ctx.now_us(), until];
    tx.execute(sql::ROLE_PUT, of).await?;
    note(tx, ctx, keys, "role-given", id, held, by).await
}

/// Ends a role now. Sessions that act in it stop acting at once.
///
/// # Errors
///
/// [`Error::Unknown`] where it is not held, and whatever the store says.
pub async fn end_role(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    id: PractitionerId,
    held: &HeldRole,
    by: Option<&Acting>,
) -> Result<(), Error> {
    let of = values![id, &held.organisation, &held.role, ctx.now_us()];
    if tx.execute(sql::ROLE_END, of).await? == 0 {
        return Err(Error::Unknown("role"));
    }
    note(tx, ctx, keys, "role-ended", id, held, by).await
}

/// Writes a change of roles into the ledger and makes older decisions stale.
async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    event: &str,
    id: PractitionerId,
    held: &HeldRole,
    by: Option<&Acting>,
) -> Result<(), Error> {
    guard::bump_policy(tx).await?;
    let detail = json!({
        "event": event,
        "practitioner": id.to_string(),
        "role": held.role.as_str(),
    });
    entry::changed(tx, ctx, keys, &held.organisation, by, detail).await
}

/// The roles that a practitioner holds now, longest held first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn roles(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    id: PractitionerId,
) -> Result<Vec<HeldRole>, Error> {
    let read = |row: &ken_store::Row<'_>| {
        Ok(HeldRole { organisation: row.parse(0)?, role: row.parse(1)? })
    };
    Ok(s.list(sql::ROLES, values![id, ctx.now_us(), ROLES_MAX], read).await?)
}

/// Most people of one organisation who are told at once, those who have left among them. House
/// policy: a health board with its agency staff over some years is asked for in another way.
pub const EVER_MAX: i64 = 5_000;

/// Whoever has worked at an organisation, by name, and whether they still do.
///
/// # Errors
///
/// Whatever the store says.
pub async fn ever_of_organisation(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<(PractitionerId, String, bool)>, Error> {
    let of = values![organisation, ctx.now_us(), EVER_MAX];
    let read = |row: &ken_store::Row<'_>| Ok((row.parse(0)?, row.text(1)?, row.flag(2)?));
    Ok(s.list(sql::PRACTITIONERS_EVER, of, read).await?)
}

/// The practitioners of an organisation now, by name, each once for each role.
///
/// # Errors
///
/// Whatever the store says.
pub async fn of_organisation(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<(PractitionerId, String, RoleId)>, Error> {
    let of = values![organisation, ctx.now_us(), LIST_MAX];
    let read = |row: &ken_store::Row<'_>| Ok((row.parse(0)?, row.text(1)?, row.parse(2)?));
    Ok(s.list(sql::PRACTITIONERS_OF, of, read).await?)
}

/// Most people of one organisation among whom a name is looked for. House policy: twice the
/// largest health board.
pub const STAFF_MAX: i64 = 60_000;

/// Whoever works at an organisation now, by name, each once.
///
/// # Errors
///
/// Whatever the store says.
pub async fn staff(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<(PractitionerId, String)>, Error> {
    let of = values![organisation, ctx.now_us(), STAFF_MAX];
    let read = |row: &ken_store::Row<'_>| Ok((row.parse(0)?, row.text(1)?));
    Ok(s.list(sql::STAFF, of, read).await?)
}

/// Whoever works at an organisation now in a role that fits, by name, each once for each role.
///
/// # Errors
///
/// Whatever the store says.
pub async fn staff_in(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    organisation: &OrganisationId,
    fits: impl Fn(&RoleId) -> bool + Send,
) -> Result<Vec<(PractitionerId, String, RoleId)>, Error> {
    let mut staff = vec![];
    for role in roles_in(s, ctx, organisation).await?.into_iter().filter(fits) {
        let of = values![organisation, &role, ctx.now_us(), STAFF_MAX];
        let read = |row: &ken_store::Row<'_>| Ok((row.parse(0)?, row.text(1)?, row.parse(2)?));
        staff.append(&mut s.list(sql::STAFF_IN, of, read).await?);
    }
    staff.sort_by(|(a, one, of), (b, other, to)| (one, a, of).cmp(&(other, b, to)));
    Ok(staff)
}

/// The roles that somebody holds in an organisation now.
///
/// # Errors
///
/// Whatever the store says.
pub async fn roles_in(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<RoleId>, Error> {
    let of = values![organisation, ctx.now_us(), LIST_MAX];
    Ok(s.list(sql::ROLES_IN, of, |row| row.parse(0)).await?)
}

/// Who holds a role in an organisation now that begins so, other than the role named beside it, and
/// has an account to use it with.
///
/// # Errors
///
/// Whatever the store says.
pub async fn in_role(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    (organisation, (begins, but)): (&OrganisationId, (&str, &str)),
) -> Result<Vec<PractitionerId>, Error> {
    let like = format!("{begins}%");
    let of = values![organisation, like.as_str(), but, ctx.now_us(), LIST_MAX];
    Ok(s.list(sql::IN_ROLE, of, |row| row.parse(0)).await?)
}

/// Records that a practitioner is trained until an instant, as an organisation says: the fact
/// `trained:course`.
///
/// # Errors
///
/// [`Error::Unfit`] where the course is not a word of an agreement, [`Error::Unknown`] where no
/// such practitioner is registered, and whatever the store, the key ring or the ledger says.
pub async fn record_training(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    at: &OrganisationId,
    id: PractitionerId,
    (course, until): (&str, Timestamp),
    by: Option<&Acting>,
) -> Result<(), Error> {
    fact("trained", course)?;
    if find(tx, id).await?.is_none() {
        return Err(Error::Unknown("practitioner"));
    }
    tx.execute(sql::TRAINING_PUT, values![id, course, ctx.now_us(), until]).await?;
    guard::bump_policy(tx).await?;
    let detail = json!({
        "event": "training-recorded",
        "practitioner": id.to_string(),
        "course": course,
        "until": until.to_string(),
    });
    entry::changed(tx, ctx, keys, at, by, detail).await
}

/// What a practitioner is trained for now, as facts.
///
/// # Errors
///
/// Whatever the store says.
pub async fn trainings(
    s: &mut impl Reads,
    ctx: &Ctx<'_>,
    id: PractitionerId,
) -> Result<Vec<Fact>, Error> {
    let of = values![id, ctx.now_us(), FACTS_MAX];
    let courses = s.list(sql::TRAININGS, of, |row| row.text(0)).await?;
    courses.iter().map(|course| fact("trained", course)).collect()
}
