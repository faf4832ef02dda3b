//! What was disclosed, put into the parts of a page: banner, alerts, events, boxes.
//!
//! # Invariants
//!
//! - Only what a permit disclosed comes in, so nothing here can show more.
//! - A part that nothing fills is absent; it is never shown empty, which would say "none".
//! - What another took the place of, or its source took back, is neither in the banner nor in an
//!   alert or box: an event that was replaced says so, and one that was an error is absent.

mod held;
mod key;
mod said;
mod when;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use ken_care::chronology::Account;
use ken_care::words::own;
use ken_core::identifier::CHI_SYSTEM;
use ken_core::{Category, ClauseId, OrganisationId, PersonId};
use ken_fhir::{
    Address, AllergyIntolerance, CarePlan, Communication, DocumentReference, Flag, HumanName,
    Identifier, Patient, QuestionnaireResponse, RelatedPerson, Resource, ServiceRequest, line,
};
use ken_records::{Point, Status};

pub(crate) use held::{Held, answered, read};
pub(crate) use key::is_key;
pub(crate) use said::{bring, make_own, said};
pub(crate) use when::When;

use crate::stop::Stop;
use crate::view::alert::{Alert, Weight};
use crate::view::banner::Banner;
use crate::view::timeline::Event;
use crate::view::words;

/// Kinds of information whose events are significant whatever they say. No message says of a single
/// event how significant it is.
pub(crate) const SIGNIFICANT: [&str; 2] = ["alerts", "concern"];

/// What is said of an event whose place another took.
const SUPERSEDED: &str = "superseded";

/// What holds.
fn standing(held: &[Held]) -> impl Iterator<Item = &Held> {
    held.iter().filter(|held| held.stands())
}

fn patients(held: &[Held]) -> Vec<Patient<'_>> {
    let mut newest: Vec<_> = standing(held).collect();
    newest.sort_by_key(|held| std::cmp::Reverse(held.filed));
    newest.into_iter().filter_map(|held| Patient::of(&held.resource)).collect()
}

/// The name of the person, FAMILY first, if any source disclosed one.
pub(crate) fn name(held: &[Held]) -> Option<(String, String)> {
    patients(held).into_iter().find_map(|patient| {
        let name = *patient.names().first()?;
        let family = name.family().unwrap_or_default().to_owned();
        let given: Vec<_> = name.given().collect();
        (!family.is_empty() || !given.is_empty()).then(|| (family, given.join(" ")))
    })
}

/// The kinds of information that tell who somebody is, of which the banner is made.
///
/// # Errors
///
/// None: the words fit.
pub(crate) fn identity() -> Result<BTreeSet<Category>, Stop> {
    let words = ["core", "identifiers"].into_iter().map(Category::new);
    words.map(|word| word.map_err(|_| Stop::Fault("http.word"))).collect()
}

/// The banner, from the newest that each source says.
pub(crate) fn banner(held: &[Held], today: Date) -> Banner {
    let patients = patients(held);
    let (family, given) = name(held).unwrap_or_else(|| ("Name not shared".into(), String::new()));
    let names = patients.iter().flat_map(|patient| patient.names());
    let known_as = names
        .filter(|name| name.usage() == Some("nickname"))
        .map(HumanName::shown)
        .find(|known| !known.is_empty());
    let born = patients.iter().find_map(|patient| patient.birth_date());
    let died = patients.iter().find(|patient| patient.is_deceased()).map(|patient| {
        let day = patient.died().map(|died| died.date());
        match (day, day.and_then(ken_core::PartialDate::day), born) {
            (Some(_), Some(day), Some(born)) => {
                format!("Died {} ({}y)", words::day_short(day), born.age_on(day))
            }
            (Some(died), ..) => format!("Died {}", words::partial(died)),
            (None, ..) => "Died".to_owned(),
        }
    });
    // Nobody grows older after death: the age stands beside the day of it.
    let of_birth = |born| {
        if died.is_some() { words::partial(born) } else { words::born(born, today) }
    };
    let facts = vec![
        ("Born", born.map(of_birth).unwrap_or_default()),
        ("Sex", patients.iter().find_map(|patient| patient.gender()).map(sex).unwrap_or_default()),
        ("CHI", patients.iter().copied().find_map(chi).unwrap_or_default()),
        ("Lives in", patients.iter().copied().find_map(address).unwrap_or_default()),
        ("Language", patients.iter().copied().find_map(languages).unwrap_or_default()),
    ];
    // An unknown sex or number is worth saying; an unknown language would be said of nearly all.
    let facts = facts
        .into_iter()
        .filter(|(label, value)| !value.is_empty() || *label != "Language")
        .collect();
    Banner { family, given, known_as, facts, died }
}

