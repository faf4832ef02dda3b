//! What must be so before a party's signature counts, and the register of what has been cleared.
//!
//! # Invariants
//!
//! - [`crate::instrument::sign`] asks [`refusals`] in the write that keeps the signature; nothing
//!   else keeps one, so no caller can leave a refusal out.
//! - A refused signature changes nothing, and stands on the ledger with its reason.
//!
//! # Sources
//!
//! - UK GDPR arts. 13, 14 (people are told), 35 (impact assessment), 5(2) (accountability); house
//!   policy that each rests on a named act before signing, never on a tick in a form.

use std::collections::BTreeSet;

use jiff::civil::Date;
use ken_agreement::lint::{Severity, lint};
use ken_agreement::{Day, Instrument, Tier};
use ken_core::{Ctx, InstrumentHash, OrganisationId};
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_store::keys::KeyRing;
use ken_store::{Reads, Tx, values};
use serde_json::json;

use crate::{Error, sql};

/// Why a signature is refused. The order is that in which a person would put them right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The check of agreements finds errors in the text.
    Unsound,
    /// It does not compile, though the check finds nothing: the gate could not hold it.
    Uncompiled,
    /// A statute pack that it is, or rests on, has no seal of an issuer.
    PackUnsealed,
    /// It takes the place of a text that the party leads, which has not seen what that would do.
    SupersessionUnseen,
    /// It does not stand under an accord that a partnership of its parties has adopted.
    NotUnder,
    /// A party is registered as a commercial provider, which only works for others, and the text
    /// does not say why it decides itself here.
    OnlyProcesses,
    /// A lawful basis has nobody who confirmed it.
    BasisUnconfirmed,
    /// The party names no data protection officer, senior owner or rights contact.
    NoOwner,
    /// The privacy notice is not published.
    NoticeUnpublished,
    /// No impact assessment was approved for this text.
    AssessmentMissing,
    /// The impact assessment is due for review.
    AssessmentOutOfDate,
    /// The key of the signatory has expired.
    KeyExpired,
    /// The signature is over other bytes.
    OtherBytes,
    /// The organisation is no party, or the signatory is not registered for it.
    NotSignatory,
    /// The clock stands before something that is already registered, or the signature after now.
    ClockSetBack,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 15] = [
        Self::Unsound,
        Self::Uncompiled,
        Self::PackUnsealed,
        Self::SupersessionUnseen,
        Self::NotUnder,
        Self::OnlyProcesses,
        Self::BasisUnconfirmed,
        Self::NoOwner,
        Self::NoticeUnpublished,
        Self::AssessmentMissing,
        Self::AssessmentOutOfDate,
        Self::KeyExpired,
        Self::OtherBytes,
        Self::NotSignatory,
        Self::ClockSetBack,
    ];

    /// The stable code, as documented in `docs/errors.md`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unsound => "sharing.sign-unsound",
            Self::Uncompiled => "sharing.sign-uncompiled",
            Self::PackUnsealed => "sharing.sign-pack-unsealed",
            Self::SupersessionUnseen => "sharing.sign-supersession-unseen",
            Self::NotUnder => "sharing.sign-not-under",
            Self::OnlyProcesses => "sharing.sign-only-processes",
            Self::BasisUnconfirmed => "sharing.sign-basis-unconfirmed",
            Self::NoOwner => "sharing.sign-no-owner",
            Self::NoticeUnpublished => "sharing.sign-notice-unpublished",
            Self::AssessmentMissing => "sharing.sign-assessment-missing",
            Self::AssessmentOutOfDate => "sharing.sign-assessment-out-of-date",
            Self::KeyExpired => "sharing.sign-key-expired",
            Self::OtherBytes => "sharing.bad-signature",
            Self::NotSignatory => "sharing.unknown-signatory",
            Self::ClockSetBack => "sharing.sign-clock-set-back",
        }
    }

    /// What is wrong, in a sentence for a signatory.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Unsound => "The check of agreements finds errors in this text.",
            Self::Uncompiled => {
                "The rules that this text makes do not compile. Its check finds nothing, so report \
                 it with the text."
            }
            Self::PackUnsealed => {
                "A statute pack that this is, or rests on, has no seal of an issuer. What is in \
                 force goes on."
            }
            Self::SupersessionUnseen => {
                "It takes the place of a text that your organisation leads, and your organisation \
                 has not confirmed what that would do."
            }
            Self::NotUnder => {
                "It does not stand under an accord that a partnership of its parties has adopted, \
                 so nothing holds it to that accord's limits."
            }
            Self::OnlyProcesses => {
                "A party is registered as a commercial provider, which works for others and is no \
                 party, and the text does not say why it decides itself here."
            }
            Self::BasisUnconfirmed => "Nobody has confirmed one of the lawful bases.",
            Self::NoOwner => {
                "The party names no data protection officer, senior owner or rights contact."
            }
            Self::NoticeUnpublished => "The privacy notice is not published.",
            Self::AssessmentMissing => "No impact assessment was approved for this text.",
            Self::AssessmentOutOfDate => "The impact assessment is due for review.",
            Self::KeyExpired => "The signatory's key has expired.",
            Self::OtherBytes => "The signature is over other bytes than this text.",
            Self::NotSignatory => "This signatory is not registered for the party.",
            Self::ClockSetBack => "The clock is wrong: this would stand before what it rests on.",
        }
    }
}

