//! Leaving an agreement, before and after: who loses what, and what is asked back.
//!
//! # Invariants
//!
//! - What a suspension or an exit would take is computed over every flow of the text, and told
//!   before anybody does it; nothing is a second reading of the clauses.
//! - What an exit asks back stands, from the write that makes the exit, on the list of each body
//!   that holds it, until that body says what became of it.
//!
//! # Sources
//!
//! - UK GDPR arts. 5(1)(e) and 17 to 19; the exit terms of the Scottish Information Sharing
//!   Toolkit's agreement; house policy of 30 days to give back, delete, or say why not.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use ken_agreement::{Clause, Day, Instrument, Kind, OnExit, Party, Who};
use ken_core::{Ctx, InstrumentHash, OrganisationId};
use ken_directory::Acting;
use ken_ledger::{EntryKind, NewEntry, Stream, Visibility};
use ken_sharing::departure::{self, Leaving};
use ken_store::keys::KeyRing;
use ken_store::{Db, Reads, Row, Snapshot, values};
use serde_json::json;

use crate::drafting::Said;
use crate::{Error, sql};

/// How long a body has to answer a recall, in days from the exit.
const RECALL_DAYS: i64 = 30;
/// Most recalls that one body's list shows. House policy.
const RECALLS_MAX: i64 = 500;
/// Longest reason, in characters. House policy.
pub(crate) const REASON_MAX: usize = 4_000;

/// What somebody thinks of doing to an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One party suspends it: its routine sharing stops.
    Suspend,
    /// One party leaves: whatever is in force here alone stops for its pairs.
    Leave,
    /// It ends for everybody.
    End,
}

/// Who would lose what, in sentences, if a party took this step.
#[must_use]
pub fn loses(of: &Instrument, party: &OrganisationId, step: Step) -> Vec<String> {
    // What has its source elsewhere stands there; an emergency and a duty outlast a suspension.
    let falls = |clause: &&Clause| match step {
        Step::Suspend => clause.kind == Kind::Routine && clause.source.is_none(),
        Step::Leave | Step::End => clause.source.is_none(),
    };
    let mut before = of.clone();
    before.clauses.retain(|clause| clause.is_prohibition() || falls(&clause));
    let mut after = before.clone();
    if step == Step::End {
        after.clauses.clear();
    } else {
        after.parties.retain(|one| one.id != *party);
    }
    Said::of(&before, &after).no_longer
}

/// The bodies that may hold what a party gave under a text, and those whose it may hold.
fn holders(of: &Instrument, party: &OrganisationId) -> BTreeSet<(OrganisationId, OrganisationId)> {
    let receives = |clause: &Clause, id: &OrganisationId| {
        of.party(id).is_some_and(|one| clause.to.may_be(one)) && clause.to.party != Who::Own
    };
    let sends = |clause: &Clause, id: &OrganisationId| {
        of.party(id).is_some_and(|one| clause.from.may_be(one))
    };
    let permits = of.clauses.iter().filter(|clause| !clause.is_prohibition());
    let mut found = BTreeSet::new();
    for clause in permits {
        for other in of.parties.iter().map(|one| &one.id).filter(|id| *id != party) {
            for (from, to) in [(party, other), (other, party)] {
                if sends(clause, from) && receives(clause, to) {
                    found.insert((to.clone(), from.clone()));
                }
            }
        }
    }
    found
}

/// What one body is asked to give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// The agreement's text.
    pub hash: InstrumentHash,
    /// Who holds it.
    pub holder: OrganisationId,
    /// Whose it was.
    pub source: OrganisationId,
    /// By when it is answered.
    pub due: Date,
    /// What became of it; none while it is open.
    pub answer: Option<(Answer, String)>,
}

/// What became of what was asked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was given back.
    Returned,
    /// It was deleted.
    Deleted,
    /// It is kept, for a reason: another duty or basis.
    Kept,
    /// Nothing was ever received.
    Nothing,
}

impl Answer {
    /// Every answer.
    pub const ALL: [Self; 4] = [Self::Returned, Self::Deleted, Self::Kept, Self::Nothing];

    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Deleted => "deleted",
            Self::Kept => "kept",
            Self::Nothing => "nothing",
        }
    }

    /// The answer in a sentence.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Returned => "We have given it back",
            Self::Deleted => "We have deleted it",
            Self::Kept => "We keep it, and say why",
            Self::Nothing => "We never received anything",
        }
    }
}

/// Lets one's own organisation leave an agreement, or ends it for all; from the same write on, what
/// the agreement asks back stands on the lists of its holders.
///
/// # Errors
///
/// As [`departure::leave`].
pub async fn leave(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (of, leaving): (&Instrument, Leaving),
) -> Result<(Day, OnExit), Error> {
    depart(db, ctx, keys, by, (of, &by.organisation, leaving)).await
}

