//! What of a resource comes out: the listed elements of granted fields, and no others.

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::{Action as Act, Kind};
use ken_core::{AccountId, Category, Fact, FieldName};
use ken_records::{Disclosed, visible_part};
use ken_sharing::fact::{self, Grade};
use ken_sharing::{Action, Caller, Decision, Instrument, Question, affirmation, together};
use ken_testkit::SeededIds;
use serde_json::{Map, Value, json};

use crate::world::{World, word, worlds};

/// Every agreement that ships.
const SHIPPED: [&str; 6] = [
    include_str!("../../../../../agreements/statute-pack.toml"),
    include_str!("../../../../../agreements/scot-accord.toml"),
    include_str!("../../../../../agreements/glen-direct-care.toml"),
    include_str!("../../../../../agreements/glen-girfec.toml"),
    include_str!("../../../../../agreements/glen-asp-concern.toml"),
    include_str!("../../../../../agreements/glen-police-asp.toml"),
];
/// Fields that no element of a message is: they are part of what somebody wrote.
const WRITTEN_ONLY: [&str; 3] = ["aware", "agreed_referral", "significance"];

/// Each category's fields, over all agreements that ship.
fn signed() -> BTreeMap<Category, BTreeSet<FieldName>> {
    let mut signed: BTreeMap<Category, BTreeSet<FieldName>> = BTreeMap::new();
    for text in SHIPPED {
        for category in Instrument::parse(text).unwrap().categories {
            let fields = category.fields.into_iter().collect::<Vec<_>>();
            signed.entry(category.id).or_default().extend(fields);
        }
    }
    signed.remove(&word::<Category>("aggregate"));
    signed
}

fn part(category: &str, fields: &[&str], hides_places: bool, resource: Value) -> Option<Value> {
    let named: Vec<FieldName> = fields.iter().map(|field| word(field)).collect();
    visible_part(&word(category), &named.iter().collect(), hides_places, resource)
}

fn elements(resource: Option<&Value>) -> Vec<&str> {
    let elements = resource.and_then(Value::as_object).into_iter().flat_map(Map::keys);
    elements.map(String::as_str).collect()
}

const CONTACT: [&str; 3] = ["contact_name", "contact_relationship", "contact_phone"];

fn mother() -> Value {
    json!({
        "resourceType": "RelatedPerson", "id": "x", "active": true,
        "identifier": [{ "value": "NUMBER" }], "name": [{ "family": "Sample" }],
        "relationship": [{ "text": "mother" }], "telecom": [{ "value": "01632 960 001" }],
        "birthDate": "1970-01-01", "gender": "female", "address": [{ "text": "ADDRESS" }],
        "communication": [{ "language": { "text": "Gaelic" } }],
    })
}

#[test]
fn what_no_field_names_is_absent() {
    let seen = part("contacts", &CONTACT, false, mother());
    let want = ["resourceType", "id", "active", "name", "relationship", "telecom"];
    assert_eq!(elements(seen.as_ref()), want);
    let core = ["name", "dob", "address", "phone", "communication_needs"];
    let person = json!({
        "resourceType": "Patient", "id": "x", "name": [{ "family": "Sample" }],
        "birthDate": "1948-03-02", "_birthDate": { "extension": [] }, "gender": "female",
        "address": [{ "text": "1 Made-up Road" }], "maritalStatus": { "text": "widowed" },
        "multipleBirthBoolean": true, "deceasedBoolean": false, "photo": [],
        "extension": [{ "url": "patient-religion" }, { "url": "patient-birthPlace" }],
        "contact": [{ "name": { "text": "A neighbour" } }], "contained": [{}], "text": {},
        "generalPractitioner": [{ "display": "Glen Practice" }],
    });
    let seen = part("core", &core, false, person.clone());
    let want = [
        "resourceType",
        "id",
        "name",
        "birthDate",
        "_birthDate",
        "gender",
        "address",
        "deceasedBoolean",
    ];
    assert_eq!(elements(seen.as_ref()), want);
    let less = part("core", &["name"], false, person.clone());
    assert_eq!(elements(less.as_ref()), ["resourceType", "id", "name"]);
    for (category, fields) in [
        ("core", &[][..]),
        ("core", &["no-such-field"]),
        // A field means nothing in a category that is not its own, or in one nobody knows.
        ("concern", &["name"]),
        ("no-such-category", &["name"]),
    ] {
        assert_eq!(part(category, fields, false, person.clone()), None, "{category}");
    }
    let numbers = json!({ "resourceType": "Patient", "id": "x", "identifier": [
        { "system": ken_core::identifier::CHI_SYSTEM, "value": "CHI" }, { "value": "OTHER" },
    ] });
    let seen = part("identifiers", &["chi"], false, numbers).unwrap().to_string();
    assert!(seen.contains("CHI") && !seen.contains("OTHER"), "{seen}");
}

