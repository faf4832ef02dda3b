//! Signing an assessment or a plan: what its writer has drafted and checked becomes an item of the
//! record, with who signed it in which role, and when.
//!
//! What revises an item is signed as another version of it: the item says what its newest version
//! says, and what was signed before stands beside it as what was true then.
//!
//! # Invariants
//!
//! - What is signed is the draft that its writer has seen, and nothing in it must be put right.
//! - The draft is gone when what it says is filed, and not before.
//! - A form that is sent twice is signed once.
//! - What tells of others, of the person's health, and of their money, is an item of its own with
//!   its mark, so that a clause can keep it apart.
//! - A version takes the place of the one that its writer has looked at, and of no later one; only
//!   an organisation's own items are revised, by whoever may write of their kind for it.
//! - No part of an item goes on saying what the version of now does not.
//!
//! Sources: FHIR R4, *Resource versioning*; ADR 70, ADR 76.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, ResourceId};
use ken_directory::{organisation, practitioner, sending};
use ken_store::keys::KeyRing;
use ken_store::{Db, Tx};

use crate::draft::Revised;
use crate::form::fhir::{self, Part, Signed};
use crate::form::{Answers, Form};
use crate::writing::{self, Leave, RESTRICTED, Writing};
use crate::{Error, draft};

/// What begins the names of what is signed.
const NAMED: &str = "form/";

/// Why nothing was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The draft is not the one that was seen, or there is none.
    Changed,
    /// Something in it must be put right first.
    Unfit,
    /// What it revises has another version meanwhile: this one.
    Newer(i64),
}

/// Signs the draft that was `seen`, in a role that is called `as_role`; gives the item.
///
/// # Errors
///
/// As [`writing::write`]; then the draft is there still.
pub async fn sign(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    leave: Leave,
    form: &'static Form,
    (seen, as_role): (Timestamp, &str),
) -> Result<Result<ResourceId, Refused>, Error> {
    db.write("care.sign", async |tx| {
        let (person, id) = (leave.person().to_string(), form.id.as_str());
        let stamp = seen.as_microsecond().to_string();
        let what = [person.as_str(), id, stamp.as_str(), "sign"];
        // Who signs another version of the same waits here, before anybody looks which is newest;
        // so does the same form sent twice, before anybody looks what it made.
        ken_records::hold(tx, keys, &BTreeSet::from([leave.person()])).await?;
        if let Some(item) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(item));
        }
        let found = draft::find(tx, ctx, keys, &leave, form).await?;
        let Some(draft) = found.filter(|draft| draft.saved == seen) else {
            return Ok(Err(Refused::Changed));
        };
        if !draft.answers.wrongs(form, ctx.clock.today()).is_empty() {
            return Ok(Err(Refused::Unfit));
        }
        let name = match name(tx, ctx, &leave, draft.revises).await? {
            Ok(name) => name,
            Err(refused) => return Ok(Err(refused)),
        };
        let author = author(tx, &leave, as_role).await?;
        let (person, at, origins) = (leave.person(), ctx.clock.now(), draft.origins);
        let signed = Signed { person, author, at, origins };
        draft::discard(tx, &leave, form).await?;
        let names = Part::ALL.map(|part| format!("{name}{}", part.suffix()));
        let mut parts = vec![];
        for (part, name) in Part::ALL.into_iter().zip(&names) {
            let says = part == Part::Own || part.is_answered(form, &draft.answers);
            if says || is_there(tx, &leave, name).await? {
                parts.push(writing(form, &draft.answers, &signed, (part, name))?);
            }
        }
        let mut parts = parts.into_iter();
        let first = parts.next().ok_or(Error::Corrupt("form"))?;
        let item = writing::write(tx, ctx, keys, leave, (first, parts)).await?.item;
        if sending::once(tx, ctx, &what, item).await?.is_some() {
            return Err(ken_sharing::Error::Contended.into());
        }
        Ok(Ok(item))
    })
    .await
}

/// What the item is called: as what it revises, or by a name that nothing has. Which form it is of
/// stands in the sealed body alone (ADR 66).
async fn name(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    leave: &Leave,
    revises: Option<Revised>,
) -> Result<Result<String, Refused>, Error> {
    let Some(of) = revises else {
        return Ok(Ok(format!("{NAMED}{}", ResourceId::draw(ctx.ids))));
    };
    let called = ken_records::called(tx, leave.person(), of.item).await?;
    let is_own = |one: &ken_records::Called| {
        let of = (&one.source, &one.category);
        of == (&leave.by().organisation, leave.category()) && one.item_key.starts_with(NAMED)
    };
    Ok(match called.filter(|one| one.stands && is_own(one)) {
        None => Err(Refused::Changed),
        Some(called) if called.version != of.version => Err(Refused::Newer(called.version)),
        Some(called) => Ok(called.item_key),
    })
}

/// Whether an organisation has an item of this name already.
async fn is_there(tx: &mut Tx, leave: &Leave, name: &str) -> Result<bool, Error> {
    let source = &leave.by().organisation;
    Ok(ken_records::under_named(tx, leave.person(), source, name).await?.is_some())
}

/// One part of what is signed, with the marks by which it does not show to everybody.
fn writing<'a>(
    form: &Form,
    answers: &Answers,
    signed: &Signed,
    (part, item_key): (Part, &'a str),
) -> Result<Writing<'a>, Error> {
    let resource = fhir::resource(form, answers, signed, part);
    let marks = part.marks().iter().copied().chain(form.restricted.then_some(RESTRICTED));
    let labels = marks.map(str::parse);
    let labels = labels.collect::<Result<_, _>>().map_err(|_| Error::Corrupt("word"))?;
    Ok(Writing { item_key, resource, labels, event: signed.at })
}

/// Who signs: name, role and organisation, as it stands under what they signed.
pub(crate) async fn author(tx: &mut Tx, leave: &Leave, as_role: &str) -> Result<String, Error> {
    let by = leave.by();
    let who = practitioner::find(tx, by.practitioner).await?;
    let who = who.ok_or(Error::Corrupt("practitioner"))?.name;
    let at = organisation::find(tx, &by.organisation).await?;
    let at = at.ok_or(Error::Corrupt("organisation"))?.name;
    Ok(format!("{who}, {as_role}, {at}"))
}
