//! One line of a chronology: when, and what, for any resource that has such a line.

use crate::{
    AllergyIntolerance, Appointment, CarePlan, Communication, Condition, DateTime,
    DiagnosticReport, DocumentReference, Encounter, Flag, Node, Observation, QuestionnaireResponse,
    Resource, ServiceRequest,
};

/// A line of a chronology. Its `Debug` is blind.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// When it happened; absent where nobody said.
    pub when: Option<DateTime>,
    /// What happened, in the sender's words and ours.
    pub title: String,
    /// Where or by whom, if there is more to say.
    pub detail: Option<String>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line(..)")
    }
}

/// The line of a resource; `None` for one that is not an event (a person, a provenance), or that
/// was recorded by mistake.
#[must_use]
pub fn line(resource: &Resource) -> Option<Line> {
    if is_error(resource) {
        return None;
    }
    event(resource).or_else(|| written(resource)).or_else(|| clinical(resource))
}

/// Whether a resource says of itself that it was a mistake.
fn is_error(resource: &Resource) -> bool {
    let node = Node::from(resource.value());
    let said = [node.get("status").text(), node.get("verificationStatus").code()];
    said.contains(&Some("entered-in-error"))
}

/// The status of a request or an alert that holds no more.
fn ended(resource: &Resource) -> Option<&str> {
    let status = Node::from(resource.value()).get("status").text();
    status.filter(|status| ["revoked", "inactive", "on-hold"].contains(status))
}

fn event(resource: &Resource) -> Option<Line> {
    if let Some(stay) = Encounter::of(resource) {
        let kind = match (stay.class(), stay.status()) {
            (_, Some("cancelled")) => "Cancelled visit",
            (Some("IMP"), Some("finished")) => "Hospital stay, ended",
            (Some("IMP"), _) => "Hospital stay",
            (Some("EMER"), _) => "Emergency visit",
            (Some("HH"), _) => "Home visit",
            _ => "Visit",
        };
        let place = stay.location().or_else(|| stay.service()).or_else(|| stay.reason());
        return Some(of(stay.period().start, Some(kind), place));
    }
    if let Some(planned) = Appointment::of(resource) {
        let title = planned.name().or(Some("Appointment"));
        return Some(of(planned.period().start, title, planned.status()));
    }
    if let Some(request) = ServiceRequest::of(resource) {
        let detail = ended(resource).or_else(|| request.requester());
        return Some(of(request.when(), request.name().or(Some("Request")), detail));
    }
    if let Some(flag) = Flag::of(resource) {
        let detail = ended(resource).or_else(|| flag.author());
        return Some(of(flag.period().start, flag.name().or(Some("Alert")), detail));
    }
    let said = Communication::of(resource)?;
    Some(of(said.when(), Some("Message"), said.said().next()))
}

fn written(resource: &Resource) -> Option<Line> {
    if let Some(document) = DocumentReference::of(resource) {
        let when = document.happened().or_else(|| document.when());
        let title = document.title().or_else(|| document.name()).or(Some("Document"));
        let superseded = document.is_superseded().then_some("superseded");
        return Some(of(when, title, superseded.or_else(|| document.author())));
    }
    if let Some(plan) = CarePlan::of(resource) {
        return Some(of(plan.when(), plan.title().or(Some("Plan")), plan.status()));
    }
    let form = QuestionnaireResponse::of(resource)?;
    Some(of(form.when(), form.title().or(Some("Form")), form.status()))
}

fn clinical(resource: &Resource) -> Option<Line> {
    if let Some(report) = DiagnosticReport::of(resource) {
        return Some(of(report.when(), report.name().or(Some("Report")), report.status()));
    }
    if let Some(result) = Observation::of(resource) {
        // A value that is not final is never read without that word.
        let state = result.status().filter(|state| !["final", "unknown"].contains(state));
        let state = state.map(str::to_owned);
        let value: Vec<String> = result.value().into_iter().chain(state).collect();
        let value = (!value.is_empty()).then(|| value.join(", "));
        return Some(of(result.when(), result.name().or(Some("Result")), value.as_deref()));
    }
    if let Some(allergy) = AllergyIntolerance::of(resource) {
        let reactions: Vec<_> = allergy.reactions().collect();
        let reactions = (!reactions.is_empty()).then(|| reactions.join(", "));
        let detail = allergy.verification().filter(|state| *state == "refuted");
        let detail = detail.or(reactions.as_deref());
        return Some(of(allergy.when(), allergy.name().or(Some("Allergy")), detail));
    }
    let condition = Condition::of(resource)?;
    let sure = Node::from(resource.value()).get("verificationStatus").code();
    let sure = sure.filter(|sure| *sure != "confirmed");
    let status = condition.status().filter(|_| sure != Some("refuted"));
    let detail: Vec<_> = sure.into_iter().chain(status).collect();
    let detail = (!detail.is_empty()).then(|| detail.join(", "));
    Some(of(condition.when(), condition.name().or(Some("Condition")), detail.as_deref()))
}

