//! What the person answers to an offer, in their own words, and who is told what they said.
//!
//! # Invariants
//!
//! - A person answers the offer that they were told of, by the name of who was offered: what is not
//!   shown to them is answered as what is not there.
//! - Their words are told to the organisation that offered, and to whoever holds the role; to
//!   nobody else.
//! - What an answer comes to is what it comes to by whomever it is recorded: one turn, which holds
//!   from the next decision.
//!
//! Source: GIRFEC practice guidance (2022): a named person is offered, and may be declined.

use jiff::Timestamp;
use ken_core::{AccountId, Ctx, PersonId, PractitionerId, Sensitive};
use ken_directory::Acting;
use ken_sharing::relationship;
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads};

use super::change::{self, Asked, What};
use super::rule::{self, Refused, Standing};
use super::{By, Holder, Kind, State, Turn, WHY_LEN_MAX, turns};
use crate::Error;

/// What the person answers, and to whose offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// They want this one.
    Accept(PractitionerId),
    /// They do not want this one.
    Decline(PractitionerId),
}

impl Answer {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Accept(_) => "accept",
            Self::Decline(_) => "decline",
        }
    }

    pub(super) const fn whom(self) -> PractitionerId {
        match self {
            Self::Accept(whom) | Self::Decline(whom) => whom,
        }
    }
}

/// Answers an offer for oneself, with words or without; gives the number of the turn. The same
/// request again changes nothing.
///
/// # Errors
///
/// As [`change`](super::change()).
pub async fn answer(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    account: AccountId,
    (person, kind): (PersonId, Kind),
    (answer, words): (Answer, &Sensitive<String>),
) -> Result<Result<i64, Refused>, Error> {
    if words.reveal().trim().chars().count() > WHY_LEN_MAX {
        return Ok(Err(Refused::Unfit));
    }
    let what = What::Answered(account, answer);
    change::make(db, ctx, keys, &Asked { person, kind, what, why: words }).await
}

/// Who is offered to the person under one id, as far as they were told of it: what was done while
/// somebody might be harmed by what their pages show changes nothing here.
///
/// # Errors
///
/// As [`turns`].
pub async fn to_answer<R: Reads>(
    reads: &mut R,
    person: PersonId,
) -> Result<Vec<(Kind, Holder)>, Error> {
    let turns = turns(reads, person).await?;
    let of = |kind| told(turns.iter().filter(move |turn| turn.kind == kind));
    let offered = |kind: Kind| of(kind).offered.map(|holder| (kind, holder));
    Ok(Kind::ALL.into_iter().filter_map(offered).collect())
}

/// What the turns of one role come to, as far as the person was told of them.
pub(super) fn told<'a>(turns: impl IntoIterator<Item = &'a Turn>) -> Standing {
    Standing::of(turns.into_iter().filter(|turn| turn.is_shown))
}

/// What the person answered, as a practitioner reads it.
#[derive(Debug, Clone)]
pub struct Said {
    /// Of which role.
    pub kind: Kind,
    /// Who had been offered.
    pub whom: Holder,
    /// Whether they were accepted.
    pub is_accepted: bool,
    /// When.
    pub at: Timestamp,
    /// The person's words; none where they gave none, or their key is erased.
    pub words: Option<Sensitive<String>>,
}

/// What the person answered last of each role, to whoever may read it: who works with the person
/// for the organisation that offered, and who holds the role.
///
/// # Errors
///
/// As [`turns`], or whatever the relationships or the key ring say.
pub async fn said<R: Reads>(
    reads: &mut R,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    person: PersonId,
) -> Result<Vec<Said>, Error> {
    let held = relationship::of_person(reads, ctx, person).await?;
    let works_with = rule::works_with(&held, by);
    let turns = turns(reads, person).await?;
    let mut said = vec![];
    for kind in Kind::ALL {
        let of_kind: Vec<_> = turns.iter().filter(|turn| turn.kind == kind).collect();
        let Some((offer, answer)) = last(&of_kind) else { continue };
        let is_of_them = matches!(&offer.by, By::Practitioner(_, at) if *at == by.organisation);
        let is_holder = Standing::of(of_kind.iter().copied()).is_held_by(by);
        let Some(whom) = offer.state.holder().filter(|_| is_holder || works_with && is_of_them)
        else {
            continue;
        };
        let words = answer.why(keys).await?.filter(|words| !words.reveal().is_empty());
        let is_accepted = matches!(answer.state, State::Accepted(_));
        said.push(Said { kind, whom: whom.clone(), is_accepted, at: answer.at, words });
    }
    Ok(said)
}

/// The last answer of the person themselves, with the offer that it answers.
fn last<'a>(turns: &[&'a Turn]) -> Option<(&'a Turn, &'a Turn)> {
    let is_answer = |turn: &&Turn| {
        matches!(turn.by, By::Person(_))
            && matches!(turn.state, State::Accepted(_) | State::Declined)
    };
    let at = turns.iter().rposition(is_answer)?;
    let before = turns.get(..at)?;
    let offer = before.iter().rfind(|turn| matches!(turn.state, State::Offered(_)))?;
    Some((*offer, *turns.get(at)?))
}
