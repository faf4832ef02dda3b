//! What stands beside the clauses: assessments, notice, rights, processors, and plain words.
//!
//! # Sources
//!
//! - UK GDPR arts. 12 to 14 (what people are told), 28 (processors), 35 and 36 (assessment),
//!   chapter V (transfers).
//! - Sections 4 to 11 of the Scottish Information Sharing Toolkit's template; Equality Act 2010.

use std::collections::BTreeSet;

use super::law::isa;
use super::{Found, Look, Rule, error, warning};
use crate::clause::CategoryEntry;
use crate::instrument::Tier;
use crate::party::PartyKind;

/// Longest sentence of a clause, in words. House policy, for readers who are not lawyers.
const SENTENCE_WORDS_MAX: usize = 45;
/// Phrases that name an aim and no purpose.
const VAGUE: [&str; 6] = [
    "any lawful purpose",
    "as required",
    "as necessary",
    "and so on",
    "to share information",
    "other purposes",
];
/// The conditions of UK GDPR art. 6(1), that of 2025 included.
const ART6: [&str; 7] =
    ["6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(ea)", "6(1)(f)"];
/// The letters of UK GDPR art. 9(2).
const ART9: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

pub(super) const RULES: &[Rule] = &[
    error(
        "E-DPIA",
        1,
        "",
        "sensitive data needs an impact assessment that is approved before the first day, still \
        in date, and leaves no high risk unless the Commissioner was consulted",
        dpia,
    ),
    error(
        "E-MITIGATION",
        1,
        "",
        "the assessment counts on a clause or field that is not there: the risk is open again",
        mitigation,
    ),
    error(
        "E-EQIA",
        8,
        "",
        "public bodies assess equality before they agree: add [equality], approved before the \
        first day",
        equality,
    ),
    warning(
        "W-TRANSFER",
        6,
        "",
        "nothing is said of other countries: add [transfers], with no country if there is none",
        no_transfers,
    ),
    error(
        "E-TRANSFER",
        6,
        "",
        "data leaves the United Kingdom without a named safeguard, or by a processor whose \
        country is not listed: complete [transfers]",
        transfers,
    ),
    error("E-NOTICE", 8, "", "people are told nothing: add [transparency] and its notice", notice),
    warning("W-FORMATS", 8, "", "offer the notice in easy read too", formats),
    error("E-RIGHTS", 8, "", "nobody knows how to use their rights: add [rights]", rights),
    error("E-SECURITY", 6, "", "how data is marked and carried is missing: add it", security),
    error(
        "E-CHOICE",
        6,
        "",
        "this is not one of the words that the program acts on: see the guide for the list",
        choice,
    ),
    error(
        "E-PROCESSOR",
        6,
        "",
        "a processor is no party, acts for one, and has terms: correct it",
        processor,
    ),
    error(
        "E-RESPONSIBLE",
        5,
        "",
        "the table of who answers what has a row for each party, no other, and no blank cell",
        responsible,
    ),
    error("E-QUALITY", 3, "", "how errors are corrected is missing: add [quality]", quality),
    warning(
        "W-TERMS",
        5,
        "",
        "nothing says who bears the loss when something goes wrong: add it as a [[term]], which no \
        program executes",
        terms,
    ),
    error("E-ARTICLE", 6, "", "the UK GDPR has no such condition: correct it", article),
    error("E-VAGUE", 1, "text", "this names an aim and no purpose: say what is decided", vague),
    warning("W-PLAIN", 8, "text", "a sentence of more than 45 words: say it in two", plain),
    warning("W-UNUSED", 3, "", "nothing here uses this: take it out", unused),
    error("E-ROLENAME", 5, "", "no party has this role: correct the spelling", role_name),
];

fn at(bad: bool, place: &str) -> Found {
    bad.then(|| place.to_owned()).into_iter().collect()
}

fn dpia(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let sensitive = own.categories.iter().any(|entry| entry.special || entry.criminal);
    let Some(dpia) = &own.dpia else { return at(isa(look) && sensitive, "dpia") };
    let from = own.agreement.effective_from;
    let mut found = at(dpia.approved > from, "dpia.approved");
    found.extend(at(dpia.review_due < from, "dpia.review_due"));
    let consulted = dpia.dpo_advice.contains("commissioner");
    found.extend(at(dpia.residual == "high" && !consulted, "dpia.residual"));
    found
}