fn sex(code: &str) -> String {
    match code {
        "female" => "Female".to_owned(),
        "male" => "Male".to_owned(),
        "other" => "Other".to_owned(),
        _ => String::new(),
    }
}

fn chi(patient: Patient<'_>) -> Option<String> {
    let mut numbers = patient.identifiers().filter(|number| number.system() == Some(CHI_SYSTEM));
    let number = numbers.find_map(Identifier::value)?;
    let (born, rest) = number.split_at_checked(6)?;
    Some(format!("{born} {rest}"))
}

fn address(patient: Patient<'_>) -> Option<String> {
    let here = |address: &Address<'_>| address.usage() != Some("old");
    let lines = patient.addresses().find(here)?.lines().join(", ");
    (!lines.is_empty()).then_some(lines)
}

fn languages(patient: Patient<'_>) -> Option<String> {
    let languages: Vec<_> = patient.languages().collect();
    (!languages.is_empty()).then(|| languages.join(", "))
}

/// Alerts that are active.
pub(crate) fn alerts(held: &[Held], names: &BTreeMap<OrganisationId, String>) -> Vec<Alert> {
    let alert = |held: &Held| {
        let flag = Flag::of(&held.resource).filter(|flag| flag.is_active())?;
        let since = flag.period().start.map(|since| words::partial(since.date()));
        let source = name_of(names, &held.source);
        let by = flag.author().map_or_else(|| source.clone(), |by| format!("{by}, {source}"));
        let detail = match since {
            Some(since) => format!("Since {since}. Set by {by}."),
            None => format!("Set by {by}."),
        };
        let detail = said::after(detail, held);
        let is_communication = held.category.as_str() == "communication";
        let weight = if is_communication { Weight::Note } else { Weight::Alert };
        Some(Alert { weight, what: flag.name().unwrap_or("Alert").to_owned(), detail })
    };
    standing(held).filter_map(alert).collect()
}

/// An organisation's name; its id where it is not registered.
pub(crate) fn name_of(names: &BTreeMap<OrganisationId, String>, id: &OrganisationId) -> String {
    names.get(id).cloned().unwrap_or_else(|| id.to_string())
}

/// One event with what sorts and filters it.
#[derive(Debug)]
pub(crate) struct Dated {
    /// When it began.
    pub(crate) at: Timestamp,
    /// Its kind of information.
    pub(crate) category: Category,
    /// Its point in the order of what has happened.
    pub(crate) point: Point,
    /// When it happened, as far as anybody said.
    pub(crate) when: When,
    /// Whose account it is, and of what.
    pub(crate) account: Account,
    /// How it is shown.
    pub(crate) event: Event,
}

