//! Allergies and problems: `AL1`, `IAM`, `DG1`, `PRB`.
//!
//! # Sources
//!
//! - HL7/v2-to-fhir: AL1(`AllergyIntolerance`), DG1(`Condition`). `PRB` has no map there: ours
//!   follows HL7 v2.8, 12.4.2.
//! - House policy: an allergy is its number (IAM-7); without one, its code and its words, since
//!   many senders have one code (`OTHER`) for all that they have no code for.

use ken_fhir::{Object, Resource, concept as coded};
use serde_json::Value;

use super::types::{concept, concept_of, entity, practitioner, text, when, words};
use super::{Batch, Ended, Ends, Made, PERSON, Scope, Told, digest, key_of, reference, table};
use crate::{Part, Segment};

const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const CONDITION: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";

/// Most allergies or problems that are taken of one message. House policy.
const REPEATS_MAX: usize = 500;

pub(super) fn map(scope: &Scope<'_>, batch: &mut Batch<'_>, visit: Option<&str>) {
    for segment in scope.message.all("AL1").take(REPEATS_MAX) {
        allergy(scope, batch, &al1(segment), false);
    }
    for segment in scope.message.all("IAM").take(REPEATS_MAX) {
        let is_inactive = text(segment.field(17).component(1)) == "I";
        allergy(scope, batch, &iam(segment), is_inactive);
    }
    for dg1 in scope.message.all("DG1").take(REPEATS_MAX) {
        diagnosis(scope, batch, dg1, visit);
    }
}

/// `PPR`: the problems of a problem list.
pub(super) fn problems(scope: &Scope<'_>, batch: &mut Batch<'_>) {
    for prb in scope.message.all("PRB").take(REPEATS_MAX) {
        problem(scope, batch, prb);
    }
}

/// A key made of a concept's first coding, or its text.
fn concept_key(kind: &str, concept: &Object) -> Option<String> {
    let coding = concept.get("coding").and_then(|all| all.get(0));
    let part = |name| coding.and_then(|one| one.get(name)).and_then(Value::as_str);
    let named = part("code").unwrap_or(concept.text("text"));
    let key = || format!("{kind}|{}|{named}", part("system").unwrap_or_default());
    (!named.is_empty()).then(key)
}

/// What an allergy is known by, and what it was known by before its words counted; the latter only
/// where what is held under it may be this one. A number that is deleted says nothing of what
/// another number may have told last.
fn allergy_keys(own: &Object, code: &Object, deleted: bool) -> (Option<String>, Option<String>) {
    let by_code = concept_key("allergy", code);
    let Some(number) = key_of("allergy-number", own) else {
        let words = digest(code.text("text"));
        return (by_code.as_ref().map(|key| format!("{key}|{words}")), by_code);
    };
    (Some(number), by_code.filter(|_| !deleted))
}

/// An allergy as `AL1` and `IAM` have it, in the fields that both have.
struct Allergen<'m> {
    /// IAM-7.
    number: Part<'m>,
    kind: Part<'m>,
    code: Part<'m>,
    severity: Part<'m>,
    reaction: Part<'m>,
    since: Part<'m>,
    recorded: Part<'m>,
    /// IAM-17 (HL7 table 0438), or IAM-6 `D`.
    state: Option<&'static str>,
}