#[test]
fn what_is_shown_says_whether_it_stands() {
    let wrong = json!({ "resourceType": "AllergyIntolerance", "code": { "text": "Nuts" },
        "verificationStatus": { "coding": [{ "code": "entered-in-error" }] } });
    let seen = part("medication", &["allergies"], false, wrong).unwrap();
    assert_eq!(elements(Some(&seen)), ["resourceType", "code", "verificationStatus"]);
    // Where it is what a field tells, it comes with that field alone.
    let outcome = || {
        json!({ "resourceType": "ServiceRequest", "status": "completed",
            "authoredOn": "2026-11-20" })
    };
    let seen = part("outcome", &["outcome_date"], false, outcome());
    assert_eq!(elements(seen.as_ref()), ["resourceType", "authoredOn"]);
    let seen = part("outcome", &["outcome_code"], false, outcome());
    assert_eq!(elements(seen.as_ref()), ["resourceType", "status"]);
}

#[test]
fn where_somebody_is_comes_only_under_a_field_for_it() {
    let event = ["event", "event_date", "significance"];
    let visit = || {
        json!({ "resourceType": "Encounter", "period": { "start": "2026-11-20" },
            "location": [{ "location": { "display": "PLACE" } }],
            "hospitalization": { "admitSource": { "text": "home" },
                "destination": { "display": "PLACE" } } })
    };
    let open = part("chronology", &event, false, visit()).unwrap();
    assert!(open.to_string().contains("PLACE"), "where they were is part of an event: {open}");
    let hidden = part("chronology", &event, true, visit()).unwrap();
    assert!(!hidden.to_string().contains("PLACE"), "{hidden}");
    assert!(hidden.to_string().contains("2026-11-20") && hidden.to_string().contains("home"));
    let booked = json!({ "resourceType": "Appointment", "start": "2026-11-20T09:00:00Z",
        "participant": [{ "actor": { "display": "Dr Bell" } },
            { "type": [{ "coding": [{ "code": "LOC" }] }], "actor": { "display": "PLACE" } },
            { "actor": { "reference": "Location/1", "display": "PLACE" } }] });
    let hidden = part("chronology", &event, true, booked).unwrap().to_string();
    assert!(hidden.contains("Dr Bell") && !hidden.contains("PLACE"), "{hidden}");
    // A clause that names the address carries it all the same.
    let home = json!({ "resourceType": "Patient", "address": [{ "text": "PLACE" }] });
    let named = part("core", &["name", "address"], true, home.clone()).unwrap();
    assert!(named.to_string().contains("PLACE"));
    assert_eq!(part("core", &["name"], true, home), None);
    let named = [&CONTACT[..], &["contact_address"]].concat();
    for (fields, want) in [(&CONTACT[..], false), (&named, true)] {
        for hides in [false, true] {
            let seen = part("contacts", fields, hides, mother()).unwrap().to_string();
            assert_eq!(seen.contains("ADDRESS"), want, "{fields:?} {hides}");
        }
    }
}

