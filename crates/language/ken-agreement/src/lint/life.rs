//! Where an instrument stands among others, its days, and who answers for it.
//!
//! # Sources
//!
//! - The order of the instruments: statute pack, accord, memorandum, agreement, work instruction.
//! - UK GDPR arts. 12(3) (one month to answer), 26 (joint controllers) and 33 (72 hours).
//! - Local registers that warn before a review and remove what is overdue; house policy for counts.

use std::collections::BTreeSet;

use jiff::ToSpan;

use super::law::{isa, parties};
use super::{Found, Look, Rule, error, warning};
use crate::clause::{Kind, Who};
use crate::instrument::{Controllership, Instrument, Tier};

/// Months after which a review comes too late. House policy, as most registers have it.
const REVIEW_MONTHS: i64 = 24;
/// Days of grace beyond which a review is not really due. House policy.
const GRACE_DAYS_MAX: i64 = 90;
/// Days to answer a person's request: one month (UK GDPR art. 12(3)).
const ANSWER_DAYS_MAX: i64 = 31;
/// Days to acknowledge a complaint (DPA 2018 as amended in 2025).
const COMPLAINT_DAYS_MAX: i64 = 30;
/// Hours to tell the Commissioner of a breach (UK GDPR art. 33(1)).
const BREACH_HOURS_MAX: i64 = 72;

pub(super) const RULES: &[Rule] = &[
    error(
        "E-TIER",
        6,
        "",
        "this does not belong in an instrument of this tier: clauses stand in a statute pack, an \
        accord or an agreement, steps in a work instruction, and each goes under a higher tier",
        tier,
    ),
    error(
        "E-UNDER",
        6,
        "",
        "the instrument that this one stands under is not at hand: check its name and version, \
        or give its file too",
        under,
    ),
    warning(
        "W-NOACCORD",
        6,
        "",
        "the agreement stands under no accord: name the one that its parties have signed",
        no_accord,
    ),
    warning(
        "W-NOTMEMBER",
        6,
        "",
        "this party is not in the accord above: its everyday sharing waits until it joins",
        not_member,
    ),
    error(
        "E-SUPERSEDES",
        6,
        "",
        "an instrument cannot replace itself or what it stands under: name the version before it",
        supersedes,
    ),
    error("E-DATES", 6, "", "the last day is before the first: correct one of them", dates),
    warning(
        "W-REVIEW",
        2,
        "",
        "the review comes more than 24 months after the first day, or after the last: bring it \
        forward",
        review,
    ),
    warning("W-GRACE", 2, "", "more than 90 days of grace make the review optional", grace),
    warning(
        "W-NOTICEDAYS",
        5,
        "",
        "a party may leave from one day to the next: give days of notice",
        notice_days,
    ),
    error("E-NUMBER", 6, "", "a count of days, months or hours must be above 0", number),
    error(
        "E-CLOCK",
        8,
        "",
        "longer than the law allows: a request is answered in a month, a complaint acknowledged \
        in 30 days, a breach reported in 72 hours",
        clock,
    ),
    error(
        "E-JOINT",
        8,
        "",
        "joint controllers name one point for people to turn to, and it is a party",
        joint,
    ),
    warning(
        "W-OWNER",
        5,
        "",
        "this party cannot sign yet, others may: give dpo, senior_owner and rights_contact",
        owner,
    ),
    error("E-LEAD", 5, "", "the lead party is not a party: correct the spelling", lead),
    error(
        "E-COMMISSION",
        6,
        "commissioned_by",
        "the commissioning body is not a party: add it or correct the spelling",
        commission,
    ),
    error(
        "E-PACK",
        6,
        "",
        "a statute pack binds no named body: its clauses are statutory, and their ends are `*`",
        pack,
    ),
    error(
        "E-CITE",
        6,
        "cite",
        "a duty of a statute pack cites its law and says on which day it was checked",
        cite,
    ),
    warning(
        "W-STALE",
        6,
        "checked",
        "the law was last checked more than 24 months before the first day: read it again",
        stale,
    ),
    error(
        "E-STEP",
        5,
        "clause",
        "the step carries out a clause that no instrument above has: correct the reference",
        step,
    ),
];

