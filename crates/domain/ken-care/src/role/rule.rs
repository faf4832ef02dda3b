//! What turns come to, and who may add one: values in, values out.

use jiff::Timestamp;
use ken_core::PractitionerId;
use ken_directory::Acting;
use ken_sharing::fact::Grade;
use ken_sharing::relationship::{REFERRER, Relationship};

use super::answer::Answer;
use super::{Holder, State, Turn};

/// What somebody wants of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Offer somebody to the person or their family.
    Offer(Holder),
    /// Set somebody in with whom the person or their family agrees already.
    Set(Holder),
    /// Note that the person or their family accepted this one, who is offered.
    Accept(PractitionerId),
    /// Note that the person or their family declined this one, who is offered.
    Decline(PractitionerId),
    /// Take back the offer of this one.
    TakeBack(PractitionerId),
    /// Note that the person or their family chose to have nobody, and not this one, where somebody
    /// holds it; while nobody is offered.
    ChoseNobody(Option<PractitionerId>),
    /// End it: this one, who holds it, no longer does; while nobody is offered.
    End(PractitionerId),
}

impl Change {
    /// The word of a form for it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Offer(_) => "offer",
            Self::Set(_) => "set",
            Self::Accept(_) => "accept",
            Self::Decline(_) => "decline",
            Self::TakeBack(_) => "take-back",
            Self::ChoseNobody(_) => "none",
            Self::End(_) => "end",
        }
    }
}

/// Why a change was refused. Nothing is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// Who asks neither holds the role nor works with the person for whoever provides it.
    NotTheirs,
    /// Nobody names themselves, nor says for the family that it is they.
    Oneself,
    /// Whoever is named has no such role at that organisation now.
    NotInRole,
    /// Nobody is offered, or not the one whose offer this answers.
    NothingOffered,
    /// Whoever is named does not hold the role any more.
    NotHolder,
    /// Somebody is offered, and the answer to that comes first.
    Unanswered,
    /// It is so already.
    Already,
    /// The role has had as many turns as it may.
    TooMany,
    /// A part of the contact, or the reason, is missing or too long.
    Unfit,
}

/// Who holds a role at a moment, and what else its turns say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Who holds it, and since when.
    pub holder: Option<(Holder, Timestamp)>,
    /// Who is offered.
    pub offered: Option<Holder>,
    /// Whether nobody holds it because the person or their family chose so.
    pub is_declined: bool,
}

impl Standing {
    /// What turns of one role under one id come to, in their order.
    #[must_use]
    pub fn of<'a>(turns: impl IntoIterator<Item = &'a Turn>) -> Self {
        let after = |standing: Self, turn: &Turn| standing.after(&turn.state, turn.at);
        turns.into_iter().fold(Self::default(), after)
    }

    /// What it comes to after one more turn.
    #[must_use]
    pub fn after(self, state: &State, at: Timestamp) -> Self {
        match state {
            State::Offered(holder) => Self { offered: Some(holder.clone()), ..self },
            State::Accepted(holder) => {
                let since = match self.holder {
                    Some((old, since)) if old.practitioner == holder.practitioner => since,
                    _ => at,
                };
                Self { holder: Some((holder.clone(), since)), ..Self::default() }
            }
            // Of a hand-over that was declined the holder stays: there is no gap.
            State::Declined if self.offered.is_some() && self.holder.is_some() => {
                Self { offered: None, ..self }
            }
            State::Declined => Self { is_declined: true, ..Self::default() },
            // An offer that is taken back leaves whoever holds it.
            State::Ended if self.offered.is_some() => Self { offered: None, ..self },
            State::Ended => Self::default(),
        }
    }

    /// Whether this practitioner of this organisation holds it.
    #[must_use]
    pub fn is_held_by(&self, by: &Acting) -> bool {
        self.holder.as_ref().is_some_and(|(holder, _)| is(holder, by))
    }

    fn is_nothing(&self) -> bool {
        self.holder.is_none() && self.offered.is_none()
    }
}

fn is(holder: &Holder, by: &Acting) -> bool {
    holder.practitioner == by.practitioner && holder.organisation == by.organisation
}

/// Whether who asks works with the person: by a relationship of their own or of the whole
/// organisation that is more than claimed, and more than that they once referred them.
#[must_use]
pub fn works_with(held: &[Relationship], by: &Acting) -> bool {
    held.iter().any(|one| {
        one.organisation == by.organisation
            && one.grade != Grade::Claimed
            && one.kind != REFERRER
            && one.practitioner.is_none_or(|practitioner| practitioner == by.practitioner)
    })
}