#[test]
fn every_field_that_is_signed_shows_something() {
    const KINDS: [&str; 10] = [
        "Patient",
        "RelatedPerson",
        "Flag",
        "CarePlan",
        "Condition",
        "AllergyIntolerance",
        "Encounter",
        "Appointment",
        "DocumentReference",
        "ServiceRequest",
    ];
    for (category, fields) in signed() {
        let all: BTreeSet<&FieldName> = fields.iter().collect();
        for field in fields.iter().filter(|field| !WRITTEN_ONLY.contains(&field.as_str())) {
            let without: BTreeSet<_> = all.iter().copied().filter(|one| *one != field).collect();
            let differs = KINDS.iter().any(|kind| {
                let whole = visible_part(&category, &all, false, everything(kind));
                whole.is_some()
                    && whole != visible_part(&category, &without, false, everything(kind))
            });
            assert!(differs || field.as_str() == "location", "{category} {field}");
        }
    }
}

/// Elements of many types, those of no list too.
const NAMES: [&str; 62] = [
    "active",
    "activity",
    "address",
    "animal",
    "appointmentType",
    "author",
    "authoredOn",
    "basedOn",
    "birthDate",
    "birthPlace",
    "category",
    "class",
    "clinicalStatus",
    "code",
    "comment",
    "communication",
    "contact",
    "contained",
    "content",
    "context",
    "custodian",
    "date",
    "deceasedBoolean",
    "description",
    "destination",
    "effectiveDateTime",
    "encounter",
    "episodeOfCare",
    "extension",
    "gender",
    "generalPractitioner",
    "hospitalization",
    "id",
    "identifier",
    "implicitRules",
    "language",
    "link",
    "location",
    "managingOrganization",
    "maritalStatus",
    "meta",
    "multipleBirthInteger",
    "name",
    "note",
    "onsetDateTime",
    "participant",
    "performer",
    "period",
    "photo",
    "reasonCode",
    "recordedDate",
    "relationship",
    "religion",
    "serviceProvider",
    "start",
    "status",
    "subject",
    "telecom",
    "text",
    "title",
    "valueString",
    "verificationStatus",
];
/// What comes out of no category: nobody signed a field for it.
const NEVER: [&str; 15] = [
    "animal",
    "birthPlace",
    "contact",
    "contained",
    "encounter",
    "implicitRules",
    "language",
    "link",
    "managingOrganization",
    "maritalStatus",
    "multipleBirthInteger",
    "photo",
    "religion",
    "serviceProvider",
    "text",
];

/// A resource of a type with every element there is, and a place in each.
fn everything(kind: &str) -> Value {
    let inside = json!([{ "text": "said", "system": ken_core::identifier::CHI_SYSTEM,
        "location": { "display": "PLACE" }, "valueAddress": { "text": "PLACE" },
        "address": [{ "line": ["PLACE"] }] }]);
    let mut made = Map::from_iter([("resourceType".to_owned(), Value::from(kind))]);
    made.extend(NAMES.map(|name| match name {
        "address" | "location" | "destination" | "generalPractitioner" => {
            (name.to_owned(), json!([{ "text": "PLACE" }]))
        }
        _ => (name.to_owned(), inside.clone()),
    }));
    Value::Object(made)
}

/// The same cases in every run; others with `KEN_TEST_SEED`.
fn below(ids: &SeededIds, n: usize) -> usize {
    use ken_core::IdSource;
    let drawn = u64::try_from(ids.random().as_u128() % 1_000_003).unwrap();
    usize::try_from(drawn).unwrap() % n
}

#[expect(clippy::disallowed_methods, reason = "more cases on demand")]
fn drawn_from() -> u64 {
    let from = std::env::var("KEN_TEST_SEED").ok().and_then(|from| from.parse().ok());
    from.unwrap_or(20_261_122)
}