fn rank(tier: Tier) -> u8 {
    match tier {
        Tier::StatutePack => 0,
        Tier::Accord => 1,
        Tier::Mou => 2,
        Tier::Isa => 3,
        Tier::WorkInstruction => 4,
    }
}

fn at(bad: bool, place: &str) -> Found {
    bad.then(|| place.to_owned()).into_iter().collect()
}

/// Accords and agreements: what organisations sign with each other.
fn signed_by_parties(look: &Look<'_>) -> bool {
    matches!(look.tier(), Tier::Accord | Tier::Isa)
}

fn tier(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let bare = matches!(look.tier(), Tier::Mou | Tier::WorkInstruction);
    let mut found = Found::new();
    if bare {
        found.extend(own.clauses.iter().map(|clause| clause.id.to_string()));
    }
    let works = look.tier() == Tier::WorkInstruction;
    if works == own.steps.is_empty() {
        found.insert("agreement.tier".to_owned());
    }
    // A region's accord stands under the nation's.
    let low = |above: &&Instrument| {
        let (own, above) = (look.tier(), above.agreement.tier);
        rank(above) >= rank(own) && !(own == Tier::Accord && above == Tier::Accord)
    };
    found.extend(look.above().filter(low).map(|low| format!("agreement.under {}", low.name())));
    found
}

fn under(look: &Look<'_>) -> Found {
    let here: BTreeSet<_> = look.sources.iter().map(|source| source.name()).collect();
    let lost = look.instrument.agreement.under.difference(&here);
    lost.map(|name| format!("agreement.under {name}")).collect()
}

fn no_accord(look: &Look<'_>) -> Found {
    at(isa(look) && look.instrument.agreement.under.is_empty(), "agreement.under")
}

fn not_member(look: &Look<'_>) -> Found {
    let accords: Vec<_> = look.above().filter(|i| i.agreement.tier == Tier::Accord).collect();
    parties(look, |party| accords.iter().any(|accord| accord.party(&party.id).is_none()))
}

fn supersedes(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let wrong =
        |name: &&crate::InstrumentRef| **name == own.name() || own.agreement.under.contains(*name);
    let named = own.lifecycle.supersedes.iter().filter(wrong);
    named.map(|name| format!("lifecycle.supersedes {name}")).collect()
}

fn dates(look: &Look<'_>) -> Found {
    let head = &look.instrument.agreement;
    at(
        head.effective_until.is_some_and(|until| until < head.effective_from),
        "agreement.effective_until",
    )
}

fn review(look: &Look<'_>) -> Found {
    let (head, due) = (&look.instrument.agreement, look.instrument.lifecycle.review_due);
    let late = head.effective_from.0.saturating_add(REVIEW_MONTHS.months());
    let after = head.effective_until.is_some_and(|until| due > until);
    at(due.0 > late || after, "lifecycle.review_due")
}

fn grace(look: &Look<'_>) -> Found {
    at(look.instrument.lifecycle.grace_days > GRACE_DAYS_MAX, "lifecycle.grace_days")
}

fn notice_days(look: &Look<'_>) -> Found {
    let none = look.instrument.agreement.notice_days == 0;
    at(signed_by_parties(look) && none, "agreement.notice_days")
}