/// The events of the part that is shown, the newest first. `why` gives the words of a clause.
pub(crate) fn events(
    held: &[Held],
    names: &BTreeMap<OrganisationId, String>,
    why: &dyn Fn(&ClauseId) -> String,
) -> Vec<Dated> {
    let reported = reported(held);
    let inside: BTreeSet<usize> = reported.values().flatten().copied().collect();
    let shown = held.iter().enumerate().filter(|(at, one)| one.is_of_part && !inside.contains(at));
    let event = |(at, one): (usize, &Held)| {
        let mut dated = event(one, names, why)?;
        let results = reported.get(&at).into_iter().flatten().filter_map(|at| held.get(*at));
        let results = results.filter_map(|one| line(&one.resource)).map(|line| match line.detail {
            Some(value) => format!("{}: {value}", line.title),
            None => line.title,
        });
        let told: Vec<_> = dated.event.note.take().into_iter().chain(results).collect();
        dated.event.note = (!told.is_empty()).then(|| told.join("; "));
        let inside = reported.get(&at).into_iter().flatten().filter_map(|at| held.get(*at));
        dated.event.words.extend(inside.flat_map(said::said_within));
        Some(dated)
    };
    let mut events: Vec<_> = shown.filter_map(event).collect();
    events.sort_by(|a, b| (b.at, &b.event.title).cmp(&(a.at, &a.event.title)));
    events
}

/// Which results are told by a report that is shown as well, by place: a result that has a report
/// is one event with it, and not one beside it. Only what is of the same source and kind, and is
/// seen under the same clauses, is told so; every other stands by itself.
fn reported(held: &[Held]) -> BTreeMap<usize, Vec<usize>> {
    let results = held.iter().enumerate().filter(|(_, one)| one.resource.kind() == "Observation");
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    for (at, one) in results {
        let id = one.resource.value().get("id").and_then(serde_json::Value::as_str);
        by_id.extend(id.map(|id| (format!("Observation/{id}"), at)));
    }
    let mut reported = BTreeMap::new();
    for (at, report) in held.iter().enumerate() {
        let is_told = report.is_of_part && report.resource.kind() == "DiagnosticReport";
        if !is_told || line(&report.resource).is_none() {
            continue;
        }
        let named = report.resource.value().get("result").and_then(serde_json::Value::as_array);
        let named = named.into_iter().flatten().filter_map(|one| one.get("reference")?.as_str());
        let alike = |one: &Held| {
            (&one.source, &one.category, &one.clauses)
                == (&report.source, &report.category, &report.clauses)
        };
        // A result that two reports name is told by the first of them.
        let told = named.filter_map(|name| {
            let at = *by_id.get(name)?;
            let fits = held.get(at).is_some_and(|one| alike(one) && line(&one.resource).is_some());
            fits.then(|| by_id.remove(name)).flatten()
        });
        reported.insert(at, told.collect());
    }
    reported
}

fn event(
    held: &Held,
    names: &BTreeMap<OrganisationId, String>,
    why: &dyn Fn(&ClauseId) -> String,
) -> Option<Dated> {
    let line = line(&held.resource).filter(|_| !held.is_error())?;
    let at = line.when.as_ref().map(ken_fhir::DateTime::starts);
    let at = at.or(held.event).unwrap_or(held.filed);
    let when = When::of(&held.resource, line.when.as_ref(), held.event);
    let account = when::account(held, when);
    let clauses: Vec<_> = held.clauses.iter().map(why).collect();
    let note = line.detail.filter(|note| Some(note) != author(&held.resource).as_ref());
    // A document says it itself.
    let is_said = note.as_deref() == Some(SUPERSEDED);
    let replaced = (held.status == Status::Superseded && !is_said).then(|| SUPERSEDED.to_owned());
    let note: Vec<_> = replaced.into_iter().chain(note).collect();
    let event = Event {
        title: line.title,
        on: when.says(),
        month: words::month_of(words::local(at).date()),
        kind: words::category(&held.category),
        source: name_of(names, &held.source),
        recorded_by: author(&held.resource),
        note: (!note.is_empty()).then(|| note.join("; ")),
        sections: sections(&held.resource),
        significant: SIGNIFICANT.contains(&held.category.as_str()),
        why: clauses.join(" "),
        words: said(held),
        below: None,
    };
    let (category, point) = (held.category.clone(), held.point);
    Some(Dated { at, category, point, when, account, event })
}

