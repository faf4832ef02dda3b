//! Keeping the directory right: who assures an entry, who says that it is still so, and how its
//! own organisation corrects it: one proposes, and one other looks before it is live.

use jiff::Timestamp;
use ken_core::{Ctx, EntryId, OrganisationId, PractitionerId};
use ken_ledger::{EntryKind, Stream};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::{Value, json};

use super::register::{find, written};
use super::{Entry, READ_MAX, Says, Service, plain};
use crate::sql::service as sql;
use crate::stock::is_numbered;
use crate::{Acting, Error, entry, practitioner};

/// A correction that waits for somebody else to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: EntryId,
    /// Of which service.
    pub service: EntryId,
    /// Whose service.
    pub organisation: OrganisationId,
    /// Who proposes it.
    pub by: PractitionerId,
    /// What the entry would say.
    pub says: Says,
    /// Since when it waits.
    pub at: Timestamp,
}

/// What became of proposing a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    /// It waits.
    Waits(EntryId),
    /// There is no such entry of one's own organisation.
    NotTheirs,
    /// It changes nothing.
    Same,
    /// A field must be put right first: which, and what is wrong.
    Unfit(&'static str, &'static str),
}

/// What somebody says of a correction that they looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is right.
    Right,
    /// It is not, or is taken back.
    Wrong,
}

/// What became of a look at a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// It is live.
    Live,
    /// It is gone, and the entry is as it was.
    Declined,
    /// It is not there any more, or another waits in its place.
    Gone,
    /// Whoever proposed it does not check it.
    Own,
}

/// Assures an entry as it stands, for one's own organisation; false where there is none, or it is
/// one's own: nobody assures what they say of themselves.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn assure(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    id: EntryId,
) -> Result<bool, Error> {
    let of = find(tx, id).await?;
    let Some(of) = of.filter(|of| of.organisation.as_ref() != Some(&by.organisation)) else {
        return Ok(false);
    };
    tx.execute(sql::ENTRY_ASSURE, values![id, &by.organisation, ctx.now_us()]).await?;
    let detail = json!({ "event": "service-assured", "service": id.to_string() });
    note(tx, ctx, keys, (by, of.organisation.as_ref()), detail).await.map(|()| true)
}

/// Says that an entry of one's own organisation is still so; false where there is none.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn still_so(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    id: EntryId,
) -> Result<bool, Error> {
    if own(tx, by, id).await?.is_none() {
        return Ok(false);
    }
    tx.execute(sql::ENTRY_CHECK, values![id, ctx.now_us()]).await?;
    let detail = json!({ "event": "service-checked", "service": id.to_string() });
    note(tx, ctx, keys, (by, None), detail).await.map(|()| true)
}

/// Proposes what an entry of one's own organisation shall say, in place of what was proposed for it
/// before.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn propose(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, says): (EntryId, &Says),
) -> Result<Proposed, Error> {
    let Some(of) = own(tx, by, id).await? else { return Ok(Proposed::NotTheirs) };
    let says = says.cleaned();
    if let Err((field, wrong)) = says.check() {
        return Ok(Proposed::Unfit(field, wrong));
    }
    for (field, text) in says.fields() {
        if field != "phone" && is_numbered(text) {
            return Ok(Proposed::Unfit(field, "has what may be the number of a person"));
        }
    }
    if says == of.service.says {
        return Ok(Proposed::Same);
    }
    let (new, own) = (EntryId::draw(ctx.ids), &by.organisation);
    let of = values![new, id, own, by.practitioner, written(&says)?, ctx.now_us()];
    tx.execute(sql::PROPOSAL_PUT, of).await?;
    let detail = json!({ "event": "service-correction-proposed", "service": id.to_string() });
    note(tx, ctx, keys, (by, None), detail).await.map(|()| Proposed::Waits(new))
}

