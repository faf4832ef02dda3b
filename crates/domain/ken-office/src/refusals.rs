//! Refusals, counted: who asked whose record for what, and what stood in the way.
//!
//! A refusal that nobody sees becomes a habit, of asking in vain or of not asking. What is counted
//! here is for both ends to read, and to take to the agreement that could change it.
//!
//! # Invariants
//!
//! - A row names organisations, a role, a purpose and a reason; never a person, nor who asked.
//! - A refusal for what the person's own record says (an objection, a restriction, their safety)
//!   is counted with no more than that: which of these it was is in no table here.
//! - Each refused ask counts once for each body asked, in the write that moves the audit on.
//! - A body reads of its own asks and of asks for its own records, and a number under
//!   [`ASKS_MIN`] is not told.
//!
//! # Sources
//!
//! - National Guidance for Child Protection in Scotland 2021, 1.146 (records say why information
//!   was not shared); the Caldicott Principles, 2020, principle 7 (the duty to share is as
//!   important as the duty to protect). The numbers are house policy.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use ken_agreement::status::PERSON;
use ken_core::{OrganisationId, Purpose, RoleId};
use ken_ledger::{Entry, EntryKind};
use ken_sharing::gate::Said;
use ken_sharing::gate::replay::Past;
use ken_store::{Reads, Row, Tx, values};

use crate::replay::PEOPLE_MIN;
use crate::{Error, sql};

/// Fewer asks than this, and the number is not told: it could stand for one person.
pub const ASKS_MIN: usize = PEOPLE_MIN;
/// How far back a page looks, in days. House policy: a quarter, as long as a review takes.
pub const DAYS: i32 = 90;
/// How long the counts are kept, in days. House policy: a year and a quarter, to compare by.
const KEPT_DAYS: i32 = 456;
/// Most lines that are told, those of the most asks. House policy: what one can read through.
const LINES_MAX: i64 = 200;
/// Start of the ids of policies about a person's state, which belong to no agreement.
const OF_THE_PERSON: &str = "gate#";

/// What stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Obstacle {
    /// What the person's own record says: an objection, a restriction, their safety.
    Person,
    /// A clause that forbids it.
    Prohibited,
    /// No clause is about it.
    NoClause,
    /// A clause is about that kind of information, and not about what was asked.
    Field,
    /// A clause would allow it, were its agreement in force between the two.
    Standing,
    /// A clause would allow it, did a fact hold: a relationship, training, an age.
    Require,
}

impl Obstacle {
    /// Every obstacle.
    pub const ALL: [Self; 6] = [
        Self::Person,
        Self::Prohibited,
        Self::NoClause,
        Self::Field,
        Self::Standing,
        Self::Require,
    ];

    /// The stable word: the gate's own, but for the person's.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Prohibited => "prohibited",
            Self::NoClause => "no-clause",
            Self::Field => "field",
            Self::Standing => "standing",
            Self::Require => "require",
        }
    }

    /// The obstacle in a sentence.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Person => "What the person's own record says",
            Self::Prohibited => "A clause forbids it",
            Self::NoClause => "No clause is about it",
            Self::Field => "The clause does not cover what was asked",
            Self::Standing => "The agreement is not in force between the two",
            Self::Require => "A condition of the clause was not met",
        }
    }
}

/// One sort of refused ask.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sort {
    /// Who asked: the organisation and the role.
    pub asker: (OrganisationId, RoleId),
    /// Whose record was asked for.
    pub source: OrganisationId,
    /// What for.
    pub purpose: Purpose,
    /// What stood in the way.
    pub obstacle: Obstacle,
    /// What that turned on: the clause that forbids, a kind of information, the agreement's state,
    /// the missing fact. Empty where it was the person's.
    pub what: String,
}

/// How often, of one sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which sort.
    pub sort: Sort,
    /// How many asks; none where there were fewer than [`ASKS_MIN`].
    pub asks: Option<usize>,
}

/// What one entry of the gate refused, if it is a refusal that policies gave a practitioner.
pub(crate) fn of(entry: &Entry) -> Vec<Sort> {
    let detail = entry.detail.as_ref().filter(|_| entry.kind == EntryKind::Deny);
    let Some(past) = detail.and_then(|detail| Past::read(detail).ok()) else { return vec![] };
    let recipient = &past.view.recipient;
    // What a person asks of their own record is theirs alone.
    let role = recipient.role.clone().filter(|_| recipient.organisation.as_str() != PERSON);
    let Some(role) = role else { return vec![] };
    let asker = (recipient.organisation.clone(), role);
    let sort = |(source, said): (&OrganisationId, &Said)| {
        let Said::Refused(Some((bar, what))) = said else { return None };
        let (obstacle, what) = if what.starts_with(OF_THE_PERSON) {
            (Obstacle::Person, String::new())
        } else {
            (Obstacle::ALL.into_iter().find(|one| one.word() == bar)?, what.clone())
        };
        let purpose = past.view.purpose.clone();
        Some(Sort { asker: asker.clone(), source: source.clone(), purpose, obstacle, what })
    };
    past.said().iter().filter_map(sort).collect()
}

