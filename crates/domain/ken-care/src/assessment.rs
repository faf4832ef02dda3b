//! Signing an assessment or a plan: what its writer has drafted and checked becomes an item of the
//! record, with who signed it in which role, and when.
//!
//! Each signature makes an item of its own: what was signed before stands beside it as what was
//! true then, and how the two differ is read from both.
//!
//! # Invariants
//!
//! - What is signed is the draft that its writer has seen, and nothing in it must be put right.
//! - The draft is gone when what it says is filed, and not before.
//! - A form that is sent twice is signed once.
//! - What tells of others is an item of its own, with their mark: a form that asks for it does not
//!   give it to the person by itself.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::{Ctx, ResourceId};
use ken_directory::{organisation, practitioner, sending};
use ken_store::keys::KeyRing;
use ken_store::{Db, Tx};

use crate::form::fhir::{self, Part, Signed};
use crate::form::{Answers, Form, Makes, plan};
use crate::writing::{self, Leave, Writing};
use crate::{Error, draft};

/// The mark of what is about others, as agreements know it.
const THIRD_PARTY: &str = "third-party";

/// Why nothing was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The draft is not the one that was seen, or there is none.
    Changed,
    /// Something in it must be put right first.
    Unfit,
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
        let author = author(tx, &leave, as_role).await?;
        let signed = Signed { person: leave.person(), author, at: ctx.clock.now() };
        draft::discard(tx, &leave, form).await?;
        // Of one signature: whoever signs the same form again writes another item. Which form it
        // is stands in the sealed body alone (ADR 66).
        let of = ResourceId::draw(ctx.ids);
        let (own, others) = (format!("form/{of}"), format!("form/{of}/others"));
        let first = part(form, &draft.answers, &signed, (Part::Own, &own))?;
        let apart = if Part::Others.is_answered(form, &draft.answers) {
            Some(part(form, &draft.answers, &signed, (Part::Others, &others))?)
        } else {
            None
        };
        let item = writing::write(tx, ctx, keys, leave, (first, apart)).await?.item;
        if sending::once(tx, ctx, &what, item).await?.is_some() {
            return Err(ken_sharing::Error::Contended.into());
        }
        Ok(Ok(item))
    })
    .await
}

/// One part of what is signed. What is about others bears the mark that messages give it, by which
/// it does not show to the person by itself.
fn part<'a>(
    form: &Form,
    answers: &Answers,
    signed: &Signed,
    (part, item_key): (Part, &'a str),
) -> Result<Writing<'a>, Error> {
    let resource = match form.makes {
        Makes::Assessment => fhir::response(form, answers, signed, part),
        Makes::Plan => plan::care_plan(form, answers, signed, part),
    };
    let mut labels = BTreeSet::new();
    if part == Part::Others {
        labels.insert(THIRD_PARTY.parse().map_err(|_| Error::Corrupt("word"))?);
    }
    Ok(Writing { item_key, resource, labels, event: signed.at })
}

/// Who signs: name, role and organisation, as it stands under what they signed.
async fn author(tx: &mut Tx, leave: &Leave, as_role: &str) -> Result<String, Error> {
    let by = leave.by();
    let who = practitioner::find(tx, by.practitioner).await?;
    let who = who.ok_or(Error::Corrupt("practitioner"))?.name;
    let at = organisation::find(tx, &by.organisation).await?;
    let at = at.ok_or(Error::Corrupt("organisation"))?.name;
    Ok(format!("{who}, {as_role}, {at}"))
}