/// Decides a correction. What is right is live at once, for whoever says so is somebody else than
/// whoever proposed it.
///
/// # Errors
///
/// Whatever the store, the key ring or the ledger says.
pub async fn decide(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, verdict): (EntryId, Verdict),
) -> Result<Checked, Error> {
    let Some(waiting) = proposal(tx, id).await? else { return Ok(Checked::Gone) };
    let of = find(tx, waiting.service).await?;
    let Some(of) = of.filter(|of| of.organisation.as_ref() == Some(&waiting.organisation)) else {
        return Ok(Checked::Gone);
    };
    if verdict == Verdict::Right && is_same(tx, by.practitioner, waiting.by).await? {
        return Ok(Checked::Own);
    }
    tx.execute(sql::PROPOSAL_DELETE, values![id]).await?;
    let (event, done) = match verdict {
        Verdict::Right => ("service-corrected", Checked::Live),
        Verdict::Wrong => ("service-correction-declined", Checked::Declined),
    };
    let changed = changed(&of.service.says, &waiting.says);
    if verdict == Verdict::Right {
        let service = Service { says: waiting.says, ..of.service };
        let (name, body) = (&service.says.name, written(&service)?);
        tx.execute(sql::ENTRY_CORRECT, values![service.id, name, body, ctx.now_us()]).await?;
    }
    let detail = json!({
        "event": event,
        "service": waiting.service.to_string(),
        "proposed_by": waiting.by.to_string(),
        "fields": changed,
    });
    note(tx, ctx, keys, (by, Some(&waiting.organisation)), detail).await.map(|()| done)
}

/// Every correction that waits, the oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn proposals(s: &mut impl Reads) -> Result<Vec<Proposal>, Error> {
    Ok(s.list(sql::PROPOSALS, values![READ_MAX], proposal_of).await?)
}

/// One correction that waits.
///
/// # Errors
///
/// Whatever the store says.
pub async fn proposal(s: &mut impl Reads, id: EntryId) -> Result<Option<Proposal>, Error> {
    Ok(s.find(sql::PROPOSAL, values![id], proposal_of).await?)
}

fn proposal_of(row: &Row<'_>) -> Result<Proposal, ken_store::Error> {
    Ok(Proposal {
        id: row.parse(0)?,
        service: row.parse(1)?,
        organisation: row.parse(2)?,
        by: row.parse(3)?,
        says: serde_json::from_str(&row.text(4)?)
            .map_err(|_| ken_store::Error::Column { index: 4 })?,
        at: row.time(5)?,
    })
}

/// An entry of somebody's own organisation.
async fn own(s: &mut impl Reads, by: &Acting, id: EntryId) -> Result<Option<Entry>, Error> {
    let of = find(s, id).await?;
    Ok(of.filter(|of| of.organisation.as_ref() == Some(&by.organisation)))
}

/// Whether two practitioners are one human, as far as that is known.
async fn is_same(
    s: &mut impl Reads,
    one: PractitionerId,
    other: PractitionerId,
) -> Result<bool, Error> {
    if one == other {
        return Ok(true);
    }
    let person = practitioner::own_person(s, one).await?;
    Ok(person.is_some() && person == practitioner::own_person(s, other).await?)
}

/// The fields in which two sayings differ.
fn changed(before: &Says, after: &Says) -> Vec<&'static str> {
    let both = before.fields().into_iter().zip(after.fields());
    both.filter(|((_, old), (_, new))| old != new).map(|((field, _), _)| field).collect()
}

/// Notes who did what to an entry: with whoever did it, and with whose entry it is.
async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (by, of): (&Acting, Option<&OrganisationId>),
    detail: Value,
) -> Result<(), Error> {
    if let Some(of) = of.filter(|of| **of != by.organisation) {
        let mut told = detail.clone();
        if let Some(fields) = told.as_object_mut() {
            fields.insert("by".to_owned(), by.practitioner.to_string().into());
            fields.insert("organisation".to_owned(), by.organisation.as_str().into());
        }
        let stream = Stream::Organisation(of.clone());
        entry::append(tx, ctx, keys, stream, EntryKind::Setting, told).await?;
    }
    entry::set(tx, ctx, keys, by, detail).await
}

impl Says {
    /// Each field with its name, as forms have it.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("name", &self.name),
            ("summary", &self.summary),
            ("description", &self.description),
            ("eligibility", &self.eligibility),
            ("phone", &self.phone),
            ("email", &self.email),
            ("url", &self.url),
        ]
    }

    /// The same without markup and needless blanks.
    fn cleaned(&self) -> Self {
        Self {
            name: plain(&self.name),
            summary: plain(&self.summary),
            description: plain(&self.description),
            eligibility: plain(&self.eligibility),
            phone: plain(&self.phone),
            email: plain(&self.email),
            url: self.url.trim().to_owned(),
        }
    }
}
