//! Drafts as they are kept: who takes part, what was said and proposed.

use jiff::Timestamp;
use ken_agreement::{ClauseKey, Instrument};
use ken_core::{EntryId, InstrumentHash, OrganisationId};
use ken_store::{Reads, Row, values};

use super::rule::{Refusal, Said};
use super::{COMMENTS_MAX, DRAFTS_MAX, MEMBERS_MAX, PROPOSALS_MAX};
use crate::{Error, sql};

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is negotiated.
    Open,
    /// Its text is registered for signing; the draft is closed.
    Registered,
}

/// Who takes part in a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The body.
    pub organisation: OrganisationId,
    /// Whether it is a party; otherwise it may comment.
    pub is_party: bool,
}

/// A draft with its newest text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: EntryId,
    /// The text.
    pub of: Instrument,
    /// Which revision the text is, from 1.
    pub revision: i64,
    /// Where it stands.
    pub state: State,
    /// The text that was registered.
    pub registered: Option<InstrumentHash>,
    /// Who takes part.
    pub members: Vec<Member>,
}

impl Draft {
    /// A body's part in it.
    #[must_use]
    pub fn member(&self, organisation: &OrganisationId) -> Option<&Member> {
        self.members.iter().find(|member| member.organisation == *organisation)
    }

    /// Whether the lead party acts.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotLead`] or [`Refusal::NotMember`].
    pub fn for_lead(&self, organisation: &OrganisationId) -> Result<(), Refusal> {
        if self.of.agreement.lead_party == *organisation {
            Ok(())
        } else if self.member(organisation).is_some() {
            Err(Refusal::NotLead)
        } else {
            Err(Refusal::NotMember)
        }
    }

    /// Whether a party acts.
    ///
    /// # Errors
    ///
    /// [`Refusal::CommentsOnly`] or [`Refusal::NotMember`].
    pub fn for_party(&self, organisation: &OrganisationId) -> Result<(), Refusal> {
        match self.member(organisation) {
            Some(member) if member.is_party => Ok(()),
            Some(_) => Err(Refusal::CommentsOnly),
            None => Err(Refusal::NotMember),
        }
    }
}

/// A line of the list of drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its id.
    pub id: EntryId,
    /// The agreement's title.
    pub title: String,
    /// The lead party.
    pub lead: OrganisationId,
    /// Which revision its text is.
    pub revision: i64,
    /// The text that was registered.
    pub registered: Option<InstrumentHash>,
    /// When it changed last.
    pub at: Timestamp,
}