#[test]
fn no_element_beside_the_list_comes_out_of_any_category() {
    let ids = SeededIds::new(drawn_from());
    let kinds = [
        "Patient",
        "RelatedPerson",
        "Flag",
        "CarePlan",
        "Condition",
        "Encounter",
        "AllergyIntolerance",
        "Appointment",
        "DocumentReference",
        "ServiceRequest",
        "Observation",
        "Basic",
        "Binary",
        "",
    ];
    let signed: Vec<_> = signed().into_iter().collect();
    let mut shown = 0;
    for case in 0..4_000 {
        let (category, all) = &signed[below(&ids, signed.len())];
        let kind = kinds[below(&ids, kinds.len())];
        let is_whole = below(&ids, 2) == 0;
        let fields: BTreeSet<_> = all.iter().filter(|_| is_whole || below(&ids, 2) == 0).collect();
        let hides = below(&ids, 2) == 0;
        let Some(seen) = visible_part(category, &fields, hides, everything(kind)) else { continue };
        shown += 1;
        let what = format!("case {case}: {category} {kind} {fields:?} {hides}: {seen}");
        for element in elements(Some(&seen)) {
            assert!(!NEVER.contains(&element), "{element}, {what}");
            let is_wider = ["address", "birthDate", "gender", "telecom"].contains(&element);
            let is_known = ["core", "contacts", "named-person"].contains(&category.as_str());
            assert!(!is_wider || is_known, "{element}, {what}");
        }
        // Fewer fields never show more.
        let fewer: BTreeSet<_> = fields.iter().copied().filter(|_| below(&ids, 2) == 0).collect();
        if let Some(less) = visible_part(category, &fewer, hides, everything(kind)) {
            let of = elements(Some(&seen));
            let marks = ["status", "active"];
            let more = elements(Some(&less)).into_iter().find(|one| !of.contains(one));
            assert!(more.is_none_or(|one| marks.contains(&one)), "{more:?}, {what}");
        }
        let names_a_place =
            fields.iter().any(|field| ken_sharing::decide::is_place(field.as_str()));
        assert!(!hides || names_a_place || !seen.to_string().contains("PLACE"), "{what}");
    }
    assert!(shown > 300, "{shown}");
}

/// A child with a mother, visits and a booking, each of which tells where somebody is.
async fn admit(world: &World) {
    let relation = json!([{ "text": "mother" }]);
    let mother = json!({ "resourceType": "RelatedPerson", "name": [{ "family": "MOTHER" }],
        "relationship": relation, "telecom": [{ "value": "01632 960 001" }],
        "address": [{ "text": "PLACE" }] });
    // A search carries this address, for its clause names it.
    let home = json!({ "resourceType": "Patient", "name": [{ "family": "CHILD" }],
        "address": [{ "text": "HOME" }], "generalPractitioner": [{ "display": "PLACE" }],
        "extension": [{ "url": "birthPlace", "valueAddress": { "text": "PLACE" } }] });
    let visit = json!({ "resourceType": "Encounter", "class": { "code": "IMP" },
        "location": [{ "location": { "display": "PLACE" } }],
        "hospitalization": { "destination": { "display": "PLACE" } } });
    let booked = json!({ "resourceType": "Appointment", "description": "BOOKED", "participant": [
        { "type": [{ "coding": [{ "code": "LOC" }] }], "actor": { "display": "PLACE" } }] });
    for source in SOURCES {
        world.file(source, "core", &[], &home).await;
        world.file(source, "contacts", &[], &mother).await;
        let event = if source == "nhsl" { &visit } else { &booked };
        world.file(source, "chronology", &[], event).await;
        world.relate(source, "direct-care", Grade::System).await;
    }
}

