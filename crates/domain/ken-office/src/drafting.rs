//! The drafting room: parties comment on a text, propose clauses, and state their own bases, until
//! its lead party registers it for signing.
//!
//! # Invariants
//!
//! - A text changes only as a new revision, by [`rule::may_become`]; the revisions before stay.
//! - Proposals that conflict stand beside each other until the lead party decides each, with a
//!   reason; one that was made of another wording is not accepted unread.
//! - What a party and its adviser say is read by the two alone ([`advice`]).
//! - Whoever may only comment changes nothing, and nobody here sees a person's information.
//! - Each step, and each try at what is not theirs, stands on the ledger of who took it.
//!
//! # Sources
//!
//! - The Scottish Information Sharing Toolkit, for how bodies draft together; house policy that
//!   the lead party keeps the text and answers each proposal.

pub mod advice;
pub mod consult;
pub mod rule;

use ken_agreement::{Basis, ClauseKey, Instrument, Parts, Shelf, check};
use ken_core::{Ctx, EntryId, OrganisationId};
use ken_directory::{Acting, sending};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::instrument;
use ken_store::keys::KeyRing;
use ken_store::{Db, Tx, values};
use serde_json::{Value, json};

pub use finish::{register, register_finished};
pub use read::{
    Comment, Draft, Heading, Member, Proposal, State, comments, find, list, proposals, revision,
};
pub use rule::{Refusal, Said};

use crate::{Error, sql};

mod finish;
mod read;

/// Most drafts of one organisation that a page lists. House policy.
const DRAFTS_MAX: i64 = 500;
/// Most bodies that take part in a draft. House policy: three times the largest agreement known.
const MEMBERS_MAX: usize = 200;
/// Most comments of a draft. House policy.
const COMMENTS_MAX: i64 = 2_000;
/// Most proposals of a draft. House policy.
const PROPOSALS_MAX: i64 = 500;
/// Longest comment or reason, in characters. House policy: what a form takes.
const WORDS_MAX: usize = 4_000;

/// What came of something: done, or refused for a reason that a page may show.
pub type Outcome<T> = Result<Result<T, Refusal>, Error>;

/// Checks a text beside the registered instruments: every fault and finding, with its place.
///
/// # Errors
///
/// Whatever the store says.
pub async fn checked(db: &Db, ctx: &Ctx<'_>, text: &str) -> Result<Vec<check::Diagnostic>, Error> {
    let load = async |s: &mut ken_store::Snapshot| instrument::load(s, ctx).await;
    let all = db.snapshot("office.draft-shelf", load).await?.instruments;
    let mut shelf = Shelf::default();
    for of in all {
        // Registered names are unique, so none is refused.
        let _ = shelf.put(of.instrument);
    }
    Ok(check::check("", text, &shelf).found)
}

/// Opens a draft with a first text, for its lead party.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn open(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    text: &str,
) -> Outcome<EntryId> {
    let Ok(of) = Instrument::parse(text) else { return Ok(Err(Refusal::NotRead)) };
    if of.parties.len() > MEMBERS_MAX {
        return Ok(Err(Refusal::TooMany));
    }
    let id = EntryId::draw(ctx.ids);
    db.write("office.draft-open", async |tx| {
        if let Err(refusal) = rule::may_begin(&of, &by.organisation) {
            return refused(tx, ctx, keys, by, (id, refusal)).await;
        }
        if let Some(before) = sending::once(tx, ctx, &["draft", text], id).await? {
            return Ok(Ok(before));
        }
        let (name, lead) = (of.agreement.id.to_string(), &of.agreement.lead_party);
        let row = values![id, name.as_str(), of.agreement.title.as_str(), lead, ctx.now_us()];
        tx.execute(sql::INSERT_DRAFT, row).await?;
        keep(tx, ctx, by, (id, 1), &of).await?;
        enter(tx, ctx, keys, by, (id, json!({ "opened": name }))).await?;
        Ok(Ok(id))
    })
    .await
}

