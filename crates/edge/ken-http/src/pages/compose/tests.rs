//! What was disclosed becomes the parts of a page.

use serde_json::json;

use super::*;

fn allergy(name: &str, verification: &str) -> Held {
    let resource = json!({
        "resourceType": "AllergyIntolerance", "code": { "text": name },
        "verificationStatus": { "coding": [{ "code": verification }] },
    });
    Held {
        person: "6f1c1c1e-52a1-4a53-9b0f-3a54d2a4f5aa".parse().unwrap(),
        category: "medication".parse().unwrap(),
        source: "nhsl".parse().unwrap(),
        version: 1,
        filed: Timestamp::UNIX_EPOCH,
        point: "0.0190163d-8694-739b-aea5-966c26f8ad90".parse().unwrap(),
        is_of_part: true,
        status: Status::Current,
        clauses: BTreeSet::new(),
        event: None,
        resource: Resource::of(resource).unwrap(),
        seen: None,
        words: vec![],
    }
}

#[test]
fn nobody_grows_older_after_death() {
    let patient = |died: serde_json::Value| {
        let resource = json!({ "resourceType": "Patient", "birthDate": "1935-11-02",
            "deceasedDateTime": died });
        let resource = Resource::of(resource).unwrap();
        banner(&[Held { resource, ..allergy("x", "confirmed") }], "2026-11-22".parse().unwrap())
    };
    let (dead, living) = (patient(json!("2026-03-03")), patient(json!(null)));
    assert_eq!(dead.facts.first(), Some(&("Born", "2 Nov 1935".to_owned())));
    assert_eq!(dead.died.as_deref(), Some("Died 3 Mar 2026 (90y)"));
    assert_eq!(living.facts.first(), Some(&("Born", "2 Nov 1935 (91y)".to_owned())));
}

#[test]
fn a_result_is_told_once_and_none_is_lost() {
    let one = |source: &str, resource: serde_json::Value| Held {
        source: source.parse().unwrap(),
        resource: Resource::of(resource).unwrap(),
        ..allergy("x", "confirmed")
    };
    let result = |id: &str, name: &str| {
        json!({ "resourceType": "Observation", "id": id, "status": "final",
            "code": { "text": name }, "valueString": format!("{name} is low") })
    };
    let report = |name: &str, results: &[&str]| {
        let results: Vec<_> = results.iter().map(|id| json!({ "reference": id })).collect();
        json!({ "resourceType": "DiagnosticReport", "status": "final",
            "code": { "text": name }, "result": results })
    };
    let held = [
        one("nhsl", result("1", "Potassium")),
        one("nhsl", result("2", "Sodium")),
        one("nhsl", result("3", "Loose")),
        one("cec", result("4", "Foreign")),
        one("nhsl", report("Bloods", &["Observation/1", "Observation/2", "Observation/4"])),
        one("nhsl", report("Again", &["Observation/2", "Observation/9"])),
    ];
    let shown = events(&held, &BTreeMap::new(), &|_| String::new());
    let mut titles: Vec<_> = shown.iter().map(|one| one.event.title.as_str()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["Again", "Bloods", "Foreign", "Loose"]);
    let bloods = shown.iter().find(|one| one.event.title == "Bloods").unwrap();
    let want = "final; Potassium: Potassium is low; Sodium: Sodium is low";
    assert_eq!(bloods.event.note.as_deref(), Some(want));
    // A report that may not be seen takes nothing with it.
    assert_eq!(events(&held[..4], &BTreeMap::new(), &|_| String::new()).len(), 4);
}

#[test]
fn what_was_reported_is_shown_whole() {
    let resource = json!({ "resourceType": "ServiceRequest", "status": "active",
        "code": { "text": "A worry" }, "note": [{ "text": "Asleep in class." }] });
    let resource = Resource::of(resource).unwrap();
    let held = [Held { resource, ..allergy("x", "confirmed") }];
    let shown = events(&held, &BTreeMap::new(), &|_| String::new());
    let want = [(String::new(), "Asleep in class.".to_owned())];
    assert!(shown.len() == 1 && shown[0].event.sections == want, "{shown:?}");
}

#[test]
fn an_allergy_that_was_taken_back_is_none() {
    let held = [
        allergy("Penicillin", "confirmed"),
        allergy("Nuts", "entered-in-error"),
        allergy("Latex", "refuted"),
        allergy("Eggs", "unconfirmed"),
    ];
    let shown: Vec<_> = allergies(&held).into_iter().map(|(name, _)| name).collect();
    assert_eq!(shown, ["Penicillin", "Eggs"]);
}
