//! Numbers as links: that a number is somebody's is what an authority says, on a day and on some
//! evidence, and it can be taken back.
//!
//! A source says so by its messages; a steward of the index says so by hand, with a reason. Taken
//! back, a number finds nobody: it is free for whose it is.
//!
//! # Invariants
//!
//! - Whoever takes a number back ends what everybody says of it, under every id of the person. A
//!   source that only repeats what was taken back gives nothing; a word that was not there then
//!   does, a steward's or another source's.
//! - By hand nobody gets a number that is another's, which makes a place in the queue, nor a second
//!   of a kind of which one person has one.
//! - What people did stays: it is added to, never changed, and is an entry of the ledger, in which
//!   no number stands.
//!
//! Sources: the source documents on the UCRN, linked to the CHI by way of the NHS Central Register;
//! `identity.md` section 6; ADR 60.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ken_core::identifier::{CheckRule, Identifier};
use ken_core::{Ctx, OrganisationId, PersonId, PractitionerId};
use ken_directory::Acting;
use ken_ledger::EntryKind;
use ken_sharing::together;
use ken_store::keys::KeyRing;
use ken_store::{Reads, Row, Tx, values};
use serde_json::json;

use crate::account::{self, ACCOUNTS_MAX, TOGETHER_MAX};
use crate::link::ReviewId;
use crate::queue::{self, Why};
use crate::rule::{Doubt, Reason};
use crate::sql::{CLAIM_INSERT, number as sql};
use crate::{Error, entry, own};

/// Most acts of practitioners that are read of one person. House policy: a page.
pub const EVENTS_MAX: i64 = 100;

/// What a number rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// A message of the organisation's system said it.
    Message,
    /// A steward saw a letter or a card that shows it with name and date of birth.
    Document,
    /// The body that issues it, or keeps it, confirmed it to a steward.
    Confirmed,
    /// A list of the organisation was matched, and this person was sure and alone.
    Matched,
}

impl Evidence {
    /// Every evidence.
    pub const ALL: [Self; 4] = [Self::Message, Self::Document, Self::Confirmed, Self::Matched];

    /// The word that is stored.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Document => "document",
            Self::Confirmed => "confirmed",
            Self::Matched => "matched",
        }
    }

    /// The evidence of a word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|evidence| evidence.code() == code)
    }
}

/// That a number is somebody's, as one authority says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberLink {
    /// The number.
    pub number: Identifier,
    /// Whose word it is.
    pub authority: OrganisationId,
    /// Who gave it by hand; nobody where a system of the organisation says it.
    pub by: Option<PractitionerId>,
    /// What it rests on.
    pub evidence: Evidence,
    /// Which check of a CHI number it passed; none for another kind.
    pub check: Option<CheckRule>,
    /// Since when.
    pub since: Timestamp,
    /// When it was taken back; none while it stands.
    pub ended: Option<Timestamp>,
}

/// What a practitioner did to a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberEvent {
    /// The number.
    pub number: Identifier,
    /// Who, for which organisation.
    pub by: (PractitionerId, OrganisationId),
    /// On what evidence it was given; none where it was taken back.
    pub given: Option<Evidence>,
    /// When.
    pub made: Timestamp,
}

/// What became of a number that was to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenNumber {
    /// It is theirs now.
    Done,
    /// It is another's: both wait in the queue for a human, and nothing was given.
    Another,
    /// They have another number of that kind: that is taken back first, or this one is wrong.
    HasOther,
    /// It is one that systems fill in where they have none.
    Filler,
}

/// Gives somebody a number by a practitioner's word.
///
/// # Errors
///
/// [`Error::Unknown`] for nobody, and for the practitioner's own record; whatever the store, the
/// key ring or the ledger says.
pub async fn give_number(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    (number, evidence): (&Identifier, Evidence),
    (by, why): (&Acting, &Why),
) -> Result<GivenNumber, Error> {
    let guard = hold(tx, person, by).await?;
    if number.is_filler() {
        return Ok(GivenNumber::Filler);
    }
    let lead = account::lead(tx, person).await?;
    if let Some(other) = account::by_identifier(tx, number).await? {
        let other = account::lead(tx, other).await?;
        if other != lead {
            let reasons = BTreeSet::from([Reason::Identifier, Reason::ByHand]);
            let doubt = Doubt { person: other, reasons, alike: None };
            queue::offer_once(tx, ctx, person, &by.organisation, &[doubt]).await?;
            note_refused(tx, ctx, keys, person, number, (by, why)).await?;
            return Ok(GivenNumber::Another);
        }
    } else {
        let has = account::national(tx, lead).await?;
        let of_kind = |one: &&Identifier| one.system() == number.system() && *one != number;
        if number.is_national() && has.iter().any(|one| of_kind(&one)) {
            note_refused(tx, ctx, keys, person, number, (by, why)).await?;
            return Ok(GivenNumber::HasOther);
        }
        if !claim(tx, person, number).await? {
            return Err(Error::Contended);
        }
    }
    account::give(tx, ctx, person, number, (by, evidence.code())).await?;
    note(tx, ctx, keys, person, (number, Some(evidence)), (by, why)).await?;
    guard.bump(tx).await?;
    Ok(GivenNumber::Done)
}