/// Puts another whole text in place, for the lead party.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn revise(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, text): (EntryId, &str),
) -> Outcome<()> {
    let Ok(after) = Instrument::parse(text) else { return Ok(Err(Refusal::NotRead)) };
    change(db, ctx, keys, by, (id, "revised"), |draft| {
        draft.for_lead(&by.organisation)?;
        rule::may_become(&draft.of, &after, &by.organisation)?;
        Ok(after.clone())
    })
    .await
}

/// States a party's own lawful bases in place of those that it had. It needs nobody's leave.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn state_bases(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, text): (EntryId, &str),
) -> Outcome<()> {
    let parts = Parts::parse(text).ok().filter(|parts| parts.clauses.is_empty());
    let Some(Parts { bases, .. }) = parts else { return Ok(Err(Refusal::NotRead)) };
    change(db, ctx, keys, by, (id, "bases"), |draft| {
        draft.for_party(&by.organisation)?;
        rule::with_bases(&draft.of, bases.clone(), &by.organisation)
    })
    .await
}

/// The bases of a party as a draft has them, as people write them.
#[must_use]
pub fn own_bases(of: &Instrument, party: &OrganisationId) -> String {
    let own = |basis: &&Basis| basis.party == ken_agreement::Who::Party(party.clone());
    let bases = of.bases.iter().filter(own).cloned().collect();
    Parts { clauses: vec![], bases }.to_toml()
}

/// Makes a new revision, unless it is refused.
async fn change(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, how): (EntryId, &str),
    rule: impl FnOnce(&Draft) -> Result<Instrument, Refusal> + Send,
) -> Outcome<()> {
    db.write("office.draft-change", async |tx| {
        let after = match open_draft(tx, id).await? {
            Ok(draft) => rule(&draft).map(|after| (draft, after)),
            Err(refusal) => Err(refusal),
        };
        match after {
            Ok((draft, after)) => {
                advance(tx, ctx, by, &draft, &after).await?;
                let detail = json!({ how: draft.revision + 1, "text": after.hash().as_str() });
                enter(tx, ctx, keys, by, (id, detail)).await?;
                Ok(Ok(()))
            }
            Err(refusal) => refused(tx, ctx, keys, by, (id, refusal)).await,
        }
    })
    .await
}

/// Invites a body to comment, for the lead party. It sees the draft, and no person.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn invite(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, body): (EntryId, &OrganisationId),
) -> Outcome<()> {
    db.write("office.draft-invite", async |tx| {
        let refusal = match open_draft(tx, id).await? {
            Err(refusal) => Some(refusal),
            Ok(draft) => draft
                .for_lead(&by.organisation)
                .err()
                .or_else(|| (draft.members.len() >= MEMBERS_MAX).then_some(Refusal::TooMany)),
        };
        if let Some(refusal) = refusal {
            return refused(tx, ctx, keys, by, (id, refusal)).await;
        }
        if tx.execute(sql::INSERT_MEMBER, values![id, body, 0_i64]).await? == 0 {
            return Ok(Err(Refusal::Unchanged));
        }
        enter(tx, ctx, keys, by, (id, json!({ "invited": body.as_str() }))).await?;
        Ok(Ok(()))
    })
    .await
}