/// `P1`, `C5.fields`, `clause:*.attest`.
fn mitigation(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let Some(dpia) = &own.dpia else { return Found::new() };
    let stands = |text: &str| {
        let (clause, field) = text.split_once('.').unwrap_or((text, ""));
        // A clause's id may have a dot of its own.
        if own.clauses.iter().any(|one| one.id.as_str() == text) {
            return true;
        }
        own.clauses.iter().filter(|one| clause == "clause:*" || one.id.as_str() == clause).any(
            |one| match field {
                "" => clause != "clause:*",
                "fields" => one.fields.is_some(),
                "attest" => !one.attest.is_empty(),
                "require" => !one.require.is_empty(),
                "obligations" => !one.obligations.is_empty(),
                "expect" => !one.expect.is_empty(),
                "labels" => !one.labels.is_empty(),
                _ => false,
            },
        )
    };
    let lost = dpia.mitigations.iter().filter(|text| !stands(text));
    lost.map(|text| format!("dpia.mitigations {text}")).collect()
}

fn equality(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let public = own
        .parties
        .iter()
        .any(|party| !matches!(party.kind, PartyKind::ThirdSector | PartyKind::Independent));
    let from = own.agreement.effective_from;
    match &own.equality {
        None => at(isa(look) && public, "equality"),
        Some(done) => at(done.approved > from || done.review_due < from, "equality.approved"),
    }
}

fn no_transfers(look: &Look<'_>) -> Found {
    at(isa(look) && look.instrument.transfers.is_none(), "transfers")
}

fn transfers(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let listed = |country: &String| {
        own.transfers.as_ref().is_some_and(|transfers| transfers.countries.contains(country))
    };
    let abroad =
        own.processors.iter().filter(|one| one.country.as_ref().is_some_and(|c| !listed(c)));
    let mut found: Found = abroad.map(|one| one.id.to_string()).collect();
    if let Some(transfers) = &own.transfers {
        let safe = transfers.safeguard.as_ref().is_some_and(|text| !text.trim().is_empty());
        found.extend(at(!transfers.countries.is_empty() && !safe, "transfers.safeguard"));
    }
    found
}

fn told(look: &Look<'_>) -> bool {
    matches!(look.tier(), Tier::Isa | Tier::Accord)
}

fn notice(look: &Look<'_>) -> Found {
    let named = look.instrument.transparency.as_ref();
    at(told(look) && named.is_none_or(|t| t.privacy_notice.trim().is_empty()), "transparency")
}

fn formats(look: &Look<'_>) -> Found {
    let told = look.instrument.transparency.as_ref();
    at(told.is_some_and(|t| !t.formats.contains("easy-read")), "transparency.formats")
}

fn rights(look: &Look<'_>) -> Found {
    at(told(look) && look.instrument.rights.is_none(), "rights")
}

fn security(look: &Look<'_>) -> Found {
    let named = look.instrument.security.as_ref();
    let empty =
        |s: &crate::Security| s.classification.trim().is_empty() || s.transport.trim().is_empty();
    at(told(look) && named.is_none_or(empty), "security")
}

fn choice(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let mut found = Found::new();
    let mut see = |word: &str, list: &[&str], place: &str| {
        if !list.contains(&word) {
            found.insert(place.to_owned());
        }
    };
    if let Some(told) = &own.transparency {
        let when = ["at-disclosure", "before-disclosure", "in-notice"];
        see(&told.tell_person, &when, "transparency.tell_person");
    }
    if let Some(rights) = &own.rights {
        see(&rights.sar.route, &["joint", "each"], "rights.sar");
        see(&rights.rectification, &["propagate", "tell"], "rights.rectification");
        let after = ["restrict-then-decide", "decide-then-restrict"];
        see(&rights.objection, &after, "rights.objection");
    }
    if let Some(dpia) = &own.dpia {
        see(&dpia.residual, &["low", "medium", "high"], "dpia.residual");
        let advice = ["accepted", "overruled", "commissioner-consulted"];
        see(&dpia.dpo_advice, &advice, "dpia.dpo_advice");
    }
    found
}

