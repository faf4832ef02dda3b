//! What `$match` is asked: `Parameters` with a `Patient`, read to a search.
//!
//! # Invariants
//!
//! - What is not understood is refused, and never left out in silence: an answer would seem to be
//!   to all that was asked. Only elements of the `Patient` that nobody is looked for by, such as an
//!   address, may stand there and say nothing.
//!
//! Sources: FHIR R4, `Patient/$match`; ADR 79.

use axum::http::StatusCode;
use jiff::civil::Date;
use ken_core::PartialDate;
use ken_core::identifier::{
    CHI_SYSTEM, Chi, HEALTH_AND_CARE_SYSTEM, HealthAndCareNumber, NHS_SYSTEM, NhsNumber,
};
use ken_fhir::{HumanName, Patient, Resource};
use ken_person::{FOUND_MAX, Query};
use serde_json::Value;

/// The other name of the CHI number's namespace that is in use: NHS Digital's examples have it.
const CHI_ALIAS: &str = "https://fhir.nhs.uk/Id/chi-number";
/// Longest detail that is compared, in characters: as on the page of the search.
const DETAIL_MAX: usize = 100;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Whom to look for.
    pub(crate) query: Query,
    /// Whether only whoever is sure is wanted.
    pub(crate) only_certain: bool,
    /// How many are listed at the most.
    pub(crate) most: usize,
}

/// Why something asks nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) status: StatusCode,
    /// The code of the value set `issue-type`.
    pub(crate) code: &'static str,
    pub(crate) words: &'static str,
}

const fn wrong(code: &'static str, words: &'static str) -> Wrong {
    Wrong { status: StatusCode::UNPROCESSABLE_ENTITY, code, words }
}

const UNREAD: Wrong = Wrong {
    status: StatusCode::BAD_REQUEST,
    code: "structure",
    words: "What was sent is not a FHIR resource in JSON.",
};
const NO_PARAMETERS: Wrong = wrong("invalid", "Send Parameters, each of them once.");
const UNKNOWN: Wrong =
    wrong("not-supported", "Only resource, onlyCertainMatches and count are known.");
const NO_PATIENT: Wrong = wrong("required", "The parameter resource must hold a Patient.");
const NO_VALUE: Wrong = wrong(
    "value",
    "The parameter onlyCertainMatches has a valueBoolean, and count a valueInteger of 1 or more.",
);
const NO_NUMBER: Wrong = wrong("value", "A number in an identifier is not a valid one.");
const NUMBERS: Wrong = wrong("too-costly", "Ask for one national number at a time.");
const NO_DATE: Wrong = wrong("value", "The birthDate is no whole date.");
const NO_NAME: Wrong =
    wrong("value", "A name has its family as a text, or its given names as a list of texts.");
const MODIFIED: Wrong = wrong("not-supported", "No modifierExtension is understood.");
const TOO_LITTLE: Wrong =
    wrong("required", "Give a national number, or a family name and a whole date of birth.");

impl Wanted {
    /// Reads what was sent.
    ///
    /// # Errors
    ///
    /// [`Wrong`] for what asks nothing.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Wrong> {
        let sent = Resource::parse(bytes).map_err(|_| UNREAD)?;
        let all = sent.value().get("parameter").and_then(Value::as_array);
        let all = all.filter(|_| sent.kind() == "Parameters").ok_or(NO_PARAMETERS)?;
        let (mut patient, mut only_certain, mut most) = (None, None, None);
        for one in all {
            let is_new = match one.get("name").and_then(Value::as_str) {
                Some("resource") => {
                    patient.replace(one.get("resource").ok_or(NO_PATIENT)?).is_none()
                }
                Some("onlyCertainMatches") => only_certain.replace(flag(one)?).is_none(),
                Some("count") => most.replace(count(one)?).is_none(),
                _ => return Err(UNKNOWN),
            };
            if !is_new {
                return Err(NO_PARAMETERS);
            }
        }
        let patient = Resource::of(patient.ok_or(NO_PATIENT)?.clone()).map_err(|_| NO_PATIENT)?;
        let query = query(&patient)?;
        let (only_certain, most) = (only_certain.unwrap_or_default(), most.unwrap_or(FOUND_MAX));
        Ok(Self { query, only_certain, most })
    }
}

fn flag(of: &Value) -> Result<bool, Wrong> {
    of.get("valueBoolean").and_then(Value::as_bool).ok_or(NO_VALUE)
}

/// How many are wanted; as many as a page lists at the most.
fn count(of: &Value) -> Result<usize, Wrong> {
    let count = of.get("valueInteger").and_then(Value::as_u64).filter(|count| *count > 0);
    let count = count.ok_or(NO_VALUE)?;
    Ok(usize::try_from(count).unwrap_or(FOUND_MAX).min(FOUND_MAX))
}