/// Adds what a page of the log refused, by day, and forgets what is too old.
pub(crate) async fn count(
    tx: &mut Tx,
    refused: &BTreeMap<(Date, Sort), i64>,
    today: Date,
) -> Result<(), Error> {
    let days: Vec<String> = refused.keys().map(|(day, _)| day.to_string()).collect();
    let mut rows = vec![];
    for (day, ((_, sort), asks)) in days.iter().zip(refused) {
        let Sort { asker: (asker, role), source, purpose, obstacle, what } = sort;
        let (purpose, word, what) = (purpose.as_str(), obstacle.word(), what.as_str());
        let row = values![day.as_str(), asker, role.as_str(), source, purpose, word, what, *asks];
        rows.push(row.to_vec());
    }
    tx.execute_each(sql::ADD_REFUSALS, &rows).await?;
    let before = today.saturating_sub(KEPT_DAYS.days()).to_string();
    tx.execute(sql::DELETE_REFUSALS, values![before.as_str()]).await?;
    Ok(())
}

/// What was refused to a body, or of its records, in the last [`DAYS`]; the most frequent first.
///
/// # Errors
///
/// Whatever the store says.
pub async fn lately<R: Reads>(
    reads: &mut R,
    body: &OrganisationId,
    today: Date,
) -> Result<Vec<Refused>, Error> {
    let from = today.saturating_sub(DAYS.days()).to_string();
    let of = values![body, from.as_str(), LINES_MAX];
    let read = |row: &Row<'_>| {
        let word = row.text(4)?;
        let Some(obstacle) = Obstacle::ALL.into_iter().find(|one| one.word() == word) else {
            return Ok(None);
        };
        let asks = usize::try_from(row.int(6)?).unwrap_or(0);
        let sort = Sort {
            asker: (row.parse(0)?, row.parse(1)?),
            source: row.parse(2)?,
            purpose: row.parse(3)?,
            obstacle,
            what: row.text(5)?,
        };
        Ok(Some(Refused { sort, asks: Some(asks).filter(|asks| *asks >= ASKS_MIN) }))
    };
    Ok(reads.list(sql::LIST_REFUSALS, of, read).await?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use ken_ledger::Visibility;
    use serde_json::{Value, json};

    use super::*;

    fn entry(kind: EntryKind, from: &Value, role: Option<&str>) -> Entry {
        let mut detail = json!({
            "organisation": "practice", "purpose": "direct-care", "action": "view",
            "facts": ["relationship:direct-care"], "day": "2027-06-01", "from": from,
            "attested": [], "referrers": [], "categories": ["core"],
            "practitioner": "0190163d-8694-739b-aea5-966c26f8ad90",
        });
        match role {
            Some(role) => detail["role"] = json!(role),
            None => detail["own"] = json!(true),
        }
        Entry {
            id: "0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
            stream: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
            kind,
            visibility: Visibility::AfterReview,
            at: Timestamp::UNIX_EPOCH,
            detail: Some(detail),
        }
    }

    #[test]
    fn what_a_persons_record_says_is_counted_as_no_more_than_that() {
        let from = json!({
            "nhsl": { "reason": ["prohibited", "gate#at-risk"] },
            "cec": { "reason": ["prohibited", "gate#objection"] },
            "ooh": { "reason": ["require", "trained:info-handling"] },
        });
        let sorts = of(&entry(EntryKind::Deny, &from, Some("gp.doctor")));
        let told: Vec<_> =
            sorts.iter().map(|one| (one.source.as_str(), one.obstacle, &*one.what)).collect();
        let want = [
            ("cec", Obstacle::Person, ""),
            ("nhsl", Obstacle::Person, ""),
            ("ooh", Obstacle::Require, "trained:info-handling"),
        ];
        assert_eq!(told, want);
        assert!(of(&entry(EntryKind::Need, &from, Some("gp.doctor"))).is_empty(), "no refusal");
        assert!(of(&entry(EntryKind::Deny, &from, None)).is_empty(), "the person's own ask");
    }
}