/// Who wrote something, where it says so.
pub(crate) fn author(resource: &Resource) -> Option<String> {
    let document = DocumentReference::of(resource).and_then(DocumentReference::author);
    let form = || QuestionnaireResponse::of(resource).and_then(QuestionnaireResponse::author);
    let plan = || CarePlan::of(resource).and_then(CarePlan::author);
    let flag = || Flag::of(resource).and_then(Flag::author);
    document.or_else(flag).or_else(form).or_else(plan).map(str::to_owned)
}

/// The whole text of what was written.
pub(crate) fn sections(resource: &Resource) -> Vec<(String, String)> {
    if let Some(document) = DocumentReference::of(resource) {
        return document.sections().map(|section| (section.title, section.text)).collect();
    }
    if let Some(form) = QuestionnaireResponse::of(resource) {
        let answers = form.answers().into_iter();
        return answers.map(|section| (section.title, in_words(section.text))).collect();
    }
    if let Some(request) = ServiceRequest::of(resource) {
        return request.notes().map(|text| (String::new(), text.to_owned())).collect();
    }
    if let Some(plan) = CarePlan::of(resource) {
        let sections = plan.sections().into_iter();
        return sections.map(|section| (section.title, in_words(section.text))).collect();
    }
    // The first words of a message are its line already.
    let said = Communication::of(resource).into_iter().flat_map(|one| one.said().skip(1));
    said.map(|text| (String::new(), text.to_owned())).collect()
}

/// An answer that is a day and nothing else, as people write one.
fn in_words(text: String) -> String {
    let day = (text.len() == "2026-11-23".len()).then(|| text.parse::<Date>().ok()).flatten();
    day.map_or(text, words::day_short)
}

/// The boxes that stand before the events: allergies, and what urgent care reads first.
pub(crate) const FIRST: [&str; 2] = ["allergies", "key"];

/// A box with its id, heading, and facts under it.
pub(crate) type Aside = (&'static str, &'static str, Vec<(String, String)>);

/// The boxes before and beside the events; one that nothing fills is absent.
pub(crate) fn asides(held: &[Held], today: Date) -> Vec<Aside> {
    let boxes = [
        ("who", "Who's who", who(held, today)),
        ("plan", "Plan", plan(held)),
        (FIRST[0], "Allergies", allergies(held)),
        (FIRST[1], "Key information", key::key(held)),
        ("views", "In their words", views(held)),
    ];
    boxes.into_iter().filter(|(_, _, facts)| !facts.is_empty()).collect()
}

/// Who helps: the practice, and the people around.
pub(crate) fn who(held: &[Held], today: Date) -> Vec<(String, String)> {
    let practice = patients(held).into_iter().find_map(|patient| {
        patient.general_practitioner().map(|name| ("GP".to_owned(), name.to_owned()))
    });
    let related = standing(held).filter_map(|held| {
        let person = RelatedPerson::of(&held.resource).filter(|one| one.is_current(today))?;
        let kinds: Vec<_> = person.relationships().collect();
        let label = if kinds.is_empty() { "Contact".to_owned() } else { kinds.join(", ") };
        let label = words::capitalised(&label);
        let mut value = person.name()?;
        // A number first, then when it is answered and who stands in.
        let is_other = |way: &ken_fhir::Contact<'_>| way.system() == Some("other");
        let first = person.contacts().take(1);
        let rest = person.contacts().skip(1).filter(is_other);
        for way in first.chain(rest).filter_map(ken_fhir::Contact::value) {
            value = format!("{value}, {way}");
        }
        Some((label, value))
    });
    let mut seen = BTreeSet::new();
    practice.into_iter().chain(related).filter(|fact| seen.insert(fact.clone())).collect()
}

