//! The four standards: their schemas, their eighty examples, documents drawn from the schemas, and
//! what FHIR makes of each.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::{Flag, line, repeatable};

/// Every example of a standard, with its name.
fn examples(standard: Standard) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../standards");
    let folder = folder.join(standard.name()).join("examples");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        (path.display().to_string(), value)
    };
    paths.into_iter().map(read).collect()
}

fn all_examples() -> impl Iterator<Item = (String, Value)> {
    Standard::ALL.into_iter().flat_map(examples)
}

/// Sees that a document becomes FHIR and comes back, that FHIR takes what it becomes, and that the
/// views of the house read it.
fn assert_comes_back(document: &Document) {
    let resource = document.resource().unwrap();
    assert_eq!(resource.kind(), document.standard().resource());
    let parsed = Resource::parse(&resource.to_bytes()).unwrap();
    assert_eq!(parsed, resource);
    assert_is_fhir(resource.value());
    let is_error = document.value()["status"] == "entered-in-error";
    assert_ne!(line(&resource).is_some(), is_error, "{}", document.standard().name());
    let back = document.standard().read(&resource, &[]).unwrap();
    assert_eq!(back.value(), document.value());
}

/// FHIR has no null, no empty text, list or object.
fn assert_is_fhir(value: &Value) {
    match value {
        Value::Null => panic!("null"),
        Value::String(text) => assert!(!text.is_empty()),
        Value::Array(items) => {
            assert!(!items.is_empty());
            for item in items {
                assert_is_fhir(item);
            }
        }
        Value::Object(members) => {
            assert!(!members.is_empty());
            for member in members.values() {
                assert_is_fhir(member);
            }
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_standard_reads_and_has_twenty_examples_that_come_back() {
    let mut numbers = BTreeSet::new();
    for standard in Standard::ALL {
        assert_ne!(*standard.schema(), Schema::default(), "{}", standard.name());
        assert_eq!(Schema::parse(standard.text()), Ok(standard.schema().clone()));
        assert_eq!(Standard::find(standard.name()), Some(standard));
        let examples = examples(standard);
        assert_eq!(examples.len(), 20, "{}", standard.name());
        for (name, value) in examples {
            let document = Document::of(value.clone());
            let document = document.unwrap_or_else(|wrongs| panic!("{name}: {wrongs:?}"));
            assert_eq!(document.standard(), standard, "{name}");
            assert_comes_back(&document);
            assert!(numbers.insert(value.to_string()), "{name} is there twice");
        }
    }
}

/// Every field that a schema has is in an example, so that each is shown and comes back.
#[test]
fn every_field_stands_in_an_example_and_in_the_mapping() {
    for standard in Standard::ALL {
        let mut told = BTreeSet::new();
        for (_, value) in examples(standard) {
            fields_of(&value, &mut told);
        }
        let mut asked = BTreeSet::new();
        named(standard.schema().value(), &mut asked);
        assert_eq!(asked.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new());
        for field in asked {
            let is_named = standard.mapping().contains(&format!("`{field}`"))
                || standard.mapping().contains(&format!(".{field}`"));
            assert!(is_named, "{}: {field}", standard.name());
        }
    }
}

fn fields_of(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => {
            for item in items {
                fields_of(item, into);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                into.insert(name.clone());
                fields_of(value, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The names of all fields of a schema.
fn named(schema: &Value, into: &mut BTreeSet<String>) {
    for word in ["properties", "$defs"] {
        for (name, inner) in schema[word].as_object().into_iter().flatten() {
            if word == "properties" {
                into.insert(name.clone());
            }
            named(inner, into);
        }
    }
    if schema.get("items").is_some() {
        named(&schema["items"], into);
    }
}

/// Every change of one value of a document that its schema must notice: a field of its own, a
/// field that must be there gone, and something of another type.
fn broken(schema: &Value, root: &Value, value: &Value) -> Vec<Value> {
    let schema = match schema["$ref"].as_str() {
        Some(name) => &root["$defs"][name.rsplit('/').next().unwrap()],
        None => schema,
    };
    let mut made = vec![Value::Null, json!(7), json!(true)];
    match value {
        Value::Object(members) => made.extend(broken_object(schema, root, members)),
        Value::Array(items) => {
            let most = usize::try_from(schema["maxItems"].as_u64().unwrap()).unwrap();
            made.extend([json!([]), json!("x"), json!({})]);
            made.push(vec![items[0].clone(); most + 1].into());
            for one in broken(&schema["items"], root, &items[0]) {
                let mut other = items.clone();
                other[0] = one;
                made.push(other.into());
            }
        }
        Value::String(_) => {
            made.extend([json!([]), json!({}), json!(""), json!(" \n"), json!("a\u{7}b")]);
            if let Some(most) = schema["maxLength"].as_u64() {
                made.push("x".repeat(usize::try_from(most).unwrap() + 1).into());
            }
            match schema["format"].as_str() {
                Some("words") | None => {}
                Some("id") => made.extend(["a b", "a#b", "è"].map(Value::from)),
                Some(_) => made.extend(["2026-13", "2026-02-30", "soon"].map(Value::from)),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            made = vec![json!("1"), json!(2), Value::Null];
        }
    }
    made
}

/// The same of an object.
fn broken_object(schema: &Value, root: &Value, members: &Map<String, Value>) -> Vec<Value> {
    let mut made = vec![json!([]), json!("x"), json!({})];
    let mut more = members.clone();
    more.insert("surprise".to_owned(), json!("x"));
    made.push(more.into());
    for name in schema["required"].as_array().into_iter().flatten() {
        let mut less = members.clone();
        assert!(less.remove(name.as_str().unwrap()).is_some());
        made.push(less.into());
    }
    for (name, inner) in members {
        for one in broken(&schema["properties"][name], root, inner) {
            let mut other = members.clone();
            other.insert(name.clone(), one);
            made.push(other.into());
        }
    }
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    let choices: Vec<&str> = choices.map(|one| one["required"][0].as_str().unwrap()).collect();
    if !choices.is_empty() {
        let (mut none, mut two) = (members.clone(), members.clone());
        none.retain(|name, _| !choices.contains(&name.as_str()));
        two.extend(choices.iter().take(2).map(|name| ((*name).to_owned(), json!("2026"))));
        made.extend([none.into(), two.into()]);
    }
    made
}

#[test]
fn what_a_schema_does_not_have_is_refused_wherever_it_stands() {
    let mut tried = 0;
    for (name, value) in all_examples() {
        let standard = Standard::find(value["standard"].as_str().unwrap()).unwrap();
        let schema = standard.schema().value();
        for one in broken(schema, schema, &value) {
            let wrongs = standard.schema().check(&one);
            assert!(!wrongs.is_empty(), "{name}: {one}");
            assert!(Document::of(one).is_err(), "{name}");
            tried += 1;
        }
    }
    assert!(tried > 4_000, "only {tried} changes were tried");
}

/// Documents drawn from the schema itself, so that every corner that it allows is seen.
struct Drawn<'a> {
    root: &'a Value,
    seed: u64,
}

/// Words with every sign that FHIR or JSON minds.
const WORDS: [&str; 6] =
    ["Mòrag NicDhòmhnaill", " two\nlines\t", "\"quoted\" \\ </b>", "a#b|c,d; e", "é", "日本 🙂"];

impl Drawn<'_> {
    fn below(&mut self, most: usize) -> usize {
        // The constants of Knuth's MMIX.
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005);
        self.seed = self.seed.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.seed >> 33).unwrap() % most
    }

    fn of<'s>(&mut self, all: &[&'s str]) -> &'s str {
        all[self.below(all.len())]
    }

    fn value(&mut self, schema: &Value) -> Value {
        let root = self.root;
        let schema = match schema["$ref"].as_str() {
            Some(name) => &root["$defs"][name.rsplit('/').next().unwrap()],
            None => schema,
        };
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(choices) = schema["enum"].as_array() {
            return choices[self.below(choices.len())].clone();
        }
        match schema["type"].as_str().unwrap() {
            "object" => self.object(schema),
            "array" => {
                let most = schema["maxItems"].as_u64().unwrap().min(3);
                let count = 1 + self.below(usize::try_from(most).unwrap());
                let mut items: Vec<Value> = vec![];
                for _ in 0..count {
                    let item = self.value(&schema["items"]);
                    if schema["uniqueItems"] != json!(true) || !items.contains(&item) {
                        items.push(item);
                    }
                }
                items.into()
            }
            _ => self.text(&schema["format"]).into(),
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let required: Vec<&Value> = schema["required"].as_array().unwrap().iter().collect();
        let choices = schema["oneOf"].as_array();
        let choice = choices.map(|all| all[self.below(all.len())]["required"][0].clone());
        let mut made = Map::new();
        for (name, inner) in schema["properties"].as_object().unwrap() {
            let named = json!(name);
            let mut others = choices.into_iter().flatten();
            let is_other = others.any(|one| one["required"][0] == named);
            let wanted = match &choice {
                Some(choice) if is_other => *choice == named,
                _ => required.contains(&&named) || self.below(2) == 0,
            };
            if wanted {
                made.insert(name.clone(), self.value(inner));
            }
        }
        made.into()
    }

    fn text(&mut self, format: &Value) -> &'static str {
        let uris = [PERSON, "urn:oid:2.16.840.1.113883.2.1.3.2.4.16.53", "urn:ken:id:glen:mr"];
        let dates = ["1948", "1948-03", "2019-02-28"];
        let times = ["2026-11-21T10:15:00Z", "2026-11-21T10:15:00.120+01:00"];
        match format.as_str().unwrap() {
            "uri" => self.of(&uris),
            "id" => self.of(&["adult-plan", "goals-1-what", "review"]),
            "fhir-date" => self.of(&dates),
            "fhir-date-time" if self.below(2) == 0 => self.of(&dates),
            "fhir-instant" | "fhir-date-time" => self.of(&times),
            _ => self.of(&WORDS),
        }
    }
}

proptest! {
    #![proptest_config(repeatable())]

    #[test]
    fn whatever_a_schema_allows_becomes_fhir_and_comes_back(seed in any::<u64>()) {
        for standard in Standard::ALL {
            let schema = standard.schema().value();
            let drawn = Drawn { root: schema, seed }.value(schema);
            let document = Document::of(drawn);
            prop_assert!(document.is_ok(), "{}: {document:?}", standard.name());
            assert_comes_back(&document.unwrap());
        }
    }

    #[test]
    fn any_bytes_are_a_document_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Document::parse(&bytes);
    }
}