fn number(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let mut found = Found::new();
    let mut see = |number: i64, least: i64, place: String| {
        if number < least {
            found.insert(place);
        }
    };
    see(own.agreement.notice_days, 0, "agreement.notice_days".to_owned());
    see(own.lifecycle.grace_days, 0, "lifecycle.grace_days".to_owned());
    if let Some(rights) = &own.rights {
        see(rights.sar.days, 1, "rights.sar".to_owned());
        see(rights.complaint_ack_days, 1, "rights.complaint_ack_days".to_owned());
    }
    if let Some(security) = &own.security {
        see(security.breach_notify_ico_hours, 1, "security.breach_notify_ico_hours".to_owned());
        let parties = security.breach_notify_parties_hours;
        see(parties, 1, "security.breach_notify_parties_hours".to_owned());
    }
    if let Some(quality) = &own.quality {
        see(quality.correct_within_days, 1, "quality.correct_within_days".to_owned());
    }
    for (name, training) in &own.training {
        see(training.valid_months, 1, format!("training.{name}"));
    }
    found
}

fn clock(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let mut found = Found::new();
    if let Some(rights) = &own.rights {
        found.extend(at(rights.sar.days > ANSWER_DAYS_MAX, "rights.sar"));
        let late = rights.complaint_ack_days > COMPLAINT_DAYS_MAX;
        found.extend(at(late, "rights.complaint_ack_days"));
    }
    if let Some(security) = &own.security {
        let late = security.breach_notify_ico_hours > BREACH_HOURS_MAX;
        found.extend(at(late, "security.breach_notify_ico_hours"));
    }
    found
}

fn joint(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let joint = own.agreement.controllership == Controllership::Joint
        || own.purposes.iter().any(|p| p.controllership == Some(Controllership::Joint));
    let point = own.rights.as_ref().and_then(|rights| rights.single_point.as_ref());
    let party = point.is_some_and(|point| own.party(point).is_some());
    at((joint || point.is_some()) && !party, "rights.single_point")
}

fn owner(look: &Look<'_>) -> Found {
    let named = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let all = look.instrument.parties.iter().filter(|party| {
        !(named(&party.dpo) && named(&party.senior_owner) && named(&party.rights_contact))
    });
    all.map(|party| party.id.to_string()).collect()
}

fn lead(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let outside = own.party(&own.agreement.lead_party).is_none();
    at(signed_by_parties(look) && outside, "agreement.lead_party")
}

fn commission(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let lost = own.parties.iter().filter(|party| {
        party.commissioned_by.as_ref().is_some_and(|by| own.party(by).is_none() || *by == party.id)
    });
    lost.map(|party| party.id.to_string()).collect()
}

fn pack(look: &Look<'_>) -> Found {
    let bad = look.instrument.clauses.iter().filter(|clause| {
        let named = |who: &Who| matches!(who, Who::Party(_));
        clause.kind != Kind::Statutory || named(&clause.from.party) || named(&clause.to.party)
    });
    let mut found: Found = bad.map(|clause| clause.id.to_string()).collect();
    found.extend(look.instrument.parties.iter().map(|party| party.id.to_string()));
    if look.tier() == Tier::StatutePack { found } else { Found::new() }
}

fn cite(look: &Look<'_>) -> Found {
    let pack = look.tier() == Tier::StatutePack;
    let bare = look.permits().filter(|c| pack && (c.cite.is_empty() || c.checked.is_none()));
    bare.map(|clause| clause.id.to_string()).collect()
}

fn stale(look: &Look<'_>) -> Found {
    let from = look.instrument.agreement.effective_from.0;
    let oldest = from.saturating_sub(REVIEW_MONTHS.months());
    let old = look.permits().filter(|c| c.checked.is_some_and(|day| day.0 < oldest));
    old.map(|clause| clause.id.to_string()).collect()
}

fn step(look: &Look<'_>) -> Found {
    let above: Vec<_> = look.above().collect();
    let lost = look.instrument.steps.iter().filter(|step| {
        let source = above.iter().find(|above| above.name() == step.clause.instrument);
        source.is_none_or(|source| source.clause(&step.clause.clause).is_none())
    });
    lost.map(|step| step.id.to_string()).collect()
}