const SOURCES: [&str; 4] = ["practice", "ooh", "nhsl", "cec"];
const SEATS: [(&str, &str); 10] = [
    ("practice", "gp.doctor"),
    ("practice", "gp.nurse"),
    ("ooh", "ooh.clinician"),
    ("nhsl", "nhs.ed"),
    ("nhsl", "nhs.ward"),
    ("cec", "sw.duty"),
    ("cec", "sw.children"),
    ("cec", "ig.lead"),
    ("nhsl", "ops.hub"),
    ("practice", "ops.hub"),
];

/// What anybody reads by whatever clause: all that comes out, and the clauses under which it does.
async fn all_that_comes_out(world: &World) -> (String, BTreeSet<String>) {
    let (mut said, mut clauses) = (String::new(), BTreeSet::new());
    let mut read = |disclosed: Disclosed| {
        for item in disclosed.items {
            said.push_str(&item.body.to_string());
            clauses.extend(item.clauses.iter().map(ToString::to_string));
        }
    };
    let categories: BTreeSet<Category> = signed().into_keys().collect();
    let question = |action: Action, purpose: &str| Question {
        action,
        categories: categories.clone(),
        ..world.question(purpose, &SOURCES)
    };
    for (organisation, role) in SEATS {
        let by = world.acting(organisation, role);
        for purpose in ["direct-care", "own-work", "identity-review", "governance"] {
            for action in [Action::View, Action::Search, Action::Export] {
                let asked = question(action, purpose);
                let mut told = world.ask_as(Caller::Practitioner(&by), &asked).await;
                let needed = told.iter().find_map(|decision| match decision {
                    Decision::Need(need) => Some(need.statements.clone()),
                    _ => None,
                });
                if let Some(words) = needed {
                    let (db, ctx) = (&world.databases.db, world.ctx());
                    affirmation::affirm(db, &ctx, &by, world.person, &words).await.unwrap();
                    told = world.ask_as(Caller::Practitioner(&by), &asked).await;
                }
                if told.iter().any(|decision| matches!(decision, Decision::Permit(_))) {
                    read(world.read(told).await.unwrap());
                }
            }
        }
    }
    let own = Caller::Own(AccountId::draw(&*world.ids));
    let told = world.ask_as(own, &question(Action::View, "own-record")).await;
    read(world.read(told).await.unwrap());
    (said, clauses)
}

#[tokio::test]
async fn a_protected_address_is_in_nothing_that_comes_out() {
    for world in worlds().await {
        let engine = world.databases.engine;
        admit(&world).await;
        let (said, open) = all_that_comes_out(&world).await;
        assert!(said.contains("PLACE"), "{engine}: without protection it is there");
        let (db, ctx) = (&world.databases.db, world.ctx());
        let protect = db.write("test.protect", async |tx| {
            let guard = together::lock(tx, &[world.person].into()).await?;
            let fact = Fact::new("protected-address").unwrap();
            let said = (&fact, Grade::Claimed);
            fact::record(tx, &ctx, world.person, &word("cec"), said).await?;
            guard.bump(tx).await?;
            Ok::<_, ken_sharing::Error>(())
        });
        protect.await.unwrap();
        let (said, clauses) = all_that_comes_out(&world).await;
        assert!(!said.contains("PLACE"), "{engine}: {said}");
        for still in ["MOTHER", "01632 960 001", "CHILD", "IMP", "BOOKED"] {
            assert!(said.contains(still), "{engine}: {still} is not where somebody is");
        }
        assert_eq!(clauses, open, "{engine}: under the same clauses as before");
        // Every routine clause under which anybody looks was tried.
        let looks = |of: &BTreeSet<Act>| of.contains(&Act::View) || of.contains(&Act::Search);
        for text in &SHIPPED[1..3] {
            for clause in Instrument::parse(text).unwrap().clauses {
                if clause.kind == Kind::Routine && looks(&clause.action) {
                    let end = format!("#{}", clause.id);
                    assert!(clauses.iter().any(|one| one.ends_with(&end)), "{engine}: {end}");
                }
            }
        }
    }
}