/// Comments on a clause, or on the whole where there is none of that name.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn comment(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, clause, words): (EntryId, &str, &str),
) -> Outcome<()> {
    let Some(words) = fit(words) else { return Ok(Err(Refusal::NoWords)) };
    let of = id.to_string();
    let what = ["comment", &of, clause, words];
    db.write("office.draft-comment", async |tx| {
        if sending::before::<EntryId>(tx, ctx, &what).await?.is_some() {
            return Ok(Ok(()));
        }
        let draft = match open_draft(tx, id).await? {
            Ok(draft) => draft,
            Err(refusal) => return refused(tx, ctx, keys, by, (id, refusal)).await,
        };
        if draft.member(&by.organisation).is_none() {
            return refused(tx, ctx, keys, by, (id, Refusal::NotMember)).await;
        }
        let known = draft.of.clauses.iter().any(|one| one.id.as_str() == clause);
        if !known && !clause.is_empty() {
            return Ok(Err(Refusal::Unknown));
        }
        if count(tx, sql::COUNT_COMMENTS, id).await? >= COMMENTS_MAX {
            return Ok(Err(Refusal::TooMany));
        }
        let one = EntryId::draw(ctx.ids);
        if sending::once(tx, ctx, &what, one).await?.is_some() {
            return Ok(Ok(()));
        }
        let (party, who) = (&by.organisation, by.practitioner);
        let row = values![id, one, clause, words, party, who, draft.revision, ctx.now_us()];
        tx.execute(sql::INSERT_COMMENT, row).await?;
        enter(tx, ctx, keys, by, (id, json!({ "commented": one.to_string() }))).await?;
        Ok(Ok(()))
    })
    .await
}

/// What a party proposes: a clause, its text as people write it, and why. No text takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The clause.
    pub clause: ClauseKey,
    /// Its text as it would be; empty: it would be taken away.
    pub text: String,
    /// Why.
    pub why: String,
}

/// Proposes a clause. It stands beside whatever else is proposed for the same clause.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn propose(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, proposed): (EntryId, &Proposed),
) -> Outcome<EntryId> {
    let Proposed { clause, text, why } = proposed;
    let Some(why) = fit(why) else { return Ok(Err(Refusal::NoWords)) };
    let one = EntryId::draw(ctx.ids);
    let (of, name, text) = (id.to_string(), clause.to_string(), text.trim());
    let what = ["proposal", &of, &name, text, why];
    db.write("office.draft-propose", async |tx| {
        if let Some(before) = sending::before(tx, ctx, &what).await? {
            return Ok(Ok(before));
        }
        let looked = match open_draft(tx, id).await? {
            Ok(draft) => looked_at(draft, by, clause, text),
            Err(refusal) => Err(refusal),
        };
        let (draft, said) = match looked {
            Ok(looked) => looked,
            Err(refusal) => return refused(tx, ctx, keys, by, (id, refusal)).await,
        };
        if count(tx, sql::COUNT_PROPOSALS, id).await? >= PROPOSALS_MAX {
            return Ok(Err(Refusal::TooMany));
        }
        let base = rule::stands(&draft.of, clause);
        let said = serde_json::to_string(&said).map_err(|_| Error::Corrupt("proposal"))?;
        if let Some(before) = sending::once(tx, ctx, &what, one).await? {
            return Ok(Ok(before));
        }
        let row = values![
            id,
            one,
            &name,
            text,
            base.as_str(),
            said.as_str(),
            why,
            &by.organisation,
            by.practitioner,
            ctx.now_us()
        ];
        tx.execute(sql::INSERT_PROPOSAL, row).await?;
        let detail = json!({ "proposed": one.to_string(), "clause": name });
        enter(tx, ctx, keys, by, (id, detail)).await?;
        Ok(Ok(one))
    })
    .await
}

/// What a proposal would do, if its party may make it.
fn looked_at(
    draft: Draft,
    by: &Acting,
    clause: &ClauseKey,
    text: &str,
) -> Result<(Draft, Said), Refusal> {
    draft.for_party(&by.organisation)?;
    let new = rule::read_clause(clause, text)?;
    let after = rule::with_clause(&draft.of, clause, new)?;
    let said = Said::of(&draft.of, &after);
    Ok((draft, said))
}

