//! What practitioners of the demo write in Ken itself, by the functions that its pages use.

use std::collections::BTreeMap;

use ken_care::draft::{Revised, Start};
use ken_care::form::{Answers, Form};
use ken_care::writing::{self, Answer, Leave, Request};
use ken_care::{assessment, draft, form};
use ken_core::{Category, Ctx, PersonId, Purpose, Sensitive};
use ken_directory::{Acting, organisation};
use ken_ledger::{PAGE_MAX, Page};
use ken_sharing::{Gate, affirmation};
use ken_store::Snapshot;

use super::care::acting;
use super::directory::Staff;
use super::people::find;
use super::{Error, Parts};
use crate::Partnership;
use crate::written::WRITTEN;

/// Writes and signs what the demo says was written. Done again it changes nothing.
pub(super) async fn write(
    parts: &Parts,
    partnership: &Partnership,
    staff: &Staff,
) -> Result<(), Error> {
    let gate = Gate::default();
    for one in WRITTEN {
        let person = find(parts, partnership, one.person).await?;
        let by = acting(parts, one.by.0, staff)?;
        let form = form::find(one.form).ok_or(Error::Missing("form"))?;
        let signed = signed(parts, person, form).await?;
        if signed.iter().any(|before| before.version == one.version) {
            continue;
        }
        let revises = signed.into_iter().find(|before| before.version + 1 == one.version);
        let ctx = parts.ctx();
        let of = (form.makes.category(), one.purpose);
        let asked = match ask(parts, &ctx, &gate, (&by, person), of).await? {
            Answer::Words(said) => {
                // As on the page that shows the words: they are theirs to affirm.
                affirmation::affirm(&parts.db, &ctx, &by, person, &said).await?;
                leave(parts, &ctx, &gate, (&by, person), of).await?
            }
            Answer::May(leave) => Some(leave),
            Answer::Refused => None,
        };
        let asked = asked.ok_or(Error::Missing("permit"))?;
        let typed = one
            .typed
            .iter()
            .map(|(field, text)| ((*field).to_owned(), Sensitive::new((*text).to_owned())));
        let answers = Answers::of(form, &typed.collect::<BTreeMap<_, _>>());
        let (db, keys) = (&parts.db, &parts.keys);
        let start = Start { answers, revises, ..Start::default() };
        let saved = draft::begin(db, &ctx, keys, &asked, (form, &start)).await?;
        let saved = saved.map_err(|_| Error::Missing("draft"))?;
        let signed = assessment::sign(db, &ctx, keys, asked, form, (saved, one.by.1)).await?;
        signed.map_err(|_| Error::Missing("signature"))?;
    }
    Ok(())
}

/// That they may write of a kind of information for a purpose, as the gate says; none where they
/// may not.
pub(super) async fn leave(
    parts: &Parts,
    ctx: &Ctx<'_>,
    gate: &Gate,
    who: (&Acting, PersonId),
    of: (&str, &str),
) -> Result<Option<Leave>, Error> {
    match ask(parts, ctx, gate, who, of).await? {
        Answer::May(leave) => Ok(Some(leave)),
        Answer::Words(_) | Answer::Refused => Ok(None),
    }
}

/// What the gate says to that.
async fn ask(
    parts: &Parts,
    ctx: &Ctx<'_>,
    gate: &Gate,
    (by, person): (&Acting, PersonId),
    (category, purpose): (&str, &str),
) -> Result<Answer, Error> {
    let read = async |s: &mut Snapshot| organisation::list(s).await;
    let all = parts.db.snapshot("demo.organisations", read).await?;
    let sources = [all.into_iter().map(|one| one.id).collect()];
    let missing = |_| Error::Missing("word");
    let request = Request {
        person,
        purpose: Purpose::new(purpose).map_err(missing)?,
        category: Category::new(category).map_err(missing)?,
        sources: &sources,
    };
    Ok(writing::ask(&parts.db, ctx, &parts.keys, gate, by, &request).await?)
}

/// What of the form's kind was signed about somebody, by a try before or just now.
async fn signed(parts: &Parts, person: PersonId, form: &Form) -> Result<Vec<Revised>, Error> {
    let (keys, page) = (&parts.keys, Page { before: None, limit: PAGE_MAX });
    let read = async |s: &mut Snapshot| {
        Ok::<_, ken_care::Error>(ken_ledger::person_entries(s, keys, person, page).await?)
    };
    let entries = parts.db.snapshot("demo.written", read).await?;
    let kind = form.makes.category();
    let details = entries.iter().filter_map(|entry| entry.detail.as_ref());
    let of = details.filter(|detail| detail.get("written").is_some_and(|written| written == kind));
    let signed = of.filter_map(|detail| {
        let item = detail.get("item")?.as_str()?.parse().ok()?;
        Some(Revised { item, version: detail.get("version")?.as_i64()? })
    });
    Ok(signed.collect())
}