/// Whom a `Patient` asks for: by one national number and whatever stands beside it, or by name and
/// date of birth.
fn query(sent: &Resource) -> Result<Query, Wrong> {
    let patient = Patient::of(sent).ok_or(NO_PATIENT)?;
    if sent.value().get("modifierExtension").is_some() {
        return Err(MODIFIED);
    }
    let born = match sent.value().get("birthDate") {
        // A part of a date beside a number would be had one after the other.
        Some(said) => Some(date(said).ok_or(NO_DATE)?),
        None => None,
    };
    let (family, given) = name(sent, patient)?;
    let mut number = None;
    for one in patient.identifiers() {
        let Some(found) = by_number(one.system(), one.value())? else { continue };
        // The same digits may stand there under two names of their namespace.
        if number.replace(found.clone()).is_some_and(|before| before != found) {
            return Err(NUMBERS);
        }
    }
    match (number, born) {
        (Some(number), _) => Ok(number.beside(&family, &given, born)),
        (None, Some(day)) => Query::name_and_birth(&family, &given, day).ok_or(TOO_LITTLE),
        (None, None) => Err(TOO_LITTLE),
    }
}

/// Family and given names of the name in use, empty where there is none. Every name there is must
/// say one of them in a form that is read: a number is nobody's whom the name contradicts.
fn name(sent: &Resource, patient: Patient<'_>) -> Result<(String, String), Wrong> {
    let names = match sent.value().get("name") {
        Some(names) => names.as_array().ok_or(NO_NAME)?.as_slice(),
        None => &[],
    };
    if !names.iter().all(is_read) {
        return Err(NO_NAME);
    }
    let cut = |text: &str| text.trim().chars().take(DETAIL_MAX).collect::<String>();
    let name = patient.names().first().copied();
    let family = cut(name.and_then(HumanName::family).unwrap_or_default());
    let given: Vec<_> = name.map(|name| name.given().collect()).unwrap_or_default();
    Ok((family, cut(&given.join(" "))))
}

fn is_read(name: &Value) -> bool {
    let is_text = |text: &Value| text.as_str().is_some_and(|text| !text.trim().is_empty());
    let (family, given) = (name.get("family"), name.get("given"));
    let are_texts =
        |all: &Value| all.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(is_text));
    (family.is_some() || given.is_some())
        && family.is_none_or(is_text)
        && given.is_none_or(are_texts)
}

fn date(said: &Value) -> Option<Date> {
    said.as_str()?.parse::<PartialDate>().ok()?.day()
}

