//! What flows: too much, to whom it should not, or never at all.
//!
//! # Sources
//!
//! - UK GDPR art. 5(1)(c) (minimum data), art. 7 (consent); DPA 2018 part 3 (law enforcement).
//! - The Caldicott principles; Adult Support and Protection (Scotland) Act 2007 s.53 (adults).
//! - House policy where the doc of a rule's function says so.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::Fact;

use super::law::{basis, broken, clauses, flows, isa};
use super::{Found, Look, Rule, error, warning};
use crate::clause::{Action, CategoryEntry, Clause, End, Kind, Modality, Visibility, Who};
use crate::party::{Party, PartyKind, Regime};

/// Numbers that find one person in every system.
const NUMBERS: [&str; 4] = ["chi", "nhs_number", "ni_number", "ucrn"];
/// Fields that are about somebody else.
const OTHERS: [&str; 4] = ["alleged_harmer", "household", "informant", "witness"];
/// Obligations that Ken carries out, by the word before their colon.
const OBLIGATIONS: [&str; 12] = [
    "ack-within",
    "break-glass-review",
    "delete-after",
    "delete-if-declined",
    "expires",
    "label",
    "no-onward-sharing",
    "notify",
    "review-within",
    "safe-contact-only",
    "sealed-until",
    "tell-person-unless-exempt",
];

pub(super) const RULES: &[Rule] = &[
    error(
        "E-CONSENT-DUTY",
        7,
        "",
        "a duty cannot wait for consent: rest it on the power that makes it a duty",
        consent_duty,
    ),
    warning(
        "W-CONSENT",
        6,
        "",
        "a public authority can seldom rely on consent: the person has no free choice",
        consent,
    ),
    error(
        "E-PART3",
        6,
        "",
        "this flow leaves law-enforcement processing: name its gateway in the sender's basis",
        part3,
    ),
    error(
        "E-AGE",
        1,
        "require",
        "other clauses of this purpose ask the person's age and this does not: require it too",
        age,
    ),
    error(
        "E-VISIBILITY",
        8,
        "visible_to_person",
        "shown at once, this could prejudice an inquiry: say after-review or delayed",
        visibility,
    ),
    warning(
        "W-UNSEEN",
        8,
        "",
        "nobody said when the person sees this: add visible_to_person",
        unseen,
    ),
    error(
        "E-UNLABELLED",
        3,
        "",
        "this is about other people and carries no label: add label = \"third-party\"",
        unlabelled,
    ),
    warning(
        "W-MINDATA",
        3,
        "categories",
        "a charity or private body seldom needs a number that finds the person everywhere",
        numbers,
    ),
    warning(
        "W-SEARCH",
        3,
        "categories",
        "a search shows who it is and no more: take special, criminal and labelled categories out",
        search,
    ),
    warning(
        "W-EXPORT",
        2,
        "action",
        "a copy leaves without any condition: require a relationship or ask for words",
        export,
    ),
    warning(
        "W-ONWARD",
        4,
        "obligations",
        "nothing stops a charity or private body from passing this on: add no-onward-sharing",
        onward,
    ),
    error(
        "E-REFERRER",
        4,
        "",
        "not all who refer are known here, so this stops only some: name the party, or say `*`",
        referrer,
    ),
    error(
        "E-SHADOW",
        6,
        "",
        "this prohibition stops nothing that is permitted here: correct it or take it out",
        shadow,
    ),
    error(
        "E-DEAD",
        7,
        "",
        "a prohibition of this agreement stops all of this clause: correct one of them",
        dead,
    ),
    warning(
        "W-DUPLICATE",
        6,
        "",
        "an earlier clause says the same: this one would never be cited",
        duplicate,
    ),
    error(
        "E-EMERGENCY",
        7,
        "",
        "an emergency clause waits for no fact, asks for words, and is reviewed: no require, \
        some attest, and break-glass-review",
        emergency,
    ),
    error(
        "E-DEADLINE",
        7,
        "deadline",
        "a deadline belongs to a duty and is a number with wd, d or h: 1wd, 24h",
        deadline,
    ),
    warning(
        "W-NODEADLINE",
        7,
        "",
        "a duty to send without a deadline cannot be missed: say how soon",
        no_deadline,
    ),
    error(
        "E-OBLIGATION",
        5,
        "obligations",
        "nothing carries out an obligation of this name: correct the spelling",
        obligation,
    ),
    error(
        "E-TRAINING",
        5,
        "",
        "no course here produces this fact: add it under [training]",
        training,
    ),
    error(
        "E-ASSURANCE",
        6,
        "require",
        "no party at either end keeps this certificate: add it to the party's assurance",
        assurance,
    ),
    error(
        "E-SYSTEMS",
        6,
        "",
        "nobody knows which feed to stop: name the two systems between which this runs",
        systems,
    ),
];

fn personal(look: &Look<'_>, clause: &Clause) -> bool {
    entries(look, clause).any(|entry| entry.personal)
}