#[test]
fn a_schema_says_nothing_that_is_not_read() {
    let check = |text: &str| assert!(Schema::parse(text).is_err(), "{text}");
    check("");
    check("[]");
    check(r#"{"minimum": 1}"#);
    check(r#"{"type": "number"}"#);
    check(r#"{"type": ["string"]}"#);
    check(r#"{"format": "date"}"#);
    check(r#"{"type": "string", "pattern": "^a$"}"#);
    check(r#"{"properties": {}}"#);
    check(r#"{"additionalProperties": false, "properties": {"a": {"anyOf": []}}}"#);
    check(r#"{"items": {"not": {}}}"#);
    check(r##"{"$ref": "#/$defs/a"}"##);
    check(r##"{"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}"##);
    check(r##"{"$defs": {"a": {}}, "$ref": "#/$defs/a", "type": "string"}"##);
    check(r#"{"oneOf": [{"type": "string"}]}"#);
    let refuses = Schema::default();
    assert_eq!(refuses.check(&json!({})).len(), 1);
}

#[test]
fn a_finding_names_the_place_and_what_to_write_and_nothing_that_stands_there() {
    let bytes = br#"{"standard":"alert","version":1,"id":{"system":"x y","value":"CANARY"},
        "status":"CANARY","title":"","from":"CANARY",
        "person":{"identifiers":[{"system":"urn:x:y"}]}}"#;
    let wrongs = Document::parse(bytes).unwrap_err();
    let told: Vec<_> = wrongs.iter().map(ToString::to_string).collect();
    for want in [
        "/id/system: write an address such as urn:ken:id:glen:mr, without spaces",
        "/status: write one of \"active\", \"inactive\", \"entered-in-error\"",
        "/title: write some words, without control characters",
        "/person/identifiers/0: add `value`",
        "/from: write a date, or a time as 2026-11-21T10:15:00+00:00",
    ] {
        assert!(told.contains(&want.to_owned()), "{want} in {told:?}");
    }
    assert!(!format!("{told:?}").contains("CANARY"));
    let (_, value) = examples(Standard::Alert).remove(0);
    assert_eq!(format!("{:?}", Document::of(value).unwrap()), "Document(alert)");
    let many = format!(r#"{{"standard":"alert",{}"x":1}}"#, "\"a\":1,".repeat(3));
    assert!(Document::parse(many.as_bytes()).is_err());
    assert_eq!(Document::parse(&vec![b' '; LEN_MAX + 1]).unwrap_err().len(), 1);
}

#[test]
fn an_alert_is_the_flag_that_the_views_read() {
    for (name, value) in examples(Standard::Alert) {
        let resource = Document::of(value.clone()).unwrap().resource().unwrap();
        let flag = Flag::of(&resource).unwrap();
        assert_eq!(flag.name(), value["title"].as_str(), "{name}");
        assert_eq!(flag.is_active(), value["status"] == "active", "{name}");
        let details: Vec<_> = flag.details().map(Value::from).collect();
        assert_eq!(details, value["details"].as_array().cloned().unwrap_or_default(), "{name}");
        assert_eq!(flag.author(), value["author"].as_str(), "{name}");
        assert_eq!(flag.period().end.is_some(), value.get("until").is_some(), "{name}");
    }
}

#[test]
fn what_a_standard_cannot_say_is_refused_and_not_dropped() {
    let refused = |standard: Standard, value: Value, place: &str| {
        let wrongs = standard.read(&Resource::of(value).unwrap(), &[]).unwrap_err();
        assert_eq!(wrongs[0].place, place, "{wrongs:?}");
    };
    let asked = |item: Value| {
        json!({ "resourceType": "QuestionnaireResponse", "questionnaire": "urn:x:y",
            "status": "completed", "subject": { "reference": "Patient/1" },
            "item": [{ "linkId": "s", "item": [item] }] })
    };
    let here = "/item/0/item/0";
    let of = Standard::Assessment;
    refused(of, asked(json!({ "linkId": "a", "answer": [{ "valueBoolean": true }] })), here);
    refused(of, asked(json!({ "linkId": "a" })), here);
    let two = json!([{ "valueString": "x" }, { "valueString": "y" }]);
    refused(of, asked(json!({ "linkId": "a", "answer": two })), here);
    let below = json!({ "linkId": "a", "answer": [{ "valueString": "x" }], "item": [{}] });
    refused(of, asked(below), here);
    let scan = json!({ "resourceType": "DocumentReference", "content": [{ "attachment": {
        "contentType": "application/pdf", "data": "AAAA" } }] });
    refused(Standard::Message, scan, "/content/0/attachment");
    let led = json!({ "resourceType": "CarePlan", "goal": [{ "reference": "Goal/1" }] });
    refused(Standard::Plan, led.clone(), "/goal/0");
    refused(Standard::Alert, led, "/resourceType");
    // Without its "not" an action says the opposite.
    let detail = json!({ "doNotPerform": true, "code": { "text": "Penicillin" } });
    let not = json!({ "resourceType": "CarePlan", "activity": [{ "detail": detail }] });
    refused(Standard::Plan, not, "/activity/0/detail/doNotPerform");
    let turned = json!([{ "url": "urn:x", "valueBoolean": true }]);
    for kind in Standard::ALL {
        for name in ["modifierExtension", "implicitRules"] {
            let one = json!({ "resourceType": kind.resource(), name: turned });
            refused(kind, one, &format!("/{name}"));
        }
    }
}