/// The search for a national number; nothing for a number of another sort.
fn by_number(system: Option<&str>, value: Option<&str>) -> Result<Option<Query>, Wrong> {
    let digits: String =
        value.unwrap_or_default().chars().filter(|sign| !sign.is_whitespace()).collect();
    let found = match system {
        Some(CHI_SYSTEM | CHI_ALIAS) => Chi::parse(&digits).map(Query::chi),
        Some(NHS_SYSTEM) => NhsNumber::parse(&digits).map(Query::nhs),
        Some(HEALTH_AND_CARE_SYSTEM) => {
            HealthAndCareNumber::parse(&digits).map(Query::health_and_care)
        }
        _ => return Ok(None),
    };
    found.map(Some).map_err(|_| NO_NUMBER)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(parameters: &Value) -> Result<Wanted, Wrong> {
        let sent = json!({ "resourceType": "Parameters", "parameter": parameters });
        Wanted::read(sent.to_string().as_bytes())
    }

    fn patient(more: Value) -> Value {
        let mut patient = json!({ "resourceType": "Patient" });
        if let (Some(all), Value::Object(more)) = (patient.as_object_mut(), more) {
            all.extend(more);
        }
        json!({ "name": "resource", "resource": patient })
    }

    fn number(system: &str, value: &str) -> Value {
        json!({ "system": system, "value": value })
    }

    #[test]
    fn what_asks_enough_is_looked_for() {
        let born = "2017-03-14".parse().unwrap();
        let named = json!({
            "name": [{ "family": "Sample", "given": ["Isla", "Jane"] }], "birthDate": "2017-03-14",
        });
        let wanted = read(&json!([patient(named.clone())])).unwrap();
        assert_eq!(Some(wanted.query), Query::name_and_birth("Sample", "Isla Jane", born));
        assert_eq!((wanted.only_certain, wanted.most), (false, FOUND_MAX));
        let certain = json!({ "name": "onlyCertainMatches", "valueBoolean": true });
        let three = json!({ "name": "count", "valueInteger": 3 });
        let wanted = read(&json!([three, patient(named.clone()), certain])).unwrap();
        assert_eq!((wanted.only_certain, wanted.most), (true, 3));
        let all = json!({ "name": "count", "valueInteger": 4_000_000_000_u64 });
        assert_eq!(read(&json!([all, patient(named)])).unwrap().most, FOUND_MAX);
        let chi = Query::number("9990000018").unwrap();
        for (numbers, birth) in [
            (json!([number(CHI_SYSTEM, "999 000 0018")]), None),
            (json!([number(CHI_ALIAS, "9990000018"), number("urn:x", "7")]), None),
            (
                json!([number(CHI_ALIAS, "9990000018"), number(CHI_SYSTEM, "9990000018")]),
                Some("2017-03-14"),
            ),
        ] {
            let mut sent = json!({ "identifier": numbers });
            if let Some(birth) = birth {
                sent["birthDate"] = json!(birth);
            }
            let is = read(&json!([patient(sent)])).unwrap().query;
            let day = birth.and_then(|birth| birth.parse().ok());
            assert_eq!(is, chi.clone().beside("", "", day));
        }
    }

    #[test]
    fn what_asks_too_little_or_too_much_is_refused() {
        let check = |parameters: Value, want: Wrong| {
            assert_eq!(read(&parameters).unwrap_err(), want, "{parameters}");
        };
        let named =
            |born: Value| patient(json!({ "name": [{ "family": "Sample" }], "birthDate": born }));
        let good = || named(json!("2017-03-14"));
        check(json!([]), NO_PATIENT);
        check(json!({}), NO_PARAMETERS);
        check(json!([good(), good()]), NO_PARAMETERS);
        check(json!([good(), { "name": "threshold" }]), UNKNOWN);
        check(json!([good(), 7]), UNKNOWN);
        check(json!([{ "name": "resource", "resource": { "resourceType": "Group" } }]), NO_PATIENT);
        check(json!([{ "name": "resource" }]), NO_PATIENT);
        for count in [json!(0), json!(-1), json!("3"), json!(1.5), Value::Null] {
            check(json!([good(), { "name": "count", "valueInteger": count }]), NO_VALUE);
        }
        check(json!([good(), { "name": "onlyCertainMatches", "valueBoolean": "yes" }]), NO_VALUE);
        check(json!([named(json!("2017-02-31"))]), NO_DATE);
        check(json!([named(json!(2017))]), NO_DATE);
        let chi = json!([number(CHI_SYSTEM, "9990000018")]);
        for part in ["2017", "2017-03"] {
            check(json!([named(json!(part))]), NO_DATE);
            let sent = json!({ "identifier": chi, "birthDate": part });
            check(json!([patient(sent)]), NO_DATE);
        }
        // A name that is not read would contradict nothing.
        for name in [
            json!([{ "text": "Isla Quirk" }]),
            json!([{ "family": ["Quirk"] }]),
            json!([{ "family": "Sample" }, { "given": "Isla" }]),
            json!([{ "family": " " }]),
            json!({ "family": "Quirk" }),
            json!("Quirk"),
            Value::Null,
        ] {
            check(json!([patient(json!({ "identifier": chi, "name": name }))]), NO_NAME);
        }
        let modified = json!({ "identifier": chi, "modifierExtension": [] });
        check(json!([patient(modified)]), MODIFIED);
        check(json!([patient(json!({ "birthDate": "2017-03-14" }))]), TOO_LITTLE);
        check(json!([patient(json!({ "name": [{ "family": "Sample" }] }))]), TOO_LITTLE);
        let two = json!([number(CHI_SYSTEM, "9990000018"), number(CHI_SYSTEM, "9990000026")]);
        check(json!([patient(json!({ "identifier": two }))]), NUMBERS);
        let bad = json!([number(NHS_SYSTEM, "9990000019")]);
        check(json!([patient(json!({ "identifier": bad }))]), NO_NUMBER);
        assert_eq!(Wanted::read(b"{").unwrap_err(), UNREAD);
        assert_eq!(Wanted::read(b"{\"resourceType\":\"Patient\"}").unwrap_err(), NO_PARAMETERS);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Wanted::read(&bytes).is_err());
        }

        #[test]
        fn any_value_in_any_place_is_answered(
            value in "[\\[\\]{}\":,a-z0-9 ]{0,40}",
            place in 0..6_usize,
        ) {
            let value: Value = serde_json::from_str(&value).unwrap_or(Value::String(value));
            let mut sent = json!({ "name": [{ "family": "Sample", "given": ["Isla"] }],
                "birthDate": "2017-03-14", "identifier": [number(CHI_SYSTEM, "9990000018")] });
            match place {
                0 => sent["name"] = value,
                1 => sent["name"][0]["given"] = value,
                2 => sent["birthDate"] = value,
                3 => sent["identifier"] = value,
                4 => sent["identifier"][0]["value"] = value,
                _ => sent = value,
            }
            // Whatever it is, it is refused, or looked for by the number that is still there.
            if let Ok(wanted) = read(&json!([patient(sent)])) {
                prop_assert!(wanted.query.asks_number() || place > 2);
            }
        }
    }
}
