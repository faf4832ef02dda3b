//! The data protection impact assessment: screening, seven steps, risks tied to clauses.
//!
//! # Invariants
//!
//! - Approval is of one text; another version begins with what was said of the one before, and
//!   cannot be approved while a clause that lowers a risk is gone or changed.
//! - High risk that is left names the consultation with the regulator, or nothing is approved.
//! - Whether a risk is worth taking is said by people; only what is missing is computed.
//!
//! # Sources
//!
//! - UK GDPR arts. 35 and 36; the Commissioner's seven steps; the questions that a partnership asks
//!   before it shares, in our words.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use ken_agreement::{Clause, ClauseKey, Day, Instrument};
use ken_core::{Ctx, InstrumentHash};
use ken_directory::Acting;
use ken_sharing::signing::{self, Clearance};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, values};
use serde::{Deserialize, Serialize};

use crate::{Error, sql};

/// How long an approval lasts at most. House policy: a year, and never past the text's own day.
const LASTS_MONTHS: i32 = 12;
/// Most risks of one assessment. House policy.
pub const RISKS_MAX: usize = 100;

/// What makes an assessment necessary: any one of these is high risk until assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// Health, or other special categories, on a large scale.
    SpecialAtScale,
    /// Children, or adults at risk.
    Vulnerable,
    /// Criminal offence data.
    Offences,
    /// Records of several bodies are matched or brought together.
    Matching,
    /// A new technology, or an automated decision.
    NewTechnology,
    /// People could not find out, or could not refuse.
    Unseen,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 6] = [
        Self::SpecialAtScale,
        Self::Vulnerable,
        Self::Offences,
        Self::Matching,
        Self::NewTechnology,
        Self::Unseen,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SpecialAtScale => "special-at-scale",
            Self::Vulnerable => "vulnerable",
            Self::Offences => "offences",
            Self::Matching => "matching",
            Self::NewTechnology => "new-technology",
            Self::Unseen => "unseen",
        }
    }

    /// The trigger in words.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::SpecialAtScale => "Health or other sensitive information about many people",
            Self::Vulnerable => "Information about children, or adults at risk",
            Self::Offences => "Information about offences",
            Self::Matching => "Records of several bodies are brought together",
            Self::NewTechnology => "A new technology, or a decision made by a machine",
            Self::Unseen => "People could not find out about it, or could not refuse",
        }
    }

    /// What the text itself shows, whatever anybody says.
    #[must_use]
    pub fn of_text(of: &Instrument) -> BTreeSet<Self> {
        let kinds = || of.categories.iter();
        let mut found = BTreeSet::new();
        if kinds().any(|kind| kind.special) {
            found.insert(Self::SpecialAtScale);
        }
        if kinds().any(|kind| kind.criminal) {
            found.insert(Self::Offences);
        }
        if of.parties.len() > 2 {
            found.insert(Self::Matching);
        }
        found
    }
}

/// A question of the assessment: its id, the step it belongs to, and its words.
pub const QUESTIONS: [(&str, u8, &str); 13] = [
    ("need", 1, "What is to be better for people, and why can it not be done without sharing?"),
    ("fields", 2, "Why is each kind of information needed? Would a pseudonym or a count do?"),
    ("sources", 2, "From which body and system does each kind come?"),
    ("operations", 2, "What will be done with it, by whom, and until when?"),
    ("heard", 3, "Who was asked for their views, when, and what did they say?"),
    ("proportion", 4, "Why is knowing who the person is in proportion to the purpose?"),
    ("confidence", 4, "What allows the duty of confidence to be set aside, and who may opt out?"),
    ("told", 4, "How and when are people told what may be done with their information?"),
    ("excluded", 4, "What is not needed, and which clause forbids it?"),
    ("options", 4, "Which other ways, technical ones included, were looked at and left?"),
    ("measures", 6, "Which measures are taken besides the clauses, and who answers for them?"),
    ("advice", 7, "What did the data protection officer advise? If it was overruled, why?"),
    ("kept", 7, "Who keeps this assessment under review, and when?"),
];

/// How likely, how bad, and how much is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The level as it is stored and shown.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A risk, and the clauses that lower it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// What could happen to whom.
    pub text: String,
    /// How likely it is without the clauses.
    pub likelihood: Level,
    /// How bad it would be.
    pub severity: Level,
    /// The clauses that lower it, each with the hash of what it said.
    pub clauses: BTreeMap<ClauseKey, String>,
    /// What is left.
    pub left: Level,
}