fn processor(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let bad = own.processors.iter().filter(|one| {
        let party = own.parties.iter().any(|party| party.id.as_str() == one.id.as_str());
        party || own.party(&one.acts_for).is_none() || one.terms.trim().is_empty()
    });
    bad.map(|one| format!("processor.{}", one.id)).collect()
}

fn responsible(look: &Look<'_>) -> Found {
    let own = look.instrument;
    if own.responsibilities.is_empty() && !isa(look) {
        return Found::new();
    }
    let rows: BTreeSet<_> = own.responsibilities.keys().collect();
    let parties: BTreeSet<_> = own.parties.iter().map(|party| &party.id).collect();
    let blank = own.responsibilities.iter().filter(|(_, row)| {
        let cells = [&row.requests, &row.breaches, &row.corrections, &row.complaints];
        cells.iter().any(|cell| cell.trim().is_empty())
    });
    let wrong = rows.symmetric_difference(&parties).copied().chain(blank.map(|(id, _)| id));
    wrong.map(|id| format!("responsibilities.{id}")).collect()
}

fn terms(look: &Look<'_>) -> Found {
    at(isa(look) && look.instrument.terms.is_empty(), "term")
}

fn quality(look: &Look<'_>) -> Found {
    at(isa(look) && look.instrument.quality.is_none(), "quality")
}

fn article(look: &Look<'_>) -> Found {
    let nine = |text: &str| {
        let letter = text.strip_prefix("9(2)(").and_then(|rest| rest.strip_suffix(')'));
        letter.is_some_and(|letter| ART9.contains(&letter))
    };
    let bad = look.instrument.bases.iter().filter(|basis| {
        !ART6.contains(&basis.art6.as_str()) || basis.art9.as_ref().is_some_and(|art| !nine(art))
    });
    bad.map(|basis| basis.id.clone()).collect()
}

fn vague(look: &Look<'_>) -> Found {
    let aims = look.instrument.purposes.iter().filter(|purpose| {
        let text = purpose.text.to_lowercase();
        text.split_whitespace().count() < 4 || VAGUE.iter().any(|phrase| text.contains(phrase))
    });
    aims.map(|purpose| purpose.id.to_string()).collect()
}

fn plain(look: &Look<'_>) -> Found {
    let long = |text: &str| {
        let mut sentences = text.split(['.', '?', '!']);
        sentences.any(|sentence| sentence.split_whitespace().count() > SENTENCE_WORDS_MAX)
    };
    let own = look.instrument;
    let clauses = own.clauses.iter().filter(|clause| long(&clause.text));
    let mut found: Found = clauses.map(|clause| clause.id.to_string()).collect();
    found.extend(at(long(&own.agreement.plain_summary), "agreement.plain_summary"));
    found
}

fn unused(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let purposes: BTreeSet<_> = look.permits().filter_map(|c| c.purpose.as_ref()).collect();
    let words: BTreeSet<_> = look.permits().flat_map(|c| &c.attest).collect();
    let categories: BTreeSet<_> = own.clauses.iter().flat_map(|c| &c.categories).collect();
    let labels: BTreeSet<_> = look.prohibitions().flat_map(|c| &c.labels).collect();
    let idle = |entry: &&CategoryEntry| {
        let labelled = entry.label.as_ref().is_some_and(|label| labels.contains(label));
        !categories.contains(&entry.id) && !labelled
    };
    let mut found: Found =
        own.categories.iter().filter(idle).map(|entry| entry.id.to_string()).collect();
    let aims = own.purposes.iter().filter(|purpose| !purposes.contains(&purpose.id));
    found.extend(aims.map(|purpose| purpose.id.to_string()));
    let said = own.attestations.keys().filter(|id| !words.contains(id));
    found.extend(said.map(|id| format!("attestations/{id}")));
    found
}

fn role_name(look: &Look<'_>) -> Found {
    let own = look.instrument;
    let held = |role: &ken_core::RoleId| own.parties.iter().any(|party| party.roles.contains(role));
    let lost = own.roles.iter().filter(|entry| !held(&entry.id));
    lost.map(|entry| format!("role/{}", entry.id)).collect()
}