/// The parties whose contract an organisation may say to end: itself where a contract brought it,
/// those that it commissioned, and for the lead party every one that was commissioned.
#[must_use]
pub fn contracted<'a>(of: &'a Instrument, own: &OrganisationId) -> Vec<&'a Party> {
    let leads = of.agreement.lead_party == *own;
    let may = |party: &&Party| {
        let by = party.commissioned_by.as_ref();
        by.is_some_and(|by| leads || by == own || party.id == *own)
    };
    of.parties.iter().filter(may).collect()
}

/// What would follow from the end of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// The first day on which the party is out.
    pub from: Day,
    /// Who would lose what.
    pub loses: Vec<String>,
    /// Clauses of the party's that stand in another instrument, and so go on.
    pub goes_on: Vec<String>,
    /// Who is asked to give back what was whose, and by which day; nobody where nothing is.
    pub recalls: Vec<(OrganisationId, OrganisationId, Date)>,
}

/// What would follow if the contract that brought a party here ended on a day.
#[must_use]
pub fn if_contract_ends(of: &Instrument, party: &Party, day: Day, today: Date) -> Ends {
    let from = departure::first_day_out(of, Leaving::ContractEnds(day), today);
    let due = due_from(from);
    let is_asked = of.lifecycle.on_party_exit == OnExit::StopAndRecall;
    let asked = if is_asked { holders(of, &party.id) } else { BTreeSet::new() };
    let elsewhere = of.clauses.iter().filter(|clause| {
        clause.source.is_some() && (clause.from.may_be(party) || clause.to.may_be(party))
    });
    let told = elsewhere.filter_map(|clause| {
        Some(format!("{}: {} ({})", clause.id, clause.text, clause.source.as_ref()?))
    });
    Ends {
        from,
        loses: loses(of, &party.id, Step::Leave),
        goes_on: told.collect(),
        recalls: asked.into_iter().map(|(holder, source)| (holder, source, due)).collect(),
    }
}

/// Says that the contract that brought a party here ends on a day; none where whoever acts may not
/// say so, or the party is out by then already.
///
/// # Errors
///
/// As [`departure::leave`].
pub async fn end_contract(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (of, party, day): (&Instrument, &OrganisationId, Day),
) -> Result<Option<(Day, OnExit)>, Error> {
    let leaving = Leaving::ContractEnds(day);
    let from = departure::first_day_out(of, leaving, ctx.clock.today());
    let hash = of.hash();
    let left = async |s: &mut Snapshot| departure::of(s, &hash).await;
    let left = db.snapshot("office.departures", left).await?;
    let is_out = left.iter().any(|one| one.party == *party && one.from <= from);
    let may = contracted(of, &by.organisation).iter().any(|one| one.id == *party);
    if is_out || !may {
        return Ok(None);
    }
    depart(db, ctx, keys, by, (of, party, leaving)).await.map(Some)
}

/// By when what is asked back is answered.
fn due_from(day: Day) -> Date {
    day.0.saturating_add(RECALL_DAYS.days())
}

async fn depart(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (of, party, leaving): (&Instrument, &OrganisationId, Leaving),
) -> Result<(Day, OnExit), Error> {
    let hash = of.hash();
    db.write("office.leave", async |tx| {
        let whose = (party, leaving);
        let (day, exit) = departure::leave_within(tx, ctx, keys, &hash, whose).await?;
        if *party != by.organisation {
            let detail = json!({
                "instrument": hash.as_str(), "contract-of": party.as_str(),
                "from": day.to_string(), "by": by.practitioner.to_string(),
            });
            enter(tx, ctx, keys, (&by.organisation, detail)).await?;
        }
        if exit != OnExit::StopAndRecall {
            return Ok((day, exit));
        }
        let out: Vec<_> = match leaving {
            Leaving::Terminated(_) => of.parties.iter().map(|one| &one.id).collect(),
            Leaving::Withdraws | Leaving::ContractEnds(_) => vec![party],
        };
        let due = due_from(day).to_string();
        let all: BTreeSet<_> = out.into_iter().flat_map(|one| holders(of, one)).collect();
        for (holder, source) in all {
            let row = values![&hash, &holder, &source, due.as_str(), ctx.now_us()];
            if tx.execute(sql::INSERT_RECALL, row).await? == 0 {
                continue; // It was asked back already.
            }
            let detail = json!({
                "recall": hash.as_str(), "source": source.as_str(), "due": due.as_str(),
            });
            enter(tx, ctx, keys, (&holder, detail)).await?;
        }
        Ok((day, exit))
    })
    .await
}

