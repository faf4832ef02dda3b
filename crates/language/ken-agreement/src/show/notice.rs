//! The privacy notice, made from agreements: who gets what, and why. Standard and easy read.
//!
//! # Invariants
//!
//! - Recipients and purposes are exactly those of the agreements' clauses, and no other.
//!
//! # Sources
//!
//! - UK GDPR arts. 13 and 14: what people are told.

use std::collections::{BTreeMap, BTreeSet};

use ken_core::Purpose;

use super::{Document, Section, list};
use crate::clause::{Clause, PurposeEntry, Who};
use crate::instrument::{Controllership, Instrument};
use crate::known::NOTICE;

/// One thing that a notice tells: who may receive what, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// Who receives it.
    pub recipient: String,
    /// Why, as the agreement says it.
    pub purpose: String,
    /// What, as the agreement says it.
    pub category: String,
}

/// Everything that a notice of these instruments tells: each recipient, purpose and category once.
#[must_use]
pub fn told(instruments: &[&Instrument]) -> BTreeSet<Told> {
    let mut all = BTreeSet::new();
    for own in instruments {
        for clause in own.clauses.iter().filter(|clause| !clause.is_prohibition()) {
            let purpose = own.purposes.iter().find(|one| Some(&one.id) == clause.purpose.as_ref());
            let Some(purpose) = purpose else { continue };
            for entry in clause.categories.iter().filter_map(|id| own.category(id)) {
                for recipient in recipients(own, clause) {
                    let (purpose, category) = (purpose.text.clone(), entry.text.clone());
                    all.insert(Told { recipient, purpose, category });
                }
            }
        }
    }
    all
}

fn recipients(own: &Instrument, clause: &Clause) -> BTreeSet<String> {
    match clause.to.party {
        Who::Person => ["You, or who acts for you".to_owned()].into(),
        Who::Own => ["The organisation that recorded it".to_owned()].into(),
        Who::Referrer => ["Whoever referred you".to_owned()].into(),
        Who::Party(_) | Who::Any => {
            let held = |party: &&crate::Party| {
                let sole =
                    own.parties.iter().any(|from| from.id != party.id && clause.from.may_be(from));
                let role = clause.to.any_role() || !party.roles.is_disjoint(&clause.to.roles);
                clause.to.may_be(party) && role && sole
            };
            own.parties.iter().filter(held).map(|party| party.name.clone()).collect()
        }
    }
}

/// The notice of these instruments.
#[must_use]
pub fn notice(instruments: &[&Instrument], easy: bool) -> Document {
    if easy { easy_read(instruments) } else { standard(instruments) }
}

type Rows = BTreeMap<(String, String), BTreeSet<String>>;

/// What goes to each recipient for each purpose.
fn rows(instruments: &[&Instrument]) -> Rows {
    let mut rows = Rows::new();
    for Told { recipient, purpose, category } in told(instruments) {
        rows.entry((purpose, recipient)).or_default().insert(category);
    }
    rows
}

fn standard(instruments: &[&Instrument]) -> Document {
    let about = instruments.iter().map(|own| own.agreement.plain_summary.clone());
    let under = instruments.iter().map(|own| own.agreement.title.clone());
    let shared = rows(instruments).into_iter().map(|((purpose, recipient), what)| {
        let what: Vec<_> = what.into_iter().collect();
        vec![recipient, purpose, what.join("; ")]
    });
    let sections = vec![
        Section::new("", "In short").list(about),
        Section::new("", "Who is responsible").table(
            &["Organisation", "Data protection officer", "Where to write"],
            contacts(instruments),
        ),
        Section::new("", "Who decides, and who answers you")
            .list(deciders(instruments))
            .table(&ANSWERS, answers(instruments)),
        Section::new("", "Who receives what, and why")
            .table(&["Who receives it", "Why", "What"], shared),
        Section::new("", "The law that allows it")
            .table(&["Organisation", "Why", "Law"], laws(instruments)),
        Section::new("", "What is never shared")
            .list(sentences(instruments, true))
            .or("These agreements forbid nothing of their own."),
        Section::new("", "How long it is kept")
            .table(&["Organisation", "Rule"], kept(instruments))
            .or("The accord of these organisations says so."),
        Section::new("", "Other countries").list(abroad(instruments)),
        Section::new("", "Your rights").list(rights(instruments)),
        Section::new("", "The agreements behind this notice").list(under),
    ];
    Document { title: NOTICE.to_owned(), below: formats(instruments), sections }
}

fn easy_read(instruments: &[&Instrument]) -> Document {
    let mut sections = vec![
        Section::new("", "What this is about")
            .text("Some organisations tell each other things about you.")
            .text("This page says who, what and why."),
    ];
    sections.extend(together(instruments));
    let mut by_why: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for ((purpose, recipient), what) in rows(instruments) {
        by_why.entry(purpose).or_default().insert(recipient, what);
    }
    for (purpose, recipients) in by_why {
        let mut section = Section::new("", &purpose);
        for (recipient, what) in recipients {
            section = section.text(format!("{recipient} can know:")).list(what);
        }
        sections.push(section);
    }
    sections.push(
        Section::new("", "What you can do")
            .text("You can ask to see what is written about you.")
            .text("You can say that something is wrong.")
            .text("You can say that you do not want this.")
            .text("Sometimes the law says that we must still tell others, to keep people safe.")
            .text("You can complain. It costs nothing."),
    );
    let contacts = contacts(instruments).into_iter().filter_map(|row| {
        let [name, _, write] = row.try_into().ok()?;
        Some(format!("{name}: {write}"))
    });
    sections.push(Section::new("", "Who you can ask").list(contacts));
    Document {
        title: "What happens with information about you (easy read)".to_owned(),
        below: formats(instruments),
        sections,
    }
}