/// What is known of an allergy: `refuted` has no letter in table 0438.
fn allergy_state(iam: Segment<'_>) -> Option<&'static str> {
    const STATES: &[(&str, &str)] = &[
        ("C", "confirmed"),
        ("I", "confirmed"),
        ("E", "entered-in-error"),
        ("R", "refuted"),
        ("U", "unconfirmed"),
        ("P", "unconfirmed"),
        ("S", "unconfirmed"),
        ("D", "unconfirmed"),
    ];
    let deleted = text(iam.field(6).component(1)) == "D";
    let state = table::find(STATES, &text(iam.field(17).component(1)));
    if deleted { Some("entered-in-error") } else { state }
}

fn al1(segment: Segment<'_>) -> Allergen<'_> {
    let field = |number| segment.field(number);
    Allergen {
        number: Part::EMPTY,
        kind: field(2),
        code: field(3),
        severity: field(4),
        reaction: field(5),
        since: field(6),
        recorded: Part::EMPTY,
        state: None,
    }
}

fn iam(segment: Segment<'_>) -> Allergen<'_> {
    let field = |number| segment.field(number);
    Allergen {
        number: field(7),
        kind: field(2),
        code: field(3),
        severity: field(4),
        reaction: field(5),
        since: field(11),
        recorded: field(13),
        state: allergy_state(segment),
    }
}

/// What it does, and how badly.
fn reaction(said: &Allergen<'_>, severity: &str) -> Object {
    let manifestations = said.reaction.repetitions().take(20);
    let manifestations = manifestations
        .filter_map(|part| part.words())
        .map(|words| Object::new().set("text", words));
    let reaction = Object::new().extend("manifestation", manifestations);
    if reaction.is_empty() {
        return reaction;
    }
    reaction.set("severity", table::severity(severity))
}

fn allergy(scope: &Scope<'_>, batch: &mut Batch<'_>, said: &Allergen<'_>, is_inactive: bool) {
    const STATE: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
    let code = concept(said.code);
    if code.is_empty() {
        return;
    }
    let (kind, severity) = (text(said.kind), text(said.severity));
    // What was sent, on the elements that are only our reading of it.
    let sent = |part: Part<'_>, values: &str| {
        let url = format!("{}original-code", super::KEN_STRUCTURE);
        Object::new().extension(&url, "valueCodeableConcept", concept_of(part, values))
    };
    let own = entity(said.number, scope.sender);
    let is_error = said.state == Some("entered-in-error");
    let (key, former) = allergy_keys(&own, &code, is_error);
    let status = if is_inactive { "inactive" } else { "active" };
    let made = Resource::build("AllergyIntolerance")
        .push("identifier", own)
        // FHIR forbids a clinical status on what was entered in error (R4, `ait-2`).
        .set("clinicalStatus", clinical_in(CLINICAL, !is_error, status))
        .set("verificationStatus", said.state.map(|state| Value::from(coded(STATE, state, ""))))
        .set("type", (!kind.is_empty() && !kind.starts_with("MC")).then_some("allergy"))
        .push("category", table::allergy_category(&kind))
        .push("_category", sent(said.kind, "0127"))
        .set("criticality", table::criticality(&severity))
        .set("_criticality", sent(said.severity, "0128"))
        .set("code", code)
        .set("patient", reference(PERSON))
        .set("onsetDateTime", when(said.since))
        .set("recordedDate", when(said.recorded))
        .push("reaction", reaction(said, &severity));
    let mut told = Told::default();
    told.assume(said.state.is_none(), "clinicalStatus");
    restate(&mut told, is_error, &["entered-in-error", "refuted"]);
    told.clear(said.severity.is_null(), "criticality");
    told.clear(said.reaction.is_null(), "reaction");
    told.clear(said.since.is_null(), "onsetDateTime");
    batch.ended.extend(withdrawn(key.as_ref(), is_error));
    batch.add(Made { former, ..Made::new("medication", key, made).told(told) });
}

/// What is taken back is so under every number of its sender's for the person: whoever merged two
/// says nothing under the one that ended any more.
fn withdrawn(key: Option<&String>, is_error: bool) -> Option<Ended> {
    let key = key.filter(|_| is_error)?.clone();
    Some(Ended { key, what: Ends::Same, status: "entered-in-error" })
}

fn diagnosis(scope: &Scope<'_>, batch: &mut Batch<'_>, dg1: Segment<'_>, visit: Option<&str>) {
    let code = concept(dg1.field(3));
    let described = words(dg1.field(4));
    let code = if described.is_empty() { code } else { code.set("text", described) };
    if code.is_empty() {
        return;
    }
    let own = entity(dg1.field(20), scope.sender);
    let key = key_of("condition", &own).or_else(|| concept_key("condition", &code));
    let deleted = text(dg1.field(21)) == "D";
    let visit = visit.map(reference).unwrap_or_default();
    let parent = entity(dg1.field(22), scope.sender);
    let due_to = Object::new().set("identifier", parent);
    let attested = when(dg1.field(19));
    let url = |name: &str| format!("{}{name}", table::EXTENSION);
    let made = Resource::build("Condition")
        .extension(&url("condition-assertedDate"), "valueDateTime", attested.clone())
        .extension(&url("condition-dueTo"), "valueReference", due_to)
        .push("identifier", own)
        .set("verificationStatus", verification(deleted))
        .set("clinicalStatus", clinical(!deleted, "active"))
        .push("category", concept_of(dg1.field(6), "0052"))
        .set("code", code)
        .set("subject", reference(PERSON))
        .set("encounter", visit)
        .set("onsetDateTime", when(dg1.field(5)))
        .set("recordedDate", attested)
        .set("asserter", practitioner(dg1.field(16), scope.sender));
    let mut told = Told::default();
    told.assume(!deleted, "clinicalStatus");
    told.clear(dg1.field(5).is_null(), "onsetDateTime");
    restate(&mut told, deleted, &["entered-in-error"]);
    told.marks = dg1.field(18).is_said();
    batch.ended.extend(withdrawn(key.as_ref(), deleted));
    let labels = mark(&text(dg1.field(18)));
    batch.add(Made::new("health-record", key, made).told(told).labels(labels));
}

/// DG1-18 (confidential) and PRB-25 (sensitive): anything but a plain no restricts.
fn mark(said: &str) -> Vec<&'static str> {
    let plain = ["", "N", "NO", "U"].contains(&said.to_ascii_uppercase().as_str());
    if plain { Vec::new() } else { vec!["restricted"] }
}

/// What was an error and is told again is none any more, whether the message has a word for that
/// or not: else it would be told, and shown nowhere. An error has no clinical status.
fn restate(told: &mut Told, deleted: bool, unsays: &'static [&'static str]) {
    told.clear(deleted, "clinicalStatus");
    told.unsays = if deleted { &[] } else { unsays };
}