/// Accepts or declines a proposal, with a reason, for the lead party.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn decide(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, one, accept, reason): (EntryId, EntryId, bool, &str),
) -> Outcome<()> {
    let Some(reason) = fit(reason) else { return Ok(Err(Refusal::NoWords)) };
    db.write("office.draft-decide", async |tx| {
        let draft = match open_draft(tx, id).await? {
            Ok(draft) => draft,
            Err(refusal) => return refused(tx, ctx, keys, by, (id, refusal)).await,
        };
        if let Err(refusal) = draft.for_lead(&by.organisation) {
            return refused(tx, ctx, keys, by, (id, refusal)).await;
        }
        let Some(proposal) = read::proposal(tx, id, one).await? else {
            return Ok(Err(Refusal::Unknown));
        };
        if proposal.decision.is_some() {
            return Ok(Err(Refusal::Closed));
        }
        if accept {
            match accepted(&draft, &proposal) {
                Ok(after) => advance(tx, ctx, by, &draft, &after).await?,
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        let word = if accept { "accepted" } else { "declined" };
        let row = values![id, one, word, reason, by.practitioner, ctx.now_us()];
        if tx.execute(sql::DECIDE_PROPOSAL, row).await? == 0 {
            return Ok(Err(Refusal::Closed));
        }
        enter(tx, ctx, keys, by, (id, json!({ word: one.to_string(), "reason": reason }))).await?;
        Ok(Ok(()))
    })
    .await
}

fn accepted(draft: &Draft, proposal: &Proposal) -> Result<Instrument, Refusal> {
    if rule::stands(&draft.of, &proposal.clause) != proposal.base {
        return Err(Refusal::Stale);
    }
    let new = rule::read_clause(&proposal.clause, &proposal.text)?;
    let after = rule::with_clause(&draft.of, &proposal.clause, new)?;
    rule::may_become(&draft.of, &after, &proposal.by)?;
    Ok(after)
}

/// The draft, if it is open.
async fn open_draft(tx: &mut Tx, id: EntryId) -> Outcome<Draft> {
    Ok(match find(tx, id).await? {
        None => Err(Refusal::Unknown),
        Some(draft) if draft.state != State::Open => Err(Refusal::Closed),
        Some(draft) => Ok(draft),
    })
}

/// Moves a draft on to another text.
async fn advance(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    by: &Acting,
    draft: &Draft,
    after: &Instrument,
) -> Result<(), Error> {
    let title = after.agreement.title.as_str();
    let row = values![draft.id, draft.revision, title, ctx.now_us()];
    if tx.execute(sql::NEXT_REVISION, row).await? == 0 {
        return Err(Error::Store(ken_store::Error::Contended));
    }
    keep(tx, ctx, by, (draft.id, draft.revision + 1), after).await
}

/// Keeps a text as a revision, and its parties as members.
async fn keep(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    by: &Acting,
    (id, revision): (EntryId, i64),
    of: &Instrument,
) -> Result<(), Error> {
    let body = of.canonical_json();
    let (party, who) = (&by.organisation, by.practitioner);
    let row = values![id, revision, body.as_str(), party, who, ctx.now_us()];
    tx.execute(sql::INSERT_REVISION, row).await?;
    for party in &of.parties {
        tx.execute(sql::UPSERT_PARTY, values![id, &party.id]).await?;
    }
    Ok(())
}

async fn count(tx: &mut Tx, statement: ken_store::Sql, id: EntryId) -> Result<i64, Error> {
    use ken_store::Reads as _;
    Ok(tx.find(statement, values![id], |row| row.int(0)).await?.unwrap_or_default())
}

/// Words of a person, if they are some and not too many.
fn fit(words: &str) -> Option<&str> {
    let words = words.trim();
    (!words.is_empty() && words.chars().count() <= WORDS_MAX).then_some(words)
}

/// Gives a refusal back; it stands on the ledger where somebody tried what is not theirs.
async fn refused<T>(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, refusal): (EntryId, Refusal),
) -> Outcome<T> {
    if refusal.is_entered() {
        enter(tx, ctx, keys, by, (id, json!({ "refused": refusal.word() }))).await?;
    }
    Ok(Err(refusal))
}

async fn enter(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (id, mut detail): (EntryId, Value),
) -> Result<(), Error> {
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("draft".to_owned(), json!(id.to_string()));
        detail.insert("by".to_owned(), json!(by.practitioner.to_string()));
    }
    let stream = Stream::Organisation(by.organisation.clone());
    let (kind, visibility) = (EntryKind::Setting, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}
