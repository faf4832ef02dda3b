//! Whether it was thought through for the people it is about: why each kind of information is
//! needed, where it comes from, under which power, what of children, and whether asking is honest.
//!
//! # Sources
//!
//! - The Information Commissioner's data sharing code, annex A (the checklist), and its chapter on
//!   children.
//! - Getting it right for every child, practice guidance on information sharing: nobody is asked
//!   to agree to what is shared anyway.
//! - House policy where the doc of a rule's function says so.

use super::flow::{between, covers};
use super::law::{clauses, isa, touches};
use super::{Found, Look, Rule, error};
use crate::clause::{CategoryEntry, Clause, Kind};

/// Words of purposes beyond the care of the one person. House policy, after the national data
/// opt-out, which is about research and planning; the last is the vocabulary's word for planning.
const BEYOND: [&str; 4] = ["planning", "research", "statistics", "serviceoptimisation"];
/// Start of the facts that say what a person agreed to.
const AGREED: &str = "person:agreed-";

pub(super) const RULES: &[Rule] = &[
    error(
        "E-WHY",
        3,
        "",
        "nobody says why this is needed: add why, and why a pseudonym or a count would not do",
        why,
    ),
    error("E-ORIGIN", 3, "", "nobody says where this comes from: add source", origin),
    error("E-POWER", 6, "power", "a body acts under a power or a contract: name it", power),
    error(
        "E-CHILDREN",
        1,
        "",
        "this may be about children: say in [equality] children how their best interests were \
        weighed, or require the age",
        children,
    ),
    error(
        "E-PRETENCE",
        8,
        "require",
        "another clause shares the same whatever the person says: do not ask them to agree, or \
        narrow that clause",
        pretence,
    ),
    error(
        "E-BEYOND",
        8,
        "",
        "this is planning or research and people may have opted out of that: say beyond_care = \
        true, or use only what is about nobody",
        beyond,
    ),
    error(
        "E-CODE",
        5,
        "code",
        "no code binds who holds this role: name that of the body that registers them, or of their \
        employer",
        code,
    ),
];

fn blank(text: Option<&String>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

/// The kinds of personal information of an agreement that lack something.
fn kinds(look: &Look<'_>, lack: impl Fn(&CategoryEntry) -> bool) -> Found {
    let all = look.instrument.categories.iter();
    let bad = all.filter(|entry| isa(look) && entry.personal && lack(entry));
    bad.map(|entry| entry.id.to_string()).collect()
}

fn why(look: &Look<'_>) -> Found {
    kinds(look, |entry| blank(entry.why.as_ref()))
}

fn origin(look: &Look<'_>) -> Found {
    kinds(look, |entry| blank(entry.source.as_ref()))
}

fn power(look: &Look<'_>) -> Found {
    let bare = |powers: &[String]| powers.iter().all(|power| power.trim().is_empty());
    let bases = look.instrument.bases.iter().filter(|basis| bare(&basis.power));
    bases.map(|basis| basis.id.clone()).collect()
}

/// A clause that asks the age is about adults; an emergency waits for nobody's age.
fn children(look: &Look<'_>) -> Found {
    let grown = ["age>=16", "age>=18"];
    let adults = |c: &Clause| {
        c.require.iter().any(|fact| grown.contains(&fact.as_str().split('@').next().unwrap_or("")))
    };
    let may_be = |c: &Clause| between(look, c) && c.kind != Kind::Exceptional && !adults(c);
    let said = look.instrument.equality.as_ref().and_then(|done| done.children.as_ref());
    let silent = isa(look) && blank(said) && look.permits().any(may_be);
    silent.then(|| "equality.children".to_owned()).into_iter().collect()
}

/// An emergency clause is no other way: it serves another moment.
fn pretence(look: &Look<'_>) -> Found {
    let asks = |c: &Clause| c.require.iter().any(|fact| fact.as_str().starts_with(AGREED));
    let anyway = |c: &Clause, other: &Clause| {
        let fields = other
            .fields
            .as_ref()
            .is_none_or(|wide| c.fields.as_ref().is_some_and(|narrow| narrow.is_subset(wide)));
        other.kind != Kind::Exceptional
            && !asks(other)
            && covers(&other.from, &c.from)
            && covers(&other.to, &c.to)
            && c.action.is_subset(&other.action)
            && c.categories.is_subset(&other.categories)
            && fields
    };
    clauses(look, |c| asks(c) && look.permits().any(|other| anyway(c, other)))
}

/// By its id or its term a purpose says that it is planning or research.
fn beyond(look: &Look<'_>) -> Found {
    let purposes = look.instrument.purposes.iter().filter(|purpose| {
        let id = purpose.id.as_str();
        let term = purpose.dpv.as_deref().unwrap_or_default();
        let names = |word: &&str| id.contains(*word) || term.to_lowercase().contains(*word);
        !purpose.beyond_care && BEYOND.iter().any(names)
    });
    let used = purposes.filter(|purpose| {
        let mut clauses = look.permits().filter(|c| c.purpose.as_ref() == Some(&purpose.id));
        clauses.any(|c| touches(look, c, |entry| entry.personal))
    });
    used.map(|purpose| purpose.id.to_string()).collect()
}

fn code(look: &Look<'_>) -> Found {
    let roles = look.instrument.roles.iter().filter(|role| blank(role.code.as_ref()));
    roles.map(|role| role.id.to_string()).collect()
}