fn entries<'a>(look: &Look<'a>, clause: &'a Clause) -> impl Iterator<Item = &'a CategoryEntry> {
    let instrument = look.instrument;
    clause.categories.iter().filter_map(move |id| instrument.category(id))
}

/// Between organisations, and about people.
pub(super) fn between(look: &Look<'_>, clause: &Clause) -> bool {
    !clause.is_own() && !clause.is_for_person() && personal(look, clause)
}

fn outside(kind: PartyKind) -> bool {
    matches!(kind, PartyKind::ThirdSector | PartyKind::Independent)
}

/// The recipient that a clause names, if it is a charity or a private body.
fn to_outside(look: &Look<'_>, clause: &Clause) -> bool {
    let Who::Party(id) = &clause.to.party else { return false };
    look.instrument.party(id).is_some_and(|party| outside(party.kind))
}

fn consent_duty(look: &Look<'_>) -> Found {
    broken(look, |c, _, basis| c.modality == Modality::Must && basis.art6 == "6(1)(a)")
}

fn consent(look: &Look<'_>) -> Found {
    broken(look, |_, party, basis| !outside(party.kind) && basis.art6 == "6(1)(a)")
}

fn part3(look: &Look<'_>) -> Found {
    let instrument = look.instrument;
    let leaves = |clause: &Clause, sender: &Party| {
        sender.regime == Regime::Part3AndUkGdpr
            && clause.from.may_be(sender)
            && between(look, clause)
            && instrument
                .parties
                .iter()
                .any(|to| clause.to.may_be(to) && to.regime == Regime::UkGdpr)
    };
    let bad = flows(look).filter(|(clause, sender)| {
        leaves(clause, sender)
            && basis(instrument, clause, sender).is_some_and(|basis| basis.part3_gateway.is_none())
    });
    bad.map(|(clause, sender)| format!("{} {}", clause.id, sender.id)).collect()
}

fn age(look: &Look<'_>) -> Found {
    let asks = |c: &Clause| c.require.iter().any(|fact| fact.as_str().starts_with("age"));
    let aged: BTreeSet<_> =
        look.permits().filter(|c| asks(c)).filter_map(|c| c.purpose.as_ref()).collect();
    clauses(look, |c| {
        !asks(c) && personal(look, c) && c.purpose.as_ref().is_some_and(|p| aged.contains(p))
    })
}

fn visibility(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        let grave = c.kind == Kind::Exceptional || entries(look, c).any(|entry| entry.criminal);
        grave && between(look, c) && c.visible_to_person == Some(Visibility::Now)
    })
}

fn unseen(look: &Look<'_>) -> Found {
    clauses(look, |c| c.visible_to_person.is_none())
}

fn unlabelled(look: &Look<'_>) -> Found {
    let about_others = |entry: &&CategoryEntry| {
        entry.id.as_str().contains("third-party")
            || entry.fields.iter().any(|field| OTHERS.contains(&field.as_str()))
    };
    let all = look.instrument.categories.iter().filter(about_others);
    all.filter(|entry| entry.label.is_none()).map(|entry| entry.id.to_string()).collect()
}

fn numbers(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        let given = |entry: &CategoryEntry| {
            let fields = entry.whole();
            NUMBERS.iter().any(|number| {
                fields.contains(*number)
                    && c.fields.as_ref().is_none_or(|only| only.contains(*number))
            })
        };
        to_outside(look, c) && entries(look, c).any(given)
    })
}

fn search(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        let much = |entry: &CategoryEntry| entry.special || entry.criminal || entry.label.is_some();
        c.action.contains(&Action::Search) && entries(look, c).any(much)
    })
}

fn export(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        c.action.contains(&Action::Export)
            && between(look, c)
            && c.require.is_empty()
            && c.attest.is_empty()
    })
}

fn onward(look: &Look<'_>) -> Found {
    let copies = [Action::Push, Action::Answer, Action::Export];
    clauses(look, |c| {
        to_outside(look, c)
            && personal(look, c)
            && copies.iter().any(|action| c.action.contains(action))
            && !c.obligations.contains("no-onward-sharing")
    })
}

/// Whether two ends may be one party; `*` in a prohibition is anybody.
fn meet(look: &Look<'_>, one: &End, other: &End) -> bool {
    let person = |end: &End| end.party == Who::Person;
    if person(one) || person(other) {
        return person(one) && person(other)
            || person(one) && other.party == Who::Any
            || person(other) && one.party == Who::Any;
    }
    let roles = one.any_role() || other.any_role() || !one.roles.is_disjoint(&other.roles);
    roles && look.instrument.parties.iter().any(|party| one.may_be(party) && other.may_be(party))
}

/// Not everybody who referred somebody is in the register that the gate reads. A permit gives to
/// those who are; a prohibition would seem to stop what goes all the same.
fn referrer(look: &Look<'_>) -> Found {
    let about = |c: &&Clause| [&c.from, &c.to].iter().any(|end| end.party == Who::Referrer);
    look.prohibitions().filter(about).map(|clause| clause.id.to_string()).collect()
}