/// Whether a role is somebody's to change: the holder's, or who works with the person for whoever
/// provides it or is to; anybody's who works with the person where nobody holds it or is offered.
#[must_use]
pub fn is_theirs(by: &Acting, standing: &Standing, works_with: bool) -> bool {
    let holder = standing.holder.iter().map(|(holder, _)| holder);
    let mut sides = holder.chain(&standing.offered).map(|one| &one.organisation);
    let is_of_a_side = standing.is_nothing() || sides.any(|side| *side == by.organisation);
    standing.is_held_by(by) || works_with && is_of_a_side
}

/// The state that a change comes to, or why nobody makes it.
///
/// An answer names whose offer it is of, and an end whose turn: who reads an older page answers or
/// ends nothing else by it.
///
/// The holder may hand over to anybody in a role of a registered organisation; a colleague of the
/// holder, who works with the person, may set in another of their own. Where nobody holds the role
/// whoever works with the person names somebody of their own organisation.
///
/// # Errors
///
/// [`Refused`].
pub fn may(
    change: &Change,
    by: &Acting,
    standing: &Standing,
    (works_with, is_in_role): (bool, bool),
) -> Result<State, Refused> {
    if !is_theirs(by, standing, works_with) {
        return Err(Refused::NotTheirs);
    }
    let is_holder = standing.is_held_by(by);
    let holder = standing.holder.as_ref().map(|(holder, _)| holder);
    match change {
        Change::Offer(new) | Change::Set(new) => {
            if new.practitioner == by.practitioner {
                return Err(Refused::Oneself);
            }
            let is_of_them = holder.is_none_or(|holder| holder.organisation == by.organisation);
            if !(is_holder || new.organisation == by.organisation && is_of_them) {
                return Err(Refused::NotTheirs);
            }
            check(new, is_in_role)?;
            let is_same = |old: Option<&Holder>| old == Some(new);
            match change {
                Change::Offer(_) if is_same(standing.offered.as_ref()) => Err(Refused::Already),
                Change::Offer(_) => Ok(State::Offered(new.clone())),
                _ if is_same(holder) && standing.offered.is_none() => Err(Refused::Already),
                _ => Ok(State::Accepted(new.clone())),
            }
        }
        Change::Accept(whom) => accepted(by.practitioner, offered(standing, *whom)?, is_in_role),
        Change::Decline(whom) => offered(standing, *whom).map(|_| State::Declined),
        Change::TakeBack(whom) => offered(standing, *whom).map(|_| State::Ended),
        Change::ChoseNobody(_) | Change::End(_) if standing.offered.is_some() => {
            Err(Refused::Unanswered)
        }
        Change::ChoseNobody(_) if standing.is_declined && standing.is_nothing() => {
            Err(Refused::Already)
        }
        Change::ChoseNobody(whom) if *whom != holder.map(|holder| holder.practitioner) => {
            Err(Refused::NotHolder)
        }
        Change::ChoseNobody(_) => Ok(State::Declined),
        Change::End(_) if standing.is_nothing() => Err(Refused::Already),
        Change::End(whom) if holder.is_none_or(|holder| holder.practitioner != *whom) => {
            Err(Refused::NotHolder)
        }
        Change::End(_) => Ok(State::Ended),
    }
}

/// The state that the person's answer to an offer comes to, or why nothing does: they answer whose
/// offer they were told of (`told`) and nothing else, and nobody accepts themselves.
///
/// # Errors
///
/// [`Refused`].
pub fn answered(
    answer: Answer,
    (standing, told): (&Standing, &Standing),
    (is_oneself, is_in_role): (bool, bool),
) -> Result<State, Refused> {
    let offered = offered(standing, answer.whom())?;
    if told.offered.as_ref() != Some(offered) {
        return Err(Refused::NothingOffered);
    }
    match answer {
        Answer::Decline(_) => Ok(State::Declined),
        Answer::Accept(_) if is_oneself => Err(Refused::Oneself),
        Answer::Accept(_) => {
            check(offered, is_in_role)?;
            Ok(State::Accepted(offered.clone()))
        }
    }
}

fn check(new: &Holder, is_in_role: bool) -> Result<(), Refused> {
    match () {
        () if !new.contact.fits() => Err(Refused::Unfit),
        () if !is_in_role => Err(Refused::NotInRole),
        () => Ok(()),
    }
}

/// Who is offered, where it is the one who is meant.
fn offered(standing: &Standing, whom: PractitionerId) -> Result<&Holder, Refused> {
    let offered = standing.offered.as_ref().filter(|one| one.practitioner == whom);
    offered.ok_or(Refused::NothingOffered)
}

fn accepted(by: PractitionerId, offered: &Holder, is_in_role: bool) -> Result<State, Refused> {
    if offered.practitioner == by {
        return Err(Refused::Oneself);
    }
    check(offered, is_in_role)?;
    Ok(State::Accepted(offered.clone()))
}
