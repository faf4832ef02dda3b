//! What the turns of a request come to, and who may take the next: values in, values out.

use jiff::Timestamp;
use ken_core::PractitionerId;
use ken_directory::{Acting, HeldRole};

use super::{TURNS_MAX, Turn};

/// What a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It was sent.
    Sent,
    /// The receiver takes it on.
    Accepted,
    /// The receiver gives it back, and says why.
    Returned,
    /// The receiver sends it on to another body.
    PassedOn,
    /// It is done, and the sender is told what came of it.
    Closed,
    /// Something was said about it.
    Said,
    /// The sender asks that somebody answers now.
    Escalated,
    /// The day is over by which an answer was due.
    Late,
}

impl State {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Sent,
        Self::Accepted,
        Self::Returned,
        Self::PassedOn,
        Self::Closed,
        Self::Said,
        Self::Escalated,
        Self::Late,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Returned => "returned",
            Self::PassedOn => "passed-on",
            Self::Closed => "closed",
            Self::Said => "said",
            Self::Escalated => "escalated",
            Self::Late => "late",
        }
    }

    /// The state of that code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// What somebody does about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take it on.
    Accept,
    /// Give it back.
    Return,
    /// Send it on.
    PassOn(HeldRole),
    /// Say that it is done.
    Close,
    /// Say something about it.
    Say,
    /// Ask that somebody answers now.
    Escalate,
}

impl Step {
    /// The turn that it makes.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::Accept => State::Accepted,
            Self::Return => State::Returned,
            Self::PassOn(_) => State::PassedOn,
            Self::Close => State::Closed,
            Self::Say => State::Said,
            Self::Escalate => State::Escalated,
        }
    }
}

/// Why a step was not taken. Nothing is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refused {
    /// For who asks there is no such request.
    NotTheirs,
    /// As it stands nobody does this, or it is for the other side to do.
    NotNow,
    /// Nobody answers what they sent themselves.
    Oneself,
    /// As much was said as may be.
    TooMuch,
    /// No clause in force lets it go there.
    NoClause,
    /// Something that is written is missing or too long.
    Unfit,
}

/// How a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who sent it, in which role.
    pub sender: (PractitionerId, HeldRole),
    /// Who has it: the role that it was sent or passed on to.
    pub holder: HeldRole,
    /// Whether it waits, was taken on, given back or is done: the turn that said so last.
    pub state: State,
    /// By when an answer is due, while it waits.
    pub due: Option<Timestamp>,
    /// Whether the day is over, or the sender asked that somebody answers now.
    pub is_urgent: bool,
    /// How many turns it has.
    pub turns: usize,
}

impl Standing {
    /// What turns come to, in their order; none where the first does not send it.
    #[must_use]
    pub fn of<'a>(turns: impl IntoIterator<Item = &'a Turn>) -> Option<Self> {
        let mut turns = turns.into_iter();
        let first = turns.next()?;
        // Whoever it was passed on to begins there.
        let by = first.by.as_ref()?;
        let begun = Self {
            sender: (by.practitioner, by.held.clone()),
            holder: first.to.clone()?,
            state: State::Sent,
            due: first.due,
            is_urgent: false,
            turns: 1,
        };
        Some(turns.fold(begun, Self::after))
    }

    fn after(self, turn: &Turn) -> Self {
        let turns = self.turns.saturating_add(1);
        let ended = Self { due: None, is_urgent: false, state: turn.state, turns, ..self.clone() };
        match turn.state {
            State::Accepted | State::Returned | State::Closed => ended,
            State::PassedOn | State::Sent => Self {
                holder: turn.to.clone().unwrap_or(self.holder),
                state: State::Sent,
                due: turn.due,
                is_urgent: false,
                turns,
                ..self
            },
            // Who was not told that it was answered may have asked; what was answered before its
            // day was over is not late.
            State::Escalated | State::Late => {
                Self { is_urgent: self.state == State::Sent, turns, ..self }
            }
            State::Said => Self { turns, ..self },
        }
    }

    /// Whether nothing more is done about it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Returned | State::Closed)
    }
}

/// On which side somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Of whoever sent it.
    Sender,
    /// Of whoever has it.
    Holder,
}

/// Whether somebody on a side may take a step.
///
/// # Errors
///
/// [`Refused`].
pub fn may(
    step: &Step,
    (by, side): (&Acting, Side),
    standing: &Standing,
) -> Result<State, Refused> {
    let is_fit = match (step, side) {
        (Step::Accept, Side::Holder) => standing.state == State::Sent,
        (Step::Return | Step::PassOn(_), Side::Holder) | (Step::Say, _) => !standing.is_over(),
        (Step::Close, Side::Holder) => standing.state == State::Accepted,
        (Step::Escalate, Side::Sender) => standing.state == State::Sent && !standing.is_urgent,
        _ => false,
    };
    let is_back = |to: &HeldRole| {
        to.organisation == by.organisation || to.organisation == standing.sender.1.organisation
    };
    match () {
        () if !is_fit => Err(Refused::NotNow),
        () if side == Side::Holder && standing.sender.0 == by.practitioner => Err(Refused::Oneself),
        // There is a way of its own to give it back.
        () if matches!(step, Step::PassOn(to) if is_back(to)) => Err(Refused::NoClause),
        // What leads to its end is never too much.
        () if standing.turns >= TURNS_MAX && !is_towards_end(step) => Err(Refused::TooMuch),
        () => Ok(step.state()),
    }
}

const fn is_towards_end(step: &Step) -> bool {
    matches!(step, Step::Accept | Step::Return | Step::Close | Step::Escalate)
}