/// What is asked back from a body, the most urgent first; what is answered last.
///
/// # Errors
///
/// Whatever the store says.
pub async fn recalls<R: Reads>(
    reads: &mut R,
    holder: &OrganisationId,
) -> Result<Vec<Recall>, Error> {
    Ok(reads.list(sql::LIST_RECALLS, values![holder, RECALLS_MAX], read).await?)
}

/// What an agreement asked back from everybody.
///
/// # Errors
///
/// Whatever the store says.
pub async fn recalls_of<R: Reads>(
    reads: &mut R,
    hash: &InstrumentHash,
) -> Result<Vec<Recall>, Error> {
    Ok(reads.list(sql::LIST_RECALLS_OF, values![hash, RECALLS_MAX], read).await?)
}

fn read(row: &Row<'_>) -> Result<Recall, ken_store::Error> {
    let answer = row.text_opt(4)?;
    let answer = answer.and_then(|word| Answer::ALL.into_iter().find(|one| one.word() == word));
    Ok(Recall {
        hash: row.parse(0)?,
        holder: row.parse(1)?,
        source: row.parse(2)?,
        due: row.parse(3)?,
        answer: answer.zip(row.text_opt(5)?),
    })
}

/// Answers a recall, once, for one's own organisation. Keeping it needs a reason.
///
/// # Errors
///
/// Whatever the store or the ledger says.
pub async fn answer(
    db: &Db,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    by: &Acting,
    (hash, source, answer, reason): (&InstrumentHash, &OrganisationId, Answer, &str),
) -> Result<bool, Error> {
    let reason = reason.trim();
    let is_fit = reason.chars().count() <= REASON_MAX;
    if !is_fit || answer == Answer::Kept && reason.is_empty() {
        return Ok(false);
    }
    let holder = &by.organisation;
    db.write("office.answer-recall", async |tx| {
        let (who, word) = (by.practitioner, answer.word());
        let row = values![hash, holder, source, word, reason, who, ctx.now_us()];
        if tx.execute(sql::ANSWER_RECALL, row).await? == 0 {
            return Ok(false);
        }
        let detail = json!({
            "recall": hash.as_str(), "source": source.as_str(), "answer": word, "reason": reason,
            "by": who.to_string(),
        });
        enter(tx, ctx, keys, (holder, detail)).await?;
        Ok(true)
    })
    .await
}

async fn enter(
    tx: &mut ken_store::Tx,
    ctx: &Ctx<'_>,
    keys: &KeyRing,
    (organisation, detail): (&OrganisationId, serde_json::Value),
) -> Result<(), Error> {
    let stream = Stream::Organisation(organisation.clone());
    let (kind, visibility) = (EntryKind::Duty, Visibility::Never);
    ken_ledger::append(tx, ctx, keys, NewEntry { stream, kind, visibility, detail }).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Instrument {
        Instrument::parse(include_str!("../../../../agreements/glen-asp-concern.toml")).unwrap()
    }

    #[test]
    fn a_step_tells_who_loses_what_and_spares_what_stands_elsewhere() {
        let (of, nhsl) = (text(), "nhsl".parse().unwrap());
        let check = |step, wants: &[&str], never: &[&str]| {
            let told = loses(&of, &nhsl, step).join("\n");
            for want in wants {
                assert!(told.contains(want), "{step:?}: {want} in {told}");
            }
            for never in never {
                assert!(!told.contains(never), "{step:?}: {never} in {told}");
            }
        };
        // C2 is routine; C3 and C4 stand in the statute pack; C5 is between two others.
        let health = "NHS Glen (made up) (nhs.ed, nhs.ooh, nhs.public-protection) may no longer";
        check(Step::Suspend, &[health], &["asp-inquiry", "support-offer", "[vital]"]);
        check(Step::Leave, &[health], &["[asp-inquiry]", "[support-offer]", "[vital]"]);
        check(Step::End, &[health, "[support-offer]", "[asp-inquiry]"], &["[vital]"]);
    }

    #[test]
    fn recalls_go_both_ways_between_those_who_could_share() {
        let of = text();
        let found = holders(&of, &"rowan".parse().unwrap());
        let has = |holder: &str, source: &str| {
            found.contains(&(holder.parse().unwrap(), source.parse().unwrap()))
        };
        assert!(has("rowan", "cec") && has("cec", "rowan"));
        assert!(found.iter().all(|(to, from)| to != from));
        let ours =
            found.iter().all(|(to, from)| to.as_str() == "rowan" || from.as_str() == "rowan");
        assert!(ours, "{found:?}");
    }
}
