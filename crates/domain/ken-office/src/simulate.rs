//! "Could X see Y?": the ordered checks of one question, which of them decided, and questions that
//! are saved and asked again of every version before it is signed.
//!
//! # Invariants
//!
//! - The answer is that of the pure decision, on an instrument as if every party had signed.
//! - A question names no person: facts are supposed, words are affirmed or not.

use std::collections::BTreeSet;
use std::fmt;

use ken_agreement::{Action, Words};
use ken_core::{Category, Ctx, OrganisationId, Purpose, RoleId};
use ken_directory::Acting;
use ken_sharing::decide::{self, Ask, Bar, Facts, Outcome, Seat, Want};
use ken_store::{Db, Reads, Row, values};
use serde::{Deserialize, Serialize};

use crate::matrix::Ready;
use crate::{Error, sql};

/// Most saved questions of one agreement. House policy: they run at every signing.
pub const QUESTIONS_MAX: i64 = 200;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Question {
    /// Whose information.
    pub from: OrganisationId,
    /// Who would have it: organisation and role.
    pub to: (OrganisationId, RoleId),
    /// Which kind.
    pub category: Category,
    /// What for.
    pub purpose: Purpose,
    /// How it would move.
    pub action: Action,
    /// Whether everything that the clauses require holds.
    pub facts_hold: bool,
    /// Whether the words that a clause asks for are affirmed.
    pub words_affirmed: bool,
}

/// A check, in the order in which the least remediable comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Is there a clause for this purpose, way and pair of roles?
    Clause,
    /// Does a prohibition stop it?
    Prohibition,
    /// Does the clause cover any field of this kind?
    Field,
    /// Is the agreement in force for this pair?
    Standing,
    /// Does everything hold that the clause requires?
    Facts,
    /// Are the words affirmed?
    Words,
}

impl Check {
    /// Every check, in order.
    pub const ALL: [Self; 6] =
        [Self::Prohibition, Self::Clause, Self::Field, Self::Standing, Self::Facts, Self::Words];

    /// The check as a question.
    #[must_use]
    pub fn asks(self) -> &'static str {
        match self {
            Self::Clause => "Is there a clause for this purpose and these roles?",
            Self::Prohibition => "Does no prohibition stop it?",
            Self::Field => "Does the clause cover this kind of information?",
            Self::Standing => "Is the agreement in force for these two?",
            Self::Facts => "Does everything hold that the clause requires?",
            Self::Words => "Are the words affirmed that the clause asks for?",
        }
    }

    fn of_bar(bar: Bar) -> Self {
        match bar {
            Bar::Prohibited => Self::Prohibition,
            Bar::Field => Self::Field,
            Bar::Standing => Self::Standing,
            Bar::Require => Self::Facts,
            Bar::NoClause => Self::Clause,
        }
    }
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It passed.
    Passed,
    /// It did not, and so decided.
    Decided,
    /// It was not reached.
    NotReached,
}

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It may leave.
    Yes,
    /// It may once words are affirmed.
    AfterWords,
    /// It may not.
    No,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::AfterWords => "after-words",
            Self::No => "no",
        })
    }
}

impl Answer {
    /// The answer in words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Yes => "Yes",
            Self::AfterWords => "Yes, after affirming why",
            Self::No => "No",
        }
    }

    fn of_code(code: &str) -> Option<Self> {
        [Self::Yes, Self::AfterWords, Self::No].into_iter().find(|one| one.to_string() == code)
    }
}

/// What came out of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The answer.
    pub answer: Answer,
    /// Which check decided; none where all passed.
    pub decided: Option<Check>,
    /// What it was about: a clause, a fact, the words to affirm.
    pub what: Vec<String>,
    /// The sentences of the clauses relied upon.
    pub clauses: Vec<String>,
}

impl Explained {
    /// Every check with its result.
    #[must_use]
    pub fn checks(&self) -> [(Check, Passage); 6] {
        let decided = self.decided;
        Check::ALL.map(|check| {
            let place = |of: Check| Check::ALL.iter().position(|one| *one == of);
            let result = match decided {
                None => Passage::Passed,
                Some(by) if by == check => Passage::Decided,
                Some(by) if place(check) < place(by) => Passage::Passed,
                Some(_) => Passage::NotReached,
            };
            (check, result)
        })
    }
}

/// Asks one question.
///
/// # Errors
///
/// Whatever the decision says.
pub fn ask(ready: &Ready, question: &Question) -> Result<Explained, Error> {
    let record = if question.action.fetches() { "record".parse().ok() } else { None };
    let roles = record.map_or_else(|| ready.roles_of(&question.from), |role| vec![role]);
    let mut best: Option<Explained> = None;
    for role in roles {
        let outcome = ask_as(ready, question, role)?;
        if best.as_ref().is_none_or(|best| outcome.answer < best.answer) {
            best = Some(outcome);
        }
    }
    let none = || Explained {
        answer: Answer::No,
        decided: Some(Check::Clause),
        what: vec![],
        clauses: vec![],
    };
    Ok(best.unwrap_or_else(none))
}