/// An assessment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// What people said applies; what the text shows applies as well.
    pub triggers: BTreeSet<Trigger>,
    /// The answers, by the question's id.
    pub answers: BTreeMap<String, String>,
    /// The risks.
    pub risks: Vec<Risk>,
    /// The reference of the consultation with the regulator.
    pub regulator: String,
    /// The reference of the equality impact assessment.
    pub equality: String,
}

/// What is missing before an assessment can be approved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// A question without an answer.
    Unanswered(&'static str),
    /// No risk is named, though the screening asks for an assessment.
    NoRisk,
    /// A risk that no clause and no measure answers.
    Unmitigated(String),
    /// A clause that lowered a risk is gone or says something else.
    MitigationGone(String),
    /// High risk is left, and no consultation with the regulator is named.
    Regulator,
    /// The equality impact assessment is not linked.
    Equality,
}

/// What a clause says and does, as a hash: the whole clause, not its words alone.
#[must_use]
pub fn fingerprint(clause: &Clause) -> String {
    let whole = serde_json::to_string(clause).unwrap_or_else(|_| clause.text.clone());
    ken_agreement::words_hash(&whole)
}

/// Whether the screening asks for a whole assessment.
#[must_use]
pub fn is_needed(of: &Instrument, assessment: &Assessment) -> bool {
    !assessment.triggers.is_empty() || !Trigger::of_text(of).is_empty()
}

/// Everything that is missing, against the text as it is now.
#[must_use]
pub fn gaps(of: &Instrument, assessment: &Assessment) -> BTreeSet<Gap> {
    let mut gaps = BTreeSet::new();
    let blank = |text: Option<&String>| text.is_none_or(|text| text.trim().is_empty());
    if !is_needed(of, assessment) {
        // Screened out: the need and the officer's advice are all that is asked.
        for (id, ..) in QUESTIONS.iter().filter(|(id, ..)| ["need", "advice"].contains(id)) {
            if blank(assessment.answers.get(*id)) {
                gaps.insert(Gap::Unanswered(id));
            }
        }
        return gaps;
    }
    for (id, ..) in QUESTIONS {
        if blank(assessment.answers.get(id)) {
            gaps.insert(Gap::Unanswered(id));
        }
    }
    if assessment.risks.is_empty() {
        gaps.insert(Gap::NoRisk);
    }
    for risk in &assessment.risks {
        if risk.clauses.is_empty() && risk.left < risk.likelihood.max(risk.severity) {
            gaps.insert(Gap::Unmitigated(risk.text.clone()));
        }
        for (id, said) in &risk.clauses {
            if of.clause(id).is_none_or(|clause| fingerprint(clause) != *said) {
                gaps.insert(Gap::MitigationGone(id.to_string()));
            }
        }
    }
    let high = assessment.risks.iter().any(|risk| risk.left == Level::High);
    if high && assessment.regulator.trim().is_empty() {
        gaps.insert(Gap::Regulator);
    }
    if assessment.equality.trim().is_empty() {
        gaps.insert(Gap::Equality);
    }
    gaps
}

/// What is kept about a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The assessment.
    pub assessment: Assessment,
    /// Whether it was written for this text; otherwise for an earlier version of the agreement.
    pub is_own: bool,
    /// The last day of its approval, if it was approved for this text.
    pub until: Option<Day>,
}

/// The assessment of a text, or of the newest version before it, or an empty one.
///
/// # Errors
///
/// [`Error::Corrupt`] when what is stored no longer reads, or whatever the store says.
pub async fn find<R: Reads>(reads: &mut R, of: &Instrument) -> Result<Kept, Error> {
    let hash = of.hash();
    let name = of.agreement.id.to_string();
    let row = |row: &Row<'_>| Ok((row.parse::<InstrumentHash>(0)?, row.text(1)?));
    let found = reads.find(sql::FIND_ASSESSMENT, values![&hash, name.as_str()], row).await?;
    let cleared = signing::cleared(reads, &hash).await?;
    let Some((whose, body)) = found else {
        return Ok(Kept { assessment: Assessment::default(), is_own: true, until: None });
    };
    let assessment = serde_json::from_str(&body).map_err(|_| Error::Corrupt("assessment"))?;
    let is_own = whose == hash;
    Ok(Kept { assessment, is_own, until: cleared.assessed_until.filter(|_| is_own) })
}

/// Writes an assessment of a text. What was approved is reopened by being written.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn write(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (of, assessment): (&Instrument, &Assessment),
) -> Result<(), Error> {
    let (hash, name) = (of.hash(), of.agreement.id.to_string());
    let body = serde_json::to_string(assessment).map_err(|_| Error::Corrupt("assessment"))?;
    db.write("office.assess", async |tx| {
        let of = values![&hash, name.as_str(), body.as_str(), by.practitioner, ctx.now_us()];
        tx.execute(sql::UPSERT_ASSESSMENT, of).await?;
        let what = Clearance::Assessment;
        signing::reopen(tx, ctx, keys, &hash, what, &by.organisation).await?;
        Ok(())
    })
    .await
}

