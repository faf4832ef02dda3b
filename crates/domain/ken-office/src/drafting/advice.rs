//! Advice on a draft: a party asks the governance office of a public body, and what the two say
//! stays with the draft, and between them.
//!
//! # Invariants
//!
//! - Only the two read what they said; it changes nothing of the text, and binds nobody.
//! - Whoever is asked may read the draft and comment on it, as any body that was let in.
//! - Only a public body advises: one that a registered text knows as such.
//!
//! # Sources
//!
//! - The Scottish national framework for sharing: small organisations draw on the expertise of
//!   statutory ones. That a party takes its own adviser along is house policy.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ken_agreement::{Instrument, PartyKind};
use ken_core::{Ctx, EntryId, OrganisationId};
use ken_directory::{Acting, sending};
use ken_sharing::instrument;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, Tx, values};
use serde_json::json;

use super::{Draft, MEMBERS_MAX, Outcome, Refusal, enter, fit, open_draft, refused};
use crate::{Error, sql};

/// Most that is said in advice on one draft, everybody's together. House policy.
const SAID_MAX: i64 = 2_000;

/// Something that was said between a party and its adviser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The party that asked first.
    pub asker: OrganisationId,
    /// The body that advises it.
    pub adviser: OrganisationId,
    /// Which of the two said this.
    pub by: OrganisationId,
    /// What was said.
    pub words: String,
    /// Of which revision.
    pub revision: i64,
    /// When.
    pub at: Timestamp,
}

impl Advice {
    /// The other of the two.
    #[must_use]
    pub fn other(&self, own: &OrganisationId) -> &OrganisationId {
        if self.asker == *own { &self.adviser } else { &self.asker }
    }
}

/// The bodies that may advise, with their names: the public bodies among the parties of these.
#[must_use]
pub fn advisers<'a>(
    texts: impl IntoIterator<Item = &'a Instrument>,
) -> BTreeMap<OrganisationId, String> {
    let public = [PartyKind::PublicAuthority, PartyKind::CompetentAuthority, PartyKind::Health];
    let parties = texts.into_iter().flat_map(|of| &of.parties);
    let public = parties.filter(|party| public.contains(&party.kind));
    public.map(|party| (party.id.clone(), party.name.clone())).collect()
}

/// Asks a body for advice, or says more to it; or, for the body, answers who asked.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn say(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, with, words): (EntryId, &OrganisationId, &str),
) -> Outcome<()> {
    let Some(words) = fit(words) else { return Ok(Err(Refusal::NoWords)) };
    let load = async |s: &mut Snapshot| instrument::load(s, ctx).await;
    let all = db.snapshot("office.draft-advisers", load).await?.instruments;
    let may_advise = advisers(all.iter().map(|of| &of.instrument)).contains_key(with);
    let of = id.to_string();
    let what = ["advice", &of, with.as_str(), words];
    db.write("office.draft-advice", async |tx| {
        if sending::before::<EntryId>(tx, ctx, &what).await?.is_some() {
            return Ok(Ok(()));
        }
        let draft = match open_draft(tx, id).await? {
            Ok(draft) => draft,
            Err(refusal) => return refused(tx, ctx, keys, by, (id, refusal)).await,
        };
        let own = &by.organisation;
        let answers = asked(tx, id, (with, own)).await?;
        if !answers {
            if let Err(refusal) = may_ask(&draft, (own, with), may_advise) {
                return refused(tx, ctx, keys, by, (id, refusal)).await;
            }
            tx.execute(sql::INSERT_MEMBER, values![id, with, 0_i64]).await?;
        }
        if super::count(tx, sql::COUNT_ADVICE, id).await? >= SAID_MAX {
            return Ok(Err(Refusal::TooMany));
        }
        let (asker, adviser) = if answers { (with, own) } else { (own, with) };
        let (one, who, of) = (EntryId::draw(ctx.ids), by.practitioner, draft.revision);
        if sending::once(tx, ctx, &what, one).await?.is_some() {
            return Ok(Ok(()));
        }
        let row = values![id, one, asker, adviser, own, who, words, of, ctx.now_us()];
        tx.execute(sql::INSERT_ADVICE, row).await?;
        let detail = json!({ "advice": one.to_string(), "with": with.as_str() });
        enter(tx, ctx, keys, by, (id, detail)).await?;
        Ok(Ok(()))
    })
    .await
}

fn may_ask(
    draft: &Draft,
    (own, with): (&OrganisationId, &OrganisationId),
    may_advise: bool,
) -> Result<(), Refusal> {
    draft.for_party(own)?;
    if own == with || !may_advise {
        return Err(Refusal::NotAdviser);
    }
    let is_full = draft.member(with).is_none() && draft.members.len() >= MEMBERS_MAX;
    if is_full { Err(Refusal::TooMany) } else { Ok(()) }
}

/// Whether a party has asked a body.
async fn asked(
    tx: &mut Tx,
    id: EntryId,
    (asker, adviser): (&OrganisationId, &OrganisationId),
) -> Result<bool, Error> {
    let of = values![id, asker, adviser];
    let said = tx.find(sql::COUNT_ADVICE_BETWEEN, of, |row| row.int(0)).await?;
    Ok(said.unwrap_or_default() > 0)
}

/// What a body has asked, advised and was told on a draft, the oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn of<R: Reads>(
    reads: &mut R,
    (id, own): (EntryId, &OrganisationId),
) -> Result<Vec<Advice>, Error> {
    let row = |row: &Row<'_>| {
        Ok(Advice {
            asker: row.parse(0)?,
            adviser: row.parse(1)?,
            by: row.parse(2)?,
            words: row.text(3)?,
            revision: row.int(4)?,
            at: row.time(5)?,
        })
    };
    Ok(reads.list(sql::LIST_ADVICE, values![id, own, SAID_MAX], row).await?)
}