/// What is cleared for one text before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clearance {
    /// Its privacy notice is published.
    Notice,
    /// Its impact assessment, or the screening that found none necessary, is approved.
    Assessment,
    /// Whoever leads what it replaces has seen what changes, and confirms it.
    Supersession,
}

impl Clearance {
    fn code(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Assessment => "assessment",
            Self::Supersession => "supersession",
        }
    }
}

/// What the register says of one text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Whether the notice is published.
    pub is_notice_published: bool,
    /// The last day of the approved assessment, if one was approved.
    pub assessed_until: Option<Day>,
    /// Whether what it does to the text that it replaces was seen and confirmed.
    pub is_supersession_seen: bool,
}

/// What keeps a party from signing a text on a day, whoever signs. `sources` are the instruments
/// that it stands under and whose clauses it narrows.
#[must_use]
pub fn refusals(
    instrument: &Instrument,
    party: &OrganisationId,
    sources: &[&Instrument],
    cleared: Cleared,
    today: Date,
) -> BTreeSet<Refusal> {
    let mut found = BTreeSet::new();
    let mut note = |is_so: bool, refusal| {
        if is_so {
            found.insert(refusal);
        }
    };
    let is_isa = instrument.agreement.tier == Tier::Isa;
    let findings = lint(instrument, sources);
    note(findings.iter().any(|one| one.severity <= Severity::Error), Refusal::Unsound);
    let blank = |text: &str| text.trim().is_empty();
    let unconfirmed = instrument.bases.iter().any(|basis| blank(&basis.confirmed_by));
    note(unconfirmed, Refusal::BasisUnconfirmed);
    let unowned = instrument.party(party).is_some_and(|party| {
        let owners = [&party.dpo, &party.senior_owner, &party.rights_contact];
        owners.iter().any(|owner| owner.as_deref().is_none_or(blank))
    });
    note(unowned, Refusal::NoOwner);
    let tells = instrument.transparency.is_some() || is_isa;
    note(tells && !cleared.is_notice_published, Refusal::NoticeUnpublished);
    if is_isa || instrument.dpia.is_some() {
        let text = instrument.dpia.as_ref();
        let early = text.is_some_and(|dpia| dpia.approved.0 > today);
        note(cleared.assessed_until.is_none() || early, Refusal::AssessmentMissing);
        let ends = cleared.assessed_until.into_iter().chain(text.map(|dpia| dpia.review_due));
        note(ends.into_iter().any(|end| end.0 < today), Refusal::AssessmentOutOfDate);
    }
    found
}

/// Clears a text, or clears it anew until another day. On the ledger of who did it.
///
/// # Errors
///
/// [`Error::UnknownInstrument`], or whatever the store or the ledger says.
pub async fn clear(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    hash: &InstrumentHash,
    what: Clearance,
    (by, until): (&OrganisationId, Option<Day>),
) -> Result<(), Error> {
    let known = tx.find(sql::FIND_INSTRUMENT, values![hash], |row| row.text(0)).await?;
    known.ok_or(Error::UnknownInstrument)?;
    let day = until.map(|day| day.to_string());
    let of = values![hash, what.code(), by, ctx.now_us(), day.as_deref()];
    tx.execute(sql::UPSERT_CLEARANCE, of).await?;
    record(tx, ctx, keys, by, json!({ "instrument": hash.as_str(), "cleared": what.code() })).await
}

