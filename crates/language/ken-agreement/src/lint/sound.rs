//! What the gate assumes of every instrument. A bundle refuses one that breaks any of these.

use std::collections::BTreeSet;

use ken_core::Fact;

use super::{Found, Look, Rule, Severity};
use crate::clause::{CategoryEntry, Clause, End, Kind, Modality, RECORD, Who};
use crate::fact::{CLAIMED, CONFIRMED, SYSTEM};
use crate::instrument::Tier;
use crate::status::PERSON;

const fn rule(
    code: &'static str,
    principle: u8,
    field: &'static str,
    says: &'static str,
    find: fn(&Look<'_>) -> Found,
) -> Rule {
    Rule { code, severity: Severity::Unsound, principle, field, says, find }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "E-LABEL",
        6,
        "labels",
        "labels, scope and except belong to prohibitions: take them out",
        label,
    ),
    rule(
        "E-PERMITONLY",
        6,
        "",
        "a prohibition takes no action, purpose, fields, require, expect, attest, \
        obligations, deadline, source or must: take them out",
        permit_only,
    ),
    rule(
        "E-PURPOSE",
        1,
        "purpose",
        "the purpose is missing or not one of this instrument's: add it or correct \
        the spelling",
        purpose,
    ),
    rule(
        "E-CATEGORY",
        3,
        "categories",
        "a category is not in this instrument's dictionary: add it or correct the \
        spelling",
        category,
    ),
    rule(
        "E-FIELD",
        3,
        "fields",
        "a field is in none of the clause's categories: correct the spelling",
        field,
    ),
    rule("E-EMPTY", 4, "", "a permit needs an action, a category, and roles at both ends", empty),
    rule("E-PARTY", 4, "", "this is not a party: add it or correct the spelling", party),
    rule(
        "E-ROLE",
        4,
        "",
        "no party at this end holds the role, or the role is reserved: add it to the \
        party or correct the spelling",
        role,
    ),
    rule(
        "E-RESERVED",
        4,
        "",
        "`*own` stands at both ends, `*person` receives in the role `self`, and \
        both only in an accord or a statute pack; `kinds` goes with `*`",
        reserved,
    ),
    rule("E-SELF", 4, "to", "both ends are the same party: that is `*own`, in an accord", same),
    rule("E-TWICE", 6, "id", "this id is used twice: give each its own", twice),
    rule(
        "E-WORD",
        6,
        "roles",
        "a party, role or person's id has `/`, `#`, `*` or is reserved: rename it",
        word,
    ),
    rule("E-EXCEPT", 7, "except", "the exception names no permit of this instrument", except),
    rule("E-ATTEST", 5, "attest", "the words of this statement are missing: write them", attest),
    rule("E-GRADE", 4, "require", "the grade of a fact is @claimed, @confirmed or @system", grade),
    rule(
        "E-STAGE",
        8,
        "starts",
        "only everyday sharing waits for a stage, within the days of its instrument: take \
        `starts` out or correct the day",
        stage,
    ),
    rule("E-UNREACHABLE", 7, "to", "no party can use this clause: correct its kinds", unreachable),
];

fn at<'a>(clauses: impl Iterator<Item = &'a Clause>, bad: impl Fn(&Clause) -> bool) -> Found {
    clauses.filter(|clause| bad(clause)).map(|clause| clause.id.to_string()).collect()
}