/// A label may stand on any row, so only the ends decide whether a label stops anything; and what
/// follows the data may stop it under another agreement.
fn shadow(look: &Look<'_>) -> Found {
    if look.instrument.parties.is_empty() {
        return Found::new();
    }
    let idle = look.prohibitions().filter(|p| {
        let stops = |c: &Clause| {
            !p.except.contains(&c.id)
                && meet(look, &p.from, &c.from)
                && meet(look, &p.to, &c.to)
                && (p.categories.is_empty()
                    || !p.labels.is_empty()
                    || !p.categories.is_disjoint(&c.categories))
        };
        !p.follows_data() && !p.binds_below() && !look.permits().any(stops)
    });
    idle.map(|clause| clause.id.to_string()).collect()
}

/// Whether one end takes in all that another does.
pub(super) fn covers(wide: &End, narrow: &End) -> bool {
    let party = match (&wide.party, &narrow.party) {
        (Who::Any, _) => wide.kinds.is_empty(),
        (wide, narrow) => wide == narrow,
    };
    party && (wide.any_role() || !narrow.any_role() && narrow.roles.is_subset(&wide.roles))
}

fn dead(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        look.prohibitions().any(|p| {
            let stopped = |entry: &CategoryEntry| {
                let labelled = entry.label.as_ref().is_some_and(|label| p.labels.contains(label));
                labelled
                    || p.categories.contains(&entry.id)
                    || p.categories.is_empty() && p.labels.is_empty()
            };
            !p.except.contains(&c.id)
                && covers(&p.from, &c.from)
                && covers(&p.to, &c.to)
                && !c.categories.is_empty()
                && entries(look, c).all(stopped)
        })
    })
}

fn duplicate(look: &Look<'_>) -> Found {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Found::new();
    for clause in look.permits() {
        let flow = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            clause.kind,
            clause.from,
            clause.to,
            clause.action,
            clause.purpose,
            clause.categories,
            clause.fields,
            clause.require,
            clause.attest
        );
        let times = seen.entry(flow).or_default();
        *times += 1;
        if *times > 1 {
            found.insert(clause.id.to_string());
        }
    }
    found
}

fn emergency(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        let reviewed = c.obligations.iter().any(|duty| duty.starts_with("break-glass-review:"));
        c.kind == Kind::Exceptional && (!c.require.is_empty() || c.attest.is_empty() || !reviewed)
    })
}

/// A number with `wd` (working days), `d` or `h`.
fn duration(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = text.get(digits.len()..).unwrap_or_default();
    ["wd", "d", "h"].contains(&unit) && digits.parse::<u16>().is_ok_and(|n| n > 0)
}

fn deadline(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        let duty = c.modality == Modality::Must;
        c.deadline.as_ref().is_some_and(|text| !duty || !duration(text))
    })
}

fn no_deadline(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        let sends = c.action.contains(&Action::Push) || c.action.contains(&Action::Alert);
        c.modality == Modality::Must && sends && c.deadline.is_none()
    })
}

fn obligation(look: &Look<'_>) -> Found {
    clauses(look, |c| {
        !c.obligations.iter().all(|duty| {
            let (name, rest) = duty.split_once(':').unwrap_or((duty, ""));
            let timed = matches!(
                name,
                "ack-within"
                    | "break-glass-review"
                    | "delete-after"
                    | "delete-if-declined"
                    | "expires"
                    | "review-within"
            );
            OBLIGATIONS.contains(&name) && (!timed || duration(rest))
        })
    })
}

/// The facts of a clause that begin with a word, without their grade.
fn facts<'a>(clause: &'a Clause, word: &'a str) -> impl Iterator<Item = &'a str> {
    let all = clause.require.iter().chain(&clause.expect).map(Fact::as_str);
    let bare = all.map(|fact| fact.split('@').next().unwrap_or_default());
    bare.filter_map(move |fact| fact.strip_prefix(word))
}

fn training(look: &Look<'_>) -> Found {
    let known = &look.instrument.training;
    clauses(look, |c| isa(look) && !facts(c, "trained:").all(|course| known.contains_key(course)))
}

fn assurance(look: &Look<'_>) -> Found {
    let parties = &look.instrument.parties;
    clauses(look, |c| {
        let ends = || parties.iter().filter(|p| c.from.may_be(p) || c.to.may_be(p));
        let kept = |name: &str| ends().any(|party| party.assurance.contains(name));
        !parties.is_empty() && !facts(c, "assurance:").all(kept)
    })
}

/// What goes between any two parties has no two systems that a text could name.
fn systems(look: &Look<'_>) -> Found {
    let named = |end: &End| matches!(end.party, Who::Party(_));
    let blank = |c: &Clause| {
        let said = c.systems.as_ref().map(|systems| [systems.from.trim(), systems.to.trim()]);
        said.is_none_or(|ends| ends.contains(&""))
    };
    clauses(look, |c| isa(look) && between(look, c) && named(&c.from) && named(&c.to) && blank(c))
}