/// How somebody is reached of whom an organisation says, under one id, that they are this to the
/// person now; none where that was not disclosed.
pub(crate) fn around(
    held: &[Held],
    (person, source): (PersonId, &OrganisationId),
    (label, called): (&str, &str),
    today: Date,
) -> Option<Vec<String>> {
    let mut theirs = standing(held).filter(|held| held.person == person && held.source == *source);
    theirs.find_map(|held| {
        let one = RelatedPerson::of(&held.resource).filter(|one| one.is_current(today))?;
        one.relationships().find(|kind| *kind == label)?;
        // Beside the name stands that of their organisation.
        let name = one.name()?;
        name.strip_prefix(called).filter(|rest| rest.is_empty() || rest.starts_with(", "))?;
        let ways = one.contacts().filter_map(ken_fhir::Contact::value);
        Some(ways.map(str::to_owned).collect())
    })
}

fn plan(held: &[Held]) -> Vec<(String, String)> {
    let newest = standing(held)
        .filter_map(|held| Some((held, CarePlan::of(&held.resource)?)))
        .max_by_key(|(held, _)| held.filed);
    let Some((held, plan)) = newest else { return vec![] };
    let when = plan.when().map(|when| words::partial(when.date()));
    let words = said::after(String::new(), held);
    let facts = [
        ("Plan", plan.title().map(str::to_owned)),
        ("State", plan.status().map(str::to_owned)),
        ("Written", when),
        ("What the person says of it", Some(words).filter(|words| !words.is_empty())),
    ];
    let known = |(label, value): (&str, Option<String>)| Some((label.to_owned(), value?));
    facts.into_iter().filter_map(known).collect()
}

fn allergies(held: &[Held]) -> Vec<(String, String)> {
    let allergy = |held: &Held| {
        let allergy = AllergyIntolerance::of(&held.resource)?;
        if is_taken_back(&held.resource) {
            return None;
        }
        let how = allergy.criticality().map(|how| format!("criticality {how}"));
        let told: Vec<_> = how.iter().map(String::as_str).chain(allergy.reactions()).collect();
        let value = if told.is_empty() { "recorded".to_owned() } else { told.join(", ") };
        Some((allergy.name()?.to_owned(), said::after(value, held)))
    };
    let mut seen = BTreeSet::new();
    standing(held).filter_map(allergy).filter(|fact| seen.insert(fact.clone())).collect()
}

/// Whether an allergy was entered in error, or has since been refuted.
fn is_taken_back(resource: &Resource) -> bool {
    let codings = resource.value().pointer("/verificationStatus/coding");
    let codings = codings.and_then(serde_json::Value::as_array).into_iter().flatten();
    let mut codes = codings.filter_map(|coding| coding.get("code")?.as_str());
    codes.any(|code| matches!(code, "entered-in-error" | "refuted"))
}

/// What the person said, with its day: the newest that they wrote themselves, and the newest that
/// somebody else wrote down; each with who wrote it, and what the person says of it.
fn views(held: &[Held]) -> Vec<(String, String)> {
    let mut all: Vec<_> = standing(held).filter(|held| held.category.as_str() == "views").collect();
    all.sort_by_key(|held| std::cmp::Reverse(held.event.unwrap_or(held.filed)));
    let is_own = |held: &&&Held| own::is_own(held.resource.value());
    let newest = [all.iter().find(is_own), all.iter().find(|held| !is_own(held))];
    newest.into_iter().flatten().filter_map(|held| view(held)).collect()
}

fn view(held: &Held) -> Option<(String, String)> {
    let message = Communication::of(&held.resource);
    let words = message.and_then(|message| message.said().next()).map(str::to_owned);
    let words = words.or_else(|| sections(&held.resource).into_iter().next().map(|s| s.1))?;
    let by = author(&held.resource).map(|by| format!(" ({by})")).unwrap_or_default();
    let day = words::day_short(words::local(held.event.unwrap_or(held.filed)).date());
    Some((day, said::after(format!("{words}{by}"), held)))
}

#[cfg(test)]
mod tests;