fn ends(clause: &Clause) -> [(&'static str, &End); 2] {
    [("from", &clause.from), ("to", &clause.to)]
}

fn label(look: &Look<'_>) -> Found {
    at(look.permits(), |c| !c.labels.is_empty() || c.scope.is_some() || !c.except.is_empty())
}

fn permit_only(look: &Look<'_>) -> Found {
    at(look.prohibitions(), |c| {
        !c.action.is_empty()
            || c.purpose.is_some()
            || c.fields.is_some()
            || !c.require.is_empty()
            || !c.expect.is_empty()
            || !c.attest.is_empty()
            || !c.obligations.is_empty()
            || c.deadline.is_some()
            || c.source.is_some()
            || c.modality != Modality::May
    })
}

fn purpose(look: &Look<'_>) -> Found {
    let known: BTreeSet<_> = look.instrument.purposes.iter().map(|purpose| &purpose.id).collect();
    at(look.permits(), |c| c.purpose.as_ref().is_none_or(|purpose| !known.contains(purpose)))
}

fn category(look: &Look<'_>) -> Found {
    at(look.instrument.clauses.iter(), |c| {
        !c.categories.iter().all(|id| look.instrument.category(id).is_some())
    })
}

fn field(look: &Look<'_>) -> Found {
    at(look.permits(), |c| {
        let entries = c.categories.iter().filter_map(|id| look.instrument.category(id));
        let known: BTreeSet<_> = entries.flat_map(CategoryEntry::whole).collect();
        c.fields.as_ref().is_some_and(|fields| fields.is_empty() || !fields.is_subset(&known))
    })
}

fn empty(look: &Look<'_>) -> Found {
    let bare = |c: &Clause| c.action.is_empty() || c.categories.is_empty();
    let roleless = |c: &Clause| ends(c).iter().any(|(_, end)| end.roles.is_empty());
    let mut found = at(look.permits(), |c| bare(c) || roleless(c));
    found.extend(at(look.prohibitions(), roleless));
    found
}

fn party(look: &Look<'_>) -> Found {
    let known = |who: &Who| match who {
        Who::Party(id) => look.instrument.party(id).is_some(),
        _ => true,
    };
    let clauses = look.instrument.clauses.iter();
    let mut found = at(clauses, |c| !known(&c.from.party) || !known(&c.to.party));
    let bases = look.instrument.bases.iter().filter(|basis| !known(&basis.party));
    found.extend(bases.map(|basis| basis.id.clone()));
    found
}

/// A pack without parties names no roles: whom its clauses bind is for those that narrow them.
fn role(look: &Look<'_>) -> Found {
    at(look.instrument.clauses.iter(), |c| {
        ends(c).iter().any(|(_, end)| {
            let mut named = end.roles.iter().filter(|role| role.as_str() != "*");
            let held = |role| {
                let mut parties = look.instrument.parties.iter().filter(|p| end.may_be(p));
                parties.any(|party| party.roles.contains(role))
            };
            match end.party {
                Who::Person => named.any(|role| role.as_str() != "self"),
                Who::Referrer => named.next().is_some(),
                _ => named.any(|role| role.as_str() == RECORD || !held(role)),
            }
        })
    })
}

fn reserved(look: &Look<'_>) -> Found {
    let high = matches!(look.instrument.agreement.tier, Tier::Accord | Tier::StatutePack);
    at(look.instrument.clauses.iter(), |c| {
        let own = ends(c).iter().filter(|(_, end)| end.party == Who::Own).count();
        let kinds = |end: &End| !end.kinds.is_empty() && end.party != Who::Any;
        own == 1
            || c.from.party == Who::Person
            || (own == 2 || c.is_for_person()) && !high
            || kinds(&c.from)
            || kinds(&c.to)
    })
}

fn same(look: &Look<'_>) -> Found {
    at(
        look.permits(),
        |c| matches!((&c.from.party, &c.to.party), (Who::Party(a), Who::Party(b)) if a == b),
    )
}

fn twice(look: &Look<'_>) -> Found {
    let instrument = look.instrument;
    let mut found = Found::new();
    let mut see = |ids: Vec<String>| {
        let mut seen = BTreeSet::new();
        found.extend(ids.into_iter().filter(|id| !seen.insert(id.clone())));
    };
    see(instrument.clauses.iter().map(|clause| clause.id.to_string()).collect());
    see(instrument.parties.iter().map(|party| party.id.to_string()).collect());
    see(instrument.purposes.iter().map(|purpose| purpose.id.to_string()).collect());
    see(instrument.categories.iter().map(|category| category.id.to_string()).collect());
    see(instrument.bases.iter().map(|basis| basis.id.clone()).collect());
    found
}

/// Role entities are `party/role`, words `hash#clause/words`: neither part may have the mark.
fn word(look: &Look<'_>) -> Found {
    let marked = |text: &str| text.contains(['/', '#', '*']);
    let mut found = Found::new();
    for party in &look.instrument.parties {
        if marked(party.id.as_str()) || party.id.as_str() == PERSON {
            found.insert(party.id.to_string());
        }
        let roles = party.roles.iter();
        let bad = roles.filter(|role| marked(role.as_str()) || role.as_str() == RECORD);
        found.extend(bad.map(|role| format!("{} {role}", party.id)));
    }
    found
}

fn except(look: &Look<'_>) -> Found {
    at(look.prohibitions(), |c| {
        let named = |id| look.instrument.clause(id).is_some_and(|c| c.kind != Kind::Prohibition);
        !c.except.iter().all(named)
    })
}

fn attest(look: &Look<'_>) -> Found {
    let words = &look.instrument.attestations;
    at(look.permits(), |c| {
        !c.attest.iter().all(|id| words.get(id).is_some_and(|text| !text.trim().is_empty()))
    })
}

fn grade(look: &Look<'_>) -> Found {
    at(look.permits(), |c| {
        let mut facts = c.require.iter().chain(&c.expect).map(Fact::as_str);
        facts.any(|fact| {
            fact.find('@').is_some_and(|mark| {
                let (_, suffix) = fact.split_at(mark);
                ![CLAIMED, CONFIRMED, SYSTEM].contains(&suffix)
            })
        })
    })
}

/// A prohibition holds from the first day; a duty and an emergency wait for nobody.
fn stage(look: &Look<'_>) -> Found {
    let head = &look.instrument.agreement;
    at(look.instrument.clauses.iter(), |c| {
        c.starts.is_some_and(|day| {
            let late = head.effective_until.is_some_and(|last| day > last);
            c.kind != Kind::Routine || day < head.effective_from || late
        })
    })
}

fn unreachable(look: &Look<'_>) -> Found {
    if look.instrument.parties.is_empty() {
        return Found::new();
    }
    at(look.instrument.clauses.iter(), |c| {
        ends(c).iter().any(|(_, end)| {
            !end.kinds.is_empty() && !look.instrument.parties.iter().any(|p| end.may_be(p))
        })
    })
}