/// Approves the assessment of a text, unless something is missing; says until when.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn approve(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    of: &Instrument,
) -> Result<Result<Day, BTreeSet<Gap>>, Error> {
    let today = ctx.clock.today();
    let longest = Day(today.saturating_add(LASTS_MONTHS.months()));
    let until = of.dpia.as_ref().map_or(longest, |dpia| dpia.review_due.min(longest));
    let (hash, name) = (of.hash(), of.agreement.id.to_string());
    db.write("office.approve", async |tx| {
        let kept = find(tx, of).await?;
        let gaps = gaps(of, &kept.assessment);
        if !gaps.is_empty() {
            return Ok(Err(gaps));
        }
        let body =
            serde_json::to_string(&kept.assessment).map_err(|_| Error::Corrupt("assessment"))?;
        let row = values![&hash, name.as_str(), body.as_str(), by.practitioner, ctx.now_us()];
        tx.execute(sql::UPSERT_ASSESSMENT, row).await?;
        let (what, given) = (Clearance::Assessment, (&by.organisation, Some(until)));
        signing::clear(tx, ctx, keys, &hash, what, given).await?;
        Ok(Ok(until))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Instrument {
        Instrument::parse(include_str!("../../../../agreements/glen-asp-concern.toml")).unwrap()
    }

    fn whole(of: &Instrument) -> Assessment {
        let clause = of.clauses.iter().find(|clause| clause.id.as_str() == "P1").unwrap();
        let answers = QUESTIONS.iter().map(|(id, ..)| ((*id).to_owned(), "Said.".to_owned()));
        Assessment {
            triggers: BTreeSet::new(),
            answers: answers.collect(),
            risks: vec![Risk {
                text: "A charity learns of an offence".into(),
                likelihood: Level::Medium,
                severity: Level::High,
                clauses: [(clause.id.clone(), fingerprint(clause))].into(),
                left: Level::Low,
            }],
            regulator: String::new(),
            equality: "EqIA 7".into(),
        }
    }

    #[test]
    fn each_gap_is_found_and_a_whole_assessment_has_none() {
        let of = text();
        let check = |change: fn(&mut Assessment), want: &[Gap]| {
            let mut assessment = whole(&of);
            change(&mut assessment);
            assert_eq!(gaps(&of, &assessment), want.iter().cloned().collect());
        };
        check(|_| {}, &[]);
        check(|it| drop(it.answers.remove("fields")), &[Gap::Unanswered("fields")]);
        check(|it| drop(it.answers.insert("told".into(), " ".into())), &[Gap::Unanswered("told")]);
        check(|it| it.risks.clear(), &[Gap::NoRisk]);
        check(|it| it.risks[0].left = Level::High, &[Gap::Regulator]);
        check(|it| it.equality.clear(), &[Gap::Equality]);
        let bare = |it: &mut Assessment| it.risks[0].clauses.clear();
        check(bare, &[Gap::Unmitigated("A charity learns of an offence".into())]);
        let consulted = |it: &mut Assessment| {
            it.risks[0].left = Level::High;
            it.regulator = "Consultation 12".into();
        };
        check(consulted, &[]);
    }

    #[test]
    fn removing_or_changing_a_mitigating_clause_reopens_it() {
        let (mut of, assessment) = (text(), whole(&text()));
        let gone = [Gap::MitigationGone("P1".into())].into();
        let at = of.clauses.iter().position(|clause| clause.id.as_str() == "P1").unwrap();
        let clause = of.clauses.remove(at);
        assert_eq!(gaps(&of, &assessment), gone);
        of.clauses.push(clause);
        assert_eq!(gaps(&of, &assessment), BTreeSet::new());
        of.clauses.last_mut().unwrap().categories.clear();
        of.clauses.last_mut().unwrap().labels.insert("restricted".parse().unwrap());
        assert_eq!(gaps(&of, &assessment), gone, "the rule changed, the words did not");
    }

    #[test]
    fn the_text_itself_asks_for_an_assessment() {
        let mut of = text();
        let none = Assessment::default();
        assert!(is_needed(&of, &none));
        for kind in &mut of.categories {
            (kind.special, kind.criminal) = (false, false);
        }
        of.parties.truncate(2);
        assert!(!is_needed(&of, &none));
        assert_eq!(gaps(&of, &none).len(), 2, "need and advice are asked even so");
        let said = Assessment { triggers: [Trigger::Unseen].into(), ..none };
        assert!(is_needed(&of, &said));
    }
}