impl Heading {
    /// Where the draft stands.
    #[must_use]
    pub fn stands(&self) -> State {
        state(self.registered.as_ref())
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The clause it is about; empty: the whole.
    pub clause: String,
    /// What was said.
    pub words: String,
    /// By which body.
    pub by: OrganisationId,
    /// Of which revision.
    pub revision: i64,
    /// When.
    pub at: Timestamp,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: EntryId,
    /// The clause.
    pub clause: ClauseKey,
    /// The clause as it would be, as people write it; empty: it would be taken away.
    pub text: String,
    /// The hash of the clause that it was made of; empty: there was none.
    pub base: String,
    /// What it would change, as it was when it was made.
    pub said: Said,
    /// Why.
    pub why: String,
    /// By which party.
    pub by: OrganisationId,
    /// When.
    pub at: Timestamp,
    /// Whether it was accepted, and the reason; none while it is open.
    pub decision: Option<(bool, String)>,
}

/// A draft.
///
/// # Errors
///
/// [`Error::Corrupt`] when what is stored no longer reads, or whatever the store says.
pub async fn find<R: Reads>(reads: &mut R, id: EntryId) -> Result<Option<Draft>, Error> {
    let row = |row: &Row<'_>| Ok((row.int(0)?, row.parse_opt(1)?, row.text(2)?));
    let found = reads.find(sql::FIND_DRAFT, values![id], row).await?;
    let Some((revision, registered, body)) = found else { return Ok(None) };
    let of = Instrument::from_canonical(&body).map_err(|_| Error::Corrupt("draft"))?;
    let row = |row: &Row<'_>| Ok(Member { organisation: row.parse(0)?, is_party: row.flag(1)? });
    let most = i64::try_from(MEMBERS_MAX).unwrap_or(i64::MAX).saturating_mul(2);
    let members = reads.list(sql::LIST_MEMBERS, values![id, most], row).await?;
    let state = state(registered.as_ref());
    Ok(Some(Draft { id, of, revision, state, registered, members }))
}

fn state(registered: Option<&InstrumentHash>) -> State {
    if registered.is_some() { State::Registered } else { State::Open }
}

/// An earlier text of a draft.
///
/// # Errors
///
/// As [`find`].
pub async fn revision<R: Reads>(
    reads: &mut R,
    (id, number): (EntryId, i64),
) -> Result<Option<Instrument>, Error> {
    let found = reads.find(sql::FIND_REVISION, values![id, number], |row| row.text(0)).await?;
    let read =
        |body: String| Instrument::from_canonical(&body).map_err(|_| Error::Corrupt("draft"));
    found.map(read).transpose()
}

/// The drafts that a body takes part in, the newest change first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn list<R: Reads>(
    reads: &mut R,
    organisation: &OrganisationId,
) -> Result<Vec<Heading>, Error> {
    let row = |row: &Row<'_>| {
        let (id, title, lead) = (row.parse(0)?, row.text(1)?, row.parse(2)?);
        let (revision, registered, at) = (row.int(3)?, row.parse_opt(4)?, row.time(5)?);
        Ok(Heading { id, title, lead, revision, registered, at })
    };
    Ok(reads.list(sql::LIST_DRAFTS, values![organisation, DRAFTS_MAX], row).await?)
}

/// What was said of a draft, oldest first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn comments<R: Reads>(reads: &mut R, id: EntryId) -> Result<Vec<Comment>, Error> {
    let row = |row: &Row<'_>| {
        let (clause, words, by) = (row.text(0)?, row.text(1)?, row.parse(2)?);
        Ok(Comment { clause, words, by, revision: row.int(3)?, at: row.time(4)? })
    };
    Ok(reads.list(sql::LIST_COMMENTS, values![id, COMMENTS_MAX], row).await?)
}

/// What was proposed for a draft, oldest first.
///
/// # Errors
///
/// [`Error::Corrupt`] when what is stored no longer reads, or whatever the store says.
pub async fn proposals<R: Reads>(reads: &mut R, id: EntryId) -> Result<Vec<Proposal>, Error> {
    let rows = reads.list(sql::LIST_PROPOSALS, values![id, PROPOSALS_MAX], stored).await?;
    rows.into_iter().map(read).collect()
}

/// One proposal of a draft.
pub(super) async fn proposal<R: Reads>(
    reads: &mut R,
    id: EntryId,
    one: EntryId,
) -> Result<Option<Proposal>, Error> {
    let found = reads.find(sql::FIND_PROPOSAL, values![id, one], stored).await?;
    found.map(read).transpose()
}

/// A proposal with what it says still in its stored form.
type Stored = (Proposal, String);

fn stored(row: &Row<'_>) -> Result<Stored, ken_store::Error> {
    let decision = row.text_opt(8)?.map(|word| word == "accepted");
    let nothing = Said { newly_allowed: vec![], no_longer: vec![], otherwise: vec![] };
    let proposal = Proposal {
        id: row.parse(0)?,
        clause: row.parse(1)?,
        text: row.text(2)?,
        base: row.text(3)?,
        said: nothing,
        why: row.text(5)?,
        by: row.parse(6)?,
        at: row.time(7)?,
        decision: decision.zip(row.text_opt(9)?),
    };
    Ok((proposal, row.text(4)?))
}

fn read((proposal, said): Stored) -> Result<Proposal, Error> {
    let said = serde_json::from_str(&said).map_err(|_| Error::Corrupt("proposal"))?;
    Ok(Proposal { said, ..proposal })
}