fn ask_as(ready: &Ready, question: &Question, role: RoleId) -> Result<Explained, Error> {
    let (organisation, recipient_role) = question.to.clone();
    let ask = Ask {
        sender: Seat { organisation: question.from.clone(), role: Some(role) },
        recipient: Seat { organisation, role: Some(recipient_role) },
        action: question.action,
        purpose: question.purpose.clone(),
        want: Want::some_of([question.category.clone()]),
    };
    let mut facts = ready.facts().clone();
    if !question.facts_hold {
        facts = Facts { day: facts.day, referrers: facts.referrers, ..Facts::none(facts.day) };
    }
    let mut outcome = decide::decide(ready.bundle(), &ask, &facts, None)?;
    let words = words_of(&outcome);
    if question.words_affirmed && !words.is_empty() {
        facts.attested = words;
        outcome = decide::decide(ready.bundle(), &ask, &facts, None)?;
    }
    Ok(told(&outcome))
}

/// The words that an answer asks for, or offers beside what it gives.
fn words_of(outcome: &Outcome) -> BTreeSet<Words> {
    match outcome {
        Outcome::Permit(permitted) => {
            let offers = permitted.offers.values();
            offers.flat_map(|offer| offer.statements.keys().cloned()).collect()
        }
        Outcome::Need(needed) => needed.statements.keys().cloned().collect(),
        Outcome::Deny(_) => BTreeSet::new(),
    }
}

fn told(outcome: &Outcome) -> Explained {
    match outcome {
        Outcome::Permit(permitted) => Explained {
            answer: Answer::Yes,
            decided: None,
            what: vec![],
            clauses: permitted.citations.values().map(|cited| cited.text.clone()).collect(),
        },
        Outcome::Need(needed) => Explained {
            answer: Answer::AfterWords,
            decided: Some(Check::Words),
            what: needed.statements.values().cloned().collect(),
            clauses: vec![],
        },
        Outcome::Deny(denied) => {
            let first = denied.first();
            Explained {
                answer: Answer::No,
                decided: Some(first.map_or(Check::Clause, |reason| Check::of_bar(reason.bar))),
                what: first.map(|reason| reason.what.clone()).into_iter().collect(),
                clauses: vec![],
            }
        }
    }
}

/// A saved question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its id.
    pub id: String,
    /// The question.
    pub question: Question,
    /// The answer that it must have.
    pub want: Answer,
}

/// Saves a question of an agreement, whatever its version, with the answer it must have; a question
/// that is saved already takes the new answer.
///
/// # Errors
///
/// Whatever the store says.
pub async fn save(
    db: &Db,
    ctx: &Ctx<'_>,
    by: &Acting,
    agreement: &str,
    (question, want): (&Question, Answer),
) -> Result<(), Error> {
    let text = serde_json::to_string(question).map_err(|_| Error::Corrupt("question"))?;
    let id = ken_agreement::words_hash(&text);
    let want = want.to_string();
    db.write("office.save-question", async |tx| {
        let of = values![
            agreement,
            id.as_str(),
            text.as_str(),
            want.as_str(),
            &by.organisation,
            ctx.now_us()
        ];
        tx.execute(sql::UPSERT_QUESTION, of).await?;
        Ok(())
    })
    .await
}

/// Takes a saved question away.
///
/// # Errors
///
/// Whatever the store says.
pub async fn forget(db: &Db, agreement: &str, id: &str) -> Result<bool, Error> {
    db.write("office.forget-question", async |tx| {
        Ok(tx.execute(sql::DELETE_QUESTION, values![agreement, id]).await? > 0)
    })
    .await
}

/// The saved questions of an agreement.
///
/// # Errors
///
/// [`Error::Corrupt`] when one no longer reads, or whatever the store says.
pub async fn saved<R: Reads>(reads: &mut R, agreement: &str) -> Result<Vec<Saved>, Error> {
    let row = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?));
    let rows = reads.list(sql::LIST_QUESTIONS, values![agreement, QUESTIONS_MAX], row).await?;
    let read = |(id, question, want): (String, String, String)| {
        let question = serde_json::from_str(&question).map_err(|_| Error::Corrupt("question"))?;
        let want = Answer::of_code(&want).ok_or(Error::Corrupt("question"))?;
        Ok(Saved { id, question, want })
    };
    rows.into_iter().map(read).collect()
}

/// The saved questions that this version answers otherwise, with its answer.
///
/// # Errors
///
/// Whatever the decision says.
pub fn changed<'a>(ready: &Ready, saved: &'a [Saved]) -> Result<Vec<(&'a Saved, Answer)>, Error> {
    let mut changed = Vec::new();
    for one in saved {
        let answer = ask(ready, &one.question)?.answer;
        if answer != one.want {
            changed.push((one, answer));
        }
    }
    Ok(changed)
}