fn contacts(instruments: &[&Instrument]) -> BTreeSet<Vec<String>> {
    let parties = instruments.iter().flat_map(|own| &own.parties);
    let blank = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    parties.map(|p| vec![p.name.clone(), blank(&p.dpo), blank(&p.rights_contact)]).collect()
}

/// The purposes for which something flows, each with whether the parties are joint controllers.
fn purposes(own: &Instrument) -> impl Iterator<Item = (&PurposeEntry, bool)> {
    let used = |id: &Purpose| {
        own.clauses.iter().any(|one| !one.is_prohibition() && one.purpose.as_ref() == Some(id))
    };
    own.purposes.iter().filter(move |purpose| used(&purpose.id)).map(|purpose| {
        let shared = purpose.controllership.unwrap_or(own.agreement.controllership);
        (purpose, shared == Controllership::Joint)
    })
}

fn names(own: &Instrument) -> String {
    list(own.parties.iter().map(|party| &party.name))
}

/// The essence of the arrangement between joint controllers (UK GDPR art. 26(2)), purpose by
/// purpose, and that the others each answer for themselves.
fn deciders(instruments: &[&Instrument]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for own in instruments {
        let point = own.rights.as_ref().and_then(|rights| rights.single_point.as_ref());
        let point = point.and_then(|id| own.party(id));
        for (purpose, is_joint) in purposes(own) {
            let names = names(own);
            let begin = point.map_or_else(String::new, |party| {
                format!(" Begin with {}; you may turn to any of them.", party.name)
            });
            all.insert(if is_joint {
                format!("{names} decide together about this: {}{begin}", purpose.text)
            } else {
                format!("{names} each decide and answer for themselves: {}", purpose.text)
            });
        }
    }
    all
}

const ANSWERS: [&str; 5] =
    ["Organisation", "A copy of what is held", "A correction", "A complaint", "A breach"];

fn answers(instruments: &[&Instrument]) -> BTreeSet<Vec<String>> {
    let rows = instruments.iter().flat_map(|own| {
        own.responsibilities.iter().filter_map(|(id, row)| {
            let cells = [&row.requests, &row.corrections, &row.complaints, &row.breaches];
            let name = own.party(id)?.name.clone();
            Some(std::iter::once(name).chain(cells.into_iter().cloned()).collect())
        })
    });
    rows.collect()
}

fn together(instruments: &[&Instrument]) -> Option<Section> {
    let joint: BTreeSet<_> = instruments
        .iter()
        .flat_map(|own| purposes(own).filter(|(_, is_joint)| *is_joint).map(|_| names(own)))
        .map(|names| format!("{names} decide some things together. You can ask any of them."))
        .collect();
    (!joint.is_empty()).then(|| Section::new("", "Who decides").list(joint))
}

fn laws(instruments: &[&Instrument]) -> BTreeSet<Vec<String>> {
    let mut all = BTreeSet::new();
    for own in instruments {
        for purpose in &own.purposes {
            for party in &own.parties {
                for basis in own.bases.iter().filter(|basis| basis.serves(party, &purpose.id)) {
                    let mut law = vec![format!("UK GDPR art. {}", basis.art6)];
                    law.extend(basis.art9.iter().map(|art| format!("art. {art}")));
                    law.extend(basis.power.iter().cloned());
                    all.insert(vec![party.name.clone(), purpose.text.clone(), law.join("; ")]);
                }
            }
        }
    }
    all
}

fn sentences(instruments: &[&Instrument], prohibitions: bool) -> BTreeSet<String> {
    let clauses = instruments.iter().flat_map(|own| &own.clauses);
    let some = clauses.filter(|clause| clause.is_prohibition() == prohibitions);
    some.map(|clause| clause.text.clone()).collect()
}

fn kept(instruments: &[&Instrument]) -> BTreeSet<Vec<String>> {
    let rules = instruments.iter().flat_map(|own| {
        own.retention
            .iter()
            .filter_map(|(id, rule)| Some(vec![own.party(id)?.name.clone(), rule.rule.clone()]))
    });
    rules.collect()
}

fn abroad(instruments: &[&Instrument]) -> BTreeSet<String> {
    let says = |own: &&Instrument| match &own.transfers {
        Some(some) if !some.countries.is_empty() => {
            format!("Information goes to {}.", list(&some.countries))
        }
        _ => "Information does not leave the United Kingdom.".to_owned(),
    };
    instruments.iter().map(says).collect()
}

fn rights(instruments: &[&Instrument]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = [
        "You can ask for a copy of what is held about you.",
        "You can ask to have it corrected.",
        "You can object.",
        "You can complain to any of these organisations, and to the Information Commissioner.",
    ]
    .map(ToOwned::to_owned)
    .into();
    for own in instruments {
        let point = own.rights.as_ref().and_then(|rights| rights.single_point.as_ref());
        let party = point.and_then(|id| own.party(id));
        all.extend(
            party.map(|p| format!("{} is a good place to begin; any of them must help.", p.name)),
        );
    }
    all
}

fn formats(instruments: &[&Instrument]) -> String {
    let told = instruments.iter().filter_map(|own| own.transparency.as_ref());
    let formats: BTreeSet<_> = told.flat_map(|told| &told.formats).collect();
    if formats.is_empty() {
        String::new()
    } else {
        format!("You can have this as: {}.", list(formats))
    }
}