fn verification(deleted: bool) -> Object {
    if deleted {
        coded(VERIFICATION, "entered-in-error", "Entered in error")
    } else {
        Object::new()
    }
}

/// FHIR forbids a clinical status on what was entered in error (R4, `con-5`).
fn clinical(stands: bool, status: &str) -> Object {
    clinical_in(CONDITION, stands, status)
}

fn clinical_in(system: &str, stands: bool, status: &str) -> Object {
    if stands { coded(system, status, "") } else { Object::new() }
}

/// PRB-14, the life cycle of a problem, in the words that senders use for it.
fn life_cycle(part: Part<'_>) -> Option<&'static str> {
    const STATES: &[(&str, &str)] = &[
        ("ACTIVE", "active"),
        ("A", "active"),
        ("INACTIVE", "inactive"),
        ("I", "inactive"),
        ("RESOLVED", "resolved"),
        ("CLOSED", "resolved"),
        ("R", "resolved"),
        ("RECURRENCE", "recurrence"),
        ("REMISSION", "remission"),
    ];
    [1, 2].into_iter().find_map(|number| table::find(STATES, &text(part.component(number))))
}

/// PRB-13, how sure the sender is.
fn certainty(part: Part<'_>) -> Option<&'static str> {
    const STATES: &[(&str, &str)] = &[
        ("CONFIRMED", "confirmed"),
        ("C", "confirmed"),
        ("PROVISIONAL", "provisional"),
        ("P", "provisional"),
        ("UNCONFIRMED", "unconfirmed"),
        ("DIFFERENTIAL", "differential"),
        ("REFUTED", "refuted"),
    ];
    [1, 2].into_iter().find_map(|number| table::find(STATES, &text(part.component(number))))
}

fn problem(scope: &Scope<'_>, batch: &mut Batch<'_>, prb: Segment<'_>) {
    let code = concept(prb.field(3));
    if code.is_empty() {
        return;
    }
    let own = entity(prb.field(4), scope.sender);
    let key = key_of("condition", &own).or_else(|| concept_key("condition", &code));
    let deleted = text(prb.field(1)).starts_with("DE") || scope.trigger == "PC3";
    let resolved = when(prb.field(9));
    let said = life_cycle(prb.field(14)).or(resolved.is_some().then_some("resolved"));
    let sure = certainty(prb.field(13));
    let refuted = sure == Some("refuted");
    let sure = sure.map(|sure| coded(VERIFICATION, sure, ""));
    let verified = if deleted { verification(true) } else { sure.unwrap_or_default() };
    // What was refuted is not active because nobody said otherwise.
    let stands = !deleted && (!refuted || said.is_some());
    let made = Resource::build("Condition")
        .push("identifier", own)
        .set("clinicalStatus", clinical(stands, said.unwrap_or("active")))
        .set("verificationStatus", verified)
        .set("code", code)
        .set("subject", reference(PERSON))
        .set("onsetDateTime", when(prb.field(16)))
        .set("abatementDateTime", resolved)
        .set("recordedDate", when(prb.field(7)).or_else(|| when(prb.field(2))));
    let mut told = Told { marks: prb.field(25).is_said(), ..Told::default() };
    told.clear(prb.field(9).is_null(), "abatementDateTime");
    told.clear(prb.field(16).is_null(), "onsetDateTime");
    told.assume(!deleted && said.is_none() && !prb.field(9).is_null(), "clinicalStatus");
    restate(&mut told, deleted, &["entered-in-error"]);
    told.clear(!stands, "clinicalStatus");
    batch.ended.extend(withdrawn(key.as_ref(), deleted));
    let labels = mark(&text(prb.field(25)));
    batch.add(Made::new("health-record", key, made).told(told).labels(labels));
}

#[cfg(test)]
mod tests {
    use ken_fhir::{AllergyIntolerance, Condition};

    use super::super::map as map_message;
    use crate::Message;

    fn mapped(kind: &str, rest: &str) -> super::super::Mapped {
        let text = format!(
            "MSH|^~\\&|PMS|GLEN|KEN|HSCP|20261121||{kind}|1|P|2.4\r\
             PID|1||7^^^GLEN^MR||Bain^Morag\r{rest}"
        );
        map_message(&Message::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn an_allergy_keeps_its_grade() {
        let mapped = mapped(
            "ADT^A31",
            "AL1|1|DA|764146007^Penicillin^SCT|SV|Rash~Wheezing|20100101\rAL1|2|FA||MI",
        );
        assert_eq!(mapped.resources.len(), 2, "an allergy to nothing is none");
        let made = &mapped.resources[1];
        let allergy = AllergyIntolerance::of(&made.resource).unwrap();
        assert_eq!((allergy.name(), allergy.criticality()), (Some("Penicillin"), Some("high")));
        assert_eq!(allergy.reactions().collect::<Vec<_>>(), ["Rash", "Wheezing"]);
        let by_code = "allergy|http://snomed.info/sct|764146007";
        assert_eq!(made.key, Some(format!("{by_code}|{}", super::digest("penicillin"))));
        assert_eq!(made.former.as_deref(), Some(by_code));
        assert_eq!(made.event_time.as_ref().unwrap().as_str(), "2010-01-01");
        assert_eq!(made.category.as_str(), "medication");
    }

    #[test]
    fn a_problem_may_be_an_error() {
        let check = |kind: &str, rest: &str, error: bool, status: Option<&str>| {
            let mapped = mapped(kind, rest);
            let condition = Condition::of(&mapped.resources[1].resource).unwrap();
            assert_eq!((condition.is_error(), condition.status()), (error, status), "{rest}");
        };
        check("ADT^A08", "DG1|1||J18.9^Pneumonia^ICD10||20261121|A", false, Some("active"));
        let deleted = format!("DG1|1||J18.9^Pneumonia^ICD10|{}D", "|".repeat(17));
        check("ADT^A08", &deleted, true, None);
        check("PPR^PC1", "PRB|AD|20261121|44054006^Diabetes^SCT", false, Some("active"));
        check("PPR^PC3", "PRB|DE|20261121|44054006^Diabetes^SCT", true, None);
        check("PPR^PC1", "PRB|AD|2026|1^Asthma^SCT||||||20260101", false, Some("resolved"));
        let refuted =
            |cycle: &str| format!("PRB|UP|2026|1^Asthma^SCT{}REFUTED|{cycle}", "|".repeat(10));
        check("PPR^PC2", &refuted(""), false, None);
        check("PPR^PC2", &refuted("RESOLVED"), false, Some("resolved"));
        let cycle = format!("PRB|UP|2026|1^Asthma^SCT{}Inactive", "|".repeat(11));
        check("PPR^PC2", &cycle, false, Some("inactive"));
    }

    #[test]
    fn the_day_it_was_found_is_no_onset() {
        let mapped = mapped("PPR^PC1", "PRB|AD|20261121|1^Asthma^SCT||||20260101");
        let made = mapped.resources[1].resource.value();
        assert_eq!(made.get("onsetDateTime"), None);
        assert_eq!(made["recordedDate"], "2026-01-01");
    }

    #[test]
    fn what_is_confidential_is_restricted() {
        let check = |kind: &str, rest: &str, want: (bool, bool)| {
            let mapped = mapped(kind, rest);
            let made = &mapped.resources[1];
            assert_eq!((made.labels.len() == 1, made.told.marks), want, "{rest}");
        };
        let diagnosis = |mark: &str| format!("DG1|1||B20^HIV^ICD10|{}{mark}", "|".repeat(14));
        check("ADT^A08", &diagnosis("Y"), (true, true));
        check("ADT^A08", &diagnosis("N"), (false, true));
        check("ADT^A08", &diagnosis(""), (false, false));
        let problem = |mark: &str| format!("PRB|AD|2026|1^HIV^SCT{}{mark}", "|".repeat(22));
        check("PPR^PC1", &problem("R"), (true, true));
        check("PPR^PC1", &problem(""), (false, false));
    }

    #[test]
    fn an_allergy_may_be_an_error_or_in_doubt() {
        let check = |action: &str, state: &str, want: (Option<&str>, Option<&str>, bool)| {
            let rest = format!("IAM|1|DA|1^Latex^SCT|SV|Rash|{action}{}{state}", "|".repeat(11));
            let mapped = mapped("ADT^A60", &rest);
            let made = &mapped.resources[1];
            let allergy = AllergyIntolerance::of(&made.resource).unwrap();
            let found = (allergy.status(), allergy.verification(), allergy.is_error());
            assert_eq!(found, want, "{action} {state}");
        };
        check("A", "C", (Some("active"), Some("confirmed"), false));
        check("A", "I", (Some("inactive"), Some("confirmed"), false));
        check("U", "S", (Some("active"), Some("unconfirmed"), false));
        check("U", "E", (None, Some("entered-in-error"), true));
        check("D", "C", (None, Some("entered-in-error"), true));
        check("A", "", (Some("active"), None, false));
    }

    #[test]
    fn an_allergy_is_its_number_or_its_code_and_words() {
        let check = |rest: &str, want: (&str, Option<&str>)| {
            let mapped = mapped("ADT^A60", rest);
            let made = &mapped.resources[1];
            assert_eq!((made.key.as_deref().unwrap(), made.former.as_deref()), want, "{rest}");
        };
        let code = "allergy|http://snomed.info/sct|1";
        let words = format!("{code}|{}", super::digest("latex"));
        let number = "allergy-number|urn:ken:id:glen:pas|A1";
        check("AL1|1|DA|1^Latex^SCT|SV|Rash", (&words, Some(code)));
        check("IAM|1|DA|1^ LATEX ^SCT|SV|Rash|A", (&words, Some(code)));
        check("IAM|1|DA|1^Latex^SCT|SV|Rash|D", (&words, Some(code)));
        check("IAM|1|DA|1^Latex^SCT|SV|Rash|A|A1^PAS", (number, Some(code)));
        check("IAM|1|DA|1^Latex^SCT|SV|Rash|D|A1^PAS", (number, None));
        for other in ["Penicillin", "Latex"] {
            let key = format!("allergy||OTHER|{}", super::digest(&other.to_lowercase()));
            check(&format!("AL1|1|DA|OTHER^{other}"), (&key, Some("allergy||OTHER")));
            assert!(!key.to_lowercase().contains(&other.to_lowercase()), "no word in the clear");
        }
        let mapped = mapped("ADT^A60", "IAM|1|DA|1^Latex^SCT|SV|Rash|A|A1^PAS");
        assert_eq!(mapped.resources[1].resource.value()["identifier"][0]["value"], "A1");
    }
}