/// Takes a clearance back: the assessment was reopened, the notice withdrawn. Who has signed has
/// signed; nobody signs any more.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn reopen(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    hash: &InstrumentHash,
    what: Clearance,
    by: &OrganisationId,
) -> Result<(), Error> {
    if tx.execute(sql::DELETE_CLEARANCE, values![hash, what.code()]).await? == 0 {
        return Ok(());
    }
    record(tx, ctx, keys, by, json!({ "instrument": hash.as_str(), "reopened": what.code() })).await
}

/// What is cleared for a text.
///
/// # Errors
///
/// Whatever the store says.
pub async fn cleared<R: Reads>(reads: &mut R, hash: &InstrumentHash) -> Result<Cleared, Error> {
    let row = |row: &ken_store::Row<'_>| Ok((row.text(0)?, row.parse_opt::<Date>(1)?));
    let mut cleared = Cleared::default();
    for (what, until) in reads.list(sql::LIST_CLEARANCES, values![hash], row).await? {
        if what == Clearance::Notice.code() {
            cleared.is_notice_published = true;
        } else if what == Clearance::Supersession.code() {
            cleared.is_supersession_seen = true;
        } else {
            cleared.assessed_until = until.map(Day);
        }
    }
    Ok(cleared)
}

async fn record(
    tx: &mut Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &OrganisationId,
    detail: serde_json::Value,
) -> Result<(), Error> {
    let stream = Stream::Organisation(by.clone());
    let visibility = Visibility::Never;
    let entry = NewEntry { stream, kind: EntryKind::Setting, visibility, detail };
    ken_ledger::append(tx, ctx, keys, entry).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2027, 6, 1);

    fn texts() -> Vec<Instrument> {
        [
            include_str!("../../../../agreements/statute-pack.toml"),
            include_str!("../../../../agreements/scot-accord.toml"),
            include_str!("../../../../agreements/glen-asp-concern.toml"),
        ]
        .map(|text| Instrument::parse(text).unwrap())
        .into()
    }

    fn found(
        change: impl FnOnce(&mut Instrument),
        cleared: Cleared,
        today: Date,
    ) -> BTreeSet<Refusal> {
        let mut texts = texts();
        let mut instrument = texts.pop().unwrap();
        change(&mut instrument);
        let sources: Vec<_> = texts.iter().collect();
        refusals(&instrument, &"cec".parse().unwrap(), &sources, cleared, today)
    }

    const GOOD: Cleared = Cleared {
        is_notice_published: true,
        assessed_until: Some(Day(date(2028, 1, 1))),
        is_supersession_seen: false,
    };

    #[test]
    fn each_thing_that_is_missing_is_named() {
        let check = |change: fn(&mut Instrument), cleared, today, want: &[Refusal]| {
            assert_eq!(found(change, cleared, today), want.iter().copied().collect());
        };
        check(|_| {}, GOOD, TODAY, &[]);
        check(
            |_| {},
            Cleared { is_notice_published: false, ..GOOD },
            TODAY,
            &[Refusal::NoticeUnpublished],
        );
        check(
            |_| {},
            Cleared { assessed_until: None, ..GOOD },
            TODAY,
            &[Refusal::AssessmentMissing],
        );
        check(|_| {}, GOOD, date(2028, 1, 2), &[Refusal::AssessmentOutOfDate]);
        check(|_| {}, GOOD, date(2027, 2, 19), &[Refusal::AssessmentMissing]);
        check(
            |text| text.parties[1].senior_owner = Some(" ".into()),
            GOOD,
            TODAY,
            &[Refusal::NoOwner],
        );
        check(|text| text.parties[0].senior_owner = None, GOOD, TODAY, &[]);
        check(
            |text| text.dpia.as_mut().unwrap().review_due = Day(date(2027, 5, 31)),
            GOOD,
            TODAY,
            &[Refusal::AssessmentOutOfDate],
        );
    }

    #[test]
    fn an_unconfirmed_basis_keeps_everybody_from_signing() {
        let found = found(|text| text.bases[0].confirmed_by = String::new(), GOOD, TODAY);
        assert!(found.contains(&Refusal::BasisUnconfirmed));
    }

    #[test]
    fn every_refusal_has_its_own_code_and_sentence() {
        let codes: BTreeSet<_> = Refusal::ALL.iter().map(|one| one.code()).collect();
        let says: BTreeSet<_> = Refusal::ALL.iter().map(|one| one.says()).collect();
        assert_eq!((codes.len(), says.len()), (Refusal::ALL.len(), Refusal::ALL.len()));
    }
}