/// Takes a number back, whoever says that it is theirs: nobody is found by it from then on.
///
/// # Errors
///
/// [`Error::Unknown`] for nobody, for the practitioner's own record, and for a number that does not
/// stand; whatever the store, the key ring or the ledger says.
pub async fn take_number_back(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    number: &Identifier,
    (by, why): (&Acting, &Why),
) -> Result<(), Error> {
    // Before the people, as a message does that brings the number: what such a message has said is
    // there when words are ended, and one that comes later finds the number taken back.
    tx.execute(sql::CLAIM_HOLD, values![number.system(), number.reveal()]).await?;
    let guard = hold(tx, person, by).await?;
    let mut ended = 0;
    for one in account::together(tx, person).await? {
        let of = values![one, number.system(), number.reveal(), ctx.now_us()];
        ended += tx.execute(sql::NUMBER_END, of).await?;
        account::unclaim(tx, ctx, one, number).await?;
    }
    if ended == 0 {
        return Err(Error::Unknown("number"));
    }
    note(tx, ctx, keys, person, (number, None), (by, why)).await?;
    Ok(guard.bump(tx).await?)
}

/// The numbers of a person under every id of theirs, with who says so; those that were taken back
/// too.
///
/// # Errors
///
/// [`Error::Unknown`] for nobody, and whatever the store says.
pub async fn number_links(s: &mut impl Reads, person: PersonId) -> Result<Vec<NumberLink>, Error> {
    let lead = account::lead(s, person).await?;
    let of = values![lead, TOGETHER_MAX * ACCOUNTS_MAX];
    Ok(s.list(sql::NUMBERS_TOGETHER, of, link).await?)
}

/// What practitioners did to a person's numbers, the newest first; at most [`EVENTS_MAX`].
///
/// # Errors
///
/// [`Error::Unknown`] for nobody, and whatever the store says.
pub async fn number_events(
    s: &mut impl Reads,
    person: PersonId,
) -> Result<Vec<NumberEvent>, Error> {
    let lead = account::lead(s, person).await?;
    let read = |row: &Row<'_>| {
        let given = row.text_opt(5)?.as_deref().and_then(Evidence::from_code);
        let by = (row.parse(3)?, row.parse(2)?);
        Ok(NumberEvent { number: account::identifier(row)?, by, given, made: row.time(6)? })
    };
    Ok(s.list(sql::NUMBER_EVENTS, values![lead, EVENTS_MAX], read).await?)
}

/// Whose a number is: whoever stands for them. Nobody's where it was taken back.
///
/// # Errors
///
/// Whatever the store says.
pub async fn holder(s: &mut impl Reads, number: &Identifier) -> Result<Option<PersonId>, Error> {
    match account::by_identifier(s, number).await? {
        Some(person) => account::lead(s, person).await.map(Some),
        None => Ok(None),
    }
}

/// Whose a number is, held so to the end of the transaction.
pub(crate) async fn hold_claim(
    tx: &mut Tx,
    number: &Identifier,
) -> Result<Option<PersonId>, Error> {
    let of = values![number.system(), number.reveal()];
    Ok(tx.find(sql::CLAIM_SHARE, of, |row| row.parse(0)).await?)
}

/// Takes an identifier for a person; false where another has it.
async fn claim(tx: &mut Tx, person: PersonId, number: &Identifier) -> Result<bool, Error> {
    let of = values![number.system(), number.reveal(), person];
    Ok(tx.execute(CLAIM_INSERT, of).await? == 1)
}

/// Holds the guards of everybody who is the person. Nobody acts on their own record.
async fn hold(tx: &mut Tx, person: PersonId, by: &Acting) -> Result<ken_store::PeopleGuard, Error> {
    account::lead(tx, person).await?;
    let guard = together::lock(tx, &BTreeSet::from([person])).await?;
    if own::is_own(tx, by.practitioner, &BTreeSet::from([person])).await? {
        return Err(Error::Unknown("person"));
    }
    Ok(guard)
}

/// Enters that a number was to be given and was not: whoever tries one after the other is seen.
async fn note_refused(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    number: &Identifier,
    (by, why): (&Acting, &Why),
) -> Result<(), Error> {
    let detail = json!({
        "event": "number-not-given",
        "system": number.system(),
        "by": entry::who(by),
        "reason": why.reveal(),
    });
    entry::decided(tx, ctx, keys, person, EntryKind::Deny, detail).await
}

/// Keeps what was done, and enters it. The entry says of which kind the number is, and not which.
async fn note(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    person: PersonId,
    (number, given): (&Identifier, Option<Evidence>),
    (by, why): (&Acting, &Why),
) -> Result<(), Error> {
    let (id, evidence) = (ReviewId::draw(ctx).to_string(), given.map(Evidence::code));
    let (event, kind) = match given {
        Some(_) => ("given", EntryKind::Linked),
        None => ("taken-back", EntryKind::Unlinked),
    };
    let (system, value) = (number.system(), number.reveal());
    let (organisation, who) = (&by.organisation, by.practitioner);
    let of = values![person, &id, system, value, organisation, who, event, evidence, ctx.now_us()];
    tx.execute(sql::NUMBER_EVENT, of).await?;
    let detail = json!({
        "event": format!("number-{event}"),
        "id": id,
        "system": system,
        "evidence": evidence,
        "by": entry::who(by),
        "reason": why.reveal(),
    });
    entry::decided(tx, ctx, keys, person, kind, detail).await
}

fn link(row: &Row<'_>) -> Result<NumberLink, ken_store::Error> {
    let number = account::identifier(row)?;
    let check = match &number {
        Identifier::Chi(chi) => Some(chi.rule()),
        _ => None,
    };
    let evidence = Evidence::from_code(&row.text(4)?);
    Ok(NumberLink {
        number,
        authority: row.parse(2)?,
        by: row.parse_opt(3)?,
        evidence: evidence.ok_or(ken_store::Error::Column { index: 4 })?,
        check,
        since: row.time(7)?,
        ended: row.time_opt(8)?,
    })
}