fn of(when: Option<DateTime>, title: Option<&str>, detail: Option<&str>) -> Line {
    let title = title.unwrap_or_default().to_owned();
    Line { when, title, detail: detail.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, want: Option<(&str, &str, Option<&str>)>) {
        let made = line(&Resource::parse(json.as_bytes()).unwrap());
        let read = made.as_ref().map(|line| {
            let when = line.when.as_ref().map_or("", DateTime::as_str);
            (when, line.title.as_str(), line.detail.as_deref())
        });
        assert_eq!(read, want, "{json}");
    }

    #[test]
    fn every_event_has_its_line() {
        check(
            r#"{"resourceType":"Encounter","status":"in-progress","class":{"code":"IMP"},
                "period":{"start":"2026-05"},"location":[{"location":{"display":"Ward 4"}}]}"#,
            Some(("2026-05", "Hospital stay", Some("Ward 4"))),
        );
        check(
            r#"{"resourceType":"DocumentReference","description":"Absent, third time",
                "date":"2026-05-02","context":{"period":{"start":"2026-05-01"}},
                "author":[{"display":"Ms Head"}]}"#,
            Some(("2026-05-01", "Absent, third time", Some("Ms Head"))),
        );
        check(
            r#"{"resourceType":"Observation","code":{"text":"Weight"},
                "valueQuantity":{"value":20.50,"unit":"kg"}}"#,
            Some(("", "Weight", Some("20.50 kg"))),
        );
        check(r#"{"resourceType":"Patient"}"#, None);
        check(r#"{"resourceType":"Flag"}"#, Some(("", "Alert", None)));
    }

    #[test]
    fn what_does_not_stand_is_not_told_as_if_it_did() {
        let error = [
            r#"{"resourceType":"Condition","code":{"text":"Asthma"},
                "verificationStatus":{"coding":[{"code":"entered-in-error"}]}}"#,
            r#"{"resourceType":"Observation","status":"entered-in-error","valueString":"HIV"}"#,
            r#"{"resourceType":"DocumentReference","status":"entered-in-error"}"#,
            r#"{"resourceType":"Encounter","status":"entered-in-error"}"#,
            r#"{"resourceType":"AllergyIntolerance","code":{"text":"Nuts"},
                "verificationStatus":{"coding":[{"code":"entered-in-error"}]}}"#,
        ];
        for json in error {
            check(json, None);
        }
        check(
            r#"{"resourceType":"Observation","code":{"text":"K"},"status":"preliminary",
                "valueQuantity":{"value":6.1,"unit":"mmol/L"}}"#,
            Some(("", "K", Some("6.1 mmol/L, preliminary"))),
        );
        check(
            r#"{"resourceType":"Observation","code":{"text":"K"},"status":"cancelled"}"#,
            Some(("", "K", Some("cancelled"))),
        );
        check(
            r#"{"resourceType":"AllergyIntolerance","code":{"text":"Nuts"},
                "verificationStatus":{"coding":[{"code":"refuted"}]},
                "reaction":[{"manifestation":[{"text":"Rash"}]}]}"#,
            Some(("", "Nuts", Some("refuted"))),
        );
        let condition = |sure: &str| {
            format!(
                r#"{{"resourceType":"Condition","code":{{"text":"Asthma"}},
                "clinicalStatus":{{"coding":[{{"code":"active"}}]}},
                "verificationStatus":{{"coding":[{{"code":"{sure}"}}]}}}}"#
            )
        };
        check(&condition("refuted"), Some(("", "Asthma", Some("refuted"))));
        check(&condition("provisional"), Some(("", "Asthma", Some("provisional, active"))));
        check(&condition("confirmed"), Some(("", "Asthma", Some("active"))));
        check(
            r#"{"resourceType":"ServiceRequest","status":"revoked","requester":{"display":"A"}}"#,
            Some(("", "Request", Some("revoked"))),
        );
        check(
            r#"{"resourceType":"Flag","status":"inactive","author":{"display":"A"}}"#,
            Some(("", "Alert", Some("inactive"))),
        );
        check(
            r#"{"resourceType":"DocumentReference","status":"superseded","description":"Plan"}"#,
            Some(("", "Plan", Some("superseded"))),
        );
    }
}
